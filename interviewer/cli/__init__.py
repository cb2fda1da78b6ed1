"""`interviewer …`: the command line, one module per verb.

Every error is one line on standard error that says what happened and what to do; a traceback only with `--debug`.
Exit codes: 0 done, 1 some rows could not be graded, 2 unusable input or options, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
import traceback
from io import TextIOWrapper
from typing import Annotated

import typer

from interviewer import __version__
from interviewer.cli import backup, chat, code, corpus, doctor, evaluate, grade, key, report, review
from interviewer.errors import InterviewerError

app = typer.Typer(
    name="interviewer",
    help="A bilingual mock interviewer for deep learning. 深度学习模拟面试官（中文 / English）",
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
app.command()(review.review)
app.add_typer(corpus.app, name="corpus")
app.add_typer(code.app, name="code")
app.add_typer(evaluate.app, name="eval")
app.add_typer(key.app, name="key")
app.command()(backup.backup)
app.command()(backup.restore)
app.command()(doctor.doctor)


def main() -> None:
    """Run the command line; the console script's entry point."""
    arguments = [a for a in sys.argv[1:] if a != "--debug"]  # taken before or after the verb
    debug = len(arguments) < len(sys.argv) - 1
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character shows "?"
    try:
        # Not `app()`: typer would draw boxes around errors and give a broken pipe the exit code of bad rows.
        with typer.main.get_command(app).make_context("interviewer", arguments or ["--help"]) as context:
            context.command.invoke(context)
        sys.stdout.flush()
    except typer.Exit as done:
        sys.exit(done.exit_code)
    except KeyboardInterrupt:
        typer.echo("interviewer: interrupted", err=True)
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output closed it (`… | head`)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if debug:
            traceback.print_exc()
        typer.echo(f"interviewer: {_explained(error)}", err=True)
        sys.exit(2)


def _explained(error: Exception) -> str:
    """What happened and what to do, in one line."""
    match error:
        case InterviewerError():
            text = str(error)
        case typer.TyperException():
            text = getattr(error, "format_message", error.__str__)().rstrip(".")
            text += f"; see `{getattr(getattr(error, 'ctx', None), 'command_path', 'interviewer')} --help`"
        case _:
            text = f"unexpected error ({type(error).__name__}: {error}); run it with --debug and report what it shows"
    return " ".join(text.split())
