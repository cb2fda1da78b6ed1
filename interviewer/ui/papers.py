"""A job description and a résumé: pasted, or read from a file into the box, so that one sees what is used of it."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
from gradio.components import Component

from interviewer.documents import SUFFIXES, text_of
from interviewer.engine import Engine
from interviewer.errors import InputError
from interviewer.interview import Brief
from interviewer.interview.brief import MAX_TEXT
from interviewer.schema import Language
from interviewer.ui.events import Updates
from interviewer.ui.signs import Signs
from interviewer.ui.words import Told, status, word

KINDS = ("job", "resume")


class Papers:
    """The boxes, and what an interview is told of what is in them."""

    def __init__(self, engine: Engine, signs: Signs) -> None:
        self._engine = engine
        self.boxes: dict[str, Component] = {}
        self.files: dict[str, gr.UploadButton] = {}
        with gr.Row():
            for kind in KINDS:
                with gr.Column(min_width=260, elem_classes="paper"):
                    self.boxes[kind] = signs.put(
                        gr.Textbox("", lines=3, max_lines=8, max_length=MAX_TEXT, elem_id=kind),
                        label=f"paper_{kind}",
                        placeholder=f"paper_{kind}_placeholder",
                    )
                    self.files[kind] = signs.put(
                        gr.UploadButton(file_types=list(SUFFIXES), size="sm", elem_id=f"{kind}-file"),
                        label="paper_file",
                    )
        self.status = gr.HTML(elem_id="papers-status", elem_classes="note")

    def read(self, kind: str, path: str | None, language: Language) -> Updates:
        """Put the text of a file into its box."""
        if not path:
            return {self.status: ""}
        try:
            text = text_of(Path(path))
        except InputError:
            # What exactly is wrong with it, the library says in English; what helps is the same.
            return {self.status: status(word("paper_unreadable", language, name=Path(path).name), "problem")}
        return {self.boxes[kind]: text[:MAX_TEXT], self.status: ""}

    def brief(self, job: str, resume: str, language: Language) -> Brief:
        """What the texts call for.

        Raises:
            InputError: nothing in them that could be asked about; said in `language`.
        """
        if not job.strip() and not resume.strip():
            return Brief()
        try:
            return self._engine.brief(job, resume)
        except InputError:
            raise Told(word("papers_nothing", language)) from None
