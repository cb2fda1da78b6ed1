from __future__ import annotations

import re
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from interviewer.schema import CodeRef
from interviewer.ui.code_page import code_page, code_url, missing_page


def marked(page: str) -> list[int]:
    return [int(n) for n in re.findall(r"class='line hit' id='L(\d+)'", page)]


def a_ref(engine) -> CodeRef:
    return next(ref for item in engine.corpus.items.values() for ref in item.code if "." in ref.symbol)


def test_the_symbol_is_marked_and_the_file_is_whole(engine):
    ref = a_ref(engine)
    page = code_page(engine.corpus, ref.file, ref.symbol, "en")
    source = engine.corpus.code_path(ref).read_text(encoding="utf-8")
    assert marked(page) == list(range(ref.line, ref.end_line + 1))
    assert len(re.findall(r"id='L\d+'", page)) == len(source.splitlines())
    assert f"interviewer code run {ref.file.removesuffix('.py')}" in page
    assert "http" not in re.sub(r"<pre.*</pre>", "", page, flags=re.DOTALL)
    assert "<script" not in page


def test_the_link_opens_at_the_symbol(engine):
    ref = a_ref(engine)
    url = code_url(ref, "zh")
    assert url.startswith(f"/code/{ref.file}?")
    assert url.endswith(f"#L{ref.line}")


def test_a_link_with_a_hostile_name_stays_one_link():
    url = code_url(CodeRef('a"b/../c.py', "x&y#z", 1, 2), "en")
    assert '"' not in url and "/../" not in url and url.count("#") == 1 and url.count("&") == 1


@pytest.mark.parametrize(
    "file",
    ["../items/rnn.yaml", "../../README.md", "..%2f..%2fREADME.md", "/etc/passwd", "vae.py/../vae.py", "", ".",
     "nope.py", "<script>.py", "vae.py\0"],
)  # fmt: skip
def test_what_the_corpus_does_not_link_to_is_not_opened(engine, file):
    assert code_page(engine.corpus, file, "", "en") is None


def test_a_file_that_has_gone_is_a_missing_page(engine, tmp_path):
    corpus = replace(engine.corpus, code_folders={"gone.py": tmp_path})
    assert code_page(corpus, "gone.py", "", "en") is None


def test_a_symbol_that_is_not_there_is_said_and_nothing_is_marked(engine):
    page = code_page(engine.corpus, a_ref(engine).file, "<b>No.Such", "en")
    assert marked(page) == []
    assert "&lt;b&gt;No.Such" in page and "<b>No" not in page


def test_a_corpus_of_ones_own_names_its_folder_and_a_file_with_strange_content_is_shown(engine, tmp_path):
    (tmp_path / "odd.py").write_text('x = "</pre><script>alert(1)</script>"\n\n\ndef f():\n    """a\n    b"""\n')
    page = code_page(replace(engine.corpus, code_folders={"odd.py": tmp_path}), "odd.py", "f", "zh")
    assert "<script" not in page
    assert marked(page) == [4, 5, 6]
    assert str(tmp_path.parent) not in page


def test_the_missing_page_is_in_the_readers_language():
    assert missing_page("zh") != missing_page("en")


def test_the_routes(engine):
    from interviewer.ui.routes import application

    ref = a_ref(engine)
    client = TestClient(application(engine))
    assert client.get("/healthz").json() == {"status": "ok"}
    found = client.get(f"/code/{ref.file}", params={"symbol": ref.symbol, "language": "zh"})
    assert found.status_code == 200
    assert "default-src 'none'" in found.headers["content-security-policy"]
    assert "跳到" in found.text
    for path in ("/code/nope.py", "/code/..%2f..%2fREADME.md", "/code/%2e%2e%2fapp.py"):
        assert client.get(path).status_code == 404
    page = client.get("/")
    assert page.status_code == 200
    assert "fonts.googleapis" not in page.text
    assert client.get("/gradio_api/file=" + str(engine.settings.data_dir / "interviewer.db")).status_code in (403, 404)
    named = client.get("/gradio_api/info").json()["named_endpoints"]
    assert {"/grade_answer", "/start_interview", "/say", "/debrief"} < set(named)  # the page's own events are not there
    assert len(named) == 8


PNG = b"\x89PNG\r\n\x1a\n" + b"picture"


@pytest.mark.parametrize(
    ("content", "shown"), [(PNG, True), (b"<svg onload=alert(1)>", False), (PNG + bytes(1 << 20), False)]
)
def test_what_a_file_draws_is_shown_if_it_is_a_small_png(engine, tmp_path, content, shown):
    (tmp_path / "code").mkdir()
    (tmp_path / "plots").mkdir()
    (tmp_path / "code" / "drawing.py").write_text("x = 1\n", encoding="utf-8")
    (tmp_path / "plots" / "drawing.png").write_bytes(content)
    corpus = replace(engine.corpus, code_folders={"drawing.py": tmp_path / "code"})
    page = code_page(corpus, "drawing.py", "", "en")
    assert ("<img src='data:image/png;base64," in page) == shown
    assert ("What drawing.py draws" in page) == shown
    assert "onload" not in page
