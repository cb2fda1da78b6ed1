"""jsonl: an object a line; keys are columns, and a line may lack some."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from interviewer.batch.cells import clean, text_of
from interviewer.batch.formats.delimited import encoding_of
from interviewer.errors import TableError

_LONGEST_LINE = 1 << 26


def rows(path: Path, encoding: str = "") -> Iterator[dict[str, str]]:
    """Every object as text by key; blank lines are none.

    Raises:
        TableError: a line is not a JSON object; the message names it.
    """
    with path.open(encoding=encoding or encoding_of(path), newline="\n") as file:
        number = 0
        while line := file.readline(_LONGEST_LINE):
            number += 1
            if not line.strip():
                continue
            try:
                entry = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise TableError(f"{path}, line {number}: not JSON ({error})") from None
            if not isinstance(entry, dict):
                raise TableError(f"{path}, line {number}: expected an object with the columns as keys")
            yield {clean(k): text_of(v) for k, v in entry.items()}


@contextmanager
def writing(path: Path, columns: Sequence[str]) -> Iterator[Callable[[Sequence[str]], None]]:
    """Write one object a line, with every column."""
    with path.open("w", encoding="utf-8", newline="") as file:

        def add(cells: Sequence[str]) -> None:
            file.write(json.dumps(dict(zip(columns, cells, strict=True)), ensure_ascii=False) + "\n")

        yield add
