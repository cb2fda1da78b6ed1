"""Adapting the grader's scale to a teacher's, from as few as twenty answers that the teacher has marked.

The teacher's mark is modelled as our score plus a Gaussian process over score and question: a constant offset, another
slope, some curvature, and an offset of each question's own (Rasmussen and Williams, "Gaussian Processes for Machine
Learning", 2006, ch. 2). Where no marks speak, it shrinks to our own score. How strongly is chosen by marginal
likelihood among few settings. The fitted curve is made to rise with the score by sorting its values (Chernozhukov,
Fernández-Val and Galichon, Biometrika 2009): a better answer never gets fewer points for it.

The same model says which answers tell it most: `suggest` takes, one after the other, the answer whose mark would lower
the expected squared error over all answers most (Cohn, Ghahramani and Jordan, JAIR 1996).

Knows nothing of tables. Scores and marks are 0–1 here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

FEWEST = 5
"""Marks without which nothing can be said."""
_MOST = 1_000  # marks that are used: the cost grows with their cube
_FOLDS = 50
_GRID = np.linspace(0.0, 1.0, 101)
_CURVE = 0.25  # of the score: how far a curve stays like itself
_COVERAGE = 0.9


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model knows of an answer."""

    score: float
    question: str


@dataclass(frozen=True, slots=True)
class _Setting:
    """Standard deviations that are believed before any mark is seen."""

    scale: float = 1.0
    """Of offset, slope and curvature together, as a multiple of what they usually are."""
    question: float = 0.15
    noise: float = 0.15


_SETTINGS = tuple(
    _Setting(*values) for values in product((0.2, 0.5, 1.0, 2.0), (0.02, 0.1, 0.2), (0.05, 0.1, 0.15, 0.2, 0.3))
)


class Scale:
    """How a teacher's marks follow from our scores."""

    def __init__(self, answers: Sequence[Answer], marks: Sequence[float]) -> None:
        """Fit.

        Args:
            answers: that were marked, at least `FEWEST`.
            marks: theirs, 0–1, in the same order.
        """
        every = max(1, math.ceil(len(answers) / _MOST))
        self._answers, self._marks = list(answers[::every]), np.asarray(marks, np.float64)[::every]
        self._setting = max(_SETTINGS, key=self._evidence)
        noisy = self._noisy(self._setting)
        self._inverse = np.linalg.inv(noisy)
        self._weights = self._inverse @ self._residuals()
        # Leave-one-out in closed form (Rasmussen and Williams, eq. 5.12), in units of what the model expected.
        away = np.sort(np.abs(self._weights) / np.sqrt(np.diag(self._inverse)))
        self._width = float(away[min(len(away), math.ceil(_COVERAGE * (len(away) + 1))) - 1])
        self._curves: dict[str, tuple[Numbers, Numbers]] = {}

    def __call__(self, answer: Answer) -> tuple[float, float, float]:
        """The mark to expect, and between which bounds it lies for nine answers of ten; each 0–1."""
        known = answer.question if any(a.question == answer.question for a in self._answers) else ""
        if known not in self._curves:
            self._curves[known] = self._curve(known)
        curve, widths = self._curves[known]
        middle, half = (float(np.interp(answer.score, _GRID, values)) for values in (curve, widths))
        return middle, max(0.0, middle - half), min(1.0, middle + half)

    def _curve(self, question: str) -> tuple[Numbers, Numbers]:
        """Over `_GRID`: marks, and half widths of their intervals."""
        points = [Answer(float(s), question) for s in _GRID]
        across = _kernel(points, self._answers, self._setting)
        marks = np.sort(np.clip(_GRID + across @ self._weights, 0.0, 1.0))
        own = np.diag(_kernel(points, points, self._setting)) + self._setting.noise**2
        spread = np.sqrt(np.maximum(own - np.einsum("ij,jk,ik->i", across, self._inverse, across), 1e-9))
        return marks, self._width * spread

    def _residuals(self) -> Numbers:
        return np.asarray(self._marks - np.array([a.score for a in self._answers]), np.float64)

    def _noisy(self, setting: _Setting) -> Numbers:
        return _kernel(self._answers, self._answers, setting) + setting.noise**2 * np.eye(len(self._answers))

    def _evidence(self, setting: _Setting) -> float:
        """Log marginal likelihood, up to a constant (Rasmussen and Williams, eq. 2.30)."""
        root = np.linalg.cholesky(self._noisy(setting))
        white = np.linalg.solve(root, self._residuals())
        return float(-0.5 * white @ white - np.log(np.diag(root)).sum())


def left_out(answers: Sequence[Answer], marks: Sequence[float]) -> list[float]:
    """What each answer would get from a scale fitted without it, 0–1: one left out at a time; above 50, in 50 parts."""
    folds = min(len(answers), _FOLDS)
    found = [0.0] * len(answers)
    for fold in range(folds):
        rest = [n for n in range(len(answers)) if n % folds != fold]
        scale = Scale([answers[n] for n in rest], [marks[n] for n in rest])
        for n in range(fold, len(answers), folds):
            found[n] = scale(answers[n])[0]
    return found


def suggest(answers: Sequence[Answer], count: int) -> list[int]:
    """Positions of the answers to mark first, the most telling first; at most `_MOST` of the answers are looked at."""
    every = max(1, math.ceil(len(answers) / _MOST))
    places = list(range(0, len(answers), every))
    looked = [answers[n] for n in places]
    setting = _Setting()
    unsure = _kernel(looked, looked, setting)
    chosen: list[int] = []
    for _ in range(min(count, len(looked))):
        gain = (unsure**2).sum(axis=0) / (np.diag(unsure) + setting.noise**2)
        gain[chosen] = -1.0
        best = int(gain.argmax())
        chosen.append(best)
        unsure = unsure - np.outer(unsure[:, best], unsure[best]) / (unsure[best, best] + setting.noise**2)
    return [places[n] for n in chosen]


def _kernel(a: Sequence[Answer], b: Sequence[Answer], setting: _Setting) -> Numbers:
    """Covariance of how far marks lie from our scores."""
    s, t = (np.array([x.score for x in side]) for side in (a, b))
    names = {q: n for n, q in enumerate(dict.fromkeys(x.question for x in (*a, *b)))}
    asked, of = (np.array([names[x.question] for x in side]) for side in (a, b))
    distance = np.subtract.outer(s, t)
    shared = 0.2**2 + 0.3**2 * np.outer(s - 0.5, t - 0.5) + 0.1**2 * np.exp(-0.5 * (distance / _CURVE) ** 2)
    return np.asarray(setting.scale**2 * shared + setting.question**2 * np.equal.outer(asked, of), np.float64)
