"""Flow matching with straight paths (rectified flow): learn the velocity that carries noise to data.

What: draw noise x_0 and data x_1 at random, join them by a straight line, and regress on its slope:

    x_t = (1 - t) x_0 + t x_1,      loss = E |v(x_t, t) - (x_1 - x_0)|^2,      t uniform in [0, 1]

Many lines cross at one point; the least-squares answer is their mean, v(x, t) = E[x_1 - x_0 | x_t = x],
and that field carries the distribution of noise to that of data. To sample, integrate dx/dt = v(x, t)
from t = 0 to 1, for instance by Euler steps.

Why "rectified": the lines of training are straight, but they cross and trajectories of a field cannot,
so these bend, and one Euler step is not enough. Reflow trains again on the pairs (x_0, x_1) that the
first flow produced; their lines hardly cross, the new trajectories are straighter, few steps suffice.

Papers: Liu, Gong and Liu, "Flow Straight and Fast: Learning to Generate and Transfer Data with
Rectified Flow", 2023; Lipman, Chen, Ben-Hamu, Nickel and Le, "Flow Matching for Generative
Modeling", 2023.

Run: python corpus/code/flow_matching.py    (from a Gaussian to two moons)
"""

# mypy: allow-untyped-calls

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from sklearn.datasets import make_moons  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor, nn

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Velocity(nn.Module):
    """The learnt field v(x, t)."""

    frequencies: Tensor

    def __init__(self, data_dim: int = 2, hidden_dim: int = 128) -> None:
        """The time enters as it is and as a few sines and cosines."""
        super().__init__()
        self.register_buffer("frequencies", torch.pi * torch.arange(1, 4))
        self.net = nn.Sequential(
            nn.Linear(data_dim + 7, hidden_dim),
            nn.SiLU(),
            nn.Linear(hidden_dim, hidden_dim),
            nn.SiLU(),
            nn.Linear(hidden_dim, hidden_dim),
            nn.SiLU(),
            nn.Linear(hidden_dim, data_dim),
        )

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """Map x (B, D) and times (B, 1) to velocities (B, D)."""
        angles = t * self.frequencies  # (B, 3)
        velocity: Tensor = self.net(torch.cat((x, t, angles.sin(), angles.cos()), dim=1))
        return velocity


def interpolate(x0: Tensor, x1: Tensor, t: Tensor) -> Tensor:
    """Return the points at times t (B, 1) on the straight lines from x0 to x1, both (B, D)."""
    if x0.shape != x1.shape or t.shape != (len(x0), 1):
        raise ValueError(f"expected x0 and x1 (B, D), t (B, 1); got {x0.shape}, {x1.shape}, {t.shape}")
    return (1 - t) * x0 + t * x1


def flow_matching_loss(model: Callable[[Tensor, Tensor], Tensor], x0: Tensor, x1: Tensor) -> Tensor:
    """Return the mean squared error between the model and the slope of each pair, at random times."""
    t = torch.rand(len(x0), 1)
    return (model(interpolate(x0, x1, t), t) - (x1 - x0)).square().sum(dim=1).mean()


def train(
    model: nn.Module, x1: Tensor, x0: Tensor | None = None, *, steps: int = 2500, lr: float = 5e-3
) -> list[float]:
    """Fit the model in place; return the losses.

    Without x0 every batch pairs data with fresh noise, independently; with x0 (reflow) row i of x0
    belongs to row i of x1.
    """
    if x0 is not None and x0.shape != x1.shape:
        raise ValueError(f"pairs need equal shapes, got {tuple(x0.shape)} and {tuple(x1.shape)}")
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=steps)
    history: list[float] = []
    for _ in range(steps):
        rows = torch.randint(len(x1), (256,))
        data = x1[rows]
        loss = flow_matching_loss(model, torch.randn_like(data) if x0 is None else x0[rows], data)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        history.append(loss.item())
    return history


@torch.no_grad()
def euler_sample(model: Callable[[Tensor, Tensor], Tensor], x0: Tensor, steps: int) -> list[Tensor]:
    """Carry x0 (B, D) from t = 0 to t = 1 in equal Euler steps; return every stage, steps + 1 in all."""
    if steps < 1:
        raise ValueError(f"steps must be at least 1, not {steps}")
    stages = [x0]
    for step in range(steps):
        t = torch.full((len(x0), 1), step / steps)
        stages.append(stages[-1] + model(stages[-1], t) / steps)
    return stages


def detour(stages: list[Tensor]) -> float:
    """Return how much longer the trajectories are than the straight way between their ends: 0 if straight."""
    lengths = torch.stack([(b - a).norm(dim=1) for a, b in pairwise(stages)]).sum(dim=0)
    return float(lengths.sum() / (stages[-1] - stages[0]).norm(dim=1).sum() - 1)


def energy_distance(x: Tensor, y: Tensor) -> float:
    """Return 2 E|x - y| - E|x - x'| - E|y - y'| for samples (N, D), (M, D): 0 only for equal distributions."""
    return float(2 * torch.cdist(x, y).mean() - torch.cdist(x, x).mean() - torch.cdist(y, y).mean())


def moons(count: int, seed: int) -> Tensor:
    """Return points (count, 2) on two interleaved half circles, roughly centred and of unit spread."""
    points = torch.tensor(make_moons(count, noise=0.05, random_state=seed)[0], dtype=torch.float32)
    return (points - torch.tensor([0.5, 0.25])) / torch.tensor([0.87, 0.5])


def flow_and_reflow(steps: int) -> tuple[Velocity, Velocity]:
    """Train a flow on two moons, and a second one on the pairs that the first produces."""
    torch.manual_seed(0)
    flow, reflow = Velocity(), Velocity()
    train(flow, moons(4000, 0), steps=steps)
    noise = torch.randn(8000, 2)
    reflow.load_state_dict(flow.state_dict())  # a good start: the field changes little
    train(reflow, euler_sample(flow, noise, steps=40)[-1], noise, steps=steps)
    return flow, reflow


def main() -> None:
    """Sample from a flow and its reflow with few and many Euler steps."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    flow, reflow = flow_and_reflow(steps=1800)
    data, fresh, start = moons(2000, 0), moons(2000, 1), torch.randn(2000, 2)
    gaussian = torch.distributions.MultivariateNormal(data.mean(dim=0), data.T.cov())
    print("energy distance to fresh data:")
    print(f"  a Gaussian of the same mean and covariance {energy_distance(gaussian.sample((2000,)), fresh):.4f}")
    for name, model in (("flow", flow), ("reflow", reflow)):
        scores = {n: energy_distance(euler_sample(model, start, n)[-1], fresh) for n in (1, 2, 4, 32)}
        print(f"  {name}: " + "   ".join(f"{n} steps {score:.4f}" for n, score in scores.items()))
    print(f"  the training data itself {energy_distance(data, fresh):.4f}")
    for name, model in (("flow", flow), ("reflow", reflow)):
        print(
            f"trajectories of the {name} are longer than straight lines by {detour(euler_sample(model, start, 32)):.1%}"
        )


def plot() -> "Figure":
    """Draw trajectories from noise (grey) to data (blue), before and after reflow."""
    from matplotlib.figure import Figure

    flow, reflow = flow_and_reflow(steps=1000)
    start = torch.randn(400, 2)
    figure = Figure(figsize=(6.4, 3.4), layout="constrained")
    titles = ("flow: trajectories bend", "reflow: nearly straight")
    for axes, model, title in zip(figure.subplots(1, 2), (flow, reflow), titles, strict=True):
        path = torch.stack(euler_sample(model, start, 32)).numpy()  # (stages, points, 2)
        axes.plot(path[:, :60, 0], path[:, :60, 1], color="tab:orange", linewidth=0.6)
        axes.scatter(*path[0].T, s=2, color="grey", label="noise")
        axes.scatter(*path[-1].T, s=2, color="tab:blue", label="data")
        axes.set(title=title, aspect="equal", xticks=[], yticks=[])
        axes.legend(loc="upper right", fontsize=8, markerscale=3)
    return figure


if __name__ == "__main__":
    main()
