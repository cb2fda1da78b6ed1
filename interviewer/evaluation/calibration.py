"""How much a few marks by hand help: agreement with people on sets that people have marked, by number of marks used.

Answers are graded as a user's would be, against each question's reference. Then a scale (grading/scale.py) is fitted on
the marks of n answers, chosen by `suggest` or by chance, and agreement is measured on all the others.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from interviewer.errors import InputError
from interviewer.evaluation.grading import pearson, qwk, rmse
from interviewer.grading import Grader, as_item
from interviewer.grading.scale import Answer, Scale, left_out, suggest
from interviewer.schema import Item

SIZES = (10, 20, 40, 80)
AT_ONCE = 32
_STEPS = 10  # of the scale on which kappa is taken
_DRAWS = 10


@dataclass(frozen=True, slots=True)
class Set:
    """Answers with our scores and people's marks, all 0–1."""

    name: str
    answers: tuple[Answer, ...]
    marks: tuple[float, ...]


def read_set(path: Path, grader: Grader, most: int, tell: Callable[[int, int], None] = lambda done, of: None) -> Set:
    """Grade a set of answers marked by people.

    Args:
        path: `NAME.jsonl.gz`, a line each: question, reference (a text or several), answer, score 0–1.
        grader: what grades.
        most: at most about so many answers, evenly spaced over the file.
        tell: called now and then with the number of answers that are graded, and of all that will be.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error}); it should be a .jsonl.gz with one answer a line") from None
    rows = rows[:: max(1, len(rows) // most)]
    answers, marks = [], []
    for start in range(0, len(rows), AT_ONCE):
        some = [(row, _item(row)) for row in rows[start : start + AT_ONCE]]
        grader.prepare((item, row["answer"]) for row, item in some)
        for row, item in some:
            grade = grader.grade(item, row["answer"])
            if grade.score is not None:
                answers.append(Answer(grade.score / 100, row["question"]))
                marks.append(float(row["score"]))
        tell(min(start + AT_ONCE, len(rows)), len(rows))
    return Set(path.name.removesuffix(".jsonl.gz"), tuple(answers), tuple(marks))


def _item(row: Mapping[str, Any]) -> Item:
    reference = row["reference"] if isinstance(row["reference"], str) else row["reference"][0]
    return as_item(row["question"], reference)


def curve(data: Set) -> Iterator[tuple[str, ...]]:
    """Rows of the table: number of marks, how they were chosen, r, RMSE and kappa on the answers without a mark."""
    everything = range(len(data.answers))
    yield "0", "—", *_figures([a.score for a in data.answers], data.marks)
    for size in SIZES:
        if 2 * size > len(data.answers):
            break
        yield str(size), "suggested", *_measured(data, suggest(data.answers, size))
        drawn = [_values(data, random.Random(seed).sample(everything, size)) for seed in range(_DRAWS)]
        means = np.mean(drawn, axis=0)
        yield str(size), f"by chance, mean of {_DRAWS}", *(f"{v:.3f}" for v in means)
    size = min(len(data.answers), 120)
    some = random.Random(0).sample(everything, size)
    found = left_out([data.answers[n] for n in some], [data.marks[n] for n in some])
    yield f"{size}", "all but a fiftieth, in turn", *_figures(found, [data.marks[n] for n in some])


def _measured(data: Set, chosen: Sequence[int]) -> tuple[str, ...]:
    return tuple(f"{v:.3f}" for v in _values(data, chosen))


def _values(data: Set, chosen: Sequence[int]) -> tuple[float, float, float]:
    scale = Scale([data.answers[n] for n in chosen], [data.marks[n] for n in chosen])
    rest = sorted(set(range(len(data.answers))) - set(chosen))
    return _agreement([scale(data.answers[n])[0] for n in rest], [data.marks[n] for n in rest])


def _figures(scores: Sequence[float], marks: Sequence[float]) -> tuple[str, ...]:
    return tuple(f"{v:.3f}" for v in _agreement(scores, marks))


def _agreement(scores: Sequence[float], marks: Sequence[float]) -> tuple[float, float, float]:
    a, b = np.asarray(scores, np.float64), np.asarray(marks, np.float64)
    ours, theirs = (np.floor(_STEPS * x + 0.5).astype(int) for x in (a, b))
    return pearson(a, b), rmse(a, b), qwk(ours, theirs, _STEPS + 1)


def table(sets: Sequence[Set]) -> str:
    """The curves of all sets as one table."""
    lines = ["| set | marks | chosen | Pearson r | RMSE | QWK |", "| :--- | ---: | :--- | ---: | ---: | ---: |"]
    lines += [f"| {data.name} | {' | '.join(row)} |" for data in sets for row in curve(data)]
    return "\n".join(lines)
