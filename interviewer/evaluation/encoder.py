"""How good an embedding model is at what we use it for.

- Semantic textual similarity: Spearman of the cosine with people's scores (STS-B, English; its machine translation and
  CNSD, Chinese).
- Cross-lingual retrieval: share of sentences whose nearest sentence in the other language is their translation.
- Corpus retrieval: share of queries, as people really type them, whose item comes first, or among the first five.
- Negation: a claim is nearer to a paraphrase of it than to its denial; the mean difference of the cosines, and the
  share of claims for which it is above zero.
- Speed and size.
"""

from __future__ import annotations

import gzip
import json
import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from interviewer.corpus import Corpus
from interviewer.errors import InputError
from interviewer.retrieval import Encoder, open_index
from interviewer.schema import LANGUAGES, Item

STS = {"en": "sts_en_test", "zh (mt)": "sts_zh_mt_test", "zh (cnsd)": "sts_zh_test"}
PARALLEL = "parallel_dev"
_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of the table."""

    name: str
    value: float
    digits: int = 3


def public_figures(encoder: Encoder, folder: Path) -> Iterator[Figure]:
    """On public test splits.

    Args:
        encoder: the model.
        folder: where `sts_en_test.tsv.gz`, `sts_zh_mt_test.tsv.gz`, `sts_zh_test.tsv.gz` and `parallel_dev.tsv.gz` lie.

    Raises:
        InputError: a file is missing.
    """
    from scipy.stats import spearmanr

    for language, name in STS.items():
        rows = _rows(folder / f"{name}.tsv.gz")[1:]
        left, right = (encoder.encode([row[i] for row in rows]) for i in (0, 1))
        alike = (left * right).sum(1)
        yield Figure(f"STS-B {language}, Spearman", float(spearmanr(alike, [float(r[2]) for r in rows]).statistic))
    rows = _rows(folder / f"{PARALLEL}.tsv.gz")
    en, zh = (encoder.encode([row[i] for row in rows]) for i in (0, 1))
    alike, own = zh @ en.T, np.arange(len(rows))
    yield Figure("translation zh→en, Recall@1", float((alike.argmax(1) == own).mean()))
    yield Figure("translation en→zh, Recall@1", float((alike.argmax(0) == own).mean()))


def negation_figures(encoder: Encoder, rows: Sequence[Mapping[str, str]]) -> Iterator[Figure]:
    """How much nearer a claim is to its paraphrase than to a sentence that contradicts it.

    Args:
        encoder: the model.
        rows: with `lang`, `kind`, `claim`, `paraphrase` and `negation`.
    """
    gain = _gains(encoder, [(row["claim"], row["paraphrase"], row["negation"]) for row in rows])
    for language in LANGUAGES:
        mine = gain[[row["lang"] == language for row in rows]]
        if not len(mine):
            continue
        yield Figure(f"negation {language}, mean difference", float(mine.mean()))
        yield Figure(f"negation {language}, share > 0", float((mine > 0).mean()))
    for kind in dict.fromkeys(row["kind"] for row in rows):
        mine = gain[[row["kind"] == kind for row in rows]]
        yield Figure(f"negation by {kind}, share > 0", float((mine > 0).mean()))


def wording_figures(encoder: Encoder, items: Collection[Item]) -> Iterator[Figure]:
    """The same on key points: text, each right wording, each wrong one."""
    for language in LANGUAGES:
        rows = [
            (point.text.get(language), right, wrong)
            for item in items
            for point in item.key_points
            for right in point.also.get(language)
            for wrong in point.contradictions.get(language)
        ]
        if rows:
            share = float((_gains(encoder, rows) > 0).mean())
            yield Figure(f"right against wrong wordings {language}, share > 0", share)


def _gains(encoder: Encoder, rows: Sequence[tuple[str, str, str]]) -> NDArray[np.float32]:
    """Cosine of each row's first text with its second, less that with its third."""
    claim, right, wrong = (encoder.encode([row[i] for row in rows]) for i in range(3))
    return np.asarray((claim * right).sum(1) - (claim * wrong).sum(1))


def search_figures(
    encoder: Encoder, corpus: Corpus, queries: Sequence[Mapping[str, str]], folder: Path
) -> Iterator[Figure]:
    """Finding the item that a query asks for.

    Args:
        encoder: the model.
        corpus: what is searched.
        queries: rows with `query`, `item` and `split` (`tune` or `held`).
        folder: where the index may be built.
    """
    index = open_index(corpus, encoder, folder)
    ways: Mapping[str, Callable[[str], list[str]]] = {
        "vectors": index.by_meaning,
        "BM25": index.by_words,
        "fused": lambda query: [hit.item_id for hit in index.search(query)],
    }
    for split in ("tune", "held"):
        chosen = [q for q in queries if q["split"] == split]
        for way, find in ways.items():
            places = [(find(q["query"])[:5], q["item"]) for q in chosen]
            for depth in (1, 5):
                share = np.mean([item in found[:depth] for found, item in places])
                yield Figure(f"{split} queries, {way}, Recall@{depth}", float(share))


def speed_figures(encoders: Mapping[str, Encoder], texts: Sequence[str]) -> dict[str, float]:
    """Texts a second of each, medians over rounds in which they take turns, so that a busy machine is busy for all."""
    times: dict[str, list[float]] = {name: [] for name in encoders}
    for turn in range(_ROUNDS):
        for name, encoder in encoders.items():
            fresh = [f"{turn} {text}" for text in texts]  # the memo must not answer
            started = time.perf_counter()
            encoder.encode(fresh)
            times[name].append(time.perf_counter() - started)
    return {name: len(texts) / median(spent) for name, spent in times.items()}


def machine() -> str:
    """The machine, as far as it matters for a speed."""
    import torch

    return f"{os.cpu_count()} cores, {torch.backends.cpu.get_cpu_capability()}, torch {torch.__version__}"


def table(columns: Mapping[str, Sequence[Figure]]) -> str:
    """The figures as a Markdown table, a column for each model."""
    names = list(dict.fromkeys(figure.name for figures in columns.values() for figure in figures))
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name in names:
        cells = []
        for figures in columns.values():
            found = next((f for f in figures if f.name == name), None)
            cells.append("—" if found is None else f"{found.value:.{found.digits}f}")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def read_jsonl(path: Path) -> list[dict[str, str]]:
    """Rows of one of our own test sets."""
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except FileNotFoundError:
        raise InputError(f"{path} is missing: the evaluation runs in a checkout of the project") from None


def _rows(path: Path) -> list[list[str]]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            return [line.rstrip("\n").split("\t") for line in lines if line.strip()]
    except FileNotFoundError:
        raise InputError(f"{path} is missing: --data is a folder with the public test splits") from None
