"""How long an interview has taken: the time between its events, long absences left out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from itertools import pairwise

from interviewer.storage import StoredEvent

_AWAY = 600.0
"""Seconds of silence that count at most: whoever comes back the next day has not been thinking since."""


def spent(events: Sequence[StoredEvent], now: datetime | None = None) -> float:
    """Seconds from the first event to the last one or, where the interview is still on, to `now`."""
    moments = [datetime.fromisoformat(event.at) for event in events] + ([now] if now else [])
    return sum(min(_AWAY, max(0.0, (b - a).total_seconds())) for a, b in pairwise(moments))


def clock(events: Sequence[StoredEvent], name: str, running: bool) -> str:
    """The time as HTML, which the page's script keeps going while the interview is on."""
    seconds = int(spent(events, datetime.now(UTC) if running else None))
    going = f" data-spent='{seconds}'" if running else ""
    # "timer" keeps screen readers from reading out every second.
    return f"<span class='clock' role='timer' aria-label='{escape(name)}'{going}>{shown(seconds)}</span>"


def shown(seconds: int) -> str:
    """Minutes and seconds, with hours where there are any.

    >>> shown(3725)
    '1:02:05'
    """
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
