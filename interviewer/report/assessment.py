"""The self-assessment: what many interviews show together, as data. The latest answer to each question counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean

from interviewer.corpus import Corpus
from interviewer.report.ability import Estimate, estimate, within_reach
from interviewer.report.debrief import WELL, counted, study_plan
from interviewer.report.history import Sitting, latest, sitting
from interviewer.schema import Bilingual, Debrief, Language, PointResult, QuestionReview, StudyStep, Topic

A_DAY = 2
"""Questions to study per day."""
MOST_DAYS = 14
MOST_FINDINGS = 6
"""How many strengths, and how many gaps, are named."""
MOST_POINTS = 3
"""How many key points stand as evidence for one of them."""
GAP = 60.0
"""Score below which a question is a gap, as is one with a point said the wrong way round."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a candidate stands in a topic, or altogether."""

    topic: Topic | None
    """None for all topics together."""
    ability: Estimate
    reach: float
    """Percentile on the scale of the questions' levels: share of the corpus's questions within reach, 0–1."""
    answers: int
    score: float
    """Mean of the latest scores."""
    history: tuple[tuple[str, Estimate], ...]
    """Ability as known after each interview that examined the topic, with the interview's time; oldest first."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A question that shows a strength or a gap, and what it rests on."""

    review: QuestionReview
    session_id: str
    at: str
    """When it was answered: start of the interview, ISO 8601, UTC."""
    evidence: tuple[PointResult, ...]
    """At most `MOST_POINTS`: covered ones for a strength, the surest first; others for a gap, the gravest first."""


@dataclass(frozen=True, slots=True)
class Appointment:
    """A step of the study plan with its day."""

    day: str
    """ISO 8601 date."""
    step: StudyStep


@dataclass(frozen=True, slots=True)
class Assessment:
    """What many interviews show."""

    language: Language
    as_of: str
    """ISO 8601 with the zone whose days the plan counts in."""
    sittings: tuple[Sitting, ...]
    """Oldest first."""
    overall: Standing
    topics: tuple[Standing, ...]
    """The strongest first."""
    strengths: tuple[Finding, ...]
    gaps: tuple[Finding, ...]
    plan: tuple[Appointment, ...]
    stamp: Mapping[str, str]
    unreadable: int = 0
    """Interviews left out because the corpus no longer has one of their questions."""


def build_assessment(
    corpus: Corpus, debriefs: Sequence[Debrief], language: Language, now: datetime, unreadable: int = 0
) -> Assessment:
    """Put together what interviews showed.

    Args:
        corpus: holds every item that was asked.
        debriefs: at least one, oldest first.
        language: of the report.
        now: aware; the plan starts on its day.
        unreadable: how many interviews could not be read.
    """
    found = latest(debriefs)
    reviews = [review for review, _ in found.values()]
    topics = dict.fromkeys(review.item.topic for review in reviews)
    standings = [_standing(corpus, debriefs, topic) for topic in topics]
    return Assessment(
        language=language,
        as_of=now.isoformat(timespec="seconds"),
        sittings=tuple(sitting(d) for d in debriefs),
        overall=_standing(corpus, debriefs, None),
        topics=tuple(sorted(standings, key=lambda s: -s.ability.level)),
        strengths=_strengths(found),
        gaps=_gaps(found),
        plan=_dated(study_plan(corpus, reviews, A_DAY * MOST_DAYS), now),
        stamp=_stamp(debriefs),
        unreadable=unreadable,
    )


def _standing(corpus: Corpus, debriefs: Sequence[Debrief], topic: str | None) -> Standing:
    scores: dict[str, tuple[float, int]] = {}
    history = []
    for debrief in debriefs:
        reviews = [q for q in debrief.questions if topic in (None, q.item.topic)]
        mine = {q.item.id: (s, q.item.level) for q in reviews if (s := counted(q.exchange)) is not None}
        if mine:
            scores |= mine
            history.append((debrief.started_at, estimate(scores.values())))
    ability = estimate(scores.values())
    levels = [item.level for item in corpus.items.values() if topic in (None, item.topic)]
    return Standing(
        None if topic is None else corpus.topics.get(topic, Topic(topic, Bilingual(topic, topic))),
        ability,
        within_reach(ability, levels),
        len(scores),
        round(fmean(score for score, _ in scores.values()), 1) if scores else 0.0,
        tuple(history),
    )


def _strengths(found: Mapping[str, tuple[QuestionReview, Debrief]]) -> tuple[Finding, ...]:
    """The best answers, the hardest question first among equals."""
    good = [(r, d) for r, d in found.values() if (counted(r.exchange) or 0.0) >= WELL and not _denied(r)]
    good.sort(key=lambda pair: (-(counted(pair[0].exchange) or 0.0), -pair[0].item.level))
    return tuple(_finding(r, d, "covered") for r, d in good[:MOST_FINDINGS])


def _gaps(found: Mapping[str, tuple[QuestionReview, Debrief]]) -> tuple[Finding, ...]:
    """What was said the wrong way round, then the weakest answers, the easiest question first among equals."""
    weak = [(r, d) for r, d in found.values() if (counted(r.exchange) or 0.0) < GAP or _denied(r)]
    weak.sort(key=lambda pair: (not _denied(pair[0]), counted(pair[0].exchange) or 0.0, pair[0].item.level))
    return tuple(_finding(r, d, "contradicted", "missing", "partial") for r, d in weak[:MOST_FINDINGS])


def _denied(review: QuestionReview) -> bool:
    grade = review.exchange.grade
    return grade is not None and bool(grade.ids("contradicted"))


def _finding(review: QuestionReview, debrief: Debrief, *verdicts: str) -> Finding:
    points = review.exchange.grade.points if review.exchange.grade else ()
    surest = sorted(points, key=lambda p: -p.confidence)
    evidence = tuple(p for verdict in verdicts for p in surest if p.verdict == verdict)
    return Finding(review, debrief.session_id, debrief.started_at, evidence[:MOST_POINTS])


def _dated(steps: Sequence[StudyStep], now: datetime) -> tuple[Appointment, ...]:
    """So many steps a day from the report's day on: what a step builds on is never on a later day."""
    return tuple(Appointment((now.date() + timedelta(n // A_DAY)).isoformat(), step) for n, step in enumerate(steps))


def _stamp(debriefs: Sequence[Debrief]) -> dict[str, str]:
    """What made the numbers of all interviews: of each kind, every version that was at work."""
    values: dict[str, dict[str, None]] = {}
    for debrief in debriefs:
        for name, value in debrief.stamp.items():
            values.setdefault(name, {}).update(dict.fromkeys(str(value).split(", ")))
    return {name: ", ".join(found) for name, found in values.items()}
