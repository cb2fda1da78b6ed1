"""Gradient clipping: by the norm of all gradients together, or each component by itself.

What, for the gradient g of all parameters as one vector:

    by norm    g * min(1, c / |g|)              shorter if too long; the direction stays
    by value   each component to [-c, c]        the direction turns, towards a corner

Why: an exploding gradient is rare and large. One step along it undoes thousands; clipped, it costs one
step. It does not help where gradients vanish, nor against the cause. Where it acts at nearly every step it has
become part of the learning rate.

Where: between backward() and step(); after unscale_() in mixed precision; once, at the end, where gradients
are accumulated.

Paper: Pascanu, Mikolov and Bengio, "On the Difficulty of Training Recurrent Neural Networks", 2013.

Run: python corpus/code/gradient_clipping.py    (a vector by hand, then a descent at the edge of a cliff)
"""

# mypy: allow-untyped-calls

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def global_norm(gradients: Sequence[Tensor]) -> Tensor:
    """Return the length of all gradients as one vector: the root of the sum of their squares."""
    if not gradients:
        raise ValueError("there is no gradient")
    return torch.stack([gradient.square().sum() for gradient in gradients]).sum().sqrt()


def clip_by_norm(gradients: Sequence[Tensor], limit: float) -> tuple[list[Tensor], Tensor]:
    """Return the gradients, scaled together to at most `limit`, and the norm that they had: the number to log.

    One factor for all keeps the proportions between layers. Not a finite norm: an error, as scaling by it
    would turn every gradient to 0 or NaN.
    """
    norm = global_norm(gradients)
    if not limit > 0 or not norm.isfinite():
        raise ValueError(f"need a limit above 0 and a finite norm, not {limit} and {norm.item()}")
    factor = min(1.0, limit / max(norm.item(), 1e-12))
    return [gradient * factor for gradient in gradients], norm


def clip_by_value(gradients: Sequence[Tensor], limit: float) -> list[Tensor]:
    """Return the gradients with every component in [-limit, limit]."""
    if not limit > 0:
        raise ValueError(f"need a limit above 0, not {limit}")
    return [gradient.clamp(-limit, limit) for gradient in gradients]


def angle(a: Tensor, b: Tensor) -> float:
    """Return the angle between two vectors, in degrees."""
    return math.degrees(math.acos(float((torch.cosine_similarity(a, b, dim=0)).clamp(-1, 1))))


def descend(limit: float | None, *, steps: int = 60, lr: float = 0.02) -> list[float]:
    """Return the losses of a recurrence w^20 x that is to give 0.5, from just above 1, clipped by norm or not.

    An RNN in one number: above w = 1 the power, and its gradient 20 w^19, explode.
    """
    w = torch.tensor([1.12], requires_grad=True)
    losses: list[float] = []
    for _ in range(steps):
        state = torch.ones(1)
        for _ in range(20):
            state = w * state
        loss = (state - 0.5).square().sum()
        (gradient,) = torch.autograd.grad(loss, w)
        if limit is not None:
            (gradient,), _ = clip_by_norm([gradient], limit)
        losses.append(loss.item())
        with torch.no_grad():
            w -= lr * gradient
    return losses


def main() -> None:
    """Clip a vector in both ways, and descend with and without clipping."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    g = torch.tensor([3.0, -4.0, 12.0])
    (by_norm,), norm = clip_by_norm([g], 1.0)
    (by_value,) = clip_by_value([g], 1.0)
    print(f"g = {g.tolist()}, norm {norm:.0f}, limit 1:")
    for name, clipped in (("norm", by_norm), ("value", by_value)):
        values = ", ".join(f"{value:.3f}" for value in clipped)
        print(f"  by {name:<5} ({values}), length {clipped.norm():.2f}, turned by {angle(g, clipped):.0f} degrees")
    print(f"two tensors of norms 3 and 4: global norm {global_norm([torch.tensor([3.0]), torch.tensor([4.0])]):.0f}")
    print("w^20 is to be 0.5, from w = 1.12: loss at first, after 1, 5 and 59 steps")
    for name, limit in (("not clipped", None), ("norm at most 1", 1.0)):
        losses = descend(limit)
        print(f"  {name:<15} " + "  ".join(f"{losses[step]:.3g}" for step in (0, 1, 5, 59)))


if __name__ == "__main__":
    main()
