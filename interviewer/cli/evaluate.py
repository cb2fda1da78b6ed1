"""`interviewer eval …`: the tables under eval/, measured anew."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
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
    from interviewer.grading import Grader, load_entailment, vocabulary_of
    from interviewer.grading.labelled import read_labelled
    from interviewer.retrieval import load_encoder

    items = load_corpus(shipped_folder()).items
    answers = read_labelled(own / "answers.test.jsonl", items)
    encoder = load_encoder()
    grader = Grader(encoder, vocabulary_of(list(items.values())), load_entailment())
    marked = measure.mark(answers, items, grader)
    columns = {"both": marked} | {lang: [m for m in marked if m.answer.lang == lang] for lang in ("zh", "en")}
    report = measure.markdown({name: measure.table(some, items, encoder) for name, some in columns.items()})
    report += f"\n\nGrader {grader.version}. Answers and labels are our own; intervals by bootstrap over questions.\n"
    typer.echo(report)
    if out:
        out.write_text(f"# Grading\n\nPrinted by `interviewer eval grading`.\n\n{report}", encoding="utf-8")


@app.command()
def asag(
    data: Annotated[Path, typer.Option(help="Folder with the human-marked sets.")],
    work: Annotated[Path | None, typer.Option(help="Keep the comparisons there; a second run reads them.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the table there too.")] = None,
) -> None:
    """Compare the grader with marks given by people (takes most of an hour on two cores)."""
    import numpy as np
    from rich.console import Console
    from rich.progress import Progress

    from interviewer.corpus import load_corpus, shipped_folder
    from interviewer.evaluation import asag as measure
    from interviewer.grading import Grader, load_entailment, vocabulary_of
    from interviewer.retrieval import load_encoder

    encoder = load_encoder()
    grader = Grader(encoder, vocabulary_of(list(load_corpus(shipped_folder()).items.values())), load_entailment())
    answers = measure.read_marked(data)
    kept = work / f"asag-{grader.version.replace('/', '-')}.npz" if work else None
    if kept and kept.exists():
        found = np.load(kept)
        table = measure.Table(tuple(answers), found["features"], found["words"])
    else:

        def nearest(answer: str, references: Sequence[str]) -> int:
            vectors = encoder.encode([answer, *references])
            return int((vectors[1:] @ vectors[0]).argmax())

        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("comparing", total=len(answers))
            table = measure.tabulate(answers, grader, nearest, lambda done: bar.update(task, completed=done))
        if kept:
            kept.parent.mkdir(parents=True, exist_ok=True)
            np.savez(kept, features=table.features, words=table.words)
    report = f"{measure.markdown(list(measure.report(table)))}\n\nGrader {grader.version}.\n"
    typer.echo(report)
    if out:
        out.write_text(f"# Human-marked answers\n\nPrinted by `interviewer eval asag`.\n\n{report}", encoding="utf-8")


@app.command()
def robustness(
    each: Annotated[int, typer.Option(help="Take every n-th item only.", min=1)] = 1,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the tables there too.")] = None,
) -> None:
    """Try to game the grader over the whole corpus; exits with 1 if an attack is graded strong."""
    from rich.console import Console
    from rich.progress import Progress

    from interviewer.corpus import load_corpus, shipped_folder
    from interviewer.evaluation import attacks as made
    from interviewer.evaluation import robustness as measure
    from interviewer.grading import Grader, load_entailment, vocabulary_of
    from interviewer.retrieval import load_encoder

    every = list(load_corpus(shipped_folder()).items.values())
    grader = Grader(load_encoder(), vocabulary_of(every), load_entailment())
    items = every[::each]
    with Progress(console=Console(stderr=True), transient=True) as bar:

        def told(what: str, total: int) -> Callable[[int], None]:
            task = bar.add_task(what, total=total)
            return lambda done: bar.update(task, completed=done)

        attempts = [*made.attacks(items), *made.shotguns(items)]
        attacked = measure.outcomes(attempts, grader, told("attacks", len(attempts)))
        good = list(made.honest(items))
        honest = measure.outcomes(good, grader, told("honest answers", len(good)))
        full = [o for o in honest if o.attempt.kind == "model answer"][::5]
        moved = measure.invariance_rows(full, grader, told("written otherwise", len(full)))
        moved.append(measure.monotony_row(full[::4], grader, told("clauses taken out", len(full[::4]))))
    report = "\n\n".join(
        (
            f"## Attacks\n\nA score of {measure.PASS:.0f} passes, {measure.STRONG:.0f} is strong.",
            measure.markdown(
                ("attack", "answers", "pass", "pass, no review asked", "strong", "mean", "highest"),
                measure.attack_rows(attacked),
            ),
            "## Honest answers",
            measure.markdown(
                ("kind", "answers", "accused", f"below {measure.PASS:.0f}", "mean", "against the model answer"),
                measure.honest_rows(honest),
            ),
            "## The same answer written otherwise",
            measure.markdown(("change", "answers", "within a point", "largest move"), moved),
            f"{len(items)} items. Grader {grader.version}.",
        )
    )
    typer.echo(report)
    if out:
        out.write_text(f"# Robustness\n\nPrinted by `interviewer eval robustness`.\n\n{report}\n", encoding="utf-8")
    if any(o.score >= measure.STRONG for o in attacked):
        raise typer.Exit(1)


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
