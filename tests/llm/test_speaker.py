"""A model's line: shown sentence by sentence, tried once more, or taken over by the scripted voice."""

import threading
from dataclasses import replace

import pytest

from interviewer.llm import Speaker

EN = "Let's move on. How does batch normalisation work?"
ZH = "我们来看下一题。请讲讲批归一化是怎么工作的？"
LEAK = "How does batch normalisation work, pooling each channel over all samples?"


def told(speaker, scene, guard):
    """The line, and the pieces in which it was shown."""
    pieces = []
    line = speaker.tell(scene, guard, heard=pieces.append)
    assert "".join(pieces) == line.text
    return line, pieces


@pytest.mark.parametrize(("language", "text"), [("en", EN), ("zh", ZH)])
def test_a_good_line_is_shown_sentence_by_sentence(parrot, guard, scenes, language, text):
    line, pieces = told(Speaker(parrot(text)), scenes("ask", language), guard)
    assert (line.text, line.by, line.failed) == (text, "parrot", ())
    assert len(pieces) == 2


def test_a_sentence_is_shown_before_the_next_one_is_made(parrot, guard, scenes, clock):
    shown = []
    model = parrot(["Let's move on. ", 0.4, "How does batch normalisation work?"])
    Speaker(model).tell(scenes("ask", "en"), guard, heard=lambda piece: shown.append((piece, clock())))
    assert [piece for piece, _ in shown] == ["Let's move on.", " How does batch normalisation work?"]
    assert shown[1][1] - shown[0][1] > 0.3


def test_a_refused_line_is_tried_once_more_and_the_model_is_told_why(parrot, guard, scenes):
    model = parrot(LEAK, EN)
    speaker = Speaker(model)
    line, _ = told(speaker, scenes("ask", "en"), guard)
    assert (line.text, line.by, line.failed) == (EN, "parrot", ("leak",))
    assert "gave away" not in model.asked[0][-1].text
    assert "gave away" in model.asked[1][-1].text
    assert speaker.tally == {"said": 1, "leak": 1}


def test_after_two_refusals_the_scripted_words_are_said(parrot, guard, scenes):
    model = parrot(LEAK, "Good answer! How does batch normalisation work?")
    scene = scenes("ask", "en")
    line, pieces = told(Speaker(model), scene, guard)
    assert (line.text, line.by, line.failed) == (scene.scripted, "", ("leak", "verdict"))
    assert pieces == [scene.scripted]
    assert len(model.asked) == 2


def test_what_was_shown_stays_and_the_scripted_words_follow(parrot, guard, scenes):
    model = parrot("Let's move on. " + LEAK)
    scene = scenes("ask", "en")
    line, _ = told(Speaker(model), scene, guard)
    assert (line.text, line.by, line.failed) == (f"Let's move on. {scene.scripted}", "", ("leak",))
    assert len(model.asked) == 1


def test_a_line_that_has_asked_its_question_ends_there(parrot, guard, scenes):
    model = parrot(EN + " It pools each channel over all samples.")
    line, _ = told(Speaker(model), scenes("ask", "en"), guard)
    assert (line.text, line.by) == (EN, "parrot")


@pytest.mark.parametrize("pause", [[5.0], ["Let", 5.0], ["Let's mo", 0.1, "ve", 0.1, " o", 5.0]])
def test_a_slow_model_is_not_waited_for(parrot, guard, scenes, clock, pause):
    model = parrot([*pause, EN])
    speaker, scene = Speaker(model, seconds=0.4), scenes("ask", "en")
    line, _ = told(speaker, scene, guard)
    assert clock() < 2
    assert (line.text, line.failed) == (scene.scripted, ("slow",))
    assert model.stopped.wait(2), "it goes on making words that nobody wants"
    # And it is left alone for a while: the next line is said at once.
    assert told(speaker, scene, guard)[0].failed == ()
    assert len(model.asked) == 1


def test_a_model_that_stalls_after_a_sentence_is_taken_over(parrot, guard, scenes, clock):
    scene = scenes("ask", "en")
    line, _ = told(Speaker(parrot(["Let's move on. ", 5.0]), seconds=0.4), scene, guard)
    assert clock() < 2
    assert line.text == f"Let's move on. {scene.scripted}"


def test_a_model_that_stalls_when_all_is_said_did_its_task(parrot, guard, scenes):
    line, _ = told(Speaker(parrot([EN, 5.0]), seconds=0.4), scenes("ask", "en"), guard)
    assert (line.text, line.by) == (EN, "parrot")


@pytest.mark.parametrize("broken", [lambda e: [e], lambda e: ["Let's mo", e], lambda _: [RuntimeError("boom")]])
def test_a_model_that_fails_is_taken_over_and_left_alone(parrot, guard, scenes, unavailable, broken):
    model = parrot(broken(unavailable))
    speaker, scene = Speaker(model), scenes("ask", "en")
    line, _ = told(speaker, scene, guard)
    assert (line.text, line.failed) == (scene.scripted, ("failed",))
    assert not speaker.awake


@pytest.mark.parametrize("nothing", ["", "   \n\n", "......", "<think>How does batch normalisation work?"])
def test_a_model_that_says_nothing_is_taken_over(parrot, guard, scenes, nothing):
    scene = scenes("ask", "en")
    line, _ = told(Speaker(parrot(nothing)), scene, guard)
    assert (line.text, line.failed) == (scene.scripted, ("empty", "empty"))


@pytest.mark.parametrize(
    "flood", ["word " * 100_000, "x" * 500_000, "Let's go on. " * 40_000, "。" * 300_000, "\u200b" * 300_000]
)
def test_a_flood_is_cut_off(parrot, guard, scenes, clock, flood):
    scene = scenes("ask", "en")
    model = parrot([flood[i : i + 50] for i in range(0, len(flood), 50)])
    line, _ = told(Speaker(model), scene, guard)
    assert clock() < 6  # well under the work of half a million characters, on a busy machine
    assert line.text.endswith(scene.scripted)
    assert len(line.text) < 1_500


def test_thoughts_are_not_shown_and_hidden_characters_hide_nothing(parrot, guard, scenes):
    line, _ = told(Speaker(parrot("<think>It pools.\n\nOK.</think>\n" + EN)), scenes("ask", "en"), guard)
    assert line.text == EN
    hidden = LEAK.replace("channel", "chan\u200bnel").replace("samples", "sam\u00adples")
    assert told(Speaker(parrot(hidden)), scenes("ask", "en"), guard)[0].failed == ("leak", "leak")


def test_a_model_that_is_not_ready_and_a_line_without_a_prompt_cost_nothing(parrot, guard, scenes):
    for model, scene in (
        (parrot(EN, ready=False), scenes("ask", "en")),
        (parrot(EN), replace(scenes("ask", "en"), act="sing")),
    ):
        line, _ = told(Speaker(model), scene, guard)
        assert (line.text, line.by, line.failed) == (scene.scripted, "", ())
        assert model.asked == []


@pytest.mark.parametrize("begun", ["", "Let's move on. "])
def test_whoever_does_not_want_to_wait_hears_the_scripted_words_at_once(parrot, guard, scenes, clock, begun):
    model = parrot([begun, 30, "How does batch normalisation work?"])
    speaker, scene = Speaker(model, seconds=60), scenes("ask", "en")
    threading.Timer(0.3, speaker.hush, ["another"]).start()
    threading.Timer(0.6, speaker.hush, ["mine"]).start()
    before = clock()
    line = speaker.tell(scene, guard, key="mine")
    assert 0.5 < clock() - before < 20
    assert (line.text, line.failed) == (begun + scene.scripted, ("hushed",))
    assert model.stopped.wait(5)
    assert speaker.awake  # one listener's patience is not everybody's
    speaker.hush("mine")  # nobody is speaking any more: nothing happens
