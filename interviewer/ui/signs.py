"""Which words stand on which component, so that one switch can change them all.

signs = Signs()
send = signs.put(gr.Button(), value="send")
language.input(signs.updates, language, signs.components)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import gradio as gr
from gradio.blocks import Block

from interviewer.schema import Language
from interviewer.ui.words import word

C = TypeVar("C", bound=Block)
Sign = str | Callable[[Language], Any]
FIRST: Language = "zh"
"""The language that a page is made in, before its browser has said which one it wants."""


class Signs:
    """Properties of components that depend on the language alone."""

    def __init__(self) -> None:
        self._signs: dict[Block, dict[str, Sign]] = {}

    def put(self, component: C, **signs: Sign) -> C:
        """Remember what stands on a component, and put it there.

        Args:
            component: a component whose constructor takes these properties.
            signs: property → key of a word, or a function of the language.
        """
        self._signs[component] = signs
        for name, value in _read(signs, FIRST).items():
            setattr(component, name, value)
        return component

    @property
    def components(self) -> list[Block]:
        """Everything that a switch changes."""
        return list(self._signs)

    def updates(self, language: Language) -> dict[Block, Any]:
        """The change of each component that brings it to a language."""
        return {component: gr.update(**_read(signs, language)) for component, signs in self._signs.items()}


def _read(signs: dict[str, Sign], language: Language) -> dict[str, Any]:
    return {name: word(s, language) if isinstance(s, str) else s(language) for name, s in signs.items()}
