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
_OPTIONAL = {"openpyxl": "tables in .xlsx", "pyarrow": "tables in .parquet"}


def doctor() -> None:
    """Check the installation from end to end; exit code 2 if something that is needed does not work."""
    from interviewer.settings import load_settings

    typer.echo(f"interviewer {__version__}, Python {platform.python_version()} on {sys.platform}")
    for name in _LIBRARIES:
        typer.echo(f"  {name} {_version(name) or 'missing: pip install interviewer'}")
    for name, purpose in _OPTIONAL.items():
        typer.echo(f"  {name}: {_version(name) or f'not installed ({purpose}): pip install interviewer[tables]'}")
    settings = load_settings()
    failed = False
    for title, check in (("corpus", _corpus), ("database", _database), ("encoder", _encoder), ("grading", _grading)):
        try:
            for line in check(settings):
                typer.echo(f"ok    {title}: {line}")
        except InterviewerError as error:
            failed = True
            typer.echo(f"FAIL  {title}: {error}")
    typer.echo("ok    voice: scripted; no language model is configured")
    if failed:
        raise typer.Exit(2)


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _corpus(settings: Settings) -> Iterator[str]:
    from interviewer.corpus import load_corpus, shipped_folder

    corpus = load_corpus(shipped_folder(), *([settings.corpus] if settings.corpus else []))
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
