"""The figures agree with scikit-learn and with numbers worked by hand; the fits with closed forms."""

import re
from collections.abc import Callable

import pytest
import regression_metrics as rm
import torch
import torch.nn.functional as F
from sklearn import metrics
from sklearn.linear_model import LinearRegression, QuantileRegressor


def test_by_hand() -> None:
    predicted, target = torch.tensor([3.0, 4, 6, 12]), torch.tensor([2.0, 4, 6, 8])
    assert rm.mae(predicted, target).item() == pytest.approx(1.25)
    assert rm.mse(predicted, target).item() == pytest.approx(4.25)
    assert rm.rmse(predicted, target).item() == pytest.approx(2.0616, abs=1e-4)
    assert rm.r2(predicted, target).item() == pytest.approx(1 - 17 / 20)


def test_against_scikit_learn() -> None:
    target = torch.randn(200, dtype=torch.float64)
    predicted = 0.5 * target + 3 * torch.randn(200, dtype=torch.float64)
    assert rm.mae(predicted, target).item() == pytest.approx(metrics.mean_absolute_error(target, predicted))
    assert rm.mse(predicted, target).item() == pytest.approx(metrics.mean_squared_error(target, predicted))
    assert rm.rmse(predicted, target).item() == pytest.approx(metrics.root_mean_squared_error(target, predicted))
    score = rm.r2(predicted, target).item()
    assert score == pytest.approx(metrics.r2_score(target, predicted))
    assert score < 0  # worse than the mean, and not a square of anything


def test_r2_of_the_mean_and_of_the_truth() -> None:
    target = torch.tensor([1.0, 2, 6])
    assert rm.r2(target.mean().expand(3), target).item() == pytest.approx(0)
    assert rm.r2(target, target).item() == 1
    # Always 0 against squared targets 41, spread 14: 1 - 41 / 14.
    assert rm.r2(torch.zeros(3), target).item() == pytest.approx(1 - 41 / 14)


def test_one_outlier_by_hand() -> None:
    # Four errors of 1 and one of 10: MAE 14/5, MSE 104/5, of which the outlier makes up 96%.
    errors, zero = torch.tensor([1.0, -1, 1, -1, 10]), torch.zeros(5)
    assert rm.mae(errors, zero).item() == pytest.approx(2.8)
    assert rm.mse(errors, zero).item() == pytest.approx(20.8)
    assert rm.rmse(errors, zero) > rm.mae(errors, zero)
    # With errors of one size the two are equal: the gap between them is the spread of the errors.
    even = torch.tensor([2.0, -2, 2])
    torch.testing.assert_close(rm.rmse(even, torch.zeros(3)), rm.mae(even, torch.zeros(3)))


def test_losses_and_their_gradients_agree_with_torch() -> None:
    target = torch.randn(6)
    for ours, theirs in ((rm.mse, F.mse_loss), (rm.mae, F.l1_loss)):
        predicted = torch.randn(6, requires_grad=True)
        torch.testing.assert_close(ours(predicted, target), theirs(predicted, target))
        (a,) = torch.autograd.grad(ours(predicted, target), predicted)
        (b,) = torch.autograd.grad(theirs(predicted, target), predicted)
        torch.testing.assert_close(a, b)


def test_best_constant_is_mean_or_median() -> None:
    values = torch.tensor([1.0, 2, 3, 4, 90])
    assert rm.best_constant(values, rm.mse) == pytest.approx(20, abs=1e-3)
    assert rm.best_constant(values, rm.mae) == pytest.approx(3, abs=0.02)
    assert rm.best_constant(values.where(values < 50, 9000.0), rm.mae) == pytest.approx(3, abs=0.02)


def test_fit_agrees_with_closed_form_least_squares() -> None:
    x, y, _, _ = rm.diabetes()
    model = rm.fit_linear(x, rm.spoil(y), rm.mse)
    oracle = LinearRegression().fit(x, rm.spoil(y))
    expected = oracle.predict(x)
    assert (model(x).squeeze(1).detach() - torch.tensor(expected)).abs().max() < 5


def test_fit_under_mae_agrees_with_the_linear_programme() -> None:
    x, y, _, _ = rm.diabetes()
    model = rm.fit_linear(x, y, rm.mae)
    oracle = QuantileRegressor(quantile=0.5, alpha=0).fit(x, y)  # exact: minimises |e| by simplex
    ours = rm.mae(model(x).squeeze(1), y).item()
    best = metrics.mean_absolute_error(y, oracle.predict(x))
    assert best <= ours + 1e-9
    assert ours == pytest.approx(best, rel=0.01)


def test_gradient_reaches_every_parameter(assert_gradients: Callable[..., None]) -> None:
    x, y, _, _ = rm.diabetes()
    model = rm.fit_linear(x, y, rm.mse, steps=1)
    assert_gradients(model, rm.mse(model(x).squeeze(1), y))


def test_spoil_touches_one_in_twenty() -> None:
    y = torch.arange(1.0, 101)
    changed = rm.spoil(y) != y
    assert changed.sum() == 5
    assert torch.equal(rm.spoil(y)[changed], 10 * y[changed])


def test_illegal_input_is_refused() -> None:
    column, row = torch.zeros(4, 1), torch.zeros(4)
    for metric in (rm.mae, rm.mse, rm.rmse, rm.r2):
        with pytest.raises(ValueError, match="one prediction per target"):
            metric(column, row)  # would broadcast to (4, 4)
        with pytest.raises(ValueError, match="one prediction per target"):
            metric(row[:0], row[:0])
    with pytest.raises(ValueError, match="undefined"):
        rm.r2(row, row)
    with pytest.raises(ValueError, match=r"expected x \(N, D\)"):
        rm.fit_linear(column, torch.zeros(3), rm.mse)


@pytest.mark.slow
def test_main_shows_outliers_and_a_negative_r2(run_main: Callable[[str], str]) -> None:
    printed = run_main("regression_metrics.py")
    assert "MAE 1.25, MSE 4.25, RMSE 2.06, R² 0.15" in printed
    assert "20.0 has least MSE (the mean), 3.0 least MAE" in printed
    rows = {
        (state, name): float(r2)
        for state, name, r2 in re.findall(r"trained on (clean|5% x10)\s+targets, (\w+)\s*:.*R²\s+(-?[\d.]+)", printed)
    }
    assert min(rows["clean", name] for name in ("MSE", "MAE", "Huber")) > 0.5
    assert rows["5% x10", "MSE"] < 0 < 0.5 < min(rows["5% x10", "MAE"], rows["5% x10", "Huber"])
    fitted, new = (float(v) for v in re.findall(r"65 weights.*R²\s+(-?[\d.]+)", printed))
    assert new < 0 < 0.5 < fitted
