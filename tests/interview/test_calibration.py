"""Difficulties from answers: a question that everybody fails is hard, one nobody saw stays as its author said."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from interviewer.errors import InputError
from interviewer.interview import (
    Setup,
    State,
    ability_of,
    calibrate,
    first_state,
    read_difficulties,
    write_difficulties,
)
from interviewer.interview.ability import parameters_of
from interviewer.schema import Bilingual, Exchange, Grade, Item, KeyPoint


def item(item_id: str, level: int = 3) -> Item:
    points = tuple(KeyPoint(f"p{n}", Bilingual("点", "point")) for n in range(4))
    return Item(item_id, "t", Bilingual("题", "question"), level=level, key_points=points)


ITEMS = {i.id: i for i in (*(item(f"i{n}", n % 5 + 1) for n in range(10)), item("odd", 3))}


def held(truth: float, seed: int, odd: float) -> State:
    """An interview of somebody of that ability, with "odd" as hard as `odd` whatever its level says."""
    rng = random.Random(seed)
    exchanges = []
    for one in ITEMS.values():
        mean = parameters_of(one, {"odd": odd}).expected(np.array([truth]))[0]
        score = 100 * min(1.0, max(0.0, rng.gauss(mean, 0.15)))
        exchanges.append(Exchange(one.id, ("said",), Grade(one.id, "en", score, score, score, "weak")))
    return replace(first_state(Setup(level=3)), exchanges=tuple(exchanges))


@pytest.mark.parametrize("odd", [1.8, 4.2])
def test_a_question_that_is_not_of_its_level_is_found_out(odd: float) -> None:
    rng = random.Random(1)
    found = calibrate([held(rng.gauss(3, 1), seed, odd) for seed in range(40)], ITEMS)
    assert found[0].item_id == "odd"
    assert found[0].answers == 40
    assert found[0].estimated.value == pytest.approx(odd, abs=0.5)  # drawn towards the level 3
    assert all(abs(d.estimated.value - d.authored) < 0.5 for d in found[1:])


def test_one_answer_moves_a_question_a_little() -> None:
    state = replace(first_state(Setup(level=3)), exchanges=(Exchange("odd", skipped=True),))
    (found,) = calibrate([state], ITEMS)
    assert 3.0 < found.estimated.value < 3.6


def test_unscored_and_unknown_questions_are_left_out() -> None:
    unscored = Exchange("odd", ("x",), Grade("odd", "en", None, None, None, "unscored"))
    states = [
        replace(first_state(Setup()), exchanges=(unscored,)),
        replace(first_state(Setup()), exchanges=(Exchange("gone", skipped=True),)),
    ]
    assert calibrate(states, ITEMS) == []


def test_what_is_kept_is_used(tmp_path: Path) -> None:
    path = tmp_path / "data" / "difficulties.json"
    assert read_difficulties(path) == {}
    found = calibrate([held(3, seed, 4.2) for seed in range(20)], ITEMS)
    write_difficulties(path, found)
    levels = read_difficulties(path)
    assert levels["odd"] > 3.5
    state = replace(first_state(Setup(level=3)), exchanges=(Exchange("odd", skipped=True),))
    # To fail a hard question says less against a candidate.
    assert ability_of(state, ITEMS, levels).general.value > ability_of(state, ITEMS).general.value


@pytest.mark.parametrize("content", ["not json", "[1, 2]", '{"a": "hard"}'])
def test_a_damaged_file_is_named_and_what_to_do(tmp_path: Path, content: str) -> None:
    path = tmp_path / "difficulties.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="delete it"):
        read_difficulties(path)
