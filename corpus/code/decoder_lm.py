"""A decoder-only language model, like GPT in small: causal attention, a shifted loss, a KV cache.

What: every position predicts the next token from itself and what is to its left. One pass over a
text of T tokens gives T - 1 training signals, because the causal mask keeps each from peeking:

    loss = mean of -log p(token_{t+1} | token_1 .. token_t)  =  cross entropy(logits[:, :-1], tokens[:, 1:])

Why a cache: in writing, the keys and values of old tokens never change, as nothing new is visible to
them. They are stored; each step computes one new position and queries the store.

    bytes = 2 (K and V) * layers * KV heads * head size * bytes per number * tokens * batch

Papers: Vaswani et al., "Attention Is All You Need", 2017; Radford et al., "Language Models are
Unsupervised Multitask Learners", 2019 (GPT-2: pre-norm, learnt positions, tied embeddings).

Run: python corpus/code/decoder_lm.py    (learns a small grammar whose exact entropy is known)
"""

# mypy: allow-untyped-calls

import math
import re

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Cache = tuple[Tensor, Tensor]  # the keys and values of one layer, each (B, heads, past, head size)
PAD, START = 0, 1
GRAMMAR = {  # each rule of a symbol is equally likely; the verb agrees with the subject, not with the last noun
    "S": ("ONE SEES N .", "ONE near N SEES N .", "MANY SEE N .", "MANY near N SEE N ."),
    "N": ("ONE", "MANY"),
    "ONE": ("the DOG", "a DOG", "the big DOG", "a big DOG"),
    "MANY": ("the DOGS", "the big DOGS"),
    "DOG": ("dog", "cat", "bird"),
    "DOGS": ("dogs", "cats", "birds"),
    "SEES": ("sees", "hears"),
    "SEE": ("see", "hear"),
}
WORDS = "<pad> <s> . a the near big dog cat bird dogs cats birds sees hears see hear".split()


def causal_mask(new: int, past: int = 0) -> Tensor:
    """Return (new, past + new), True where a query (row) may see a key (column): itself and all before."""
    return torch.ones(new, past + new).tril(diagonal=past).bool()  # the first row is position `past`


class CausalSelfAttention(nn.Module):
    """Multi-head attention to oneself and to the left, which can go on from a cache."""

    def __init__(self, model_dim: int, num_heads: int) -> None:
        super().__init__()
        if num_heads < 1 or model_dim % num_heads:
            raise ValueError(f"model_dim {model_dim} must be a multiple of num_heads {num_heads}")
        self.num_heads = num_heads
        self.to_qkv = nn.Linear(model_dim, 3 * model_dim)
        self.to_output = nn.Linear(model_dim, model_dim)

    def forward(self, x: Tensor, cache: Cache | None = None) -> tuple[Tensor, Cache]:
        """Map new positions x (B, T, D) to (B, T, D) and the cache that now includes them."""
        heads = (part.unflatten(2, (self.num_heads, -1)).transpose(1, 2) for part in self.to_qkv(x).chunk(3, dim=2))
        query, key, value = heads  # each (B, h, T, D / h)
        if cache is not None:
            key, value = torch.cat((cache[0], key), dim=2), torch.cat((cache[1], value), dim=2)
        scores = query @ key.transpose(2, 3) / math.sqrt(query.shape[3])  # (B, h, T, past + T)
        mask = causal_mask(x.shape[1], key.shape[2] - x.shape[1])
        weights = scores.masked_fill(~mask, -math.inf).softmax(dim=3)
        return self.to_output((weights @ value).transpose(1, 2).flatten(2)), (key, value)


class Block(nn.Module):
    """Pre-norm: each branch normalises its own input and is added to the main path."""

    def __init__(self, model_dim: int, num_heads: int) -> None:
        super().__init__()
        self.attention_norm, self.mlp_norm = nn.LayerNorm(model_dim), nn.LayerNorm(model_dim)
        self.attention = CausalSelfAttention(model_dim, num_heads)
        self.mlp = nn.Sequential(nn.Linear(model_dim, 4 * model_dim), nn.GELU(), nn.Linear(4 * model_dim, model_dim))

    def forward(self, x: Tensor, cache: Cache | None) -> tuple[Tensor, Cache]:
        update, cache = self.attention(self.attention_norm(x), cache)
        x = x + update
        return x + self.mlp(self.mlp_norm(x)), cache


class DecoderLM(nn.Module):
    """Token and position embeddings, blocks, a last norm, and logits from the tied token embedding."""

    def __init__(self, vocab_size: int, num_layers: int = 2, model_dim: int = 48, max_length: int = 32) -> None:
        super().__init__()
        self.max_length = max_length
        self.embedding, self.positions = nn.Embedding(vocab_size, model_dim), nn.Embedding(max_length, model_dim)
        self.blocks = nn.ModuleList(Block(model_dim, num_heads=4) for _ in range(num_layers))
        self.norm = nn.LayerNorm(model_dim)
        for table in (self.embedding, self.positions):  # alike, or one drowns the other in the sum; and small, as
            nn.init.normal_(table.weight, std=0.02)  # the tied output would start far off with unit variance

    def forward(self, tokens: Tensor, caches: list[Cache] | None = None) -> tuple[Tensor, list[Cache]]:
        """Map tokens (B, T), which follow those in the caches, to logits (B, T, V) and the new caches."""
        past = 0 if caches is None else caches[0][0].shape[2]
        if tokens.dim() != 2 or not 1 <= tokens.shape[1] <= self.max_length - past:
            raise ValueError(f"expected tokens (B, T), 1 <= T <= {self.max_length - past}, got {tuple(tokens.shape)}")
        # The first new token is at position `past`, not 0: the usual mistake with a cache.
        x = self.embedding(tokens) + self.positions(torch.arange(past, past + tokens.shape[1]))
        new_caches = []
        for i, block in enumerate(self.blocks):
            x, cache = block(x, None if caches is None else caches[i])
            new_caches.append(cache)
        return F.linear(self.norm(x), self.embedding.weight), new_caches

    def loss(self, tokens: Tensor) -> Tensor:
        """Return nats per token: the logits at t are judged by the token at t + 1."""
        logits, _ = self(tokens[:, :-1])  # padding stands on the right, where the mask hides it from real tokens
        return F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten(), ignore_index=PAD)

    @torch.inference_mode()
    def generate(self, prompt: Tensor, count: int, use_cache: bool = True, seed: int = 0) -> tuple[Tensor, int]:
        """Sample `count` tokens after the prompt (B, T); return all tokens and the positions computed per row."""
        generator, tokens, caches, computed = torch.Generator().manual_seed(seed), prompt, None, 0
        for _ in range(count):
            new = tokens if caches is None else tokens[:, -1:]  # the cache knows the rest
            logits, new_caches = self(new, caches)
            caches, computed = new_caches if use_cache else None, computed + new.shape[1]
            token = torch.multinomial(logits[:, -1].softmax(dim=1), 1, generator=generator)
            tokens = torch.cat((tokens, token), dim=1)
        return tokens, computed


def kv_cache_bytes(layers: int, kv_heads: int, head_dim: int, tokens: int, bytes_each: int = 2, batch: int = 1) -> int:
    """Return the size of the cache; the number of QUERY heads does not enter."""
    return 2 * layers * kv_heads * head_dim * bytes_each * tokens * batch


def expand(symbol: str, generator: torch.Generator) -> tuple[list[str], float]:
    """Draw words from the grammar; return them and their log probability."""
    if symbol not in GRAMMAR:
        return [symbol], 0.0
    rules = GRAMMAR[symbol]
    parts = [expand(part, generator) for part in rules[int(torch.randint(len(rules), (), generator=generator))].split()]
    return [word for words, _ in parts for word in words], sum(log_p for _, log_p in parts) - math.log(len(rules))


def pattern(symbol: str = "S") -> str:
    """Return a regular expression for what the symbol can become, a space after each word."""
    if symbol not in GRAMMAR:
        return re.escape(symbol) + " "
    return "(?:" + "|".join("".join(map(pattern, rule.split())) for rule in GRAMMAR[symbol]) + ")"


def sentences(count: int, seed: int) -> tuple[Tensor, float]:
    """Return tokens (count, 13), START first, right-padded; and their entropy by the grammar, nats per token."""
    generator = torch.Generator().manual_seed(seed)
    drawn = [expand("S", generator) for _ in range(count)]
    tokens = torch.full((count, 13), PAD)
    for row, (words, _) in zip(tokens, drawn, strict=True):
        row[: len(words) + 1] = torch.tensor([START, *(WORDS.index(word) for word in words)])
    return tokens, -sum(log_p for _, log_p in drawn) / sum(len(words) for words, _ in drawn)


def grammatical_share(tokens: Tensor) -> float:
    """Return the share of rows (B, T) whose words from START to the first full stop are a sentence."""
    lines = ["".join(WORDS[i] + " " for i in row[1:]).partition(". ") for row in tokens.tolist()]
    return sum(re.fullmatch(pattern(), line + stop) is not None for line, stop, _ in lines) / len(lines)


def train(model: DecoderLM, tokens: Tensor, iterations: int = 200) -> None:
    """Fit the model in place."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(iterations):
        loss = model.loss(tokens[torch.randint(len(tokens), (64,))])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def main() -> None:
    """Compare a model without layers, one with two, and the grammar; write with and without the cache."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    torch.manual_seed(0)
    (tokens, _), (test_tokens, floor) = sentences(3000, 0), sentences(500, 1)
    print(f"held-out nats per token; the grammar's own entropy is {floor:.3f}:")
    for layers in (0, 2):  # without a layer it knows the last word and its place only
        model = DecoderLM(len(WORDS), num_layers=layers)
        train(model, tokens)
        with torch.inference_mode():
            loss = model.loss(test_tokens)
        written, _ = model.generate(torch.full((300, 1), START), 12, use_cache=False)
        print(f"  {layers} layers: {loss:.3f}, grammatical among 300 samples: {grammatical_share(written):.3f}")
    print("  such as:", " ".join(WORDS[i] for i in written[0, 1:]).partition(" .")[0])

    (cached, few), (plain, many) = (model.generate(test_tokens[:50, :1], 12, use_cache=use) for use in (True, False))
    print(f"the same 50 sentences with and without the cache: {torch.equal(cached, plain)}", end="")
    print(f"; positions computed for each: {few} with, {many} without")
    mib = [kv_cache_bytes(32, kv_heads, 128, tokens) / 2**20 for kv_heads, tokens in ((8, 1), (8, 8192), (32, 8192))]
    print("MiB of cache, 32 layers, 8 KV heads of 128, bf16: {} a token, {} for 8192, {} with 32 heads".format(*mib))


if __name__ == "__main__":
    main()
