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
_NEAR = 0.2
"""Cosine below which two questions are not compared word by word."""


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
        self._ids = [self._items[n].id for n, _ in rows]
        self._ours = len(rows)

    def prepare(self, texts: Iterable[str]) -> None:
        """Read texts that will be compared; at once they take a sixth of the time that they take one by one.

        The encoder remembers them: it gives a text the same vector in whatever company.
        """
        wanted = list(dict.fromkeys(texts))
        self._encoded(wanted)
        self._encoder.known(wanted)

    def _read(self, text: str) -> tuple[Matrix, float]:
        return self._encoder.encode([text])[0], float(self._encoder.known([text])[0])

    def _encoded(self, texts: list[str]) -> Matrix:
        found = [self._encoder.encode(texts[i : i + _BATCH]) for i in range(0, len(texts), _BATCH)]
        return np.vstack(found) if found else np.zeros((0, self._encoder.encode([""]).shape[1]), np.float32)

    def add(self, questions: Iterable[tuple[str, str]]) -> None:
        """Remember drafts, (id, question), so that later ones are compared with them too."""
        for item_id, text in questions:
            row = len(self._ids)
            if row == len(self._vectors):  # room for as many again, so that each is copied once or twice
                room = np.zeros((max(row, _BATCH), self._vectors.shape[1]), np.float32)
                self._vectors = np.vstack([self._vectors, room])
            self._vectors[row] = self._read(text)[0]
            self._ids.append(item_id)
            self._terms.append(frozenset(terms(text)))

    def texts(self, question: Bilingual, answer: str) -> list[str]:
        """What `of` compares."""
        own = [t for t in (question.zh, question.en) if t]
        return [*own, f"{own[0]}\n{answer[:200]}"]

    def of(self, question: Bilingual, answer: str = "") -> Neighbourhood:
        """Topic, level and near-duplicates of a question.

        Args:
            question: as it was found.
            answer: its text; the beginning helps where the question is one word.
        """
        *texts, described = self.texts(question, answer)
        like = self._like(texts)
        about = self._read(described)[0]
        cosines = self._vectors[: self._ours] @ (self._read(texts[0])[0] + about) / 2
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

    def _like(self, texts: list[str]) -> tuple[str, ...]:
        """Likeness is the better of shared terms (Dice, within a language) and cosine."""
        scores: dict[str, float] = {}
        for text in texts:
            vector, known = self._read(text)
            said = frozenset(terms(text))
            cosines = self._vectors[: len(self._ids)] @ vector * known
            for row in np.flatnonzero(cosines >= _NEAR):
                score = max(float(cosines[row]), _dice(said, self._terms[row]))
                scores[self._ids[row]] = max(scores.get(self._ids[row], 0.0), score)
        return tuple(i for i in sorted(scores, key=lambda i: -scores[i]) if scores[i] >= SAME_QUESTION)[:3]

    def likeness(self, first: str, second: str) -> float:
        """Cosine of two texts, as far as the encoder can read them."""
        (a, a_known), (b, b_known) = self._read(first), self._read(second)
        return float(a @ b) * min(a_known, b_known)


def _dice(first: frozenset[str], second: frozenset[str]) -> float:
    return 2 * len(first & second) / max(1, len(first) + len(second))
