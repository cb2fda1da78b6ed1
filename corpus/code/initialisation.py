"""How to draw the first weights, so that signals and gradients survive many layers.

What: for z = sum_i w_i x_i over n_in inputs, with independent weights of mean 0,

    Var(z) = n_in * Var(w) * E[x^2],

a factor per layer on the way forward, and n_out * Var(w) * E[f'(z)^2] per layer on the way back. The
product over the layers grows or shrinks exponentially unless the factor is about one:

    Xavier / Glorot    Var(w) = 2 / (n_in + n_out)    for f near the identity, as tanh around 0
    He / Kaiming       Var(w) = 2 / n_in              ReLU zeroes half: E[x^2] = Var(z) / 2
    a fixed 0.01       ignores n_in: the signal of a deep net fades
    zeros, constants   all units of a layer are equal, get equal gradients and stay equal

The bilinear kernel starts a transposed convolution as plain bilinear enlargement.

Papers: Glorot and Bengio, "Understanding the Difficulty of Training Deep Feedforward Neural Networks", 2010;
He, Zhang, Ren and Sun, "Delving Deep into Rectifiers", 2015;
Long, Shelhamer and Darrell, "Fully Convolutional Networks for Semantic Segmentation", 2015 (bilinear).

Run: python corpus/code/initialisation.py    (20 layers: what arrives, and what trains)
"""

# mypy: allow-untyped-calls
import math
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor, nn

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Initialiser = Callable[[Tensor], None]  # fills a weight in place


def fans(weight: Tensor) -> tuple[int, int]:
    """Return n_in and n_out of a weight (out, in, *kernel): how many terms a sum has, forward and back."""
    if weight.dim() < 2:
        raise ValueError(f"a weight has at least 2 axes (out, in), not {tuple(weight.shape)}; biases start at 0")
    positions = math.prod(weight.shape[2:])
    return weight.shape[1] * positions, weight.shape[0] * positions


@torch.no_grad()
def constant_(weight: Tensor, value: float = 0.0) -> None:
    """Fill with one number: the units of a layer are copies and get equal gradients; with 0 no signal passes."""
    weight.fill_(value)


@torch.no_grad()
def small_normal_(weight: Tensor) -> None:
    """Draw from N(0, 0.01^2), whatever the number of inputs."""
    weight.normal_(0.0, 0.01)


@torch.no_grad()
def xavier_normal_(weight: Tensor) -> None:
    """Draw with variance 2 / (n_in + n_out), between what forward and backward ask for."""
    weight.normal_(0.0, math.sqrt(2.0 / sum(fans(weight))))


@torch.no_grad()
def xavier_uniform_(weight: Tensor) -> None:
    """The same variance from U(-a, a), whose variance is a^2 / 3."""
    bound = math.sqrt(6.0 / sum(fans(weight)))
    weight.uniform_(-bound, bound)


@torch.no_grad()
def he_normal_(weight: Tensor) -> None:
    """Draw with variance 2 / n_in: twice what a linear unit needs, as ReLU halves the second moment."""
    weight.normal_(0.0, math.sqrt(2.0 / fans(weight)[0]))


def bilinear_kernel(factor: int) -> Tensor:
    """Return the (k, k) kernel that enlarges by `factor`: a tent in either direction."""
    if factor < 1:
        raise ValueError(f"factor must be at least 1, not {factor}")
    size = 2 * factor - factor % 2
    offset = (torch.arange(size) - (size - 1) / 2).abs()  # distance from the kernel's middle
    tent = 1 - offset / factor
    return torch.outer(tent, tent)


def bilinear_upsampling(channels: int, factor: int) -> nn.ConvTranspose2d:
    """Return a transposed convolution that starts as bilinear enlargement and can learn further."""
    kernel = bilinear_kernel(factor)
    padding = (len(kernel) - factor) // 2  # n pixels become n * factor
    layer = nn.ConvTranspose2d(channels, channels, len(kernel), stride=factor, padding=padding, bias=False)
    with torch.no_grad():
        layer.weight.zero_()  # (in, out, k, k): no channel mixes with another at first
        layer.weight[range(channels), range(channels)] = kernel
    return layer


INITIALISERS: dict[str, Initialiser] = {
    "zeros": constant_,
    "normal 0.01": small_normal_,
    "Xavier": xavier_normal_,
    "He": he_normal_,
}
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"tanh": torch.tanh, "ReLU": torch.relu}


def propagate(
    initialise: Initialiser, activation: Callable[[Tensor], Tensor], depth: int = 20, width: int = 256
) -> tuple[Tensor, Tensor]:
    """Return the std of the pre-activations z and of the loss's gradient in z, layer by layer, (depth,) each.

    The input is N(0, 1), and so is the gradient that enters at the last layer's output.
    """
    x = torch.randn(512, width)
    layers: list[Tensor] = []
    for _ in range(depth):
        weight = torch.empty(width, width)
        initialise(weight)
        z = (x @ weight.T).requires_grad_()
        layers.append(z)
        x = activation(z)
    gradients = torch.autograd.grad(x, layers, grad_outputs=torch.randn_like(x))
    return torch.stack([z.detach().std() for z in layers]), torch.stack([g.std() for g in gradients])


def deep_net(initialise: Initialiser, depth: int = 20, width: int = 64) -> nn.Sequential:
    """Return a ReLU network for digits with `depth` layers, biases 0."""
    widths = [64] + [width] * (depth - 1) + [10]
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        linear = nn.Linear(inputs, outputs)
        initialise(linear.weight)
        nn.init.zeros_(linear.bias)
        layers += [linear, nn.ReLU()]
    return nn.Sequential(*layers[:-1])  # logits need no ReLU


def train(model: nn.Module, images: Tensor, labels: Tensor, epochs: int = 10, lr: float = 0.005) -> None:
    """Fit the model in place by SGD with momentum."""
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    for _ in range(epochs):
        for batch in torch.randperm(len(images)).split(64):
            loss = F.cross_entropy(model(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def plot() -> "Figure":
    """Draw the std of signal and gradient at each of 20 layers, for tanh and for ReLU."""
    from matplotlib.figure import Figure

    torch.manual_seed(0)
    figure = Figure(figsize=(6.4, 5.2), layout="constrained")
    axes = figure.subplots(2, 2, sharex=True)
    for row, (name, activation) in zip(axes, ACTIVATIONS.items(), strict=True):
        for label, initialise in INITIALISERS.items():
            for axis, stds in zip(row, propagate(initialise, activation), strict=True):
                text = f"{label} (0: off the scale)" if label == "zeros" else label
                axis.semilogy(range(1, len(stds) + 1), stds.where(stds > 0, math.nan).tolist(), marker=".", label=text)
        row[0].set_title(f"{name}: pre-activations", fontsize=10)
        row[1].set_title(f"{name}: gradients", fontsize=10)
        row[0].set_ylabel("standard deviation")
    figure.supxlabel("layer (20 is nearest the loss)", fontsize=10)
    axes[0, 0].legend(fontsize=8)
    return figure


def main() -> None:
    """Follow signal and gradient through 20 layers, train nets of that depth, and start from a constant."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    torch.manual_seed(0)
    print("20 layers of width 256, std at layer 1 and 20: pre-activation; gradient, from 20 down to 1")
    for name, activation in ACTIVATIONS.items():
        for label, initialise in INITIALISERS.items():
            z, g = propagate(initialise, activation)
            print(f"  {name:<4}  {label:<11}  {z[0]:8.1e} -> {z[-1]:8.1e}    {g[-1]:8.1e} -> {g[0]:8.1e}")
    data = load_digits()
    images, labels = torch.tensor(data.data, dtype=torch.float32) / 8 - 1, torch.tensor(data.target)
    order = torch.randperm(len(images))
    known, test = order[450:], order[:450]
    print("held-out accuracy of a 20-layer ReLU net on digits after 10 epochs (chance is 0.1):")
    for label, initialise in INITIALISERS.items():
        model = deep_net(initialise)
        train(model, images[known], labels[known])
        print(f"  {label:<11}  {(model(images[test]).argmax(dim=1) == labels[test]).float().mean():.3f}")
    print("one hidden layer of 64 units: how many of them differ after training")
    for label, initialise in (("constant 0.1", partial(constant_, value=0.1)), ("He", he_normal_)):
        model = deep_net(initialise, depth=2)
        train(model, images[known], labels[known])
        weights = next(model.parameters()).detach()  # (64 units, 64 pixels)
        print(f"  {label:<12}  {len(weights.round(decimals=4).unique(dim=0))}")


if __name__ == "__main__":
    main()
