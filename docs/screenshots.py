"""Take pictures of every view of the real app, and have axe-core look at each: `python docs/screenshots.py [chromium]`.

Needs the extra `dev`. Starts the app (with the data folder of INTERVIEWER_DATA_DIR if it is set, so that its index can
be used again, else an empty one), goes through all views in each of the looks, and writes docs/screenshots: the
pictures, and in README.md what axe-core found and how long one waits.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from interviewer.corpus import Corpus, load_corpus
from interviewer.schema import Language
from interviewer.ui.words import word

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "screenshots"
LOCALES = {"zh": "zh-CN", "en": "en-GB"}
COLOURS = 128  # of a picture's palette: enough for a page without photographs, at a third of the size
HOME = "~/.local/share/interviewer"  # stands for the folder of whoever takes the pictures
GRAVE = ("serious", "critical")
NOTES = {
    "zh": "## 什么是可变形卷积？\n\n可变形卷积为每个采样点学习一个偏移量，所以感受野能跟着物体的形状走。\n",
    "en": "## What is a deformable convolution?\n\nIt learns an offset for each sampling point, so that its receptive "
    "field follows the shape of the object.\n",
}
SHOWN_JS = """() => new Promise(done => {
    const begun = performance.now();
    const look = () => document.querySelector('#chat .user.message') && document.querySelector('#talk-status .busy')
        ? done(performance.now() - begun) : requestAnimationFrame(look);
    document.querySelector('#send').click();
    look();
})"""
"""Milliseconds from pressing Send until what was sent, and that it is being graded, is on the page."""
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
    pictures: bool = True


LOOKS = (  # the first is not photographed: it leaves an interview behind that the history of the others can show
    Look("zh-dark", "zh", "生成模型", dark=True, pictures=False),
    Look("en", "en", "Generative models"),
    Look("zh", "zh", "生成模型"),
    Look("zh-phone", "zh", "生成模型", 360, 740),
    Look("en-phone", "en", "Generative models", 360, 740),
    Look("en-dark", "en", "Generative models", dark=True),
)
NAMED = {"interview-zh-phone": "phone-zh"}
"""Pictures that the READMEs know by another name."""


def serve() -> tuple[subprocess.Popen[str], str]:
    """The app in a process of its own, and its address."""
    process = subprocess.Popen(
        [sys.executable, "app.py", "--port", "0"], cwd=ROOT, stdout=subprocess.PIPE, text=True,
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


@dataclass(slots=True)
class Found:
    """What was found on the way."""

    faults: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """View and look → serious and critical faults of accessibility."""
    waits: dict[str, float] = field(default_factory=dict)
    """Look → milliseconds until what is sent is shown."""
    engine: str = ""
    """Which axe-core looked."""


class Album:
    """Pictures of one look."""

    def __init__(self, page: Page, look: Look, found: Found) -> None:
        self._page, self._look, self._found = page, look, found
        self._axe = Axe()

    def take(self, view: str) -> None:
        """Photograph the window as it is, and have the page looked at."""
        name = f"{view}-{self._look.name}"
        path = TARGET / f"{NAMED.get(name, name)}.png"
        self._page.wait_for_timeout(500)
        if self._look.pictures:
            self._page.screenshot(path=path)
            whole = Image.open(path).convert("RGB")
            few = whole.quantize(COLOURS, kmeans=3, dither=Image.Dither.NONE)
            few.save(path, optimize=True)
        seen = self._axe.run(self._page).response
        self._found.engine = f"{seen['testEngine']['name']} {seen['testEngine']['version']}"
        faults = [f"{v['id']} ({len(v['nodes'])})" for v in seen["violations"] if v["impact"] in GRAVE]
        self._found.faults[view, self._look.name] = faults
        print(f"{name}: {', '.join(faults) or 'no serious fault'}", flush=True)

    def view(self, name: str) -> None:
        """Go to a view."""
        tab = self._page.locator(f"button[role=tab][data-tab-id={name}]:visible")
        if not tab.count():  # on a phone the last ones are in a menu
            self._page.click(".overflow-menu > button")
            tab = self._page.locator(".overflow-dropdown button", has_text=word(f"tab_{name}", self._look.language))
        tab.click()
        self._page.evaluate("scrollTo(0, 0)")
        self._page.wait_for_timeout(700)


def play(page: Page, corpus: Corpus, look: Look, album: Album, found: Found) -> None:
    """Go through all views."""
    said = interview(page, corpus, look, album, found)
    debrief(page, look, album)
    history(page, album)
    album.view("practice")
    page.locator("#found label").first.click()
    page.wait_for_selector("#practice-answer:visible")
    album.take("practice")
    graded_file(page, said, album)
    imported(page, look, album)


def interview(page: Page, corpus: Corpus, look: Look, album: Album, found: Found) -> str:
    """The form and a conversation; returns what was answered."""
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
    found.waits[look.name] = page.evaluate(SHOWN_JS)
    page.wait_for_selector("#chat .bot >> nth=2")
    idle(page)
    album.take("interview")
    page.click("#end")
    page.click("#end-yes")
    page.wait_for_selector("#debrief-report .debrief")
    return said


def debrief(page: Page, look: Look, album: Album) -> None:
    """From the top, at a question with its code beside it, and with a verdict that is disagreed with."""
    page.evaluate("scrollTo(0, 0)")
    album.take("debrief-top")
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


def history(page: Page, album: Album) -> None:
    """The list with the latest chosen, and the self-assessment."""
    album.view("history")
    page.locator("#past label").first.click()
    page.wait_for_selector("#past-open:visible")
    album.take("history")
    page.click("#assess")
    page.wait_for_selector("#assessed-html:visible")
    page.locator("#assessed").evaluate("e => e.scrollIntoView()")
    album.take("assessment")


def graded_file(page: Page, said: str, album: Album) -> None:
    """A table, graded, and its class report."""
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


def imported(page: Page, look: Look, album: Album) -> None:
    """A document, its draft beside the passage, and the settings."""
    album.view("corpus")
    name = {"zh": "笔记.md", "en": "notes.md"}[look.language]
    notes = {"name": name, "mimeType": "text/markdown", "buffer": NOTES[look.language].encode()}
    page.set_input_files(".sheet:has(#upload-documents) input[type=file]", notes)
    page.wait_for_selector("#drafts label")
    page.locator("#drafts label").first.click()
    page.wait_for_selector("#draft-passage .passage:visible")
    album.take("corpus")
    page.click("#draft-reject")
    page.wait_for_selector("#draft", state="hidden")
    album.view("settings")
    page.wait_for_selector("#settings-places dd")
    page.evaluate(
        """([folder, home]) => document.querySelectorAll('#settings-places dd').forEach(
            e => e.textContent = e.textContent.replaceAll(folder, home))""",
        [os.path.abspath(os.environ["INTERVIEWER_DATA_DIR"]), HOME],
    )
    album.take("settings")


def account(found: Found, served: float, usable: float) -> str:
    """README.md of the pictures."""
    views = list(dict.fromkeys(view for view, _ in found.faults))
    names = [look.name for look in LOOKS]
    lines = [
        "# The app, looked at",
        "",
        "Made by `python docs/screenshots.py`: the pictures in this folder are named view-language[-phone or -dark].",
        "",
        f"## Accessibility: {found.engine}",
        "",
        "Serious and critical faults of each view, as it stands in the picture (phone: 360 px wide).",
        "",
        f"| view | {' | '.join(names)} |",
        f"|---|{'---|' * len(names)}",
    ]
    for view in views:
        cells = (", ".join(found.faults.get((view, name), ["not seen"])) or "0" for name in names)
        lines.append(f"| {view} | {' | '.join(cells)} |")
    waits = sorted(found.waits.values())
    lines += [
        "",
        "## Waiting",
        "",
        f"From `python app.py` to the served address {served:.1f} s, to a page that can be used "
        f"{served + usable:.1f} s. From Send until the answer and “grading” are on the page: {waits[0]:.0f}–"
        f"{waits[-1]:.0f} ms over {len(waits)} looks. {os.cpu_count()} cores ({platform.machine()}), load average "
        f"{os.getloadavg()[2]:.1f} over the last 15 minutes, browser and app on the same machine.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Play and photograph."""
    chromium = sys.argv[1] if len(sys.argv) > 1 else "/usr/bin/chromium"
    TARGET.mkdir(exist_ok=True)
    corpus, found, usable = load_corpus(), Found(), 0.0
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        os.environ.setdefault("INTERVIEWER_DATA_DIR", folder)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        started = time.perf_counter()
        process, address = serve()
        served = time.perf_counter() - started
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
                usable = usable or time.perf_counter() - opened
                play(page, corpus, look, Album(page, look, found), found)
                page.close()
        finally:
            browser.close()
            process.terminate()
            process.wait(20)
    said = account(found, served, usable)
    (TARGET / "README.md").write_text(said, encoding="utf-8")
    print(said)


if __name__ == "__main__":
    main()
