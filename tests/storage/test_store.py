"""What is stored comes back as it was; what cannot be is one line that says what to do."""

import json
import os
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interviewer.errors import InputError, SessionConflict, StorageError, UnknownSession
from interviewer.storage import SessionRow, Store, StoredEvent

SETUP = {"language": "zh", "topics": ["生成模型"], "questions": 3, "focus": None, "rate": 0.5}
PLAN = ["vae-loss", "gan-losses"]


def begin(store, session_id="s1", language="zh"):
    store.create(session_id, language, SETUP, PLAN)


def times(monkeypatch, *values):
    """The clock says these, in turn."""
    said = iter(values)
    monkeypatch.setattr("interviewer.storage.store._now", lambda: next(said))


# There and back


def test_an_interview_comes_back_as_it_was_begun(store, monkeypatch):
    times(monkeypatch, "2026-11-21T10:00:00.000+00:00")
    begin(store)
    at = "2026-11-21T10:00:00.000+00:00"
    assert store.session("s1") == SessionRow("s1", at, at, "zh", False, SETUP, tuple(PLAN))
    assert store.events("s1") == []
    assert store.count() == 1


def test_events_come_back_in_order_with_what_was_said(store, monkeypatch):
    times(monkeypatch, "t0", "t1", "t2", "t3")
    begin(store)
    said = [{"speaker": "interviewer", "text": "什么是梯度？", "act": "ask"}]
    store.append("s1", 1, "answered", {"text": "A vector. 🙂"}, said)
    store.append("s1", 0, "started", {})
    store.append("s1", 2, "graded", {"grade": {"score": 81.5, "points": []}}, (), finished=True)
    assert store.events("s1") == [
        StoredEvent(0, "t2", "started", {}, ()),
        StoredEvent(1, "t1", "answered", {"text": "A vector. 🙂"}, tuple(said)),
        StoredEvent(2, "t3", "graded", {"grade": {"score": 81.5, "points": []}}, ()),
    ]
    row = store.session("s1")
    assert (row.started_at, row.updated_at, row.finished) == ("t0", "t3", True)


def test_times_are_utc_with_milliseconds(store):
    before = datetime.now(UTC)
    begin(store)
    at = datetime.fromisoformat(store.session("s1").started_at)
    assert at.utcoffset().total_seconds() == 0
    # The stored time is cut to milliseconds, so it may lie that much before.
    assert -0.001 <= (at - before).total_seconds() <= 10


def test_interviews_are_listed_latest_first_and_within_the_limit(store, monkeypatch):
    times(monkeypatch, "2026-01-01", "2026-01-03", "2026-01-02", "2026-01-02", "2026-01-02")
    for name in ("old", "new", "same-b", "same-a", "same-c"):
        begin(store, name)
    assert [r.id for r in store.sessions()] == ["new", "same-a", "same-b", "same-c", "old"]
    assert [r.id for r in store.sessions(2)] == ["new", "same-a"]
    assert store.sessions(0) == []
    assert store.count() == 5


def test_what_was_stored_is_there_after_closing_and_opening(opened, url):
    first = opened(url)
    begin(first)
    first.append("s1", 0, "started", {"text": "梯度"})
    first.close()
    assert opened(url).events("s1")[0].payload == {"text": "梯度"}


def test_a_second_store_sees_at_once_what_the_first_has_stored(opened, url):
    first, second = opened(url), opened(url)
    begin(first)
    assert second.count() == 1
    first.append("s1", 0, "started", {})
    assert len(second.events("s1")) == 1


def test_a_forgotten_interview_is_gone_with_its_events_and_no_other(store, path):
    for name in ("s1", "s2"):
        begin(store, name)
        store.append(name, 0, "started", {})
    store.delete("s1")
    with pytest.raises(UnknownSession):
        store.session("s1")
    assert store.events("s1") == []
    assert [r.id for r in store.sessions()] == ["s2"]
    assert len(store.events("s2")) == 1
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT session_id FROM events").fetchall() == [("s2",)]


def test_a_commit_outlives_a_loss_of_power(store, path):
    # SQLite's own promise: with synchronous=FULL (2) a commit in WAL mode is on the disk when it returns.
    with store._database.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 10_000


JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.text(st.characters(), max_size=9),
        st.floats(allow_nan=False, allow_infinity=False),  # JSON has no others
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=8,
)
RECORDS = st.dictionaries(st.text(max_size=4), JSON, max_size=3)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(payload=RECORDS, said=st.lists(RECORDS, max_size=2))
def test_any_json_comes_back_as_it_was_stored(store, payload, said):
    # NUL, emoji and lone surrogates included: a candidate may type anything.
    if store.count() == 0:
        begin(store)
    seq = len(store.events("s1"))
    store.append("s1", seq, "answered", payload, said)
    assert store.events("s1")[seq].payload == payload
    assert store.events("s1")[seq].said == tuple(said)


@pytest.mark.parametrize(
    "text",
    ["", "梯" * 100_000, "\0", "\ud800", "\u202e\u200b", "'; DROP TABLE events; --", "🙂\r\n\t", "%s %(x)s :y ?"],
    ids=range(8),
)
def test_any_answer_comes_back_as_it_was_given(opened, url, text):
    store = opened(url)
    begin(store)
    store.append("s1", 0, "answered", {"text": text}, [{"text": text}])
    store.close()
    (event,) = opened(url).events("s1")
    assert event.payload["text"] == event.said[0]["text"] == text


# What there is not


def test_an_unknown_interview_is_said_to_be_unknown(store):
    for name in ("none", "", "🙂", "\0", "x" * 100_000, "' OR 1=1 --"):
        with pytest.raises(UnknownSession, match=r"`interviewer report --list` shows what is stored$"):
            store.session(name)
        with pytest.raises(UnknownSession):
            store.append(name, 0, "started", {})
        with pytest.raises(UnknownSession):
            store.delete(name)
        assert store.events(name) == []


def test_an_event_for_an_unknown_interview_leaves_nothing_behind(store, path):
    with pytest.raises(UnknownSession):
        store.append("none", 0, "started", {})
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT count(*) FROM events").fetchone() == (0,)


def test_a_name_that_is_no_text_is_refused_in_one_line(store):
    # As the command line hands over bytes that are not UTF-8.
    for call in (
        lambda: store.session("\udcff"),
        lambda: store.events("\udcff"),
        lambda: store.delete("\udcff"),
        lambda: begin(store, "\udcff"),
        lambda: store.append("\udcff", 0, "started", {}),
    ):
        with pytest.raises(InputError, match=r"^a name with broken characters cannot be stored or looked up$"):
            call()


# Conflicts


def test_the_same_event_twice_is_a_conflict_and_the_first_one_holds(store, monkeypatch):
    times(monkeypatch, "t0", "t1", "t2")
    begin(store)
    store.append("s1", 0, "answered", {"text": "first"})
    with pytest.raises(
        SessionConflict, match=r"^this interview went on elsewhere \(another tab\?\); reload to see it$"
    ):
        store.append("s1", 0, "answered", {"text": "second"}, finished=True)
    assert [e.payload["text"] for e in store.events("s1")] == ["first"]
    # Nothing of the second is left, in the interview's row neither.
    row = store.session("s1")
    assert (row.updated_at, row.finished) == ("t1", False)
    # And the interview goes on.
    monkeypatch.undo()
    store.append("s1", 1, "answered", {"text": "third"})


def test_the_same_number_in_two_interviews_is_no_conflict(store):
    for name in ("s1", "s2"):
        begin(store, name)
        store.append(name, 0, "started", {})
    assert len(store.events("s1")) == len(store.events("s2")) == 1


def test_the_same_interview_begun_twice_is_a_conflict(store):
    begin(store, language="zh")
    with pytest.raises(SessionConflict, match=r"^there is an interview 's1' already$"):
        begin(store, language="en")
    assert store.session("s1").language == "zh"


# Databases that cannot be used


@pytest.mark.parametrize("content", [b"this is not a database, " * 50, b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_file_that_is_no_database_is_said_to_be_damaged_and_left_alone(url, path, content):
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(StorageError, match=r" is damaged \(.*move the file aside") as caught:
        Store(url)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == content


def test_a_database_with_a_page_overwritten_is_said_to_be_damaged(opened, url, path):
    store = opened(url)
    begin(store)
    for seq in range(50):
        store.append("s1", seq, "answered", {"text": "x" * 2000})
    store.close()
    size = path.stat().st_size
    # The head of the file and the first page stay, so that it opens; all else is overwritten.
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (size - 4096))
    with pytest.raises(StorageError, match="is damaged"):
        opened(url).events("s1")


@pytest.mark.parametrize(("column", "read"), [("payload", "events"), ("said", "events")])
def test_a_broken_record_is_said_to_be_damage(store, path, column, read):
    begin(store)
    store.append("s1", 0, "answered", {"text": "x"})
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f"UPDATE events SET {column} = '{{broken'")
    with pytest.raises(StorageError, match="is damaged"):
        getattr(store, read)("s1")
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE sessions SET plan = '['")
    for call in (lambda: store.session("s1"), store.sessions):
        with pytest.raises(StorageError, match="is damaged"):
            call()


def test_a_value_that_cannot_be_stored_is_no_damage(store):
    with pytest.raises(StorageError, match=r" failed: Object of type object is not JSON serializable$"):
        store.create("s1", "en", {"a": object()}, [])
    with pytest.raises(StorageError, match=" failed: ") as caught:
        store.create(object(), "en", {}, [])
    assert "\n" not in str(caught.value)
    assert "damaged" not in str(caught.value)
    assert store.count() == 0


@pytest.mark.usefixtures("impatient")
def test_a_locked_database_can_be_read_and_says_who_is_in_the_way_of_writing(opened, url, path):
    begin(opened(url))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        store = opened(url)
        assert store.count() == 1
        with pytest.raises(StorageError, match=r"is locked by another process; close it, or try again in a moment$"):
            store.append("s1", 0, "started", {})
        other.execute("ROLLBACK")
        store.append("s1", 0, "started", {})
    assert len(store.events("s1")) == 1


@pytest.mark.usefixtures("impatient")
def test_a_database_that_is_locked_altogether_is_not_opened(url, path):
    path.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("CREATE TABLE t (x)")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StorageError, match="is locked by another process"):
            Store(url)


def test_a_database_opened_for_reading_only_can_be_read(opened, url, path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    begin(opened(url))
    before = sorted(tmp_path.iterdir())
    store = opened(f"sqlite:///file:{path.as_posix().replace('%', '%25')}?mode=ro&uri=true")
    assert store.count() == 1
    with pytest.raises(
        StorageError, match=r"cannot be written \(attempt to write a readonly database\); check the fol"
    ):
        store.append("s1", 0, "started", {})
    # A URI is no path: no folder is made after its first part.
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.skipif(getattr(os, "geteuid", int)() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_named_with_what_to_do(tmp_path):
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with pytest.raises(StorageError, match=r"cannot be made \(Permission denied: .*set INTERVIEWER_DATA_DIR"):
            Store(f"sqlite:///{tmp_path}/new/interviewer.db")
        with pytest.raises(StorageError, match=r"cannot be written \(.*set INTERVIEWER_DATA_DIR"):
            Store(f"sqlite:///{tmp_path}/interviewer.db")
    finally:
        tmp_path.chmod(stat.S_IRWXU)


def test_a_folder_that_cannot_be_made_is_named_with_what_to_do(tmp_path):
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(StorageError, match=r"^the data folder cannot be made \(.*file.*\); set INTERVIEWER_DATA_DIR"):
        Store(f"sqlite:///{tmp_path}/file/deeper/interviewer.db")


def test_a_folder_in_the_place_of_the_database_is_said_to_be_in_the_way(url, path):
    path.mkdir(parents=True)
    with pytest.raises(StorageError, match=r"cannot be written \(unable to open database file\)"):
        Store(url)


def test_a_full_disk_is_said_to_be_full(store, path):
    # The limit on pages makes SQLite meet the same error as at the end of the disk.
    begin(store)
    with store._database.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 10")
    with pytest.raises(StorageError, match=r"^the disk that holds .* is full; free some space and try again$"):
        store.append("s1", 0, "answered", {"text": "x" * 100_000})
    assert store.events("s1") == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "no url",
        "sqlite://host/name",
        "no-such-database://x",
        "postgresql://user:SECRET@host:port/name",
        "sqlite:///a\0b",
        "postgresql+nodriver://user:SECRET@host/name",
    ],
)
def test_a_url_that_cannot_be_used_is_refused_in_one_line_without_its_password(url):
    with pytest.raises(InputError, match=r"^INTERVIEWER_DATABASE_URL cannot be used: .") as caught:
        Store(url)
    assert "\n" not in str(caught.value)
    assert "SECRET" not in str(caught.value)


def test_a_name_too_long_for_a_file_is_an_error_of_ours(tmp_path):
    with pytest.raises(StorageError, match="cannot be written"):
        Store(f"sqlite:///{tmp_path}/{'x' * 300}.db")


def test_the_records_are_json_that_any_tool_can_read(store, path):
    begin(store)
    store.append("s1", 0, "answered", {"text": "梯度"}, [{"text": "好"}])
    with closing(sqlite3.connect(path)) as database:
        ((payload, said),) = database.execute("SELECT payload, said FROM events").fetchall()
    assert (json.loads(payload), json.loads(said)) == ({"text": "梯度"}, [{"text": "好"}])
