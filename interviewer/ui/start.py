"""The form that begins an interview, or goes on with one."""

from __future__ import annotations

from collections.abc import Sequence

import gradio as gr

from interviewer.engine import Engine
from interviewer.interview import Setup
from interviewer.schema import Language
from interviewer.ui.events import Updates
from interviewer.ui.past import unfinished
from interviewer.ui.signs import Signs
from interviewer.ui.words import status, word

MOST_QUESTIONS = 20
_MOST_EARLIER = 4  # the history has all of them


class StartForm:
    """Sensible as it stands: one click begins."""

    def __init__(self, engine: Engine, signs: Signs) -> None:
        self._engine = engine
        with gr.Column(elem_classes="sheet", elem_id="start-form") as self.panel:
            signs.put(gr.HTML(padding=False), value=_heading)
            self.topics = signs.put(
                gr.CheckboxGroup(elem_classes="chips", elem_id="topics"),
                label="topics",
                info="topics_info",
                choices=lambda language: [(t.title.get(language), t.id) for t in engine.corpus.topics.values()],
            )
            with gr.Row():
                self.level = signs.put(
                    gr.Slider(1, 5, value=2, step=1, elem_id="level"), label="level", info="level_info"
                )
                self.count = signs.put(
                    gr.Slider(1, MOST_QUESTIONS, value=5, step=1, elem_id="count"), label="count", info="count_info"
                )
            self.focus = signs.put(
                gr.Textbox("", lines=1, max_lines=3, max_length=500, elem_id="focus"),
                label="focus",
                placeholder="focus_placeholder",
            )
            self.status = gr.HTML(elem_id="start-status", elem_classes="note")
            self.begin = signs.put(gr.Button(variant="primary", elem_id="start"), value="start")
            with gr.Column(visible=False, elem_classes="resume", elem_id="resume") as self.resume:
                self.earlier = signs.put(
                    gr.Radio(choices=[], interactive=True, elem_classes="cards", elem_id="earlier"), label="unfinished"
                )
                self.go_on = signs.put(gr.Button(size="md", elem_id="continue"), value="continue")

    @property
    def changing(self) -> list[gr.components.Component | gr.blocks.BlockContext]:
        """What `offered` changes."""
        return [self.earlier, self.resume, self.status]

    def setup(self, language: Language, topics: Sequence[str], level: float, count: float, focus: str) -> Setup:
        """What was chosen."""
        return Setup(language, tuple(topics), int(level), int(count), focus)

    def offered(self, language: Language, note: str = "") -> Updates:
        """The list of interviews that can go on, as it is now, and a note."""
        choices = unfinished(self._engine, language)[:_MOST_EARLIER]
        first = choices[0][1] if choices else None
        return {
            self.earlier: gr.update(choices=choices, value=first),
            self.resume: gr.update(visible=bool(choices)),
            self.status: status(note, "problem"),
        }


def _heading(language: Language) -> str:
    return f"<h2>{word('start_heading', language)}</h2><p class='soft'>{word('start_intro', language)}</p>"
