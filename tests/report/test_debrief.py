"""Scores and study plan, each expected value derived by hand."""

import pytest

from interviewer.errors import UnknownItem
from interviewer.report.debrief import MAX_STEPS, counted, unmet_points
from interviewer.schema import Exchange


def steps(debrief):
    return [(s.item.id, s.reason, s.because_of) for s in debrief.study]


def test_the_score_is_the_mean_over_questions(kit):
    corpus = kit.corpus(kit.item("q"), kit.item("r"))
    debrief = kit.debrief(corpus, [kit.exchange("q", "ccc", 90.0), kit.exchange("r", "cmm", 35.5)])
    assert debrief.score == 62.8  # (90 + 35.5) / 2 = 62.75, to one decimal (half to even would give 62.8 too)


def test_a_skipped_question_counts_zero(kit):
    corpus = kit.corpus(kit.item("q"), kit.item("r"))
    debrief = kit.debrief(corpus, [kit.exchange("q", "ccc", 90.0), Exchange("r", skipped=True)])
    assert debrief.score == 45.0  # (90 + 0) / 2


def test_an_unscored_question_is_left_out_of_the_mean(kit):
    corpus = kit.corpus(kit.item("q"), kit.item("r"), kit.item("s"))
    exchanges = [kit.exchange("q", "ccc", 90.0), kit.exchange("r", "", None), Exchange("s", ("never graded",))]
    assert kit.debrief(corpus, exchanges).score == 90.0


def test_a_zero_is_not_the_same_as_no_score(kit):
    corpus = kit.corpus(kit.item("q"))
    assert kit.debrief(corpus, [kit.exchange("q", "mmm", 0.0)]).score == 0.0
    assert kit.debrief(corpus, [kit.exchange("q", "", None)]).score is None
    assert kit.debrief(corpus, []).score is None


def test_a_question_skipped_after_a_graded_answer_keeps_its_score(kit):
    graded = kit.exchange("q", "ccm", 70.0, skipped=True)
    assert counted(graded) == 70.0


def test_questions_are_numbered_as_asked(kit):
    corpus = kit.corpus(kit.item("q"), kit.item("r"))
    debrief = kit.debrief(corpus, [Exchange("r", skipped=True), Exchange("q", skipped=True)])
    assert [(q.number, q.item.id) for q in debrief.questions] == [(1, "r"), (2, "q")]


def test_topics_have_their_own_means_in_the_corpus_order(kit):
    corpus = kit.corpus(kit.item("q", "b"), kit.item("r", "a"), kit.item("s", "b"), kit.item("t", "c"))
    exchanges = [
        kit.exchange("q", "ccc", 80.0),
        kit.exchange("r", "ccc", 95.0),
        Exchange("s", skipped=True),
        kit.exchange("t", "", None),
    ]
    # b: (80 + 0) / 2 = 40 over two questions; c has nothing that counts and does not appear
    found = [(t.topic.id, t.score, t.questions) for t in kit.debrief(corpus, exchanges).topics]
    assert found == [("a", 95.0, 1), ("b", 40.0, 2)]


def test_a_topic_that_the_corpus_does_not_name_is_still_reported(kit):
    corpus = kit.corpus(kit.item("q", "mine"))
    (topic,) = kit.debrief(corpus, [kit.exchange("q", "ccc", 80.0)]).topics
    assert topic.topic.title.get("zh") == "mine"


def test_an_item_that_is_gone_from_the_corpus_is_named(kit):
    with pytest.raises(UnknownItem, match="'lost'"):
        kit.debrief(kit.corpus(kit.item("q")), [Exchange("lost", skipped=True)])


def test_unmet_points_come_gravest_first(kit):
    assert unmet_points(kit.exchange("q", "mxpcx", 10.0)) == ("p1", "p4", "p0", "p2")
    assert unmet_points(Exchange("q", skipped=True)) == ()


def test_a_well_answered_interview_has_nothing_to_study(kit):
    corpus = kit.corpus(kit.item("q", requires=("r",)), kit.item("r"))
    assert kit.debrief(corpus, [kit.exchange("q", "ccc", 95.0)]).study == ()


def test_contradicted_comes_before_missed_before_skipped(kit):
    corpus = kit.corpus(kit.item("skip"), kit.item("miss"), kit.item("wrong"))
    exchanges = [Exchange("skip", skipped=True), kit.exchange("miss", "cmm", 5.0), kit.exchange("wrong", "ccx", 60.0)]
    assert steps(kit.debrief(corpus, exchanges)) == [
        ("wrong", "contradicted", "wrong"),
        ("miss", "missed", "miss"),
        ("skip", "skipped", "skip"),
    ]


def test_among_equally_urgent_questions_the_weakest_comes_first(kit):
    corpus = kit.corpus(kit.item("q"), kit.item("r"), kit.item("s"))
    exchanges = [kit.exchange("q", "cpc", 70.0), kit.exchange("r", "mmm", 0.0), kit.exchange("s", "cmm", 30.0)]
    assert [s[0] for s in steps(kit.debrief(corpus, exchanges))] == ["r", "s", "q"]


def test_prerequisites_come_before_the_question_that_needs_them(kit):
    corpus = kit.corpus(kit.item("one"), kit.item("two"), kit.item("q", requires=("one", "two")))
    assert steps(kit.debrief(corpus, [kit.exchange("q", "cmm", 30.0)])) == [
        ("one", "prerequisite", "q"),
        ("two", "prerequisite", "q"),
        ("q", "missed", "q"),
    ]


@pytest.mark.parametrize(("score", "expected"), [(80.0, ["q"]), (79.9, ["base", "q"])])
def test_a_prerequisite_answered_well_in_the_same_interview_is_left_out(kit, score, expected):
    corpus = kit.corpus(kit.item("base"), kit.item("q", requires=("base",)))
    exchanges = [kit.exchange("base", "ccc", score), kit.exchange("q", "cmm", 30.0)]
    assert [s[0] for s in steps(kit.debrief(corpus, exchanges))] == expected


def test_a_prerequisite_that_went_wrong_itself_keeps_its_own_reason_and_points(kit):
    corpus = kit.corpus(kit.item("root"), kit.item("base", requires=("root",)), kit.item("q", requires=("base",)))
    exchanges = [kit.exchange("base", "cmc", 50.0), kit.exchange("q", "xmm", 10.0)]
    debrief = kit.debrief(corpus, exchanges)
    # q is most urgent (contradicted); before it what it builds on, and before that what *that* builds on
    assert steps(debrief) == [("root", "prerequisite", "base"), ("base", "missed", "base"), ("q", "contradicted", "q")]
    assert debrief.study[1].points == ("p1",)


def test_nothing_is_listed_twice_and_cycles_end(kit):
    corpus = kit.corpus(kit.item("q", requires=("r", "base")), kit.item("r", requires=("q", "base")), kit.item("base"))
    exchanges = [kit.exchange("q", "cmm", 10.0), kit.exchange("r", "cmm", 20.0)]
    assert [s[0] for s in steps(kit.debrief(corpus, exchanges))] == ["base", "r", "q"]


def test_a_prerequisite_that_does_not_exist_is_passed_over(kit):
    corpus = kit.corpus(kit.item("q", requires=("nowhere",)))
    assert [s[0] for s in steps(kit.debrief(corpus, [kit.exchange("q", "cmm", 10.0)]))] == ["q"]


def test_the_plan_has_at_most_eight_steps(kit):
    items = [kit.item(f"q{n}", requires=(f"base{n}",)) for n in range(9)]
    corpus = kit.corpus(*items, *(kit.item(f"base{n}") for n in range(9)))
    debrief = kit.debrief(corpus, [kit.exchange(f"q{n}", "cmm", 10.0 + n) for n in range(9)])
    assert len(debrief.study) == MAX_STEPS == 8
    assert [s[0] for s in steps(debrief)][:4] == ["base0", "q0", "base1", "q1"]


def test_the_stamp_names_corpus_and_graders_and_what_the_caller_adds(kit):
    corpus = kit.corpus(kit.item("q"), kit.item("r"))
    graded = [Exchange(i, ("x",), kit.grade(i, "ccc", 90.0, grader=g)) for i, g in (("q", "v2"), ("r", "v1"))]
    assert kit.debrief(corpus, graded, stamp={"voice": "scripted"}).stamp == {
        "corpus": "c0ffee",
        "grader": "v1, v2",
        "voice": "scripted",
    }
    assert kit.debrief(corpus, []).stamp == {"corpus": "c0ffee"}
