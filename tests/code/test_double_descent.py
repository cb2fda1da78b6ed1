"""Minimum norm against NumPy's lstsq, ridge against scikit-learn, descent against both; the peak is at n."""

import re
from collections.abc import Callable

import double_descent
import numpy as np
import pytest
from sklearn.linear_model import Ridge


def problem(samples: int, weights: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    return generator.normal(size=(samples, weights)), generator.normal(size=samples)


@pytest.mark.parametrize(("samples", "weights"), [(12, 5), (5, 12)])
def test_minimum_norm_agrees_with_lstsq(samples: int, weights: int) -> None:
    x, y = problem(samples, weights)
    np.testing.assert_allclose(double_descent.minimum_norm(x, y), np.linalg.lstsq(x, y)[0])


@pytest.mark.parametrize(("samples", "weights"), [(12, 5), (5, 12)])
def test_ridge_agrees_with_scikit_learn(samples: int, weights: int) -> None:
    x, y = problem(samples, weights)
    expected = Ridge(alpha=0.3, fit_intercept=False).fit(x, y).coef_
    np.testing.assert_allclose(double_descent.ridge(x, y, 0.3), expected, rtol=1e-6)


def test_descent_by_hand() -> None:
    # The solutions of w1 + 2 w2 = 5 nearest to (0, 0) and to (3, 0): (1, 2) and (3, 0) + (1, 2) * 2 / 5.
    x, y = np.array([[1.0, 2.0]]), np.array([5.0])
    np.testing.assert_allclose(double_descent.descend(x, y, np.zeros(2)), [1, 2])
    np.testing.assert_allclose(double_descent.descend(x, y, np.array([3.0, 0.0])), [3.4, 0.8])


def test_descent_finds_the_nearest_solution() -> None:
    x, y = problem(4, 9)
    for start in (np.zeros(9), np.ones(9)):
        expected = double_descent.nearest_solution(x, y, start)
        np.testing.assert_allclose(double_descent.descend(x, y, start), expected, atol=1e-5)
    null = np.linalg.svd(x)[2][4:].sum(axis=0)  # x null = 0: another solution, and a longer one
    w = double_descent.minimum_norm(x, y)
    np.testing.assert_allclose(x @ (w + null), y, atol=1e-9)
    assert np.linalg.norm(w + null) ** 2 == pytest.approx(np.linalg.norm(w) ** 2 + np.linalg.norm(null) ** 2)


def test_the_peak_is_at_the_number_of_samples() -> None:
    counts = (10, 40, 400)
    found = double_descent.sweep(counts, runs=5)
    assert found["test"][1] > 5 * max(found["test"][0], found["test"][2])
    assert found["norm"][1] > 3 * found["norm"][2]
    assert found["train"][0] > 0.05
    assert max(found["train"][1:]) < 1e-6
    assert max(found["test, ridge"]) < found["test"][1] / 5


def test_plot_shows_the_errors() -> None:
    axes = double_descent.plot().axes[0]
    assert {line.get_label() for line in axes.lines} == {"test", "train", "test, ridge", "40 samples"}


def test_illegal_input_is_refused() -> None:
    with pytest.raises(ValueError, match="penalty"):
        double_descent.ridge(np.ones((2, 2)), np.ones(2), 0.0)
    with pytest.raises(ValueError, match="feature"):
        double_descent.features(np.ones((2, 10)), 0)


@pytest.mark.slow
def test_main_goes_through_the_threshold(run_main: Callable[[str], str]) -> None:
    printed = run_main("double_descent.py")
    assert "from (0.0, 0.0): [1.0, 2.0], norm 2.236" in printed
    assert "from (3.0, 0.0): [3.4, 0.8], norm 3.493" in printed
    test = {int(n): float(e) for n, e in re.findall(r"(\d+) features: .*? test +([\d.]+)   norm", printed)}
    assert test[40] == max(test.values())
    assert test[800] < test[20]
