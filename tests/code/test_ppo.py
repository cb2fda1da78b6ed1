"""The objective's four cases by hand, GRPO's advantages by NumPy, and the first step is a policy gradient."""

import re
from collections.abc import Callable

import numpy as np
import ppo
import pytest
import torch
from torch.distributions import Categorical, kl_divergence


@pytest.mark.parametrize(
    ("advantage", "ratio", "objective", "moves"),
    [
        (2.0, 1.5, 2.4, False),  # min(3, 1.2 * 2)
        (-2.0, 0.5, -1.6, False),  # min(-1, 0.8 * -2)
        (-2.0, 1.5, -3.0, True),  # min(-3, 1.2 * -2): the wrong way, so it is pulled back
        (2.0, 0.5, 1.0, True),  # min(1, 0.8 * 2)
        (2.0, 1.1, 2.2, True),  # within the range
    ],
)
def test_the_cases_by_hand(advantage: float, ratio: float, objective: float, moves: bool) -> None:
    value = ppo.clipped_objective(torch.tensor([ratio]), torch.tensor([advantage]))
    assert value.item() == pytest.approx(objective)
    assert ppo.has_gradient(ratio, advantage) is moves


def test_the_objective_is_a_lower_bound() -> None:
    ratio, advantage = torch.rand(1000) * 3, torch.randn(1000)
    assert (ppo.clipped_objective(ratio, advantage) <= ratio * advantage + 1e-6).all()


def test_group_advantages_agree_with_numpy_and_by_hand() -> None:
    # Mean 0.25, variance 0.25 * 0.75: 0.75 / 0.4330 and -0.25 / 0.4330.
    found = ppo.group_advantages(torch.tensor([1.0, 0.0, 0.0, 0.0]))
    assert found.tolist() == pytest.approx([1.7321, -0.5774, -0.5774, -0.5774], abs=1e-4)
    rewards = np.random.default_rng(0).normal(size=(5, 6))
    expected = (rewards - rewards.mean(axis=1, keepdims=True)) / rewards.std(axis=1, keepdims=True)
    np.testing.assert_allclose(ppo.group_advantages(torch.tensor(rewards)).numpy(), expected)
    assert not ppo.group_advantages(torch.ones(2, 3)).any()


def test_the_first_step_is_the_policy_gradient() -> None:
    # At r = 1 nothing is clipped, and the gradient of r is that of log pi.
    logits, actions, advantages = torch.randn(4), torch.randint(4, (30,)), torch.randn(30)
    moved, _ = ppo.policy_steps(logits, actions, advantages, steps=1, lr=0.1, epsilon=0.2)
    leaf = logits.clone().requires_grad_()
    (gradient,) = torch.autograd.grad((Categorical(logits=leaf).log_prob(actions) * advantages).mean(), leaf)
    torch.testing.assert_close(moved, logits + 0.1 * gradient)


def test_kl_exact_and_estimated() -> None:
    old, new = torch.randn(4), torch.randn(4)
    exact = kl_divergence(Categorical(logits=old), Categorical(logits=new))
    actions = Categorical(logits=old).sample((100_000,))
    log_ratio = (new.log_softmax(dim=0) - old.log_softmax(dim=0))[actions]
    estimate = ppo.kl_estimate(log_ratio)
    assert (estimate >= -1e-6).all()
    assert estimate.mean().item() == pytest.approx(exact.item(), rel=0.05)
    moved, history = ppo.policy_steps(old, actions[:50], torch.randn(50), steps=3, lr=1.0, epsilon=None)
    expected = kl_divergence(Categorical(logits=old), Categorical(logits=moved))
    assert history[-1] == pytest.approx(expected.item(), abs=1e-5)


def test_clipping_holds_the_policy_near_the_one_that_drew() -> None:
    actions = torch.arange(64) % 4
    advantages = torch.tensor([1.0, -1.0, 0.5, -0.5])[actions]
    far, near = (
        ppo.policy_steps(torch.zeros(4), actions, advantages, steps=100, lr=0.5, epsilon=epsilon)[1][-1]
        for epsilon in (None, 0.2)
    )
    assert near < far / 5


def test_illegal_input_is_refused() -> None:
    with pytest.raises(ValueError, match="equal shapes"):
        ppo.clipped_objective(torch.ones(2), torch.ones(3))
    with pytest.raises(ValueError, match="epsilon"):
        ppo.clipped_objective(torch.ones(2), torch.ones(2), epsilon=0.0)
    with pytest.raises(ValueError, match="two answers"):
        ppo.group_advantages(torch.ones(3, 1))
    with pytest.raises(ValueError, match="steps"):
        ppo.policy_steps(torch.zeros(2), torch.zeros(1).long(), torch.zeros(1), steps=0, lr=0.1, epsilon=None)


@pytest.mark.slow
def test_main_holds_the_policy(run_main: Callable[[str], str]) -> None:
    printed = run_main("ppo.py")
    assert "A    2  r 1.5   2.40  no" in printed
    assert "A   -2  r 1.5  -3.00  yes" in printed
    assert "advantages +1.732, -0.577, -0.577, -0.577" in printed
    free, held = (float(kl) for kl in re.findall(r"200 steps ([\d.]+)$", printed, re.MULTILINE))
    assert held < free / 5
