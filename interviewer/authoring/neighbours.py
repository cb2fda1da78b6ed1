"""Where a found question belongs: the nearest questions of the corpus tell its topic and its level."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from interviewer.retrieval import Encoder
from interviewer.schema import LANGUAGES, Bilingual, Item
from interviewer.text import terms

Matrix = NDArray[np.float32]
UNSORTED = "unsorted"
"""Topic of a question that is like nothing in the corpus."""
SAME_QUESTION = 0.72
"""Likeness from which two questions ask nearly the same; as the engine's, which finds questions of a table."""
_FAR = 0.3
"""Cosine below which the nearest question says nothing about the topic."""
_VOTES = 5
_BATCH = 64


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """What the nearest questions say about a question."""

    topic: str
    level: int
    like: tuple[str, ...]
    """Ids of items that ask nearly the same, nearest first."""


class Neighbours:
    """The questions of a corpus, and those added to it while documents are imported."""

    def __init__(self, items: Iterable[Item], encoder: Encoder) -> None:
        self._encoder = encoder
        self._items = list(items)
        rows = [(n, text) for n, i in enumerate(self._items) for x in LANGUAGES if (text := getattr(i.question, x))]
        self._owner = np.array([n for n, _ in rows], np.int64)
        self._terms = [frozenset(terms(text)) for _, text in rows]
        self._vectors = self._encoded([text for _, text in rows])
        self._added: dict[str, tuple[frozenset[str], Matrix]] = {}

    def _encoded(self, texts: list[str]) -> Matrix:
        found = [self._encoder.encode(texts[i : i + _BATCH]) for i in range(0, len(texts), _BATCH)]
        return np.vstack(found) if found else np.zeros((0, self._encoder.encode([""]).shape[1]), np.float32)

    def add(self, questions: Iterable[tuple[str, str]]) -> None:
        """Remember drafts, (id, question), so that later ones are compared with them too."""
        fresh = list(questions)
        vectors = self._encoded([text for _, text in fresh])
        for (item_id, text), vector in zip(fresh, vectors, strict=True):
            self._added[item_id] = frozenset(terms(text)), vector

    def of(self, question: Bilingual, answer: str = "") -> Neighbourhood:
        """Topic, level and near-duplicates of a question.

        Args:
            question: as it was found.
            answer: its text; the beginning helps where the question is one word.
        """
        texts = [t for t in (question.zh, question.en) if t]
        vectors = self._encoder.encode(texts)
        trust = self._encoder.known(texts)
        like = self._like(texts, vectors, trust)
        about = self._encoder.encode([f"{texts[0]}\n{answer[:200]}"])[0]
        cosines = (self._vectors @ vectors[0] + self._vectors @ about) / 2
        best: dict[int, float] = {}
        for row in np.argsort(-cosines)[: 4 * _VOTES]:
            best.setdefault(int(self._owner[row]), float(cosines[row]))
        nearest = list(best.items())[:_VOTES]
        if not nearest or nearest[0][1] < _FAR:
            return Neighbourhood(UNSORTED, 2, like)
        votes: dict[str, float] = defaultdict(float)
        for n, cosine in nearest:
            votes[self._items[n].topic] += max(0.0, cosine) ** 2
        weights = np.array([max(cosine, 1e-3) ** 2 for _, cosine in nearest])
        level = float(weights @ [self._items[n].level for n, _ in nearest] / weights.sum())
        return Neighbourhood(max(votes, key=lambda t: votes[t]), round(level), like)

    def _like(self, texts: list[str], vectors: Matrix, trust: Matrix) -> tuple[str, ...]:
        """Likeness is the better of shared terms (Dice, within a language) and cosine."""
        scores: dict[str, float] = {}
        for text, vector, known in zip(texts, vectors, trust, strict=True):
            said = frozenset(terms(text))
            cosines = self._vectors @ vector * float(known)
            for row in np.flatnonzero(cosines >= 0.2):
                item = self._items[int(self._owner[row])].id
                scores[item] = max(scores.get(item, 0.0), float(cosines[row]), _dice(said, self._terms[row]))
            for item_id, (others, other) in self._added.items():
                score = max(float(other @ vector) * float(known), _dice(said, others))
                scores[item_id] = max(scores.get(item_id, 0.0), score)
        return tuple(i for i in sorted(scores, key=lambda i: -scores[i]) if scores[i] >= SAME_QUESTION)[:3]

    def likeness(self, first: str, second: str) -> float:
        """Cosine of two texts, as far as the encoder can read them."""
        a, b = self._encoder.encode([first, second])
        return float(a @ b) * float(self._encoder.known([first, second]).min())


def _dice(first: frozenset[str], second: frozenset[str]) -> float:
    return 2 * len(first & second) / max(1, len(first) + len(second))
