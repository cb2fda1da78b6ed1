"""Times and what is made of them: medians with their spread, ways compared in turns, and growth."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

ROUNDS = 5
"""How often everything is measured."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A line of the table."""

    work: str
    found: str
    target: str = "—"
    met: bool | None = None
    """None where nothing was promised."""

    def cells(self) -> tuple[str, ...]:
        """What stands in the table."""
        return self.work, self.found, self.target, {True: "yes", False: "no", None: "—"}[self.met]


def timed(work: Callable[[], object]) -> float:
    """Seconds that something takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def in_turns(ways: Mapping[str, Callable[[int], object]], rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Core-seconds of each way in each round: a machine that is busy with other work lets one wait, but not work more.

    They take turns all the same, so that whatever else changes does so for all of them.
    """
    names = list(ways)
    found: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(rounds):
        for name in names if turn % 2 == 0 else names[::-1]:
            begun = time.process_time()
            ways[name](turn)
            found[name].append(time.process_time() - begun)
    return found


def ratio(slow: Sequence[float], fast: Sequence[float]) -> list[float]:
    """How many times as long the first took, round by round."""
    return [a / b for a, b in zip(slow, fast, strict=True)]


def spread(values: Sequence[float], digits: int = 1, unit: str = "") -> str:
    """Median, then the least and the largest: `3.1 (2.8–3.4)`."""
    low, high = min(values), max(values)
    return f"{median(values):,.{digits}f}{unit} ({low:,.{digits}f}–{high:,.{digits}f})"


def percentile(values: Sequence[float], share: int) -> float:
    """The value that `share` in a hundred do not exceed."""
    return quantiles(values, n=100, method="inclusive")[share - 1] if len(values) > 1 else values[0]


def slope(small: float, large: float, times: float) -> float:
    """Growth between n and `times`·n as an exponent: 1 is linear, 0 is none."""
    return math.log(large / small) / math.log(times)


def markdown(figures: Sequence[Figure]) -> str:
    """The figures as a table."""
    rows = [("work", "measured", "target", "met"), *(f.cells() for f in figures)]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|---" * 4 + "|", *lines[1:]])
