"""xlsx, row by row in both directions (openpyxl's read-only and write-only modes)."""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from interviewer.batch.cells import harmless, text_of
from interviewer.errors import TableError

MOST_ROWS = 1_048_575
"""What a sheet holds below its header."""
_MOST_SHARED = 1 << 30
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_CELL = 32_767
_TIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Every line of the first sheet: its number and cells; a formula counts as the value it had when it was saved."""
    import openpyxl

    with zipfile.ZipFile(path) as parts:
        # The one part that is held in memory whole; a small file can claim to hold terabytes.
        if sum(p.file_size for p in parts.infolist() if p.filename.endswith("sharedStrings.xml")) > _MOST_SHARED:
            raise TableError(f"{path} holds more text than fits in memory; save it as .csv")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about styles and validations, which do not matter here
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # other programs write them wrong
            for number, line in enumerate(sheet.iter_rows(values_only=True), start=1):
                yield number, [text_of(_whole(v)) for v in line]
        finally:
            book.close()


def _whole(value: object) -> object:
    """Excel knows only fractions: 7.0 was typed as 7."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value


@contextmanager
def writing(path: Path, columns: Sequence[str]) -> Iterator[Callable[[Sequence[str]], None]]:
    """Write a header, then rows, as text; the same rows give the same bytes whenever they are written."""
    import openpyxl
    from openpyxl.cell import WriteOnlyCell

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Sheet1")

    def add(cells: Sequence[str]) -> None:
        line = []
        for cell in cells:
            made = WriteOnlyCell(sheet)
            made._value, made.data_type = _held(cell), "s"  # never a number, a date or a formula
            line.append(made)
        sheet.append(line)

    try:
        add(columns)
        yield add
        draft = path.with_name(path.name + ".draft")
        try:
            book.save(draft)
            _without_times(draft, path)
        finally:
            draft.unlink(missing_ok=True)
    except BaseException:
        sheet.close()
        raise


def _held(cell: str) -> str:
    """A cell that Excel can hold: no control characters, at most 32,767 characters, no formula."""
    plain = harmless(_CONTROL.sub("", cell))
    return plain if len(plain) <= _CELL else plain[: _CELL - 1] + "…"


def _without_times(source: Path, target: Path) -> None:
    """The same workbook without the moment it was written at."""
    with zipfile.ZipFile(source) as made, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as kept:
        for part in made.infolist():
            plain = zipfile.ZipInfo(part.filename)
            plain.compress_type = zipfile.ZIP_DEFLATED
            with made.open(part) as read, kept.open(plain, "w", force_zip64=True) as write:
                while block := read.read(1 << 20):
                    if part.filename == "docProps/core.xml":  # less than a block
                        block = _TIME.sub(b"2000-01-01T00:00:00Z", block)
                    write.write(block)
