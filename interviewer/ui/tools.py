"""What other programs' assistants may use over MCP: find a question, and grade an answer. Nothing of it is stored."""

from __future__ import annotations

from typing import Any

import gradio as gr

from interviewer.engine import MAX_MESSAGE, Engine
from interviewer.errors import InterviewerError
from interviewer.grading import as_item, feedback
from interviewer.text import language_of

NAMES = ("search_questions", "grade_answer", "grade_against_reference")
_MOST = 50


def register(engine: Engine) -> None:
    """Add them to the page that is being built; they have no components in it."""

    def search_questions(query: str, limit: int = 10) -> list[dict[str, Any]]:
        """Find deep-learning interview questions by meaning and words, in Chinese or English.

        Args:
            query: What the questions should be about.
            limit: How many at most, 1 to 50.
        """
        found = _shown(engine.search, query, min(_MOST, max(1, int(limit))))
        questions = [(hit.item_id, engine.corpus.item(hit.item_id)) for hit in found]
        return [
            {"item_id": i, "topic": q.topic, "level": q.level, "zh": q.question.zh, "en": q.question.en}
            for i, q in questions
        ]

    def grade_answer(item_id: str, answer: str) -> dict[str, Any]:
        """Grade an answer to one of the questions, key point by key point, with the words each verdict rests on.

        Args:
            item_id: Id of the question, as search_questions gives it.
            answer: The candidate's own words, in Chinese or English.
        """
        return _graded(engine, _shown(engine.gradable, item_id), answer)

    def grade_against_reference(question: str, reference: str, answer: str) -> dict[str, Any]:
        """Grade an answer to any question against a reference answer.

        Args:
            question: What was asked.
            reference: A full answer.
            answer: The candidate's own words.
        """
        return _graded(engine, _shown(as_item, question, reference), answer)

    for tool in (search_questions, grade_answer, grade_against_reference):
        gr.api(tool, api_name=tool.__name__, queue=False)  # type: ignore[attr-defined]


def _graded(engine: Engine, item: Any, answer: str) -> dict[str, Any]:
    if len(answer) > MAX_MESSAGE:
        raise gr.Error(f"{len(answer):,} characters are too many; at most {MAX_MESSAGE:,} are taken")
    grade = _shown(engine.grader.grade, item, answer)
    language = language_of(answer) or "en"
    return {
        "score": grade.score,
        "low": grade.low,
        "high": grade.high,
        "verdict": grade.verdict,
        "needs_review": grade.needs_review,
        "flags": list(grade.flags),
        "feedback": grade.reason if grade.score is None else feedback(grade, item, language),
        "points": [
            {
                "text": item.point(p.point_id).text.get(language),
                "verdict": p.verdict,
                "evidence": p.evidence.text if p.evidence else None,
            }
            for p in grade.points
        ],
    }


def _shown(call: Any, *arguments: Any) -> Any:
    """What a call gives; its error as one that Gradio hands on in its own words."""
    try:
        return call(*arguments)
    except InterviewerError as error:
        raise gr.Error(str(error)) from None
