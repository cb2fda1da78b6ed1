"""Checks of options that several verbs share."""

from __future__ import annotations

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
