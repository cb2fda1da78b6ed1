"""Scores per topic as pictures: self-contained SVG, with neither script nor font, that takes its colours from the page.

Colours are CSS variables (`--debrief-accent`, `--debrief-line`) with fallbacks, text is `currentColor`, so the same
picture works on light and dark. Every number in a picture is also in its text alternative.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from html import escape

from interviewer.report.ability import Estimate
from interviewer.report.words import words
from interviewer.schema import Language, TopicReview

BANDS = (30, 60, 80)
"""Least scores of a weak, an adequate and a strong answer."""
MIN_AXES = 3
_SIZE = 14  # of the text, in pixels
_LINE = 19  # from one line of text to the next
_NARROWEST = 250  # pixels that a label may take: what a phone leaves beside the score
_ACCENT = "var(--debrief-accent,#3b6fd4)"
_RULE = "var(--debrief-line,#8a8f98)"


def topic_bars(topics: Sequence[TopicReview], language: Language) -> str:
    """A horizontal bar per topic from 0 to 100; lines mark where a better band begins.

    Widths are shares of the room there is, and only heights are fixed: the text keeps its size on a phone.
    """
    parts: list[str] = []
    y = 0
    for review in topics:
        lines = wrapped(review.topic.title.get(language), _NARROWEST)
        parts += [_text("0", y + _LINE * n, line) for n, line in enumerate(lines, 1)]
        parts.append(_text("100%", y + _LINE, shown(review.score), 'text-anchor="end" font-weight="600"'))
        y += _LINE * len(lines) + 6
        parts.append(f'<rect x="0" y="{y}" width="100%" height="12" rx="3" fill="{_RULE}" fill-opacity="0.22"/>')
        parts.append(f'<rect x="0" y="{y}" width="{_share(review.score)}%" height="12" rx="3" fill="{_ACCENT}"/>')
        parts += [_tick(f"{b}%", y - 2, y + 14) for b in BANDS]
        y += 26
    parts += [
        _text(f"{b}%", y + 10, str(b), _anchor(b) + ' font-size="12" fill-opacity="0.75"') for b in (0, *BANDS, 100)
    ]
    return _svg(parts, topics, language, f'width="100%" height="{y + 18}"')


def radar(topics: Sequence[TopicReview], language: Language) -> str | None:
    """One axis per topic, or None where there are too few to span a plane.

    Axes carry numbers and the names stand below: names around a circle would run into each other or off the edge.
    """
    if len(topics) < MIN_AXES:
        return None
    width, radius, middle = 340, 110, (170.0, 135.0)
    parts = [_ring(middle, radius * b / 100, len(topics)) for b in (*BANDS, 100)]
    for n in range(len(topics)):
        (x, y), (tx, ty) = _at(middle, radius, n, len(topics)), _at(middle, radius + 14, n, len(topics))
        parts.append(f'<line x1="170" y1="135" x2="{x}" y2="{y}" stroke="{_RULE}" stroke-opacity="0.5"/>')
        parts.append(_text(str(tx), ty + 5, str(n + 1), 'text-anchor="middle"'))
    corners = [_at(middle, radius * _share(t.score) / 100, n, len(topics)) for n, t in enumerate(topics)]
    shape = " ".join(f"{x},{y}" for x, y in corners)
    parts.append(
        f'<polygon points="{shape}" fill="{_ACCENT}" fill-opacity="0.25" stroke="{_ACCENT}" stroke-width="2"/>'
    )
    parts += [f'<circle cx="{x}" cy="{y}" r="3" fill="{_ACCENT}"/>' for x, y in corners]
    baseline = 292.0
    for n, review in enumerate(topics, 1):
        lines = wrapped(f"{review.topic.title.get(language)} {shown(review.score)}", width - 36)
        parts.append(_text("22", baseline, str(n), 'text-anchor="end" fill-opacity="0.75"'))
        parts += [_text("32", baseline + _LINE * i, line) for i, line in enumerate(lines)]
        baseline += _LINE * len(lines) + 3
    height = round(baseline - _LINE + 10)
    return _svg(parts, topics, language, f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"')


def shown(score: float) -> str:
    """A score in as few digits as say it: 73 or 72.5."""
    return f"{score:.1f}".removesuffix(".0")


def wrapped(text: str, width: float) -> list[str]:
    """The text in lines no wider than `width` pixels, cut at spaces and between Chinese characters, else anywhere."""
    lines, line = [], ""
    for word in _words(" ".join(text.split())):
        if _width(line + word.rstrip()) > width and line:
            lines.append(line.rstrip())
            line = ""
        for char in word if _width(word) > width else ():
            if _width(line + char) > width:
                lines.append(line)
                line = ""
            line += char
        line += "" if _width(word) > width else word
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def _words(text: str) -> list[str]:
    """Pieces between which a line may break; a space stays with the word before it."""
    pieces = [""]
    for char in text:
        if pieces[-1].endswith(" ") or _is_wide(char) or (pieces[-1] and _is_wide(pieces[-1][-1])):
            pieces.append("")
        pieces[-1] += char
    return [p for p in pieces if p]


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF"


def _width(text: str) -> float:
    """An upper estimate in pixels; without the font no more can be known."""
    return sum(_SIZE * (1.0 if _is_wide(c) else 0.72 if c.isupper() or c in "mw@%—" else 0.58) for c in text)


def _share(score: float) -> float:
    return round(min(100.0, max(0.0, score)), 1)


def _at(middle: tuple[float, float], radius: float, n: int, count: int) -> tuple[float, float]:
    """The place on axis `n`, the first one pointing up and the others following clockwise."""
    angle = 2 * math.pi * n / count - math.pi / 2
    return round(middle[0] + radius * math.cos(angle), 1), round(middle[1] + radius * math.sin(angle), 1)


def _ring(middle: tuple[float, float], radius: float, count: int) -> str:
    places = " ".join("{},{}".format(*_at(middle, radius, n, count)) for n in range(count))
    return f'<polygon points="{places}" fill="none" stroke="{_RULE}" stroke-opacity="0.6"/>'


def _tick(x: str, top: float, bottom: float) -> str:
    return f'<line x1="{x}" y1="{top}" x2="{x}" y2="{bottom}" stroke="currentColor" stroke-opacity="0.55"/>'


def _anchor(mark: int) -> str:
    return f'text-anchor="{ {0: "start", 100: "end"}.get(mark, "middle") }"'


def _text(x: str, y: float, text: str, attributes: str = "") -> str:
    return f'<text x="{x}" y="{y}" fill="currentColor" {attributes}>{escape(text)}</text>'


def _svg(parts: Sequence[str], topics: Sequence[TopicReview], language: Language, size: str) -> str:
    said = "; ".join(f"{t.topic.title.get(language)}: {shown(t.score)}" for t in topics)
    return _drawn(parts, words(language)["chart_title"], said, size)


def _drawn(parts: Sequence[str], label: str, said: str, size: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(f"{label}: {said}")}" {size} '
        f'font-family="inherit" font-size="{_SIZE}"><title>{escape(label)}</title><desc>{escape(said)}</desc>'
        f"{''.join(parts)}</svg>"
    )


def level_bars(rows: Sequence[tuple[str, Estimate]], language: Language) -> str:
    """Abilities on the scale of the levels: a dot with its 80% interval for each row, lines at levels 1 to 5."""
    parts: list[str] = []
    y = 0
    for title, ability in rows:
        lines = wrapped(title, _NARROWEST)
        parts += [_text("0", y + _LINE * n, line) for n, line in enumerate(lines, 1)]
        parts.append(_text("100%", y + _LINE, f"{ability.level:.1f}", 'text-anchor="end" font-weight="600"'))
        y += _LINE * len(lines) + 8
        low, at, high = (_place(value) for value in (ability.low, ability.level, ability.high))
        parts.append(f'<line x1="0" y1="{y + 6}" x2="100%" y2="{y + 6}" stroke="{_RULE}" stroke-opacity="0.5"/>')
        parts.append(
            f'<rect x="{low}%" y="{y + 2}" width="{round(high - low, 1)}%" height="8" rx="4" fill="{_ACCENT}" '
            'fill-opacity="0.35"/>'
        )
        parts.append(f'<circle cx="{at}%" cy="{y + 6}" r="5" fill="{_ACCENT}"/>')
        parts += [_tick(f"{_place(level)}%", y, y + 12) for level in range(1, 6)]
        y += 24
    parts += [
        _text(f"{_place(level)}%", y + 10, str(level), 'text-anchor="middle" font-size="12" fill-opacity="0.75"')
        for level in range(1, 6)
    ]
    said = "; ".join(f"{title}: {e.level:.1f} ± {e.error:.1f}" for title, e in rows)
    return _drawn(parts, words(language)["level_chart"], said, f'width="100%" height="{y + 18}"')


def _place(level: float) -> float:
    """Where a level lies on a scale from half a level below the first to half a level above the last, in percent."""
    return round(min(100.0, max(0.0, (level - 0.5) * 20)), 1)
