"""Debrief, history and practice."""

from __future__ import annotations

from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest

from interviewer.interview import Setup
from interviewer.ui.past import MOST


@pytest.fixture
def finished(engine):
    view = engine.start(Setup(language="en", questions=1))
    engine.say(view.session_id, "<img src=x onerror=alert(1)> Weights are shared across positions.")
    engine.submit(view.session_id, "stop")
    return view.session_id


def last(steps):
    shown = {}
    for step in steps:
        shown.update(step)
    return shown


def test_a_debrief_is_shown_with_its_files(page, finished):
    tab = page._debrief
    shown = tab.open(finished, "en")
    assert "<img" not in shown[tab.report]
    assert shown[tab._shown] == finished
    for kind, button in tab.takeaway.files.items():
        path = Path(shown[button]["value"])
        assert path.suffix == f".{kind}"
        assert path.stat().st_size > 500
    if find_spec("weasyprint"):
        assert tab.pdf(finished).read_bytes().startswith(b"%PDF")
    tab.closed(finished, finished)
    assert not path.exists()


def test_the_self_assessment_is_made_in_the_language_of_the_page_and_taken_away(page, finished):
    part = page._history.assessed
    for language, word in (("zh", "自我评估"), ("en", "Self-assessment")):
        shown = last(part.made(language))
        assert word in shown[part.report]
        for kind, button in part.takeaway.files.items():
            path = Path(shown[button]["value"])
            assert path.suffix == f".{kind}"
            assert path.stat().st_size > 500
    assert page._history.listed("en")[part.panel]["visible"] is False


def test_without_an_answer_there_is_no_self_assessment_and_that_is_said(page):
    part = page._history.assessed
    shown = last(part.made("en"))
    assert "hold an interview first" in shown[part.status]
    assert shown[part.make]["interactive"] is True


def test_a_debrief_of_nothing_is_an_error_in_a_line(page):
    tab = page._debrief
    shown = tab.open("no-such", "zh")
    assert list(shown) == [tab.status]


def test_a_verdict_that_was_disagreed_with_says_so_when_the_debrief_is_opened_again(page, engine):
    tab = page._debrief
    view = engine.start(Setup(language="en", questions=1))
    item = engine.corpus.item(view.state.exchange.item_id)
    engine.say(view.session_id, "Weights are shared across positions.")
    engine.submit(view.session_id, "stop")
    point = engine.view(view.session_id).state.exchanges[0].grade.points[0]
    place = f'data-verdict="{view.session_id}/verdicts/{item.id}/{point.point_id}"'
    kept = '<p class="thanks" role="status"><span>Thank you'
    before = tab.open(view.session_id, "en")[tab.report]
    assert place in before and kept not in before
    other = "covered" if point.verdict != "covered" else "missing"
    engine.disagree(view.session_id, item.id, point.point_id, other, "<b>I</b> did")
    assert kept in tab.open(view.session_id, "zh")[tab.report]


def test_the_last_word_is_a_models_only_where_one_speaks(page, engine, finished):
    tab = page._debrief
    assert [s[tab.remark] for s in tab.remarked(finished, "en")] == [""]

    class Voice:
        speaker = None

    engine.__dict__["model_voice"] = Voice()
    assert engine.remark(finished) in last(tab.remarked(finished, "en"))[tab.remark]
    assert 'class="closing"' not in tab.open(finished, "en")[tab.report]


def test_the_debrief_opens_by_itself_only_when_the_interview_is_over(page, engine, finished):
    tab = page._debrief
    running = engine.start(Setup(language="en", questions=1)).session_id
    assert tab.report not in tab.open_if_finished(running, "", "en")
    assert tab.report not in tab.open_if_finished("", "", "en")
    assert tab.report not in tab.open_if_finished(finished, finished, "en")
    assert tab.report in tab.open_if_finished(finished, "", "en")


def test_code_links_open_in_the_frame(page, engine):
    tab = page._debrief
    item = next(i for i in engine.corpus.items.values() if i.code)
    view = engine.start(Setup(language="zh", questions=50, topics=(item.topic,)))
    for _ in range(view.state.total):
        engine.submit(view.session_id, "跳过")
    shown = tab.open(view.session_id, "zh")
    assert 'target="code-viewer"' in shown[tab.report]
    assert f"/code/{item.code[0].file}?symbol=" in shown[tab.report]
    assert 'name="code-viewer"' in page.signs.updates("zh")[tab.pane]["value"]
    assert shown[tab.pane]["visible"]


def test_an_empty_history_says_so(page):
    tab = page._history
    shown = tab.listed("en")
    assert "no interviews" in shown[tab.note]
    assert not shown[tab.list]["visible"]
    assert not shown[tab.actions]["visible"]


def test_the_history_lists_what_happened_in_the_pages_language(page, engine, finished):
    engine.start(Setup(language="zh", questions=2, topics=("rnn",)))
    tab = page._history
    lines = [line for line, _ in tab.listed("en")[tab.list]["choices"]]
    assert "Chinese · Recurrent networks and sequences · 0 of 2 answered · unfinished" in lines[0]
    assert "English · All topics · 1 of 1 answered · score" in lines[1]
    assert "循环神经网络" in tab.listed("zh")[tab.list]["choices"][0][0]


def test_only_an_unfinished_interview_can_go_on(page, engine, finished):
    running = engine.start(Setup(language="en", questions=1)).session_id
    tab = page._history
    assert tab.chosen(running, "en")[tab.go_on]["visible"]
    assert not tab.chosen(finished, "en")[tab.go_on]["visible"]
    assert not tab.chosen(None, "en")[tab.actions]["visible"]


def test_deleting_forgets_the_interview_everywhere(page, engine, finished):
    history, debrief = page._history, page._debrief
    debrief.open(finished, "en")
    shown = debrief.closed(finished, finished)
    assert shown[debrief.empty]["visible"] and shown[debrief.report] == ""
    assert page._left_behind(finished, finished, "en")[page._interview.form.panel]["visible"]
    shown = history.deleted(finished, "en")
    assert shown[history.list]["choices"] == []
    assert history.deleted(finished, "en")[history.list]["choices"] == []  # twice does no harm


def test_a_long_history_shows_its_latest(page, engine):
    for _ in range(MOST + 1):
        engine.start(Setup(language="en", questions=1))
    tab = page._history
    shown = tab.listed("en")
    assert len(shown[tab.list]["choices"]) == MOST
    assert str(MOST) in shown[tab.note]


def test_the_form_offers_the_latest_unfinished_interviews(page, engine, finished):
    form = page._interview.form
    assert not form.offered("en")[form.resume]["visible"]
    sessions = [engine.start(Setup(language="en", questions=1)).session_id for _ in range(6)]
    shown = form.offered("en")
    assert shown[form.resume]["visible"]
    assert {value for _, value in shown[form.earlier]["choices"]} <= set(sessions)
    assert len(shown[form.earlier]["choices"]) == 4


@pytest.mark.parametrize("query", ["VAE reparameterization", "重参数化"])
def test_practice_finds_questions_in_either_language(page, query):
    tab = page._practice
    shown = last(tab.searched(query, "", None, "en"))
    assert "vae" in " ".join(value for _, value in shown[tab.found]["choices"])


def test_practice_keeps_to_the_topic_and_says_when_nothing_fits(page, engine):
    tab = page._practice
    shown = last(tab.searched("", "rnn", None, "en"))
    assert {engine.corpus.item(i).topic for _, i in shown[tab.found]["choices"]} == {"rnn"}
    shown = last(tab.searched("the", "rnn", "rnn-lstm-gru-units", "en"))
    assert {engine.corpus.item(i).topic for _, i in shown[tab.found]["choices"]} <= {"rnn"}
    shown = last(tab.searched("?!", "", None, "en"))
    assert "Nothing fits" in shown[tab.search_status]


def test_practice_grades_and_shows_why(page, engine):
    tab = page._practice
    item = next(iter(engine.corpus.items.values()))
    assert "###" in tab.picked(item.id, "en")[tab.question]
    shown = last(tab.graded(item.id, item.answer.en + " <script>x</script>", "en"))
    assert "<script" not in shown[tab.result]
    assert item.key_points[0].text.en.split()[0] in shown[tab.result]
    assert shown[tab.grade]["interactive"]
    assert engine.sessions() == []


def test_what_was_practised_comes_back_when_it_is_due(page, engine, monkeypatch):
    tab, queue = page._practice, page._practice.queue
    item = engine.corpus.item("rnn-lstm-gru-units")
    assert "nothing to review yet" in queue.shown("en")[queue.about]
    clock = engine._clock
    with monkeypatch.context() as patched:
        patched.setattr(engine, "_clock", lambda: clock() - timedelta(days=200))
        last(tab.graded(item.id, item.answer.en, "en"))
    shown = queue.shown("zh")
    assert "今天到期" in shown[queue.about] and "role='img'" in shown[queue.about]
    assert [value for _, value in shown[queue.due]["choices"]] == [item.id]
    assert tab.picked(item.id, "zh")[tab.asked] == item.id
    last(tab.graded(item.id, item.answer.en, "en"))
    shown = queue.shown("en", item.id)
    assert shown[queue.due]["choices"] == [] and shown[queue.due]["value"] is None
    assert "Nothing more is due today" in shown[queue.about]
    assert engine.review_queue().streak == 1


def test_practice_needs_a_question_and_an_answer(page, engine):
    tab = page._practice
    item = next(iter(engine.corpus.items))
    assert "Pick a question" in last(tab.graded(None, "words", "en"))[tab.status]
    assert "Write an answer" in last(tab.graded(item, " ", "en"))[tab.status]
    assert "100,001" in last(tab.graded(item, "x" * 100_001, "en"))[tab.status]
    assert not tab.picked("no-such", "en")[tab.panel]["visible"]
