"""The routes of `/v1`. Each does what one method of the engine does; whose interviews it sees, the store decides."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from starlette.exceptions import HTTPException

from interviewer.api.models import (
    Corrected,
    Disagreement,
    Found,
    Graded,
    GradeItem,
    GradeQuestion,
    ListedItem,
    ListedSession,
    Message,
    NewSession,
    Session,
    Topic,
    topics_of,
)
from interviewer.api.problems import documented
from interviewer.engine import SAME_QUESTION, Engine
from interviewer.errors import InputError, SessionConflict, UnknownItem
from interviewer.grading import as_item
from interviewer.schema import Item

SessionId = Annotated[str, Path(max_length=64, description="Id of an interview.", examples=["0123456789abcdef"])]
PointId = Annotated[str, Path(max_length=200, description="Id of a key point of the item.", examples=["kl-term"])]
ItemId = Annotated[str, Path(max_length=200, description="Id of an item.", examples=["vae-loss"])]


class ReportFormat(StrEnum):
    """How a debrief may be had."""

    json = "json"
    markdown = "markdown"
    html = "html"


def router(engine: Engine) -> APIRouter:
    """All routes over an engine."""
    made = APIRouter()
    _grading(made, engine)
    _sessions(made, engine)
    _one_session(made, engine)
    _verdicts(made, engine)
    _corpus(made, engine)
    return made


def _grading(made: APIRouter, engine: Engine) -> None:
    @made.post("/grade", tags=["grading"], responses=documented(404))
    def grade(wanted: GradeItem | GradeQuestion) -> Graded:
        """Grade one answer. Nothing of it is stored."""
        item = _graded_item(engine, wanted)
        graded = engine.grader.grade(item, wanted.answer, wanted.language)
        return Graded.of(graded, item, wanted.answer, wanted.language)


def _graded_item(engine: Engine, wanted: GradeItem | GradeQuestion) -> Item:
    if isinstance(wanted, GradeItem):
        return engine.gradable(wanted.item_id)
    if wanted.reference.strip():
        return as_item(wanted.question, wanted.reference)
    found = engine.find_question(wanted.question)
    if found is None or found[1] < SAME_QUESTION:
        raise UnknownItem("no such question in the corpus; give an item_id or a reference")
    return engine.gradable(found[0].id)


def _sessions(made: APIRouter, engine: Engine) -> None:
    @made.post("/sessions", status_code=201, tags=["interviews"], responses=documented(404))
    def begin(wanted: NewSession) -> Session:
        """Begin an interview; `said` is the greeting and the first question."""
        unknown = [t for t in wanted.topics if t not in engine.corpus.topics]
        if unknown:
            raise HTTPException(404, f"no topic {unknown[0]!r}; GET /v1/corpus/topics lists them")
        try:
            return Session.of(engine.start(wanted.setup()))
        except InputError as error:  # the topics or the focus leave nothing to ask
            raise HTTPException(404, str(error)) from None

    @made.get("/sessions", tags=["interviews"], responses=documented())
    def listed(limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> list[ListedSession]:
        """Your interviews, latest first."""
        return [
            ListedSession(
                id=row.id, started_at=row.started_at, updated_at=row.updated_at, language=row.language,
                finished=row.finished, questions=len(row.plan),
            )
            for row in engine.sessions(limit)
        ]  # fmt: skip


def _one_session(made: APIRouter, engine: Engine) -> None:
    @made.get("/sessions/{session_id}", tags=["interviews"], responses=documented(404))
    def stands(session_id: SessionId) -> Session:
        """An interview as it stands."""
        return Session.of(engine.view(session_id))

    @made.post("/sessions/{session_id}/messages", tags=["interviews"], responses=documented(404, 409))
    def say(session_id: SessionId, message: Message) -> Session:
        """Say something. An answer is stored, graded and replied to before this returns.

        Were it interrupted in between, the answer is kept; the next message has it graded first.
        """
        try:
            engine.proceed(session_id)
            return Session.of(engine.say(session_id, message.text))
        except InputError as error:
            if type(error) is not InputError:
                raise
            raise SessionConflict(str(error)) from None  # the interview is over, say

    @made.delete("/sessions/{session_id}", status_code=204, tags=["interviews"], responses=documented(404))
    def forget(session_id: SessionId) -> None:
        """Delete an interview and everything that was said in it."""
        engine.delete(session_id)

    kinds: dict[str, Any] = {"application/json": {}, "text/markdown": {}, "text/html": {}}

    @made.get(
        "/sessions/{session_id}/debrief",
        tags=["interviews"],
        response_class=Response,
        responses={200: {"content": kinds, "description": "The debrief."}, **documented(404)},
    )  # fmt: skip
    def debrief(session_id: SessionId, format: ReportFormat = ReportFormat.json) -> Response:
        """What an interview showed so far, each verdict with the words it rests on."""
        from interviewer.report import to_html, to_json, to_markdown

        made = engine.debrief(session_id)
        match format:
            case ReportFormat.json:
                return Response(to_json(made), media_type="application/json")
            case ReportFormat.markdown:
                return Response(to_markdown(made, engine.corpus), media_type="text/markdown")
            case _:
                return Response(to_html(made, engine.corpus), media_type="text/html")


def _verdicts(made: APIRouter, engine: Engine) -> None:
    place = "/sessions/{session_id}/verdicts/{item_id}/{point_id}"

    @made.put(place, tags=["interviews"], responses=documented(404))
    def disagree(session_id: SessionId, item_id: ItemId, point_id: PointId, wanted: Disagreement) -> Corrected:
        """Say what a verdict should have been. It is kept for calibrating the grader; no score changes."""
        try:
            made = engine.disagree(session_id, item_id, point_id, wanted.should_be, wanted.note)
        except InputError as error:  # the interview has no such verdict
            raise HTTPException(404, str(error)) from None
        return Corrected(should_be=made.should_be if made else wanted.should_be, note=made.note if made else "")

    @made.delete(place, status_code=204, tags=["interviews"], responses=documented(404))
    def agree(session_id: SessionId, item_id: ItemId, point_id: PointId) -> None:
        """Withdraw a disagreement; that there is none is what was wanted."""
        engine.view(session_id)
        engine.notebook.withdraw(session_id, item_id, point_id)


def _corpus(made: APIRouter, engine: Engine) -> None:
    @made.get("/corpus/topics", tags=["corpus"], responses=documented())
    def topics() -> list[Topic]:
        """All topics."""
        return topics_of(engine.corpus)

    @made.get("/corpus/items", tags=["corpus"], responses=documented())
    def items(
        topic: Annotated[str, Query(max_length=200)] = "",
        level: Annotated[int | None, Query(ge=1, le=5)] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    ) -> list[ListedItem]:
        """Questions of the corpus, in its order."""
        fitting = [
            i for i in engine.corpus.items.values() if topic in ("", i.topic) and level in (None, i.level)
        ]  # fmt: skip
        return [ListedItem.of(i) for i in fitting[offset : offset + limit]]

    @made.get("/corpus/items/{item_id}", tags=["corpus"], responses=documented(404))
    def item(item_id: ItemId) -> ListedItem:
        """One question."""
        return ListedItem.of(engine.corpus.item(item_id))

    @made.get("/corpus/search", tags=["corpus"], responses=documented())
    def search(
        q: Annotated[str, Query(min_length=1, max_length=1000, description="What it should be about.")],
        limit: Annotated[int, Query(ge=1, le=100)] = 10,
    ) -> list[Found]:
        """Questions by meaning and words, best first."""
        return [
            Found(score=float(hit.score), **ListedItem.of(engine.corpus.item(hit.item_id)).model_dump())
            for hit in engine.search(q, limit)
        ]
