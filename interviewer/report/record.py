"""A debrief and a self-assessment as plain JSON, for other programs and for verifying them later (shapes.py)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from interviewer.report.assessment import Assessment, Finding, Standing
from interviewer.report.debrief import counted
from interviewer.report.shapes import (
    AssessmentRecord,
    DebriefRecord,
    EvidenceRecord,
    FindingRecord,
    GradeRecord,
    LevelRecord,
    MisconceptionRecord,
    PointRecord,
    QuestionRecord,
    StandingRecord,
    StepRecord,
    TopicLevelRecord,
)
from interviewer.schema import Debrief, Exchange, Grade, Item, Language, LevelReview, QuestionReview, Span, StudyStep


def to_json(debrief: Debrief) -> str:
    """The debrief as one JSON object, indented, with characters as they are."""
    return _text(debrief_record(debrief))


def assessment_json(assessment: Assessment) -> str:
    """The self-assessment as one JSON object, likewise."""
    return _text(assessment_record(assessment))


def _text(record: Mapping[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False, indent=2) + "\n"


def debrief_record(debrief: Debrief) -> DebriefRecord:
    """The debrief as plain data."""
    language = debrief.language
    return {
        "schema": "interviewer.debrief/1",
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
        "study": [step_record(s, language) for s in debrief.study],
        "transcript": [
            {"speaker": t.speaker, "act": t.act, "item_id": t.item_id, "text": t.text} for t in debrief.transcript
        ],
        "stamp": {name: str(value) for name, value in debrief.stamp.items()},
    }


def _level(review: LevelReview | None) -> LevelRecord | None:
    if review is None:
        return None
    topics: list[TopicLevelRecord] = [
        {"id": topic.id, "value": level.value, "error": level.error} for topic, level in review.topics
    ]
    return {"value": review.overall.value, "error": review.overall.error, "topics": topics}


def _question(review: QuestionReview, language: Language) -> QuestionRecord:
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


def _grade(exchange: Exchange, item: Item, language: Language) -> GradeRecord | None:
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


def _points(grade: Grade, item: Item, language: Language) -> list[PointRecord]:
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
            "evidence": _evidence(p.evidence) if p.evidence else None,
        }
        for p in grade.points
    ]


def _misconceptions(grade: Grade, item: Item, language: Language) -> list[MisconceptionRecord]:
    found: list[MisconceptionRecord] = []
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


def _evidence(span: Span) -> EvidenceRecord:
    return {"start": span.start, "end": span.end, "text": span.text}


def step_record(step: StudyStep, language: Language) -> StepRecord:
    """One step of a study plan."""
    return {
        "item_id": step.item.id,
        "question": step.item.question.get(language),
        "topic": step.item.topic,
        "reason": step.reason,
        "because_of": step.because_of,
        "points": list(step.points),
    }


def assessment_record(assessment: Assessment) -> AssessmentRecord:
    """The self-assessment as plain data."""
    language = assessment.language
    return {
        "schema": "interviewer.assessment/1",
        "language": language,
        "as_of": assessment.as_of,
        "sittings": [
            {
                "session_id": s.session_id,
                "started_at": s.started_at,
                "language": s.language,
                "finished": s.finished,
                "score": s.score,
                "questions": s.questions,
            }
            for s in assessment.sittings
        ],
        "overall": _standing(assessment.overall, language),
        "topics": [_standing(s, language) for s in assessment.topics],
        "strengths": [_finding(f, language) for f in assessment.strengths],
        "gaps": [_finding(f, language) for f in assessment.gaps],
        "plan": [{"day": a.day, "step": step_record(a.step, language)} for a in assessment.plan],
        "stamp": dict(assessment.stamp),
        "unreadable": assessment.unreadable,
    }


def _standing(standing: Standing, language: Language) -> StandingRecord:
    return {
        "id": standing.topic.id if standing.topic else None,
        "title": standing.topic.title.get(language) if standing.topic else "",
        "level": standing.ability.level,
        "error": standing.ability.error,
        "reach": standing.reach,
        "answers": standing.answers,
        "score": standing.score,
        "history": [{"at": at, "level": e.level, "error": e.error} for at, e in standing.history],
    }


def _finding(finding: Finding, language: Language) -> FindingRecord:
    item = finding.review.item
    known = {p.id: p.text.get(language) for p in item.key_points}
    return {
        "item_id": item.id,
        "question": item.question.get(language),
        "topic": item.topic,
        "level": item.level,
        "session_id": finding.session_id,
        "at": finding.at,
        "score": counted(finding.review.exchange),
        "points": [
            {
                "id": p.point_id,
                "text": known.get(p.point_id),
                "verdict": p.verdict,
                "quote": p.evidence.text if p.evidence else "",
            }
            for p in finding.evidence
        ],
    }
