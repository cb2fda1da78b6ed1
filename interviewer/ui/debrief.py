"""The debrief tab: what an interview showed, files to take away, and the reference code beside it."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from hashlib import blake2s
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from interviewer.engine import Engine
from interviewer.errors import InterviewerError
from interviewer.report import to_fragment, write
from interviewer.schema import Debrief, Language
from interviewer.ui.code_page import code_url
from interviewer.ui.disagree import control
from interviewer.ui.events import Updates
from interviewer.ui.signs import Signs
from interviewer.ui.takeaway import READY, Takeaway
from interviewer.ui.words import explain, status, word

VIEWER = "code-viewer"
"""Name of the frame that code links open in; the report's links are made for it."""
_SECRET = secrets.token_bytes(32)


class DebriefTab:
    """The components and what they do."""

    def __init__(self, engine: Engine, signs: Signs, shown: gr.State) -> None:
        """Args:
        engine: makes the debriefs.
        signs: where the words go.
        shown: id of the interview whose debrief this browser tab shows; empty if none.
        """
        self._engine, self._shown = engine, shown
        self.empty = signs.put(
            gr.HTML(elem_id="debrief-empty"), value=lambda language: _empty(word("debrief_empty", language))
        )
        self.status = gr.HTML(elem_id="debrief-status", elem_classes="note")
        with gr.Column(visible=False, elem_id="debrief-full") as self.full:
            self.takeaway = Takeaway(signs, "download")
            self.remark = gr.HTML(elem_id="debrief-remark", elem_classes="note")
            with gr.Row(elem_classes="beside"):
                self.report = gr.HTML(elem_id="debrief-report", apply_default_css=False)
                self.pane = signs.put(gr.HTML(elem_id="code-pane", apply_default_css=False), value=code_pane)

    @property
    def outputs(self) -> list[Any]:
        """Everything that `open` changes."""
        return [
            self.empty,
            self.status,
            self.full,
            self.remark,
            self.report,
            self.pane,
            self._shown,
            *self.takeaway.outputs,
        ]

    def open(self, session: str, language: Language) -> Updates:
        """Show one interview's debrief."""
        try:
            debrief = self._engine.debrief(session)
            fragment = self._fragment(debrief)
            files = self._written(debrief)
        except InterviewerError as error:
            return {self.status: status(explain(error, language), "problem")}
        return {
            self.empty: gr.update(visible=False),
            self.status: "",
            self.full: gr.update(visible=True),
            self.report: fragment,
            self.pane: gr.update(visible=any(q.item.code for q in debrief.questions)),
            self._shown: session,
            **self.takeaway.offered(files),
        }

    def _fragment(self, debrief: Debrief) -> str:
        """The report, with a way to disagree beside each verdict."""
        session, language = debrief.session_id, debrief.language
        kept = {(c.item_id, c.point_id): c for c in self._engine.notebook.corrections(session)}
        return to_fragment(
            debrief,
            self._engine.corpus,
            lambda ref: code_url(ref, language),
            lambda item, point, verdict: control(session, item, point, verdict, kept.get((item, point)), language),
            closing=not self._by_model(session),
        )

    def _by_model(self, session: str) -> bool:
        """Whether a model has the last word; without one, the report's own closing remark stands."""
        setup = self._engine.view(session).state.setup
        return setup.voice != "scripted" and self._engine.model_voice is not None

    def remarked(self, shown: str, language: Language) -> Iterator[Updates]:
        """The closing remark in a model's words; they may take seconds, so the report is shown before."""
        yield {self.remark: ""}
        try:
            if not shown or not self._by_model(shown):
                return
            said = self._engine.remark(shown)
        except InterviewerError:  # the report has said so already
            return
        yield {self.remark: f"<h3>{escape(word('remark_heading', language))}</h3><p>{escape(said)}</p>"}

    def open_if_finished(self, session: str, shown: str, language: Language) -> Updates:
        """Show the debrief of the interview in this tab once it is over."""
        if not session or session == shown:
            return {self.status: ""}
        try:
            finished = self._engine.view(session).finished
        except InterviewerError:
            finished = False
        return self.open(session, language) if finished else {self.status: ""}

    def closed(self, deleted: str, shown: str) -> Updates:
        """Take a debrief away whose interview is no more."""
        shutil.rmtree(self._folder(deleted), ignore_errors=True)
        if deleted != shown:
            return {self.status: ""}
        return {
            self.empty: gr.update(visible=True),
            self.full: gr.update(visible=False),
            self.report: "",
            self._shown: "",
            self.status: "",
        }

    def _written(self, debrief: Debrief) -> dict[str, Path]:
        """The files to take away, in the folder that Gradio serves from."""
        made = {kind: self._file(debrief, kind) for kind in READY}
        for path in made.values():
            write(debrief, self._engine.corpus, path)
        return made

    def pdf(self, session: str) -> Path:
        """One interview's debrief as a PDF.

        Raises:
            InputError: a PDF cannot be made here.
        """
        debrief = self._engine.debrief(session)
        path = self._file(debrief, "pdf")
        write(debrief, self._engine.corpus, path)
        return path

    def _file(self, debrief: Debrief, kind: str) -> Path:
        folder = self._folder(debrief.session_id)
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"interview-{debrief.started_at[:10]}-{debrief.session_id[:6]}.{kind}"

    def _folder(self, session: str) -> Path:
        # Whoever has the address of a file in there can fetch it, so an interview's id must not lead to it.
        return Path(self.report.GRADIO_CACHE, f"debrief-{blake2s(session.encode(), key=_SECRET).hexdigest()}")


def code_pane(language: Language) -> str:
    """The frame that code links open in, and a button that puts it away where it covers the page."""
    title, close = escape(word("code_viewer", language)), escape(word("close_code", language))
    # The text is HTML inside an attribute of HTML: escaped once for each.
    hint = escape(
        f"<body style='font:15px/1.6 system-ui;color:#777;margin:1.2rem'>{escape(word('code_empty', language))}"
    )
    return (
        f'<aside class="code-pane" aria-label="{title}"><p class="code-bar"><strong>{title}</strong>'
        f'<button type="button" class="close-code">{close}</button></p>'
        f'<iframe name="{VIEWER}" title="{title}" srcdoc="{hint}"></iframe></aside>'
    )


def _empty(text: str) -> str:
    return f'<p class="empty">{escape(text)}</p>'
