"""The simulation itself: candidates are who they are said to be, the machine is driven to the end, the tables add up."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from interviewer.evaluation import interview as simulation
from interviewer.evaluation.interview import Candidate, Grades, Record, needed
from interviewer.grading.labelled import Labelled
from interviewer.interview import Setup
from interviewer.schema import Bilingual, Grade, Item, KeyPoint, PointResult, Wordings

TOPICS = "abcd"


def item(item_id: str, topic: str, level: int) -> Item:
    points = tuple(
        KeyPoint(f"p{n}", Bilingual(f"点{n}", f"point {n}"), also=Wordings(("另说",), ("otherwise",)),
                 probe=Bilingual("追问？", "And then?"))
        for n in range(4)
    )  # fmt: skip
    return Item(item_id, topic, Bilingual(f"题{item_id}", f"question {item_id}"), level=level, key_points=points)


ITEMS = {f"{t}{n}": item(f"{t}{n}", t, n % 5 + 1) for t in TOPICS for n in range(10)}


def labelled(item_id: str, lang: Any, known: int) -> Labelled:
    points = {f"p{n}": "covered" if n < known else "missing" for n in range(4)}
    return Labelled(item_id, lang, "partial", f"{lang} answer with {known}", points, known * 25.0)


ANSWERS = [labelled(i, lang, known) for i in ITEMS for lang in ("zh", "en") for known in (1, 2, 3, 4)]


class Knowing:
    """A grader that reads the number in the answer, and nothing else."""

    calls = 0

    def grade(self, item: Item, text: str, language: Any) -> Grade:
        self.calls += 1
        known = int(text[-1]) if text[-1:].isdigit() else 0
        points = tuple(
            PointResult(p.id, "covered" if n < known else "missing", 0.9, float(n < known))
            for n, p in enumerate(item.key_points)
        )
        return self.rescored(Grade(item.id, language, 0.0, 0.0, 0.0, "poor", points), item)

    def rescored(self, grade: Grade, item: Item, half_width: float | None = None) -> Grade:
        worth = {"none": 1.0, "probe": 0.8, "hint": 0.5}
        score = 25.0 * sum(p.credit * worth[p.helped_by] for p in grade.points)
        return replace(grade, score=score, low=score, high=score)


@pytest.fixture
def grades() -> Grades:
    return Grades(Knowing, ITEMS)  # type: ignore[arg-type, return-value]


def test_a_candidate_of_an_items_level_knows_two_points_in_three() -> None:
    level_3 = [item(f"x{n}", TOPICS[n % 4], 3) for n in range(80)]
    people = [replace(Candidate.drawn(seed), general=3.0) for seed in range(20)]
    known = [p.knows(i, point.id) for p in people for i in level_3 for point in i.key_points]
    # Spread of abilities and difficulties draws the mean towards a half.
    assert np.mean(known) == pytest.approx(0.62, abs=0.06)


def test_a_candidate_says_what_comes_nearest_to_what_he_knows() -> None:
    pool = [a for a in ANSWERS if a.item == "a2" and a.lang == "zh"]
    assert replace(Candidate.drawn(0), general=9.0).answer(ITEMS["a2"], pool) == "zh answer with 4"
    assert replace(Candidate.drawn(0), general=-9.0).answer(ITEMS["a2"], pool) == "不知道"


def test_abilities_are_recovered_and_nothing_repeats_or_sticks(grades: Grades) -> None:
    records: dict[str, list[Record]] = {}
    for name, seed, record in simulation.arms(range(12), ITEMS, simulation.pool_of(ANSWERS), grades):
        assert record.truth == Candidate.drawn(seed).general
        assert not record.stuck
        assert record.repeats == 0
        assert len(record.levels) == len(record.errors) == len(record.asked) == simulation.LONGEST[name]
        assert set(record.aims) <= {"missing"}  # this grader is never wrong
        records.setdefault(name, []).append(record)
    columns = simulation.table(records)
    assert float(columns["adaptive"]["r of estimated and true ability, 12 questions"]) > 0.8
    assert columns["adaptive"]["aimed at a missing or contradicted point"] == "1.000"
    text = simulation.report(records, {}, ITEMS, len(ANSWERS), 0)
    assert "| adaptive | random |" in text
    assert "320 labelled answers" in text


def test_the_same_seed_gives_the_same_interview(grades: Grades) -> None:
    pool = simulation.pool_of(ANSWERS)
    runs = [[(r.asked, r.levels) for _, _, r in simulation.arms(range(2), ITEMS, pool, grades)] for _ in range(2)]
    assert runs[0] == runs[1]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_difficult_candidate_comes_to_an_end_with_little_credit(grades: Grades, language: Any) -> None:
    for kind in simulation.DIFFICULT:
        policy = simulation.by_information(ITEMS, random.Random(0))
        setup = Setup(language=language, questions=3)
        record = simulation.difficult_interview(kind, language, ITEMS, grades, policy, setup)
        assert not record.stuck, kind
        assert record.repeats == 0
        assert len(record.asked) == 3, kind  # "End the interview" inside an answer ends nothing


def test_a_grade_is_made_once_and_found_again_in_the_file(tmp_path: Path) -> None:
    grader = Knowing()
    for expected in (1, 1):
        kept = Grades(lambda: grader, ITEMS, tmp_path / "grades.jsonl")  # type: ignore[arg-type, return-value]
        first = kept.of("a1", "answer with 3", "en")
        assert kept.of("a1", "answer with 3", "en") == first
        assert grader.calls == expected
        assert first.score == 75.0


def test_verdicts_of_ungraded_answers_are_drawn_from_those_of_the_same_label(grades: Grades) -> None:
    for answer in ANSWERS[:40]:
        grades.of(answer.item, answer.text, answer.lang)
    assert grades.draw_rest(ANSWERS) == len(ANSWERS) - 40
    last = ANSWERS[-1]  # all four points said, and this grader is never wrong
    assert grades.of(last.item, last.text, last.lang).score == 100.0
    assert grades.made == 40


def test_questions_needed_for_an_error() -> None:
    record = Record(3.0, errors=[1.0, 0.8, 0.6])
    assert needed(record, 0.8) == 2
    assert np.isnan(needed(record, 0.5))


@pytest.mark.parametrize("count", [1, 3])
def test_some_items_are_always_the_same(count: int) -> None:
    once: Mapping[str, Item] = simulation.some_items(ITEMS, ANSWERS, count)
    assert list(once) == list(simulation.some_items(ITEMS, reversed(ANSWERS), count))
    assert len(once) == count
