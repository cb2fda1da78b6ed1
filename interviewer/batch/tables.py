"""Reading and writing tables: csv, tsv, jsonl, xlsx and parquet, by the file's ending. Rows are plain dicts of text.

Everything is read as text and an empty cell is "": a student number keeps its zeros, and "NA" may be an answer.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import secrets
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from interviewer.errors import TableError

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, str]
ENDINGS = (".csv", ".tsv", ".jsonl", ".xlsx", ".parquet")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_EXCEL_CELL = 32_767


def read_table(path: Path) -> list[Row]:
    """All rows of a table, in order.

    Raises:
        TableError: the file is missing, of an unknown kind, empty, or not what its ending says.
    """
    ending = _ending(path)
    try:
        match ending:
            case ".csv" | ".tsv":
                rows = _read_delimited(path, ending)
            case ".jsonl":
                rows = _read_jsonl(path)
            case _:
                rows = _read_frame(path, ending)
    except OSError as error:
        raise TableError(f"{path}: {error.strerror or error}") from None
    if not rows:
        raise TableError(f"{path} has no rows")
    return rows


def write_table(path: Path, rows: Sequence[Row], columns: Sequence[str]) -> None:
    """Write rows under their final name only when they are complete.

    In csv, tsv and xlsx a cell that a spreadsheet would run as a formula is given a leading apostrophe.

    Raises:
        TableError: the file cannot be written.
    """
    check_target(path)
    # Not by `tempfile`: its files can be read by nobody else.
    work = path.with_name(f".graded-{secrets.token_hex(8)}{_ending(path)}")
    try:
        try:
            lines = [[_clean(row.get(c, "")) for c in columns] for row in rows]
            _write(work, _ending(path), [_clean(c) for c in columns], lines)
            os.replace(work, path)
        finally:
            work.unlink(missing_ok=True)
    except OSError as error:
        raise TableError(f"{path} cannot be written: {error.strerror or error}") from None


def check_target(path: Path) -> None:
    """Find out what would keep a table from being written, before there is something to lose.

    Raises:
        TableError: its kind is unknown or needs a library, or its place is none for a file.
    """
    library = {".xlsx": "openpyxl", ".parquet": "pyarrow"}.get(_ending(path))
    if library and find_spec(library) is None:
        raise TableError(_needs_extra(_ending(path)))
    if not path.parent.is_dir():
        raise TableError(f"{path.parent} is not a folder; make it first")
    if path.is_dir():
        raise TableError(f"{path} is a folder; choose another name for the output")


def _ending(path: Path) -> str:
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise TableError(f"{path}: unknown kind of table {ending or '(no ending)'!r}; use one of {', '.join(ENDINGS)}")
    return ending


def _read_delimited(path: Path, ending: str) -> list[Row]:
    text = _decode(path.read_bytes(), path)
    csv.field_size_limit(1 << 24)
    begun = 1
    lines: list[tuple[int, list[str]]] = []
    try:
        delimiter = "\t" if ending == ".tsv" else _delimiter(text)
        # Strict: an open quote would swallow the rows after it without a word.
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        for cells in reader:
            lines.append((begun, cells))
            begun = reader.line_num + 1
    except csv.Error as error:
        raise TableError(f"{path}, line {begun}: {error}; check the quotes around its cells") from None
    return _rows(path, lines)


def _decode(raw: bytes, path: Path) -> str:
    """UTF-8 (with or without a mark), UTF-16 with one, else GB 18030, which Excel writes on Chinese Windows."""
    marked = raw[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ["utf-16"] if marked else ["utf-8-sig", "gb18030"]:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise TableError(f"{path} is not text in UTF-8 or GBK; save it as UTF-8")


def _delimiter(text: str) -> str:
    """The delimiter that cuts the first line into most cells."""

    def cells(delimiter: str) -> int:
        return len(next(filter(any, csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)), []))

    return max((",", ";", "\t"), key=cells)


def _rows(path: Path, lines: Iterable[tuple[int, Sequence[str]]]) -> list[Row]:
    """Numbered lines of cells as rows. Blank lines are no rows; the first other one names the columns."""
    filled = [(n, [_clean(c) for c in cells]) for n, cells in lines if any(cells)]
    if not filled:
        return []
    # Columns at the end without a name and without a cell are leftovers of a spreadsheet.
    width = max(i + 1 for _, cells in filled for i, cell in enumerate(cells) if cell)
    header = [c.strip() for c in filled[0][1][:width]]
    _check_columns(path, header)
    if width > len(header):
        line = next(n for n, cells in filled if any(cells[len(header) :]))
        raise TableError(f"{path}, line {line}: more cells than columns; put cells that hold the delimiter in quotes")
    return [dict(zip_longest(header, cells[: len(header)], fillvalue="")) for _, cells in filled[1:]]


def _check_columns(path: Path, columns: Sequence[str]) -> None:
    repeated = [c for i, c in enumerate(columns) if c in columns[:i]]
    if repeated:
        raise TableError(f"{path}: column {repeated[0]!r} occurs twice")


def _read_jsonl(path: Path) -> list[Row]:
    rows = []
    for number, line in enumerate(_decode(path.read_bytes(), path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise TableError(f"{path}, line {number}: not JSON ({error})") from None
        if not isinstance(entry, dict):
            raise TableError(f"{path}, line {number}: expected an object with the columns as keys")
        rows.append({_clean(k): _cell(v) for k, v in entry.items()})
    return rows


def _cell(value: Any) -> str:
    """A value of a typed format as text; what is no text has its JSON spelling."""
    match value:
        case None:
            return ""
        case float() if value != value:
            return ""
        case str():
            return _clean(value)
        case bytes():
            return _clean(value.decode("utf-8", "replace"))
        case bool() | int() | float() | list() | dict():
            return _clean(json.dumps(value, ensure_ascii=False, default=str))
        case _:
            return _clean(str(value))


def _clean(text: str) -> str:
    """Without what no table can hold: NUL, and halves of surrogate pairs, which JSON can spell."""
    return _SURROGATE.sub("\ufffd", text).replace("\0", "")


def _read_frame(path: Path, ending: str) -> list[Row]:
    try:
        return _read_xlsx(path) if ending == ".xlsx" else _read_parquet(path)
    except ImportError:
        raise TableError(_needs_extra(ending)) from None
    except (OSError, TableError):
        raise
    except Exception as error:  # the readers raise whatever their parsers do
        first = (str(error) or type(error).__name__).splitlines()[0][:120]
        raise TableError(f"{path} is not a readable {ending[1:]} file: {first}") from None


def _read_xlsx(path: Path) -> list[Row]:
    import pandas as pd

    frame = pd.read_excel(path, header=None, dtype=str, keep_default_na=False, engine="openpyxl")
    return _rows(path, enumerate(([_cell(v) for v in row] for row in frame.to_numpy().tolist()), start=1))


def _read_parquet(path: Path) -> list[Row]:
    import pyarrow.parquet

    with path.open("rb") as file:
        table = pyarrow.parquet.ParquetFile(file)
        _check_columns(path, table.schema_arrow.names)
        return [{_clean(k): _cell(v) for k, v in row.items()} for row in table.read().to_pylist()]


def _needs_extra(ending: str) -> str:
    return f"{ending} needs an extra: `pip install 'interviewer[tables]'`, or save the table as .csv"


def _write(path: Path, ending: str, columns: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    match ending:
        case ".csv" | ".tsv":
            _write_delimited(path, ending, [columns, *lines])
        case ".jsonl":
            made = (json.dumps(dict(zip(columns, line, strict=True)), ensure_ascii=False) + "\n" for line in lines)
            path.write_text("".join(made), encoding="utf-8", newline="")
        case ".xlsx":
            _frame([[_for_excel(c) for c in line] for line in [columns, *lines]]).to_excel(
                path, index=False, engine="openpyxl"
            )
        case _:
            _frame([columns, *lines]).to_parquet(path, index=False)


def _frame(lines: Sequence[Sequence[str]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(list(lines[1:]), columns=list(lines[0]), dtype=str)


def _write_delimited(path: Path, ending: str, lines: Sequence[Sequence[str]]) -> None:
    harmless = [[_harmless(c) for c in line] for line in lines]
    # Up to Python 3.12 a lone carriage return would be left bare.
    quoting: Literal[0, 1] = csv.QUOTE_ALL if any("\r" in c for line in lines for c in line) else csv.QUOTE_MINIMAL
    # The mark makes Excel read it as UTF-8.
    with path.open("w", encoding="utf-8-sig" if ending == ".csv" else "utf-8", newline="") as file:
        delimiter = "\t" if ending == ".tsv" else ","
        csv.writer(file, delimiter=delimiter, lineterminator="\n", quoting=quoting).writerows(harmless)


def _for_excel(cell: str) -> str:
    """A cell that Excel can hold: no control characters, at most 32,767 characters, no formula."""
    plain = _harmless(_CONTROL.sub("", cell))
    return plain if len(plain) <= _EXCEL_CELL else plain[: _EXCEL_CELL - 1] + "…"


def _harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula; plain numbers stay numbers."""
    return "'" + cell if cell.startswith(_FORMULA) and not _NUMBER.fullmatch(cell) else cell
