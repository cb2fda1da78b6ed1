"""The self-assessment in the history tab: all interviews together, made when it is asked for, shown and taken away."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from interviewer.engine import Engine
from interviewer.errors import InputError, InterviewerError
from interviewer.report import assessment_html, write_assessment
from interviewer.schema import Language
from interviewer.ui.events import Updates
from interviewer.ui.signs import Signs
from interviewer.ui.takeaway import READY, Takeaway, within
from interviewer.ui.words import explain, status, word


class AssessedPart:
    """The components and what they do."""

    def __init__(self, engine: Engine, signs: Signs) -> None:
        self._engine = engine
        signs.put(
            gr.HTML(),
            value=lambda language: (
                f"<h3>{word('assessed_heading', language)}</h3><p class='soft'>{word('assessed_intro', language)}</p>"
            ),
        )
        with gr.Row(elem_classes="actions"):
            self.make = signs.put(gr.Button(size="md", min_width=140, elem_id="assess"), value="assess")
        self.status = gr.HTML(elem_id="assess-status", elem_classes="note")
        with gr.Column(visible=False, elem_id="assessed") as self.panel:
            self.takeaway = Takeaway(signs, "assessed")
            self.report = gr.HTML(elem_id="assessed-report", apply_default_css=False)

    @property
    def outputs(self) -> list[Any]:
        """Everything that handlers of this part change."""
        return [self.make, self.status, self.panel, self.report, *self.takeaway.outputs]

    def put_away(self) -> Updates:
        """What stands there is not of what is stored now, or not in the page's language."""
        return {self.status: "", self.panel: gr.update(visible=False), self.report: ""}

    def made(self, language: Language) -> Iterator[Updates]:
        """Put it together in the page's language."""
        yield {self.make: gr.update(interactive=False), self.status: status(word("assessing", language), "busy")}
        done: Updates = {self.make: gr.update(interactive=True), self.status: ""}
        try:
            assessment = self._engine.assessment(language)
            files = {kind: self._place(kind) for kind in READY}
            for path in files.values():
                write_assessment(assessment, self._engine.corpus, path)
            page = assessment_html(assessment, self._engine.corpus)
        except InputError:
            yield {**done, self.status: status(word("assess_nothing", language))}
        except InterviewerError as error:
            yield {**done, self.status: status(explain(error, language), "problem")}
        else:
            shown = within(word("assessed_heading", language), page).replace("<details", "<details open", 1)
            yield {**done, self.panel: gr.update(visible=True), self.report: shown, **self.takeaway.offered(files)}

    def pdf(self, language: Language) -> Path:
        """The same as a PDF.

        Raises:
            InputError: a PDF cannot be made here.
        """
        path = self._place("pdf")
        write_assessment(self._engine.assessment(language), self._engine.corpus, path)
        return path

    def _place(self, kind: str) -> Path:
        # Whoever has the address of a file in there can fetch it, so nobody must be able to guess it.
        folder = Path(self.report.GRADIO_CACHE, f"assessment-{secrets.token_hex(16)}")
        folder.mkdir(parents=True)
        return folder / f"self-assessment.{kind}"
