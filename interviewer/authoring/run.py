"""Import of a file or a folder, file by file, so that an interruption loses nothing.

What each file gave goes to a journal beside the output (`OUT.partial`), a line each, bound to the file's size and time
and to everything a draft depends on. A second run takes finished files from it; the output is written at the end.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from interviewer import __version__
from interviewer.authoring.drafts import drafts_of, entries
from interviewer.authoring.neighbours import Neighbours
from interviewer.authoring.write import Added, add_drafts, check_target
from interviewer.corpus import Corpus
from interviewer.documents import SUFFIXES, Refusal, read_document
from interviewer.errors import DocumentError
from interviewer.retrieval import Encoder
from interviewer.schema import Item, Language

MAX_FILES = 20_000
_FORMAT = 2
_REMARK = {
    "zh": ("{origin} 没有给出答案：{question}", "（相近的已有题目：{like}）"),
    "en": ("Without an answer in {origin}: {question}", " (ours is near: {like})"),
}


@dataclass(frozen=True, slots=True)
class Source:
    """A file to import."""

    path: Path
    name: str
    """As drafts and reports call it: below the folder that was given."""
    refused: Refusal | None = None
    """Why it is not read."""


@dataclass(frozen=True, slots=True)
class FileReport:
    """What one file gave, and what of it was left."""

    name: str
    stamp: str = ""
    """Size and time of the file when it was read."""
    drafts: list[dict[str, Any]] = field(default_factory=list)
    """As mappings of the corpus format."""
    passages: list[str] = field(default_factory=list)
    """For each draft the lines that it was made of."""
    unanswered: list[str] = field(default_factory=list)
    """A line for each question that the document does not answer."""
    lines: int = 0
    dropped: int = 0
    """Lines that are navigation or advertisement."""
    left: int = 0
    """Lines that belong to no question."""
    error: str = ""

    @property
    def like(self) -> int:
        """How many drafts ask nearly what another item asks."""
        return sum("like" in d for d in self.drafts)


@dataclass(frozen=True, slots=True)
class Imported:
    """What a run gave."""

    files: tuple[FileReport, ...]
    resumed: int
    """Files taken from an earlier, interrupted run."""
    added: Added


def sources_of(path: Path) -> list[Source]:
    """The files of a folder in order, or the one file. Links and other kinds of files are listed with the reason.

    Raises:
        DocumentError: it is not there, or holds nothing that could be imported.
    """
    if not path.exists():
        raise Refusal("not_there", str(path))
    if not path.is_dir():
        return [Source(path, path.name)]
    found = list(_walk(path))
    if not any(not s.refused for s in found):
        raise Refusal("no_documents", str(path), suffixes=", ".join(SUFFIXES))
    return found


def _walk(root: Path) -> Iterator[Source]:
    count = 0
    for folder, folders, files in os.walk(root, followlinks=False):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for name in (*(f for f in folders if (Path(folder) / f).is_symlink()), *sorted(files)):
            path = Path(folder) / name
            shown = path.relative_to(root).as_posix().encode("utf-8", "replace").decode("utf-8")
            if name.startswith(".") or (path.suffix.lower() not in SUFFIXES and not path.is_symlink()):
                continue
            count += 1
            if count > MAX_FILES:
                raise Refusal("too_many", str(root), most=MAX_FILES)
            yield Source(path, shown, Refusal("link", shown) if path.is_symlink() else None)


def import_documents(
    source: Path,
    target: Path,
    corpus: Corpus,
    encoder: Encoder,
    progress: Callable[[int, int, str], None] = lambda done, total, name: None,
    *,
    language: Language = "en",
    improve: Callable[[Item], Item] = lambda item: item,
) -> Imported:
    """Import a file or folder into a corpus file.

    Args:
        source: a document, or a folder of documents.
        target: a `.yaml` file; what it holds already stays as it is.
        corpus: gives topics, levels and near-duplicates.
        encoder: compares by meaning.
        progress: told how many files of how many are done, and which comes next.
        language: of what is said about the files.
        improve: sees each draft before it is kept.

    Raises:
        DocumentError: the source is not there, or the target cannot be used. A file of a folder that cannot be read is
            no error: its report says why. A single file that cannot be read is one.
    """
    check_target(target)
    sources = sources_of(source)
    made_by = {"format": _FORMAT, "version": __version__, "corpus": corpus.hash, "encoder": encoder.fingerprint}
    neighbours = Neighbours(corpus.items.values(), encoder)
    journal = target.with_name(f"{target.name}.partial")
    before, end = _read_journal(journal, made_by)
    reports: list[FileReport] = []
    resumed = 0
    with _journal(journal, made_by, end) as keep:
        for n, one in enumerate(sources):
            progress(n, len(sources), one.name)
            old = before.get(one.name)
            if old is not None and old.stamp == _stamp(one.path):
                neighbours.add(_questions(old))
                resumed += 1
                reports.append(old)
                continue
            report = report_on(one, neighbours, language, improve)
            keep(report)
            reports.append(report)
    progress(len(sources), len(sources), "")
    if not source.is_dir() and reports[0].error:
        journal.unlink(missing_ok=True)
        raise DocumentError(reports[0].error)
    added = add_drafts(target, _distinct(reports), [u for r in reports for u in r.unanswered])
    journal.unlink(missing_ok=True)
    return Imported(tuple(reports), resumed, added)


def report_on(
    source: Source, neighbours: Neighbours, language: Language, improve: Callable[[Item], Item] = lambda item: item
) -> FileReport:
    """Read one file; what is wrong with it is in the report."""
    if source.refused:
        return FileReport(source.name, error=source.refused.said(language))
    stamp = _stamp(source.path)
    try:
        document = read_document(source.path, source.name)
    except Refusal as refusal:
        return FileReport(source.name, stamp, error=refusal.said(language))
    found = drafts_of(document, neighbours)
    remark, near = _REMARK[language]
    unanswered = [
        remark.format(origin=u.origin, question=u.question) + (near.format(like=", ".join(u.like)) if u.like else "")
        for u in found.unanswered
    ]
    return FileReport(
        source.name,
        stamp,
        list(entries(map(improve, found.items))),
        list(found.passages),
        unanswered,
        len(document.lines),
        found.page.dropped,
        found.page.left,
    )


def _distinct(reports: Sequence[FileReport]) -> list[dict[str, Any]]:
    """The drafts of all files, each once: two files may say the same word for word."""
    found: dict[str, dict[str, Any]] = {}
    for report in reports:
        for draft in report.drafts:
            found.setdefault(draft["id"], draft)
    return list(found.values())


def _questions(report: FileReport) -> Iterator[tuple[str, str]]:
    for draft in report.drafts:
        question = draft["question"]
        yield draft["id"], question.get("zh") or question.get("en", "")


def _stamp(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return ""
    return f"{status.st_size}-{status.st_mtime_ns}"


def _read_journal(path: Path, made_by: dict[str, Any]) -> tuple[dict[str, FileReport], int]:
    """Finished files of an interrupted run and the byte they end at; none if it was made from something else.

    A run may have been killed in the midst of a line, even of a character: from there on nothing is believed.
    """
    found: dict[str, FileReport] = {}
    end = 0
    try:
        with path.open("rb") as file:
            for n, row in enumerate(file):
                entry = json.loads(row) if row.endswith(b"\n") else None
                if n == 0 and entry != made_by:
                    return {}, 0
                if n:
                    report = FileReport(**dict(entry or {}))
                    found[report.name] = report
                end += len(row)
    except (OSError, ValueError, TypeError, RecursionError):
        return found, end
    return found, end


@contextmanager
def _journal(path: Path, made_by: dict[str, Any], end: int) -> Iterator[Callable[[FileReport], None]]:
    """Adds to the journal, behind what is believed of it; what was added survives the end of the process."""
    with _named(path):
        file = path.open("r+b" if end else "wb")
    try:
        with _named(path):
            file.truncate(end)
            file.seek(end)
            if not end:
                _add(file, made_by)

        def keep(report: FileReport) -> None:
            with _named(path):
                _add(file, asdict(report))

        yield keep
    finally:
        with suppress(OSError):  # on a full disk, what could not be written is tried once more
            file.close()


def _add(file: IO[bytes], entry: dict[str, Any]) -> None:
    file.write(json.dumps(entry, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n")
    file.flush()


@contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DocumentError(f"{path} cannot be written: {error.strerror or error}") from None
