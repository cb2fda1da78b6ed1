"""The same grading on Ray Data: a pool of workers over a table in many files, on this computer or on a cluster.

A worker is a process that has loaded the models and hands rows to the very `RowGrader` that the local engine uses. A
row's result depends on nothing but the row, so who grades it, and how often a lost worker's rows are graded again,
cannot be seen in the output.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from interviewer import errors
from interviewer.batch.cells import clean, harmless
from interviewer.batch.rows import RESULTS, RowGrader
from interviewer.batch.run import Progress, check_columns, output_names
from interviewer.batch.shards import (
    KINDS,
    Shards,
    check_empty,
    csv_options,
    errors_of,
    first_line,
    header,
    located,
    mark_complete,
    open_shards,
    rows_of,
)
from interviewer.engine import Engine
from interviewer.errors import InputError, InterviewerError, ModelUnavailable, TableError
from interviewer.schema import Item, Language

if TYPE_CHECKING:
    import pyarrow

AT_ONCE = 32
"""Answers whose texts are embedded together: few enough for a small table to occupy several workers."""
_MOST = 1_024
"""Rows that are lost with a worker, and graded again, at most. Rows of a table are small and grading them is slow: cut
by bytes, as Ray does by itself, ten million answers would be fewer pieces than a cluster has processors."""
_PIECES = 8  # of a table for each worker at least, so that none waits long for the last one
_ROWS_A_FILE = 8_192
_GRADES, _CARRIES = 0.45, 0.05
"""What a worker, and a task that reads or writes, is reckoned at in processors; Ray plans with it and enforces nothing.
The task that cuts a table into pieces counts as a whole one, and Ray lets nobody say otherwise: beside a worker on each
of two processors there must be room for it, and for one that reads and one that writes, or nothing would ever move."""
_FEWEST = 2
"""Processors that Ray must count on this computer for the same reason, had it only one."""

_OURS = re.compile(rf"^{re.escape(errors.__name__)}\.(\w+): (.+)$", re.MULTILINE)
"""An error of ours in the text of a traceback."""


@dataclass(frozen=True, slots=True)
class _Work:
    """What a worker is told."""

    make: Callable[[], Engine]
    version: str
    language: Language | None
    names: Mapping[str, str]
    rubric: tuple[Item, ...]
    read: str
    """Kind of the input's files; likewise `write`."""
    write: str
    columns: Mapping[str, str]
    """What each column of the input is called in the output."""


class _Worker:
    """Grades batches of a table."""

    def __init__(self, work: _Work) -> None:
        self._work = work
        self._grader: RowGrader | InterviewerError
        try:
            engine = work.make()
            if (found := _version(engine)) != work.version:
                raise ModelUnavailable(
                    f"a worker has other models or another corpus ({found}) than this computer ({work.version}); "
                    "install the same version everywhere, with the same files under the same paths"
                )
            self._grader = RowGrader(engine, work.language, work.names, work.rubric)
        except InterviewerError as error:  # one that dies while it starts is replaced; what is wrong here stays wrong
            self._grader = error

    def __call__(self, batch: pyarrow.Table) -> pyarrow.Table:
        import pyarrow

        if isinstance(self._grader, InterviewerError):
            raise self._grader
        kept = self._work.columns
        columns: dict[str, list[str]] = {name: [] for name in (*kept.values(), *RESULTS)}
        safe = harmless if self._work.write == ".csv" else str
        rows = list(rows_of(batch, self._work.read))
        for row, result in zip(rows, self._grader.grade(rows), strict=True):
            whole = {**{kept[c]: value for c, value in row.items()}, **{c: result[c] for c in RESULTS}}
            for name, cells in columns.items():
                cells.append(safe(clean(whole[name])))
        return pyarrow.table({name: pyarrow.array(cells, pyarrow.string()) for name, cells in columns.items()})


def grade_on_ray(
    make: Callable[[], Engine],
    source: str,
    target: str,
    language: Language | None = None,
    *,
    names: Mapping[str, str] | None = None,
    rubric: Collection[Item] = (),
    workers: int = 0,
    address: str = "",
) -> Progress:
    """Grade every row of a table in many files; the result is one, too, with the rows in the input's order.

    Args:
        make: gives an engine; called once in every worker. What its settings name must lie under the same path there.
        source: parquet or csv: a file, a folder, or the URL of either.
        target: a folder or a URL that does not exist yet. Its ending, .parquet or .csv, chooses the kind; without one
            it is the input's.
        language: the language asked for; default is each answer's own.
        names: the table's own name for any of the columns that are read.
        rubric: if there are any, rows are graded against these items only.
        workers: how many at a time; 0 means one for every processor.
        address: of a Ray cluster; "" means the one that the environment names (RAY_ADDRESS), else this computer.

    Raises:
        TableError: the table cannot be read or written, or lacks the columns.
        InputError: no cluster answers at the address, or Ray is not installed.
        ModelUnavailable: a worker has no models, or others than this computer.
    """
    if find_spec("ray") is None or find_spec("pyarrow") is None:
        raise InputError("--engine ray needs an extra: `pip install 'interviewer[ray]'`")
    kind = PurePosixPath(target).suffix.lower()
    if kind and kind not in KINDS:
        raise TableError(f"{target}: on Ray a folder of .parquet or .csv is written; end its name so, or with neither")
    check_empty(target)
    table = open_shards(source)
    if (located(target)[1] + "/").startswith(located(source)[1].rstrip("/") + "/"):
        raise InputError("the output would lie in the input; choose another place for -o")
    names = dict(names or {})
    check_columns(source, table.columns, names, rubric)
    engine = make()
    if names.get("question", "question") in table.columns and not rubric:
        _ = engine.index  # built once, here, and not by every worker on this computer
    work = _Work(
        make, _version(engine), language, names, tuple(rubric), table.kind, kind or table.kind,
        output_names(table.columns, RESULTS, names),
    )  # fmt: skip
    del engine  # a worker on this computer will need the memory
    with _ray(address), _said_in_a_line(source):
        _run(table, work, target, workers)
    written = open_shards(target)
    if written.rows != table.rows:
        raise TableError(f"{target} has {written.rows:,} rows instead of {table.rows:,}; delete it and grade again")
    mark_complete(target)
    return Progress(table.rows, table.rows, 0, errors_of(written))


def _version(engine: Engine) -> str:
    """All that a grade depends on beside the row."""
    return f"{engine.grader.version}/{engine.corpus.hash[:12]}"


def _run(table: Shards, work: _Work, target: str, workers: int) -> None:
    import ray.data

    workers = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))  # type: ignore[no-untyped-call]
    rows = min(_MOST, max(AT_ONCE, table.rows // (workers * _PIECES)))
    filesystem, place = located(target)
    given: dict[str, Any] = {"filesystem": table.filesystem, "partitioning": None, "num_cpus": _CARRIES}
    if table.kind == ".csv":
        dataset = ray.data.read_csv(list(table.files), **given, **_csv_arguments(table))
    else:
        dataset = ray.data.read_parquet(list(table.files), **given)
    graded = dataset.repartition(target_num_rows_per_block=rows).map_batches(
        _Worker,
        fn_constructor_args=(work,),
        batch_size=AT_ONCE,
        batch_format="pyarrow",
        zero_copy_batch=True,
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=workers, initial_size=workers),
        num_cpus=_GRADES,
    )
    write = graded.write_csv if work.write == ".csv" else graded.write_parquet
    write(place, filesystem=filesystem, min_rows_per_file=_ROWS_A_FILE, ray_remote_args={"num_cpus": _CARRIES})


def _csv_arguments(table: Shards) -> Mapping[str, Any]:
    from pyarrow import csv

    return {**csv_options(header(table.filesystem, table.files[0])), "read_options": csv.ReadOptions(use_threads=False)}


@contextmanager
def _ray(address: str) -> Iterator[None]:
    """Ray, with the order of rows kept. One that runs already is used, and goes on running."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing of ours reports to anybody
    import ray
    from ray.data import DataContext

    ours = not ray.is_initialized()
    if ours:
        address = address or os.environ.get("RAY_ADDRESS") or "local"
        started: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.WARNING}
        if address == "local":
            started["include_dashboard"] = False  # it would serve commands to whoever reaches its port
            started["num_cpus"] = max(_FEWEST, os.cpu_count() or 1)
        try:
            ray.init(address=address, **started)
        except Exception as error:  # a bare one where Ray comes up too slowly
            raise InputError(f"Ray cannot be used: {first_line(error)}") from None
    context = DataContext.get_current().copy()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = sys.stderr.isatty()
    # Ray's second reader of parquet looks files up in threads, in no certain order; in 2.60 these threads fail, now and
    # then, over the import of a library that is not there and that nobody needs.
    context.use_datasource_v2 = False
    try:
        with DataContext.current(context), _in_its_log():
            yield
    finally:
        if ours:
            ray.shutdown()


@contextmanager
def _in_its_log() -> Iterator[None]:
    """What Ray Data reports goes to its log alone: it shows every step, and for an error a page of its own code."""
    shown = [h for h in logging.getLogger("ray.data").handlers if isinstance(h, logging.StreamHandler)]
    before = [handler.level for handler in shown]
    for handler in shown:
        handler.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for handler, level in zip(shown, before, strict=True):
            handler.setLevel(level)


@contextmanager
def _said_in_a_line(source: str) -> Iterator[None]:
    """Errors of workers as the ones that they are.

    Only their text arrives: a traceback for each error of a chain, the first one first.
    """
    from ray.exceptions import RayError, RayTaskError

    try:
        yield
    except (RayError, OSError, ValueError) as error:
        text = str(error).strip() or type(error).__name__
        if ours := _OURS.search(text):
            raise getattr(errors, ours[1])(ours[2]) from None
        said = text.split("\n\n")[0].splitlines()[-1] if isinstance(error, RayTaskError) else first_line(error)
        raise TableError(f"{source} could not be graded on Ray: {said.strip()}") from None
