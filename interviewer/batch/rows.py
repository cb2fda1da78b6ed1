"""One row of a table → its result columns. Whatever is wrong with a row stands in the row: no row stops a run.

A row's result depends on the row and on nothing around it, so rows may be graded in any order, by any process.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from interviewer.batch.tables import Row
from interviewer.engine import SAME_QUESTION, Engine
from interviewer.errors import InputError, InterviewerError, ModelUnavailable, UnknownItem
from interviewer.grading import as_item, feedback, gradable
from interviewer.schema import Grade, Item, Language
from interviewer.text import language_of

RESULTS = (
    "score", "low", "high", "verdict", "covered", "partial", "missing", "contradicted", "misconceptions", "flags",
    "needs_review", "feedback", "item_id", "error",
)  # fmt: skip
EVIDENCE = "evidence"
"""A further field of a result, for reports and never written to the table: JSON {"points": {id: [start, end]}, "wrong":
[[index of the misconception, start, end]]}, offsets into the answer."""
AT_ONCE = 64
"""Answers whose texts are embedded together."""
READS = ("answer", "item_id", "question", "reference")
"""What a row is asked for; a table's own column names are mapped to these."""
_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Names:
    """Which column of a table holds what."""

    of: Mapping[str, str]

    def get(self, row: Row, wanted: str) -> str:
        """The cell; "" where the row or the table lacks it."""
        return row.get(self.of.get(wanted, wanted), "")


class RowGrader:
    """Grades rows. Identical answers to the same question are graded once: in real classes there are many."""

    def __init__(
        self,
        engine: Engine,
        language: Language | None = None,
        names: Mapping[str, str] | None = None,
        rubric: Collection[Item] = (),
    ) -> None:
        """Args:
        engine: what grades; its corpus holds the rubric's items, too.
        language: the language asked for; default is each answer's own.
        names: the table's own column for any of `READS`.
        rubric: if there are any, rows are graded against these items only; a single one needs no column to name it.
        """
        self._engine, self._language, self._names = engine, language, Names(dict(names or {}))
        self._rubric = {item.id: gradable(item) for item in rubric}
        self._kept: OrderedDict[tuple[str, str], Row] = OrderedDict()
        self._as_item = lru_cache(maxsize=256)(as_item)
        self._found = lru_cache(maxsize=4_096)(self._find)

    def grade(self, rows: Sequence[Row]) -> Iterator[Row]:
        """The results of some rows (best `AT_ONCE` of them), one after the other: `RESULTS` and `EVIDENCE`.

        Raises:
            ModelUnavailable: the embedding model is gone; that is no row's fault.
        """
        asked = [self._asked(row) for row in rows]
        new = [(item, a) for item, a in asked if isinstance(item, Item) and (item.id, a) not in self._kept]
        try:
            self._engine.grader.prepare(new)
        except ModelUnavailable:
            raise
        except Exception:  # some answer breaks it: it will, alone, in its own row
            pass
        for row, (item, answer) in zip(rows, asked, strict=True):
            if isinstance(item, str):
                yield self._failed(row, item)
            else:
                yield self._graded(row, item, answer)

    def _asked(self, row: Row) -> tuple[Item | str, str]:
        """What a row is about, or what is wrong with it; and its answer."""
        answer = self._names.get(row, "answer")
        try:
            return self._item_of(row), answer
        except ModelUnavailable:
            raise
        except InterviewerError as error:
            return str(error), answer

    def _graded(self, row: Row, item: Item, answer: str) -> Row:
        key = item.id, answer
        if key not in self._kept:
            try:
                self._kept[key] = self._grade(item, answer)
            except ModelUnavailable:
                raise
            except InterviewerError as error:
                return self._failed(row, str(error))
            except Exception as error:  # a fault of ours must not take the other rows with it
                return self._failed(row, f"this answer could not be graded ({type(error).__name__}: {error})")
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return self._kept[key]

    def _grade(self, item: Item, answer: str) -> Row:
        grade = self._engine.grader.grade(item, answer, self._language)
        if grade.score is None:
            return {**_EMPTY, "item_id": item.id, "error": grade.reason}
        return result_of(grade, item, self._language or language_of(answer) or grade.language)

    def _failed(self, row: Row, reason: str) -> Row:
        return {**_EMPTY, "item_id": self._names.get(row, "item_id"), "error": " ".join(reason.split())}

    def _item_of(self, row: Row) -> Item:
        item_id, question, reference = (self._names.get(row, n).strip() for n in ("item_id", "question", "reference"))
        if item_id and self._rubric:
            if item_id not in self._rubric:
                raise UnknownItem(f"no item {item_id!r} in the rubric; it has {', '.join(self._rubric)}")
            return self._rubric[item_id]
        if item_id:
            return self._engine.gradable(item_id)
        if question and reference and not self._rubric:
            return self._as_item(question, reference)
        if question:
            return self._found(question)
        if len(self._rubric) == 1:
            return next(iter(self._rubric.values()))
        raise InputError("the row has neither item_id nor question")

    def _find(self, question: str) -> Item:
        found = self._engine.find_question(question, tuple(self._rubric.values()))
        if found is None or found[1] < SAME_QUESTION:
            nearest = f"; the nearest is {found[0].id} (likeness {found[1]:.2f})" if found else ""
            place, advice = ("rubric", "item_id") if self._rubric else ("corpus", "item_id or a reference")
            raise UnknownItem(f"no such question in the {place}{nearest}; give {advice}")
        return self._rubric[found[0].id] if self._rubric else self._engine.gradable(found[0].id)


_EMPTY: Row = dict.fromkeys((*RESULTS, EVIDENCE), "")


def result_of(grade: Grade, item: Item, language: Language) -> Row:
    """A scored grade as cells; words in `language`."""
    wrong = [item.misconceptions[m.index] for m in grade.misconceptions]
    evidence = {
        "points": {p.point_id: [p.evidence.start, p.evidence.end] for p in grade.points if p.evidence},
        "wrong": [[m.index, m.evidence.start, m.evidence.end] for m in grade.misconceptions],
    }
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
        EVIDENCE: json.dumps(evidence, separators=(",", ":")),
    }
