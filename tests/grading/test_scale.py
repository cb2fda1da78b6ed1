"""Learning a teacher's scale from a few marks."""

import random

import pytest

from interviewer.grading.scale import Answer, Scale, left_out, suggest


def class_of(count: int, seed: int = 0, noise: float = 0.05) -> tuple[list[Answer], list[float]]:
    """Answers to two questions; the teacher gives half of what we give, and 0.2 more on the second question."""
    chance = random.Random(seed)
    answers = [Answer(round(chance.random(), 3), f"q{n % 2}") for n in range(count)]
    marks = [0.5 * a.score + 0.2 * (a.question == "q1") + chance.uniform(-noise, noise) for a in answers]
    return answers, [min(1.0, max(0.0, m)) for m in marks]


def error(scale: Scale, answers: list[Answer], marks: list[float]) -> float:
    return sum(abs(scale(a)[0] - m) for a, m in zip(answers, marks, strict=True)) / len(marks)


def test_twenty_marks_bring_the_scores_to_the_teacher_s_scale():
    answers, marks = class_of(220)
    scale = Scale(answers[:20], marks[:20])
    before = sum(abs(a.score - m) for a, m in zip(answers[20:], marks[20:], strict=True)) / 200
    assert before > 0.18
    assert error(scale, answers[20:], marks[20:]) < 0.06


def test_a_better_answer_never_gets_less():
    answers, marks = class_of(30, noise=0.4)
    scale = Scale(answers, marks)
    for question in ("q0", "q1", "never seen"):
        curve = [scale(Answer(s / 50, question))[0] for s in range(51)]
        assert curve == sorted(curve)
        assert 0 <= curve[0] <= curve[-1] <= 1


def test_nine_of_ten_new_marks_lie_within_their_bounds():
    answers, marks = class_of(540, seed=3, noise=0.2)
    scale = Scale(answers[:40], marks[:40])
    inside = 0
    for answer, mark in zip(answers[40:], marks[40:], strict=True):
        middle, low, high = scale(answer)
        assert 0 <= low <= middle <= high <= 1
        inside += low <= mark <= high
    assert 0.82 < inside / 500 < 0.99


def test_where_marks_agree_with_us_nothing_changes():
    answers = [Answer(n / 20, "q") for n in range(21)]
    scale = Scale(answers, [a.score for a in answers])
    assert error(scale, answers, [a.score for a in answers]) < 0.01


def test_a_question_without_marks_gets_what_all_questions_share():
    answers, marks = class_of(60)
    scale = Scale(answers, marks)
    assert scale(Answer(0.0, "q0"))[0] < scale(Answer(0.0, "new"))[0] < scale(Answer(0.0, "q1"))[0]


def test_what_is_left_out_says_nothing_about_itself():
    answers, marks = class_of(20)
    wild = [*marks[:-1], 1.0 - marks[-1]]
    assert left_out(answers, marks)[-1] == left_out(answers, wild)[-1]
    assert len(left_out(answers[:6], marks[:6])) == 6


def test_suggested_answers_are_spread_over_questions_and_scores():
    chance = random.Random(1)
    answers = [Answer(chance.random(), f"q{n % 4}") for n in range(400)]
    chosen = suggest(answers, 20)
    assert len(set(chosen)) == 20
    assert {answers[n].question for n in chosen} == {"q0", "q1", "q2", "q3"}
    scores = [answers[n].score for n in chosen]
    assert min(scores) < 0.2
    assert max(scores) > 0.8
    assert any(0.3 < s < 0.7 for s in scores)
    assert suggest(answers, 20) == chosen


@pytest.mark.parametrize("count", [0, 1, 3])
def test_no_more_is_suggested_than_there_is(count):
    assert sorted(suggest([Answer(0.5, "q")] * count, 20)) == list(range(count))


def test_suggested_marks_teach_at_least_as_much_as_marks_by_chance():
    gains = []
    for seed in range(6):
        chance = random.Random(seed)
        answers = [Answer(min(1, max(0, chance.gauss(0.75, 0.12))), f"q{n % 8}") for n in range(300)]
        offsets = {f"q{n}": chance.uniform(-0.2, 0.2) for n in range(8)}
        marks = [min(1, max(0, 1.4 * (a.score - 0.4) + offsets[a.question])) for a in answers]
        ways = (suggest(answers, 16), chance.sample(range(300), 16))
        ours, theirs = (error(Scale([answers[n] for n in w], [marks[n] for n in w]), answers, marks) for w in ways)
        gains.append(theirs - ours)
    assert sum(gains) > 0
