"""A user's own documents → draft items of the corpus."""

from interviewer.authoring.run import FileReport, Imported, import_documents

__all__ = ["FileReport", "Imported", "import_documents"]
