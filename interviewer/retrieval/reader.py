"""The network of the shipped sentence encoder, as PyTorch's own modules.

The folder loads in any sentence-transformers program too, and gives the same vectors. Here it is read without that
library, whose import alone takes four times as long as loading and costs 200 MB; and the entailment model reads with
the same lower layers, so that they lie in memory once.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F  # its usual name

SHARED = 3
"""Layers whose outcome is kept: the entailment model reads the same texts as far as that."""
_BUDGET = 1024
"""Tokens read in one pass at most, if a single text is not longer: what they come to stays in a core's cache."""
_KEPT = 32_768
"""Tokens whose hidden states are kept: 50 MB at 384 dimensions."""


@dataclass(frozen=True, slots=True)
class Group:
    """Texts of one length among the rows of a packed batch."""

    start: int
    stop: int
    length: int


class Reader(nn.Module):
    """Embeddings and layers of a BERT encoder (Devlin et al., 2019).

    Texts are packed: the tokens of many are the rows of one matrix, without padding, and only attention is done text by
    text, those of equal length together. Every row of a product is computed alike in however large a matrix, so that a
    text has the same states, to the last bit, in whatever company it is read.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        width = config["hidden_size"]
        self.tokens = nn.Embedding(config["vocab_size"], width)
        self.positions = nn.Embedding(config["max_position_embeddings"], width)
        self.norm = nn.LayerNorm(width, eps=1e-12)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                width,
                config["num_attention_heads"],
                config["intermediate_size"],
                dropout=0.0,
                activation="gelu",
                layer_norm_eps=1e-12,
                batch_first=True,
            )
            for _ in range(config["num_hidden_layers"])
        )
        self.in_bfloat16 = False  # see precision.py
        self._kept: OrderedDict[tuple[int, ...], Tensor] = OrderedDict()
        self._tokens_kept = 0
        self._lock = threading.Lock()

    @torch.no_grad()
    def means(self, rows: Sequence[Sequence[int]]) -> Tensor:
        """The mean of each text's last hidden states, shape (len(rows), width).

        Args:
            rows: token ids of each text; none empty.
        """
        found = torch.empty(len(rows), self.norm.normalized_shape[0])
        for batch in batches([len(row) for row in rows]):
            texts = [tuple(rows[i]) for i in batch]
            groups = groups_of([len(text) for text in texts])
            states = through(self.layers[SHARED:], self._lower(texts, groups), groups, self.in_bfloat16)
            means = (states[g.start : g.stop].view(-1, g.length, states.shape[1]).mean(dim=1) for g in groups)
            found[batch] = torch.cat(list(means))
        return found

    @torch.no_grad()
    def read(self, rows: Sequence[Sequence[int]]) -> list[Tensor]:
        """What the first `SHARED` layers make of texts.

        Args:
            rows: token ids of each text; none empty.

        Returns:
            Hidden states of each text, shape (its tokens, width), in the order given.
        """
        texts = [tuple(row) for row in rows]
        found: dict[tuple[int, ...], Tensor] = {}
        with self._lock:
            for text in dict.fromkeys(texts):
                if text in self._kept:
                    self._kept.move_to_end(text)
                    found[text] = self._kept[text]
        new = [text for text in dict.fromkeys(texts) if text not in found]
        for batch in batches([len(text) for text in new]):
            some = [new[i] for i in batch]
            states = self._lower(some, groups_of([len(text) for text in some]))
            found |= zip(some, torch.split(states, [len(text) for text in some]), strict=True)
        return [found[text] for text in texts]

    def _lower(self, texts: Sequence[tuple[int, ...]], groups: Sequence[Group]) -> Tensor:
        """Packed states of texts, in order of length, after the first `SHARED` layers; kept for later."""
        ids = torch.tensor([token for text in texts for token in text])
        places = torch.cat([torch.arange(len(text)) for text in texts])
        states: Tensor = self.norm(self.tokens(ids) + self.positions(places))
        states = through(self.layers[:SHARED], states, groups, self.in_bfloat16)
        with self._lock:
            for text, own in zip(texts, torch.split(states, [len(text) for text in texts]), strict=True):
                if text not in self._kept:
                    self._kept[text] = own.clone()
                    self._tokens_kept += len(text)
            while self._tokens_kept > _KEPT:
                self._tokens_kept -= len(self._kept.popitem(last=False)[0])
        return states


def through(layers: Iterable[nn.Module], states: Tensor, groups: Sequence[Group], half: bool = False) -> Tensor:
    """Packed texts through layers of PyTorch's (`nn.TransformerEncoderLayer`, norms last, no dropout).

    Args:
        layers: in order.
        states: shape (tokens of all texts, width).
        groups: where texts of which length lie in it.
        half: multiply in bfloat16; sums, norms and what goes from layer to layer stay in float32.
    """
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        for layer in layers:
            states = _through(layer, states, groups)
    return states


def _through(layer: Any, states: Tensor, groups: Sequence[Group]) -> Tensor:
    attention = layer.self_attn
    heads, width = attention.num_heads, states.shape[1]
    projected = F.linear(states, attention.in_proj_weight, attention.in_proj_bias)
    mixed = torch.empty_like(states)
    for g in groups:
        q, k, v = projected[g.start : g.stop].view(-1, g.length, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(q, k, v).transpose(1, 2)
        mixed[g.start : g.stop] = seen.reshape(-1, width)
    states = layer.norm1(states + attention.out_proj(mixed))
    found: Tensor = layer.norm2(states + layer.linear2(F.gelu(layer.linear1(states))))
    return found


def groups_of(lengths: Sequence[int]) -> list[Group]:
    """Runs of equal lengths of packed texts."""
    groups: list[Group] = []
    start = 0
    for length, run in groupby(lengths):
        stop = start + length * sum(1 for _ in run)
        groups.append(Group(start, stop, length))
        start = stop
    return groups


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Positions of texts to be read in one pass each, in order of length."""
    batch: list[int] = []
    tokens = 0
    for i in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        if batch and tokens + lengths[i] > _BUDGET:
            yield batch
            batch, tokens = [], 0
        batch.append(i)
        tokens += lengths[i]
    if batch:
        yield batch


@lru_cache(maxsize=1)
def load_reader(folder: Path) -> tuple[Reader, Tokenizer, int]:
    """The network, its tokenizer and the longest text in tokens that it reads.

    Raises:
        OSError, ValueError, KeyError: files are missing or are not what they should be.
    """
    config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    longest = int(json.loads((folder / "sentence_bert_config.json").read_text(encoding="utf-8"))["max_seq_length"])
    weights = {k: v.float() for k, v in load_file(folder / "model.safetensors").items()}
    reader = Reader(config)
    one_segment = weights["embeddings.token_type_embeddings.weight"][0]
    state = {
        "tokens.weight": weights["embeddings.word_embeddings.weight"],
        "positions.weight": weights["embeddings.position_embeddings.weight"] + one_segment,
        "norm.weight": weights["embeddings.LayerNorm.weight"],
        "norm.bias": weights["embeddings.LayerNorm.bias"],
    }
    for number in range(config["num_hidden_layers"]):
        layer = _layer(weights, f"encoder.layer.{number}")
        state |= {f"layers.{number}.{k}": v for k, v in layer.items()}
    reader.load_state_dict(state)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return reader.eval(), tokenizer, longest


def _layer(weights: Mapping[str, Tensor], at: str) -> dict[str, Tensor]:
    """One BERT layer under PyTorch's names."""
    names = {
        "self_attn.out_proj": "attention.output.dense",
        "norm1": "attention.output.LayerNorm",
        "linear1": "intermediate.dense",
        "linear2": "output.dense",
        "norm2": "output.LayerNorm",
    }
    found = {
        f"self_attn.in_proj_{kind}": torch.cat(
            [weights[f"{at}.attention.self.{part}.{kind}"] for part in ("query", "key", "value")]
        )
        for kind in ("weight", "bias")
    }
    return found | {f"{o}.{k}": weights[f"{at}.{t}.{k}"] for o, t in names.items() for k in ("weight", "bias")}
