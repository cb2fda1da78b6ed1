"""p - y agrees with autograd, with finite differences and with the chain rule; nothing overflows."""

import math
import re
from collections.abc import Callable

import pytest
import softmax_gradient
import torch
import torch.nn.functional as F
from scipy.special import logsumexp
from sklearn.linear_model import LogisticRegression
from torch import Tensor


def soft_targets(*shape: int) -> Tensor:
    return torch.rand(shape, dtype=torch.float64).softmax(dim=-1)


def test_softmax_agrees_with_torch_also_for_large_logits() -> None:
    for scale in (1.0, 1e4):
        z = scale * torch.randn(6, 5)
        torch.testing.assert_close(softmax_gradient.softmax(z), z.softmax(dim=-1))
        torch.testing.assert_close(softmax_gradient.log_softmax(z), z.log_softmax(dim=-1))
    z = torch.randn(6, 5)
    torch.testing.assert_close(softmax_gradient.naive_softmax(z), z.softmax(dim=-1))


def test_the_numbers_of_the_textbook_case() -> None:
    large = torch.tensor([1000.0, 1001.0, 1002.0])
    assert softmax_gradient.naive_softmax(large).isnan().all()
    expected = torch.tensor([-2.4076, -1.4076, -0.4076])
    torch.testing.assert_close(softmax_gradient.log_softmax(large), expected, rtol=0, atol=1e-4)
    far = softmax_gradient.log_softmax(torch.tensor([0.0, -200.0]))
    torch.testing.assert_close(far, torch.tensor([0.0, -200.0]))
    assert softmax_gradient.log_softmax(torch.full((2,), -math.inf)).isnan().all()  # as documented


@pytest.mark.parametrize("size", [1, 3, 10])
def test_log_sum_exp_in_blocks_agrees_with_scipy(size: int) -> None:
    for z in (50 * torch.randn(10), torch.arange(10.0) + 1000, 1000 - torch.arange(10.0)):
        assert softmax_gradient.log_sum_exp_in_blocks(z.split(size)).item() == pytest.approx(
            logsumexp(z.numpy()), rel=1e-5
        )


def test_jacobian_agrees_with_autograd() -> None:
    z = torch.randn(5, dtype=torch.float64)
    expected = torch.autograd.functional.jacobian(lambda at: at.softmax(dim=0), z)
    jacobian = softmax_gradient.softmax_jacobian(z.softmax(dim=0))
    torch.testing.assert_close(jacobian, expected)
    torch.testing.assert_close(jacobian.sum(dim=0), torch.zeros(5, dtype=torch.float64))  # the p sum to 1


def test_gradient_agrees_with_autograd_differences_and_the_chain_rule() -> None:
    z, y = torch.randn(4, 6, dtype=torch.float64), soft_targets(4, 6)
    leaf = z.clone().requires_grad_()
    F.cross_entropy(leaf, y, reduction="sum").backward()
    gradient = softmax_gradient.cross_entropy_gradient(z, y)
    assert leaf.grad is not None
    torch.testing.assert_close(gradient, leaf.grad)
    torch.testing.assert_close(gradient.sum(dim=1), torch.zeros(4, dtype=torch.float64))
    for row, target, expected in zip(z, y, gradient, strict=True):
        torch.testing.assert_close(softmax_gradient.gradient_by_chain_rule(row, target), expected)
        measured = softmax_gradient.finite_differences(lambda at, t=target: softmax_gradient.cross_entropy(at, t), row)
        torch.testing.assert_close(measured, expected, rtol=1e-6, atol=1e-8)


def test_gradient_by_hand() -> None:
    z, y = torch.tensor([2.0, 1.0, 0.0]), torch.tensor([0.0, 1.0, 0.0])
    expected = torch.tensor([0.6652, 0.2447 - 1, 0.0900])
    torch.testing.assert_close(softmax_gradient.cross_entropy_gradient(z, y), expected, rtol=0, atol=1e-4)


def test_cross_entropy_agrees_with_torch() -> None:
    z, y = 100 * torch.randn(7, 4, dtype=torch.float64), soft_targets(7, 4)
    torch.testing.assert_close(softmax_gradient.cross_entropy(z, y), F.cross_entropy(z, y, reduction="none"))


def test_squared_error_gradient_vanishes_where_cross_entropy_is_near_one() -> None:
    z, y = torch.randn(5, dtype=torch.float64, requires_grad=True), soft_targets(5)
    (expected,) = torch.autograd.grad(0.5 * (z.softmax(dim=0) - y).square().sum(), z)
    torch.testing.assert_close(softmax_gradient.squared_error_gradient(z.detach(), y), expected)
    wrong, y = torch.tensor([-20.0, 0.0]), torch.tensor([1.0, 0.0])
    assert softmax_gradient.cross_entropy_gradient(wrong, y)[0].item() == pytest.approx(-1, abs=1e-6)
    assert abs(softmax_gradient.squared_error_gradient(wrong, y)[0].item()) < 1e-7


def test_training_by_hand_takes_the_steps_of_autograd_and_sgd() -> None:
    x, y = torch.randn(30, 4), torch.eye(3)[torch.arange(30) % 3]
    weight, bias = softmax_gradient.train(x, y, steps=25, lr=0.3)
    layer = torch.nn.Linear(4, 3)
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.3)
    for _ in range(25):
        optimizer.zero_grad()
        F.cross_entropy(layer(x), y).backward()
        optimizer.step()
    torch.testing.assert_close(weight.T, layer.weight.detach())
    torch.testing.assert_close(bias, layer.bias.detach())


def test_training_reaches_the_optimum_of_scikit_learn() -> None:
    labels = torch.arange(60) % 3
    x = torch.randn(60, 2) + torch.tensor([[0.0, 1.0], [1.0, -0.5], [-1.0, -0.5]])[labels]  # overlapping classes
    weight, bias = softmax_gradient.train(x, torch.eye(3)[labels], steps=5000, lr=0.5)
    library = LogisticRegression(C=1e6, max_iter=1000, tol=1e-8).fit(x.numpy(), labels.numpy())
    expected = torch.tensor(library.predict_proba(x.numpy()), dtype=torch.float32)
    torch.testing.assert_close(softmax_gradient.softmax(x @ weight + bias), expected, rtol=0, atol=5e-3)


def test_illegal_input_is_refused() -> None:
    with pytest.raises(ValueError, match="one-hot encode"):
        softmax_gradient.cross_entropy_gradient(torch.zeros(2, 3), torch.zeros(2))
    with pytest.raises(ValueError, match="probabilities"):
        softmax_gradient.cross_entropy(torch.zeros(2, 3), torch.ones(2, 3))
    with pytest.raises(ValueError, match="float64"):
        softmax_gradient.finite_differences(lambda z: z.sum(), torch.zeros(3))


@pytest.mark.slow
def test_main_shows_one_gradient_and_a_stable_softmax(run_main: Callable[[str], str]) -> None:
    printed = run_main("softmax_gradient.py")
    rows = re.findall(r"^  (?:p - y|chain rule|autograd|differences) +(.*)$", printed, re.M)
    assert len(rows) == 4
    for row in rows:
        assert [float(value) for value in row.split()] == pytest.approx([0.66524, -0.75527, 0.09003], abs=2e-5)
    assert "naive: [nan, nan, nan]" in printed
    assert "-2.4076, -1.4076, -0.4076" in printed
    found = re.search(r"by hand ([\d.]+), scikit-learn's logistic regression ([\d.]+)", printed)
    assert found is not None
    ours, library = map(float, found.groups())
    assert ours > 0.9
    assert ours == pytest.approx(library, abs=0.04)
