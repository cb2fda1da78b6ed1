"""`interviewer eval import`: what becomes of documents."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from interviewer.cli.evaluate.printed import OWN, Out, Own, grader_over
from interviewer.errors import InputError


def import_(
    seeds: Annotated[
        Path | None, typer.Option(help="Folder with the five documents that the corpus began from, if you have them.")
    ] = None,
    own: Own = OWN,
    only: Annotated[
        str, typer.Option(help="One part: found, topics, grading, broken or large; all but large if left out.")
    ] = "",
    every: Annotated[int, typer.Option(min=1, help="Grade every n-th labelled answer only.")] = 1,
    files: Annotated[int, typer.Option(min=1, help="Of the large folder.")] = 300,
    megabytes: Annotated[float, typer.Option(min=0.01, help="Of the large folder.")] = 10.0,
    out: Out = None,
) -> None:
    """Measure `corpus import`: questions found and false, topics, grading on drafts, broken files, a large folder."""
    from interviewer.authoring.neighbours import Neighbours
    from interviewer.corpus import load_corpus, shipped_folder
    from interviewer.evaluation import broken, large
    from interviewer.evaluation import importing as measure
    from interviewer.grading.labelled import read_labelled
    from interviewer.retrieval import load_encoder

    parts = ("found", "topics", "grading", "broken", "large")
    if only and only not in parts:
        raise InputError(f"--only {only!r}: choose {', '.join(parts)}")
    chosen = (only,) if only else parts[:-1]
    folders = [own / "import", *([seeds] if seeds else [])]
    labels = measure.read_labels(own / "import" / "labels.jsonl")
    corpus, encoder = load_corpus(shipped_folder()), load_encoder()
    items = corpus.items
    given = (("--seeds", "DIR" if seeds else ""), ("--only", only), ("--every", every if every > 1 else ""))
    command = "interviewer eval import" + "".join(f" {name} {value}" for name, value in given if value)
    told = [f"# Import\n\nPrinted by `{command}`.\n"]

    def tell(title: str, text: str) -> None:
        typer.echo(f"## {title}\n\n{text}\n")
        told.append(f"## {title}\n\n{text}\n")
        if out:  # part by part: an interruption keeps what was measured
            out.write_text("\n".join(told), encoding="utf-8")

    if "found" in chosen:
        tell("Questions found", measure.table(measure.scores(folders, labels)))
    if "topics" in chosen:
        hits, total = measure.topic_hits(folders, labels, Neighbours(items.values(), encoder))
        tell("Topics", f"The nearest topic is right for {hits} of {total} drafts whose topic is labelled.")
    if "grading" in chosen:
        answers = read_labelled(own / "answers.test.jsonl", items)[::every]
        grader = grader_over(items, encoder)
        tell("Grading on drafts", measure.grading_table(answers, items, grader, Neighbours(items.values(), encoder)))
    with tempfile.TemporaryDirectory() as folder:
        if "broken" in chosen:
            tell("Broken, hostile and odd files", broken.table(Path(folder), corpus, encoder))
        if "large" in chosen:
            tell("A large folder", large.told(large.measure(Path(folder), corpus, encoder, files, megabytes)))
