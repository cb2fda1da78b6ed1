"""Answers with labels: our own, which the grader is fitted and measured on (eval/data/README.md), and candidates'
corrections of verdicts in the same form."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from interviewer.errors import InputError
from interviewer.grading.verdicts import ERROR
from interviewer.schema import POINT_VERDICTS, Correction, Exchange, Item, Language

_WORTH = {"covered": 1.0, "partial": 0.5, "missing": 0.0, "contradicted": ERROR}


@dataclass(frozen=True, slots=True)
class Labelled:
    """One answer with our labels."""

    item: str
    lang: Language
    kind: str
    text: str
    points: Mapping[str, str]
    """Verdict per key point id."""
    score: float
    """Overall judgement, 0–100."""
    twin: str = ""
    """Names the pair of answers that say the same in both languages; empty for the others."""
    note: str = ""
    """What the person who corrected a verdict said about it."""


def read_labelled(path: Path, items: Mapping[str, Item]) -> list[Labelled]:
    """Labelled answers, every point of every one checked against the corpus.

    Raises:
        InputError: the file is missing, or a line does not fit the corpus.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise InputError(f"{path} is missing: it is part of a checkout of the project") from None
    answers = []
    for number, line in enumerate(lines, start=1):
        answer = Labelled(**json.loads(line))
        wanted = {p.id for p in items[answer.item].key_points} if answer.item in items else set()
        if set(answer.points) != wanted or not set(answer.points.values()) <= set(POINT_VERDICTS):
            raise InputError(f"{path}:{number}: labels do not fit the key points of {answer.item!r}")
        answers.append(answer)
    return answers


def corrected(exchange: Exchange, item: Item, corrections: Sequence[Correction]) -> Labelled | None:
    """An answer with its verdicts as the candidate corrected them, of kind "corrected".

    The candidate judged points, not the whole: `score` is their weighted share, 100 for all covered, 50 for all partly.
    None where the item's key points are not those that were graded: such labels would fit no item.
    """
    grade = exchange.grade
    if grade is None or [p.point_id for p in grade.points] != [p.id for p in item.key_points]:
        return None
    labels: dict[str, str] = {p.point_id: p.verdict for p in grade.points}
    labels |= {c.point_id: c.should_be for c in corrections if c.point_id in labels}
    total = sum(p.weight for p in item.key_points)
    share = sum(p.weight * _WORTH[labels[p.id]] for p in item.key_points) / total
    notes = "\n".join(c.note for c in corrections if c.note)
    return Labelled(
        item.id, grade.language, "corrected", exchange.joined, labels, round(100 * max(0.0, share), 1), note=notes
    )


def as_line(answer: Labelled) -> str:
    """One line of JSON, without a line break, in the form that `read_labelled` reads."""
    values = {
        "item": answer.item,
        "lang": answer.lang,
        "kind": answer.kind,
        "text": answer.text,
        "points": dict(answer.points),
        "score": answer.score,
        "twin": answer.twin,
        "note": answer.note,
    }
    return json.dumps({name: value for name, value in values.items() if value != ""}, ensure_ascii=False)
