"""A question with only a reference answer, or a draft item → an item that can be graded.

The reference's sentences become the key points.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from interviewer.schema import Bilingual, Item, KeyPoint
from interviewer.text import clauses, language_of, sentences, terms

MAX_POINTS = 12
TOPIC = "reference"
"""Of items that are nothing but a question and a reference text."""
_LEAST_TERMS = 3


def as_item(question: str, reference: str, item_id: str = "") -> Item:
    """An item made from a question and a reference text, in the reference's language.

    Each sentence (or, in a reference of one or two sentences, each clause) that says something beyond the question
    becomes a key point, weighted by how much it says. `key_points` is empty if the reference says nothing.
    """
    language = language_of(reference) or "en"
    asked = set(terms(question))
    whole = sentences(reference)
    pieces = whole if len(whole) > 2 else clauses(reference)
    found: list[tuple[str, int]] = []
    seen: list[set[str]] = []
    for piece in pieces:
        said = set(terms(piece.text))
        new = said - asked
        # A sentence that repeats an earlier one is no second point.
        if len(new) < _LEAST_TERMS or any(len(said & s) > 0.8 * min(len(said), len(s)) for s in seen):
            continue
        seen.append(said)
        found.append((piece.text, len(new)))
    if not found and terms(reference):
        found = [(reference.strip(), len(terms(reference)))]
    # The longest ones if there are too many, in the reference's order.
    kept = sorted(sorted(range(len(found)), key=lambda i: -found[i][1])[:MAX_POINTS])
    points = tuple(
        KeyPoint(f"p{n + 1}", _in(language, found[i][0]), weight=_weight(found[i][1])) for n, i in enumerate(kept)
    )
    digest = hashlib.sha256(f"{question}\0{reference}".encode()).hexdigest()[:10]
    return Item(
        id=item_id or f"reference-{digest}",
        topic=TOPIC,
        question=_in(language_of(question) or language, question),
        key_points=points,
        answer=_in(language, reference),
        status="draft",
    )


def gradable(item: Item) -> Item:
    """The item itself, or, for a draft that has an answer but no key points, one whose points come from the answer."""
    if item.key_points:
        return item
    language = "zh" if item.answer.zh else "en"
    made = as_item(item.question.get(language), item.answer.get(language), item.id)  # type: ignore[arg-type]
    return replace(item, key_points=made.key_points)


def _weight(new_terms: int) -> float:
    """1 for a short sentence to 3 for a long one."""
    return float(min(3, 1 + new_terms // 12))


def _in(language: str, text: str) -> Bilingual:
    return Bilingual(zh=text) if language == "zh" else Bilingual(en=text)
