"""The sentence encoder, beside what reads the same folder with a library's defaults and what the cores can do."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from statistics import median

import numpy as np

from interviewer.retrieval import load_encoder
from interviewer.retrieval.encoder import SHIPPED, ReaderEncoder
from interviewer.schema import Item
from interviewer.speed.answers import composed
from interviewer.speed.clock import ROUNDS, Figure, in_turns, ratio, spread
from interviewer.speed.machine import COUNT, PRODUCTS, products


def figures(items: Collection[Item], count: int) -> list[Figure]:
    """Throughput on new answers of 20 to 200 tokens.

    Args:
        items: what the answers are made from.
        count: answers in each of the rounds.
    """
    from sentence_transformers import SentenceTransformer

    rounds = [[text for _, _, text in composed(items, count, seed)] for seed in range(ROUNDS)]
    ours, plain = load_encoder(), SentenceTransformer(str(SHIPPED), device="cpu", local_files_only=True)
    assert isinstance(ours, ReaderEncoder)
    apart = float(np.abs(ours.encode(rounds[0][:8]) - plain.encode(rounds[0][:8], show_progress_bar=False)).max())
    spent = in_turns(
        {
            "ours": lambda turn: ours.encode(rounds[turn]),
            "plain": lambda turn: plain.encode(rounds[turn], show_progress_bar=False),
            "product": lambda _: products("float32"),
        }
    )
    gains = ratio(spent["plain"], spent["ours"])
    work = [operations(ours.lengths(texts)) for texts in rounds]
    bests = [PRODUCTS / s for s in spent["product"]]
    best, half = median(bests), PRODUCTS / median(in_turns({"half": lambda _: products("bfloat16", 1)})["half"]) / COUNT
    share, theirs = (
        [w / s / b for w, s, b in zip(work, spent[name], bests, strict=True)] for name in ("ours", "plain")
    )
    name = f"encoder, {ROUNDS} × {count:,} answers of 20–200 tokens"
    return [
        Figure(
            f"{name}, against `SentenceTransformer.encode`",
            f"{spread(gains, 2)}× ({spread([count / s for s in spent['ours']])} answers a core-second; vectors differ "
            f"by at most {apart:.0e})",
            "≥ 5×",
            sorted(gains)[len(gains) // 2] >= 5,
        ),
        Figure(
            "share of the measured float32 product peak",
            f"{spread(share, 2)} of {best / 1e9:.0f} GFLOP/s (the library: {spread(theirs, 2)})",
        ),
        Figure(
            "share of the measured bfloat16 product peak",
            f"not used: it is {half / best:.2f} of the float32 peak here"
            if half <= best
            else f"{spread([s * best / half for s in share], 2)} of {half / 1e9:.0f} GFLOP/s",
            "≥ 0.55 where bfloat16 is fast",
        ),
    ]


def operations(lengths: Sequence[int]) -> float:
    """Additions and multiplications in reading texts, by their lengths in tokens: products of the layers only."""
    import json

    config = json.loads((SHIPPED / "config.json").read_text(encoding="utf-8"))
    width, inner, layers = (config[k] for k in ("hidden_size", "intermediate_size", "num_hidden_layers"))
    tokens, squares = sum(lengths), sum(n * n for n in lengths)
    return float(layers * (2 * tokens * (4 * width * width + 2 * width * inner) + 4 * squares * width))
