"""SMOTE: new rows of a rare class, between a row of it and one of its nearest rows.

What: to balance a training set, do not repeat the minority's rows but interpolate between them:

    x_new = x + u * (x_neighbour - x),   u ~ Uniform(0, 1),   label: minority

where x_neighbour is one of the k nearest rows to x within the minority. The new rows fill the
region between, so a learner that works by neighbourhoods sees an area instead of copied points.

Where it belongs: inside the training fold, after the split and after scaling (distances decide).
Done before the split, a test row has training rows interpolated from it, and the score is inflated;
and the test set must keep the real class ratio, or neither precision nor threshold carries over.
SMOTE needs features for which "between" makes sense: no categories, no raw images. It adds no
information: like class weights or a lower threshold it buys recall with precision.

Paper: Chawla et al., "SMOTE: Synthetic Minority Over-sampling Technique", 2002.

Run: python corpus/code/smote.py    (a generated table with 3% positives)
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone  # type: ignore[import-untyped,unused-ignore]
from sklearn.datasets import make_classification  # type: ignore[import-untyped,unused-ignore]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped,unused-ignore]
from sklearn.metrics import average_precision_score  # type: ignore[import-untyped,unused-ignore]
from sklearn.model_selection import StratifiedKFold  # type: ignore[import-untyped,unused-ignore]
from sklearn.neighbors import KNeighborsClassifier  # type: ignore[import-untyped,unused-ignore]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Table(NamedTuple):
    """Features (N, D) and labels (N,), 1 for the rare class."""

    x: Floats
    y: Ints


def nearest_neighbours(rows: Floats, k: int) -> Ints:
    """Return for each row (N, D) the indices (N, k) of its k nearest other rows."""
    if not 1 <= k < len(rows):
        raise ValueError(f"k must lie in 1..{len(rows) - 1} for {len(rows)} rows, got {k}")
    distance = np.square(rows[:, None, :] - rows[None, :, :]).sum(axis=2)  # (N, N), fine for a rare class
    np.fill_diagonal(distance, np.inf)  # nobody is its own neighbour
    return np.argsort(distance, axis=1, kind="stable")[:, :k]


def interpolate(minority: Floats, count: int, k: int, rng: np.random.Generator) -> Floats:
    """Return `count` new rows, each between a minority row and one of its k nearest."""
    if count < 0:
        raise ValueError(f"count must not be negative, got {count}")
    neighbours = nearest_neighbours(minority, k)
    base = rng.integers(len(minority), size=count)
    partner = neighbours[base, rng.integers(k, size=count)]
    u = rng.random((count, 1))  # one number per row: the new row lies on the line, not in the box
    return minority[base] + u * (minority[partner] - minority[base])


def smote(train: Table, rng: np.random.Generator, k: int = 5) -> Table:
    """Return the training rows and enough new minority rows to make the classes equal."""
    if not np.isin(train.y, (0, 1)).all() or 2 * train.y.sum() > len(train.y):
        raise ValueError("labels must be 0 and 1, and 1 the rarer class")
    missing = int((train.y == 0).sum() - (train.y == 1).sum())
    new = interpolate(train.x[train.y == 1], missing, k, rng)
    return Table(np.concatenate((train.x, new)), np.concatenate((train.y, np.ones(missing, dtype=np.int64))))


def repeat(train: Table, rng: np.random.Generator) -> Table:
    """Return the training rows with minority rows drawn again until the classes are equal."""
    rare, missing = np.flatnonzero(train.y == 1), int((train.y == 0).sum() - (train.y == 1).sum())
    rows = np.concatenate((np.arange(len(train.y)), rng.choice(rare, missing)))
    return Table(train.x[rows], train.y[rows])


def generated(seed: int = 0) -> Table:
    """Draw 3,000 rows with 8 features, of which 3% are positive, in two clusters."""
    x, y = make_classification(
        3000, 8, n_informative=5, n_redundant=0, weights=[0.97], flip_y=0.0, class_sep=0.8, random_state=seed
    )
    return Table(x, y.astype(np.int64))


class Scores(NamedTuple):
    """What a fold's untouched rows say."""

    recall: float
    precision: float
    average_precision: float


def score(learner: Any, train: Table, test: Table, threshold: float) -> Scores:
    """Fit a fresh copy on `train` and score it on `test`, flagging what lies above the threshold."""
    probability: Floats = clone(learner).fit(train.x, train.y).predict_proba(test.x)[:, 1]
    flagged, real = probability > threshold, test.y == 1
    hits = int((flagged & real).sum())
    return Scores(hits / real.sum(), hits / max(1, flagged.sum()), average_precision_score(test.y, probability))


def cross_validate(learner: Any, table: Table, resampling: str, threshold: float = 0.5, seed: int = 0) -> Scores:
    """Return the mean scores over five folds, resampling the training part of each.

    `resampling` is "none", "repeat", "smote", or "leaky smote": before the split, as one must not.
    """
    if resampling not in ("none", "repeat", "smote", "leaky smote"):
        raise ValueError(f"unknown resampling {resampling!r}")
    rng = np.random.default_rng(seed)
    if resampling == "leaky smote":
        table = smote(table, rng)  # the mistake: test folds hold rows made from training rows, and vice versa
    results: list[Scores] = []
    for train_rows, test_rows in StratifiedKFold(5, shuffle=True, random_state=seed).split(table.x, table.y):
        train, test = (Table(table.x[rows], table.y[rows]) for rows in (train_rows, test_rows))
        if resampling == "smote":
            train = smote(train, rng)
        elif resampling == "repeat":
            train = repeat(train, rng)
        results.append(score(learner, train, test, threshold))
    return Scores(*np.mean(results, axis=0).tolist())


def main() -> None:
    """Compare the ways of balancing for two learners, then show what the leak reports."""
    table = generated()
    print(f"{len(table.y)} rows, {table.y.mean():.1%} positive; five folds, tested on rows as they come")
    weighted = LogisticRegression(class_weight="balanced")
    trials: list[tuple[str, Any, str, float]] = [
        ("logistic regression", LogisticRegression(), "none", 0.5),
        ("  threshold 0.05", LogisticRegression(), "none", 0.05),
        ("  class weights", weighted, "none", 0.5),
        ("  repeated minority", LogisticRegression(), "repeat", 0.5),
        ("  SMOTE", LogisticRegression(), "smote", 0.5),
        ("5 nearest neighbours", KNeighborsClassifier(5), "none", 0.5),
        ("  repeated minority", KNeighborsClassifier(5), "repeat", 0.5),
        ("  SMOTE", KNeighborsClassifier(5), "smote", 0.5),
        ("  SMOTE before the split (leak)", KNeighborsClassifier(5), "leaky smote", 0.5),
    ]
    for name, learner, resampling, threshold in trials:
        recall, precision, area = cross_validate(learner, table, resampling, threshold)
        print(f"{name:32} recall {recall:.2f}, precision {precision:.2f}, PR-AUC {area:.2f}")


if __name__ == "__main__":
    main()
