"""Classifier-free guidance: turn a condition up beyond what the data say.

What: one network learns to predict the noise both with and without the condition, because in
training the condition is replaced by a null token with some probability. Sampling asks it twice
and goes on along the difference:

    noise = noise_null + scale * (noise_condition - noise_null)

scale 0 ignores the condition, 1 is plain conditional sampling, above 1 extrapolates.

Why it works: noise predictions are scores up to a factor, noise = -sigma * grad log p(x_t), so the
formula follows the gradient of log p(x)^(1 - scale) p(x|c)^scale, that is of log p(x|c) plus
(scale - 1) * log p(c|x): a classifier's gradient without a classifier. Samples fit the condition
better and vary less; far above 1 they leave the data. Each step costs two predictions.

Papers: Ho and Salimans, "Classifier-Free Diffusion Guidance", 2022; the earlier way with a
classifier: Dhariwal and Nichol, "Diffusion Models Beat GANs on Image Synthesis", 2021.

Run: python corpus/code/classifier_free_guidance.py    (three overlapping classes in the plane)
"""

# mypy: allow-untyped-calls

import math

import torch
from torch import Tensor, nn
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

NUM_CLASSES, NULL = 3, 3  # the null token is one more class number
STEPS = 100
# Cosine schedule: the share of the data's variance left at steps 0..99, from almost 1 to almost 0.
ALPHA_BAR = (torch.linspace(0.02, 0.98, STEPS) * math.pi / 2).cos().square()


class Denoiser(nn.Module):
    """Predict the noise in x_t, knowing the step and the class or nothing of the class."""

    def __init__(self, hidden_dim: int = 128) -> None:
        """The embedding has a row for each class and one for the null token."""
        super().__init__()
        self.embedding = nn.Embedding(NUM_CLASSES + 1, 16)
        self.net = nn.Sequential(
            nn.Linear(2 + 6 + 16, hidden_dim),
            nn.SiLU(),
            nn.Linear(hidden_dim, hidden_dim),
            nn.SiLU(),
            nn.Linear(hidden_dim, 2),
        )

    def forward(self, x: Tensor, t: Tensor, labels: Tensor) -> Tensor:
        """Map x_t (B, 2), steps (B,) and labels (B,) in 0..NULL to the noise (B, 2)."""
        if x.dim() != 2 or t.shape != x.shape[:1] or labels.shape != x.shape[:1]:
            raise ValueError(f"expected x (B, 2), t (B,), labels (B,); got {x.shape}, {t.shape}, {labels.shape}")
        angles = (t / STEPS * math.pi).unsqueeze(1) * torch.tensor([0.5, 1.0, 2.0])  # (B, 3)
        noise: Tensor = self.net(torch.cat((x, angles.sin(), angles.cos(), self.embedding(labels)), dim=1))
        return noise


def drop_labels(labels: Tensor, probability: float) -> Tensor:
    """Return the labels with each replaced by the null token with the given probability."""
    if not 0 <= probability <= 1:
        raise ValueError(f"a probability lies in [0, 1], not {probability}")
    return torch.where(torch.rand(labels.shape) < probability, NULL, labels)


def loss(model: nn.Module, x0: Tensor, labels: Tensor, drop: float = 0.15) -> Tensor:
    """Return the noise prediction's mean squared error at random steps, some labels dropped."""
    t, noise = torch.randint(STEPS, (len(x0),)), torch.randn_like(x0)
    alpha_bar = ALPHA_BAR[t].unsqueeze(1)
    x_t = alpha_bar.sqrt() * x0 + (1 - alpha_bar).sqrt() * noise
    predicted: Tensor = model(x_t, t, drop_labels(labels, drop))
    return (noise - predicted).square().mean()


def guided_noise(model: nn.Module, x: Tensor, t: Tensor, labels: Tensor, scale: float, negative: int = NULL) -> Tensor:
    """Return the guided prediction (B, 2); `negative` is the class to go away from, by default none.

    A "negative prompt" is just this: another condition in the place of the null token.
    """
    # Both predictions in one batch of twice the size: the work doubles, the calls do not.
    both: Tensor = model(torch.cat((x, x)), torch.cat((t, t)), torch.cat((labels, torch.full_like(labels, negative))))
    conditional, unconditional = both.chunk(2)
    return unconditional + scale * (conditional - unconditional)


@torch.no_grad()
def sample(model: nn.Module, labels: Tensor, scale: float, steps: int = 50, negative: int = NULL) -> Tensor:
    """Draw one point per label (B,), by DDIM from Gaussian noise."""
    if not 1 <= steps <= STEPS:
        raise ValueError(f"steps must lie in 1..{STEPS}, not {steps}")
    x = torch.randn(len(labels), 2)
    times = torch.linspace(STEPS - 1, 0, steps).round().long()
    earlier = torch.cat((ALPHA_BAR[times[1:]], torch.ones(1)))
    for t, target in zip(times, earlier, strict=True):
        now = ALPHA_BAR[t]
        noise = guided_noise(model, x, t.expand(len(x)), labels, scale, negative)
        x0 = (x - (1 - now).sqrt() * noise) / now.sqrt()
        x = target.sqrt() * x0 + (1 - target).sqrt() * noise
    return x


def class_density(label: int) -> MixtureSameFamily:
    """Return the true p(x|c): two blobs for each class, one of them close to another class's."""
    angles = torch.tensor([label * 2 * math.pi / 3, label * 2 * math.pi / 3 + 1.4])
    centres = 1.4 * torch.stack((angles.cos(), angles.sin()), dim=1)  # (2, 2)
    return MixtureSameFamily(Categorical(torch.ones(2)), Independent(Normal(centres, 0.35), 1))


def data(count: int) -> tuple[Tensor, Tensor]:
    """Draw points (count, 2) and labels (count,); the classes are equally likely."""
    labels = torch.arange(count) % NUM_CLASSES
    draws = torch.stack([class_density(c).sample((count,)) for c in range(NUM_CLASSES)])  # (C, count, 2)
    return draws[labels, torch.arange(count)], labels


def posterior(x: Tensor) -> Tensor:
    """Return the true p(c|x), (B, C), by Bayes' rule: no classifier could do better."""
    return torch.stack([class_density(c).log_prob(x) for c in range(NUM_CLASSES)], dim=1).softmax(dim=1)


def train(model: nn.Module, points: Tensor, labels: Tensor, steps: int = 2500) -> None:
    """Fit the model in place, the rate falling linearly to 0."""
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=steps)
    for _ in range(steps):
        rows = torch.randint(len(points), (256,))
        optimizer.zero_grad()
        loss(model, points[rows], labels[rows]).backward()
        optimizer.step()
        schedule.step()


def fidelity_and_diversity(x: Tensor, labels: Tensor) -> tuple[float, float]:
    """Return the mean p(c|x) of the label asked for, and the mean spread within a class (root of the variance)."""
    fidelity = posterior(x)[torch.arange(len(x)), labels].mean()
    variance = torch.stack([x[labels == c].var(dim=0).sum() for c in range(NUM_CLASSES)]).mean()
    return float(fidelity), float(variance.sqrt())


def main() -> None:
    """Sample at several scales: fidelity rises, diversity falls, and in the end the samples leave the data."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    torch.manual_seed(0)
    points, labels = data(6000)
    model = Denoiser()
    train(model, points, labels)
    print("mean p(label asked for | x) under the true densities, and spread within a class:")
    fidelity, diversity = fidelity_and_diversity(points, labels)
    print(f"  real data     fidelity {fidelity:.3f}  diversity {diversity:.3f}")
    wanted = labels[:3000]
    for scale in (0.0, 1.0, 2.0, 4.0, 8.0):
        fidelity, diversity = fidelity_and_diversity(sample(model, wanted, scale), wanted)
        print(f"  scale {scale:.0f}       fidelity {fidelity:.3f}  diversity {diversity:.3f}")
    zeros = torch.zeros(1000, dtype=torch.int64)
    near = posterior(sample(model, zeros, 3.0))[:, 1].mean()
    away = posterior(sample(model, zeros, 3.0, negative=1))[:, 1].mean()
    print(f"class 0 at scale 3, mean p(class 1 | x): away from nothing {near:.3f}, away from class 1 {away:.3f}")


if __name__ == "__main__":
    main()
