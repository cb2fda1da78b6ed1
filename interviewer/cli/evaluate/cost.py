"""`interviewer eval speed`, `batch` and `ray`: what it all costs."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from interviewer.cli.evaluate.printed import OWN, Out, show

if TYPE_CHECKING:
    from interviewer.batch import Progress

_KILLED = 60  # answers of a table whose runs are killed


def speed(
    quick: Annotated[bool, typer.Option("--quick", help="Smaller amounts: some minutes instead of an hour.")] = False,
    accept: Annotated[
        bool, typer.Option("--accept", help="Only count, and take the counts as the baseline of the tests.")
    ] = False,
    out: Out = None,
) -> None:
    """Measure how fast everything is, beside what is usual and beside what was promised."""
    from interviewer.speed import counts
    from interviewer.speed.clock import ROUNDS, markdown
    from interviewer.speed.machine import described
    from interviewer.speed.run import FULL, QUICK, measure

    if accept:
        counts.write_baseline(counts.counts())
        typer.echo(f"written {counts.BASELINE}")
        return
    machine = described()
    figures = []
    ended = ""
    try:
        for figure in measure(QUICK if quick else FULL):
            figures.append(figure)
            typer.echo(f"{figure.work}: {figure.found}", err=True)
    except KeyboardInterrupt:
        if not figures:
            raise
        ended = " Interrupted: the rest was not measured."
    report = (
        f"{markdown(figures)}\n\nMedian (least–largest) of {ROUNDS} rounds; ways that are compared take turns, "
        f"by core-seconds. {machine} when it began.{ended}\n"
    )
    show(report, "Speed", f"speed{' --quick' if quick else ''}", out)


def batch(
    own: Annotated[Path, typer.Option(help="Folder with our own answers.")] = OWN,
    kills: Annotated[int, typer.Option(min=0, help="How often to kill a run.")] = 50,
    rows: Annotated[int, typer.Option(min=1, help="Rows of the long table.")] = 1_000_000,
    items: Annotated[int, typer.Option(min=1, help="Questions whose answers are graded.")] = 50,
    out: Out = None,
) -> None:
    """Measure grading tables: rate, memory over a long table, and runs killed at random moments."""
    from interviewer.batch import endurance as measure
    from interviewer.batch.rows import AT_ONCE
    from interviewer.engine import Engine
    from interviewer.evaluation.encoder import machine, read_jsonl
    from interviewer.settings import load_settings
    from interviewer.text import clauses

    read = read_jsonl(own / "answers.jsonl")
    chosen = set(list(dict.fromkeys(r["item"] for r in read))[:items])
    given = [{"answer": r["text"], "item_id": r["item"]} for r in read if r["item"] in chosen]
    engine = Engine(load_settings())
    seen = {row["item_id"]: row for row in given}
    for row in seen.values():  # loads the models, and the questions' own texts
        engine.grade(row["item_id"], row["answer"])
    new = [row for row in given if row not in seen.values()]
    lines = []

    def say(line: str) -> None:
        typer.echo(line, err=True)  # as it is found: this takes long
        lines.append(line)

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        say(f"- Different answers to {len(chosen)} questions: {measure.distinct(new, place, engine)}.")
        texts, equal = measure.same_in_any_company(engine, [c.text for row in new[:8] for c in clauses(row["answer"])])
        say(f"- Vectors equal to the last bit, alone and {AT_ONCE} at a time: {equal} of {texts} texts.")
        for row in new:
            engine.grade(row["item_id"], row["answer"])  # what is killed below should not spend its time on the models
        if kills:
            some = given[:_KILLED]
            finished, same = measure.kills(some, kills, place, engine)
            say(
                f"- Runs over {len(some)} answers killed at random moments: {kills}; outputs finished {finished}, "
                f"byte-identical {same}."
            )

        def tell(progress: Progress) -> None:
            if progress.done % 100_000 == 0:
                typer.echo(f"{progress.done:,} of {progress.total:,} rows", err=True)

        cost = measure.repeated(given, rows, place, engine, tell)
        say(f"- {len(given)} answers repeated at random, equal ones graded once: {cost}.")
    report = "\n".join(lines) + f"\n\n{machine()}; grader {engine.grader.version}.\n"
    show(report, "Grading tables", "batch", out)


def ray(
    own: Annotated[Path, typer.Option(help="Folder with our own answers.")] = OWN,
    workers: Annotated[list[int] | None, typer.Option(help="Numbers of workers to compare; default 1 and 2.")] = None,
    answers: Annotated[int, typer.Option(min=1, help="How many different answers are graded each time.")] = 128,
    price: Annotated[float, typer.Option(min=0, help="Dollars for an hour of one processor.")] = 0.04,
    out: Out = None,
) -> None:
    """Measure grading on Ray: equality with the local engine, growth with workers, what a million answers cost."""
    from functools import partial

    from interviewer.batch import scaling as measure
    from interviewer.engine import Engine
    from interviewer.evaluation.encoder import machine, read_jsonl
    from interviewer.settings import load_settings

    read = {row["text"]: {"answer": row["text"], "item_id": row["item"]} for row in read_jsonl(own / "answers.jsonl")}
    with tempfile.TemporaryDirectory() as folder:
        rows, make = list(read.values())[:answers], partial(Engine, load_settings())
        runs = measure.scale(make, rows, workers or [1, 2], Path(folder))
    load = ", ".join(f"{n:.1f}" for n in os.getloadavg())
    report = (
        f"{measure.table(runs)}\n\n{measure.cost(min(r.cpu for r in runs), price)}\n\n"
        f"{machine()}; load average {load} on {os.cpu_count()} processors; grader {make().grader.version}.\n"
    )
    show(report, "Grading on Ray", "ray", out)
