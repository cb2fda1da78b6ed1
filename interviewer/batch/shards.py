"""A table in many files: a folder or an object store's prefix of parquet or csv, here or at a URL.

Every file is looked through before anything is graded, as one table is (tables.py); what is read is what the local
engine would read of the same rows. csv is in UTF-8 with commas here: a thousand files are not guessed at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from interviewer.batch.cells import clean, text_of
from interviewer.batch.tables import Row, check_names
from interviewer.errors import TableError

if TYPE_CHECKING:
    import pyarrow
    import pyarrow.fs

KINDS = (".parquet", ".csv")
DONE = "_SUCCESS"
"""The name of an empty file that is written last, as Spark does: a folder without it is not complete."""
_READERS = 16


@dataclass(frozen=True, slots=True)
class Shards:
    """The files of a table, in the order of their names."""

    place: str
    """As it was given."""
    filesystem: pyarrow.fs.FileSystem
    files: tuple[str, ...]
    """Paths in that file system."""
    kind: str
    """One of `KINDS`."""
    columns: tuple[str, ...]
    rows: int


def open_shards(place: str) -> Shards:
    """Look all files of a table through.

    Args:
        place: a file, a folder with files of one kind (below it too), or the URL of either; names that begin with `_`
            or `.` are no part of it.

    Raises:
        TableError: there are none, they cannot be read, or they differ in their columns.
    """
    filesystem, path = located(place)
    with _readable(place):
        files = tuple(_files(filesystem, path))
        kinds = {PurePosixPath(file).suffix.lower() for file in files}
        if not files or len(kinds) > 1 or not kinds <= set(KINDS):
            found = ", ".join(sorted(kinds)) or "none"
            raise TableError(f"{place}: needs .parquet or .csv files, all of one kind; found {found}")
        kind = kinds.pop()
        with ThreadPoolExecutor(_READERS) as pool:
            surveys = list(pool.map(lambda file: _survey(filesystem, file, kind), files))
    columns = surveys[0][0]
    check_names(place, columns)
    for file, (other, _) in zip(files, surveys, strict=True):
        if other != columns:
            raise TableError(
                f"{place}: {PurePosixPath(file).name} has other columns than {PurePosixPath(files[0]).name}"
            )
    rows = sum(count for _, count in surveys)
    if not rows:
        raise TableError(f"{place} has no rows")
    return Shards(place, filesystem, files, kind, columns, rows)


def located(place: str) -> tuple[pyarrow.fs.FileSystem, str]:
    """The file system of a path or URL, and the path in it.

    Raises:
        TableError: no file system is known for such a URL.
    """
    import pyarrow
    import pyarrow.fs

    if "://" not in place:
        return pyarrow.fs.LocalFileSystem(), str(Path(place).absolute())
    try:
        found: tuple[pyarrow.fs.FileSystem, str] = pyarrow.fs.FileSystem.from_uri(place)
        return found
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise TableError(f"{place} cannot be reached: {first_line(error)}") from None


def check_empty(place: str) -> None:
    """See that nothing lies where a table is to be written.

    Raises:
        TableError: something does, or one cannot see.
    """
    import pyarrow.fs

    filesystem, path = located(place)
    with _readable(place):
        there = filesystem.get_file_info(path).type
        if there is pyarrow.fs.FileType.File or (
            there is pyarrow.fs.FileType.Directory and any(_all(filesystem, path))
        ):
            raise TableError(
                f"{place} holds something already (a run that was cut off leaves files without {DONE}); "
                "delete it, or choose another -o"
            )


def mark_complete(place: str) -> None:
    """Say that a written table is complete."""
    filesystem, path = located(place)
    with _readable(place), filesystem.open_output_stream(f"{path.rstrip('/')}/{DONE}"):
        pass


def read_shards(table: Shards) -> Iterator[Row]:
    """All rows of a table, in order."""
    for file in table.files:
        with _readable(table.place):
            for batch in _batches(table.filesystem, file, table.kind):
                yield from rows_of(batch, table.kind)


def rows_of(batch: pyarrow.RecordBatch | pyarrow.Table, kind: str) -> Iterator[Row]:
    """Rows as the local readers would give them: all text; in csv, lines of empty cells are none."""
    names = _names(batch.schema.names, kind)
    for cells in zip(*(column.to_pylist() for column in batch.columns), strict=True):
        if kind == ".parquet" or any(cells):
            yield dict(zip(names, map(text_of, cells), strict=True))


def errors_of(table: Shards) -> int:
    """How many rows of a graded table have an `error`."""
    import pyarrow.compute

    with _readable(table.place):
        return sum(
            pyarrow.compute.sum(pyarrow.compute.not_equal(batch.column("error"), "")).as_py() or 0
            for file in table.files
            for batch in _batches(table.filesystem, file, table.kind, ["error"])
        )


def csv_options(names: Sequence[str]) -> Mapping[str, Any]:
    """What pyarrow is told, so that it takes cells for the text they are: "007" and "NA" are answers, too."""
    import pyarrow
    from pyarrow import csv

    return {
        "parse_options": csv.ParseOptions(newlines_in_values=True),
        "convert_options": csv.ConvertOptions(
            column_types=dict.fromkeys(names, pyarrow.string()), strings_can_be_null=False
        ),
    }


def _files(filesystem: pyarrow.fs.FileSystem, path: str) -> Iterator[str]:
    import pyarrow.fs

    match filesystem.get_file_info(path).type:
        case pyarrow.fs.FileType.NotFound:
            raise TableError(f"{path}: No such file or folder")
        case pyarrow.fs.FileType.File:
            yield path
            return
    yield from sorted(
        file
        for file in _all(filesystem, path)
        if not any(part.startswith(("_", ".")) for part in PurePosixPath(file).relative_to(path).parts)
    )


def _all(filesystem: pyarrow.fs.FileSystem, folder: str) -> Iterator[str]:
    import pyarrow.fs

    for info in filesystem.get_file_info(pyarrow.fs.FileSelector(folder, recursive=True)):
        if info.type is pyarrow.fs.FileType.File:
            yield info.path


def _survey(filesystem: pyarrow.fs.FileSystem, file: str, kind: str) -> tuple[tuple[str, ...], int]:
    """Names of the columns of one file, and how many rows it has."""
    if kind == ".parquet":
        import pyarrow.parquet

        with filesystem.open_input_file(file) as opened, pyarrow.parquet.ParquetFile(opened) as found:
            return _names(found.schema_arrow.names, kind), int(found.metadata.num_rows)
    count = sum(batch.num_rows - _blank(batch) for batch in _batches(filesystem, file, kind))
    return _names(header(filesystem, file), kind), count


def _blank(batch: pyarrow.RecordBatch) -> int:
    """How many lines have no cell with anything in it."""
    from functools import reduce

    import pyarrow.compute as compute

    empty = reduce(compute.and_, (compute.equal(column, "") for column in batch.columns))
    return int(compute.sum(empty).as_py() or 0)


def _names(given: Sequence[str], kind: str) -> tuple[str, ...]:
    """Names of columns as the local readers would give them."""
    return tuple(clean(name).strip() if kind == ".csv" else clean(name) for name in given)


def _batches(
    filesystem: pyarrow.fs.FileSystem, file: str, kind: str, columns: Sequence[str] | None = None
) -> Iterator[pyarrow.RecordBatch]:
    if kind == ".parquet":
        import pyarrow.parquet

        with filesystem.open_input_file(file) as opened, pyarrow.parquet.ParquetFile(opened) as found:
            yield from found.iter_batches(batch_size=8_192, columns=columns)
        return
    from pyarrow import csv

    names = header(filesystem, file)
    with filesystem.open_input_stream(file) as opened:
        yield from csv.open_csv(opened, **csv_options(names))


def header(filesystem: pyarrow.fs.FileSystem, file: str) -> list[str]:
    """The names of a csv file's columns, as they stand in it."""
    from pyarrow import csv

    with filesystem.open_input_stream(file) as opened:
        return list(csv.open_csv(opened, **csv_options(())).schema.names)


@contextmanager
def _readable(place: str) -> Iterator[None]:
    import pyarrow

    try:
        yield
    except TableError:
        raise
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise TableError(f"{place}: {first_line(error)}") from None


def first_line(error: BaseException) -> str:
    """What an error of a library says, without what follows."""
    return (str(error) or type(error).__name__).splitlines()[0][:200]
