"""The interview as a pure state machine: state + event → state + what to say. Nothing here touches the world.

    started ─► answering ──answered──► grading ──graded──► answering … ─► done
                  │  hint, repeat: stay          (next: a follow-up, or the next question)
                  └─ skip, stop

An interview *is* its list of events: whoever stores them can fold them again and stands where it stopped. An answer
is an event before its grade is one, so nothing a candidate said is lost if grading fails.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from interviewer.errors import InputError
from interviewer.grading import admits_not_knowing
from interviewer.interview.plan import Setup
from interviewer.interview.voice import Line
from interviewer.schema import Exchange, Grade, Help, Item, PointResult

MAX_PROBES = 2
"""Follow-ups per question."""
GOOD_ENOUGH = 92.0
"""Score from which an answer needs no follow-up."""

EventKind = Literal["started", "answered", "graded", "hint", "skip", "repeat", "stop"]
Phase = Literal["answering", "grading", "done"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened."""

    kind: EventKind
    text: str = ""
    """The candidate's words, for "answered"."""
    grade: Grade | None = None
    """For "graded": of all answers to the question together, with help already counted (`with_help`)."""


@dataclass(frozen=True, slots=True)
class State:
    """Where an interview stands."""

    setup: Setup
    plan: tuple[str, ...]
    phase: Phase = "answering"
    exchanges: tuple[Exchange, ...] = ()
    """One per question that was reached; the last one is the present one."""
    probed: tuple[str, ...] = ()
    """Key points followed up in the present question, in order."""
    hinted: tuple[str, ...] = ()
    """Key points hinted at in the present question."""

    @property
    def exchange(self) -> Exchange:
        """The present question's."""
        return self.exchanges[-1]

    @property
    def number(self) -> int:
        """1-based number of the present question."""
        return len(self.exchanges)


Step = tuple[State, tuple[Line, ...]]


def first_state(setup: Setup, plan: tuple[str, ...]) -> State:
    """Before anything happened; the first event is "started"."""
    return State(setup, plan)


def advance(state: State, event: Event, items: Mapping[str, Item]) -> Step:
    """Apply one event.

    Raises:
        InputError: the event cannot happen in this phase (an answer to a finished interview, say).
    """
    _refuse_if_impossible(state, event)
    match event.kind:
        case "started":
            state, lines = _next_question(state)
            return state, (Line("greet"), *lines)
        case "answered":
            exchange = replace(state.exchange, answers=(*state.exchange.answers, event.text))
            return replace(_with(state, exchange), phase="grading"), ()
        case "graded":
            assert event.grade is not None
            return _after_grade(state, event.grade, items)
        case "hint":
            return _hint(state, items[state.exchange.item_id])
        case "skip":
            exchange = replace(state.exchange, skipped=not state.exchange.answers)
            state, lines = _next_question(_with(state, exchange))
            return state, (Line("skip"), *lines)
        case "repeat":
            point = state.probed[-1] if state.probed else ""
            return state, (Line("repeat", state.exchange.item_id, point, number=state.number),)
        case "stop":
            return replace(_without_untouched(state), phase="done"), (Line("close"),)


def _refuse_if_impossible(state: State, event: Event) -> None:
    if state.phase == "done":
        raise InputError("this interview is finished; start a new one")
    grading = state.phase == "grading"
    # An interview whose answer cannot be graded (a broken model, say) can still be ended.
    if (event.kind == "graded" and not grading) or (grading and event.kind not in ("graded", "stop")):
        raise InputError("the last answer is still being graded; try again in a moment")
    if (event.kind == "started") == bool(state.exchanges):
        raise InputError("this interview is started already" if state.exchanges else "it has not been started")


def _with(state: State, exchange: Exchange) -> State:
    return replace(state, exchanges=(*state.exchanges[:-1], exchange))


def _without_untouched(state: State) -> State:
    """A question that was asked but neither answered nor skipped is no part of the result."""
    if state.exchange.answers or state.exchange.skipped:
        return state
    return replace(state, exchanges=state.exchanges[:-1])


def _next_question(state: State) -> Step:
    done = len(state.exchanges)
    if done >= len(state.plan):
        return replace(state, phase="done"), (Line("close"),)
    item_id = state.plan[done]
    state = replace(state, phase="answering", exchanges=(*state.exchanges, Exchange(item_id)), probed=(), hinted=())
    return state, (Line("ask", item_id, number=done + 1),)


def _after_grade(state: State, grade: Grade, items: Mapping[str, Item]) -> Step:
    item = items[state.exchange.item_id]
    state = replace(_with(state, replace(state.exchange, grade=grade)), phase="answering")
    target = _follow_up(state, item, grade)
    quoted = next((p.evidence.text for p in grade.points if p.verdict == "covered" and p.evidence), "")
    if target is not None:
        contradicted = target.verdict == "contradicted" and target.evidence is not None
        line = Line(
            "probe", item.id, target.point_id, quote=target.evidence.text if contradicted and target.evidence else ""
        )
        return replace(state, probed=(*state.probed, target.point_id)), (line,)
    after, lines = _next_question(state)
    return after, (Line("acknowledge", item.id, quote=quoted if not state.probed else ""), *lines)


def with_help(state: State, grade: Grade) -> Grade:
    """A new grade of the present question, each point marked with the help it took: none if it was there before."""
    before = state.exchange.grade
    earlier = {p.point_id: p for p in before.points} if before else {}
    marked = []
    for point in grade.points:
        old = earlier.get(point.point_id)
        help_: Help = "none"
        if old is not None and old.verdict in ("covered", "partial"):
            help_ = old.helped_by
        elif point.point_id in state.hinted:
            help_ = "hint"
        elif point.point_id in state.probed:
            help_ = "probe"
        marked.append(replace(point, helped_by=help_))
    return replace(grade, points=tuple(marked))


def open_points(item: Item, grade: Grade | None) -> list[PointResult]:
    """Points not yet covered, contradicted ones first, then by weight."""
    if grade is None:
        return [PointResult(p.id, "missing", 1.0, 0.0) for p in sorted(item.key_points, key=lambda p: -p.weight)]
    left = [p for p in grade.points if p.verdict != "covered"]
    return sorted(left, key=lambda p: (p.verdict != "contradicted", -item.point(p.point_id).weight))


def _follow_up(state: State, item: Item, grade: Grade) -> PointResult | None:
    """The point to ask about next, or None: enough asked, good enough, or the candidate clearly cannot."""
    last = state.exchange.answers[-1] if state.exchange.answers else ""
    if (
        len(state.probed) >= MAX_PROBES
        or grade.score is None
        or grade.score >= GOOD_ENOUGH
        or "dont_know" in grade.flags
        or admits_not_knowing(last)
    ):
        return None
    language = state.setup.language
    for point in open_points(item, grade):
        if point.point_id not in state.probed and item.point(point.point_id).probe.get(language):
            return point
    return None


def _hint(state: State, item: Item) -> Step:
    language = state.setup.language
    pending = [state.probed[-1]] if state.probed else []
    wanted = pending + [p.point_id for p in open_points(item, state.exchange.grade)]
    for point_id in wanted:
        if point_id not in state.hinted and item.point(point_id).hint.get(language):
            state = replace(_with(state, replace(state.exchange, hinted=True)), hinted=(*state.hinted, point_id))
            return state, (Line("hint", item.id, point_id),)
    return state, (Line("no_hint", item.id),)
