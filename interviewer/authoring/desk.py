"""Drafts that wait for somebody to read them, and what becomes of them.

They are kept in a file of the data folder, each with the passage it was made of, until they are accepted into the
user's own corpus or rejected. Nothing of the corpus is touched before that.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from interviewer.authoring.drafts import entries
from interviewer.authoring.neighbours import Neighbours
from interviewer.authoring.run import FileReport, Source, report_on
from interviewer.authoring.write import add_drafts
from interviewer.corpus import check_folders
from interviewer.corpus.load import Corpus
from interviewer.errors import DocumentError
from interviewer.schema import Item, Language

_FILE = "own.yaml"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A draft that nobody has read yet."""

    draft: dict[str, Any]
    """As a mapping of the corpus format."""
    passage: str
    """The lines of the document that it was made of."""

    @property
    def id(self) -> str:
        """The draft's id."""
        return str(self.draft["id"])


class Desk:
    """The drafts that wait, and the folder that accepted ones go to. Safe to share between threads."""

    def __init__(self, drafts: Path, corpus: Path) -> None:
        """Args:
        drafts: a file, `.jsonl`, which is made when there is something to keep.
        corpus: the user's own corpus folder, likewise.
        """
        self._path, self._corpus = drafts, corpus
        self._lock = threading.RLock()

    def waiting(self) -> list[Waiting]:
        """All that wait, in the order in which they came.

        Raises:
            DocumentError: the file is there and cannot be read.
        """
        try:
            rows = self._path.read_text(encoding="utf-8").splitlines()
            return [Waiting(**json.loads(row)) for row in rows]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError) as error:
            raise DocumentError(f"{self._path} cannot be read ({error}); move it away to begin anew") from None

    def find(self, draft_id: str) -> Waiting | None:
        """One that waits."""
        return next((w for w in self.waiting() if w.id == draft_id), None)

    def read(
        self,
        files: Sequence[Path],
        corpus: Corpus,
        neighbours: Neighbours,
        language: Language,
        progress: Callable[[int, int, str], None] = lambda done, total, name: None,
    ) -> list[FileReport]:
        """Find drafts in documents; each file's are kept as soon as it is read.

        Args:
            files: documents; each is called by its name.
            corpus: drafts that it has already are left out.
            neighbours: of that corpus.
            language: of what is said about the files.
            progress: told how many files of how many are done, and which comes next.
        """
        reports = []
        for n, path in enumerate(files):
            progress(n, len(files), path.name)
            report = report_on(Source(path, path.name), neighbours, language)
            pairs = zip(report.drafts, report.passages, strict=True)
            self._add(Waiting(d, passage) for d, passage in pairs if d["id"] not in corpus.items)
            reports.append(report)
        progress(len(files), len(files), "")
        return reports

    def _add(self, fresh: Iterable[Waiting]) -> None:
        with self._lock:
            before = self.waiting()
            known = {w.id for w in before}
            self._keep([*before, *(w for w in fresh if w.id not in known)])

    def change(self, item: Item) -> None:
        """Put another version in the place of the one of the same id."""
        with self._lock:
            draft = next(iter(entries([item])))
            self._keep([Waiting(draft, w.passage) if w.id == item.id else w for w in self.waiting()])

    def accept(self, item: Item) -> Path:
        """Put a draft, as it was edited, into the user's corpus; it waits no longer.

        Raises:
            DocumentError: it breaks a rule of the format, or the file cannot be added to; nothing is changed then.
        """
        draft = next(iter(entries([item])))
        as_item(draft)
        with self._lock:
            self._corpus.mkdir(parents=True, exist_ok=True)
            done = add_drafts(self._corpus / _FILE, [draft], [])
            self.reject(item.id)
        return done.files[0] if done.files else self._corpus / _FILE

    def reject(self, draft_id: str) -> None:
        """Have a draft wait no longer."""
        with self._lock:
            self._keep([w for w in self.waiting() if w.id != draft_id])

    def _keep(self, waiting: Sequence[Waiting]) -> None:
        text = "".join(json.dumps(asdict(w), ensure_ascii=False) + "\n" for w in waiting)
        work = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            work.write_text(text, encoding="utf-8")
            os.replace(work, self._path)
        except OSError as error:
            raise DocumentError(f"{self._path} cannot be written: {error.strerror or error}") from None
        finally:
            work.unlink(missing_ok=True)


def as_item(draft: Mapping[str, Any]) -> Item:
    """The item that a draft's mapping stands for: it is read as a corpus of its own, by the rules of every corpus.

    Raises:
        DocumentError: it breaks one of these rules; the message says which.
    """
    with tempfile.TemporaryDirectory() as folder:
        add_drafts(Path(folder) / _FILE, [dict(draft)], [])
        corpus, complaints = check_folders(Path(folder))
        if complaints:
            first = complaints[0]
            raise DocumentError(f"{first.field}: {first.message}" if first.field else first.message)
    return next(iter(corpus.items.values()))
