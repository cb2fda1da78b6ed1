"""Every error a user can meet, as one tree. A message says what happened, where, and what to do about it.

InterviewerError
├── InputError              unusable input or options
│   ├── CorpusError         a corpus that breaks the rules of docs/corpus.md
│   ├── TableError          a table of answers that cannot be read or written
│   ├── DocumentError       a document that cannot be imported
│   ├── UnknownItem         no item of that id
│   └── UnknownSession      no interview of that id
├── ModelUnavailable        an embedding model that is not there or not what it should be
├── StorageError            the database cannot be opened, read or written
│   └── SessionConflict     someone else moved the same interview on
└── ServeError              the web app cannot be served

Errors of libraries (faiss, SQLAlchemy, yaml …) are mapped to these where they arise and never leak.
"""

from __future__ import annotations


class InterviewerError(Exception):
    """Base of all errors that are shown to a user as one line."""


class InputError(InterviewerError):
    """The input or the options cannot be used."""


class CorpusError(InputError):
    """The corpus breaks the rules; the message lists every complaint."""


class TableError(InputError):
    """A table of answers cannot be read or written."""


class DocumentError(InputError):
    """A document cannot be read, or its drafts cannot be written."""


class UnknownItem(InputError):
    """No corpus item has that id."""


class UnknownSession(InputError):
    """No interview has that id."""


class ModelUnavailable(InterviewerError):
    """An embedding model is missing, broken or not the one expected."""


class StorageError(InterviewerError):
    """The database cannot be opened, read or written."""


class SessionConflict(StorageError):
    """The interview was moved on elsewhere (another tab, a double click); look again and go on from there."""


class ServeError(InterviewerError):
    """The web app cannot be served."""
