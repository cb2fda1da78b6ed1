"""An engine that is whole but small: real corpus items, database, interviews and reports; no model to load.

For trials of what a grade does not matter to: whether it is kept, how long the way to it takes, who may see it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from interviewer.corpus import Corpus
from interviewer.engine import Engine
from interviewer.schema import Grade, Item, Language, PointResult, Span
from interviewer.settings import load_settings
from interviewer.text import language_of, terms


class HashingEncoder:
    """Embeds a text as the normalised sum of one fixed random direction per term: equal terms, equal directions.

    Cosines are then term overlaps, known in advance up to chance of about 1/sqrt(d).
    """

    fingerprint = "hashing-64"

    def encode(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        """Unit vectors, shape (len(texts), 64); zeros for a text without terms."""
        rows = [sum((_direction(t) for t in terms(text)), np.zeros(64)) for text in texts]
        matrix = np.array(rows, np.float32).reshape(len(texts), 64)
        norms = np.linalg.norm(matrix, axis=1, keepdims=True)
        return np.asarray(matrix / np.where(norms == 0, 1, norms), np.float32)

    def known(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """All of every text."""
        return np.ones(len(texts), np.float32)


def _direction(term: str) -> NDArray[np.float64]:
    seed = int.from_bytes(hashlib.sha256(term.encode()).digest()[:4], "big")
    return np.random.default_rng(seed).standard_normal(64)


class TermGrader:
    """Stands in for `Grader`: a point is covered if the answer has three of its terms; the score is their share."""

    version = "by-terms"
    calibrated = False

    def prepare(self, answers: Iterable[str]) -> None:
        """Needs nothing."""

    def grade(self, item: Item, answer: str, language: Language | None = None) -> Grade:
        """A grade with the answer as its evidence."""
        language = language or language_of(answer) or "en"
        if not item.key_points:
            return Grade(item.id, language, None, None, None, "unscored", reason="the item has no key points")
        said = set(terms(answer))
        points = []
        for point in item.key_points:
            covered = len(said & set(terms(f"{point.text.zh} {point.text.en}"))) >= 3
            evidence = Span(0, len(answer), answer) if covered else None
            points.append(
                PointResult(point.id, "covered" if covered else "missing", 0.9, 0.9 if covered else 0.1, evidence)
            )
        score = round(100.0 * sum(p.verdict == "covered" for p in points) / len(points), 1)
        return Grade(
            item.id, language, score, score, score, "strong" if score >= 80 else "poor", tuple(points), (),
            () if answer.strip() else ("empty",),
        )  # fmt: skip

    def rescored(self, grade: Grade, item: Item, half_width: float | None = None) -> Grade:
        """Help costs nothing here."""
        return grade


def some_items(corpus: Corpus, count: int) -> Corpus:
    """The first items of a corpus, and their topics."""
    items = dict(islice(corpus.items.items(), count))
    used = {item.topic for item in items.values()}
    topics = {name: topic for name, topic in corpus.topics.items() if name in used}
    return replace(corpus, items=MappingProxyType(items), topics=MappingProxyType(topics))


def small_engine(data_dir: Path, corpus: Corpus, seed: int | None = None) -> Engine:
    """An engine whose data lie in a folder of their own.

    Args:
        data_dir: where its database and index go.
        corpus: what it asks.
        seed: see `Engine`.
    """
    settings = load_settings(data_dir=data_dir, database_url="", llm="off")
    engine = Engine(settings, encoder=HashingEncoder(), corpus=corpus, seed=seed)
    engine.__dict__["grader"] = TermGrader()
    return engine
