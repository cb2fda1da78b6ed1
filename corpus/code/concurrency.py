"""Threads and processes in Python: what the global interpreter lock (GIL) allows.

What: in standard CPython one thread at a time executes Python bytecode; the lock is given up while
a thread waits (for a disk, a socket, time.sleep) and inside much C code (NumPy, PyTorch). So

    computing in pure Python   threads take turns: no faster than one; processes really run at once,
                               each with its own interpreter, memory and lock
    waiting                    threads are enough: all of them wait at the same time

Processes cost more: they take long to start, share no memory, and what goes in or out is pickled.
This is why a DataLoader that decodes and augments in Python uses worker *processes*.

The lock protects the interpreter, not your program: `x += 1` reads, adds and writes, another thread
may come in between, and shared state needs a lock of its own. (From 3.13 on there are builds of
CPython without the GIL; `sys._is_gil_enabled()` tells.)

How it is measured here: the CPU time used by all jobs together, divided by the time that passed, is
the mean number of cores at work. On a busy machine it falls, but only true parallelism exceeds 1.

Run: python corpus/code/concurrency.py
"""

import dis
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Literal, NamedTuple

Way = Literal["one after the other", "threads", "processes"]


class Job(NamedTuple):
    """What one job returned and used: its process, wall-clock start and end, and CPU seconds."""

    result: Any
    process: int
    start: float
    end: float
    cpu: float


def gil_enabled() -> bool:
    """Say whether this interpreter has a GIL that is switched on."""
    check: Callable[[], bool] = getattr(sys, "_is_gil_enabled", lambda: True)  # exists from 3.13 on
    return check()


def count_primes(limit: int) -> int:
    """Count the primes below `limit` by trial division: pure Python that holds the lock all the time."""
    if limit < 0:
        raise ValueError(f"limit must be at least 0, not {limit}")
    return sum(all(n % d for d in range(2, int(n**0.5) + 1)) for n in range(2, limit))


def wait(seconds: float) -> float:
    """Wait, as for an answer from the network: no lock is held and no core is used."""
    time.sleep(seconds)
    return seconds


def measured(task: Callable[[Any], Any], argument: Any) -> Job:
    """Run one job and note its times; CPU time is that of the calling thread alone."""
    start, cpu = time.time(), time.thread_time()
    result = task(argument)
    return Job(result, os.getpid(), start, time.time(), time.thread_time() - cpu)


def in_threads(task: Callable[[Any], Any], arguments: Sequence[Any]) -> list[Job]:
    """Run the jobs in one thread each, all within this process."""
    with ThreadPoolExecutor(max_workers=len(arguments)) as pool:
        return list(pool.map(partial(measured, task), arguments))


def _answer(task: Callable[[Any], Any], argument: Any, ready: Any, results: Any, number: int) -> None:
    ready.wait()  # starting takes long; begin together, and measure the work alone
    results.put((number, measured(task, argument)))


def in_processes(task: Callable[[Any], Any], arguments: Sequence[Any]) -> list[Job]:
    """Run the jobs in one process each; `task` is pickled by name, so it must be importable.

    "spawn" starts a fresh interpreter. "fork" is quicker, but copies a process whose other threads
    do not come along, and whatever lock they held stays locked; CUDA does not survive it at all.
    """
    context = multiprocessing.get_context("spawn")
    ready, results = context.Barrier(len(arguments)), context.Queue()
    workers = [
        context.Process(target=_answer, args=(task, argument, ready, results, number))
        for number, argument in enumerate(arguments)
    ]
    for worker in workers:
        worker.start()
    jobs = dict(results.get(timeout=120) for _ in workers)  # before join: a full queue would block them
    for worker in workers:
        worker.join()
    return [jobs[number] for number in range(len(arguments))]


def run(way: Way, task: Callable[[Any], Any], arguments: Sequence[Any]) -> list[Job]:
    """Run task(argument) for every argument, in the given way; the results are in their order."""
    if not arguments:
        raise ValueError("there is nothing to run")
    if way == "one after the other":
        return [measured(task, argument) for argument in arguments]
    if way not in ("threads", "processes"):
        raise ValueError(f"unknown way to run jobs: {way!r}")
    return in_threads(task, arguments) if way == "threads" else in_processes(task, arguments)


def elapsed(jobs: Sequence[Job]) -> float:
    """Return the seconds from the first start to the last end."""
    return max(job.end for job in jobs) - min(job.start for job in jobs)


def cores_used(jobs: Sequence[Job]) -> float:
    """Return the CPU seconds of all jobs per second that passed."""
    return sum(job.cpu for job in jobs) / elapsed(jobs)


class Counter:
    """A counter shared by threads, with and without a lock of its own."""

    def __init__(self) -> None:
        self.value, self.lock = 0, threading.Lock()

    def add(self, pause: Callable[[], object]) -> None:
        """Add 1 in the three steps that `value += 1` consists of; `pause` stands for a thread switch."""
        read = self.value
        pause()
        self.value = read + 1

    def add_locked(self, pause: Callable[[], object]) -> None:
        """Add 1 so that no other thread can come between reading and writing."""
        with self.lock:
            self.add(pause)


def count_up(add: Callable[[Callable[[], object]], None], pause: Callable[[], object], threads: int) -> None:
    """Call add(pause) once in each of several threads, and wait for them."""
    workers = [threading.Thread(target=add, args=(pause,)) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def main() -> None:
    """Time computing and waiting in every way, then lose an update and keep it."""
    ways: tuple[Way, ...] = ("one after the other", "threads", "processes")
    print(f"Python {sys.version_info.major}.{sys.version_info.minor}, GIL: {gil_enabled()}, cores: {os.cpu_count()}")
    for name, task, argument in (("counting primes", count_primes, 60_000), ("waiting", wait, 0.5)):
        print(f"{name}, 4 jobs:")
        for way in ways:
            begin = time.time()
            jobs = run(way, task, [argument] * 4)
            extra = time.time() - begin - elapsed(jobs)
            print(
                f"  {way:<19}  {elapsed(jobs):5.2f} s, cores at work {cores_used(jobs):.2f},"
                f" processes {len({job.process for job in jobs})}, start and end {extra:.2f} s more"
            )
    steps = [step.opname for step in dis.get_instructions(compile("x += 1", "", "exec"))]
    steps = [name for name in steps if name.startswith(("LOAD", "BINARY", "STORE"))]
    print("x += 1 is several instructions: " + ", ".join(steps[:4]))
    counter = Counter()
    count_up(counter.add, threading.Barrier(2).wait, threads=2)  # both read before either writes
    print(f"two threads add 1 to 0, switching between read and write: {counter.value}")
    counter = Counter()
    count_up(counter.add_locked, lambda: time.sleep(0.01), threads=2)
    print(f"the same under a lock: {counter.value}")


if __name__ == "__main__":
    main()
