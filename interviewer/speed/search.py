"""Search: in the corpus as it is, and among as many vectors and texts as nobody's corpus has."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from interviewer.engine import Engine
from interviewer.retrieval.vectors import Vectors, recall
from interviewer.schema import Item
from interviewer.speed.answers import composed
from interviewer.speed.clock import ROUNDS, Figure, percentile, spread, timed
from interviewer.speed.starting import resident
from interviewer.text import terms

Matrix = NDArray[np.float32]
_WIDTH, _INNER, _CLUSTERS = 384, 48, 400
_QUERIES, _NEAREST = 200, 10


def own(engine: Engine) -> list[Figure]:
    """The corpus's questions as queries, their vectors known."""
    asked = [item.question.get(language) for item in list(engine.items.values())[:50] for language in ("zh", "en")]
    engine.encoder.encode(asked, query=True)
    engine.encoder.known(asked)
    found = []
    for _ in range(ROUNDS):
        found.append(percentile([timed(partial(engine.search, q)) for q in asked], 50) * 1e3)
    return [
        Figure(
            f"search in the corpus ({len(engine.items)} items) after encoding, p50",
            f"{spread(found, 2)} ms",
            "≤ 2 ms",
            median(found) <= 2,
        )
    ]


def synthetic(count: int, queries: int, seed: int = 5) -> tuple[Matrix, Matrix]:
    """Unit vectors of the encoder's width in clusters, with as many directions to differ in as sentences have (about 48
    of 384), and queries near some of them; shapes (count, 384) and (queries, 384)."""
    chance = np.random.default_rng(seed)
    basis = chance.standard_normal((_INNER, _WIDTH), dtype=np.float32)
    centres = chance.standard_normal((_CLUSTERS, _INNER), dtype=np.float32)
    rows = np.empty((count, _WIDTH), np.float32)
    for start in range(0, count, 50_000):
        part = rows[start : start + 50_000]
        inner = centres[chance.integers(0, _CLUSTERS, len(part))]
        part[:] = (inner + 0.7 * chance.standard_normal(inner.shape, dtype=np.float32)) @ basis
        part += 0.5 * chance.standard_normal(part.shape, dtype=np.float32)
        part /= np.linalg.norm(part, axis=1, keepdims=True)
    near = rows[chance.choice(count, queries, replace=False)]
    near = near + 0.02 * chance.standard_normal(near.shape, dtype=np.float32)
    return rows, near / np.linalg.norm(near, axis=1, keepdims=True)


def at_scale(sizes: Sequence[int]) -> list[Figure]:
    """Vectors: recall against comparing all, time of a query, memory, build, and adding a thousand later."""
    return [_scaled(size) for size in sizes]


def _scaled(size: int) -> Figure:
    rows, queries = synthetic(size, _QUERIES)
    begun = time.perf_counter()
    made = Vectors.of(rows)
    built = time.perf_counter() - begun
    wanted = np.vstack([_nearest(rows, q) for q in queries])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vectors.faiss"
        made.save(path)
        kind = "all compared" if made.exact else "inverted lists, mapped"
        del made, rows
        before = _resident()
        opened = Vectors.open(path)
        times, found = [], []
        for query in queries:
            begun = time.perf_counter()
            found.append(opened.search(query, _NEAREST)[1])
            times.append(time.perf_counter() - begun)
        reached = recall(np.vstack(found), wanted)
        held = _resident() - before
        late = synthetic(1000, 1, seed=6)[0]
        added = timed(lambda: opened.add(late))
        first = int(opened.search(late[3], 1)[1][0])
        size_on_disk = path.stat().st_size / 2**20
    assert first == size + 3
    p50 = percentile(times, 50) * 1e3
    return Figure(
        f"search among {size:,} vectors ({kind})",
        f"Recall@10 {reached:.3f}, p50 {p50:.2f} ms, {held:.0f} MB touched of {size_on_disk:.0f} MB, built in "
        f"{built:.0f} s, 1,000 added in {added * 1e3:.0f} ms",
        "≥ 0.98, ≤ 5 ms",
        reached >= 0.98 and p50 <= 5,
    )


def _nearest(rows: Matrix, query: Matrix) -> NDArray[np.int64]:
    scores = rows @ query
    best = np.argpartition(-scores, _NEAREST)[:_NEAREST]
    return np.asarray(best[np.argsort(-scores[best])], np.int64)


def _resident() -> float:
    import os

    return resident(os.getpid()) or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def by_terms(items: Collection[Item], sizes: Sequence[int]) -> list[Figure]:
    """Exact terms (BM25) over many texts composed of the corpus's."""
    import bm25s

    found = []
    for size in sizes:
        texts = [text for _, _, text in composed(items, size, seed=9)]
        documents = [list(terms(text)) for text in texts]
        index = bm25s.BM25()
        built = timed(partial(index.index, documents, show_progress=False))
        asked = [[t for t in row[:12] if t in index.vocab_dict] for row in documents[:: max(1, size // _QUERIES)]]
        times = [timed(partial(index.retrieve, [one], k=_NEAREST, show_progress=False)) for one in asked if one]
        p50 = percentile(times, 50) * 1e3
        found.append(
            Figure(f"BM25 over {size:,} texts", f"p50 {p50:.2f} ms, built in {built:.0f} s", "≤ 5 ms", p50 <= 5)
        )
    return found
