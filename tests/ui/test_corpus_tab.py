"""The corpus tab: from documents to items that can be asked, each read by somebody first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from interviewer.authoring import as_item
from interviewer.schema import Bilingual, KeyPoint, Wordings
from interviewer.ui import corpus as view
from interviewer.ui.words import WORDS

PAGE = "## 什么是蛇形卷积？\n\n蛇形卷积沿着管状结构采样，比普通卷积更贴合血管。感受野会增大。\n\n## 什么是步长？\n\n<script>alert(1)</script>步长是卷积核每次移动的距离。\n\n## 什么是空洞率？\n"
SMALL = """\
topic: nets
title: {zh: 网络, en: Networks}
items:
  - {id: vanishing, status: draft, level: 4, question: {zh: 什么是梯度消失？, en: What is a vanishing gradient?}, answer: 导数逐层相乘，越乘越小。}
"""


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(view, "_STEP", 0.02)


@pytest.fixture
def engine(data_dir, encoder, tmp_path, monkeypatch):
    """An engine over one question, which reads its folders anew when the corpus grows."""
    from interviewer.engine import Engine
    from interviewer.settings import load_settings

    (tmp_path / "shipped").mkdir()
    (tmp_path / "shipped" / "nets.yaml").write_text(SMALL, encoding="utf-8")
    monkeypatch.setattr("interviewer.engine.shipped_folder", lambda: tmp_path / "shipped")
    made = Engine(load_settings(data_dir=data_dir), encoder=encoder, seed=1)
    yield made
    if made._warming:
        made._warming.join()
    made.store.close()


@pytest.fixture
def tab(page):
    return page._corpus


@pytest.fixture
def notes(tmp_path):
    (tmp_path / "notes.md").write_text(PAGE, encoding="utf-8")
    (tmp_path / "scan.pdf").write_bytes(b"no pdf")
    return [str(tmp_path / "notes.md"), str(tmp_path / "scan.pdf")]


def last(steps):
    shown = {}
    for step in steps:
        shown.update(step)
    return shown


def fields(tab, shown):
    """What the page would hand to a handler after it has shown a draft."""
    return [v["value"] if isinstance(v, dict) else v for v in (shown[c] for c in tab.edits)]


@pytest.fixture
def waiting(tab, engine, notes):
    last(tab.uploaded(notes, "zh"))
    return engine.desk.waiting()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_uploaded_documents_are_reported_and_their_drafts_listed(tab, notes, language):
    steps = list(tab.uploaded(notes, language))
    assert "busy" in steps[0][tab.status] and "<progress" in steps[0][tab.status]
    shown = last(steps)
    assert ("找到 2 道题" if language == "zh" else "Drafts found: 2") in shown[tab.status]
    broken = "scan.pdf 的内容与后缀 .pdf 不符" if language == "zh" else "scan.pdf: is not what its ending .pdf says"
    assert broken in shown[tab.report] and "什么是空洞率？" in shown[tab.report]
    place = "notes.md 第 1 行" if language == "zh" else "notes.md, line 1"
    assert next(label for label, _ in shown[tab.list]["choices"]) == f"什么是蛇形卷积？ ({place})"
    assert shown[tab.choose]["interactive"]


def test_nothing_waiting_and_nothing_chosen_are_said(tab):
    assert WORDS["no_drafts"][0] in tab.listed(None, "zh")[tab.none]
    assert WORDS["documents_first"][1] in last(tab.uploaded([], "en"))[tab.status]


def test_a_draft_is_shown_beside_its_page_and_nothing_of_it_is_markup(tab, waiting):
    shown = tab.picked(waiting[1].id, "en")
    assert "步长是卷积核每次移动的距离" in shown[tab.passage] and "alert(1)" not in shown[tab.passage]
    assert "notes.md, line 5" in shown[tab.passage]
    assert shown[tab.question] == "什么是步长？" and shown[tab.spoken] == "zh"
    assert tab.picked("gone", "en") == {tab.panel: {"visible": False, "__type__": "update"}}


def test_an_accepted_draft_is_edited_and_can_be_asked_at_once(tab, engine, waiting):
    edits = fields(tab, tab.picked(waiting[0].id, "zh"))
    edits[1], edits[3] = "什么是动态蛇形卷积？", 5
    edits[4] += "\n它适合分割细长结构"
    shown = last(tab.accepted(waiting[0].id, *edits, "zh"))
    assert "什么是动态蛇形卷积？" in shown[tab.status] and not shown[tab.panel]["visible"]
    item = engine.corpus.item(waiting[0].id)
    assert (item.question.zh, item.level, item.status) == ("什么是动态蛇形卷积？", 5, "draft")
    assert item.key_points[-1].text.zh == "它适合分割细长结构"
    assert not any(p.generated for p in item.key_points)
    assert engine.search("动态蛇形卷积")[0].item_id == item.id
    grade = engine.grade(item.id, "蛇形卷积沿着管状结构采样，比普通卷积更贴合血管。")
    assert grade.points[0].verdict in ("covered", "partial")
    assert [w.id for w in engine.desk.waiting()] == [waiting[1].id]


@pytest.mark.parametrize(
    ("change", "says"), [({1: " "}, "draft_needs_question"), ({4: "", 6: " \n"}, "draft_needs_answer")]
)
def test_what_cannot_be_accepted_goes_on_waiting(tab, engine, waiting, change, says):
    edits = fields(tab, tab.picked(waiting[0].id, "zh"))
    for place, value in change.items():
        edits[place] = value
    for done in (last(tab.accepted(waiting[0].id, *edits, "en")), tab.kept(waiting[0].id, *edits, "en")):
        assert WORDS[says][1] in done[tab.said]
    assert engine.desk.waiting() == waiting


def test_changes_are_kept_and_a_rejected_draft_is_gone(tab, engine, waiting):
    edits = fields(tab, tab.picked(waiting[0].id, "zh"))
    edits[3] = 1
    tab.kept(waiting[0].id, *edits, "zh")
    assert engine.desk.find(waiting[0].id).draft["level"] == 1
    assert "key_points" in engine.desk.find(waiting[0].id).draft
    tab.rejected(waiting[0].id, "zh")
    assert [w.id for w in engine.desk.waiting()] == [waiting[1].id]
    assert waiting[0].id not in engine.corpus.items


def test_only_ticked_wordings_of_a_program_are_kept(waiting):
    item = as_item(waiting[0].draft)
    point = KeyPoint(
        "p1",
        Bilingual("甲"),
        contradictions=Wordings(("非甲", "乙")),
        generated=("not",),
        proposed=Wordings(("甲也", "丙")),
    )
    kept = view.read_by_somebody(replace(item, key_points=(point,)), ["p1/not/zh/1", "p1/proposed/zh/0"]).key_points[0]
    assert (kept.contradictions.zh, kept.also.zh, kept.generated, kept.proposed) == (("乙",), ("甲也",), (), Wordings())


def test_a_models_proposals_are_listed_to_be_ticked(tab, engine, waiting, monkeypatch):
    def with_proposals(item):
        first, *rest = item.key_points
        return replace(item, key_points=(replace(first, proposed=Wordings(("它顺着血管取样",))), *rest))

    monkeypatch.setattr(engine, "with_proposals", with_proposals, raising=False)
    edits = fields(tab, tab.picked(waiting[0].id, "zh"))
    shown = last(tab.proposed(waiting[0].id, *edits, "zh"))
    label, key = next(c for c in shown[tab.made]["choices"] if "proposed" in c[1])
    assert "模型提议" in label and "它顺着血管取样" in label and shown[tab.made]["value"] == []
    edits = fields(tab, shown)
    edits[5] = [key]
    last(tab.accepted(waiting[0].id, *edits, "zh"))
    assert "它顺着血管取样" in engine.corpus.item(waiting[0].id).key_points[0].also.zh


def test_a_shared_server_takes_no_documents(tab, engine, notes):
    engine.store.owner = lambda: "somebody"
    assert WORDS["corpus_shared"][1] in last(tab.uploaded(notes, "en"))[tab.status]
    assert engine.desk.waiting() == []


def test_points_keep_their_wordings_by_text():
    before = (
        KeyPoint("p1", Bilingual("甲"), also=Wordings(("一",))),
        KeyPoint("p2", Bilingual("乙"), also=Wordings(("二",))),
    )
    found = view._points(before, ["新", "乙", "甲"], "zh")
    assert [(p.id, p.text.zh, p.also.zh) for p in found] == [
        ("p3", "新", ()),
        ("p2", "乙", ("二",)),
        ("p1", "甲", ("一",)),
    ]
