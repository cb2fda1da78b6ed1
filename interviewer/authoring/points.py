"""An answer's lines → key points, each with the document's own restatements and with generated contradictions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from interviewer.authoring.flips import flips
from interviewer.authoring.outline import mark_of
from interviewer.authoring.words import (
    CONNECTIVE,
    ENUMERATES,
    EXAMPLE,
    FILLER,
    IN_OTHER_WORDS,
    INTRODUCES,
    RESTATES,
    SUMMARISES,
)
from interviewer.documents.lines import Line, clean, columns
from interviewer.schema import LANGUAGES, Bilingual, KeyPoint, Language, Wordings
from interviewer.text import language_of, sentences, terms

MAX_POINTS = 12
"""As many as a bare reference is cut into: with eight, labelled answers were told apart less well (eval/import.md)."""
MAX_ALSO = 3
MAX_CLAIMS = 200
"""Sentences of one answer that are looked at."""
_LEAST_NEW = 3
"""Terms that a sentence must add to the question to be a point; an item of a list needs one."""
_LONGEST_LABEL = 30
"""Columns of what stands before a colon, as in "Dropout: …"."""
_LONGEST_TITLE = 20
"""Columns of a sentence that stands for a title, as in "Scaling. The branch is …"."""
_STATES = re.compile(r"是|\b(?:is|are|was|were|has|have)\b", re.IGNORECASE)
"""What stands before a colon with such a word is a statement, not a label."""
_FORMULA = re.compile(r"\$\$.*?\$\$|\$[^$]+\$|\\\[.*?\\\]|\\\(.*?\\\)", re.DOTALL)
_PARALLEL = 0.6
"""Dice of terms from which two texts that each have a term of their own say the like of two things."""
_ALIKE = 0.35
"""Least share of common terms for two texts to be compared by meaning."""

Likeness = Callable[[str, str], float]
"""Cosine of two texts, −1 to 1."""


@dataclass(slots=True)
class _Point:
    """A key point in the making."""

    text: str
    rank: int
    """0 for one of a list or of what is told one by one, 1 for a sentence, 2 for an example."""
    words: frozenset[str]
    """Terms of the text."""
    also: list[str] = field(default_factory=list)


def key_points(
    question: Bilingual, answer: Sequence[Line], likeness: Likeness, same_meaning: float
) -> tuple[tuple[KeyPoint, ...], Bilingual]:
    """The points of an answer and its text, in the languages it is written in.

    Args:
        question: what is asked; a sentence that only repeats it is no point.
        answer: the lines below the question.
        likeness: compares two texts by meaning.
        same_meaning: likeness from which two texts restate each other.

    Returns:
        Points in the answer's order. An answer in both languages gives points in both if their numbers agree, else
        points in the language of the question; the text is always whole.
    """
    by_language = _by_language(answer)
    texts = {language: text_of(lines) for language, lines in by_language.items()}
    made = {
        language: _chosen(_gathered(question.get(language), lines, likeness, same_meaning))
        for language, lines in by_language.items()
    }
    whole = Bilingual(texts.get("zh", ""), texts.get("en", ""))
    if len(made) == 2 and len(made["zh"]) == len(made["en"]):
        pairs = zip(made["zh"], made["en"], strict=True)
        return tuple(_point(n, zh, en) for n, (zh, en) in enumerate(pairs, start=1)), whole
    first: Language = "zh" if question.zh else "en"
    language = first if made.get(first) else next((x for x in made if made[x]), first)
    points = made.get(language, [])
    ours = [(p, None) if language == "zh" else (None, p) for p in points]
    return tuple(_point(n, zh, en) for n, (zh, en) in enumerate(ours, start=1)), whole


def _by_language(answer: Sequence[Line]) -> dict[Language, list[Line]]:
    """The lines by language if both have a good share of them, else all under the one that most are in."""
    told: list[Language | None] = [None if line.code else language_of(line.text) for line in answer]
    sizes = [(language, len(terms(line.text))) for language, line in zip(told, answer, strict=True)]
    shares = {x: sum(size for y, size in sizes if x == y) for x in LANGUAGES}
    most: Language = "zh" if shares["zh"] >= shares["en"] else "en"
    if min(shares.values()) < 0.25 * max(*shares.values(), 1) or min(told.count("zh"), told.count("en")) < 1:
        return {most: list(answer)}
    found: dict[Language, list[Line]] = {"zh": [], "en": []}
    last = most
    for line, language in zip(answer, told, strict=True):
        last = language or last
        found[last].append(line)
    return found


def text_of(answer: Sequence[Line]) -> str:
    """The answer as Markdown: paragraphs, lists, code."""
    parts: list[str] = []
    code: list[str] = []
    for line in answer:
        if line.code:
            code.append(line.text)
            continue
        if code:
            parts.append("\n```\n" + "\n".join(code) + "\n```\n")
            code = []
        bullet = f"{'  ' * (line.depth - 1)}- " if line.depth else ""
        item = f"{line.number}. " if line.number else bullet
        parts.append(("" if item or not parts else "\n") + item + line.text)
    if code:
        parts.append("\n```\n" + "\n".join(code) + "\n```")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).strip()


def _claims(answer: Sequence[Line]) -> Iterator[tuple[str, bool]]:
    """Each claim of an answer, and whether it is an item of a list."""
    for n, line in enumerate(answer):
        if line.code:
            continue
        mark = mark_of(n, line)
        listed = line.depth > 0 or mark is not None
        text = mark.text if mark else line.text
        pieces = [s.text.strip() for s in sentences(text)]
        label = ""
        if listed and len(pieces) > 1:
            label = _title(pieces[0])
            pieces = pieces[1:] if label else pieces
        for k, piece in enumerate(pieces):
            about = label or (_label(text) if listed and k else "")
            yield (f"{about}{'：' if language_of(text) == 'zh' else ': '}{piece}" if about else piece), listed


def _title(first: str) -> str:
    """The first sentence of an item, if it is so short that it only says what the others are about."""
    return first.rstrip("。.；;") if columns(first) <= _LONGEST_TITLE and ":" not in first and "：" not in first else ""


def _label(text: str) -> str:
    """What an item of a list is about: its first words, before a colon."""
    head, *rest = re.split(r"[:：]", text, maxsplit=1)
    return head.strip() if rest and columns(head) <= _LONGEST_LABEL and not _STATES.search(head) else ""


def _gathered(question: str, answer: Sequence[Line], likeness: Likeness, same_meaning: float) -> list[_Point]:
    """All points, restatements put to what they restate."""
    asked = set(terms(question))
    found: list[_Point] = []
    for raw, listed in islice(_claims(answer), MAX_CLAIMS):
        restated = RESTATES.match(raw)
        summary = SUMMARISES.match(raw)
        listed = listed or ENUMERATES.match(raw) is not None
        text = _bare(RESTATES.sub("", raw) if restated else CONNECTIVE.sub("", ENUMERATES.sub("", raw)))
        said = set(terms(_FORMULA.sub(" ", text)))  # a formula alone is nothing that an answer could be heard to say
        if restated and found and len(said) >= 2:
            found[-1].also.append(text)
        elif _says_nothing(text) or len(said - asked) < (1 if listed else _LEAST_NEW):
            continue
        elif same := _restates(text, said, found, likeness, same_meaning - 0.15 if summary else same_meaning):
            same.also.append(text)
        elif not summary:
            point = _Point(text, 2 if EXAMPLE.match(raw) else 0 if listed else 1, frozenset(terms(text)))
            if within := IN_OTHER_WORDS.search(text):
                point.also.append(_bare(within["text"]))
            found.append(point)
    return found


def _says_nothing(text: str) -> bool:
    """Whether a sentence leads to others, asks, or is about its writer."""
    return bool(INTRODUCES.search(text) or re.search(r"[?？]$", text) or FILLER.search(text))


def _bare(text: str) -> str:
    return clean(text).rstrip("；;，,").strip()


def _restates(text: str, said: set[str], found: Sequence[_Point], likeness: Likeness, least: float) -> _Point | None:
    """The point that a text says again, if any."""
    for point in found:
        common = len(said & point.words)
        shorter = min(len(said), len(point.words))
        if common == shorter and common >= _LEAST_NEW:
            return point
        parallel = 2 * common >= _PARALLEL * (len(said) + len(point.words))
        if common >= _ALIKE * shorter and not parallel and likeness(text, point.text) >= least:
            return point
    return None


def _chosen(points: list[_Point]) -> list[_Point]:
    """The points that are kept, in order: items of lists before sentences before examples, and long before short."""
    ranked = sorted(range(len(points)), key=lambda i: (points[i].rank, -len(points[i].words)))
    return [points[i] for i in sorted(ranked[:MAX_POINTS])]


def _point(number: int, zh: _Point | None, en: _Point | None) -> KeyPoint:
    wrong = Wordings(flips(zh.text, "zh") if zh else (), flips(en.text, "en") if en else ())
    return KeyPoint(
        id=f"p{number}",
        text=Bilingual(zh.text if zh else "", en.text if en else ""),
        also=Wordings(_once(zh), _once(en)),
        contradictions=wrong,
        generated=("not",) if wrong.zh or wrong.en else (),
    )


def _once(point: _Point | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(a for a in point.also if a != point.text))[:MAX_ALSO] if point else ()
