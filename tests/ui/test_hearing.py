"""What is said appears while it is being said, to those who asked for it, and can be cut short."""

from __future__ import annotations

import threading

import pytest

from interviewer.errors import InputError
from interviewer.interview import Setup
from interviewer.llm import ModelVoice, Speaker
from interviewer.ui import interview
from interviewer.ui.hearing import overheard


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(interview, "_PAUSE", 0)


class Slow:
    """A model that says one sentence, and then nothing until it is stopped."""

    name, ready = "slow", True

    def __init__(self):
        self.silent, self.stopped = threading.Event(), threading.Event()

    def stream(self, messages, limit, stop):
        yield "Okay. "
        self.silent.set()
        stop.wait(60)
        self.stopped.set()


def test_each_listener_hears_his_own_step_and_both_go_to_their_ends(engine, tab):
    heard = {}

    def listen(language):
        heard[language] = list(overheard(lambda: engine.start(Setup(language, questions=1))))

    threads = [threading.Thread(target=listen, args=(language,)) for language in ("zh", "en")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for language in ("zh", "en"):
        *pieces, view = heard[language]
        assert view.state.setup.language == language
        said = "".join(piece or "\n" for piece in pieces).splitlines()
        assert "\n".join(said) == "\n".join(turn.text for turn in view.transcript)


def test_what_a_step_raises_reaches_the_listener_after_what_was_said(tab):
    def fail():
        raise InputError("no")

    with pytest.raises(InputError, match="no"):
        list(overheard(fail))


def test_a_slow_models_words_appear_as_they_come_and_it_need_not_be_waited_for(engine, tab):
    session = engine.start(Setup("en", questions=2)).session_id
    model = Slow()
    grader = engine.grader
    engine.__dict__["model_voice"] = ModelVoice(Speaker(model, seconds=60), engine.corpus, lambda: grader, lambda: None)
    steps = []
    for step in tab.command("repeat", session, "en"):
        if not steps:  # nobody has said anything yet, and one may say so
            assert step[tab.hush]["visible"] and step[tab.chat][-1]["role"] == "user"
        elif len(steps) == 1:  # the first sentence is there, the second will not come
            assert model.silent.wait(10)
            tab.silence(session)
        steps.append(step)
    assert model.stopped.wait(10)
    assert not steps[-1][tab.hush]["visible"]
    shown = [step[tab.chat][-1]["content"] for step in steps]
    assert "Okay." in shown and shown[-1].startswith("Okay. ") and len(shown[-1]) > 20
    turn = engine.view(session).transcript[-1]
    assert (turn.voice, turn.failed) == ("", "hushed")
