"""The posterior: what answers say about ability, against sums done the long way and against what must hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interviewer.interview.ability import (
    CEILING,
    FLOOR,
    GRID,
    START_SPREAD,
    TOPIC_SPREAD,
    Ability,
    Observation,
    Parameters,
    parameters_of,
)
from interviewer.schema import Bilingual, Item, KeyPoint


def item(level: int = 3, kind: Any = "concept", weights: tuple[float, ...] = (1, 1, 1, 1)) -> Item:
    points = tuple(KeyPoint(f"p{n}", Bilingual("点", "point"), w) for n, w in enumerate(weights))
    return Item("i", "t", Bilingual("题", "question"), kind, level, key_points=points)


def seen(*shares: float, topic: str = "t", level: int = 3) -> tuple[Observation, ...]:
    return tuple(Observation(topic, parameters_of(item(level)), s) for s in shares)


def test_before_any_answer_ability_is_what_the_candidate_says() -> None:
    ability = Ability(3.0)
    assert ability.general.value == pytest.approx(3.0, abs=0.01)
    assert ability.general.error == pytest.approx(START_SPREAD, abs=0.02)
    # A topic varies by its own deviation on top.
    assert ability.topic("t").error == pytest.approx((START_SPREAD**2 + TOPIC_SPREAD**2) ** 0.5, abs=0.03)


def test_the_posterior_is_the_sum_over_all_abilities_done_the_long_way() -> None:
    observed = (*seen(0.9, 0.4), *seen(0.2, topic="u", level=4))
    ability = Ability(2.0, observed)
    coarse = GRID[::3]
    total, mean = 0.0, 0.0
    for g in coarse:
        prior = np.exp(-0.5 * ((g - 2.0) / START_SPREAD) ** 2)
        for topic in ("t", "u"):
            inner = 0.0
            for own in GRID:
                likelihood = 1.0
                for one in observed:
                    if one.topic == topic:
                        m = float(one.parameters.expected(np.array([own]))[0])
                        likelihood *= (m**one.share * (1 - m) ** (1 - one.share)) ** one.parameters.marks
                inner += np.exp(-0.5 * ((own - g) / TOPIC_SPREAD) ** 2) * likelihood
            prior *= inner
        total += prior
        mean += g * prior
    assert ability.general.value == pytest.approx(mean / total, abs=0.02)


def test_good_answers_raise_and_bad_ones_lower() -> None:
    start = Ability(3.0).general.value
    assert Ability(3.0, seen(0.9)).general.value > start > Ability(3.0, seen(0.1)).general.value


def test_what_is_answered_in_one_topic_tells_less_about_another() -> None:
    ability = Ability(3.0, seen(0.9, 0.9, 0.9))
    assert ability.topic("t").value > ability.topic("other").value > 3.1
    assert ability.topic("t").error < ability.topic("other").error


@given(st.lists(st.floats(0, 1), min_size=1, max_size=15))
def test_the_error_never_grows_much_and_stays_finite(shares: list[float]) -> None:
    ability = Ability(2.0, seen(*shares))
    assert 0 < ability.general.error < START_SPREAD * 1.1
    assert GRID[0] <= ability.general.value <= GRID[-1]


def test_a_candidate_of_a_level_gets_two_thirds_of_its_marks() -> None:
    for kind in ("concept", "experience"):
        share = parameters_of(item(4, kind)).expected(np.array([4.0]))[0]
        assert share == pytest.approx(FLOOR + (CEILING - FLOOR) * 2 / 3)


def test_information_is_what_the_slope_of_the_log_likelihood_says() -> None:
    parameters = Parameters(3.0, 1.3, 2.0)
    step = 1e-4
    for at in (1.0, 3.0, 4.5):
        mean = parameters.expected(np.array([at]))[0]
        growth = (parameters.expected(np.array([at + step])) - parameters.expected(np.array([at - step])))[0] / 2 / step
        assert parameters.information(np.array([at]))[0] == pytest.approx(2.0 * growth**2 / mean / (1 - mean), rel=1e-4)


def test_more_and_evener_points_are_more_marks_but_not_one_each() -> None:
    one, uneven, even = (parameters_of(item(weights=w)).marks for w in ((1.0,), (9.0, 1.0, 1.0), (1.0, 1.0, 1.0)))
    assert one == 1.0 < uneven < even < 3.0
    assert parameters_of(item(weights=())).marks == 1.0  # a draft whose points are not known yet


def test_a_question_near_the_candidate_is_expected_to_tell_most() -> None:
    ability = Ability(3.0)
    gains = [ability.gain(parameters_of(item(level)), "t") for level in (1, 3, 5)]
    assert gains[1] == max(gains)
    # A second question in a topic that was asked about tells less than one in a topic that was not.
    after = Ability(3.0, seen(0.6, 0.6, 0.6))
    assert after.gain(parameters_of(item()), "t") < after.gain(parameters_of(item()), "new")


def test_a_difficulty_from_answers_replaces_the_level() -> None:
    assert parameters_of(item(3), {"i": 4.5}).difficulty - parameters_of(item(3)).difficulty == pytest.approx(1.5)
