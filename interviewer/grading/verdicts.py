"""Features of a claim → probabilities of its four verdicts (multinomial logistic regression), and the map from weighted
points to a score with its interval.

The parameters are fitted by `python -m interviewer.training.verdicts` and shipped as JSON. They belong to an encoder
(its cosines have their own scale): for an encoder they were not fitted on, a set that uses exact terms only stands in,
and every grade is marked for review.
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
FILE = Path(__file__).with_name("verdicts.json")

ERROR = -0.7
"""What claiming the opposite of a point adds, as a share of its weight: chosen on left-out questions."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Probabilities:
    """Of the four verdicts; they sum to 1."""

    covered: float
    partial: float
    missing: float
    contradicted: float

    @property
    def credit(self) -> float:
        """What the point is expected to add to a score, as a share of its weight: −0.7 to 1.

        Half a point for half of it said; claiming the opposite costs, so that a confident error is worse than silence.
        """
        return self.covered + 0.5 * self.partial + ERROR * self.contradicted

    @property
    def spread(self) -> float:
        """Variance of the credit over the four verdicts."""
        mean = self.credit
        values = (1.0, 0.5, 0.0, ERROR)
        chances = (self.covered, self.partial, self.missing, self.contradicted)
        return sum(p * (v - mean) ** 2 for p, v in zip(chances, values, strict=True))


@dataclass(frozen=True, slots=True)
class VerdictModel:
    """Standardise, multiply, softmax. Linear, so that more likeness to a right wording never counts against a point."""

    mean: Array
    """Shape (len(FEATURES),), like `scale`."""
    scale: Array
    weights: Array
    """Shape (4, len(FEATURES)), rows in the order of `CLASSES`; 0 where a feature is not used."""
    bias: Array

    def __call__(self, row: list[float]) -> Probabilities:
        """The probabilities for one claim's features."""
        logits = self.weights @ ((np.array(row) - self.mean) / self.scale) + self.bias
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
    entailment: str
    """Fingerprint of the cross-encoder it was fitted with."""
    version: str
    models: Mapping[Mode, VerdictModel]
    maps: Mapping[Mode, ScoreMap]


@lru_cache(maxsize=8)
def load_calibration(fingerprint: str) -> Calibration:
    """What was fitted on this encoder, or what uses exact terms only.

    Raises:
        ModelUnavailable: the shipped file is missing, damaged, or for other features.
    """
    modes: tuple[Mode, ...] = ("wordings", "bare")
    try:
        content = json.loads(FILE.read_text(encoding="utf-8"))
        if tuple(content["features"]) != FEATURES:
            raise ValueError("it is for other features")
        key = fingerprint if fingerprint in content["encoders"] else WORDS_ONLY
        entries = content["encoders"][key]
        models = {m: _model(entries[m]["model"]) for m in modes}
        maps = {m: _score_map(entries[m]["map"]) for m in modes}
        version, entailment = str(content["version"]), str(content["entailment"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelUnavailable(
            f"{FILE.name} cannot be used ({error}); reinstall, or fit it again with "
            "`python -m interviewer.training.verdicts`"
        ) from None
    return Calibration(key, entailment, version, models, maps)


def _model(values: Mapping[str, Any]) -> VerdictModel:
    mean, scale, weights, bias = (np.array(values[k], np.float64) for k in ("mean", "scale", "weights", "bias"))
    if weights.shape != (len(CLASSES), len(FEATURES)) or not mean.shape == scale.shape == (len(FEATURES),):
        raise ValueError("its arrays have the wrong shapes")
    return VerdictModel(mean, scale, weights, bias)


def _score_map(values: Mapping[str, Any]) -> ScoreMap:
    return ScoreMap(tuple(values["credits"]), tuple(values["scores"]), values["width"], values["review"])
