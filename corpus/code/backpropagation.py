"""Backpropagation by hand: all gradients of a small network in one sweep from back to front.

What: the loss L is a chain of steps. The error of a step's output, dL/d(output), gives by the chain rule

    the gradient of its weights    what the next step receives, and so every layer in turn
    linear  z = W h:               dL/dW = (dL/dz) h^T          dL/dh = W^T (dL/dz)
    ReLU    h = max(z, 0):         no weights                   dL/dz = dL/dh where z > 0, else 0
    loss    L = 1/2 (y - t)^2:     no weights                   dL/dy = y - t

Why from the back: each error is computed once and used for all that lies before it, so that one sweep
costs about two forward passes, whatever the number of weights. Finite differences need two forward
passes for EACH weight; they are the check, not the method. The price is memory: the backward pass needs
h and z again, so the forward pass keeps them.

Paper: Rumelhart, Hinton and Williams, "Learning Representations by Back-propagating Errors", 1986.

Run: python corpus/code/backpropagation.py    (an example for pen and paper, then a check by differences)
"""

from typing import NamedTuple

import torch
from torch import Tensor


class Cache(NamedTuple):
    """What the backward pass needs from the forward pass."""

    x: Tensor
    """(B, in)"""
    z: Tensor
    """(B, hidden), before ReLU"""
    h: Tensor
    """(B, hidden), after it"""
    error: Tensor
    """(B, out), y - t"""


class Gradients(NamedTuple):
    """Of the loss with respect to both weights and the input, each of its own shape."""

    w1: Tensor
    w2: Tensor
    x: Tensor


def forward(x: Tensor, w1: Tensor, w2: Tensor, target: Tensor) -> tuple[Tensor, Cache]:
    """Map x (B, in), w1 (hidden, in), w2 (out, hidden), target (B, out) to 1/2 |y - t|^2, summed, and the cache."""
    if x.shape[1] != w1.shape[1] or w1.shape[0] != w2.shape[1] or target.shape != (len(x), len(w2)):
        shapes = ", ".join(str(tuple(tensor.shape)) for tensor in (x, w1, w2, target))
        raise ValueError(f"expected (B, in), (hidden, in), (out, hidden), (B, out); got {shapes}")
    z = x @ w1.T
    h = z.clamp(min=0)
    error = h @ w2.T - target
    return 0.5 * error.square().sum(), Cache(x, z, h, error)


def backward(w1: Tensor, w2: Tensor, cache: Cache) -> Gradients:
    """Go from the loss back to the input; the sum over the batch is the sum in the matrix products."""
    y_error = cache.error  # (B, out)
    h_error = y_error @ w2  # (B, hidden)
    z_error = h_error * (cache.z > 0)  # a unit that was off passes nothing on and learns nothing
    return Gradients(w1=z_error.T @ cache.x, w2=y_error.T @ cache.h, x=z_error @ w1)


def backward_without_relu(w1: Tensor, w2: Tensor, cache: Cache) -> Gradients:
    """Make the mistake of forgetting the activation: right only where every unit was on."""
    h_error = cache.error @ w2
    return Gradients(w1=h_error.T @ cache.x, w2=cache.error.T @ cache.h, x=h_error @ w1)


def by_differences(x: Tensor, w1: Tensor, w2: Tensor, target: Tensor, epsilon: float = 1e-4) -> Tensor:
    """Return dL/dw1 by (L(w + e) - L(w - e)) / 2e for every weight: two forward passes each, so only a check.

    Give doubles: with float32 the difference of two almost equal losses is mostly rounding.
    """
    if not epsilon > 0:
        raise ValueError(f"epsilon must be positive, not {epsilon}")
    gradient = torch.zeros_like(w1)
    for index in range(w1.numel()):
        step = torch.zeros_like(w1)
        step.view(-1)[index] = epsilon
        higher, lower = (forward(x, w1 + sign * step, w2, target)[0] for sign in (1, -1))
        gradient.view(-1)[index] = (higher - lower) / (2 * epsilon)
    return gradient


def main() -> None:
    """Work the example, take a step, and check a larger network against differences."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    x, target = torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0]])
    w1, w2 = torch.tensor([[0.5, 0.5], [1.0, -1.0]]), torch.tensor([[2.0, 3.0]])
    loss, cache = forward(x, w1, w2, target)
    gradients = backward(w1, w2, cache)
    print(f"z = {cache.z.tolist()}, h = {cache.h.tolist()}, y - t = {cache.error.item():.0f}, loss {loss:.0f}")
    print(f"dL/dW1 = {gradients.w1.tolist()}, dL/dw2 = {gradients.w2.tolist()}, dL/dx = {gradients.x.tolist()}")
    print(f"without ReLU's derivative dL/dW1 would be {backward_without_relu(w1, w2, cache).w1.tolist()}")
    w1, w2 = w1 - 0.01 * gradients.w1, w2 - 0.01 * gradients.w2
    print(f"after one step of 0.01: loss {forward(x, w1, w2, target)[0]:.3f}")

    torch.manual_seed(0)
    x, w1, w2, target = (torch.randn(shape, dtype=torch.float64) for shape in ((8, 5), (16, 5), (3, 16), (8, 3)))
    _, cache = forward(x, w1, w2, target)
    gap = (backward(w1, w2, cache).w1 - by_differences(x, w1, w2, target)).abs().max()
    mistake = (backward_without_relu(w1, w2, cache).w1 - by_differences(x, w1, w2, target)).abs().max()
    print(f"80 weights, 160 forward passes by differences against one sweep: largest gap {gap:.0e}", end="")
    print(f"; of the mistake {mistake:.1f}")


if __name__ == "__main__":
    main()
