"""What an interview showed, as data: scores per question and topic, and what to study next. Knows nothing of pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, Literal

from interviewer.corpus import Corpus
from interviewer.schema import (
    Bilingual,
    Debrief,
    Exchange,
    Item,
    Language,
    LevelReview,
    PointVerdict,
    QuestionReview,
    StudyStep,
    Topic,
    TopicReview,
    Turn,
)

WELL = 80.0
"""Score from which a prerequisite asked in the same interview need not be studied again."""
MAX_STEPS = 8
_UNMET: tuple[PointVerdict, ...] = ("contradicted", "missing", "partial")


def build_debrief(
    corpus: Corpus,
    exchanges: Sequence[Exchange],
    *,
    session_id: str,
    language: Language,
    started_at: str,
    finished: bool,
    transcript: Sequence[Turn] = (),
    level: LevelReview | None = None,
    stamp: Mapping[str, Any] | None = None,
) -> Debrief:
    """Put together what the exchanges of one interview showed.

    Args:
        corpus: holds every item that was asked.
        exchanges: in the order asked.
        session_id: names the interview.
        language: of the interview, and so of the report.
        started_at: ISO 8601, UTC.
        finished: False for an interview that was left or stopped early.
        transcript: everything said, as it was shown.
        level: the candidate's, as far as the interview tells.
        stamp: what made the numbers; the corpus hash and the graders are added.

    Raises:
        UnknownItem: an item is no longer in the corpus.
    """
    questions = tuple(QuestionReview(corpus.item(e.item_id), e, n) for n, e in enumerate(exchanges, 1))
    return Debrief(
        session_id=session_id,
        language=language,
        started_at=started_at,
        score=_mean([s for q in questions if (s := counted(q.exchange)) is not None]),
        questions=questions,
        topics=_topics(corpus, questions),
        study=study_plan(corpus, questions, MAX_STEPS),
        transcript=tuple(transcript),
        finished=finished,
        level=level,
        stamp={"corpus": corpus.hash, **made_by(exchanges), **(stamp or {})},
    )


def counted(exchange: Exchange) -> float | None:
    """What a question adds to a mean: its score, 0 if skipped, None if it was answered but could not be graded."""
    if exchange.grade is not None and exchange.grade.score is not None:
        return exchange.grade.score
    return 0.0 if exchange.skipped else None


def unmet_points(exchange: Exchange) -> tuple[str, ...]:
    """Ids of the key points to work on: contradicted, then missing, then partial."""
    if exchange.grade is None:
        return ()
    return tuple(point_id for verdict in _UNMET for point_id in exchange.grade.ids(verdict))


def _mean(scores: Sequence[float]) -> float | None:
    return round(fmean(scores), 1) if scores else None


def made_by(exchanges: Sequence[Exchange]) -> dict[str, str]:
    """Versions of the program, its calibration and the encoder that the exchanges were graded with, as the grades say.

    Several of a kind are joined: an interview may have gone on after an update.
    """
    versions = sorted({e.grade.grader for e in exchanges if e.grade is not None and e.grade.grader})
    parts = zip(*([*v.split("/", 2), "", ""][:3] for v in versions), strict=True)
    named = zip(("grader", "calibration", "encoder"), parts, strict=False)
    return {name: joined for name, values in named if (joined := ", ".join(dict.fromkeys(filter(None, values))))}


def _topics(corpus: Corpus, questions: Sequence[QuestionReview]) -> tuple[TopicReview, ...]:
    """One review per topic with a question that counts, in the corpus's order."""
    scores: dict[str, list[float]] = {topic_id: [] for topic_id in corpus.topics}
    for question in questions:
        score = counted(question.exchange)
        if score is not None:
            scores.setdefault(question.item.topic, []).append(score)
    return tuple(
        TopicReview(corpus.topics.get(topic_id, Topic(topic_id, Bilingual(topic_id, topic_id))), mean, len(found))
        for topic_id, found in scores.items()
        if (mean := _mean(found)) is not None
    )


def study_plan(corpus: Corpus, questions: Sequence[QuestionReview], most: int) -> tuple[StudyStep, ...]:
    """At most so many steps: the most urgent question first, and before each question what it builds on."""
    troubled = {q.item.id: q for q in questions if q.exchange.skipped or unmet_points(q.exchange)}
    fine = {q.item.id for q in questions if (counted(q.exchange) or 0.0) >= WELL}
    steps: dict[str, StudyStep] = {}
    entered: set[str] = set()

    def add(item: Item, because_of: str) -> None:
        if item.id in entered:
            return
        entered.add(item.id)  # before the recursion, so that a cycle in a user's corpus ends
        review = troubled.get(item.id)
        if review is None:
            steps[item.id] = StudyStep(item, "prerequisite", because_of)
            return
        for required in item.requires:
            if required in corpus.items and required not in fine:
                add(corpus.items[required], item.id)
        steps[item.id] = _own_step(review)

    for question in sorted(troubled.values(), key=_urgency):
        add(question.item, question.item.id)
    return tuple(steps.values())[:most]


def _own_step(question: QuestionReview) -> StudyStep:
    exchange = question.exchange
    if exchange.grade is not None and exchange.grade.ids("contradicted"):
        return StudyStep(question.item, "contradicted", question.item.id, unmet_points(exchange))
    reason: Literal["missed", "skipped"] = "missed" if unmet_points(exchange) else "skipped"
    return StudyStep(question.item, reason, question.item.id, unmet_points(exchange))


def _urgency(question: QuestionReview) -> tuple[int, float, int]:
    """Believing something false is worse than not knowing, and a skip says least; then the weakest score."""
    rank = ("contradicted", "missed", "skipped").index(_own_step(question).reason)
    return rank, counted(question.exchange) or 0.0, question.number
