"""`interviewer eval encoder`: embedding models side by side."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from interviewer.cli.evaluate.printed import OWN, Out, Own, show
from interviewer.errors import ModelUnavailable

if TYPE_CHECKING:
    from interviewer.evaluation.encoder import Figure
    from interviewer.retrieval import Encoder


def encoder(
    data: Annotated[
        Path | None, typer.Option(help="Folder with the public test splits; without it only our own sets are measured.")
    ] = None,
    against: Annotated[list[str] | None, typer.Option(help="Further models: ids, folders or endpoints.")] = None,
    own: Own = OWN,
    out: Out = None,
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
    show(f"{measure.table(columns)}\n\n{sizes}\n", "Embedding models", "encoder", out)


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
