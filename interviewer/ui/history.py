"""The history tab: stored interviews, to look at, compare, go on with, take away or delete, and how they developed."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from interviewer.engine import Engine
from interviewer.errors import InterviewerError, UnknownSession
from interviewer.schema import Language
from interviewer.ui.assessed import AssessedPart
from interviewer.ui.events import Updates
from interviewer.ui.past import MOST, Choice, everything
from interviewer.ui.progress import comparison, export, progress, result_of, results
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
            self.other = signs.put(
                gr.Dropdown([("", "")], value="", visible=False, filterable=False, elem_id="past-other"),
                label="compare_with",
            )
            with gr.Column(visible=False, elem_classes="ask") as self.asking:
                signs.put(gr.HTML(), value=lambda language: f"<p>{word('delete_question', language)}</p>")
                with gr.Row():
                    self.keep = signs.put(gr.Button(size="md", min_width=110, elem_id="past-keep"), value="delete_no")
                    self.sure = signs.put(
                        gr.Button(size="md", variant="stop", min_width=110, elem_id="past-sure"), value="delete_yes"
                    )
            self.status = gr.HTML(elem_id="past-status", elem_classes="note")
            self.compared = gr.HTML(elem_id="past-compared", elem_classes="note")
        with gr.Column(visible=False, elem_classes="sheet") as self.developed:
            self.progress = gr.HTML(elem_id="past-progress")
            self.assessed = AssessedPart(engine, signs)
            with gr.Row(elem_classes="downloads"):
                self.pack = signs.put(gr.Button(size="sm", min_width=140, elem_id="past-export"), value="export_all")
                self.file = signs.put(
                    gr.DownloadButton(size="sm", min_width=140, visible=False, elem_id="past-zip"),
                    label="download_zip",
                )
            self.packed = gr.HTML(elem_id="past-packed", elem_classes="note")

    @property
    def outputs(self) -> list[Any]:
        """Everything that handlers of this tab change."""
        return [
            self.note, self.list, self.actions, self.go_on, self.other, self.asking, self.status, self.compared,
            self.developed, self.progress, self.file, self.packed, *self.assessed.outputs,
        ]  # fmt: skip

    def listed(self, language: Language, chosen: str | None = None) -> Updates:
        """The list as it is now, and what it adds up to."""
        try:
            choices = everything(self._engine, language)
            developed = progress(self._engine, results(self._engine), language)
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
            self.developed: gr.update(visible=bool(choices)),
            self.progress: developed,
            **self.assessed.put_away(),
            self.file: gr.update(visible=False),
            self.packed: "",
            **self._offered(chosen, choices, language),
        }

    def chosen(self, session: str | None, language: Language) -> Updates:
        """Offer what can be done with an interview: look, go on, delete, lay it beside another."""
        try:
            return self._offered(session, everything(self._engine, language), language)
        except InterviewerError as error:
            return {self.status: status(explain(error, language), "problem")}

    def _offered(self, session: str | None, choices: Sequence[Choice], language: Language) -> Updates:
        others = [choice for choice in choices if choice[1] != session] if session else []
        return {
            self.actions: gr.update(visible=bool(session)),
            self.asking: gr.update(visible=False),
            self.go_on: gr.update(visible=bool(session) and self._can_go_on(session or "")),
            self.other: gr.update(
                choices=[(word("compare_none", language), ""), *others], value="", visible=bool(others)
            ),
            self.compared: "",
        }

    def laid_beside(self, session: str | None, other: str | None, language: Language) -> Updates:
        """Two interviews side by side."""
        if not session or not other:
            return {self.compared: ""}
        pair = result_of(self._engine, session), result_of(self._engine, other)
        if pair[0] is None or pair[1] is None:
            return {self.compared: status(word("not_scored", language))}
        return {self.compared: comparison(self._engine, pair[0], pair[1], language)}

    def exported(self, language: Language) -> Updates:
        """Everything as one file."""
        try:
            made, count = export(self._engine, Path(self.list.GRADIO_CACHE))
        except InterviewerError as error:
            return {self.packed: status(explain(error, language), "problem")}
        except OSError as error:
            return {self.packed: status(word("error_other", language, detail=error.strerror or error), "problem")}
        if not count:
            return {self.packed: status(word("nothing_to_export", language))}
        return {
            self.file: gr.update(value=str(made), visible=True),
            self.packed: status(word("exported", language, n=count)),
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
