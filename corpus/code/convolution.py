"""A two-dimensional convolution by hand: gather the windows, then one matrix product.

What: a filter is laid over every window of the image, multiplied with it and summed over the window
and over all input channels. (Strictly a cross-correlation: the filter is not flipped.)

    y[o, i, j] = b[o] + sum over c, u, v of  w[o, c, u, v] * x[c, i*s + u*d - p, j*s + v*d - p]
    side of y  = floor((n + 2p - d(k - 1) - 1) / s) + 1

with kernel side k, stride s, zero padding p, dilation d. im2col copies every window into a column, so
that one matrix product does it all, at the price of the memory for the copies. With g groups, the
channels are split and each part of the outputs reads only its own part of the inputs.

Why: it is a dense layer with nearly all weights fixed at 0 and the rest shared between positions. The
weights do not grow with the image, and a pattern that moves moves its response with it.

Papers: LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998;
Chellapilla, Puri and Simard, "High Performance Convolutional Neural Networks for Document
Processing", 2006 (im2col); Lin, Chen and Yan, "Network In Network", 2014 (1x1 convolution).

Run: python corpus/code/convolution.py    (sizes, costs and what sharing weights brings)
"""

# mypy: allow-untyped-calls

from typing import NamedTuple

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor


def output_size(size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """Return the side of the output: the number of places where the window fits."""
    if min(kernel_size, stride, dilation) < 1 or padding < 0:
        raise ValueError("kernel_size, stride and dilation must be at least 1, and padding at least 0")
    span = dilation * (kernel_size - 1) + 1  # from the first tap to the last
    if size + 2 * padding < span:
        raise ValueError(f"the kernel spans {span} pixels, but the padded input has only {size + 2 * padding}")
    return (size + 2 * padding - span) // stride + 1


def im2col(x: Tensor, kernel_size: tuple[int, int], stride: int = 1, padding: int = 0, dilation: int = 1) -> Tensor:
    """Copy every window of x (B, C, H, W) into a column: (B, C * kh * kw, positions)."""
    if x.dim() != 4:
        raise ValueError(f"expected a batch of maps (B, C, H, W), got {tuple(x.shape)}")
    height = output_size(x.shape[2], kernel_size[0], stride, padding, dilation)
    width = output_size(x.shape[3], kernel_size[1], stride, padding, dilation)
    padded = F.pad(x, (padding, padding, padding, padding))
    taps = []  # what tap (u, v) of the kernel sees at every position: (B, C, height, width) each
    for u in range(kernel_size[0]):
        for v in range(kernel_size[1]):
            top, left = u * dilation, v * dilation
            bottom, right = top + stride * (height - 1) + 1, left + stride * (width - 1) + 1
            taps.append(padded[:, :, top:bottom:stride, left:right:stride])
    return torch.stack(taps, dim=2).flatten(1, 2).flatten(2)


def convolve(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    groups: int = 1,
) -> Tensor:
    """Convolve x (B, C, H, W) with weight (O, C / groups, kh, kw) to (B, O, H', W')."""
    if weight.dim() != 4 or x.dim() != 4:
        raise ValueError("expected maps (B, C, H, W) and weights (O, C / groups, kh, kw)")
    if groups < 1 or x.shape[1] != weight.shape[1] * groups or weight.shape[0] % groups:
        raise ValueError(
            f"{groups} groups of {weight.shape[1]} input channels do not fit"
            f" {x.shape[1]} channels in and {weight.shape[0]} out"
        )
    kernel_size = (weight.shape[2], weight.shape[3])
    height = output_size(x.shape[2], kernel_size[0], stride, padding, dilation)
    columns = im2col(x, kernel_size, stride, padding, dilation).unflatten(1, (groups, -1))  # (B, g, C/g*kh*kw, L)
    rows = weight.flatten(1).unflatten(0, (groups, -1))  # (g, O/g, C/g*kh*kw): a filter is a row
    y: Tensor = (rows @ columns).flatten(1, 2).unflatten(2, (height, -1))
    return y if bias is None else y + bias.view(-1, 1, 1)


def pointwise(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """A 1x1 convolution: one linear layer, weight (O, C), on the channels of every pixel alone."""
    if x.dim() != 4 or weight.dim() != 2 or x.shape[1] != weight.shape[1]:
        raise ValueError(f"expected maps (B, C, H, W) and weights (O, C): {tuple(x.shape)}, {tuple(weight.shape)}")
    return F.linear(x.movedim(1, -1), weight, bias).movedim(-1, 1)


def dense_matrix(weight: Tensor, height: int, width: int, stride: int = 1, padding: int = 0) -> Tensor:
    """Return the weights (outputs, inputs) of the dense layer that does the same to flat images.

    Its column i is what the convolution makes of an image that is 1 at pixel i and 0 elsewhere.
    """
    pixels = weight.shape[1] * height * width
    basis = torch.eye(pixels, dtype=weight.dtype).view(pixels, weight.shape[1], height, width)
    return convolve(basis, weight, stride=stride, padding=padding).flatten(1).T


class Cost(NamedTuple):
    """What a convolution without bias needs."""

    weights: int
    multiplications: int


def cost(in_channels: int, out_channels: int, kernel_size: int, height: int, width: int, groups: int = 1) -> Cost:
    """Count weights and, for an OUTPUT of height x width, multiplications (padding counts as a value)."""
    if min(in_channels, out_channels, kernel_size, height, width, groups) < 1:
        raise ValueError("every number must be at least 1")
    if in_channels % groups or out_channels % groups:
        raise ValueError(f"{groups} groups do not divide {in_channels} and {out_channels} channels")
    weights = out_channels * (in_channels // groups) * kernel_size**2
    return Cost(weights, weights * height * width)  # every weight is used once at every position


def main() -> None:
    """Compare with PyTorch; then sizes, costs, the dense layer behind it, and a moving digit."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    x, weight, bias = torch.randn(2, 6, 15, 13), torch.randn(8, 3, 3, 3), torch.randn(8)
    ours = convolve(x, weight, bias, stride=2, padding=1, dilation=2, groups=2)
    theirs = F.conv2d(x, weight, bias, stride=2, padding=1, dilation=2, groups=2)
    print(f"stride 2, padding 1, dilation 2, groups 2: largest difference to PyTorch {(ours - theirs).abs().max():.0e}")

    side = output_size(224, kernel_size=7, stride=2, padding=3)
    first = cost(3, 64, 7, side, side)
    print(f"224x224x3, 64 filters 7x7, stride 2, padding 3: output {side}x{side}x64")
    print(f"  {first.weights:,} weights, {first.multiplications:,} multiplications")

    direct = cost(128, 256, 5, 100, 100)
    squeeze, wide = cost(128, 64, 1, 100, 100), cost(64, 256, 5, 100, 100)
    print(f"100x100x128 to 256 channels by 5x5: {direct.weights:,} weights, {direct.multiplications:,} multiplications")
    print(
        f"  with a 1x1 to 64 channels in front: {squeeze.weights:,} + {wide.weights:,}"
        f" = {squeeze.weights + wide.weights:,} weights, {squeeze.multiplications + wide.multiplications:,}"
    )

    kernel = torch.randn(1, 1, 3, 3)
    matrix = dense_matrix(kernel, 8, 8, padding=1)
    print(
        f"3x3 on 8x8 as a dense layer: {matrix.numel()} weights, of which {int((matrix == 0).sum())}"
        f" are 0 and the rest {len(matrix[matrix != 0].unique())} values repeated"
    )

    digit = torch.tensor(load_digits().images[0] / 16, dtype=torch.float32)
    here = F.pad(digit, (2, 6, 4, 4)).view(1, 1, 16, 16)
    there = here.roll(4, dims=3)  # the digit, 4 pixels to the right; the borders are empty
    moved = convolve(here, kernel, padding=1).roll(4, dims=3)
    dense = torch.randn(256, 256) / 16  # a dense layer of the same size, free weights
    moved_dense = (dense @ here.flatten()).view(1, 1, 16, 16).roll(4, dims=3)
    print("a digit moves by 4 pixels; how far the output is from the old one, moved:")
    print(f"  convolution {_error(convolve(there, kernel, padding=1), moved):.2f}")
    print(f"  dense layer {_error((dense @ there.flatten()).view(1, 1, 16, 16), moved_dense):.2f}")


def _error(actual: Tensor, expected: Tensor) -> float:
    """The distance, relative to the size of what was expected."""
    return float((actual - expected).norm() / expected.norm())


if __name__ == "__main__":
    main()
