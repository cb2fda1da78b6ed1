"""What every format becomes: lines with the marks that a reader of the page would see.

Whether a mark makes a line a question is decided in outline.py and questions.py; formats only report what is there.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from interviewer.documents.words import (
    ANSWER_MARK,
    BULLET,
    CODE_LINE,
    CODE_NAME,
    ENDS_SENTENCE,
    EXPLICIT,
    GUTTER,
    NUMBERED,
)
from interviewer.text import language_of

_FULL = 0.8
"""Share of the usual width from which a line may have been broken by the page and not by its writer."""
_WIDEST_PAGE = 130
"""Columns; files with longer lines are not hard-wrapped."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a document."""

    text: str
    """Plain text, stripped; formulae stay as `$…$`."""
    place: int
    """Where it stands: 1-based line, or page of a PDF, or paragraph of a Word file."""
    heading: int = 0
    """1 to 6 for a heading, else 0."""
    bold: bool = False
    """Bold from the first character to the last."""
    number: int = 0
    """What an ordered list counts it as; 0 where the format does not number it."""
    depth: int = 0
    """Nesting of lists; 0 outside of one."""
    gap: bool = False
    """Whether a blank line or the end of a paragraph stands before it."""
    code: bool = False
    link: bool = False
    """Whether it is nothing but a link."""


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read."""

    name: str
    lines: tuple[Line, ...]
    unit: Literal["line", "page", "paragraph"] = "line"
    """What `Line.place` counts."""


def columns(text: str) -> int:
    """Width in columns of a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def clean(text: str) -> str:
    """One line: control and format characters out, white space of any kind to single spaces."""
    kept = (c if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn") else " " * c.isspace() for c in text)
    return " ".join("".join(kept).split())


def plain_lines(rows: Iterable[tuple[str, int]]) -> list[Line]:
    """Lines of a file without markup.

    Args:
        rows: text as it stands in the file, with its place.
    """
    found: list[Line] = []
    gap = True
    fenced = False
    for raw, place in rows:
        text = clean(raw)
        if text.startswith(("```", "~~~")):
            fenced = not fenced
            continue
        if not text:
            gap = True
            continue
        if fenced or is_code(raw):
            found.append(Line(raw.rstrip(), place, gap=gap, code=True))
        elif bullet := BULLET.match(raw):
            indent = columns(bullet[1].replace("\t", "    "))
            found.append(Line(clean(bullet[2]), place, depth=1 + indent // 4, gap=gap))
        else:
            found.append(Line(text, place, gap=gap))
        gap = False
    return _without_code_names(found)


def is_code(raw: str) -> bool:
    """Whether an unmarked line is program text: it has the form of it, and no Chinese outside of a comment."""
    text = raw.strip()
    if GUTTER.match(text):
        return True
    return CODE_LINE.search(text) is not None and language_of(text.partition("#")[0]) != "zh"


def _without_code_names(lines: list[Line]) -> list[Line]:
    """The name of a language above its code ("python") is not text."""
    kept = []
    for n, line in enumerate(lines):
        before_code = n + 1 < len(lines) and lines[n + 1].code
        if not (before_code and CODE_NAME.fullmatch(line.text)):
            kept.append(line)
    return kept


def unwrapped(lines: list[Line]) -> list[Line]:
    """Lines that the page's width has broken, put together again."""
    widths = sorted(columns(line.text) for line in lines if not line.code)
    usual = widths[int(0.95 * (len(widths) - 1))] if widths else 0
    if not 40 <= usual <= _WIDEST_PAGE:
        return lines
    found: list[Line] = []
    last = 0  # columns of the line that was read last
    for line in lines:
        before = found[-1] if found else None
        if before and last >= _FULL * usual and _continues(before, line):
            found[-1] = replace(before, text=joined(before.text, line.text))
        else:
            found.append(line)
        last = columns(line.text)
    return found


def _continues(before: Line, line: Line) -> bool:
    if before.code or line.code or line.gap or line.heading or before.heading or line.depth or line.number:
        return False
    return not (starts_anew(line.text) or ENDS_SENTENCE.search(before.text))


def starts_anew(text: str) -> bool:
    """Whether the line has a number, bullet or question mark of its own in front."""
    return bool(BULLET.match(text) or EXPLICIT.match(text) or ANSWER_MARK.match(text)) or any(
        pattern.match(text) for _, pattern in NUMBERED
    )


def joined(before: str, after: str) -> str:
    """Two halves of a broken line: no space between Chinese, a hyphen at the break taken out of an English word."""
    if not before or not after:
        return before or after
    wide = [unicodedata.east_asian_width(c) in "WF" for c in (before[-1], after[0])]
    if all(wide):
        return before + after
    if before.endswith("-") and before[-2:-1].isalpha() and after[0].islower():
        return before[:-1] + after
    return f"{before} {after}"
