"""Ensembles: voting, bagging and stacking, and why an average of models varies less.

What: train M models and combine what they say.

    hard voting   the class named most often           soft voting   the mean of the probabilities
    bagging       the same learner on M bootstrap samples (N rows drawn with replacement), averaged
    stacking      a second model learns how to combine the first ones, from their out-of-fold
                  predictions: each row is predicted by models that have not seen it

Why it helps: for members of variance s² whose errors correlate by r,

    variance of the mean = r s² + (1 - r) s² / M          bias of the mean = mean of the biases

so averaging cuts the part in which members differ, M-fold, and nothing else: diversity decides, and
perfectly correlated members gain nothing. The price is M times the compute and memory.

Papers: Breiman, "Bagging Predictors", 1996; Wolpert, "Stacked Generalization", 1992.

Run: python corpus/code/ensembles.py    (digits, and trees on a noisy sine)
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone  # type: ignore[import-untyped,unused-ignore]
from sklearn.datasets import load_digits  # type: ignore[import-untyped,unused-ignore]
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis  # type: ignore[import-untyped,unused-ignore]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped,unused-ignore]
from sklearn.model_selection import StratifiedKFold  # type: ignore[import-untyped,unused-ignore]
from sklearn.neighbors import KNeighborsClassifier  # type: ignore[import-untyped,unused-ignore]
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor  # type: ignore[import-untyped,unused-ignore]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def hard_vote(votes: Ints, classes: int) -> Ints:
    """Return the class (N,) that most of the votes (M, N) name; a tie goes to the lowest class."""
    if votes.ndim != 2 or len(votes) == 0 or votes.min() < 0 or votes.max() >= classes:
        raise ValueError(f"expected votes (M, N) in 0..{classes - 1}")
    counts = (votes[:, :, None] == np.arange(classes)).sum(axis=0)  # (N, C)
    return np.asarray(counts.argmax(axis=1), dtype=np.int64)


def soft_vote(probabilities: Floats) -> Floats:
    """Return the mean (N, C) of the members' probabilities (M, N, C): the sure count for more."""
    if probabilities.ndim != 3 or len(probabilities) == 0:
        raise ValueError(f"expected probabilities (M, N, C), got {probabilities.shape}")
    mean: Floats = probabilities.mean(axis=0)
    return mean


def bootstrap(rows: int, members: int, rng: np.random.Generator) -> Ints:
    """Draw for every member as many row indices as there are rows, with replacement: (M, N).

    A sample holds 1 - 1/e = 63% of the rows, some of them several times.
    """
    if rows < 1 or members < 1:
        raise ValueError("need at least one row and one member")
    return rng.integers(rows, size=(members, rows))


def bag(learner: Any, x: Floats, y: NDArray[Any], samples: Iterable[Ints]) -> list[Any]:
    """Fit one copy of the learner to each sample of rows; their mean prediction is the bag's."""
    return [clone(learner).fit(x[rows], y[rows]) for rows in samples]


def out_of_fold(learner: Any, x: Floats, y: Ints, folds: int = 5) -> Floats:
    """Return probabilities (N, C), those of each row by a copy fitted without its fold."""
    predictions = np.zeros((len(y), int(y.max()) + 1))
    for train, held_out in StratifiedKFold(folds).split(x, y):
        predictions[held_out] = clone(learner).fit(x[train], y[train]).predict_proba(x[held_out])
    return predictions


class Stacking:
    """Base learners, and a final one whose features are their probabilities."""

    def __init__(self, learners: Sequence[Any], final: Any, *, leaky: bool = False) -> None:
        """`leaky` trains the final learner on what the base learners say of rows they have seen."""
        if not learners:
            raise ValueError("stacking needs at least one base learner")
        self.learners, self.final, self.leaky = list(learners), final, leaky

    def fit(self, x: Floats, y: Ints) -> "Stacking":
        """Fit the final learner on out-of-fold predictions, then the base learners on all rows."""
        if len(x) != len(y) or sorted(set(y.tolist())) != list(range(int(y.max()) + 1)):
            raise ValueError("expected one label per row, 0..C-1 with every class present")
        self.fitted = [clone(learner).fit(x, y) for learner in self.learners]
        if self.leaky:
            features = self._features(x)  # who memorised the training rows looks infallible here
        else:
            features = np.concatenate([out_of_fold(learner, x, y) for learner in self.learners], axis=1)
        self.fitted_final = clone(self.final).fit(features, y)
        return self

    def _features(self, x: Floats) -> Floats:
        return np.concatenate([learner.predict_proba(x) for learner in self.fitted], axis=1)  # (N, M * C)

    def predict_proba(self, x: Floats) -> Floats:
        """Return probabilities (N, C)."""
        probabilities: Floats = self.fitted_final.predict_proba(self._features(x))
        return probabilities


def variance_of_mean(variance: float, correlation: float, members: int) -> float:
    """Return r s² + (1 - r) s² / M."""
    return correlation * variance + (1 - correlation) * variance / members


def tree_predictions(sets: int, members: int, bagged: bool, seed: int = 0) -> Floats:
    """Return predictions (sets, members, 50) of deep trees for a noisy sine, over new training sets.

    The members of a set share its 100 rows through bootstrap samples or, if not `bagged`, each has
    100 rows of its own, as nobody can afford in practice.
    """
    rng = np.random.default_rng(seed)
    grid = np.linspace(0.05, 0.95, 50)[:, None]

    def rows() -> tuple[Floats, Floats]:
        x = rng.random((100, 1))
        return x, np.sin(2 * np.pi * x[:, 0]) + 0.5 * rng.standard_normal(100)

    predictions = np.empty((sets, members, len(grid)))
    tree = DecisionTreeRegressor()
    for i in range(sets):
        if bagged:
            x, y = rows()
            fitted = bag(tree.set_params(random_state=0), x, y, bootstrap(len(y), members, rng))
        else:
            fitted = [clone(tree).set_params(random_state=0).fit(*rows()) for _ in range(members)]
        predictions[i] = [member.predict(grid) for member in fitted]
    return predictions


def variance_and_correlation(predictions: Floats) -> tuple[float, float]:
    """Return one member's variance over training sets and two members' correlation, mean over the grid."""
    sets, members, _ = predictions.shape
    if sets < 2 or members < 2:
        raise ValueError("need at least two training sets and two members")
    centred = predictions - predictions.mean(axis=(0, 1))
    variance = np.square(centred).mean()
    # E[(sum of members)²] = M s² + M (M - 1) r s², solved for r s².
    covariance = (np.square(centred.sum(axis=1)).mean() - members * variance) / (members * (members - 1))
    return float(variance), float(covariance / variance)


def main() -> None:
    """Combine different learners on digits, then measure what averaging does to the variance."""
    x, y = load_digits(return_X_y=True)
    x, y = x / 16, y.astype(np.int64)
    order = np.random.default_rng(0).permutation(len(y))
    train, test = order[:500], order[500:]
    learners = {
        "logistic regression": LogisticRegression(max_iter=1000),
        "linear discriminant": LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.1),
        "20 nearest neighbours": KNeighborsClassifier(20),
        "decision tree": DecisionTreeClassifier(random_state=0),
    }
    fitted = {name: clone(learner).fit(x[train], y[train]) for name, learner in learners.items()}
    scores = {name: (member.predict(x[test]) == y[test]).mean() for name, member in fitted.items()}
    votes = np.stack([member.predict(x[test]) for member in fitted.values()])
    soft = soft_vote(np.stack([member.predict_proba(x[test]) for member in fitted.values()]))
    scores["all four, hard vote"] = (hard_vote(votes, 10) == y[test]).mean()
    scores["all four, soft vote"] = (soft.argmax(axis=1) == y[test]).mean()
    for name, leaky in (("all four, stacked", False), ("stacked on rows they have seen", True)):
        stack = Stacking(list(learners.values()), LogisticRegression(max_iter=1000), leaky=leaky)
        scores[name] = (stack.fit(x[train], y[train]).predict_proba(x[test]).argmax(axis=1) == y[test]).mean()
    for members in (5, 25):
        samples = bootstrap(len(train), members, np.random.default_rng(0))
        trees = bag(learners["decision tree"], x[train], y[train], samples)
        bagged = soft_vote(np.stack([tree.predict_proba(x[test]) for tree in trees]))
        scores[f"{members} bagged trees"] = (bagged.argmax(axis=1) == y[test]).mean()
    print("digits, held-out accuracy:")
    for name, score in scores.items():
        print(f"  {name:31} {score:.3f}")
    for name, bagged_trees in (("bagged", True), ("each on rows of its own", False)):
        predictions = tree_predictions(sets=60, members=10, bagged=bagged_trees)
        variance, correlation = variance_and_correlation(predictions)
        measured = predictions.mean(axis=1).var(axis=0).mean()
        print(
            f"10 trees, {name}: correlation {correlation:.2f}; variance of one {variance:.3f}, of their mean", end=" "
        )
        print(f"{measured:.3f} (formula {variance_of_mean(variance, correlation, 10):.3f})")


if __name__ == "__main__":
    main()
