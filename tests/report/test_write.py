"""Reports as files: the format by name, whole or not at all, and errors that say what to do."""

import json
import os
import sys

import pytest

from interviewer.errors import InputError
from interviewer.report import to_html, to_json, to_markdown, write
from interviewer.schema import Exchange


@pytest.fixture
def small(kit):
    corpus = kit.corpus(kit.item("q"))
    return kit.debrief(corpus, [kit.exchange("q", "cmm", 30.0)]), corpus


@pytest.mark.parametrize("name", ["r.html", "r.md", "r.json", "R.HTML", "报告 一.html"])
def test_the_ending_of_the_name_chooses_the_format(small, tmp_path, name):
    write(*small, tmp_path / name)
    made = (tmp_path / name).read_text(encoding="utf-8")
    suffix = name.rpartition(".")[2].lower()
    expected = {"html": to_html(*small), "md": to_markdown(*small), "json": to_json(small[0])}[suffix]
    assert made == expected


def test_a_pdf_that_cannot_be_made_leaves_nothing(small, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(InputError, match=r"or write \.html and print it"):
        write(*small, tmp_path / "r.pdf")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["r.docx", "r", ".html"])
def test_another_ending_says_which_are_possible(small, tmp_path, name):
    with pytest.raises(InputError, match=r"\.html, \.pdf, \.md or \.json"):
        write(*small, tmp_path / name)


def test_an_old_report_is_replaced_and_nothing_else_is_left(small, tmp_path):
    path = tmp_path / "r.json"
    path.write_text("old")
    write(*small, path)
    assert json.loads(path.read_text(encoding="utf-8"))["session_id"] == "s1"
    assert list(tmp_path.iterdir()) == [path]


def test_a_report_that_cannot_be_put_in_place_leaves_the_old_one(small, tmp_path, monkeypatch):
    path = tmp_path / "r.md"
    path.write_text("old")

    def full_disk(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full_disk)
    with pytest.raises(InputError, match="No space left on device; choose another place"):
        write(*small, path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_named(small, tmp_path):
    with pytest.raises(InputError, match=r"folder .*nowhere does not exist; create it"):
        write(*small, tmp_path / "nowhere" / "r.md")


def test_a_folder_of_that_name_is_not_replaced(small, tmp_path):
    (tmp_path / "r.md").mkdir()
    with pytest.raises(InputError, match="it is a folder"):
        write(*small, tmp_path / "r.md")
    assert [p.name for p in tmp_path.iterdir()] == ["r.md"]


def test_a_folder_that_may_not_be_written_says_so(small, tmp_path, monkeypatch):
    def denied(self, content):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.write_bytes", denied)
    with pytest.raises(InputError, match="no permission"):
        write(*small, tmp_path / "r.md")


@pytest.mark.parametrize("suffix", ["html", "md", "json"])
def test_half_a_character_does_not_stop_a_report(kit, tmp_path, suffix):
    corpus = kit.corpus(kit.item("q"))
    debrief = kit.debrief(corpus, [Exchange("q", ("half \ud83d of it",), skipped=True)])
    path = tmp_path / f"r.{suffix}"
    write(debrief, corpus, path)
    assert r"\ud83d of it" in path.read_text(encoding="utf-8")
    if suffix == "json":
        assert json.loads(path.read_text(encoding="utf-8"))["questions"][0]["answers"] == ["half \ud83d of it"]
