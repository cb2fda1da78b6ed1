"""An interview as it lies in the database: its events, and the interview that they make when told again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from pydantic import TypeAdapter

from interviewer.interview import Choice, Chooser, Event, Setup, State, advance, first_state
from interviewer.schema import Grade, Item, Review, Turn

if TYPE_CHECKING:
    from interviewer.storage import SessionRow, StoredEvent

_CHOSEN = "chosen"  # in an event's payload: the question that was chosen upon it


@dataclass(frozen=True, slots=True)
class View:
    """An interview as it stands, for whoever shows it."""

    session_id: str
    state: State
    transcript: tuple[Turn, ...]
    said: tuple[Turn, ...] = ()
    """What the interviewer said upon the last step; the end of `transcript`."""

    @property
    def finished(self) -> bool:
        """Whether the interview is over."""
        return self.state.phase == "done"

    @property
    def waiting_for_grade(self) -> bool:
        """Whether an answer is stored but not graded yet; `proceed` grades it."""
        return self.state.phase == "grading"


def told_again(row: SessionRow, events: Sequence[StoredEvent], items: Mapping[str, Item]) -> View:
    """The interview that stored events make."""
    # Where questions were chosen one by one, the events hold the choices and the row only lists them.
    chosen = bool(events) and _CHOSEN in events[0].payload
    state = first_state(_setup(row.setup), () if chosen else row.plan)
    transcript: list[Turn] = []
    for stored in events:
        event = _event(stored)
        transcript += candidate_turn(state, event)
        state, _ = advance(state, event, items, _recorded(stored))
        transcript += [Turn(**turn) for turn in stored.said]
    return View(row.id, state, tuple(transcript))


def payload_of(event: Event, choice: Choice | None, corpus: str) -> dict[str, Any]:
    """What is stored of an event.

    Args:
        event: that happened.
        choice: the question that was chosen upon it.
        corpus: hash of the corpus that a grade rests on.
    """
    payload: dict[str, Any] = {"text": event.text, "grade": asdict(event.grade) if event.grade else None}
    payload["at"] = event.at
    if event.grade:
        payload["corpus"] = corpus
    if choice:
        payload[_CHOSEN] = asdict(choice)
    return payload


def candidate_turn(state: State, event: Event) -> list[Turn]:
    """What the candidate said with an event: one turn, or none."""
    if not event.text:
        return []
    return [Turn("candidate", event.text, None, state.exchange.item_id)]


def reviews_of(session_id: str, before: State, after: State, at: str) -> list[Review]:
    """The review that a step makes: of the question that it left behind, if that was graded or skipped."""
    from interviewer.report.debrief import counted

    place = len(before.exchanges) - 1
    left = len(after.exchanges) > len(before.exchanges) or after.phase == "done"
    if not left or not 0 <= place < len(after.exchanges):
        return []
    exchange = after.exchanges[place]
    score = counted(exchange)
    return [] if score is None else [Review(exchange.item_id, at, score, session_id)]


def _event(stored: StoredEvent) -> Event:
    grade = stored.payload.get("grade")
    return Event(
        stored.kind,  # type: ignore[arg-type]
        str(stored.payload.get("text", "")),
        _adapter(Grade).validate_python(grade) if grade else None,
        float(stored.payload.get("at", 0.0)),
    )


def _recorded(stored: StoredEvent) -> Chooser:
    """What was chosen when the event happened."""
    return lambda _state: Choice(**stored.payload.get(_CHOSEN, {}))


def _setup(values: dict[str, Any]) -> Setup:
    return cast(Setup, _adapter(Setup).validate_python(values))


@lru_cache(maxsize=2)
def _adapter(kind: type[Grade] | type[Setup]) -> TypeAdapter[Any]:
    """Making one takes longer than all that an interview's events are read with."""
    return TypeAdapter(kind)
