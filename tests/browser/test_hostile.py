"""Hostile strings from everywhere, looked at in a browser: nothing runs, nothing is fetched, no link leads to a script.

Reports are also looked at with their Content-Security-Policy taken out: the escaping holds by itself.
"""

import re

import pytest

from interviewer.batch import grade_table, write_table
from interviewer.batch.classroom import class_report
from interviewer.corpus import load_corpus
from interviewer.interview import Setup
from interviewer.report import assessment_html, class_html, to_html
from interviewer.trials.small import small_engine
from interviewer.ui import code_page, rows

PAYLOADS = (
    "<script>window.ran=1</script>", "<img src=x onerror='window.ran=2'>", "\"><svg onload=window.ran=3>",
    "</title></style></textarea><script>window.ran=4</script>", "[a](javascript:window.ran=5) <javascript:window.ran=6>",
    "![a](https://elsewhere.example/x.png)", "<a href='javascript:window.ran=7' onmouseover='window.ran=8'>a</a>",
    "$\\href{javascript:window.ran=9}{x}$ $$\\unicode{<script>window.ran=10</script>}$$ $<img src=x onerror=window.ran=11>$",
    "`</code><script>window.ran=12</script>`\n```html\n</pre><script>window.ran=13</script>\n```",
    "<iframe srcdoc='<script>parent.ran=14</script>'></iframe><meta http-equiv=refresh content='0;url=javascript:ran=15'>",
    "&lt;script&gt;window.ran=16&lt;/script&gt; {{7*7}} ${window.ran=17} '-(window.ran=18)-' \u2028 --><script>window.ran=19</script>",
    "<math><mtext></p><style><img src=x onerror=window.ran=20></style></mtext></math><base href='https://elsewhere.example'>",
)  # fmt: skip
ALL = " ".join(PAYLOADS)
LINE = " ".join(ALL.split())


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


CORPUS = f"""\
topic: nasty
title: {{zh: {_quoted(LINE)}, en: {_quoted(LINE)}}}
overview: {{zh: {_quoted(LINE)}, en: {_quoted(LINE)}}}
items:
  - id: nasty-item
    status: draft
    question: {{zh: {_quoted(LINE + "？")}, en: {_quoted(LINE + "?")}}}
    key_points:
      - id: point
        text: {{zh: {_quoted(LINE)}, en: {_quoted(LINE)}}}
        hint: {{zh: {_quoted(LINE)}, en: {_quoted(LINE)}}}
      - id: other
        text: {{zh: 另外一点没有说到, en: another thing that nobody said here}}
    misconceptions:
      - text: {{zh: {_quoted(LINE)}, en: {_quoted(LINE)}}}
        correction: {{zh: {_quoted(LINE)}, en: {_quoted(LINE)}}}
    answer: {{zh: {_quoted(LINE)}, en: {_quoted(LINE)}}}
"""
DANGERS = """() => {
    const bad = [];
    for (const e of document.querySelectorAll('*')) {
        if (['SCRIPT', 'IFRAME', 'OBJECT', 'EMBED', 'BASE', 'FORM', 'LINK'].includes(e.tagName)) bad.push(e.outerHTML);
        if (e.tagName === 'META' && e.httpEquiv === 'refresh') bad.push(e.outerHTML);
        if (e.tagName === 'IMG' && !e.src.startsWith('data:')) bad.push(e.outerHTML);
        for (const a of e.attributes) {
            if (a.name.startsWith('on')) bad.push(e.outerHTML);
            if (/^\\s*javascript:/i.test(a.value) && a.name !== 'content') bad.push(e.outerHTML);
        }
    }
    return bad.map(html => html.slice(0, 300));
}"""


@pytest.fixture
def engine(tmp_path):
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "nasty.yaml").write_text(CORPUS, encoding="utf-8")
    made = small_engine(tmp_path / "data", load_corpus(tmp_path / "corpus"), seed=1)
    yield made
    made.store.close()


def pages(engine, folder):
    """Everything of ours that is HTML, made of hostile strings."""
    for language in ("zh", "en"):
        view = engine.start(Setup(language, questions=1, voice="scripted"))
        while not view.finished:
            view = engine.say(view.session_id, ALL)
        yield f"debrief.{language}", to_html(engine.debrief(view.session_id), engine.corpus)
        yield f"assessment.{language}", assessment_html(engine.assessment(language), engine.corpus)
    table = [{"answer": payload, "item_id": "nasty-item", "who": payload} for payload in (*PAYLOADS, ALL)]
    write_table(folder / "in.csv", table, list(table[0]))
    made = []
    grade_table(
        engine, folder / "in.csv", folder / "out.csv",
        also=[lambda graded: made.append(class_report(graded, engine, {"student": "who"}))],
    )  # fmt: skip
    yield "class", class_html(made[0])
    shown = [{**row, "score": "5", "verdict": "weak", "error": ALL, "question": ALL} for row in table]
    cells = rows.preview(shown, [*shown[0], ALL], "en") + rows.results(shown, "all", "en")
    yield "table", f"<!DOCTYPE html><meta charset=utf-8>{cells}"
    yield "code", code_page.missing_page("en")


def test_no_page_of_ours_runs_or_fetches_anything_with_its_policy_or_without(chromium, engine, tmp_path):
    context = chromium.new_context()
    complaints = []
    for name, html in pages(engine, tmp_path):
        assert name in ("table", "code") or "Content-Security-Policy" in html
        bare = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html)
        assert name in ("table", "code") or bare != html
        for kind, content in (("policy", html), ("bare", bare)):
            page = context.new_page()
            page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
            page.on("request", lambda request: complaints.append(request.url))
            path = tmp_path / f"{name}.{kind}.html"
            path.write_bytes(content.encode("utf-8", "backslashreplace"))
            page.goto(path.as_uri())
            page.mouse.move(200, 200)
            page.wait_for_timeout(150)
            assert page.evaluate("window.ran") is None, (name, kind)
            assert page.evaluate(DANGERS) == [], (name, kind)
            assert "window.ran=1" in page.inner_text("body") or name == "code"  # it is there, as text
            page.close()
    context.close()
    assert [url for url in complaints if not url.startswith(("file:", "data:"))] == []
