"""What may be shown of what a model says in an interview: each sentence is checked before anybody sees it.

A line may use the words of what it has to ask, the candidate's own, and those of courtesy. What comes from elsewhere
is at best idle and at worst the answer: so a sentence is refused that says what an open key point says and the task did
not, or that brings in too much that is new. What must be asked has to be asked, whole. Verdicts, obedience to the
candidate, links, invented numbers and other languages are refused by rule (rules.py). `interviewer eval guard` prints
how often each goes wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from interviewer.grading import Grader
from interviewer.grading.grader import claim_of
from interviewer.grading.guards import without_instructions
from interviewer.grading.matching import Bag, Claim
from interviewer.llm import rules
from interviewer.llm.prompting import courtesies
from interviewer.llm.scene import Scene
from interviewer.schema import Item, Language
from interviewer.text import terms

Numbers = NDArray[np.float64]
Reason = Literal[
    "leak", "verdict", "drift", "obeys", "language", "long", "link", "form", "number", "facts", "empty", "slow",
    "failed", "hushed",
]  # fmt: skip
"""Why a line of the model was not used; the last four are no fault of its words."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Where the line is drawn; chosen on the fit half of eval/data/guard.jsonl (see eval/guard.md)."""

    told: float = 0.22
    """Most of what a wording of an open key point says beyond the task that a line may say, as a share 0–1."""
    new: float = 0.28
    """Most of a sentence's weight of terms that may come from nowhere, as a share 0–1."""
    nearer: float = 0.08
    """Most that a line may come nearer to an open key point than the task itself does, −1 to 1. Counts only with the
    encoder that the grader was fitted on: another's cosines have another scale."""
    asked: float = 0.6
    """Least share of what has to be asked that the line must say, 0–1."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What the limits are compared with, for one sentence in its place. See `Limits`."""

    told: float
    new: float


class Guard:
    """Checks lines of a model. Safe to share."""

    def __init__(self, grader: Grader, limits: Limits | None = None) -> None:
        self._grader = grader
        self.limits = limits or Limits()
        self._ready = lru_cache(maxsize=64)(_Ready)

    def prepare(self, scene: Scene) -> None:
        """Do what takes time and does not need the model's words."""
        if self._grader.calibrated and scene.open:
            _ = self._of(scene).base

    def check(self, scene: Scene, before: str, sentence: str) -> Reason | None:
        """Why a sentence may not be shown, or None if it may.

        Args:
            scene: what had to be said.
            before: what was shown of this line already.
            sentence: what comes next.
        """
        broken = rules.broken(scene, before, sentence)
        if broken:
            return broken
        ready = self._of(scene)
        if self.gives_away(scene, f"{before} {sentence}".strip()):
            return "leak"
        return "drift" if ready.new(sentence) > self.limits.new else None

    def missing(self, scene: Scene, line: str) -> Reason | None:
        """Why a line is not enough as a whole: it is empty, or what had to be asked was not."""
        if not line:
            return "empty"
        return "drift" if self.asked(scene, line) < self.limits.asked else None

    def asked(self, scene: Scene, line: str) -> float:
        """Share of what had to be asked that a line asks, 0–1; 1 where nothing had to."""
        return self._of(scene).asked(line)

    def signs(self, scene: Scene, before: str, sentence: str) -> Signs:
        """What is measured of a sentence without the encoder."""
        ready = self._of(scene)
        return Signs(ready.told(f"{before} {sentence}".strip()), ready.new(sentence))

    def nearer(self, scene: Scene, line: str) -> float:
        """How much nearer a line comes to an open key point than the task itself, −1 to 1, by the grader's comparison.

        Words that all lie on the table bring nothing nearer, and need no encoder to tell.
        """
        ready = self._of(scene)
        return ready.nearer(line) if ready.new(line) > 0 else -1.0

    def gives_away(self, scene: Scene, text: str) -> bool:
        """Whether a text tells an open key point. Of a line, all that was shown counts: half may stand in each of two
        sentences."""
        ready = self._of(scene)
        if ready.told(text) > self.limits.told:
            return True
        return self._grader.calibrated and self.nearer(scene, text) > self.limits.nearer

    def _of(self, scene: Scene) -> _Ready:
        return self._ready(
            self._grader, scene.item, scene.language, scene.target, scene.scripted, scene.said, scene.open
        )


class _Ready:
    """A scene, ready to have lines compared with it. What takes the encoder is left until it is asked for."""

    def __init__(
        self,
        grader: Grader,
        item: Item | None,
        language: Language,
        target: str,
        scripted: str,
        said: str,
        still_open: tuple[str, ...],
    ) -> None:
        self._weigh, self._matcher = grader.vocabulary.weigh, grader.matcher
        self._question = item.question.get(language) if item else ""
        self._table = [self._question, target, without_instructions(said)]
        # What is on the table, in terms, and for Chinese in characters: a bigram across two known words is not new.
        polite = courtesies(language)
        self._known = frozenset(terms("\n".join([*self._table, scripted]))) | polite
        self._characters = frozenset(target + scripted) | frozenset("".join(polite))
        self._claims = _claims(item, still_open, language)
        beyond = [self._beyond(w) for claim in self._claims for w in (*claim.right, *claim.wrong)]
        self._beyonds = [bag for bag in beyond if len(bag) > 1]
        self._target = self._bag(target)

    def told(self, text: str) -> float:
        """How much of what an open key point says beyond the task a text says: share of its weight of terms."""
        said = frozenset(terms(text))
        return max((_share(bag, said) for bag in self._beyonds), default=0.0)

    def new(self, sentence: str) -> float:
        """Share of a sentence's weight of terms that is neither on the table nor courtesy."""
        bag = self._bag(sentence)
        total = sum(bag.values())
        return sum(v for t, v in bag.items() if self._is_new(t)) / total if total else 0.0

    def asked(self, line: str) -> float:
        """Share of the target's weight of terms that a line says."""
        return _share(self._target, frozenset(terms(line))) if self._target else 1.0

    def nearer(self, text: str) -> float:
        """How much nearer a text comes to some open key point than what is on the table, as the grader compares."""
        return float((self._nearness([text]) - self.base).max()) if self._claims else -1.0

    @cached_property
    def base(self) -> Numbers:
        """How near what is on the table comes to each open key point."""
        return self._nearness(self._table)

    def _nearness(self, texts: Sequence[str]) -> Numbers:
        matcher = self._matcher(self._question)
        found = (matcher.match(matcher.cut(t), self._claims) for t in texts if t.strip())
        rows = [[max(m.features.right, m.features.wrong) for m in matches] for matches in found]
        nearest: Numbers = np.array(rows or [[0.0] * len(self._claims)]).max(axis=0)
        return nearest

    def _bag(self, text: str) -> Bag:
        return self._weigh(terms(text), frozenset())

    def _beyond(self, wording: str) -> Bag:
        return {t: v for t, v in self._bag(wording).items() if self._is_new(t)}

    def _is_new(self, term: str) -> bool:
        if term in self._known:
            return False
        return term.isascii() or not all(c in self._characters for c in term)


def _share(bag: Bag, said: frozenset[str]) -> float:
    return sum(v for t, v in bag.items() if t in said) / sum(bag.values())


def _claims(item: Item | None, still_open: Sequence[str], language: Language) -> list[Claim]:
    """All ways of saying each open point, right or wrong: a wrong one gives away what it is about."""
    if item is None:
        return []
    found = (claim_of(item, item.point(point_id), language) for point_id in still_open)
    return [c for c in found if c.right[0]]


def joined(parts: Iterable[str], language: Language) -> str:
    """Sentences as one line."""
    return ("" if language == "zh" else " ").join(p for p in parts if p)
