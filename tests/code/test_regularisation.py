"""Ridge and lasso agree with scikit-learn and closed forms, and the optimality conditions hold."""

import itertools
import re
from collections.abc import Callable

import numpy as np
import pytest
import regularisation as reg
import torch
from scipy.optimize import minimize_scalar
from sklearn.linear_model import Lasso, Ridge
from torch import Tensor


def problem() -> tuple[Tensor, Tensor]:
    data = reg.generated(samples=50, features=12)
    return data.x, data.y


@pytest.mark.parametrize("strength", [0.01, 0.3, 5.0])
def test_ridge_against_scikit_learn(strength: float) -> None:
    x, y = problem()
    # Their objective is |y - Xw|² + alpha |w|², ours the same over 2N.
    expected = Ridge(alpha=strength * len(y), fit_intercept=False).fit(x, y).coef_
    np.testing.assert_allclose(reg.ridge(x, y, strength), expected, atol=1e-8)


@pytest.mark.parametrize("strength", [0.01, 0.3, 1.0])
def test_lasso_against_scikit_learn(strength: float) -> None:
    x, y = problem()
    expected = Lasso(alpha=strength, fit_intercept=False, tol=1e-10).fit(x, y).coef_
    ours = reg.lasso(x, y, strength)
    np.testing.assert_allclose(ours, expected, atol=1e-6)
    np.testing.assert_array_equal(ours == 0, expected == 0)


def test_one_weight_by_hand() -> None:
    # x'x/N = 1 and x'y/N = 2: ridge 2 / (1 + a), lasso 2 - a, and 0 from a = 2 on.
    x, y = torch.tensor([[1.0], [-1.0]]), torch.tensor([2.0, -2.0])
    assert reg.ridge(x, y, 1.0).item() == pytest.approx(1.0)
    assert reg.ridge(x, y, 100.0).item() == pytest.approx(2 / 101)  # small, not 0
    assert reg.lasso(x, y, 0.5).item() == pytest.approx(1.5)
    assert reg.lasso(x, y, 2.0).item() == 0
    assert reg.lasso(-x, y, 0.5).item() == pytest.approx(-1.5)


def test_weight_decay_is_ridge_in_closed_form() -> None:
    x, y = problem()
    for strength in (0.0, 0.1, 1.0):
        torch.testing.assert_close(reg.ridge_by_descent(x, y, strength, steps=600), reg.ridge(x, y, strength))


def test_ridge_is_a_stationary_point() -> None:
    x, y = problem()
    weights = reg.ridge(x, y, 0.2).requires_grad_()
    (reg.error(x, y, weights) + 0.1 * weights.square().sum()).backward()
    assert weights.grad is not None
    assert weights.grad.abs().max() < 1e-10


def test_lasso_satisfies_the_subgradient_condition() -> None:
    x, y = problem()
    weights = reg.lasso(x, y, 0.3).requires_grad_()
    reg.error(x, y, weights).backward()
    assert weights.grad is not None
    zero = weights == 0
    assert zero.any() and not zero.all()
    torch.testing.assert_close(weights.grad[~zero], -0.3 * weights[~zero].sign().detach(), atol=1e-8, rtol=0)
    assert weights.grad[zero].abs().max() <= 0.3


def test_soft_threshold_is_the_proximal_step() -> None:
    # It minimises (w - v)² / 2 + t |w|.
    for v in (-2.0, -0.3, 0.1, 1.5):
        best = minimize_scalar(lambda w, v=v: 0.5 * (w - v) ** 2 + 0.5 * abs(w), bounds=(-3, 3), method="bounded")
        assert reg.soft_threshold(torch.tensor(v), 0.5).item() == pytest.approx(best.x, abs=1e-4)
    assert reg.soft_threshold(torch.tensor([0.4, -0.4]), 0.5).abs().tolist() == [0, 0]


def test_every_proximal_step_lowers_the_objective() -> None:
    x, y = problem()

    def objective(steps: int) -> float:
        weights = reg.lasso(x, y, 0.3, steps)
        return float(reg.error(x, y, weights) + 0.3 * weights.abs().sum())

    values = [objective(steps) for steps in range(1, 30)]
    assert all(after <= before + 1e-12 for before, after in itertools.pairwise(values))


def test_subgradient_descent_leaves_no_exact_zero() -> None:
    x, y = problem()
    proximal, plain = reg.lasso(x, y, 0.3, steps=500), reg.lasso_by_subgradient(x, y, 0.3, steps=500)
    assert (proximal == 0).sum() >= 5
    assert (plain == 0).sum() == 0
    assert (plain[proximal == 0].abs() < 0.5).all()


def test_strength_shrinks_and_l1_alone_selects() -> None:
    x, y = problem()
    sizes = [reg.ridge(x, y, a).norm().item() for a in (0.0, 0.1, 1.0, 10.0)]
    assert sizes == sorted(sizes, reverse=True)
    zeros = [int((reg.lasso(x, y, a, steps=500) == 0).sum()) for a in (0.0, 0.1, 0.5, 5.0)]
    assert zeros[0] == 0 and zeros == sorted(zeros) and zeros[-1] == 12
    assert (reg.ridge(x, y, 10.0) != 0).all()


def test_ridge_works_with_more_features_than_samples() -> None:
    data = reg.generated(samples=20, features=40)
    weights = reg.ridge(data.x, data.y, 0.1)
    # The kernel form inverts 20 x 20 instead of 40 x 40: w = X' (X X' + a N I)^-1 y.
    kernel = data.x @ data.x.T + 0.1 * 20 * torch.eye(20, dtype=torch.float64)
    torch.testing.assert_close(weights, data.x.T @ torch.linalg.solve(kernel, data.y))


def test_map_strength_by_hand() -> None:
    assert reg.map_strength(0.5, 0.1, 1000) == pytest.approx(0.25 / (1000 * 0.01))
    assert reg.map_strength(0.5, 0.1, 2000) == pytest.approx(0.0125)


def test_map_strength_maximises_the_posterior() -> None:
    x, y = problem()
    zero = torch.zeros((), dtype=torch.float64)
    noise, prior = torch.distributions.Normal(zero, zero + 0.8), torch.distributions.Normal(zero, zero + 0.5)
    weights = reg.ridge(x, y, reg.map_strength(0.8, 0.5, len(y))).requires_grad_()
    (noise.log_prob(y - x @ weights).sum() + prior.log_prob(weights).sum()).backward()
    assert weights.grad is not None
    assert weights.grad.abs().max() < 1e-8


def test_excess_error_is_what_new_data_show() -> None:
    data = reg.generated()
    weights = reg.ridge(data.x, data.y, 0.1)
    new = reg.generated(samples=100_000, seed=1)
    measured = (new.y - new.x @ weights).square().mean() - (new.y - new.x @ new.weights).square().mean()
    assert reg.excess_error(data, weights) == pytest.approx(measured.item(), rel=0.03)


def test_chosen_strength_is_the_best_on_validation() -> None:
    data = reg.generated()
    chosen = reg.choose_strength(data, reg.ridge, reg.STRENGTHS)
    errors = [
        float(reg.error(data.validation_x, data.validation_y, reg.ridge(data.x, data.y, a))) for a in reg.STRENGTHS
    ]
    assert chosen == reg.STRENGTHS[int(np.argmin(errors))]
    assert reg.STRENGTHS[0] < chosen < reg.STRENGTHS[-1]  # the grid is wide enough


def test_illegal_input_is_refused() -> None:
    x, y = problem()
    for method in (reg.ridge, reg.lasso, reg.ridge_by_descent, reg.lasso_by_subgradient):
        with pytest.raises(ValueError, match=r"expected x \(N, D\)"):
            method(x, y.unsqueeze(1), 0.1)
        with pytest.raises(ValueError, match="negative"):
            method(x, y, -0.1)
    with pytest.raises(ValueError, match="prior_std"):
        reg.map_strength(1.0, 0.0, 10)


def test_plot_has_a_panel_for_each_method() -> None:
    assert [axes.get_title().split(",")[0] for axes in reg.plot().axes] == ["least squares", "L2 (ridge)", "L1 (lasso)"]


@pytest.mark.slow
def test_main_shows_sparse_and_shrunk(run_main: Callable[[str], str]) -> None:
    printed = run_main("regularisation.py")
    rows = re.findall(r"excess error ([\d.]+), .*exactly 0: (\d+) of 35, relevant ones kept: (\d)", printed)
    plain, l2, l1 = ([float(value) for value in row] for row in rows)
    assert plain[0] > 1.5 * l2[0] > 2 * l1[0]
    assert plain[1] == l2[1] == 0 and l1[1] > 20 and l1[2] == 5
    assert "strength 0.025" in printed
    zeros = re.search(r"proximal (\d+), autograd of \|w\| (\d+)", printed)
    assert zeros is not None
    assert int(zeros[1]) > 20 and int(zeros[2]) == 0
