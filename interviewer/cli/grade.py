"""`interviewer grade`: a table of answers, or one answer."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from interviewer.cli.options import check_language, decoded
from interviewer.cli.table import TableOptions, columns_of, grade_a_table, grade_on_a_cluster
from interviewer.errors import InputError
from interviewer.schema import Grade, Item, Language


def grade(
    answers: Annotated[
        str | None,
        typer.Argument(
            help="csv, tsv, jsonl, xlsx or parquet, by its ending; - is standard input. On ray: a folder of csv or "
            "parquet, or a URL."
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", help="The graded table; its ending chooses the format, - is standard output."),
    ] = None,
    item: Annotated[str | None, typer.Option(help="Grade one answer to this corpus item.")] = None,
    question: Annotated[
        str | None, typer.Option(help="Grade one answer to a question that is not in the corpus.")
    ] = None,
    reference: Annotated[str | None, typer.Option(help="The reference answer to --question.")] = None,
    answer: Annotated[str | None, typer.Option(help="The one answer; `-` reads it from standard input.")] = None,
    engine: Annotated[str, typer.Option(help="local, or ray: many processes, here or on a cluster.")] = "local",
    workers: Annotated[int, typer.Option(min=0, help="On ray: how many at a time; 0 is one a processor.")] = 0,
    cluster: Annotated[
        str, typer.Option(help="On ray: a cluster's address; default: RAY_ADDRESS, else this computer.")
    ] = "",
    corpus: Annotated[Path | None, typer.Option(help="A folder of your own items; its ids win.")] = None,
    rubric: Annotated[
        Path | None, typer.Option(help="A YAML file of items: grade against these key points only.")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(help="OURS=YOURS: your column for answer, item_id, question, reference, human or student."),
    ] = None,
    language: Annotated[
        str | None, typer.Option("--language", "-l", help="zh or en; default: each answer's own.")
    ] = None,
    review: Annotated[
        Path | None, typer.Option(help="Also write the rows that a person should look at, the most doubtful first.")
    ] = None,
    report: Annotated[list[Path] | None, typer.Option(help="Also write a class report: .html, .pdf or .md.")] = None,
    suggest: Annotated[
        int | None, typer.Option(help="Also write OUT.to-mark: the N answers whose marks would teach most.")
    ] = None,
    calibrate: Annotated[
        Path | None, typer.Option(help="A table of answers with a column `human`: adapt to the scale of these marks.")
    ] = None,
    full_marks: Annotated[float | None, typer.Option(help="Full marks in the column `human`; default 100.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole grade of one answer as JSON.")] = False,
) -> None:
    """Grade answers against key points, each verdict with the words it rests on.

    A table needs a column `answer` and one of `item_id`, `question`, or `question` + `reference`.
    """
    chosen = check_language(language) if language else None
    if engine not in ("local", "ray"):
        raise InputError(f"--engine {engine!r}: there are `local` and `ray`")
    if engine == "local" and (workers or cluster):
        raise InputError("--workers and --cluster are for --engine ray")
    if full_marks is not None and not 0 < full_marks < float("inf"):
        raise InputError("--full-marks must be a number above 0")
    if answers is not None and (answer or item or question or reference or as_json):
        raise InputError("--answer, --item, --question, --reference and --json are for one answer; leave out the table")
    if answer is not None:
        _one(answer, item, question, reference, corpus, chosen, as_json)
    elif answers is not None and output is not None:
        options = TableOptions(
            Path(answers), Path(output), columns_of(column or ()), chosen, corpus, rubric, review, suggest, calibrate,
            full_marks, tuple(report or ()),
        )  # fmt: skip
        if engine == "ray":
            grade_on_a_cluster(options, answers, output, workers, cluster)
        else:
            grade_a_table(options)
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
