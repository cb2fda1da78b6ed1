"""A variational autoencoder: an autoencoder whose codes can be drawn at random.

What: the encoder returns a distribution over codes, q(z|x) = N(mean, diag(variance)), not a point;
the decoder returns a distribution over images, p(x|z). Training maximises a lower bound of
log p(x), the ELBO; its negative, the loss, has two parts, both in nats per image:

    -ELBO = E_q[-log p(x|z)]  +  KL(q(z|x) || p(z)),   p(z) = N(0, I)
            reconstruction       how far the codes stray from the prior

Why both: the first alone is an autoencoder, whose codes lie wherever they like. The KL draws them
towards N(0, I), and so a z drawn from N(0, I) lands where the decoder has learnt to decode.

Papers: Kingma and Welling, "Auto-Encoding Variational Bayes", 2014;
Rezende, Mohamed and Wierstra, "Stochastic Backpropagation and Approximate Inference", 2014.

Run: python corpus/code/vae.py    (trains on scikit-learn's 8x8 digits, in black and white)
"""

# mypy: allow-untyped-calls

from typing import NamedTuple

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor, nn


class NegativeElbo(NamedTuple):
    """The loss and its two parts, in nats per image, averaged over the batch."""

    loss: Tensor
    reconstruction: Tensor
    kl: Tensor


class VAE(nn.Module):
    """Gaussian codes, and independent black-or-white (Bernoulli) pixels given the code."""

    def __init__(self, input_dim: int = 64, code_dim: int = 8, hidden_dim: int = 256) -> None:
        """One hidden layer on either side; the encoder has two heads, mean and log variance."""
        super().__init__()
        if min(input_dim, code_dim, hidden_dim) < 1:
            raise ValueError("input_dim, code_dim and hidden_dim must be at least 1")
        self.input_dim, self.code_dim = input_dim, code_dim
        self.trunk = nn.Sequential(nn.Linear(input_dim, hidden_dim), nn.ReLU())
        self.mean = nn.Linear(hidden_dim, code_dim)
        self.log_variance = nn.Linear(hidden_dim, code_dim)
        self.decoder = nn.Sequential(nn.Linear(code_dim, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, input_dim))

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map images (B, input_dim) to mean and log variance of q(z|x), each (B, code_dim)."""
        if x.dim() != 2 or x.shape[1] != self.input_dim:
            raise ValueError(f"expected images (B, {self.input_dim}), got {tuple(x.shape)}")
        hidden = self.trunk(x)
        # The logarithm may be any real number, so the layer needs no constraint.
        return self.mean(hidden), self.log_variance(hidden)

    def reparameterize(self, mean: Tensor, log_variance: Tensor) -> Tensor:
        """Draw z ~ N(mean, variance) as mean + std * noise.

        A draw has no derivative with respect to the distribution's parameters; written this way
        the randomness is an input, and the gradient flows through the mean and the std.
        """
        return mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)

    def decode(self, z: Tensor) -> Tensor:
        """Map codes (B, code_dim) to the pixels' logits (B, input_dim)."""
        if z.dim() != 2 or z.shape[1] != self.code_dim:
            raise ValueError(f"expected codes (B, {self.code_dim}), got {tuple(z.shape)}")
        logits: Tensor = self.decoder(z)
        return logits

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the pixels' logits for one drawn code, and mean and log variance of q(z|x)."""
        mean, log_variance = self.encode(x)
        return self.decode(self.reparameterize(mean, log_variance)), mean, log_variance

    def sample(self, count: int) -> Tensor:
        """Draw black-and-white images (count, input_dim): z from the prior, x from p(x|z)."""
        if count < 1:
            raise ValueError(f"count must be at least 1, not {count}")
        with torch.inference_mode():
            z = torch.randn(count, self.code_dim)
            return torch.bernoulli(torch.sigmoid(self.decode(z)))


def kl_to_standard_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return KL(N(mean, variance) || N(0, I)) in nats, (B,): summed over the code's dimensions."""
    if mean.shape != log_variance.shape:
        raise ValueError(f"shapes differ: {tuple(mean.shape)}, {tuple(log_variance.shape)}")
    return 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance).sum(dim=-1)


def negative_elbo(x: Tensor, logits: Tensor, mean: Tensor, log_variance: Tensor) -> NegativeElbo:
    """Return the loss for images x of zeros and ones, and its two parts."""
    if ((x != 0) & (x != 1)).any():
        raise ValueError("Bernoulli pixels are 0 or 1; threshold grey images first")
    # Cross-entropy is the negative log-likelihood of Bernoulli pixels. Summed over the pixels, as
    # the KL is over the code: a mean over pixels would shrink it 64-fold and let the KL win.
    pixels = F.binary_cross_entropy_with_logits(logits, x, reduction="none")
    reconstruction = pixels.sum(dim=-1).mean()
    kl = kl_to_standard_normal(mean, log_variance).mean()
    return NegativeElbo(reconstruction + kl, reconstruction, kl)


def train(model: VAE, images: Tensor, *, epochs: int = 150, batch_size: int = 128, lr: float = 2e-3) -> list[float]:
    """Fit the model in place; return the negative ELBO of each epoch."""
    if len(images) == 0:
        raise ValueError("training needs at least one image")
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    history: list[float] = []
    model.train()
    for _ in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(images)).split(batch_size):
            loss = negative_elbo(images[batch], *model(images[batch])).loss
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        history.append(total / len(images))
    return history


def digits() -> tuple[Tensor, Tensor]:
    """Return training and held-out images (N, 64): 1 where the pen covers half the pixel."""
    images = torch.tensor(load_digits().data >= 8, dtype=torch.float32)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    return images[order[450:]], images[order[:450]]


def distance_to_nearest(images: Tensor, references: Tensor) -> float:
    """Return the mean number of pixels by which an image differs from its nearest reference."""
    return torch.cdist(images, references, p=1).min(dim=1).values.mean().item()


def main() -> None:
    """Train, report the two parts of the bound on held-out digits, and draw from the prior."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    torch.manual_seed(0)
    train_images, test_images = digits()
    frequency = train_images.mean(dim=0).clamp(1e-3, 1 - 1e-3).expand_as(test_images)
    baseline = F.binary_cross_entropy(frequency, test_images, reduction="sum") / len(test_images)
    model = VAE()
    train(model, train_images)
    with torch.inference_mode():
        bound = negative_elbo(test_images, *model(test_images))
    print(f"held-out nats per image, each pixel by its own frequency: {baseline:.2f}")
    print(
        f"held-out nats per image, -ELBO of the VAE: {bound.loss:.2f}"
        f" = reconstruction {bound.reconstruction:.2f} + KL {bound.kl:.2f}"
    )
    samples = model.sample(450)
    print("pixels of 64 that differ from the nearest training digit, mean:")
    print(f"  held-out digits {distance_to_nearest(test_images, train_images):.1f}")
    print(f"  samples from the prior {distance_to_nearest(samples, train_images):.1f}")
    print(f"  pixels drawn alone {distance_to_nearest(frequency.bernoulli(), train_images):.1f}")
    print("six samples from the prior:")
    for row in samples[:6].view(6, 8, 8).transpose(0, 1):  # row i of all six images
        print("   ".join("".join("#" if pixel else "." for pixel in image) for image in row))


if __name__ == "__main__":
    main()
