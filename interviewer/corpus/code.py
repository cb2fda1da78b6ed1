"""Links into the reference code: `vae.py::VAE.reparameterize` → the lines that define it."""

from __future__ import annotations

import ast
import os
from functools import lru_cache
from pathlib import Path

from interviewer.schema import CodeRef

_PNG = b"\x89PNG\r\n\x1a\n"
_LARGEST_PICTURE = 1 << 20


class BrokenLink(Exception):
    """The link names a file or symbol that is not there."""


def resolve(link: str, folder: Path) -> CodeRef:
    """Resolve `file::symbol`, a symbol being a dotted path of classes and functions.

    Raises:
        BrokenLink: the link is malformed, leaves the folder, or names what does not exist.
    """
    file, separator, symbol = link.partition("::")
    if not separator or not symbol or Path(file).name != file or not file.endswith(".py"):
        raise BrokenLink(f"code link {link!r} is not of the form file.py::symbol")
    path = folder / file
    if not os.path.isfile(path):  # unlike Path.is_file, False also for a name that no file can have
        raise BrokenLink(f"code file {file} does not exist in {folder.name}/")
    try:
        symbols = _symbols(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise BrokenLink(f"code file {file} cannot be read: {error.strerror}") from None
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise BrokenLink(f"code file {file} cannot be parsed: {str(error) or 'nested too deeply'}") from None
    if symbol not in symbols:
        raise BrokenLink(f"{file} has no symbol {symbol}")
    return CodeRef(file, symbol, *symbols[symbol])


@lru_cache(maxsize=256)
def _symbols(path: Path, _mtime: int) -> dict[str, tuple[int, int]]:
    """First and last line of every class and function, by dotted name; decorators belong to their symbol."""
    found: dict[str, tuple[int, int]] = {}

    def visit(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
                found[prefix + node.name] = (first, node.end_lineno or node.lineno)
                if isinstance(node, ast.ClassDef):
                    visit(node.body, f"{prefix}{node.name}.")

    visit(ast.parse(path.read_text(encoding="utf-8-sig")).body, "")
    return found


def source_of(ref: CodeRef, folder: Path) -> str:
    """The text of the symbol's lines."""
    lines = (folder / ref.file).read_text(encoding="utf-8-sig").split("\n")  # as ast counts: a form feed ends none
    return "\n".join(lines[ref.line - 1 : ref.end_line])


def picture_of(file: str, folder: Path) -> bytes | None:
    """The PNG that a code file has drawn (`interviewer code plot`), from `plots/` beside its folder, or None."""
    try:
        picture = (folder.parent / "plots" / f"{Path(file).stem}.png").read_bytes()
    except OSError:
        return None
    return picture if picture.startswith(_PNG) and len(picture) <= _LARGEST_PICTURE else None
