"""Mixed precision: what 16-bit floats lose, and how loss scaling and master weights keep it.

What: 16-bit numbers halve memory and traffic, and tensor cores multiply them several times faster.

    float16    5 exponent bits, 10 of mantissa: fine steps, but only from 6e-8 to 65504
    bfloat16   8 exponent bits,  7 of mantissa: the range of float32, coarse steps (0.0078 above 1)

Two things get lost. Gradients below 6e-8 become 0 in float16: multiply the loss by a large factor,
which multiplies every gradient by it, and divide before the update (loss scaling; bfloat16 has range
enough). Updates much smaller than the weight are rounded away in either: keep a float32 master copy
of the weights, update that, and round it to 16 bits for the next forward pass.

The scale is found on the way: on inf or NaN the step is skipped and the scale halved; after many
clean steps it is doubled.

Paper: Micikevicius et al., "Mixed Precision Training", 2018.

Run: python corpus/code/mixed_precision.py    (16 bits simulated by rounding, on any CPU)
"""

# mypy: allow-untyped-calls

from typing import Any

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor, nn


class RoundBothWays(torch.autograd.Function):
    """Round to a 16-bit type and back: the values on the way forward, the gradients on the way back.

    So a float32 network loses what a 16-bit one would lose at this place (the products inside a
    matrix multiplication are summed in float32 on real hardware too).
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, dtype: torch.dtype) -> Tensor:
        """Return x as the type would store it."""
        ctx.dtype = dtype
        return x.to(dtype).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """Return the gradient as the type would store it: too small becomes 0, too large inf."""
        return gradient.to(ctx.dtype).to(gradient.dtype), None


def round_to(x: Tensor, dtype: torch.dtype) -> Tensor:
    """Round x and its gradient to `dtype`; the tensor itself stays float32."""
    rounded: Tensor = RoundBothWays.apply(x, dtype)
    return rounded


class MixedLinear(nn.Linear):
    """A linear layer that computes in `dtype` from float32 master weights."""

    def __init__(self, in_features: int, out_features: int, dtype: torch.dtype) -> None:
        super().__init__(in_features, out_features)
        self.dtype = dtype

    def forward(self, input: Tensor) -> Tensor:
        """Map (B, in) to (B, out); weights, inputs, outputs and all their gradients pass through 16 bits."""
        weight, bias = round_to(self.weight, self.dtype), round_to(self.bias, self.dtype)
        return round_to(F.linear(round_to(input, self.dtype), weight, bias), self.dtype)


class LossScaler:
    """Dynamic loss scaling, what torch.amp.GradScaler does."""

    def __init__(self, scale: float = 65536.0, growth_interval: int = 2000) -> None:
        """The scale is a power of two: multiplying by it changes the exponent and rounds nothing."""
        if not scale > 0 or growth_interval < 1:
            raise ValueError(f"need scale > 0 and growth_interval >= 1, not {scale} and {growth_interval}")
        self.scale, self.growth_interval, self.clean_steps = scale, growth_interval, 0

    def step(self, loss: Tensor, optimizer: torch.optim.Optimizer) -> bool:
        """Run backward and update; return False if the gradients overflowed and the step was skipped."""
        optimizer.zero_grad()
        (loss * self.scale).backward()
        gradients = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        if not all(bool(gradient.isfinite().all()) for gradient in gradients):
            self.scale, self.clean_steps = self.scale / 2, 0
            return False
        for gradient in gradients:
            gradient /= self.scale  # before clipping and before the update, which need the true size
        optimizer.step()
        self.clean_steps += 1
        if self.clean_steps == self.growth_interval:
            self.scale, self.clean_steps = self.scale * 2, 0
        return True


def describe(dtype: torch.dtype) -> str:
    """Return the largest, the smallest normal and the smallest positive number, and the step above 1."""
    info = torch.finfo(dtype)
    smallest = info.smallest_normal * info.eps  # subnormal: the last bit of the mantissa alone
    return (
        f"largest {info.max:.5g}, normal from {info.smallest_normal:.2g}, down to {smallest:.2g}, step {info.eps:.2g}"
    )


def accumulate(dtype: torch.dtype, update: float, count: int, master: bool) -> float:
    """Subtract `update` from 1 `count` times in `dtype`, with or without a float32 master copy."""
    weight = torch.tensor(1.0, dtype=torch.float32 if master else dtype)
    for _ in range(count):
        weight = weight - torch.tensor(update, dtype=weight.dtype)
    return float(weight.to(dtype))


def digits() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return training images (N, 64) and labels, and 450 held-out ones."""
    data = load_digits()
    images, labels = torch.tensor(data.data / 16.0, dtype=torch.float32), torch.tensor(data.target)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    return images[order[450:]], labels[order[450:]], images[order[:450]], labels[order[:450]]


def network(dtype: torch.dtype) -> nn.Sequential:
    """Return a small classifier whose every layer computes in `dtype`; the same for every type."""
    torch.manual_seed(0)
    return nn.Sequential(MixedLinear(64, 64, dtype), nn.ReLU(), MixedLinear(64, 10, dtype))


def train(model: nn.Module, images: Tensor, labels: Tensor, scaler: LossScaler, *, weight: float, steps: int) -> int:
    """Fit the model in place to `weight` times the cross-entropy; return the number of skipped steps."""
    # eps far below any gradient: Adam's update then does not depend on the gradients' scale.
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3, eps=1e-20)
    skipped = 0
    for _ in range(steps):
        batch = torch.randint(len(images), (64,))
        skipped += not scaler.step(weight * F.cross_entropy(model(images[batch]), labels[batch]), optimizer)
    return skipped


def zero_share(model: nn.Module, loss: Tensor) -> float:
    """Return the share of all gradient entries that are exactly 0."""
    gradients = torch.autograd.grad(loss, list(model.parameters()))
    return sum(int((g == 0).sum()) for g in gradients) / sum(g.numel() for g in gradients)


def main() -> None:
    """Print the ranges, lose small updates and small gradients, and keep them."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    for dtype in (torch.float16, torch.bfloat16, torch.float32):
        print(f"{dtype!s:<15} {describe(dtype)}")
    for dtype in (torch.float16, torch.bfloat16):
        alone, master = (accumulate(dtype, 1e-4, 1000, keep) for keep in (False, True))
        print(f"1 less 1000 times 0.0001 in {dtype}: {alone:.4f}; with a float32 master copy: {master:.4f}")
    images, labels, test_images, test_labels = digits()
    weight = 1e-6  # one small term among others in a loss: its gradients are small, not unimportant
    print("digits, the loss weighted by 1e-6:")
    settings = {
        "float32": (torch.float32, 1.0),
        "bfloat16": (torch.bfloat16, 1.0),
        "float16": (torch.float16, 1.0),
        "float16, loss scaled": (torch.float16, 2.0**40),
    }
    for name, (dtype, scale) in settings.items():
        model, scaler = network(dtype), LossScaler(scale)
        lost = zero_share(model, weight * F.cross_entropy(model(images), labels) * scale)
        skipped = train(model, images, labels, scaler, weight=weight, steps=600)
        with torch.inference_mode():
            score = (model(test_images).argmax(dim=1) == test_labels).float().mean()
        print(
            f"  {name:<21} gradient entries that are 0: {lost:4.0%}   steps skipped {skipped:>2}"
            f"   last scale {scaler.scale:<8g}   held-out accuracy {score:.3f}"
        )


if __name__ == "__main__":
    main()
