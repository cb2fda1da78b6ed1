"""Grade a table row by row, so that an interruption loses nothing and memory does not grow with the table.

Every graded row is first written to a journal beside the output (`OUT.partial`), bound to the input and to everything a
grade depends on. A second run with the same input takes the finished rows from the journal. The output is written
once, at the end, from input and journal, and so is byte for byte that of an uninterrupted run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

from interviewer.batch.journal import Journal
from interviewer.batch.rows import AT_ONCE, EVIDENCE, READS, RESULTS, RowGrader
from interviewer.batch.tables import Row, Table, check_target, open_table, write_table
from interviewer.engine import Engine
from interviewer.errors import InputError, TableError
from interviewer.schema import Item, Language

Pair = tuple[Row, Row]
"""A row of the input and its result."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come."""

    done: int
    total: int
    resumed: int
    """Rows taken from an earlier, interrupted run."""
    errors: int


class Graded(Protocol):
    """A whole graded table, which may be gone through any number of times."""

    @property
    def table(self) -> Table:
        """The input."""
        ...

    def __iter__(self) -> Iterator[Pair]:
        """Rows with their results, in order."""
        ...


class Adaption(Protocol):
    """What is done to every result before it is written: see marks.py."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that it adds."""
        ...

    def __call__(self, result: Row) -> Row:
        """The result as it is written."""
        ...


@dataclass(frozen=True, slots=True)
class _Graded:
    table: Table
    journal: Journal
    adaption: Adaption | None

    def __iter__(self) -> Iterator[Pair]:
        for row, result in zip(self.table, self.journal.results(), strict=True):
            yield row, self.adaption(result) if self.adaption else result


def grade_table(
    engine: Engine,
    source: Path,
    target: Path,
    language: Language | None = None,
    report: Callable[[Progress], None] = lambda _: None,
    *,
    names: Mapping[str, str] | None = None,
    rubric: Collection[Item] = (),
    adaption: Adaption | None = None,
    also: Sequence[Callable[[Graded], None]] = (),
) -> Progress:
    """Grade every row of `source` into `target`.

    Args:
        engine: what grades.
        source: a table with a column `answer` and one of `item_id`, `question`, or `question` and `reference`.
        target: where the graded table goes; its ending chooses the format.
        language: the language asked for; default is each answer's own.
        report: called after every row.
        names: the table's own name for any of these columns.
        rubric: if there are any, rows are graded against these items only.
        adaption: changes every result before it is written.
        also: what else is made of the graded table when all is graded, before its end is final.

    Raises:
        TableError: the table cannot be read or written, or lacks the columns.
    """
    check_target(target)
    table = open_table(source)
    names = names or {}
    check_columns(table.path, table.columns, names, rubric)
    if source.resolve() == target.resolve():
        raise InputError("the output would overwrite the input; choose another name for -o")
    check_target(target, table.rows)
    grader = RowGrader(engine, language, names, rubric)
    path = target.with_name(target.name + ".partial")
    with Journal(path, _binding(engine, table, language, names, rubric), (*RESULTS, EVIDENCE)) as journal:
        resumed = min(journal.kept, table.rows)
        errors = sum(bool(result["error"]) for result in islice(journal.results(), resumed))
        done = resumed
        report(Progress(done, table.rows, resumed, errors))
        for result in _results(grader, islice(table, resumed, None)):
            journal.add(result)
            done += 1
            errors += bool(result["error"])
            report(Progress(done, table.rows, resumed, errors))
        if not table.unchanged:
            raise TableError(f"{source} was changed while it was graded; run the same command again")
        graded = _Graded(table, journal, adaption)
        write_table(target, *_output(graded, names))
        for make in also:
            make(graded)
        path.unlink(missing_ok=True)
    return Progress(done, table.rows, resumed, errors)


def _results(grader: RowGrader, rows: Iterator[Row]) -> Iterator[Row]:
    while batch := list(islice(rows, AT_ONCE)):
        yield from grader.grade(batch)


def check_columns(
    place: Path | str, columns: Collection[str], names: Mapping[str, str], rubric: Collection[Item]
) -> None:
    """See that a table has what grading reads.

    Raises:
        TableError: it has not.
    """
    has = f"it has {', '.join(columns)}"
    for wanted, own in names.items():
        if own not in columns:
            raise TableError(f"{place} has no column {own!r} to take `{wanted}` from; {has}")
    there = {wanted for wanted in READS if names.get(wanted, wanted) in columns}
    if "answer" not in there or not ({"item_id", "question"} & there or len(rubric) == 1):
        raise TableError(
            f"{place} needs a column `answer` and one of `item_id`, `question`, or `question` + `reference` "
            f"(or name yours: --column answer=NAME); {has}"
        )


def _binding(
    engine: Engine, table: Table, language: Language | None, names: Mapping[str, str], rubric: Collection[Item]
) -> str:
    """What a journal belongs to: the rows and all that their grades depend on."""
    depends = [
        engine.grader.version, engine.corpus.hash, language, sorted(names.items()), sorted(i.id for i in rubric),
        table.digest, table.path.suffix.lower(),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(depends).encode()).hexdigest()


def _output(graded: _Graded, names: Mapping[str, str]) -> tuple[Iterable[Row], list[str]]:
    """Rows and columns of the output: those of the input, then the results."""
    own = (*RESULTS, *(graded.adaption.columns if graded.adaption else ()))
    kept = output_names(graded.table.columns, own, names)
    rows = (
        {**{kept[c]: value for c, value in row.items()}, **{c: result.get(c, "") for c in own}}
        for row, result in graded
    )
    return rows, list(dict.fromkeys([*kept.values(), *own]))


def output_names(columns: Sequence[str], own: Sequence[str], names: Mapping[str, str]) -> dict[str, str]:
    """What each column of the input is called in the output.

    One that has the name of a result is kept as `input_score` and the like. Only the `item_id` that was read is not:
    the result is the same, or fills it in.
    """
    taken = {*columns, *own}
    kept = {}
    for column in columns:
        name = column
        if column in own and not (column == "item_id" and names.get(column, column) == column):
            while name in taken:
                name = f"input_{name}"
            taken.add(name)
        kept[column] = name
    return kept
