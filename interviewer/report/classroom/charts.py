"""Pictures of a class: self-contained SVG in the page's own colours, like those of a debrief.

Every number in a picture is also in its text alternative or in a table beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from interviewer.report.classroom.data import PointTally
from interviewer.report.classroom.words import words
from interviewer.schema import Language

_WIDTH, _HEIGHT = 600, 150
_PARTS = (
    ("covered", "var(--debrief-good,#1d7a46)", 1.0),
    ("partial", "var(--debrief-half,#8a5a00)", 0.75),
    ("missing", "var(--debrief-line,#8a8f98)", 0.35),
    ("contradicted", "var(--debrief-bad,#b3261e)", 1.0),
)


def histogram(counts: Sequence[int], language: Language) -> str:
    """A column for every ten points, with the number of answers above it."""
    most, step = max((*counts, 1)), _WIDTH / len(counts)
    parts = []
    for n, count in enumerate(counts):
        height = round(_HEIGHT * count / most, 1)
        x, y = round(n * step + 2, 1), 20 + _HEIGHT - height
        parts.append(
            f'<rect x="{x}" y="{y}" width="{step - 4:g}" height="{height}" rx="2" '
            'fill="var(--debrief-accent,#3b6fd4)"/>'
        )
        if count:
            parts.append(_text(x + step / 2 - 2, y - 5, str(count)))
    ticks = [_text(round(n * step, 1), _HEIGHT + 38, str(round(100 * n / len(counts)))) for n in range(len(counts) + 1)]
    line = f'<path d="M0 {20 + _HEIGHT}H{_WIDTH}" stroke="currentColor" stroke-opacity="0.5"/>'
    said = ", ".join(f"{10 * n}–{10 * n + 10}: {count}" for n, count in enumerate(counts))
    label = words(language)["distribution_of"]
    return _svg([line, *parts, *ticks], f"{label}: {said}", f"-14 0 {_WIDTH + 28} {_HEIGHT + 46}")


def tally_bar(point: PointTally, language: Language) -> str:
    """One key point as a bar of four parts; the numbers stand in the table beside it."""
    total = max(1, point.covered + point.partial + point.missing + point.contradicted)
    parts, x = [], 0.0
    for name, colour, opacity in _PARTS:
        width = 100 * getattr(point, name) / total
        if width:
            parts.append(
                f'<rect x="{x:.2f}" y="0" width="{width:.2f}" height="8" fill="{colour}" fill-opacity="{opacity}"/>'
            )
        x += width
    said = ", ".join(f"{words(language)[name]}: {getattr(point, name)}" for name, _, _ in _PARTS)
    return _svg(parts, said, "0 0 100 8", 'preserveAspectRatio="none" height="10"')


def _text(x: float, y: float, text: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="middle" fill="currentColor" font-size="13">{escape(text)}</text>'


def _svg(parts: Sequence[str], label: str, box: str, attributes: str = "") -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(label)}" viewBox="{box}" '
        f'width="100%" {attributes} font-family="inherit">{"".join(parts)}</svg>'
    )
