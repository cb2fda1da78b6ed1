"""A file being graded behind a page: it can be watched and stopped, and what was done is kept."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from interviewer.batch import Progress, grade_table
from interviewer.batch.run import Graded
from interviewer.engine import Engine
from interviewer.errors import InterviewerError
from interviewer.schema import Language

_log = logging.getLogger(__name__)


class _Stopped(Exception):
    """Raised in the run from its own report of progress; the journal beside the output keeps the finished rows."""


class Job:
    """One run of `grade_table` in a thread of its own."""

    def __init__(
        self,
        engine: Engine,
        source: Path,
        target: Path,
        language: Language | None,
        also: Sequence[Callable[[Graded], None]] = (),
    ) -> None:
        """Args:
        engine: what grades.
        source: a table with the columns that `grade_table` knows.
        target: where the result goes.
        language: of the answers; None is each answer's own.
        also: what else is made of the graded table.
        """
        self.progress: Progress | None = None
        self.failure: InterviewerError | None = None
        """Why it ended without a result, unless it was stopped."""
        self._begun = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(engine, source, target, language, also), name="grade-file", daemon=True
        )

    def start(self) -> Job:
        """Begin."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Have it end after the row that it is at."""
        self._stop.set()

    def ended(self, within: float) -> bool:
        """Whether it is over, after waiting for that for at most so many seconds."""
        self._thread.join(within)
        return not self._thread.is_alive()

    @property
    def seconds_left(self) -> float | None:
        """An estimate from the rows graded so far; None before there are any."""
        p = self.progress
        if p is None or p.done <= p.resumed:
            return None
        return (time.monotonic() - self._begun) / (p.done - p.resumed) * (p.total - p.done)

    def _run(
        self,
        engine: Engine,
        source: Path,
        target: Path,
        language: Language | None,
        also: Sequence[Callable[[Graded], None]],
    ) -> None:
        try:
            _ = engine.grader  # loaded first: the estimate is of rows, not of this
            self._begun = time.monotonic()
            grade_table(engine, source, target, language, self._report, also=also)
        except _Stopped:
            pass
        except InterviewerError as error:
            self.failure = error
        except Exception as error:  # whoever watches must not wait for ever
            _log.exception("grading a file failed")
            self.failure = InterviewerError(f"{type(error).__name__}: {error}")

    def _report(self, progress: Progress) -> None:
        self.progress = progress
        if self._stop.is_set() and progress.done < progress.total:
            raise _Stopped
