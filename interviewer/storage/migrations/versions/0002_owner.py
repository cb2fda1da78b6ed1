"""Whose an interview is, and the keys that say who somebody is."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """What is stored already is nobody's in particular: whoever uses the program without logging in has it."""
    op.add_column("sessions", sa.Column("owner", sa.String(64), nullable=False, server_default=""))
    op.create_index("ix_sessions_owner", "sessions", ["owner"])
    op.create_table(
        "keys",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("expires_at", sa.String(32), nullable=False),
        sa.Column("opened_with", sa.String(16), nullable=False),
    )
