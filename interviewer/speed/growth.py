"""How time grows from n to ten times n, as an exponent: 1 is linear."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

from interviewer.batch import grade_table, write_table
from interviewer.engine import Engine
from interviewer.grading import vocabulary_of
from interviewer.interview import Setup
from interviewer.retrieval.vectors import Vectors
from interviewer.schema import LANGUAGES
from interviewer.settings import load_settings
from interviewer.speed.answers import composed
from interviewer.speed.clock import ROUNDS, Figure, slope, spread, timed
from interviewer.speed.search import synthetic

_TIMES = 10
_LINEAR = 1.1
"""An exponent up to here is called linear: times scatter."""


def figures(make: Callable[[], Engine], answers: int, sessions: int) -> list[Figure]:
    """Exponents.

    Args:
        make: an engine that remembers nothing of another one's.
        answers: the smaller table of answers.
        sessions: the smaller number of stored interviews.
    """
    measured = {
        f"grading {answers} and {_TIMES * answers} answers": _answers(make, answers),
        "weighing the terms of 30 and 300 items": _items(make()),
        "searching 1,000 and 10,000 vectors": _vectors(),
        f"listing and opening interviews among {sessions} and {_TIMES * sessions}": _sessions(sessions),
        f"history and assessment of {sessions // 10} and {sessions} interviews": _history(sessions // 10),
    }
    return [
        Figure(f"growth: {what}", f"exponent {spread(found, 2)}", "≤ 1", median(found) <= _LINEAR)
        for what, found in measured.items()
    ]


def _answers(make: Callable[[], Engine], count: int) -> list[float]:
    engine = make()
    items = [item for item in engine.items.values() if item.key_points][:5]
    for item in items:
        for language in LANGUAGES:
            engine.grader.expect(item, language)
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(ROUNDS):
            times = []
            for n, seed in ((count, 1000 + turn), (_TIMES * count, 2000 + turn)):
                path = Path(folder) / f"{turn}-{n}.csv"
                rows = [{"item_id": item.id, "answer": text} for item, _, text in composed(items, n, seed)]
                write_table(path, rows, ["item_id", "answer"])
                times.append(timed(partial(grade_table, engine, path, path.with_suffix(".out.csv"))))
            found.append(slope(times[0], times[1], _TIMES))
    return found


def _items(engine: Engine) -> list[float]:
    items = list(engine.items.values())
    many = (items * (1 + 300 // len(items)))[:300]
    return [
        slope(timed(lambda: vocabulary_of(many[:30])), timed(lambda: vocabulary_of(many)), _TIMES)
        for _ in range(ROUNDS)
    ]


def _vectors() -> list[float]:
    rows, queries = synthetic(10_000, 200)
    small, large = Vectors.of(rows[:1000]), Vectors.of(rows)
    return [
        slope(
            timed(lambda: [small.search(q, 10) for q in queries]),
            timed(lambda: [large.search(q, 10) for q in queries]),
            _TIMES,
        )
        for _ in range(ROUNDS)
    ]


def _stored(engine: Engine, count: int) -> list[str]:
    """Interviews of one skipped question each."""
    asked = next(iter(engine.items))
    setup = Setup("en", items=(asked,), questions=1, voice="scripted")
    found = []
    for _ in range(count):
        view = engine.start(setup)
        found.append(engine.say(view.session_id, "/skip").session_id)
    return found


def _sessions(count: int) -> list[float]:
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(load_settings(data_dir=Path(folder), llm="off"), seed=1)
        try:
            ids = _stored(engine, count)

            def work() -> object:
                return [(engine.sessions(20), engine.view(i)) for i in ids[:20]]

            small = [timed(work) for _ in range(ROUNDS)]
            _stored(engine, (_TIMES - 1) * count)
            return [slope(a, timed(work), _TIMES) for a in small]
        finally:
            engine.store.close()


def _history(count: int) -> list[float]:
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(load_settings(data_dir=Path(folder), llm="off"), seed=1)
        try:
            _stored(engine, max(1, count))
            small = [timed(engine.history) for _ in range(ROUNDS)]
            _stored(engine, (_TIMES - 1) * max(1, count))
            return [slope(a, timed(engine.history), _TIMES) for a in small]
        finally:
            engine.store.close()
