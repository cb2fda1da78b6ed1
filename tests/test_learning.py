"""What the engine keeps beside interviews: the review queue, disagreement, history; and that a report can be verified.

A corpus of four questions, the small encoder, the real grader, a clock that the test moves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from interviewer.engine import MAX_NOTE, Engine, View
from interviewer.errors import InputError, UnknownSession
from interviewer.grading.labelled import read_labelled
from interviewer.interview import Setup
from interviewer.report import write, write_assessment
from interviewer.settings import load_settings

ITEM = """
  - id: {id}
    status: draft
    level: {level}
    requires: [{requires}]
    question: {{zh: 什么是{zh}？, en: What is {en}?}}
    key_points:
      - id: first
        text: {{zh: {zh}的第一层含义是把输入逐层相乘, en: "{en} multiplies the inputs layer by layer"}}
      - id: second
        text: {{zh: 它的代价是参数变得很多, en: its price is a large number of parameters}}
    answer:
      zh: {zh}的第一层含义是把输入逐层相乘。它的代价是参数变得很多。
      en: "{en} multiplies the inputs layer by layer. Its price is a large number of parameters."
"""
WORDS = (("alpha", "阿尔法网络"), ("beta", "贝塔变换"), ("gamma", "伽马机制"), ("delta", "德尔塔法则"))


def corpus_text(title: str = "T") -> str:
    items = (
        ITEM.format(id=en, en=f"{en} net", zh=zh, level=n + 1, requires=WORDS[n - 1][0] if n else "")
        for n, (en, zh) in enumerate(WORDS)
    )
    return f"topic: tiny\ntitle: {{zh: 主题, en: {title}}}\nitems:{''.join(items)}"


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 3, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "corpus"
    made.mkdir()
    (made / "tiny.yaml").write_text(corpus_text(), encoding="utf-8")
    return made


@pytest.fixture
def made(folder: Path, data_dir: Path, encoder: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr("interviewer.engine.shipped_folder", lambda: folder)
    engines = []

    def make() -> Engine:
        engines.append(Engine(load_settings(data_dir=data_dir), encoder=encoder, seed=1, clock=clock))
        return engines[-1]

    yield make
    for engine in engines:
        if "store" in engine.__dict__:
            engine.store.close()


@pytest.fixture
def small(made: Any) -> Engine:
    engine: Engine = made()
    return engine


def interview(engine: Engine, language: str = "en", questions: int = 2) -> View:
    """The first question is answered in full, others are skipped."""
    view = engine.start(Setup(language=language, questions=questions, level=1))  # type: ignore[arg-type]
    first = view.state.exchange.item_id
    while not view.finished:
        item_id = view.state.exchange.item_id
        answer = engine.corpus.item(item_id).answer.get(language)  # type: ignore[arg-type]
        view = engine.say(view.session_id, answer if item_id == first else "skip")
    return view


# The review queue


def test_every_question_left_behind_is_a_review(small: Engine) -> None:
    view = small.start(Setup(language="en", questions=3, level=1))
    assert small.notebook.reviews() == []
    (one,) = view.state.plan  # the others are chosen when they are due
    view = small.say(view.session_id, small.corpus.item(one).answer.en)
    assert [r.item_id for r in small.notebook.reviews()] == [one]
    two = view.state.exchange.item_id
    view = small.say(view.session_id, "skip")
    view = small.say(view.session_id, "stop")
    reviews = small.notebook.reviews()
    assert [(r.item_id, r.session_id) for r in reviews] == [(one, view.session_id), (two, view.session_id)]
    assert reviews[0].score == view.state.exchanges[0].grade.score  # type: ignore[union-attr]
    assert reviews[1].score == 0.0
    assert reviews[0].at == "2026-11-03T12:00:00.000+00:00"


def test_a_follow_up_belongs_to_the_same_review(small: Engine, folder: Path, made: Any) -> None:
    probed = corpus_text().replace(
        "      - id: second\n", "      - id: second\n        probe: {zh: 代价呢？, en: And its price?}\n"
    )
    (folder / "tiny.yaml").write_text(probed, encoding="utf-8")
    engine = made()
    view = engine.start(Setup(language="en", questions=1, level=1))
    item = engine.corpus.item(view.state.plan[0])
    view = engine.say(view.session_id, item.key_points[0].text.en)
    assert view.said[0].act == "probe"
    assert engine.notebook.reviews() == []
    engine.say(view.session_id, item.key_points[1].text.en)
    assert len(engine.notebook.reviews()) == 1


def test_practice_is_reviewed_and_its_answer_is_not_stored(small: Engine, data_dir: Path) -> None:
    grade = small.practise("alpha", "something about xylophones", "en")
    (review,) = small.notebook.reviews()
    assert (review.item_id, review.score, review.session_id) == ("alpha", grade.score, "")
    small.store.close()
    assert b"xylophones" not in b"".join(p.read_bytes() for p in data_dir.glob("interviewer.db*"))


def test_the_queue_follows_the_clock(small: Engine, clock: Clock) -> None:
    small.practise("alpha", "no idea", "en")
    assert not small.review_queue().due
    clock.now += timedelta(days=1)
    queue = small.review_queue()
    assert [c.item_id for c in queue.due] == ["alpha"]
    assert queue.streak == 1
    small.practise("alpha", small.corpus.item("alpha").answer.en, "en")
    assert not small.review_queue().due
    assert small.review_queue().streak == 2


def test_what_the_corpus_no_longer_has_is_not_due(small: Engine, folder: Path, made: Any, clock: Clock) -> None:
    small.practise("delta", "no idea", "en")
    (folder / "tiny.yaml").write_text(corpus_text().partition("  - id: delta")[0], encoding="utf-8")
    clock.now += timedelta(days=30)
    assert made().review_queue().cards == ()


# Disagreement


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_corrected_answer_is_a_line_that_the_fit_can_read(small: Engine, tmp_path: Path, language: str) -> None:
    view = interview(small, language)
    exchange = view.state.exchanges[0]
    assert exchange.grade is not None
    assert exchange.grade.ids("covered") == ("first", "second")
    correction = small.disagree(view.session_id, exchange.item_id, "second", "partial", "半对 / half")
    assert correction is not None
    assert (correction.was, correction.should_be, correction.at) == (
        "covered",
        "partial",
        "2026-11-03T12:00:00.000+00:00",
    )
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(f"{line}\n" for line in small.corrected_answers()), encoding="utf-8")
    (answer,) = read_labelled(path, small.corpus.items)
    assert (answer.item, answer.lang, answer.kind, answer.text) == (
        exchange.item_id,
        language,
        "corrected",
        exchange.joined,
    )
    assert answer.points == {"first": "covered", "second": "partial"}
    assert answer.score == 75.0  # (1 + 0.5) / 2
    assert answer.note == "半对 / half"


def test_agreeing_again_withdraws_it(small: Engine) -> None:
    view = interview(small)
    item_id = view.state.exchanges[0].item_id
    small.disagree(view.session_id, item_id, "first", "missing")
    assert small.disagree(view.session_id, item_id, "first", "covered") is None
    assert small.corrected_answers() == []


def test_only_a_verdict_that_there_is_can_be_disagreed_with(small: Engine) -> None:
    view = interview(small)
    asked, skipped = (e.item_id for e in view.state.exchanges)
    for session, item, point, verdict, note, complaint in (
        ("none", asked, "first", "missing", "", "no interview 'none'"),
        (view.session_id, "nothing", "first", "missing", "", "did not ask 'nothing'"),
        (view.session_id, asked, "third", "missing", "", "has no verdict on"),
        (view.session_id, skipped, "first", "missing", "", "has no verdict on"),
        (view.session_id, asked, "first", "brilliant", "", "choose covered, partial, missing, contradicted"),
        (view.session_id, asked, "first", "missing", "x" * (MAX_NOTE + 1), "at most 2,000"),
    ):
        with pytest.raises(InputError, match=complaint):
            small.disagree(session, item, point, verdict, note)
    assert small.corrected_answers() == []


def test_deleting_an_interview_takes_its_reviews_and_corrections_along(small: Engine) -> None:
    view = interview(small)
    small.disagree(view.session_id, view.state.exchanges[0].item_id, "first", "missing")
    small.delete(view.session_id)
    assert small.notebook.reviews() == []
    assert small.corrected_answers() == []


# History


def test_history_is_oldest_first_and_leaves_out_what_was_never_answered(small: Engine) -> None:
    assert small.history().sittings == ()
    first = interview(small)
    small.start(Setup(language="en", questions=1))
    second = interview(small, "zh", 4)
    history = small.history()
    assert {s.session_id for s in history.sittings} == {first.session_id, second.session_id}
    assert history.unreadable == 0
    change = small.compare(first.session_id, second.session_id)
    assert {i.item.id for i in change.items} == set(first.state.plan)
    with pytest.raises(UnknownSession):
        small.compare(first.session_id, "none")


def test_an_interview_that_the_corpus_outgrew_is_counted_and_left_out(small: Engine, folder: Path, made: Any) -> None:
    interview(small, questions=4)
    (folder / "tiny.yaml").write_text(corpus_text().partition("  - id: delta")[0], encoding="utf-8")
    history = made().history()
    assert (history.sittings, history.unreadable) == ((), 1)


def test_nothing_answered_is_nothing_to_assess(small: Engine) -> None:
    with pytest.raises(InputError, match="no answers to assess yet"):
        small.assessment()


# Verification


@pytest.fixture
def report(small: Engine, tmp_path: Path) -> Path:
    path = tmp_path / "report.json"
    write(small.debrief(interview(small, questions=3).session_id), small.corpus, path)
    return path


def changed(path: Path, change: Any) -> Path:
    record = json.loads(path.read_text(encoding="utf-8"))
    change(record)
    path.write_text(json.dumps(record), encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", ["json", "html"])
def test_a_report_gives_the_same_numbers_again_without_its_interview(small: Engine, tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"report.{kind}"
    session = interview(small).session_id
    write(small.debrief(session), small.corpus, path)
    small.delete(session)
    found = small.verify(path)
    assert (found.answers, found.stamps, found.numbers) == (1, (), ())


def test_the_stamp_says_what_made_the_numbers(small: Engine, report: Path) -> None:
    stamp = json.loads(report.read_text(encoding="utf-8"))["stamp"]
    assert stamp["corpus"] == small.corpus.hash[:12]
    assert "/".join((stamp["grader"], stamp["calibration"], stamp["encoder"])) == small.grader.version


def test_a_changed_number_is_named(small: Engine, report: Path) -> None:
    def improve(record: Any) -> None:
        record["questions"][0]["grade"]["score"] = 1.5
        record["score"] = 99.0

    numbers = [str(d) for d in small.verify(changed(report, improve)).numbers]
    assert len(numbers) == 2
    assert numbers[0].startswith("overall score: 99.0 in the report, ")
    assert numbers[1].startswith("question 1, score: 1.5 in the report, ")


def test_a_changed_answer_gives_other_numbers(small: Engine, report: Path) -> None:
    def forget(record: Any) -> None:
        record["questions"][0]["answers"] = ["I have no idea."]

    whats = {d.what for d in small.verify(changed(report, forget)).numbers}
    assert {"overall score", "question 1, score", "question 1, verdict", "question 1, first"} <= whats


def test_a_changed_corpus_is_named_and_so_is_a_question_that_is_gone(
    small: Engine, report: Path, folder: Path, made: Any
) -> None:
    (folder / "tiny.yaml").write_text(corpus_text("Another title"), encoding="utf-8")
    found = made().verify(report)
    assert [d.what for d in found.stamps] == ["corpus"]
    assert found.numbers == ()  # a title changes no grade
    (folder / "tiny.yaml").write_text(corpus_text().partition("  - id: delta")[0], encoding="utf-8")
    changed(report, lambda record: record["questions"][2].update(item_id="delta"))
    assert any(
        str(d) == "question 3: delta in the report, not in the corpus now" for d in made().verify(report).numbers
    )


def test_a_self_assessment_is_verified_against_the_stored_interviews(small: Engine, tmp_path: Path) -> None:
    path = tmp_path / "self.html"
    interview(small)
    session = interview(small, "zh").session_id
    write_assessment(small.assessment("en"), small.corpus, path)
    found = small.verify(path)
    assert (found.answers, found.stamps, found.numbers) == (2, (), ())
    nonsense = tmp_path / "self.json"
    write_assessment(small.assessment("en"), small.corpus, nonsense)
    with pytest.raises(InputError, match="as_of is 'tomorrow'"):
        small.verify(changed(nonsense, lambda record: record.update(as_of="tomorrow")))
    small.delete(session)
    whats = [d.what for d in small.verify(path).numbers]
    assert f"interview {session}" in whats
