"""Is model B really better than A? On the same cases, and over several seeds.

What: both models are judged on the same n cases. Those on which they agree say nothing about the difference:

    McNemar, exact      of the cases only one gets right, is a fair coin as lopsided as this? binomial test
    paired bootstrap    resample CASES, score both on the same ones, quantiles of the difference; for any metric
    seeds, paired t     the difference of two methods over trainings: mean +- t * deviation / sqrt(runs)

Why paired: the difficulty of a case moves both models alike, and pairing takes it out. Treated as two
independent samples, the same difference may look like noise.

The first two ask whether THESE checkpoints differ, the third whether the METHODS do. Both may be true or
only one.

Papers: McNemar, "Note on the Sampling Error of the Difference Between Correlated Proportions or Percentages",
1947; Dietterich, "Approximate Statistical Tests for Comparing Supervised Classification Learning Algorithms", 1998.

Run: python corpus/code/comparing_models.py    (1000 cases, 22 only A gets right, 40 only B)
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats  # type: ignore[import-untyped,unused-ignore]

Right = NDArray[np.bool_]


class Interval(NamedTuple):
    """A difference B - A and its 95% interval."""

    difference: float
    low: float
    high: float


def mcnemar(only_a: int, only_b: int) -> float:
    """Return the exact two-sided p value that so uneven a split of the disagreements is luck."""
    if min(only_a, only_b) < 0:
        raise ValueError(f"counts are not negative: {only_a}, {only_b}")
    total, fewer = only_a + only_b, min(only_a, only_b)
    tail = sum(math.comb(total, k) for k in range(fewer + 1)) / (1 << total)
    return min(1.0, 2 * tail)


def unpaired(a: Right, b: Right) -> Interval:
    """Return the interval of two independent samples: wrong here, and too wide."""
    shares, n = (a.mean(), b.mean()), len(_paired(a, b))
    error = math.sqrt(sum(share * (1 - share) / n for share in shares))
    difference = float(shares[1] - shares[0])
    return Interval(difference, difference - 1.96 * error, difference + 1.96 * error)


def paired(a: Right, b: Right) -> Interval:
    """Return the interval from the differences case by case, each -1, 0 or 1."""
    differences = _paired(a, b)
    error = float(differences.std()) / math.sqrt(len(differences))
    mean = float(differences.mean())
    return Interval(mean, mean - 1.96 * error, mean + 1.96 * error)


def bootstrap(
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    metric: Callable[[NDArray[np.float64]], float] = lambda scores: float(scores.mean()),
    *,
    draws: int = 2000,
    seed: int = 0,
) -> Interval:
    """Return the quantiles of metric(b) - metric(a) over resampled cases: the SAME cases for both."""
    if draws < 1 or len(_paired(a, b)) == 0:
        raise ValueError("need at least one draw and one case")
    generator = np.random.default_rng(seed)
    found = []
    for _ in range(draws):
        rows = generator.integers(len(a), size=len(a))
        found.append(metric(b[rows]) - metric(a[rows]))
    low, high = np.quantile(found, (0.025, 0.975))
    return Interval(metric(b) - metric(a), float(low), float(high))


def over_seeds(differences: Sequence[float]) -> Interval:
    """Return mean and t interval of the difference over trainings; runs are few, so t and not 1.96."""
    if len(differences) < 2:
        raise ValueError("one training has no spread: at least two are needed")
    mean = float(np.mean(differences))
    half = float(stats.t.ppf(0.975, len(differences) - 1) * np.std(differences, ddof=1) / math.sqrt(len(differences)))
    return Interval(mean, mean - half, mean + half)


def _paired(a: NDArray[np.generic], b: NDArray[np.generic]) -> NDArray[np.float64]:
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"need one score of each model for each case, got {a.shape} and {b.shape}")
    return b.astype(np.float64) - a.astype(np.float64)


def main() -> None:
    """Judge the same difference of 1.8 points in every way."""
    a, b = (np.zeros(1000, dtype=bool) for _ in range(2))
    a[:850] = True  # A is right on 850
    b[:828] = True  # B on 828 of those,
    b[850:890] = True  # and on 40 others
    print("1000 cases, A 85.0%, B 86.8%; points by which B is better, and the 95% interval:")
    for name, found in (
        ("as independent samples", unpaired(a, b)),
        ("paired", paired(a, b)),
        ("paired bootstrap", bootstrap(a.astype(float), b.astype(float))),
    ):
        print(f"  {name:<23} {100 * found.difference:.1f}  ({100 * found.low:+.1f} to {100 * found.high:+.1f})")
    print(f"McNemar: 22 only A, 40 only B: p = {mcnemar(22, 40):.3f}")
    found = over_seeds((1.8, 0.4, 1.2, -0.2, 0.8))
    print(f"five trainings of each: {found.difference:.1f} ({found.low:+.2f} to {found.high:+.2f}): ", end="")
    print("this checkpoint is better; the method may not be")

    generator = np.random.default_rng(1)
    hits = {"as independent samples": 0, "paired": 0}
    for _ in range(300):  # B is right on half of what A fails, and wrong on 6% of what A gets right
        a = generator.random(1000) < 0.85
        b = np.where(a, generator.random(1000) >= 0.06, generator.random(1000) < 0.5)
        for name, interval in (("as independent samples", unpaired), ("paired", paired)):
            hits[name] += interval(a, b).low > 0
    print("a true difference of 2.4 points is found: ", end="")
    print(", ".join(f"{name} in {count / 3:.0f}%" for name, count in hits.items()))


if __name__ == "__main__":
    main()
