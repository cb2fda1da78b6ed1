"""Fits agree with numpy and scikit-learn; bias and variance with hand-worked numbers and a closed form."""

import re
from collections.abc import Callable

import numpy as np
import pytest
import under_overfitting as uo
from sklearn.linear_model import Ridge


def test_bias_and_variance_by_hand() -> None:
    # Predictions for a true 10: 5, 6, 7 average 6, so bias² 16 and variance 2/3; 7, 9, 14: 0 and 26/3.
    for values, expected in (((5, 6, 7), (16, 2 / 3)), ((7, 9, 14), (0, 26 / 3))):
        parts = uo.bias_variance(np.array([values], dtype=float).T, np.array([10.0]))
        assert parts == pytest.approx(expected)


def test_parts_add_up_to_the_squared_distance() -> None:
    rng = np.random.default_rng(0)
    predictions, target = rng.standard_normal((30, 7)), rng.standard_normal(7)
    parts = uo.bias_variance(predictions, target)
    assert sum(parts) == pytest.approx(np.square(predictions - target).mean())


@pytest.mark.parametrize("degree", [0, 1, 4, 9])
def test_fit_against_polyfit(degree: int) -> None:
    x, y = uo.draw(20, np.random.default_rng(0))
    expected = np.polyval(np.polyfit(x, y, degree), uo.GRID)
    np.testing.assert_allclose(uo.fit(x, y, degree)(uo.GRID), expected, atol=1e-6)


def test_penalty_against_scikit_learn() -> None:
    x, y = uo.draw(20, np.random.default_rng(0))
    features = np.polynomial.legendre.legvander(x, 9)
    expected = Ridge(alpha=0.3, fit_intercept=False).fit(features, y).coef_
    np.testing.assert_allclose(uo.fit(x, y, 9, penalty=0.3).weights, expected, atol=1e-8)


def test_highest_degree_interpolates() -> None:
    x, y = uo.draw(8, np.random.default_rng(0))
    np.testing.assert_allclose(uo.fit(x, y, 7)(x), y, atol=1e-8)


def test_variance_against_the_closed_form() -> None:
    # With fixed x the prediction at g is linear in y: variance = noise² g (X'X)^-1 g'.
    rng = np.random.default_rng(0)
    x = np.linspace(-1, 1, 15)
    predictions = np.stack(
        [uo.fit(x, uo.truth(x) + uo.NOISE * rng.standard_normal(15), 4)(uo.GRID) for _ in range(3000)]
    )
    features, grid = np.vander(x, 5), np.vander(uo.GRID, 5)
    expected = uo.NOISE**2 * np.einsum("pi,ij,pj->p", grid, np.linalg.inv(features.T @ features), grid)
    np.testing.assert_allclose(predictions.var(axis=0), expected, rtol=0.15)
    parts = uo.bias_variance(predictions, uo.truth(uo.GRID))
    assert parts.variance == pytest.approx(expected.mean(), rel=0.04)
    # And the mean prediction is the fit to the noiseless truth.
    noiseless = uo.fit(x, uo.truth(x), 4)(uo.GRID)
    assert parts.bias_squared == pytest.approx(np.square(noiseless - uo.truth(uo.GRID)).mean(), abs=5e-4)


def test_measured_test_error_is_the_sum() -> None:
    for degree in (1, 5):
        measured = uo.measure(degree, sets=200)
        assert measured.test_error == pytest.approx(sum(measured.parts) + uo.NOISE**2, rel=0.03)


def test_the_cures_are_opposite() -> None:
    straight, straight_more = uo.measure(1, 20, sets=100), uo.measure(1, 200, sets=100)
    assert straight_more.parts.bias_squared == pytest.approx(straight.parts.bias_squared, rel=0.1)
    wild, wild_more = uo.measure(11, 20, sets=100), uo.measure(11, 200, sets=100)
    assert wild_more.parts.variance < 0.1 * wild.parts.variance
    penalised = uo.measure(11, 20, sets=100, penalty=0.1)
    assert penalised.parts.variance < 0.5 * wild.parts.variance
    right = uo.measure(3, 20, sets=100)
    assert right.test_error < min(straight.test_error, wild.test_error)


def test_training_error_only_falls_with_the_degree() -> None:
    errors = [uo.measure(degree, sets=50).train_error for degree in range(13)]
    assert errors == sorted(errors, reverse=True)


def test_training_points_cover_the_range() -> None:
    x, y = uo.draw(20, np.random.default_rng(0))
    assert np.floor((x + 1) * 10).tolist() == list(range(20))
    assert np.std(y - uo.truth(x)) == pytest.approx(uo.NOISE, rel=0.5)


def test_illegal_input_is_refused() -> None:
    x, y = uo.draw(5, np.random.default_rng(0))
    for degree in (-1, 5):  # six weights for five points
        with pytest.raises(ValueError, match="degree"):
            uo.fit(x, y, degree)
    with pytest.raises(ValueError, match="expected x and y"):
        uo.fit(x, y[:4], 1)
    with pytest.raises(ValueError, match="penalty"):
        uo.fit(x, y, 1, penalty=-1)
    with pytest.raises(ValueError, match="at least two"):
        uo.bias_variance(np.zeros((1, 3)), np.zeros(3))
    with pytest.raises(ValueError, match="true values"):
        uo.bias_variance(np.zeros((2, 3)), np.zeros(2))


def test_plot_shows_three_degrees_and_the_parts() -> None:
    panels = uo.plot().axes
    assert len(panels) == 4
    assert len(panels[0].lines) == 6  # five fits and the truth
    bias, variance = (line.get_ydata() for line in panels[3].lines[:2])
    assert bias[0] > bias[5] and variance[0] < variance[12]


@pytest.mark.slow
def test_main_shows_both_ends(run_main: Callable[[str], str]) -> None:
    printed = run_main("under_overfitting.py")
    assert "bias² 16.00, variance 0.67" in printed and "bias² 0.00, variance 8.67" in printed
    rows = {
        name: [float(value) for value in values]
        for name, *values in re.findall(
            r"^  (degree.*?)\s+training error ([\d.]+), test error ([\d.]+) \(sum ([\d.]+)\): bias² ([\d.]+) \+ variance ([\d.]+)",
            printed,
            re.M,
        )
    }
    assert len(rows) == 9
    for _, test_error, total, _, _ in rows.values():
        assert test_error == pytest.approx(total, rel=0.05)
    assert rows["degree 1"][3] > 5 * rows["degree 1"][4]  # bias rules
    assert rows["degree 11"][4] > 5 * rows["degree 11"][3]  # variance rules
    assert rows["degree 11"][0] < rows["degree 3"][0] < rows["degree 3"][1] < rows["degree 11"][1]
