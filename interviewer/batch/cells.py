"""What a cell of a table may hold. Everything is text: a student number keeps its zeros, and "NA" may be an answer."""

from __future__ import annotations

import json
import re
from typing import Any

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_SURROGATE = re.compile("[\ud800-\udfff]")


def text_of(value: Any) -> str:
    """A value of a typed format as text; what is no text has its JSON spelling, and nothing at all is ""."""
    match value:
        case None:
            return ""
        case float() if value != value:
            return ""
        case str():
            return clean(value)
        case bytes():
            return clean(value.decode("utf-8", "replace"))
        case bool() | int() | float() | list() | dict():
            return clean(json.dumps(value, ensure_ascii=False, default=str))
        case _:
            return clean(str(value))


def clean(text: str) -> str:
    """Without what no table can hold: NUL, and halves of surrogate pairs, which JSON can spell."""
    if not text.isascii():
        text = _SURROGATE.sub("\ufffd", text)
    return text.replace("\0", "") if "\0" in text else text


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula; plain numbers stay numbers."""
    return "'" + cell if cell.startswith(_FORMULA) and not _NUMBER.fullmatch(cell) else cell
