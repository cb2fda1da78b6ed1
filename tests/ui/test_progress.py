"""Interviews over time, side by side, and as files."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from interviewer.interview import Setup
from interviewer.storage import StoredEvent
from interviewer.ui import clock, progress


def played(engine, topic="rnn", answer="Weights are shared across positions, and the state is carried along."):
    view = engine.start(Setup(language="en", questions=1, topics=(topic,)))
    engine.say(view.session_id, answer)
    engine.submit(view.session_id, "stop")
    return view.session_id


def test_progress_needs_two_interviews(page, engine):
    tab = page._history
    played(engine)
    assert "Once two interviews" in tab.listed("en")[tab.progress]
    played(engine, "rag")
    played(engine)
    shown = tab.listed("en")[tab.progress]
    rows = shown.split("<tr>")[2:]
    assert ["Overall" in rows[0], len(rows)] == [True, 3]
    assert "<td>3</td>" in rows[0]  # how often
    assert shown.count("<circle") == 3 + 2 + 1
    assert "总分" in tab.listed("zh")[tab.progress]


def test_results_come_earliest_first_and_without_what_has_no_score(engine):
    first, second = played(engine), played(engine)
    engine.start(Setup(language="en", questions=1))
    assert [r.session for r in progress.results(engine)] == [first, second]


def test_two_interviews_side_by_side(page, engine):
    one, other = played(engine), played(engine, "rag")
    tab = page._history
    offered = tab.chosen(one, "en")[tab.other]
    assert [value for _, value in offered["choices"]] == ["", other]
    shown = tab.laid_beside(one, other, "en")[tab.compared]
    assert shown.count("<th scope='row'>") == 3  # overall, and a topic of each
    assert tab.laid_beside(one, "", "en")[tab.compared] == ""
    empty = engine.start(Setup(language="en", questions=1)).session_id
    assert "no score" in tab.laid_beside(one, empty, "en")[tab.compared]


@pytest.mark.parametrize(
    ("before", "after", "said"), [(40, 52.4, "+12"), (52, 40, "−12"), (40, 40.2, "0"), (40, 39.8, "0")]
)
def test_a_change_carries_its_sign(before, after, said):
    assert progress._change(before, after) == said


def test_everything_can_be_taken_away(page, engine, tmp_path, monkeypatch):
    tab = page._history
    monkeypatch.setattr(tab.list, "GRADIO_CACHE", str(tmp_path))
    assert "nothing to export" in tab.exported("en")[tab.packed]
    session = played(engine, answer="<b>Weights</b> are shared.")
    engine.start(Setup(language="zh", questions=1))
    shown = tab.exported("en")
    assert "2 interviews" in shown[tab.packed]
    with zipfile.ZipFile(Path(shown[tab.file]["value"])) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert len(names) == 6
        raw = json.loads(archive.read(next(n for n in names if session in n and n.endswith("events.json"))))
    assert [event["kind"] for event in raw["events"]][:3] == ["started", "answered", "graded"]


def events(*seconds):
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    return [
        StoredEvent(n, (begun + timedelta(seconds=s)).isoformat(), "answered", {}, ()) for n, s in enumerate(seconds)
    ]


def test_the_clock_counts_what_was_spent_and_not_the_nights_between():
    # 30 + 60 s; then a day away counts as ten minutes, then 5 s more
    assert clock.spent(events(0, 30, 90, 86_490, 86_495)) == 30 + 60 + 600 + 5
    assert clock.spent(events(0, 30), datetime(2026, 1, 1, 0, 1, tzinfo=UTC)) == 60
    assert clock.spent([]) == 0


def test_the_time_as_people_read_it():
    assert [clock.shown(s) for s in (0, 65, 3725)] == ["0:00", "1:05", "1:02:05"]
