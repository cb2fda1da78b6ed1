"""A user's files → lines, whatever their format. A module per format; none knows of questions."""

from interviewer.documents.read import SUFFIXES, read_document, text_of
from interviewer.documents.refusals import Refusal

__all__ = ["SUFFIXES", "Refusal", "read_document", "text_of"]
