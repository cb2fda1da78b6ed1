"""A teacher's own marks: read from a table, compared with our scores, and used to adapt to the teacher's scale."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from interviewer.batch.rows import AT_ONCE, RowGrader
from interviewer.batch.run import Graded, output_names
from interviewer.batch.tables import Row, Table, open_table, write_table
from interviewer.engine import Engine
from interviewer.errors import InputError
from interviewer.evaluation.agreement import Agreement, agreement
from interviewer.grading import band
from interviewer.grading.scale import FEWEST, Answer, Scale, left_out, suggest
from interviewer.schema import Item, Language

HUMAN = "human"
"""The column that holds a person's mark, unless it is named otherwise."""
MOST_TO_REVIEW = 10_000
_FEW = 10.0
"""Marks that are none of them above this need a word on what full marks are."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Answers that both a person and the grader have marked; scores and marks are 0–100."""

    questions: tuple[str, ...]
    scores: tuple[float, ...]
    marks: tuple[float, ...]
    full: float
    """Full marks on the person's own scale."""

    @property
    def answers(self) -> list[Answer]:
        """As calibration wants them."""
        return [Answer(s / 100, q) for s, q in zip(self.scores, self.questions, strict=True)]

    @property
    def steps(self) -> int:
        """Steps of the person's scale above 0; tenths where it is a finer one."""
        return int(self.full) if self.full == int(self.full) and 1 < self.full <= 20 else 10

    def agreement(self, scores: Sequence[float] = ()) -> Agreement | None:
        """Of our scores, or others in their place, with the marks."""
        return agreement(scores or self.scores, self.marks, self.steps)

    def by_question(self) -> dict[str, Agreement]:
        """The same for every question that has enough marks."""
        found = {}
        for question in dict.fromkeys(self.questions):
            own = [n for n, q in enumerate(self.questions) if q == question]
            made = agreement([self.scores[n] for n in own], [self.marks[n] for n in own], self.steps)
            if made:
                found[question] = made
        return found


def pairs_of(graded: Iterable[tuple[Row, Row]], column: str, full: float | None, where: str) -> Pairs:
    """The answers of a graded table that a person has marked.

    Args:
        graded: rows with their results.
        column: holds the marks; a blank cell is no mark.
        full: full marks; None if nobody said.
        where: the table's name, for complaints.

    Raises:
        InputError: a mark is no number, or out of its scale.
    """
    found: list[tuple[str, float, float]] = []
    for number, (row, result) in enumerate(graded, start=1):
        cell = row.get(column, "").strip()
        if not cell or not result["score"]:
            continue
        found.append((result["item_id"], float(result["score"]), _mark(cell, f"{where}, row {number}")))
    full = _full_marks(max((mark for _, _, mark in found), default=None), full, where)
    questions, scores, marks = zip(*found, strict=True) if found else ((), (), ())
    return Pairs(tuple(questions), tuple(scores), tuple(100 * m / full for m in marks), full)


def check_marks(table: Table, column: str, full: float | None) -> int:
    """How many marks a column holds, found out before anything is graded.

    Raises:
        InputError: a mark is no number, or out of its scale.
    """
    where, count, most = str(table.path), 0, None
    for number, row in enumerate(table, start=1):
        if cell := row.get(column, "").strip():
            count += 1
            most = max(most or 0.0, _mark(cell, f"{where}, row {number}"))
    _full_marks(most, full, where)
    return count


def _full_marks(most: float | None, full: float | None, where: str) -> float:
    """Full marks, given the highest one (None if there are none) and what was said."""
    if full is None and most is not None and most <= _FEW:
        raise InputError(
            f"{where}: no mark is above {most:g}; say what full marks are, e.g. --full-marks {max(1, most):g}"
        )
    full = full or 100.0
    if most is not None and most > full:
        raise InputError(
            f"{where}: a mark of {most:g} is above full marks ({full:g}); say --full-marks {most:g} or more"
        )
    return full


def _mark(cell: str, where: str) -> float:
    try:
        mark = float(cell)
    except ValueError:
        mark = -1.0
    if not 0 <= mark < float("inf"):
        raise InputError(f"{where}: {cell[:20]!r} is no mark; write a number from 0, or leave the cell empty")
    return mark


@dataclass(frozen=True, slots=True)
class Calibration:
    """An adaption of every result to a teacher's scale; `run.Adaption`."""

    pairs: Pairs
    scale: Scale
    before: Agreement | None
    after: Agreement | None
    """Every answer scored by a scale that was fitted without it."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The score as it was, and the mark where full marks are not 100."""
        return ("uncalibrated_score", *(("mark",) if self.pairs.full != 100 else ()))

    def __call__(self, result: Row) -> Row:
        """The result on the teacher's scale. A grade without an interval (no answer at all) is certain and stays."""
        if not result["score"]:
            return result
        if result["low"] == result["high"]:
            changed = {}
            score = float(result["score"])
        else:
            answer = Answer(float(result["score"]) / 100, result["item_id"])
            score, low, high = (100 * value for value in self.scale(answer))
            changed = {"score": f"{score:.1f}", "low": f"{low:.1f}", "high": f"{high:.1f}", "verdict": band(score)}
        mark = {"mark": f"{score * self.pairs.full / 100:.2f}"} if self.pairs.full != 100 else {}
        return {**result, **changed, "uncalibrated_score": result["score"], **mark}


def calibrate(
    engine: Engine,
    path: Path,
    language: Language | None,
    names: Mapping[str, str],
    rubric: Collection[Item],
    full: float | None,
) -> Calibration:
    """Grade the answers that a teacher has marked, and learn the teacher's scale from them.

    Raises:
        InputError: too few marks, or one that is none.
    """
    table = open_table(path)
    own = {wanted: name for wanted, name in names.items() if name in table.columns}
    column = own.get(HUMAN, HUMAN)
    if column not in table.columns:
        raise InputError(f"{path} has no column {column!r} with the marks; name it with --column {HUMAN}=NAME")
    grader = RowGrader(engine, language, own, rubric)
    pairs = pairs_of(_graded(grader, iter(table), column), column, full, str(path))
    if len(pairs.marks) < FEWEST:
        raise InputError(f"{path} has {len(pairs.marks)} marked answers; at least {FEWEST} are needed, 20 are better")
    marks = [m / 100 for m in pairs.marks]
    after = pairs.agreement([100 * value for value in left_out(pairs.answers, marks)]) if len(marks) > FEWEST else None
    return Calibration(pairs, Scale(pairs.answers, marks), pairs.agreement(), after)


def _graded(grader: RowGrader, rows: Iterator[Row], column: str) -> Iterator[tuple[Row, Row]]:
    marked = (row for row in rows if row[column].strip())
    while batch := list(islice(marked, AT_ONCE)):
        yield from zip(batch, grader.grade(batch), strict=True)


def write_suggestion(graded: Graded, path: Path, count: int, names: Mapping[str, str]) -> int:
    """Write the answers that a teacher had best mark, with an empty column `human`; how many there are.

    Our own scores are left out on purpose: who sees a score before marking marks towards it.
    """
    answer = names.get("answer", "answer")
    places: list[int] = []
    answers: list[Answer] = []
    seen: set[int] = set()
    for number, (row, result) in enumerate(graded):
        key = hash((result["item_id"], row.get(answer, "")))
        if not result["score"] or result["low"] == result["high"] or key in seen:
            continue  # not graded, no answer at all, or an answer that is there already
        seen.add(key)
        places.append(number)
        answers.append(Answer(float(result["score"]) / 100, result["item_id"]))
    chosen = {places[n] for n in suggest(answers, count)}
    human = names.get(HUMAN, HUMAN)
    kept = output_names(graded.table.columns, ("row",), names)
    columns = dict.fromkeys(["row", *kept.values(), human])
    rows = (
        {**{kept[c]: value for c, value in row.items()}, "row": str(n + 1)}
        for n, row in enumerate(graded.table)
        if n in chosen
    )
    write_table(path, rows, list(columns))
    return len(chosen)


def write_review(graded: Graded, path: Path, names: Mapping[str, str]) -> None:
    """Write the rows that need a person: those that could not be graded, then the widest intervals first.

    At most `MOST_TO_REVIEW`: nobody looks at more, and memory must not grow with the table.
    """
    keys = ("score", "low", "high", "verdict", "flags", "feedback", "item_id", "error")
    kept = output_names(graded.table.columns, (*keys, "row"), names)
    doubtful = (
        (_doubt(result), -number, row, result)
        for number, (row, result) in enumerate(graded, start=1)
        if result["error"] or result["needs_review"] == "true"
    )
    worst = heapq.nlargest(MOST_TO_REVIEW, doubtful, key=lambda entry: entry[:2])
    rows = (
        {**{kept[c]: value for c, value in row.items()}, "row": str(-minus), **{k: result[k] for k in keys}}
        for _, minus, row, result in worst
    )
    write_table(path, rows, list(dict.fromkeys(["row", *kept.values(), *keys])))


def _doubt(result: Row) -> float:
    return float(result["high"]) - float(result["low"]) if result["score"] else 1e3
