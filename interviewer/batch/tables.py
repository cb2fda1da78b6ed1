"""Tables of text: csv, tsv, jsonl, xlsx and parquet, read and written row by row: memory does not grow with them.

A table is looked through once before anything is done with it (`open_table`): what is wrong in its last line is said
before the first row is graded, not ten hours later.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import zip_longest
from pathlib import Path

from interviewer.batch.cells import clean
from interviewer.batch.formats import columnar, delimited, jsonl, sheet
from interviewer.errors import TableError

Row = dict[str, str]
Add = Callable[[Sequence[str]], None]
ENDINGS = (".csv", ".tsv", ".jsonl", ".xlsx", ".parquet")


@dataclass(frozen=True, slots=True)
class Table:
    """A table on disk that was looked through once. Iterating reads it again, a row at a time."""

    path: Path
    columns: tuple[str, ...]
    rows: int
    digest: str
    """SHA-256 of its bytes."""
    dialect: delimited.Dialect | None = None
    """How its bytes become cells; None for what is no delimited text."""

    def __iter__(self) -> Iterator[Row]:
        """Its rows; one may lack columns only in jsonl.

        Raises:
            TableError: the file cannot be read any more.
        """
        with _readable(self.path):
            match _ending(self.path):
                case ".jsonl":
                    yield from jsonl.rows(self.path)
                case ".parquet":
                    yield from columnar.rows(self.path)
                case _:
                    filled = _filled(_lines(self.path, self.dialect))
                    next(filled)
                    for _, cells in filled:
                        yield dict(zip_longest(self.columns, cells[: len(self.columns)], fillvalue=""))

    @property
    def unchanged(self) -> bool:
        """Whether the file still is what was looked through."""
        return _digest(self.path) == self.digest


def open_table(path: Path) -> Table:
    """Look a table through: every line is read and checked, none is kept.

    Raises:
        TableError: the file is missing, of an unknown kind, empty, or not what its ending says.
    """
    ending = _ending(path)
    dialect = None
    with _readable(path):
        digest = _digest(path)
        match ending:
            case ".jsonl":
                columns, rows = _survey_rows(jsonl.rows(path))
            case ".parquet":
                names = columnar.columns(path)
                check_names(path, names)
                columns, rows = names, sum(1 for _ in columnar.rows(path))
            case _:
                dialect = None if ending == ".xlsx" else delimited.dialect_of(path, ending == ".tsv")
                columns, rows = _survey_lines(path, _lines(path, dialect))
    if not rows:
        raise TableError(f"{path} has no rows")
    return Table(path, tuple(columns), rows, digest, dialect)


def read_table(path: Path) -> list[Row]:
    """All rows of a table that fits in memory, in order.

    Raises:
        TableError: see `open_table`.
    """
    return list(open_table(path))


def write_table(path: Path, rows: Iterable[Row], columns: Sequence[str]) -> None:
    """Write rows as they come; the file has its name only when it is complete and on the disk.

    In csv, tsv and xlsx a cell that a spreadsheet would run as a formula is given a leading apostrophe.

    Raises:
        TableError: the file cannot be written.
    """
    check_target(path)
    # Not by `tempfile`: its files can be read by nobody else. Always the same name: what a killed run leaves behind is
    # overwritten by the next one.
    work = path.with_name(f".graded-{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]}{_ending(path)}")
    try:
        try:
            with _writing(work, [clean(c) for c in columns]) as add:
                for row in rows:
                    add([clean(row.get(c, "")) for c in columns])
            with work.open("rb+") as made:
                os.fsync(made.fileno())
            os.replace(work, path)
            settle(path.parent)
        finally:
            work.unlink(missing_ok=True)
    except OSError as error:
        raise TableError(f"{path} cannot be written: {error.strerror or error}") from None


def settle(folder: Path) -> None:
    """Have a folder remember through a power cut what its files are called."""
    if os.name == "posix":  # elsewhere a folder cannot be opened
        place = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(place)
        finally:
            os.close(place)


def check_target(path: Path, rows: int = 0) -> None:
    """Find out what would keep a table of that many rows from being written, before there is something to lose.

    Raises:
        TableError: its kind is unknown, needs a library or is too small for it, or its place is none for a file.
    """
    library = {".xlsx": "openpyxl", ".parquet": "pyarrow"}.get(_ending(path))
    if library and find_spec(library) is None:
        raise TableError(_needs_extra(_ending(path)))
    if _ending(path) == ".xlsx" and rows > sheet.MOST_ROWS:
        raise TableError(f"{path}: a sheet holds {sheet.MOST_ROWS:,} rows and there are {rows:,}; write .csv instead")
    if not path.parent.is_dir():
        raise TableError(f"{path.parent} is not a folder; make it first")
    if path.is_dir():
        raise TableError(f"{path} is a folder; choose another name for the output")


def kind_of(start: bytes) -> str:
    """The ending for a table of which only the first bytes are known (a kilobyte will do): what is piped in."""
    if start.startswith(b"PK\x03\x04"):
        return ".xlsx"
    if start.startswith(b"PAR1"):
        return ".parquet"
    return ".jsonl" if start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{") else ".csv"


def _ending(path: Path) -> str:
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise TableError(f"{path}: unknown kind of table {ending or '(no ending)'!r}; use one of {', '.join(ENDINGS)}")
    return ending


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Whatever the readers' libraries raise, as one line that names the file."""
    try:
        yield
    except TableError:
        raise
    except ImportError:
        raise TableError(_needs_extra(_ending(path))) from None
    except Exception as error:  # the readers raise whatever their parsers do
        if isinstance(error, OSError) and error.errno is not None:
            raise TableError(f"{path}: {error.strerror or error}") from None
        first = (str(error) or type(error).__name__).splitlines()[0][:120]
        raise TableError(f"{path} is not a readable {_ending(path)[1:]} file: {first}") from None


def _lines(path: Path, dialect: delimited.Dialect | None) -> Iterator[tuple[int, list[str]]]:
    return delimited.lines(path, dialect) if dialect else sheet.lines(path)


def _filled(lines: Iterable[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    """Numbered lines without the blank ones, which are no rows; the first one names the columns."""
    return ((n, [clean(c) for c in cells]) for n, cells in lines if any(cells))


def _survey_lines(path: Path, lines: Iterable[tuple[int, list[str]]]) -> tuple[list[str], int]:
    """Names of the columns, and how many rows there are."""
    header: list[str] = []
    width = rows = beyond = 0
    for number, cells in _filled(lines):
        rows += 1
        header = header or cells
        width = max(width, max((n for n, cell in enumerate(cells, 1) if cell), default=0))
        if len(cells) > len(header) and any(cells[len(header) :]):
            beyond = beyond or number
    # Columns at the end without a name and without a cell are leftovers of a spreadsheet.
    columns = [c.strip() for c in header[:width]]
    check_names(path, columns)
    if beyond:
        raise TableError(f"{path}, line {beyond}: more cells than columns; put cells that hold the delimiter in quotes")
    return columns, max(0, rows - 1)


def _survey_rows(rows: Iterable[Row]) -> tuple[list[str], int]:
    columns: dict[str, None] = {}
    count = 0
    for row in rows:
        count += 1
        columns.update(dict.fromkeys(row))
    return list(columns), count


def check_names(path: Path | str, columns: Sequence[str]) -> None:
    """See that no two columns of a table have one name.

    Raises:
        TableError: two have.
    """
    repeated = [c for i, c in enumerate(columns) if c in columns[:i]]
    if repeated:
        raise TableError(f"{path}: column {repeated[0]!r} occurs twice")


def _needs_extra(ending: str) -> str:
    return f"{ending} needs an extra: `pip install 'interviewer[tables]'`, or save the table as .csv"


def _writing(path: Path, columns: Sequence[str]) -> AbstractContextManager[Add]:
    match _ending(path):
        case ".csv" | ".tsv" as ending:
            return delimited.writing(path, columns, tabs=ending == ".tsv")
        case ".jsonl":
            return jsonl.writing(path, columns)
        case ".xlsx":
            return sheet.writing(path, columns)
        case _:
            return columnar.writing(path, columns)
