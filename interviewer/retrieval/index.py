"""The search index: exact inner product over embeddings (FAISS) and exact terms (BM25), fused by score.

Kept on disk beside a manifest that says what it was made from; an index whose corpus, model or format differs from
what is asked for, or whose files are damaged, is rebuilt and never used. Every signal is standardised over the corpus
before it is added up, so that a clear winner by one of them counts for more than its rank tells; reciprocal rank
fusion (Cormack, Clarke and Büttcher, 2009) found 5 to 14 in a hundred fewer at the first place.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from interviewer.retrieval.vectors import Vectors
from interviewer.schema import LANGUAGES, Item
from interviewer.text import terms

if TYPE_CHECKING:
    from interviewer.corpus import Corpus
    from interviewer.retrieval.encoder import Encoder

Scores = NDArray[np.float64]
Vector = NDArray[np.float32]

FORMAT = 2
_BATCH = 16
_ABANDONED = 3600.0  # seconds
# How much the nearest question, the nearest answer and the terms count: chosen on the `tune` half of the queries.
_QUESTION, _ANSWER, _TERMS = 1.5, 0.5, 1.0
_REACH = 1000  # vectors of a corpus so large that not all are compared: what lies farther away is not found by meaning
# Smaller spreads than these are noise that is not worth blowing up.
_LEAST_COSINE, _LEAST_BM25 = 0.1, 1.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Hit:
    """One found item."""

    item_id: str
    score: float
    """0–1; 1 is first by question, answer and terms alike. Comparable within one search only."""
    similarity: float
    """Cosine of the query with the nearest text of the item, −1 to 1."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an index was made from."""

    format: int
    encoder: str
    corpus: str
    dimension: int
    rows: tuple[tuple[str, str], ...]
    """Item id of each vector, and whether it is of a "question" or an "answer"."""
    documents: tuple[str, ...]
    """Item id of each BM25 document."""
    files: Mapping[str, str]
    """SHA-256 of every other file of the index."""


class Index:
    """A loaded index. Not built directly: see `open_index`."""

    def __init__(self, manifest: Manifest, vectors: Vectors, bm25: Any, encoder: Encoder) -> None:
        self._manifest, self._vectors, self._bm25, self._encoder = manifest, vectors, bm25, encoder
        place = {item_id: n for n, item_id in enumerate(manifest.documents)}
        # Of each vector: which document it belongs to, and whether it is of a question (0) or an answer (1).
        self._owners = np.array([place[item_id] for item_id, _ in manifest.rows], np.int64)
        self._sides = np.array([int(part == "answer") for _, part in manifest.rows], np.int64)

    def search(self, query: str, limit: int = 10, allowed: Callable[[str], bool] = lambda _: True) -> list[Hit]:
        """The items nearest to a query in either language, best first; empty for a query without words.

        Args:
            query: any text; only its first 2,000 characters count.
            limit: how many hits at most.
            allowed: which item ids may be returned.
        """
        query = query[:2000]
        if not terms(query):
            return []
        documents = self._manifest.documents
        question, answer = self._dense(query)
        # A model that does not know the query's characters ranks at random: trust it as far as it can read.
        trust = float(self._encoder.known([query])[0])
        lexical = self._lexical(query)
        fused, best = np.zeros(len(documents)), 1e-9
        for scores, weight, least in (
            (question, _QUESTION * trust, _LEAST_COSINE), (answer, _ANSWER * trust, _LEAST_COSINE),
            (lexical, _TERMS, _LEAST_BM25),
        ):  # fmt: skip
            standard = weight * _standard(scores, least)
            fused += standard
            best += standard.max()
        near = np.fmax(question, answer)
        found = [n for n, i in enumerate(documents) if allowed(i) and (trust > 0 or lexical[n] > 0)]
        found.sort(key=lambda n: (-fused[n], documents[n]))
        return [Hit(documents[n], max(0.0, float(fused[n] / best)), float(near[n])) for n in found[:limit]]

    def vectors(self, corpus: Corpus) -> dict[str, Vector]:
        """The vector of each text of the corpus that this was built of; none where they are kept in sixteen bits."""
        rows = self._vectors.matrix()
        if rows is None:
            return {}
        return {text: row for (_, _, text), row in zip(_texts(corpus), rows, strict=True)}

    def by_meaning(self, query: str) -> list[str]:
        """Items by their nearest vector alone, best first."""
        near = np.fmax(*self._dense(query))
        return [self._manifest.documents[n] for n in np.argsort(-near, kind="stable")]

    def by_words(self, query: str) -> list[str]:
        """Items by BM25 alone, best first; those without a common term are left out."""
        scores = self._lexical(query)
        return [self._manifest.documents[n] for n in np.argsort(-scores, kind="stable") if scores[n] > 0]

    def _dense(self, query: str) -> tuple[Scores, Scores]:
        """Cosine of the nearest question and of the nearest answer of each item; NaN where it has none."""
        vector = self._encoder.encode([query], query=True)[0]
        scores, rows = self._vectors.search(vector, len(self._vectors) if self._vectors.exact else _REACH)
        found = np.full((2, len(self._manifest.documents)), -np.inf)
        np.maximum.at(found, (self._sides[rows], self._owners[rows]), scores)
        found[np.isinf(found)] = np.nan
        return found[0], found[1]

    def _lexical(self, query: str) -> Scores:
        """BM25 of each item; 0 without a common term."""
        found = np.zeros(len(self._manifest.documents))
        wanted = [t for t in terms(query) if t in self._bm25.vocab_dict]
        if wanted:
            rows, scores = self._bm25.retrieve([wanted], k=len(found), show_progress=False)
            found[rows[0]] = scores[0]
        return found


def open_index(
    corpus: Corpus, encoder: Encoder, folder: Path, known: Mapping[str, Vector] = MappingProxyType({})
) -> Index:
    """The index for this corpus and encoder: loaded from `folder`, or built there first.

    A damaged or outdated index is rebuilt; if the folder cannot be written, the index lives in memory only.

    Args:
        corpus: what is found.
        encoder: makes the vectors.
        folder: where the index is kept.
        known: vectors of this encoder that need not be made anew, by their texts (`Index.vectors`).
    """
    wanted = {
        "format": FORMAT, "encoder": encoder.fingerprint, "corpus": corpus.hash,
        "rows": [[item_id, part] for item_id, part, _ in _texts(corpus)], "documents": list(corpus.items),
    }  # fmt: skip
    try:
        return _load(folder, wanted, encoder)
    except (
        Exception
    ) as error:  # whatever is wrong with the files (faiss raises plain RuntimeError), rebuilding mends it
        _log.info("index in %s is not usable (%s); building it", folder, error)
    return _build(corpus, encoder, folder, known)


def _standard(scores: Scores, least: float) -> Scores:
    """Scores less their mean, in standard deviations; 0 where there is none."""
    known = scores[~np.isnan(scores)]
    if not len(known):
        return np.zeros(len(scores))
    return np.asarray(np.nan_to_num((scores - known.mean()) / max(float(known.std()), least)))


def _texts(corpus: Corpus) -> list[tuple[str, str, str]]:
    """Item id, part and text of every vector, in order: an item is found by its question and its answer, in each
    language."""
    found = []
    for item in corpus.items.values():
        parts = [
            (item.id, part, text)
            for language in LANGUAGES
            for part, text in (("question", item.question.get(language)), ("answer", item.answer.get(language)))
            if text
        ]
        found += parts or [(item.id, "question", item.id)]
    return found


def _document(item: Item) -> tuple[str, ...]:
    """The item's terms for BM25: everything it says, the question twice since it is what people search by."""
    parts: list[str] = [item.id.replace("-", " ")]
    for language in LANGUAGES:
        question = getattr(item.question, language)
        parts += [question, question, getattr(item.answer, language)]
        for p in item.key_points:
            parts += [getattr(p.text, language), getattr(p.probe, language), *p.also.get(language)]
    return terms("\n".join(parts))


def _build(corpus: Corpus, encoder: Encoder, folder: Path, known: Mapping[str, Vector]) -> Index:
    import bm25s

    rows = _texts(corpus)
    # In small batches: an answer that waits to be graded meanwhile gets its turn between two of them.
    made = dict(known)
    fresh = list(dict.fromkeys(text for _, _, text in rows if text not in made))
    for i in range(0, len(fresh), _BATCH):
        made.update(zip(fresh[i : i + _BATCH], encoder.encode(fresh[i : i + _BATCH]), strict=True))
    vectors = Vectors.of(np.vstack([made[text] for _, _, text in rows]))
    bm25 = bm25s.BM25()
    bm25.index([list(_document(item)) for item in corpus.items.values()], show_progress=False)
    manifest = Manifest(
        FORMAT, encoder.fingerprint, corpus.hash, vectors.width,
        tuple((item_id, part) for item_id, part, _ in rows), tuple(corpus.items), {},
    )  # fmt: skip
    try:
        _save(manifest, vectors, bm25, folder)
    except OSError as error:
        _log.warning("the search index cannot be kept in %s (%s); it will be built again next time", folder, error)
    return Index(manifest, vectors, bm25, encoder)


def _save(manifest: Manifest, vectors: Vectors, bm25: Any, folder: Path) -> None:
    """Write into a folder beside the final one and rename, so that no half-written index is ever seen."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    work = Path(tempfile.mkdtemp(prefix=folder.name + ".", dir=folder.parent))
    try:
        vectors.save(work / "vectors.faiss")
        bm25.save(work / "bm25", show_progress=False)
        content = {
            "format": manifest.format, "encoder": manifest.encoder, "corpus": manifest.corpus,
            "dimension": manifest.dimension, "rows": manifest.rows, "documents": manifest.documents,
            "files": _hashes(work),
        }  # fmt: skip
        (work / "manifest.json").write_text(json.dumps(content), encoding="utf-8")
        old = folder.with_name(f"{work.name}.old")
        if folder.exists():
            os.replace(folder, old)
        try:
            os.replace(work, folder)
        finally:
            shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Remove what processes that were killed have left beside the index; nobody takes an hour to write one."""
    for left in folder.parent.glob(f"{folder.name}.*"):
        if left.is_dir() and left.stat().st_mtime < time.time() - _ABANDONED:
            shutil.rmtree(left, ignore_errors=True)


def _hashes(folder: Path) -> dict[str, str]:
    files: Sequence[Path] = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "manifest.json")
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def _load(folder: Path, wanted: Mapping[str, object], encoder: Encoder) -> Index:
    """Load an index that matches.

    Raises:
        Exception: of whatever kind, if any of it is missing, damaged or for something else.
    """
    content = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    for key, value in wanted.items():
        if content[key] != value:
            raise ValueError(f"it is for another {key}")
    if _hashes(folder) != content["files"]:  # faiss reads raw memory layouts: never hand it bytes we did not write
        raise ValueError("its files are not those that were written")
    import bm25s

    manifest = Manifest(
        content["format"], content["encoder"], content["corpus"], content["dimension"],
        tuple((i, part) for i, part in content["rows"]), tuple(content["documents"]), content["files"],
    )  # fmt: skip
    vectors = Vectors.open(folder / "vectors.faiss")
    if len(vectors) != len(manifest.rows) or vectors.width != manifest.dimension:
        raise ValueError("its vectors and its manifest disagree")
    return Index(manifest, vectors, bm25s.BM25.load(folder / "bm25"), encoder)
