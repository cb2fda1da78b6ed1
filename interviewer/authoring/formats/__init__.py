"""Files → documents. One module per format; each knows its library and nothing of questions."""

from interviewer.authoring.formats.read import SUFFIXES, read_document

__all__ = ["SUFFIXES", "read_document"]
