"""What to ask: a list of items chosen once, at the start, from the topics, level and count that were asked for."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from interviewer.errors import InputError
from interviewer.schema import Item, Language

MAX_QUESTIONS = 50


@dataclass(frozen=True, slots=True)
class Setup:
    """What a candidate chose."""

    language: Language = "zh"
    topics: tuple[str, ...] = ()
    """Topic ids; empty means all."""
    level: int = 2
    """1 (screening) to 5 (staff)."""
    questions: int = 5
    focus: str = ""
    """Free text to find questions by, e.g. "VAE and its loss"; empty means none."""
    voice: str = "auto"
    """Who words the questions: "auto" and "llm" a chat model where there is one, "scripted" never."""

    def __post_init__(self) -> None:
        if not 1 <= self.level <= 5:
            raise InputError(f"level {self.level}: choose 1 (screening) to 5 (staff)")
        if not 1 <= self.questions <= MAX_QUESTIONS:
            raise InputError(f"{self.questions} questions: choose 1 to {MAX_QUESTIONS}")


_LEVEL_AGAINST_RANK = 0.24
"""Ranks of relevance that one level of difficulty is worth: four levels are less than one rank."""


def make_plan(
    items: Mapping[str, Item],
    setup: Setup,
    rng: random.Random,
    recent: Collection[str] = (),
    focused: Sequence[str] = (),
) -> tuple[str, ...]:
    """Ids of the items to ask, in order: an easy one first, topics in turn, what is required before what requires it.

    Args:
        items: the corpus.
        setup: what was chosen; its topics must exist.
        rng: breaks ties, so that two interviews differ.
        recent: ids asked in past sessions; they come last.
        focused: ids found for `setup.focus`, best first; if any, they are the choice.

    Raises:
        InputError: there is nothing to ask.
    """
    language = setup.language
    fitting = [
        i for i in items.values()
        if (not setup.topics or i.topic in setup.topics) and (i.question.zh if language == "zh" else i.question.en)
    ]  # fmt: skip
    if not fitting:
        raise InputError(f"no questions in {', '.join(setup.topics) or 'the corpus'}; choose other topics")
    order = {item_id: n for n, item_id in enumerate(focused)}

    def rank(item: Item) -> tuple[float, ...]:
        away = abs(item.level - setup.level)
        if order:
            # Level matters beside relevance, but no level beats the question that was named; and one off the focus
            # never beats one on it.
            return (order.get(item.id, len(order) * 2) + _LEVEL_AGAINST_RANK * away, rng.random())
        return (item.id in recent, away + rng.random(), rng.random())

    ranked = sorted(fitting, key=rank)
    chosen = ranked[: setup.questions] if order else _in_turn(ranked, setup.questions)
    return tuple(i.id for i in _ordered(chosen))


def _in_turn(ranked: Sequence[Item], count: int) -> list[Item]:
    """The best of each topic in turn, so that no topic crowds out another."""
    queues: dict[str, list[Item]] = {}
    for item in ranked:
        queues.setdefault(item.topic, []).append(item)
    chosen: list[Item] = []
    while len(chosen) < count and any(queues.values()):
        for queue in queues.values():
            if queue and len(chosen) < count:
                chosen.append(queue.pop(0))
    return chosen


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
