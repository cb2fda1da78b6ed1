"""A user's own documents → draft items of the corpus."""

from interviewer.authoring.desk import Desk, Waiting, as_item
from interviewer.authoring.drafts import entries
from interviewer.authoring.neighbours import UNSORTED, Neighbours
from interviewer.authoring.run import FileReport, Imported, import_documents

__all__ = [
    "UNSORTED", "Desk", "FileReport", "Imported", "Neighbours", "Waiting", "as_item", "entries", "import_documents",
]  # fmt: skip
