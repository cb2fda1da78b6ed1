"""Take the READMEs' pictures from the real app: `python docs/screenshots.py [chromium]` (needs playwright).

Starts the app with an empty data folder, plays a short interview in each language, and prints how long the start took.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from interviewer.corpus import load_corpus

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "screenshots"
TITLES = {"zh": "生成模型", "en": "Generative models"}
LOCALES = {"zh": "zh-CN", "en": "en-GB"}


def serve(folder: str) -> tuple[subprocess.Popen[str], str]:
    """The app in a process of its own, and its address."""
    process = subprocess.Popen(
        [sys.executable, "app.py", "--port", "0"], cwd=ROOT, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "INTERVIEWER_DATA_DIR": folder},
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if "http://" in line:
            return process, next(word for word in line.split() if word.startswith("http://"))
    raise SystemExit("the app did not start")


def begin(page: Page, address: str, language: str) -> None:
    """Open the page and start an interview of two questions on generative models."""
    page.goto(address)
    page.wait_for_selector("html[data-ready]", state="attached")
    page.locator("#topics label", has_text=TITLES[language]).click()
    number = page.locator("#count input[type=number]")
    number.fill("2")
    number.press("Tab")
    page.click("#start")
    page.wait_for_selector("#chat .bot >> nth=1")


def idle(page: Page) -> None:
    """Until the interviewer has finished speaking."""
    page.wait_for_selector("#send:not([disabled]):visible, #debrief-report:visible", timeout=120_000)
    page.wait_for_timeout(300)


def answer(page: Page, language: Any, wrong: bool) -> None:
    """Say some of what the question asks for in words of the corpus, one claim of it wrongly."""
    asked = page.locator("#chat .bot.message").all_inner_texts()
    items = load_corpus().items.values()
    item = next(i for i in items if any(i.question.get(language)[:12] in text for text in asked[-2:]))
    said = [p.also.get(language)[0] for p in item.key_points[:3]]
    if wrong:
        said.append(item.key_points[3].contradictions.get(language)[0])
    page.fill("#answer textarea", ("。" if language == "zh" else ". ").join(said))
    page.press("#answer textarea", "Enter")
    page.wait_for_timeout(500)
    idle(page)


def main() -> None:
    """Play and photograph."""
    chromium = sys.argv[1] if len(sys.argv) > 1 else "/usr/bin/chromium"
    TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        started = time.perf_counter()
        process, address = serve(folder)
        served = time.perf_counter() - started
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        try:
            opened = time.perf_counter()
            page = browser.new_page(locale=LOCALES["en"], viewport={"width": 1180, "height": 980})
            page.goto(address)
            page.wait_for_selector("html[data-ready]", state="attached")
            usable = time.perf_counter() - opened
            clicked = time.perf_counter()
            begin(page, address, "en")
            first = time.perf_counter() - clicked
            print(f"served {served:.1f} s; usable {usable:.1f} s later; first question {first:.1f} s after the click")
            idle(page)
            answer(page, "en", wrong=False)
            page.screenshot(path=TARGET / "interview-en.png")
            page = browser.new_page(locale=LOCALES["zh"], viewport={"width": 360, "height": 740})
            begin(page, address, "zh")
            idle(page)
            answer(page, "zh", wrong=True)
            page.screenshot(path=TARGET / "phone-zh.png")
            page.set_viewport_size({"width": 1180, "height": 1500})
            page.click("#end")
            page.click("#end-yes")
            page.wait_for_selector("#debrief-report .debrief")
            page.wait_for_timeout(500)
            link = page.locator('#debrief-report a[target="code-viewer"]')
            if link.count():
                link.first.click()
                page.wait_for_timeout(1000)
            page.locator("#debrief-report .question, #debrief-report article").first.scroll_into_view_if_needed()
            page.screenshot(path=TARGET / "debrief-zh.png")
        finally:
            browser.close()
            process.terminate()
            process.wait(20)


if __name__ == "__main__":
    main()
