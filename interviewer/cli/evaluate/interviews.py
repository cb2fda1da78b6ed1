"""`interviewer eval interview`, `calibrate-items`, `guard`: what interviews find out, what a chat model may say."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from interviewer.cli.evaluate.printed import OWN, Out, Own, grader_over, shipped, show
from interviewer.errors import InputError, UnknownItem

_ALL = 1_000_000  # sessions


def interview(
    own: Own = OWN,
    interviews: Annotated[int, typer.Option(min=2, help="How many candidates.")] = 500,
    items: Annotated[int, typer.Option(min=20, help="On how many of the questions that have labelled answers.")] = 108,
    graded: Annotated[
        int, typer.Option(min=0, help="How many of these the grader grades; verdicts of the rest are drawn from them.")
    ] = 108,
    first: Annotated[int, typer.Option(help="Seed of the first candidate.")] = 0,
    grades: Annotated[
        Path | None, typer.Option(help="Keep the grades in this file, so that an interrupted run goes on.")
    ] = None,
    out: Out = None,
    transcripts: Annotated[Path | None, typer.Option(help="Write a transcript per language and style there.")] = None,
) -> None:
    """Interview simulated candidates of known ability, and see what is found out about them."""
    from interviewer.corpus import load_corpus, shipped_folder
    from interviewer.evaluation import interview as simulation
    from interviewer.grading.labelled import read_labelled
    from interviewer.retrieval import load_encoder

    corpus = load_corpus(shipped_folder()).items
    answers = [a for name in ("answers.jsonl", "answers.test.jsonl") for a in read_labelled(own / name, corpus)]
    chosen = simulation.some_items(corpus, answers, items)
    answers = [a for a in answers if a.item in chosen]
    pool = simulation.pool_of(answers)
    really = dict(list(chosen.items())[:graded])
    kept = simulation.Grades(lambda: grader_over(corpus, load_encoder()), corpus, grades)
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
    show(report, "Interviews", "interview", out)
    if transcripts:
        transcripts.mkdir(parents=True, exist_ok=True)
        for language, style, text in simulation.samples(chosen, pool, kept):
            (transcripts / f"interview.{language}.{style}.md").write_text(text, encoding="utf-8")


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


def guard(
    own: Own = OWN,
    turns: Annotated[int, typer.Option(min=1, help="How many turns the adversary has.")] = 500,
    questions: Annotated[int, typer.Option(min=0, help="Over how many more questions than those of our lines.")] = 0,
    fit: Annotated[bool, typer.Option("--fit", help="Only print the limits that are best on the fit half.")] = False,
    out: Out = None,
) -> None:
    """Check the guard over chat models: false alarms and misses on our lines, and what an adversary gets past it."""
    import random

    from interviewer.evaluation import guard as measure
    from interviewer.evaluation.encoder import read_jsonl

    def tell(done: int) -> None:
        if done % 50 == 0:
            typer.echo(f"{done} …", err=True)

    corpus, _, grader = shipped()
    items, watch = corpus.items, measure.Unhurried(grader)
    judged = []
    for one in measure.judge(read_jsonl(own / "guard.jsonl"), items, watch):
        judged.append(one)
        tell(len(judged))
    if fit:
        typer.echo(str(measure.best_limits([j for j in judged if j.row["split"] == "fit"])))
        return
    ours = list(dict.fromkeys(str(j.row["item"]) for j in judged))
    others = [i for i in items if i not in ours and len(items[i].key_points) > 1]
    asked = [items[i] for i in (*ours, *random.Random(1).sample(others, min(questions, len(others))))]
    through, fates = measure.besiege(list(measure.attacks(asked, turns)), watch, tell)
    report = (
        f"{measure.table(judged, watch.limits)}\n\n{watch.limits}\n\nAdversary: {turns} turns over {len(asked)} "
        f"questions, {len(through)} shown that should not be.\n\n| what became of its lines | times |\n|---|---|\n"
        + "\n".join(f"| {name} | {count} |" for name, count in fates.most_common())
        + "\n"
    )
    show(report, "The guard", "guard", out)
    for attack, shown in through:
        typer.echo(f"shown: {shown}\n  secret: {attack.secret}", err=True)
