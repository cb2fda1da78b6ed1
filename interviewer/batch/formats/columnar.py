"""parquet, a part of a row group at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from interviewer.batch.cells import clean, text_of

_AT_ONCE = 1_024
_ROW_GROUP = 8_192


def columns(path: Path) -> list[str]:
    """The names of its columns."""
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(path) as file:
        return [clean(name) for name in file.schema_arrow.names]


def rows(path: Path) -> Iterator[dict[str, str]]:
    """Every row as text by column."""
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=_AT_ONCE):
            for row in batch.to_pylist():
                yield {clean(k): text_of(v) for k, v in row.items()}


@contextmanager
def writing(path: Path, columns: Sequence[str]) -> Iterator[Callable[[Sequence[str]], None]]:
    """Write rows of text, a row group at a time."""
    import pyarrow
    import pyarrow.parquet

    schema = pyarrow.schema([(c, pyarrow.string()) for c in columns])
    waiting: list[Sequence[str]] = []
    with pyarrow.parquet.ParquetWriter(path, schema) as file:

        def flush() -> None:
            held = [[row[n] for row in waiting] for n in range(len(columns))]
            file.write_table(pyarrow.table([pyarrow.array(c, pyarrow.string()) for c in held], schema=schema))
            waiting.clear()

        def add(cells: Sequence[str]) -> None:
            waiting.append(cells)
            if len(waiting) == _ROW_GROUP:
                flush()

        yield add
        if waiting:
            flush()
