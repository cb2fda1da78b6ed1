"""Questions with only a reference answer: its sentences become key points."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interviewer.grading import as_item, gradable
from interviewer.grading.reference import MAX_POINTS
from interviewer.schema import Bilingual, Item

REFERENCE = {
    "en": "A stack removes the element that was added last. A queue removes the element that was added first. "
    "Both can be built on a linked list with constant-time operations.",
    "zh": "栈最后放进去的元素最先被取出来。队列最先放进去的元素最先被取出来。两者都能用链表实现，操作是常数时间。",
}
QUESTION = {"en": "How do a stack and a queue differ?", "zh": "栈和队列有什么区别？"}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_each_sentence_is_a_point_in_its_language(language: str) -> None:
    item = as_item(QUESTION[language], REFERENCE[language])
    assert len(item.key_points) == 3
    for point in item.key_points:
        assert point.text.get(language) in REFERENCE[language]  # type: ignore[arg-type]
    assert item.status == "draft"


def test_a_single_sentence_is_split_at_its_clauses() -> None:
    item = as_item(
        "What is dropout?", "Dropout zeroes random units while training, and it scales up the units that are kept."
    )
    assert len(item.key_points) == 2


def test_a_sentence_that_only_repeats_the_question_is_no_point() -> None:
    item = as_item("How do a stack and a queue differ?", "A stack and a queue differ. " + REFERENCE["en"])
    assert len(item.key_points) == 3


def test_a_sentence_said_twice_is_one_point() -> None:
    assert len(as_item(QUESTION["en"], REFERENCE["en"] + " " + REFERENCE["en"]).key_points) == 3


def test_a_long_reference_keeps_its_most_telling_sentences() -> None:
    text = " ".join(f"Fact number {n} concerns subject{n} and object{n} with property{n}." for n in range(40))
    assert len(as_item("Tell me everything.", text).key_points) == MAX_POINTS


@pytest.mark.parametrize("reference", ["", "   ", "…", "😀"])
def test_a_reference_that_says_nothing_gives_no_points(reference: str) -> None:
    assert as_item("Anything?", reference).key_points == ()


def test_the_same_text_gives_the_same_id() -> None:
    assert as_item("q", "a b c d").id == as_item("q", "a b c d").id != as_item("q", "a b c e").id


def test_a_draft_with_an_answer_becomes_gradable_and_others_stay() -> None:
    draft = Item("d", "t", Bilingual(en=QUESTION["en"]), answer=Bilingual(en=REFERENCE["en"]), status="draft")
    made = gradable(draft)
    assert made.id == "d"
    assert len(made.key_points) == 3
    assert gradable(made) is made


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_good_answer_beats_half_an_answer_beats_none(grader: Any, language: str) -> None:
    item = as_item(QUESTION[language], REFERENCE[language])
    good = grader.grade(item, REFERENCE[language]).score
    cut = "。" if language == "zh" else ". "
    half = grader.grade(item, REFERENCE[language].split(cut)[0]).score
    none = grader.grade(
        item, "今天天气不错，我们去公园散步吧。" if language == "zh" else "The weather is fine today; let us walk."
    ).score
    assert good > half > none


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_texts_make_an_item(question: str, reference: str) -> None:
    item = as_item(question, reference)
    assert len(item.key_points) <= MAX_POINTS
    assert len({p.id for p in item.key_points}) == len(item.key_points)
