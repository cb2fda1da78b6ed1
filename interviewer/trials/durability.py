"""Processes killed by SIGKILL at random moments, and what is there afterwards.

Every trial is a child of this process, which has loaded everything. It does one kind of work on a real disk and says,
as it would to its user, what is kept by now: this answer is stored, this row is graded, this file is written. After the
kill, what it said is looked for; the next trial of that kind goes on from what the last one left. Needs an operating
system that can fork.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from interviewer.authoring import import_documents
from interviewer.batch.run import grade_table
from interviewer.batch.tables import write_table
from interviewer.engine import Engine, View
from interviewer.errors import InputError
from interviewer.interview import Setup
from interviewer.report import to_html, to_json, to_markdown, write
from interviewer.retrieval import open_index
from interviewer.schema import LANGUAGES, Debrief
from interviewer.storage import Store, back_up, restore
from interviewer.trials.small import HashingEncoder, some_items

Tell = Callable[..., None]
Told = Sequence[Sequence[Any]]
_HALTED = 2  # exit code of a child that failed by itself
_TABLES = (".csv", ".jsonl", ".xlsx", ".parquet")
_ROWS, _DOCUMENTS = 150, 20
_LONGEST = 600.0  # seconds that undisturbed work may take


class Work(Protocol):
    """One kind of work, and what must hold whenever it was cut off."""

    name: str
    ends: bool
    """Whether it comes to an end by itself."""

    def do(self, tell: Tell) -> None:
        """Go on with it in a child, and tell what is kept from now on."""
        ...

    def broken(self, told: Told, whole: bool) -> Iterator[str]:
        """What was told and is not so; `whole` says that the child came to its end."""
        ...

    def last(self) -> Iterator[str]:
        """What does not hold after all trials."""
        ...


@dataclass(slots=True)
class Tally:
    """What became of one kind of work."""

    name: str
    kills: int = 0
    whole: int = 0
    """Trials that came to their end before the signal, and were compared with undisturbed ones."""
    promises: int = 0
    """What children said is kept."""
    broken: list[str] = field(default_factory=list)


def durability(works: Sequence[Work], kills: int, folder: Path, seed: int = 0) -> Iterator[Tally]:
    """Kill each kind of work in turn, `kills` times in all; the tallies after every trial.

    Args:
        works: what is done.
        kills: how many processes are killed.
        folder: for the children's words.
        seed: of the moments.
    """
    chance = random.Random(seed)
    tallies = [Tally(work.name) for work in works]
    seconds = {work.name: _seconds(work, folder) for work in works}
    done = 0
    while done < kills:
        place = done % len(works)
        work, tally = works[place], tallies[place]
        killed, told = _struck(work, folder / "told", chance.uniform(0, seconds[work.name]))
        done += killed
        tally.kills += killed
        tally.whole += not killed
        tally.promises += len(told)
        tally.broken += work.broken(told, not killed)
        yield tally
    for work, tally in zip(works, tallies, strict=True):
        tally.broken += work.last()
        yield tally


def _seconds(work: Work, folder: Path) -> float:
    """How long a trial takes that is left alone, or that has come to tell something where it would go on for ever."""
    after = _LONGEST if work.ends else 0.6
    while True:
        begun = time.monotonic()
        killed, told = _struck(work, folder / "told", after)
        for line in work.broken(told, not killed):
            raise InputError(f"{work.name}: {line}, before anything else happened")
        if told:
            return time.monotonic() - begun
        after *= 2


def _struck(work: Work, told: Path, after: float) -> tuple[bool, list[list[Any]]]:
    """Do some work in a child that is killed after some seconds: whether it was, and what it told."""
    told.unlink(missing_ok=True)
    told.touch()
    child = os.fork()
    if child == 0:
        os._exit(_work(work, told))
    ended = _ended(child, after)
    if ended is None:
        os.kill(child, signal.SIGKILL)
        ended = os.waitpid(child, 0)[1]
    said = [json.loads(line) for line in told.read_bytes().splitlines()]
    if os.WIFEXITED(ended) and os.WEXITSTATUS(ended) == _HALTED:
        raise InputError(f"{work.name} failed by itself: {said[-1][-1] if said else 'no word'}")
    return os.WIFSIGNALED(ended), said


def _work(work: Work, told: Path) -> int:
    words = os.open(told, os.O_WRONLY | os.O_APPEND)

    def tell(*what: object) -> None:
        os.write(words, json.dumps(what).encode() + b"\n")  # not buffered: it is out when this returns

    try:
        work.do(tell)
        return 0
    except BaseException as error:
        tell("failed", f"{type(error).__name__}: {error}")
        return _HALTED


def _ended(child: int, seconds: float) -> int | None:
    """The status of a child that ends within some seconds."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return status
        time.sleep(min(0.005, left))
    return None


def _apart(engine: Engine) -> Engine:
    """The engine without a connection, which no child may share with its parent."""
    store = engine.__dict__.pop("store", None)
    engine.__dict__.pop("notebook", None)
    if store:
        store.close()
    return engine


def _mark(view: View) -> str:
    """Stands for an interview as it is."""
    return sha256(repr((view.state, view.transcript)).encode()).hexdigest()[:16]


class Interviews:
    """Candidates answer; an interview that was cut off is gone on with, and all end with a debrief."""

    name, ends = "interviews", False

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine, self._chance = engine, random.Random(0)
        self._known: dict[str, tuple[int, str]] = {}  # events and mark of each interview as last told
        self._answers: dict[str, list[str]] = {}

    def do(self, tell: Tell) -> None:
        """Hold interviews without end."""
        engine = _apart(self._engine)
        while True:
            open_ = [row.id for row in engine.sessions() if not row.finished]
            if open_:
                view = engine.view(open_[0])
            else:
                view = engine.start(Setup(self._chance.choice(LANGUAGES), questions=2, voice="scripted"))
            count = len(engine.store.events(view.session_id))
            tell("stands", view.session_id, count, _mark(view), "")
            while not view.finished:
                words = "" if view.waiting_for_grade else self._words(view)
                view = engine.submit(view.session_id, words) if words else engine.proceed(view.session_id)
                count += 1
                tell("stands", view.session_id, count, _mark(view), words)

    def _words(self, view: View) -> str:
        item = self._engine.items[view.state.exchange.item_id]
        number = f"{os.getpid()}.{self._chance.random()}"
        answer = item.answer.get(view.state.setup.language) or item.question.get(view.state.setup.language)
        said = [f"{answer[: self._chance.randrange(1, len(answer) + 1)]} ({number} 号)", "提示", "hint", "skip"]
        return self._chance.choices(said, (9, 1, 1, 1))[0]

    def broken(self, told: Told, whole: bool) -> Iterator[str]:
        """Answers that are not there, and interviews that do not stand where they stood."""
        self._chance = random.Random(self._chance.random())  # the next child says something else
        for _, session, count, mark, words in told:
            self._known[session] = (count, mark)
            if words:
                self._answers.setdefault(session, []).append(words)
        engine = _apart(self._engine)
        for session in dict.fromkeys(session for _, session, *_ in told):
            yield from self._amiss(engine, session)
        for row in engine.sessions(1):  # the one that was begun and not told, if there is one
            if not engine.view(row.id).state.exchanges:
                yield f"interview {row.id} has not begun"
        _apart(engine)

    def _amiss(self, engine: Engine, session: str) -> Iterator[str]:
        count, mark = self._known[session]
        events = engine.store.events(session)
        stored = [str(event.payload.get("text", "")) for event in events]
        said = self._answers.get(session, [])
        rest = iter(stored)
        if not all(words in rest for words in said):  # in this order, with one that was not told in between
            yield f"interview {session} lacks an answer"
        if [event.seq for event in events] != list(range(len(events))) or not 0 <= len(events) - count <= 1:
            yield f"interview {session} has {len(events)} events of {count} told"
        if len(events) == count and _mark(engine.view(session)) != mark:
            yield f"interview {session} does not stand where it stood"

    def last(self) -> Iterator[str]:
        """End what is open, look at all, and write every debrief."""
        engine = _apart(self._engine)
        for session in self._known:
            yield from self._amiss(engine, session)
        for row in engine.sessions(100_000):
            view = engine.view(row.id)
            while not view.finished:
                view = engine.proceed(row.id) if view.waiting_for_grade else engine.submit(row.id, "stop")
            to_html(engine.debrief(row.id), engine.corpus)
        _apart(engine)


class Tables:
    """Tables are graded, in every format in turn."""

    name, ends = "grading tables", True

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine, self._folder = engine, folder
        items = list(engine.items.values())
        answers = [(item.id, item.answer.en) for item in items]
        rows = [
            {
                "name": f"学生 {n}",
                "answer": f"{n}: {answers[n % len(answers)][1]}",
                "item_id": answers[n % len(items)][0],
            }
            for n in range(_ROWS)
        ]
        self._whole: dict[str, bytes] = {}
        for ending in _TABLES:
            write_table(folder / f"in{ending}", rows, list(rows[0]))
            grade_table(engine, folder / f"in{ending}", folder / f"whole{ending}")
            self._whole[ending] = (folder / f"whole{ending}").read_bytes()
        self._turn = self._done = 0

    @property
    def _ending(self) -> str:
        return _TABLES[self._turn % len(_TABLES)]

    def do(self, tell: Tell) -> None:
        """Grade one table to its end."""
        source, target = (self._folder / f"{name}{self._ending}" for name in ("in", "out"))
        done = grade_table(_apart(self._engine), source, target, report=lambda p: tell("rows", p.done))
        tell("table", done.resumed)

    def broken(self, told: Told, whole: bool) -> Iterator[str]:
        """Rows that are graded again, and a table that is not what an undisturbed run makes."""
        target = self._folder / f"out{self._ending}"
        for kind, count in told:
            if kind == "table" and count < self._done:
                yield f"{self._done} rows were graded and {count} were taken from the journal"
            self._done = max(self._done, count) if kind == "rows" and not whole else self._done
        if target.exists() and target.read_bytes() != self._whole[self._ending]:
            yield f"{target.name} is not the whole table"
        done = target.exists() and not target.with_name(f"{target.name}.partial").exists()
        if whole and not done:
            yield f"{target.name} is not there, or its journal still is"
        if whole or done:  # killed after its last step, it is done as well
            target.unlink(missing_ok=True)
            self._turn, self._done = self._turn + 1, 0

    def last(self) -> Iterator[str]:
        """Nothing more: every table was looked at when it was done."""
        yield from ()


class Imports:
    """A folder of documents is imported."""

    name, ends = "importing documents", True

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine, self._folder, self._target = engine, folder / "documents", folder / "own" / "drafts.yaml"
        self._folder.mkdir()
        items = list(engine.items.values())
        for n in range(_DOCUMENTS):
            parts = (items[(n * 3 + k) % len(items)] for k in range(3))
            text = "\n\n".join(
                f"## {i.question.get(lang)}\n\n{n}: {i.answer.get(lang)}" for i in parts for lang in LANGUAGES
            )
            (self._folder / f"{n:02}.md").write_text(text, encoding="utf-8")
        self._import(self._target)
        self._whole = self._target.read_bytes()
        self._target.unlink()
        self._done = 0

    def _import(self, target: Path, progress: Callable[[int, int, str], None] = lambda *_: None) -> int:
        corpus, encoder = self._engine.corpus, self._engine.encoder
        return import_documents(self._folder, target, corpus, encoder, progress).resumed

    def do(self, tell: Tell) -> None:
        """Import the folder."""
        tell("imported", self._import(self._target, lambda done, *_: tell("files", done)))

    def broken(self, told: Told, whole: bool) -> Iterator[str]:
        """Files that are read again, and drafts that are not those of an undisturbed run."""
        for kind, count in told:
            if kind == "imported" and count < self._done:
                yield f"{self._done} files were read and {count} were taken from the journal"
            self._done = max(self._done, count) if kind == "files" and not whole else self._done
        journal = self._target.with_name(f"{self._target.name}.partial")
        if self._target.exists() and self._target.read_bytes() != self._whole:
            yield "the drafts are not those of an undisturbed run"
        done = self._target.exists() and not journal.exists()
        if whole and not done:
            yield "the drafts are not there, or their journal still is"
        if whole or done:  # killed after its last step, it is done as well
            self._target.unlink(missing_ok=True)
            self._done = 0
        lines = journal.read_bytes().count(b"\n") - 1 if journal.exists() else 0
        if lines < self._done:
            yield f"{self._done} files were read and {lines} are in the journal"

    def last(self) -> Iterator[str]:
        """Nothing more."""
        yield from ()


class Files:
    """Debriefs in three formats and backups are written over and over, each over the last one."""

    name, ends = "reports and backups", False

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine, self._folder = engine, folder
        self._debriefs: list[Debrief] = []
        for language in LANGUAGES:  # of different lengths
            view = engine.start(Setup(language, questions=1 + len(self._debriefs), voice="scripted"))
            while not view.finished:
                item = engine.items[view.state.exchange.item_id]
                view = engine.say(view.session_id, item.answer.get(language))
            self._debriefs.append(engine.debrief(view.session_id))
        made: Mapping[str, Callable[[Any], str]] = {
            ".html": lambda d: to_html(d, engine.corpus),
            ".md": lambda d: to_markdown(d, engine.corpus),
            ".json": to_json,
        }
        self._whole = {
            e: [make(d).encode("utf-8", "backslashreplace") for d in self._debriefs] for e, make in made.items()
        }
        self._rows = len(self._debriefs)
        self._written: set[str] = set()
        _apart(engine)

    def do(self, tell: Tell) -> None:
        """Write without end."""
        engine = _apart(self._engine)
        while True:
            for n, debrief in enumerate(self._debriefs):
                for ending in self._whole:
                    write(debrief, engine.corpus, self._folder / f"report{ending}")
                    tell(f"report{ending}", n)
            back_up(engine.store, self._folder / "all.backup")
            tell("all.backup", 0)

    def broken(self, told: Told, whole: bool) -> Iterator[str]:
        """Files that are gone or not whole."""
        self._written |= {name for name, _ in told}
        for name in self._written:
            if not (self._folder / name).exists():
                yield f"{name} is gone"
        for ending, contents in self._whole.items():
            path = self._folder / f"report{ending}"
            if path.exists() and path.read_bytes() not in contents:
                yield f"{path.name} is not whole"
        if (self._folder / "all.backup").exists():
            yield from self._unsound(self._folder / "all.backup")

    def _unsound(self, backup: Path) -> Iterator[str]:
        scratch = self._folder / "restored.db"
        store = Store(f"sqlite:///{scratch}")
        try:
            restore(store, backup)
            if store.count() != self._rows:
                yield f"the backup holds {store.count()} interviews of {self._rows}"
        except InputError as error:
            yield str(error)
        finally:
            store.close()
            for path in self._folder.glob("restored.db*"):
                path.unlink()

    def last(self) -> Iterator[str]:
        """Nothing more."""
        yield from ()


class _Counting(HashingEncoder):
    """Tells whether anything had to be encoded."""

    def __init__(self) -> None:
        self.texts = 0

    def encode(self, texts: Sequence[str], *, query: bool = False) -> Any:
        self.texts += len(texts)
        return super().encode(texts, query=query)


class Indexes:
    """The search index is rebuilt over and over, for one corpus and for another."""

    name, ends = "search index", False

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._corpora = [engine.corpus, some_items(engine.corpus, max(1, len(engine.corpus.items) // 2))]
        self._folder = folder / "index"

    def do(self, tell: Tell) -> None:
        """Build without end."""
        while True:
            for n, corpus in enumerate(self._corpora):
                open_index(corpus, HashingEncoder(), self._folder)
                tell("index", n)

    def broken(self, told: Told, whole: bool) -> Iterator[str]:
        """An index under its name that has to be built again."""
        if not self._folder.exists():
            return  # between the removal of the old one and the naming of the new one: it is built when it is needed
        named = json.loads((self._folder / "manifest.json").read_text(encoding="utf-8"))["documents"]
        encoder = _Counting()
        open_index(next(c for c in self._corpora if named == list(c.items)), encoder, self._folder)
        if encoder.texts:
            yield "the index is not whole"

    def last(self) -> Iterator[str]:
        """Nothing more."""
        yield from ()


def all_works(make: Callable[[Path], Engine], folder: Path) -> list[Work]:
    """Every kind of work, each with an engine over a folder of its own."""
    kinds: tuple[Callable[[Engine, Path], Work], ...] = (Interviews, Tables, Imports, Files, Indexes)
    made: list[Work] = []
    for number, kind in enumerate(kinds):
        place = folder / str(number)
        place.mkdir()
        made.append(kind(make(place / "data"), place))
    return made


def left_behind(folder: Path) -> int:
    """Files and folders that killed processes were writing, under names that nothing reads."""
    return sum(
        1 for pattern in (".report-*", ".*.yaml.*", ".graded-*", "*.part", "index.*") for _ in folder.rglob(pattern)
    )


def table(tallies: Sequence[Tally]) -> str:
    """As Markdown."""
    rows = [
        f"| {t.name} | {t.kills} | {t.whole} | {t.promises} | {len(t.broken)} |" for t in (*tallies, _total(tallies))
    ]
    head = "| work | kills | came to an end in between | said to be kept | of it not so |\n|---|---|---|---|---|\n"
    return head + "\n".join(rows)


def _total(tallies: Sequence[Tally]) -> Tally:
    return Tally(
        "all", sum(t.kills for t in tallies), sum(t.whole for t in tallies), sum(t.promises for t in tallies),
        [line for t in tallies for line in t.broken],
    )  # fmt: skip
