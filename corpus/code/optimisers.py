"""Optimisers: what SGD, momentum, Nesterov, RMSprop, Adam and AdamW do with the same gradient g.

    SGD        w <- w - lr g
    momentum   b <- mu b + g                w <- w - lr b
    Nesterov   b <- mu b + g                w <- w - lr (g + mu b)     looks one step of b ahead
    RMSprop    v <- a v + (1 - a) g^2       w <- w - lr g / (sqrt(v) + eps)
    Adam       m <- b1 m + (1 - b1) g, v <- b2 v + (1 - b2) g^2, both start at 0 and so are too small:
               m^ = m / (1 - b1^t), v^ = v / (1 - b2^t)      w <- w - lr m^ / (sqrt(v^) + eps)
    AdamW      w <- (1 - lr decay) w, then Adam's step with the plain g

Why: momentum adds up what the gradients agree on and cancels what they do not; dividing by sqrt(v)
gives each parameter steps of its own size. L2 adds decay * w to g; in SGD that shrinks w by the factor
1 - lr decay, but in Adam it is divided by sqrt(v^) too, so weights with large gradients hardly shrink.

Papers: Polyak, "Some Methods of Speeding up the Convergence of Iteration Methods", 1964;
Nesterov, "A Method of Solving a Convex Programming Problem with Convergence Rate O(1/k^2)", 1983;
Tieleman and Hinton, "Lecture 6.5 - RMSProp", 2012; Kingma and Ba, "Adam: A Method for Stochastic
Optimization", 2015; Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019.

Run: python corpus/code/optimisers.py    (a narrow valley, the first step, and two kinds of decay)
"""

# mypy: allow-untyped-calls
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class SGD:
    """Gradient descent, plain or with (Nesterov) momentum; "stochastic" where g is a mini-batch's."""

    def __init__(
        self, w: Tensor, lr: float, momentum: float = 0.0, nesterov: bool = False, weight_decay: float = 0.0
    ) -> None:
        """`weight_decay` is L2, which in SGD is the same as decoupled decay."""
        if lr <= 0 or not 0 <= momentum < 1 or (nesterov and momentum == 0):
            raise ValueError("need lr > 0 and 0 <= momentum < 1, above 0 for Nesterov")
        self.w, self.lr, self.momentum, self.nesterov, self.weight_decay = w, lr, momentum, nesterov, weight_decay
        self.buffer = torch.zeros_like(w)

    def step(self, gradient: Tensor) -> None:
        """Step against the gradient, or against the running sum of gradients."""
        gradient = gradient + self.weight_decay * self.w
        self.buffer = self.momentum * self.buffer + gradient  # without momentum: the gradient itself
        self.w -= self.lr * (gradient + self.momentum * self.buffer if self.nesterov else self.buffer)


class RMSprop:
    """Divide by the root mean square of recent gradients, element by element."""

    def __init__(self, w: Tensor, lr: float, alpha: float = 0.99, eps: float = 1e-8) -> None:
        """`alpha` is the memory of the mean: about 1 / (1 - alpha) steps."""
        if lr <= 0 or not 0 <= alpha < 1:
            raise ValueError("need lr > 0 and 0 <= alpha < 1")
        self.w, self.lr, self.alpha, self.eps = w, lr, alpha, eps
        self.mean_square = torch.zeros_like(w)  # no correction: the first step is 1 / sqrt(1 - alpha) times lr

    def step(self, gradient: Tensor) -> None:
        """Step by about lr in every element, however steep the loss is there."""
        self.mean_square = self.alpha * self.mean_square + (1 - self.alpha) * gradient.square()
        self.w -= self.lr * gradient / (self.mean_square.sqrt() + self.eps)


class Adam:
    """Momentum and RMSprop's scaling together, both corrected for their start at 0."""

    def __init__(
        self,
        w: Tensor,
        lr: float,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decoupled: bool = False,
        bias_correction: bool = True,
    ) -> None:
        """`decoupled=True` makes it AdamW; `bias_correction=False` shows what the correction is for."""
        if lr <= 0 or not all(0 <= beta < 1 for beta in betas):
            raise ValueError("need lr > 0 and both betas in [0, 1)")
        self.w, self.lr, self.betas, self.eps = w, lr, betas, eps
        self.weight_decay, self.decoupled, self.bias_correction = weight_decay, decoupled, bias_correction
        self.m, self.v, self.t = torch.zeros_like(w), torch.zeros_like(w), 0

    def step(self, gradient: Tensor) -> None:
        """Step by about lr times how far recent gradients agree, in [-1, 1]."""
        if self.decoupled:
            self.w *= 1 - self.lr * self.weight_decay  # outside m and v: the same for every weight
        else:
            gradient = gradient + self.weight_decay * self.w  # L2: enters m, and is divided by sqrt(v)
        self.t += 1
        beta1, beta2 = self.betas
        self.m = beta1 * self.m + (1 - beta1) * gradient
        self.v = beta2 * self.v + (1 - beta2) * gradient.square()
        # After t steps the weights of the past gradients add up to 1 - beta^t only.
        m = self.m / (1 - beta1**self.t) if self.bias_correction else self.m
        v = self.v / (1 - beta2**self.t) if self.bias_correction else self.v
        self.w -= self.lr * m / (v.sqrt() + self.eps)


CURVATURE = torch.tensor([[1.0, 0.0], [0.0, 50.0]])  # 50 times as steep in the second direction
TURNED = torch.tensor([[25.5, 24.5], [24.5, 25.5]])  # the same valley at 45 degrees: eigenvalues 1 and 50
START = torch.tensor([-4.0, 1.5])
OPTIMISERS: dict[str, Callable[[Tensor, float], SGD | RMSprop | Adam]] = {
    "SGD": SGD,
    "momentum": lambda w, lr: SGD(w, lr, momentum=0.9),
    "Nesterov": lambda w, lr: SGD(w, lr, momentum=0.9, nesterov=True),
    "RMSprop": lambda w, lr: RMSprop(w, lr, alpha=0.9),
    "Adam": Adam,
}


def descend(name: str, lr: float, curvature: Tensor = CURVATURE, steps: int = 300) -> Tensor:
    """Return the path (steps + 1, 2) of an optimiser down the loss w^T A w / 2, whose gradient is A w."""
    optimiser = OPTIMISERS[name](START.clone(), lr)
    path = [START]
    for _ in range(steps):
        optimiser.step(curvature @ optimiser.w)
        path.append(optimiser.w.clone())
    return torch.stack(path)


def steps_needed(name: str, lr: float, curvature: Tensor, steps: int = 600) -> float:
    """Return after how many steps the loss stays below 0.001; infinity if it does not."""
    path = descend(name, lr, curvature, steps)
    above = (0.5 * ((path @ curvature) * path).sum(dim=1) < 1e-3).logical_not().nonzero()
    last = int(above.max())  # the first point is above, so there is one; a NaN counts as above
    return last + 1 if last < steps else math.inf


def shrinkage(gradient_size: float, decoupled: bool, lr: float = 0.01, decay: float = 1e-3) -> float:
    """Return by how much 1000 steps of decay shrink a weight of 1 whose gradients are +-gradient_size.

    The gradients cancel; what they move is taken off by a run without decay beside it.
    """
    weights = [torch.ones(1), torch.ones(1)]
    runs = [Adam(w, lr, weight_decay=d, decoupled=decoupled) for w, d in zip(weights, (0.0, decay), strict=True)]
    for t in range(1000):
        for run in runs:
            run.step(torch.tensor([gradient_size if t % 2 else -gradient_size]))
    return float(weights[0] - weights[1])


def plot() -> "Figure":
    """Draw 60 steps of each optimiser down the valley, over the contours of the loss."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    axis = figure.subplots()
    across, up = torch.linspace(-4.5, 1.5, 121), torch.linspace(-1.6, 1.8, 121)
    loss = 0.5 * (across.square() + 50 * up.square().unsqueeze(1))  # (rows: up, columns: across)
    axis.contour(across.tolist(), up.tolist(), loss.tolist(), levels=[0.1, 1, 4, 10, 25, 50], colors="lightgrey")
    for name, lr in zip(OPTIMISERS, (0.036, 0.01, 0.01, 0.1, 0.3), strict=True):
        path = descend(name, lr, steps=60)
        axis.plot(
            path[:, 0].tolist(), path[:, 1].tolist(), marker=".", markersize=3, linewidth=1, label=f"{name}, lr {lr}"
        )
    axis.plot(0, 0, "k*", markersize=10)
    axis.set(xlabel="w1 (curvature 1)", ylabel="w2 (curvature 50)", title="60 steps down a narrow valley")
    axis.legend(fontsize=8)
    return figure


def main() -> None:
    """Race down a valley, take Adam's first step, and compare Adam with L2 to AdamW."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    print("f(w) = w^2 from w = 1, gradient descent:")
    for lr in (0.1, 1.0, 1.1):
        sgd, path = SGD(torch.ones(()), lr), []
        for _ in range(4):
            sgd.step(2 * sgd.w)
            path.append(f"{sgd.w.item():.3f}")
        print(f"  lr {lr}: {', '.join(path)}")
    print("valley 50 times as steep across as along; steps until the loss stays below 0.001 (inf: not in 600)")
    rates = [10 ** (-3 + i / 4) for i in range(13)]
    for name in OPTIMISERS:
        along, turned = (min(steps_needed(name, lr, a) for lr in rates) for a in (CURVATURE, TURNED))
        print(f"  {name:<8}  {along:>3}    turned by 45 degrees: {turned:>3}")
    print("Adam's first step, lr 0.001, gradient 0.1:")
    for bias_correction in (True, False):
        adam = Adam(torch.zeros(1), 0.001, bias_correction=bias_correction)
        adam.step(torch.tensor([0.1]))
        print(f"  bias correction {bias_correction!s:<5}: {adam.w.item():.5f}")
    print("share that decay 0.001 takes off a weight in 1000 steps of lr 0.01, gradients +-0.1 and +-10:")
    for name, decoupled in (("Adam + L2", False), ("AdamW", True)):
        print(f"  {name:<9}  {shrinkage(0.1, decoupled):.4f}  {shrinkage(10.0, decoupled):.4f}")


if __name__ == "__main__":
    main()
