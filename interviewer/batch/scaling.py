"""What grading on Ray costs and how it grows with workers, measured; whether it gives the local engine's results."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from interviewer.batch.cluster import grade_on_ray
from interviewer.batch.run import grade_table
from interviewer.batch.shards import open_shards, read_shards
from interviewer.batch.tables import Row, read_table, write_table
from interviewer.engine import Engine
from interviewer.errors import InputError
from interviewer.grading import Grader
from interviewer.schema import Grade, Item, Language


@dataclass(frozen=True, slots=True)
class Run:
    """One run over the same answers."""

    workers: int
    answers: int
    seconds: float
    """From the command to the last file, the start of Ray and the loading of models included."""
    rate: float
    """Answers a second while all workers were at work."""
    cpu: float
    """Seconds of processor time of the workers for one answer, without what they loaded."""
    equal: int
    """Rows that are, to the last character, those of the local engine."""


class _Clocked:
    """A grader that notes in a file how much time its process has taken."""

    def __init__(self, grader: Grader, path: Path) -> None:
        self._inner, self._path = grader, path
        self._begun = time.time(), time.process_time()
        self._graded = 0

    @property
    def version(self) -> str:
        return self._inner.version

    def prepare(self, asked: Iterable[tuple[Item, str]]) -> None:
        self._inner.prepare(asked)

    def grade(self, item: Item, answer: str, language: Language | None = None) -> Grade:
        grade = self._inner.grade(item, answer, language)
        self._graded += 1
        wall, cpu = time.time() - self._begun[0], time.process_time() - self._begun[1]
        self._path.write_text(json.dumps([self._graded, wall, cpu]))
        return grade


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes engines whose graders note their time in `folder`, a file for each process."""

    make: Callable[[], Engine]
    folder: Path

    def __call__(self) -> Engine:
        engine = self.make()
        engine.__dict__["grader"] = _Clocked(engine.grader, self.folder / f"{os.getpid()}.json")
        return engine


def scale(make: Callable[[], Engine], rows: Sequence[Row], workers: Collection[int], folder: Path) -> list[Run]:
    """Grade the same rows here, then on Ray with each number of workers.

    Args:
        make: gives an engine.
        rows: with an answer each that occurs only once: equal ones are graded once, by each worker that meets one.
        workers: how many, run by run.
        folder: an empty one to work in.

    Raises:
        InputError: there are no rows.
    """
    if not rows:
        raise InputError("no answers to grade")
    write_table(folder / "in.parquet", rows, list(rows[0]))
    grade_table(make(), folder / "in.parquet", folder / "local.parquet")
    local = read_table(folder / "local.parquet")
    return [_run(make, local, count, folder) for count in workers]


def _run(make: Callable[[], Engine], local: Sequence[Row], workers: int, folder: Path) -> Run:
    notes, out = folder / f"notes-{workers}", folder / f"out-{workers}"
    notes.mkdir()
    begun = time.monotonic()
    grade_on_ray(_Maker(make, notes), str(folder / "in.parquet"), str(out), workers=workers)
    seconds = time.monotonic() - begun
    done = [json.loads(path.read_text()) for path in notes.glob("*.json")]
    found = list(read_shards(open_shards(str(out))))
    graded = sum(count for count, _, _ in done)
    return Run(
        workers,
        len(local),
        seconds,
        sum(count / wall for count, wall, _ in done),
        sum(cpu for _, _, cpu in done) / graded,
        sum(a == b for a, b in zip(found, local, strict=True)),
    )


def table(runs: Sequence[Run]) -> str:
    """The runs, a line each."""
    first = runs[0]
    lines = [
        "| workers | answers | whole run, s | answers a second at work | against the first line "
        "| processor seconds an answer | rows equal to the local engine's |",
        "|---:" * 7 + "|",
    ]
    lines += [
        f"| {run.workers} | {run.answers} | {run.seconds:.0f} | {run.rate:.2f} | {run.rate / first.rate:.2f} "
        f"| {run.cpu:.3f} | {run.equal} of {run.answers} |"
        for run in runs
    ]
    return "\n".join(lines)


def cost(cpu: float, price: float) -> str:
    """What a million different answers come to.

    Args:
        cpu: processor seconds of one.
        price: of a processor hour, dollars.
    """
    hours = 1e6 * cpu / 3600
    return (
        f"A million different answers: {hours:,.0f} processor hours; at ${price:g} an hour ${hours * price:,.2f}. "
        f"100 nodes of 16 processors would take {hours / 1600:.2f} h if nothing else bound them."
    )
