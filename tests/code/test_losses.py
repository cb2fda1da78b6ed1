"""Every loss agrees with torch, scikit-learn or its definition, in value and in gradient."""

import math
import re
from collections.abc import Callable

import losses
import pytest
import torch
import torch.nn.functional as F
from sklearn.metrics import hinge_loss, log_loss
from torch import Tensor


def assert_same(ours: Callable[[Tensor], Tensor], theirs: Callable[[Tensor], Tensor], x: Tensor) -> None:
    """Compare value and gradient in x."""
    a, b = x.clone().requires_grad_(), x.clone().requires_grad_()
    first, second = ours(a), theirs(b)
    torch.testing.assert_close(first, second)
    first.sum().backward()
    second.sum().backward()
    torch.testing.assert_close(a.grad, b.grad)


def test_regression_losses_agree_with_torch() -> None:
    prediction, target = 3 * torch.randn(40), torch.randn(40)
    assert_same(lambda f: losses.squared_error(f, target), lambda f: F.mse_loss(f, target), prediction)
    assert_same(lambda f: losses.absolute_error(f, target), lambda f: F.l1_loss(f, target), prediction)
    for delta in (0.5, 2.0):
        assert_same(
            lambda f, d=delta: losses.huber(f, target, d),
            lambda f, d=delta: F.huber_loss(f, target, delta=d),
            prediction,
        )


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_cross_entropy_agrees_with_torch(smoothing: float) -> None:
    logits, labels = 4 * torch.randn(30, 7), torch.randint(7, (30,))
    assert_same(
        lambda z: losses.cross_entropy(z, labels, smoothing),
        lambda z: F.cross_entropy(z, labels, label_smoothing=smoothing),
        logits,
    )
    assert_same(
        lambda z: losses.cross_entropy(z, labels, smoothing),
        lambda z: F.cross_entropy(z, labels, label_smoothing=smoothing),
        1000 * logits,
    )


def test_cross_entropy_is_the_log_loss_of_scikit_learn() -> None:
    logits, labels = torch.randn(50, 3, dtype=torch.float64), torch.arange(50) % 3
    expected = log_loss(labels.numpy(), logits.softmax(dim=1).numpy())
    assert losses.cross_entropy(logits, labels).item() == pytest.approx(expected)


def test_log_sum_exp_agrees_with_torch_where_exp_overflows() -> None:
    for scale in (1.0, 1e4):
        z = scale * torch.randn(5, 8)
        torch.testing.assert_close(losses.log_sum_exp(z), torch.logsumexp(z, dim=-1))


@pytest.mark.parametrize("weight", [1.0, 5.0])
def test_binary_cross_entropy_agrees_with_torch(weight: float) -> None:
    target = torch.bernoulli(torch.full((20, 3), 0.4))  # three labels at once, that do not compete
    for scale in (1.0, 300.0):
        assert_same(
            lambda z: losses.binary_cross_entropy(z, target, weight),
            lambda z: F.binary_cross_entropy_with_logits(z, target, pos_weight=torch.tensor(weight)),
            scale * torch.randn(20, 3),
        )


def test_two_class_softmax_is_a_sigmoid_of_the_difference() -> None:
    logits, labels = torch.randn(20, 2), torch.arange(20) % 2
    binary = losses.binary_cross_entropy(logits[:, 1] - logits[:, 0], labels.float())
    torch.testing.assert_close(losses.cross_entropy(logits, labels), binary)


def test_hinge_agrees_with_scikit_learn_and_by_hand() -> None:
    scores, labels = 2 * torch.randn(40), 2.0 * (torch.arange(40) % 2) - 1
    assert losses.hinge(scores, labels).mean().item() == pytest.approx(
        hinge_loss(labels.numpy(), scores.numpy()), rel=1e-5
    )
    torch.testing.assert_close(
        losses.hinge(torch.tensor([1.5, 0.4, -0.8]), torch.ones(3)), torch.tensor([0.0, 0.6, 1.8])
    )


@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.0, 3.5])
def test_focal_agrees_with_its_definition(gamma: float) -> None:
    target = torch.bernoulli(torch.full((40,), 0.4)).double()
    logits = 2 * torch.randn(40, dtype=torch.float64)

    def definition(z: Tensor, alpha: float) -> Tensor:
        p = torch.sigmoid(z)
        p_t, alpha_t = torch.where(target == 1, p, 1 - p), torch.where(target == 1, alpha, 1 - alpha)
        return -alpha_t * (1 - p_t) ** gamma * p_t.log()

    assert_same(lambda z: losses.focal(z, target, gamma, alpha=0.25), lambda z: definition(z, 0.25), logits)
    torch.testing.assert_close(losses.focal(logits, target, gamma), 2 * definition(logits, 0.5))


def test_focal_by_hand_and_without_gamma() -> None:
    p_t = torch.tensor([0.9, 0.1])
    expected = torch.tensor([0.01 * -math.log(0.9), 0.81 * -math.log(0.1)])
    torch.testing.assert_close(losses.focal(p_t.logit(), torch.ones(2)), expected)
    logits, target = torch.randn(20), (torch.arange(20) % 2).float()
    plain = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    torch.testing.assert_close(losses.focal(logits, target, gamma=0.0), plain)
    extreme = torch.tensor([-200.0, 200.0], requires_grad=True)
    losses.focal(extreme, torch.ones(2)).sum().backward()
    assert extreme.grad is not None
    torch.testing.assert_close(extreme.grad, torch.tensor([-1.0, 0.0]))


def test_label_smoothing_by_hand() -> None:
    # Ten classes, e = 0.1: targets 0.91 and 0.01, the least loss is their entropy, at a gap of ln 91.
    z, label = torch.zeros(1, 10), torch.tensor([0])
    z[0, 0] = math.log(91)
    entropy = -0.91 * math.log(0.91) - 9 * 0.01 * math.log(0.01)
    assert losses.cross_entropy(z, label, smoothing=0.1).item() == pytest.approx(entropy, abs=1e-5)
    z.requires_grad_()
    losses.cross_entropy(z, label, smoothing=0.1).backward()
    assert z.grad is not None
    torch.testing.assert_close(z.grad, torch.zeros(1, 10), rtol=0, atol=1e-6)


def test_the_best_constants_are_mean_and_median() -> None:
    data = torch.tensor([1.0, 2.0, 3.0, 4.0, 90.0])
    assert losses.best_constant(losses.squared_error, data) == pytest.approx(20, abs=0.01)
    assert losses.best_constant(losses.absolute_error, data) == pytest.approx(3, abs=0.01)
    assert losses.best_constant(losses.huber, data) == pytest.approx(3, abs=0.01)
    # Huber of 0, 0.4, 10 with delta 1: 2 c - 0.4 = 1 where the far point pulls by 1, so c = 0.7.
    assert losses.best_constant(losses.huber, torch.tensor([0.0, 0.4, 10.0])) == pytest.approx(0.7, abs=0.01)


def test_illegal_input_is_refused() -> None:
    column, row = torch.zeros(4, 1), torch.zeros(4)
    for loss in (
        losses.squared_error,
        losses.absolute_error,
        losses.huber,
        losses.binary_cross_entropy,
        losses.hinge,
        losses.focal,
    ):
        with pytest.raises(ValueError, match="equal, non-empty shapes"):
            loss(column, row)
        with pytest.raises(ValueError, match="equal, non-empty shapes"):
            loss(torch.zeros(0), torch.zeros(0))
    with pytest.raises(ValueError, match="expected logits"):
        losses.cross_entropy(torch.zeros(4, 3), torch.zeros(4, 3))
    with pytest.raises(ValueError, match="smoothing"):
        losses.cross_entropy(torch.zeros(4, 3), torch.zeros(4, dtype=torch.long), smoothing=1.0)
    with pytest.raises(ValueError, match="-1 and 1"):
        losses.hinge(row, row)
    with pytest.raises(ValueError, match="gamma"):
        losses.focal(row, row, gamma=-1.0)


@pytest.mark.slow
def test_main_shows_what_each_loss_is_sensitive_to(run_main: Callable[[str], str]) -> None:
    printed = run_main("losses.py")
    best = {
        name: (float(c), float(share))
        for name, c, share in re.findall(r"^  (squared|absolute|Huber) +([\d.]+) +([\d.]+)$", printed, re.M)
    }
    assert best["squared"] == (pytest.approx(20, abs=0.02), pytest.approx(86.5 / 91.5, abs=0.01))
    assert best["absolute"] == (pytest.approx(3, abs=0.02), pytest.approx(0.2, abs=0.01))
    assert "0.01 and 0.81" in printed
    plain, focal = (float(share) for share in re.findall(r"easy negatives: ([\d.]+) of", printed))
    assert plain < 0.1 < 0.9 < focal
    assert re.search(r"p = 0\.99: 0\.62\d  \(0\.010\)", printed)
