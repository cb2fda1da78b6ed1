"""Titles of a document, and how they nest.

The hard part is numbering: a page numbers its questions 1. 2. 3. and the points of each answer 1. 2. 3. as well, often
in the same way. Which numbered lines are titles is decided for the page as a whole: of all ways to read the numbers as
one outer count with inner counts between, the one with the fewest breaks and the most title-like outer lines
(dynamic programming over the pair of counts).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from interviewer.authoring.words import INTENT_MARK, LABEL, MAY_ASK, NO_QUESTION, PART
from interviewer.documents.lines import Line, columns
from interviewer.documents.words import ANSWER_MARK, ASKS, EXPLICIT, NUMBERED
from interviewer.text import clauses

_LONGEST_TITLE = 160
"""Columns of a title; a numbered line that is longer is a statement (unless it asks)."""
_STATES = 64
"""Readings of the numbers so far that are kept."""
_ZH_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")}


@dataclass(frozen=True, slots=True)
class Title:
    """A line that opens a section."""

    index: int
    """Position in the document's lines."""
    text: str
    """Without its number or mark."""
    style: str
    """What it is marked by: `explicit`, `heading`, `bold`, `asked`, `closing`, or a numbering style."""
    number: int
    parent: int = -1
    """Position of the title it stands under among all titles; −1 for none."""
    level: int = 0
    """Of a heading."""
    restarts: bool = False
    """Whether its count begins anew here."""

    @property
    def asks(self) -> int:
        """2 where it has the form of a question, 1 where it is a title that usually stands for one, else 0."""
        return 2 if ASKS.search(self.text) else 1 if MAY_ASK.search(self.text) else 0


@dataclass(frozen=True, slots=True)
class Mark:
    """A number found in front of a line."""

    index: int
    style: str
    number: int
    text: str
    dotted: tuple[int, ...] = ()


def outline(lines: Sequence[Line]) -> list[Title]:
    """The titles of a document in order, each with the one it stands under."""
    found: dict[int, Title] = {}
    for n, line in enumerate(lines):
        if not line.code and (title := _marked(lines, n, line)):
            found[n] = title
    numbered = [m for n, line in enumerate(lines) if n not in found and (m := mark_of(n, line))]
    for style in dict.fromkeys(m.style for m in numbered):
        same = [m for m in numbered if m.style == style]
        chosen = _dotted(same) if style == "1.1" else _outer(same, lines, set(found))
        for mark, restarts in chosen:
            found[mark.index] = Title(mark.index, mark.text, style, mark.number, restarts=restarts)
    for n in range(len(lines)):
        if n not in found and looks_like_heading(lines, n) and NO_QUESTION.match(lines[n].text):
            found[n] = Title(n, lines[n].text, "closing", 0)
    if not any(t.asks for t in found.values()):
        found |= {n: Title(n, line.text, "asked", 0) for n, line in enumerate(lines) if _asks_plainly(line)}
    return _nested([found[n] for n in sorted(found)], lines)


def _marked(lines: Sequence[Line], n: int, line: Line) -> Title | None:
    """A title by a mark that leaves no doubt, or by being set apart: a heading, or a bold line."""
    if explicit := EXPLICIT.match(line.text):
        number = explicit["n"] or explicit["m"] or ""
        text = explicit["text"] or explicit["text2"] or ""
        # "问题：" may also be a label inside an answer ("drawbacks: …"): then no answer follows.
        below = takewhile(lambda x: not EXPLICIT.match(x.text), lines[n + 1 : n + 5])
        answered = any(ANSWER_MARK.match(x.text) or INTENT_MARK.match(x.text) for x in below)
        if answered or (not explicit["task"] and (number or (ASKS.search(text) and not line.depth))):
            return Title(n, text, "explicit", _value(number) if number else 0)
    if line.depth > 1 or ANSWER_MARK.match(line.text) or LABEL.match(line.text) or PART.match(line.text):
        return None
    if line.heading:
        mark = mark_of(n, line)
        return Title(n, mark.text if mark else line.text, "heading", mark.number if mark else 0, level=line.heading)
    if line.bold and not line.link and (line.number or not line.depth) and _title_like(line.text):
        mark = mark_of(n, line)
        return Title(n, mark.text if mark else line.text, "bold", mark.number if mark else line.number)
    return None


def mark_of(index: int, line: Line) -> Mark | None:
    """The number in front of a line, be it written there or given by a list."""
    if line.code:
        return None
    if line.number:
        return Mark(index, f"list{line.depth}", line.number, line.text)
    if line.depth:
        return None
    for style, pattern in NUMBERED:
        if found := pattern.match(line.text):
            if style == "1.1":
                dotted = tuple(int(part) for part in found["n"].split("."))
                return Mark(index, style, dotted[-1], found["text"], dotted)
            return Mark(index, style, _value(found["n"]), found["text"])
    return None


def _value(number: str) -> int:
    if number.isdecimal():
        return int(number)
    if number in "①②③④⑤⑥⑦⑧⑨⑩":
        return "①②③④⑤⑥⑦⑧⑨⑩".index(number) + 1
    tens, ten, ones = number.rpartition("十")
    value = _ZH_DIGITS.get(ones[-1:], 0)
    return value + 10 * (_ZH_DIGITS.get(tens[-1:], 1) if ten else 0)


def _title_like(text: str) -> bool:
    """Short, and no statement."""
    if ASKS.search(text):
        return columns(text) <= 2 * _LONGEST_TITLE
    return columns(text) <= _LONGEST_TITLE and not _is_statement(text)


def _is_statement(text: str) -> bool:
    if text.endswith(("。", "；", ";")) or (text.endswith(".") and len(text.split()) > 4):
        return True
    _, *rest = re.split(r"[:：]", text, maxsplit=1)
    return bool(rest and columns(rest[0]) > 24) or len(clauses(text)) > 3


def _asks_plainly(line: Line) -> bool:
    """A question with nothing in front of it, in a paragraph of its own."""
    return (
        line.gap and not line.code and not line.depth and line.text.endswith(("?", "？")) and columns(line.text) < 200
    )


def _dotted(marks: Sequence[Mark]) -> Iterator[tuple[Mark, bool]]:
    """1.1 1.2 2.1 …: each follows one that was there, or is the first of its kind. A decimal number does neither."""
    seen: set[tuple[int, ...]] = set()
    for mark in marks:
        *above, last = mark.dotted
        if last == 1 or (*above, last - 1) in seen:
            seen.add(mark.dotted)
            yield mark, False


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to read the numbers so far."""

    score: float
    outer: int
    inner: int
    chosen: _Chosen | None = None
    """The last mark read as a title, and those before it."""


@dataclass(frozen=True, slots=True)
class _Chosen:
    mark: Mark
    restarts: bool
    before: _Chosen | None


def _outer(marks: Sequence[Mark], lines: Sequence[Line], titles: set[int]) -> Iterator[tuple[Mark, bool]]:
    """The marks of one style that are titles, and whether the count begins anew there."""
    readings = [_Reading(0.0, 0, 0)]
    ends = sorted({*(m.index for m in marks), *titles, len(lines)})
    for n, mark in enumerate(marks):
        since = marks[n - 1].index if n else -1
        broken = _section_between(lines, titles, since, mark.index)
        worth = _worth(mark, lines, ends[bisect_right(ends, mark.index)])
        best: dict[tuple[int, int], _Reading] = {}
        for reading in readings:
            for following in _read_on(reading, mark, worth, broken):
                key = following.outer, following.inner
                if key not in best or best[key].score < following.score:
                    best[key] = following
        readings = sorted(best.values(), key=lambda r: -r.score)[:_STATES]
    chosen = readings[0].chosen
    while chosen:
        yield chosen.mark, chosen.restarts
        chosen = chosen.before


def _read_on(reading: _Reading, mark: Mark, worth: float, broken: bool) -> Iterator[_Reading]:
    number, outer, inner = mark.number, reading.outer, reading.inner
    if number == outer + 1:
        cost, anew = 0.0, False
    elif number == 1:
        cost, anew = (0.3 if broken else 2.5), True
    elif outer < number <= outer + 4:
        cost, anew = 1.5, False
    else:
        cost, anew = 4.0, False
    yield _Reading(reading.score + worth - cost, number, 0, _Chosen(mark, anew, reading.chosen))
    goes_on = 0.2 if broken else 0.0
    cost = goes_on if number == inner + 1 else 0.3 if number == 1 else 3.0
    yield _Reading(reading.score - cost, outer, number, reading.chosen)


def _worth(mark: Mark, lines: Sequence[Line], following: int) -> float:
    """How much a numbered line looks like a title: what it says, and whether text of its own follows."""
    line = lines[mark.index]
    worth = 2.0 if ASKS.search(mark.text) else 1.0 if MAY_ASK.search(mark.text) else 0.0
    content = mark.index + 1 < following
    if content:
        worth += 0.7
    if not ASKS.search(mark.text):
        # One of a list whose members have nothing below them: an enumeration, not titles.
        worth += -2.0 if _is_statement(mark.text) else 0.5 if content else -0.3
    return worth + (1.0 if line.bold else 0.0)


def _section_between(lines: Sequence[Line], titles: set[int], start: int, end: int) -> bool:
    """Whether a new section begins between two lines: a heading, or a line that looks like one."""
    return any(n in titles or looks_like_heading(lines, n) for n in range(start + 1, end))


def looks_like_heading(lines: Sequence[Line], n: int) -> bool:
    """A short line without a mark of its own that ends like a title."""
    line = lines[n]
    if line.heading:
        return True
    if line.code or line.depth or line.number or columns(line.text) > 40 or not any(c.isalpha() for c in line.text):
        return False
    return line.text[-1].isalnum() or line.text[-1] in ")）"


def _nested(titles: list[Title], lines: Sequence[Line]) -> list[Title]:
    """With parents. Headings nest by level; any other style goes one deeper where it is first met."""
    found: list[Title] = []
    path: list[int] = []  # positions of the titles that are open
    closing = -1  # position of the "References" whose own numbers are being read
    for n, title in enumerate(titles):
        if _counts_below(titles, n, closing, lines):
            closing = n - 1 if closing < 0 else closing
            found.append(replace(title, parent=closing))
            continue
        closing = -1
        if title.style == "heading":
            while path and (found[path[-1]].style != "heading" or found[path[-1]].level >= title.level):
                path.pop()
        else:
            same = next((k for k, p in enumerate(path) if found[p].style == title.style), None)
            if same is not None:
                del path[same:]
        found.append(replace(title, parent=path[-1] if path else -1))
        if title.style != "closing":
            path.append(n)
    return found


def _counts_below(titles: list[Title], n: int, closing: int, lines: Sequence[Line]) -> bool:
    """Whether a title is one of those that are counted under an unmarked "References" or "Summary"."""
    title = titles[n]
    if title.style in ("heading", "explicit", "bold", "closing"):
        return False
    if closing >= 0:
        return not title.restarts
    if not title.restarts or titles[n - 1].style != "closing":
        return False
    return not any(looks_like_heading(lines, k) for k in range(titles[n - 1].index + 1, title.index))
