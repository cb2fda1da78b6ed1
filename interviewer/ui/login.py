"""The page that asks for a key, and what keeps the answer. It needs no script.

The browser is given a key of its own for twelve hours, in a cookie that no script can read and no other site can have
sent along: the lasting key is not kept anywhere.
"""

from __future__ import annotations

import time
from html import escape
from typing import Annotated
from urllib.parse import urlencode

from fastapi import FastAPI, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from interviewer.api import COOKIE
from interviewer.schema import Language
from interviewer.storage import Keys
from interviewer.ui.words import preferred, word

_HOURS = 12
_STYLE = """
html { color-scheme: light dark; }
body { font: 16px/1.6 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
main { max-width: 24rem; margin: 15vh auto 0; padding: 0 1rem; } h1 { font-size: 1.25rem; }
label { display: block; margin-bottom: .25rem; }
input, button { font: inherit; width: 100%; box-sizing: border-box; padding: .5rem .7rem; margin-bottom: .8rem; }
.problem { color: #b3261e; } @media (prefers-color-scheme: dark) { .problem { color: #ffb4ab; } }
"""


def add_login(app: FastAPI, keys: Keys) -> None:
    """The routes "/login" and "/logout"."""

    @app.get("/login")
    def ask(request: Request, to: str = "/") -> HTMLResponse:
        return HTMLResponse(_page(_language(request), to))

    @app.post("/login")
    def take(request: Request, key: Annotated[str, Form(max_length=200)], to: Annotated[str, Form()] = "/") -> Response:
        opened = keys.log_in(key.strip())
        if opened is None:
            time.sleep(0.3)
            return HTMLResponse(_page(_language(request), to, wrong=True), 401)
        response = RedirectResponse(_here(to), 303)
        response.set_cookie(
            COOKIE, opened, max_age=_HOURS * 3600, httponly=True, samesite="lax", secure=request.url.scheme == "https"
        )
        return response

    @app.post("/logout")
    def leave(request: Request) -> RedirectResponse:
        keys.log_out(request.cookies.get(COOKIE, ""))
        response = RedirectResponse("/login", 303)
        response.delete_cookie(COOKIE)
        return response


def _here(to: str) -> str:
    """A path of this server; anything that could lead elsewhere becomes the front page."""
    plain = to.startswith("/") and not to.startswith(("//", "/\\")) and to.isprintable()
    return to if plain else "/"


def _language(request: Request) -> Language:
    return preferred(request.headers.get("accept-language", ""))


def _page(language: Language, to: str, wrong: bool = False) -> str:
    locale = "zh-CN" if language == "zh" else "en"
    problem = f'<p class="problem" role="alert">{escape(word("login_wrong", language))}</p>' if wrong else ""
    action = "/login?" + urlencode({"to": _here(to)})
    return (
        f'<!DOCTYPE html><html lang="{locale}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(word('title', language))}</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>{escape(word('title', language))}</h1>{problem}"
        f'<form method="post" action="{escape(action)}"><label for="key">{escape(word("login_key", language))}</label>'
        '<input id="key" name="key" type="password" autocomplete="current-password" required autofocus maxlength="200">'
        f'<input type="hidden" name="to" value="{escape(_here(to))}">'
        f"<button>{escape(word('login_enter', language))}</button></form></main></body></html>"
    )
