"""What a candidate may choose, and the order of questions that a text was given to find."""

import random
from typing import get_args

import pytest

from interviewer.errors import InputError
from interviewer.interview import Setup, candidates, focused_plan
from interviewer.schema import Bilingual, Item


def item(item_id: str, topic: str = "a", level: int = 2, requires: tuple[str, ...] = ()) -> Item:
    return Item(item_id, topic, Bilingual(f"问题{item_id}", f"question {item_id}"), level=level, requires=requires)


def corpus(*items: Item) -> dict[str, Item]:
    return {i.id: i for i in items}


def test_a_focus_decides_by_relevance() -> None:
    items = corpus(*(item(f"i{n}") for n in range(6)))
    plan = focused_plan(items, Setup(questions=2, focus="x"), random.Random(0), ("i5", "i4"))
    assert set(plan) == {"i5", "i4"}


def test_what_is_required_comes_before_what_requires_it() -> None:
    items = corpus(item("late", level=1, requires=("early",)), item("early", level=5))
    assert focused_plan(items, Setup(questions=2), random.Random(0), ("late", "early")) == ("early", "late")


def test_a_circle_of_requirements_does_not_hang() -> None:
    items = corpus(item("x", requires=("y",)), item("y", requires=("x",)))
    assert sorted(focused_plan(items, Setup(questions=2), random.Random(0), ("x",))) == ["x", "y"]


def test_the_same_seed_gives_the_same_plan() -> None:
    items = corpus(*(item(f"i{n}", "ab"[n % 2]) for n in range(12)))
    setup = Setup(questions=4)
    assert focused_plan(items, setup, random.Random(5), ()) == focused_plan(items, setup, random.Random(5), ())


def test_a_draft_in_one_language_is_not_asked_in_the_other() -> None:
    draft = Item("d", "a", Bilingual(zh="只有中文"), status="draft")
    assert candidates({"d": draft}, Setup(language="zh", questions=1)) == [draft]
    with pytest.raises(InputError, match="choose other topics"):
        candidates({"d": draft}, Setup(language="en", questions=1))


@pytest.mark.parametrize(
    "bad",
    [
        {"level": 0}, {"level": 6}, {"questions": 0}, {"questions": 51}, {"minutes": -1}, {"minutes": 601},
        {"mode": "exam"}, {"style": "rude"}, {"mode": "drill"}, {"mode": "drill", "topics": ("a", "b")},
    ],
)  # fmt: skip
def test_a_setup_out_of_range_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(InputError, match="choose"):
        Setup(**bad)  # type: ignore[arg-type]


def test_a_review_needs_questions() -> None:
    with pytest.raises(InputError, match="due"):
        Setup(mode="review")


def test_kinds_are_those_of_the_format() -> None:
    from interviewer.schema import KINDS, Kind

    assert get_args(Kind) == KINDS
