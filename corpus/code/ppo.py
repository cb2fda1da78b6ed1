"""PPO's clipped objective, and GRPO's advantages that need no value network.

What: samples come from the policy as it was when they were drawn, pi_old. With r = pi(a|s) / pi_old(a|s) and
the advantage A, several steps are taken on the same samples, up the objective

    L = mean of min( r A,  clip(r, 1 - eps, 1 + eps) A )

Why the min: it is a pessimist. Where the ratio has gone far enough in the good direction (up for A > 0, down
for A < 0) the clipped term is smaller, constant, and without gradient. Where it has gone the wrong way the
other term is smaller and its gradient brings it back. Clipping is no constraint: it only removes the
gradient of single samples; others, and momentum, may still push the ratio further.

Advantages: PPO takes them from a value network. GRPO draws a group of answers to one question and
standardises their rewards, A_i = (r_i - mean) / std: no network, but more samples, one number for all
tokens of an answer, and nothing to learn from a group that is all right or all wrong.

Papers: Schulman et al., "Proximal Policy Optimization Algorithms", 2017;
Shao et al., "DeepSeekMath: Pushing the Limits of Mathematical Reasoning in Open Language Models", 2024 (GRPO).

Run: python corpus/code/ppo.py    (the cases by number, then many steps on one batch with and without clipping)
"""

# mypy: allow-untyped-calls

import torch
from torch import Tensor


def clipped_objective(ratio: Tensor, advantage: Tensor, epsilon: float = 0.2) -> Tensor:
    """Return min(r A, clip(r) A) for each sample (B,); its mean is to be made LARGER."""
    if ratio.shape != advantage.shape or not 0 < epsilon < 1:
        raise ValueError(f"need equal shapes and 0 < epsilon < 1; got {ratio.shape}, {advantage.shape}, {epsilon}")
    return torch.minimum(ratio * advantage, ratio.clamp(1 - epsilon, 1 + epsilon) * advantage)


def has_gradient(ratio: float, advantage: float, epsilon: float = 0.2) -> bool:
    """Say whether a sample still moves the policy."""
    r = torch.tensor([ratio], requires_grad=True)
    (slope,) = torch.autograd.grad(clipped_objective(r, torch.tensor([advantage]), epsilon).sum(), r)
    return bool(slope.item() != 0)


def group_advantages(rewards: Tensor) -> Tensor:
    """Return GRPO's advantages of groups (..., G): rewards standardised within their group, population deviation.

    A group of equal rewards has no better and no worse answers: 0, where a division by 0 would give NaN.
    """
    if rewards.dim() < 1 or rewards.shape[-1] < 2:
        raise ValueError(f"a group needs at least two answers, got {tuple(rewards.shape)}")
    centred = rewards - rewards.mean(dim=-1, keepdim=True)
    deviation = centred.square().mean(dim=-1, keepdim=True).sqrt()
    return torch.where(deviation > 0, centred / deviation.clamp(min=1e-8), torch.zeros_like(centred))


def kl_estimate(log_ratio: Tensor) -> Tensor:
    """Return Schulman's estimate of KL(pi_old || pi) from samples of pi_old: r - 1 - log r, never negative."""
    return log_ratio.exp() - 1 - log_ratio


def policy_steps(
    logits: Tensor, actions: Tensor, advantages: Tensor, *, steps: int, lr: float, epsilon: float | None
) -> tuple[Tensor, list[float]]:
    """Take `steps` steps on one batch of actions (B,) drawn from softmax(logits) (A,); None: do not clip.

    Returns the new logits and, after each step, KL(pi_old || pi) in nats, exact.
    """
    if steps < 1 or actions.shape != advantages.shape:
        raise ValueError(f"need steps >= 1 and an advantage for each action: {steps}, {actions.shape}")
    old = logits.log_softmax(dim=0)
    new = logits.clone().requires_grad_()
    optimizer = torch.optim.SGD([new], lr=lr)
    history: list[float] = []
    for _ in range(steps):
        ratio = (new.log_softmax(dim=0)[actions] - old[actions]).exp()
        gain = ratio * advantages if epsilon is None else clipped_objective(ratio, advantages, epsilon)
        optimizer.zero_grad()
        (-gain.mean()).backward()
        optimizer.step()
        history.append(float((old.exp() * (old - new.detach().log_softmax(dim=0))).sum()))
    return new.detach(), history


def main() -> None:
    """Go through the cases, standardise a group, and wear out one batch."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    print("eps = 0.2: advantage, ratio, objective, is there a gradient?")
    for advantage, ratio in ((2.0, 1.5), (2.0, 0.5), (-2.0, 0.5), (-2.0, 1.5)):
        value = clipped_objective(torch.tensor([ratio]), torch.tensor([advantage])).item()
        moves = "yes" if has_gradient(ratio, advantage) else "no"
        print(f"  A {advantage:>4.0f}  r {ratio:.1f}  {value:5.2f}  {moves}")
    for group in ([1.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]):
        values = ", ".join(f"{a:+.3f}" for a in group_advantages(torch.tensor(group)))
        print(f"a group with rewards {group}: advantages {values}")

    torch.manual_seed(0)
    logits, rewards = torch.zeros(4), torch.tensor([1.0, 0.0, 0.5, 0.2])
    actions = torch.multinomial(logits.softmax(dim=0), 64, replacement=True)
    advantages = group_advantages(rewards[actions] + 0.5 * torch.randn(64))  # noisy rewards of 64 samples
    print("steps on one batch of 64: KL from the policy that drew it, in nats")
    for name, epsilon in (("not clipped", None), ("clipped", 0.2)):
        _, kl = policy_steps(logits, actions, advantages, steps=200, lr=0.5, epsilon=epsilon)
        print(f"  {name:<12} after 1 step {kl[0]:.4f}, 10 steps {kl[9]:.3f}, 200 steps {kl[-1]:.3f}")


if __name__ == "__main__":
    main()
