"""A generative adversarial network: a forger and a detective who learn from each other.

What: the generator G maps noise to images; the discriminator D maps an image to a logit, high for
real ones. D minimises its classification loss, G tries to make D err:

    min_G max_D  V(D, G) = E_x[log D(x)] + E_z[log(1 - D(G(z)))]

Where it ends: for a fixed G the best D is p_real / (p_real + p_fake). When G is perfect, D can only
say 1/2; V is then -log 4, so D's loss, which is -V, is log 4 = 1.386. Not 0: a discriminator's
loss near 0 means that it tells the samples apart.

Why two generator losses: early on D rejects the samples surely, and log(1 - D(G(z))) is flat there.
The non-saturating loss -log D(G(z)) has the same fixed point and a strong gradient just then.

Papers: Goodfellow et al., "Generative Adversarial Nets", 2014;
Heusel et al., "GANs Trained by a Two Time-Scale Update Rule", 2017 (Frechet distance).

Run: python corpus/code/gan.py    (trains on scikit-learn's 8x8 digits)
"""

# mypy: allow-untyped-calls

import math

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits  # type: ignore[import-untyped,unused-ignore]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor, nn


class Generator(nn.Module):
    """Noise (B, noise_dim) to images (B, image_dim) in (0, 1)."""

    def __init__(self, noise_dim: int = 32, image_dim: int = 64, hidden_dim: int = 256) -> None:
        """Two hidden layers; batch normalisation keeps the samples of a batch apart."""
        super().__init__()
        self.noise_dim = noise_dim
        self.net = nn.Sequential(
            nn.Linear(noise_dim, hidden_dim, bias=False),
            nn.BatchNorm1d(hidden_dim),
            nn.ReLU(),
            nn.Linear(hidden_dim, hidden_dim, bias=False),
            nn.BatchNorm1d(hidden_dim),
            nn.ReLU(),
            nn.Linear(hidden_dim, image_dim),
            nn.Sigmoid(),
        )

    def forward(self, noise: Tensor) -> Tensor:
        """Map noise to images."""
        if noise.dim() != 2 or noise.shape[1] != self.noise_dim:
            raise ValueError(f"expected noise (B, {self.noise_dim}), got {tuple(noise.shape)}")
        images: Tensor = self.net(noise)
        return images


class Discriminator(nn.Module):
    """Images (B, image_dim) to logits (B,): positive says real."""

    def __init__(self, image_dim: int = 64, hidden_dim: int = 256) -> None:
        """LeakyReLU, so that every unit passes some gradient on to the generator."""
        super().__init__()
        self.image_dim = image_dim
        self.net = nn.Sequential(
            nn.Linear(image_dim, hidden_dim),
            nn.LeakyReLU(0.2),
            nn.Dropout(0.3),  # few images: without it the discriminator learns them by heart
            nn.Linear(hidden_dim, hidden_dim),
            nn.LeakyReLU(0.2),
            nn.Dropout(0.3),
            nn.Linear(hidden_dim, 1),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Map images to logits; sigmoid(logit) is D(x)."""
        if images.dim() != 2 or images.shape[1] != self.image_dim:
            raise ValueError(f"expected images (B, {self.image_dim}), got {tuple(images.shape)}")
        logits: Tensor = self.net(images).squeeze(1)
        return logits


# In logits l, with D = sigmoid(l):  -log D = softplus(-l)  and  -log(1 - D) = softplus(l).


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Return -E[log D(x)] - E[log(1 - D(G(z)))]: binary cross-entropy, real = 1, fake = 0."""
    return F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()


def generator_loss(fake_logits: Tensor) -> Tensor:
    """Return the non-saturating loss -E[log D(G(z))]; its slope in the logit is D - 1."""
    return F.softplus(-fake_logits).mean()


def minimax_generator_loss(fake_logits: Tensor) -> Tensor:
    """Return the original loss E[log(1 - D(G(z)))]; its slope is -D, flat when D is near 0."""
    return -F.softplus(fake_logits).mean()


def train(
    generator: Generator,
    discriminator: Discriminator,
    images: Tensor,
    *,
    steps: int = 1000,
    batch_size: int = 64,
    lr: float = 1e-3,
) -> list[float]:
    """Fit both in place, one step each in turn; return the discriminator's loss at each step."""
    if len(images) == 0:
        raise ValueError("training needs at least one image")
    # beta1 = 0.5: the target moves with the opponent, so a long memory of gradients misleads.
    g_optimizer = torch.optim.Adam(generator.parameters(), lr=lr, betas=(0.5, 0.999))
    d_optimizer = torch.optim.Adam(discriminator.parameters(), lr=lr, betas=(0.5, 0.999))
    history: list[float] = []
    generator.train()
    discriminator.train()
    for _ in range(steps):
        real = images[torch.randint(len(images), (batch_size,))]
        fake = generator(torch.randn(batch_size, generator.noise_dim))
        # detach: the discriminator's step must not reach the generator.
        d_loss = discriminator_loss(discriminator(real), discriminator(fake.detach()))
        d_optimizer.zero_grad()
        d_loss.backward()
        d_optimizer.step()
        g_loss = generator_loss(discriminator(fake))  # judged by the updated discriminator
        g_optimizer.zero_grad()
        g_loss.backward()  # also fills D's gradients; its next zero_grad drops them
        g_optimizer.step()
        history.append(d_loss.item())
    return history


def draw(generator: Generator, count: int) -> Tensor:
    """Draw samples (count, image_dim) with the generator in evaluation mode."""
    generator.eval()
    with torch.inference_mode():
        images: Tensor = generator(torch.randn(count, generator.noise_dim))
    return images


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """Return |mean_a - mean_b|^2 + tr(A + B - 2 (AB)^(1/2)), A and B the covariances; 0 is best.

    The formula of FID, on pixels instead of the features of an Inception network.
    """
    cov_a, cov_b = torch.cov(a.T.double()), torch.cov(b.T.double())
    # The eigenvalues of a product of two covariances are real and not negative, up to rounding.
    root = torch.linalg.eigvals(cov_a @ cov_b).real.clamp(min=0).sqrt().sum()
    shift = (a.double().mean(dim=0) - b.double().mean(dim=0)).square().sum()
    return float(shift + cov_a.trace() + cov_b.trace() - 2 * root)


def effective_classes(labels: Tensor, num_classes: int = 10) -> float:
    """Return exp(entropy) of the labels: 10 when all ten are as frequent, 1 for one alone."""
    share = labels.bincount(minlength=num_classes) / len(labels)
    return float(torch.special.entr(share).sum().exp())


def main() -> None:
    """Measure samples against held-out digits, before and after training."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    torch.manual_seed(0)
    data = load_digits()
    images = torch.tensor(data.data / 16.0, dtype=torch.float32)
    order = torch.randperm(len(images))
    train_images, held_out = images[order[600:]], images[order[:600]]
    judge = LogisticRegression(max_iter=1000).fit(train_images, data.target[order[600:]])

    def report(name: str, samples: Tensor) -> None:
        classes = effective_classes(torch.as_tensor(judge.predict(samples.numpy())))
        distance = frechet_distance(samples, held_out)
        print(f"{name} Frechet distance {distance:6.3f}, effective classes {classes:4.1f}")

    print("against held-out digits (classes as a judge trained on real digits sees them):")
    generator, discriminator = Generator(), Discriminator()
    report("  real digits:        ", train_images)
    report("  untrained generator:", draw(generator, 2000))
    history = train(generator, discriminator, train_images)
    report("  trained generator:  ", draw(generator, 2000))
    last = sum(history[-300:]) / 300
    print(f"discriminator's loss, last 300 steps: {last:.3f} (log 4 = {math.log(4):.3f} if fooled)")
    for name, loss in (("minimax", minimax_generator_loss), ("non-saturating", generator_loss)):
        logit = torch.tensor([math.log(0.01 / 0.99)], requires_grad=True)  # D(G(z)) = 0.01
        loss(logit).backward()
        assert logit.grad is not None
        print(f"a sample with D = 0.01: the {name} loss has slope {logit.grad.item():.2f}")


if __name__ == "__main__":
    main()
