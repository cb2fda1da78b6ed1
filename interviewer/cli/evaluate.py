"""`interviewer eval …`: the tables under eval/, measured anew."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from interviewer.cli import trials
from interviewer.errors import InputError, ModelUnavailable, UnknownItem

if TYPE_CHECKING:
    from interviewer.batch import Progress
    from interviewer.evaluation.encoder import Figure
    from interviewer.retrieval import Encoder

app = typer.Typer(help="Measure the models and the grader; needs a checkout with eval/data.")
app.command()(trials.durability)
app.command()(trials.fuzz)
app.command()(trials.load)

_OWN = Path("eval/data")
_ALL = 1_000_000  # sessions
_KILLED = 60  # answers of a table whose runs are killed


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
def interview(
    own: Annotated[Path, typer.Option(help="Folder with our own test sets.")] = _OWN,
    interviews: Annotated[int, typer.Option(min=2, help="How many candidates.")] = 500,
    items: Annotated[int, typer.Option(min=20, help="On how many of the questions that have labelled answers.")] = 108,
    graded: Annotated[
        int, typer.Option(min=0, help="How many of these the grader grades; verdicts of the rest are drawn from them.")
    ] = 108,
    first: Annotated[int, typer.Option(help="Seed of the first candidate.")] = 0,
    grades: Annotated[
        Path | None, typer.Option(help="Keep the grades in this file, so that an interrupted run goes on.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the tables there too.")] = None,
    transcripts: Annotated[Path | None, typer.Option(help="Write a transcript per language and style there.")] = None,
) -> None:
    """Interview simulated candidates of known ability, and see what is found out about them."""
    from interviewer.corpus import load_corpus, shipped_folder
    from interviewer.evaluation import interview as simulation
    from interviewer.grading import Grader, load_entailment, vocabulary_of
    from interviewer.grading.labelled import read_labelled
    from interviewer.retrieval import load_encoder

    corpus = load_corpus(shipped_folder()).items
    answers = [a for name in ("answers.jsonl", "answers.test.jsonl") for a in read_labelled(own / name, corpus)]
    chosen = simulation.some_items(corpus, answers, items)
    answers = [a for a in answers if a.item in chosen]
    pool = simulation.pool_of(answers)
    really = dict(list(chosen.items())[:graded])
    kept = simulation.Grades(
        lambda: Grader(load_encoder(), vocabulary_of(list(corpus.values())), load_entailment()), corpus, grades
    )
    with typer.progressbar([a for a in answers if a.item in really], label="grading", file=sys.stderr) as left:
        for answer in left:
            kept.of(answer.item, answer.text, answer.lang)
    drawn = kept.draw_rest(answers)
    records: dict[str, list[simulation.Record]] = {}
    seeds = range(first, first + interviews)
    with typer.progressbar(
        simulation.arms(seeds, chosen, pool, kept), len(seeds) * 2, label="interviews", file=sys.stderr
    ) as held:
        for name, _, record in held:
            records.setdefault(name, []).append(record)
    report = simulation.report(records, simulation.difficult(really, kept), chosen, len(answers), drawn)
    typer.echo(report)
    if out:
        out.write_text(f"# Interviews\n\nPrinted by `interviewer eval interview`.\n\n{report}", encoding="utf-8")
    if transcripts:
        transcripts.mkdir(parents=True, exist_ok=True)
        for language, style, text in simulation.samples(chosen, pool, kept):
            (transcripts / f"interview.{language}.{style}.md").write_text(text, encoding="utf-8")


@app.command("calibrate-items")
def calibrate_items(
    apply: Annotated[bool, typer.Option("--apply", help="Use the estimates from now on.")] = False,
    least: Annotated[int, typer.Option(min=1, help="Answers that a question must have to be listed.")] = 5,
    corpus: Annotated[Path | None, typer.Option(help="A folder of your own items; its ids win.")] = None,
) -> None:
    """Estimate from the stored interviews how hard the questions are."""
    from interviewer.engine import Engine
    from interviewer.interview import calibrate, write_difficulties
    from interviewer.settings import load_settings

    engine = Engine(load_settings(corpus=corpus))
    states = []
    for row in engine.sessions(_ALL):
        try:
            states.append(engine.view(row.id).state)
        except UnknownItem:
            typer.echo(f"without {row.id}: it was held with other questions", err=True)
    found = [d for d in calibrate(states, engine.items) if d.answers >= least]
    if not found:
        raise InputError(f"no question has {least} graded answers yet; hold more interviews, or lower --least")
    typer.echo("| question | level | estimated | ± | answers |\n|---|---|---|---|---|")
    for d in found:
        typer.echo(f"| {d.item_id} | {d.authored} | {d.estimated.value:.2f} | {d.estimated.error:.2f} | {d.answers} |")
    if apply:
        write_difficulties(engine.settings.difficulties, found)
        typer.echo(f"written {engine.settings.difficulties}; delete it to return to the authors' levels", err=True)


@app.command()
def guard(
    own: Annotated[Path, typer.Option(help="Folder with our own test sets.")] = _OWN,
    turns: Annotated[int, typer.Option(min=1, help="How many turns the adversary has.")] = 500,
    questions: Annotated[int, typer.Option(min=0, help="Over how many more questions than those of our lines.")] = 0,
    fit: Annotated[bool, typer.Option("--fit", help="Only print the limits that are best on the fit half.")] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the table there too.")] = None,
) -> None:
    """Check the guard over chat models: false alarms and misses on our lines, and what an adversary gets past it."""
    import random

    from interviewer.corpus import load_corpus, shipped_folder
    from interviewer.evaluation import guard as measure
    from interviewer.evaluation.encoder import read_jsonl
    from interviewer.grading import Grader, load_entailment, vocabulary_of
    from interviewer.retrieval import load_encoder

    def show(done: int) -> None:
        if done % 50 == 0:
            typer.echo(f"{done} …", err=True)

    items = load_corpus(shipped_folder()).items
    watch = measure.Unhurried(Grader(load_encoder(), vocabulary_of(list(items.values())), load_entailment()))
    judged = []
    for one in measure.judge(read_jsonl(own / "guard.jsonl"), items, watch):
        judged.append(one)
        show(len(judged))
    if fit:
        typer.echo(str(measure.best_limits([j for j in judged if j.row["split"] == "fit"])))
        return
    ours = list(dict.fromkeys(str(j.row["item"]) for j in judged))
    others = [i for i in items if i not in ours and len(items[i].key_points) > 1]
    asked = [items[i] for i in (*ours, *random.Random(1).sample(others, min(questions, len(others))))]
    through, fates = measure.besiege(list(measure.attacks(asked, turns)), watch, show)
    report = (
        f"{measure.table(judged, watch.limits)}\n\n{watch.limits}\n\nAdversary: {turns} turns over {len(asked)} "
        f"questions, {len(through)} shown that should not be.\n\n| what became of its lines | times |\n|---|---|\n"
        + "\n".join(f"| {name} | {count} |" for name, count in fates.most_common())
        + "\n"
    )
    typer.echo(report)
    for attack, shown in through:
        typer.echo(f"shown: {shown}\n  secret: {attack.secret}", err=True)
    if out:
        out.write_text(f"# The guard\n\nPrinted by `interviewer eval guard`.\n\n{report}", encoding="utf-8")


@app.command("import")
def import_(
    seeds: Annotated[
        Path | None, typer.Option(help="Folder with the five documents that the corpus began from, if you have them.")
    ] = None,
    own: Annotated[Path, typer.Option(help="Folder with our own test sets.")] = _OWN,
    only: Annotated[
        str, typer.Option(help="One part: found, topics, grading, broken or large; all but large if left out.")
    ] = "",
    every: Annotated[int, typer.Option(min=1, help="Grade every n-th labelled answer only.")] = 1,
    files: Annotated[int, typer.Option(min=1, help="Of the large folder.")] = 300,
    megabytes: Annotated[float, typer.Option(min=0.01, help="Of the large folder.")] = 10.0,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the tables there too.")] = None,
) -> None:
    """Measure `corpus import`: questions found and false, topics, grading on drafts, broken files, a large folder."""
    from interviewer.authoring.neighbours import Neighbours
    from interviewer.corpus import load_corpus, shipped_folder
    from interviewer.evaluation import broken, large
    from interviewer.evaluation import importing as measure
    from interviewer.grading import Grader, load_entailment, vocabulary_of
    from interviewer.grading.labelled import read_labelled
    from interviewer.retrieval import load_encoder

    parts = ("found", "topics", "grading", "broken", "large")
    if only and only not in parts:
        raise InputError(f"--only {only!r}: choose {', '.join(parts)}")
    chosen = (only,) if only else parts[:-1]
    folders = [own / "import", *([seeds] if seeds else [])]
    labels = measure.read_labels(own / "import" / "labels.jsonl")
    corpus = load_corpus(shipped_folder())
    items, encoder = corpus.items, load_encoder()
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
        grader = Grader(encoder, vocabulary_of(list(items.values())), load_entailment())
        tell("Grading on drafts", measure.grading_table(answers, items, grader, Neighbours(items.values(), encoder)))
    with tempfile.TemporaryDirectory() as folder:
        if "broken" in chosen:
            tell("Broken, hostile and odd files", broken.table(Path(folder), corpus, encoder))
        if "large" in chosen:
            tell("A large folder", large.told(large.measure(Path(folder), corpus, encoder, files, megabytes)))


@app.command()
def asag(
    data: Annotated[Path, typer.Option(help="Folder with the human-marked sets.")],
    work: Annotated[Path | None, typer.Option(help="Keep the comparisons there; a second run reads them.")] = None,
    most: Annotated[int, typer.Option(help="Read at most so many answers of a split.", min=10)] = 1000,
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
    answers = measure.read_marked(data, most)
    kept = work / f"asag-{most}-{grader.version.replace('/', '-')}.npz" if work else None
    if kept and kept.exists():
        found = np.load(kept)
        table = measure.Table(tuple(answers), found["features"], found["words"])
    else:

        def nearest(answer: str, references: Sequence[str]) -> int:
            vectors = encoder.encode([answer, *references])
            return int((vectors[1:] @ vectors[0]).argmax())

        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("comparing", total=len(answers))

            def told(done: int) -> None:
                bar.update(task, completed=done)
                if done % 200 == 0 and not bar.console.is_terminal:
                    typer.echo(f"{done:,} of {len(answers):,}", err=True)

            table = measure.tabulate(answers, grader, nearest, told)
        if kept:
            kept.parent.mkdir(parents=True, exist_ok=True)
            np.savez(kept, features=table.features, words=table.words)
    report = f"{measure.markdown(list(measure.report(table)))}\n\nGrader {grader.version}.\n"
    typer.echo(report)
    if out:
        out.write_text(
            f"# Human-marked answers\n\nPrinted by `interviewer eval asag --most {most}`.\n\n{report}", encoding="utf-8"
        )


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

        attempts = [*made.attacks(items, every), *made.shotguns(items, every)]
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
            "## Flags",
            measure.markdown(
                ("flag", "answers it is for", "recall", "honest answers", "false alarms", "precision"),
                measure.flag_rows(attacked, honest),
            ),
            "## The same answer written otherwise",
            measure.markdown(("change", "answers", "within a point", "largest move"), moved),
            f"{len(items)} items. Grader {grader.version}.",
        )
    )
    typer.echo(report)
    if out:
        command = f"interviewer eval robustness{f' --each {each}' if each > 1 else ''}"
        out.write_text(f"# Robustness\n\nPrinted by `{command}`.\n\n{report}\n", encoding="utf-8")
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
    from interviewer.grading import Grader, load_entailment, vocabulary_of
    from interviewer.retrieval import load_encoder

    items = list(load_corpus(shipped_folder()).items.values())
    grader = Grader(load_encoder(), vocabulary_of(items), load_entailment())
    names = sets or sorted(p.name.removesuffix(".jsonl.gz") for p in data.glob("*.jsonl.gz"))
    read = []
    for name in names:

        def tell(done: int, of: int, name: str = name) -> None:
            typer.echo(f"{name}: {done} of {of} answers graded", err=True)

        read.append(measure.read_set(data / f"{name}.jsonl.gz", grader, most, tell))
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
    items: Annotated[int, typer.Option(min=1, help="Questions whose answers are graded.")] = 50,
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
            some = given[:_KILLED]
            finished, same = measure.kills(some, kills, place, engine)
            say(
                f"- Runs over {len(some)} answers killed at random moments: {kills}; outputs finished {finished}, "
                f"byte-identical {same}."
            )

        def tell(progress: Progress) -> None:
            if progress.done % 100_000 == 0:
                typer.echo(f"{progress.done:,} of {progress.total:,} rows", err=True)

        cost = measure.repeated(given, rows, place, engine, tell)
        say(f"- {len(given)} answers repeated at random, equal ones graded once: {cost}.")
    report = "\n".join(lines) + f"\n\n{machine()}; grader {engine.grader.version}.\n"
    if out:
        out.write_text(f"# Grading tables\n\nPrinted by `interviewer eval batch`.\n\n{report}", encoding="utf-8")


@app.command()
def speed(
    quick: Annotated[bool, typer.Option("--quick", help="Smaller amounts: some minutes instead of an hour.")] = False,
    accept: Annotated[
        bool, typer.Option("--accept", help="Only count, and take the counts as the baseline of the tests.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the table there too.")] = None,
) -> None:
    """Measure how fast everything is, beside what is usual and beside what was promised."""
    from interviewer.speed import counts
    from interviewer.speed.clock import ROUNDS, markdown
    from interviewer.speed.machine import described
    from interviewer.speed.run import FULL, QUICK, measure

    if accept:
        counts.write_baseline(counts.counts())
        typer.echo(f"written {counts.BASELINE}")
        return
    machine = described()
    figures = []
    ended = ""
    try:
        for figure in measure(QUICK if quick else FULL):
            figures.append(figure)
            typer.echo(f"{figure.work}: {figure.found}", err=True)
    except KeyboardInterrupt:
        if not figures:
            raise
        ended = " Interrupted: the rest was not measured."
    report = (
        f"{markdown(figures)}\n\nMedian (least–largest) of {ROUNDS} rounds; ways that are compared take turns, "
        f"by core-seconds. {machine} when it began.{ended}\n"
    )
    typer.echo(report)
    if out:
        out.write_text(
            f"# Speed\n\nPrinted by `interviewer eval speed{' --quick' if quick else ''}`.\n\n{report}",
            encoding="utf-8",
        )


@app.command()
def ray(
    own: Annotated[Path, typer.Option(help="Folder with our own answers.")] = _OWN,
    workers: Annotated[list[int] | None, typer.Option(help="Numbers of workers to compare; default 1 and 2.")] = None,
    answers: Annotated[int, typer.Option(min=1, help="How many different answers are graded each time.")] = 128,
    price: Annotated[float, typer.Option(min=0, help="Dollars for an hour of one processor.")] = 0.04,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the table there too.")] = None,
) -> None:
    """Measure grading on Ray: equality with the local engine, growth with workers, what a million answers cost."""
    from functools import partial

    from interviewer.batch import scaling as measure
    from interviewer.engine import Engine
    from interviewer.evaluation.encoder import machine, read_jsonl
    from interviewer.settings import load_settings

    read = {row["text"]: {"answer": row["text"], "item_id": row["item"]} for row in read_jsonl(own / "answers.jsonl")}
    with tempfile.TemporaryDirectory() as folder:
        rows, make = list(read.values())[:answers], partial(Engine, load_settings())
        runs = measure.scale(make, rows, workers or [1, 2], Path(folder))
    load = ", ".join(f"{n:.1f}" for n in os.getloadavg())
    report = (
        f"{measure.table(runs)}\n\n{measure.cost(min(r.cpu for r in runs), price)}\n\n"
        f"{machine()}; load average {load} on {os.cpu_count()} processors; grader {make().grader.version}.\n"
    )
    typer.echo(report)
    if out:
        out.write_text(f"# Grading on Ray\n\nPrinted by `interviewer eval ray`.\n\n{report}", encoding="utf-8")
