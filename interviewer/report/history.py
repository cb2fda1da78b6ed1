"""Progress over interviews, as data: how each went, each topic over time, and what changed from one to another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from interviewer.report.debrief import counted
from interviewer.schema import Debrief, Item, Language, QuestionReview, Topic, TopicReview


@dataclass(frozen=True, slots=True)
class Sitting:
    """One interview in short."""

    session_id: str
    started_at: str
    """ISO 8601, UTC."""
    language: Language
    finished: bool
    score: float | None
    questions: int
    topics: tuple[TopicReview, ...]


@dataclass(frozen=True, slots=True)
class TopicProgress:
    """A topic over time."""

    topic: Topic
    scores: tuple[tuple[str, str, float], ...]
    """Time and id of the interview, and its mean score in the topic, oldest first."""


@dataclass(frozen=True, slots=True)
class TopicChange:
    """A topic's mean score before and after."""

    topic: Topic
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class ItemChange:
    """A question that was answered both times."""

    item: Item
    before: float
    after: float
    gained: tuple[str, ...]
    """Ids of the key points that are covered now and were not."""
    lost: tuple[str, ...]
    """Ids of those that were covered and are not now."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed between earlier interviews and a later one. Only what both examined can be compared."""

    before: tuple[str, ...]
    """Ids of the earlier interviews."""
    after: str
    score_before: float | None
    """Of the latest of the earlier ones that has a score."""
    score_after: float | None
    topics: tuple[TopicChange, ...]
    items: tuple[ItemChange, ...]
    new: tuple[Item, ...]
    """Questions that the earlier ones did not ask."""


@dataclass(frozen=True, slots=True)
class History:
    """All interviews, oldest first."""

    sittings: tuple[Sitting, ...]
    topics: tuple[TopicProgress, ...]
    """In the order in which they were first examined."""
    latest: Comparison | None
    """What the last interview changed; None before the second."""
    unreadable: int
    """Interviews left out because the corpus no longer has one of their questions."""


def history(debriefs: Sequence[Debrief], unreadable: int = 0) -> History:
    """All interviews together.

    Args:
        debriefs: oldest first.
        unreadable: how many others there are that could not be read.
    """
    scores: dict[str, list[tuple[str, str, float]]] = {}
    known: dict[str, Topic] = {}
    for debrief in debriefs:
        for review in debrief.topics:
            known[review.topic.id] = review.topic
            scores.setdefault(review.topic.id, []).append((debrief.started_at, debrief.session_id, review.score))
    return History(
        tuple(sitting(d) for d in debriefs),
        tuple(TopicProgress(known[topic], tuple(found)) for topic, found in scores.items()),
        compare(debriefs[:-1], debriefs[-1]) if len(debriefs) > 1 else None,
        unreadable,
    )


def sitting(debrief: Debrief) -> Sitting:
    """An interview in short."""
    return Sitting(
        debrief.session_id,
        debrief.started_at,
        debrief.language,
        debrief.finished,
        debrief.score,
        len(debrief.questions),
        debrief.topics,
    )


def compare(before: Sequence[Debrief], after: Debrief) -> Comparison:
    """What a later interview changed; of several earlier ones the latest word on a topic or question counts.

    Args:
        before: at least one, oldest first.
        after: the later one.
    """
    topics = {t.topic.id: t.score for d in before for t in d.topics}
    items = latest(before)
    return Comparison(
        tuple(d.session_id for d in before),
        after.session_id,
        next((d.score for d in reversed(before) if d.score is not None), None),
        after.score,
        tuple(TopicChange(t.topic, topics[t.topic.id], t.score) for t in after.topics if t.topic.id in topics),
        tuple(c for q in after.questions if q.item.id in items and (c := _changed(items[q.item.id][0], q))),
        tuple(q.item for q in after.questions if q.item.id not in items),
    )


def latest(debriefs: Iterable[Debrief]) -> dict[str, tuple[QuestionReview, Debrief]]:
    """The latest scored answer to each question, with its interview; a skipped question counts as answered with 0."""
    return {q.item.id: (q, d) for d in debriefs for q in d.questions if counted(q.exchange) is not None}


def _changed(before: QuestionReview, after: QuestionReview) -> ItemChange | None:
    old, new = counted(before.exchange), counted(after.exchange)
    if old is None or new is None:
        return None
    had, has = covered(before), covered(after)
    points = [p.id for p in after.item.key_points]
    return ItemChange(
        after.item,
        old,
        new,
        tuple(p for p in points if p in has - had),
        tuple(p for p in points if p in had - has),
    )


def covered(review: QuestionReview) -> set[str]:
    """Ids of the key points that the answer covered."""
    return set(review.exchange.grade.ids("covered")) if review.exchange.grade else set()
