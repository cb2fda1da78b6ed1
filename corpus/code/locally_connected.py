"""Locally connected layer: a convolution's windows, but filters of their own at every position.

What: an output still looks at a small window only; no weights are shared between positions:

    y[o, i, j] = b[o, i, j] + sum over c, u, v of  w[o, i, j, c, u, v] * x[c, i*s + u - p, j*s + v - p]

The multiply-adds are those of the convolution; the weights are as many times more as there are output
positions (3x3, 64 to 64 channels on 14x14: 36,864 become 7,225,344).

Why: sharing assumes that the same pattern matters everywhere. In aligned faces it does not: eyes and
mouth lie at fixed places, and each wants detectors of its own. Late in the network, where features mean
parts and maps are small, that is affordable. The price: much data (each position learns only from what it
sees itself), a fixed image size, and no tolerance for shifts: alignment comes first.

Papers: Taigman et al., "DeepFace: Closing the Gap to Human-Level Performance in Face Verification",
2014; Gregor and LeCun, "Emergence of Complex-Like Cells in a Temporal Product Network with Local
Receptive Fields", 2010.

Run: python corpus/code/locally_connected.py    (parts with fixed places, and one pattern anywhere)
"""

# mypy: allow-untyped-calls

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SIDE, PATCH = 16, 4  # images of 16x16: a "face" of 4x4 places, each of 4x4 pixels
PLACES = (SIDE // PATCH) ** 2


class LocallyConnected2d(nn.Module):
    """An unshared convolution for images of one fixed size."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        size: tuple[int, int],
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
    ) -> None:
        """`size` is the input's height and width: the weights are tied to it."""
        super().__init__()
        if min(in_channels, out_channels, kernel_size, stride) < 1 or padding < 0:
            raise ValueError("channels, kernel_size and stride must be at least 1, and padding at least 0")
        if min(size) + 2 * padding < kernel_size:
            raise ValueError(f"a {kernel_size}x{kernel_size} kernel does not fit into {size} with padding {padding}")
        self.input_shape = (in_channels, *size)
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding
        self.out_size = tuple((side + 2 * padding - kernel_size) // stride + 1 for side in size)
        positions, fan_in = self.out_size[0] * self.out_size[1], in_channels * kernel_size**2
        bound = fan_in**-0.5
        self.weight = nn.Parameter(torch.empty(positions, out_channels, fan_in).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(out_channels, positions).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, in_channels, H, W) to (B, out_channels, H', W')."""
        if x.dim() != 4 or x.shape[1:] != self.input_shape:
            raise ValueError(f"expected {('B', *self.input_shape)}, got {tuple(x.shape)}: the weights fit one size")
        windows = F.unfold(x, self.kernel_size, padding=self.padding, stride=self.stride)  # (B, fan_in, positions)
        # A convolution would have one matrix (o, f) here; the index p on the weight is all the difference.
        y = torch.einsum("pof,bfp->bop", self.weight, windows) + self.bias
        maps: Tensor = y.unflatten(2, self.out_size)
        return maps

    @classmethod
    def from_convolution(cls, conv: nn.Conv2d, size: tuple[int, int]) -> "LocallyConnected2d":
        """Copy a convolution's weights to every position: the same function, free to diverge in training."""
        if conv.bias is None or isinstance(conv.padding, str):
            raise ValueError("expected a convolution with a bias and its padding as numbers")
        if (
            conv.groups != 1
            or conv.dilation != (1, 1)
            or any(len({*pair}) > 1 for pair in (conv.kernel_size, conv.stride, conv.padding))
        ):
            raise ValueError("expected an ordinary convolution: square, without groups or dilation")
        layer = cls(conv.in_channels, conv.out_channels, size, conv.kernel_size[0], conv.stride[0], conv.padding[0])
        with torch.no_grad():
            layer.weight.copy_(conv.weight.flatten(1).expand_as(layer.weight))
            layer.bias.copy_(conv.bias.unsqueeze(1).expand_as(layer.bias))
        return layer


def weight_counts(in_channels: int, out_channels: int, kernel_size: int, positions: int) -> tuple[int, int, int]:
    """Return weights shared, weights unshared, and the multiply-adds, which are the same for both."""
    if min(in_channels, out_channels, kernel_size, positions) < 1:
        raise ValueError("every number must be at least 1")
    shared = kernel_size**2 * in_channels * out_channels
    return shared, shared * positions, shared * positions


def part_patterns() -> Tensor:
    """Return 16 patterns of 4x4 pixels, (16, 16), at right angles to each other; always the same."""
    patterns: Tensor = torch.linalg.qr(torch.randn(PLACES, PATCH**2, generator=torch.Generator().manual_seed(0))).Q
    return patterns


def faces(count: int, seed: int, own_parts: bool) -> tuple[Tensor, Tensor]:
    """Draw images (count, 1, 16, 16) of 16 parts in noise, and labels: are more than half of them right?

    `own_parts`: every place has a right pattern of its own, as in aligned faces; else one pattern is right
    at all places. A wrong part is another pattern, and each is shown as it is or inverted: neither a sum
    of pixels nor the energy of a patch gives the answer away.
    """
    generator = torch.Generator().manual_seed(seed)
    right = torch.arange(PLACES) if own_parts else torch.zeros(PLACES, dtype=torch.int64)
    present = torch.rand(count, PLACES, generator=generator) < 0.5
    wrong = (right + torch.randint(1, PLACES, (count, PLACES), generator=generator)) % PLACES
    sign = torch.randint(2, (count, PLACES, 1), generator=generator) * 2.0 - 1.0
    patches = 3.0 * sign * part_patterns()[torch.where(present, right, wrong)]  # (count, places, pixels)
    patches = patches + 0.4 * torch.randn(patches.shape, generator=generator)
    images = F.fold(patches.transpose(1, 2), (SIDE, SIDE), PATCH, stride=PATCH)
    return images, (present.sum(dim=1) > PLACES // 2).long()


def build(kind: str, channels: int = 2) -> nn.Sequential:
    """One layer of 4x4 filters at the 16 places, shared or not, ReLU, a linear readout."""
    if kind == "local":
        layer: nn.Module = LocallyConnected2d(1, channels, (SIDE, SIDE), PATCH, stride=PATCH)
    elif kind == "conv":
        layer = nn.Conv2d(1, channels, PATCH, stride=PATCH)
    else:
        raise ValueError(f"kind must be 'local' or 'conv', not {kind!r}")
    return nn.Sequential(layer, nn.ReLU(), nn.Flatten(), nn.Linear(channels * PLACES, 2))


def train(model: nn.Module, images: Tensor, labels: Tensor, steps: int = 500, lr: float = 1e-2) -> None:
    """Fit the model in place."""
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for _ in range(steps):
        batch = torch.randint(len(images), (64,))
        loss = F.cross_entropy(model(images[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Return the share of images whose larger logit is at the true class."""
    with torch.inference_mode():
        return float((model(images).argmax(dim=1) == labels).float().mean())


def main() -> None:
    """Count weights; then a task for unshared filters, and one for shared ones."""
    torch.set_num_threads(1)
    shared, unshared, work = weight_counts(64, 64, 3, 14 * 14)
    print(f"3x3, 64 to 64 channels on 14x14: {shared:,} weights shared, {unshared:,} not; multiply-adds {work:,} each")
    for own_parts, count, title in (
        (True, 8000, "every place has a part of its own (8000 aligned images)"),
        (False, 1500, "one pattern at all places (1500 images)"),
    ):
        images, labels = faces(count, seed=1, own_parts=own_parts)
        test_images, test_labels = faces(2000, seed=2, own_parts=own_parts)
        print(f"held-out accuracy, {title}; always no: {1 - test_labels.float().mean():.3f}")
        for name, kind, channels in (("conv", "conv", 8), ("conv, 4 times wider", "conv", 32), ("local", "local", 8)):
            torch.manual_seed(0)
            model = build(kind, channels)
            train(model, images, labels)
            moved = accuracy(model, test_images.roll(1, dims=3), test_labels)
            size = sum(parameter.numel() for parameter in model.parameters())
            score = accuracy(model, test_images, test_labels)
            print(f"  {name:<20} {score:.3f}, moved by one pixel {moved:.3f}  ({size} parameters)")


if __name__ == "__main__":
    main()
