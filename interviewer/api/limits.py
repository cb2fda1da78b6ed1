"""How many requests somebody may make: a bucket of tokens each, filled at an even rate, in this process's memory."""

from __future__ import annotations

import threading
from collections import OrderedDict

_MOST = 10_000
"""Buckets kept; whoever was not seen for longest starts with a full one again."""


class RateLimit:
    """Lets each caller make `per_minute` requests a minute, and as many at once after a pause."""

    def __init__(self, per_minute: int) -> None:
        """Args:
        per_minute: 0 means no limit.
        """
        self._rate = per_minute / 60
        self._full = float(per_minute)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, caller: str, now: float) -> float:
        """Take a token; the seconds until there is one if there is none, else 0.

        Args:
            caller: whose bucket.
            now: seconds of a clock that never goes back.
        """
        if not self._rate:
            return 0.0
        with self._lock:
            tokens, at = self._buckets.pop(caller, (self._full, now))
            tokens = min(self._full, tokens + (now - at) * self._rate)
            granted = tokens >= 1
            self._buckets[caller] = (tokens - granted, now)
            while len(self._buckets) > _MOST:
                self._buckets.popitem(last=False)
        return 0.0 if granted else (1 - tokens) / self._rate
