"""What is asked: topics in turn, near the level, prerequisites first, past questions last."""

import random
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interviewer.errors import InputError
from interviewer.interview import Setup, make_plan
from interviewer.schema import Bilingual, Item


def item(item_id: str, topic: str = "a", level: int = 2, requires: tuple[str, ...] = ()) -> Item:
    return Item(item_id, topic, Bilingual(f"问题{item_id}", f"question {item_id}"), level=level, requires=requires)


def corpus(*items: Item) -> dict[str, Item]:
    return {i.id: i for i in items}


def test_the_count_asked_for_is_planned_without_repeats() -> None:
    items = corpus(*(item(f"i{n}", "ab"[n % 2], n % 5 + 1) for n in range(20)))
    plan = make_plan(items, Setup(questions=7), random.Random(0))
    assert len(plan) == len(set(plan)) == 7


def test_a_small_corpus_gives_what_it_has() -> None:
    assert len(make_plan(corpus(item("x"), item("y")), Setup(questions=5), random.Random(0))) == 2


def test_topics_take_turns() -> None:
    items = corpus(*(item(f"{t}{n}", t) for t in "abc" for n in range(5)))
    plan = make_plan(items, Setup(questions=6), random.Random(3))
    assert sorted(items[i].topic for i in plan) == ["a", "a", "b", "b", "c", "c"]


def test_only_chosen_topics_are_asked() -> None:
    items = corpus(item("x", "a"), item("y", "b"))
    assert make_plan(items, Setup(topics=("b",), questions=2), random.Random(0)) == ("y",)


def test_questions_lie_near_the_level_and_rise() -> None:
    items = corpus(*(item(f"l{n}-{k}", "a", n) for n in range(1, 6) for k in range(4)))
    plan = make_plan(items, Setup(level=4, questions=4), random.Random(1))
    levels = [items[i].level for i in plan]
    assert set(levels) <= {3, 4, 5}  # jitter is below one level, so level 4 ± 1 at most among many of level 4
    assert levels == sorted(levels)


def test_what_is_required_comes_before_what_requires_it() -> None:
    items = corpus(item("late", level=1, requires=("early",)), item("early", level=5))
    assert make_plan(items, Setup(questions=2), random.Random(0)) == ("early", "late")


def test_a_circle_of_requirements_does_not_hang() -> None:
    items = corpus(item("x", requires=("y",)), item("y", requires=("x",)))
    assert sorted(make_plan(items, Setup(questions=2), random.Random(0))) == ["x", "y"]


def test_questions_of_past_sessions_come_last() -> None:
    items = corpus(*(item(f"i{n}") for n in range(6)))
    plan = make_plan(items, Setup(questions=3), random.Random(0), recent=("i0", "i1", "i2"))
    assert set(plan) == {"i3", "i4", "i5"}


def test_a_focus_decides_by_relevance() -> None:
    items = corpus(*(item(f"i{n}") for n in range(6)))
    plan = make_plan(items, Setup(questions=2, focus="x"), random.Random(0), focused=("i5", "i4"))
    assert set(plan) == {"i5", "i4"}


def test_the_same_seed_gives_the_same_plan() -> None:
    items = corpus(*(item(f"i{n}", "ab"[n % 2]) for n in range(12)))
    setup = Setup(questions=4)
    assert make_plan(items, setup, random.Random(5)) == make_plan(items, setup, random.Random(5))


def test_a_draft_in_one_language_is_not_asked_in_the_other() -> None:
    draft = Item("d", "a", Bilingual(zh="只有中文"), status="draft")
    assert make_plan({"d": draft}, Setup(language="zh", questions=1), random.Random(0)) == ("d",)
    with pytest.raises(InputError, match="choose other topics"):
        make_plan({"d": draft}, Setup(language="en", questions=1), random.Random(0))


@pytest.mark.parametrize("bad", [{"level": 0}, {"level": 6}, {"questions": 0}, {"questions": 51}])
def test_a_setup_out_of_range_is_refused(bad: dict[str, int]) -> None:
    with pytest.raises(InputError, match="choose 1"):
        Setup(**bad)  # type: ignore[arg-type]


@given(st.integers(1, 5), st.integers(1, 50), st.integers(0, 99))
def test_any_setup_over_the_shipped_corpus_can_be_planned(level: int, questions: int, seed: int) -> None:
    items = _shipped()
    plan = make_plan(items, Setup(level=level, questions=questions), random.Random(seed))
    assert len(plan) == min(questions, len(items))
    for position, item_id in enumerate(plan):
        assert not set(items[item_id].requires) & set(plan[position:]), "required after"


def _shipped(cache: dict[str, Item] = {}) -> dict[str, Item]:  # noqa: B006 - one load for all examples
    if not cache:
        from interviewer.corpus import load_corpus

        cache.update(load_corpus().items)
    return cache


def test_kinds_are_those_of_the_format() -> None:
    from interviewer.schema import KINDS, Kind

    assert get_args(Kind) == KINDS
