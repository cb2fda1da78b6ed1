"""Many interviews at once over the served API: how long a turn takes, what fails, what memory does, and what is said to
whoever comes when there is no more room.

The server is a child of this process with a socket of its own; the candidates are scripted and take time to think.
Needs an operating system that can fork.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from interviewer.engine import Engine
from interviewer.errors import ServeError
from interviewer.schema import Item

if TYPE_CHECKING:
    import httpx

_STARTING = 600.0  # seconds that the models may take to load
_PATIENCE = 120.0  # seconds that a candidate waits for an answer


@dataclass(slots=True)
class Load:
    """What was measured."""

    interviews: int = 0
    """Finished ones."""
    turns: list[float] = field(default_factory=list)
    """Seconds from each message to the interviewer's words."""
    refused: Counter[int] = field(default_factory=Counter)
    """Answers that are no success, by their status; 0 where no answer came."""
    messages: set[str] = field(default_factory=set)
    """What they said."""
    memory: list[float] = field(default_factory=list)
    """MiB that the server had resident, every few seconds."""


def load(
    address: str, server: int, items: Sequence[Item], candidates: int, seconds: float, think: float, seed: int = 0
) -> Load:
    """Hold interviews for a while.

    Args:
        address: where the server listens.
        server: its process.
        items: what it asks, for the candidates to answer from.
        candidates: how many interviews go on at any time.
        seconds: for how long.
        think: seconds, on average, that a candidate takes for an answer.
        seed: of what they say and when.
    """
    return asyncio.run(_load(address, server, items, candidates, seconds, think, seed))


async def _load(
    address: str, server: int, items: Sequence[Item], candidates: int, seconds: float, think: float, seed: int
) -> Load:
    import httpx

    found = Load()
    until = time.monotonic() + seconds
    answers = {item.id: [text for text in (item.answer.zh, item.answer.en) if text] for item in items}
    limits = httpx.Limits(max_connections=candidates, max_keepalive_connections=candidates)
    async with httpx.AsyncClient(base_url=address, timeout=_PATIENCE, limits=limits) as client:
        people = [
            _candidate(client, answers, until, think, random.Random(f"{seed}:{n}"), found) for n in range(candidates)
        ]
        await asyncio.gather(_watch(server, until, found), *people)
    return found


async def _watch(server: int, until: float, found: Load) -> None:
    while True:
        found.memory.append(_resident(server))
        if time.monotonic() >= until:
            return
        await asyncio.sleep(max(0.0, min(5.0, until - time.monotonic())))


async def _candidate(
    client: httpx.AsyncClient,
    answers: dict[str, list[str]],
    until: float,
    think: float,
    chance: random.Random,
    found: Load,
) -> None:
    """One interview after the other."""
    await asyncio.sleep(chance.uniform(0, min(think, until - time.monotonic())))  # nobody begins at the same moment
    while time.monotonic() < until:
        setup = {"language": chance.choice(("zh", "en")), "questions": 3}
        now = await _asked(client, "/v1/sessions", setup, found)
        while now is not None and not now["finished"]:
            await asyncio.sleep(max(0.0, min(chance.uniform(0.5, 1.5) * think, until - time.monotonic())))
            if time.monotonic() >= until:
                return
            said = chance.choice(answers.get(str(now["item_id"])) or ["It depends."])
            said = said[: chance.randrange(10, max(11, len(said) + 1))]
            now = await _asked(client, f"/v1/sessions/{now['id']}/messages", {"text": said}, found)
        found.interviews += now is not None


async def _asked(
    client: httpx.AsyncClient, path: str, body: Mapping[str, object], found: Load
) -> dict[str, object] | None:
    import httpx

    begun = time.monotonic()
    try:
        answer = await client.post(path, json=body)
    except httpx.HTTPError as error:
        found.refused[0] += 1
        found.messages.add(type(error).__name__)
        return None
    if answer.is_success:
        found.turns.append(time.monotonic() - begun)
        made: dict[str, object] = answer.json()
        return made
    found.refused[answer.status_code] += 1
    found.messages.add(str(answer.json().get("message", "")))
    await asyncio.sleep(float(answer.headers.get("Retry-After", "1")))
    return None


def rush(address: str, requests: int) -> tuple[Counter[int], set[str]]:
    """Send so many requests at the same moment: their statuses, and what the refused ones were told."""
    return asyncio.run(_rush(address, requests))


async def _rush(address: str, requests: int) -> tuple[Counter[int], set[str]]:
    import httpx

    limits = httpx.Limits(max_connections=requests)
    async with httpx.AsyncClient(base_url=address, timeout=_PATIENCE, limits=limits) as client:
        body = {"language": "en", "questions": 1}
        answers = await asyncio.gather(*(client.post("/v1/sessions", json=body) for _ in range(requests)))
    told = {str(a.json()["message"]) for a in answers if not a.is_success}
    return Counter(a.status_code for a in answers), told


@contextmanager
def served(make: Callable[[], Engine]) -> Iterator[tuple[str, int]]:
    """Serve the API in a child process: its address and its process.

    Raises:
        ServeError: it did not come up.
    """
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1024)
        child = os.fork()
        if child == 0:
            os._exit(_serve(make, listener))
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            _await(address, child)
            yield address, child
        finally:
            with suppress(ProcessLookupError, ChildProcessError):  # it ended by itself
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)


def _serve(make: Callable[[], Engine], listener: socket.socket) -> int:
    import uvicorn

    from interviewer.api import application

    try:
        engine = make()
        engine.store.answers()
        _ = engine.grader
        config = uvicorn.Config(application(engine), log_level="error", access_log=False)
        uvicorn.Server(config).run(sockets=[listener])
        return 0
    except BaseException:
        return 1


def _await(address: str, child: int) -> None:
    import httpx

    until = time.monotonic() + _STARTING
    while time.monotonic() < until and os.waitpid(child, os.WNOHANG) == (0, 0):
        try:
            if httpx.get(f"{address}/readyz", timeout=5).is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise ServeError("the server for the measurement did not come up; try `interviewer doctor`")


def _resident(process: int) -> float:
    for line in Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def table(found: Load, seconds: float) -> str:
    """As Markdown."""
    turns = np.array(found.turns or [np.nan])
    asked = len(found.turns) + sum(found.refused.values())
    warm = found.memory[len(found.memory) // 5 :]  # the first fifth fills caches
    rows = {
        "turns": f"{len(found.turns)} ({len(found.turns) / seconds:.1f} a second)",
        "interviews finished": str(found.interviews),
        "refused or failed": f"{sum(found.refused.values())} of {asked}"
        + "".join(f"; {status}: {count}" for status, count in sorted(found.refused.items())),
        "turn, median": f"{np.median(turns):.3f} s",
        "turn, 95 in 100 within": f"{np.quantile(turns, 0.95):.3f} s",
        "turn, slowest": f"{turns.max():.3f} s",
        "memory at the start, after a fifth of the time, at the end": f"{found.memory[0]:.0f}, {warm[0]:.0f}, "
        f"{warm[-1]:.0f} MiB",
    }
    return "| measured | |\n|---|---|\n" + "\n".join(f"| {name} | {value} |" for name, value in rows.items())
