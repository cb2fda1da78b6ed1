"""Take pictures of every view of the real app: `python docs/screenshots.py [chromium]` (needs playwright and pillow).

Starts the app (with the data folder of INTERVIEWER_DATA_DIR if it is set, so that its index can be used again, else an
empty one), plays a short interview for each of the looks, and prints how long the start took.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from interviewer.corpus import Corpus, load_corpus
from interviewer.schema import Language
from interviewer.ui.words import word

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "screenshots"
LOCALES = {"zh": "zh-CN", "en": "en-GB"}
COLOURS = 96  # of a picture's palette: enough for a page without photographs, at a third of the size
ROWS = ("item_id,answer,student", "vae-loss,{0},007", "rnn-lstm-gru-units,{0},008", "not-in-the-corpus,{0},009")
PATIENCE = 400_000  # milliseconds


@dataclass(frozen=True, slots=True)
class Look:
    """How the page is looked at."""

    name: str
    language: Language
    topic: str
    width: int = 1120
    height: int = 860
    dark: bool = False


LOOKS = (
    Look("en", "en", "Generative models"),
    Look("zh", "zh", "生成模型"),
    Look("zh-phone", "zh", "生成模型", 360, 740),
    Look("en-phone", "en", "Generative models", 360, 740),
    Look("en-dark", "en", "Generative models", dark=True),
)
NAMED = {"interview-zh-phone": "phone-zh"}
"""Pictures that the READMEs know by another name."""


def serve(folder: str) -> tuple[subprocess.Popen[str], str]:
    """The app in a process of its own, and its address."""
    process = subprocess.Popen(
        [sys.executable, "app.py", "--port", "0"], cwd=ROOT, stdout=subprocess.PIPE, text=True,
        env={"INTERVIEWER_DATA_DIR": folder, **os.environ},
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if "http://" in line:
            return process, next(word for word in line.split() if word.startswith("http://"))
    raise SystemExit("the app did not start")


def answer(page: Page, corpus: Corpus, language: Any) -> str:
    """Some of what the question asks for in words of the corpus, one claim of it wrongly."""
    asked = page.locator("#chat .bot.message").all_inner_texts()
    item = next(i for i in corpus.items.values() if any(i.question.get(language)[:12] in text for text in asked[-2:]))
    said = [p.also.get(language)[0] for p in item.key_points[:3]]
    said += [p.contradictions.get(language)[0] for p in item.key_points[3:4]]
    return ("。" if language == "zh" else ". ").join(said)


def idle(page: Page) -> None:
    """Until the interviewer has finished speaking."""
    page.wait_for_selector("#send:not([disabled]):visible, #see-debrief:visible, #debrief-report:visible")
    page.wait_for_timeout(400)


class Album:
    """Pictures of one look."""

    def __init__(self, page: Page, look: Look) -> None:
        self._page, self._look = page, look

    def take(self, view: str) -> None:
        """Photograph the window as it is."""
        name = f"{view}-{self._look.name}"
        path = TARGET / f"{NAMED.get(name, name)}.png"
        self._page.wait_for_timeout(500)
        self._page.screenshot(path=path)
        Image.open(path).convert("RGB").quantize(COLOURS).save(path, optimize=True)

    def view(self, name: str) -> None:
        """Go to a view."""
        tab = self._page.locator(f"button[role=tab][data-tab-id={name}]:visible")
        if not tab.count():  # on a phone the last ones are in a menu
            self._page.click(".overflow-menu > button")
            tab = self._page.locator(".overflow-dropdown button", has_text=word(f"tab_{name}", self._look.language))
        tab.click()
        self._page.evaluate("scrollTo(0, 0)")
        self._page.wait_for_timeout(700)


def play(page: Page, corpus: Corpus, look: Look) -> None:
    """Go through all views."""
    album = Album(page, look)
    album.take("start")
    page.click("#options > button")
    page.wait_for_selector("#job:visible")
    page.locator("#options").evaluate("e => e.scrollIntoView()")
    album.take("options")
    page.click("#options > button")
    page.locator("#topics label", has_text=look.topic).click()
    number = page.locator("#count input[type=number]")
    number.fill("2")
    number.press("Tab")
    page.click("#start")
    page.wait_for_selector("#chat .bot >> nth=1")
    idle(page)
    said = answer(page, corpus, look.language)
    page.fill("#answer textarea", said)
    page.press("#answer textarea", "Enter")
    page.wait_for_selector("#chat .bot >> nth=2")
    idle(page)
    album.take("interview")
    page.click("#end")
    page.click("#end-yes")
    page.wait_for_selector("#debrief-report .debrief")
    link = page.locator('#debrief-report a[target="code-viewer"]')
    if link.count() and look.width > 800:
        link.first.click()
        page.wait_for_timeout(1500)
    page.locator("#debrief-report .question").first.evaluate("e => e.scrollIntoView()")
    album.take("debrief")
    doubted = page.locator("#debrief-report .disagree").first
    doubted.locator("summary").click()
    doubted.evaluate("e => e.scrollIntoView({block: 'center'})")
    album.take("disagree")
    album.view("history")
    page.locator("#past label").first.click()
    album.take("history")
    album.view("practice")
    page.locator("#found label").first.click()
    album.take("practice")
    album.view("file")
    rows = "\n".join(ROWS).format('"' + said.replace('"', "'") + '"')
    page.set_input_files(
        ".sheet:has(#upload) input[type=file]", {"name": "class.csv", "mimeType": "text/csv", "buffer": rows.encode()}
    )
    page.wait_for_selector("#file-columns:visible")
    page.click("#grade-file")
    page.wait_for_selector("#file-rows table")
    page.locator("#file-results").evaluate("e => e.scrollIntoView()")
    album.take("file")
    page.click("#file-report summary")
    page.locator("#file-report").evaluate("e => e.scrollIntoView()")
    album.take("class")
    album.view("settings")
    page.locator("#settings-privacy").evaluate("e => e.scrollIntoView()")  # not the folders of whoever takes pictures
    for sheet in page.locator(".sheet:has(#settings-places)").all():
        sheet.evaluate("e => e.style.visibility = 'hidden'")
    album.take("settings")


def main() -> None:
    """Play and photograph."""
    chromium = sys.argv[1] if len(sys.argv) > 1 else "/usr/bin/chromium"
    TARGET.mkdir(exist_ok=True)
    corpus = load_corpus()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        started = time.perf_counter()
        process, address = serve(folder)
        served = time.perf_counter() - started
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        try:
            for look in LOOKS:
                page = browser.new_page(
                    locale=LOCALES[look.language],
                    viewport={"width": look.width, "height": look.height},
                    color_scheme="dark" if look.dark else "light",
                )
                page.set_default_timeout(PATIENCE)
                opened = time.perf_counter()
                page.goto(address)
                page.wait_for_selector("html[data-ready]", state="attached")
                print(f"{look.name}: served {served:.1f} s; usable {time.perf_counter() - opened:.1f} s after opening")
                play(page, corpus, look)
                page.close()
        finally:
            browser.close()
            process.terminate()
            process.wait(20)


if __name__ == "__main__":
    main()
