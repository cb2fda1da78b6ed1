"""Answer + item → `Grade`. The same answer always gets the same grade, whoever speaks, and nothing in an answer is
ever executed or obeyed: there is no language model here.

For every key point the answer's spans are compared with the point's right and wrong wordings (matching.py), the
comparison becomes probabilities (verdicts.py), and these a verdict with the span it rests on. Weighted credits make
the score. Flags on the whole answer (guards.py) may take the score away or ask for review.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from interviewer import __version__
from interviewer.grading import guards
from interviewer.grading.matching import Match, Matcher, Spans, Vocabulary
from interviewer.grading.verdicts import WORDS_ONLY, Probabilities, load_calibration
from interviewer.retrieval import Encoder
from interviewer.schema import (
    LANGUAGES,
    Flag,
    Grade,
    Help,
    Item,
    KeyPoint,
    Language,
    MisconceptionFound,
    PointResult,
    PointVerdict,
    Span,
    Verdict,
)
from interviewer.text import language_of

COVERED, PARTIAL, CONTRADICTED = 0.62, 0.35, 0.45
"""Least probability for each verdict."""
NO_CREDIT, FULL_CREDIT = 0.2, 0.8
"""Probability of being covered that earns nothing, and that earns the whole point; linear between."""
WRONG_COST = 0.3
"""Share of a point that claiming the opposite takes away from the rest."""
HELP_WORTH: dict[Help, float] = {"none": 1.0, "probe": 0.8, "hint": 0.5}
"""What a point is worth that was said only after a follow-up question or a hint."""
KEYWORD_LIST_CAP = 40.0
BANDS: tuple[tuple[float, Verdict], ...] = ((80.0, "strong"), (60.0, "adequate"), (30.0, "weak"), (0.0, "poor"))
UNSURE = 0.35
"""Mean chance of a wrong verdict above which a grade is marked for review."""
WIDE = 45.0
"""Width of the interval, in points of score, above which a grade is marked for review."""
_DOUBTFUL: frozenset[Flag] = frozenset(
    {"other_language", "copies_reference", "keyword_list", "too_long", "instructions", "off_topic"}
)


@dataclass(frozen=True, slots=True)
class _Judged:
    point: KeyPoint
    result: PointResult
    chances: Probabilities
    match: Match


class Grader:
    """Grades answers to items in either language. Holds no state beside caches; safe to share."""

    def __init__(self, encoder: Encoder, vocabulary: Vocabulary) -> None:
        self._encoder, self._vocabulary = encoder, vocabulary
        self._calibration = load_calibration(encoder.fingerprint)
        self._matcher = lru_cache(maxsize=256)(self._make_matcher)

    @property
    def version(self) -> str:
        """What a grade depends on beside answer and item."""
        return f"{__version__}/{self._calibration.version}/{self._encoder.fingerprint}"

    @property
    def calibrated(self) -> bool:
        """Whether the verdict model was fitted on the loaded encoder."""
        return self._calibration.encoder != WORDS_ONLY

    def _make_matcher(self, question: str) -> Matcher:
        return Matcher(self._encoder, self._vocabulary, question)

    def grade(self, item: Item, answer: str, language: Language | None = None) -> Grade:
        """Grade one answer.

        Args:
            item: with key points; for a question with only a reference text see `reference.as_item`.
            answer: any text; only its first `guards.MAX_CHARACTERS` characters are graded, and a flag says so.
            language: the language asked for; default is the answer's own. An answer in the other language is
                graded in that language and flagged, not punished.

        Returns:
            A grade whose spans are offsets into `answer`; unscored, with the reason, if the item has no key points.
        """
        spoken = language_of(answer) or language or "en"
        language = language or spoken
        blank = Grade(item.id, language, None, None, None, "unscored", grader=self.version)
        if not item.key_points:
            return replace(blank, reason="the item has no key points")
        if guards.is_empty(answer):
            return self._zero(blank, item, ("empty",))
        graded_in = spoken if all(_text(p, spoken) for p in item.key_points) else _other(spoken)
        question, reference = item.question.get(graded_in), item.answer.get(graded_in)
        flags = guards.flags_of(answer, question, reference, language)
        if {"dont_know", "echoes_question", "gibberish"} & set(flags):
            return self._zero(blank, item, flags)
        matcher = self._matcher(question)
        spans = matcher.cut(guards.without_instructions(guards.truncate(answer)))
        judged = [self._judge(matcher, spans, item, point, graded_in) for point in item.key_points]
        if self._off_topic(item, spans, judged):
            flags = (*flags, "off_topic")
        grade = replace(
            blank,
            points=tuple(j.result for j in judged),
            misconceptions=_misconceptions(item, judged, graded_in),
            flags=flags,
        )
        return self._scored(grade, item, judged)

    def _judge(self, matcher: Matcher, spans: Spans, item: Item, point: KeyPoint, language: Language) -> _Judged:
        right = (_text(point, language), *point.also.get(language))
        wrong = wrong_wordings(item, point, language)
        match = matcher.match(spans, right, wrong)
        model = self._calibration.models[language, bool(wrong)]
        chances = model(match.features)
        verdict, confidence = _verdict(chances)
        credit = min(1.0, max(0.0, (chances.covered - NO_CREDIT) / (FULL_CREDIT - NO_CREDIT)))
        if verdict == "contradicted":
            credit = 0.0
        evidence = {"covered": match.right_span, "partial": match.right_span, "contradicted": match.wrong_span}
        return _Judged(
            point,
            PointResult(point.id, verdict, round(confidence, 3), round(credit, 3), evidence.get(verdict)),
            chances,
            match,
        )

    def _off_topic(self, item: Item, spans: Spans, judged: list[_Judged]) -> bool:
        """Nothing is covered or contradicted, and hardly a term is one that the item uses."""
        if spans.words < 8 or any(j.result.verdict != "missing" for j in judged):
            return False
        known = _item_terms(item)
        return sum(t in known for t in spans.all_terms) < 0.2 * len(spans.all_terms)

    def _scored(self, grade: Grade, item: Item, judged: list[_Judged]) -> Grade:
        total = sum(j.point.weight for j in judged)
        # Each verdict is a coin with its own chance of being wrong; the score's spread follows. Not yet conformal.
        spread = sum((j.point.weight / total) ** 2 * j.chances.covered * (1 - j.chances.covered) for j in judged)
        doubt = sum(1 - max(j.chances.covered, j.chances.missing, j.chances.contradicted) for j in judged)
        scored = rescored(grade, item, margin=164.0 * spread**0.5)
        assert scored.low is not None and scored.high is not None
        return replace(
            scored,
            needs_review=not self.calibrated
            or doubt / len(judged) > UNSURE
            or scored.high - scored.low > WIDE
            or bool(_DOUBTFUL & set(grade.flags)),
        )

    @staticmethod
    def _zero(blank: Grade, item: Item, flags: tuple[Flag, ...]) -> Grade:
        points = tuple(PointResult(p.id, "missing", 1.0, 0.0) for p in item.key_points)
        return replace(blank, score=0.0, low=0.0, high=0.0, verdict="poor", points=points, flags=flags)


def rescored(grade: Grade, item: Item, margin: float | None = None) -> Grade:
    """The grade with its score computed from its points; what was said only after help counts less.

    Args:
        grade: with one result per key point of `item`.
        item: the question.
        margin: half the width of the interval in points of score; None keeps the present one.
    """
    if not grade.points:
        return grade
    if margin is None:
        margin = 0.0 if grade.low is None or grade.high is None else (grade.high - grade.low) / 2
    weights = [item.point(p.point_id).weight for p in grade.points]
    earned = sum(w * p.credit * HELP_WORTH[p.helped_by] for w, p in zip(weights, grade.points, strict=True))
    wrong = sum(w for w, p in zip(weights, grade.points, strict=True) if p.verdict == "contradicted")
    score = 100.0 * max(0.0, earned - WRONG_COST * wrong) / sum(weights)
    if "keyword_list" in grade.flags:
        score = min(score, KEYWORD_LIST_CAP)
    return replace(
        grade,
        score=round(score, 1),
        low=round(max(0.0, score - margin), 1),
        high=round(min(100.0, score + margin), 1),
        verdict=band(score),
    )


def band(score: float) -> Verdict:
    """The word for a score: strong from 80, adequate from 60, weak from 30, else poor."""
    return next(verdict for least, verdict in BANDS if score >= least)


def wrong_wordings(item: Item, point: KeyPoint, language: Language) -> tuple[str, ...]:
    """Everything in the item that denies a point: its own wrong wordings, then the misconceptions aimed at it."""
    aimed = (m.text.get(language) for m in item.misconceptions if point.id in m.contradicts)
    return (*point.contradictions.get(language), *aimed)


def _verdict(chances: Probabilities) -> tuple[PointVerdict, float]:
    if chances.contradicted >= CONTRADICTED and chances.contradicted >= chances.covered:
        return "contradicted", chances.contradicted
    if chances.covered >= COVERED:
        return "covered", chances.covered
    if chances.covered >= PARTIAL:
        return "partial", 1.0 - abs(2 * chances.covered - 1.0)
    return "missing", chances.missing + (chances.contradicted if chances.missing >= chances.contradicted else 0.0)


def _misconceptions(item: Item, judged: list[_Judged], language: Language) -> tuple[MisconceptionFound, ...]:
    """The misconceptions that were the nearest wrong wording of a contradicted point."""
    found: dict[int, Span] = {}
    for j in judged:
        if j.result.verdict != "contradicted" or j.result.evidence is None:
            continue
        aimed = [i for i, m in enumerate(item.misconceptions) if j.point.id in m.contradicts]
        place = j.match.wrong_wording - len(j.point.contradictions.get(language))
        if 0 <= place < len(aimed):
            found.setdefault(aimed[place], j.result.evidence)
    return tuple(MisconceptionFound(i, found[i]) for i in sorted(found))


def _text(point: KeyPoint, language: Language) -> str:
    return point.text.zh if language == "zh" else point.text.en


def _other(language: Language) -> Language:
    return "en" if language == "zh" else "zh"


@lru_cache(maxsize=1024)
def _item_terms(item: Item) -> frozenset[str]:
    from interviewer.text import terms

    return frozenset(terms(document(item)))


def document(item: Item) -> str:
    """Everything an item says in both languages, as one text."""
    parts: list[str] = []
    for language in LANGUAGES:
        parts += [getattr(item.question, language), getattr(item.answer, language)]
        for point in item.key_points:
            parts += [getattr(point.text, language), *point.also.get(language), *point.contradictions.get(language)]
    return "\n".join(parts)


def vocabulary_of(items: list[Item]) -> Vocabulary:
    """Term weights from a corpus."""
    return Vocabulary.of(document(item) for item in items)
