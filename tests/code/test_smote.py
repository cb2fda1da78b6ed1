"""New rows lie between minority neighbours (scikit-learn finds the same), and only training folds get any."""

import re
from collections.abc import Callable

import numpy as np
import pytest
import smote
from scipy.stats import kstest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, precision_score, recall_score
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_neighbours_against_scikit_learn() -> None:
    rows = rng().standard_normal((40, 3))
    expected = NearestNeighbors(n_neighbors=5).fit(rows).kneighbors(return_distance=False)  # without oneself
    np.testing.assert_array_equal(smote.nearest_neighbours(rows, 5), expected)


def test_neighbours_by_hand() -> None:
    rows = np.array([[0.0], [1.0], [3.0], [10.0]])
    assert smote.nearest_neighbours(rows, 2).tolist() == [[1, 2], [0, 2], [1, 0], [2, 1]]


def test_equal_rows_are_neighbours_of_each_other_and_not_of_themselves() -> None:
    rows = np.array([[0.0], [0.0], [5.0]])
    assert smote.nearest_neighbours(rows, 1)[:2].ravel().tolist() == [1, 0]


def test_between_two_rows_new_ones_are_uniform_on_the_line() -> None:
    ends = np.array([[0.0, 10.0], [2.0, 14.0]])
    new = smote.interpolate(ends, 2000, 1, rng())
    share = new[:, 0] / 2
    np.testing.assert_allclose(new[:, 1], 10 + 4 * share)  # on the line, not merely in the box
    assert kstest(share, "uniform").pvalue > 0.01


def test_each_new_row_lies_on_a_segment_to_a_neighbour() -> None:
    minority = rng().standard_normal((25, 4))
    neighbours = NearestNeighbors(n_neighbors=3).fit(minority).kneighbors(return_distance=False)
    pairs = set()
    for row in smote.interpolate(minority, 100, 3, rng()):
        found = [
            (i, int(j))
            for i in range(25)
            for j in neighbours[i]
            if np.isclose(
                np.linalg.norm(row - minority[i]) + np.linalg.norm(row - minority[j]),
                np.linalg.norm(minority[i] - minority[j]),
            )
        ]
        assert found
        pairs.update(found)
    assert len({i for i, _ in pairs}) > 15  # many rows serve as the base


def test_classes_become_equal_and_old_rows_stay() -> None:
    table = smote.generated()
    balanced = smote.smote(table, rng())
    assert balanced.y.mean() == 0.5
    np.testing.assert_array_equal(balanced.x[: len(table.x)], table.x)
    np.testing.assert_array_equal(balanced.y[: len(table.y)], table.y)
    new = balanced.x[len(table.x) :]
    minority = table.x[table.y == 1]
    assert (new >= minority.min(axis=0)).all() and (new <= minority.max(axis=0)).all()
    assert len(np.unique(new, axis=0)) == len(new)  # new rows, no copies
    repeated = smote.repeat(table, rng())
    assert repeated.y.mean() == 0.5
    assert len(np.unique(repeated.x, axis=0)) == len(table.x)  # copies, nothing new


def test_scores_against_scikit_learn() -> None:
    table = smote.generated()
    train, test = smote.Table(table.x[::2], table.y[::2]), smote.Table(table.x[1::2], table.y[1::2])
    found = smote.score(LogisticRegression(), train, test, threshold=0.2)
    probability = LogisticRegression().fit(*train).predict_proba(test.x)[:, 1]
    assert found.recall == pytest.approx(recall_score(test.y, probability > 0.2))
    assert found.precision == pytest.approx(precision_score(test.y, probability > 0.2))
    assert found.average_precision == pytest.approx(average_precision_score(test.y, probability))


@pytest.mark.parametrize("resampling", ["none", "repeat", "smote"])
def test_folds_are_tested_on_rows_as_they_come(resampling: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table = smote.generated()
    tested: list[smote.Table] = []

    def spy(learner: object, train: smote.Table, test: smote.Table, threshold: float) -> smote.Scores:
        assert train.y.mean() == (0.5 if resampling != "none" else pytest.approx(0.03, abs=0.01))
        # No training row, real or synthetic, is a test row.
        assert not {row.tobytes() for row in train.x} & {row.tobytes() for row in test.x}
        tested.append(test)
        return smote.Scores(0, 0, 0)

    monkeypatch.setattr(smote, "score", spy)
    smote.cross_validate(None, table, resampling)
    assert len(tested) == 5
    rows = np.concatenate([test.x for test in tested])
    assert sorted(row.tobytes() for row in rows) == sorted(row.tobytes() for row in table.x)


def test_smote_raises_recall_and_the_leak_flatters() -> None:
    table = smote.generated()
    learner = KNeighborsClassifier(5)
    plain, balanced, leaky = (smote.cross_validate(learner, table, r) for r in ("none", "smote", "leaky smote"))
    assert balanced.recall > plain.recall + 0.2
    assert balanced.precision < plain.precision
    assert leaky.average_precision > balanced.average_precision + 0.3


def test_illegal_input_is_refused() -> None:
    rows = np.zeros((4, 2))
    for k in (0, 4):
        with pytest.raises(ValueError, match=r"k must lie in 1\.\.3"):
            smote.nearest_neighbours(rows, k)
    with pytest.raises(ValueError, match="negative"):
        smote.interpolate(rows, -1, 1, rng())
    with pytest.raises(ValueError, match="rarer"):
        smote.smote(smote.Table(rows, np.array([1, 1, 1, 0])), rng())
    with pytest.raises(ValueError, match="labels must be 0 and 1"):
        smote.smote(smote.Table(rows, np.array([0, 1, 2, 0])), rng())
    with pytest.raises(ValueError, match="unknown resampling"):
        smote.cross_validate(None, smote.generated(), "adasyn")


@pytest.mark.slow
def test_main_shows_recall_bought_and_the_leak(run_main: Callable[[str], str]) -> None:
    printed = run_main("smote.py")
    found = re.findall(r"recall ([\d.]+), precision ([\d.]+), PR-AUC ([\d.]+)", printed)
    assert len(found) == 9
    plain, moved, weighted, repeated, smoted, near, _, near_smote, leak = ([float(v) for v in row] for row in found)
    for row in (moved, weighted, repeated, smoted):
        assert row[0] > plain[0] + 0.2 and row[1] < plain[1] - 0.3  # four ways of the same exchange
    assert near_smote[0] > near[0] + 0.2
    assert leak[2] > near_smote[2] + 0.3
