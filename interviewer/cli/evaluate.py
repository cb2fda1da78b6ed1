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


@app.command()
def calibration(
    data: Annotated[Path, typer.Option(help="Folder with answers marked by people, NAME.jsonl.gz each.")],
    sets: Annotated[list[str] | None, typer.Option("--set", help="Names of the sets to use; default: all.")] = None,
    most: Annotated[int, typer.Option(min=50, help="At most about so many answers of each set.")] = 400,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the table there too.")] = None,
) -> None:
    """Measure what a teacher's first marks are worth: agreement by number of answers marked by hand."""
    from interviewer.corpus import load_corpus, shipped_folder
    from interviewer.evaluation import calibration as measure
    from interviewer.grading import Grader, vocabulary_of
    from interviewer.retrieval import load_encoder

    grader = Grader(load_encoder(), vocabulary_of(list(load_corpus(shipped_folder()).items.values())))
    names = sets or sorted(p.name.removesuffix(".jsonl.gz") for p in data.glob("*.jsonl.gz"))
    read = []
    for name in names:
        typer.echo(f"{name} …", err=True)
        read.append(measure.read_set(data / f"{name}.jsonl.gz", grader, most))
    sizes = ", ".join(f"{s.name} {len(s.answers)} answers to {len({a.question for a in s.answers})}" for s in read)
    report = f"{measure.table(read)}\n\nMarks are 0–1 here. {sizes} questions. Grader {grader.version}.\n"
    typer.echo(report)
    if out:
        out.write_text(
            f"# What marks by hand are worth\n\nPrinted by `interviewer eval calibration`.\n\n{report}",
            encoding="utf-8",
        )


@app.command()
def batch(
    own: Annotated[Path, typer.Option(help="Folder with our own answers.")] = _OWN,
    kills: Annotated[int, typer.Option(min=0, help="How often to kill a run.")] = 50,
    rows: Annotated[int, typer.Option(min=1, help="Rows of the long table.")] = 1_000_000,
    items: Annotated[int, typer.Option(min=1, help="Questions whose answers are graded.")] = 5,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the figures there too.")] = None,
) -> None:
    """Measure grading tables: rate, memory over a long table, and runs killed at random moments."""
    from interviewer.batch import endurance as measure
    from interviewer.batch.rows import AT_ONCE
    from interviewer.engine import Engine
    from interviewer.evaluation.encoder import machine, read_jsonl
    from interviewer.settings import load_settings
    from interviewer.text import clauses

    read = read_jsonl(own / "answers.jsonl")
    chosen = set(list(dict.fromkeys(r["item"] for r in read))[:items])
    given = [{"answer": r["text"], "item_id": r["item"]} for r in read if r["item"] in chosen]
    engine = Engine(load_settings())
    seen = {row["item_id"]: row for row in given}
    for row in seen.values():  # loads the models, and the questions' own texts
        engine.grade(row["item_id"], row["answer"])
    new = [row for row in given if row not in seen.values()]
    lines = []

    def say(line: str) -> None:
        typer.echo(line)
        lines.append(line)

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        say(f"- Different answers to {len(chosen)} questions: {measure.distinct(new, place, engine)}.")
        texts, equal = measure.same_in_any_company(engine, [c.text for row in new[:8] for c in clauses(row["answer"])])
        say(f"- Vectors equal to the last bit, alone and {AT_ONCE} at a time: {equal} of {texts} texts.")
        for row in new:
            engine.grade(row["item_id"], row["answer"])  # what is killed below should not spend its time on the models
        if kills:
            finished, same = measure.kills(given, kills, place, engine)
            say(f"- Runs killed at random moments: {kills}; outputs finished {finished}, byte-identical {same}.")
        cost = measure.repeated(given, rows, place, engine)
        say(f"- {len(given)} answers repeated at random, equal ones graded once: {cost}.")
    report = "\n".join(lines) + f"\n\n{machine()}; grader {engine.grader.version}.\n"
    if out:
        out.write_text(f"# Grading tables\n\nPrinted by `interviewer eval batch`.\n\n{report}", encoding="utf-8")
