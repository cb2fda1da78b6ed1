"""The form that begins an interview, or goes on with one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from interviewer.engine import Engine
from interviewer.interview import Setup
from interviewer.schema import Language
from interviewer.ui.events import Updates
from interviewer.ui.past import unfinished
from interviewer.ui.signs import Sign, Signs
from interviewer.ui.words import status, word

MOST_QUESTIONS = 20
_MOST_EARLIER = 4  # the history has all of them


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """One thing to choose."""

    name: str
    """Of the field of `Setup` that it sets."""
    make: Callable[[], Component]
    signs: dict[str, Sign]
    read: Callable[[Any], Any] = lambda value: value
    """What the component gives → what `Setup` takes."""


def fields(engine: Engine) -> tuple[tuple[Field, ...], ...]:
    """The rows of the form; what stands in one row shares its width."""
    return (
        (
            Field(
                "topics",
                lambda: gr.CheckboxGroup(elem_classes="chips", elem_id="topics"),
                {
                    "label": "topics",
                    "info": "topics_info",
                    "choices": lambda language: [(t.title.get(language), t.id) for t in engine.corpus.topics.values()],
                },
                tuple,
            ),
        ),
        (
            Field(
                "level",
                lambda: gr.Slider(1, 5, value=2, step=1, elem_id="level", buttons=[]),
                {"label": "level", "info": "level_info"},
                int,
            ),
            Field(
                "questions",
                lambda: gr.Slider(1, MOST_QUESTIONS, value=5, step=1, elem_id="count", buttons=[]),
                {"label": "count", "info": "count_info"},
                int,
            ),
        ),
        (
            Field(
                "focus",
                lambda: gr.Textbox("", lines=1, max_lines=3, max_length=500, elem_id="focus"),
                {"label": "focus", "placeholder": "focus_placeholder"},
            ),
        ),
    )


class StartForm:
    """Sensible as it stands: one click begins."""

    def __init__(self, engine: Engine, signs: Signs) -> None:
        self._engine = engine
        self._fields: dict[Field, Component] = {}
        with gr.Column(elem_classes="sheet", elem_id="start-form") as self.panel:
            signs.put(gr.HTML(padding=False), value=_heading)
            for row in fields(engine):
                with gr.Row():
                    for field in row:
                        self._fields[field] = signs.put(field.make(), **field.signs)
            self.status = gr.HTML(elem_id="start-status", elem_classes="note")
            self.begin = signs.put(gr.Button(variant="primary", elem_id="start"), value="start")
            with gr.Column(visible=False, elem_classes="resume", elem_id="resume") as self.resume:
                self.earlier = signs.put(
                    gr.Radio(choices=[], interactive=True, elem_classes="cards", elem_id="earlier"), label="unfinished"
                )
                self.go_on = signs.put(gr.Button(size="md", elem_id="continue"), value="continue")

    @property
    def inputs(self) -> list[Component]:
        """What `setup` takes, after the language."""
        return list(self._fields.values())

    @property
    def named(self) -> dict[str, Component]:
        """Component of each field of `Setup`."""
        return {field.name: component for field, component in self._fields.items()}

    @property
    def changing(self) -> list[gr.components.Component | gr.blocks.BlockContext]:
        """What `offered` changes."""
        return [self.earlier, self.resume, self.status]

    def setup(self, language: Language, *chosen: Any) -> Setup:
        """What was chosen, in the order of `inputs`."""
        return Setup(language, **{f.name: f.read(value) for f, value in zip(self._fields, chosen, strict=True)})

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
