"""The real app in a process of its own, and Debian's chromium to use it with."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
OWN = r"""
topic: formulae
title: {zh: 公式, en: Formulae}
items:
  - id: own-formula
    status: draft
    question:
      zh: 为什么 $\nabla_\theta \log p(x) < \infty$？$$\sum_i x_i^2$$ <b>注意</b> `<pad>`。
      en: Why is $\nabla_\theta \log p(x) < \infty$ here? $$\sum_i x_i^2$$ Mind <b>this</b> and `<pad>`.
    key_points: [Because the density is smooth.]
"""
"""A corpus of one's own, with formulae and tags in its question."""
LEFT = ("AbortError", "Connection errored out")
LOCALES = {"zh": "zh-CN", "en": "en-GB"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser; without one, every test here is skipped."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def address(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the app runs, with a data folder of its own and the real model."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INTERVIEWER_")}
    folder = tmp_path_factory.mktemp("app")
    (folder / "own").mkdir()
    (folder / "own" / "formulae.yaml").write_text(OWN, encoding="utf-8")
    with (folder / "log").open("w+") as log:
        process = subprocess.Popen(
            [sys.executable, "app.py", "--port", "0"], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT,
            env={**kept, "INTERVIEWER_DATA_DIR": str(folder / "data"), "INTERVIEWER_CORPUS": str(folder / "own")},
        )  # fmt: skip
        try:
            yield _announced(process, folder / "log")
        finally:
            process.terminate()
            process.wait(20)
    assert "Traceback" not in (folder / "log").read_text()


@pytest.fixture(scope="module")
def small(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the app runs over three topics, without a model to load (small.py): for tests that grade nothing."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INTERVIEWER_")}
    folder = tmp_path_factory.mktemp("small")
    with (folder / "log").open("w+") as log:
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("small.py")), str(folder)], cwd=ROOT, stdout=log,
            stderr=subprocess.STDOUT, env={**kept, "INTERVIEWER_DATA_DIR": str(folder / "data")},
        )  # fmt: skip
        try:
            yield _announced(process, folder / "log")
        finally:
            process.terminate()
            process.wait(20)
    assert "Traceback" not in (folder / "log").read_text()


def _announced(process: subprocess.Popen[bytes], log: Path) -> str:
    for _ in range(1800):
        said = log.read_text()
        if "http://" in said:
            return next(part for part in said.split() if part.startswith("http://"))
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise AssertionError(f"the app did not start: {log.read_text()}")


class Tab:
    """A browser tab, and what may be done with the app in it."""

    def __init__(self, page: Any, address: str) -> None:
        self.page, self.address = page, address
        self.complaints: list[str] = []
        page.set_default_timeout(240_000)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._requested(request.url))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog {dialog.message}"))

    def _said(self, message: Any) -> None:
        # A page that is left while something streams reports that it stopped listening.
        if message.type == "error" and not any(said in message.text for said in LEFT):
            self.complaints.append(message.text)

    def _requested(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob", "about") and parts.hostname != "127.0.0.1":
            self.complaints.append(f"request to {url}")

    def open(self, path: str = "/") -> Tab:
        self.page.goto(self.address + path)
        self.page.wait_for_selector("#start:visible, #talk:visible, #debrief-report:visible")
        self.page.wait_for_selector("html[data-ready]", state="attached")
        return self

    def start(self, questions: int = 2, topic: str = "") -> None:
        number = self.page.locator("#count input[type=number]")
        number.fill(str(questions))
        number.press("Tab")
        if topic:
            self.page.locator("#topics label", has_text=topic).click()
        self.page.click("#start")
        self.page.wait_for_selector("#chat .bot >> nth=1")
        self.idle()

    def idle(self) -> None:
        """Until the interviewer has said what there was to say."""
        self.page.wait_for_selector("#send:not([disabled]):visible, #see-debrief:visible, #debrief-report:visible")
        self.page.wait_for_timeout(200)

    def say(self, text: str, key: str = "Enter") -> None:
        before = self._replies()
        self.page.fill("#answer textarea", text)
        self.page.press("#answer textarea", key)
        self.page.wait_for_function("document.querySelector('#answer textarea').value === ''")
        self._heard(before)

    def press(self, button: str) -> None:
        before = self._replies()
        self.page.click(f"#{button}")
        if button == "end":  # which asks whether one is sure, and says nothing
            self.page.wait_for_selector("#end-yes")
        else:
            self._heard(before)

    def _replies(self) -> int:
        return int(self.page.locator("#chat .bot.message").count())

    def _heard(self, before: int) -> None:
        """Until there is a reply: a page on a busy machine looks idle before it has begun."""
        self.page.wait_for_function(
            "n => document.querySelectorAll('#chat .bot.message').length > n"
            " || document.querySelector('#see-debrief, #debrief-report')?.checkVisibility()",
            arg=before,
        )
        self.idle()

    def messages(self, role: str) -> list[str]:
        return [text.strip() for text in self.page.locator(f"#chat .{role}.message").all_inner_texts()]

    def tab(self, number: int) -> None:
        shown = self.page.get_by_role("tab")
        count = shown.count()
        if number < count:
            shown.nth(number).click()
        else:  # where there is no room for all, the last ones are in a menu
            self.page.click(".overflow-menu > button")
            self.page.locator(".overflow-dropdown button").nth(number - count).click()
        self.page.wait_for_timeout(700)


@pytest.fixture
def new_tab(chromium: Any, address: str) -> Iterator[Any]:
    """Makes tabs; at the end, none may have complained."""
    yield from _tabs(chromium, address)


@pytest.fixture
def small_tab(chromium: Any, small: str) -> Iterator[Any]:
    """The same, of the small app."""
    yield from _tabs(chromium, small)


def _tabs(chromium: Any, address: str) -> Iterator[Any]:
    contexts, tabs = [], []

    def make(
        language: str = "en", width: int = 1280, height: int = 900, context: Any = None, dark: bool = False
    ) -> Tab:
        if context is None:
            size = {"width": width, "height": height}
            context = chromium.new_context(
                locale=LOCALES[language], viewport=size, color_scheme="dark" if dark else "light"
            )
            contexts.append(context)
        tabs.append(Tab(context.new_page(), address))
        return tabs[-1]

    yield make
    complaints = [c for tab in tabs for c in tab.complaints]
    for context in contexts:
        context.close()
    assert complaints == []
