"""What is kept: interviews as lists of events, reviews, corrections. The only room that knows SQLAlchemy."""

from interviewer.storage.notebook import Notebook
from interviewer.storage.store import SessionRow, Store, StoredEvent

__all__ = ["Notebook", "SessionRow", "Store", "StoredEvent"]
