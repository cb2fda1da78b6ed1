"""Dilated (atrous) convolution: the taps of the kernel move apart, the map keeps its size.

What: with rate r, neighbouring taps are r pixels apart, as if r - 1 zeros stood between the weights.
Weights and work per output stay the same; the kernel spans

    k_eff = k + (k - 1)(r - 1) = r(k - 1) + 1,     a stack at stride 1 sees  1 + sum of r_l (k_l - 1).

Why: per-pixel prediction wants context without pooling. Rates 1, 2, 4, 8 double the view with every
layer. But a wide view is not a dense one: layers of the same rate r > 1 only ever read pixels whose
distance is a multiple of r (gridding). Rates without a common factor, such as 1, 2, 3 or 1, 2, 5,
fill the field (hybrid rates).

Papers: Yu and Koltun, "Multi-Scale Context Aggregation by Dilated Convolutions", 2016;
Chen et al., "DeepLab: Semantic Image Segmentation with Deep Convolutional Nets, Atrous Convolution,
and Fully Connected CRFs", 2018; Wang et al., "Understanding Convolution for Semantic Segmentation",
2018 (gridding and hybrid rates).

Run: python corpus/code/dilated_convolution.py    (learns a 13x13 mean; the gaps set a ceiling)
"""

# mypy: allow-untyped-calls

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WINDOW = 13  # the task: the mean over 13x13 pixels


def effective_kernel_size(kernel_size: int, rate: int) -> int:
    """Return the pixels from the first tap to the last."""
    if min(kernel_size, rate) < 1:
        raise ValueError("kernel_size and rate must be at least 1")
    return rate * (kernel_size - 1) + 1


def dilate_kernel(weight: Tensor, rate: int) -> Tensor:
    """Put rate - 1 zeros between the weights (O, C, kh, kw): an ordinary kernel of the same effect."""
    height, width = (effective_kernel_size(side, rate) for side in weight.shape[2:])
    spread = weight.new_zeros(weight.shape[0], weight.shape[1], height, width)
    spread[..., ::rate, ::rate] = weight
    return spread


def dilated_convolution(x: Tensor, weight: Tensor, rate: int) -> Tensor:
    """Map x (B, C, H, W) to (B, O, H, W): the sum of shifted maps, one for each of the k * k taps."""
    kernel_size = weight.shape[-1]
    if weight.dim() != 4 or weight.shape[2] != kernel_size or kernel_size % 2 == 0:
        raise ValueError(f"expected a square kernel with an odd side, got {tuple(weight.shape)}")
    height, width = x.shape[2:]
    reach = rate * (kernel_size // 2)  # padding that keeps the size: the rate itself for a 3x3
    padded = F.pad(x, (reach, reach, reach, reach))
    y = x.new_zeros(len(x), len(weight), height, width)
    for u in range(kernel_size):
        for v in range(kernel_size):
            shifted = padded[:, :, u * rate : u * rate + height, v * rate : v * rate + width]
            y = y + torch.einsum("oc,bchw->bohw", weight[:, :, u, v], shifted)
    return y


def receptive_field(rates: Sequence[int], kernel_size: int = 3) -> int:
    """Return the side of the view of a stack of dilated layers, all of stride 1."""
    return 1 + sum(effective_kernel_size(kernel_size, rate) - 1 for rate in rates)


def paths_per_position(rates: Sequence[int], kernel_size: int = 3) -> Tensor:
    """Count, along one axis of the field, the ways from each input position to the output.

    A way picks one tap in every layer and lands at the sum of the taps' offsets. 0 is a hole.
    """
    paths = torch.ones(1, dtype=torch.int64)
    for rate in rates:
        longer = paths.new_zeros(len(paths) + effective_kernel_size(kernel_size, rate) - 1)
        for tap in range(kernel_size):
            longer[tap * rate : tap * rate + len(paths)] += paths
        paths = longer
    return paths


def coverage(rates: Sequence[int], kernel_size: int = 3) -> float:
    """Return the share of the field's pixels, in two dimensions, that reach the output at all."""
    return float((paths_per_position(rates, kernel_size) > 0).float().mean()) ** 2


def build_stack(rates: Sequence[int], width: int = 8) -> nn.Sequential:
    """3x3 layers of these rates and nothing else: a linear map, so that only the view can limit it."""
    if len(rates) < 2:
        raise ValueError("a stack needs at least two layers")
    channels = [1, *[width] * (len(rates) - 1), 1]
    return nn.Sequential(
        *(
            # Circular padding: the target below wraps around too, and no border blurs the comparison.
            nn.Conv2d(i, o, kernel_size=3, dilation=rate, padding=rate, padding_mode="circular", bias=False)
            for i, o, rate in zip(channels, channels[1:], rates, strict=False)
        )
    )


def window_sums(x: Tensor) -> Tensor:
    """Return the sum over WINDOW x WINDOW around every pixel, divided by WINDOW: noise keeps its variance."""
    around = F.pad(x, (WINDOW // 2,) * 4, mode="circular")
    return WINDOW * F.avg_pool2d(around, WINDOW, stride=1)


def train(rates: Sequence[int], steps: int = 300, lr: float = 1e-2) -> float:
    """Teach a stack the window's mean; return the share of the variance that it explains."""
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    model = build_stack(rates)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        x = torch.randn(2, 1, 26, 26, generator=generator)
        loss = F.mse_loss(model(x), window_sums(x))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    # On white noise the variance of the error is the squared distance between the two filters, and a
    # filter is what becomes of a single bright pixel: exact, no sampling.
    pixel = torch.zeros(1, 1, 26, 26)
    pixel[..., 13, 13] = 1
    with torch.inference_mode():
        wanted = window_sums(pixel)
        return 1 - float((model(pixel) - wanted).square().sum() / wanted.square().sum())


def main() -> None:
    """Show views and holes of several stacks, and what the holes cost."""
    torch.set_num_threads(1)
    print("3x3, rate 2: spans", effective_kernel_size(3, 2), "pixels with the same 9 weights")
    for rates in ((1, 1, 1, 1), (1, 2, 4, 8), (2, 2, 2), (1, 2, 5), (4, 4, 4, 4)):
        field, used = receptive_field(rates), int((paths_per_position(rates) > 0).sum())
        print(f"rates {rates}: sees {field}x{field}, uses {used} of {field} positions per axis")
    print("ways along an axis, rates (2, 2, 2):", *paths_per_position((2, 2, 2)).tolist())
    print("ways along an axis, rates (1, 2, 3):", *paths_per_position((1, 2, 3)).tolist())
    print(f"learning the mean of {WINDOW}x{WINDOW} pixels of noise, share of the variance explained:")
    for rates in ((1, 1, 1), (2, 2, 2), (1, 2, 3)):
        used = int((paths_per_position(rates) > 0).sum())  # all of them within the window
        print(f"  rates {rates}: {train(rates):.3f}; possible with {used}x{used} pixels: {(used / WINDOW) ** 2:.3f}")


def plot() -> "Figure":
    """Draw which input pixels reach one output, and by how many ways, for three stacks."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 2.7), layout="constrained")
    for axes, rates in zip(figure.subplots(1, 3), ((1, 1, 1), (2, 2, 2), (1, 2, 3)), strict=True):
        paths = paths_per_position(rates).double()
        image = torch.outer(paths, paths) / 27**2  # 27 ways per axis in all
        edge = len(paths) / 2
        shown = image.masked_fill(image == 0, float("nan")).numpy()  # a hole stays blank
        axes.imshow(shown, cmap="viridis", extent=(-edge, edge, -edge, edge), vmin=0)
        axes.set(xlim=(-7, 7), ylim=(-7, 7), xticks=(-6, 0, 6), yticks=(-6, 0, 6))
        axes.set_title(f"rates {', '.join(map(str, rates))}\n{len(paths)}x{len(paths)}, {coverage(rates):.0%} used")
    figure.supxlabel("input pixels that reach the output at 0; brighter: by more ways", fontsize=10)
    return figure


if __name__ == "__main__":
    main()
