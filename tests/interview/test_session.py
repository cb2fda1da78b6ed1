"""The machine: what follows from what, folded over events by hand-made grades."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interviewer.errors import InputError
from interviewer.interview import Event, Setup, State, advance, first_state
from interviewer.interview.session import MAX_PROBES, with_help
from interviewer.schema import Bilingual, Grade, Item, KeyPoint, PointResult, PointVerdict, Span


def point(point_id: str, weight: float) -> KeyPoint:
    both = Bilingual(f"{point_id} 中文", f"{point_id} text")
    return KeyPoint(
        point_id, both, weight, probe=Bilingual("问", f"ask {point_id}"), hint=Bilingual("示", f"hint {point_id}")
    )


def make(item_id: str) -> Item:
    return Item(
        item_id, "t", Bilingual("题", f"question {item_id}"), key_points=(point("a", 1), point("b", 3), point("c", 2))
    )


ITEMS: Mapping[str, Item] = {i: make(i) for i in ("one", "two")}


def grade(a: PointVerdict, b: PointVerdict, c: PointVerdict, **more: object) -> Grade:
    credit = {"covered": 1.0, "partial": 0.5, "missing": 0.0, "contradicted": 0.0}
    points = tuple(
        PointResult(i, v, 0.9, credit[v], Span(0, 4, "said") if v != "missing" else None)
        for i, v in zip("abc", (a, b, c), strict=True)
    )
    return Grade("one", "en", 50.0, 40.0, 60.0, "weak", points, **more)  # type: ignore[arg-type]


NOTHING = grade("missing", "missing", "missing")
ALL = Grade("one", "en", 100.0, 95.0, 100.0, "strong", grade("covered", "covered", "covered").points)


def begun() -> State:
    state, lines = advance(first_state(Setup(language="en"), ("one", "two")), Event("started"), ITEMS)
    assert [line.act for line in lines] == ["greet", "ask"]
    return state


def play(state: State, *events: Event) -> tuple[State, list[str]]:
    said: list[str] = []
    for event in events:
        state, lines = advance(state, event, ITEMS)
        said += [f"{line.act}:{line.point_id or line.item_id}" for line in lines]
    return state, said


def answer(text: str, graded: Grade) -> tuple[Event, Event]:
    return Event("answered", text), Event("graded", grade=graded)


def test_an_answer_is_kept_before_it_is_graded() -> None:
    state, said = play(begun(), Event("answered", "my words"))
    assert state.phase == "grading"
    assert state.exchange.answers == ("my words",)
    assert state.exchange.grade is None
    assert said == []


def test_a_full_answer_leads_to_the_next_question() -> None:
    state, said = play(begun(), *answer("x", ALL))
    assert said == ["acknowledge:one", "ask:two"]
    assert state.number == 2
    assert state.phase == "answering"


def test_the_heaviest_missing_point_is_probed_first_and_never_twice() -> None:
    _, said = play(begun(), *answer("x", NOTHING), *answer("y", NOTHING), *answer("z", NOTHING))
    assert said[:2] == ["probe:b", "probe:c"]  # weights: a 1, b 3, c 2
    assert len([s for s in said if s.startswith("probe")]) == MAX_PROBES


def test_a_contradicted_point_comes_before_a_heavier_missing_one() -> None:
    _, said = play(begun(), *answer("x", grade("contradicted", "missing", "covered")))
    assert said == ["probe:a"]


def test_a_contradiction_is_probed_with_the_candidates_own_words() -> None:
    state = begun()
    state, _ = advance(state, Event("answered", "x"), ITEMS)
    _, lines = advance(state, Event("graded", grade=grade("contradicted", "covered", "covered")), ITEMS)
    assert lines[0].quote == "said"


@pytest.mark.parametrize("words", ["不知道", "I don't know", "no idea"])
def test_not_knowing_is_not_probed(words: str) -> None:
    zero = Grade("one", "en", 0.0, 0.0, 0.0, "poor", NOTHING.points, flags=("dont_know",))
    _, said = play(begun(), *answer(words, zero))
    assert said == ["acknowledge:one", "ask:two"]


def test_a_follow_up_that_cannot_be_answered_ends_the_question() -> None:
    _, said = play(begun(), *answer("x", NOTHING), *answer("I don't know", NOTHING))
    assert said == ["probe:b", "acknowledge:one", "ask:two"]


def test_points_said_after_help_are_marked_with_it() -> None:
    # First answer: a. After the probe on b: b too. Then a hint on c, then c.
    state, _ = play(begun(), Event("answered", "x"))
    first = with_help(state, grade("covered", "missing", "missing"))
    assert {p.helped_by for p in first.points} == {"none"}
    state, said = play(state, Event("graded", grade=first))
    assert said == ["probe:b"]
    state, _ = play(state, Event("answered", "y"))
    second = with_help(state, grade("covered", "covered", "missing"))
    assert {p.point_id: p.helped_by for p in second.points} == {"a": "none", "b": "probe", "c": "none"}
    state, _ = play(state, Event("graded", grade=second), Event("hint"), Event("answered", "z"))
    third = with_help(state, grade("covered", "covered", "covered"))
    assert {p.point_id: p.helped_by for p in third.points} == {"a": "none", "b": "probe", "c": "hint"}


def test_hints_go_to_open_points_by_weight_and_run_out() -> None:
    state, said = play(begun(), Event("hint"), Event("hint"), Event("hint"), Event("hint"))
    assert said == ["hint:b", "hint:c", "hint:a", "no_hint:one"]
    assert state.exchange.hinted


def test_a_hint_during_a_follow_up_is_about_its_point() -> None:
    _, said = play(begun(), *answer("x", grade("contradicted", "missing", "missing")), Event("hint"))
    assert said == ["probe:a", "hint:a"]


def test_repeat_says_the_question_or_the_follow_up_again() -> None:
    state, said = play(begun(), Event("repeat"))
    assert said == ["repeat:one"]
    _, said = play(state, *answer("x", NOTHING), Event("repeat"))
    assert said == ["probe:b", "repeat:b"]


def test_skip_moves_on_and_is_remembered() -> None:
    state, said = play(begun(), Event("skip"))
    assert said == ["skip:", "ask:two"]
    assert state.exchanges[0].skipped


def test_skipping_a_follow_up_keeps_the_answer() -> None:
    state, _ = play(begun(), *answer("x", NOTHING), Event("skip"))
    assert not state.exchanges[0].skipped
    assert state.exchanges[0].answers == ("x",)


def test_the_last_question_closes() -> None:
    state, said = play(begun(), Event("skip"), *answer("x", ALL))
    assert said[-2:] == ["acknowledge:one", "close:"] or said[-2:] == ["acknowledge:two", "close:"]
    assert state.phase == "done"


def test_stop_drops_the_question_that_was_not_touched() -> None:
    state, said = play(begun(), *answer("x", ALL), Event("stop"))
    assert said[-1] == "close:"
    assert [e.item_id for e in state.exchanges] == ["one"]


def test_nothing_happens_after_the_end() -> None:
    state, _ = play(begun(), Event("stop"))
    with pytest.raises(InputError, match="finished"):
        advance(state, Event("answered", "more"), ITEMS)


def test_no_second_answer_while_one_is_graded() -> None:
    state, _ = play(begun(), Event("answered", "x"))
    for kind in ("answered", "skip", "hint", "repeat"):
        with pytest.raises(InputError, match="being graded"):
            advance(state, Event(kind), ITEMS)  # type: ignore[arg-type]


def test_an_interview_whose_answer_cannot_be_graded_can_be_ended() -> None:
    state, said = play(begun(), Event("answered", "x"), Event("stop"))
    assert state.phase == "done"
    assert said == ["close:"]
    assert state.exchanges[0].answers == ("x",)
    assert state.exchanges[0].grade is None


def test_a_grade_out_of_nowhere_is_refused() -> None:
    with pytest.raises(InputError):
        advance(begun(), Event("graded", grade=ALL), ITEMS)


def test_an_unscored_answer_moves_on() -> None:
    unscored = Grade("one", "en", None, None, None, "unscored", reason="no key points")
    state, said = play(begun(), *answer("x", unscored))
    assert said == ["acknowledge:one", "ask:two"]
    assert state.exchanges[0].grade == unscored


MOVES = st.lists(st.sampled_from(["answer-nothing", "answer-all", "hint", "skip", "repeat", "stop"]), max_size=40)


@given(MOVES)
def test_any_sequence_of_moves_ends_or_goes_on_and_never_sticks(moves: list[str]) -> None:
    """At every point the machine is waiting for the candidate or done; probes stay within their limit."""
    state = begun()
    probes: dict[str, int] = {}
    for move in moves:
        if state.phase == "done":
            break
        graded = NOTHING if move == "answer-nothing" else ALL
        events = answer("words", graded) if move.startswith("answer") else (Event(move),)  # type: ignore[arg-type]
        for event in events:
            state, lines = advance(state, event, ITEMS)
            for line in lines:
                if line.act == "probe":
                    probes[line.item_id] = probes.get(line.item_id, 0) + 1
        assert state.phase in ("answering", "done")
    assert all(count <= MAX_PROBES for count in probes.values())
    assert len(state.exchanges) <= len(state.plan)
