"""What a corpus's files said is kept until a byte of them changes; nothing else changes by it."""

import json

import pytest

from interviewer.corpus import load, load_corpus
from interviewer.errors import CorpusError

ITEMS = """
topic: tiny
items:
  - id: one
    status: draft
    question: {zh: 为什么？, en: Why 1?}
    answer: {en: Because.}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "tiny.yaml").write_text(ITEMS, encoding="utf-8")
    return tmp_path / "own"


@pytest.fixture
def read(monkeypatch):
    """The files that were read as YAML."""
    found = []
    real = load.read_yaml

    def watched(path):
        found.append(path.name)
        return real(path)

    monkeypatch.setattr(load, "read_yaml", watched)
    return found


def test_a_corpus_is_read_once_until_a_byte_of_it_changes(folder, tmp_path, read):
    kept = tmp_path / "data" / "corpus.json"
    first = load_corpus(folder, kept=kept)
    again = load_corpus(folder, kept=kept)
    assert read == ["tiny.yaml"]
    assert again == first == load_corpus(folder)
    (folder / "tiny.yaml").write_text(ITEMS.replace("Why 1", "Why 2"), encoding="utf-8")
    assert load_corpus(folder, kept=kept).items["one"].question.en == "Why 2?"
    assert len(json.loads(kept.read_text(encoding="utf-8"))["files"]) == 1  # the older one is gone


def test_a_complaint_has_its_line_also_when_the_file_was_kept(folder, tmp_path):
    kept = tmp_path / "corpus.json"
    load_corpus(folder, kept=kept)
    (folder / "more.yaml").write_text(ITEMS, encoding="utf-8")  # the id a second time
    with pytest.raises(CorpusError) as with_kept:
        load_corpus(folder, kept=kept)
    with pytest.raises(CorpusError) as without:
        load_corpus(folder)
    assert str(with_kept.value) == str(without.value)
    assert "tiny.yaml:4" in str(without.value)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": "1"}', '{"format": "0", "files": {}}', "\0"])
def test_a_broken_file_is_no_harm(folder, tmp_path, content):
    kept = tmp_path / "corpus.json"
    kept.write_text(content)
    assert load_corpus(folder, kept=kept) == load_corpus(folder)


def test_a_folder_that_cannot_be_written_to_is_let_be(folder, tmp_path):
    (tmp_path / "file").write_text("")
    assert load_corpus(folder, kept=tmp_path / "file" / "corpus.json").items


def test_what_json_cannot_hold_is_read_again(folder, tmp_path, read):
    (folder / "sources.yaml").write_text("references:\n  a: {title: A, year: 2026-11-21}\n", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(CorpusError, match="year must be a whole number"):
            load_corpus(folder, kept=tmp_path / "corpus.json")
    assert "sources.yaml" in read
