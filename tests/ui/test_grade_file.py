"""The file tab: from an upload to graded rows."""

from __future__ import annotations

import csv
import json
import threading
from pathlib import Path

import pytest

from interviewer.batch import read_table
from interviewer.ui import grade_file, rows
from interviewer.ui.words import WORDS

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(grade_file, "_STEP", 0.02)


@pytest.fixture
def tab(page, tmp_path, monkeypatch):
    monkeypatch.setattr(page._file.rows, "GRADIO_CACHE", str(tmp_path / "cache"))
    return page._file


@pytest.fixture
def answers(tmp_path, engine):
    """Four rows: two good ones, one that names no question, one to be looked at by nobody."""
    item = next(iter(engine.corpus.items.values()))
    path = tmp_path / "class.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["学号", "题号", "回答", "answer"])
        writer.writerow(["007", item.id, item.answer.en, "not this one"])
        writer.writerow(["008", item.id, HOSTILE, "nor this"])
        writer.writerow(["009", "no-such-item", "Something.", ""])
        writer.writerow(["010", item.id, "", ""])
    return path


def last(steps):
    shown = {}
    for step in steps:
        shown.update(step)
    return shown


def run(tab, upload, language="en", show="review_first", **columns):
    chosen = {"answer": "", "item_id": "", "question": "", "reference": "", "student": "", **columns}
    return list(tab.graded(upload, *chosen.values(), "", show, language))


def test_an_upload_is_shown_and_its_columns_are_guessed(tab, answers):
    shown = tab.uploaded(str(answers), "en")
    assert "class.csv: 4 rows, 4 columns" in shown[tab.about]
    assert "<script" not in shown[tab.about] and "&lt;script" in shown[tab.about]
    assert shown[tab.columns["item_id"]]["value"] == "题号"
    assert shown[tab.columns["answer"]]["value"] == "answer"
    assert shown[tab.columns["question"]]["value"] == ""
    assert shown[tab.panel]["visible"]
    assert "4 行" in tab.worded(shown[tab.upload], "order", "zh")[tab.about]


def test_the_chosen_columns_are_graded_and_the_others_carried_through(tab, answers):
    upload = tab.uploaded(str(answers), "en")[tab.upload]
    steps = run(tab, upload, answer="回答", item_id="题号")
    assert not steps[0][tab.begin]["interactive"] and steps[0][tab.cancel]["visible"]
    shown = last(steps)
    assert shown[tab.begin]["interactive"] and not shown[tab.cancel]["visible"]
    assert "4 rows" in shown[tab.summary]
    graded = read_table(upload.graded)
    assert [row["学号"] for row in graded] == ["007", "008", "009", "010"]
    assert graded[0]["answer (original)"] == "not this one"
    assert float(graded[0]["score"]) > float(graded[1]["score"])
    assert "no-such-item" in graded[2]["error"]
    assert "<script" not in shown[tab.rows] and "&lt;script" in shown[tab.rows]


def test_the_downloads_hold_all_rows(tab, answers):
    upload = tab.uploaded(str(answers), "en")[tab.upload]
    shown = last(run(tab, upload, answer="回答", item_id="题号"))
    for kind, button in tab.files.items():
        path = Path(shown[button]["value"])
        assert path.suffix == f".{kind}"
        assert [row["学号"] for row in read_table(path)] == ["007", "008", "009", "010"]


def test_the_class_report_names_students_only_where_they_were_named(tab, answers):
    upload = tab.uploaded(str(answers), "zh")[tab.upload]
    assert tab.uploaded(str(answers), "zh")[tab.columns["student"]]["value"] == "学号"
    shown = last(run(tab, upload, "zh", answer="回答", item_id="题号", student="学号"))
    report = Path(shown[tab.report]["value"]).read_text(encoding="utf-8")
    assert report.startswith("<!DOCTYPE html>") and "007" in report and "<script" not in report
    assert "&lt;!DOCTYPE html&gt;" in shown[tab.inline] and "班级报告" in shown[tab.inline]
    shown = last(run(tab, upload, "en", answer="回答", item_id="题号"))
    assert "007" not in Path(shown[tab.report]["value"]).read_text(encoding="utf-8")


def test_filters(tab, answers):
    upload = tab.uploaded(str(answers), "en")[tab.upload]
    run(tab, upload, answer="回答", item_id="题号")
    in_order = tab.listed(upload, "order", "en")[tab.rows]
    assert [in_order.index(f'<th scope="row">{n}</th>') for n in (1, 2, 3, 4)] == sorted(
        in_order.index(f'<th scope="row">{n}</th>') for n in (1, 2, 3, 4)
    )
    errors = tab.listed(upload, "errors", "en")[tab.rows]
    assert "no-such-item" in errors and '<th scope="row">1</th>' not in errors


def test_what_needs_review_comes_first():
    graded = [{"needs_review": "false", "score": "10.0"}, {"needs_review": "true", "score": "90.0"}]
    shown = rows.results(graded, "review_first", "en")
    assert shown.index("90.0") < shown.index("10.0")
    assert "10.0" not in rows.results(graded, "review", "en")
    assert WORDS["no_such_rows"][1] in rows.results(graded, "errors", "en")


def test_many_rows_are_cut_and_that_is_said():
    graded = [{"score": "10.0", "answer": "x" * 5000}] * (rows.MOST + 7)
    shown = rows.results(graded, "order", "en")
    assert "The first 200 of 207" in shown
    assert len(shown) < 200 * 1000


@pytest.mark.parametrize(
    ("content", "name", "needed"),
    [
        (b"", "empty.csv", "no rows"),
        (b"\xff\xfe\x00junk\x81", "junk.csv", "junk.csv"),
        (b"PK not really", "broken.xlsx", "not a readable xlsx"),
        (b"[1, 2]\n", "list.jsonl", "expected an object"),
        (b"%PDF-1.7", "file.pdf", "unknown kind of table"),
    ],
)
def test_a_file_that_cannot_be_read_is_said_in_a_line_without_our_folders(tab, tmp_path, content, name, needed):
    path = tmp_path / name
    path.write_bytes(content)
    shown = tab.uploaded(str(path), "en")
    assert needed in shown[tab.status]
    assert str(tmp_path) not in shown[tab.status]
    assert tab.panel not in shown


def test_nothing_is_begun_before_the_columns_are_named(tab, answers):
    upload = tab.uploaded(str(answers), "en")[tab.upload]
    for columns, needed in (
        ({}, "Say which column"),
        ({"answer": "回答"}, "Say which column"),
        ({"answer": "回答", "item_id": "回答"}, "cannot serve twice"),
    ):
        shown = last(run(tab, upload, **columns))
        assert needed in shown[tab.status]
        assert shown[tab.begin]["interactive"]
    assert "Choose a file" in last(run(tab, None, answer="回答", item_id="题号"))[tab.status]
    answers.unlink()
    assert "not there any more" in last(run(tab, upload, answer="回答", item_id="题号"))[tab.status]


def test_a_cancelled_run_goes_on_where_it_stopped(tab, engine, tmp_path, monkeypatch):
    item = next(iter(engine.corpus.items.values()))
    path = tmp_path / "many.jsonl"
    path.write_text("".join(json.dumps({"item_id": item.id, "answer": f"Answer {n}."}) + "\n" for n in range(6)))
    upload = tab.uploaded(str(path), "en")[tab.upload]
    graded, real, gate = [], type(engine.grader).grade, threading.Event()

    def slow(self, item, answer, language=None):
        graded.append(answer)
        if len(graded) == 3:
            tab.stop(upload)
            gate.set()
        return real(self, item, answer, language)

    monkeypatch.setattr(type(engine.grader), "grade", slow)
    shown = last(run(tab, upload, answer="answer", item_id="item_id"))
    assert gate.is_set()
    assert "Cancelled. The 3 rows" in shown[tab.status]
    assert not upload.graded.exists()
    shown = last(run(tab, upload, answer="answer", item_id="item_id"))
    assert len(graded) == 6  # the three finished rows were not graded again
    assert "6 rows" in shown[tab.summary]


def test_a_failure_of_the_grader_is_said_and_the_page_stays_usable(tab, engine, answers, monkeypatch):
    upload = tab.uploaded(str(answers), "en")[tab.upload]
    monkeypatch.setattr(grade_file.Job, "_report", lambda self, progress: 1 / 0)
    shown = last(run(tab, upload, answer="回答", item_id="题号"))
    assert "ZeroDivisionError" in shown[tab.status]
    assert shown[tab.begin]["interactive"]
