"""Reading and writing tables: csv, tsv, jsonl, xlsx and parquet, by the file's ending. Rows are plain dicts of text.

Everything is read as text and an empty cell is "": a student number keeps its zeros, and "NA" may be an answer.
"""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from interviewer.errors import TableError

Row = dict[str, str]
ENDINGS = (".csv", ".tsv", ".jsonl", ".xlsx", ".parquet")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


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
    ending = _ending(path)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}.", suffix=ending, dir=path.parent)
        os.close(handle)
        work = Path(name)
        try:
            _write(work, ending, rows, columns)
            os.replace(work, path)
        finally:
            work.unlink(missing_ok=True)
    except OSError as error:
        raise TableError(f"{path} cannot be written: {error.strerror or error}") from None


def _ending(path: Path) -> str:
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise TableError(f"{path}: unknown kind of table {ending or '(no ending)'!r}; use one of {', '.join(ENDINGS)}")
    return ending


def _read_delimited(path: Path, ending: str) -> list[Row]:
    raw = path.read_bytes()
    text = _decode(raw, path)
    delimiter = "\t" if ending == ".tsv" else _delimiter(text)
    csv.field_size_limit(1 << 24)
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
        columns = reader.fieldnames or []
        _check_columns(path, columns)
        rows = []
        for entry in reader:
            if None in entry:
                raise TableError(
                    f"{path}, line {reader.line_num}: more cells than columns; quote cells with {delimiter!r} in them"
                )
            rows.append({k: v or "" for k, v in entry.items()})
    except csv.Error as error:
        raise TableError(f"{path} is not a table: {error}") from None
    return rows


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
    """The delimiter that the header line uses most."""
    header = text.split("\n", 1)[0]
    return max((",", ";", "\t"), key=header.count)


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
        except (json.JSONDecodeError, RecursionError) as error:
            raise TableError(f"{path}, line {number}: not JSON ({error})") from None
        if not isinstance(entry, dict):
            raise TableError(f"{path}, line {number}: expected an object with the columns as keys")
        rows.append({str(k): _cell(v) for k, v in entry.items()})
    return rows


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _read_frame(path: Path, ending: str) -> list[Row]:
    import pandas as pd

    try:
        if ending == ".xlsx":
            frame = pd.read_excel(path, dtype=str, keep_default_na=False)
        else:
            frame = pd.read_parquet(path).map(lambda v: "" if v is None or v != v else str(v))
    except ImportError:
        raise TableError(_needs_extra(ending)) from None
    except OSError:
        raise
    except Exception as error:  # the readers raise whatever their parsers do
        raise TableError(f"{path} is not a readable {ending[1:]} file: {str(error).splitlines()[0][:120]}") from None
    _check_columns(path, [str(c) for c in frame.columns])
    return [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]


def _needs_extra(ending: str) -> str:
    return f"{ending} needs an extra: `pip install 'interviewer[tables]'`, or save the table as .csv"


def _write(path: Path, ending: str, rows: Iterable[Row], columns: Sequence[str]) -> None:
    if ending == ".jsonl":
        lines = (json.dumps({c: r.get(c, "") for c in columns}, ensure_ascii=False) + "\n" for r in rows)
        path.write_text("".join(lines), encoding="utf-8", newline="")
        return
    if ending in (".csv", ".tsv"):
        # The mark makes Excel read it as UTF-8.
        with path.open("w", encoding="utf-8-sig" if ending == ".csv" else "utf-8", newline="") as file:
            writer = csv.DictWriter(
                file, list(columns), delimiter="\t" if ending == ".tsv" else ",", lineterminator="\n"
            )
            writer.writeheader()
            writer.writerows({c: _harmless(r.get(c, "")) for c in columns} for r in rows)
        return
    import pandas as pd

    frame = pd.DataFrame([{c: r.get(c, "") for c in columns} for r in rows], columns=list(columns), dtype=str)
    try:
        if ending == ".xlsx":
            frame.map(_harmless).to_excel(path, index=False)
        else:
            frame.to_parquet(path, index=False)
    except ImportError:
        raise TableError(_needs_extra(ending)) from None


def _harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula; plain numbers stay numbers."""
    if not cell.startswith(_FORMULA):
        return cell
    try:
        float(cell)
    except ValueError:
        return "'" + cell
    return cell
