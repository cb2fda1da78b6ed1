"""Answers with our own labels, which the grader is fitted and measured on (eval/data/README.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from interviewer.errors import InputError
from interviewer.schema import POINT_VERDICTS, Item, Language


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
