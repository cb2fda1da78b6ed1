"""Write a trained student as the folder that ships: small on disk, float32 once loaded.

The token rows are kept in eight bits (e4m3), everything else in sixteen. All embedding tables are scaled by one
factor first: what follows them is a layer norm, which takes the factor out again, and the rows then lie where the
eight-bit format is fine. Loading turns everything into float32, as the configuration says.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from interviewer.retrieval.encoder import write_sums

ROW_SCALE = 16.0  # rows of MiniLM have a standard deviation of 0.05; e4m3 is finest from 2⁻⁶ up
LONGEST_READ = 160
_MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
    {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
]


def compact(weights: Mapping[str, Tensor], rows: torch.dtype = torch.float8_e4m3fn) -> dict[str, Tensor]:
    """The tensors as they are stored: embedding tables scaled, token rows in `rows`, the others in float16."""
    stored = {}
    for name, tensor in weights.items():
        if name.endswith("_ids"):
            continue
        table = name.startswith("embeddings.") and "LayerNorm" not in name
        value = tensor.float() * ROW_SCALE if table else tensor.float()
        stored[name] = value.to(rows if "word_embeddings" in name else torch.float16).contiguous()
    return stored


def publish(
    weights: Mapping[str, Tensor], tokenizer: Path, config: Mapping[str, object], card: str, target: Path
) -> int:
    """Write the folder that `SentenceTransformer(target)` loads.

    Args:
        weights: the student's state dictionary.
        tokenizer: folder with `tokenizer.json` and `tokenizer_config.json`.
        config: the network's configuration (`BertConfig.to_dict()`).
        card: the model card, Markdown.
        target: the folder; replaced if it is there.

    Returns:
        Bytes written.
    """
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    stored = compact(weights)
    # Mean pooling needs no pooler, but the library reports one that is missing; zeros keep it quiet.
    width = len(stored["embeddings.LayerNorm.bias"])
    stored |= {"pooler.dense.weight": torch.zeros(width, width, dtype=torch.float8_e4m3fn)}
    stored |= {"pooler.dense.bias": torch.zeros(width, dtype=torch.float16)}
    save_file(stored, target / "model.safetensors", metadata={"format": "pt"})
    (target / "model.safetensors").chmod(0o644)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(tokenizer / name, target / name)
    kept = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "dtype": "float32",
        **{k: v for k, v in config.items() if k in _KEPT},
    }
    _write(target / "config.json", kept)
    _write(target / "modules.json", _MODULES)
    _write(target / "sentence_bert_config.json", {"max_seq_length": LONGEST_READ, "do_lower_case": False})
    _write(target / "config_sentence_transformers.json", {"similarity_fn_name": "cosine"})
    (target / "1_Pooling").mkdir()
    _write(
        target / "1_Pooling" / "config.json",
        {"word_embedding_dimension": config["hidden_size"], "pooling_mode_mean_tokens": True},
    )
    (target / "2_Normalize").mkdir()
    _write(target / "2_Normalize" / "config.json", {})
    (target / "README.md").write_text(card, encoding="utf-8")
    write_sums(target)
    return sum(path.stat().st_size for path in target.rglob("*") if path.is_file())


_KEPT = (
    "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "hidden_act", "vocab_size",
    "max_position_embeddings", "type_vocab_size", "layer_norm_eps", "pad_token_id", "initializer_range",
)  # fmt: skip


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
