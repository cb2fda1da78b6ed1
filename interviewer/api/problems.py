"""What the API says when something is refused: always the same small object, never a traceback or an answer."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match

from interviewer.errors import InputError, InterviewerError, SessionConflict, UnknownItem, UnknownSession

_log = logging.getLogger(__name__)


class Problem(BaseModel):
    """Why a request was refused."""

    code: str = Field(description="One word for programs; it stays the same in later versions.", examples=["not_found"])
    message: str = Field(description="One sentence for people: what happened and what to do.")


MEANINGS = {
    400: ("malformed", "The request's body is no text."),
    401: ("unauthorized", "No key, or a wrong, expired or revoked one."),
    404: ("not_found", "No such interview, item, topic or question; another owner's interview is none either."),
    409: ("conflict", "The interview is over, or was moved on elsewhere meanwhile."),
    413: ("too_large", "The request is larger than is taken."),
    422: ("unusable", "The request does not fit its schema."),
    429: ("too_many_requests", "More requests than the key may make; `Retry-After` says when to go on."),
    503: (
        "unavailable",
        "The database or model cannot be used now, or too many requests are being answered.",
    ),
}


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route: these statuses, and those that every route may give."""
    return {
        s: {"model": Problem, "description": MEANINGS[s][1]} for s in sorted({*statuses, 400, 401, 413, 422, 429, 503})
    }


def refusal(status: int, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """A response that refuses."""
    code = MEANINGS[status][0] if status in MEANINGS else HTTPStatus(status).phrase.lower().replace(" ", "_")
    return JSONResponse(Problem(code=code, message=message).model_dump(), status, dict(headers or {}))


def install(app: FastAPI, routes: Sequence[BaseRoute] = ()) -> None:
    """Have every error of an application answered in this form; who takes a wrong method is told the `routes`' own."""

    @app.exception_handler(InterviewerError)
    async def ours(_: Request, error: InterviewerError) -> JSONResponse:
        return refusal(_status(error), str(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        # Only where and why: the values themselves may be answers.
        found = [f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in error.errors()[:3]]
        return refusal(422, "; ".join(found))

    @app.exception_handler(HTTPException)
    async def of_http(request: Request, error: HTTPException) -> JSONResponse:
        methods = _methods(request, routes) if error.status_code == 405 else []
        headers = {"Allow": ", ".join(methods)} if methods else error.headers
        return refusal(error.status_code, str(error.detail), headers)

    @app.exception_handler(Exception)
    async def unexpected(_: Request, error: Exception) -> JSONResponse:
        _log.error("unexpected %s", type(error).__name__, exc_info=error)
        return refusal(500, f"an error of the server ({type(error).__name__}); its log says more")


def _methods(request: Request, routes: Sequence[BaseRoute]) -> list[str]:
    """Every method of a path; Starlette names those of the first of its routes alone (RFC 9110, 15.5.6)."""
    found = (r for r in routes if r.matches(request.scope)[0] is not Match.NONE)
    return sorted({method for route in found for method in getattr(route, "methods", None) or ()})


def _status(error: InterviewerError) -> int:
    match error:
        case UnknownItem() | UnknownSession():
            return 404
        case SessionConflict():
            return 409
        case InputError():
            return 422
        case _:
            return 503
