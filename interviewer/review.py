"""When to answer a question again: the spaced repetition of FSRS (Ye, Su and Cao, KDD 2022) over graded answers.

What is kept is the reviews, each a score with its time; how they are scheduled is worked out from them anew whenever
somebody asks, so a better scheduler needs no conversion of what is stored. Nothing here looks at a clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from interviewer.schema import Review

if TYPE_CHECKING:
    from fsrs import Card, Rating, Scheduler

RETENTION = 0.9
"""Chance of still knowing it at which a question comes up again."""
FORECAST_DAYS = 14


@dataclass(frozen=True, slots=True)
class Scheduled:
    """One question in the queue."""

    item_id: str
    due: datetime
    """When the chance of still knowing it falls to `RETENTION`."""
    last: datetime
    score: float
    """Of the last answer, 0–100."""
    reviews: int
    """How often it was answered."""


@dataclass(frozen=True, slots=True)
class Queue:
    """The whole queue at one moment."""

    cards: tuple[Scheduled, ...]
    """Every question that was ever answered, the next one due first."""
    due: tuple[Scheduled, ...]
    """Those due by the end of the day."""
    forecast: tuple[tuple[date, int], ...]
    """How many fall due on each day from today on; what is overdue counts today."""
    streak: int
    """Days in a row with an answer, up to today or, if today has none yet, to yesterday."""


def queue(reviews: Sequence[Review], now: datetime, days: int = FORECAST_DAYS) -> Queue:
    """The queue as it stands.

    Args:
        reviews: in any order.
        now: aware; its time zone says where a day ends.
        days: how far the forecast goes.
    """
    cards = tuple(sorted(_cards(reviews), key=lambda c: (c.due, c.item_id)))
    today = now.date()
    on = Counter(max(today, c.due.astimezone(now.tzinfo).date()) for c in cards)
    return Queue(
        cards,
        tuple(c for c in cards if c.due.astimezone(now.tzinfo).date() <= today),
        tuple((day, on[day]) for day in (today + timedelta(n) for n in range(days))),
        _streak({_moment(r).astimezone(now.tzinfo).date() for r in reviews}, today),
    )


def rating(score: float) -> Rating:
    """What FSRS calls an answer of that score: its four ratings are our four bands (poor, weak, adequate, strong)."""
    from fsrs import Rating

    return Rating.Again if score < 30 else Rating.Hard if score < 60 else Rating.Good if score < 80 else Rating.Easy


def _cards(reviews: Iterable[Review]) -> list[Scheduled]:
    by_item: dict[str, list[Review]] = {}
    for review in sorted(reviews, key=_moment):
        by_item.setdefault(review.item_id, []).append(review)
    return [_scheduled(item_id, found) for item_id, found in by_item.items()]


def _scheduled(item_id: str, reviews: Sequence[Review]) -> Scheduled:
    from fsrs import Card

    # An id of its own and a due date, or the card would make them from the clock.
    card: Card = Card(card_id=0, due=_moment(reviews[0]))
    for review in reviews:
        card, _ = _scheduler().review_card(card, rating(review.score), review_datetime=_moment(review))
    return Scheduled(item_id, card.due, _moment(reviews[-1]), reviews[-1].score, len(reviews))


@lru_cache(maxsize=1)
def _scheduler() -> Scheduler:
    from fsrs import Scheduler

    # Steps of minutes are for flash cards: here the first interval is days. No fuzz: the same reviews, the same queue.
    return Scheduler(desired_retention=RETENTION, learning_steps=(), relearning_steps=(), enable_fuzzing=False)


def _moment(review: Review) -> datetime:
    return datetime.fromisoformat(review.at).astimezone(UTC)


def _streak(days: set[date], today: date) -> int:
    last = today if today in days else today - timedelta(1)
    count = 0
    while last - timedelta(count) in days:
        count += 1
    return count
