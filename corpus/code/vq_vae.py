"""VQ-VAE: an autoencoder whose codes are entries of a table, so that an image becomes a few integers.

What: the encoder's vector z_e is replaced by the nearest code e_k of a table of K:

    k = argmin_j |z_e - e_j|,      z_q = e_k,      what the decoder sees

Argmin has no gradient. The straight-through estimator takes the step z_e -> z_q for the identity on the way
back: z_q = z_e + (e_k - z_e).detach(). The decoder's gradient then reaches the encoder but never the table,
so the loss has a term for each (sg is stop-gradient, .detach() here):

    reconstruction  +  |sg(z_e) - e_k|^2            moves the code towards the vectors it stands for
                    +  beta |z_e - sg(e_k)|^2       commitment: keeps the encoder near its code

What goes wrong: codes that are never nearest get no gradient and stay unused (codebook collapse). The
perplexity of the codes, exp(entropy of their use), says how many are really in use.

To generate, indices must be drawn from a prior that is learnt afterwards; drawn evenly they decode to no
digit, for not all combinations of codes occur.

Paper: van den Oord, Vinyals and Kavukcuoglu, "Neural Discrete Representation Learning", 2017.

Run: python corpus/code/vq_vae.py    (digits as four codes of 32)
"""

# mypy: allow-untyped-calls

from typing import NamedTuple

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor, nn


class Quantised(NamedTuple):
    """What the quantiser returns for vectors (N, D)."""

    z_q: Tensor
    """(N, D), codes in value; on the way back z_e in their place"""
    code: Tensor
    """(N,), which code: 0..K-1"""
    loss: Tensor
    """codebook term plus beta times commitment, means over the elements"""


class VectorQuantiser(nn.Module):
    """The table of codes."""

    def __init__(self, num_codes: int, dim: int, beta: float = 0.25) -> None:
        super().__init__()
        if min(num_codes, dim) < 1 or beta < 0:
            raise ValueError("need at least one code of at least one dimension, and beta not negative")
        self.codes = nn.Embedding(num_codes, dim)
        nn.init.uniform_(self.codes.weight, -1 / num_codes, 1 / num_codes)
        self.beta = beta

    def forward(self, z_e: Tensor) -> Quantised:
        """Replace each vector of z_e (N, D) by the nearest code."""
        if z_e.dim() != 2 or z_e.shape[1] != self.codes.embedding_dim:
            raise ValueError(f"expected vectors (N, {self.codes.embedding_dim}), got {tuple(z_e.shape)}")
        code = torch.cdist(z_e.detach(), self.codes.weight.detach()).argmin(dim=1)  # no gradient goes through it
        e = self.codes(code)
        loss = F.mse_loss(e, z_e.detach()) + self.beta * F.mse_loss(z_e, e.detach())
        return Quantised(z_e + (e - z_e).detach(), code, loss)

    @torch.no_grad()
    def start_from(self, z_e: Tensor) -> None:
        """Lay the codes on vectors that really occur: a cure for codes that would never be nearest."""
        self.codes.weight.copy_(z_e[torch.randperm(len(z_e))[: self.codes.num_embeddings]])


def perplexity(code: Tensor, num_codes: int) -> float:
    """Return exp(entropy) of the codes' use: 1 if all vectors share a code, num_codes if all are used evenly."""
    share = torch.bincount(code.flatten(), minlength=num_codes).float() / code.numel()
    return float((-(share * share.clamp(min=1e-12).log()).sum()).exp())


class VQVAE(nn.Module):
    """Images of 64 pixels in 0..1, as `parts` codes each."""

    def __init__(self, num_codes: int = 32, parts: int = 4, dim: int = 8, hidden_dim: int = 128) -> None:
        super().__init__()
        self.parts = parts
        self.encoder = nn.Sequential(nn.Linear(64, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, parts * dim))
        self.quantiser = VectorQuantiser(num_codes, dim)
        self.decoder = nn.Sequential(nn.Linear(parts * dim, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, 64))

    def encode(self, x: Tensor) -> Tensor:
        """Map images (B, 64) to vectors (B * parts, dim)."""
        vectors: Tensor = self.encoder(x).view(len(x) * self.parts, -1)
        return vectors

    def decode(self, z: Tensor) -> Tensor:
        """Map vectors (B * parts, dim) to images (B, 64)."""
        images: Tensor = self.decoder(z.view(len(z) // self.parts, -1))
        return images

    def forward(self, x: Tensor) -> tuple[Tensor, Quantised]:
        """Return the images (B, 64) read back from their codes, and what the quantiser did."""
        quantised = self.quantiser(self.encode(x))
        return self.decode(quantised.z_q), quantised


def train(model: VQVAE, images: Tensor, *, steps: int = 600) -> None:
    """Fit the model in place."""
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(steps):
        x = images[torch.randint(len(images), (128,))]
        decoded, quantised = model(x)
        loss = F.mse_loss(decoded, x) + quantised.loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def digits() -> tuple[Tensor, Tensor]:
    """Return training and held-out images (N, 64) in 0..1."""
    images = torch.tensor(load_digits().data / 16.0, dtype=torch.float32)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    return images[order[450:]], images[order[:450]]


def main() -> None:
    """Show the gradients of one vector, then compress digits from both starts of the table."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    torch.manual_seed(0)
    table = VectorQuantiser(2, 1)
    with torch.no_grad():
        table.codes.weight.copy_(torch.tensor([[0.0], [1.0]]))
    z_e = torch.tensor([[0.8]], requires_grad=True)
    out = table(z_e)
    (3 * out.z_q).sum().backward()
    print(f"z_e = 0.8, codes 0 and 1: z_q = {out.z_q.item():.0f}; d(3 z_q)/d z_e = {z_e.grad.item():.0f}", end="")  # type: ignore[union-attr]
    print(f", to the table {table.codes.weight.grad}; quantiser's loss {out.loss:.3f} = 1.25 * 0.2^2")

    images, held_out = digits()
    mean = F.mse_loss(images.mean(dim=0).expand_as(held_out), held_out)
    print(f"held-out mean squared error per pixel; the mean image {mean:.4f}")
    for name in ("codes near 0", "codes from the data"):
        torch.manual_seed(0)
        model = VQVAE()
        if name == "codes from the data":
            model.quantiser.start_from(model.encode(images))
        train(model, images)
        with torch.inference_mode():
            decoded, quantised = model(held_out)
            error = F.mse_loss(decoded, held_out)
        used = perplexity(quantised.code, 32)
        print(f"  {name:<20} {error:.4f} from 4 codes of 32 (20 bits), perplexity of the codes {used:.1f}")


if __name__ == "__main__":
    main()
