"""A Transformer encoder that classifies sequences of different lengths.

What: every token asks all tokens (query against keys) and takes a weighted mean of what they hold
(values); several heads ask different questions. Then a feed-forward layer works on each token by
itself. Any two tokens are one step apart, at a cost quadratic in the length.

Why positions and masks: attention treats its input as a set. Without positions the order is lost
(`main` shows accuracy fall to chance), and without a mask the padding is read like real tokens.

Papers: Vaswani et al., "Attention Is All You Need", 2017;
Xiong et al., "On Layer Normalization in the Transformer Architecture", 2020.

Run: python corpus/code/transformer.py    (which of two marker tokens came first?)
"""

# mypy: allow-untyped-calls

import math

import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor, nn

PAD, MARK_A, MARK_B = 0, 1, 2
VOCAB_SIZE = 10  # the tokens 3..9 are filler


def scaled_dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Return softmax(Q K^T / sqrt(d_k)) V, shape (..., Tq, d_v), and its weights (..., Tq, Tk).

    `mask` broadcasts to (..., Tq, Tk), True where a query may look; if nowhere, it gets zeros.
    """
    if query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
        raise ValueError("query and key must share their width, key and value their length")
    # A dot product of d_k independent unit-variance terms has variance d_k; dividing by its root
    # keeps the softmax out of the region where it is one-hot and its gradient vanishes.
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    mask = torch.ones_like(scores, dtype=torch.bool) if mask is None else mask
    if mask.dtype != torch.bool:
        raise ValueError(f"mask must be boolean (True = may look), not {mask.dtype}")
    weights = scores.masked_fill(~mask, -math.inf).softmax(dim=-1)
    weights = weights.masked_fill(~mask, 0.0)  # softmax of -inf alone is NaN: make it zero
    return weights @ value, weights


class MultiHeadAttention(nn.Module):
    """Attention in `num_heads` subspaces of width model_dim / num_heads each."""

    def __init__(self, model_dim: int, num_heads: int) -> None:
        """Four projections: for the queries, the keys, the values, and the joined heads."""
        super().__init__()
        if num_heads < 1 or model_dim % num_heads:
            raise ValueError(f"model_dim {model_dim} must be a multiple of num_heads {num_heads}")
        self.num_heads = num_heads
        self.to_query = nn.Linear(model_dim, model_dim)
        self.to_key = nn.Linear(model_dim, model_dim)
        self.to_value = nn.Linear(model_dim, model_dim)
        self.to_output = nn.Linear(model_dim, model_dim)

    def forward(self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
        """Map (B, Tq, D), (B, Tk, D), (B, Tk, D) to (B, Tq, D); mask broadcasts to B, h, Tq, Tk."""
        q = self._split(self.to_query(query))  # (B, h, Tq, D / h)
        k = self._split(self.to_key(key))
        v = self._split(self.to_value(value))
        heads, _ = scaled_dot_product_attention(q, k, v, mask)
        output: Tensor = self.to_output(heads.transpose(1, 2).flatten(2))  # (B, Tq, D)
        return output

    def _split(self, x: Tensor) -> Tensor:
        return x.reshape(*x.shape[:2], self.num_heads, -1).transpose(1, 2)


def sinusoidal_positions(length: int, dim: int) -> Tensor:
    """Return (length, dim): sin on even and cos on odd columns, of ever longer wavelength.

    A shift by k rotates each (sin, cos) pair by an angle that depends on k alone, so a linear
    layer can express "k tokens ago".
    """
    if length < 1 or dim < 2 or dim % 2:
        raise ValueError(f"need length >= 1 and an even dim >= 2; got {length} and {dim}")
    frequency = 10000.0 ** (-torch.arange(0, dim, 2, dtype=torch.float32) / dim)  # (dim / 2,)
    angle = torch.arange(length).unsqueeze(1) * frequency  # (length, dim / 2)
    return torch.stack((angle.sin(), angle.cos()), dim=-1).flatten(1)  # interleave the columns


class EncoderLayer(nn.Module):
    """Self-attention, then a feed-forward network, each added to its input.

    Pre-norm: each branch normalises its own input, so the sum path from the loss to the first
    layer is an identity and training is stable without the warm-up that post-norm (2017) needs.
    """

    def __init__(self, model_dim: int, num_heads: int, hidden_dim: int) -> None:
        """`hidden_dim` is the width inside the feed-forward network."""
        super().__init__()
        self.attention_norm = nn.LayerNorm(model_dim)
        self.attention = MultiHeadAttention(model_dim, num_heads)
        self.feed_forward_norm = nn.LayerNorm(model_dim)
        self.feed_forward = nn.Sequential(nn.Linear(model_dim, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, model_dim))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Map (B, T, D) to (B, T, D); `mask` is as in scaled_dot_product_attention."""
        normed = self.attention_norm(x)
        x = x + self.attention(normed, normed, normed, mask)  # dropout would go on each branch
        update: Tensor = self.feed_forward(self.feed_forward_norm(x))
        return x + update


class TransformerClassifier(nn.Module):
    """Embedding plus positions, encoder layers, the mean over real tokens, a linear layer."""

    def __init__(
        self,
        vocab_size: int,
        output_dim: int,
        model_dim: int = 32,
        hidden_dim: int = 64,
        num_heads: int = 4,
        num_layers: int = 2,
        use_positions: bool = True,
    ) -> None:
        """Token 0 is padding; `use_positions=False` shows what is lost without positions."""
        super().__init__()
        self.use_positions = use_positions
        # nn.Embedding starts at unit variance, the scale of the sinusoids: no sqrt(D) factor.
        self.embedding = nn.Embedding(vocab_size, model_dim, padding_idx=PAD)
        self.layers = nn.ModuleList(EncoderLayer(model_dim, num_heads, hidden_dim) for _ in range(num_layers))
        self.norm = nn.LayerNorm(model_dim)  # pre-norm leaves the sum path unnormalised
        self.fc = nn.Linear(model_dim, output_dim)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (B, T), batch first and padded with 0, to logits (B, output_dim)."""
        real = tokens != PAD  # (B, T)
        if tokens.dim() != 2 or len(tokens) == 0 or not real.any(dim=1).all():
            raise ValueError("expected tokens (B, T), B >= 1, with a real token in every row")
        x: Tensor = self.embedding(tokens)  # (B, T, D)
        if self.use_positions:
            x = x + sinusoidal_positions(x.shape[1], x.shape[2]).to(x)
        for layer in self.layers:
            x = layer(x, mask=real[:, None, None, :])  # no query looks at padding
        x = self.norm(x).masked_fill(~real.unsqueeze(-1), 0.0)
        logits: Tensor = self.fc(x.sum(dim=1) / real.sum(dim=1, keepdim=True))  # mean over tokens
        return logits


def train(model: TransformerClassifier, tokens: Tensor, labels: Tensor, epochs: int = 8) -> None:
    """Fit the model in place."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    model.train()
    for _ in range(epochs):
        for batch in torch.randperm(len(tokens)).split(64):
            loss = F.cross_entropy(model(tokens[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def marker_order(count: int, seed: int, max_length: int = 20) -> tuple[Tensor, Tensor]:
    """Draw padded tokens (count, max_length) with one A and one B; label 1 if A comes first."""
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randint(MARK_B + 1, VOCAB_SIZE, (count, max_length), generator=generator)
    labels = torch.arange(count) % 2  # half of each: whatever ignores order is at chance
    for i, length in enumerate(torch.randint(2, max_length + 1, (count,), generator=generator)):
        places = torch.randperm(int(length), generator=generator)[:2].sort().values
        tokens[i, places] = torch.tensor([MARK_A, MARK_B] if labels[i] else [MARK_B, MARK_A])
        tokens[i, length:] = PAD
    return tokens, labels


def accuracy(model: TransformerClassifier, tokens: Tensor, labels: Tensor) -> float:
    """Return the share of sequences whose largest logit is at the true class."""
    model.eval()
    with torch.inference_mode():
        return float((model(tokens).argmax(dim=1) == labels).float().mean())


def main() -> None:
    """Compare a bag of words and the same Transformer without and with positions."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    (tokens, labels), (test_tokens, test_labels) = marker_order(2000, 0), marker_order(1000, 1)
    bags, test_bags = (F.one_hot(x, VOCAB_SIZE).sum(dim=1).numpy() for x in (tokens, test_tokens))
    score = LogisticRegression(max_iter=1000).fit(bags, labels).score(test_bags, test_labels)
    print(f"held-out accuracy, bag of words: {score:.3f} (chance is 0.5)")
    for use_positions in (False, True):
        torch.manual_seed(0)
        model = TransformerClassifier(VOCAB_SIZE, output_dim=2, use_positions=use_positions)
        train(model, tokens, labels)
        score = accuracy(model, test_tokens, test_labels)
        print(f"held-out accuracy, Transformer, positions {use_positions!s:>5}: {score:.3f}")


if __name__ == "__main__":
    main()
