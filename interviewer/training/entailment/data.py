"""Labelled (passage, claim) pairs: public inference collections, students' answers, and the corpus's own wordings.

Only rows whose licence lets what is trained on them be given away (the model card names them), only training splits.
"""

from __future__ import annotations

import ast
import gzip
import json
import random
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from interviewer.schema import LANGUAGES, Item, Language
from interviewer.training.entailment.flips import denied, said_otherwise

COVERED, MISSING, CONTRADICTED = range(3)
_NLI = {"entailment": COVERED, "neutral": MISSING, "contradiction": CONTRADICTED}
_STUDENTS = {"correct": COVERED, "incorrect": MISSING, "contradictory": CONTRADICTED}
_SOURCES = frozenset({"snli-en-dev", "snli-en-test", "breaking-nli", "csnli-dev", "csnli-test", "cmnli-dev"})
_CAP = {"breaking-nli": 4000}  # nine in ten of its rows contradict
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Row:
    """A passage, a claim, and what the passage does to it."""

    passage: str
    claim: str
    label: int


def inference(folder: Path, seed: int) -> list[Row]:
    """SNLI, CSNLI, CMNLI and Breaking-NLI, shuffled."""
    rng = random.Random(seed)
    by_source: dict[str, list[Row]] = {}
    for language in LANGUAGES:
        for row in _json_lines(folder / "encoder" / f"nli_{language}.jsonl.gz"):
            if row["source"] in _SOURCES and len(row["premise"]) < _LONGEST:
                found = Row(row["premise"], row["hypothesis"], _NLI[row["label"]])
                by_source.setdefault(row["source"], []).append(found)
    rows = []
    for source in sorted(by_source):
        rng.shuffle(by_source[source])
        rows += by_source[source][: _CAP.get(source)]
    rng.shuffle(rows)
    return rows


def students(folder: Path, seed: int, split: str = "train") -> list[Row]:
    """SemEval-2013 Task 7: a student's answer against one of the reference answers."""
    rng = random.Random(seed)
    rows = []
    for name in ("semeval_beetle", "semeval_scientsbank"):
        for row in _json_lines(folder / "asag" / f"{name}.jsonl.gz"):
            if row["split"].startswith(split) and row["label"] in _STUDENTS and len(row["answer"]) < _LONGEST:
                rows.append(Row(row["answer"], rng.choice(references(row)), _STUDENTS[row["label"]]))
    rng.shuffle(rows)
    return rows


def references(row: dict[str, Any]) -> list[str]:
    """The reference answers of a row: a text, or a list written as text."""
    given = row["reference"]
    if isinstance(given, str) and given.startswith("["):
        given = ast.literal_eval(given)
    return [given] if isinstance(given, str) else list(given)


@dataclass(frozen=True, slots=True)
class Point:
    """One key point in one language, with what else its question asks for."""

    right: tuple[str, ...]
    wrong: tuple[str, ...]
    siblings: tuple[tuple[str, ...], ...]
    """Right and wrong wordings of the question's other points."""
    asides: tuple[str, ...]
    """What says nothing about the point: the question, probes."""


def points(items: Iterable[Item], left_out: Collection[str]) -> list[Point]:
    """The corpus's key points, without the items whose answers are kept for testing."""
    found = []
    for item in items:
        if item.id in left_out:
            continue
        for lang in LANGUAGES:
            right = [(p.text.get(lang), *p.also.get(lang)) for p in item.key_points]
            wrong = [(*p.contradictions.get(lang), *_aimed(item, p.id, lang)) for p in item.key_points]
            asides = (item.question.get(lang), *(p.probe.get(lang) for p in item.key_points if p.probe))
            for n in range(len(right)):
                others = tuple(right[m] + wrong[m] for m in range(len(right)) if m != n)
                found.append(Point(right[n], wrong[n], others, asides))
    return found


def _aimed(item: Item, point: str, lang: Language) -> list[str]:
    return [m.text.get(lang) for m in item.misconceptions if point in m.contradicts]


def draw(point: Point, elsewhere: Point, rng: random.Random) -> Row:
    """One pair about a point. What is right, wrong or beside it stands alone or beside another sentence.

    Args:
        point: whose wording is the claim.
        elsewhere: of any other question, for what is off the subject.
        rng: decides.
    """
    kind = rng.choices((COVERED, MISSING, CONTRADICTED), (0.34, 0.36, 0.30))[0]
    claim = rng.choice(point.right) if rng.random() < 0.5 else point.right[0]
    turned = denied(claim, rng) if kind == CONTRADICTED and rng.random() < 0.45 else ""
    if turned:
        passage = turned
        if rng.random() < 0.2:
            claim, passage = passage, claim
    elif kind == CONTRADICTED and point.wrong:
        passage = rng.choice(point.wrong)
        if rng.random() < 0.3:  # the wrong wording is the claim, which right words deny
            claim, passage = passage, rng.choice(point.right)
    elif kind == COVERED and len(set(point.right)) > 1:
        passage = rng.choice([w for w in point.right if w != claim] or list(point.right))
        if rng.random() < 0.25:  # nearly the same words may mean the same too
            passage = said_otherwise(claim, rng)
        if point.wrong and rng.random() < 0.2:
            claim = passage = rng.choice(point.wrong)  # and a wrong claim is said by its own words
    else:
        kind, passage = MISSING, _beside(point, elsewhere, rng)
        if point.wrong and rng.random() < 0.25:
            claim = rng.choice(point.wrong)
    if rng.random() < 0.35:
        other = _beside(point, elsewhere, rng)
        passage = _joined(passage, other) if rng.random() < 0.5 else _joined(other, passage)
    return Row(passage, claim, kind)


def _beside(point: Point, elsewhere: Point, rng: random.Random) -> str:
    chance = rng.random()
    if point.siblings and chance < 0.75:
        return rng.choice(rng.choice(point.siblings))
    return rng.choice(point.asides) if chance < 0.85 else rng.choice(elsewhere.right + elsewhere.wrong)


def _joined(first: str, second: str) -> str:
    chinese = any("\u4e00" <= c <= "\u9fff" for c in first)
    return first.rstrip("。.；; ") + ("。" if chinese else ". ") + second


def _json_lines(path: Path) -> Iterable[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
