"""Ability from scores and levels: one number with its uncertainty, on the scale of the levels.

A candidate of ability 3 gets about two thirds of a question of level 3. A score counts as `MARKS` independent marks,
each won with a chance that grows with ability minus level (the Rasch model; for shares between 0 and 1 the
quasi-likelihood of Papke and Wooldridge, 1996). The posterior is summed over a grid: nothing is sampled.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import erf, exp, log, sqrt

MARKS = 2.0
"""How much one score tells: as much as so many right-or-wrong questions."""
SLOPE = 1.3
"""Growth of a mark's log-odds per level."""
EVEN = log(2)
"""Log-odds of a mark on a question of one's own level: two thirds."""
BEFORE = (3.0, 1.5)
"""Mean and standard deviation before anything was answered, in levels."""
_GRID = tuple(-1 + n / 10 for n in range(81))


@dataclass(frozen=True, slots=True)
class Estimate:
    """An ability."""

    level: float
    """On the scale of the levels: 1 screening to 5 staff; it may lie beyond."""
    error: float
    """Standard deviation, in levels."""

    @property
    def low(self) -> float:
        """Lower end of the 80% interval."""
        return self.level - 1.2816 * self.error

    @property
    def high(self) -> float:
        """Upper end of the 80% interval."""
        return self.level + 1.2816 * self.error


def estimate(scores: Iterable[tuple[float, int]]) -> Estimate:
    """Ability from answers.

    Args:
        scores: score (0–100) and the question's level (1–5), in any order.
    """
    mean, spread = BEFORE
    logs = [-0.5 * ((at - mean) / spread) ** 2 for at in _GRID]
    for score, level in scores:
        share = min(1.0, max(0.0, score / 100))
        for n, at in enumerate(_GRID):
            odds = SLOPE * (at - level) + EVEN
            # log p = −log(1 + e^−odds), log(1 − p) = log p − odds
            won = -log(1 + exp(-odds))
            logs[n] += MARKS * (won - (1 - share) * odds)
    highest = max(logs)
    weights = [exp(value - highest) for value in logs]
    total = sum(weights)
    middle = sum(w * at for w, at in zip(weights, _GRID, strict=True)) / total
    variance = sum(w * (at - middle) ** 2 for w, at in zip(weights, _GRID, strict=True)) / total
    return Estimate(round(middle, 2), round(sqrt(variance), 2))


def within_reach(ability: Estimate, levels: Sequence[int]) -> float:
    """Share of questions that are no harder than the ability: its percentile on the scale of their levels, 0–1.

    Each question counts with the chance that the ability lies above its level. 0 if there are no questions.
    """
    if not levels:
        return 0.0
    spread = max(ability.error, 1e-6) * sqrt(2)
    return round(sum(0.5 * (1 + erf((ability.level - level) / spread)) for level in levels) / len(levels), 3)
