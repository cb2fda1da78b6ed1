"""DPO and reward-plus-RL both arrive at the optimum that is known in closed form."""

import itertools
import math
import re
from collections.abc import Callable

import preference_optimisation as po
import pytest
import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression
from torch import Tensor


def exact_preferences(reward: Tensor) -> po.Preferences:
    """Every pair in the very proportions of Bradley-Terry, for rewards whose gaps are multiples of log 3."""
    rows = []
    for prompt, (first, second) in itertools.product(
        range(len(reward)), itertools.combinations(range(reward.shape[1]), 2)
    ):
        share = torch.sigmoid(reward[prompt, first] - reward[prompt, second]).item()
        wins = round(share * 820)  # 3/4, 9/10 and 27/28... of 820 comparisons, nearly exactly
        rows += [(prompt, first, second)] * wins + [(prompt, second, first)] * (820 - wins)
    return po.Preferences(*torch.tensor(rows).T)


def problem() -> tuple[Tensor, Tensor]:
    """Rewards with known gaps, and a reference that is not uniform."""
    reward = math.log(3) * torch.tensor([[0.0, 1.0, 2.0], [1.0, 0.0, 0.0]])
    return reward, torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.6, 0.3]]).log()


def test_reward_loss_by_hand_and_against_torch() -> None:
    # A gap of 2: P = 1 / (1 + e^-2) = 0.8808, and -log of it 0.1269.
    assert po.reward_loss(torch.tensor([3.0]), torch.tensor([1.0])).item() == pytest.approx(0.1269, abs=1e-4)
    chosen, rejected = torch.randn(9), torch.randn(9)
    expected = F.binary_cross_entropy_with_logits(chosen - rejected, torch.ones(9))
    torch.testing.assert_close(po.reward_loss(chosen, rejected), expected)
    assert po.reward_loss(torch.tensor([0.0]), torch.tensor([500.0])).item() == pytest.approx(500)  # no overflow


def test_the_reward_model_is_a_logistic_regression_on_differences() -> None:
    torch.manual_seed(0)
    reward, log_reference = torch.randn(1, 5), torch.full((1, 5), 0.2).log()
    pairs = po.compare(reward, log_reference, 1500)
    ours = po.fit_reward(pairs, reward.shape)
    # Each comparison and its mirror image, so that both classes occur; nearly no regularisation.
    features = (F.one_hot(pairs.chosen, 5) - F.one_hot(pairs.rejected, 5)).float()
    both, wins = torch.cat((features, -features)).numpy(), [1] * 1500 + [0] * 1500
    theirs = torch.tensor(LogisticRegression(C=1e6, fit_intercept=False, tol=1e-8).fit(both, wins).coef_).float()
    torch.testing.assert_close(ours, theirs - theirs.mean(), atol=0.01, rtol=0.01)


def test_the_closed_form_is_the_optimum() -> None:
    reward, log_reference = torch.randn(3, 6), torch.randn(3, 6).log_softmax(dim=1)
    for beta in (0.2, 1.0, 5.0):
        best = po.kl_optimum(log_reference, reward, beta)
        torch.testing.assert_close(best.exp().sum(dim=1), torch.ones(3))
        # At the optimum the objective is beta log Z.
        log_z = (log_reference + reward / beta).logsumexp(dim=1)
        top = po.objective(best, log_reference, reward, beta)
        torch.testing.assert_close(top, beta * log_z.mean(), rtol=1e-4, atol=1e-5)
        for _ in range(20):
            other = (best + 0.3 * torch.randn(3, 6)).log_softmax(dim=1)
            lost = top - po.objective(other, log_reference, reward, beta)
            # and what another policy loses is beta KL(other || optimum).
            torch.testing.assert_close(lost, beta * po.kl_divergence(other, best), rtol=1e-3, atol=1e-4)


def test_gradient_ascent_arrives_there() -> None:
    reward, log_reference = problem()
    found = po.fit_rlhf(log_reference, reward, beta=0.7)
    torch.testing.assert_close(found.exp(), po.kl_optimum(log_reference, reward, 0.7).exp(), atol=1e-3, rtol=0)


@pytest.mark.parametrize("beta", [0.3, 1.0])
def test_dpo_arrives_there_without_seeing_a_reward(beta: float) -> None:
    reward, log_reference = problem()
    pairs = exact_preferences(reward)
    found = po.fit_dpo(log_reference, pairs, beta)
    torch.testing.assert_close(found.exp(), po.kl_optimum(log_reference, reward, beta).exp(), atol=2e-3, rtol=0)
    implied = po.implicit_reward(found, log_reference, beta)
    torch.testing.assert_close(implied - implied[:, :1], reward - reward[:, :1], atol=0.01, rtol=0)
    learnt = po.fit_reward(pairs, reward.shape)
    torch.testing.assert_close(learnt - learnt[:, :1], reward - reward[:, :1], atol=0.01, rtol=0)


def test_dpo_loss_and_gradient_by_hand() -> None:
    log_policy = torch.randn(1, 4).log_softmax(dim=1).requires_grad_()
    log_reference = torch.randn(1, 4).log_softmax(dim=1)
    pairs = po.Preferences(*torch.tensor([[0], [2], [1]]))  # answer 2 preferred to 1
    loss = po.dpo_loss(log_policy, log_reference, pairs, beta=0.5)
    ratio = (log_policy - log_reference).detach()[0]
    margin = 0.5 * (ratio[2] - ratio[1])
    assert loss.item() == pytest.approx(math.log(1 + math.exp(-margin)), rel=1e-5)
    loss.backward()
    # -beta sigmoid(-margin) for the chosen, the opposite for the rejected: large where the pair is ranked wrongly.
    push = 0.5 * torch.sigmoid(-margin)
    torch.testing.assert_close(log_policy.grad, torch.stack((torch.tensor(0.0), push, -push, torch.tensor(0.0)))[None])
    start = po.dpo_loss(log_reference, log_reference, pairs, beta=0.5)
    assert start.item() == pytest.approx(math.log(2))


def test_comparisons_follow_bradley_terry() -> None:
    reward, log_reference = problem()
    pairs = po.compare(reward, log_reference, 30_000)
    assert (pairs.chosen != pairs.rejected).all()
    here = (pairs.prompt == 0) & (pairs.chosen + pairs.rejected == 1)  # answers 0 and 1, a gap of log 3
    assert (pairs.chosen[here] == 1).float().mean().item() == pytest.approx(0.75, abs=0.02)


def test_kl_agrees_with_torch() -> None:
    p, q = (torch.randn(3, 5).log_softmax(dim=1) for _ in range(2))
    expected = F.kl_div(q, p, reduction="batchmean", log_target=True)
    torch.testing.assert_close(po.kl_divergence(p, q), expected)


def test_illegal_input_is_refused() -> None:
    table = torch.zeros(1, 2)
    for beta in (0.0, -1.0):
        with pytest.raises(ValueError, match="beta"):
            po.kl_optimum(table, table, beta)
        with pytest.raises(ValueError, match="beta"):
            po.implicit_reward(table, table, beta)
    with pytest.raises(ValueError, match="pairs"):
        po.reward_loss(torch.zeros(2), torch.zeros(3))


@pytest.mark.slow
def test_main_both_ways_meet(run_main: Callable[[str], str]) -> None:
    printed = run_main("preference_optimisation.py")
    assert "P(win) 0.881, loss 0.127" in printed
    assert "policy = reference: 0.693" in printed
    rows = re.findall(r"^  (\S.*?) +true objective (-?[\d.]+)   KL to the optimum ([\d.]+)", printed, re.MULTILINE)
    kl = {name: float(value) for name, _, value in rows}
    assert kl["DPO"] < 0.02 > kl["reward model, then RL"]
    assert kl["reference"] > 0.3
    believed, true = zip(*re.findall(r"believed reward (-?[\d.]+)   true +(-?[\d.]+)", printed), strict=True)
    assert [float(x) for x in believed] == sorted(float(x) for x in believed)
    rewards = [float(x) for x in true]
    assert rewards[-1] < max(rewards) - 0.05 > rewards[0]  # optimised ever harder, the truth rises and falls
    assert float(believed[-1]) > rewards[-1] + 1
