"""`interviewer eval grading`, `asag`, `calibration` and `robustness`: how far the grades can be trusted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from interviewer.cli.evaluate.printed import OWN, Out, Own, shipped, show


def grading(
    own: Own = OWN,
    out: Out = None,
) -> None:
    """Grade the labelled answers that nothing was fitted on, and compare with their labels."""
    from interviewer.evaluation import grading as measure
    from interviewer.grading.labelled import read_labelled

    corpus, encoder, grader = shipped()
    items = corpus.items
    marked = measure.mark(read_labelled(own / "answers.test.jsonl", items), items, grader)
    columns = {"both": marked} | {lang: [m for m in marked if m.answer.lang == lang] for lang in ("zh", "en")}
    report = measure.markdown({name: measure.table(some, items, encoder) for name, some in columns.items()})
    report += f"\n\nGrader {grader.version}. Answers and labels are our own; intervals by bootstrap over questions.\n"
    show(report, "Grading", "grading", out)


def asag(
    data: Annotated[Path, typer.Option(help="Folder with the human-marked sets.")],
    work: Annotated[Path | None, typer.Option(help="Keep the comparisons there; a second run reads them.")] = None,
    most: Annotated[int, typer.Option(help="Read at most so many answers of a split.", min=10)] = 1000,
    out: Out = None,
) -> None:
    """Compare the grader with marks given by people (takes most of an hour on two cores)."""
    import numpy as np
    from rich.console import Console
    from rich.progress import Progress

    from interviewer.evaluation import asag as measure

    _, encoder, grader = shipped()
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
    show(report, "Human-marked answers", f"asag --most {most}", out)


def calibration(
    data: Annotated[Path, typer.Option(help="Folder with answers marked by people, NAME.jsonl.gz each.")],
    sets: Annotated[list[str] | None, typer.Option("--set", help="Names of the sets to use; default: all.")] = None,
    most: Annotated[int, typer.Option(min=50, help="At most about so many answers of each set.")] = 400,
    out: Out = None,
) -> None:
    """Measure what a teacher's first marks are worth: agreement by number of answers marked by hand."""
    from interviewer.evaluation import calibration as measure

    _, _, grader = shipped()
    names = sets or sorted(p.name.removesuffix(".jsonl.gz") for p in data.glob("*.jsonl.gz"))
    read = []
    for name in names:

        def tell(done: int, of: int, name: str = name) -> None:
            typer.echo(f"{name}: {done} of {of} answers graded", err=True)

        read.append(measure.read_set(data / f"{name}.jsonl.gz", grader, most, tell))
    sizes = ", ".join(f"{s.name} {len(s.answers)} answers to {len({a.question for a in s.answers})}" for s in read)
    report = f"{measure.table(read)}\n\nMarks are 0–1 here. {sizes} questions. Grader {grader.version}.\n"
    show(report, "What marks by hand are worth", "calibration", out)


def robustness(
    each: Annotated[int, typer.Option(help="Take every n-th item only.", min=1)] = 1,
    out: Out = None,
) -> None:
    """Try to game the grader over the whole corpus; exits with 1 if an attack is graded strong."""
    from rich.console import Console
    from rich.progress import Progress

    from interviewer.evaluation import attacks as made
    from interviewer.evaluation import robustness as measure

    corpus, _, grader = shipped()
    every = list(corpus.items.values())
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
            f"{len(items)} items. Grader {grader.version}.\n",
        )
    )
    show(report, "Robustness", f"robustness{f' --each {each}' if each > 1 else ''}", out)
    if any(o.score >= measure.STRONG for o in attacked):
        raise typer.Exit(1)
