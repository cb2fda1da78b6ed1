"""What YAML files said when they were last read, as JSON: a start reads that in a tenth of the time.

By the digest of a file's bytes, so that one that was changed is read anew. Lines are not kept: whoever has something to
complain about reads the file itself again.
"""

from __future__ import annotations

import json
import os
import stat
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Any

_FORMAT = "1"


class Kept:
    """A file of files."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = _read(path)
        self._used: dict[str, Any] = {}

    def data(self, path: Path) -> Any:
        """What a file says; None where that is not known."""
        digest = _digest(path)
        if digest not in self._known:
            return None
        self._used[digest] = self._known[digest]
        return self._used[digest]

    def keep(self, path: Path, data: Any) -> None:
        """Keep what a file says, if JSON can."""
        try:
            json.dumps(data)
        except (TypeError, ValueError):  # a date
            return
        self._used[_digest(path)] = data

    def write(self) -> None:
        """Write what was used or is new, if any is new or unused; a folder that cannot be written to is let be."""
        if self._used.keys() == self._known.keys():
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=self._path.name, dir=self._path.parent)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump({"format": _FORMAT, "files": self._used}, file, ensure_ascii=False)
            os.replace(name, self._path)
        except OSError:
            return


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return dict(content["files"]) if content["format"] == _FORMAT else {}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}


def _digest(path: Path) -> str:
    """Of a file's bytes; "" for what is no file (a pipe would be read for ever)."""
    try:
        return sha256(path.read_bytes()).hexdigest() if stat.S_ISREG(path.stat().st_mode) else ""
    except OSError:
        return ""
