"""`interviewer corpus check | stats | list | show | search | import`."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from interviewer.cli.importing import import_
from interviewer.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from interviewer.corpus import Corpus
    from interviewer.corpus.check import Finding
    from interviewer.schema import Item

app = typer.Typer(help="Look into the corpus, check it, and draft items from documents.")
app.command("import")(import_)

Folder = Annotated[Path | None, typer.Option("--corpus", help="A folder of your own items; its ids win.")]
Lang = Annotated[str, typer.Option("--language", "-l", help="zh or en.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def _load(extra: Path | None) -> Corpus:
    from interviewer.corpus import load_corpus, shipped_folder
    from interviewer.settings import load_settings

    return load_corpus(shipped_folder(), *load_settings(corpus=extra).own_corpora)


@app.command()
def check(
    folder: Annotated[Path | None, typer.Argument(help="A corpus folder; ours if left out.")] = None,
    graded: Annotated[
        bool, typer.Option("--graded", help="Also let the grader judge the items: minutes for a whole corpus.")
    ] = False,
) -> None:
    """Validate every item; print each complaint with file, line and field.

    With --graded the model answers and misconceptions are graded: an answer must cover its points, a misconception must
    not; and probes and hints must not come too near to what they ask for. Complaints listed with a reason in the
    folder's accepted.yaml do not count.
    """
    from interviewer.corpus import check_folders, load_corpus, shipped_folder
    from interviewer.evaluation import corpus as measure

    # A user's folder may require, cite and link to what ours has, so ours is read with it.
    read = (shipped_folder(),) if folder is None else (shipped_folder(), folder)
    if not graded:
        corpus, complaints = check_folders(*read)
    else:
        ours = {} if folder is None else load_corpus().items
        corpus, found = check_folders(*read, further=lambda all_: _judged(all_, ours))
        complaints, excused, idle = measure.sort_out(found, measure.read_accepted(read))
        for complaint, why in excused:
            typer.echo(f"accepted: {complaint} ({why.reason})")
        for entry in idle:
            typer.echo(f"accepted.yaml: {entry.item}.{entry.field} is no longer complained about; take it out")
    for complaint in complaints:
        typer.echo(str(complaint))
    points = [p for i in corpus.items.values() for p in i.key_points]
    wordings = sum(len(p.also.zh) + len(p.also.en) for p in points)
    wrong = sum(len(p.contradictions.zh) + len(p.contradictions.en) for p in points)
    typer.echo(
        f"{len(corpus.items)} items in {len(corpus.topics)} topics, {len(points)} key points, "
        f"{wordings} right and {wrong} wrong wordings; {len(complaints)} complaints"
    )
    for topic, count in Counter(i.topic for i in corpus.items.values()).items():
        levels = Counter(i.level for i in corpus.items.values() if i.topic == topic)
        spread = ", ".join(f"level {k}: {levels[k]}" for k in sorted(levels))
        typer.echo(f"  {topic}: {count} ({spread})")
    if complaints:
        raise typer.Exit(2)


def _judged(corpus: Corpus, known: Mapping[str, Item]) -> Iterator[tuple[str, Finding]]:
    """What encoder and grader find in the items that are not `known` to be in order, with a bar while they look."""
    from rich.console import Console
    from rich.progress import Progress

    from interviewer.evaluation.corpus import findings
    from interviewer.grading import Grader, load_entailment, vocabulary_of
    from interviewer.retrieval import load_encoder

    encoder = load_encoder()
    grader = Grader(encoder, vocabulary_of(list(corpus.items.values())), load_entailment())
    items = [item for item in corpus.items.values() if item != known.get(item.id)]
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("grading the corpus by itself")
        yield from findings(items, encoder, grader, lambda done, total: bar.update(task, completed=done, total=total))


@app.command()
def stats(
    corpus: Folder = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead.")] = None,
) -> None:
    """Count items by topic, level, kind, language and wordings, and what answers each source row, as Markdown."""
    from interviewer.corpus import figures

    page = figures(_load(corpus))
    if output is None:
        typer.echo(page, nl=False)
        return
    try:
        output.write_text(page, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{output} cannot be written: {error.strerror}") from error


@app.command("list")
def list_(
    corpus: Folder = None,
    topic: Annotated[str | None, typer.Option(help="Only this topic.")] = None,
    language: Lang = "en",
    as_json: AsJson = False,
) -> None:
    """List the questions."""
    from interviewer.cli.options import check_language

    language = check_language(language)
    loaded = _load(corpus)
    if topic is not None and topic not in loaded.topics:
        raise InputError(f"no topic {topic!r}; there are {', '.join(loaded.topics)}")
    found = [i for i in loaded.items.values() if topic in (None, i.topic)]
    if as_json:
        rows = [
            {"id": i.id, "topic": i.topic, "kind": i.kind, "level": i.level, "question": i.question.get(language)}
            for i in found
        ]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for item in found:
        typer.echo(f"{item.id}  [{item.topic}, level {item.level}]  {item.question.get(language)}")


@app.command()
def show(item_id: str, corpus: Folder = None, language: Lang = "en", as_json: AsJson = False) -> None:
    """Show one item whole: question, key points, answer, code, sources."""
    from dataclasses import asdict

    from interviewer.cli.options import check_language

    language = check_language(language)
    loaded = _load(corpus)
    item = loaded.item(item_id)
    if as_json:
        typer.echo(json.dumps(asdict(item), ensure_ascii=False, indent=2))
        return
    typer.echo(f"{item.question.get(language)}\n[{item.id}: {item.topic}, {item.kind}, level {item.level}]\n")
    for point in item.key_points:
        typer.echo(f"  ({point.weight:g}) {point.text.get(language)}")
    typer.echo(f"\n{item.answer.get(language)}\n")
    for ref in item.code:
        typer.echo(f"code: {loaded.code_path(ref)}:{ref.line} ({ref.symbol})")
    for citation in item.sources:
        reference = loaded.references[citation.ref]
        typer.echo(f"source: {reference.title} {citation.at}".rstrip())
    for erratum in item.errata:
        typer.echo(f"erratum ({erratum.source}): {erratum.text.get(language)}")


@app.command()
def search(
    query: str,
    corpus: Folder = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100)] = 10,
    language: Lang = "en",
    as_json: AsJson = False,
) -> None:
    """Find questions by meaning and by words, in either language."""
    from interviewer.cli.options import check_language
    from interviewer.engine import Engine
    from interviewer.settings import load_settings

    language = check_language(language)
    engine = Engine(load_settings(corpus=corpus))
    hits = engine.search(query, limit)
    rows = [
        {
            "id": hit.item_id,
            "score": round(hit.score, 4),
            "topic": engine.corpus.item(hit.item_id).topic,
            "question": engine.corpus.item(hit.item_id).question.get(language),
        }
        for hit in hits
    ]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        typer.echo(f"{row['score']:.3f}  {row['id']}  [{row['topic']}]  {row['question']}")
    if not rows:
        typer.echo("nothing found; try other words", err=True)
