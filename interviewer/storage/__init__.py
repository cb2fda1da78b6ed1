"""What is kept: interviews as lists of events, reviews, corrections, keys. The only room that knows SQLAlchemy."""

from interviewer.storage.backup import back_up, restore
from interviewer.storage.keys import KEY, KeyRow, Keys
from interviewer.storage.notebook import Notebook
from interviewer.storage.store import Begun, SessionRow, Store, StoredEvent

__all__ = ["KEY", "Begun", "KeyRow", "Keys", "Notebook", "SessionRow", "Store", "StoredEvent", "back_up", "restore"]
