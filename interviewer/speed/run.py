"""All that is measured, one family after the other."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from interviewer.engine import Engine
from interviewer.errors import InputError
from interviewer.settings import load_settings
from interviewer.speed import counts, grading, growth, reading, search, starting, turns
from interviewer.speed.clock import Figure

APP = Path("app.py")


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything is measured."""

    read: int
    """Answers that are encoded in each round."""
    rows: int
    """Rows of a table in each round."""
    turns: int
    crowd: int
    vectors: tuple[int, ...]
    texts: tuple[int, ...]
    grown: int
    """The smaller table of answers whose growth is looked at."""
    stored: int


FULL = Size(2_000, 64, 100, 200, (10_000, 100_000, 1_000_000), (10_000, 100_000), 20, 100)
QUICK = Size(40, 6, 10, 8, (10_000, 40_000), (5_000,), 1, 20)


def measure(size: Size) -> Iterator[Figure]:
    """The lines of the table, as they are found.

    Raises:
        InputError: this is no checkout of the project.
    """
    if not APP.is_file():
        raise InputError("app.py is missing here: speed is measured in a checkout of the project")
    with tempfile.TemporaryDirectory() as folder:
        engine = fresh(Path(folder), load_settings().data_dir / "index")
        with closing(engine.store):
            for family in _families(engine, size):
                yield from family()


def _families(engine: Engine, size: Size) -> Iterator[Callable[[], list[Figure]]]:
    items = [item for item in engine.items.values() if item.key_points]
    yield lambda: reading.figures(items, size.read)
    yield lambda: grading.figures(fresh, size.rows)
    yield lambda: counts.figures(counts.counts(), counts.read_baseline())
    yield lambda: search.at_scale(size.vectors)
    yield lambda: search.by_terms(items, size.texts)
    yield lambda: turns.figures(engine, size.turns, size.crowd)
    yield lambda: search.own(engine)
    yield lambda: starting.figures(engine.settings.data_dir / "index", APP, items[0])
    yield lambda: growth.figures(fresh, size.grown, size.stored)


def fresh(data: Path | None = None, index: Path | None = None) -> Engine:
    """An engine with models of its own, which remember nothing of another engine's.

    Args:
        data: its data folder; without one it must store nothing.
        index: a search index to begin with, if there is one.
    """
    from shutil import copytree

    from interviewer.retrieval.reader import load_reader

    if data and index and index.is_dir():
        copytree(index, data / "index")
    load_reader.cache_clear()
    engine = Engine(load_settings(data_dir=data, llm="off"), seed=1)
    _ = engine.grader
    return engine
