"""What a run of the grader over a table withstands and costs, measured: kills at any moment, a million rows.

Runs are children of this process, which has loaded the models once; needs an operating system that can fork.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from interviewer.batch.rows import AT_ONCE
from interviewer.batch.run import Progress, grade_table
from interviewer.batch.tables import Row, write_table
from interviewer.engine import Engine
from interviewer.errors import InputError

_FORMATS = (".csv", ".jsonl", ".xlsx", ".parquet")


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one run."""

    rows: int
    seconds: float
    memory: float
    """Largest resident memory, GiB; the models included."""
    cpu: float
    """Seconds of processor time."""

    def __str__(self) -> str:
        return (
            f"{self.rows:,} rows in {self.seconds:.0f} s ({self.rows / self.seconds:,.1f} a second; processor time "
            f"{self.cpu:.0f} s, {self.rows / self.cpu:,.1f} rows a second of it), peak memory {self.memory:.2f} GiB"
        )


def run_in_child(
    engine: Engine,
    source: Path,
    target: Path,
    kill_after: float | None = None,
    report: Callable[[Progress], None] = lambda _: None,
) -> Cost | None:
    """Grade a table in a child, which calls `report` after every row; None if it was killed before it was done."""
    from interviewer.batch.tables import open_table

    begun = time.monotonic()
    child = os.fork()
    if child == 0:
        try:
            grade_table(engine, source, target, None, report)
            os._exit(0)
        except BaseException:
            os._exit(2)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    _, status, used = os.wait4(child, 0)
    if os.WIFSIGNALED(status):
        return None
    if os.WEXITSTATUS(status):
        raise InputError(f"the run over {source} failed; grade it by `interviewer grade` to see why")
    rows = open_table(source).rows
    return Cost(rows, time.monotonic() - begun, used.ru_maxrss / 2**20, used.ru_utime + used.ru_stime)


def distinct(rows: Sequence[Row], folder: Path, engine: Engine) -> Cost:
    """What answers cost that are all different."""
    write_table(folder / "distinct.csv", rows, list(rows[0]))
    cost = run_in_child(engine, folder / "distinct.csv", folder / "distinct-graded.csv")
    assert cost
    return cost


def repeated(
    rows: Sequence[Row], count: int, folder: Path, engine: Engine, report: Callable[[Progress], None] = lambda _: None
) -> Cost:
    """What a long table costs whose answers repeat those of `rows`, each with another student."""

    def many() -> Iterator[Row]:
        chance = random.Random(0)
        for n in range(count):
            yield {"student": f"{n:07d}", **chance.choice(rows)}

    write_table(folder / "many.csv", many(), ["student", *rows[0]])
    cost = run_in_child(engine, folder / "many.csv", folder / "many-graded.csv", report=report)
    assert cost
    return cost


def kills(rows: Sequence[Row], count: int, folder: Path, engine: Engine, seed: int = 0) -> tuple[int, int]:
    """Kill runs `count` times at random moments, each going on where the last one was stopped.

    Returns:
        How many outputs were finished meanwhile, and how many of them were byte for byte what an undisturbed run gives.
    """
    chance = random.Random(seed)
    wholes: dict[str, bytes] = {}
    seconds = 0.0
    for ending in _FORMATS:
        write_table(folder / f"in{ending}", rows, list(rows[0]))
        cost = run_in_child(engine, folder / f"in{ending}", folder / f"whole{ending}")
        assert cost
        wholes[ending] = (folder / f"whole{ending}").read_bytes()
        seconds = max(seconds, cost.seconds)
    killed = finished = equal = 0
    pending = False
    while killed < count or finished < len(_FORMATS) or pending:
        ending = _FORMATS[finished % len(_FORMATS)]
        target = folder / f"out{ending}"
        moment = chance.uniform(0, seconds / 2) if killed < count else None
        if run_in_child(engine, folder / f"in{ending}", target, moment) is None:
            killed += 1
            pending = True
            continue
        finished += 1
        pending = False
        equal += target.read_bytes() == wholes[ending] and not target.with_name(target.name + ".partial").exists()
        target.unlink()
    return finished, equal


def same_in_any_company(engine: Engine, texts: Sequence[str]) -> tuple[int, int]:
    """How many texts there are, and how many have the same vector, to the last bit, alone and `AT_ONCE` at a time."""
    from interviewer.retrieval import load_encoder

    unique = list(dict.fromkeys(texts))
    fresh = load_encoder(engine.settings.encoder)  # remembers none of them
    joint = np.concatenate([engine.encoder.encode(unique[n : n + AT_ONCE]) for n in range(0, len(unique), AT_ONCE)])
    single = np.stack([fresh.encode([text])[0] for text in unique])
    return len(unique), int((single == joint).all(axis=1).sum())
