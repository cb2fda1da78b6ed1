"""The practice tab: find one question, or take one that is due, answer it, and see the grade at once.

The answer is not stored; that the question was answered, and how well, is: it comes back when it is due.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

import gradio as gr

from interviewer.engine import MAX_MESSAGE, Engine
from interviewer.errors import InterviewerError
from interviewer.report import question_card_html
from interviewer.schema import Exchange, Item, Language, QuestionReview
from interviewer.text import terms
from interviewer.ui.code_page import code_url
from interviewer.ui.events import Updates
from interviewer.ui.queue import QueuePart
from interviewer.ui.signs import Signs
from interviewer.ui.transcript import LATEX, spoken
from interviewer.ui.words import explain, status, word

_MOST = 8


class PracticeTab:
    """The components and what they do."""

    def __init__(self, engine: Engine, signs: Signs) -> None:
        self._engine = engine
        self._index_met = False
        self.asked = gr.State(None)
        """Id of the question that is answered here."""
        self.queue = QueuePart(engine, signs)
        with gr.Column(elem_classes="sheet"):
            signs.put(gr.HTML(), value=_heading)
            with gr.Row():
                self.query = signs.put(
                    gr.Textbox("", lines=1, max_lines=1, scale=3, min_width=220, elem_id="search"),
                    label="search",
                    placeholder="search_placeholder",
                )
                self.topic = signs.put(
                    gr.Dropdown(
                        [("", "")], value="", scale=2, min_width=180, filterable=False, elem_id="practice-topic"
                    ),
                    label="topic",
                    choices=lambda language: [
                        (word("any_topic", language), ""),
                        *((t.title.get(language), t.id) for t in engine.corpus.topics.values()),
                    ],
                )
            self.search_status = gr.HTML(elem_classes="note")
            self.found = signs.put(gr.Radio(choices=[], elem_classes="cards", elem_id="found"), label="found")
        with gr.Column(visible=False, elem_classes="sheet", elem_id="practice-question") as self.panel:
            self.question = gr.Markdown(latex_delimiters=LATEX, elem_classes="asked")
            self.box = signs.put(gr.Textbox("", lines=5, max_lines=16, elem_id="practice-answer"), label="your_answer")
            self.grade = signs.put(gr.Button(variant="primary", elem_id="grade"), value="grade")
            self.status = gr.HTML(elem_id="practice-status", elem_classes="note")
            self.result = gr.HTML(elem_id="practice-result", apply_default_css=False)

    @property
    def search_outputs(self) -> list[Any]:
        """Everything that searching changes."""
        return [self.search_status, self.found]

    @property
    def outputs(self) -> list[Any]:
        """Everything that picking and grading change."""
        return [self.asked, self.panel, self.question, self.box, self.grade, self.status, self.result]

    def searched(self, query: str, topic: str, chosen: str | None, language: Language) -> Iterator[Updates]:
        """The questions that fit; the one already picked stays so if it is among them."""
        items = [i for i in self._engine.corpus.items.values() if not topic or i.topic == topic]
        if not query.strip():
            yield self._listed(items if topic else items[:_MOST], chosen, language)
            return
        if not self._index_met:  # it may still be loading: until then words alone must do
            yield self._listed(_by_words(items, query), chosen, language, word("loading_search", language))
        try:
            hits = self._engine.search(query, len(self._engine.corpus.items))
        except InterviewerError as error:
            yield {self.search_status: status(explain(error, language), "problem")}
            return
        self._index_met = True
        fitting = {item.id: item for item in items}
        yield self._listed([fitting[h.item_id] for h in hits if h.item_id in fitting][:_MOST], chosen, language)

    def _listed(self, items: Sequence[Item], chosen: str | None, language: Language, busy: str = "") -> Updates:
        choices = [(_one_line(item.question.get(language)), item.id) for item in items]
        kept = chosen if chosen in {item.id for item in items} else None
        note = status(busy, "busy") if busy else status("" if choices else word("nothing_found", language))
        return {self.search_status: note, self.found: gr.update(choices=choices, value=kept, visible=bool(choices))}

    def picked(self, item_id: str | None, language: Language) -> Updates:
        """Show a question, with nothing answered yet."""
        return {**self.worded(item_id, language), self.asked: item_id, self.box: "", self.status: "", self.result: ""}

    def worded(self, item_id: str | None, language: Language) -> Updates:
        """The question in a language; what was typed and graded stays."""
        item = self._engine.corpus.items.get(item_id or "")
        if item is None:
            return {self.panel: gr.update(visible=False)}
        topic = self._engine.corpus.topics.get(item.topic)
        level = word("level_is", language, level=item.level, word=word(f"level_{item.level}", language))
        tags = f"{topic.title.get(language) if topic else item.topic}{word('dot', language)}{level}"
        text = f"<span class='soft'>{escape(tags)}</span>\n\n### {spoken(_one_line(item.question.get(language)))}"
        return {self.panel: gr.update(visible=True), self.question: text}

    def graded(self, item_id: str | None, answer: str, language: Language) -> Iterator[Updates]:
        """Grade what was typed."""
        if not item_id or not answer.strip():
            yield {self.status: status(word("write_answer" if item_id else "pick_first", language))}
            return
        if len(answer) > MAX_MESSAGE:
            note = word("too_long", language, length=len(answer), most=MAX_MESSAGE)
            yield {self.status: status(note, "problem")}
            return
        note = word("grading" if self._engine.ready else "loading_model", language)
        yield {self.status: status(note, "busy"), self.grade: gr.update(interactive=False)}
        try:
            result = self._result(item_id, answer, language)
        except InterviewerError as error:
            yield {self.status: status(explain(error, language), "problem"), self.grade: gr.update(interactive=True)}
            return
        yield {self.status: "", self.result: result, self.grade: gr.update(interactive=True)}

    def _result(self, item_id: str, answer: str, language: Language) -> str:
        item = self._engine.corpus.item(item_id)
        grade = self._engine.practise(item_id, answer, language)
        review = QuestionReview(item, Exchange(item_id, (answer,), grade), 1)
        card = question_card_html(review, self._engine.corpus, language, lambda ref: code_url(ref, language))
        said = escape(self._engine.feedback(grade, answer, language))
        # Links open the code in a tab of its own here: the frame for it is in the debrief.
        card = card.replace('target="code-viewer"', 'target="_blank"')
        return f'<section class="feedback"><h3>{word("feedback", language)}</h3><p>{said}</p></section>{card}'


def _heading(language: Language) -> str:
    return f"<h2>{word('practice_heading', language)}</h2><p class='soft'>{word('practice_intro', language)}</p>"


def _by_words(items: Sequence[Item], query: str) -> list[Item]:
    wanted = set(terms(query))
    shared = {i.id: len(wanted & set(terms(f"{i.question.zh} {i.question.en}"))) for i in items}
    return sorted((i for i in items if shared[i.id]), key=lambda i: -shared[i.id])[:_MOST]


def _one_line(text: str) -> str:
    return " ".join(text.split())
