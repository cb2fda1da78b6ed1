"""What is kept: interviews as lists of events. The only room that knows SQLAlchemy."""

from interviewer.storage.store import SessionRow, Store, StoredEvent

__all__ = ["SessionRow", "Store", "StoredEvent"]
