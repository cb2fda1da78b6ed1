"""`interviewer doctor`: what is installed, which models, what is missing."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from interviewer import __version__
from interviewer.errors import InterviewerError

if TYPE_CHECKING:
    from interviewer.settings import Settings

_LIBRARIES = ("torch", "transformers", "sentence-transformers", "faiss-cpu", "bm25s", "gradio", "sqlalchemy")
_OPTIONAL = {
    "openpyxl": ("tables in .xlsx", "tables"),
    "pyarrow": ("tables in .parquet", "tables"),
    "weasyprint": ("reports as .pdf", "pdf"),
}


def doctor() -> None:
    """Check the installation from end to end; exit code 2 if something that is needed does not work."""
    from interviewer.settings import load_settings

    typer.echo(f"interviewer {__version__}, Python {platform.python_version()} on {sys.platform}")
    for name in _LIBRARIES:
        typer.echo(f"  {name} {_version(name) or 'missing: pip install interviewer'}")
    for name, (purpose, extra) in _OPTIONAL.items():
        typer.echo(f"  {name}: {_version(name) or f'not installed ({purpose}): pip install interviewer[{extra}]'}")
    settings = load_settings()
    failed = False
    checks = {
        "corpus": _corpus, "database": _database, "encoder": _encoder, "grading": _grading, "voice": _voice,
    }  # fmt: skip
    for title, check in checks.items():
        try:
            for line in check(settings):
                typer.echo(f"ok    {title}: {line}")
        except InterviewerError as error:
            failed = True
            typer.echo(f"FAIL  {title}: {error}")
    if failed:
        raise typer.Exit(2)


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _corpus(settings: Settings) -> Iterator[str]:
    from interviewer.corpus import load_corpus, shipped_folder

    corpus = load_corpus(shipped_folder(), *settings.own_corpora)
    yield f"{len(corpus.items)} items in {len(corpus.topics)} topics ({corpus.hash[:12]})"


def _database(settings: Settings) -> Iterator[str]:
    from interviewer.storage import Store

    store = Store(settings.database)
    yield f"{settings.database}, {store.count()} interviews"
    store.close()


def _encoder(settings: Settings) -> Iterator[str]:
    from interviewer.retrieval import load_encoder

    encoder = load_encoder(settings.encoder, settings.encoder_key.get_secret_value(), settings.model_hosts)
    zh, en = encoder.known(["什么是梯度消失，如何缓解？", "What is a vanishing gradient?"])
    yield f"{encoder.fingerprint}, {encoder.encode(['x']).shape[1]} dimensions"
    yield f"reads {en:.0%} of an English and {zh:.0%} of a Chinese test question"


def _grading(settings: Settings) -> Iterator[str]:
    from interviewer.engine import Engine

    grader = Engine(settings).grader
    yield f"{grader.version}" + ("" if grader.calibrated else "; not fitted on this encoder: exact terms only")


def _voice(settings: Settings) -> Iterator[str]:
    """Which chat model there is, whether it answers, and what became of what it said in the stored interviews.

    Only a model that was asked for by name is a failure when it does not answer.
    """
    from interviewer.llm import find_model, open_model, try_model

    found = find_model(settings)
    if not found:
        reason = "INTERVIEWER_LLM is off" if found.why == "off" else "no language model is configured or downloaded"
        yield f"scripted; {reason}"
    else:
        origin = "found on this machine" if found.why == "downloaded" else "from INTERVIEWER_LLM"
        yield f"{found.name} ({origin})"
        model = open_model(found, settings)
        yield f"first words after {try_model(model):.1f} s; an interview waits {settings.llm_seconds:g} s at most"
    yield from _spoken(settings)


def _spoken(settings: Settings) -> Iterator[str]:
    from interviewer.storage import Store

    store = Store(settings.database)
    try:
        told = store.wording()
    finally:
        store.close()
    said, failed = told.pop("said", 0), sum(told.values())
    if said or failed:
        counts = ", ".join(f"{reason} {count}" for reason, count in sorted(told.items(), key=lambda p: (-p[1], p[0])))
        story = f": {counts}" if counts else ""
        yield f"in stored interviews: {said} lines by a model, {failed} tries not used{story}"
