"""Transposed convolution: the gradient of a convolution, used to enlarge; and its checkerboard.

What: a convolution is y = C x with a sparse matrix C. The transposed convolution multiplies by C^T:
every input pixel stamps the kernel, scaled by its value, onto the output; where stamps overlap they add.

    side of the output = (n - 1) s - 2p + k + output padding

Equal to it: put s - 1 zeros between the pixels and convolve with the flipped kernel at stride 1. It is
also exactly what back-propagation does to a convolution's input. It is NOT an inverse: C^T C is not I,
and "deconvolution" promises too much. As a layer it learns a kernel of its own.

Checkerboard: when the stride does not divide the kernel's side, neighbouring outputs get different
numbers of stamps. When it does, the counts are even, yet every phase (position modulo the stride)
still has weights of its own. Resizing first and then convolving treats all phases alike; the sub-pixel
convolution (pixel shuffle) does so at the start, if its filters start as copies (ICNR).

Papers: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016; Odena, Dumoulin
and Olah, "Deconvolution and Checkerboard Artifacts", 2016; Shi et al., "Real-Time Single Image and Video
Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural Network", 2016; Aitken et al.,
"Checkerboard artifact free sub-pixel convolution", 2017 (ICNR).

Run: python corpus/code/transposed_convolution.py    (what it is, what it is not, and its pattern)
"""

# mypy: allow-untyped-calls

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def output_size(size: int, kernel_size: int, stride: int = 1, padding: int = 0, output_padding: int = 0) -> int:
    """Return the side of the output; output_padding picks one of the `stride` sizes that shrink to `size`."""
    if min(size, kernel_size, stride) < 1 or padding < 0 or not 0 <= output_padding < stride:
        raise ValueError("size, kernel_size and stride must be at least 1, and 0 <= output_padding < stride")
    side = (size - 1) * stride - 2 * padding + kernel_size + output_padding
    if side < 1:
        raise ValueError(f"padding {padding} crops away the whole output")
    return side


def transposed_convolution(
    x: Tensor, weight: Tensor, stride: int = 1, padding: int = 0, output_padding: int = 0
) -> Tensor:
    """Stamp weight (C, O, kh, kw) for every pixel of x (B, C, H, W); weight[c] is channel c's stamp."""
    if x.dim() != 4 or weight.dim() != 4 or x.shape[1] != weight.shape[0]:
        raise ValueError(f"expected (B, C, H, W) and (C, O, kh, kw), got {tuple(x.shape)}, {tuple(weight.shape)}")
    (height, width), (kh, kw) = x.shape[2:], weight.shape[2:]
    out_height = output_size(height, kh, stride, padding, output_padding)
    out_width = output_size(width, kw, stride, padding, output_padding)
    canvas = x.new_zeros(len(x), weight.shape[1], out_height + 2 * padding, out_width + 2 * padding)
    for u in range(kh):
        for v in range(kw):  # tap (u, v) of all stamps at once: they stand `stride` apart
            rows, columns = slice(u, u + stride * height, stride), slice(v, v + stride * width, stride)
            canvas[:, :, rows, columns] += torch.einsum("co,bchw->bohw", weight[:, :, u, v], x)
    return canvas[:, :, padding : padding + out_height, padding : padding + out_width]


def zeros_then_convolve(x: Tensor, weight: Tensor, stride: int, padding: int = 0) -> Tensor:
    """The same result as an ordinary convolution: zeros between the pixels, the kernel flipped."""
    kernel_size = weight.shape[-1]
    if weight.shape[2] != kernel_size or padding > kernel_size - 1:
        raise ValueError("expected a square kernel, and padding below its side")
    height, width = x.shape[2:]
    spread = x.new_zeros(len(x), x.shape[1], (height - 1) * stride + 1, (width - 1) * stride + 1)
    spread[:, :, ::stride, ::stride] = x
    return F.conv2d(spread, weight.flip(2, 3).transpose(0, 1), padding=kernel_size - 1 - padding)


def overlap_counts(size: int, kernel_size: int, stride: int) -> Tensor:
    """Count the stamps on every output along one axis (without padding)."""
    ones = torch.ones(1, 1, 1, size)
    return transposed_convolution(ones, torch.ones(1, 1, 1, kernel_size), stride).flatten().long()


def resize_then_convolve(x: Tensor, weight: Tensor, scale: int) -> Tensor:
    """Enlarge by nearest neighbour, then convolve with weight (O, C, k, k), k odd: one kernel for all phases."""
    return F.conv2d(F.interpolate(x, scale_factor=scale, mode="nearest"), weight, padding=weight.shape[-1] // 2)


def pixel_shuffle(x: Tensor, scale: int) -> Tensor:
    """Lay scale * scale channels out as one block of pixels: (B, C r^2, H, W) to (B, C, H r, W r)."""
    batch, channels, height, width = x.shape
    if scale < 1 or channels % scale**2:
        raise ValueError(f"{channels} channels are not a multiple of {scale}^2")
    blocks = x.view(batch, channels // scale**2, scale, scale, height, width)
    return blocks.permute(0, 1, 4, 2, 5, 3).reshape(batch, -1, height * scale, width * scale)


def icnr(weight: Tensor, scale: int) -> Tensor:
    """Repeat each filter of (O, C, k, k) scale^2 times: sub-pixels of a block then start out equal."""
    return weight.repeat_interleave(scale**2, dim=0)


def phase_imbalance(image: Tensor, period: int = 2, border: int = 4) -> float:
    """Return how far the means of the period^2 phases differ: their deviation over their size; 0 is none.

    `image` is (B, C, H, W) with sides that the period divides; `border`, a multiple of it, is left out.
    """
    inner = image[..., border:-border, border:-border]
    phases = F.pixel_unshuffle(inner, period).mean(dim=(2, 3)).unflatten(1, (-1, period**2))  # (B, C, phases)
    return float(phases.std(dim=-1, correction=0).mean() / phases.square().mean(dim=-1).sqrt().mean())


def enlarged(flat: Tensor, equal: bool) -> dict[str, Tensor]:
    """Double a flat image (1, 1, H, W) in five ways, each with equal weights or 200 random kernels."""

    def draw(*shape: int) -> Tensor:
        return torch.ones(shape) if equal else torch.randn(shape)

    small = draw(200, 1, 3, 3)
    return {
        "transposed, kernel 3": transposed_convolution(flat, draw(1, 200, 3, 3), 2, padding=1, output_padding=1),
        "transposed, kernel 4": transposed_convolution(flat, draw(1, 200, 4, 4), 2, padding=1),
        "pixel shuffle": pixel_shuffle(F.conv2d(flat, draw(800, 1, 3, 3), padding=1), 2),
        "pixel shuffle, ICNR": pixel_shuffle(F.conv2d(flat, icnr(small, 2), padding=1), 2),
        "resize, convolve": resize_then_convolve(flat, small, 2),
    }


def main() -> None:
    """Show that it is the gradient, that it is no inverse, and where the checkerboard comes from."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    digit = torch.tensor(load_digits().images[0] / 16, dtype=torch.float32).view(1, 1, 8, 8)
    weight = torch.randn(4, 1, 3, 3)
    leaf = digit.clone().requires_grad_()
    y = F.conv2d(leaf, weight)
    upstream = torch.randn_like(y)
    (gradient,) = torch.autograd.grad(y, leaf, upstream)
    difference = (transposed_convolution(upstream, weight) - gradient).abs().max()
    print(f"largest difference to the gradient of a convolution: {difference:.0e}")
    back = transposed_convolution(y.detach(), weight)
    best = float((back * digit).sum() / back.square().sum())  # the kindest scale
    error = float((best * back - digit).norm() / digit.norm())
    print(f"a digit, convolved and transposed back: shape {tuple(back.shape)} again, values off by {error:.0%}")
    print(f"size 7, kernel 4, stride 2, padding 1: {output_size(7, 4, 2, 1)}")
    for kernel_size in (3, 4):
        print(f"stamps per output, kernel {kernel_size}, stride 2:", *overlap_counts(7, kernel_size, 2).tolist())
    print("a flat image doubled; how far the four phases differ, equal weights and random ones:")
    flat = torch.ones(1, 1, 12, 12)
    equal, random = enlarged(flat, equal=True), enlarged(flat, equal=False)
    for name, image in equal.items():
        print(f"  {name:<20} {phase_imbalance(image):.2f}   {phase_imbalance(random[name]):.2f}")


def plot() -> "Figure":
    """Draw the stamps per output, and a flat image doubled with one random kernel in three ways."""
    from matplotlib.figure import Figure

    torch.manual_seed(0)
    flat = torch.ones(1, 1, 8, 8)
    pictures = {"stamps, kernel 3": enlarged(flat, equal=True)["transposed, kernel 3"]}
    random = enlarged(flat, equal=False)
    pictures |= {name: random[name] for name in ("transposed, kernel 3", "transposed, kernel 4", "resize, convolve")}
    figure = Figure(figsize=(6.4, 2.3), layout="constrained")
    for axes, (name, picture) in zip(figure.subplots(1, 4), pictures.items(), strict=True):
        inner = picture[0, 0, 2:-2, 2:-2]  # without the border
        middle, swing = float(inner.mean()), max(float((inner - inner.mean()).abs().max()), 1e-3)  # flat is grey
        axes.imshow(inner.numpy(), cmap="gray", vmin=middle - swing, vmax=middle + swing, interpolation="nearest")
        axes.set_title(name.replace(", ", ",\n"), fontsize=10)
        axes.set_axis_off()
    figure.suptitle("A flat image doubled: equal weights, then one random kernel in three ways", fontsize=11)
    return figure


if __name__ == "__main__":
    main()
