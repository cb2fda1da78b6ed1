"""How far a grader agrees with a person who marked the same answers, with 95% intervals.

Marks and scores are 0–100. Intervals are by bootstrap over answers (percentiles; Efron, 1979), so they speak about more
answers of the same kind to the same questions, not about other questions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from interviewer.evaluation.grading import Estimate, Measure, Numbers, pearson, qwk, rmse

BANDS = (30.0, 60.0, 80.0)
"""Least score of a weak, an adequate and a strong answer."""
_ROUNDS = 1000
_FEWEST = 3  # answers, for a figure to mean anything


@dataclass(frozen=True, slots=True)
class Agreement:
    """The figures of one set of answers."""

    count: int
    pearson: Estimate
    rmse: Estimate
    """Points of score."""
    qwk: Estimate
    """Quadratic weighted kappa (Cohen, 1968) of the marks as whole steps of the marker's scale."""
    alpha: Estimate
    """Krippendorff's alpha for interval data."""
    bias: Estimate
    """Mean of our score minus the mark (Bland and Altman, 1986)."""
    limits: tuple[float, float]
    """95% limits of agreement: where differences lie for 95 answers of 100."""
    confusion: tuple[tuple[int, ...], ...]
    """Answers by the person's band (rows: poor, weak, adequate, strong) and ours (columns)."""


def agreement(
    ours: Sequence[float], human: Sequence[float], steps: int = 10, rounds: int = _ROUNDS
) -> Agreement | None:
    """All figures, or None for fewer than three answers.

    Args:
        ours: our scores, 0–100.
        human: the marks, 0–100, in the same order.
        steps: how many steps the marker's scale has above 0.
        rounds: of the bootstrap.
    """
    a, b = np.asarray(ours, np.float64), np.asarray(human, np.float64)
    if len(a) < _FEWEST:
        return None
    spread = 1.96 * float(np.std(a - b, ddof=1))
    middle = float(np.mean(a - b))
    seen = np.zeros((len(BANDS) + 1, len(BANDS) + 1), int)
    np.add.at(seen, (np.digitize(b, BANDS), np.digitize(a, BANDS)), 1)

    def stepped(x: Numbers, y: Numbers) -> float:
        return qwk(_steps(x, steps), _steps(y, steps), steps + 1)

    return Agreement(
        count=len(a),
        pearson=interval(pearson, a, b, rounds),
        rmse=interval(rmse, a, b, rounds),
        qwk=interval(stepped, a, b, rounds),
        alpha=interval(krippendorff, a, b, rounds),
        bias=interval(_bias, a, b, rounds),
        limits=(middle - spread, middle + spread),
        confusion=tuple(tuple(int(n) for n in row) for row in seen),
    )


def interval(measure: Measure, a: Numbers, b: Numbers, rounds: int = _ROUNDS) -> Estimate:
    """A figure of two equally long rows of numbers with its interval; the same numbers give the same interval."""
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(rounds):
        rows = rng.integers(0, len(a), len(a))
        drawn.append(measure(a[rows], b[rows]))
    kept = [d for d in drawn if np.isfinite(d)]
    low, high = np.quantile(kept, [0.025, 0.975]) if kept else (np.nan, np.nan)
    return Estimate(measure(a, b), float(low), float(high))


def krippendorff(a: Numbers, b: Numbers) -> float:
    """Krippendorff's alpha of two raters without gaps, interval metric; NaN where nothing varies.

    1 − observed / expected disagreement: the mean squared difference within answers over that among all 2n values
    (Krippendorff, "Content Analysis", 2004, §11.3).
    """
    both = np.concatenate([a, b])
    expected = 2 * float(np.var(both, ddof=1))
    return 1 - float(np.mean((a - b) ** 2)) / expected if expected else float("nan")


def _bias(a: Numbers, b: Numbers) -> float:
    return float(np.mean(a - b))


def _steps(scores: Numbers, steps: int) -> NDArray[np.int64]:
    return np.clip(np.floor(scores / 100 * steps + 0.5), 0, steps).astype(np.int64)
