"""The rooms put together: one object that the web app, the command line and Python programs talk to.

    engine = Engine(load_settings())
    view = engine.start(Setup(language="en", topics=("generative",), questions=3))
    view = engine.say(view.session_id, "The loss is a reconstruction term plus …")
    debrief = engine.debrief(view.session_id)

Cheap to make: the corpus is read at once, the embedding model when it is first needed or, with `warm()`, behind the
user's back. Safe to share between threads.
"""

from __future__ import annotations

import random
import secrets
import threading
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from interviewer import __version__
from interviewer.corpus import Corpus, load_corpus, shipped_folder
from interviewer.errors import InputError, InterviewerError
from interviewer.interview import (
    Event,
    Line,
    ScriptedVoice,
    Setup,
    State,
    Voice,
    advance,
    first_state,
    intent_of,
    make_plan,
    with_help,
)
from interviewer.schema import Debrief, Grade, Item, Language, Turn
from interviewer.settings import Settings
from interviewer.text import language_of, terms

if TYPE_CHECKING:
    from interviewer.grading import Grader
    from interviewer.retrieval import Encoder, Hit, Index
    from interviewer.storage import SessionRow, Store, StoredEvent

MAX_MESSAGE = 100_000
"""Longest message that is stored, in characters."""
SAME_QUESTION = 0.72
"""Least likeness of a question text to a corpus question for it to be taken as that question."""
_REMEMBERED = 5  # past sessions whose questions are put last in a new plan


@dataclass(frozen=True, slots=True)
class View:
    """An interview as it stands, for whoever shows it."""

    session_id: str
    state: State
    transcript: tuple[Turn, ...]
    said: tuple[Turn, ...] = ()
    """What the interviewer said upon the last step; the end of `transcript`."""

    @property
    def finished(self) -> bool:
        """Whether the interview is over."""
        return self.state.phase == "done"

    @property
    def waiting_for_grade(self) -> bool:
        """Whether an answer is stored but not graded yet; `proceed` grades it."""
        return self.state.phase == "grading"


class Engine:
    """Everything the product does, without a user interface."""

    def __init__(
        self, settings: Settings, *, encoder: Encoder | None = None, voice: Voice | None = None, seed: int | None = None
    ) -> None:
        """Args:
        settings: where things lie and which model to use.
        encoder: an embedding model to use instead of the configured one.
        voice: how the interviewer speaks; default the scripted voice.
        seed: makes plans repeatable; default is chance.
        """
        self.settings = settings
        self.corpus: Corpus = load_corpus(*([shipped_folder()] + ([settings.corpus] if settings.corpus else [])))
        self._given_encoder = encoder
        self._voice: Voice = voice or ScriptedVoice()
        self._random = random.Random(seed)
        self._loading = threading.RLock()
        self._warming: threading.Thread | None = None
        self._moving = threading.Lock()

    # What is loaded when first needed

    @cached_property
    def store(self) -> Store:
        """The database."""
        from interviewer.storage import Store

        with self._loading:
            return Store(self.settings.database)

    @cached_property
    def encoder(self) -> Encoder:
        """The embedding model; the first use takes seconds."""
        from interviewer.retrieval import load_encoder

        with self._loading:
            return (
                self.__dict__.get("encoder")
                or self._given_encoder
                or load_encoder(self.settings.encoder, self.settings.encoder_key.get_secret_value())
            )

    @cached_property
    def grader(self) -> Grader:
        """The grader over the corpus's vocabulary."""
        from interviewer.grading import Grader, load_entailment, vocabulary_of

        with self._loading:
            return self.__dict__.get("grader") or Grader(
                self.encoder, vocabulary_of(list(self.corpus.items.values())), load_entailment(self.settings.entailment)
            )

    @cached_property
    def index(self) -> Index:
        """The search index, built if corpus or model changed since last time."""
        from interviewer.retrieval import open_index

        with self._loading:
            return self.__dict__.get("index") or open_index(self.corpus, self.encoder, self.settings.data_dir / "index")

    def warm(self) -> None:
        """Load everything in the background; what needs it meanwhile waits for it."""
        if self._warming is None:
            self._warming = threading.Thread(target=self._warm, name="warm-up", daemon=True)
            self._warming.start()

    def _warm(self) -> None:
        try:
            _ = self.grader, self.index
        except InterviewerError:
            return  # whoever needs it will meet the same error and can show it

    @property
    def ready(self) -> bool:
        """Whether an answer could be graded without waiting for a model to load."""
        return "grader" in self.__dict__

    # The interview

    def start(self, setup: Setup) -> View:
        """Begin an interview.

        Raises:
            InputError: a topic does not exist or leaves nothing to ask.
        """
        for topic in setup.topics:
            if topic not in self.corpus.topics:
                raise InputError(f"no topic {topic!r}; there are {', '.join(self.corpus.topics)}")
        asked = [i for s in self.store.sessions(_REMEMBERED) for i in s.plan]
        plan = make_plan(self.corpus.items, setup, self._random, asked, self._focused(setup))
        session_id = secrets.token_hex(8)
        self.store.create(session_id, setup.language, asdict(setup), plan)
        return self._move(View(session_id, first_state(setup, plan), ()), 0, Event("started"))

    def _focused(self, setup: Setup) -> list[str]:
        if not setup.focus.strip():
            return []
        topics = setup.topics or tuple(self.corpus.topics)
        hits = self.index.search(
            setup.focus, setup.questions * 2, allowed=lambda i: self.corpus.items[i].topic in topics
        )
        if not hits:
            raise InputError("no question fits that text; try other words, or choose topics instead")
        return [hit.item_id for hit in hits]

    def say(self, session_id: str, message: str) -> View:
        """Take a candidate's message, be it an answer or a command, to the end: stored, graded, replied to."""
        before = len(self.view(session_id).transcript)
        view = self.submit(session_id, message)
        if view.waiting_for_grade:
            view = self.proceed(session_id)
        said = tuple(t for t in view.transcript[before:] if t.speaker == "interviewer")
        return View(view.session_id, view.state, view.transcript, said)

    def submit(self, session_id: str, message: str) -> View:
        """Store a message. An answer then waits to be graded by `proceed`; a command is carried out at once.

        Raises:
            InputError: it is longer than `MAX_MESSAGE`, or the interview is over.
            SessionConflict: the interview was moved on elsewhere meanwhile.
        """
        if len(message) > MAX_MESSAGE:
            raise InputError(f"{len(message):,} characters are too many; at most {MAX_MESSAGE:,} are taken")
        intent = intent_of(message)
        kind = "answered" if intent == "answer" else intent
        with self._moving:
            view, seq = self._fold(session_id)
            if view.waiting_for_grade and kind != "stop":
                raise InputError("the last answer is still being graded; try again in a moment")
            return self._move(view, seq, Event(kind, message.replace("\0", "")))

    def proceed(self, session_id: str) -> View:
        """Grade the stored answer that waits for it, if one does, and go on."""
        view, seq = self._fold(session_id)
        if not view.waiting_for_grade:
            return view
        exchange = view.state.exchange
        item = self.gradable(exchange.item_id)
        grade = self.grader.grade(item, exchange.joined, view.state.setup.language)
        grade = self.grader.rescored(with_help(view.state, grade), item)
        with self._moving:
            return self._move(view, seq, Event("graded", grade=grade))

    def view(self, session_id: str) -> View:
        """An interview as it stands.

        Raises:
            UnknownSession: there is none of that id.
        """
        return self._fold(session_id)[0]

    def sessions(self, limit: int = 100) -> list[SessionRow]:
        """Stored interviews, latest first."""
        return self.store.sessions(limit)

    def delete(self, session_id: str) -> None:
        """Forget an interview."""
        self.store.delete(session_id)

    def debrief(self, session_id: str) -> Debrief:
        """What an interview showed so far."""
        from interviewer.report import build_debrief

        row, view = self.store.session(session_id), self.view(session_id)
        exchanges = [e for e in view.state.exchanges if e.answers or e.skipped]
        graders = {e.grade.grader for e in exchanges if e.grade}
        return build_debrief(
            self.corpus,
            exchanges,
            session_id=session_id,
            language=view.state.setup.language,
            started_at=row.started_at,
            finished=view.finished,
            transcript=view.transcript,
            stamp={"version": __version__, "corpus": self.corpus.hash[:12], "grader": ", ".join(sorted(graders))},
        )

    def _fold(self, session_id: str) -> tuple[View, int]:
        """The interview from its stored events, and the number of the next event."""
        row = self.store.session(session_id)
        state = first_state(_setup(row.setup), row.plan)
        transcript: list[Turn] = []
        events = self.store.events(session_id)
        for stored in events:
            event = _event(stored)
            transcript += _candidate_turn(state, event)
            state, _ = advance(state, event, self._items(state))
            transcript += [Turn(**turn) for turn in stored.said]
        return View(session_id, state, tuple(transcript)), len(events)

    def _items(self, state: State) -> dict[str, Item]:
        return {item_id: self.gradable(item_id) for item_id in state.plan}

    def gradable(self, item_id: str) -> Item:
        """The corpus item, ready to be graded: a draft with only an answer gets its key points from it."""
        from interviewer.grading import gradable

        return gradable(self.corpus.item(item_id))

    def _move(self, view: View, seq: int, event: Event) -> View:
        """Apply an event, put the lines into words, and store both before anyone sees them."""
        state, lines = advance(view.state, event, self._items(view.state))
        turns = _candidate_turn(view.state, event)
        said = tuple(self._spoken(view, line, f"{view.session_id}:{seq}:{n}") for n, line in enumerate(lines))
        payload = {"text": event.text, "grade": asdict(event.grade) if event.grade else None}
        self.store.append(
            view.session_id, seq, event.kind, payload, [asdict(t) for t in said], finished=state.phase == "done"
        )
        return View(view.session_id, state, (*view.transcript, *turns, *said), said)

    def _spoken(self, view: View, line: Line, seed: str) -> Turn:
        item = self.gradable(line.item_id) if line.item_id else None
        setup = view.state.setup
        text = self._voice.say(line, item, setup.language, len(view.state.plan), random.Random(seed))
        return Turn("interviewer", text, line.act, line.item_id)

    # Grading and search on their own

    def grade(self, item_id: str, answer: str, language: Language | None = None) -> Grade:
        """Grade one answer to a corpus item."""
        return self.grader.grade(self.gradable(item_id), answer, language)

    def grade_against(self, question: str, reference: str, answer: str, language: Language | None = None) -> Grade:
        """Grade one answer to a question that is not in the corpus, against a reference text."""
        from interviewer.grading import as_item

        return self.grader.grade(as_item(question, reference), answer, language)

    def search(self, query: str, limit: int = 10) -> list[Hit]:
        """Items by meaning and words, best first."""
        return self.index.search(query, limit)

    def find_question(self, question: str) -> tuple[Item, float] | None:
        """The corpus item that a question text is, with its likeness 0–1; None if nothing is like it at all.

        Likeness is the better of shared terms (Dice) and cosine; above `SAME_QUESTION` it is the same question.
        """
        said = set(terms(question))
        best: tuple[Item, float] | None = None
        trust = float(self.encoder.known([question])[0])
        for hit in self.index.search(question, 8):
            item = self.corpus.item(hit.item_id)
            asked = set(terms(item.question.get(language_of(question) or "en")))
            dice = 2 * len(said & asked) / max(1, len(said) + len(asked))
            likeness = max(dice, hit.similarity * trust)
            if best is None or likeness > best[1]:
                best = item, likeness
        return best


def _candidate_turn(state: State, event: Event) -> list[Turn]:
    if not event.text:
        return []
    return [Turn("candidate", event.text, None, state.exchange.item_id)]


def _event(stored: StoredEvent) -> Event:
    grade = stored.payload.get("grade")
    return Event(
        stored.kind,  # type: ignore[arg-type]
        str(stored.payload.get("text", "")),
        TypeAdapter(Grade).validate_python(grade) if grade else None,
    )


def _setup(values: dict[str, Any]) -> Setup:
    return TypeAdapter(Setup).validate_python(values)
