"""Voting, bagging and stacking give what scikit-learn's own ensembles give; the variance its formula."""

import re
from collections.abc import Callable

import ensembles as en
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

Data = tuple[np.ndarray, np.ndarray, np.ndarray]


def iris() -> Data:
    """Two features of the irises with noise, so that learners disagree."""
    x, y = load_iris(return_X_y=True)
    x = x[:, :2] + 0.5 * np.random.default_rng(0).standard_normal((150, 2))
    order = np.random.default_rng(1).permutation(150)
    return x[order[:100]], y[order[:100]], x[order[100:]]


def learners() -> list[tuple[str, object]]:
    return [
        ("nb", GaussianNB()),
        ("tree", DecisionTreeClassifier(random_state=0)),
        ("knn", KNeighborsClassifier(5)),
    ]


def test_hard_vote_by_hand() -> None:
    votes = np.array([[0, 1, 2, 2], [0, 1, 1, 0], [1, 1, 0, 1]])
    assert en.hard_vote(votes, 3).tolist() == [0, 1, 0, 0]  # the last two are ties


def test_soft_vote_by_hand() -> None:
    # Two lean slightly towards 0, one is sure of 1: the majority says 0, the mean 1.
    probabilities = np.array([[[0.6, 0.4]], [[0.6, 0.4]], [[0.1, 0.9]]])
    assert en.hard_vote(probabilities.argmax(axis=2), 2).tolist() == [0]
    np.testing.assert_allclose(en.soft_vote(probabilities), [[1.3 / 3, 1.7 / 3]])


def test_voting_against_scikit_learn() -> None:
    x, y, test_x = iris()
    fitted = [learner.fit(x, y) for _, learner in learners()]
    votes = np.stack([member.predict(test_x) for member in fitted])
    assert (votes[0] != votes[1]).any()
    oracle = VotingClassifier(learners(), voting="hard").fit(x, y)
    np.testing.assert_array_equal(en.hard_vote(votes, 3), oracle.predict(test_x))
    oracle = VotingClassifier(learners(), voting="soft").fit(x, y)
    ours = en.soft_vote(np.stack([member.predict_proba(test_x) for member in fitted]))
    np.testing.assert_allclose(ours, oracle.predict_proba(test_x))


def test_bagging_against_scikit_learn_on_its_own_samples() -> None:
    x, y, test_x = iris()
    oracle = BaggingClassifier(KNeighborsClassifier(1), n_estimators=7, random_state=0).fit(x, y)
    members = en.bag(KNeighborsClassifier(1), x, y, oracle.estimators_samples_)
    ours = en.soft_vote(np.stack([member.predict_proba(test_x) for member in members]))
    np.testing.assert_allclose(ours, oracle.predict_proba(test_x))


def test_bootstrap_draws_rows_with_replacement() -> None:
    samples = en.bootstrap(1000, 50, np.random.default_rng(0))
    assert samples.shape == (50, 1000)
    assert samples.min() >= 0 and samples.max() < 1000
    different = np.mean([len(np.unique(sample)) for sample in samples]) / 1000
    assert different == pytest.approx(1 - (1 - 1 / 1000) ** 1000, abs=0.005)


def test_out_of_fold_against_scikit_learn() -> None:
    x, y, _ = iris()
    ours = en.out_of_fold(GaussianNB(), x, y)
    np.testing.assert_allclose(ours, cross_val_predict(GaussianNB(), x, y, method="predict_proba"))


def test_out_of_fold_predictions_have_not_seen_their_row() -> None:
    x, _, _ = iris()
    y = np.random.default_rng(0).integers(0, 2, 100)  # labels that nothing explains
    honest = en.out_of_fold(KNeighborsClassifier(1), x, y).argmax(axis=1)
    seen = KNeighborsClassifier(1).fit(x, y).predict(x)
    assert (seen == y).mean() == 1
    assert (honest == y).mean() < 0.7


def test_stacking_against_scikit_learn() -> None:
    x, y, test_x = iris()
    ours = en.Stacking([learner for _, learner in learners()], LogisticRegression()).fit(x, y)
    oracle = StackingClassifier(learners(), LogisticRegression(), stack_method="predict_proba", cv=5).fit(x, y)
    np.testing.assert_allclose(ours.predict_proba(test_x), oracle.predict_proba(test_x), atol=1e-6)


def test_leaky_stacking_trusts_whoever_memorised() -> None:
    x, y, _ = iris()
    bases = [GaussianNB(), DecisionTreeClassifier(random_state=0)]
    weight = {}
    for leaky in (False, True):
        stack = en.Stacking(bases, LogisticRegression(), leaky=leaky).fit(x, y)
        size = np.abs(stack.fitted_final.coef_)  # columns: three of naive Bayes, three of the tree
        weight[leaky] = size[:, 3:].sum() / size.sum()
    assert weight[True] > weight[False] + 0.2


def test_variance_of_mean_by_simulation() -> None:
    # Correlated normals: a common part of variance r and an own part of variance 1 - r.
    rng = np.random.default_rng(0)
    common, own = rng.standard_normal((100_000, 1)), rng.standard_normal((100_000, 5))
    members = np.sqrt(0.3) * common + np.sqrt(0.7) * own
    assert members.mean(axis=1).var() == pytest.approx(en.variance_of_mean(1.0, 0.3, 5), rel=0.02)
    assert en.variance_of_mean(2.0, 1.0, 50) == pytest.approx(2.0)  # equal members: nothing gained
    assert en.variance_of_mean(2.0, 0.0, 50) == pytest.approx(2.0 / 50)
    assert en.variance_of_mean(2.0, 0.4, 1) == pytest.approx(2.0)


def test_variance_and_correlation_against_numpy() -> None:
    rng = np.random.default_rng(0)
    common, own = rng.standard_normal((5000, 1, 1)), rng.standard_normal((5000, 2, 1))
    predictions = 3 * (np.sqrt(0.6) * common + np.sqrt(0.4) * own)
    variance, correlation = en.variance_and_correlation(predictions)
    assert variance == pytest.approx(predictions.var(), rel=1e-6)
    assert correlation == pytest.approx(np.corrcoef(predictions[:, 0, 0], predictions[:, 1, 0])[0, 1], abs=0.01)


def test_trees_obey_the_formula_and_bagging_keeps_the_bias() -> None:
    predictions = en.tree_predictions(sets=30, members=5, bagged=True)
    variance, correlation = en.variance_and_correlation(predictions)
    measured = predictions.mean(axis=1).var(axis=0).mean()
    assert measured == pytest.approx(en.variance_of_mean(variance, correlation, 5), rel=0.02)
    assert measured < 0.8 * variance
    assert 0.2 < correlation < 0.8
    truth = np.sin(2 * np.pi * np.linspace(0.05, 0.95, 50))
    bias_of_one = np.square(predictions[:, 0].mean(axis=0) - truth).mean()
    bias_of_mean = np.square(predictions.mean(axis=(0, 1)) - truth).mean()
    assert bias_of_mean < bias_of_one + 0.01 < 0.05


def test_trees_on_rows_of_their_own_are_uncorrelated() -> None:
    _, correlation = en.variance_and_correlation(en.tree_predictions(sets=30, members=5, bagged=False))
    assert abs(correlation) < 0.06


def test_illegal_input_is_refused() -> None:
    for votes in (np.zeros(3, dtype=int), np.zeros((0, 3), dtype=int), np.full((2, 3), 3)):
        with pytest.raises(ValueError, match="expected votes"):
            en.hard_vote(votes, 3)
    with pytest.raises(ValueError, match="expected probabilities"):
        en.soft_vote(np.zeros((3, 2)))
    with pytest.raises(ValueError, match="at least one row"):
        en.bootstrap(0, 3, np.random.default_rng(0))
    with pytest.raises(ValueError, match="at least one base"):
        en.Stacking([], LogisticRegression())
    x = np.zeros((4, 1))
    for y in (np.array([0, 1, 1]), np.array([0, 2, 0, 2]), np.array([1, 2, 1, 2])):
        with pytest.raises(ValueError, match="every class"):
            en.Stacking([GaussianNB()], LogisticRegression()).fit(x, y)
    with pytest.raises(ValueError, match="two training sets"):
        en.variance_and_correlation(np.zeros((1, 3, 5)))


@pytest.mark.slow
def test_main_shows_the_gains(run_main: Callable[[str], str]) -> None:
    printed = run_main("ensembles.py")
    score = {name.strip(): float(value) for name, value in re.findall(r"^  (\S.*?)\s+(0\.\d{3})$", printed, re.M)}
    assert score["25 bagged trees"] > score["decision tree"] + 0.1
    assert score["25 bagged trees"] > score["5 bagged trees"] > score["decision tree"]
    assert score["all four, stacked"] > score["stacked on rows they have seen"]
    best = max(value for name, value in score.items() if not re.search("four|seen|bagged", name))
    assert min(score["all four, hard vote"], score["all four, soft vote"]) > best
    trees = re.findall(
        r"correlation (-?[\d.]+); variance of one ([\d.]+), of their mean ([\d.]+) \(formula ([\d.]+)", printed
    )
    (r, one, mean, formula), (r_own, one_own, mean_own, _) = ([float(v) for v in row] for row in trees)
    assert r > 0.3 > 0.05 > abs(r_own)
    assert mean == pytest.approx(formula, abs=0.002)
    assert mean < 0.7 * one and mean_own < 0.15 * one_own
