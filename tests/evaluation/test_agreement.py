"""Agreement with a person's marks: against values worked out by hand, and against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interviewer.evaluation.agreement import agreement, interval, krippendorff
from interviewer.evaluation.grading import rmse

SCORES = st.lists(st.integers(0, 100), min_size=3, max_size=30)


def test_alpha_by_hand():
    # Differences 0, 10, 10: observed (0 + 100 + 100) / 3. Six values 0 0 50 60 100 90: mean 50, squares about it
    # 2500 2500 0 100 2500 1600 = 9200, over 5 = 1840; expected 2 · 1840.
    a, b = np.array([0.0, 50.0, 100.0]), np.array([0.0, 60.0, 90.0])
    assert krippendorff(a, b) == pytest.approx(1 - (200 / 3) / 3680)


def test_alpha_is_one_for_equal_marks_and_below_zero_for_opposite_ones():
    a = np.array([0.0, 50.0, 100.0])
    assert krippendorff(a, a) == 1
    assert krippendorff(a, a[::-1].copy()) < 0
    assert np.isnan(krippendorff(np.ones(3), np.ones(3)))


@settings(max_examples=30)
@given(SCORES, st.data())
def test_alpha_is_the_definition_over_all_pairs_of_values(ours, data):
    human = data.draw(st.lists(st.integers(0, 100), min_size=len(ours), max_size=len(ours)))
    a, b = np.array(ours, float), np.array(human, float)
    both = np.concatenate([a, b])
    n = len(both)
    expected = sum((x - y) ** 2 for i, x in enumerate(both) for j, y in enumerate(both) if i != j) / (n * (n - 1))
    found = krippendorff(a, b)
    if expected:
        assert found == pytest.approx(1 - np.mean((a - b) ** 2) / expected)
    else:
        assert np.isnan(found)


def test_figures_of_a_known_set():
    found = agreement([10, 50, 90, 70], [0, 50, 100, 80], steps=5)
    assert found is not None
    assert found.count == 4
    assert found.rmse.value == pytest.approx(np.sqrt(300 / 4))
    assert found.bias.value == pytest.approx(-2.5)  # 10, 0, −10, −10
    spread = 1.96 * np.std([10, 0, -10, -10], ddof=1)
    assert found.limits == pytest.approx((-2.5 - spread, -2.5 + spread))
    # Bands by the person: poor, weak, strong, strong; by us: poor, weak, strong, adequate.
    assert found.confusion == ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 0, 0), (0, 0, 1, 1))
    assert found.rmse.low <= found.rmse.value <= found.rmse.high


@settings(max_examples=20)
@given(SCORES, st.data())
def test_kappa_is_scikit_learn_s(ours, data):
    from sklearn.metrics import cohen_kappa_score

    human = data.draw(st.lists(st.integers(0, 100), min_size=len(ours), max_size=len(ours)))
    found = agreement(ours, human, steps=4, rounds=2)
    assert found is not None
    steps = [[int(np.floor(x / 25 + 0.5)) for x in side] for side in (ours, human)]
    if len({*steps[0], *steps[1]}) > 1:
        assert found.qwk.value == pytest.approx(cohen_kappa_score(*steps, weights="quadratic", labels=range(5)))


def test_two_answers_are_too_few():
    assert agreement([1, 2], [1, 2]) is None


def test_the_same_numbers_give_the_same_interval_and_more_of_them_a_narrower_one():
    rng = np.random.default_rng(1)
    a = rng.uniform(0, 100, 400)
    b = a + rng.normal(0, 10, 400)
    few, again, many = (
        interval(rmse, a[:40], b[:40], 200),
        interval(rmse, a[:40], b[:40], 200),
        interval(rmse, a, b, 200),
    )
    assert few == again
    assert many.high - many.low < few.high - few.low
