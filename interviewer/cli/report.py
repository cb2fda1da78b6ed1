"""`interviewer report`: the debrief of a stored interview, or the self-assessment over all of them, as a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from interviewer.cli.options import check_language
from interviewer.errors import InputError, UnknownSession

if TYPE_CHECKING:
    from interviewer.engine import Engine


def report(
    session: Annotated[str | None, typer.Argument(help="The interview's id, or `last`.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="report.html, .pdf, .md or .json.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="The self-assessment over all interviews instead.")] = False,
    language: Annotated[str | None, typer.Option("--language", "-l", help="Of the self-assessment: zh or en.")] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the stored interviews.")] = False,
    verify: Annotated[Path | None, typer.Option(help="Grade what a report holds anew, and compare.")] = None,
    corrections: Annotated[bool, typer.Option(help="Print the answers whose verdicts were corrected (JSONL).")] = False,
    schema: Annotated[str | None, typer.Option(help="Print the JSON Schema: debrief or assessment.")] = None,
    corpus: Annotated[Path | None, typer.Option(help="A folder of your own items; its ids win.")] = None,
) -> None:
    """Write what an interview showed (or, with --all, what all of them show), or verify a report."""
    if schema is not None:
        return _schema(schema)
    from interviewer.engine import Engine
    from interviewer.settings import load_settings

    engine = Engine(load_settings(corpus=corpus))
    if list_:
        return _list(engine)
    if verify is not None:
        return _verify(engine, verify)
    if corrections:
        return _corrections(engine)
    if output is None or (session is None) != all_:
        raise InputError("give an interview's id (or `last`, or --all) and -o report.html; --list shows the ids")
    if session is None:
        from interviewer.report import write_assessment

        write_assessment(
            engine.assessment(None if language is None else check_language(language)), engine.corpus, output
        )
    else:
        from interviewer.report import write

        write(engine.debrief(_latest(engine) if session == "last" else session), engine.corpus, output)
    typer.echo(f"written {output}", err=True)


def _list(engine: Engine) -> None:
    rows = engine.sessions()
    for row in rows:
        state = "finished" if row.finished else "unfinished"
        questions = "1 question" if len(row.plan) == 1 else f"{len(row.plan)} questions"
        typer.echo(f"{row.id}  {row.started_at[:16].replace('T', ' ')}  {row.language}  {questions}  {state}")
    if not rows:
        typer.echo("no interviews yet; `interviewer chat` holds one", err=True)


def _latest(engine: Engine) -> str:
    latest = engine.sessions(1)
    if not latest:
        raise UnknownSession("no interviews yet; `interviewer chat` holds one")
    return latest[0].id


def _verify(engine: Engine, report: Path) -> None:
    """Exit code 1 if a number came out otherwise."""
    found = engine.verify(report)
    for change in found.stamps:
        typer.echo(f"changed since: {change}")
    for change in found.numbers:
        typer.echo(f"differs: {change}")
    if found.numbers:
        raise typer.Exit(1)
    typer.echo(f"verified: {found.answers} graded answers give the same numbers")


def _corrections(engine: Engine) -> None:
    lines = engine.corrected_answers()
    for line in lines:
        typer.echo(line)
    if not lines:
        typer.echo("no verdicts were corrected yet", err=True)


def _schema(name: str) -> None:
    from interviewer.report.shapes import SHAPES, json_schema

    if name not in SHAPES:
        raise InputError(f"--schema {name!r}: choose {' or '.join(SHAPES)}")
    typer.echo(json.dumps(json_schema(name), ensure_ascii=False, indent=2))
