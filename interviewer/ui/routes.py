"""What the server answers: the page at "/", and a health check and the pages of reference code beside it."""

from __future__ import annotations

import gradio as gr
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from interviewer.engine import Engine
from interviewer.ui import code_page, theme
from interviewer.ui.page import build
from interviewer.ui.words import preferred


def application(engine: Engine) -> FastAPI:
    """The page and the routes beside it, without a server."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

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
        blocked_paths=[str(engine.settings.data_dir.absolute())],
    )
    return mounted
