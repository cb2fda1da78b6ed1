"""csv and tsv, as spreadsheets write them: encoding and delimiter are found out from the file."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

from interviewer.batch.cells import harmless
from interviewer.errors import TableError

_LONGEST_CELL = 1 << 24
_LONGEST_LINE = 1 << 26
_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file's bytes become cells."""

    encoding: str
    delimiter: str
    skipped: int = 0
    """Lines before the table: Excel's own `sep=;`."""


def dialect_of(path: Path, tabs_only: bool) -> Dialect:
    """Look the file through for its encoding, and at its first line for the delimiter that cuts it into most cells."""
    encoding = encoding_of(path)
    with path.open(encoding=encoding, newline="") as file:
        first = file.readline(_LONGEST_LINE).strip()
        if not tabs_only and first.lower().startswith("sep=") and len(first) == 5:
            return Dialect(encoding, first[4], 1)
    if tabs_only:
        return Dialect(encoding, "\t")

    def cells(delimiter: str) -> int:
        with path.open(encoding=encoding, newline="") as file:
            try:
                return len(next(filter(any, csv.reader(_lines_of(file), delimiter=delimiter)), []))
            except csv.Error:
                return 0

    return Dialect(encoding, max(_DELIMITERS, key=cells))


def encoding_of(path: Path) -> str:
    """UTF-8 (with or without a mark), UTF-16 with one, else GB 18030, which Excel writes on Chinese Windows.

    Raises:
        TableError: it is none of them.
    """
    with path.open("rb") as file:
        marked = file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    for encoding in ["utf-16"] if marked else ["utf-8-sig", "gb18030"]:
        if _decodes(path, encoding):
            return encoding
    raise TableError(f"{path} is not text in UTF-8 or GBK; save it as UTF-8")


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        try:
            while block := file.read(1 << 20):
                if "\0" in decoder.decode(block):
                    return False
            return "\0" not in decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False


def lines(path: Path, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """Every line's number (of the file's lines, 1-based; a quoted cell may span several) and cells.

    Raises:
        TableError: quotes that do not close, or a cell or line without an end.
    """
    csv.field_size_limit(_LONGEST_CELL)
    begun = 1 + dialect.skipped
    with path.open(encoding=dialect.encoding, newline="") as file:
        # Strict: an open quote would swallow the rows after it without a word.
        reader = csv.reader(islice(_lines_of(file), dialect.skipped, None), delimiter=dialect.delimiter, strict=True)
        try:
            for cells in reader:
                yield begun, cells
                begun = reader.line_num + 1 + dialect.skipped
        except csv.Error as error:
            raise TableError(f"{path}, line {begun}: {error}; check the quotes around its cells") from None


def _lines_of(file: IO[str]) -> Iterator[str]:
    """Lines with their ends; one without an end must not fill the memory."""
    while line := file.readline(_LONGEST_LINE):
        if len(line) >= _LONGEST_LINE:
            raise csv.Error("line has no end")
        yield line


@contextmanager
def writing(path: Path, columns: Sequence[str], tabs: bool) -> Iterator[Callable[[Sequence[str]], None]]:
    """Write a header, then rows; a cell that a spreadsheet would run as a formula gets a leading apostrophe."""
    # The mark makes Excel read it as UTF-8.
    with path.open("w", encoding="utf-8" if tabs else "utf-8-sig", newline="") as file:
        delimiter = "\t" if tabs else ","
        plain = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        # Up to Python 3.12 a lone carriage return would be left bare.
        quoted = csv.writer(file, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)

        def add(cells: Sequence[str]) -> None:
            safe = [harmless(c) for c in cells]
            (quoted if any("\r" in c for c in safe) else plain).writerow(safe)

        add(columns)
        yield add
