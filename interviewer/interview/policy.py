"""What to ask next, and when to stop: the question that is expected to tell most about the candidate, within the rules.

The rules come first, in this order, and only among the questions that break fewest does information decide: never one
that an earlier question builds on, or that builds on one that was failed; topics by their shares; first what the job
asks for; not what recent interviews asked; no kind too often. The first question is an easy one.

Among questions nearly as good as the best one is drawn (randomesque exposure control, Kingsbury and Zara, 1989).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from math import ceil

from interviewer.interview.ability import Ability, Observation, Parameters, parameters_of
from interviewer.interview.plan import Setup, candidates
from interviewer.interview.session import Choice, State
from interviewer.schema import Item

SURE = 0.5
"""Standard error, in levels, at which the level is known well enough."""
LEAST_QUESTIONS = 5
"""Before which no interview is ended for being sure."""
MASTERED = 0.9
"""Probability that ability in a topic is at least the level named, for the topic to be mastered."""
LEAST_DRILLED = 3
FAILED = 30.0
"""Score below which what builds on a question is not worth asking."""
WARM_UP = 0.8
"""Share of its marks that the first question should be answered with."""
NEARLY = 0.9
"""Share of the best question's gain from which another is as good."""
MOST_OF_A_KIND = 0.4
"""Share of the questions that may be of one kind."""


def ability_of(state: State, items: Mapping[str, Item], difficulties: Mapping[str, float] | None = None) -> Ability:
    """What the graded and skipped questions say; what could not be graded says nothing."""
    seen = []
    for exchange in state.exchanges:
        item = items[exchange.item_id]
        score = exchange.grade.score if exchange.grade else 0.0 if exchange.skipped else None
        if score is not None:
            seen.append(Observation(item.topic, parameters_of(item, difficulties), score / 100))
    return Ability(float(state.setup.level), tuple(seen))


def choose(
    state: State,
    items: Mapping[str, Item],
    rng: random.Random,
    recent: Collection[str] = (),
    difficulties: Mapping[str, float] | None = None,
) -> Choice:
    """The next question of an interview whose plan is not fixed, or why there is none.

    Args:
        state: where the interview stands.
        items: the corpus.
        rng: decides between questions that are as good.
        recent: ids asked in past interviews.
        difficulties: levels of questions as estimated from answers; their own levels by default.

    Raises:
        InputError: topics and language leave nothing to ask at all.
    """
    setup = state.setup
    ability = ability_of(state, items, difficulties)
    if len(state.exchanges) >= setup.questions:
        return Choice()
    if setup.mode == "drill" and len(ability.seen) >= LEAST_DRILLED:
        if ability.chance(setup.topics[0], setup.level) >= MASTERED:
            return Choice(end="mastered")
    elif setup.until_sure and len(ability.seen) >= LEAST_QUESTIONS and ability.general.error <= SURE:
        return Choice(end="sure")
    asked = {e.item_id for e in state.exchanges}
    left = [i for i in candidates(items, setup) if i.id not in asked]
    if not left:
        return Choice()
    rules = _Rules(state, items, left, recent)
    broken = [rules.broken_by(i) for i in left]
    fewest = min(broken)
    allowed = [(i, parameters_of(i, difficulties)) for i, b in zip(left, broken, strict=True) if b == fewest]
    best = _best(ability, allowed) if asked else _easy(ability, allowed)
    return Choice(rng.choice(best).id)


def _best(ability: Ability, allowed: Sequence[tuple[Item, Parameters]]) -> list[Item]:
    gains = [(ability.gain(parameters, item.topic), item) for item, parameters in allowed]
    most = max(gain for gain, _ in gains)
    return [item for gain, item in gains if gain >= NEARLY * most]


def _easy(ability: Ability, allowed: Sequence[tuple[Item, Parameters]]) -> list[Item]:
    """Those whose chance of going well is nearest to that of a warm-up."""
    away = [(abs(ability.expected(parameters, item.topic) - WARM_UP), item) for item, parameters in allowed]
    least = min(a for a, _ in away)
    return [item for a, item in away if a <= least + 0.02]


class _Rules:
    """What should not be asked at this point."""

    def __init__(self, state: State, items: Mapping[str, Item], left: Sequence[Item], recent: Collection[str]) -> None:
        asked = [items[e.item_id] for e in state.exchanges]
        self._recent = recent
        self._brief = state.setup.brief
        self._built_on = {r for i in asked for r in i.requires}
        self._failed = {
            e.item_id for e in state.exchanges if e.skipped or (e.grade is not None and (e.grade.score or 0.0) < FAILED)
        }
        self._topics = Counter(i.topic for i in asked)
        self._kinds = Counter(i.kind for i in asked)
        self._quotas = _quotas(state.setup, {i.topic for i in (*asked, *left)})
        self._most_of_a_kind = max(1, ceil(MOST_OF_A_KIND * state.setup.questions))
        self._first = not asked

    def broken_by(self, item: Item) -> tuple[int, ...]:
        """How often each rule, gravest first, would be broken by asking this next."""
        return (
            item.id in self._built_on,
            bool(self._failed.intersection(item.requires)),
            # More than its share of questions, as often as it would be so.
            max(0, self._topics[item.topic] + 1 - self._quotas.get(item.topic, 0)),
            bool(self._brief.cues) and self._brief.cue(item.id) is None,
            item.id in self._recent,
            (self._first and item.kind not in ("concept", "comparison"))
            or self._kinds[item.kind] >= self._most_of_a_kind,
        )


def _quotas(setup: Setup, topics: Collection[str]) -> dict[str, int]:
    """How many questions each topic may have: its share, rounded up; equal shares unless a job asks otherwise."""
    shares = dict(setup.brief.topics) or {topic: 1 / len(topics) for topic in topics}
    return {topic: ceil(share * setup.questions - 1e-9) for topic, share in shares.items()}
