"""A denoising diffusion model: learn to take noise away, then start from nothing but noise.

What: the forward process adds a little Gaussian noise T times; it has nothing to learn, and with
alpha_bar_t = product of (1 - beta) up to step t it has a closed form:

    x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) noise,     noise ~ N(0, I)

A network sees x_t and t and predicts the noise; the loss is the mean squared error, at one random
t per sample. Since x_t and the noise give an estimate of x_0, the network is all that sampling needs:

    DDPM (ancestral)  x_0 estimated, then x_{t-1} drawn from q(x_{t-1} | x_t, x_0); T random steps
    DDIM (eta = 0)    x_0 estimated, then noised again to an earlier s with the *same* noise; no
                      randomness after x_T, and s may lie far before t, so that few steps are enough

Papers: Ho, Jain and Abbeel, "Denoising Diffusion Probabilistic Models", 2020;
Song, Meng and Ermon, "Denoising Diffusion Implicit Models", 2021.

Run: python corpus/code/ddpm.py    (two moons in the plane)
"""

# mypy: allow-untyped-calls

from typing import TYPE_CHECKING

import torch
from sklearn.datasets import make_moons  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor, nn

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Diffusion:
    """The forward process: betas rising linearly, and what follows from them. Steps are 0..T-1."""

    def __init__(self, steps: int = 100, first: float = 1e-3, last: float = 0.12) -> None:
        """The betas suit 100 steps; at the end sqrt(alpha_bar) is 0.04, so x_T is almost pure noise."""
        if steps < 2 or not 0 < first <= last < 1:
            raise ValueError(f"need steps >= 2 and 0 < first <= last < 1; got {steps}, {first}, {last}")
        self.steps = steps
        self.beta = torch.linspace(first, last, steps)
        self.alpha_bar = torch.cumprod(1 - self.beta, dim=0)

    def add_noise(self, x0: Tensor, t: Tensor, noise: Tensor) -> Tensor:
        """Jump from x0 (B, D) to x_t in one go; t (B,) may differ from row to row."""
        if x0.shape != noise.shape or t.shape != x0.shape[:1]:
            raise ValueError(f"expected x0 and noise (B, D), t (B,); got {x0.shape}, {noise.shape}, {t.shape}")
        alpha_bar = self.alpha_bar[t].unsqueeze(1)  # (B, 1)
        return alpha_bar.sqrt() * x0 + (1 - alpha_bar).sqrt() * noise

    def posterior(self, x_t: Tensor, x0: Tensor, t: int) -> tuple[Tensor, Tensor]:
        """Return mean and variance of q(x_{t-1} | x_t, x_0), a Gaussian by Bayes' rule."""
        beta, now = self.beta[t], self.alpha_bar[t]
        before = self.alpha_bar[t - 1] if t > 0 else torch.tensor(1.0)
        mean = before.sqrt() * beta * x0 + (1 - beta).sqrt() * (1 - before) * x_t
        return mean / (1 - now), beta * (1 - before) / (1 - now)


def predict_x0(x_t: Tensor, noise: Tensor, alpha_bar: Tensor) -> Tensor:
    """Solve the closed form for x_0, given the noise."""
    return (x_t - (1 - alpha_bar).sqrt() * noise) / alpha_bar.sqrt()


def ddim_jump(x_t: Tensor, noise: Tensor, alpha_bar: Tensor, earlier: Tensor) -> Tensor:
    """Go from x_t to any earlier step: estimate x_0, then put the same noise back, less of it."""
    return earlier.sqrt() * predict_x0(x_t, noise, alpha_bar) + (1 - earlier).sqrt() * noise


class Denoiser(nn.Module):
    """Predict the noise in x_t, knowing t: one network for all steps."""

    frequencies: Tensor

    def __init__(self, data_dim: int = 2, hidden_dim: int = 128) -> None:
        """The step enters as sines and cosines of several frequencies, as positions in a Transformer do."""
        super().__init__()
        self.register_buffer("frequencies", 2.0 ** torch.arange(6) * torch.pi / 200)
        self.net = nn.Sequential(
            nn.Linear(data_dim + 12, hidden_dim),
            nn.SiLU(),
            nn.Linear(hidden_dim, hidden_dim),
            nn.SiLU(),
            nn.Linear(hidden_dim, hidden_dim),
            nn.SiLU(),
            nn.Linear(hidden_dim, data_dim),
        )

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """Map x_t (B, D) and steps (B,) to the noise (B, D)."""
        angles = t.unsqueeze(1) * self.frequencies  # (B, 6)
        noise: Tensor = self.net(torch.cat((x, angles.sin(), angles.cos()), dim=1))
        return noise


def noise_loss(model: nn.Module, diffusion: Diffusion, x0: Tensor) -> Tensor:
    """Return |noise - model(x_t, t)|^2, averaged, at a random step for each row of x0 (B, D)."""
    t = torch.randint(diffusion.steps, (len(x0),))
    noise = torch.randn_like(x0)
    predicted: Tensor = model(diffusion.add_noise(x0, t, noise), t)
    return (noise - predicted).square().mean()


def train(model: nn.Module, diffusion: Diffusion, data: Tensor, *, steps: int = 2500, lr: float = 5e-3) -> list[float]:
    """Fit the model in place, the rate falling linearly to 0; return the loss of each step."""
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=steps)
    history: list[float] = []
    for _ in range(steps):
        loss = noise_loss(model, diffusion, data[torch.randint(len(data), (256,))])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        history.append(loss.item())
    return history


@torch.no_grad()
def ddpm_sample(model: nn.Module, diffusion: Diffusion, x: Tensor) -> Tensor:
    """Turn noise x (B, D) into data by T steps of ancestral sampling."""
    for t in reversed(range(diffusion.steps)):
        noise = model(x, torch.full((len(x),), t))
        mean, variance = diffusion.posterior(x, predict_x0(x, noise, diffusion.alpha_bar[t]), t)
        x = mean + variance.sqrt() * torch.randn_like(x)  # the variance is 0 at the last step, t = 0
    return x


@torch.no_grad()
def ddim_sample(model: nn.Module, diffusion: Diffusion, x: Tensor, steps: int) -> list[Tensor]:
    """Turn noise x (B, D) into data by `steps` jumps without randomness; return every stage."""
    if not 1 <= steps <= diffusion.steps:
        raise ValueError(f"steps must lie in 1..{diffusion.steps}, not {steps}")
    times = torch.linspace(diffusion.steps - 1, 0, steps + 1).round().long()[:-1]
    earlier = torch.cat((diffusion.alpha_bar[times[1:]], torch.ones(1)))  # the last jump ends at x_0
    stages = [x]
    for t, target in zip(times, earlier, strict=True):
        noise = model(stages[-1], t.expand(len(x)))
        stages.append(ddim_jump(stages[-1], noise, diffusion.alpha_bar[t], target))
    return stages


def energy_distance(x: Tensor, y: Tensor) -> float:
    """Return 2 E|x - y| - E|x - x'| - E|y - y'| for samples (N, D), (M, D): 0 only for equal distributions."""
    return float(2 * torch.cdist(x, y).mean() - torch.cdist(x, x).mean() - torch.cdist(y, y).mean())


def moons(count: int, seed: int) -> Tensor:
    """Return points (count, 2) on two interleaved half circles, roughly centred and of unit spread."""
    points = torch.tensor(make_moons(count, noise=0.05, random_state=seed)[0], dtype=torch.float32)
    return (points - torch.tensor([0.5, 0.25])) / torch.tensor([0.87, 0.5])


def main() -> None:
    """Work a jump by hand, train on two moons, and measure the samples of both samplers."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    torch.manual_seed(0)
    early, late, noise = torch.tensor(0.9), torch.tensor(0.64), torch.tensor(0.5)
    x_t = late.sqrt() * 2.0 + (1 - late).sqrt() * noise
    print(
        f"x_0 = 2, noise 0.5: x_t at alpha_bar 0.64 is {x_t:.3f}; DDIM to 0.9: {ddim_jump(x_t, noise, late, early):.3f}"
    )
    data, fresh, diffusion, model = moons(4000, 0), moons(2000, 1), Diffusion(), Denoiser()
    history = train(model, diffusion, data)
    early_loss, late_loss = (sum(part) / 50 for part in (history[:50], history[-50:]))
    print(f"mean squared error of the noise: first 50 steps {early_loss:.3f}, last 50 {late_loss:.3f}")
    gaussian = torch.distributions.MultivariateNormal(data.mean(dim=0), data.T.cov())
    start = torch.randn(2000, 2)
    print("energy distance to fresh data:")
    print(f"  a Gaussian of the same mean and covariance {energy_distance(gaussian.sample((2000,)), fresh):.4f}")
    print(f"  DDPM, 100 steps {energy_distance(ddpm_sample(model, diffusion, start), fresh):.4f}")
    for steps in (2, 5, 10, 50):
        print(f"  DDIM, {steps:>3} steps {energy_distance(ddim_sample(model, diffusion, start, steps)[-1], fresh):.4f}")
    print(f"  the training data itself {energy_distance(data[:2000], fresh):.4f}")


def plot() -> "Figure":
    """Draw the way of a cloud of points from noise to data."""
    from matplotlib.figure import Figure

    torch.manual_seed(0)
    diffusion, model = Diffusion(), Denoiser()
    train(model, diffusion, moons(4000, 0))
    stages = ddim_sample(model, diffusion, torch.randn(1000, 2), steps=50)
    figure = Figure(figsize=(6.4, 1.9), layout="constrained")
    for axes, stage in zip(figure.subplots(1, 5, sharex=True, sharey=True), (0, 25, 35, 43, 50), strict=True):
        axes.scatter(*stages[stage].T.numpy(), s=1)
        axes.set(title="noise" if stage == 0 else f"step {stage} of 50", xlim=(-3, 3), ylim=(-3, 3), aspect="equal")
        axes.set(xticks=[], yticks=[])
    return figure


if __name__ == "__main__":
    main()
