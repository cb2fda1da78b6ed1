"""`interviewer eval durability`, `load` and `fuzz`: what the program withstands."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from interviewer.cli.evaluate.printed import Out, show


def durability(
    kills: Annotated[int, typer.Option(min=1, help="How many processes to kill.")] = 300,
    seed: Annotated[int, typer.Option(help="Of the random moments.")] = 0,
    out: Out = None,
) -> None:
    """Kill interviews, tables, imports and reports at random moments; exits with 1 if anything was lost."""
    from interviewer.corpus import load_corpus, shipped_folder
    from interviewer.evaluation.encoder import machine
    from interviewer.trials import durability as measure
    from interviewer.trials.small import small_engine, some_items

    corpus = some_items(load_corpus(shipped_folder()), 40)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        works = measure.all_works(lambda data: small_engine(data, corpus, seed), place)
        tallies: dict[str, measure.Tally] = {}
        with typer.progressbar(length=kills, label="kills", file=sys.stderr) as bar:
            for tally in measure.durability(works, kills, place, seed):
                tallies[tally.name] = tally
                bar.update(sum(t.kills for t in tallies.values()) - bar.pos)
        left = measure.left_behind(place)
    found = list(tallies.values())
    report = (
        f"{measure.table(found)}\n\nSIGKILL at uniformly random moments; seed {seed}. Files that a killed process was "
        f"writing and that stayed, under names that nothing reads: {left}. {machine()}.\n"
    )
    show(report, "Durability", "durability", out)
    broken = [f"{t.name}: {line}" for t in found for line in t.broken]
    for line in broken:
        typer.echo(line, err=True)
    if broken:
        raise typer.Exit(1)


def fuzz(
    executions: Annotated[int, typer.Option(min=1, help="How many in all.")] = 1_000_000,
    seed: Annotated[int, typer.Option(help="Of the mutations.")] = 0,
    out: Out = None,
) -> None:
    """Give everything that reads what users type or upload mutated samples; exits with 1 if anything crashes."""
    import logging
    import warnings
    from contextlib import closing

    from interviewer.corpus import load_corpus, shipped_folder
    from interviewer.evaluation.encoder import machine
    from interviewer.trials import fuzzing as measure
    from interviewer.trials.small import small_engine, some_items

    measure.check_machine()
    logging.disable()  # readers of documents warn of every oddity
    warnings.simplefilter("ignore")
    corpus = some_items(load_corpus(shipped_folder()), 40)
    found = []
    with tempfile.TemporaryDirectory() as folder:
        engine = small_engine(Path(folder) / "data", corpus, seed)
        with closing(engine.store):
            for one in measure.fuzz(measure.targets(engine, Path(folder)), executions, seed):
                typer.echo(f"{one.name}: {one.executions:,} executions, {one.crashes} crashes", err=True)
                found.append(one)
    report = f"{measure.table(found)}\n\nSeed {seed}; a hang is more than {measure.SLOW} s. {machine()}.\n"
    show(report, "Malformed input", "fuzz", out)
    for one in found:
        for line in one.shown:
            typer.echo(line, err=True)
    if any(one.crashes for one in found):
        raise typer.Exit(1)


def load(
    interviews: Annotated[int, typer.Option(min=1, help="How many go on at any time.")] = 200,
    minutes: Annotated[float, typer.Option(min=0.05, help="For how long.")] = 10.0,
    think: Annotated[float, typer.Option(min=0.0, help="Seconds that a candidate takes for an answer.")] = 30.0,
    small: Annotated[bool, typer.Option("--small", help="Without the models: what all but grading costs.")] = False,
    seed: Annotated[int, typer.Option(help="Of what is said and when.")] = 0,
    out: Out = None,
) -> None:
    """Hold many interviews at once over the served API; exits with 1 if a request failed."""
    from interviewer.api.guard import Access
    from interviewer.corpus import load_corpus, shipped_folder
    from interviewer.engine import Engine
    from interviewer.evaluation.encoder import machine
    from interviewer.settings import load_settings
    from interviewer.trials import load as measure
    from interviewer.trials.small import small_engine

    corpus = load_corpus(shipped_folder())
    with tempfile.TemporaryDirectory() as folder:

        def make() -> Engine:
            if small:
                return small_engine(Path(folder), corpus)
            return Engine(load_settings(data_dir=Path(folder), database_url="", llm="off"), corpus=corpus)

        with measure.served(make) as (address, server):
            typer.echo(f"{interviews} interviews for {minutes:g} minutes …", err=True)
            items = list(corpus.items.values())
            found = measure.load(address, server, items, interviews, minutes * 60, think, seed)
            rushed = Access().at_once * 4
            statuses, told = measure.rush(address, rushed)
    beyond = ", ".join(f"{count} × {status}" for status, count in sorted(statuses.items()))
    grader = "a grader that compares terms" if small else "the shipped models"
    report = (
        f"{interviews} interviews at once for {minutes:g} minutes, {think:g} s of thought an answer, {grader}.\n\n"
        f"{measure.table(found, minutes * 60)}\n\n{rushed} requests at the same moment, where {Access().at_once} are "
        f"let in: {beyond}; told: {'; '.join(sorted(told)) or 'nothing'}.\n\n{machine()}.\n"
    )
    show(report, "Load", "load", out)
    for line in sorted(found.messages):
        typer.echo(line, err=True)
    if found.refused or set(statuses) - {201, 503}:
        raise typer.Exit(1)
