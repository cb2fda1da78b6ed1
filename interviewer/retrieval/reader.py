"""The network of the shipped sentence encoder, as PyTorch's own modules.

The folder loads in any sentence-transformers program too, and gives the same vectors. Here it is read without that
library, whose import alone takes four times as long as loading and costs 200 MB; and the entailment model reads with
the same lower layers, so that they lie in memory once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn

_BUDGET = 2048
"""Tokens read in one pass at most."""


class Reader(nn.Module):
    """Embeddings and layers of a BERT encoder (Devlin et al., 2019)."""

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

    @torch.no_grad()
    def read(self, rows: Sequence[Sequence[int]], depth: int | None = None) -> list[Tensor]:
        """Read texts of equal length together.

        Args:
            rows: token ids of each text; none empty.
            depth: how many layers; default all.

        Returns:
            Hidden states of each text, shape (its tokens, width), in the order given.
        """
        found: dict[int, Tensor] = {}
        for batch in _batches([len(row) for row in rows]):
            ids = torch.tensor([list(rows[i]) for i in batch])
            states: Tensor = self.norm(self.tokens(ids) + self.positions(torch.arange(ids.shape[1])))
            for layer in self.layers[:depth]:
                states = layer(states)
            found |= zip(batch, states, strict=True)
        return [found[i] for i in range(len(rows))]


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Positions of texts to be read in one pass each.

    Of equal length, so that nothing is padded: a text has the same vector, to the last bit, in whatever company it is
    read.
    """
    batches: list[list[int]] = []
    for i in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        last = batches[-1] if batches else []
        if last and lengths[last[0]] == lengths[i] and (len(last) + 1) * lengths[i] <= _BUDGET:
            last.append(i)
        else:
            batches.append([i])
    return batches


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
