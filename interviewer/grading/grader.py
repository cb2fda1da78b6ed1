"""Answer + item → `Grade`. The same answer always gets the same grade, whoever speaks, and nothing in an answer is
ever executed or obeyed: there is no language model here.

For every key point the answer's spans are compared with the point's right and wrong wordings (matching.py), the
comparison becomes probabilities (verdicts.py), and these a verdict with the span it rests on. Weighted credits make
the score. Flags on the whole answer (guards.py) may take the score away or ask for review.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from interviewer import __version__
from interviewer.grading import guards, opposites
from interviewer.grading.entailment import Entailment
from interviewer.grading.matching import Claim, Match, Matcher, Spans, Vocabulary, spans_of
from interviewer.grading.overall import Overall, load_reference_scale, overall
from interviewer.grading.reference import TOPIC
from interviewer.grading.verdicts import WORDS_ONLY, Mode, Probabilities, ScoreMap, load_calibration
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
from interviewer.text import clauses, language_of, normalise, sentences, terms

HELP_WORTH: dict[Help, float] = {"none": 1.0, "probe": 0.8, "hint": 0.5}
"""What a point is worth that was said only after a follow-up question or a hint."""
NEGATED = 0.5
"""Least overlap of terms for a sentence that is negated where the claim is not (or the reverse) to be its denial."""
SURE = 0.65
"""Least probability for "covered" where a point has no right and wrong wordings."""
ACCUSE = 0.5
"""Least probability for "contradicted": on left-out questions two in three such verdicts are right."""
BOTH_NEAR, BOTH_MARGIN = 0.6, 0.15
"""Likeness to a right and to a wrong wording, and nearness to its own side, for a claim to be said both ways: chosen so
that hardly an honest answer is (eval/robustness.md)."""
BOTH_LEAST, BOTH_SHARE = 2, 0.3
"""Points said both ways, in number and as a share, that make the answer one that says a thing and its opposite."""
POINTS_COUNT = 0.6
"""Of the score against key points that nobody has wrong wordings for, what the points make up; the rest is what the
answer as a whole comes to. Each sees what the other misses: chosen on answers.jsonl, measured in eval/import.md. Where
the points are but the sentences of a reference, the whole alone counts: its scale was fitted on such."""
CAPS: dict[Flag, float] = {"keyword_list": 40.0, "scattered": 50.0}
"""Highest score under a flag."""
SCATTERED_TERMS, SCATTERED_SHARE = 350, 0.45
"""An answer of so many different terms, so few of them the item's, says everything in the hope that some of it fits.
The longest honest answer at hand has 310; all model answers of a topic in a row have 412 at least, 42% at most the
item's."""
BANDS: tuple[tuple[float, Verdict], ...] = ((80.0, "strong"), (60.0, "adequate"), (30.0, "weak"), (0.0, "poor"))
_VOID: frozenset[Flag] = frozenset({"empty", "dont_know", "echoes_question", "gibberish"})
"""Flags that leave nothing to grade: the score is 0."""
_DOUBTFUL: frozenset[Flag] = frozenset(
    {
        "other_language",
        "copies_reference",
        "keyword_list",
        "too_long",
        "instructions",
        "off_topic",
        "repeated",
        "both_ways",
        "scattered",
    }
)


_Matched = tuple[Item, Spans, list[Match]]
"""An item, an answer's spans, and how near they come to its points; the item is held so that its `id` stays its own."""


@dataclass(frozen=True, slots=True)
class _Judged:
    point: KeyPoint
    result: PointResult
    chances: Probabilities
    match: Match


class Grader:
    """Grades answers to items in either language. Holds no state beside caches; safe to share."""

    def __init__(self, encoder: Encoder, vocabulary: Vocabulary, entailment: Entailment) -> None:
        self._encoder, self._vocabulary, self._entailment = encoder, vocabulary, entailment
        self._calibration = load_calibration(encoder.fingerprint)
        self._reference_scale = load_reference_scale(encoder.fingerprint, entailment.fingerprint)
        self._matcher = lru_cache(maxsize=256)(self._make_matcher)
        self._ready: dict[tuple[int, str, Language], _Matched] = {}

    @property
    def version(self) -> str:
        """What a grade depends on beside answer and item."""
        parts = [__version__, self._calibration.version, self._encoder.fingerprint, self._entailment.fingerprint]
        # On some processors the networks multiply in fewer bits: scores move by tenths of a point.
        numbers = getattr(self._encoder, "numbers", "float32")
        return "/".join(parts if numbers == "float32" else [*parts, numbers])

    @property
    def calibrated(self) -> bool:
        """Whether the verdict model was fitted on the loaded encoder and cross-encoder."""
        fitted = self._calibration
        return fitted.encoder != WORDS_ONLY and fitted.entailment == self._entailment.fingerprint

    def overall(self, item: Item, answer: str, language: Language) -> Overall | None:
        """What is known of an answer as a whole; None for one that says nothing.

        Args:
            item: with key points, made from a reference.
            answer: any text.
            language: of the item.
        """
        spans, judged = self._compared(item, answer, language)
        return self._whole(item, answer, language, judged) if spans.spans else None

    def _compared(self, item: Item, answer: str, language: Language) -> tuple[Spans, list[_Judged]]:
        ready = self._ready.get((id(item), answer, language))
        _, spans, matches = ready or self._matched(item, answer, language)
        matches = self._matcher(item.question.get(language)).judged(matches)
        return spans, [self._judge(*each) for each in zip(item.key_points, matches, strict=True)]

    def _matched(self, item: Item, answer: str, language: Language) -> _Matched:
        """All but what the cross-encoder says."""
        matcher = self._matcher(item.question.get(language))
        spans = matcher.cut(_graded_part(item, answer, language))
        claims = [claim_of(item, point, language) for point in item.key_points]
        return item, spans, matcher.compare(spans, claims, told_by(item, language))

    def _whole(self, item: Item, answer: str, language: Language, judged: Sequence[_Judged]) -> Overall:
        weights = [j.point.weight for j in judged]
        return overall(
            guards.truncate(answer),
            item.question.get(language),
            item.answer.get(language) or "\n".join(_text(p, language) for p in item.key_points),
            [j.match for j in judged],
            weights,
            sum(w * j.chances.credit for w, j in zip(weights, judged, strict=True)) / sum(weights),
            self._encoder,
            self._vocabulary,
            self._entailment,
        )

    @property
    def vocabulary(self) -> Vocabulary:
        """What each term weighs."""
        return self._vocabulary

    def matcher(self, question: str) -> Matcher:
        """Compares any text with claims about a question, in the way grading does."""
        return self._matcher(question)

    def _make_matcher(self, question: str) -> Matcher:
        return Matcher(self._encoder, self._vocabulary, question, self._entailment)

    def expect(self, item: Item, language: Language) -> None:
        """Read what answers to an item will be compared with, which takes longer than the first grade itself."""
        claims = [claim_of(item, point, language) for point in item.key_points]
        self._matcher(item.question.get(language)).read(claims, told_by(item, language))

    def prepare(self, asked: Iterable[tuple[Item, str]]) -> None:
        """Read all that grading these answers will need at once, and keep it until the next call.

        Texts and pairs of many answers together take a fraction of the time that they take one answer after the other,
        and no grade depends on it: what is read is the same, to the last bit, in whatever company.

        Args:
            asked: items and answers to them; the same `Item` objects must be given to `grade`.
        """
        answers = {
            (id(item), answer, _graded_in(item, language_of(answer) or "en")): item
            for item, answer in asked
            if item.key_points and not guards.is_empty(answer)
        }
        parts = [_graded_part(item, answer, language) for (_, answer, language), item in answers.items()]
        self._encoder.encode([normalise(span.text) for part in parts for span in spans_of(part)])
        ready = {key: self._matched(item, *key[1:]) for key, item in answers.items()}
        self._entailment.judge([pair for _, _, matches in ready.values() for match in matches for pair in match.asked])
        self._ready = ready

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
        graded_in = _graded_in(item, spoken)
        question, reference = item.question.get(graded_in), item.answer.get(graded_in)
        flags = guards.flags_of(answer, question, reference, language)
        if _VOID & set(flags):
            return self._zero(blank, item, flags)
        spans, judged = self._compared(item, answer, graded_in)
        if not spans.spans:  # nothing of it is the candidate's own
            return self._zero(blank, item, flags)
        judged = _unless_turned(item, spans, judged, graded_in)
        if self._off_topic(item, spans, judged):
            flags = (*flags, "off_topic")
        if len(spans.all_terms) >= SCATTERED_TERMS and _share_known(item, spans) < SCATTERED_SHARE:
            flags = (*flags, "scattered")
        torn = [_says_both(j.match) for j in judged]
        if sum(torn) >= max(BOTH_LEAST, BOTH_SHARE * len(judged)):
            flags = (*flags, "both_ways")
            judged = [_denied(j, j.match.wrong_span) if both else j for j, both in zip(judged, torn, strict=True)]
        grade = replace(
            blank,
            points=tuple(j.result for j in judged),
            misconceptions=_misconceptions(item, judged, graded_in),
            flags=flags,
        )
        return self._scored(grade, item, answer, graded_in, judged)

    def _judge(self, point: KeyPoint, match: Match) -> _Judged:
        chances = self._calibration.models[_mode(match)](match.features.row())
        negated = _mode(match) == "bare" and match.features.right_polarity and match.features.right_terms >= NEGATED
        if negated:
            chances = _swapped(chances)
        verdict, confidence = _verdict(chances, _mode(match), bool(negated))
        denial = match.right_span if negated else match.wrong_span
        evidence = {"covered": match.right_span, "partial": match.right_span, "contradicted": denial}
        return _Judged(
            point,
            PointResult(point.id, verdict, confidence, round(chances.credit, 4), evidence.get(verdict)),
            chances,
            match,
        )

    def _off_topic(self, item: Item, spans: Spans, judged: list[_Judged]) -> bool:
        """Nothing is covered or contradicted, and hardly a term is one that the item uses."""
        if spans.words < 8 or any(j.result.verdict != "missing" for j in judged):
            return False
        return _share_known(item, spans) < 0.2

    def _scored(self, grade: Grade, item: Item, answer: str, language: Language, judged: list[_Judged]) -> Grade:
        total = sum(j.point.weight for j in judged)
        spread = sum((j.point.weight / total) ** 2 * j.chances.spread for j in judged) ** 0.5
        score, half = self._score_map(item).score(_credit(item, grade)), self._score_map(item).half_width(spread)
        # One bound for both ways of comparing: without a fit for a reference alone most grades are unsure.
        widest = self._calibration.maps["wordings"].review
        scale = None if _has_wrong_wordings(item) else self._reference_scale
        if scale:
            whole, unsure = scale(self._whole(item, answer, language, judged))
            if item.topic == TOPIC:
                score, half, widest = whole, unsure, scale.review
            else:
                score = POINTS_COUNT * score + (1 - POINTS_COUNT) * whole
                half, widest = max(half, unsure), max(widest, scale.review)
        scored = _within(grade, score, half)
        review = not self.calibrated or half > widest or bool(_DOUBTFUL & set(grade.flags))
        return replace(scored, needs_review=review)

    def _score_map(self, item: Item) -> ScoreMap:
        """The map for an item with wrong wordings to compare with, or for one without."""
        return self._calibration.maps["wordings" if _has_wrong_wordings(item) else "bare"]

    def rescored(self, grade: Grade, item: Item, half_width: float | None = None) -> Grade:
        """The grade with its score computed from its points; what was said only after help counts less.

        Args:
            grade: with one result per key point of `item`.
            item: the question.
            half_width: of the interval, in points of score; None keeps the present one, and a grade without help.
        """
        if grade.score is None or not grade.points or _VOID & set(grade.flags):
            return grade
        if half_width is None:
            if all(p.helped_by == "none" for p in grade.points):
                return grade
            # The side that was not cut off at 0 or 100 is the width.
            half_width = max(grade.score - (grade.low or 0.0), (grade.high or 0.0) - grade.score)
        helped = _credit(item, grade)
        if self._reference_scale and not _has_wrong_wordings(item):
            alone = _credit(item, replace(grade, points=tuple(replace(p, helped_by="none") for p in grade.points)))
            share = max(0.0, helped / alone) if alone > 0 else 1.0
            return _within(grade, grade.score * share, half_width)
        return _within(grade, self._score_map(item).score(helped), half_width)

    @staticmethod
    def _zero(blank: Grade, item: Item, flags: tuple[Flag, ...]) -> Grade:
        points = tuple(PointResult(p.id, "missing", 1.0, 0.0) for p in item.key_points)
        return replace(blank, score=0.0, low=0.0, high=0.0, verdict="poor", points=points, flags=flags)


def _has_wrong_wordings(item: Item) -> bool:
    return any(m.contradicts for m in item.misconceptions) or any(
        _wrong(p, "zh") or _wrong(p, "en") for p in item.key_points
    )


def _credit(item: Item, grade: Grade) -> float:
    """Weighted mean of what the points add; what was said only after help adds less."""
    weights = [item.point(p.point_id).weight for p in grade.points]
    worth = [p.credit * HELP_WORTH[p.helped_by] if p.credit > 0 else p.credit for p in grade.points]
    return sum(w * c for w, c in zip(weights, worth, strict=True)) / sum(weights)


def _within(grade: Grade, score: float, half: float) -> Grade:
    """The grade with a score and its interval."""
    score = min(score, *(CAPS.get(flag, 100.0) for flag in grade.flags), 100.0)
    return replace(
        grade,
        score=round(score, 1),
        low=round(max(0.0, score - half), 1),
        high=round(min(100.0, score + half), 1),
        verdict=band(score),
    )


def band(score: float) -> Verdict:
    """The word for a score: strong from 80, adequate from 60, weak from 30, else poor."""
    return next(verdict for least, verdict in BANDS if score >= least)


def claim_of(item: Item, point: KeyPoint, language: Language) -> Claim:
    """All wordings of a point: its text and right ones; its wrong ones, then the misconceptions aimed at it."""
    aimed = (m.text.get(language) for m in item.misconceptions if point.id in m.contradicts)
    right = (_text(point, language), *point.also.get(language))
    return Claim(right, (*_wrong(point, language), *aimed))


@lru_cache(maxsize=1024)
def told_by(item: Item, language: Language) -> tuple[str, ...]:
    """The sentences and clauses of the model answer of an item that has wrong wordings to tell them from; of others
    nothing, since all their claims are made of it."""
    answer = item.answer.get(language) if _has_wrong_wordings(item) else ""
    return tuple(dict.fromkeys(s.text for s in (*sentences(answer), *clauses(answer))))


def _wrong(point: KeyPoint, language: Language) -> tuple[str, ...]:
    """The wrong wordings that somebody stands for. Generated ones differ from the right wording in one word: compared
    with them, an answer that repeats the point word for word can pass for its denial.
    """
    return () if "not" in point.generated else point.contradictions.get(language)


def _graded_part(item: Item, answer: str, language: Language) -> str:
    """What is graded of an answer: not what speaks to the grader, and not what the interviewer said."""
    own = guards.without_instructions(guards.truncate(answer))
    prompts = [t.get(language) for p in item.key_points for t in (p.probe, p.hint) if t]
    return guards.without_prompts(own, [item.question.get(language), *prompts])


def _share_known(item: Item, spans: Spans) -> float:
    """Share of an answer's terms that the item uses, in whatever wording."""
    known = _item_terms(item)
    return sum(t in known for t in spans.all_terms) / max(1, len(spans.all_terms))


def _unless_turned(item: Item, spans: Spans, judged: list[_Judged], language: Language) -> list[_Judged]:
    """A point does not stand on a sentence that repeats a right wording, or the model answer, turned round."""
    right = (w for p in item.key_points for w in (_text(p, language), *p.also.get(language)))
    wordings = _pieces((item.answer.get(language), *right))
    # Two sentences at once may be one of the wordings with a short sentence beside it that turns nothing.
    single = [s for s in spans.spans if len(sentences(s.text)) == 1]
    turned = [s for s in single if opposites.turned(s.text, wordings)]
    if not turned:
        return judged
    found = []
    for j in judged:
        here = j.match.right_span
        denial = next((s for s in turned if here and s.start < here.end and here.start < s.end), None)
        stands = j.result.verdict in ("covered", "partial")
        found.append(_denied(replace(j, chances=_swapped(j.chances)), denial) if denial and stands else j)
    return found


@lru_cache(maxsize=512)
def _pieces(wordings: tuple[str, ...]) -> tuple[str, ...]:
    """Their sentences and clauses, each once."""
    return tuple(dict.fromkeys(s.text for w in wordings for s in (*sentences(w), *clauses(w))))


def _swapped(chances: Probabilities) -> Probabilities:
    """What looked like the claim was its denial."""
    return Probabilities(0.0, chances.partial, chances.missing, chances.covered)


def _says_both(match: Match) -> bool:
    """One sentence says the claim, another one its opposite, each plainly nearer to its own wording."""
    f, right, wrong = match.features, match.right_span, match.wrong_span
    if right is None or wrong is None or not (right.end <= wrong.start or wrong.end <= right.start):
        return False
    return min(f.right, f.wrong) >= BOTH_NEAR and min(f.right_margin, f.wrong_margin) >= BOTH_MARGIN


def _denied(judged: _Judged, denial: Span | None) -> _Judged:
    """A point that was denied, or said and unsaid: whoever hedges his bets does not know."""
    result = judged.result
    denied = replace(
        result,
        verdict="contradicted",
        credit=min(0.0, round(judged.chances.credit, 4)),
        confidence=ACCUSE,
        evidence=denial,
    )
    return replace(judged, result=denied)


def _mode(match: Match) -> Mode:
    return "wordings" if match.wrong_wording >= 0 else "bare"


def _verdict(chances: Probabilities, mode: Mode, negated: bool) -> tuple[PointVerdict, float]:
    """The likeliest verdict and its probability.

    Without wrong wordings nothing shows what was denied, unless the sentence is negated: 39 of 61 accusations fell on
    answers that are not of a false kind. There the question is only whether the point was said, and "covered" must be
    sure.
    """
    if mode == "bare" and not negated:
        said = chances.covered + chances.partial
        if chances.covered >= SURE:
            return "covered", round(chances.covered, 3)
        return ("partial", round(said, 3)) if said >= 0.5 else ("missing", round(1 - said, 3))
    ranked: list[tuple[float, PointVerdict]] = [
        (chances.covered, "covered"),
        (chances.missing, "missing"),
        # To accuse takes more than being the likeliest of four.
        (chances.contradicted if chances.contradicted >= ACCUSE else 0.0, "contradicted"),
        (chances.partial, "partial"),
    ]
    confidence, verdict = max(ranked, key=lambda pair: pair[0])
    return verdict, round(confidence, 3)


def _misconceptions(item: Item, judged: list[_Judged], language: Language) -> tuple[MisconceptionFound, ...]:
    """The misconceptions that were the nearest wrong wording of a contradicted point."""
    found: dict[int, Span] = {}
    for j in judged:
        if j.result.verdict != "contradicted" or j.result.evidence is None:
            continue
        aimed = [i for i, m in enumerate(item.misconceptions) if j.point.id in m.contradicts]
        place = j.match.wrong_wording - len(_wrong(j.point, language))
        if 0 <= place < len(aimed):
            found.setdefault(aimed[place], j.result.evidence)
    return tuple(MisconceptionFound(i, found[i]) for i in sorted(found))


def _text(point: KeyPoint, language: Language) -> str:
    return point.text.zh if language == "zh" else point.text.en


def _graded_in(item: Item, spoken: Language) -> Language:
    """The answer's language, if the item has it."""
    other: Language = "en" if spoken == "zh" else "zh"
    return spoken if all(_text(p, spoken) for p in item.key_points) else other


@lru_cache(maxsize=1024)
def _item_terms(item: Item) -> frozenset[str]:
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
