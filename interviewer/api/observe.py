"""What is known of the running server afterwards: counts and times for Prometheus, one line a request in the log.

No answer, no key and no session id is in either: a request is named by its route, whoever made it by the owner's name.
"""

from __future__ import annotations

import logging
import time
from collections.abc import MutableMapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from interviewer.api.guard import OWNER

_access = logging.getLogger("interviewer.access")
_PAGE = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; media-src 'self' data: blob:; connect-src 'self' data: blob:; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
"""Gradio's page brings its scripts inline and compiles some; but nothing goes to or comes from anywhere else."""
_DATA = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
_OWN_NAME = frozenset({"/", "/healthz", "/readyz", "/metrics", "/login", "/logout", "/config"})


class Metrics:
    """The numbers of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self.requests = Counter("interviewer_requests", "Requests answered", labels, registry=self.registry)
        self.seconds = Histogram(
            "interviewer_request_seconds", "From request to the end of the response", ("route",),
            buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30), registry=self.registry,
        )  # fmt: skip
        self.going = Gauge("interviewer_requests_in_progress", "Requests being answered", registry=self.registry)


class Observed:
    """Counts, times and logs every request, and adds what keeps a browser from being misled."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _protect(message, scope["path"])
            await send(message)

        self._metrics.going.inc()
        try:
            await self._app(scope, receive, noted)
        finally:
            self._metrics.going.dec()
            self._note(scope, status, time.perf_counter() - begun)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = route_of(scope)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.requests.labels(method, route, str(status)).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        known = {"method": method, "route": route, "status": status, "ms": round(seconds * 1000, 1)}
        _access.info("%(method)s %(route)s %(status)d", known, extra={**known, "owner": scope.get(OWNER) or ""})


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def route_of(scope: Scope) -> str:
    """The route's pattern, never the address itself: that may hold an id, and there are endlessly many."""
    path, route = scope["path"], getattr(scope.get("route"), "path", "")
    if path.startswith("/v1/"):
        return "/v1" + route.removeprefix("/v1") if route else "/v1/*"
    if path in _OWN_NAME:
        return str(path)
    return "/gradio_api/mcp" if path.startswith("/gradio_api/mcp") else "page"


def _protect(message: MutableMapping[str, Any], path: str) -> None:
    """Add what is missing of the headers that restrict what a response may do in a browser."""
    present = {name.lower() for name, _ in message["headers"]}
    wanted = {
        b"content-security-policy": (_DATA if path.startswith("/v1/") else _PAGE).encode(),
        b"x-content-type-options": b"nosniff",
        b"referrer-policy": b"same-origin",  # the address of an interview is nobody else's business
        b"cross-origin-opener-policy": b"same-origin",
    }
    message["headers"] = [*message["headers"], *((k, v) for k, v in wanted.items() if k not in present)]
