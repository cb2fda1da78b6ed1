"""Several processes and threads at one database: one wins, nobody is left with half, and kill -9 loses nothing."""

import signal
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from interviewer.errors import SessionConflict

APPEND = """
import sys
from interviewer.errors import SessionConflict
from interviewer.storage import Store
store = Store(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
try:
    store.append("s1", 0, "answered", {"text": sys.argv[2]})
    print("stored")
except SessionConflict:
    print("conflict")
"""

OPEN = """
import sys
from interviewer.storage import Store
print("ready", flush=True)
sys.stdin.readline()
print(Store(sys.argv[1]).count())
"""

# Each number is told only after `append` has returned; then straight on to the next.
WRITE = """
import sys
from interviewer.storage import Store
store = Store(sys.argv[1])
for seq in range(1_000_000):
    store.append("s1", seq, "answered", {"text": f"第 {seq} 个"}, finished=seq % 2 == 1)
    print(seq, flush=True)
"""


def at_once(processes):
    """What each prints after all have been let go together."""
    for process in processes:
        assert process.stdout.readline() == "ready\n", process.stderr.read()
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    return [process.communicate(timeout=60)[0].strip() for process in processes]


def test_of_two_processes_with_the_same_event_one_stores_it_and_one_is_told(store, url, python):
    store.create("s1", "en", {}, [])
    said = at_once([python(APPEND, url, name) for name in ("one", "two")])
    assert sorted(said) == ["conflict", "stored"]
    (event,) = store.events("s1")
    assert event.payload["text"] == ("one" if said[0] == "stored" else "two")


def test_processes_that_open_a_new_database_at_once_all_find_it_whole(url, python, opened):
    assert at_once([python(OPEN, url) for _ in range(4)]) == ["0"] * 4
    assert opened(url).count() == 0


def test_threads_with_the_same_event_store_it_once(store):
    store.create("s1", "zh", {}, [])
    start = Barrier(8)

    def append(n):
        start.wait()
        try:
            store.append("s1", 0, "answered", {"n": n})
        except SessionConflict:
            return None
        return n

    with ThreadPoolExecutor(8) as pool:
        stored = [n for n in pool.map(append, range(8)) if n is not None]
    assert [e.payload["n"] for e in store.events("s1")] == stored
    assert len(stored) == 1


def test_threads_with_events_of_their_own_all_get_through(store):
    store.create("s1", "en", {}, [])
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda seq: store.append("s1", seq, "answered", {"n": seq}), range(40)))
    assert [(e.seq, e.payload["n"]) for e in store.events("s1")] == [(n, n) for n in range(40)]


@pytest.mark.parametrize("told", [1, 25])
def test_what_append_has_returned_for_survives_a_kill_of_the_writer(store, opened, url, python, told):
    store.create("s1", "zh", {}, [])
    store.close()
    writer = python(WRITE, url)
    for seq in range(told):
        assert writer.stdout.readline() == f"{seq}\n", writer.stderr.read()
    writer.kill()
    rest = writer.stdout.read().split("\n")  # it went on until the signal came
    assert writer.wait(60) == -signal.SIGKILL
    last = max([told - 1, *(int(line) for line in rest[:-1])])
    after = opened(url)
    events = after.events("s1")
    # Every number that was told, in order and whole; at most the one that was stored but not yet told besides.
    assert len(events) - 1 in (last, last + 1)
    assert [(e.seq, e.payload["text"]) for e in events] == [(n, f"第 {n} 个") for n in range(len(events))]
    # The interview's own row is of the same transaction.
    assert after.session("s1").finished == ((len(events) - 1) % 2 == 1)
    assert after.session("s1").updated_at == events[-1].at
    after.append("s1", len(events), "answered", {})
