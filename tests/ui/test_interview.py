from __future__ import annotations

import pytest

from interviewer.engine import MAX_MESSAGE
from interviewer.errors import ModelUnavailable
from interviewer.interview import Setup
from interviewer.ui import interview
from interviewer.ui.words import WORDS


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(interview, "_PAUSE", 0)


def last(steps):
    """What the page shows after all updates."""
    shown = {}
    for step in steps:
        shown.update(step)
    return shown


def chosen(tab, **wanted):
    """What the form hands over: as it stands, but for what is named."""
    return [wanted.get(name, component.value) for name, component in tab.form.named.items()]


def begun(engine, language="en", questions=2):
    return engine.start(Setup(language=language, questions=questions)).session_id


def test_one_click_starts_an_interview_in_the_pages_language(engine, tab):
    shown = last(tab.start("zh", *chosen(tab, topics=[], questions=3)))
    session = shown[tab._place.session]
    view = engine.view(session)
    assert view.state.setup == Setup(language="zh", questions=3)
    assert shown[tab._place.memory] == session
    assert len(shown[tab.chat]) == len(view.transcript)
    assert "3" in shown[tab.where]
    assert shown[tab.panel]["visible"] and not shown[tab.form.panel]["visible"]


def test_a_bad_choice_is_said_and_the_form_stays(tab):
    shown = last(tab.start("en", *chosen(tab, topics=["no-such-topic"])))
    assert "no-such-topic" in shown[tab.form.status]
    assert shown[tab.form.panel]["visible"] and not shown[tab.panel]["visible"]
    assert shown[tab.form.begin]["interactive"]


def test_an_answer_is_shown_at_once_then_graded_then_replied_to(engine, tab):
    session = begun(engine)
    steps = list(tab.answer("Weights are <b>shared</b> $x$.", "", session, "en"))
    assert steps[0][tab.box] == ""
    assert "&#60;b&#62;" in steps[0][tab.chat][-1]["content"]
    assert not steps[0][tab.send]["interactive"]
    assert all(tab.box not in step for step in steps[1:])  # the next answer may be typed meanwhile
    assert last(steps)[tab.send]["interactive"]
    assert engine.view(session).state.phase == "answering"


def test_until_the_model_is_there_the_page_says_so(engine, tab):
    session = begun(engine)
    steps = list(tab.answer("Weights are shared.", "", session, "en"))
    assert any(WORDS["loading_model"][1] in step.get(tab.status, "") for step in steps)
    steps = list(tab.answer("And they are fewer.", "", session, "en"))
    assert any(WORDS["grading"][1] in step.get(tab.status, "") for step in steps)


@pytest.mark.parametrize("text", ["", "  \n\t"])
def test_an_empty_message_is_noticed_and_nothing_is_stored(engine, tab, text):
    session = begun(engine)
    before = engine.view(session)
    shown = last(tab.answer(text, "", session, "en"))
    assert "Skip" in shown[tab.status]
    assert tab.box not in shown
    assert engine.view(session) == before


def test_too_long_a_message_stays_in_the_box(engine, tab):
    session = begun(engine)
    shown = last(tab.answer("x" * (MAX_MESSAGE + 1), "", session, "zh"))
    assert "100,001" in shown[tab.status]
    assert tab.box not in shown
    assert len(engine.view(session).transcript) == 2


def test_a_long_answer_works(engine, tab):
    session = begun(engine)
    last(tab.answer("weight sharing " * 700, "", session, "en"))
    assert len(engine.view(session).state.exchange.answers[0]) == 10_500


@pytest.mark.parametrize(("language", "spoken"), [("zh", "给我一个提示"), ("en", "Can I have a hint?")])
def test_a_hint_is_asked_for_in_the_interviews_own_language(engine, tab, language, spoken):
    session = begun(engine, language)
    last(tab.command("hint", session, "en" if language == "zh" else "zh"))
    view = engine.view(session)
    assert view.transcript[-2].text == spoken
    assert view.state.exchange.answers == ()


def test_skipping_every_question_ends_in_the_debrief(engine, tab):
    session = begun(engine)
    last(tab.command("skip", session, "en"))
    shown = last(tab.command("skip", session, "en"))
    assert engine.view(session).finished
    assert shown[tab._place.tabs].selected == "debrief"
    assert shown[tab._place.memory] == ""
    assert not shown[tab.answering]["visible"]


def test_a_follow_up_is_marked(engine, tab):
    session = begun(engine)
    shown = last(tab.answer("Something quite beside the point, honestly.", "", session, "en"))
    if engine.view(session).state.probed:
        assert "Follow-up 1" in shown[tab.where]


def test_what_was_typed_into_an_interview_that_went_on_elsewhere_is_not_lost(engine, tab, monkeypatch):
    session = begun(engine)
    engine.submit(session, "An answer from another tab.")  # stored and not graded yet
    shown = last(tab.answer("An answer from this tab.", "", session, "en"))
    assert tab.box not in shown
    assert "still being graded" in shown[tab.status]
    assert shown[tab.again]["visible"]
    assert len(engine.view(session).state.exchange.answers) == 1


def test_without_a_model_the_answer_is_kept_and_can_be_graded_later(engine, tab, monkeypatch):
    session = begun(engine)

    def fail(_):
        raise ModelUnavailable("the model is not there; install it")

    with monkeypatch.context() as patched:
        patched.setattr(type(engine), "proceed", lambda self, session: fail(session))
        shown = last(tab.answer("Weights are shared.", "", session, "en"))
    assert "install it" in shown[tab.status]
    assert shown[tab.again]["visible"]
    assert engine.view(session).waiting_for_grade
    shown = last(tab.catch_up(session, "en"))
    assert not shown[tab.again]["visible"]
    assert engine.view(session).state.exchange.grade is not None


def test_an_interview_that_was_deleted_leads_back_to_the_form(engine, tab):
    session = begun(engine)
    engine.delete(session)
    for steps in (tab.answer("Hello there.", "", session, "en"), tab.command("hint", session, "en")):
        shown = last(steps)
        assert shown[tab.form.panel]["visible"]
        assert "not there any more" in shown[tab.form.status]


def test_after_a_crash_the_page_can_be_used(engine, tab):
    session = begun(engine)
    assert tab.recovered(session, "en")[tab.send]["interactive"]
    assert tab.recovered("", "en")[tab.form.begin]["interactive"]
    assert tab.recovered("nothing", "en")[tab.form.panel]["visible"]


class Request:
    def __init__(self, session="", language="en"):
        self.query_params = {"session": session} if session else {}
        self.headers = {"accept-language": language}


@pytest.fixture
def arrive(page, monkeypatch):
    monkeypatch.setattr(type(page._engine), "warm", lambda self: None)
    return page._arrive


def test_a_reload_finds_the_interview_of_the_address_before_the_remembered_one(engine, tab, arrive):
    one, other = begun(engine), begun(engine)
    assert arrive(one, "", Request(other))[tab._place.session] == other
    assert arrive(one, "", Request())[tab._place.session] == one
    assert arrive(one, "", Request("deleted"))[tab._place.session] == one


def test_a_finished_interview_is_shown_only_where_the_address_names_it(engine, tab, arrive):
    session = begun(engine, questions=1)
    engine.submit(session, "skip")
    assert arrive(session, "", Request())[tab._place.session] == ""
    assert arrive("", "", Request(session))[tab._place.session] == session


def test_an_address_that_names_nothing_is_said(tab, arrive):
    shown = arrive("", "", Request("no-such"))
    assert "not there any more" in shown[tab.form.status]


@pytest.mark.parametrize(
    ("remembered", "asked", "language"), [("", "zh-CN", "zh"), ("", "fr", "en"), ("en", "zh", "en"), ("zh", "en", "zh")]
)
def test_the_language_is_the_chosen_one_or_else_the_browsers(page, arrive, remembered, asked, language):
    shown = arrive("", remembered, Request(language=asked))
    assert shown[page._language]["value"] == language
    assert shown[page._interview.form.begin]["value"] == WORDS["start"][("zh", "en").index(language)]
