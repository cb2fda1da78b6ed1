"""Contrastive learning: pick one's partner out of a crowd (InfoNCE, as in CLIP and SimCLR).

What: N things are each seen in two views. Two encoders map the views to unit vectors u_i, v_j. The
N x N cosines, divided by a temperature tau, are logits; the partner of row i is column i, and of
column i row i, so that both directions are plain cross-entropy:

    loss = 1/2 [ CE over the rows + CE over the columns ] of (u_i . v_j / tau), labels 0..N-1

Why the other pairs are there: to ask for agreement alone is met by one constant vector for
everything (collapse). The negatives, which are just the rest of the batch, forbid it, and the more
there are the harder and the more useful the task. The loss of guessing is log N.

Papers: van den Oord, Li and Vinyals, "Representation Learning with Contrastive Predictive Coding",
2018 (InfoNCE); Chen, Kornblith, Norouzi and Hinton, "A Simple Framework for Contrastive Learning of
Visual Representations", 2020; Radford et al., "Learning Transferable Visual Models From Natural
Language Supervision", 2021 (CLIP).

Run: python corpus/code/contrastive.py    (which lower half belongs to this upper half of a digit?)
"""

# mypy: allow-untyped-calls

import math

import torch
import torch.nn.functional as F
from sklearn.cross_decomposition import CCA  # type: ignore[import-untyped,unused-ignore]
from sklearn.datasets import load_digits  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor, nn


def info_nce(u: Tensor, v: Tensor, temperature: Tensor | float) -> Tensor:
    """Return the symmetric loss for unit vectors u, v (N, D); row i of u belongs to row i of v."""
    if u.shape != v.shape or u.dim() != 2 or len(u) < 2:
        raise ValueError(f"expected two tensors (N, D), N >= 2, got {tuple(u.shape)} and {tuple(v.shape)}")
    logits = u @ v.T / temperature  # (N, N), the pairs on the diagonal
    # -log softmax at the diagonal; logsumexp along rows asks u for its v, along columns v for its u.
    by_rows = logits.logsumexp(dim=1) - logits.diagonal()
    by_columns = logits.logsumexp(dim=0) - logits.diagonal()
    return (by_rows + by_columns).mean() / 2


class TwoTowers(nn.Module):
    """An encoder for each view, into one shared space, and a learnt temperature."""

    def __init__(self, first_dim: int, second_dim: int, hidden_dim: int = 128, shared_dim: int = 32) -> None:
        """The views may be of quite different kinds (CLIP: images and texts)."""
        super().__init__()
        if min(first_dim, second_dim, hidden_dim, shared_dim) < 1:
            raise ValueError("all sizes must be at least 1")
        self.first, self.second = (
            nn.Sequential(nn.Linear(size, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, shared_dim))
            for size in (first_dim, second_dim)
        )
        # Learnt as a logarithm, so that it stays positive; CLIP starts at 0.07 too.
        self.log_temperature = nn.Parameter(torch.tensor(math.log(0.07)))

    def temperature(self) -> Tensor:
        """Return the temperature; not below 0.01, as in CLIP, for the logits would grow without end."""
        return self.log_temperature.exp().clamp(min=0.01)

    def forward(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """Map the views (N, first_dim) and (N, second_dim) to unit vectors (N, shared_dim) each."""
        return F.normalize(self.first(first), dim=1), F.normalize(self.second(second), dim=1)


def recall_at_1(u: Tensor, v: Tensor) -> float:
    """Return the share of rows of u whose nearest row of v, by cosine, is their own partner; chance is 1/N."""
    similarity = F.normalize(u, dim=1) @ F.normalize(v, dim=1).T
    return float((similarity.argmax(dim=1) == torch.arange(len(u))).float().mean())


def spread(u: Tensor) -> float:
    """Return the root mean square distance of unit vectors from their mean: 0 if collapsed, at most 1."""
    return float((u - u.mean(dim=0)).square().sum(dim=1).mean().sqrt())


def train(model: TwoTowers, first: Tensor, second: Tensor, *, steps: int = 1000, negatives: bool = True) -> None:
    """Fit the model in place; without negatives, only the agreement of partners is asked for."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-4)
    for _ in range(steps):
        batch = torch.randperm(len(first))[:256]
        # A little noise on the pixels, fresh at every step: with few pairs they would be learnt by heart.
        u, v = model(*(x + 0.1 * torch.randn_like(x) for x in (first[batch], second[batch])))
        loss = info_nce(u, v, model.temperature()) if negatives else (1 - (u * v).sum(dim=1)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def halves() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return upper and lower halves (N, 32) of digits to train on, and of 200 held-out ones."""
    images = torch.tensor(load_digits().data / 16.0, dtype=torch.float32)
    images = images[torch.randperm(len(images), generator=torch.Generator().manual_seed(0))]
    upper, lower = images[:, :32], images[:, 32:]  # the pixels are stored row by row
    return upper[200:], lower[200:], upper[:200], lower[:200]


def main() -> None:
    """Match upper and lower halves of digits never seen; then take the negatives away."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    upper, lower, test_upper, test_lower = halves()
    count = len(test_upper)
    print(f"which of {count} lower halves belongs to this upper half? recall@1 on held-out digits:")
    print(f"  chance {1 / count:.3f}")
    cca = CCA(n_components=8).fit(upper.numpy(), lower.numpy())
    projected = [torch.tensor(x) for x in cca.transform(test_upper.numpy(), test_lower.numpy())]
    print(f"  canonical correlation analysis (linear) {recall_at_1(*projected):.3f}")
    for name, steps, negatives in (("untrained", 0, True), ("InfoNCE", 1000, True), ("agreement alone", 300, False)):
        torch.manual_seed(0)
        model = TwoTowers(32, 32)
        train(model, upper, lower, steps=steps, negatives=negatives)
        with torch.inference_mode():
            u, v = model(test_upper, test_lower)
            loss, agreement = info_nce(u, v, model.temperature()), (u * v).sum(dim=1).mean()
        print(
            f"  {name:<16} {recall_at_1(u, v):.3f}   cosine of partners {agreement:.2f}   spread {spread(u):.3f}"
            f"   loss {loss:.2f} (guessing: log {count} = {math.log(count):.2f})"
        )


if __name__ == "__main__":
    main()
