"""Features of a claim → probabilities of covered, missing and contradicted: a multinomial logistic regression.

The parameters are fitted by `python -m interviewer.training.verdicts` and shipped as JSON. They belong to an encoder
(its cosines have their own scale): for an encoder they were not fitted on, a set that uses exact terms only stands in,
and every grade is marked for review. No pickle, no scikit-learn at run time.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interviewer.errors import ModelUnavailable
from interviewer.grading.matching import FEATURES, Features
from interviewer.schema import Language

CLASSES = ("covered", "missing", "contradicted")
WORDS_ONLY = "words"
_FILE = Path(__file__).with_name("verdicts.json")

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Probabilities:
    """Of the three verdicts; they sum to 1."""

    covered: float
    missing: float
    contradicted: float


@dataclass(frozen=True, slots=True)
class VerdictModel:
    """Standardise, multiply, softmax."""

    mean: Array
    """Shape (len(FEATURES),)."""
    scale: Array
    weights: Array
    """Shape (3, len(FEATURES)), rows in the order of `CLASSES`."""
    bias: Array

    def __call__(self, features: Features) -> Probabilities:
        """The probabilities for one claim."""
        x = (np.array(features.row()) - self.mean) / self.scale
        logits = self.weights @ x + self.bias
        p = np.exp(logits - logits.max())
        return Probabilities(*(round(float(v), 4) for v in p / p.sum()))


@dataclass(frozen=True, slots=True)
class Calibration:
    """All fitted models for one encoder."""

    encoder: str
    """Fingerprint it was fitted on, or `WORDS_ONLY`."""
    version: str
    models: dict[tuple[Language, bool], VerdictModel]
    """By language and whether the claim has wrong wordings to compare with."""


@lru_cache(maxsize=8)
def load_calibration(fingerprint: str) -> Calibration:
    """The models fitted on this encoder, or those that use exact terms only.

    Raises:
        ModelUnavailable: the shipped file is damaged.
    """
    try:
        content = json.loads(_FILE.read_text(encoding="utf-8"))
        if tuple(content["features"]) != FEATURES:
            raise ValueError("it is for other features")
        key = fingerprint if fingerprint in content["encoders"] else WORDS_ONLY
        models = {
            (language, wordings): _model(content["encoders"][key][language][name])
            for language in ("zh", "en")
            for wordings, name in ((True, "wordings"), (False, "bare"))
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelUnavailable(
            f"{_FILE.name} is damaged ({error}); reinstall, or fit it again with "
            "`python -m interviewer.training.verdicts`"
        ) from None
    return Calibration(key, content["version"], models)  # type: ignore[arg-type]


def _model(values: dict[str, Any]) -> VerdictModel:
    return VerdictModel(*(np.array(values[k], np.float64) for k in ("mean", "scale", "weights", "bias")))
