"""Learning from preferences: a reward model, the optimum under a KL penalty, and DPO.

What: people compare two answers to a prompt. Bradley and Terry's model of the comparison is

    P(w beats l | x) = sigmoid(r(x, w) - r(x, l)),      reward loss = -log sigmoid(r_w - r_l)

RLHF then maximises E[r(x, y)] - beta KL(policy || reference), whose optimum is known in closed form:

    policy*(y|x) = reference(y|x) exp(r(x, y) / beta) / Z(x)

Solved for r it reads r = beta log(policy* / reference) + beta log Z(x). In the difference of two
answers to one prompt Z(x) cancels, and putting it into the reward loss gives a loss for the policy
itself, without a reward model and without sampling (DPO):

    DPO loss = -log sigmoid(beta [log(policy/reference)(w) - log(policy/reference)(l)])

Papers: Bradley and Terry, "Rank Analysis of Incomplete Block Designs", 1952; Ouyang et al., "Training
language models to follow instructions with human feedback", 2022; Rafailov et al., "Direct
Preference Optimization: Your Language Model is Secretly a Reward Model", 2023.

Run: python corpus/code/preference_optimisation.py    (4 prompts, 6 answers each, policies as tables)
"""

# mypy: allow-untyped-calls

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Preferences(NamedTuple):
    """Comparisons: prompt, preferred and rejected answer, as indices (N,)."""

    prompt: Tensor
    chosen: Tensor
    rejected: Tensor


def reward_loss(chosen: Tensor, rejected: Tensor) -> Tensor:
    """Return -log sigmoid(r_w - r_l), the negative log-likelihood of Bradley-Terry, averaged."""
    if chosen.shape != rejected.shape:
        raise ValueError(f"rewards come in pairs; got {tuple(chosen.shape)} and {tuple(rejected.shape)}")
    return -F.logsigmoid(chosen - rejected).mean()  # log(sigmoid(x)) would be log(0) for x = -200


def implicit_reward(log_policy: Tensor, log_reference: Tensor, beta: float) -> Tensor:
    """Return beta log(policy / reference): the policy's own reward, up to a constant per prompt."""
    if not beta > 0:
        raise ValueError(f"beta must be positive, not {beta}")
    return beta * (log_policy - log_reference)


def dpo_loss(log_policy: Tensor, log_reference: Tensor, pairs: Preferences, beta: float) -> Tensor:
    """Return the DPO loss for log-probabilities (prompts, answers) and preferences.

    For a language model log p(y|x) is the sum over the answer's tokens; the reference is frozen.
    """
    reward = implicit_reward(log_policy, log_reference.detach(), beta)
    return reward_loss(reward[pairs.prompt, pairs.chosen], reward[pairs.prompt, pairs.rejected])


def kl_divergence(log_p: Tensor, log_q: Tensor) -> Tensor:
    """Return KL(p || q) in nats, averaged over the prompts."""
    return (log_p.exp() * (log_p - log_q)).sum(dim=1).mean()


def objective(log_policy: Tensor, log_reference: Tensor, reward: Tensor, beta: float) -> Tensor:
    """Return E[r] - beta KL(policy || reference), what RLHF maximises; exact, as all answers are listed."""
    return (log_policy.exp() * reward).sum(dim=1).mean() - beta * kl_divergence(log_policy, log_reference)


def kl_optimum(log_reference: Tensor, reward: Tensor, beta: float) -> Tensor:
    """Return the log of reference * exp(r / beta) / Z, the policy with the largest objective."""
    if not beta > 0:
        raise ValueError(f"beta must be positive, not {beta}")
    return (log_reference + reward / beta).log_softmax(dim=1)  # the softmax divides by Z


def compare(reward: Tensor, log_reference: Tensor, count: int) -> Preferences:
    """Draw `count` comparisons: two different answers of the reference, judged by Bradley-Terry."""
    prompt = torch.randint(len(reward), (count,))
    first, second = torch.multinomial(log_reference.exp()[prompt], 2).unbind(dim=1)  # without replacement
    wins = torch.rand(count) < torch.sigmoid(reward[prompt, first] - reward[prompt, second])
    return Preferences(prompt, torch.where(wins, first, second), torch.where(wins, second, first))


def fit_reward(pairs: Preferences, shape: torch.Size, steps: int = 400) -> Tensor:
    """Return the reward model, a table, shifted to mean 0: the data say nothing of a prompt's level."""
    reward = nn.Parameter(torch.zeros(shape))
    optimizer = torch.optim.Adam([reward], lr=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        reward_loss(reward[pairs.prompt, pairs.chosen], reward[pairs.prompt, pairs.rejected]).backward()
        optimizer.step()
    return reward.detach() - reward.detach().mean(dim=1, keepdim=True)


def fit_rlhf(log_reference: Tensor, reward: Tensor, beta: float, steps: int = 400) -> Tensor:
    """Return the log-policy found by gradient ascent; PPO estimates this gradient from sampled answers."""
    logits = nn.Parameter(log_reference.clone())
    optimizer = torch.optim.Adam([logits], lr=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        (-objective(logits.log_softmax(dim=1), log_reference, reward, beta)).backward()
        optimizer.step()
    return logits.detach().log_softmax(dim=1)


def fit_dpo(log_reference: Tensor, pairs: Preferences, beta: float, steps: int = 400) -> Tensor:
    """Return the log-policy fitted to the preferences directly, starting from the reference."""
    logits = nn.Parameter(log_reference.clone())
    # The rewards move by 0.1 a step, as in fit_reward; the logits are rewards / beta.
    optimizer = torch.optim.Adam([logits], lr=0.1 / beta)
    for _ in range(steps):
        optimizer.zero_grad()
        dpo_loss(logits.log_softmax(dim=1), log_reference, pairs, beta).backward()
        optimizer.step()
    return logits.detach().log_softmax(dim=1)


def main() -> None:
    """Show that both ways reach the same optimum, and what too little data and too small a beta do."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    torch.manual_seed(0)
    reward = torch.randn(4, 6)
    reward = reward - reward.mean(dim=1, keepdim=True)
    log_reference = (0.5 * torch.randn(4, 6)).log_softmax(dim=1)
    gap = torch.tensor(2.0)
    print(f"a reward gap of 2: P(win) {torch.sigmoid(gap):.3f}, loss {reward_loss(gap, torch.tensor(0.0)):.3f}")
    beta, pairs = 0.5, compare(reward, log_reference, 20_000)
    print(f"DPO loss at the start, policy = reference: {dpo_loss(log_reference, log_reference, pairs, beta):.3f}")
    learnt, best = fit_reward(pairs, reward.shape), kl_optimum(log_reference, reward, beta)
    policies = {
        "reference": log_reference,
        "reward model, then RL": fit_rlhf(log_reference, learnt, beta),
        "DPO": fit_dpo(log_reference, pairs, beta),
        "optimum in closed form": best,
    }
    print(f"20,000 comparisons, beta {beta}:")
    for name, policy in policies.items():
        score = objective(policy, log_reference, reward, beta)
        print(f"  {name:<22}  true objective {score:.3f}   KL to the optimum {kl_divergence(policy, best):.4f}")
    implied = implicit_reward(policies["DPO"], log_reference, beta)
    implied = implied - implied.mean(dim=1, keepdim=True)
    print(f"largest error of DPO's implicit reward, given that rewards span {reward.max() - reward.min():.1f}: "
          f"{(implied - reward).abs().max():.2f}")  # fmt: skip
    few = compare(reward, log_reference, 80)
    proxy = fit_reward(few, reward.shape)
    print("a reward model of 80 comparisons, optimised ever harder:")
    for beta in (100.0, 3.0, 1.0, 0.3, 0.1):
        policy = kl_optimum(log_reference, proxy, beta)
        believed, true = ((policy.exp() * r).sum(dim=1).mean() for r in (proxy, reward))
        kl = kl_divergence(policy, log_reference)
        print(f"  beta {beta:>5}  KL to the reference {kl:.2f}   believed reward {believed:.2f}   true {true:5.2f}")


if __name__ == "__main__":
    main()
