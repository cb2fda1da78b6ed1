"""The review queue: intervals as FSRS gives them, days as the calendar has them, nothing from the clock."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from interviewer.review import FORECAST_DAYS, queue, rating
from interviewer.schema import Review

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


def after(days: float = 0.0, score: float = 90.0, item: str = "q") -> Review:
    return Review(item, (NOON + timedelta(days)).isoformat(timespec="milliseconds"), score)


@pytest.mark.parametrize(
    ("score", "name"),
    [
        (0, "Again"),
        (29.9, "Again"),
        (30, "Hard"),
        (59.9, "Hard"),
        (60, "Good"),
        (79.9, "Good"),
        (80, "Easy"),
        (100, "Easy"),
    ],
)
def test_a_band_of_scores_is_a_rating(score, name):
    assert rating(score).name == name


@pytest.mark.parametrize(("score", "days"), [(10.0, 1), (50.0, 1), (70.0, 2), (90.0, 8)])
def test_the_first_interval_is_the_stability_that_fsrs_starts_with(score, days):
    # FSRS-6's first four parameters are the first stabilities: 0.212, 1.2931, 2.3065, 8.2956 days. At a retention of
    # 0.9 the interval is the stability, rounded, and at least a day.
    (card,) = queue([after(0, score)], NOON).cards
    assert card.due - NOON == timedelta(days)
    assert (card.last, card.score, card.reviews) == (NOON, score, 1)


def test_success_lengthens_the_interval_and_failure_shortens_it():
    def interval(*reviews: Review) -> timedelta:
        (card,) = queue(reviews, NOON).cards
        return card.due - card.last

    first = interval(after(0, 70))
    assert interval(after(0, 70), after(2, 70)) > first
    assert interval(after(0, 70), after(2, 70), after(10, 5)) <= first


def test_reviews_may_come_in_any_order():
    reviews = [after(0, 70), after(2, 40), after(4, 95), after(1, 10, "r")]
    assert queue(reviews, NOON) == queue(reviews[::-1], NOON)


def test_due_is_what_falls_before_the_end_of_the_day_most_overdue_first():
    reviews = [after(0, 10, "tomorrow"), after(-1, 10, "today"), after(-5, 10, "overdue"), after(0, 90, "next week")]
    found = queue(reviews, NOON)
    assert [c.item_id for c in found.due] == ["overdue", "today"]
    assert [c.item_id for c in found.cards] == ["overdue", "today", "tomorrow", "next week"]


def test_the_forecast_counts_each_day_and_what_is_overdue_today():
    reviews = [after(0, 10, "tomorrow"), after(-1, 10, "today"), after(-5, 10, "overdue"), after(0, 90, "in 8 days")]
    forecast = queue(reviews, NOON).forecast
    assert [day for day, _ in forecast] == [date(2026, 11, 3) + timedelta(n) for n in range(FORECAST_DAYS)]
    assert [count for _, count in forecast] == [2, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]


def test_a_day_ends_where_the_reader_lives():
    # 20:00 UTC is 04:00 of the next day in Shanghai: due tomorrow there, too, but that is another date.
    shanghai = timezone(timedelta(hours=8))
    evening = NOON.replace(hour=20)
    review = Review("q", evening.isoformat(), 10.0)
    assert not queue([review], evening).due
    assert queue([review], (evening + timedelta(days=1, hours=-9)).astimezone(shanghai)).forecast[0][1] == 0
    assert queue([review], (evening + timedelta(hours=20)).astimezone(shanghai)).due  # 00:00 of the due day there
    assert not queue([review], evening + timedelta(hours=3)).due


@pytest.mark.parametrize(
    ("days", "streak"),
    [([], 0), ([0], 1), ([0, -1, -2], 3), ([-1, -2], 2), ([-2, -3], 0), ([0, -2], 1), ([0, 0, -1], 2)],
)
def test_a_streak_is_days_in_a_row_up_to_today_or_yesterday(days, streak):
    assert queue([after(d) for d in days], NOON).streak == streak


def test_nothing_answered_is_an_empty_queue():
    found = queue([], NOON, days=3)
    assert (found.cards, found.due, found.streak) == ((), (), 0)
    assert [count for _, count in found.forecast] == [0, 0, 0]
