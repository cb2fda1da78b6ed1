"""`interviewer corpus`, `report` and `doctor`."""

import importlib.metadata
import json
import re
from pathlib import Path

import pytest

from interviewer.errors import ModelUnavailable

# corpus


def test_check_counts_what_is_there(cli):
    result = cli("corpus", "check")
    assert result.code == 0
    assert "3 items in 1 topics, 3 key points" in result.out
    assert "tiny: 3 (level 2: 2, level 5: 1)" in result.out


def test_check_names_file_line_and_field_of_every_complaint(cli, tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "坏.yaml").write_text(
        "topic: own\nitems:\n  - id: Bad Id\n    status: draft\n    level: 9\n    question: {en: What?}\n",
        encoding="utf-8",
    )
    result = cli("corpus", "check", str(tmp_path / "own"))
    assert result.code == 2
    assert re.search(r"坏\.yaml:5: .*level", result.out)
    assert re.search(r"[1-9]\d* complaints", result.out)
    assert "Traceback" not in result.err


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\0", b"items: [", b"a: &a [*a]", b"- 1", b"\t"])
def test_check_survives_any_file(cli, tmp_path, content):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "x.yaml").write_bytes(content)
    result = cli("corpus", "check", str(tmp_path / "own"))
    assert result.code == 2
    assert "x.yaml:" in result.out
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("language", "question"), [("zh", "什么是梯度消失？"), ("en", "What is a vanishing gradient?")]
)
def test_list_shows_every_question_in_the_language_asked_for(cli, language, question):
    lines = cli("corpus", "list", "-l", language).out.splitlines()
    assert len(lines) == 3
    assert lines[0] == f"vanishing  [tiny, level 2]  {question}"
    (first, *_) = json.loads(cli("corpus", "list", "-l", language, "--topic", "tiny", "--json").out)
    assert first == {"id": "vanishing", "topic": "tiny", "kind": "concept", "level": 2, "question": question}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_show_has_question_points_and_answer(cli, language):
    out = cli("corpus", "show", "dropout", "-l", language).out
    words = {"zh": ("随机失活", "(1) 训练时", "共适应。"), "en": ("How does", "(1) training zeroes", "co-adaptation.")}
    assert all(w in out for w in words[language])
    item = json.loads(cli("corpus", "show", "dropout", "--json").out)
    assert item["key_points"][0]["text"]["zh"].startswith("训练时")


@pytest.mark.parametrize("query", ["vanishing gradients", "梯度消失"])
def test_search_finds_by_words_of_either_language_and_its_json_is_as_promised(cli, query):
    result = cli("corpus", "search", query, "--json", "-n", "2")
    rows = json.loads(result.out)
    assert len(rows) == 2
    assert list(rows[0]) == ["id", "score", "topic", "question"]
    assert rows[0]["id"] == "vanishing"
    assert 1 >= rows[0]["score"] > rows[1]["score"] >= 0
    assert "vanishing" in cli("corpus", "search", query, "-l", "zh").out.splitlines()[0]


@pytest.mark.parametrize("query", ["", "？！", "the of"])
def test_a_search_for_nothing_finds_nothing_and_says_so(cli, query):
    result = cli("corpus", "search", query)
    assert (result.code, result.out) == (0, "")
    assert "nothing found" in result.err
    assert json.loads(cli("corpus", "search", query, "--json").out) == []


# report


@pytest.fixture
def session(cli) -> str:
    result = cli("chat", "-l", "zh", "-n", "1", stdin="随机把单元置零，导数逐层相乘\n")
    return re.findall(r"interviewer report ([0-9a-f]+)", result.err)[0]


@pytest.mark.parametrize(("ending", "start"), [("html", "<!doctype html>"), ("md", "# "), ("json", "{")])
@pytest.mark.parametrize("which", ["id", "last"])
def test_a_report_is_written_in_every_format(cli, session, tmp_path, ending, start, which):
    out = tmp_path / f"报告.{ending}"
    result = cli("report", session if which == "id" else "last", "-o", str(out))
    assert result.code == 0
    assert result.out == ""
    assert result.err == f"written {out}\n"
    text = out.read_text(encoding="utf-8")
    assert text.lower().startswith(start)
    assert session in text


def test_the_reports_are_listed_latest_first(cli, session):
    cli("chat", "-l", "en", "-n", "2", stdin="", ctrl_c=True)
    first, second = cli("report", "--list").out.splitlines()
    assert re.fullmatch(r"[0-9a-f]{16}  20\d\d-\d\d-\d\d \d\d:\d\d  en  1 question  unfinished", first)
    assert second.startswith(session)
    assert second.endswith("zh  1 question  finished")


def test_an_empty_list_says_what_to_do(cli):
    result = cli("report", "--list")
    assert (result.code, result.out) == (0, "")
    assert "`interviewer chat`" in result.err


@pytest.mark.parametrize("name", ["report.doc", "report", "no/report.html", "folder.html"])
def test_a_report_that_cannot_be_written_is_one_line(cli, session, tmp_path, name):
    (tmp_path / "folder.html").mkdir()
    result = cli("report", session, "-o", str(tmp_path / name))
    assert result.code == 2
    assert result.err.startswith("interviewer: ")
    assert result.err.count("\n") == 1
    assert [p.name for p in tmp_path.glob("*report*")] == []


# doctor


class Readable:
    """The small encoder reads English only."""

    fingerprint = "readable"

    def encode(self, texts, *, query=False):
        import numpy as np

        return np.zeros((len(texts), 7), np.float32)

    def known(self, texts):
        return [0.25 if "梯" in t else 1.0 for t in texts]


def test_doctor_says_what_is_there(cli, monkeypatch, data_dir):
    monkeypatch.setattr("interviewer.retrieval.load_encoder", lambda *_: Readable())
    result = cli("doctor")
    assert result.code == 0
    assert "torch" in result.out
    assert "ok    corpus: 3 items in 1 topics" in result.out
    assert f"ok    database: sqlite:///{data_dir / 'interviewer.db'}, 0 interviews" in result.out
    assert "ok    encoder: readable, 7 dimensions" in result.out
    assert "reads 100% of an English and 25% of a Chinese test question" in result.out
    assert "FAIL" not in result.out


def test_doctor_goes_on_after_a_failure_and_exits_2(cli, monkeypatch, tmp_path):
    def missing(*_: str) -> None:
        raise ModelUnavailable("no model; install one")

    monkeypatch.setattr("interviewer.retrieval.load_encoder", missing)
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("INTERVIEWER_DATA_DIR", str(tmp_path / "file" / "data"))
    result = cli("doctor")
    assert result.code == 2
    assert "ok    corpus" in result.out
    assert "FAIL  database" in result.out
    assert "FAIL  encoder: no model; install one" in result.out
    assert "Traceback" not in result.err


def test_doctor_says_which_library_is_missing(cli, monkeypatch):
    real = importlib.metadata.version

    def version(name: str) -> str:
        if name in ("gradio", "openpyxl"):
            raise importlib.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    result = cli("doctor")
    assert "gradio missing: pip install" in result.out
    assert "openpyxl: not installed (tables in .xlsx): pip install interviewer[tables]" in result.out
    assert "torch missing" not in result.out


def test_doctor_names_a_broken_corpus(cli, monkeypatch, tmp_path: Path):
    monkeypatch.setenv("INTERVIEWER_CORPUS", str(tmp_path / "nowhere"))
    result = cli("doctor")
    assert result.code == 2
    assert "FAIL  corpus" in result.out
