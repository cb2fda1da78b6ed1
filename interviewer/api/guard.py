"""The guard at the door: who asks, from which page, how often, and how much. Everything that is served is behind it.

It is an ASGI middleware and not a dependency of routes, so that no route, of ours or of Gradio's, can be without it.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from contextvars import ContextVar
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from interviewer.api.limits import RateLimit
from interviewer.api.problems import refusal
from interviewer.storage import Keys

OWNER = "interviewer.owner"
"""Key of the ASGI scope that holds who asks, where somebody must log in."""
CALLER: ContextVar[str | None] = ContextVar("caller", default=None)
"""The same for the code that answers a request to `/v1`. Nowhere else: Gradio's tasks outlive the request that began
them, and would take it along."""
COOKIE = "interviewer_login"
_OPEN = frozenset({"/healthz", "/readyz", "/login", "/v1/openapi.json"})
_COUNTED = ("/v1/", "/gradio_api/mcp", "/login")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_MOST_JSON, _MOST_UPLOAD = 2 << 20, 32 << 20
"""Bytes of a request to `/v1`, and to anything else."""
_FRESH = 10.0
"""Seconds that a key is believed without asking the database again; so long may a revoked one still work."""
_MOST_FRESH = 1000
_PATIENCE = 3  # seconds after which somebody who was turned away may come again


@dataclass(frozen=True, slots=True)
class Access:
    """Who may come in."""

    keys: Keys | None = None
    """Where keys are looked up; None lets everybody in."""
    hosts: frozenset[str] | None = None
    """Names that this server may be called by; None means any. Keeps a web page elsewhere from reaching a server on
    its visitor's own computer by pointing a name of its own at it (DNS rebinding)."""
    per_minute: int = 0
    """Requests a minute of one owner or address to what is counted; 0 means no limit."""
    at_once: int = 64
    """Requests to `/v1` that are answered or wait at one time. Further ones are told so at once: whoever waits longer
    than a client does is answered for nobody."""


class Guard:
    """Refuses, or passes on."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access
        self._limit = RateLimit(access.per_minute)
        self._waiting = 0
        self._fresh: OrderedDict[str, tuple[str, float]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        if scope["type"] != "http":  # nothing here speaks over a WebSocket
            return
        path, headers = scope["path"], Headers(scope=scope)
        refused = self._misdirected(scope["method"], headers) or _too_large(path, headers)
        refused = refused or await self._unknown(scope, headers) or self._too_often(scope)
        if refused is not None:
            await refused(scope, receive, send)
            return
        served = path.startswith("/v1/")
        if served and self._waiting >= self._access.at_once:
            busy = f"{self._waiting} requests are being answered already; send it again in a few seconds"
            await refusal(503, busy, {"Retry-After": str(_PATIENCE)})(scope, receive, send)
            return
        self._waiting += served
        caller = CALLER.set(scope.get(OWNER) if served else None)
        try:
            await self._app(scope, _counting(receive, _most(path)), send)
        finally:
            CALLER.reset(caller)
            self._waiting -= served

    def _misdirected(self, method: str, headers: Headers) -> Response | None:
        """Refuse what another site's page has a browser send here."""
        host = headers.get("host", "")
        if self._access.hosts is not None and _name(host) not in self._access.hosts:
            return refusal(421, f"this server answers to {', '.join(sorted(self._access.hosts))} only")
        if method in _SAFE or "authorization" in headers:  # no page can add that header for its visitor
            return None
        origin = headers.get("origin")
        foreign = origin is not None and urlsplit(origin).netloc != host
        if foreign or headers.get("sec-fetch-site") == "cross-site":
            return refusal(403, "a page of another site cannot do this here")
        return None

    async def _unknown(self, scope: Scope, headers: Headers) -> Response | None:
        """Refuse whoever has no key, and note who has."""
        if self._access.keys is None:
            return None
        scope[OWNER] = await self._owner(self._access.keys, headers)
        if scope[OWNER] is not None or scope["path"] in _OPEN:
            return None
        if scope["method"] == "GET" and "text/html" in headers.get("accept", "") and "/v1/" not in scope["path"]:
            there = scope["path"] + ("?" + scope["query_string"].decode("latin-1") if scope["query_string"] else "")
            return RedirectResponse(f"/login?to={quote(there, safe='')}", 303)
        needed = "a key is needed: send it as `Authorization: Bearer KEY`"
        return refusal(401, needed, {"WWW-Authenticate": "Bearer"})

    async def _owner(self, keys: Keys, headers: Headers) -> str | None:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        key = given.strip() if scheme.lower() == "bearer" else cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
        if not key:
            return None
        owner, until = self._fresh.get(key, ("", 0.0))
        now = time.monotonic()
        if now < until:
            return owner
        found = await run_in_threadpool(keys.owner_of, key)
        if found is None:
            self._fresh.pop(key, None)
            return None
        self._fresh[key] = (found, now + _FRESH)
        while len(self._fresh) > _MOST_FRESH:
            self._fresh.popitem(last=False)
        return found

    def _too_often(self, scope: Scope) -> Response | None:
        if not scope["path"].startswith(_COUNTED):
            return None
        client = scope.get("client")
        caller = scope.get(OWNER) or f"address {client[0] if client else ''}"
        wait = self._limit.wait(caller, time.monotonic())
        if not wait:
            return None
        again = {"Retry-After": str(math.ceil(wait))}
        return refusal(429, f"more than {self._access.per_minute} requests a minute; wait {math.ceil(wait)} s", again)


def _name(host: str) -> str:
    """A Host header without its port, as it is compared."""
    return host.rpartition(":")[0].lower() if ":" in host.rpartition("]")[2] else host.lower()


def _most(path: str) -> int:
    return _MOST_JSON if path.startswith(("/v1/", "/login")) else _MOST_UPLOAD


def _too_large(path: str, headers: Headers) -> Response | None:
    length = headers.get("content-length", "0")
    if length.isdecimal() and int(length[:20]) <= _most(path):
        return None
    return refusal(413, f"at most {_most(path) >> 20} MiB are taken")


def _counting(receive: Receive, most: int) -> Receive:
    """The body in its pieces, up to a size: a sender need not say beforehand how much there is."""
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:
            raise HTTPException(413, f"at most {most >> 20} MiB are taken")
        return message

    return counted
