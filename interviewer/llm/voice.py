"""The model as an engine's voice: the scripted words of a line go in, a turn comes out that says who worded it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from interviewer.corpus import Corpus
from interviewer.errors import InterviewerError
from interviewer.grading import Grader
from interviewer.interview import Line, State
from interviewer.llm.find import find_model, open_model
from interviewer.llm.guard import Guard
from interviewer.llm.protocol import ChatModel
from interviewer.llm.remarks import tell_feedback
from interviewer.llm.scene import Scene, exchange_of, scene_of
from interviewer.llm.speaker import Speaker
from interviewer.schema import Item, Turn
from interviewer.settings import Settings
from interviewer.text import sentences

if TYPE_CHECKING:
    from interviewer.retrieval import Index

PASSAGES = 2
_NEIGHBOURS = 6
_MAX_PASSAGE = 240
_GROUNDED = ("acknowledge", "probe")
_log = logging.getLogger(__name__)


class ModelVoice:
    """Words lines by a chat model, under guard. Safe to share between threads."""

    def __init__(
        self,
        speaker: Speaker,
        corpus: Corpus,
        grader: Callable[[], Grader | None],
        index: Callable[[], Index | None],
    ) -> None:
        """Args:
        speaker: the model.
        corpus: what is asked from.
        grader: the grader if it is loaded already; before that, nothing a model says could be checked.
        index: the search index if it is loaded already.
        """
        self.speaker = speaker
        self._corpus, self._grader, self._index = corpus, grader, index
        self._guard = lru_cache(maxsize=1)(Guard)

    def turn(
        self,
        line: Line,
        item: Item | None,
        state: State,
        scripted: str,
        heard: Callable[[str], None] = lambda _: None,
        key: str = "",
    ) -> Turn:
        """One line as it was said.

        Args:
            line: what has to be said.
            item: the question it is about.
            state: of the interview, after the event that led to the line.
            scripted: the scripted voice's words.
            heard: called with each piece as it may be shown, in order; together they are the turn's text.
            key: see `Speaker.tell`.
        """
        grader = self._grader()
        if grader is None or not self.speaker.awake:
            heard(scripted)
            return Turn("interviewer", scripted, line.act, line.item_id)
        exchange = exchange_of(item, state)
        if str(line.act) == "feedback" and item and exchange and exchange.grade:
            # Here a verdict is what is wanted; it is held to the grade instead.
            grade, language = exchange.grade, state.setup.language
            told = tell_feedback(
                self.speaker, grade, item, exchange.joined, language, scripted=scripted, heard=heard, key=key
            )
            return Turn("interviewer", told.text, line.act, line.item_id, told.by, "+".join(told.failed))
        guard = self._guard(grader)
        scene = scene_of(line, item, state, scripted)
        if scene.act in _GROUNDED:
            scene = replace(scene, passages=self.passages(scene, guard, state.plan))
        told = self.speaker.tell(scene, guard, heard=heard, key=key)
        return Turn("interviewer", told.text, line.act, line.item_id, told.by, "+".join(told.failed))

    def passages(self, scene: Scene, guard: Guard, plan: Collection[str]) -> tuple[str, ...]:
        """Sentences of neighbouring items' answers, nearest first, none of which gives an open key point away.

        Items of the same interview are left out: what answers one of them must not be in the air before it is asked.
        """
        index = self._index()
        if index is None or scene.item is None:
            return ()
        barred = {*plan, scene.item.id}
        hits = index.search(f"{scene.target} {scene.said}", _NEIGHBOURS, allowed=lambda i: i not in barred)
        found: list[str] = []
        for hit in hits:
            item = self._corpus.items.get(hit.item_id)  # None: it was added after this was made
            answer = item.answer.get(scene.language) if item else ""
            fitting = (" ".join(s.text.split()) for s in sentences(answer))
            safe = next((s for s in fitting if len(s) <= _MAX_PASSAGE and not guard.gives_away(scene, s)), "")
            found += [safe] if safe else []
            if len(found) == PASSAGES:
                break
        return tuple(found)


def voice_for(
    settings: Settings, corpus: Corpus, grader: Callable[[], Grader | None], index: Callable[[], Index | None]
) -> ModelVoice | None:
    """The voice that the settings lead to; None where there is no model, or none that can be opened."""
    try:
        found = find_model(settings)
        model: ChatModel | None = open_model(found, settings) if found else None
    except InterviewerError as error:
        _log.warning("no chat model: %s", error)
        return None
    return ModelVoice(Speaker(model, settings.llm_seconds), corpus, grader, index) if model else None
