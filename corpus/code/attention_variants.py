"""Attention made for serving: fewer heads of keys and values (MQA, GQA), and softmax in blocks.

Which heads have their own keys and values? In writing, each new token reads the whole cache, so
memory traffic is the limit and a smaller cache is speed. h query heads share g heads of keys and values:

    MHA  g = h      each query head its own        cache per token and layer: 2 h d numbers
    GQA  1 < g < h  groups of h / g share one                                 2 g d
    MQA  g = 1      all share one                                             2 d

Online softmax, the trick inside FlashAttention: softmax needs the largest score and the sum of a whole
row, but both can be kept up while the keys come by in blocks. With running maximum m, sum l, output o:

    m' = max(m, max(s)),   l' = l e^(m - m') + sum e^(s - m'),   o' = o e^(m - m') + e^(s - m') V

and at the end o / l: the exact result, not an approximation, and as many multiplications, but the
n x n scores never exist. On a GPU the blocks stay in fast on-chip memory: the speed comes from there.

Papers: Shazeer, "Fast Transformer Decoding: One Write-Head is All You Need", 2019 (MQA); Ainslie et
al., "GQA: Training Generalized Multi-Query Transformer Models from Multi-Head Checkpoints", 2023;
Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018; Dao et al.,
"FlashAttention: Fast and Memory-Efficient Exact Attention with IO-Awareness", 2022.

Run: python corpus/code/attention_variants.py    (cache sizes, a converted checkpoint, blocks of keys)
"""

# mypy: allow-untyped-calls

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def attention(query: Tensor, key: Tensor, value: Tensor, causal: bool = False) -> Tensor:
    """Return softmax(Q K^T / sqrt(d)) V with the scores (..., Tq, Tk) in memory: the standard way."""
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    if causal:
        scores = scores.masked_fill(~torch.ones(scores.shape[-2:]).tril().bool(), -math.inf)
    return scores.softmax(dim=-1) @ value


class GroupedQueryAttention(nn.Module):
    """Causal self-attention with `num_heads` query heads on `kv_heads` heads of keys and values."""

    def __init__(self, model_dim: int, num_heads: int, kv_heads: int) -> None:
        """kv_heads = num_heads is MHA, kv_heads = 1 is MQA."""
        super().__init__()
        if min(num_heads, kv_heads) < 1 or model_dim % num_heads or num_heads % kv_heads:
            raise ValueError(f"{model_dim} must divide into {num_heads} heads, and these into {kv_heads} groups")
        self.num_heads, self.kv_heads, self.head_dim = num_heads, kv_heads, model_dim // num_heads
        self.to_query = nn.Linear(model_dim, model_dim, bias=False)
        self.to_key = nn.Linear(model_dim, kv_heads * self.head_dim, bias=False)  # the small ones: what is cached
        self.to_value = nn.Linear(model_dim, kv_heads * self.head_dim, bias=False)
        self.to_output = nn.Linear(model_dim, model_dim, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, T, D) to (B, T, D)."""
        query, key, value = (
            projection(x).unflatten(2, (-1, self.head_dim)).transpose(1, 2)
            for projection in (self.to_query, self.to_key, self.to_value)
        )  # query (B, h, T, d); key and value (B, g, T, d)
        # Neighbouring query heads share: 0, 0, 0, 0, 1, 1, 1, 1 for 8 heads in 2 groups. Real kernels do
        # not copy, they read each key once for the whole group.
        key, value = (part.repeat_interleave(self.num_heads // self.kv_heads, dim=1) for part in (key, value))
        heads = attention(query, key, value, causal=True)
        output: Tensor = self.to_output(heads.transpose(1, 2).flatten(2))
        return output

    def with_kv_heads(self, kv_heads: int) -> "GroupedQueryAttention":
        """Return a copy with fewer KV heads, each the mean of a group: where further training starts from."""
        if kv_heads < 1 or self.kv_heads % kv_heads:
            raise ValueError(f"{self.kv_heads} heads of keys and values do not divide into {kv_heads} groups")
        model_dim = self.num_heads * self.head_dim
        smaller = GroupedQueryAttention(model_dim, self.num_heads, kv_heads)
        smaller.load_state_dict(
            {
                name: weight.view(kv_heads, -1, self.head_dim, model_dim).mean(dim=1).flatten(0, 1)
                if name in ("to_key.weight", "to_value.weight")
                else weight
                for name, weight in self.state_dict().items()
            }
        )
        return smaller


def cached_per_token(kv_heads: int, head_dim: int, layers: int = 1) -> int:
    """Return the numbers that a token adds to the cache: keys and values; the query heads do not enter."""
    return 2 * kv_heads * head_dim * layers


class BlockResult(NamedTuple):
    """The output (..., Tq, dv), and each row's log of the sum of e^score, which the backward pass needs."""

    output: Tensor
    logsumexp: Tensor


def blockwise_attention(query: Tensor, key: Tensor, value: Tensor, block: int, causal: bool = False) -> BlockResult:
    """Return exact attention while holding only (Tq, block) scores at a time."""
    if block < 1 or key.shape[-2] != value.shape[-2]:
        raise ValueError("block is at least 1, and key and value share their length")
    if causal and query.shape[-2] != key.shape[-2]:
        raise ValueError("causal attention is defined here for as many queries as keys")
    rows = torch.arange(query.shape[-2]).unsqueeze(1)
    maximum = torch.full((*query.shape[:-1], 1), -math.inf)  # m
    total = torch.zeros(*query.shape[:-1], 1)  # l
    output = torch.zeros(*query.shape[:-1], value.shape[-1])  # o, not yet divided by l
    for start in range(0, key.shape[-2], block):
        keys, values = key[..., start : start + block, :], value[..., start : start + block, :]
        scores = query @ keys.transpose(-2, -1) / math.sqrt(query.shape[-1])  # (..., Tq, block)
        if causal:
            scores = scores.masked_fill(torch.arange(start, start + keys.shape[-2]) > rows, -math.inf)
        larger = torch.maximum(maximum, scores.amax(dim=-1, keepdim=True))  # finite: key 0 is visible to all
        shrink = torch.exp(maximum - larger)  # what was summed with the old maximum, in terms of the new; 0 at first
        weights = torch.exp(scores - larger)
        total = total * shrink + weights.sum(dim=-1, keepdim=True)
        output = output * shrink + weights @ values
        maximum = larger
    return BlockResult(output / total, (maximum + total.log()).squeeze(-1))


def main() -> None:
    """Compare cache sizes, convert a trained layer to fewer KV heads, and do softmax in blocks."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    torch.manual_seed(0)
    print("numbers cached per token and layer, 128 query heads of size 128:")
    for name, kv_heads in (("MHA", 128), ("GQA, 8 groups", 8), ("MQA", 1)):
        print(f"  {name:<14} {cached_per_token(kv_heads, 128):>7,}")
    print("bf16 cache of 32 layers, 32 query heads of size 128, 8192 tokens:")
    for name, kv_heads in (("MHA", 32), ("GQA, 8 groups", 8), ("MQA", 1)):
        print(f"  {name:<14} {2 * 8192 * cached_per_token(kv_heads, 128, 32) / 2**30:>7.3f} GiB")

    print("output of a random layer of 8 heads after its KV heads are averaged, relative error before any training:")
    layer, x = GroupedQueryAttention(64, 8, 8), torch.randn(4, 32, 64)
    with torch.inference_mode():
        full = layer(x)
        for kv_heads in (8, 4, 2, 1):
            error = (layer.with_kv_heads(kv_heads)(x) - full).norm() / full.norm()
            print(f"  {kv_heads} KV heads: {error:.2f}")

        length, width = 1024, 32
        query, key, value = (torch.randn(length, width) for _ in range(3))
        exact = attention(query.double(), key.double(), value.double())
        print(f"scores held at once for {length} queries and keys, and the largest error against double precision:")
        print(f"  whole matrix   {length * length:>9,}   {(attention(query, key, value) - exact).abs().max():.1e}")
        for block in (128, 16, 1):
            error = (blockwise_attention(query, key, value, block).output - exact).abs().max()
            print(f"  blocks of {block:>3}  {length * block:>9,}   {error:.1e}")

        large = 60 * query  # e^score beyond what a float32 holds
        scores = large @ key.T / math.sqrt(width)
        naive = scores.exp() / scores.exp().sum(dim=1, keepdim=True) @ value
        reference = F.scaled_dot_product_attention(large[None], key[None], value[None])[0]
        error = (blockwise_attention(large, key, value, 128).output - reference).abs().max()
        print(f"scores up to {scores.max():.0f}: rows that are NaN without the running maximum ", end="")
        print(f"{naive.isnan().any(dim=1).float().mean():.0%}, with it the error is {error:.1e}")


if __name__ == "__main__":
    main()
