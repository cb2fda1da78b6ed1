"""A store of its own for every test, and processes beside it.

Tests that ask for no `path` say nothing about a file: they run on SQLite and on PostgreSQL.
"""

import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from interviewer.storage import Store

# The schema as revision 0001 left it, written out: this text never changes, whatever later revisions do.
OLDEST = """
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
CREATE TABLE sessions (
    id VARCHAR(32) NOT NULL, started_at VARCHAR(32) NOT NULL, updated_at VARCHAR(32) NOT NULL,
    language VARCHAR(2) NOT NULL, finished BOOLEAN NOT NULL, setup JSON NOT NULL, "plan" JSON NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX ix_sessions_started_at ON sessions (started_at);
CREATE TABLE events (
    session_id VARCHAR(32) NOT NULL, seq INTEGER NOT NULL, at VARCHAR(32) NOT NULL, kind VARCHAR(16) NOT NULL,
    payload JSON NOT NULL, said JSON NOT NULL,
    PRIMARY KEY (session_id, seq), FOREIGN KEY(session_id) REFERENCES sessions (id) ON DELETE CASCADE
);
INSERT INTO alembic_version VALUES ('0001');
INSERT INTO sessions VALUES ('old', '2026-01-01T00:00:00.000+00:00', '2026-01-01T00:01:00.000+00:00', 'zh', 1,
    '{"language": "zh", "topics": []}', '["vae-loss"]');
INSERT INTO events VALUES ('old', 0, '2026-01-01T00:00:00.000+00:00', 'started', '{"text": ""}', '[{"text": "你好"}]');
INSERT INTO events VALUES ('old', 1, '2026-01-01T00:01:00.000+00:00', 'answered', '{"text": "梯度"}', '[]');
"""


def pytest_generate_tests(metafunc):
    if "backend" in metafunc.fixturenames:
        of_a_file = {"path", "oldest", "impatient"} & set(metafunc.fixturenames)
        metafunc.parametrize("backend", ["sqlite"] if of_a_file else ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def backend(request):
    return request.param


@pytest.fixture
def path(tmp_path):
    return tmp_path / "资料 %d" / "interviewer.db"


@pytest.fixture
def url(backend, request):
    if backend == "postgresql":
        return request.getfixturevalue("new_postgres")()
    return f"sqlite:///{request.getfixturevalue('path')}"


@pytest.fixture
def opened():
    """Open a store that is closed when the test ends."""
    stores = []

    def opened(url, *owner):
        stores.append(Store(url, *owner))
        return stores[-1]

    yield opened
    for store in stores:
        store.close()


@pytest.fixture
def store(opened, url):
    return opened(url)


@pytest.fixture
def impatient(monkeypatch):
    """What is locked is given up at once."""
    monkeypatch.setattr("interviewer.storage.store._BUSY_SECONDS", 0)


@pytest.fixture
def python():
    """Run code in a process of its own; it is told to go on by a line, and ended with the test."""
    running = []

    def python(code, *arguments):
        process = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield python
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def oldest(path):
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as database:
        database.executescript(OLDEST)
    return path
