"""Progress over interviews and what changed, each expected value by hand."""

import pytest

from interviewer.report.history import compare, history


@pytest.fixture
def three(kit):
    """Topic a three times, topic b in the last two; one question asked again each time."""
    corpus = kit.corpus(kit.item("q"), kit.item("r"), kit.item("s", "b"), kit.item("t", "b"))
    first = kit.debrief(corpus, [kit.exchange("q", "cmm", 30.0), kit.exchange("r", "ccc", 90.0)], session_id="one")
    second = kit.debrief(corpus, [kit.exchange("q", "ccm", 60.0), kit.exchange("s", "mmm", 5.0)], session_id="two")
    third = kit.debrief(corpus, [kit.exchange("q", "mcc", 70.0), kit.exchange("t", "ccc", 95.0)], session_id="three")
    return [first, second, third]


def test_each_interview_is_told_in_short(three):
    assert [(s.session_id, s.score, s.questions) for s in history(three).sittings] == [
        ("one", 60.0, 2),
        ("two", 32.5, 2),
        ("three", 82.5, 2),
    ]


def test_a_topic_over_time_has_its_mean_in_each_interview(three):
    topics = {t.topic.id: [(s, score) for _, s, score in t.scores] for t in history(three).topics}
    assert topics == {
        "a": [("one", 60.0), ("two", 60.0), ("three", 70.0)],
        "b": [("two", 5.0), ("three", 95.0)],
    }


def test_the_last_interview_is_compared_with_the_latest_word_on_each_thing(three):
    change = history(three).latest
    assert (change.before, change.after) == (("one", "two"), "three")
    assert (change.score_before, change.score_after) == (32.5, 82.5)
    assert [(t.topic.id, t.before, t.after) for t in change.topics] == [("a", 60.0, 70.0), ("b", 5.0, 95.0)]
    (item,) = change.items
    assert (item.item.id, item.before, item.after) == ("q", 60.0, 70.0)
    assert (item.gained, item.lost) == (("p2",), ("p0",))
    assert [i.id for i in change.new] == ["t"]


def test_two_interviews_can_be_compared_in_either_direction(three):
    there, back = compare([three[0]], three[2]), compare([three[2]], three[0])
    assert [(i.before, i.after) for i in there.items] == [(30.0, 70.0)]
    assert [(i.before, i.after) for i in back.items] == [(70.0, 30.0)]
    assert there.items[0].gained == back.items[0].lost == ("p1", "p2")
    assert [i.id for i in back.new] == ["r"]


def test_interviews_with_nothing_in_common_change_nothing(three):
    only = compare([three[0]], three[1])
    assert [t.topic.id for t in only.topics] == ["a"]
    assert compare([three[1]], three[0]).items[0].item.id == "q"


def test_the_first_interview_changes_nothing_and_none_is_an_empty_history(three):
    assert history(three[:1]).latest is None
    empty = history([], unreadable=2)
    assert (empty.sittings, empty.topics, empty.latest, empty.unreadable) == ((), (), None, 2)


def test_an_answer_that_could_not_be_graded_is_no_change(kit):
    corpus = kit.corpus(kit.item("q"))
    graded = kit.debrief(corpus, [kit.exchange("q", "ccc", 90.0)], session_id="one")
    unscored = kit.debrief(corpus, [kit.exchange("q", "", None)], session_id="two")
    change = compare([graded], unscored)
    assert (change.items, change.topics, change.score_after) == ((), (), None)
    assert compare([unscored], graded).score_before is None
