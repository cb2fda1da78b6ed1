"""An answer against a reference answer, where no wordings of single claims are at hand: one row of numbers about the
whole, from which a fitted linear model makes a score.

The answer's length is left out: on some exams it alone reaches r = 0.6, and it would reward padding.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from interviewer.errors import ModelUnavailable
from interviewer.grading.entailment import Entailment
from interviewer.grading.matching import Match, Vocabulary
from interviewer.retrieval import Encoder
from interviewer.text import terms

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Overall:
    """Cosines −1 to 1, shares 0 to 1, log-odds −5 to 5."""

    cosine: float
    """Whole answer to whole reference."""
    demoted: float
    """The same, the question's direction taken out of both."""
    recall: float
    """Share of the reference's term weight that the answer says, the question's terms discounted."""
    precision: float
    """Share of the answer's term weight that the reference says."""
    echo: float
    """Share of the answer's terms that the question holds."""
    right_mean: float
    """Over the reference's points, by weight: how near the answer's nearest span is."""
    right_least: float
    right_most: float
    terms_mean: float
    recall_mean: float
    says_mean: float
    """Over the points: what the cross-encoder makes of the nearest span, log-odds of covered."""
    says_most: float
    denies_mean: float
    denies_most: float
    says_all: float
    """The cross-encoder on the whole answer and the whole reference (as much of both as it reads)."""
    denies_all: float
    says_back: float
    """The other way round: does the reference say what the answer claims?"""
    credit: float
    """Weighted mean credit of the points' verdicts, −0.7 to 1."""

    def row(self) -> list[float]:
        """The values in field order."""
        return [float(getattr(self, f.name)) for f in fields(self)]


OVERALL = tuple(f.name for f in fields(Overall))


def overall(
    answer: str,
    question: str,
    reference: str,
    matches: Sequence[Match],
    weights: Sequence[float],
    credit: float,
    encoder: Encoder,
    vocabulary: Vocabulary,
    entailment: Entailment,
) -> Overall:
    """Compare.

    Args:
        answer: with something in it.
        question: as asked.
        reference: a full answer.
        matches: of each of the reference's points with the answer; at least one.
        weights: of the points.
        credit: what the points' verdicts come to.
        encoder: for the cosines.
        vocabulary: for the terms' weights.
        entailment: the cross-encoder.
    """
    a, q, r = encoder.encode([answer, question, reference])
    asked = frozenset(terms(question))
    said, due = vocabulary.weigh(terms(answer), asked), vocabulary.weigh(terms(reference), asked)
    common = [t for t in due if t in said]
    forward, back = _odds(entailment, [(answer, reference), (reference, answer)])
    share = np.array(weights) / sum(weights)
    rows = [m.features for m in matches]

    def mean(name: str) -> float:
        return float(share @ np.array([getattr(row, name) for row in rows]))

    return Overall(
        cosine=float(a @ r),
        demoted=float(_without(a, q) @ _without(r, q)),
        recall=sum(due[t] for t in common) / max(sum(due.values()), 1e-6),
        precision=sum(said[t] for t in common) / max(sum(said.values()), 1e-6),
        echo=sum(t in asked for t in said) / max(1, len(said)),
        right_mean=mean("right"),
        right_least=min(row.right for row in rows),
        right_most=max(row.right for row in rows),
        terms_mean=mean("right_terms"),
        recall_mean=mean("right_recall"),
        says_mean=mean("says"),
        says_most=max(row.says for row in rows),
        denies_mean=mean("denies"),
        denies_most=max(row.denies for row in rows),
        says_all=forward[0],
        denies_all=forward[2],
        says_back=back[0],
        credit=credit,
    )


def _odds(entailment: Entailment, pairs: Sequence[tuple[str, str]]) -> list[list[float]]:
    chances = entailment.judge(pairs).astype(np.float64)
    odds = np.clip(np.log(chances + 1e-6) - np.log(1 - chances + 1e-6), -5, 5)
    return [[round(float(v), 3) for v in row] for row in odds]


def _without(vector: NDArray[np.float32], direction: NDArray[np.float32]) -> NDArray[np.float32]:
    rest: NDArray[np.float32] = vector - (vector @ direction) * direction
    norm = float(np.linalg.norm(rest))
    return rest / norm if norm > 1e-6 else rest


@dataclass(frozen=True, slots=True)
class ReferenceScale:
    """`Overall` → a score with the half-width of its 90% interval. Linear, fitted by `training/reference.py`."""

    mean: Array
    """Shape (len(OVERALL),), like `scale`, `weights` and `doubts`."""
    scale: Array
    weights: Array
    bias: float
    doubts: Array
    """Weights of the expected error, from which the interval's width comes (normalised conformal prediction:
    Papadopoulos, Gammerman and Vovk, 2008)."""
    doubt: float
    width: float
    """Half-width per unit of expected error."""
    review: float
    """Half-width, in points, from which an answer is marked for review: the widest fifth when it was fitted."""

    def __call__(self, found: Overall) -> tuple[float, float]:
        """Score, 0–100, and half the width of its interval, in points."""
        row = (np.array(found.row()) - self.mean) / self.scale
        score = float(np.clip(row @ self.weights + self.bias, 0.0, 1.0))
        half = self.width * max(LEAST_DOUBT, float(row @ self.doubts + self.doubt))
        return round(100 * score, 1), round(100 * half, 1)


LEAST_DOUBT = 0.05
"""No score is taken to be surer than this, as a share of all points."""
FILE = Path(__file__).with_name("reference.json")


@lru_cache(maxsize=4)
def load_reference_scale(encoder: str, entailment: str) -> ReferenceScale | None:
    """What was fitted on these two models, by their fingerprints; None where nothing was.

    Raises:
        ModelUnavailable: the shipped file is damaged.
    """
    if not FILE.exists():
        return None
    try:
        content = json.loads(FILE.read_text(encoding="utf-8"))
        if tuple(content["features"]) != OVERALL:
            raise ValueError("it is for other features")
        mean, scale, weights, doubts = (
            np.array(content[k], np.float64) for k in ("mean", "scale", "weights", "doubts")
        )
        if any(a.shape != (len(OVERALL),) for a in (mean, scale, weights, doubts)):
            raise ValueError("its arrays have the wrong shapes")
        bias, doubt, width, review = (float(content[k]) for k in ("bias", "doubt", "width", "review"))
        fitted_on = content["encoder"], content["entailment"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelUnavailable(f"{FILE.name} cannot be used ({error}); reinstall the program") from None
    if fitted_on != (encoder, entailment):
        return None
    return ReferenceScale(mean, scale, weights, bias, doubts, doubt, width, review)
