"""Depthwise separable convolution: look around in each channel, then mix the channels.

What: a standard convolution does both at once, with k * k * C_in weights per output channel. Here a
depthwise convolution gives each channel one k x k filter of its own (groups = C_in: nothing mixes), and
a pointwise (1x1) convolution combines the channels at every pixel. Multiply-adds per output pixel:

    separable / standard = (k^2 C_in + C_in C_out) / (k^2 C_in C_out) = 1 / C_out + 1 / k^2

Why: at k = 3 about eight to nine times fewer operations and weights. The price: a filter is shared by
all outputs of a channel, so fewer functions can be expressed; and the depthwise part does so few
operations for every number it moves that memory, not arithmetic, sets its pace.

Papers: Sifre, "Rigid-Motion Scattering for Image Classification", 2014; Chollet, "Xception: Deep Learning
with Depthwise Separable Convolutions", 2017; Howard et al., "MobileNets: Efficient Convolutional Neural
Networks for Mobile Vision Applications", 2017.

Run: python corpus/code/depthwise_separable.py    (the costs, and both kinds on 8x8 digits)
"""

# mypy: allow-untyped-calls

from typing import NamedTuple

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor, nn


def depthwise(x: Tensor, weight: Tensor, stride: int = 1) -> Tensor:
    """Filter channel c of x (B, C, H, W) by weight[c] (k, k), k odd, and by nothing else.

    Zero padding of k // 2 on every side: at stride 1 the size stays.
    """
    if x.dim() != 4 or weight.dim() != 3 or x.shape[1] != weight.shape[0] or weight.shape[2] % 2 == 0:
        raise ValueError(f"expected (B, C, H, W) and (C, k, k), k odd: {tuple(x.shape)}, {tuple(weight.shape)}")
    kernel_size = weight.shape[2]
    height, width = x.shape[2:]
    padded = F.pad(x, (kernel_size // 2,) * 4)
    y = torch.zeros_like(x)
    for u in range(kernel_size):
        for v in range(kernel_size):  # an elementwise product: no sum over channels anywhere
            y = y + padded[:, :, u : u + height, v : v + width] * weight[:, u, v].view(-1, 1, 1)
    return y[:, :, ::stride, ::stride]


def pointwise(x: Tensor, weight: Tensor) -> Tensor:
    """Combine the channels of x (B, C, H, W) at every pixel by weight (O, C): a 1x1 convolution."""
    return torch.einsum("oc,bchw->bohw", weight, x)


class SeparableBlock(nn.Module):
    """MobileNet's block: depthwise, then pointwise, each with batch normalisation and ReLU."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3, stride: int = 1) -> None:
        """The stride belongs to the depthwise part: the 1x1 then works on the smaller map."""
        super().__init__()
        if min(in_channels, out_channels, stride) < 1 or kernel_size % 2 == 0:
            raise ValueError("channels and stride must be at least 1, kernel_size odd")
        self.depthwise = nn.Conv2d(
            in_channels, in_channels, kernel_size, stride, kernel_size // 2, groups=in_channels, bias=False
        )
        self.pointwise = nn.Conv2d(in_channels, out_channels, kernel_size=1, bias=False)
        self.norms = nn.ModuleList((nn.BatchNorm2d(in_channels), nn.BatchNorm2d(out_channels)))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, in_channels, H, W) to (B, out_channels, ceil(H / stride), ceil(W / stride))."""
        x = F.relu(self.norms[0](self.depthwise(x)))
        return F.relu(self.norms[1](self.pointwise(x)))


class StandardBlock(nn.Sequential):
    """One full convolution with batch normalisation and ReLU, for comparison."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3, stride: int = 1) -> None:
        """Same arguments and shapes as SeparableBlock."""
        super().__init__(
            nn.Conv2d(in_channels, out_channels, kernel_size, stride, kernel_size // 2, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
        )


class Cost(NamedTuple):
    """Weights, multiply-adds, and multiply-adds per number moved (each number moved once)."""

    weights: int
    multiply_adds: int
    intensity: float


def cost(in_channels: int, out_channels: int, kernel_size: int, height: int, width: int, groups: int = 1) -> Cost:
    """Count for a convolution of stride 1 with `groups` groups on a map of height x width.

    groups = 1 is the standard convolution; groups = in_channels = out_channels is the depthwise one.
    """
    if min(in_channels, out_channels, kernel_size, height, width, groups) < 1:
        raise ValueError("every number must be at least 1")
    if in_channels % groups or out_channels % groups:
        raise ValueError(f"{groups} groups do not divide {in_channels} and {out_channels} channels")
    weights = out_channels * (in_channels // groups) * kernel_size**2
    multiply_adds = weights * height * width
    moved = weights + (in_channels + out_channels) * height * width
    return Cost(weights, multiply_adds, multiply_adds / moved)


def build_classifier(separable: bool, width: int = 24) -> nn.Sequential:
    """A full convolution first (one channel has nothing to separate), two blocks, a linear head."""
    block = SeparableBlock if separable else StandardBlock
    return nn.Sequential(
        StandardBlock(1, width),
        block(width, 2 * width, stride=2),
        block(2 * width, 2 * width),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(2 * width, 10),
    )


def train(model: nn.Module, images: Tensor, labels: Tensor, epochs: int = 5) -> None:
    """Fit the model in place."""
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    model.train()
    for _ in range(epochs):
        for batch in torch.randperm(len(images)).split(64):
            loss = F.cross_entropy(model(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Return the share of images whose largest logit is at the true class."""
    model.eval()
    with torch.inference_mode():
        return float((model(images).argmax(dim=1) == labels).float().mean())


def digits() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return train images (N, 1, 8, 8), train labels, test images, test labels."""
    data = load_digits()
    images = torch.tensor(data.images / 16, dtype=torch.float32).unsqueeze(1)
    labels = torch.tensor(data.target)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    return images[order[450:]], labels[order[450:]], images[order[:450]], labels[order[:450]]


def main() -> None:
    """Count MobileNet's saving in one layer, and measure what it costs on the digits."""
    torch.set_num_threads(1)
    standard = cost(64, 128, 3, 56, 56)
    parts = {"depthwise": cost(64, 64, 3, 56, 56, groups=64), "pointwise": cost(64, 128, 1, 56, 56)}
    total = sum(part.multiply_adds for part in parts.values())
    weights = sum(part.weights for part in parts.values())
    print("56x56, 3x3, 64 channels to 128: weights, multiply-adds, multiply-adds per number moved")
    for name, part in {"standard": standard, **parts}.items():
        print(f"  {name:<9} {part.weights:>7,} {part.multiply_adds:>12,} {part.intensity:>6.1f}")
    print(f"  separable {weights:>7,} {total:>12,}; {parts['pointwise'].multiply_adds / total:.0%} of it pointwise")
    ratio = total / standard.multiply_adds
    print(f"  ratio {ratio:.4f} = 1/128 + 1/9 = {1 / 128 + 1 / 9:.4f}: {1 / ratio:.1f} times fewer")
    train_images, train_labels, test_images, test_labels = digits()
    print("held-out accuracy on 450 digits:")
    for name, separable in (("standard", False), ("separable", True)):
        torch.manual_seed(0)
        model = build_classifier(separable)
        train(model, train_images, train_labels)
        size = sum(parameter.numel() for parameter in model.parameters())
        print(f"  {name:<9} {accuracy(model, test_images, test_labels):.3f} with {size:>6,} parameters")


if __name__ == "__main__":
    main()
