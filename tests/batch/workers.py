"""Engines for Ray's workers, which are processes of their own: what a test's fixtures patch does not reach them."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

from interviewer import engine as module
from interviewer.engine import Engine
from interviewer.settings import load_settings
from tests.batch.conftest import Grader
from tests.conftest import HashingEncoder


class Mortal(Grader):
    """A grader whose process is killed, once for all workers, when it comes to a certain answer."""

    def __init__(self, folder: Path):
        super().__init__()
        self._folder = folder

    def grade(self, item, answer, language=None):
        (self._folder / f"graded-by-{os.getpid()}").touch()
        if answer == "kill":
            try:
                (self._folder / "killed").touch(exist_ok=False)
                os.kill(os.getpid(), signal.SIGKILL)
            except FileExistsError:
                pass
        return super().grade(item, answer, language)


class Dated(Grader):
    """Another version in every process."""

    @property
    def version(self):
        return f"by-terms-{os.getpid()}"


@dataclass(frozen=True, slots=True)
class Small:
    """Makes an engine over the small corpus in `folder`, with a grader of some kind."""

    folder: Path
    kind: str = "plain"

    def __call__(self) -> Engine:
        module.shipped_folder = lambda: self.folder / "corpus"
        made = Engine(load_settings(data_dir=self.folder / "data"), encoder=HashingEncoder(), seed=1)
        graders = {"plain": Grader, "mortal": lambda: Mortal(self.folder), "dated": Dated}
        made.__dict__["grader"] = graders[self.kind]()
        return made
