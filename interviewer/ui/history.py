"""The history tab: stored interviews, to look at, go on with, or delete."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr

from interviewer.engine import Engine
from interviewer.errors import InterviewerError, UnknownSession
from interviewer.schema import Language
from interviewer.ui.events import Updates
from interviewer.ui.past import MOST, everything
from interviewer.ui.signs import Signs
from interviewer.ui.words import explain, status, word


class HistoryTab:
    """The components and what they do."""

    def __init__(self, engine: Engine, signs: Signs) -> None:
        self._engine = engine
        with gr.Column(elem_classes="sheet"):
            signs.put(gr.HTML(), value=lambda language: f"<h2>{word('history_heading', language)}</h2>")
            self.note = gr.HTML(elem_classes="note")
            self.list = signs.put(
                gr.Radio(choices=[], visible=False, elem_classes="cards", elem_id="past"), label="history_list"
            )
            with gr.Row(visible=False, elem_classes="actions") as self.actions:
                self.look = signs.put(
                    gr.Button(size="md", min_width=110, variant="primary", elem_id="past-open"), value="open_debrief"
                )
                self.go_on = signs.put(
                    gr.Button(size="md", min_width=110, elem_id="past-continue"), value="continue_it"
                )
                self.delete = signs.put(gr.Button(size="md", min_width=90, elem_id="past-delete"), value="delete")
            with gr.Column(visible=False, elem_classes="ask") as self.asking:
                signs.put(gr.HTML(), value=lambda language: f"<p>{word('delete_question', language)}</p>")
                with gr.Row():
                    self.keep = signs.put(gr.Button(size="md", min_width=110, elem_id="past-keep"), value="delete_no")
                    self.sure = signs.put(
                        gr.Button(size="md", variant="stop", min_width=110, elem_id="past-sure"), value="delete_yes"
                    )
            self.status = gr.HTML(elem_id="past-status", elem_classes="note")

    @property
    def outputs(self) -> list[Any]:
        """Everything that handlers of this tab change."""
        return [self.note, self.list, self.actions, self.go_on, self.asking, self.status]

    def listed(self, language: Language, chosen: str | None = None) -> Updates:
        """The list as it is now."""
        try:
            choices = everything(self._engine, language)
        except InterviewerError as error:
            return {self.status: status(explain(error, language), "problem")}
        chosen = chosen if chosen in {value for _, value in choices} else None
        note = "" if choices else f'<p class="empty">{escape(word("history_empty", language))}</p>'
        if len(choices) == MOST:
            note = f'<p class="soft">{escape(word("shown_latest", language, n=MOST))}</p>'
        return {
            self.note: note,
            self.list: gr.update(choices=choices, value=chosen, visible=bool(choices)),
            self.status: "",
            **self.chosen(chosen),
        }

    def chosen(self, session: str | None) -> Updates:
        """Offer what can be done with an interview."""
        return {
            self.actions: gr.update(visible=bool(session)),
            self.asking: gr.update(visible=False),
            self.go_on: gr.update(visible=bool(session) and self._can_go_on(session or "")),
        }

    def _can_go_on(self, session: str) -> bool:
        try:
            return not self._engine.view(session).finished
        except InterviewerError:
            return False

    def deleted(self, session: str | None, language: Language) -> Updates:
        """Forget an interview; that it is gone already is what was wanted."""
        try:
            self._engine.delete(session or "")
        except UnknownSession:
            pass
        except InterviewerError as error:
            return {self.status: status(explain(error, language), "problem")}
        return {**self.listed(language), self.status: status(word("deleted", language))}
