"""A found question → a draft item."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from interviewer.authoring.neighbours import Neighbours
from interviewer.authoring.points import key_points
from interviewer.authoring.questions import Found, Page, find_questions, in_language
from interviewer.authoring.words import KINDS
from interviewer.corpus.parse import MAX_TEXT
from interviewer.documents.lines import Document
from interviewer.schema import Bilingual, Item, Kind
from interviewer.text import language_of, normalise

SAME_MEANING = 0.82
"""Cosine from which a sentence of an answer restates a key point of it."""
_AT_ONCE = 32
"""Questions whose texts are read together."""
MAX_PASSAGE = 6_000
"""Characters of a document that are shown beside a draft."""
_SLUG = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question to which the document says nothing; it can be no draft."""

    question: str
    origin: str
    like: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drafts:
    """What a document gave."""

    items: tuple[Item, ...]
    passages: tuple[str, ...]
    """For each item the lines of the document that it was made of, as they stand there."""
    unanswered: tuple[Unanswered, ...]
    page: Page


def drafts_of(document: Document, neighbours: Neighbours) -> Drafts:
    """The questions of a document as draft items; those without an answer apart."""
    page = find_questions(document)
    items: list[Item] = []
    passages: list[str] = []
    unanswered: list[Unanswered] = []
    asked = zip(page.questions, _passages(document, page.questions), strict=True)
    for n, (found, passage) in enumerate(asked):
        if n % _AT_ONCE == 0:
            neighbours.prepare(_compared(page.questions[n : n + _AT_ONCE], neighbours))
        origin = f"{document.name}, {document.unit} {found.place}"
        made = _draft(found, origin, neighbours)
        if made.key_points:
            items.append(made)
            passages.append(passage)
            neighbours.add([(made.id, found.text)])
        else:
            unanswered.append(Unanswered(found.text, origin, made.like))
    return Drafts(tuple(items), tuple(passages), tuple(unanswered), page)


def _passages(document: Document, questions: Sequence[Found]) -> list[str]:
    """The lines from each question to the next one, whatever became of them."""
    by_place: dict[int, list[int]] = defaultdict(list)
    for n, line in enumerate(document.lines):
        by_place[line.place].append(n)
    starts: list[int] = []
    for found in questions:
        here = [n for n in by_place[found.place] if not starts or n > starts[-1]] or by_place[found.place] or [0]
        head = normalise(found.text)[:12]
        starts.append(next((n for n in here if head in normalise(document.lines[n].text)), here[0]))
    ends = [*starts[1:], len(document.lines)]
    return [
        "\n".join(line.text for line in document.lines[start : max(end, start + 1)])[:MAX_PASSAGE]
        for start, end in zip(starts, ends, strict=True)
    ]


def _compared(questions: Iterable[Found], neighbours: Neighbours) -> Iterator[str]:
    """All texts that making drafts of some questions will compare by meaning (hardly one more, and hardly one less)."""
    for found in questions:
        pairs: list[str] = []

        def note(first: str, second: str, pairs: list[str] = pairs) -> float:
            pairs.extend((first, second))
            return 0.0

        _, answer = key_points(found.question, found.answer, note, SAME_MEANING)
        yield from pairs
        yield from neighbours.texts(found.question, _fitting(answer.zh) or _fitting(answer.en))


def _draft(found: Found, origin: str, neighbours: Neighbours) -> Item:
    points, answer = key_points(found.question, found.answer, neighbours.likeness, SAME_MEANING)
    answer = Bilingual(_fitting(answer.zh), _fitting(answer.en))
    near = neighbours.of(found.question, answer.zh or answer.en)
    item_id = draft_id(found.text, answer.zh + answer.en)
    return Item(
        id=item_id,
        topic=near.topic,
        question=found.question,
        kind=kind_of(found.text),
        level=found.level or near.level,
        intent=in_language(language_of(found.intent) or "en", found.intent),
        key_points=points,
        answer=answer,
        status="draft",
        origin=origin,
        like=tuple(i for i in near.like if i != item_id),
    )


def draft_id(question: str, answer: str) -> str:
    """The same for the same question and answer, so that importing again adds nothing."""
    words = "-".join(_SLUG.findall(normalise(question)))[:40].strip("-")
    digest = hashlib.sha256(f"{normalise(question)}\0{normalise(answer)}".encode()).hexdigest()[:8]
    return f"draft-{words}-{digest}" if words else f"draft-{digest}"


def kind_of(question: str) -> Kind:
    """What kind of question it is, by its words."""
    return next((kind for kind, pattern in KINDS if pattern.search(question)), "concept")


def _fitting(text: str) -> str:
    """An answer as long as a corpus file may hold, cut at the end of a line."""
    if len(text) <= MAX_TEXT:
        return text
    return text[:MAX_TEXT].rpartition("\n")[0] or text[:MAX_TEXT]


def entries(items: Iterable[Item]) -> Iterator[dict[str, object]]:
    """Items as the mappings of a corpus file."""
    for item in items:
        yield _without_blanks(
            {
                "id": item.id,
                "status": item.status,
                "topic": item.topic,
                "kind": item.kind,
                "level": item.level,
                "question": _bilingual(item.question),
                "intent": _bilingual(item.intent),
                "key_points": [
                    _without_blanks(
                        {
                            "id": p.id,
                            "text": _bilingual(p.text),
                            "also": _without_blanks({"zh": list(p.also.zh), "en": list(p.also.en)}),
                            "not": _without_blanks({"zh": list(p.contradictions.zh), "en": list(p.contradictions.en)}),
                            "generated": list(p.generated),
                            "proposed": _without_blanks({"zh": list(p.proposed.zh), "en": list(p.proposed.en)}),
                        }
                    )
                    for p in item.key_points
                ],
                "answer": _bilingual(item.answer),
                "origin": item.origin,
                "like": list(item.like),
            }
        )


def _bilingual(text: Bilingual) -> dict[str, object]:
    return _without_blanks({"zh": text.zh, "en": text.en})


def _without_blanks(mapping: dict[str, object]) -> dict[str, object]:
    return {k: v for k, v in mapping.items() if v not in ("", [], {})}
