"""What the measurements have in common: whom they measure, and where the tables go."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from interviewer.errors import InputError

if TYPE_CHECKING:
    from interviewer.corpus import Corpus
    from interviewer.grading import Grader
    from interviewer.retrieval import Encoder
    from interviewer.schema import Item

OWN = Path("eval/data")
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Write the tables there too.")]
Own = Annotated[Path, typer.Option(help="Folder with our own test sets.")]


def shipped() -> tuple[Corpus, Encoder, Grader]:
    """What everybody gets: the corpus, the encoder and the grader over both."""
    from interviewer.corpus import load_corpus, shipped_folder
    from interviewer.retrieval import load_encoder

    corpus, encoder = load_corpus(shipped_folder()), load_encoder()
    return corpus, encoder, grader_over(corpus.items, encoder)


def grader_over(items: Mapping[str, Item], encoder: Encoder) -> Grader:
    """The grader for a corpus, for what needs it only sometimes: its cross-encoder takes time and memory."""
    from interviewer.grading import Grader, load_entailment, vocabulary_of

    return Grader(encoder, vocabulary_of(list(items.values())), load_entailment())


def show(report: str, title: str, command: str, out: Path | None) -> None:
    """Print a report; write it, with its title and the command that printed it, to a file if one is named.

    Raises:
        InputError: the file cannot be written.
    """
    typer.echo(report)
    if out is None:
        return
    try:
        out.write_text(f"# {title}\n\nPrinted by `interviewer eval {command}`.\n\n{report}", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror or error}") from None
