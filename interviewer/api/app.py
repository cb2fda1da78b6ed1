"""The application: `/v1`, health, readiness and metrics, behind the guard. `ui/routes.py` adds the page to it."""

from __future__ import annotations

from fastapi import Depends, FastAPI, Response
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from interviewer import __version__
from interviewer.api import problems, v1
from interviewer.api.guard import CALLER, Access, Guard
from interviewer.api.observe import Metrics, Observed
from interviewer.engine import Engine
from interviewer.errors import StorageError

_ABOUT = """A bilingual (Chinese, English) mock interviewer for deep learning that explains every grade it gives.

Where the server asks for a key (`interviewer key create NAME` makes one), send it as `Authorization: Bearer KEY`.
Interviews belong to the owner of the key that began them; nobody else can see, continue or delete them.
Every refusal is a `Problem`: a `code` for programs and a `message` for people.
"""


def application(engine: Engine, access: Access = Access()) -> FastAPI:  # noqa: B008  (frozen)
    """Everything but the page."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    metrics = Metrics()
    if access.keys is not None:
        engine.store.owner = caller
    app.add_middleware(Guard, access=access)
    app.add_middleware(Observed, metrics=metrics)  # the last one added is the outermost
    problems.install(app)  # an address with a line end in it is no route of /v1 either
    _health(app, engine, metrics)
    app.mount("/v1", _v1(engine, access))
    return app


def caller() -> str:
    """Who made the request to `/v1` that is being answered.

    Raises:
        StorageError: nobody did: no interview is anybody's without saying whose.
    """
    owner = CALLER.get()
    if owner is None:
        raise StorageError("nobody is logged in")
    return owner


def _v1(engine: Engine, access: Access) -> FastAPI:
    # Swagger's page would be fetched from elsewhere; the document itself is what tools need.
    api = FastAPI(
        title="Interviewer", version=__version__, description=_ABOUT, docs_url=None, redoc_url=None,
        openapi_url="/openapi.json",
    )  # fmt: skip
    routes = v1.router(engine)
    problems.install(api, routes.routes)
    bearer = HTTPBearer(auto_error=False, description="A key; the guard checks it.")
    api.include_router(routes, dependencies=[Depends(bearer)] if access.keys is not None else [])
    return api


def _health(app: FastAPI, engine: Engine, metrics: Metrics) -> None:
    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz")
    def readyz() -> JSONResponse:
        """Whether an answer would be graded now: the model is loaded and the database answers."""
        missing = [] if engine.ready else ["model"]
        try:
            engine.store.answers()
        except StorageError:
            missing.append("database")
        ready = {"status": "ready"} if not missing else {"status": "not ready", "missing": missing}
        return JSONResponse(ready, 503 if missing else 200)

    @app.get("/metrics")
    def numbers() -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)
