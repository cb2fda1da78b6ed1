"""From nothing: how long until there is help, a question, a page, a grade; and what the served app holds in memory."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from interviewer.errors import InputError
from interviewer.schema import Item
from interviewer.speed.clock import ROUNDS, Figure, spread, timed

_PATIENCE = 180.0
"""Seconds after which a start has failed."""
_ANSWER = "The derivatives multiply along the layers, so the early ones get a tiny gradient.\n"


@dataclass(frozen=True, slots=True)
class Chat:
    """Seconds from the start of `interviewer chat`."""

    question: float
    grade: float


def figures(index: Path, app: Path, item: Item) -> list[Figure]:
    """Times of whole processes.

    Args:
        index: a search index, so that none is built meanwhile.
        app: the script that serves the page.
        item: what is asked first.
    """
    helps = [timed(_help) for _ in range(ROUNDS)]
    imports = [timed(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True)) for _ in range(ROUNDS)]
    with _data(index) as data:
        chats = [_chat(data, item) for _ in range(ROUNDS)]
        pages, memory = zip(*(_page(data, app, wait=n == 0) for n in range(ROUNDS)), strict=True)
    questions, grades = [c.question for c in chats], [c.grade for c in chats]
    return [
        Figure(
            "cold start: `interviewer --help`",
            f"{spread(helps, 2)} s, of which Python itself {median(imports):.2f} s",
            "≤ 0.25 s",
            median(helps) <= 0.25,
        ),
        Figure(
            "cold start: first question in `chat`", f"{spread(questions, 2)} s", "≤ 1.5 s", median(questions) <= 1.5
        ),
        Figure("cold start: page served", f"{spread(pages, 2)} s", "≤ 4 s", median(pages) <= 4),
        Figure("cold start: first grade", f"{spread(grades, 2)} s", "≤ 6 s", median(grades) <= 6),
        Figure(
            "memory of the idle app, encoder and entailment loaded", f"{memory[0]:.0f} MB", "≤ 900 MB", memory[0] <= 900
        ),
    ]


def _help() -> None:
    subprocess.run([sys.executable, "-m", "interviewer", "--help"], stdout=subprocess.DEVNULL, check=True)


@contextmanager
def _data(index: Path) -> Iterator[Path]:
    """A data folder with nothing but an index."""
    with tempfile.TemporaryDirectory() as folder:
        if index.is_dir():
            shutil.copytree(index, Path(folder) / "index")
        yield Path(folder)


def _environment(data: Path) -> dict[str, str]:
    return {**os.environ, "INTERVIEWER_DATA_DIR": str(data), "INTERVIEWER_LLM": "off", "PYTHONUNBUFFERED": "1"}


def _chat(data: Path, item: Item) -> Chat:
    """One line of answer; the interview is then left."""
    begun = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "interviewer", "chat", "-l", "en", "--item", item.id],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        env=_environment(data),
    ) as chat:
        assert chat.stdin
        assert chat.stdout
        try:
            shown = ""
            while item.question.en not in shown:
                line = chat.stdout.readline()
                if not line:
                    raise InputError("`interviewer chat` ended before it asked anything; run it to see why")
                shown += line
            question = time.perf_counter() - begun
            chat.stdin.write(_ANSWER)
            chat.stdin.flush()
            chat.stdout.readline()
            return Chat(question, time.perf_counter() - begun)
        finally:
            chat.kill()


def _page(data: Path, app: Path, wait: bool) -> tuple[float, float]:
    """Seconds until the page is there; its process's memory in MB once the models are, if that is waited for."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    begun = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, str(app), "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=_environment(data),
    ) as served:
        try:
            _until_served(f"http://127.0.0.1:{port}/", served)
            seconds = time.perf_counter() - begun
            if not wait:
                return seconds, 0.0
            _until_served(f"http://127.0.0.1:{port}/readyz", served)
            time.sleep(2.0)
            return seconds, resident(served.pid)
        finally:
            served.terminate()


def _until_served(address: str, served: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and served.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=_PATIENCE) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.02)
    raise InputError(f"nothing was served at {address}; run `python app.py` to see why")


def resident(process: int) -> float:
    """Memory of a process in MB; 0 where the system does not tell."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0
