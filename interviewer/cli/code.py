"""`interviewer code list | show | run | plot`: the reference code that items link to."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from interviewer.cli.options import folders
from interviewer.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

app = typer.Typer(help="Read and run the reference code.")

Folder = Annotated[Path | None, typer.Option("--corpus", help="A corpus folder of your own, whose code/ is read too.")]


@app.command("list")
def list_(
    unlinked: Annotated[bool, typer.Option("--unlinked", help="Instead: the questions that link to no code.")] = False,
    corpus: Folder = None,
) -> None:
    """List the files: what each shows, and how many questions link to it."""
    from collections import Counter

    from interviewer.corpus import load_corpus

    items = load_corpus(*folders(corpus)).items
    if unlinked:
        for item in items.values():
            if not item.code and item.kind != "experience":  # what was lived through has no code to show
                typer.echo(f"{item.id:<40} {item.kind:<12} {item.question.en or item.question.zh}")
        return
    linked = Counter(name for item in items.values() for name in {ref.file for ref in item.code})
    for name, path in sorted(_files(corpus).items()):
        questions = f"{linked[path.name]} question{'s' * (linked[path.name] != 1)}"
        typer.echo(f"{name:<28} {_summary(path)} [{questions}]")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A file, or file::symbol, as in vae::VAE.reparameterize.")],
    corpus: Folder = None,
) -> None:
    """Print a file, or one class or function of it."""
    from interviewer.corpus import source_of
    from interviewer.corpus.code import BrokenLink, resolve

    file, separator, symbol = name.partition("::")
    path = _file(file, corpus)
    if not separator:
        typer.echo(path.read_text(encoding="utf-8"))
        return
    try:
        ref = resolve(f"{path.name}::{symbol}", path.parent)
    except BrokenLink as error:
        raise InputError(f"{error}; `interviewer code show {path.stem}` prints the whole file") from None
    typer.echo(f"# {path.name}, lines {ref.line}–{ref.end_line}\n{source_of(ref, path.parent)}")


@app.command()
def run(name: Annotated[str, typer.Argument(help="A file, as in vae.")], corpus: Folder = None) -> None:
    """Run a file's demonstration; most take some seconds."""
    done = subprocess.run([sys.executable, str(_file(name, corpus))], check=False)
    if done.returncode:
        raise typer.Exit(done.returncode if done.returncode > 0 else 1)


@app.command()
def plot(
    name: Annotated[str, typer.Argument(help="A file that draws something, or `all`.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The picture, or for `all` a folder of pictures.")],
    corpus: Folder = None,
) -> None:
    """Draw a file's picture (PNG or SVG, by the name's ending)."""
    if name == "all":
        out.mkdir(parents=True, exist_ok=True)
        for stem, path in sorted(_files(corpus).items()):
            if _draws(path):
                typer.echo(f"{stem} …", err=True)
                _save(_figure(path), out / f"{stem}.png")
        return
    path = _file(name, corpus)
    if not _draws(path):
        drawing = ", ".join(sorted(stem for stem, file in _files(corpus).items() if _draws(file)))
        raise InputError(f"{path.name} draws nothing; these do: {drawing}")
    if out.suffix not in (".png", ".svg"):
        raise InputError(f"{out}: a picture's name ends in .png or .svg")
    _save(_figure(path), out)


def _files(corpus: Path | None) -> dict[str, Path]:
    """Every file of code by its name; a user's wins over ours."""
    return {path.stem: path for folder in folders(corpus) for path in sorted((folder / "code").glob("*.py"))}


def _file(name: str, corpus: Path | None) -> Path:
    files = _files(corpus)
    found = files.get(name.removesuffix(".py"))
    if found is None:
        import difflib

        near = difflib.get_close_matches(name, files, n=3, cutoff=0.5)
        hint = f"did you mean {', '.join(near)}?" if near else "`interviewer code list` shows all"
        raise InputError(f"no reference code {name!r}; {hint}")
    return found


def _summary(path: Path) -> str:
    """The first line of the file's docstring, without running it."""
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]


def _draws(path: Path) -> bool:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return any(isinstance(node, ast.FunctionDef) and node.name == "plot" for node in body)


def _figure(path: Path) -> Figure:
    import runpy

    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise InputError("pictures need matplotlib: pip install 'interviewer[plots]'") from None
    figure: Figure = runpy.run_path(str(path), run_name="plot")["plot"]()
    return figure


def _save(figure: Figure, path: Path) -> None:
    try:
        figure.savefig(path, dpi=100)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from None
