"""Scaling features: normalisation and standardisation, fitted on the training rows only.

What: both subtract a number and divide by one, column by column; they differ in which.

    normalisation (min-max)   (x - min) / (max - min)      training data fill 0..1, two values decide
    standardisation           (x - mean) / std             mean 0, std 1, no fixed range
    robust scaling            (x - median) / (q75 - q25)   what outliers hardly move

Why scale: whatever adds features up (distances, inner products, gradient steps, penalties) is ruled
by the column with the largest unit. A tree asks one column at a time and does not care.

Why on the training rows only: min, mean and std are learnt numbers, part of the model. Test rows
that help to learn them tell it where they lie, and the score promises what production, where rows
come one at a time, cannot keep. A test value may fall outside 0..1; that is a fact, not a fault.

Paper: LeCun, Bottou, Orr and Müller, "Efficient BackProp", 1998 (why inputs are centred and scaled).

Run: python corpus/code/scaling.py    (scikit-learn's wines)
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_wine  # type: ignore[import-untyped,unused-ignore]
from sklearn.neighbors import KNeighborsClassifier  # type: ignore[import-untyped,unused-ignore]
from sklearn.tree import DecisionTreeClassifier  # type: ignore[import-untyped,unused-ignore]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Scaler(NamedTuple):
    """Two numbers per column, learnt once: keep them with the model's weights."""

    shift: Floats  # (D,)
    scale: Floats  # (D,)

    def transform(self, x: Floats) -> Floats:
        """Scale rows (N, D), whichever set they come from."""
        if x.ndim != 2 or x.shape[1] != len(self.shift):
            raise ValueError(f"fitted on {len(self.shift)} columns, got an array {x.shape}")
        return (x - self.shift) / self.scale

    def inverse(self, x: Floats) -> Floats:
        """Return to the original units, as for the predictions of a scaled target."""
        return x * self.scale + self.shift


def _scaler(shift: Floats, scale: Floats) -> Scaler:
    return Scaler(shift, np.where(scale == 0, 1.0, scale))  # a constant column becomes 0, not 0/0


def _check(x: Floats) -> None:
    if x.ndim != 2 or len(x) == 0 or not np.isfinite(x).all():
        raise ValueError("expected finite rows (N, D), at least one; impute what is missing first")


def fit_min_max(train: Floats) -> Scaler:
    """Learn to map the training rows onto 0..1."""
    _check(train)
    return _scaler(train.min(axis=0), train.max(axis=0) - train.min(axis=0))


def fit_standard(train: Floats) -> Scaler:
    """Learn to give the training rows mean 0 and standard deviation 1 (population form, / N)."""
    _check(train)
    return _scaler(train.mean(axis=0), train.std(axis=0))


def fit_robust(train: Floats) -> Scaler:
    """Learn to give the training rows median 0 and interquartile range 1."""
    _check(train)
    low, median, high = np.quantile(train, (0.25, 0.5, 0.75), axis=0)
    return _scaler(median, high - low)


class Split(NamedTuple):
    """Rows to train on and to test on."""

    x: Floats
    y: Ints
    test_x: Floats
    test_y: Ints

    def scaled(self, scaler: Scaler) -> "Split":
        """Transform both parts by the same numbers."""
        return self._replace(x=scaler.transform(self.x), test_x=scaler.transform(self.test_x))


def wines(seed: int) -> Split:
    """Return 178 wines, 13 measurements in very different units, half to train and half to test."""
    x, y = load_wine(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(y))
    train, test = order[:89], order[89:]
    return Split(x[train], y[train], x[test], y[test])


def accuracy(split: Split, learner: Any = None) -> float:
    """Fit (by default five nearest neighbours) and return the accuracy on the test rows."""
    learner = KNeighborsClassifier(5) if learner is None else learner
    return float(learner.fit(split.x, split.y).score(split.test_x, split.test_y))


def condition_number(x: Floats) -> float:
    """Return the ratio of the largest to the smallest curvature of least squares on centred rows.

    Gradient descent needs a number of steps that grows with it.
    """
    eigenvalues = np.linalg.eigvalsh(np.cov(x, rowvar=False))
    return float(eigenvalues[-1] / eigenvalues[0])


def other_instrument(split: Split) -> Split:
    """Let the test rows come from an instrument that reads every measurement 40% too high."""
    return split._replace(test_x=1.4 * split.test_x)


def leak(split: Split) -> tuple[float, float, float]:
    """Return the accuracy with the test rows scaled by statistics of the training, of all, of the test rows."""
    honest = fit_standard(split.x)
    pooled = fit_standard(np.concatenate((split.x, split.test_x)))
    own = split._replace(x=honest.transform(split.x), test_x=fit_standard(split.test_x).transform(split.test_x))
    return accuracy(split.scaled(honest)), accuracy(split.scaled(pooled)), accuracy(own)


def main() -> None:
    """Scale one column by hand, show who needs scaling, and what leaks through a scaler."""
    column = np.array([[2.0], [4], [4], [4], [5], [5], [7], [9]])
    eleven = np.array([[11.0]])
    fits = {"min-max": fit_min_max, "standard": fit_standard, "robust": fit_robust}
    figures = ", ".join(f"{name} {fit(column).transform(eleven).item():.2f}" for name, fit in fits.items())
    print(f"fitted on 2, 4, 4, 4, 5, 5, 7, 9, a test value of 11 becomes: {figures}")
    leaky = fit_min_max(np.concatenate((column, eleven))).transform(eleven).item()
    print(f"  min-max fitted on all nine: {leaky:.2f}, and nothing shows that 11 is out of range")
    spoilt = np.concatenate((column, [[900.0]]))
    spread = ", ".join(f"{name} {np.ptp(fit(spoilt).transform(column)):.3f}" for name, fit in fits.items())
    print(f"  one outlier of 900 in training; the other eight then span: {spread}")
    splits = [wines(seed) for seed in range(20)]
    print("wines, mean of 20 splits, held-out accuracy:")
    for name, fit in {"as measured": None, **fits}.items():
        scaled = [split.scaled(fit(split.x)) if fit else split for split in splits]
        neighbours = np.mean([accuracy(split) for split in scaled])
        tree = np.mean([accuracy(split, DecisionTreeClassifier(random_state=0)) for split in scaled])
        curvature = np.mean([condition_number(split.x) for split in scaled])
        print(f"  {name:12} 5 neighbours {neighbours:.3f}, tree {tree:.3f}; condition number {curvature:,.0f}")
    print(
        "5 neighbours, standardised by statistics of the training rows (what production has), all rows, the test rows:"
    )
    for name, change in (("from the same instrument", lambda s: s), ("40% too high", other_instrument)):
        honest, pooled, own = np.mean([leak(change(split)) for split in splits], axis=0)
        print(f"  test rows {name:24} {honest:.3f}, {pooled:.3f}, {own:.3f}")


if __name__ == "__main__":
    main()
