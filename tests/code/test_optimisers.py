"""Every optimiser takes the same steps as torch.optim; rates, first steps and decay as worked by hand."""

import math
import re
from collections.abc import Callable
from typing import Any

import optimisers
import pytest
import torch
from torch import Tensor

Make = Callable[[Tensor], optimisers.SGD | optimisers.RMSprop | optimisers.Adam]
CASES: dict[str, tuple[Make, type[torch.optim.Optimizer], dict[str, Any]]] = {
    "SGD": (lambda w: optimisers.SGD(w, 0.1), torch.optim.SGD, {"lr": 0.1}),
    "SGD, L2": (lambda w: optimisers.SGD(w, 0.1, weight_decay=0.3), torch.optim.SGD, {"lr": 0.1, "weight_decay": 0.3}),
    "momentum": (
        lambda w: optimisers.SGD(w, 0.05, momentum=0.9, weight_decay=0.1),
        torch.optim.SGD,
        {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.1},
    ),
    "Nesterov": (
        lambda w: optimisers.SGD(w, 0.05, momentum=0.8, nesterov=True),
        torch.optim.SGD,
        {"lr": 0.05, "momentum": 0.8, "nesterov": True},
    ),
    "RMSprop": (lambda w: optimisers.RMSprop(w, 0.02), torch.optim.RMSprop, {"lr": 0.02}),
    "Adam": (lambda w: optimisers.Adam(w, 0.02), torch.optim.Adam, {"lr": 0.02}),
    "Adam, L2": (
        lambda w: optimisers.Adam(w, 0.02, betas=(0.8, 0.95), weight_decay=0.1),
        torch.optim.Adam,
        {"lr": 0.02, "betas": (0.8, 0.95), "weight_decay": 0.1},
    ),
    "AdamW": (
        lambda w: optimisers.Adam(w, 0.02, weight_decay=0.5, decoupled=True),
        torch.optim.AdamW,
        {"lr": 0.02, "weight_decay": 0.5},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_same_path_as_torch(case: str) -> None:
    make, theirs, arguments = CASES[case]
    start = torch.randn(4, 3, dtype=torch.float64)
    ours = make(start.clone())
    w = start.clone().requires_grad_()
    library = theirs([w], **arguments)
    for _ in range(30):  # a noisy, curved loss: sum (w - 1)^4 / 4 + noise . w
        noise = torch.randn_like(start)
        ours.step((ours.w - 1) ** 3 + noise)
        library.zero_grad()
        (0.25 * (w - 1).pow(4).sum() + (noise * w).sum()).backward()
        library.step()
        torch.testing.assert_close(ours.w, w.detach(), rtol=1e-9, atol=1e-9)


def test_the_parameter_is_changed_in_place() -> None:
    w = torch.ones(2)
    optimisers.SGD(w, 0.5).step(torch.tensor([1.0, -2.0]))
    torch.testing.assert_close(w, torch.tensor([0.5, 2.0]))


def test_gradient_descent_on_a_square_by_hand() -> None:
    # f = w^2: each step multiplies w by 1 - 2 lr.
    for lr in (0.1, 1.0, 1.1):
        sgd = optimisers.SGD(torch.ones(()), lr)
        for _ in range(3):
            sgd.step(2 * sgd.w)
        assert sgd.w.item() == pytest.approx((1 - 2 * lr) ** 3, rel=1e-5)


@pytest.mark.parametrize("size", [1e-3, 0.1, 100.0])
def test_first_step_of_adam_is_the_learning_rate_whatever_the_gradient(size: float) -> None:
    adam = optimisers.Adam(torch.zeros(1), 0.001)
    adam.step(torch.tensor([size]))
    assert adam.w.item() == pytest.approx(-0.001, rel=1e-4)
    # Without correction: 0.1 g / (sqrt(0.001) |g|) = 3.162 times as far.
    adam = optimisers.Adam(torch.zeros(1), 0.001, bias_correction=False)
    adam.step(torch.tensor([size]))
    assert adam.w.item() == pytest.approx(-0.001 * 0.1 / math.sqrt(0.001), rel=1e-3)


def test_l2_and_decoupled_decay_are_the_same_in_sgd() -> None:
    gradient, w = torch.randn(5), torch.randn(5)
    sgd = optimisers.SGD(w.clone(), 0.1, weight_decay=0.2)
    sgd.step(gradient)
    torch.testing.assert_close(sgd.w, (1 - 0.1 * 0.2) * w - 0.1 * gradient)


def test_decay_in_adam_depends_on_the_gradients_and_in_adamw_does_not() -> None:
    # 1000 steps: L2 takes about lr * decay / size per step, AdamW lr * decay.
    assert optimisers.shrinkage(0.1, decoupled=False) == pytest.approx(1 - math.exp(-0.1), rel=0.05)
    assert optimisers.shrinkage(10.0, decoupled=False) == pytest.approx(1 - math.exp(-0.001), rel=0.05)
    for size in (0.1, 10.0):
        assert optimisers.shrinkage(size, decoupled=True) == pytest.approx(1 - (1 - 1e-5) ** 1000, rel=0.05)


def test_curvatures_are_the_same_valley_turned() -> None:
    expected = torch.tensor([1.0, 50.0])
    torch.testing.assert_close(torch.linalg.eigvalsh(optimisers.CURVATURE), expected)
    torch.testing.assert_close(torch.linalg.eigvalsh(optimisers.TURNED), expected, rtol=1e-4, atol=1e-4)


def test_descent_follows_the_closed_form_and_counts_steps() -> None:
    # Plain descent multiplies coordinate i by 1 - lr * curvature_i.
    path = optimisers.descend("SGD", 0.03, steps=10)
    factors = (1 - 0.03 * torch.tensor([1.0, 50.0])) ** torch.arange(11).unsqueeze(1)
    torch.testing.assert_close(path, optimisers.START * factors)
    # Along the valley: 8 * 0.97^(2 t) < 0.001 from t = 148 on; across it is far quicker.
    assert optimisers.steps_needed("SGD", 0.03, optimisers.CURVATURE) == 148
    assert optimisers.steps_needed("SGD", 0.03, optimisers.CURVATURE, steps=147) == math.inf
    assert optimisers.steps_needed("SGD", 1.0, optimisers.CURVATURE, steps=100) == math.inf  # diverges


def test_plot_draws_a_path_for_each_optimiser() -> None:
    figure = optimisers.plot()
    assert len(figure.axes[0].lines) == len(optimisers.OPTIMISERS) + 1  # and the minimum


def test_illegal_input_is_refused() -> None:
    w = torch.zeros(1)
    with pytest.raises(ValueError, match="lr > 0"):
        optimisers.SGD(w, 0.0)
    with pytest.raises(ValueError, match="Nesterov"):
        optimisers.SGD(w, 0.1, nesterov=True)
    with pytest.raises(ValueError, match="alpha"):
        optimisers.RMSprop(w, 0.1, alpha=1.0)
    with pytest.raises(ValueError, match="betas"):
        optimisers.Adam(w, 0.1, betas=(0.9, 1.0))


@pytest.mark.slow
def test_main_races_and_compares_the_decays(run_script: Callable[[str], str]) -> None:
    printed = run_script("optimisers.py")
    needed = {name: float(steps) for name, steps in re.findall(r"^  (\w+) +(\d+|inf)    turned", printed, re.M)}
    assert set(needed) == set(optimisers.OPTIMISERS)
    assert needed["Nesterov"] < needed["SGD"]
    assert needed["Adam"] < needed["SGD"]
    assert "bias correction True : -0.00100" in printed
    assert "bias correction False: -0.00316" in printed
    shrunk = {
        name: (float(a), float(b))
        for name, a, b in re.findall(r"^  (Adam \+ L2|AdamW) +([\d.]+)  ([\d.]+)$", printed, re.M)
    }
    assert shrunk["Adam + L2"][0] > 50 * shrunk["Adam + L2"][1]
    assert shrunk["AdamW"][0] == pytest.approx(shrunk["AdamW"][1], abs=2e-4)
