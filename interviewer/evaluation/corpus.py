"""What is wrong with a corpus that only an encoder and the grader can see.

The grader is what will judge candidates by these items, so it is the judge here too: a model answer must cover every
point of its item; a misconception said as an answer must not cover what it contradicts. Besides, a probe or a hint must
not come as near to its point as people do who say it, and two points of an item, and two questions, must not be the
same thing in other words.

A finding that is right as it stands is listed with the reason in `accepted.yaml` of its corpus folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from interviewer.corpus import Complaint
from interviewer.corpus.check import Finding
from interviewer.corpus.parse import Parser
from interviewer.corpus.yaml_file import Path_, YamlError, read_yaml
from interviewer.errors import CorpusError
from interviewer.grading import Grader
from interviewer.grading.grader import claim_of
from interviewer.grading.matching import Matcher, spans_of
from interviewer.retrieval import Encoder
from interviewer.schema import LANGUAGES, Item, Language, PointVerdict

ACCEPTED = "accepted.yaml"
SAME_POINT = 0.93
"""Cosine from which two key points of an item say the same."""
SAME_QUESTION = 0.93
LEAK, SAID = 0.55, 0.6
"""Nearness (mean of cosine and shared terms) and share of a wording's weight of terms from which on a probe or hint
says its point: a fifth of the labelled answers that cover a point come that near."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A finding that is right as it stands."""

    item: str
    field: str
    reason: str


def findings(
    items: Sequence[Item],
    encoder: Encoder,
    grader: Grader,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[tuple[str, Finding]]:
    """Everything wrong with the items that are no drafts: (item id, finding).

    Args:
        items: what is checked.
        encoder: the grader's.
        grader: made for the items' corpus.
        progress: told how many items of how many are done.
    """
    items = [item for item in items if item.status != "draft"]
    for language in LANGUAGES:
        for first, second, cosine in _near([i.question.get(language) for i in items], encoder, SAME_QUESTION):
            message = f"nearly the question of {items[first].id} (cosine {cosine:.2f})"
            yield items[second].id, (("question", language), message)
    for number, item in enumerate(items):
        # All that will be compared, in one pass: the encoder remembers it, and a batch is many times faster.
        encoder.encode([text for language in LANGUAGES for text in _texts(item, language)])
        for language in LANGUAGES:
            yield from ((item.id, f) for f in _points_alike(item, language, encoder))
            matcher = Matcher(encoder, grader.vocabulary, item.question.get(language))
            yield from ((item.id, f) for f in _leaking(item, language, matcher))
            yield from ((item.id, f) for f in _graded(item, language, grader))
        progress(number + 1, len(items))


def _texts(item: Item, language: Language) -> Iterator[str]:
    said = [item.answer, *(m.text for m in item.misconceptions)]
    said += [text for p in item.key_points for text in (p.probe, p.hint)]
    yield item.question.get(language)
    for text in said:
        yield from (span.text for span in spans_of(text.get(language)))
    for point in item.key_points:
        claim = claim_of(item, point, language)
        yield from (*claim.right, *claim.wrong)


def _points_alike(item: Item, language: Language, encoder: Encoder) -> Iterator[Finding]:
    points = item.key_points
    for first, second, cosine in _near([p.text.get(language) for p in points], encoder, SAME_POINT):
        path = ("key_points", second, "text", language)
        yield path, f"nearly the same point as {points[first].id!r} (cosine {cosine:.2f})"


def _near(texts: Sequence[str], encoder: Encoder, least: float) -> Iterator[tuple[int, int, float]]:
    vectors = encoder.encode(texts)
    cosines = np.triu(vectors @ vectors.T, 1)
    for first, second in np.argwhere(cosines >= least):
        yield int(first), int(second), float(cosines[first, second])


def _graded(item: Item, language: Language, grader: Grader) -> Iterator[Finding]:
    def verdicts(text: str, against: Item = item) -> Mapping[str, PointVerdict]:
        return {p.point_id: p.verdict for p in grader.grade(against, text, language).points}

    # Without the misconceptions among the wrong wordings: one that agrees with its point would hide itself.
    alone = replace(item, misconceptions=())
    own = verdicts(item.answer.get(language))
    lacking = [f"{point_id} ({verdict})" for point_id, verdict in own.items() if verdict != "covered"]
    if lacking:
        yield ("answer", language), f"the item's own answer does not cover {', '.join(lacking)}"
    for i, misconception in enumerate(item.misconceptions):
        said = verdicts(misconception.text.get(language), alone)
        for point_id in misconception.contradicts:
            if said[point_id] == "covered":
                yield ("misconceptions", i, "text", language), f"said as an answer, it covers {point_id}"


def _leaking(item: Item, language: Language, matcher: Matcher) -> Iterator[Finding]:
    claims = [claim_of(item, point, language) for point in item.key_points]
    for i, point in enumerate(item.key_points):
        for field, text in (("probe", point.probe), ("hint", point.hint)):
            found = matcher.compare(matcher.cut(text.get(language)), claims)[i].features
            if found.right >= LEAK and found.right_recall >= SAID:
                message = f"gives away its key point: as near to it as saying it ({found.right:.2f})"
                yield ("key_points", i, field, language), message


def read_accepted(folders: Iterable[Path]) -> list[Accepted]:
    """The lists of all folders; a folder without one accepts nothing.

    Raises:
        CorpusError: a list cannot be read, or an entry has no item, field or reason.
    """
    accepted: list[Accepted] = []
    for path in (folder / ACCEPTED for folder in folders):
        if not path.is_file():
            continue
        try:
            file = read_yaml(path)
        except YamlError as error:
            raise CorpusError(f"{path.name}:{error.line}: {error}") from None
        parser = Parser()

        def entry(value: Any, where: Path_, parser: Parser = parser) -> Accepted:
            fields = parser.mapping(value, where, {"item", "field", "reason"})
            texts = [parser.string(fields.get(k), (*where, k)) for k in ("item", "field", "reason")]
            if not all(texts):
                parser.say(where, "needs item, field and reason")
            return Accepted(*texts)

        content = parser.mapping(file.data, (), {"accepted"})
        accepted += parser.each(content.get("accepted"), ("accepted",), entry)
        for where, message in parser.complaints:
            raise CorpusError(f"{path.name}:{file.line(where)}: {message}")
    return accepted


def sort_out(
    complaints: Iterable[Complaint], accepted: Sequence[Accepted]
) -> tuple[list[Complaint], list[tuple[Complaint, Accepted]], list[Accepted]]:
    """Complaints that stand, those accepted with their reasons, and acceptances that nothing calls for any more."""
    known = {f"{a.item}.{a.field}": a for a in accepted}
    standing = [c for c in complaints if c.field not in known]
    excused = [(c, known[c.field]) for c in complaints if c.field in known]
    needed = {c.field for c, _ in excused}
    return standing, excused, [a for name, a in known.items() if name not in needed]
