"""`interviewer eval …`: the tables under eval/, measured anew."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from interviewer.errors import ModelUnavailable

if TYPE_CHECKING:
    from interviewer.evaluation.encoder import Figure
    from interviewer.retrieval import Encoder

app = typer.Typer(help="Measure the models and the grader; needs a checkout with eval/data.")

_OWN = Path("eval/data")


@app.callback()
def _measure() -> None:
    pass


@app.command()
def encoder(
    data: Annotated[
        Path | None, typer.Option(help="Folder with the public test splits; without it only our own sets are measured.")
    ] = None,
    against: Annotated[list[str] | None, typer.Option(help="Further models: ids, folders or endpoints.")] = None,
    own: Annotated[Path, typer.Option(help="Folder with our own test sets.")] = _OWN,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the table there too.")] = None,
) -> None:
    """Compare embedding models: similarity, translation, search, negation, speed."""
    from interviewer.corpus import load_corpus, shipped_folder
    from interviewer.evaluation import encoder as measure

    corpus = load_corpus(shipped_folder())
    queries = measure.read_jsonl(own / "queries.jsonl")
    negations = measure.read_jsonl(own / "negation.jsonl")
    # Our encoder was trained on the wordings of the other items.
    held = [
        corpus.item(i) for i in dict.fromkeys(row["item"] for row in measure.read_jsonl(own / "answers.test.jsonl"))
    ]
    models = _models(against or [])
    columns: dict[str, list[Figure]] = {}
    for name, model in models.items():
        typer.echo(f"{name} …", err=True)
        figures = list(measure.public_figures(model, data)) if data else []
        figures += measure.negation_figures(model, negations)
        figures += measure.wording_figures(model, held)
        with tempfile.TemporaryDirectory() as folder:
            figures += measure.search_figures(model, corpus, queries, Path(folder) / "index")
        columns[name] = figures
    texts = [
        text for item in corpus.items.values() for point in item.key_points for text in (point.text.zh, point.text.en)
    ]
    for name, speed in measure.speed_figures(models, texts[:256]).items():
        columns[name].append(measure.Figure("key points a second, float32", speed, 0))
    sizes = (
        f"{len(queries)} queries over {len(corpus.items)} items; {len(negations)} claims with paraphrase and negation; "
        f"wordings of {len(held)} items; {measure.machine()}."
    )
    report = f"{measure.table(columns)}\n\n{sizes}\n"
    typer.echo(report)
    if out:
        out.write_text(f"# Embedding models\n\nPrinted by `interviewer eval encoder`.\n\n{report}", encoding="utf-8")


@app.command()
def grading(
    own: Annotated[Path, typer.Option(help="Folder with our own test sets.")] = _OWN,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the table there too.")] = None,
) -> None:
    """Grade the labelled answers that nothing was fitted on, and compare with their labels."""
    from interviewer.corpus import load_corpus, shipped_folder
    from interviewer.evaluation import grading as measure
    from interviewer.grading import Grader, vocabulary_of
    from interviewer.grading.labelled import read_labelled
    from interviewer.retrieval import load_encoder

    items = load_corpus(shipped_folder()).items
    answers = read_labelled(own / "answers.test.jsonl", items)
    encoder = load_encoder()
    grader = Grader(encoder, vocabulary_of(list(items.values())))
    marked = measure.mark(answers, items, grader)
    columns = {"both": marked} | {lang: [m for m in marked if m.answer.lang == lang] for lang in ("zh", "en")}
    report = measure.markdown({name: measure.table(some, items, encoder) for name, some in columns.items()})
    report += f"\n\nGrader {grader.version}. Answers and labels are our own; intervals by bootstrap over questions.\n"
    typer.echo(report)
    if out:
        out.write_text(f"# Grading\n\nPrinted by `interviewer eval grading`.\n\n{report}", encoding="utf-8")


@app.command("import")
def import_(
    seeds: Annotated[
        Path | None, typer.Option(help="Folder with the five documents that the corpus began from, if you have them.")
    ] = None,
    own: Annotated[Path, typer.Option(help="Folder with our own test sets.")] = _OWN,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the tables there too.")] = None,
) -> None:
    """Compare the questions that `corpus import` finds with those labelled by hand; grade on drafts and on raw text."""
    from interviewer.authoring.neighbours import Neighbours
    from interviewer.corpus import load_corpus, shipped_folder
    from interviewer.evaluation import importing as measure
    from interviewer.grading import Grader, vocabulary_of
    from interviewer.grading.labelled import read_labelled
    from interviewer.retrieval import load_encoder

    folders = [own / "import", *([seeds] if seeds else [])]
    labels = measure.read_labels(own / "import" / "labels.jsonl")
    found = measure.table(measure.scores(folders, labels))
    typer.echo(found)
    items = load_corpus(shipped_folder()).items
    encoder = load_encoder()
    neighbours = Neighbours(items.values(), encoder)
    hits, total = measure.topic_hits(folders, labels, neighbours)
    answers = read_labelled(own / "answers.test.jsonl", items)
    grader = Grader(encoder, vocabulary_of(list(items.values())))
    graded = (
        f"The nearest topic is right for {hits} of {total} drafts whose topic is labelled.\n\n## Grading on drafts\n\n"
        f"{len(answers)} labelled answers, graded against the model answers of their questions.\n\n"
        f"{measure.grading_table(answers, items, grader, neighbours)}"
    )
    typer.echo(f"\n{graded}")
    if out:
        out.write_text(f"# Import\n\nPrinted by `interviewer eval import`.\n\n{found}\n\n{graded}\n", encoding="utf-8")


def _models(names: list[str]) -> dict[str, Encoder]:
    """Ours, the model it began from where that is installed, and what was asked for."""
    from interviewer.retrieval import load_encoder
    from interviewer.training.encoder.teacher import teacher_folder

    models = {"ours": load_encoder()}
    try:
        models["MiniLM"] = load_encoder(str(teacher_folder()))
    except ModelUnavailable as error:
        typer.echo(f"without a column for MiniLM: {error}", err=True)
    return models | {name: load_encoder(name) for name in names}
