"""`interviewer grade`: a table of answers, or one answer."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from interviewer.cli.options import check_language, decoded
from interviewer.errors import InputError
from interviewer.schema import Grade, Item, Language


def grade(
    answers: Annotated[Path | None, typer.Argument(help="csv, tsv, jsonl, xlsx or parquet, by its ending.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The graded table; its ending chooses the format.")
    ] = None,
    item: Annotated[str | None, typer.Option(help="Grade one answer to this corpus item.")] = None,
    question: Annotated[
        str | None, typer.Option(help="Grade one answer to a question that is not in the corpus.")
    ] = None,
    reference: Annotated[str | None, typer.Option(help="The reference answer to --question.")] = None,
    answer: Annotated[str | None, typer.Option(help="The one answer; `-` reads it from standard input.")] = None,
    engine: Annotated[str, typer.Option(help="local.")] = "local",
    corpus: Annotated[Path | None, typer.Option(help="A folder of your own items; its ids win.")] = None,
    language: Annotated[
        str | None, typer.Option("--language", "-l", help="zh or en; default: each answer's own.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole grade of one answer as JSON.")] = False,
) -> None:
    """Grade answers against key points, each verdict with the words it rests on.

    A table needs a column `answer` and one of `item_id`, `question`, or `question` + `reference`.
    """
    chosen = check_language(language) if language else None
    if engine != "local":
        raise InputError(f"--engine {engine!r}: this version has `local` only")
    if answers is not None and (answer or item or question or reference or as_json):
        raise InputError("--answer, --item, --question, --reference and --json are for one answer; leave out the table")
    if answer is not None:
        _one(answer, item, question, reference, corpus, chosen, as_json)
    elif answers is not None and output is not None:
        _table(answers, output, corpus, chosen)
    else:
        raise InputError("give a table and -o OUT, or --answer with --item or with --question and --reference")


def _one(
    answer: str,
    item_id: str | None,
    question: str | None,
    reference: str | None,
    corpus: Path | None,
    language: Language | None,
    as_json: bool,
) -> None:
    from dataclasses import asdict

    from interviewer.engine import Engine
    from interviewer.grading import as_item
    from interviewer.settings import load_settings

    if answer == "-":
        answer = decoded(sys.stdin.buffer.read())
    loaded = Engine(load_settings(corpus=corpus))
    if item_id:
        found = loaded.gradable(item_id)
    elif question and reference:
        found = as_item(question, reference)
    else:
        raise InputError("--answer needs --item ID, or --question TEXT with --reference TEXT")
    graded = loaded.grader.grade(found, answer, language)
    if as_json:
        typer.echo(json.dumps(asdict(graded), ensure_ascii=False, indent=2))
    else:
        _print(graded, found, language or graded.language)


def _print(graded: Grade, item: Item, language: Language) -> None:
    from interviewer.grading import feedback

    if graded.score is None:
        raise InputError(f"the answer could not be graded: {graded.reason}")
    review = "  (needs review)" if graded.needs_review else ""
    typer.echo(f"{graded.score:g} of 100 [{graded.low:g}–{graded.high:g}], {graded.verdict}{review}")
    if graded.flags:
        typer.echo(f"flags: {', '.join(graded.flags)}")
    for point in graded.points:
        said = f"  “{point.evidence.text}”" if point.evidence else ""
        typer.echo(
            f"  {point.verdict:<12} {point.confidence:.2f}  {item.point(point.point_id).text.get(language)}{said}"
        )
    typer.echo(feedback(graded, item, language))


def _table(answers: Path, output: Path, corpus: Path | None, language: Language | None) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    from interviewer.batch import Progress, grade_table
    from interviewer.engine import Engine
    from interviewer.settings import load_settings

    loaded = Engine(load_settings(corpus=corpus))
    console = Console(stderr=True)
    columns = (TextColumn("grading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("grading", total=None)

        def show(progress: Progress) -> None:
            bar.update(task, total=progress.total, completed=progress.done)

        try:
            done = grade_table(loaded, answers, output, language, show)
        except KeyboardInterrupt:
            console.print("interrupted; the graded rows are kept: run the same command again to go on")
            raise
    resumed = f" ({done.resumed} from an earlier run)" if done.resumed else ""
    typer.echo(f"{done.done} rows{resumed} → {output}", err=True)
    if done.errors:
        typer.echo(f"{done.errors} could not be graded; see the column `error`", err=True)
        raise typer.Exit(1)
