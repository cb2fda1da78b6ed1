"""What is kept beside the interviews: reviews (which question was answered when, how well) and corrections of verdicts.

Both go with the interview they came from when it is deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields

from sqlalchemy import Delete, delete, select

from interviewer.errors import UnknownSession
from interviewer.schema import Correction, Review
from interviewer.storage.store import Store, review_row
from interviewer.storage.tables import CorrectionTable, ReviewTable, SessionTable


class Notebook:
    """Reviews and corrections in the store's database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def reviews(self) -> list[Review]:
        """All reviews, oldest first."""
        with self._store.transaction() as session:
            query = select(ReviewTable).where(ReviewTable.owner == self._store.owner())
            rows = session.scalars(query.order_by(ReviewTable.at, ReviewTable.id))
            return [Review(r.item_id, r.at, r.score, r.session_id or "") for r in rows]

    def add(self, review: Review) -> None:
        """Keep a review that belongs to no interview."""
        with self._store.transaction() as session:
            session.add(review_row(review, self._store.owner()))

    def correct(self, correction: Correction) -> None:
        """Keep a correction; it takes the place of an earlier one of the same verdict.

        Raises:
            UnknownSession: the interview is not there.
        """
        with self._store.transaction() as session:
            # Locked where the database can; SQLite lets one writer in at a time. A double click is two of them.
            mine = select(SessionTable).where(
                SessionTable.id == correction.session_id, SessionTable.owner == self._store.owner()
            )
            if session.scalar(mine.with_for_update()) is None:
                raise UnknownSession(f"no interview {correction.session_id!r}; it may have been deleted")
            session.execute(_delete(correction.session_id, correction.item_id, correction.point_id))
            session.add(CorrectionTable(**asdict(correction)))

    def withdraw(self, session_id: str, item_id: str, point_id: str) -> None:
        """Forget a correction, if there is one."""
        with self._store.transaction() as session:
            mine = select(SessionTable.id).where(SessionTable.owner == self._store.owner())
            session.execute(_delete(session_id, item_id, point_id).where(CorrectionTable.session_id.in_(mine)))

    def corrections(self, session_id: str = "") -> list[Correction]:
        """All corrections, or those of one interview, oldest first."""
        with self._store.transaction() as session:
            mine = select(CorrectionTable).join(SessionTable).where(SessionTable.owner == self._store.owner())
            query = mine.order_by(
                CorrectionTable.at, CorrectionTable.session_id, CorrectionTable.item_id, CorrectionTable.point_id
            )
            if session_id:
                query = query.where(CorrectionTable.session_id == session_id)
            rows: Sequence[CorrectionTable] = session.scalars(query).all()
            return [Correction(**{f.name: getattr(row, f.name) for f in fields(Correction)}) for row in rows]


def _delete(session_id: str, item_id: str, point_id: str) -> Delete:
    return delete(CorrectionTable).where(
        CorrectionTable.session_id == session_id,
        CorrectionTable.item_id == item_id,
        CorrectionTable.point_id == point_id,
    )
