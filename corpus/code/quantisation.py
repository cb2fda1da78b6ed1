"""Quantisation: weights and activations as small integers, with a scale to read them by.

What: a real number x becomes the integer q, and comes back with an error of at most half a step:

    q = clamp(round(x / scale) + zero_point, low, high),      x' = (q - zero_point) * scale

Affine (asymmetric) grids cover [lowest, highest] and give real 0 the code `zero_point`; they suit
one-sided activations. Symmetric grids cover +-largest with zero_point 0; they suit weights, one
scale per tensor or one per output channel. PTQ (post-training quantisation) measures the ranges of
a trained network on a few calibration inputs. QAT (quantisation-aware training) goes on training
with the rounding in the forward pass; as rounding has derivative 0 almost everywhere, the backward
pass takes it for the identity (the straight-through estimator), and 0 where values are clipped.

Papers: Jacob et al., "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference", 2018; Bengio, Leonard and Courville, "Estimating or Propagating
Gradients Through Stochastic Neurons for Conditional Computation", 2013 (straight-through).

Run: python corpus/code/quantisation.py    (a small network on digits at 8, 4 and 2 bits)
"""

# mypy: allow-untyped-calls

import copy
from typing import TYPE_CHECKING, NamedTuple

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor, nn

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Grid(NamedTuple):
    """The codes low..high and what they stand for: (code - zero_point) * scale."""

    scale: Tensor
    zero_point: Tensor
    low: int
    high: int


def affine_grid(lowest: Tensor, highest: Tensor, bits: int) -> Grid:
    """Return the unsigned grid 0..2^bits - 1 over [lowest, highest], widened to contain 0.

    Real 0 must have a code of its own: padding and ReLU produce it exactly, and often.
    """
    if bits < 2 or (highest < lowest).any():
        raise ValueError(f"need at least 2 bits and lowest <= highest, not {bits} bits, {lowest}, {highest}")
    lowest, highest = lowest.clamp(max=0.0), highest.clamp(min=0.0)
    scale = ((highest - lowest) / (2**bits - 1)).clamp(min=1e-8)
    return Grid(scale, torch.round(-lowest / scale), 0, 2**bits - 1)


def symmetric_grid(largest: Tensor, bits: int) -> Grid:
    """Return the signed grid over [-largest, largest]: -127..127 at 8 bits, -1..1 at 2 bits."""
    if bits < 2 or (largest < 0).any():
        raise ValueError(f"need at least 2 bits and largest >= 0, not {bits} bits, {largest}")
    top = 2 ** (bits - 1) - 1  # -128 would be a code without a positive twin; it is left out
    return Grid((largest / top).clamp(min=1e-8), torch.zeros_like(largest), -top, top)


def quantise(x: Tensor, grid: Grid) -> Tensor:
    """Return the codes (int32) nearest to x."""
    codes = torch.round(x / grid.scale) + grid.zero_point
    return codes.clamp(grid.low, grid.high).to(torch.int32)


def dequantise(codes: Tensor, grid: Grid) -> Tensor:
    """Return the real numbers that the codes stand for."""
    return (codes - grid.zero_point) * grid.scale


def fake_quantise(x: Tensor, grid: Grid) -> Tensor:
    """Round x to the grid, still as floats; the gradient passes straight through where not clipped."""
    codes = torch.round(x.detach() / grid.scale) + grid.zero_point
    inside = (codes >= grid.low) & (codes <= grid.high)
    through = torch.where(inside, x, x.detach())  # gradient 1 inside, 0 outside
    return through + (dequantise(quantise(x.detach(), grid), grid) - x.detach())


class QuantLinear(nn.Module):
    """A linear layer whose weights (symmetric) and inputs (affine) are rounded to `bits` bits."""

    lowest: Tensor
    highest: Tensor

    def __init__(self, linear: nn.Linear, bits: int, per_channel: bool, inputs: Tensor) -> None:
        """Calibrate on `inputs` (N, in). The biases stay: they are few, and added at the precision of the sums."""
        super().__init__()
        self.linear, self.bits, self.per_channel = linear, bits, per_channel
        self.register_buffer("lowest", inputs.min())
        self.register_buffer("highest", inputs.max())

    def weight_grid(self) -> Grid:
        """Return one scale for the tensor, or one per output channel: (out, 1)."""
        size = self.linear.weight.detach().abs()
        return symmetric_grid(size.amax(dim=1, keepdim=True) if self.per_channel else size.max(), self.bits)

    def input_grid(self) -> Grid:
        """Return the grid of the calibrated range; a constant to the gradient."""
        return affine_grid(self.lowest, self.highest, self.bits)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, in) to (B, out) in floats that lie on the grids."""
        weight = fake_quantise(self.linear.weight, self.weight_grid())
        return F.linear(fake_quantise(x, self.input_grid()), weight, self.linear.bias)

    def integer_forward(self, x: Tensor) -> Tensor:
        """Return the same as `forward`, but with the products and sums in integers, as on the device."""
        inputs, weights = self.input_grid(), self.weight_grid()
        codes = quantise(x, inputs) - inputs.zero_point.to(torch.int32)
        sums = codes @ quantise(self.linear.weight, weights).T  # int32: int8 would overflow at once
        return sums * (inputs.scale * weights.scale.flatten()) + self.linear.bias


def quantised(model: nn.Sequential, bits: int, *, per_channel: bool, calibration: Tensor) -> nn.Sequential:
    """Return a copy of the model with quantised linear layers: post-training quantisation."""
    if len(calibration) == 0:
        raise ValueError("calibration needs at least one input")
    version, x = copy.deepcopy(model), calibration
    for place, layer in enumerate(version):
        if isinstance(layer, nn.Linear):
            version[place] = QuantLinear(layer, bits, per_channel, x)
        with torch.no_grad():
            x = layer(x)  # the ranges are those of the network in full precision
    return version


def train(model: nn.Module, images: Tensor, labels: Tensor, *, epochs: int, lr: float = 3e-3) -> None:
    """Fit the model in place; on a quantised one, this is quantisation-aware training."""
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for _ in range(epochs):
        for batch in torch.randperm(len(images)).split(64):
            optimizer.zero_grad()
            F.cross_entropy(model(images[batch]), labels[batch]).backward()
            optimizer.step()


def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Return the share of images whose largest logit is at the true class."""
    with torch.inference_mode():
        return float((model(images).argmax(dim=1) == labels).float().mean())


def sweep(all_bits: tuple[int, ...]) -> tuple[float, dict[str, list[float]]]:
    """Return the accuracy of the trained network, and of its quantised versions at each of the bits."""
    torch.manual_seed(0)
    data = load_digits()
    x, y = torch.tensor(data.data / 16.0, dtype=torch.float32), torch.tensor(data.target)
    order = torch.randperm(len(x))
    (test_x, test_y), (x, y) = (x[order[:450]], y[order[:450]]), (x[order[450:]], y[order[450:]])
    model = nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 24), nn.ReLU(), nn.Linear(24, 10))
    train(model, x, y, epochs=20)
    scores: dict[str, list[float]] = {"PTQ, per tensor": [], "PTQ, per channel": [], "QAT, per channel": []}
    for bits in all_bits:
        for name, points in scores.items():
            version = quantised(model, bits, per_channel="channel" in name, calibration=x[:100])
            if "QAT" in name:
                train(version, x, y, epochs=5)
            points.append(accuracy(version, test_x, test_y))
    return accuracy(model, test_x, test_y), scores


def main() -> None:
    """Work one number by hand, then compare bits, granularity, and PTQ with QAT on digits."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    grid = affine_grid(torch.tensor(-0.5), torch.tensor(2.05), bits=8)
    codes = quantise(torch.tensor([1.237, 3.0]), grid)
    print(f"range [-0.5, 2.05] in 8 bits: scale {grid.scale:.3f}, zero point {grid.zero_point:.0f}")
    print(f"1.237 and 3.0 become {codes.tolist()} and come back as {[f'{x:.2f}' for x in dequantise(codes, grid)]}")
    all_bits = (8, 4, 3, 2)
    score, scores = sweep(all_bits)
    print(f"held-out accuracy in 32-bit floats: {score:.3f} (chance is 0.1)")
    for name, points in scores.items():
        print(f"  {name}: " + "   ".join(f"{b} bits {p:.3f}" for b, p in zip(all_bits, points, strict=True)))


def plot() -> "Figure":
    """Draw held-out accuracy against the number of bits."""
    from matplotlib.figure import Figure

    all_bits = (8, 6, 4, 3, 2)
    score, scores = sweep(all_bits)
    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = figure.subplots()
    for name, points in scores.items():
        axes.plot(all_bits, points, marker="o", label=name)
    axes.axhline(score, color="grey", linestyle="--", label="32-bit floats")
    axes.set(xlabel="bits of weights and activations", ylabel="held-out accuracy", title="Quantised network on digits")
    axes.set_xticks(all_bits)
    axes.invert_xaxis()
    axes.legend()
    return figure


if __name__ == "__main__":
    main()
