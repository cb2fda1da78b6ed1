"""The interview tab: a form to begin, then a conversation. What happens is the engine's; here it is shown.

Every handler takes the id of the interview that its browser tab is in, and reads the rest from the engine: two tabs
share nothing, and a reload finds everything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any, Literal

import gradio as gr

from interviewer.engine import MAX_MESSAGE, Engine, View
from interviewer.errors import InterviewerError, SessionConflict, UnknownSession
from interviewer.schema import Language, Turn
from interviewer.ui.clock import clock
from interviewer.ui.events import Updates
from interviewer.ui.hearing import overheard
from interviewer.ui.signs import Signs
from interviewer.ui.start import StartForm
from interviewer.ui.transcript import LATEX, Message, growing, messages, with_code
from interviewer.ui.words import explain, status, word

Command = Literal["hint", "skip", "repeat", "stop"]
_PAUSE = 0.03  # seconds between the pieces of a reply


@dataclass(frozen=True, slots=True)
class Place:
    """Components of the page around the tab that its handlers change, too."""

    session: gr.State
    """Id of the interview in this browser tab; empty if there is none."""
    memory: gr.BrowserState
    """The same, kept by the browser."""
    tabs: gr.Tabs


class InterviewTab:
    """The components and what they do."""

    def __init__(self, engine: Engine, signs: Signs, place: Place) -> None:
        self._engine, self._place = engine, place
        self.form = StartForm(engine, signs)
        with gr.Column(visible=False, elem_id="talk") as self.panel:
            self.where = gr.HTML(elem_id="where")
            self.chat = signs.put(_chatbot(), label="chat")
            with gr.Row(elem_classes="speaking"):
                self.status = gr.HTML(elem_id="talk-status")
                self.hush = signs.put(
                    gr.Button(size="sm", min_width=80, scale=0, visible=False, elem_id="hush"), value="hush"
                )
            self.again = signs.put(gr.Button(size="sm", visible=False, elem_id="again"), value="try_again")
            with gr.Column(elem_classes="answering") as self.answering:
                self.box = signs.put(
                    gr.Textbox("", lines=1, max_lines=14, elem_id="answer", autofocus=True),
                    label="your_answer",
                    placeholder="answer_placeholder",
                )
                # A plain box: it weighs nothing, and phones and input methods can type in it.
                self.code = signs.put(
                    gr.Textbox("", lines=6, max_lines=20, visible=False, elem_id="code"),
                    label="your_code",
                    placeholder="code_placeholder",
                )
                with gr.Row(elem_classes="actions"):
                    self.hint = signs.put(gr.Button(size="md", min_width=70, elem_id="hint"), value="hint")
                    self.skip = signs.put(gr.Button(size="md", min_width=70, elem_id="skip"), value="skip")
                    self.repeat = signs.put(gr.Button(size="md", min_width=70, elem_id="repeat"), value="repeat")
                    self.end = signs.put(gr.Button(size="md", min_width=70, elem_id="end"), value="end")
                    self.send = signs.put(
                        gr.Button(size="md", min_width=110, variant="primary", elem_id="send"), value="send"
                    )
            with gr.Column(visible=False, elem_classes="ask", elem_id="end-question") as self.ending:
                signs.put(gr.HTML(), value=lambda language: f"<p>{word('end_question', language)}</p>")
                with gr.Row():
                    self.end_no = signs.put(gr.Button(size="md", min_width=110, elem_id="end-no"), value="end_no")
                    self.end_yes = signs.put(
                        gr.Button(size="md", variant="stop", min_width=110, elem_id="end-yes"), value="end_yes"
                    )
            with gr.Row(elem_classes="after"):
                self.look = signs.put(
                    gr.Button(variant="primary", visible=False, min_width=140, elem_id="see-debrief"),
                    value="see_debrief",
                )
                self.leave = signs.put(gr.Button(size="sm", min_width=110, elem_id="leave"), value="leave")

    @property
    def outputs(self) -> list[Any]:
        """Everything that handlers of this tab change."""
        return [
            self.form.panel, *self.form.changing, self.form.begin, self.panel, self.where, self.chat, self.status,
            self.hush, self.again, self.answering, self.box, self.code, *self._buttons, self.ending, self.look,
            self._place.session, self._place.memory, self._place.tabs,
        ]  # fmt: skip

    @property
    def _buttons(self) -> tuple[gr.Button, ...]:
        return self.hint, self.skip, self.repeat, self.end, self.send

    # What is shown

    def shown(self, view: View, language: Language) -> Updates:
        """An interview as it stands, with its form put away."""
        over = view.finished
        return {
            self.form.panel: gr.update(visible=False),
            self.panel: gr.update(visible=True),
            self.where: self.heading(view, language),
            self.chat: messages(view.transcript),
            self.status: "",
            self.hush: gr.update(visible=False),
            self.again: gr.update(visible=view.waiting_for_grade),
            self.answering: gr.update(visible=not over),
            self.code: gr.update(visible=not over and self._wants_code(view)),
            self.ending: gr.update(visible=False),
            self.look: gr.update(visible=over),
            self._place.session: view.session_id,
            self._place.memory: "" if over else view.session_id,
            **{button: gr.update(interactive=not view.waiting_for_grade) for button in self._buttons},
        }

    def form_shown(self, language: Language, note: str = "") -> Updates:
        """The form, with no interview in this tab."""
        return {
            self.form.panel: gr.update(visible=True),
            self.form.begin: gr.update(interactive=True),
            self.panel: gr.update(visible=False),
            self.box: "",
            self.code: "",
            self.chat: [],
            self._place.session: "",
            self._place.memory: "",
            **self.form.offered(language, note),
        }

    def _wants_code(self, view: View) -> bool:
        asked = self._engine.corpus.items.get(view.state.exchange.item_id) if view.state.exchanges else None
        return asked is not None and asked.kind == "coding"

    def heading(self, view: View, language: Language) -> str:
        """Where the interview is: number, follow-up, topic, level, time."""
        state = view.state
        time = clock(self._engine.store.events(view.session_id), word("spent", language), not view.finished)
        if view.finished or not state.exchanges:
            asked = word("ended", language, n=len(state.exchanges))
            return _progress(asked, (), time, state.total, state.total)
        item = self._engine.corpus.item(state.exchange.item_id)
        topic = self._engine.corpus.topics.get(item.topic)
        level = word("level_is", language, level=item.level, word=word(f"level_{item.level}", language))
        tags = [topic.title.get(language) if topic else item.topic, level]
        if state.setup.mode != "interview":
            tags.append(word(f"mode_{state.setup.mode}", language))
        if state.setup.minutes:
            tags.append(word("minutes_of", language, n=state.setup.minutes))
        if state.probed:
            tags.append(word("follow_up", language, n=len(state.probed)))
        title = word("question_of", language, number=state.number, total=state.total)
        return _progress(title, tags, time, state.number - 1, state.total)

    # What happens

    def start(self, language: Language, *chosen: Any) -> Iterator[Updates]:
        """Begin a new interview with what the form holds."""
        note = self.form.note(language, *chosen)
        yield {self.form.begin: gr.update(interactive=False), self.form.status: status(note, "busy")}
        opened: Updates = {
            self.form.panel: gr.update(visible=False),
            self.form.status: "",
            self.panel: gr.update(visible=True),
            self.where: "",
            self.ending: gr.update(visible=False),
            self.look: gr.update(visible=False),
            **self._busy(""),
        }
        try:
            begin = partial(self._engine.start, self.form.setup(language, *chosen))
            for step in self._heard(begin, ()):
                if isinstance(step, View):
                    yield {**self.shown(step, language), self.form.begin: gr.update(interactive=True), self.box: ""}
                else:
                    yield {**opened, **step}
                    opened = {}
        except InterviewerError as error:
            yield self.form_shown(language, explain(error, language))

    def resume(self, session: str, language: Language) -> Iterator[Updates]:
        """Go on with a stored interview, also where its last answer was never graded."""
        try:
            view = self._engine.view(session)
        except InterviewerError as error:
            yield self.form_shown(language, explain(error, language))
            return
        yield {self.form.status: "", **self.shown(view, language)}
        if view.waiting_for_grade:
            yield from self._graded(view, language)

    def catch_up(self, session: str, language: Language) -> Iterator[Updates]:
        """Grade the answer that was stored but not graded when the page was last left, if there is one."""
        try:
            view = self._engine.view(session) if session else None
        except InterviewerError:
            view = None
        if view is None or not view.waiting_for_grade:
            yield {self.status: ""}
            return
        yield from self._graded(view, language)

    def answer(self, said: str, code: str | None, session: str, language: Language) -> Iterator[Updates]:
        """Take what was typed."""
        text = with_code(said, code or "")
        if not text.strip():
            yield {self.status: status(word("write_something", language))}
            return
        if len(text) > MAX_MESSAGE:
            note = word("too_long", language, length=len(text), most=MAX_MESSAGE)
            yield {self.status: status(note, "problem")}
            return
        yield from self._said(text, session, language, clear=True)

    def command(self, name: Command, session: str, language: Language) -> Iterator[Updates]:
        """Say what a button stands for, in the language of the interview."""
        try:
            spoken = self._engine.view(session).state.setup.language
        except InterviewerError as error:
            yield from self._failed(error, session, language)
            return
        yield from self._said(word(f"say_{name}", spoken), session, language)

    def recovered(self, session: str, language: Language) -> Updates:
        """The interview as it stands, after a handler has crashed: its fault is in the log, the page can be used."""
        try:
            return self.shown(self._engine.view(session), language) if session else self.form_shown(language)
        except InterviewerError as error:
            return self.form_shown(language, explain(error, language))

    def silence(self, session: str) -> Updates:
        """Wait no longer for a model that words the reply."""
        self._engine.hush(session)
        return {self.hush: gr.update(visible=False)}

    def _said(self, text: str, session: str, language: Language, clear: bool = False) -> Iterator[Updates]:
        """Say something, and hear the reply; an answer is graded first."""
        # The box is emptied once the text is safe, and not touched again: the next answer may be typed already.
        stored: Updates = {self.box: "", self.code: ""} if clear else {}
        stored[self.ending] = gr.update(visible=False)
        try:
            before = self._engine.view(session)
            turns = (*before.transcript, Turn("candidate", text))
            busy = {**self._busy(""), self.hush: gr.update(visible=self._by_model(before))}
            if self._by_model(before):  # its first words may be seconds away
                yield {**busy, self.chat: messages(turns)}
            for step in self._heard(partial(self._engine.submit, session, text), turns):
                if not isinstance(step, View):
                    yield {**busy, **step}
                    busy = {}
                elif step.waiting_for_grade:
                    yield from self._graded(step, language, {**stored, self.chat: messages(step.transcript)})
                else:
                    yield {**self._stands(step, language), **stored}
        except InterviewerError as error:
            yield from self._failed(error, session, language)

    def _graded(self, view: View, language: Language, first: Updates | None = None) -> Iterator[Updates]:
        """Grade the answer that waits and go on; `first` is shown together with the notice that this takes a while."""
        note = word("grading" if self._engine.ready else "loading_model", language)
        yield {**(first or {}), **self._busy(note), self.hush: gr.update(visible=self._by_model(view))}
        try:
            for step in self._heard(partial(self._engine.proceed, view.session_id), view.transcript):
                yield self._stands(step, language) if isinstance(step, View) else step
        except InterviewerError as error:
            yield from self._failed(error, view.session_id, language)

    def _heard(self, step: Callable[[], View], turns: Sequence[Turn]) -> Iterator[Updates | View]:
        """Take a step; what is said upon it appears as it is released, after the turns before. Last comes the view."""
        said, text = list(turns), ""
        for piece in overheard(step):
            if isinstance(piece, View):
                yield piece
            elif piece:
                for shown in self._appearing(said, text, piece):
                    yield {self.chat: shown, self.status: ""}
                text += piece
            else:
                said, text = [*said, Turn("interviewer", text)], ""

    def _appearing(self, turns: Sequence[Turn], text: str, piece: str) -> Iterator[list[Message]]:
        """The conversation while a piece is added to the turn that is being said."""
        *before, last = messages([*turns, Turn("interviewer", text + piece)])
        there = messages([*turns, Turn("interviewer", text)])[-1]["content"] if text else ""
        if not last["content"].startswith(there):  # the piece ends a formula or a quotation that had begun before
            there = ""
        # While the model is being loaded, every step would wait for it: then at once.
        fresh = last["content"][len(there) :]
        for part in growing(fresh) if self._engine.ready else (fresh,):
            yield [*before, {**last, "content": there + part}]
            time.sleep(_PAUSE)

    def _by_model(self, view: View) -> bool:
        """Whether a model words the replies: it may be slow."""
        return view.state.setup.voice != "scripted" and self._engine.model_voice is not None

    def _stands(self, view: View, language: Language) -> Updates:
        """The interview after a step; its debrief once it is over."""
        done = self.shown(view, language)
        if view.finished:
            done[self._place.tabs] = gr.Tabs(selected="debrief")
        return done

    def _busy(self, note: str) -> Updates:
        return {
            self.status: status(note, "busy"),
            self.hush: gr.update(visible=False),
            self.again: gr.update(visible=False),
            **{button: gr.update(interactive=False) for button in self._buttons},
        }

    def _failed(self, error: InterviewerError, session: str, language: Language) -> Iterator[Updates]:
        """Show the interview as it really stands, and the error below it. What was typed stays in the box."""
        note = explain(error, language)
        try:
            if isinstance(error, UnknownSession):
                raise error
            stands = self.shown(self._engine.view(session), language)
        except InterviewerError:
            yield self.form_shown(language, note)
            return
        kind = "" if isinstance(error, SessionConflict) else "problem"
        yield {**stands, self.status: status(note, kind)}


def _chatbot() -> gr.Chatbot:
    return gr.Chatbot(
        show_label=False,
        height=460,
        layout="bubble",
        latex_delimiters=LATEX,
        sanitize_html=True,
        allow_tags=False,
        feedback_options=None,
        buttons=[],
        group_consecutive_messages=False,
        elem_id="chat",
    )


def _progress(title: str, tags: Sequence[str], time: str, done: int, total: int) -> str:
    chips = "".join(f"<span class='chip'>{escape(tag)}</span>" for tag in tags)
    bar = f"<progress value='{done}' max='{max(1, total)}' aria-label='{escape(title)}'></progress>"
    return f"<div class='where'><p><strong>{escape(title)}</strong>{chips}{time}</p>{bar}</div>"
