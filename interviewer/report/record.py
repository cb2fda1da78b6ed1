"""A debrief as plain JSON, for other programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from interviewer.schema import Debrief, Exchange, Grade, Item, Language, LevelReview, QuestionReview, Span, StudyStep

SCHEMA = "interviewer.debrief/1"


def to_json(debrief: Debrief) -> str:
    """The debrief as one JSON object, indented, with characters as they are.

    Texts of the corpus are in the debrief's language. Keys are only ever added under the same schema name:

        schema          "interviewer.debrief/1"
        session_id, language ("zh" | "en"), started_at (ISO 8601, UTC), finished (bool)
        score           0–100 or null
        level           null or value, error (in levels, 1–5), topics[]: id, value, error
        questions[]     number, item_id, topic, level, kind, question, answers[], hinted, skipped,
                        grade: null or
                            score, low, high (0–100 or null), verdict, language, flags[], needs_review, reason, grader,
                            points[]: id, text, weight, verdict, confidence, credit, helped_by, evidence
                            misconceptions[]: index, text, correction, evidence
                        evidence: null or start, end, text; offsets into the answers joined by "\\n"
        topics[]        id, title, score, questions
        study[]         item_id, question, topic, reason, because_of, points[] (ids)
        transcript[]    speaker, act (null for the candidate), item_id, text
        stamp           name → value
    """
    language = debrief.language
    record = {
        "schema": SCHEMA,
        "session_id": debrief.session_id,
        "language": language,
        "started_at": debrief.started_at,
        "finished": debrief.finished,
        "score": debrief.score,
        "level": _level(debrief.level),
        "questions": [_question(q, language) for q in debrief.questions],
        "topics": [
            {"id": t.topic.id, "title": t.topic.title.get(language), "score": t.score, "questions": t.questions}
            for t in debrief.topics
        ],
        "study": [_step(s, language) for s in debrief.study],
        "transcript": [
            {"speaker": t.speaker, "act": t.act, "item_id": t.item_id, "text": t.text} for t in debrief.transcript
        ],
        "stamp": dict(debrief.stamp),
    }
    return json.dumps(record, ensure_ascii=False, indent=2, default=str) + "\n"


def _level(review: LevelReview | None) -> Mapping[str, Any] | None:
    if review is None:
        return None
    topics = [{"id": topic.id, "value": level.value, "error": level.error} for topic, level in review.topics]
    return {"value": review.overall.value, "error": review.overall.error, "topics": topics}


def _question(review: QuestionReview, language: Language) -> Mapping[str, Any]:
    item, exchange = review.item, review.exchange
    return {
        "number": review.number,
        "item_id": item.id,
        "topic": item.topic,
        "level": item.level,
        "kind": item.kind,
        "question": item.question.get(language),
        "answers": list(exchange.answers),
        "hinted": exchange.hinted,
        "skipped": exchange.skipped,
        "grade": _grade(exchange, item, language),
    }


def _grade(exchange: Exchange, item: Item, language: Language) -> Mapping[str, Any] | None:
    grade = exchange.grade
    if grade is None:
        return None
    return {
        "score": grade.score,
        "low": grade.low,
        "high": grade.high,
        "verdict": grade.verdict,
        "language": grade.language,
        "flags": list(grade.flags),
        "needs_review": grade.needs_review,
        "reason": grade.reason,
        "grader": grade.grader,
        "points": _points(grade, item, language),
        "misconceptions": _misconceptions(grade, item, language),
    }


def _points(grade: Grade, item: Item, language: Language) -> list[Mapping[str, Any]]:
    known = {p.id: p for p in item.key_points}
    return [
        {
            "id": p.point_id,
            # The corpus may have changed since the answer was graded: null for what it no longer has.
            "text": known[p.point_id].text.get(language) if p.point_id in known else None,
            "weight": known[p.point_id].weight if p.point_id in known else None,
            "verdict": p.verdict,
            "confidence": p.confidence,
            "credit": p.credit,
            "helped_by": p.helped_by,
            "evidence": _evidence(p.evidence),
        }
        for p in grade.points
    ]


def _misconceptions(grade: Grade, item: Item, language: Language) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for m in grade.misconceptions:
        known = item.misconceptions[m.index] if 0 <= m.index < len(item.misconceptions) else None
        found.append(
            {
                "index": m.index,
                "text": known.text.get(language) if known else None,
                "correction": known.correction.get(language) if known else None,
                "evidence": _evidence(m.evidence),
            }
        )
    return found


def _evidence(span: Span | None) -> Mapping[str, Any] | None:
    return None if span is None else {"start": span.start, "end": span.end, "text": span.text}


def _step(step: StudyStep, language: Language) -> Mapping[str, Any]:
    return {
        "item_id": step.item.id,
        "question": step.item.question.get(language),
        "topic": step.item.topic,
        "reason": step.reason,
        "because_of": step.because_of,
        "points": list(step.points),
    }
