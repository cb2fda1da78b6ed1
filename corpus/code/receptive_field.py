"""Receptive field: which input pixels can reach one output; and where a network's parameters are.

What: through a list of layers with kernel k, stride s, padding p and dilation d, three numbers are enough
per axis: the field's side r, the jump j (input pixels between neighbouring outputs) and the start c (the
centre of the first output's field, counted in pixels; below 0 it lies on the padding):

    r <- r + (k - 1) d j      c <- c + ((k - 1) d / 2 - p) j      j <- j s       from r = 1, c = 0, j = 1

Why: an output cannot answer for what it cannot see. Depth adds, stride multiplies, dilation spreads. And
it is an upper bound: central pixels reach the output by many more ways than those at the edge, so the
effective field is bell-shaped and grows only with the square root of the depth.

Papers: Luo et al., "Understanding the Effective Receptive Field in Deep Convolutional Neural Networks",
2016; Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks", 2019.

Run: python corpus/code/receptive_field.py    (computed, and measured by the gradient)
"""

# mypy: allow-untyped-calls

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Layer(NamedTuple):
    """A convolution or a pooling layer along one axis; pooling is a kernel too."""

    kernel_size: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1


class Field(NamedTuple):
    """What an output of the last layer sees along one axis of the input."""

    size: int = 1
    jump: int = 1
    start: float = 0.0

    def pixels(self, output: int) -> tuple[int, int]:
        """Return the first and last input pixel that this output sees, padding included."""
        first = self.start + output * self.jump - (self.size - 1) / 2
        return int(first), int(first) + self.size - 1


def receptive_fields(layers: Sequence[Layer]) -> list[Field]:
    """Return the field after every layer, the first entry being the input itself."""
    fields = [Field()]
    for kernel_size, stride, padding, dilation in layers:
        if min(kernel_size, stride, dilation) < 1 or padding < 0:
            raise ValueError("kernel_size, stride and dilation must be at least 1, and padding at least 0")
        size, jump, start = fields[-1]
        reach = (kernel_size - 1) * dilation  # in pixels of this layer's input, each `jump` wide
        fields.append(Field(size + reach * jump, jump * stride, start + (reach / 2 - padding) * jump))
    return fields


def layers_of(network: nn.Sequential) -> list[Layer]:
    """Read kernels, strides, paddings and dilations (along the width) off a PyTorch network."""
    layers = []
    for module in network:
        if isinstance(module, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d):
            settings = (module.kernel_size, module.stride, module.padding, getattr(module, "dilation", 1))
            layers.append(Layer(*(int(s[-1]) if isinstance(s, tuple) else int(s) for s in settings)))
        elif not isinstance(module, nn.ReLU | nn.BatchNorm2d):  # these two work on every pixel alone
            raise ValueError(f"no receptive field for {type(module).__name__}")
    return layers


def input_gradient(network: nn.Module, images: Tensor) -> Tensor:
    """Return the squared gradient of the central output with respect to the pixels, (H, W), summed."""
    images = images.clone().requires_grad_()
    maps = network(images)  # (B, C, H', W')
    maps[:, :, maps.shape[2] // 2, maps.shape[3] // 2].sum().backward()
    assert images.grad is not None
    return images.grad.square().sum(dim=(0, 1))


def measured_pixels(network: nn.Module, images: Tensor) -> tuple[int, int]:
    """Return the first and last column whose pixels move the central output.

    ReLU and max pooling pass only some pixels on, so it takes several images to meet them all.
    """
    columns = (input_gradient(network, images).sum(dim=0) > 0).nonzero().flatten()
    return int(columns[0]), int(columns[-1])


def spread(gradient: Tensor) -> float:
    """Return the standard deviation, in pixels along the width, of where the gradient lies."""
    share = gradient.sum(dim=0) / gradient.sum()
    place = torch.arange(len(share), dtype=share.dtype)
    mean = (share * place).sum()
    return float((share * (place - mean).square()).sum().sqrt())


def random_stack(depth: int, channels: int = 8) -> nn.Sequential:
    """3x3 convolutions with random weights and no activation, padded to keep the size."""
    widths = [1, *[channels] * depth]
    layers = [nn.Conv2d(i, o, 3, padding=1, bias=False) for i, o in pairwise(widths)]
    for layer in layers:
        nn.init.normal_(layer.weight, std=(9 * layer.in_channels) ** -0.5)  # keeps the signal's size
    return nn.Sequential(*layers)


def effective_field(depth: int, side: int, repeats: int = 20) -> Tensor:
    """Average the squared gradient (side, side) of random stacks of this depth."""
    image = torch.zeros(1, 1, side, side)  # a linear stack has the same gradient everywhere
    return torch.stack([input_gradient(random_stack(depth), image) for _ in range(repeats)]).mean(dim=0)


def convolution_parameters(in_channels: int, out_channels: int, kernel_size: int, bias: bool = True) -> int:
    """k * k * C_in weights, and a bias if wanted, per output channel; the image's size plays no part."""
    return out_channels * (kernel_size**2 * in_channels + bias)


def batch_norm_parameters(channels: int) -> int:
    """A scale and a shift per channel; the running mean and variance are not learnt by gradient."""
    return 2 * channels


def linear_parameters(inputs: int, outputs: int, bias: bool = True) -> int:
    """A weight per pair, and a bias per output."""
    return outputs * (inputs + bias)


def main() -> None:
    """Trace fields through stacks, check one against the gradient, count parameters."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    dilated = [Layer(3, padding=rate, dilation=rate) for rate in (1, 2, 4, 8)]
    for name, stack in (
        ("four 3x3", [Layer(3, padding=1)] * 4),
        ("four 3x3, dilation 1, 2, 4, 8", dilated),
        ("3x3 stride 2, then those", [Layer(3, stride=2, padding=1), *dilated]),
    ):
        fields = receptive_fields(stack)
        print(f"{name}: sees {' -> '.join(str(field.size) for field in fields[1:])}; jump {fields[-1].jump}")
    vgg = [layer for convs in (2, 2, 3, 3, 3) for layer in [Layer(3, padding=1)] * convs + [Layer(2, stride=2)]]
    print("VGG-16 up to its last pool: sees {0.size}, jump {0.jump}".format(receptive_fields(vgg)[-1]))
    network = nn.Sequential(
        nn.Conv2d(1, 8, 5, stride=2, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 8, 3, padding=2, dilation=2),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3),
    )
    output = network(torch.zeros(1, 1, 64, 64)).shape[3] // 2
    field = receptive_fields(layers_of(network))[-1]
    seen, measured = field.pixels(output), measured_pixels(network, torch.rand(32, 1, 64, 64))
    print(f"a network on 64x64: field {field.size}, jump {field.jump}; output {output} sees columns", end=" ")
    print("{}..{}, by the gradient {}..{}".format(*seen, *measured))
    print("random 3x3 stacks: field (upper bound) and spread of the squared gradient (effective)")
    for depth in (4, 16):
        effective, theory = spread(effective_field(depth, side=41)), (2 * depth / 3) ** 0.5
        print(f"  depth {depth:>2}: {1 + 2 * depth:>2} pixels; {effective:.2f}, sqrt(2/3 depth) = {theory:.2f}")
    parts = [convolution_parameters(3, 32, 3), batch_norm_parameters(32)]
    parts += [convolution_parameters(32, 64, 3), batch_norm_parameters(64), linear_parameters(64, 10)]
    print("learnable parameters, conv 3x3 to 32, norm, conv 3x3 to 64, norm, linear to 10:")
    print(f"  {' + '.join(f'{count:,}' for count in parts)} = {sum(parts):,}")


def plot() -> "Figure":
    """Draw the effective field of a shallow and a deep stack, and its profile against the bound."""
    from matplotlib.figure import Figure

    torch.manual_seed(0)
    figure = Figure(figsize=(6.4, 2.8), layout="constrained")
    panels = figure.subplots(1, 3, width_ratios=(1, 1, 1.5))
    for axes, depth, colour in zip(panels[:2], (5, 20), ("tab:blue", "tab:orange"), strict=True):
        gradient = effective_field(depth, side=49, repeats=40)
        axes.imshow((gradient / gradient.max()).sqrt().numpy(), cmap="magma", extent=(-24.5, 24.5, -24.5, 24.5))
        square = [-depth - 0.5, depth + 0.5]
        axes.plot([*square, *square[::-1], square[0]], [square[0]] * 2 + [square[1]] * 2 + [square[0]], "w--", lw=1)
        axes.set_title(f"{depth} layers 3x3,\nsees {2 * depth + 1}x{2 * depth + 1} (dashed)", fontsize=10)
        profile = gradient.sum(dim=0) / gradient.sum()
        panels[2].plot(range(-24, 25), profile.numpy(), color=colour, label=f"{depth} layers")
        panels[2].axvspan(*square, color=colour, alpha=0.12)
    panels[2].set_title("share of the squared gradient\n(shaded: the field)", fontsize=10)
    panels[2].set_xlabel("column, from the output")
    panels[2].legend(fontsize=8)
    return figure


if __name__ == "__main__":
    main()
