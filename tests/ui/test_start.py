"""The form: everything a person may choose reaches the interview, and what cannot be is said in the page's language."""

from __future__ import annotations

from datetime import timedelta

import pytest

from interviewer.interview import Setup
from interviewer.llm import Found
from interviewer.schema import MODES
from interviewer.ui import start


@pytest.fixture
def form(page):
    return page._interview.form


def chosen(form, **wanted):
    return [wanted.get(name, component.value) for name, component in form.named.items()]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_untouched_it_asks_for_a_plain_interview(form, language):
    assert form.setup(language, *chosen(form, topics=[])) == Setup(language)


def test_every_choice_reaches_the_interview(form):
    wanted = {
        "mode": "coach", "style": "demanding", "minutes": 30, "level": 4, "questions": 7, "focus": "gates",
        "topics": ["rnn"],
    }  # fmt: skip
    made = form.setup("en", *chosen(form, **wanted))
    assert made == Setup("en", ("rnn",), 4, 7, "gates", mode="coach", style="demanding", minutes=30)
    offered = {value for _, value in form.named["mode"].choices}
    assert offered == set(MODES)


@pytest.mark.parametrize("topics", [[], ["rnn", "rag"]])
def test_a_drill_without_its_one_topic_is_explained(page, form, topics):
    (*_, shown) = page._interview.start("zh", *chosen(form, mode="drill", topics=topics))
    assert "专练只练一个主题" in shown[form.status]
    assert shown[form.panel]["visible"]


def test_a_review_asks_what_is_due_and_says_when_nothing_is(page, form, engine, monkeypatch):
    choice = chosen(form, mode="review", topics=[])
    (*_, shown) = page._interview.start("en", *choice)
    assert "Nothing is due today" in shown[form.status]
    clock = engine._clock
    with monkeypatch.context() as patched:
        patched.setattr(engine, "_clock", lambda: clock() - timedelta(days=300))
        engine.practise("rnn-lstm-gru-units", "Gates.", "en")
    assert form.setup("en", *choice).items == ("rnn-lstm-gru-units",)
    with pytest.raises(Exception, match="Nothing is due"):
        form.setup("en", *chosen(form, mode="review", topics=["rag"]))


def test_a_job_description_is_read_from_a_file_and_leads_to_questions(form, engine, tmp_path):
    file = tmp_path / "job.md"
    job = f"Requirements\n- {engine.corpus.item('rnn-lstm-gru-units').question.en}\n- five weeks of holidays"
    file.write_text(job, encoding="utf-8")
    shown = form.papers.read("job", str(file), "en")
    assert shown[form.papers.boxes["job"]].split() == job.replace("- ", "").split()
    assert "Reading the documents" in form.note("en", *chosen(form, job=job))
    brief = form.setup("en", *chosen(form, topics=[], job=job)).brief
    assert brief.cues and all(cue.source == "job" for cue in brief.cues)
    assert "rnn" in dict(brief.topics)


@pytest.mark.parametrize(("language", "said"), [("zh", "读不出文字"), ("en", "No text can be read from broken.pdf")])
def test_a_file_that_cannot_be_read_and_a_text_that_leads_nowhere_are_explained(page, form, tmp_path, language, said):
    file = tmp_path / "broken.pdf"
    file.write_bytes(b"%PDF-nothing")
    shown = form.papers.read("resume", str(file), language)
    assert said in shown[form.papers.status]
    assert form.papers.boxes["resume"] not in shown
    (*_, shown) = page._interview.start(language, *chosen(form, resume="!!! ???"))
    assert ("职位描述" if language == "zh" else "technical requirements") in shown[form.status] or "具体" in shown[
        form.status
    ]


def test_a_voice_is_offered_only_where_there_is_a_model(form, engine, monkeypatch):
    assert "voice" not in form.named
    monkeypatch.setattr(start, "find_model", lambda _settings: Found("local", "some/model"))
    names = [field.name for row in start.options(engine) for field in row]
    assert names[-1] == "voice"
