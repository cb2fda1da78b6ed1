"""`interviewer …`: the command line, one module per verb.

Every error is one line on standard error that says what happened and what to do; a traceback only with `--debug`.
Exit codes: 0 done, 1 some rows could not be graded, 2 unusable input or options, 130 interrupted.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from interviewer import __version__
from interviewer.cli import chat, corpus, doctor, grade, report
from interviewer.errors import InterviewerError

app = typer.Typer(
    name="interviewer",
    help="A bilingual mock interviewer for deep learning. 深度学习模拟面试官（中文 / English）",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"interviewer {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False,
) -> None:
    pass


app.command()(chat.chat)
app.command()(grade.grade)
app.command()(report.report)
app.add_typer(corpus.app, name="corpus")
app.command()(doctor.doctor)


def main() -> None:
    """Run the command line; the console script's entry point."""
    try:
        app()
    except InterviewerError as error:
        if "--debug" in sys.argv:
            raise
        typer.echo(f"interviewer: {error}", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        typer.echo("interviewer: interrupted", err=True)
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output closed it (`… | head`)
        sys.stderr.close()
        sys.exit(0)
