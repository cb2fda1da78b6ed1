"""`interviewer corpus check | list | show | search`."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from interviewer.errors import InputError

if TYPE_CHECKING:
    from interviewer.corpus import Corpus

app = typer.Typer(help="Look into the corpus and check it.")

Folder = Annotated[Path | None, typer.Option("--corpus", help="A folder of your own items; its ids win.")]
Lang = Annotated[str, typer.Option("--language", "-l", help="zh or en.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def folders(extra: Path | None) -> tuple[Path, ...]:
    """The shipped corpus and the user's."""
    from interviewer.corpus import shipped_folder

    return (shipped_folder(),) if extra is None else (shipped_folder(), extra)


def _load(extra: Path | None) -> Corpus:
    from interviewer.corpus import load_corpus
    from interviewer.settings import load_settings

    return load_corpus(*folders(extra or load_settings().corpus))


@app.command()
def check(
    folder: Annotated[Path | None, typer.Argument(help="A corpus folder; ours if left out.")] = None,
) -> None:
    """Validate every item; print each complaint with file, line and field."""
    from interviewer.corpus import check_folders, shipped_folder

    # A user's folder may require, cite and link to what ours has, so ours is read with it.
    read = (shipped_folder(),) if folder is None else (shipped_folder(), folder)
    corpus, complaints = check_folders(*read)
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
