"""The rules that an item and a corpus must keep, each broken one a `Complaint` with file, line and field.

These are the rules that can be judged from the files alone; those that need an encoder or the grader are in
`interviewer.evaluation.corpus`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from interviewer.corpus.yaml_file import Path_
from interviewer.schema import LANGUAGES, Bilingual, Item, KeyPoint, Misconception, Reference, Wordings
from interviewer.text import language_of, normalise, terms

MIN_POINTS, MAX_POINTS = 3, 6
MIN_ALSO, MIN_NOT = 1, 1
MAX_MISCONCEPTIONS = 3
_LIKE_LENGTH = (0.33, 1.7)
"""Chinese in columns of a terminal, as a share of English: 0.6 on average, and 0.34 to 1.6 in the shipped corpus."""
_COMPARABLE = 16
"""Characters of English below which lengths say nothing: a formula and two words."""
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

Finding = tuple[Path_, str]


@dataclass(frozen=True, slots=True, order=True)
class Complaint:
    """What is wrong, and where."""

    file: str
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.field}: {self.message}"


def is_id(text: str) -> bool:
    """Whether it can be an id: kebab-case."""
    return _ID.fullmatch(text) is not None


def item_findings(item: Item) -> Iterator[Finding]:
    """Everything wrong with one item by itself; paths are relative to the item."""
    if not is_id(item.id):
        yield ("id",), f"{item.id!r} is not kebab-case (small letters, digits, single hyphens)"
    yield from _repeated([p.id for p in item.key_points], "key_points")
    if item.status == "draft":
        yield from _draft(item)
        return
    yield from _published(item)


def _published(item: Item) -> Iterator[Finding]:
    yield from _both(item.question, ("question",))
    yield from _both(item.intent, ("intent",))
    yield from _both(item.answer, ("answer",))
    if not MIN_POINTS <= len(item.key_points) <= MAX_POINTS:
        yield ("key_points",), f"{len(item.key_points)} key points; {MIN_POINTS} to {MAX_POINTS} are wanted"
    for i, point in enumerate(item.key_points):
        yield from _point(point, ("key_points", i))
    if not 1 <= len(item.misconceptions) <= MAX_MISCONCEPTIONS:
        yield ("misconceptions",), f"{len(item.misconceptions)} misconceptions; 1 to {MAX_MISCONCEPTIONS} are wanted"
    ids = {p.id for p in item.key_points}
    for i, misconception in enumerate(item.misconceptions):
        yield from _misconception(misconception, ids, ("misconceptions", i))
    if not item.sources:
        yield ("sources",), "no source"
    for i, erratum in enumerate(item.errata):
        yield from _both(erratum.text, ("errata", i))


def _draft(item: Item) -> Iterator[Finding]:
    if not (item.question.zh or item.question.en):
        yield ("question",), "a draft needs a question in one language"
    if not item.key_points and not (item.answer.zh or item.answer.en):
        yield ("key_points",), "a draft needs key points or an answer"
    for i, point in enumerate(item.key_points):
        if not (point.text.zh or point.text.en):
            yield ("key_points", i, "text"), "is empty"


def _point(point: KeyPoint, path: Path_) -> Iterator[Finding]:
    if not is_id(point.id):
        yield (*path, "id"), f"{point.id!r} is not kebab-case"
    yield from _both(point.text, (*path, "text"))
    yield from _wordings(point.also, MIN_ALSO, (*path, "also"))
    yield from _wordings(point.contradictions, MIN_NOT, (*path, "not"))
    for name, text in (("probe", point.probe), ("hint", point.hint)):
        yield from _both(text, (*path, name))
        yield from _leaks(text, point, (*path, name))
    if point.generated:
        yield (*path, "generated"), f"{', '.join(point.generated)}: read it, correct it, and take it out of this list"
    if point.proposed.zh or point.proposed.en:
        yield (*path, "proposed"), "a model proposes this: move what is right to `also`, delete the rest"
    for language in LANGUAGES:
        wrong = {normalise(w) for w in point.contradictions.get(language)}
        right = [point.text.get(language), *point.also.get(language)]
        if any(normalise(w) in wrong for w in right):
            yield (*path, "not", language), "the same wording is given as right and as wrong"


def _misconception(misconception: Misconception, ids: set[str], path: Path_) -> Iterator[Finding]:
    yield from _both(misconception.text, (*path, "text"))
    yield from _both(misconception.correction, (*path, "correction"))
    if not misconception.contradicts:
        yield (*path, "contradicts"), "names no key point"
    for unknown in set(misconception.contradicts) - ids:
        yield (*path, "contradicts"), f"{unknown!r} is no key point of this item"


def _both(text: Bilingual, path: Path_) -> Iterator[Finding]:
    for language in LANGUAGES:
        value = text.zh if language == "zh" else text.en
        if not value:
            yield (*path, language), "is missing"
        elif language == "zh" and language_of(value) == "en":
            yield (*path, language), "is not Chinese"
        elif language == "en" and language_of(value) == "zh":
            yield (*path, language), "is not English"
    if text.zh and text.en and len(text.en) >= _COMPARABLE:
        share = _columns(text.zh) / len(text.en)
        if not _LIKE_LENGTH[0] <= share <= _LIKE_LENGTH[1]:
            yield path, f"the two languages differ in length: Chinese takes {share:.1f} times the room of English"


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _wordings(wordings: Wordings, least: int, path: Path_) -> Iterator[Finding]:
    for language in LANGUAGES:
        texts = wordings.get(language)
        if len(texts) < least:
            yield (*path, language), f"{len(texts)} wordings; at least {least}"
        if len({normalise(t) for t in texts}) < len(texts):
            yield (*path, language), "a wording is repeated"


def _leaks(text: Bilingual, point: KeyPoint, path: Path_) -> Iterator[Finding]:
    """A probe or hint must not say what it leads to: most of the point's terms in it is saying it."""
    for language in LANGUAGES:
        claim = set(terms(point.text.zh if language == "zh" else point.text.en))
        said = set(terms(text.zh if language == "zh" else text.en))
        if len(claim) >= 3 and len(claim & said) / len(claim) > 0.6:
            yield (*path, language), "gives away its key point: most of the point's words are in it"


def _repeated(ids: list[str], field: str) -> Iterator[Finding]:
    for i, value in enumerate(ids):
        if value in ids[:i]:
            yield (field, i, "id"), f"{value!r} is used twice"


def corpus_findings(
    items: Mapping[str, Item], references: Mapping[str, Reference], rows: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[str, Finding]]:
    """Everything wrong between items: (item id, finding). The item id is empty for `sources.yaml` itself."""
    for item in items.values():
        for finding in _links(item, items, references):
            yield item.id, finding
    for cycle in _cycles(items):
        yield cycle[0], (("requires",), f"goes round in a circle: {' → '.join(cycle)}")
    for row, ids in rows.items():
        for unknown in [i for i in ids if i not in items]:
            yield "", (("rows", row), f"{unknown!r} is no item")


def _links(item: Item, items: Mapping[str, Item], references: Mapping[str, Reference]) -> Iterator[Finding]:
    for i, required in enumerate(item.requires):
        if required not in items:
            yield ("requires", i), f"{required!r} is no item"
    cited = [(("sources", i), c.ref) for i, c in enumerate(item.sources)]
    cited += [(("errata", i), e.source) for i, e in enumerate(item.errata)]
    for path, key in cited:
        if key not in references:
            yield path, f"{key!r} is not in sources.yaml"


def _cycles(items: Mapping[str, Item]) -> list[list[str]]:
    """Each cycle of `requires` once, as the path that closes it."""
    done: set[str] = set()
    found: list[list[str]] = []
    for start in items:
        path: list[str] = []
        following = [iter((start,))]  # what is still to be visited below each item of the path, and the start itself
        while following:
            item_id = next(following[-1], None)
            if item_id is None:
                following.pop()
                done.update(path[-1:])
                del path[-1:]
            elif item_id in path:
                found.append([*path[path.index(item_id) :], item_id])
            elif item_id in items and item_id not in done:
                path.append(item_id)
                following.append(iter(items[item_id].requires))
    return found


def field_name(path: Path_) -> str:
    """`("key_points", 2, "probe", "zh")` → `key_points[2].probe.zh`."""
    name = ""
    for part in path:
        name += f"[{part}]" if isinstance(part, int) else f".{part}" if name else str(part)
    return name or "file"
