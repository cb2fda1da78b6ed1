"""A store of its own for every test, and processes beside it."""

import subprocess
import sys

import pytest

from interviewer.storage import Store


@pytest.fixture
def path(tmp_path):
    return tmp_path / "资料 %d" / "interviewer.db"


@pytest.fixture
def url(path):
    return f"sqlite:///{path}"


@pytest.fixture
def opened():
    """Open a store that is closed when the test ends."""
    stores = []

    def opened(url):
        stores.append(Store(url))
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
