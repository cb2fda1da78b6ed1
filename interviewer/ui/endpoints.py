"""What programs may call: Gradio endpoints with names, types and descriptions of their own.

    client = gradio_client.Client("http://127.0.0.1:7860")
    view = client.predict(language="en", topics=["rnn"], level=2, questions=3, focus="", api_name="/start_interview")
    view = client.predict(session=view["session"], message="…", api_name="/say")

`/gradio_api/info` describes them all. The page's own events are private.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import gradio as gr

from interviewer.engine import Engine, View
from interviewer.errors import InputError, InterviewerError
from interviewer.grading import as_item, feedback
from interviewer.interview import Setup
from interviewer.report import to_json
from interviewer.schema import LANGUAGES, Language

P = ParamSpec("P")
R = TypeVar("R")
_MOST_FOUND = 50


class Endpoints:
    """The functions, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def publish(self) -> None:
        """Register all of them in the `gr.Blocks` that is being made."""
        for function in (
            self.list_topics, self.search_questions, self.grade_answer, self.grade_against_reference,
            self.start_interview, self.say, self.show_interview, self.debrief,
        ):  # fmt: skip
            # Grading waits for the encoder, which works on one thing at a time anyway.
            gr.api(  # type: ignore[attr-defined]  # it is Gradio's, only not declared as exported
                _told(function), api_name=function.__name__, queue=False
            )

    def list_topics(self) -> list[dict]:  # type: ignore[type-arg]  # Gradio reads the type and knows no arguments of it
        """All topics that an interview can be about.

        Returns:
            A list of {id, zh, en, questions}.
        """
        corpus = self._engine.corpus
        count = [item.topic for item in corpus.items.values()].count
        return [
            {"id": t.id, "zh": t.title.zh, "en": t.title.en, "questions": count(t.id)} for t in corpus.topics.values()
        ]

    def search_questions(self, query: str, limit: int = 10) -> list[dict]:  # type: ignore[type-arg]
        """Find questions of the corpus by meaning and by words, best first.

        Args:
            query: some words in Chinese or English.
            limit: how many at most, 1 to 50.

        Returns:
            A list of {id, topic, level, zh, en}.
        """
        found = [
            self._engine.corpus.item(h.item_id) for h in self._engine.search(query, max(1, min(limit, _MOST_FOUND)))
        ]
        return [
            {"id": i.id, "topic": i.topic, "level": i.level, "zh": i.question.zh, "en": i.question.en} for i in found
        ]

    def grade_answer(self, item: str, answer: str, language: str = "") -> dict:  # type: ignore[type-arg]
        """Grade one answer to a question of the corpus. Nothing is stored.

        Args:
            item: id of the question, as `search_questions` gives it.
            answer: the answer, in Chinese or English.
            language: "zh" or "en" for the feedback; empty for the answer's own.

        Returns:
            The grade: score 0–100 with its interval, a verdict per key point with the words it rests on, flags, whether
            a person should look at it, and `feedback` in words.
        """
        wanted = _language(language) if language else None
        grade = self._engine.grade(item, answer, wanted)
        said = feedback(grade, self._engine.corpus.item(item), wanted or grade.language)
        return {**asdict(grade), "feedback": said}

    def grade_against_reference(self, question: str, reference: str, answer: str) -> dict:  # type: ignore[type-arg]
        """Grade an answer to any question against a reference answer. Nothing is stored.

        Args:
            question: what was asked.
            reference: a full answer.
            answer: the answer to grade, in the reference's language.

        Returns:
            The grade, as `grade_answer` gives it; the key points are made of the reference's sentences.
        """
        item = as_item(question, reference)
        grade = self._engine.grader.grade(item, answer)
        said = grade.reason if grade.score is None else feedback(grade, item, grade.language)
        return {**asdict(grade), "feedback": said}

    def start_interview(
        self, language: str = "zh", topics: list[str] | None = None, level: int = 2, questions: int = 5, focus: str = ""
    ) -> dict:  # type: ignore[type-arg]
        """Begin an interview.

        Args:
            language: "zh" or "en".
            topics: ids as `list_topics` gives them; none for all.
            level: 1 (screening) to 5 (staff).
            questions: how many, 1 to 50.
            focus: free text to choose questions by; empty for none.

        Returns:
            The interview as it stands: {session, finished, question, of, said}, where `said` is what the interviewer
            has just said, a text per turn.
        """
        return _stands(self._engine.start(Setup(_language(language), tuple(topics or ()), level, questions, focus)))

    def say(self, session: str, message: str) -> dict:  # type: ignore[type-arg]
        """Say something in an interview: an answer, or a command such as "hint", "skip", "repeat" or "end".

        Args:
            session: id of the interview, as `start_interview` gives it.
            message: the candidate's words.

        Returns:
            The interview as it stands, as `start_interview` gives it.
        """
        return _stands(self._engine.say(session, message))

    def show_interview(self, session: str) -> dict:  # type: ignore[type-arg]
        """An interview as it stands, with everything said so far.

        Args:
            session: id of the interview.

        Returns:
            {session, finished, question, of, said, transcript}, the transcript a list of {speaker, text, act, item_id}.
        """
        view = self._engine.view(session)
        return {**_stands(view), "transcript": [asdict(turn) for turn in view.transcript]}

    def debrief(self, session: str) -> str:
        """What an interview showed so far.

        Args:
            session: id of the interview.

        Returns:
            The debrief as JSON, as the app's download has it.
        """
        return to_json(self._engine.debrief(session))


def _told(function: Callable[P, R]) -> Callable[P, R]:
    """The function, with our errors as Gradio's, whose words reach the client."""

    @wraps(function)
    def told(*arguments: P.args, **named: P.kwargs) -> R:
        with _as_gradio():
            return function(*arguments, **named)

    return told


@contextmanager
def _as_gradio() -> Iterator[None]:
    try:
        yield
    except InterviewerError as error:
        raise gr.Error(str(error), print_exception=False) from None


def _language(name: str) -> Language:
    for language in LANGUAGES:
        if name == language:
            return language
    raise InputError(f"no language {name!r}; choose {' or '.join(LANGUAGES)}")


def _stands(view: View) -> dict[str, Any]:
    state = view.state
    return {
        "session": view.session_id,
        "finished": view.finished,
        "question": state.number,
        "of": len(state.plan),
        "said": [turn.text for turn in view.said],
    }
