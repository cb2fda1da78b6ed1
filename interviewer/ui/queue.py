"""The review queue above the practice tab's search: what is due today, what is coming, how many days in a row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from html import escape
from typing import Any

import gradio as gr

from interviewer.engine import Engine
from interviewer.errors import InterviewerError
from interviewer.review import Scheduled
from interviewer.schema import Language
from interviewer.ui.events import Updates
from interviewer.ui.signs import Signs
from interviewer.ui.words import explain, status, word

_MOST = 6
_BAR, _GAP, _HEIGHT, _FOOT = 22, 6, 56, 30  # of the forecast's bars, in pixels


class QueuePart:
    """The components and what they do."""

    def __init__(self, engine: Engine, signs: Signs) -> None:
        self._engine = engine
        with gr.Column(elem_classes="sheet", elem_id="queue"):
            self.about = gr.HTML(elem_id="queue-about")
            self.due = signs.put(
                gr.Radio(choices=[], visible=False, elem_classes="cards", elem_id="due"), label="queue_pick"
            )
            self.more = gr.HTML(elem_classes="note")

    @property
    def outputs(self) -> list[Any]:
        """Everything that `shown` changes."""
        return [self.about, self.due, self.more]

    def shown(self, language: Language, chosen: str | None = None) -> Updates:
        """The queue as it is now; what was picked stays so while it is due."""
        heading = f"<h2>{escape(word('queue_heading', language))}</h2>"
        try:
            queue = self._engine.review_queue()
        except InterviewerError as error:
            return {self.about: heading + status(explain(error, language), "problem")}
        if not queue.cards:
            said = f"<p class='soft'>{escape(word('queue_empty', language))}</p>"
            return {self.about: heading + said, self.due: gr.update(visible=False), self.more: ""}
        facts = (
            ("queue_due", str(len(queue.due))),
            ("queue_streak", word("queue_days", language, n=queue.streak)),
            ("queue_kept", str(len(queue.cards))),
        )
        figures = "".join(f"<div><dt>{escape(word(key, language))}</dt><dd>{n}</dd></div>" for key, n in facts)
        done = "" if queue.due else f"<p>{escape(word('queue_done', language))}</p>"
        name = word("queue_forecast", language)
        chart = f"<figure><figcaption class='soft'>{escape(name)}</figcaption>{forecast(queue.forecast, name)}</figure>"
        offered = [(self._line(card, language), card.item_id) for card in queue.due[:_MOST]]
        left = len(queue.due) - len(offered)
        return {
            self.about: f"{heading}<div class='queue'><dl>{figures}</dl>{chart}</div>{done}",
            self.due: gr.update(
                choices=offered, value=chosen if chosen in {i for _, i in offered} else None, visible=bool(offered)
            ),
            self.more: f"<p class='soft'>{escape(word('queue_more', language, n=left))}</p>" if left else "",
        }

    def _line(self, card: Scheduled, language: Language) -> str:
        question = " ".join(self._engine.corpus.item(card.item_id).question.get(language).split())
        return f"{question}{word('dot', language)}{word('queue_last', language, score=f'{card.score:.0f}')}"


def forecast(days: Sequence[tuple[date, int]], name: str) -> str:
    """Bars, one a day, as SVG; the numbers stand above them, the days of the month below."""
    most = max(1, *(count for _, count in days))
    width = len(days) * (_BAR + _GAP)
    parts = []
    for place, (day, count) in enumerate(days):
        x, height = place * (_BAR + _GAP) + _GAP / 2, count / most * _HEIGHT
        middle, top = x + _BAR / 2, _HEIGHT + 14 - height
        parts.append(f"<rect x='{x:g}' y='{top:g}' width='{_BAR}' height='{max(1, height):g}' rx='2'/>")
        parts.append(f"<text x='{middle:g}' y='{top - 3:g}'>{count or ''}</text>")
        parts.append(f"<text x='{middle:g}' y='{_HEIGHT + _FOOT:g}' class='day'>{day.day}</text>")
    said = escape(f"{name}: {', '.join(f'{day:%m-%d} {count}' for day, count in days)}")
    return (
        f"<svg class='forecast' role='img' aria-label='{said}' viewBox='0 0 {width} {_HEIGHT + _FOOT + 6}' "
        f"width='{width}'>{''.join(parts)}</svg>"
    )
