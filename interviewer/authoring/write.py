"""Drafts → a corpus file. What is in the file already is never changed: drafts are added at its end, or nothing is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from interviewer.corpus.yaml_file import MAX_BYTES, YamlError, read_yaml
from interviewer.errors import DocumentError

FULL = MAX_BYTES * 7 // 8
"""Bytes from which a file gets no more drafts; what follows goes to the next file."""
_HEAD = """\
# Draft items found in documents by `interviewer corpus import`. Edit freely: importing again only adds what is new.
# `generated: [not]` marks wrong wordings that a program made of right ones. They count in grading only when you have
# read them and deleted the mark.
items:
"""


_Base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # ten times faster


class _Dumper(_Base):  # type: ignore[misc]
    """Block style, texts of several lines as they are read."""

    def ignore_aliases(self, data: Any) -> bool:
        return True  # the reader refuses aliases


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represent_text)


@dataclass(frozen=True, slots=True)
class Added:
    """What went into a corpus file."""

    files: tuple[Path, ...]
    """Those that were written."""
    added: int
    already: int
    """Drafts that were there before, by their ids."""


def check_target(path: Path) -> None:
    """Refuse a target before any work is done.

    Raises:
        DocumentError: it cannot become, or is no, corpus file.
    """
    if path.suffix != ".yaml":
        raise DocumentError(f"-o {path.name}: give a file that ends in .yaml, in a folder of its own")
    if path.is_dir():
        raise DocumentError(f"-o {path}: is a folder; give a file in it")
    _existing(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DocumentError(f"-o {path}: its folder cannot be made ({error.strerror})") from None


def add_drafts(path: Path, drafts: Sequence[dict[str, Any]], remarks: Sequence[str]) -> Added:
    """Add drafts to a corpus file; where it is full, to `NAME-2.yaml` and so on beside it.

    Args:
        path: the file, which may exist.
        drafts: mappings of the corpus format.
        remarks: single lines that are put behind them as comments.

    Raises:
        DocumentError: a file cannot be added to or written; it is then as it was.
    """
    known = {str(i.get("id")) for file in _family(path) for i in _existing(file)}
    fresh = [d for d in drafts if d["id"] not in known]
    written: list[Path] = []
    waiting = [_block([d]) for d in fresh]
    blocks = iter(waiting)
    block = next(blocks, "")
    number = 1
    while block:
        file = path if number == 1 else path.with_name(f"{path.stem}-{number}.yaml")
        number += 1
        size = file.stat().st_size if file.exists() else len(_HEAD)
        taken: list[str] = []
        while block and (size + len(block.encode()) <= FULL or (not taken and not file.exists())):
            taken.append(block)
            size += len(block.encode())
            block = next(blocks, "")
        if taken:
            _append(file, taken, [] if block else remarks)
            written.append(file)
    return Added(tuple(written), len(fresh), len(drafts) - len(fresh))


def _family(path: Path) -> list[Path]:
    """The file and those that were written when it was full."""
    found = [path]
    while (following := path.with_name(f"{path.stem}-{len(found) + 1}.yaml")).exists():
        found.append(following)
    return found


def _existing(path: Path) -> list[dict[str, Any]]:
    """The items of a corpus file; none if there is no file, or it is empty."""
    if not path.exists() or not path.stat().st_size:
        return []
    try:
        data = read_yaml(path).data
    except YamlError as error:
        raise DocumentError(f"{path}:{error.line}: {error}; nothing is written to it, choose another -o") from None
    items = data.get("items") if isinstance(data, dict) else None
    if not isinstance(items, list) or not all(isinstance(i, dict) for i in items):
        raise DocumentError(f"{path} exists and is no corpus file; choose another -o")
    return items


def _block(drafts: Sequence[dict[str, Any]], indent: str = "  ") -> str:
    text = yaml.dump(list(drafts), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110)
    return "".join(f"{indent}{row}\n" if row else "\n" for row in text.splitlines())


def _append(path: Path, blocks: Sequence[str], remarks: Sequence[str]) -> None:
    before = _existing(path)
    old = path.read_text(encoding="utf-8-sig") if before else ""
    indent = _indent(path, old) if before else "  "
    new = "\n".join(b if indent == "  " else "".join(indent + row[2:] for row in b.splitlines(True)) for b in blocks)
    comments = "".join(f"{indent}# {' '.join(remark.split())}\n" for remark in remarks)
    text = (old.rstrip("\n") + "\n\n" if old else _HEAD) + new + ("\n" + comments if comments else "")
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        after = _existing(draft)
        if after[: len(before)] != before or len(after) != len(before) + len(blocks):
            raise DocumentError(f"{path}: nothing can be added behind its last item; choose another -o")
        os.replace(draft, path)
    except DocumentError as error:
        if before:
            raise DocumentError(f"{path}: nothing can be added to it; choose another -o") from None
        raise error from None
    except OSError as error:
        raise DocumentError(f"{path} cannot be written: {error.strerror or error}") from None
    finally:
        draft.unlink(missing_ok=True)


def _indent(path: Path, text: str) -> str:
    """How far the items of a file are moved in."""
    line = text.splitlines()[read_yaml(path).line(("items", 0)) - 1]
    indent = line[: len(line) - len(line.lstrip())]
    if not line.lstrip().startswith("- "):
        raise DocumentError(f"{path}: its items are not written as a list, one below the other; choose another -o")
    return indent
