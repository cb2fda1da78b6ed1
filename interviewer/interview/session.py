"""The interview as a pure state machine: state + event → state + what to say. Nothing here touches the world.

    started ─► answering ──answered──► grading ──graded──► answering … ─► done
               │ ▲   │ hint, repeat, clarify, try_first: stay
               │ │   │ unclear: asks once whether a command was meant; then confirmed or denied
               │ │   └ skip, reveal: next question · go_back: the one before · stop: done
             pause resume (or any other message)
               ▼ │
              paused

An interview *is* its list of events: whoever stores them can fold them again and stands where it stopped. An answer
is an event before its grade is one, so nothing a candidate said is lost if grading fails. Where questions are chosen
one by one, the caller records each choice beside the event that led to it, and gives it back when folding (`Chooser`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

from interviewer.errors import InputError
from interviewer.grading import admits_not_knowing, feedback
from interviewer.interview.intents import Command, agreement, command_in, intent_of
from interviewer.interview.plan import Setup
from interviewer.interview.voice import Line
from interviewer.schema import Act, Exchange, Grade, Help, Item, PointResult, PointVerdict

MAX_PROBES = 2
"""Follow-ups per question."""
GOOD_ENOUGH = 92.0
"""Score from which an answer needs no follow-up."""
HOPELESS = 10.0
"""Score below which one follow-up without effect is the last."""
SURE_OF_GAP: Mapping[PointVerdict, float] = {"missing": 0.8, "contradicted": 0.9}
"""Confidence from which a gap is followed up: to ask for what was just said makes an interviewer a fool. In labelled
answers to questions that the grader was not fitted on, 95% of the gaps it is so sure to be missing are points not fully
said, and 83% of those it is so sure to be contradicted."""
AWAY = 1800.0
"""Seconds between two events after which the candidate was not there; such a gap takes none of the time."""

EventKind = Literal[
    "started", "answered", "graded", "hint", "skip", "repeat", "stop",
    "clarify", "unclear", "confirmed", "denied", "go_back", "pause", "resume", "reveal",
]  # fmt: skip
EVENT_KINDS: tuple[EventKind, ...] = get_args(EventKind)
Phase = Literal["answering", "grading", "paused", "done"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened."""

    kind: EventKind
    text: str = ""
    """The candidate's words."""
    grade: Grade | None = None
    """For "graded": of all answers to the question together, with help already counted (`with_help`)."""
    at: float = 0.0
    """Seconds since some fixed time; 0 where unknown."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What to ask next."""

    item_id: str = ""
    """Empty: nothing more."""
    end: Act | None = None
    """What to say about why nothing more is asked."""


@dataclass(frozen=True, slots=True)
class State:
    """Where an interview stands."""

    setup: Setup
    plan: tuple[str, ...]
    """Ids of the questions asked so far, and of those that are certain to come."""
    fixed: bool = False
    """Whether the plan is all there will be."""
    phase: Phase = "answering"
    exchanges: tuple[Exchange, ...] = ()
    """One per question that was reached; the last one is the present one."""
    unclear: tuple[Command, str] | None = None
    """A command that may have been meant, and the message, while the candidate is asked."""
    spent: float = 0.0
    """Seconds that the interview has taken, breaks left out."""
    spent_here: float = 0.0
    """Seconds of it since the present question was asked."""
    at: float = 0.0
    """Time of the last event."""

    @property
    def exchange(self) -> Exchange:
        """The present question's."""
        return self.exchanges[-1]

    @property
    def number(self) -> int:
        """1-based number of the present question."""
        return len(self.exchanges)

    @property
    def total(self) -> int:
        """How many questions there will be at most."""
        return len(self.plan) if self.fixed else self.setup.questions

    @property
    def probed(self) -> tuple[str, ...]:
        """Key points followed up in the present question, in order."""
        return self.exchange.probed if self.exchanges else ()

    @property
    def hinted(self) -> tuple[str, ...]:
        """Key points hinted at in the present question, in order."""
        return self.exchange.hints if self.exchanges else ()

    @property
    def attempted(self) -> bool:
        """Whether the present question has been answered at all."""
        return any(a.strip() and not admits_not_knowing(a) for a in self.exchange.answers)

    @property
    def time_is_up(self) -> bool:
        """Whether the time that was set is over; what is being answered may still be finished."""
        return 0 < self.setup.minutes * 60 <= self.spent


Chooser = Callable[[State], Choice]
Step = tuple[State, tuple[Line, ...]]


def nothing_more(_state: State) -> Choice:
    """The chooser of an interview whose plan is fixed."""
    return Choice()


def first_state(setup: Setup, plan: tuple[str, ...] = ()) -> State:
    """Before anything happened; the first event is "started". Without a plan, questions are chosen one by one."""
    return State(setup, plan, fixed=bool(plan))


def event_of(state: State, message: str, at: float = 0.0) -> Event:
    """What a candidate's message is at this point: an answer, unless it plainly is (or is agreed to be) a command."""
    if state.unclear is not None and (agreed := agreement(message)) is not None:
        return Event("confirmed" if agreed else "denied", message, at=at)
    match intent_of(message):
        case "answer" | "dont_know":
            doubtful = state.unclear is None and state.phase == "answering" and command_in(message) is not None
            return Event("unclear" if doubtful else "answered", message, at=at)
        case "resume" if state.phase != "paused":  # "continue" moves nothing that is not halted
            return Event("repeat", message, at=at)
        case command:
            return Event(command, message, at=at)


def advance(state: State, event: Event, items: Mapping[str, Item], choose: Chooser = nothing_more) -> Step:
    """Apply one event.

    Args:
        state: where the interview stands.
        event: what happened.
        items: every item that has been or may be asked.
        choose: asked for the next question once the plan is through; what it says is added to the plan.

    Raises:
        InputError: the event cannot happen in this phase (an answer to a finished interview, say).
    """
    _refuse_if_impossible(state, event)
    state = _ticked(state, event.at)
    if state.phase == "paused" and event.kind not in ("resume", "stop"):
        state = replace(state, phase="answering")  # whoever speaks again is back
    waiting, state = state.unclear, replace(state, unclear=None)
    match event.kind:
        case "started":
            state, lines = _next_question(state, items, choose)
            return state, (Line("greet"), *lines)
        case "answered":
            # What was unclear a moment ago, and was not said to be a command, is part of the answer.
            return _answered(state, f"{waiting[1]}\n{event.text}" if waiting else event.text), ()
        case "denied" if waiting:
            return _answered(state, waiting[1]), ()
        case "confirmed" if waiting:
            return _commanded(state, waiting[0], event.text, items, choose)
        case "unclear":
            meant = command_in(event.text) or "skip"
            return replace(state, unclear=(meant, event.text)), (Line("confirm", command=meant),)
        case "graded":
            assert event.grade is not None
            return _after_grade(state, event.grade, items, choose)
        case "confirmed" | "denied":
            return _answered(state, event.text), ()
        case command:
            return _commanded(state, command, event.text, items, choose)


def _commanded(state: State, command: Command, text: str, items: Mapping[str, Item], choose: Chooser) -> Step:
    point = state.probed[-1] if state.probed else ""
    again = Line("repeat", state.exchange.item_id, point, number=state.number)
    match command:
        case "hint":
            return _hint(state, items[state.exchange.item_id])
        case "skip":
            exchange = replace(state.exchange, skipped=not state.exchange.answers)
            state, lines = _next_question(_with(state, exchange), items, choose)
            return state, (Line("skip"), *lines)
        case "repeat":
            return state, (again,)
        case "clarify":
            return state, (Line("clarify", state.exchange.item_id, point, number=state.number, quote=text),)
        case "pause":
            return replace(state, phase="paused"), (Line("pause"),)
        case "resume":
            return replace(state, phase="answering"), (Line("resume"), again)
        case "go_back":
            return _back(state)
        case "reveal":
            return _reveal(state, items, choose)
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


def _ticked(state: State, at: float) -> State:
    if not at:
        return state
    gap = at - state.at if state.at and state.phase != "paused" else 0.0
    gap = gap if 0.0 < gap < AWAY else 0.0
    return replace(state, at=at, spent=state.spent + gap, spent_here=state.spent_here + gap)


def _with(state: State, exchange: Exchange) -> State:
    return replace(state, exchanges=(*state.exchanges[:-1], exchange))


def _answered(state: State, text: str) -> State:
    exchange = replace(state.exchange, answers=(*state.exchange.answers, text), skipped=False)
    return replace(_with(state, exchange), phase="grading")


def _without_untouched(state: State) -> State:
    """A question that was asked but neither answered nor skipped is no part of the result."""
    if state.exchange.answers or state.exchange.skipped:
        return state
    return replace(state, exchanges=state.exchanges[:-1])


def _next_question(state: State, items: Mapping[str, Item], choose: Chooser) -> Step:
    done = len(state.exchanges)
    if state.time_is_up:
        return replace(state, phase="done"), (Line("time_up"), Line("close"))
    if done >= len(state.plan):
        choice = Choice() if state.fixed else choose(state)
        if not choice.item_id:
            reason = (Line(choice.end),) if choice.end else ()
            return replace(state, phase="done"), (*reason, Line("close"))
        state = replace(state, plan=(*state.plan, choice.item_id))
    item_id = state.plan[done]
    state = replace(state, phase="answering", exchanges=(*state.exchanges, Exchange(item_id)), spent_here=0.0)
    return state, (_ask(state, item_id, items),)


def _ask(state: State, item_id: str, items: Mapping[str, Item]) -> Line:
    """The question; with why it is asked, where a job description or résumé calls for it."""
    brief = state.setup.brief
    item = items.get(item_id)  # a corpus may have lost it since
    if item and item.kind == "experience" and brief.project:
        return Line("ask", item_id, number=state.number, quote=brief.project, reason="project")
    cue = brief.cue(item_id)
    if cue is None:
        return Line("ask", item_id, number=state.number)
    return Line("ask", item_id, number=state.number, quote=cue.line, reason=cue.source)


def _back(state: State) -> Step:
    """To the question before, if the present one has not been touched and nothing was given away since."""
    present = state.exchange
    if state.setup.coached or state.number < 2 or present.answers or present.hinted:
        return state, (Line("no_way_back"),)
    state = replace(state, exchanges=state.exchanges[:-1], spent_here=0.0)
    return state, (Line("go_back", state.exchange.item_id, number=state.number),)


def _reveal(state: State, items: Mapping[str, Item], choose: Chooser) -> Step:
    """The model answer, which ends the question: only after an attempt, and in an interview only in the debrief."""
    item = items[state.exchange.item_id]
    if not state.attempted:
        return state, (Line("try_first", item.id),)
    if not state.setup.coached:
        return state, (Line("reveal_later", item.id),)
    after, lines = _next_question(state, items, choose)
    return after, (Line("reveal", item.id, text=item.answer.get(state.setup.language).strip()), *lines)


def _after_grade(state: State, grade: Grade, items: Mapping[str, Item], choose: Chooser) -> Step:
    item = items[state.exchange.item_id]
    target = _follow_up(state, item, grade)
    state = replace(_with(state, replace(state.exchange, grade=grade)), phase="answering")
    quoted = next((p.evidence.text for p in grade.points if p.verdict == "covered" and p.evidence), "")
    if target is not None:
        contradicted = target.verdict == "contradicted" and target.evidence is not None
        line = Line(
            "probe", item.id, target.point_id, quote=target.evidence.text if contradicted and target.evidence else ""
        )
        return _with(state, replace(state.exchange, probed=(*state.probed, target.point_id))), (line,)
    after, lines = _next_question(state, items, choose)
    if state.setup.coached:
        return after, (Line("feedback", item.id, text=feedback(grade, item, state.setup.language)), *lines)
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
    """The heaviest contradicted or missing point, of equals the surest, or None: enough asked, good enough, or the
    candidate cannot."""
    if len(state.probed) >= MAX_PROBES or state.time_is_up or grade.score is None or grade.score >= GOOD_ENOUGH:
        return None
    if _cannot(state, grade):
        return None
    language = state.setup.language
    gaps = [
        point
        for point in grade.points
        if point.confidence >= SURE_OF_GAP.get(point.verdict, 2.0)
        and point.point_id not in state.probed
        and item.point(point.point_id).probe.get(language)
    ]
    return max(gaps, key=lambda p: (item.point(p.point_id).weight, p.confidence), default=None)


def _cannot(state: State, grade: Grade) -> bool:
    """The candidate says so, or a follow-up has changed nothing and there was next to nothing before it."""
    last = state.exchange.answers[-1] if state.exchange.answers else ""
    fruitless = bool(state.probed) and grade.score is not None and grade.score < HOPELESS
    return fruitless or "dont_know" in grade.flags or admits_not_knowing(last) or not last.strip()


def _hint(state: State, item: Item) -> Step:
    language = state.setup.language
    pending = [state.probed[-1]] if state.probed else []
    wanted = pending + [p.point_id for p in open_points(item, state.exchange.grade)]
    for point_id in wanted:
        if point_id not in state.hinted and item.point(point_id).hint.get(language):
            state = _with(state, replace(state.exchange, hinted=True, hints=(*state.hinted, point_id)))
            return state, (Line("hint", item.id, point_id),)
    return state, (Line("no_hint", item.id),)
