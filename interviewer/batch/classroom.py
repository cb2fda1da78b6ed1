"""A graded table → what a teacher wants to know of the class (`report.classroom`).

Counts are over all rows; what compares answers with each other looks at the first `COMPARED` of a question. Students
are named only where the table's column for them was named.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, median
from typing import TYPE_CHECKING

import numpy as np

from interviewer.batch.likeness import groups_of, twins_of
from interviewer.batch.marks import Calibration, Pairs, pairs_of
from interviewer.batch.rows import EVIDENCE, Names
from interviewer.batch.run import Graded
from interviewer.batch.tables import Row
from interviewer.errors import UnknownItem
from interviewer.grading import as_item
from interviewer.report.classroom import write_class_report
from interviewer.report.classroom.data import (
    BINS,
    AgreementRow,
    ClassReport,
    Group,
    Mistake,
    PointTally,
    QuestionReport,
    StudentRow,
    Twins,
)
from interviewer.report.classroom.words import words
from interviewer.schema import POINT_VERDICTS, Item, Language
from interviewer.text import language_of

if TYPE_CHECKING:
    from interviewer.engine import Engine
    from interviewer.evaluation.agreement import Agreement

COMPARED = 400
"""Answers of a question that are compared with each other."""
_MISTAKES, _QUOTES, _GROUPS, _TWINS, _STUDENTS = 8, 3, 5, 20, 500  # at most shown
_QUOTE = 300  # characters
_FEWEST_STUDENTS = 8  # for a correlation to mean anything


@dataclass(slots=True)
class _Question:
    """What is gathered of one question while the rows go by."""

    item: Item
    scores: list[float] = field(default_factory=list)
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)
    mistakes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By (point id, "") or ("", index of the misconception)."""
    quotes: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    answers: list[str] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    students: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Student:
    scores: dict[str, float] = field(default_factory=dict)
    unsure: int = 0


def write_class_reports(
    graded: Graded,
    engine: Engine,
    paths: Sequence[Path],
    names: Mapping[str, str],
    language: Language | None,
    human: str,
    full: float | None,
    calibration: Calibration | None,
) -> None:
    """Write the report of a graded table in every format that was asked for."""
    report = class_report(graded, engine, names, language, human, full, calibration)
    for path in paths:
        write_class_report(report, path)


def class_report(
    graded: Graded,
    engine: Engine,
    names: Mapping[str, str],
    language: Language | None = None,
    human: str = "",
    full: float | None = None,
    calibration: Calibration | None = None,
) -> ClassReport:
    """Gather the report.

    Args:
        graded: the rows with their results.
        engine: knows the items and embeds answers.
        names: the table's own columns; `student` must be among them for students to be named.
        language: of the report; default is the one that most answers are in.
        human: the column with a person's marks, if there is one.
        full: full marks in it; None for 100.
        calibration: what the scores were adapted by.
    """
    gathered = _Gathered(engine, Names(names), names.get("student", ""))
    for number, (row, result) in enumerate(graded, start=1):
        gathered.add(number, row, result)
    language = language or ("zh" if gathered.languages["zh"] > gathered.languages["en"] else "en")
    pairs = pairs_of(graded, human, full, graded.table.path.name) if human else None
    titles = {i: q.item.question.get(language) for i, q in gathered.questions.items()}
    students = sorted(gathered.students.items())
    scores = np.array([s for q in gathered.questions.values() for s in q.scores])
    overall = pairs.agreement() if pairs else None
    return ClassReport(
        language,
        answers=gathered.answers,
        failed=gathered.failed,
        unsure=gathered.unsure,
        mean=float(scores.mean()) if len(scores) else None,
        median=float(median(scores)) if len(scores) else None,
        histogram=_histogram(scores),
        questions=tuple(_question(i, q, gathered, engine, language) for i, q in gathered.questions.items()),
        students=tuple(_student(name, s, titles) for name, s in students[:_STUDENTS]),
        more_students=max(0, len(students) - _STUDENTS),
        agreement=_agreement_rows(overall, pairs, titles, language) if pairs else (),
        confusion=overall.confusion if overall else (),
        calibration=_calibration_rows(calibration, language),
        grader=engine.grader.version,
    )


class _Gathered:
    """Everything that one pass over the rows leaves."""

    def __init__(self, engine: Engine, names: Names, student: str) -> None:
        self._engine, self._names, self._student = engine, names, student
        self.questions: dict[str, _Question] = {}
        self.students: dict[str, _Student] = {}
        self.languages: Counter[str] = Counter()
        self.answers = self.failed = self.unsure = 0

    def add(self, number: int, row: Row, result: Row) -> None:
        """Take a row in."""
        self.answers += 1
        if not result["score"]:
            self.failed += 1
            return
        answer, score = self._names.get(row, "answer"), float(result["score"])
        unsure = result["needs_review"] == "true"
        self.unsure += unsure
        self.languages[language_of(answer) or "en"] += 1
        question = self._question(result["item_id"], row)
        question.scores.append(score)
        for verdict in POINT_VERDICTS:
            question.verdicts.update((p, verdict) for p in result[verdict].split(";") if p)
        self._add_mistakes(question, answer, result)
        student = row.get(self._student, "").strip() if self._student else ""
        if student:
            known = self.students.setdefault(student, _Student())
            known.scores[result["item_id"]] = score
            known.unsure += unsure
        if len(question.answers) < COMPARED:
            question.answers.append(answer)
            question.rows.append(number)
            question.students.append(student)

    def _question(self, item_id: str, row: Row) -> _Question:
        if item_id not in self.questions:
            try:
                item = self._engine.gradable(item_id)
            except UnknownItem:  # made from the row's own reference
                item = as_item(self._names.get(row, "question").strip(), self._names.get(row, "reference").strip())
            self.questions[item_id] = _Question(item)
        return self.questions[item_id]

    @staticmethod
    def _add_mistakes(question: _Question, answer: str, result: Row) -> None:
        evidence = json.loads(result[EVIDENCE])
        found: dict[tuple[str, str], tuple[int, int]] = {}
        aimed: set[str] = set()
        for index, start, end in evidence["wrong"]:
            found["", str(index)] = start, end
            aimed.update(question.item.misconceptions[index].contradicts)
        for point in result["contradicted"].split(";"):
            if point and point not in aimed and point in evidence["points"]:
                found[point, ""] = tuple(evidence["points"][point])
        for key, (start, end) in found.items():
            question.mistakes[key] += 1
            quotes = question.quotes.setdefault(key, [])
            if len(quotes) < _QUOTES and _short(answer[start:end]) not in quotes:
                quotes.append(_short(answer[start:end]))


def _question(item_id: str, q: _Question, gathered: _Gathered, engine: Engine, language: Language) -> QuestionReport:
    mean = fmean(q.scores)
    groups = groups_of(engine.encoder, q.answers, _GROUPS)
    twins = twins_of(q.answers, q.students, [*_given(q.item)], _TWINS)
    return QuestionReport(
        q.item.question.get(language),
        len(q.scores),
        mean,
        1 - mean / 100,
        _discrimination(item_id, gathered.students.values()),
        _histogram(np.array(q.scores)),
        tuple(
            PointTally(p.text.get(language), *(q.verdicts[p.id, verdict] for verdict in POINT_VERDICTS))
            for p in q.item.key_points
        ),
        tuple(_mistake(q, key, count, language) for key, count in q.mistakes.most_common(_MISTAKES)),
        tuple(Group(len(m), fmean(q.scores[n] for n in m), _short(q.answers[m[0]])) for m in groups),
        tuple(
            Twins(
                tuple(q.rows[n] for n in t.members),
                tuple(q.students[n] for n in t.members if q.students[n]),
                t.same,
                _short(q.answers[t.members[0]]),
            )
            for t in twins
        ),
        len(q.answers),
    )


def _given(item: Item) -> Iterable[str]:
    """What all students have before them or may have learnt by heart; to share it is no sign of anything."""
    for text in (item.question, item.answer):
        yield from (text.zh, text.en)


def _mistake(q: _Question, key: tuple[str, str], count: int, language: Language) -> Mistake:
    point, index = key
    quotes = tuple(q.quotes[key])
    if point:
        return Mistake("", q.item.point(point).text.get(language), count, quotes)
    known = q.item.misconceptions[int(index)]
    return Mistake(known.text.get(language), known.correction.get(language), count, quotes)


def _discrimination(item_id: str, students: Iterable[_Student]) -> float | None:
    """Corrected item–total correlation (Crocker and Algina, 1986, ch. 14)."""
    own, others = [], []
    for student in students:
        rest = [score for question, score in student.scores.items() if question != item_id]
        if item_id in student.scores and rest:
            own.append(student.scores[item_id])
            others.append(fmean(rest))
    if len(own) < _FEWEST_STUDENTS or len(set(own)) == 1 or len(set(others)) == 1:
        return None
    return float(np.corrcoef(own, others)[0, 1])


def _student(name: str, student: _Student, titles: Mapping[str, str]) -> StudentRow:
    weakest = min(student.scores, key=lambda item_id: student.scores[item_id])
    return StudentRow(
        name, len(student.scores), fmean(student.scores.values()), _short(titles[weakest], 80), student.unsure
    )


def _histogram(scores: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[int, ...]:
    counts, _ = np.histogram(scores, bins=BINS, range=(0, 100))
    return tuple(int(n) for n in counts)


def _agreement_rows(
    overall: Agreement | None, pairs: Pairs, titles: Mapping[str, str], language: Language
) -> tuple[AgreementRow, ...]:
    if overall is None:
        return ()
    rows = [_agreement_row(words(language)["all"], overall)]
    single = pairs.by_question()
    if len(single) > 1 or len(set(pairs.questions)) > 1:
        rows += [_agreement_row(_short(titles[item_id], 80), found) for item_id, found in single.items()]
    return tuple(rows)


def _calibration_rows(calibration: Calibration | None, language: Language) -> tuple[AgreementRow, ...]:
    if calibration is None:
        return ()
    say = words(language)
    both = ((say["before"], calibration.before), (say["after"], calibration.after))
    return tuple(_agreement_row(name, found) for name, found in both if found)


def _agreement_row(name: str, found: Agreement) -> AgreementRow:
    figures = (found.pearson, found.rmse, found.qwk, found.alpha, found.bias)
    low, high = found.limits
    return AgreementRow(name, found.count, (*map(str, figures), f"{low:.1f} … {high:.1f}"))


def _short(text: str, most: int = _QUOTE) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"
