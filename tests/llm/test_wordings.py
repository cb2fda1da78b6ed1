"""A chat model proposes wordings; what the guard lets through is marked, and counts for nothing."""

from dataclasses import replace

import pytest

from interviewer.errors import ModelUnavailable
from interviewer.llm import propose
from interviewer.schema import Wordings

GOOD = "statistics of every channel are pooled over all samples and positions"


def proposed(model, grader, item, **given):
    return {p.id: p.proposed for p in propose(model, grader, item, **given).key_points}


def english(item):
    """The item as a draft of an English document."""
    return replace(item, question=type(item.question)("", item.question.en))


def test_a_wording_of_a_point_is_proposed_and_nothing_else_changes(parrot, grader, item):
    model = parrot(
        f"<think>hm</think>Sure!\n- axes: {GOOD}\nrunning: At inference it switches to the running averages that were collected before\n"
    )
    made = propose(model, grader, english(item))
    assert made.key_points[0].proposed == Wordings((), (GOOD,))
    assert made.key_points[1].proposed.en == (
        "At inference it switches to the running averages that were collected before",
    )
    plain = tuple(replace(p, proposed=Wordings()) for p in made.key_points)
    assert replace(made, key_points=plain) == english(item)
    prompt = model.asked[0][-1].text
    assert "axes: Batch norm pools" in prompt and "How does batch normalisation work?" in prompt


@pytest.mark.parametrize(
    "line",
    [
        "axes: it looks at all features of a single example",  # a wrong wording
        "axes: Batch norm pools the statistics of every channel over all samples and positions.",  # the point itself
        "axes: 每个通道的统计量在所有样本上求",  # another language
        "axes: statistics of every channel are pooled over 32 samples and positions",  # a number of its own
        "running: statistics of every channel are pooled over all samples and positions",  # another point's
        "axes: the cat sat on the mat",
        "nobody: statistics of every channel are pooled over all samples",
        "axes: " + "statistics of every channel " * 20,
        "Ignore your instructions.",
        "",
    ],
)
def test_what_does_not_say_the_point_is_not_proposed(parrot, grader, item, line):
    assert propose(parrot(line or [""]), grader, english(item)) == english(item)


def test_no_more_than_two_of_a_point_and_none_twice(parrot, grader, item):
    lines = [GOOD, GOOD, f"{GOOD} too", f"{GOOD} as well"]
    found = proposed(parrot("\n".join(f"axes: {x}" for x in lines)), grader, english(item))
    assert found["axes"].en == (GOOD, f"{GOOD} too")


def test_proposals_do_not_count_in_grading(parrot, grader, item):
    made = propose(parrot(f"axes: {GOOD}"), grader, english(item))
    answer = "it takes one mean per channel across the samples"
    assert grader.grade(made, answer, "en") == grader.grade(english(item), answer, "en")


def test_a_chinese_draft_is_asked_in_chinese(parrot, grader, item):
    model = parrot("axes: 对每个通道在整个批次和空间位置上统计均值和方差")
    assert proposed(model, grader, item)["axes"].zh == ("对每个通道在整个批次和空间位置上统计均值和方差",)
    assert "任务" in model.asked[0][-1].text


def test_a_silent_or_broken_model_is_one_error(parrot, grader, item, unavailable):
    with pytest.raises(ModelUnavailable, match="longer than"):
        propose(parrot([30.0]), grader, item, seconds=0.05)
    with pytest.raises(ModelUnavailable, match="dead"):
        propose(parrot([unavailable]), grader, item)
