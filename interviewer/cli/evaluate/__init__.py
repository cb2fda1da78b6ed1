"""`interviewer eval …`: the tables under eval/, measured anew."""

from __future__ import annotations

import typer

from interviewer.cli.evaluate import cost, documents, grading, interviews, models, trials

app = typer.Typer(help="Measure the models and the grader; needs a checkout with eval/data.")


@app.callback()
def _measure() -> None:
    pass


app.command()(models.encoder)
app.command()(grading.grading)
app.command()(grading.asag)
app.command()(grading.calibration)
app.command()(grading.robustness)
app.command()(interviews.interview)
app.command("calibrate-items")(interviews.calibrate_items)
app.command()(interviews.guard)
app.command("import")(documents.import_)
app.command()(cost.speed)
app.command()(cost.batch)
app.command()(cost.ray)
app.command()(trials.durability)
app.command()(trials.fuzz)
app.command()(trials.load)
