"""A job description, a résumé or both → what an interview should be about, and which line calls for which question.

Each line is looked up in the corpus by meaning and words. A line and a question count as related where they are near
in meaning and share a term: letters of a general kind ("team player", "五险一金") are near to something, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

from interviewer.errors import InputError
from interviewer.interview.plan import Brief, Cue, Source
from interviewer.retrieval import Hit
from interviewer.schema import LANGUAGES, Item
from interviewer.text import sentences, terms

MAX_TEXT = 200_000
"""Characters of a document that are read."""
MAX_LINES = 150
"""Lines of a document that are looked up."""
MAX_LINE = 160
"""Characters of a line that are quoted."""
MAX_CUES = 60
NEAR = 0.42
"""Least cosine of a line with a question or its answer."""
SMALL = 0.05
"""Share below which a topic is left out."""
_EACH = 4  # questions that one line may call for

_BULLET = re.compile(r"^[\s\-–—*•·●▪◦‣>#\d.)（）()、]+")
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_PROJECT = re.compile(
    r"^(?:项目(?:名称|经历|经验)?|(?:key |selected )?projects?(?: name)?)\s*[:：]\s*(.{2,})$", re.IGNORECASE
)
_PROJECTS = re.compile(
    r"^(?:项目(?:经历|经验)?|(?:key |selected |personal )?projects?(?: experience)?)\s*[:：]?$", re.IGNORECASE
)

Find = Callable[[str], Sequence[Hit]]


def read_brief(job: str, resume: str, items: Mapping[str, Item], find: Find) -> Brief:
    """What two documents ask for.

    Args:
        job: text of a job description; may be empty.
        resume: text of a résumé; may be empty.
        items: the corpus.
        find: the items nearest to a line, best first.

    Raises:
        InputError: there is no line in them that any question fits.
    """
    best: dict[str, Cue] = {}
    weights: dict[str, float] = {}
    documents: tuple[tuple[Source, str], ...] = (("job", job), ("resume", resume))
    for source, text in documents:
        for line in lines_of(text):
            related = [(hit, items[hit.item_id]) for hit in find(line) if _related(line, hit, items)][:_EACH]
            for hit, item in related:
                strength = min(1.0, hit.similarity)
                if item.id not in best or strength > best[item.id].strength:
                    best[item.id] = Cue(item.id, line, source, round(strength, 3))
            for topic in {item.topic for _, item in related}:
                weights[topic] = weights.get(topic, 0.0) + max(h.similarity for h, i in related if i.topic == topic)
    if not best:
        raise InputError("no question of the corpus fits any line of that text; paste the requirements themselves")
    cues = tuple(sorted(best.values(), key=lambda c: (-c.strength, c.item_id))[:MAX_CUES])
    return Brief(cues, _shares(weights), _project(resume, find))


def lines_of(text: str) -> Iterator[str]:
    """The lines and sentences of a document that say something, without bullets, in order."""
    found = 0
    for row in _UNSEEN.sub(" ", text[:MAX_TEXT]).splitlines():
        for piece in sentences(_BULLET.sub("", row)):
            line = " ".join(piece.text.split())
            if len(set(terms(line))) >= 2:
                yield line if len(line) <= MAX_LINE else line[: MAX_LINE - 1] + "…"
                found += 1
                if found == MAX_LINES:
                    return


def _related(line: str, hit: Hit, items: Mapping[str, Item]) -> bool:
    return hit.similarity >= NEAR and bool(
        _vocabulary(items[hit.item_id].id, _asked(items[hit.item_id])) & set(terms(line))
    )


def _asked(item: Item) -> str:
    parts = [item.id.replace("-", " "), item.topic]
    for language in LANGUAGES:
        parts += [getattr(item.question, language), *(getattr(p.text, language) for p in item.key_points)]
    return "\n".join(parts)


@lru_cache(maxsize=1024)
def _vocabulary(_item_id: str, text: str) -> frozenset[str]:
    return frozenset(terms(text))


def _shares(weights: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    """Shares of the topics that matter, largest first."""
    total = sum(weights.values())
    kept = {topic: w for topic, w in weights.items() if w >= SMALL * total} or dict(weights)
    total = sum(kept.values())
    return tuple((topic, round(w / total, 4)) for topic, w in sorted(kept.items(), key=lambda pair: -pair[1]))


def _project(resume: str, find: Find) -> str:
    """Of the projects that a résumé names, the one nearest to anything that could be asked; empty if it names none."""
    rows = [" ".join(_BULLET.sub("", row).split()) for row in _UNSEEN.sub(" ", resume[:MAX_TEXT]).splitlines()]
    rows = [row for row in rows if row]
    named = [m[1] for row in rows if (m := _PROJECT.match(row))]
    named += [after for row, after in pairwise(rows) if _PROJECTS.match(row)]
    near = {name: max((h.similarity for h in find(name)), default=0.0) for name in dict.fromkeys(named[:20])}
    best = max(near, key=lambda name: near[name], default="")
    return best if len(best) <= MAX_LINE else best[: MAX_LINE - 1] + "…"
