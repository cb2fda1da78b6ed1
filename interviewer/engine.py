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
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from interviewer import __version__
from interviewer.corpus import Corpus, load_corpus, shipped_folder
from interviewer.errors import InputError
from interviewer.interview import (
    Brief,
    Choice,
    Event,
    Line,
    ScriptedVoice,
    Setup,
    State,
    Voice,
    ability_of,
    advance,
    candidates,
    choose,
    event_of,
    first_state,
    focused_plan,
    read_brief,
    with_help,
)
from interviewer.loaded import Loaded
from interviewer.replay import View, candidate_turn, payload_of, reviews_of, told_again
from interviewer.schema import (
    POINT_VERDICTS,
    Correction,
    Debrief,
    Exchange,
    Grade,
    Item,
    Language,
    LevelReview,
    Review,
    Turn,
)
from interviewer.settings import Settings
from interviewer.text import language_of, terms

if TYPE_CHECKING:
    from interviewer.authoring import FileReport
    from interviewer.report.assessment import Assessment
    from interviewer.report.history import Comparison, History
    from interviewer.retrieval import Encoder, Hit
    from interviewer.review import Queue
    from interviewer.storage import SessionRow
    from interviewer.verification import Verification

MAX_MESSAGE = 100_000
"""Longest message that is stored, in characters."""
SAME_QUESTION = 0.72
"""Least likeness of a question text to a corpus question for it to be taken as that question."""
_LOCKS = 64
MAX_NOTE = 2_000
"""Longest note on a verdict, in characters."""
MOST_SESSIONS = 500
"""How many of the latest interviews a history or a self-assessment looks at."""
_REMEMBERED = 5  # past sessions whose questions are put last in a new plan


__all__ = ["MAX_MESSAGE", "MAX_NOTE", "MOST_SESSIONS", "SAME_QUESTION", "Engine", "View"]


class Engine(Loaded):
    """Everything the product does, without a user interface."""

    def __init__(
        self,
        settings: Settings,
        *,
        encoder: Encoder | None = None,
        voice: Voice | None = None,
        corpus: Corpus | None = None,
        seed: int | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Args:
        settings: where things lie and which model to use.
        encoder: an embedding model to use instead of the configured one.
        voice: how the interviewer speaks; default the scripted voice, worded by a chat model where there is one.
        corpus: what to ask instead of the shipped corpus with the configured folder's.
        seed: makes the choice of questions repeatable; default is chance.
        clock: tells the time, with its zone.
        """
        super().__init__(settings, self._read_corpus, corpus, encoder, voice is None)
        self._voice: Voice = voice or ScriptedVoice()
        self.hear: Callable[[str, str], None] = lambda session_id, words: None
        """Called with a session id and each piece of what is said, once it may be shown; an empty piece ends a turn.
        It is stored just after."""
        self._hushed: set[str] = set()
        self._random, self._clock = random.Random(seed), clock
        # One for some interviews each: a model that words a line must not keep other people's interviews waiting.
        self._moving = tuple(threading.Lock() for _ in range(_LOCKS))

    def _read_corpus(self) -> Corpus:
        kept = self.settings.data_dir / "corpus.json"
        return load_corpus(shipped_folder(), *self.settings.own_corpora, kept=kept)

    # The interview

    def start(self, setup: Setup) -> View:
        """Begin an interview.

        Raises:
            InputError: a topic does not exist or leaves nothing to ask.
        """
        for topic in setup.topics:
            if topic not in self.corpus.topics:
                raise InputError(f"no topic {topic!r}; there are {', '.join(self.corpus.topics)}")
        plan: tuple[str, ...] = ()
        if setup.items:
            plan = tuple(self.corpus.item(item_id).id for item_id in dict.fromkeys(setup.items))
        else:
            setup = replace(setup, questions=min(setup.questions, len(candidates(self.items, setup))))
            if setup.focus.strip():
                plan = focused_plan(self.items, setup, self._random, self._focused(setup))
        view = View(secrets.token_hex(8), first_state(setup, plan), ())
        return self._move(view, 0, Event("started", at=self._clock().timestamp()))

    def _focused(self, setup: Setup) -> list[str]:
        topics = setup.topics or tuple(self.corpus.topics)
        hits = self.index.search(
            setup.focus, setup.questions * 2, allowed=lambda i: self.corpus.items[i].topic in topics
        )
        if not hits:
            raise InputError("no question fits that text; try other words, or choose topics instead")
        return [hit.item_id for hit in hits]

    def brief(self, job: str = "", resume: str = "") -> Brief:
        """What the texts of a job description and a résumé call for: give it to `Setup`. Needs the search index.

        Raises:
            InputError: no question fits any line of them.
        """
        return read_brief(job, resume, self.items, lambda line: self.index.search(line, 8))

    def say(self, session_id: str, message: str) -> View:
        """Take a candidate's message, be it an answer or a command, to the end: stored, graded, replied to."""
        view = self.submit(session_id, message)
        before = len(view.transcript) - len(view.said)
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
        self._hushed.discard(session_id)
        with self._moving[hash(session_id) % _LOCKS]:
            view, seq = self._fold(session_id)
            return self._move(view, seq, event_of(view.state, message.replace("\0", ""), self._clock().timestamp()))

    def proceed(self, session_id: str) -> View:
        """Grade the stored answer that waits for it, if one does, and go on."""
        view, seq = self._fold(session_id)
        if not view.waiting_for_grade:
            return view
        exchange = view.state.exchange
        item = self.gradable(exchange.item_id)
        grade = self.grader.grade(item, exchange.joined, view.state.setup.language)
        grade = self.grader.rescored(with_help(view.state, grade), item)
        with self._moving[hash(session_id) % _LOCKS]:
            return self._move(view, seq, Event("graded", grade=grade, at=self._clock().timestamp()))

    def hush(self, session_id: str) -> None:
        """Wait no longer for the model that words an interview: until the next message, the scripted words are said."""
        self._hushed.add(session_id)
        if self.model_voice:
            self.model_voice.speaker.hush(session_id)

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
        """What an interview showed so far.

        Raises:
            UnknownSession: there is none of that id.
            UnknownItem: the corpus no longer has one of its questions.
        """
        from interviewer.report import build_debrief

        row, view = self.store.session(session_id), self.view(session_id)
        for exchange in view.state.exchanges:
            self.corpus.item(exchange.item_id)
        exchanges = [e for e in view.state.exchanges if e.answers or e.skipped]
        # A grade also rests on the corpus as it was then: its wordings, and the weights of all its terms.
        corpora = sorted({str(e.payload["corpus"]) for e in self.store.events(session_id) if e.payload.get("corpus")})
        return build_debrief(
            self.corpus,
            exchanges,
            session_id=session_id,
            language=view.state.setup.language,
            started_at=row.started_at,
            finished=view.finished,
            transcript=view.transcript,
            level=self._level(view.state),
            stamp={"version": __version__, "corpus": ", ".join(corpora) or self.corpus.hash[:12]},
        )

    def _level(self, state: State) -> LevelReview | None:
        """The candidate's level as far as the interview tells; None if it tells nothing."""
        ability = ability_of(state, self.items, self.difficulties)
        asked = {one.topic for one in ability.seen}
        if not asked:
            return None
        topics = (topic for name, topic in self.corpus.topics.items() if name in asked)
        return LevelReview(ability.general, tuple((topic, ability.topic(topic.id)) for topic in topics))

    def remark(self, session_id: str) -> str:
        """The closing remark of a debrief: a chat model's where there is one that keeps to the facts, else scripted."""
        from interviewer.llm import tell_remark

        voice = self.model_voice if self.view(session_id).state.setup.voice != "scripted" else None
        return tell_remark(voice.speaker if voice else None, self.debrief(session_id)).text

    def feedback(self, grade: Grade, answer: str, language: Language) -> str:
        """What to tell a candidate about an answer: a chat model's words if they keep to the grade, else scripted."""
        from interviewer.llm import tell_feedback

        speaker = self.model_voice.speaker if self.model_voice else None
        return tell_feedback(speaker, grade, self.gradable(grade.item_id), answer, language).text

    def _fold(self, session_id: str) -> tuple[View, int]:
        """The interview from its stored events, and the number of the next event."""
        events = self.store.events(session_id)
        return told_again(self.store.session(session_id), events, self.items), len(events)

    def _move(self, view: View, seq: int, event: Event) -> View:
        """Apply an event, put the lines into words, and store both before anyone sees them."""
        from interviewer.storage import Begun

        choices: list[Choice] = []

        def chooser(state: State) -> Choice:
            recent = [i for s in self.store.sessions(_REMEMBERED + 1) for i in s.plan]  # this one's own do no harm
            choices.append(choose(state, self.items, self._random, recent, self.difficulties))
            return choices[-1]

        state, lines = advance(view.state, event, self.items, chooser)
        turns = candidate_turn(view.state, event)
        said = tuple(self._spoken(view.session_id, state, line, f"{seq}:{n}") for n, line in enumerate(lines))
        self.store.append(
            view.session_id,
            seq,
            event.kind,
            payload_of(event, choices[-1] if choices else None, self.corpus.hash[:12]),
            [asdict(t) for t in said],
            finished=state.phase == "done",
            plan=state.plan,
            reviews=reviews_of(view.session_id, view.state, state, self._time()),
            begun=None if seq else Begun(state.setup.language, asdict(state.setup), view.state.plan),
        )
        if len(state.exchanges) > len(view.state.exchanges) and state.phase != "done":
            self.look_ahead(state.exchange.item_id, state.setup.language)
        return View(view.session_id, state, (*view.transcript, *turns, *said), said)

    def _spoken(self, session_id: str, state: State, line: Line, seed: str) -> Turn:
        item = self.items[line.item_id] if line.item_id else None
        line = replace(line, style=state.setup.style)
        rng = random.Random(f"{session_id}:{seed}")
        text = self._voice.say(line, item, state.setup.language, state.total, rng)
        if state.setup.voice != "scripted" and self.model_voice and session_id not in self._hushed:
            turn = self.model_voice.turn(line, item, state, text, partial(self.hear, session_id), key=session_id)
        else:
            self.hear(session_id, text)
            turn = Turn("interviewer", text, line.act, line.item_id)
        self.hear(session_id, "")
        return turn

    # Over many interviews

    def debriefs(self) -> tuple[list[Debrief], int]:
        """The debriefs of all interviews in which something was answered, oldest first, and how many cannot be read.

        An interview cannot be read where the corpus no longer has one of its questions.
        """
        found, unreadable = [], 0
        for row in reversed(self.store.sessions(MOST_SESSIONS)):
            try:
                debrief = self.debrief(row.id)
            except InputError:
                unreadable += 1
                continue
            if debrief.questions:
                found.append(debrief)
        return found, unreadable

    def history(self) -> History:
        """All interviews, progress per topic, and what changed with the last one."""
        from interviewer.report.history import history

        return history(*self.debriefs())

    def compare(self, before: str, after: str) -> Comparison:
        """What changed from one interview to another.

        Raises:
            UnknownSession: there is none of that id.
        """
        from interviewer.report.history import compare

        return compare([self.debrief(before)], self.debrief(after))

    def assessment(self, language: Language | None = None) -> Assessment:
        """The self-assessment over all interviews, in a language or in that of the latest one.

        Raises:
            InputError: nothing was answered yet.
        """
        from interviewer.report.assessment import build_assessment

        debriefs, unreadable = self.debriefs()
        if not debriefs:
            raise InputError("no answers to assess yet; `interviewer chat` holds an interview")
        return build_assessment(self.corpus, debriefs, language or debriefs[-1].language, self._clock(), unreadable)

    def verify(self, report: Path) -> Verification:
        """Grade what a report holds anew, and compare.

        Raises:
            InputError: the file is no report, or one of a kind that does not hold what is needed.
        """
        from interviewer.report import read_record
        from interviewer.verification import verify_assessment, verify_debrief

        kind, record = read_record(report)
        if kind == "debrief":
            return verify_debrief(record, self.corpus, self.grader)
        return verify_assessment(record, self.debrief, self.corpus, self.grader)

    # Practice, the review queue, and verdicts that a candidate disagrees with

    def practise(self, item_id: str, answer: str, language: Language | None = None) -> Grade:
        """Grade one answer outside an interview, and let the review queue know. The answer itself is not stored."""
        grade = self.grade(item_id, answer, language)
        if grade.score is not None:
            self.notebook.add(Review(item_id, self._time(), grade.score))
        return grade

    def review_queue(self) -> Queue:
        """Which questions are due to be answered again. Days end where the clock's zone says, or this computer's."""
        from interviewer.review import queue

        reviews = [r for r in self.notebook.reviews() if r.item_id in self.corpus.items]
        now = self._clock()
        return queue(reviews, now.astimezone() if now.tzinfo is UTC else now)

    def disagree(
        self, session_id: str, item_id: str, point_id: str, should_be: str, note: str = ""
    ) -> Correction | None:
        """Keep what a verdict should have been; None if that is what it was, which withdraws an earlier correction.

        Raises:
            InputError: the interview has no such verdict, or there is no such verdict at all.
        """
        if should_be not in POINT_VERDICTS:
            raise InputError(f"verdict {should_be!r}: choose {', '.join(POINT_VERDICTS)}")
        if len(note) > MAX_NOTE:
            raise InputError(f"the note has {len(note):,} characters; at most {MAX_NOTE:,} are taken")
        grade = self._exchange(session_id, item_id).grade
        was = {p.point_id: p.verdict for p in grade.points}.get(point_id) if grade else None
        if was is None:
            raise InputError(f"interview {session_id} has no verdict on {item_id}, {point_id}")
        if was == should_be:
            self.notebook.withdraw(session_id, item_id, point_id)
            return None
        made = Correction(session_id, item_id, point_id, was, should_be, note.replace("\0", ""), self._time())
        self.notebook.correct(made)
        return made

    def corrected_answers(self) -> list[str]:
        """The answers whose verdicts were corrected, as lines of the form of eval/data/answers.jsonl."""
        from interviewer.grading.labelled import as_line, corrected

        grouped: dict[tuple[str, str], list[Correction]] = {}
        for correction in self.notebook.corrections():
            grouped.setdefault((correction.session_id, correction.item_id), []).append(correction)
        lines = []
        for (session_id, item_id), corrections in grouped.items():
            try:
                exchange = self._exchange(session_id, item_id)
            except InputError:  # the corpus no longer has the question
                continue
            answer = corrected(exchange, self.gradable(item_id), corrections)
            lines += [as_line(answer)] if answer else []
        return lines

    def _exchange(self, session_id: str, item_id: str) -> Exchange:
        for exchange in self.view(session_id).state.exchanges:
            if exchange.item_id == item_id:
                return exchange
        raise InputError(f"interview {session_id} did not ask {item_id!r}")

    def _time(self) -> str:
        return self._clock().astimezone(UTC).isoformat(timespec="milliseconds")

    # Drafts from a user's documents

    def draft(
        self,
        files: Sequence[Path],
        language: Language = "en",
        progress: Callable[[int, int, str], None] = lambda done, total, name: None,
    ) -> list[FileReport]:
        """Find draft items in documents; they wait on the desk. See `Desk.read`.

        Raises:
            InputError: the corpus is shared, and not the caller's to change.
        """
        self._own()
        return self.desk.read(files, self.corpus, self.neighbours, language, progress)

    def accept(self, item: Item) -> None:
        """Put a draft into the user's corpus; it can be asked at once.

        Raises:
            InputError: it breaks a rule of the format, or the corpus is shared.
        """
        self._own()
        self.desk.accept(item)
        self.grow()

    def with_proposals(self, item: Item) -> Item:
        """A draft with wordings that the chat model proposes for its key points; they count only once accepted.

        Raises:
            InputError: there is no chat model.
            ModelUnavailable: it does not answer.
        """
        from interviewer.llm import propose

        if self.model_voice is None:
            raise InputError("no chat model is set; INTERVIEWER_LLM names one")
        return propose(self.model_voice.speaker.model, self.grader, item)

    def _own(self) -> None:
        if self.store.owner():
            raise InputError("this server is shared; its operator adds items with `interviewer corpus import`")

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

    def find_question(self, question: str, among: Collection[Item] = ()) -> tuple[Item, float] | None:
        """The item that a question text is, with its likeness 0–1; None if nothing is like it at all.

        Likeness is the better of shared terms (Dice) and cosine; from `SAME_QUESTION` on it is the same question.

        Args:
            question: as somebody typed it, in either language.
            among: a few items to choose from (a teacher's own); the whole corpus, by its index, where there are none.
        """
        said = set(terms(question))
        if not said:
            return None
        language = language_of(question) or "en"
        if among:
            texts = [item.question.get(language) for item in among]
            cosines = self.encoder.encode(texts) @ self.encoder.encode([question])[0]
            near = list(zip(among, cosines.tolist(), strict=True))
        else:
            near = [(self.corpus.item(hit.item_id), hit.similarity) for hit in self.index.search(question, 8)]
        trust = float(self.encoder.known([question])[0])
        best: tuple[Item, float] | None = None
        for item, cosine in near:
            asked = set(terms(item.question.get(language)))
            dice = 2 * len(said & asked) / max(1, len(said) + len(asked))
            likeness = max(dice, cosine * trust)
            if best is None or likeness > best[1]:
                best = item, likeness
        return best
