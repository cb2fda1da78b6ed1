"""`interviewer corpus import`: a user's documents → draft items."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from interviewer.cli.options import check_language
from interviewer.errors import InputError

if TYPE_CHECKING:
    from interviewer.authoring import FileReport, Imported


def import_(
    source: Annotated[Path, typer.Argument(help="A document (.md .html .txt .docx .pdf) or a folder of them.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="A .yaml file; what it holds already is kept.")],
    corpus: Annotated[
        Path | None,
        typer.Option("--corpus", help="A folder of your own items: near-duplicates of them are marked too."),
    ] = None,
    language: Annotated[str, typer.Option("--language", "-l", help="Of the report: zh or en.")] = "en",
    propose: Annotated[
        bool,
        typer.Option("--propose", help="Have the chat model propose further wordings, marked `proposed`."),
    ] = False,
) -> None:
    """Find the questions and answers in documents and write them as draft items.

    Drafts can be used at once: `interviewer chat --corpus FOLDER`. Interrupted, the same command goes on where it was.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from interviewer.authoring import import_documents
    from interviewer.engine import Engine
    from interviewer.settings import load_settings

    chosen = check_language(language)
    engine = Engine(load_settings(corpus=corpus))
    if propose and engine.model_voice is None:
        raise InputError("--propose needs a chat model; INTERVIEWER_LLM names one")
    console = Console(stderr=True)
    columns = (
        TextColumn("importing"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)

        def show(done: int, total: int, name: str) -> None:
            bar.update(task, completed=done, total=total, description=name[-40:].replace("[", "\\["))

        try:
            done = import_documents(
                source, output, engine.corpus, engine.encoder, show,
                language=chosen, improve=engine.with_proposals if propose else lambda item: item,
            )  # fmt: skip
        except KeyboardInterrupt:
            console.print("interrupted; what was read is kept: run the same command again to go on")
            raise
    for report in done.files:
        _print(report)
    _sum_up(done, output)
    if any(r.error for r in done.files):
        raise typer.Exit(1)


def _print(report: FileReport) -> None:
    if report.error:
        typer.echo(report.error)
        return
    near = f", {report.like} like an item that is there" if report.like else ""
    typer.echo(
        f"{report.name}: {len(report.drafts)} drafts{near}; "
        f"left: {len(report.unanswered)} questions without an answer, "
        f"{report.left} lines of no question, {report.dropped} of navigation and advertisement"
    )
    for remark in report.unanswered:
        typer.echo(f"    {remark}")


def _sum_up(done: Imported, output: Path) -> None:
    resumed = f" ({done.resumed} from an earlier run)" if done.resumed else ""
    already = f", {done.added.already} were there already" if done.added.already else ""
    files = ", ".join(map(str, done.added.files)) or output
    typer.echo(f"{len(done.files)} files{resumed}: {done.added.added} drafts{already} → {files}")
    if done.added.files:
        folder = output.parent
        typer.echo(
            f"look at them with `interviewer corpus check {folder}`, use them with `interviewer chat --corpus {folder}`"
        )
