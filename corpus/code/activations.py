"""Activation functions and their derivatives: which saturate, and which can die.

What: a layer computes z = w x + b and passes on f(z); without a non-linear f, stacked layers are one
linear map. On the way back the gradient is multiplied by f'(z) at every layer, so f' decides what is
left of it:

    sigmoid  s(x) = 1 / (1 + e^-x)     s (1 - s)            at most 0.25, 0 at both ends: it saturates
    tanh     2 s(2x) - 1               1 - tanh^2           at most 1, 0 at both ends
    ReLU     max(0, x)                 1 or 0               a unit below 0 on all data is dead
    leaky    x or a x                  1 or a               never 0, so nothing dies
    GELU     x Phi(x)                  Phi + x phi          smooth; Phi, phi: the normal CDF and density
    SiLU     x s(x), "swish"           s (1 + x (1 - s))    smooth; for x << 0 both tend to 0

Papers: Glorot, Bordes and Bengio, "Deep Sparse Rectifier Neural Networks", 2011 (ReLU);
Maas, Hannun and Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic Models", 2013 (leaky);
Hendrycks and Gimpel, "Gaussian Error Linear Units (GELUs)", 2016;
Elfwing, Uchibe and Doya, "Sigmoid-Weighted Linear Units", 2017 (SiLU).

Run: python corpus/code/activations.py    (saturation through 10 layers, and units that die)
"""

# mypy: allow-untyped-calls

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor, nn

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Activation(NamedTuple):
    """f(x) and f'(x), element by element."""

    value: Tensor
    derivative: Tensor


def sigmoid(x: Tensor) -> Activation:
    """Squash to (0, 1): a probability, or the share that a gate lets through."""
    zero = torch.zeros_like(x)
    s = torch.exp(-torch.logaddexp(zero, -x))  # 1 / (1 + e^-x) without overflow, for any x
    complement = torch.exp(-torch.logaddexp(zero, x))  # s(-x) = 1 - s(x), with all its digits
    return Activation(s, s * complement)


def tanh(x: Tensor) -> Activation:
    """Stretch a sigmoid to (-1, 1), so that the output is centred at 0."""
    s = sigmoid(2 * x)
    return Activation(2 * s.value - 1, 4 * s.derivative)  # 4 s (1 - s) = 1 - tanh^2


def relu(x: Tensor) -> Activation:
    """Cut off below 0; at 0 itself there is no derivative, and 0 is the convention."""
    return Activation(torch.where(x <= 0, 0.0, x), (x > 0).to(x.dtype))


def leaky_relu(x: Tensor, slope: float = 0.01) -> Activation:
    """Leave a small slope below 0, enough for a unit to come back."""
    factor = torch.where(x > 0, torch.ones_like(x), slope)
    return Activation(x * factor, factor)


def gelu(x: Tensor) -> Activation:
    """Weight x by Phi(x), the share of standard normal values below it."""
    cdf = 0.5 * (1 + torch.erf(x / math.sqrt(2)))
    density = torch.exp(-0.5 * x.square()) / math.sqrt(2 * math.pi)
    return Activation(x * cdf, cdf + x * density)  # the product rule, and Phi' = phi


def silu(x: Tensor) -> Activation:
    """Weight x by its own sigmoid: a gate that x opens for itself."""
    s = sigmoid(x)
    return Activation(x * s.value, s.value + x * s.derivative)  # s (1 + x (1 - s)); 0.5 at 0


class SiLUFunction(torch.autograd.Function):
    """SiLU with its own backward: keeps x alone, where autograd would keep x and s(x) as well."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """Save the input for backward and return x s(x)."""
        ctx.save_for_backward(x)
        return silu(x).value

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        """Return the incoming gradient times f'(x), recomputed; differentiable, so twice works too."""
        (x,) = ctx.saved_tensors
        return gradients[0] * silu(x).derivative


ACTIVATIONS: dict[str, Callable[[Tensor], Activation]] = {
    "sigmoid": sigmoid,
    "tanh": tanh,
    "ReLU": relu,
    "leaky ReLU": leaky_relu,
    "GELU": gelu,
    "SiLU": silu,
}


class Net(nn.Module):
    """Hidden layers of one width with one activation, and a linear output."""

    def __init__(self, activation: Callable[[Tensor], Activation], depth: int, width: int = 64) -> None:
        """`depth` counts the hidden layers."""
        super().__init__()
        if depth < 1:
            raise ValueError(f"depth must be at least 1, not {depth}")
        self.activation = activation
        layers = [nn.Linear(64 if i == 0 else width, width) for i in range(depth)]
        for layer in layers:
            nn.init.kaiming_normal_(layer.weight)
            nn.init.zeros_(layer.bias)
        self.hidden = nn.ModuleList(layers)
        self.fc = nn.Linear(width, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (B, 64) to logits (B, 10)."""
        for layer in self.hidden:
            x = self.activation(layer(x)).value
        logits: Tensor = self.fc(x)
        return logits


def dead_share(net: Net, images: Tensor) -> float:
    """Return the share of first-layer units whose input is below 0 for every image."""
    with torch.no_grad():
        return float((net.hidden[0](images) <= 0).all(dim=0).float().mean())


def train(net: Net, images: Tensor, labels: Tensor, steps: int) -> list[float]:
    """Take steps of Adam on all images at once; return the loss before each."""
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    losses: list[float] = []
    for _ in range(steps):
        loss = F.cross_entropy(net(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def plot() -> "Figure":
    """Draw the functions and their derivatives side by side."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    values, derivatives = figure.subplots(1, 2)
    x = torch.linspace(-4, 4, 401)
    for name, activation in ACTIVATIONS.items():
        style = "--" if name == "leaky ReLU" else "-"
        values.plot(x.tolist(), activation(x).value.tolist(), style, label=name)
        derivatives.plot(x.tolist(), activation(x).derivative.tolist(), style, label=name)
    values.set(title="f(x)", xlabel="x", ylim=(-1.2, 3))
    derivatives.set(title="f'(x), the factor on the way back", xlabel="x", ylim=(-0.2, 1.2))
    values.legend(fontsize=8)
    return figure


def main() -> None:
    """Show derivatives far from 0, gradients through 10 layers, and ReLU units that die."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    points = torch.tensor([-10.0, -3.0, 0.5, 3.0, 10.0])
    print("f'(x) at x =      " + "".join(f"{x:>10.1f}" for x in points))
    for name, activation in ACTIVATIONS.items():
        print(f"  {name:<14}  " + "".join(f"{value:>10.5f}" for value in activation(points).derivative))

    data = load_digits()
    images, labels = torch.tensor(data.data, dtype=torch.float32) / 16, torch.tensor(data.target)
    print("10 hidden layers: gradient's norm at the first layer over that at the tenth")
    for name, activation in ACTIVATIONS.items():
        torch.manual_seed(0)
        net = Net(activation, depth=10)
        F.cross_entropy(net(images), labels).backward()
        norms = [p.grad.norm() for p in net.hidden.parameters() if p.grad is not None and p.dim() == 2]
        print(f"  {name:<10}  {norms[0] / norms[-1]:.1e}")

    print("one hidden layer whose biases were thrown to -5; 200 steps of Adam on 500 digits:")
    for name in ("ReLU", "leaky ReLU", "GELU", "SiLU"):
        torch.manual_seed(0)
        net = Net(ACTIVATIONS[name], depth=1)
        nn.init.constant_(net.hidden[0].get_parameter("bias"), -5.0)
        before = dead_share(net, images[:500])
        losses = train(net, images[:500], labels[:500], steps=200)
        after = dead_share(net, images[:500])
        print(f"  {name:<10}  never above 0: {before:.2f} -> {after:.2f}    loss {losses[0]:.3f} -> {losses[-1]:.3f}")


if __name__ == "__main__":
    main()
