"""Positional encodings: how attention, which treats its input as a set, is told about order.

What: q.k does not depend on where q and k stand. Four ways to change that (positions m of the query
and n of the key, head size d, pairs i = 0 .. d/2 - 1 with frequencies theta_i = 10000^(-2i/d)):

    sinusoidal   add (sin m theta_i, cos m theta_i) to the embedding
    learnt       add row m of a table; there is no row beyond the trained length
    RoPE         rotate each pair of q by the angle m theta_i and of k by n theta_i; v is left alone
    ALiBi        add nothing to q and k, but -slope_h (m - n) to the score, a fixed slope per head

Why RoPE is relative: rotations satisfy R_m^T R_n = R_(n-m), so (R_m q).(R_n k) = q.(R_(n-m) k).
Relative is not the same as fit for longer text: beyond the trained length RoPE meets angles that it
has never seen. Position interpolation divides the positions; a larger base slows the slow pairs only.

Papers: Vaswani et al., "Attention Is All You Need", 2017; Su et al., "RoFormer: Enhanced Transformer
with Rotary Position Embedding", 2021; Press, Smith and Lewis, "Train Short, Test Long: Attention with
Linear Biases Enables Input Length Extrapolation", 2022; Chen et al., "Extending Context Window of
Large Language Models via Positional Interpolation", 2023.

Run: python corpus/code/positional_encodings.py    (shifts queries and keys and compares scores)
"""

# mypy: allow-untyped-calls

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def frequencies(dim: int, base: float = 10000.0) -> Tensor:
    """Return theta_i (dim / 2,): radians per position, 1 for the first pair and about 1 / base for the last."""
    if dim < 2 or dim % 2:
        raise ValueError(f"dim must be even and at least 2, not {dim}")
    return base ** (-torch.arange(0, dim, 2, dtype=torch.float64) / dim)


def sinusoidal(positions: Tensor, dim: int) -> Tensor:
    """Return (T, dim): sin on even and cos on odd columns, to be added to the embeddings."""
    angle = positions.unsqueeze(-1) * frequencies(dim)  # (T, dim / 2)
    return torch.stack((angle.sin(), angle.cos()), dim=-1).flatten(-2).float()


class LearntPositions(nn.Module):
    """A table of vectors, trained like word embeddings, as in BERT and GPT-2."""

    def __init__(self, max_length: int, dim: int) -> None:
        """`max_length` is final: a longer text has no row."""
        super().__init__()
        self.table = nn.Embedding(max_length, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Add the first T rows to embeddings x (B, T, dim)."""
        if x.shape[1] > self.table.num_embeddings:
            raise ValueError(f"no position beyond {self.table.num_embeddings} was learnt; got {x.shape[1]}")
        rows: Tensor = self.table(torch.arange(x.shape[1]))
        return x + rows


def rope(x: Tensor, positions: Tensor, base: float = 10000.0) -> Tensor:
    """Rotate queries or keys x (..., T, d) by their positions (T,), which may be fractions.

    Neighbouring columns form a pair, as in the paper; many implementations pair column i with i + d/2,
    which is the same up to the order of the columns, so weights of one kind do not fit the other.
    """
    if positions.shape != x.shape[-2:-1]:
        raise ValueError(f"need one position for each of {x.shape[-2]} rows, got {tuple(positions.shape)}")
    angle = positions.unsqueeze(-1) * frequencies(x.shape[-1], base)  # (T, d / 2), in double: angles get large
    cos, sin = angle.cos().to(x), angle.sin().to(x)
    first, second = x[..., 0::2], x[..., 1::2]
    rotated = torch.stack((first * cos - second * sin, first * sin + second * cos), dim=-1)
    return rotated.flatten(-2)


def longer_base(base: float, scale: float, dim: int) -> float:
    """Return the base with which the slowest pair turns `scale` times more slowly ("NTK-aware")."""
    if dim < 4 or scale < 1:
        raise ValueError("need dim of at least 4 and scale of at least 1")
    return base * math.pow(scale, dim / (dim - 2))


def alibi_slopes(num_heads: int) -> Tensor:
    """Return (h,): 2^(-8/h), 2^(-16/h) .. 2^(-8); steep heads see near, flat heads far. Not learnt."""
    if num_heads < 1 or num_heads & (num_heads - 1):
        raise ValueError(f"the plain recipe is for powers of two, not {num_heads} heads")
    return 2.0 ** (-8.0 * torch.arange(1, num_heads + 1) / num_heads)


def alibi_bias(num_heads: int, length: int) -> Tensor:
    """Return (h, T, T) to add to the scores: -slope * distance to the left, -inf to the right (causal)."""
    distance = torch.arange(length).unsqueeze(1) - torch.arange(length)  # query row minus key column
    bias = -alibi_slopes(num_heads)[:, None, None] * distance
    return bias.masked_fill(distance < 0, -math.inf)


def rope_score(query: Tensor, key: Tensor, m: float, n: float, base: float = 10000.0) -> float:
    """Return the score of a query (d,) at position m with a key (d,) at position n."""
    at_m, at_n = (rope(x[None], torch.tensor([place]), base) for x, place in ((query, m), (key, n)))
    return (at_m @ at_n.T).item()


def plot() -> "Figure":
    """Draw the sinusoidal table, and what distance alone does to the score under RoPE and ALiBi."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.8), layout="constrained")
    table, curves = figure.subplots(2, 1)
    patterns = sinusoidal(torch.arange(100), 64).T.numpy()
    image = table.imshow(patterns, aspect="auto", cmap="RdBu", interpolation="nearest")
    table.set(title="Sinusoidal: each position has its own pattern", xlabel="position", ylabel="column of the vector")
    figure.colorbar(image, ax=table)
    ones, distances = torch.ones(64), range(200)
    scores = torch.tensor([rope_score(ones, ones, distance, 0) for distance in distances])
    curves.plot(
        distances, (scores / scores[0]).numpy(), label="RoPE, query = key: score / score at distance 0", linewidth=2
    )
    for slope in (1 / 4, 1 / 64):
        weight = [math.exp(-slope * distance) for distance in distances]
        curves.plot(distances, weight, "--", label=f"ALiBi: factor on the weight, slope 1/{1 / slope:.0f}", linewidth=2)
    curves.set(title="What distance alone does", xlabel="distance between query and key")
    curves.legend()
    return figure


def main() -> None:
    """Shift query and key together, permute a text, and stretch RoPE from 4096 to 32768 positions."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    torch.manual_seed(0)
    dim = 64
    query, key = torch.randn(dim), torch.randn(dim)
    print("score of one query and one key, both moved by the same shift:    5 and 2   105 and 102   5005 and 5002")
    places = ((5, 2), (105, 102), (5005, 5002))
    added = [
        float((query + sinusoidal(torch.tensor(m), dim)) @ (key + sinusoidal(torch.tensor(n), dim))) for m, n in places
    ]
    rotated = [rope_score(query, key, m, n) for m, n in places]
    slope = float(alibi_slopes(8)[0])
    biased = [float(query @ key) - slope * (m - n) for m, n in places]
    for name, scores in (("sinusoidal, added", added), ("RoPE", rotated), ("ALiBi, slope 1/2", biased)):
        print(f"  {name:<60}" + "".join(f"{score:>12.4f}" for score in scores))
    print(f"  no position at all, whatever the places {float(query @ key):>32.4f}")

    vectors = sinusoidal(torch.tensor([0, 3, 50, 53]), dim)
    same = vectors[0] @ vectors[1], vectors[2] @ vectors[3]
    print(f"two sinusoids alone, 0 and 3, 50 and 53: {same[0]:.4f}, {same[1]:.4f}; the words' own terms break that")
    try:
        LearntPositions(512, dim)(torch.zeros(1, 513, dim))
    except ValueError as error:
        print(f"learnt table of 512 rows: {error}")

    theta = frequencies(128)
    slow = int((2 * math.pi / theta > 4096).sum())
    print(
        f"RoPE, head size 128: {slow} of 64 pairs turn less than once in 4096 positions; beyond, their angles are new"
    )
    base = longer_base(10000.0, 8, 128)
    print(f"to reach 32768: position 32767 / 8 = {32767 / 8:.1f}, or base {base:,.0f}, with which")
    ratio = frequencies(128, base) / theta
    print(f"  the slowest pair turns {1 / ratio[-1]:.2f} times more slowly, the fastest {1 / ratio[0]:.2f}")


if __name__ == "__main__":
    main()
