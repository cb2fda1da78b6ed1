"""Drafts wait until somebody has read them; the corpus gets what was accepted, and nothing else is touched."""

from dataclasses import replace

import pytest

from interviewer.authoring import Desk, Neighbours, as_item
from interviewer.corpus import check_folders
from interviewer.errors import DocumentError

PAGE = "广告：扫码关注公众号\n\n## 什么是卷积？\n\n卷积核在输入上滑动，提取局部特征。\n\n限时优惠，点击这里\n\n## 什么是池化？\n\n池化降低特征图的分辨率。\n"


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path / "data" / "drafts.jsonl", tmp_path / "data" / "corpus")


@pytest.fixture
def read(desk, docs, corpus, encoder):
    """Reads a page of notes and a broken file, and gives the reports."""
    (docs / "notes.md").write_text(PAGE, encoding="utf-8")
    (docs / "broken.pdf").write_bytes(b"%PDF-1.4 nothing")
    neighbours = Neighbours(corpus.items.values(), encoder)
    return lambda language="en": desk.read([docs / "notes.md", docs / "broken.pdf"], corpus, neighbours, language)


def test_drafts_wait_beside_the_passage_they_were_made_of(desk, read):
    reports = read("zh")
    assert [len(r.drafts) for r in reports] == [2, 0]
    assert reports[1].error.startswith("broken.pdf 已损坏")
    first, second = desk.waiting()
    assert first.passage.splitlines() == ["什么是卷积？", "卷积核在输入上滑动，提取局部特征。", "限时优惠，点击这里"]
    assert second.passage.endswith("池化降低特征图的分辨率。")
    assert "限时优惠" not in first.draft["answer"]["zh"]


def test_reading_again_adds_nothing(desk, read):
    read()
    before = desk.waiting()
    read()
    assert desk.waiting() == before


def test_an_accepted_draft_is_an_item_of_the_users_corpus(desk, read, tmp_path):
    read()
    first, second = desk.waiting()
    item = replace(as_item(first.draft), level=5)
    desk.accept(item)
    assert [w.id for w in desk.waiting()] == [second.id]
    loaded, complaints = check_folders(tmp_path / "data" / "corpus")
    assert complaints == [] and loaded.items[first.id].level == 5
    desk.accept(as_item(second.draft))
    assert len(check_folders(tmp_path / "data" / "corpus")[0].items) == 2


def test_what_breaks_a_rule_is_not_accepted_and_goes_on_waiting(desk, read, tmp_path):
    read()
    before = desk.waiting()
    item = as_item(before[0].draft)
    with pytest.raises(DocumentError):
        desk.accept(replace(item, key_points=(), answer=type(item.answer)()))
    assert desk.waiting() == before
    assert not (tmp_path / "data" / "corpus").exists()


def test_rejected_and_changed_drafts(desk, read):
    read()
    first, second = desk.waiting()
    desk.reject(first.id)
    desk.change(replace(as_item(second.draft), level=1))
    assert [w.draft["level"] for w in desk.waiting()] == [1]
    assert desk.waiting()[0].passage == second.passage


def test_a_desk_that_cannot_be_read_says_so_and_is_left_alone(desk, read, tmp_path):
    read()
    path = tmp_path / "data" / "drafts.jsonl"
    path.write_text("{torn", encoding="utf-8")
    with pytest.raises(DocumentError, match="move it away"):
        desk.reject("x")
    assert path.read_text() == "{torn"
