"""Where in an answer the evidence lies: an answer cut into stretches, each with the key points that rest on it.

Spans may overlap, repeat, cross two answers or (after a change of the corpus or a damaged record) not fit at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from interviewer.schema import PointVerdict, Span

_GRAVEST: tuple[PointVerdict, ...] = ("contradicted", "partial", "covered", "missing")


@dataclass(frozen=True, slots=True)
class Mark:
    """One piece of evidence: where it lies and what it shows."""

    span: Span
    verdict: PointVerdict
    number: int
    """Of the key point, 1-based in the report; 0 for a misconception."""
    label: str
    """What a reader is told about it, e.g. "covered: …"."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of an answer under the same marks throughout."""

    text: str
    verdict: PointVerdict | None = None
    """The gravest of its marks; None where nothing rests on it."""
    numbers: str = ""
    """Key point numbers, e.g. "1,3"; only on the last stretch of a mark, so that each is shown once."""
    label: str = ""
    rests: str = field(default="", compare=False)
    """Numbers of all key points that rest on it, on every stretch of a mark."""


def stretches_of(answers: Sequence[str], marks: Sequence[Mark]) -> tuple[tuple[Stretch, ...], ...]:
    """The stretches of each answer. Offsets of the marks refer to the answers joined by a line break.

    The texts of an answer's stretches, put together, are the answer.
    """
    joined = "\n".join(answers)
    # A span whose text is not there would colour words that prove nothing; better no mark than a wrong one.
    sound = [m for m in marks if _fits(m.span, joined)]
    found = []
    start = 0
    for answer in answers:
        found.append(_cut(joined, start, start + len(answer), sound))
        start += len(answer) + 1
    return tuple(found)


def _fits(span: Span, text: str) -> bool:
    return 0 <= span.start < span.end <= len(text) and text[span.start : span.end] == span.text


def _cut(text: str, start: int, end: int, marks: Sequence[Mark]) -> tuple[Stretch, ...]:
    """The stretches of `text[start:end]`."""
    ends = {start, end} | {place for m in marks for place in (m.span.start, m.span.end) if start < place < end}
    places = sorted(ends)
    return tuple(_stretch(text, a, b, end, marks) for a, b in pairwise(places))


def _stretch(text: str, start: int, end: int, limit: int, marks: Sequence[Mark]) -> Stretch:
    over = [m for m in marks if m.span.start <= start and end <= m.span.end]
    if not over:
        return Stretch(text[start:end])
    verdict = min((m.verdict for m in over), key=_GRAVEST.index)
    closing = sorted({m.number for m in over if m.number and min(m.span.end, limit) == end})
    labels = dict.fromkeys(m.label for m in over)
    every = sorted({m.number for m in over if m.number})
    return Stretch(text[start:end], verdict, _listed(closing), "; ".join(labels), _listed(every))


def _listed(numbers: Sequence[int]) -> str:
    return ",".join(map(str, numbers))
