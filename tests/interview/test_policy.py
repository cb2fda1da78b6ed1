"""What is asked next and when it ends: over made-up corpora, driven through the machine itself."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interviewer.interview import Brief, Cue, Event, Setup, State, ability_of, advance, choose, first_state
from interviewer.schema import Bilingual, Grade, Item, KeyPoint, PointResult

KINDS = ("concept", "comparison", "calculation", "coding")


def item(item_id: str, topic: str = "a", level: int = 2, requires: tuple[str, ...] = (), kind: Any = "concept") -> Item:
    points = tuple(KeyPoint(f"p{n}", Bilingual("点", "point")) for n in range(4))
    return Item(item_id, topic, Bilingual(f"问题{item_id}", f"question {item_id}"), kind, level, Bilingual(), points,
                requires=requires)  # fmt: skip


def corpus(*items: Item) -> dict[str, Item]:
    return {i.id: i for i in items}


MANY = corpus(*(item(f"{t}{n}", t, n % 5 + 1, kind=KINDS[n % 4]) for t in "abcd" for n in range(15)))


def graded(item_: Item, score: float) -> Grade:
    points = tuple(PointResult(p.id, "missing", 1.0, 0.0) for p in item_.key_points)
    return Grade(item_.id, "en", score, score, score, "adequate", points)


def hold(
    items: Mapping[str, Item], setup: Setup, score: Callable[[Item], float], seed: int = 0, recent: tuple[str, ...] = ()
) -> tuple[State, list[str]]:
    """A whole interview in which a question's score is a function of it; follow-ups get "I don't know"."""
    rng = random.Random(seed)

    def chooser(state: State) -> Any:
        return choose(state, items, rng, recent)

    state, lines = advance(first_state(setup), Event("started"), items, chooser)
    acts = [line.act for line in lines]
    for _ in range(300):
        if state.phase == "done":
            return state, acts
        asked = items[state.exchange.item_id]
        for event in (Event("answered", "an answer"), Event("graded", grade=graded(asked, score(asked)))):
            state, lines = advance(state, event, items, chooser)
            acts += [line.act for line in lines]
    raise AssertionError("the interview does not end")


def asked(state: State) -> list[str]:
    return [e.item_id for e in state.exchanges]


def test_the_count_asked_for_is_asked_without_repeats() -> None:
    state, _ = hold(MANY, Setup(questions=12), lambda i: 60)
    assert len(asked(state)) == len(set(asked(state))) == 12


def test_a_small_corpus_gives_what_it_has() -> None:
    state, acts = hold(corpus(item("x"), item("y")), Setup(questions=5), lambda i: 60)
    assert sorted(asked(state)) == ["x", "y"]
    assert acts[-1] == "close"


def test_topics_get_equal_shares() -> None:
    state, _ = hold(MANY, Setup(questions=8), lambda i: 60)
    assert Counter(MANY[i].topic for i in asked(state)) == {"a": 2, "b": 2, "c": 2, "d": 2}


def test_only_chosen_topics_are_asked() -> None:
    state, _ = hold(MANY, Setup(topics=("b",), questions=5), lambda i: 60)
    assert {MANY[i].topic for i in asked(state)} == {"b"}


@pytest.mark.parametrize("seed", range(5))
def test_questions_follow_the_candidate(seed: int) -> None:
    strong, _ = hold(MANY, Setup(questions=8, level=2), lambda i: 88, seed)
    weak, _ = hold(MANY, Setup(questions=8, level=4), lambda i: 12, seed)
    levels = [[MANY[i].level for i in asked(s)] for s in (strong, weak)]
    assert sum(levels[0][4:]) / 4 >= 4
    assert sum(levels[1][4:]) / 4 <= 2


@pytest.mark.parametrize("seed", range(5))
def test_the_first_question_is_an_easy_one(seed: int) -> None:
    state, _ = hold(MANY, Setup(questions=4, level=4), lambda i: 60, seed)
    first = MANY[asked(state)[0]]
    assert first.level < 4
    assert first.kind in ("concept", "comparison")


@pytest.mark.parametrize("seed", range(10))
def test_what_an_asked_question_builds_on_is_not_asked_after_it(seed: int) -> None:
    items = corpus(*(item(f"i{n}", level=5 - n % 5, requires=(f"i{n - 1}",) if n else ()) for n in range(10)))
    state, _ = hold(items, Setup(questions=4), lambda i: 60, seed)
    order = asked(state)
    for position, item_id in enumerate(order):
        assert not set(items[item_id].requires) & set(order[position:])


def test_what_builds_on_a_failed_question_is_not_asked_while_there_is_other() -> None:
    items = corpus(
        item("base", level=1), item("next", level=2, requires=("base",)), *(item(f"o{n}", level=4) for n in range(3))
    )
    state, _ = hold(items, Setup(questions=4, level=2), lambda i: 5)
    assert "base" in asked(state)
    assert "next" not in asked(state)


def test_recent_questions_come_last() -> None:
    items = corpus(*(item(f"i{n}") for n in range(6)))
    state, _ = hold(items, Setup(questions=4), lambda i: 60, recent=("i0", "i1", "i2"))
    assert set(asked(state)[:3]) == {"i3", "i4", "i5"}


def test_no_kind_crowds_out_the_others() -> None:
    state, _ = hold(MANY, Setup(questions=10), lambda i: 60)
    assert max(Counter(MANY[i].kind for i in asked(state)).values()) <= 4


def test_an_interview_ends_when_the_level_is_known_if_that_was_wanted() -> None:
    state, acts = hold(MANY, Setup(questions=40, until_sure=True), lambda i: 60)
    assert 5 <= len(asked(state)) < 40
    assert acts[-2:] == ["sure", "close"]
    assert ability_of(state, MANY).general.error <= 0.5
    state, _ = hold(MANY, Setup(questions=40), lambda i: 60)
    assert len(asked(state)) == 40


def test_a_drill_ends_when_its_topic_is_mastered_and_not_before() -> None:
    state, acts = hold(MANY, Setup(mode="drill", topics=("a",), questions=15, level=2), lambda i: 90)
    assert acts[-2:] == ["mastered", "close"]
    assert len(asked(state)) < 15
    assert ability_of(state, MANY).chance("a", 2) >= 0.9
    state, acts = hold(MANY, Setup(mode="drill", topics=("a",), questions=15, level=2), lambda i: 20)
    assert len(asked(state)) == 15
    assert "mastered" not in acts


def test_a_brief_decides_the_topics_and_prefers_what_it_names() -> None:
    cues = tuple(Cue(i, f"line {i}", "job", 0.8) for i in ("b1", "b2", "b3", "c1"))
    brief = Brief(cues, (("b", 0.75), ("c", 0.25)))
    state, _ = hold(MANY, Setup(questions=4, brief=brief), lambda i: 60)
    assert sorted(asked(state)) == ["b1", "b2", "b3", "c1"]


def test_the_same_seed_asks_the_same_and_seeds_differ() -> None:
    setup = Setup(questions=6)
    assert asked(hold(MANY, setup, lambda i: 60, 5)[0]) == asked(hold(MANY, setup, lambda i: 60, 5)[0])
    assert len({tuple(asked(hold(MANY, setup, lambda i: 60, s)[0])) for s in range(4)}) > 1


def test_a_skipped_question_counts_as_nothing_known_and_an_ungraded_one_not_at_all() -> None:
    from interviewer.schema import Exchange

    state = replace(first_state(Setup(level=3)), exchanges=(Exchange("a1", skipped=True), Exchange("a2", ("x",))))
    ability = ability_of(state, MANY)
    assert len(ability.seen) == 1
    assert ability.general.value < 3


@settings(max_examples=15)
@given(st.integers(1, 5), st.integers(1, 25), st.integers(0, 99), st.sampled_from([5.0, 60.0, 95.0]))
def test_any_setup_ends_with_as_many_questions_as_it_can(level: int, questions: int, seed: int, score: float) -> None:
    state, _ = hold(MANY, Setup(level=level, questions=questions), lambda i: score, seed)
    assert len(set(asked(state))) == len(asked(state)) == questions
