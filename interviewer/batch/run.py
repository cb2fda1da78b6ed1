"""Grade a table row by row, so that an interruption loses nothing.

Every graded row is first written to a journal beside the output (`OUT.partial`), a line each, bound to the input and
to everything a grade depends on. A second run with the same input takes the finished rows from the journal; the output
is written once, whole, at the end, and is then byte for byte that of an uninterrupted run.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import IO, Any

from interviewer.batch.tables import Row, check_target, read_table, write_table
from interviewer.engine import SAME_QUESTION, Engine
from interviewer.errors import InputError, InterviewerError, TableError, UnknownItem
from interviewer.grading import as_item, feedback
from interviewer.schema import Grade, Item, Language
from interviewer.text import language_of

RESULTS = (
    "score", "low", "high", "verdict", "covered", "partial", "missing", "contradicted", "misconceptions", "flags",
    "needs_review", "feedback", "item_id", "error",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come."""

    done: int
    total: int
    resumed: int
    """Rows taken from an earlier, interrupted run."""
    errors: int


def grade_table(
    engine: Engine,
    source: Path,
    target: Path,
    language: Language | None = None,
    report: Callable[[Progress], None] = lambda _: None,
) -> Progress:
    """Grade every row of `source` into `target`.

    Args:
        engine: what grades.
        source: a table with a column `answer` and one of `item_id`, `question`, or `question` and `reference`.
        target: where the graded table goes; its ending chooses the format.
        language: the language asked for; default is each answer's own.
        report: called after every row.

    Raises:
        TableError: the table cannot be read or written, or lacks the columns.
    """
    check_target(target)
    rows = read_table(source)
    columns = list(dict.fromkeys(c for row in rows for c in row))
    _check_columns(source, columns)
    if source.resolve() == target.resolve():
        raise InputError("the output would overwrite the input; choose another name for -o")
    journal = target.with_name(target.name + ".partial")
    graded: list[Row] = []
    errors = resumed = 0
    with _Journal(journal, _binding(engine, rows, language)) as kept:
        for row in rows:
            result = kept.next()
            if result is None:
                result = _grade_row(engine, row, language)
                kept.add(result)
            else:
                resumed += 1
            graded.append({**row, **result})
            errors += bool(result["error"])
            report(Progress(len(graded), len(rows), resumed, errors))
    write_table(target, graded, list(dict.fromkeys([*columns, *RESULTS])))
    journal.unlink(missing_ok=True)
    return Progress(len(rows), len(rows), resumed, errors)


def _check_columns(source: Path, columns: Sequence[str]) -> None:
    if "answer" not in columns or not {"item_id", "question"} & set(columns):
        raise TableError(
            f"{source} needs a column `answer` and one of `item_id`, `question`, or `question` + `reference`; "
            f"it has {', '.join(columns) or 'none'}"
        )


def _binding(engine: Engine, rows: Sequence[Row], language: Language | None) -> str:
    """What a journal belongs to: the rows and all that their grades depend on."""
    content = json.dumps([engine.grader.version, engine.corpus.hash, language, rows], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


class _Journal:
    """Finished rows on disk: a first line that says what they belong to, then a JSON object a line."""

    def __init__(self, path: Path, binding: str) -> None:
        self._path, self._binding = path, binding
        self._kept: Iterator[Row] = iter(())
        self._file: IO[str] | None = None

    def __enter__(self) -> _Journal:
        kept = self._read()
        self._kept = iter(kept)
        try:
            # Written anew: a line cut short by a crash must not stand in the middle.
            work = self._path.with_name(self._path.name + ".new")
            self._file = work.open("w", encoding="utf-8", newline="\n")
            for entry in [{"binding": self._binding}, *kept]:
                self._file.write(json.dumps(entry, ensure_ascii=False) + "\n")
            self._file.flush()
            os.replace(work, self._path)
        except OSError as error:
            raise TableError(f"{self._path} cannot be written: {error.strerror or error}") from None
        return self

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()

    def next(self) -> Row | None:
        """The next finished row, or None when they are used up."""
        return next(self._kept, None)

    def add(self, row: Row) -> None:
        """Keep a finished row; it survives the end of the process when this returns."""
        assert self._file is not None
        try:
            self._file.write(json.dumps(row, ensure_ascii=False) + "\n")
            self._file.flush()
        except OSError as error:
            raise TableError(f"{self._path} cannot be written: {error.strerror or error}") from None

    def _read(self) -> list[Row]:
        try:
            lines = self._path.read_bytes().split(b"\n")
        except OSError:
            return []
        entries: list[Any] = []
        for line in lines[:-1]:  # the last one is empty, or was cut short
            try:
                entries.append(json.loads(line))
            except (ValueError, RecursionError):
                break
        if entries[:1] != [{"binding": self._binding}]:
            return []
        return list(takewhile(_is_result, entries[1:]))


def _is_result(entry: Any) -> bool:
    return isinstance(entry, dict) and set(entry) == set(RESULTS) and all(isinstance(v, str) for v in entry.values())


def _grade_row(engine: Engine, row: Row, language: Language | None) -> Row:
    """The result columns of one row; what is wrong with it stands in `error`."""
    empty = dict.fromkeys(RESULTS, "")
    try:
        item = _item_of(engine, row)
        grade = engine.grader.grade(item, row.get("answer", ""), language)
    except InterviewerError as error:
        return {**empty, "item_id": row.get("item_id", ""), "error": str(error)}
    if grade.score is None:
        return {**empty, "item_id": item.id, "error": grade.reason}
    return _result(grade, item, language or language_of(row.get("answer", "")) or grade.language)


def _item_of(engine: Engine, row: Row) -> Item:
    if row.get("item_id", "").strip():
        return engine.gradable(row["item_id"].strip())
    question = row.get("question", "").strip()
    if not question:
        raise InputError("the row has neither item_id nor question")
    if row.get("reference", "").strip():
        return as_item(question, row["reference"])
    found = engine.find_question(question)
    if found is None or found[1] < SAME_QUESTION:
        nearest = f"; the nearest is {found[0].id} (likeness {found[1]:.2f})" if found else ""
        raise UnknownItem(f"no such question in the corpus{nearest}; give item_id or a reference")
    return engine.gradable(found[0].id)


def _result(grade: Grade, item: Item, language: Language) -> Row:
    wrong = [item.misconceptions[m.index] for m in grade.misconceptions]
    return {
        "score": f"{grade.score:.1f}",
        "low": f"{grade.low:.1f}",
        "high": f"{grade.high:.1f}",
        "verdict": grade.verdict,
        "covered": ";".join(grade.ids("covered")),
        "partial": ";".join(grade.ids("partial")),
        "missing": ";".join(grade.ids("missing")),
        "contradicted": ";".join(grade.ids("contradicted")),
        "misconceptions": "; ".join(m.text.get(language) for m in wrong),
        "flags": ";".join(grade.flags),
        "needs_review": "true" if grade.needs_review else "false",
        "feedback": feedback(grade, item, language),
        "item_id": item.id,
        "error": "",
    }
