"""Finished rows on disk: a first line that says what they belong to, then a JSON object a line.

What was added survives the end of the process at once, and a power cut a second later. A line cut short is cut off
when the journal is opened again, and its row graded again.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from interviewer.batch.tables import Row, settle
from interviewer.errors import TableError

_SYNC_SECONDS = 1.0


class Journal:
    """The results of a run so far, in the order of its rows."""

    def __init__(self, path: Path, binding: str, fields: Collection[str]) -> None:
        """Args:
        path: where it lies.
        binding: names everything that a result depends on; a journal with another one is not believed.
        fields: what every result has.
        """
        self._path, self._binding, self._fields = path, binding, frozenset(fields)
        self._file: IO[bytes] | None = None
        self._synced = 0.0
        self.kept = 0
        """Results found in it when it was opened."""

    def __enter__(self) -> Journal:
        try:
            self._file = self._path.open("r+b") if self._path.is_file() else self._path.open("w+b")
            self._lock()
            self.kept, end = self._sound()
            self._file.truncate(end)
            self._file.seek(end)
            if not end:
                self._write({"binding": self._binding})
            self._sync()
            settle(self._path.parent)
        except OSError as error:
            self._close()
            raise TableError(f"{self._path} cannot be written: {error.strerror or error}") from None
        except TableError:
            self._close()
            raise
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._close()

    def add(self, result: Row) -> None:
        """Keep a finished result; it survives the end of the process when this returns."""
        try:
            self._write(result)
            if time.monotonic() - self._synced > _SYNC_SECONDS:
                self._sync()
        except OSError as error:
            raise TableError(f"{self._path} cannot be written: {error.strerror or error}") from None

    def results(self) -> Iterator[Row]:
        """Everything that was kept, from the first row on."""
        with self._path.open("rb") as file:
            next(file)
            for line in file:
                yield json.loads(line)

    def _write(self, entry: dict[str, str]) -> None:
        assert self._file is not None
        self._file.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")
        self._file.flush()

    def _sync(self) -> None:
        assert self._file is not None
        os.fsync(self._file.fileno())
        self._synced = time.monotonic()

    def _close(self) -> None:
        with suppress(OSError):  # on a full disk, what could not be written is tried once more
            if self._file:
                self._file.close()

    def _lock(self) -> None:
        """Two runs must not write one journal; the lock goes with the process, however that ends."""
        try:
            import fcntl
        except ImportError:  # Windows refuses a second writer by itself only where the first one asks; none does here
            return
        assert self._file is not None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise TableError(
                f"{self._path}: another run is writing it; wait for its end, or choose another -o"
            ) from None

    def _sound(self) -> tuple[int, int]:
        """How many results can be believed, and where they end."""
        assert self._file is not None
        count = end = 0
        for number, line in enumerate(self._file):
            entry = _parsed(line)
            if not (entry == {"binding": self._binding} if number == 0 else self._is_result(entry)):
                break
            end += len(line)
            count = number
        return count, end

    def _is_result(self, entry: Any) -> bool:
        return (
            isinstance(entry, dict)
            and set(entry) == self._fields
            and all(isinstance(value, str) for value in entry.values())
        )


def _parsed(line: bytes) -> Any:
    if not line.endswith(b"\n"):  # cut short
        return None
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
