"""What the server answers: the page at "/" and the pages of reference code, added to the API's application."""

from __future__ import annotations

from importlib.util import find_spec

import gradio as gr
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from gradio.context import LocalContext

from interviewer import api
from interviewer.engine import Engine
from interviewer.ui import code_page, theme
from interviewer.ui.login import add_login
from interviewer.ui.page import build
from interviewer.ui.words import preferred

_LARGEST_FILE = "24mb"


def application(engine: Engine, access: api.Access = api.Access()) -> FastAPI:  # noqa: B008  (frozen)
    """The page and all that is beside it, without a server."""
    app = api.application(engine, access)
    if access.keys is not None:
        engine.store.owner = caller
        add_login(app, access.keys)

    @app.get("/code/{file}")
    def code(file: str, request: Request, symbol: str = "", language: str = "") -> HTMLResponse:
        wanted = preferred(language or request.headers.get("accept-language", ""))
        page = code_page.code_page(engine.corpus, file, symbol, wanted)
        return HTMLResponse(
            page or code_page.missing_page(wanted),
            status_code=200 if page else 404,
            headers={"Content-Security-Policy": code_page.POLICY, "X-Content-Type-Options": "nosniff"},
        )

    mounted: FastAPI = gr.mount_gradio_app(
        app,
        build(engine),
        path="/",
        theme=theme.theme(),
        css_paths=theme.STYLE,
        head=theme.head(),
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        auth_dependency=_owner if access.keys is not None else None,
        max_file_size=_LARGEST_FILE,
        mcp_server=find_spec("mcp") is not None,
        blocked_paths=[str(engine.settings.data_dir.absolute())],
    )
    return mounted


def _owner(request: Request) -> str | None:
    """Who asks, as the guard found out."""
    owner: str | None = request.scope.get(api.OWNER)
    return owner


def caller() -> str:
    """Who made the request that is being answered, be it to the page or to the API.

    Asked by the store whenever it is used, so that no handler can forget to say for whom.

    Raises:
        StorageError: nobody did.
    """
    request = LocalContext.request.get(None)
    return request.username if request is not None and request.username else api.caller()
