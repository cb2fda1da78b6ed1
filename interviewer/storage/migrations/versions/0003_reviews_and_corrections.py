"""Which question was answered when and how well, and what a candidate says a verdict should have been."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create both tables, and take the reviews from the grades that are stored already."""
    op.create_table(
        "reviews",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("session_id", sa.String(32), sa.ForeignKey("sessions.id", ondelete="CASCADE"), nullable=True),
        sa.Column("item_id", sa.String(200), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("score", sa.Float, nullable=False),
    )
    op.create_index("ix_reviews_owner", "reviews", ["owner"])
    op.create_table(
        "corrections",
        sa.Column("session_id", sa.String(32), sa.ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("item_id", sa.String(200), primary_key=True),
        sa.Column("point_id", sa.String(200), primary_key=True),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("was", sa.String(16), nullable=False),
        sa.Column("should_be", sa.String(16), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    _take_reviews()


def _take_reviews() -> None:
    """The last grade of each question of each interview becomes a review; what is no grade as we know it is left."""
    names = ("session_id", "seq", "at", "kind")
    events = sa.table("events", *map(sa.column, names), sa.column("payload", sa.JSON))
    reviews = sa.table("reviews", *map(sa.column, ("owner", "session_id", "item_id", "at", "score")))
    database = op.get_bind()
    found: dict[tuple[str, str], dict[str, object]] = {}
    stored = sa.select(events).where(events.c.kind == "graded").order_by(events.c.session_id, events.c.seq)
    for event in database.execute(stored):
        grade = event.payload.get("grade") if isinstance(event.payload, dict) else None
        item_id, score = (grade.get("item_id"), grade.get("score")) if isinstance(grade, dict) else (None, None)
        if isinstance(item_id, str) and isinstance(score, int | float):
            row = {"owner": "", "session_id": event.session_id, "item_id": item_id, "at": event.at, "score": score}
            found[event.session_id, item_id] = row
    if found:
        database.execute(sa.insert(reviews), list(found.values()))
