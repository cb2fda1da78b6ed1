"""What a candidate chose, and the fixed order of questions where the choice names them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from interviewer.errors import InputError
from interviewer.schema import MODES, STYLES, Item, Language, Mode, Style

MAX_QUESTIONS = 50
MAX_MINUTES = 600

Source = Literal["job", "resume"]


@dataclass(frozen=True, slots=True)
class Cue:
    """A line of a job description or résumé, and a question that it calls for."""

    item_id: str
    line: str
    """As it stands in the document, cut to a quotable length."""
    source: Source
    strength: float
    """How strongly it calls for the question, 0–1."""


@dataclass(frozen=True, slots=True)
class Brief:
    """What an interview is for, as read from a job description, a résumé or both (documents.py)."""

    cues: tuple[Cue, ...] = ()
    """At most one per question, strongest first."""
    topics: tuple[tuple[str, float], ...] = ()
    """Topic ids and their shares, which add up to 1."""
    project: str = ""
    """A project that the candidate names, in the document's words; empty if none was found."""

    def cue(self, item_id: str) -> Cue | None:
        """The line that calls for a question."""
        return next((c for c in self.cues if c.item_id == item_id), None)


@dataclass(frozen=True, slots=True)
class Setup:
    """What a candidate chose."""

    language: Language = "zh"
    topics: tuple[str, ...] = ()
    """Topic ids; empty means all."""
    level: int = 2
    """1 (screening) to 5 (staff): what the candidate takes to be his own."""
    questions: int = 5
    """How many at most."""
    focus: str = ""
    """Free text to find questions by, e.g. "VAE and its loss"; empty means none."""
    voice: str = "auto"
    """Who words the questions: "auto" and "llm" a chat model where there is one, "scripted" never."""
    mode: Mode = "interview"
    style: Style = "neutral"
    minutes: int = 0
    """Time after which no further question is asked; 0 means none. An answer is never cut off."""
    until_sure: bool = False
    """End as soon as the level is known well enough (`policy.SURE`)."""
    items: tuple[str, ...] = ()
    """Exactly these questions, in this order: what is due, in mode "review"."""
    brief: Brief = Brief()

    def __post_init__(self) -> None:
        if not 1 <= self.level <= 5:
            raise InputError(f"level {self.level}: choose 1 (screening) to 5 (staff)")
        if not 1 <= self.questions <= MAX_QUESTIONS:
            raise InputError(f"{self.questions} questions: choose 1 to {MAX_QUESTIONS}")
        if not 0 <= self.minutes <= MAX_MINUTES:
            raise InputError(f"{self.minutes} minutes: choose 1 to {MAX_MINUTES}, or 0 for no limit")
        if self.mode not in MODES:
            raise InputError(f"mode {self.mode!r}: choose {', '.join(MODES)}")
        if self.style not in STYLES:
            raise InputError(f"style {self.style!r}: choose {', '.join(STYLES)}")
        if self.mode == "drill" and len(self.topics) != 1:
            raise InputError("a drill is about one topic; choose exactly one")
        if self.mode == "review" and not self.items:
            raise InputError("a review needs the questions that are due; name them")
        if len(self.items) > MAX_QUESTIONS:
            raise InputError(f"{len(self.items)} questions: choose 1 to {MAX_QUESTIONS}")

    @property
    def coached(self) -> bool:
        """Whether feedback is given after each question."""
        return self.mode != "interview"


_LEVEL_AGAINST_RANK = 0.24
"""Ranks of relevance that one level of difficulty is worth: four levels are less than one rank."""


def candidates(items: Mapping[str, Item], setup: Setup) -> list[Item]:
    """The items that fit topics and language.

    Raises:
        InputError: there are none.
    """
    language = setup.language
    fitting = [
        i for i in items.values()
        if (not setup.topics or i.topic in setup.topics) and (i.question.zh if language == "zh" else i.question.en)
    ]  # fmt: skip
    if not fitting:
        raise InputError(f"no questions in {', '.join(setup.topics) or 'the corpus'}; choose other topics")
    return fitting


def focused_plan(
    items: Mapping[str, Item], setup: Setup, rng: random.Random, focused: Sequence[str]
) -> tuple[str, ...]:
    """Ids of the items to ask where a text was given to find them by: easier ones first, what is required before.

    Args:
        items: the corpus.
        setup: what was chosen; its topics must exist.
        rng: breaks ties, so that two interviews differ.
        focused: ids found for `setup.focus`, best first; those off the focus only fill up.

    Raises:
        InputError: there is nothing to ask.
    """
    order = {item_id: n for n, item_id in enumerate(focused)}

    def rank(item: Item) -> tuple[float, float]:
        # Level matters beside relevance, but no level beats the question that was named; and one off the focus never
        # beats one on it.
        away = abs(item.level - setup.level)
        return order.get(item.id, len(order) * 2) + _LEVEL_AGAINST_RANK * away, rng.random()

    chosen = sorted(candidates(items, setup), key=rank)[: setup.questions]
    return tuple(i.id for i in _ordered(chosen))


def _ordered(chosen: Sequence[Item]) -> list[Item]:
    """Easier first; never a question before one that it requires."""
    waiting = sorted(chosen, key=lambda i: i.level)
    ids = {i.id for i in chosen}
    done: list[Item] = []
    while waiting:
        placed = {d.id for d in done}
        ready = next((i for i in waiting if all(r in placed or r not in ids for r in i.requires)), waiting[0])
        waiting.remove(ready)
        done.append(ready)
    return done
