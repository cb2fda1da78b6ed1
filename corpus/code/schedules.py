"""Learning-rate schedules: the rate as a function of the step.

What: a large rate makes fast progress; gradient noise then keeps the weights jittering around the
optimum, at a distance that grows with the rate, so the rate has to come down. With t the step, T
the total and w the steps of warm-up:

    step decay    peak * factor^floor(t / every)
    cosine        min + (peak - min) (1 + cos(pi t / T)) / 2           flat, steep, flat
    warm-up       peak * t / w for t < w, then the cosine over the T - w steps left
    one-cycle     up from peak / 25 along half a cosine, then down to peak / 250,000

Why warm up: Adam's averages at first rest on a few gradients, and where these are noise its first steps
are four times as long as later ones; some networks (post-norm Transformers) have large gradients at the
start. Small steps do little harm until that has settled. Cosine and one-cycle need to know T in advance.

A schedule counts steps of the optimiser or epochs; mixing them up (T in epochs, called at every
batch) ends the decay far too early. Its counter belongs in the checkpoint.

Papers: Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017 (cosine);
Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour", 2017 (warm-up);
Smith and Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning
Rates", 2018 (one-cycle); Liu et al., "On the Variance of the Adaptive Learning Rate and Beyond", 2020.

Run: python corpus/code/schedules.py    (some values, and what decay and warm-up are good for)
"""

# mypy: allow-untyped-calls

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Schedule = Callable[[int], float]  # the step, from 0, to the rate


def step_decay(step: int, peak: float, every: int, factor: float = 0.1) -> float:
    """Multiply by `factor` after every `every` steps."""
    if step < 0 or every < 1:
        raise ValueError("need step >= 0 and every >= 1")
    return peak * factor ** (step // every)


def cosine(step: int, peak: float, total: int, minimum: float = 0.0) -> float:
    """Fall from the peak at step 0 to the minimum at step `total`, and stay there."""
    if step < 0 or total < 1:
        raise ValueError("need step >= 0 and total >= 1")
    progress = min(step / total, 1.0)  # without the min the cosine would rise again
    return minimum + 0.5 * (peak - minimum) * (1 + math.cos(math.pi * progress))


def warmup_cosine(step: int, peak: float, warmup: int, total: int, minimum: float = 0.0) -> float:
    """Rise in a straight line from 0 to the peak at step `warmup`, then fall along a cosine."""
    if step < 0 or not 0 <= warmup < total:
        raise ValueError("need step >= 0 and 0 <= warmup < total")
    if step < warmup:
        return peak * step / warmup
    return cosine(step - warmup, peak, total - warmup, minimum)


def one_cycle(
    step: int, peak: float, total: int, rise: float = 0.3, start_divisor: float = 25.0, end_divisor: float = 1e4
) -> float:
    """Rise from peak / start_divisor over the share `rise` of the steps, then fall to start / end_divisor.

    The last of the `total` steps, number total - 1, has the lowest rate. PyTorch's OneCycleLR also
    moves the momentum, against the rate: 0.95 at the ends and 0.85 at the peak.
    """
    if not 0 <= step < total or not 0 < rise < 1 or rise * total <= 1:
        raise ValueError("need 0 <= step < total, 0 < rise < 1 and a rise of more than one step")
    start, top = peak / start_divisor, rise * total - 1  # `top` is the step of the peak
    if step <= top:
        return cosine_between(start, peak, step / top)
    return cosine_between(peak, start / end_divisor, (step - top) / (total - 1 - top))


def cosine_between(first: float, last: float, progress: float) -> float:
    """Go from `first` to `last` along half a cosine as progress goes from 0 to 1."""
    return last + 0.5 * (first - last) * (1 + math.cos(math.pi * progress))


def noisy_descent(schedule: Schedule, steps: int = 1000, runs: int = 1000) -> float:
    """Return the mean final loss w^2 / 2 of descents from w = 5 by gradients w + noise, noise ~ N(0, 1)."""
    generator = torch.Generator().manual_seed(0)
    w = torch.full((runs,), 5.0)
    for step in range(steps):
        w -= schedule(step) * (w + torch.randn(runs, generator=generator))
    return float(0.5 * w.square().mean())


def adam_moves(steps: int, scale: float = 1.0, weights: int = 5000) -> Tensor:
    """Return the size of Adam's steps 1..steps in units of the rate, where gradients are noise N(0, scale^2) alone.

    The size is the root mean square over `weights` weights, each with noise of its own. Nothing is to be
    gained there, so the best step would be 0. The first is m / sqrt(v) = g / |g|: a full rate long, whatever the scale.
    """
    generator = torch.Generator().manual_seed(0)
    w = nn.Parameter(torch.zeros(weights))
    optimizer = torch.optim.Adam([w], lr=1.0)
    moves: list[float] = []
    for _ in range(steps):
        before = w.detach().clone()
        w.grad = scale * torch.randn(weights, generator=generator)
        optimizer.step()
        moves.append(float((w.detach() - before).square().mean().sqrt()))
    return torch.tensor(moves)


def plot() -> "Figure":
    """Draw the four schedules over 1000 steps with the same peak."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    axis = figure.subplots()
    schedules: dict[str, Schedule] = {
        "step decay, x 0.1 every 300": lambda t: step_decay(t, 1.0, 300),
        "cosine": lambda t: cosine(t, 1.0, 1000),
        "warm-up of 100 steps, then cosine": lambda t: warmup_cosine(t, 1.0, 100, 1000),
        "one-cycle": lambda t: one_cycle(t, 1.0, 1000),
    }
    for name, schedule in schedules.items():
        axis.plot(range(1000), [schedule(t) for t in range(1000)], label=name)
    axis.set(xlabel="step", ylabel="learning rate / peak", title="Learning-rate schedules")
    figure.legend(fontsize=9, loc="outside lower center", ncols=2)
    return figure


def main() -> None:
    """Print values, show the noise floor of a fixed rate, and how long Adam's first steps are."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    print("10,000 steps, warm-up to 0.001 over the first 1000, then a cosine to 0:")
    for step in (0, 500, 1000, 3250, 5500, 10_000):
        print(f"  step {step:>6}: {warmup_cosine(step, 1e-3, 1000, 10_000):.2e}")
    print(f"0.1 cut to a tenth every 30 epochs, at epoch 65: {step_decay(65, 0.1, 30):.4f}")

    print("1000 noisy steps down w^2 / 2 from w = 5, mean final loss:")
    descents: dict[str, Schedule] = {
        "fixed 0.5": lambda _: 0.5,
        "fixed 0.001": lambda _: 0.001,
        "0.5, a tenth every 300": lambda t: step_decay(t, 0.5, 300),
        "0.5, cosine to 0": lambda t: cosine(t, 0.5, 1000),
    }
    for name, schedule in descents.items():
        print(f"  {name:<22}  {noisy_descent(schedule):.5f}")

    moves, settled = adam_moves(1000), math.sqrt((1 - 0.9) / (1 + 0.9))
    print("Adam on gradients that are noise alone: size of a step / peak rate, at a fixed rate and warmed up for 100:")
    for step in (1, 2, 5, 20, 100, 1000):
        rate = warmup_cosine(step - 1, 1.0, 100, 10_000)
        print(f"  step {step:>4}: {moves[step - 1]:.3f}  {rate * moves[step - 1]:.3f}")
    print(f"  when its averages have settled: sqrt((1 - 0.9) / (1 + 0.9)) = {settled:.3f}")


if __name__ == "__main__":
    main()
