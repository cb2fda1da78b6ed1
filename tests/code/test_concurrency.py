"""Results are the same in every way; what overlaps, what does not, and what the GIL does not protect.

No test here compares two durations: on a busy machine such a comparison proves nothing.
"""

import os
import pickle
import re
import threading
import time
from collections.abc import Callable

import concurrency
import pytest


@pytest.mark.parametrize(("limit", "count"), [(0, 0), (2, 0), (3, 1), (100, 25), (1000, 168)])
def test_primes_against_known_counts(limit: int, count: int) -> None:
    assert concurrency.count_primes(limit) == count


@pytest.mark.parametrize("way", ["one after the other", "threads", "processes"])
def test_results_come_in_order_whatever_the_way(way: concurrency.Way) -> None:
    jobs = concurrency.run(way, concurrency.count_primes, [100, 10, 1000])
    assert [job.result for job in jobs] == [25, 4, 168]
    assert all(job.start <= job.end and job.cpu >= 0 for job in jobs)
    processes = {job.process for job in jobs}
    if way == "processes":
        assert len(processes) == 3
        assert os.getpid() not in processes
    else:
        assert processes == {os.getpid()}


def test_waiting_threads_wait_together() -> None:
    # Nobody passes the barrier before all four wait at it: one after the other would never end.
    barrier = threading.Barrier(4)
    jobs = concurrency.in_threads(lambda _: barrier.wait(timeout=60), [None] * 4)
    assert sorted(job.result for job in jobs) == [0, 1, 2, 3]
    alone = threading.Barrier(4)
    with pytest.raises(threading.BrokenBarrierError):
        concurrency.run("one after the other", lambda _: alone.wait(timeout=0.05), [None] * 4)


def test_threads_of_pure_python_use_one_core_at_most() -> None:
    jobs = concurrency.in_threads(concurrency.count_primes, [20_000] * 3)
    assert concurrency.cores_used(jobs) > 0
    if concurrency.gil_enabled():
        assert concurrency.cores_used(jobs) < 1.2  # however many cores are free


def test_waiting_uses_no_core() -> None:
    (job,) = concurrency.run("one after the other", concurrency.wait, [0.2])
    assert job.end - job.start >= 0.19
    assert job.cpu < 0.1


def test_measures_by_hand() -> None:
    jobs = [concurrency.Job(None, 1, 10.0, 12.0, 1.5), concurrency.Job(None, 2, 11.0, 14.0, 2.5)]
    assert concurrency.elapsed(jobs) == 4
    assert concurrency.cores_used(jobs) == 1


def test_what_a_process_runs_must_be_importable() -> None:
    with pytest.raises((AttributeError, pickle.PicklingError)):
        concurrency.in_processes(lambda x: x, [1])


def test_an_update_is_lost_without_a_lock_and_kept_with_one() -> None:
    counter = concurrency.Counter()
    concurrency.count_up(counter.add, threading.Barrier(5).wait, threads=5)  # all read 0, then all write 1
    assert counter.value == 1
    counter = concurrency.Counter()
    concurrency.count_up(counter.add_locked, lambda: time.sleep(0.005), threads=5)
    assert counter.value == 5


def test_illegal_input_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to run"):
        concurrency.run("threads", concurrency.wait, [])
    with pytest.raises(ValueError, match="unknown way"):
        concurrency.run("fibres", concurrency.wait, [0.0])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="limit"):
        concurrency.count_primes(-1)


@pytest.mark.slow
def test_main_shows_the_lock(run_script: Callable[[str], str]) -> None:
    printed = run_script("concurrency.py")
    computing, waiting = printed.split("waiting, 4 jobs:")
    threads = re.search(r"threads .* cores at work ([\d.]+), processes 1,", computing)
    assert threads is not None
    if "GIL: True" in printed:
        assert float(threads.group(1)) < 1.2
    assert re.search(r"processes  .* processes 4,", computing)
    seconds = {
        way: float(s) for way, s in re.findall(r"^  (one after the other|threads) +([\d.]+) s", waiting, re.MULTILINE)
    }
    assert seconds["one after the other"] >= 2  # four times half a second
    assert "between read and write: 1\n" in printed
    assert "under a lock: 2" in printed
