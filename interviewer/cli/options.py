"""What several verbs share: checks of options, and reading what is piped in."""

from __future__ import annotations

from pathlib import Path

from interviewer.errors import InputError
from interviewer.schema import LANGUAGES, Language


def check_language(value: str) -> Language:
    """`zh` or `en`.

    Raises:
        InputError: anything else.
    """
    if value not in LANGUAGES:
        raise InputError(f"--language {value!r}: choose zh or en")
    return value


def decoded(raw: bytes) -> str:
    """What was piped in as text, be it UTF-8 or what Chinese Windows writes.

    Raises:
        InputError: it is neither.
    """
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InputError("standard input is not text in UTF-8 or GBK; convert it to UTF-8 first")


def folders(extra: Path | None) -> tuple[Path, ...]:
    """The shipped corpus and the user's."""
    from interviewer.corpus import shipped_folder

    return (shipped_folder(),) if extra is None else (shipped_folder(), extra)
