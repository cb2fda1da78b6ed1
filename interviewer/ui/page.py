"""The page: the tabs put together, and what passes between them."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any, cast

import gradio as gr

from interviewer.engine import Engine
from interviewer.errors import InterviewerError
from interviewer.schema import Language
from interviewer.ui.corpus import CorpusTab
from interviewer.ui.debrief import DebriefTab
from interviewer.ui.endpoints import Endpoints
from interviewer.ui.events import FILE, LATEST, MODEL, ONCE, QUIET, Updates, distinct, merged
from interviewer.ui.grade_file import FileTab, Upload
from interviewer.ui.hearing import attend
from interviewer.ui.history import HistoryTab
from interviewer.ui.interview import InterviewTab, Place
from interviewer.ui.practice import PracticeTab
from interviewer.ui.rows import Show
from interviewer.ui.settings import SettingsTab
from interviewer.ui.signs import FIRST, Signs
from interviewer.ui.words import preferred, word

_KEY = "interviewer"
"""Keeps what the browser remembers from colliding with other apps and readable after a restart. No secret."""
_LANGUAGE_JS = "(language) => window.interviewer.inLanguage(language)"
_ADDRESS_JS = "(session) => window.interviewer.atSession(session)"
_PENDING_JS = "(...given) => window.interviewer.pending(...given)"
_WARM_DELAY = 1.5  # seconds for the first page to be drawn before loading the model competes with it


def build(engine: Engine) -> gr.Blocks:
    """The whole page over an engine. Loads no model; the first visitor's arrival has the engine load it."""
    blocks: gr.Blocks
    with gr.Blocks(title=word("title", FIRST), analytics_enabled=False, delete_cache=(3600, 86400)) as blocks:
        Page(engine).wire(blocks)
        Endpoints(engine).publish()
    blocks.queue(default_concurrency_limit=8, max_size=64)
    return blocks


class Page:
    """All components and all events."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        attend(engine)
        self.signs = signs = Signs()
        self._session, self._shown = gr.State(""), gr.State("")
        self._ungraded = gr.State(
            ""
        )  # the interview, if its last answer was stored but not graded when the page was left
        self._memory = gr.BrowserState("", storage_key=f"{_KEY}.session", secret=_KEY)
        self._language_memory = gr.BrowserState("", storage_key=f"{_KEY}.language", secret=_KEY)
        with gr.Row(elem_id="masthead"):
            signs.put(gr.HTML(elem_id="title"), value=_masthead)
            self._language = signs.put(
                gr.Radio(
                    [("中文", "zh"), ("English", "en")], value=FIRST, elem_id="language", scale=0, min_width=190,
                    container=False, interactive=True,
                ),
                label="language",
            )  # fmt: skip
        with gr.Tabs(selected="interview") as self._tabs:
            with signs.put(gr.Tab(id="interview"), label="tab_interview"):
                self._interview = InterviewTab(engine, signs, Place(self._session, self._memory, self._tabs))
            with signs.put(gr.Tab(id="debrief"), label="tab_debrief"):
                self._debrief = DebriefTab(engine, signs, self._shown)
            with signs.put(gr.Tab(id="history"), label="tab_history") as self._history_tab:
                self._history = HistoryTab(engine, signs)
            with signs.put(gr.Tab(id="practice"), label="tab_practice") as self._practice_tab:
                self._practice = PracticeTab(engine, signs)
            with signs.put(gr.Tab(id="file"), label="tab_file"):
                self._file = FileTab(engine, signs)
            with signs.put(gr.Tab(id="corpus"), label="tab_corpus") as self._corpus_tab:
                self._corpus = CorpusTab(engine, signs)
            with signs.put(gr.Tab(id="settings"), label="tab_settings") as self._settings_tab:
                self._settings = SettingsTab(engine, signs)

    def wire(self, blocks: gr.Blocks) -> None:
        """Register every event."""
        self._wire_arrival(blocks)
        self._wire_interview()
        self._wire_history()
        self._wire_practice()
        self._wire_file()
        self._wire_corpus()
        self._wire_settings()

    # Arriving, and switching the language

    def _wire_arrival(self, blocks: gr.Blocks) -> None:
        tab = self._interview
        arrived = blocks.load(
            self._arrive,
            [self._memory, self._language_memory],
            distinct([self._language, self._ungraded], self.signs.components, tab.outputs),
            **QUIET,
        )
        arrived.then(None, self._language, None, js=_LANGUAGE_JS, **QUIET)
        arrived.then(None, self._memory, None, js=_ADDRESS_JS, **QUIET)
        self._then_debrief(arrived)
        self._then_debrief(self._ungraded.change(tab.catch_up, [self._ungraded, self._language], tab.outputs, **MODEL))
        switched = self._language.input(
            self._switch,
            [
                self._language, self._session, self._practice.asked, self._history.list, self._file.upload,
                self._file.show, self._practice.queue.due, self._corpus.list,
            ],
            distinct(
                [self._language_memory, tab.where],
                self.signs.components,
                tab.form.changing,
                self._practice.outputs,
                self._practice.queue.outputs,
                self._history.outputs,
                self._file.outputs,
                self._corpus.outputs,
                self._settings.outputs,
            ),
            **QUIET,
        )  # fmt: skip
        switched.then(None, self._language, None, js=_LANGUAGE_JS, **QUIET)
        switched.then(self._practice.searched, self._search_inputs, self._practice.search_outputs, **LATEST)

    def _arrive(self, memory: str | None, remembered: str | None, request: gr.Request) -> Updates:
        """Show the page in the visitor's language, and the interview that this browser tab is in."""
        warming = threading.Timer(_WARM_DELAY, self._engine.warm)
        warming.daemon = True
        warming.start()
        language = preferred(remembered or request.headers.get("accept-language", ""))
        named = str(request.query_params.get("session") or "")
        switch = gr.update(value=language, label=word("language", language))
        updates = merged(self.signs.updates(language), {self._language: switch})
        note = ""
        for session in dict.fromkeys((named, memory or "")):
            try:
                view = self._engine.view(session) if session else None
            except InterviewerError:
                note = word("gone", language) if session == named else ""
                continue
            # A finished interview is shown again only where the address asks for it.
            if view is not None and (session == named or not view.finished):
                waits: Updates = {self._ungraded: session if view.waiting_for_grade else ""}
                return merged(updates, waits, self._interview.shown(view, language))
        return merged(updates, self._interview.form_shown(language, note))

    def _switch(
        self,
        language: Language,
        session: str,
        question: str | None,
        past: str | None,
        upload: Upload | None = None,
        show: Show = "review_first",
        due: str | None = None,
        draft: str | None = None,
    ) -> Updates:
        """Everything in another language. The interview itself goes on in its own."""
        heading: Updates = {}
        if session:
            with suppress(InterviewerError):
                heading[self._interview.where] = self._interview.heading(self._engine.view(session), language)
        return merged(
            self.signs.updates(language),
            {self._language_memory: language},
            heading,
            self._interview.form.offered(language),
            self._history.listed(language, past),
            self._practice.worded(question, language),
            self._practice.queue.shown(language, due),
            self._file.worded(upload, show, language),
            self._corpus.worded(draft, language),
            self._settings.shown(language),
        )

    # The interview

    def _wire_interview(self) -> None:
        tab, form = self._interview, self._interview.form
        chosen = [self._language, *form.inputs]
        started = gr.on(
            [form.begin.click, cast("gr.Textbox", form.named["focus"]).submit], tab.start, chosen, tab.outputs, **MODEL
        )
        started.failure(tab.recovered, [self._session, self._language], tab.outputs, **QUIET)
        started.then(None, self._memory, None, js=_ADDRESS_JS, **QUIET)
        resumed = form.go_on.click(tab.resume, [form.earlier, self._language], tab.outputs, **MODEL)
        resumed.then(None, self._memory, None, js=_ADDRESS_JS, **QUIET)
        here = [self._session, self._language]
        self._then_debrief(tab.again.click(tab.catch_up, here, tab.outputs, **MODEL))
        typed = [tab.send.click, tab.box.submit]
        # What was typed is shown by the page itself, before the server has heard of it.
        gr.on(
            typed,
            None,
            [tab.box, tab.code, tab.chat, tab.status, self._language],
            [tab.chat, tab.status],
            js=_PENDING_JS,
            **QUIET,
        )
        sent = gr.on(typed, tab.answer, [tab.box, tab.code, *here], tab.outputs, **MODEL)
        self._then_debrief(sent)
        for button, name in ((tab.hint, "hint"), (tab.skip, "skip"), (tab.repeat, "repeat"), (tab.end_yes, "stop")):
            done = button.click(self._commanding(name), here, tab.outputs, **MODEL)
            self._then_debrief(done)
        tab.hush.click(tab.silence, self._session, tab.hush, **QUIET)
        for kind, file in form.papers.files.items():
            file.upload(
                self._reading(kind), [file, self._language], [form.papers.boxes[kind], form.papers.status], **QUIET
            )
        tab.end.click(lambda: gr.update(visible=True), None, tab.ending, **QUIET)
        tab.end_no.click(lambda: gr.update(visible=False), None, tab.ending, **QUIET)
        tab.look.click(lambda: gr.Tabs(selected="debrief"), None, self._tabs, **QUIET)
        self._debrief.takeaway.wire(self._debrief.pdf, [self._shown], self._language)
        self._shown.change(
            self._debrief.remarked, [self._shown, self._language], self._debrief.remark, **{**MODEL, **LATEST}
        )
        left = tab.leave.click(tab.form_shown, self._language, tab.outputs, **ONCE)
        left.then(None, self._memory, None, js=_ADDRESS_JS, **QUIET)

    def _reading(self, kind: str) -> Any:
        def read(path: str | None, language: Language) -> Updates:
            return self._interview.form.papers.read(kind, path, language)

        return read

    def _commanding(self, name: Any) -> Any:
        def command(session: str, language: Language) -> Any:
            yield from self._interview.command(name, session, language)

        return command

    def _then_debrief(self, event: Any) -> None:
        """After an event that may have ended the interview, show its debrief; after a crash, make the page usable."""
        event.failure(self._interview.recovered, [self._session, self._language], self._interview.outputs, **QUIET)
        debrief = self._debrief
        event.then(debrief.open_if_finished, [self._session, self._shown, self._language], debrief.outputs, **ONCE)

    # Past interviews

    def _wire_history(self) -> None:
        tab = self._history
        self._history_tab.select(tab.listed, [self._language, tab.list], tab.outputs, **QUIET)
        tab.list.input(tab.chosen, [tab.list, self._language], tab.outputs, **QUIET)
        tab.other.input(tab.laid_beside, [tab.list, tab.other, self._language], tab.outputs, **QUIET)
        tab.pack.click(tab.exported, self._language, tab.outputs, **ONCE)
        part = tab.assessed
        part.make.click(part.made, self._language, part.outputs, **FILE)
        part.takeaway.wire(part.pdf, [self._language], self._language)
        opened = tab.look.click(lambda: gr.Tabs(selected="debrief"), None, self._tabs, **QUIET)
        opened.then(self._debrief.open, [tab.list, self._language], self._debrief.outputs, **ONCE)
        going = tab.go_on.click(lambda: gr.Tabs(selected="interview"), None, self._tabs, **QUIET)
        resumed = going.then(self._interview.resume, [tab.list, self._language], self._interview.outputs, **MODEL)
        resumed.then(None, self._memory, None, js=_ADDRESS_JS, **QUIET)
        tab.delete.click(lambda: gr.update(visible=True), None, tab.asking, **QUIET)
        tab.keep.click(lambda: gr.update(visible=False), None, tab.asking, **QUIET)
        gone = tab.sure.click(self._debrief.closed, [tab.list, self._shown], self._debrief.outputs, **ONCE)
        gone = gone.then(self._left_behind, [tab.list, self._session, self._language], self._interview.outputs, **QUIET)
        gone.then(tab.deleted, [tab.list, self._language], tab.outputs, **ONCE)

    def _left_behind(self, deleted: str | None, session: str, language: Language) -> Updates:
        """An interview that is deleted is not gone on with either."""
        return self._interview.form_shown(language) if deleted == session else {self._interview.status: ""}

    # Practice

    @property
    def _search_inputs(self) -> list[Any]:
        tab = self._practice
        return [tab.query, tab.topic, tab.found, self._language]

    def _wire_practice(self) -> None:
        tab = self._practice
        # Not `input`: it follows key presses only and misses what is pasted, deleted or written by an input method.
        gr.on(
            [tab.query.change, tab.query.submit, tab.topic.input, self._practice_tab.select],
            tab.searched, self._search_inputs, tab.search_outputs, **LATEST,
        )  # fmt: skip
        queue = tab.queue
        self._practice_tab.select(queue.shown, [self._language, queue.due], queue.outputs, **QUIET)
        # What is picked in one of the two lists is no longer picked in the other.
        tab.found.input(tab.picked, [tab.found, self._language], tab.outputs, **QUIET)
        tab.found.input(lambda: None, None, queue.due, **QUIET)
        queue.due.input(tab.picked, [queue.due, self._language], tab.outputs, **QUIET)
        queue.due.input(lambda: None, None, tab.found, **QUIET)
        graded = tab.grade.click(tab.graded, [tab.asked, tab.box, self._language], tab.outputs, **MODEL)
        graded.then(queue.shown, [self._language, queue.due], queue.outputs, **QUIET)

    # A file, and the settings

    def _wire_file(self) -> None:
        tab = self._file
        tab.choose.upload(tab.uploaded, [tab.choose, self._language], tab.outputs, **ONCE)
        tab.begin.click(tab.graded, [*tab.chosen, self._language], tab.outputs, **FILE)
        tab.cancel.click(tab.stop, tab.upload, tab.outputs, **QUIET)
        tab.show.input(tab.listed, [tab.upload, tab.show, self._language], tab.outputs, **QUIET)

    def _wire_corpus(self) -> None:
        tab = self._corpus
        self._corpus_tab.select(tab.listed, [tab.list, self._language], tab.outputs, **QUIET)
        tab.choose.upload(tab.uploaded, [tab.choose, self._language], tab.outputs, **FILE)
        tab.list.input(tab.picked, [tab.list, self._language], tab.outputs, **QUIET)
        given = [tab.list, *tab.edits, self._language]
        added = tab.accept.click(tab.accepted, given, tab.outputs, **MODEL)
        added.then(self.signs.updates, self._language, self.signs.components, **QUIET)  # it may be of a new topic
        tab.keep.click(tab.kept, given, tab.outputs, **ONCE)
        tab.propose.click(tab.proposed, given, tab.outputs, **MODEL)
        tab.reject.click(tab.rejected, [tab.list, self._language], tab.outputs, **ONCE)

    def _wire_settings(self) -> None:
        tab = self._settings
        self._settings_tab.select(tab.shown, self._language, tab.outputs, **QUIET)
        tab.test.click(tab.tested, self._language, tab.outputs, **MODEL)
        tab.chat_test.click(tab.spoken, self._language, [tab.chat_test, tab.chat_status], **MODEL)


def _masthead(language: Language) -> str:
    return f"<h1>{word('title', language)}</h1><p class='soft'>{word('tagline', language)}</p>"
