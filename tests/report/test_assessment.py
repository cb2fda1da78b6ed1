"""The self-assessment: what it says, in what order, and that every format says it."""

import json
import re
from datetime import UTC, datetime

import jsonschema
import pytest

from interviewer.report import assessment_html, assessment_json, assessment_markdown, build_assessment
from interviewer.report.ability import estimate
from interviewer.report.shapes import json_schema
from interviewer.schema import Exchange

NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)


@pytest.fixture
def two(kit):
    """Two interviews: "q" got better, "denied" is wrong, "base" must come before it, "fine" is a strength."""
    corpus = kit.corpus(
        kit.item("base", level=1),
        kit.item("q", level=2),
        kit.item("denied", "b", level=3, requires=("base",)),
        kit.item("fine", "b", level=4),
        kit.item("gone", "c", level=5),
    )
    first = kit.debrief(
        corpus,
        [kit.exchange("q", "mmm", 0.0, "nothing"), kit.exchange("fine", "ccc", 95.0, "all <b>of</b> it")],
        session_id="one",
        started_at="2026-11-01T10:00:00+00:00",
        stamp={"corpus": "old"},
    )
    second = kit.debrief(
        corpus,
        [
            kit.exchange("q", "cmm", 45.0, "some of it"),
            kit.exchange("denied", "cxm", 65.0, "the other way round"),
            Exchange("gone", skipped=True),
        ],
        session_id="two",
        started_at="2026-11-10T10:00:00+00:00",
        stamp={"corpus": "new"},
    )
    return corpus, [first, second]


@pytest.fixture
def made(two):
    return build_assessment(two[0], two[1], "en", NOW)


def test_ability_rests_on_the_latest_answer_to_each_question(made):
    assert made.overall.ability == estimate([(45.0, 2), (95.0, 4), (65.0, 3), (0.0, 5)])
    assert made.overall.answers == 4
    assert [e for _, e in made.overall.history] == [estimate([(0.0, 2), (95.0, 4)]), made.overall.ability]
    topics = {s.topic.id: s for s in made.topics}
    assert topics["a"].ability == estimate([(45.0, 2)])
    assert [at[:10] for at, _ in topics["a"].history] == ["2026-11-01", "2026-11-10"]
    assert topics["b"].score == 80.0  # (95 + 65) / 2
    assert topics["c"].ability == estimate([(0.0, 5)])


def test_topics_come_strongest_first(made):
    levels = [s.ability.level for s in made.topics]
    assert levels == sorted(levels, reverse=True)


def test_a_strength_rests_on_what_was_said(made):
    (strength,) = made.strengths
    assert (strength.review.item.id, strength.session_id) == ("fine", "one")
    assert [p.evidence.text for p in strength.evidence] == ["all <b>of</b> it"] * 3


def test_a_gap_is_what_was_denied_and_then_the_weakest(made):
    assert [g.review.item.id for g in made.gaps] == ["denied", "gone", "q"]
    assert [p.verdict for p in made.gaps[0].evidence] == ["contradicted", "missing"]
    assert made.gaps[1].evidence == ()


def test_the_plan_is_dated_and_what_is_required_comes_first(made):
    assert [(a.day, a.step.item.id) for a in made.plan] == [
        ("2026-11-20", "base"),
        ("2026-11-20", "denied"),
        ("2026-11-21", "q"),
        ("2026-11-21", "gone"),
    ]


def test_the_stamp_names_every_version_that_was_at_work(made):
    assert made.stamp["corpus"] == "old, new"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_says_all_of_it_and_loads_nothing(kit, two, language):
    page = assessment_html(build_assessment(two[0], two[1], language, NOW), two[0])
    assert not re.search(r"@import|url\(|\bsrc=|javascript:|\son\w+=", page)
    tree = kit.parse(page)
    text = tree.text()
    for said in ("2026-11-20", "2026-11-21", "all <b>of</b> it", "the other way round", "old, new", "one, two"):
        assert said in text
    words = {"zh": ("自我评估报告", "什么是denied？", "它是“什么是denied？”的基础。", "主题b", "说反了"),
             "en": ("Self-assessment", "What is denied?", "“What is denied?” builds on it.", "Topic b", "contradicted")}  # fmt: skip
    assert all(word in text for word in words[language])
    assert not tree.all("b")
    assert tree.all("svg")[0].attrs["aria-label"].count("±") == 3


def test_a_topics_way_is_told_from_the_first_to_the_latest(kit):
    corpus = kit.corpus(kit.item("q", level=2))
    scores = (0.0, 20.0, 40.0, 60.0, 80.0, 100.0)
    debriefs = [
        kit.debrief(corpus, [kit.exchange("q", "ccc", s)], started_at=f"2026-11-0{n + 1}T10:00:00+00:00")
        for n, s in enumerate(scores)
    ]
    levels = [f"{estimate([(s, 2)]).level:.1f}" for s in scores]
    few = assessment_markdown(build_assessment(corpus, debriefs[:5], "en", NOW), corpus)
    assert " → ".join(levels[:5]) in few
    many = assessment_markdown(build_assessment(corpus, debriefs, "en", NOW), corpus)
    assert " → ".join([levels[0], "…", *levels[3:]]) in many


@pytest.mark.parametrize("language", ["zh", "en"])
def test_markdown_says_the_same(two, language):
    text = assessment_markdown(build_assessment(two[0], two[1], language, NOW), two[0])
    assert text.startswith({"zh": "# 自我评估报告", "en": "# Self-assessment"}[language])
    assert r"all \<b\>of\</b\> it" in text
    assert text.count("2026-11-21") == 2
    assert "{" not in text and "None" not in text


def test_the_record_fits_its_schema(made):
    record = json.loads(assessment_json(made))
    jsonschema.validate(record, json_schema("assessment"))
    assert record["overall"]["id"] is None
    assert [s["session_id"] for s in record["sittings"]] == ["one", "two"]
    assert record["plan"][0] == {
        "day": "2026-11-20",
        "step": {
            "item_id": "base",
            "question": "What is base?",
            "topic": "a",
            "reason": "prerequisite",
            "because_of": "denied",
            "points": [],
        },
    }


def test_left_out_interviews_are_mentioned(two):
    text = assessment_markdown(build_assessment(two[0], two[1], "en", NOW, unreadable=3), two[0])
    assert "3 more interviews were left out" in text
