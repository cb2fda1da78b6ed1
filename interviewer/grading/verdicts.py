"""Features of a claim → probabilities of its four verdicts (gradient-boosted trees; Friedman, 2001), and the map from
weighted points to a score with its interval.

The parameters are fitted by `python -m interviewer.training.verdicts` and shipped as safetensors: arrays and a JSON
header, nothing that could run. They belong to an encoder (its cosines have their own scale): for an encoder they were
not fitted on, a set that uses exact terms only stands in, and every grade is marked for review.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from interviewer.errors import ModelUnavailable
from interviewer.grading.matching import FEATURES

CLASSES = ("covered", "partial", "missing", "contradicted")
WORDS_ONLY = "words"
Mode = Literal["wordings", "bare"]
"""Whether a claim has right and wrong wordings to compare with, or only its own text."""
FILE = Path(__file__).with_name("verdicts.safetensors")
ARRAYS = ("feature", "threshold", "left", "right", "value")

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Probabilities:
    """Of the four verdicts; they sum to 1."""

    covered: float
    partial: float
    missing: float
    contradicted: float

    @property
    def credit(self) -> float:
        """What the point is expected to add to a score, as a share of its weight: −0.3 to 1.

        Half a point for half of it said; claiming the opposite costs, so that a confident error is worse than silence.
        """
        return self.covered + 0.5 * self.partial - 0.3 * self.contradicted

    @property
    def spread(self) -> float:
        """Variance of the credit over the four verdicts."""
        mean = self.credit
        values = (1.0, 0.5, 0.0, -0.3)
        chances = (self.covered, self.partial, self.missing, self.contradicted)
        return sum(p * (v - mean) ** 2 for p, v in zip(chances, values, strict=True))


@dataclass(frozen=True, slots=True)
class Trees:
    """A boosted ensemble as arrays of shape (trees, nodes); tree t votes for class t mod 4. A leaf's `left` is −1."""

    feature: Array
    threshold: Array
    left: Array
    right: Array
    value: Array
    """Leaf votes, learning rate included."""

    def __call__(self, row: list[float]) -> Probabilities:
        """The probabilities for one claim's features."""
        x = np.array(row, np.float32)
        tree = np.arange(len(self.feature))
        node = np.zeros(len(self.feature), np.int64)
        while True:
            left = self.left[tree, node]
            inner = left >= 0
            if not inner.any():
                break
            down = np.where(x[self.feature[tree, node]] <= self.threshold[tree, node], left, self.right[tree, node])
            node = np.where(inner, down, node)
        logits = self.value[tree, node].reshape(-1, len(CLASSES)).sum(axis=0)
        p = np.exp(logits - logits.max())
        return Probabilities(*(round(float(v), 4) for v in p / p.sum()))


@dataclass(frozen=True, slots=True)
class ScoreMap:
    """From the weighted mean credit of an answer to its score."""

    credits: tuple[float, ...]
    """Knots, rising."""
    scores: tuple[float, ...]
    """Score at each knot, 0–100, never falling."""
    width: float
    """Half-width of the 90% interval in points of score, per unit of (spread + `FLOOR`)."""
    review: float
    """Half-width from which an answer is marked for review: the widest fifth when it was fitted."""

    def score(self, credit: float) -> float:
        """The score of a mean credit, 0–100."""
        return float(np.interp(credit, self.credits, self.scores))

    def half_width(self, spread: float) -> float:
        """Half the width of the interval, for the standard deviation of the mean credit."""
        return self.width * (spread + FLOOR)


FLOOR = 0.05
"""No answer is taken to be surer than this, in units of credit."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """All that was fitted for one encoder."""

    encoder: str
    """Fingerprint it was fitted on, or `WORDS_ONLY`."""
    version: str
    trees: Mapping[Mode, Trees]
    maps: Mapping[Mode, ScoreMap]


@lru_cache(maxsize=8)
def load_calibration(fingerprint: str) -> Calibration:
    """What was fitted on this encoder, or what uses exact terms only.

    Raises:
        ModelUnavailable: the shipped file is missing, damaged, or for other features.
    """
    from safetensors import SafetensorError, safe_open

    modes: tuple[Mode, ...] = ("wordings", "bare")
    try:
        with safe_open(FILE, "numpy") as file:
            header = json.loads(file.metadata()["verdicts"])
            if tuple(header["features"]) != FEATURES:
                raise ValueError("it is for other features")
            key = fingerprint if fingerprint in header["encoders"] else WORDS_ONLY
            trees = {m: Trees(*(file.get_tensor(f"{key}/{m}/{a}") for a in ARRAYS)) for m in modes}
            maps = {m: _score_map(header["encoders"][key][m]) for m in modes}
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise ModelUnavailable(
            f"{FILE.name} cannot be used ({error}); reinstall, or fit it again with "
            "`python -m interviewer.training.verdicts`"
        ) from None
    return Calibration(key, header["version"], trees, maps)


def _score_map(values: Mapping[str, Any]) -> ScoreMap:
    return ScoreMap(tuple(values["credits"]), tuple(values["scores"]), values["width"], values["review"])
