"""`interviewer grade` on a table: what is read, what is written, and what is said meanwhile."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from interviewer.errors import InputError, TableError
from interviewer.schema import Item, Language

if TYPE_CHECKING:
    from interviewer.batch import Progress
    from interviewer.batch.marks import Calibration
    from interviewer.batch.run import Graded
    from interviewer.engine import Engine
    from interviewer.evaluation.agreement import Agreement

PIPE = Path("-")
COLUMNS = ("answer", "item_id", "question", "reference", "human", "student")
_SAY_EVERY = 60.0  # seconds, where nobody watches a bar


@dataclass(frozen=True, slots=True)
class TableOptions:
    """Everything that was asked for."""

    answers: Path
    output: Path
    columns: Mapping[str, str]
    language: Language | None
    corpus: Path | None
    rubric: Path | None
    review: Path | None
    suggest: int | None
    calibrate: Path | None
    full_marks: float | None
    reports: Sequence[Path]


def columns_of(given: Sequence[str]) -> dict[str, str]:
    """`answer=Response` and the like as a mapping.

    Raises:
        InputError: one is not of that form, or its left side is nothing that a row holds.
    """
    found = {}
    for entry in given:
        wanted, sign, own = entry.partition("=")
        if not sign or wanted.strip() not in COLUMNS or not own.strip():
            raise InputError(f"--column {entry!r}: write OURS=YOURS, with one of {', '.join(COLUMNS)} on the left")
        found[wanted.strip()] = own.strip()
    return found


def grade_a_table(options: TableOptions) -> None:
    """Grade, write everything that was asked for, and say how it went; exit code 1 if some rows failed."""
    from interviewer.batch import grade_table
    from interviewer.corpus import load_corpus
    from interviewer.engine import Engine
    from interviewer.settings import load_settings

    _check(options)
    rubric: tuple[Item, ...] = ()
    if options.rubric:
        rubric = tuple(load_corpus(options.rubric).items.values())
    engine = Engine(load_settings(corpus=options.rubric or options.corpus))
    calibration = _calibration(engine, options, rubric) if options.calibrate else None
    names = options.columns
    with _places(options, engine.settings.data_dir / "grading") as (source, target), _bar() as show:
        human = _marks_column(source, options)
        try:
            done = grade_table(
                engine, source, target, options.language, show,
                names=names, rubric=rubric, adaption=calibration, also=_further(options, engine, calibration, human),
            )  # fmt: skip
        except KeyboardInterrupt:
            typer.echo("interrupted; the graded rows are kept: run the same command again to go on", err=True)
            raise
    _say_done(done, "standard output" if options.output == PIPE else str(options.output))


def grade_on_a_cluster(options: TableOptions, source: str, target: str, workers: int, address: str) -> None:
    """Grade a table in many files on Ray, and say how it went; exit code 1 if some rows failed.

    Args:
        options: what else was asked for.
        source: path or URL, as it was typed; likewise `target`.
        workers: how many at a time; 0: one for every processor.
        address: of the cluster; "" for the one of the environment, or this computer.
    """
    from interviewer.batch.cluster import grade_on_ray
    from interviewer.corpus import load_corpus
    from interviewer.engine import Engine
    from interviewer.settings import load_settings

    if options.review or options.suggest or options.calibrate or options.reports or options.full_marks:
        raise InputError(
            "--review, --suggest, --calibrate, --full-marks and --report are for --engine local: they look at one class"
        )
    _check_corpora(options)
    rubric = tuple(load_corpus(options.rubric).items.values()) if options.rubric else ()
    own = options.rubric or options.corpus
    settings = load_settings(corpus=own.absolute() if own else None)
    done = grade_on_ray(
        partial(Engine, settings), source, target, options.language,
        names=options.columns, rubric=rubric, workers=workers, address=address,
    )  # fmt: skip
    _say_done(done, target)


def _say_done(done: Progress, target: str) -> None:
    resumed = f" ({done.resumed} from an earlier run)" if done.resumed else ""
    typer.echo(f"{done.done} rows{resumed} → {target}", err=True)
    if done.errors:
        typer.echo(f"{done.errors} could not be graded; see the column `error`", err=True)
        raise typer.Exit(1)


def _check_corpora(options: TableOptions) -> None:
    if options.corpus and options.rubric:
        raise InputError("--rubric grades against its own items only; leave out --corpus")


def _check(options: TableOptions) -> None:
    """What would fail only after hours of grading fails now."""
    from interviewer.batch.tables import check_target
    from interviewer.report import check_class_report

    _check_corpora(options)
    if options.answers != PIPE and not os.path.exists(options.answers):  # False, too, for what no file can be called
        raise InputError(f"{options.answers}: No such file or directory")
    if options.suggest is not None and options.suggest < 1:
        raise InputError("--suggest needs a number of answers, e.g. 20")
    written = [options.output, *options.reports]
    if options.review:
        check_target(options.review)
        written.append(options.review)
    if options.suggest:
        check_target(_to_mark(options))
        written.append(_to_mark(options))
    for path in options.reports:
        check_class_report(path)
    places = [p.resolve() for p in [*written, options.answers, *([options.calibrate] if options.calibrate else [])]]
    for n, place in enumerate(places):
        if place in places[:n] and place != PIPE.resolve():
            raise InputError(f"{place.name} is named twice; what is read and what is written must be different files")


def _to_mark(options: TableOptions) -> Path:
    """Where the answers to be marked go: beside the output."""
    if options.output == PIPE:
        raise InputError("--suggest writes a file beside the output; give -o a name")
    return options.output.with_name(f"{options.output.stem}.to-mark{options.output.suffix}")


def _calibration(engine: Engine, options: TableOptions, rubric: tuple[Item, ...]) -> Calibration:
    from interviewer.batch.marks import calibrate

    assert options.calibrate
    made = calibrate(engine, options.calibrate, options.language, options.columns, rubric, options.full_marks)
    typer.echo(f"calibrated on {len(made.pairs.marks)} marked answers; agreement with them, 0–100:", err=True)
    typer.echo(f"  before                {_figures(made.before)}", err=True)
    typer.echo(f"  after (leave-one-out) {_figures(made.after)}", err=True)
    return made


def _marks_column(source: Path, options: TableOptions) -> str:
    """The column with a person's marks; "" where there is none. One that was named must hold nothing but marks."""
    from interviewer.batch.marks import HUMAN, check_marks
    from interviewer.batch.tables import open_table

    table = open_table(source)
    column = options.columns.get(HUMAN, HUMAN)
    if column not in table.columns:
        return ""
    try:
        return column if check_marks(table, column, options.full_marks) else ""
    except InputError as error:
        if HUMAN in options.columns:
            raise
        typer.echo(f"the column `{column}` is not taken for marks: {error}", err=True)
        return ""


def _figures(found: Agreement | None) -> str:
    if found is None:
        return "too few answers to tell"
    return f"r {found.pearson}, RMSE {found.rmse}, QWK {found.qwk}, alpha {found.alpha}"


def _further(
    options: TableOptions, engine: Engine, calibration: Calibration | None, human: str
) -> list[Callable[[Graded], None]]:
    """What else is made of the graded table."""
    from interviewer.batch.classroom import write_class_reports
    from interviewer.batch.marks import HUMAN, pairs_of, write_review, write_suggestion

    def review(graded: Graded) -> None:
        assert options.review
        write_review(graded, options.review, options.columns)

    def to_mark(graded: Graded) -> None:
        path = _to_mark(options)
        count = write_suggestion(graded, path, options.suggest or 0, options.columns)
        typer.echo(
            f"{count} answers to mark → {path}; fill in the column `{options.columns.get(HUMAN, HUMAN)}`, then "
            f"grade again with --calibrate {path.name}",
            err=True,
        )

    def compare(graded: Graded) -> None:
        pairs = pairs_of(graded, human, options.full_marks, str(options.answers))
        typer.echo(f"agreement with {len(pairs.marks)} marks in `{human}`: {_figures(pairs.agreement())}", err=True)

    def report(graded: Graded) -> None:
        write_class_reports(
            graded, engine, options.reports, options.columns, options.language, human, options.full_marks, calibration
        )

    wanted = ((review, options.review), (to_mark, options.suggest), (report, options.reports), (compare, human))
    return [make for make, asked in wanted if asked]


@contextmanager
def _places(options: TableOptions, folder: Path) -> Iterator[tuple[Path, Path]]:
    """Files for source and target where one of them is a pipe; what is piped goes through the data folder."""
    source, target = options.answers, options.output
    if PIPE not in (source, target):
        yield source, target
        return
    folder.mkdir(parents=True, exist_ok=True)
    if source == PIPE:
        source = _spooled(folder)
    if target == PIPE:
        # Named after the input, so that the same command finds the rows of an interrupted run.
        name = hashlib.sha256(str(source.resolve()).encode()).hexdigest()[:16]
        target = folder / f"graded-{name}{source.suffix.lower()}"
    try:
        yield source, target
        if options.output == PIPE:
            with target.open("rb") as made:
                shutil.copyfileobj(made, sys.stdout.buffer)
            sys.stdout.buffer.flush()
    except TableError as error:
        if options.answers != PIPE:
            raise
        raise TableError(str(error).replace(str(source), "standard input")) from None
    finally:
        if options.answers == PIPE:
            source.unlink(missing_ok=True)
        if options.output == PIPE:
            target.unlink(missing_ok=True)


def _spooled(folder: Path) -> Path:
    """Standard input as a file: it is read more than once."""
    from interviewer.batch.tables import kind_of

    digest = hashlib.sha256()
    work = folder / f"piped-{hashlib.sha256(str(time.time_ns()).encode()).hexdigest()[:16]}"
    start = b""
    with work.open("wb") as file:
        while block := sys.stdin.buffer.read(1 << 20):
            start = start or block[:1024]
            digest.update(block)
            file.write(block)
    return work.replace(folder / f"piped-{digest.hexdigest()[:16]}{kind_of(start)}")


@contextmanager
def _bar() -> Iterator[Callable[[Progress], None]]:
    """Shows progress: a bar with rate and time left on a terminal, else a line a minute."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar
    from rich.text import Text

    class Rate(ProgressColumn):
        """Rows a second."""

        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:.1f}/s" if task.speed else "")

    console = Console(stderr=True)
    begun = shown = time.monotonic()
    columns = (TextColumn("grading"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    with Bar(*columns, console=console, disable=not console.is_terminal, speed_estimate_period=60) as bar:
        tasks: list[int] = []

        def show(progress: Progress) -> None:
            nonlocal shown
            now = time.monotonic()
            if not tasks:
                tasks.append(bar.add_task("grading", total=progress.total, completed=progress.done))
            elif console.is_terminal and (now - shown > 0.1 or progress.done == progress.total):
                bar.update(tasks[0], completed=progress.done)  # type: ignore[arg-type]
                shown = now
            elif not console.is_terminal and now - shown > _SAY_EVERY:
                rate = (progress.done - progress.resumed) / (now - begun)
                left = (progress.total - progress.done) / max(rate, 1e-9) / 60
                typer.echo(f"{progress.done:,} of {progress.total:,} rows, {rate:.1f}/s, {left:.0f} min left", err=True)
                shown = now

        yield show
