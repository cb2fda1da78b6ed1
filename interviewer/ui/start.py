"""The form that begins an interview, or goes on with one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from interviewer.engine import Engine
from interviewer.errors import InputError
from interviewer.interview import Setup
from interviewer.interview.plan import MAX_QUESTIONS
from interviewer.llm import find_model
from interviewer.schema import MODES, STYLES, Language
from interviewer.ui.events import Updates
from interviewer.ui.papers import Papers
from interviewer.ui.past import unfinished
from interviewer.ui.signs import Sign, Signs
from interviewer.ui.words import Told, status, word

MOST_QUESTIONS = 20
MOST_MINUTES = 120
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


Rows = tuple[tuple[Field, ...], ...]


def fields(engine: Engine) -> Rows:
    """The rows of the form; what stands in one row shares its width."""
    return (
        (_chips("mode", MODES, "mode_info"),),
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
    )


def options(engine: Engine) -> Rows:
    """The rows that are folded away: nobody needs them to begin."""
    model = model_name(engine)
    return (
        (
            Field(
                "focus",
                lambda: gr.Textbox("", lines=1, max_lines=3, max_length=500, elem_id="focus"),
                {"label": "focus", "placeholder": "focus_placeholder"},
            ),
        ),
        (
            _chips("style", STYLES, "style_info", "neutral"),
            Field(
                "minutes",
                lambda: gr.Slider(0, MOST_MINUTES, value=0, step=5, elem_id="minutes", buttons=[]),
                {"label": "minutes_at_most", "info": "minutes_info"},
                int,
            ),
        ),
        *(((_voice(model),),) if model else ()),
    )


def _chips(name: str, values: tuple[str, ...], info: str, chosen: str = "") -> Field:
    """One of a few, all in sight."""
    return Field(
        name,
        lambda: gr.Radio([("", v) for v in values], value=chosen or values[0], elem_classes="chips", elem_id=name),
        {
            "label": name,
            "info": info,
            "choices": lambda language: [(word(f"{name}_{value}", language), value) for value in values],
        },
    )


def _voice(model: str) -> Field:
    def choices(language: Language) -> list[tuple[str, str]]:
        return [(word("voice_auto", language, name=model), "auto"), (word("voice_scripted", language), "scripted")]

    return Field(
        "voice",
        lambda: gr.Radio([("", "auto")], value="auto", elem_classes="chips", elem_id="voice"),
        {"label": "voice", "info": "voice_info", "choices": choices},
    )


def model_name(engine: Engine) -> str:
    """The chat model that could word an interview; empty where there is none, or none that is understood."""
    try:
        return find_model(engine.settings).name
    except InputError:  # the settings tab says what is wrong with it
        return ""


class StartForm:
    """Sensible as it stands: one click begins."""

    def __init__(self, engine: Engine, signs: Signs) -> None:
        self._engine = engine
        self._fields: dict[Field, Component] = {}
        with gr.Column(elem_classes="sheet", elem_id="start-form") as self.panel:
            signs.put(gr.HTML(padding=False), value=_heading)
            self._lay_out(fields(engine), signs)
            with signs.put(gr.Accordion(open=False, elem_id="options"), label="options"):
                self._lay_out(options(engine), signs)
                self.papers = Papers(engine, signs)
            self.status = gr.HTML(elem_id="start-status", elem_classes="note")
            self.begin = signs.put(gr.Button(variant="primary", elem_id="start"), value="start")
            with gr.Column(visible=False, elem_classes="resume", elem_id="resume") as self.resume:
                self.earlier = signs.put(
                    gr.Radio(choices=[], interactive=True, elem_classes="cards", elem_id="earlier"), label="unfinished"
                )
                self.go_on = signs.put(gr.Button(size="md", elem_id="continue"), value="continue")

    def _lay_out(self, rows: Rows, signs: Signs) -> None:
        for row in rows:
            with gr.Row():
                for field in row:
                    self._fields[field] = signs.put(field.make(), **field.signs)

    @property
    def inputs(self) -> list[Component]:
        """What `setup` takes, after the language."""
        return [*self._fields.values(), *self.papers.boxes.values()]

    @property
    def named(self) -> dict[str, Component]:
        """Component of each field of `Setup`, and of each document."""
        return {**{field.name: component for field, component in self._fields.items()}, **self.papers.boxes}

    @property
    def changing(self) -> list[gr.components.Component | gr.blocks.BlockContext]:
        """What `offered` changes."""
        return [self.earlier, self.resume, self.status]

    def note(self, language: Language, *chosen: Any) -> str:
        """What takes time when an interview begins with these choices."""
        if any(text.strip() for text in self._split(chosen)[1]):
            return word("reading_papers", language)
        return word("starting" if self._engine.ready else "starting_early", language)

    def setup(self, language: Language, *chosen: Any) -> Setup:
        """What was chosen, in the order of `inputs`. Where documents were given, this searches the corpus for long.

        Raises:
            InputError: nobody can be asked like that.
        """
        given, (job, resume) = self._split(chosen)
        read = {f.name: f.read(value) for f, value in zip(self._fields, given, strict=True)}
        if read["mode"] == "drill" and len(read["topics"]) != 1:
            raise Told(word("drill_needs_topic", language))
        if read["mode"] == "review":
            read["items"] = self._due(read["topics"], language)
        return Setup(language, brief=self.papers.brief(job, resume, language), **read)

    def _split(self, chosen: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[str, ...]]:
        fields = len(self._fields)
        return chosen[:fields], tuple(text or "" for text in chosen[fields:])

    def _due(self, topics: tuple[str, ...], language: Language) -> tuple[str, ...]:
        """The questions that are due today, of these topics if there are any."""
        items = self._engine.corpus.items
        due = [c.item_id for c in self._engine.review_queue().due if not topics or items[c.item_id].topic in topics]
        if not due:
            raise Told(word("review_none_due", language))
        return tuple(due[:MAX_QUESTIONS])

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
