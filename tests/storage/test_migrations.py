"""The schema: made from nothing, brought up from the oldest, and refused politely where it is newer than us."""

import json
import os
import sqlite3
from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

import interviewer.storage
from interviewer.errors import StorageError
from interviewer.schema import Review
from interviewer.storage import Notebook, SessionRow, Store, StoredEvent
from interviewer.storage.tables import Base


def columns(path):
    """Every table with its columns: name, type, not null, place in the primary key."""
    with closing(sqlite3.connect(path)) as database:
        tables = [n for (n,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        return {t: [(c[1], c[2], c[3], c[5]) for c in database.execute(f"PRAGMA table_info({t})")] for t in tables}


EXPECTED = {
    "alembic_version": [("version_num", "VARCHAR(32)", 1, 1)],
    "corrections": [
        ("session_id", "VARCHAR(32)", 1, 1),
        ("item_id", "VARCHAR(200)", 1, 2),
        ("point_id", "VARCHAR(200)", 1, 3),
        ("at", "VARCHAR(32)", 1, 0),
        ("was", "VARCHAR(16)", 1, 0),
        ("should_be", "VARCHAR(16)", 1, 0),
        ("note", "TEXT", 1, 0),
    ],
    "events": [
        ("session_id", "VARCHAR(32)", 1, 1),
        ("seq", "INTEGER", 1, 2),
        ("at", "VARCHAR(32)", 1, 0),
        ("kind", "VARCHAR(16)", 1, 0),
        ("payload", "JSON", 1, 0),
        ("said", "JSON", 1, 0),
    ],
    "keys": [
        ("id", "VARCHAR(16)", 1, 1),
        ("owner", "VARCHAR(64)", 1, 0),
        ("hash", "VARCHAR(64)", 1, 0),
        ("created_at", "VARCHAR(32)", 1, 0),
        ("expires_at", "VARCHAR(32)", 1, 0),
        ("opened_with", "VARCHAR(16)", 1, 0),
    ],
    "reviews": [
        ("id", "INTEGER", 1, 1),
        ("owner", "VARCHAR(64)", 1, 0),
        ("session_id", "VARCHAR(32)", 0, 0),
        ("item_id", "VARCHAR(200)", 1, 0),
        ("at", "VARCHAR(32)", 1, 0),
        ("score", "FLOAT", 1, 0),
    ],
    "sessions": [
        ("id", "VARCHAR(32)", 1, 1),
        ("started_at", "VARCHAR(32)", 1, 0),
        ("updated_at", "VARCHAR(32)", 1, 0),
        ("language", "VARCHAR(2)", 1, 0),
        ("finished", "BOOLEAN", 1, 0),
        ("setup", "JSON", 1, 0),
        ("plan", "JSON", 1, 0),
        ("owner", "VARCHAR(64)", 1, 0),
    ],
}


def test_a_new_database_has_exactly_these_columns(store, path):
    assert columns(path) == EXPECTED


def test_the_oldest_database_comes_to_the_same_columns(opened, url, oldest):
    opened(url).close()
    assert columns(oldest) == EXPECTED


def test_what_the_oldest_database_held_is_still_there_and_can_be_gone_on_with(opened, url, oldest):
    store = opened(url)
    assert store.session("old") == SessionRow(
        "old", "2026-01-01T00:00:00.000+00:00", "2026-01-01T00:01:00.000+00:00", "zh", True,
        {"language": "zh", "topics": []}, ("vae-loss",),
    )  # fmt: skip
    assert store.events("old") == [
        StoredEvent(0, "2026-01-01T00:00:00.000+00:00", "started", {"text": ""}, ({"text": "你好"},)),
        StoredEvent(1, "2026-01-01T00:01:00.000+00:00", "answered", {"text": "梯度"}, ()),
    ]
    store.append("old", 2, "graded", {})
    assert len(store.events("old")) == 3


def test_grades_that_were_stored_before_reviews_were_become_reviews(opened, url, oldest):
    def graded(seq, grade):
        payload = json.dumps({"text": "", "grade": grade})
        at = f"2026-01-01T00:0{seq}:00.000+00:00"
        return ("old", seq, at, "graded", payload, "[]")

    rows = [
        graded(2, {"item_id": "vae-loss", "score": 40.0}),
        graded(4, {"item_id": "vae-loss", "score": 61.5}),
        graded(6, {"item_id": "gan-losses", "score": None}),
        graded(7, {"item_id": "gan-losses"}),
        graded(8, None),
    ]
    with closing(sqlite3.connect(oldest)) as database, database:
        database.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", rows)
    reviews = Notebook(opened(url)).reviews()
    assert reviews == [Review("vae-loss", "2026-01-01T00:04:00.000+00:00", 61.5, "old")]


def test_the_migrations_lead_to_the_tables_that_the_program_uses(store, url):
    # A change to tables.py without a migration fails here.
    database = create_engine(url)
    with database.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    database.dispose()


def test_there_is_one_line_of_migrations_from_0001_to_the_present():
    folder = os.path.join(os.path.dirname(interviewer.storage.__file__), "migrations")
    revisions = list(ScriptDirectory(folder).walk_revisions())
    assert revisions[-1].revision == "0001"
    assert revisions[-1].down_revision is None
    assert len(ScriptDirectory(folder).get_heads()) == 1


def test_opening_again_changes_nothing(opened, url, path):
    opened(url).close()
    before = path.read_bytes()
    opened(url).close()
    assert path.read_bytes() == before


def test_a_newer_schema_is_refused_politely_and_left_alone(url, oldest):
    with closing(sqlite3.connect(oldest)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.execute("ALTER TABLE sessions ADD COLUMN mood TEXT")
    before = columns(oldest)
    with pytest.raises(StorageError) as caught:
        Store(url)
    assert str(caught.value) == (
        "the database is of a newer version of this program (schema 9999); update it: `pip install -U interviewer`"
    )
    assert columns(oldest) == before


def test_a_database_with_two_schemas_at_once_is_an_error_of_ours(url, oldest):
    with closing(sqlite3.connect(oldest)) as database, database:
        database.execute("INSERT INTO alembic_version VALUES ('0002')")
    with pytest.raises(StorageError, match=" failed: Version table 'alembic_version' has more than one head"):
        Store(url)


def test_the_database_of_another_program_is_not_taken_over(url, path):
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as database:
        database.executescript(
            "CREATE TABLE sessions (id INTEGER, name TEXT); INSERT INTO sessions VALUES (1, 'theirs')"
        )
    before = columns(path)
    with pytest.raises(StorageError, match=r" failed: table sessions already exists$"):
        Store(url)
    assert columns(path) == before


# The end of the process in the midst of making the schema, right after the first table.
END_HALF_WAY = """
import os, sys
from sqlalchemy import Engine, event
from interviewer.storage import Store

@event.listens_for(Engine, "after_cursor_execute")
def end(connection, cursor, statement, *rest):
    if "CREATE TABLE sessions" in statement:
        os._exit(9)

Store(sys.argv[1])
"""


def test_an_end_in_the_midst_of_a_migration_leaves_nothing_half_done(opened, url, path, python):
    path.parent.mkdir()
    assert python(END_HALF_WAY, url).wait(60) == 9
    assert columns(path) == {}
    store = opened(url)
    store.create("s1", "en", {}, [])
    assert columns(path) == EXPECTED
