"""A turn of an interview, from the candidate's message to the next words, alone and with many interviews at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from interviewer.engine import Engine
from interviewer.interview import Setup
from interviewer.schema import LANGUAGES, Item
from interviewer.speed.answers import composed
from interviewer.speed.clock import Figure, percentile, timed

_QUESTIONS = 5


def figures(engine: Engine, turns: int, crowd: int) -> list[Figure]:
    """Latencies.

    Args:
        engine: with a database of its own.
        turns: how many are timed alone.
        crowd: how many interviews answer at the same moment.
    """
    items = [item for item in engine.items.values() if item.key_points][: max(_QUESTIONS, crowd // 10)]
    for item in items:
        for language in LANGUAGES:
            engine.grader.expect(item, language)
    alone = _alone(engine, items, turns)
    together = _together(engine, items, crowd)
    return [
        Figure(
            f"a warm turn, graded and the next question asked, {len(alone)} answers",
            f"p50 {percentile(alone, 50) * 1e3:,.0f} ms, p95 {percentile(alone, 95) * 1e3:,.0f} ms",
            "p50 ≤ 40 ms, p95 ≤ 120 ms",
            percentile(alone, 50) <= 0.04 and percentile(alone, 95) <= 0.12,
        ),
        Figure(
            f"… with {crowd} interviews answering at once",
            f"p50 {percentile(together, 50):,.1f} s, p95 {percentile(together, 95):,.1f} s",
            "p95 ≤ 1 s at 200",
            percentile(together, 95) <= 1.0,
        ),
    ]


def _alone(engine: Engine, items: Sequence[Item], turns: int) -> list[float]:
    found: list[float] = []
    answers = iter(composed(items, 10 * turns, seed=101))
    while len(found) < turns:
        view = engine.start(_setup(items))
        while not view.finished and len(found) < turns:
            _, _, text = next(answers)
            begun = time.perf_counter()
            view = engine.say(view.session_id, text)
            found.append(time.perf_counter() - begun)
    return found


def _together(engine: Engine, items: Sequence[Item], crowd: int) -> list[float]:
    """Seconds that each of many candidates waits who answer at the same moment."""
    sessions = [engine.start(_setup(items)).session_id for _ in range(crowd)]
    answers = [text for _, _, text in composed(items, crowd, seed=102)]
    found = [0.0] * crowd
    start = threading.Barrier(crowd)

    def one(n: int) -> None:
        start.wait()
        found[n] = timed(lambda: engine.say(sessions[n], answers[n]))

    threads = [threading.Thread(target=one, args=(n,)) for n in range(crowd)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def _setup(items: Sequence[Item]) -> Setup:
    asked = tuple(item.id for item in items[:_QUESTIONS])
    return Setup("en", items=asked, questions=len(asked), voice="scripted")
