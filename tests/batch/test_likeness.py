"""Which answers are alike, in what they say or in how they are worded."""

from interviewer.batch.likeness import groups_of, twins_of

LONG = "the gradient shrinks layer by layer because every derivative is smaller than one and they all multiply"
NEAR = LONG + " which is a pity"
OTHER = "weights near the input hardly change during training since almost nothing arrives there from the loss at all"
ZH = "反向传播时每一层的导数都小于一，逐层相乘之后梯度越来越小，靠近输入的参数几乎不更新"


def test_the_same_words_are_found_and_long_shared_runs_after_them():
    answers = [LONG, OTHER, LONG.upper() + "!", NEAR, ZH, ZH + "。"]
    found = twins_of(answers, [""] * 6, [], 10)
    assert [(t.members, t.same) for t in found] == [((0, 2), True), ((4, 5), True), ((0, 3), False)]


def test_short_answers_and_what_everyone_was_given_are_no_sign():
    assert twins_of(["it shrinks"] * 3, [""] * 3, [], 10) == []
    assert twins_of([LONG] * 3, [""] * 3, ["As we learnt, " + LONG], 10) == []


def test_handing_in_twice_is_no_copying():
    assert twins_of([LONG, LONG], ["Li", "Li"], [], 10) == []
    assert len(twins_of([LONG, LONG], ["Li", "Wang"], [], 10)) == 1
    assert len(twins_of([LONG, LONG, LONG], ["Li", "Li", "Wang"], [], 10)) == 1


def test_answers_that_say_the_same_make_a_group(encoder):
    answers = [
        "derivatives multiply and shrink",
        "early layers stall completely",
        "and derivatives shrink, multiply",
        "?",
        "the early layers completely stall",
        "derivatives multiply, shrink",
        "nothing like the others here",
    ]
    assert groups_of(encoder, answers, 5) == [[0, 2, 5], [1, 4]]
    assert groups_of(encoder, answers, 1) == [[0, 2, 5]]
    assert groups_of(encoder, answers[:1], 5) == groups_of(encoder, [], 5) == []
