"""Ability from scores: what must hold whatever the numbers, and one value by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interviewer.report.ability import BEFORE, Estimate, estimate, within_reach

ANSWERS = st.lists(st.tuples(st.floats(0, 100), st.integers(1, 5)), max_size=12)


def test_without_answers_it_is_what_it_was_before():
    # The grid cuts the tails of N(3, 1.5²) at −1 and 7, symmetrically: the mean stays, the spread shrinks a little.
    found = estimate([])
    assert found.level == BEFORE[0]
    assert 1.35 < found.error < BEFORE[1]


def test_two_thirds_of_a_question_of_ones_own_level_confirm_it():
    assert estimate([(200 / 3, 3)] * 50).level == pytest.approx(3.0, abs=0.02)
    assert estimate([(200 / 3, 2)] * 200).level == pytest.approx(2.0, abs=0.03)


def test_half_of_the_marks_lie_where_the_odds_are_even():
    # log-odds = 1.3 (a − 3) + log 2 = 0  ⇒  a = 3 − 0.533
    assert estimate([(50.0, 3)] * 400).level == pytest.approx(3 - 0.533, abs=0.02)


@given(ANSWERS, st.integers(1, 5))
def test_a_full_answer_never_lowers_it_and_an_empty_one_never_raises_it(answers, level):
    before = estimate(answers).level
    assert estimate([*answers, (100.0, level)]).level >= before
    assert estimate([*answers, (0.0, level)]).level <= before


@given(ANSWERS)
def test_the_order_of_answers_does_not_matter(answers):
    assert estimate(answers) == estimate(answers[::-1])


def test_answers_make_it_surer_and_the_interval_lies_around_it():
    errors = [estimate([(70.0, 3)] * n).error for n in (0, 1, 5, 30)]
    assert errors == sorted(errors, reverse=True)
    found = estimate([(70.0, 3)])
    assert found.low < found.level < found.high


@pytest.mark.parametrize(
    ("level", "share"),
    [(3.0, 0.5), (5.5, 1.0), (0.5, 0.0), (2.0, 0.3), (2.5, 0.4)],
)
def test_the_share_within_reach_counts_what_is_no_harder(level, share):
    # Levels 1 to 5, twice each; half of those of exactly its own level count.
    assert within_reach(Estimate(level, 0.001), [1, 2, 3, 4, 5] * 2) == share


def test_uncertainty_pulls_the_share_to_the_middle_and_no_questions_give_none():
    assert 0.4 < within_reach(Estimate(2.5, 3.0), [1, 2, 3, 4, 5]) < 0.5
    assert within_reach(Estimate(3.0, 1.0), []) == 0.0
