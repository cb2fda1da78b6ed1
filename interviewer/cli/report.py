"""`interviewer report`: the debrief of a stored interview as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from interviewer.errors import InputError, UnknownSession


def report(
    session: Annotated[str | None, typer.Argument(help="The interview's id, or `last`.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="report.html, .md or .json.")] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the stored interviews.")] = False,
    corpus: Annotated[Path | None, typer.Option(help="A folder of your own items; its ids win.")] = None,
) -> None:
    """Write the debrief of an interview: what was covered, missed or wrong, and what to study next."""
    from interviewer.engine import Engine
    from interviewer.settings import load_settings

    engine = Engine(load_settings(corpus=corpus))
    if list_:
        for row in engine.sessions():
            state = "finished" if row.finished else "unfinished"
            typer.echo(
                f"{row.id}  {row.started_at[:16].replace('T', ' ')}  {row.language}  {len(row.plan)} questions  {state}"
            )
        if not engine.sessions(1):
            typer.echo("no interviews yet; `interviewer chat` holds one", err=True)
        return
    if session is None or output is None:
        raise InputError("give an interview's id (or `last`) and -o report.html; --list shows the ids")
    if session == "last":
        latest = engine.sessions(1)
        if not latest:
            raise UnknownSession("no interviews yet; `interviewer chat` holds one")
        session = latest[0].id
    from interviewer.report import write

    write(engine.debrief(session), engine.corpus, output)
    typer.echo(f"written {output}", err=True)
