"""The corpus tab: documents in, what was found in them beside the page it stands on, edited, accepted or rejected.

Drafts wait on the engine's desk, so that nothing is lost when the page is closed. What is accepted is in the corpus at
once. Wordings that a program made are listed with a box each, and only those that are ticked are kept.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from contextvars import copy_context
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from interviewer.authoring import UNSORTED, FileReport, Waiting, as_item
from interviewer.documents import SUFFIXES
from interviewer.engine import Engine
from interviewer.errors import InterviewerError, ModelUnavailable
from interviewer.schema import LANGUAGES, Bilingual, Item, KeyPoint, Language, Wordings
from interviewer.ui.events import Updates
from interviewer.ui.signs import Signs
from interviewer.ui.words import explain, status, word

_STEP = 0.4  # seconds between two looks at an import
_MOST_LISTED = 200
_PLACE = re.compile(r"(.*), (line|page|paragraph) (\S+)", re.DOTALL)
"""An origin: name of the file, unit, number."""


class CorpusTab:
    """The components and what they do."""

    def __init__(self, engine: Engine, signs: Signs) -> None:
        self._engine = engine
        self.spoken = gr.State("zh")  # the language in which the shown draft is edited
        with gr.Column(elem_classes="sheet"):
            signs.put(gr.HTML(), value=_heading)
            self.choose = signs.put(
                gr.UploadButton(
                    file_types=list(SUFFIXES), file_count="multiple", size="md", variant="primary",
                    elem_id="upload-documents",
                ),
                label="choose_documents",
            )  # fmt: skip
            self.status = gr.HTML(elem_id="corpus-status", elem_classes="note")
            self.report = gr.HTML(elem_id="corpus-report")  # no note: those are hidden without a paragraph
        with gr.Column(elem_classes="sheet"):
            signs.put(gr.HTML(), value=lambda language: f"<h3>{word('drafts_heading', language)}</h3>")
            self.none = gr.HTML(elem_id="no-drafts")
            self.list = signs.put(
                gr.Radio(choices=[], visible=False, elem_classes="cards", elem_id="drafts"), label="drafts"
            )
        with gr.Column(visible=False, elem_classes="sheet", elem_id="draft") as self.panel:
            with gr.Row():
                with gr.Column(min_width=280):
                    self.passage = gr.HTML(elem_id="draft-passage", apply_default_css=False)
                with gr.Column(min_width=280):
                    self._fields(engine, signs)
            self.said = gr.HTML(elem_id="draft-status", elem_classes="note")
            with gr.Row(elem_classes="actions"):
                self.accept = signs.put(
                    gr.Button(variant="primary", size="md", min_width=110, elem_id="draft-accept"), value="draft_accept"
                )
                self.keep = signs.put(gr.Button(size="md", min_width=110, elem_id="draft-keep"), value="draft_keep")
                self.propose = signs.put(
                    gr.Button(size="md", min_width=110, visible=False, elem_id="draft-propose"), value="draft_propose"
                )
                self.reject = signs.put(
                    gr.Button(size="md", min_width=90, variant="stop", elem_id="draft-reject"), value="draft_reject"
                )

    def _fields(self, engine: Engine, signs: Signs) -> None:
        self.question = signs.put(gr.Textbox("", lines=2, elem_id="draft-question"), label="question")
        with gr.Row():
            self.topic = signs.put(
                gr.Dropdown([("", "")], value="", filterable=False, min_width=130, interactive=True),
                label="topic",
                choices=lambda language: _topics(engine, language),
            )
            self.level = signs.put(
                gr.Dropdown([1, 2, 3, 4, 5], value=2, filterable=False, min_width=90, interactive=True), label="level"
            )
        self.points = signs.put(
            gr.Textbox("", lines=6, max_lines=20, elem_id="draft-points"),
            label="draft_points",
            info="draft_points_info",
        )
        self.made = signs.put(
            gr.CheckboxGroup([], visible=False, elem_classes="cards", elem_id="draft-made", interactive=True),
            label="draft_made",
            info="draft_made_info",
        )
        self.answer = signs.put(gr.Textbox("", lines=4, max_lines=14, elem_id="draft-answer"), label="draft_answer")

    @property
    def edits(self) -> list[Any]:
        """What a person may change of a draft: inputs of `accepted`, `kept` and `proposed` behind the draft's id."""
        return [self.spoken, self.question, self.topic, self.level, self.points, self.made, self.answer]

    @property
    def outputs(self) -> list[Any]:
        """Everything that handlers of this tab change."""
        return [
            *self.edits, self.choose, self.status, self.report, self.none, self.list, self.panel, self.passage,
            self.said, self.accept, self.propose, self.reject,
        ]  # fmt: skip

    # Documents in

    def uploaded(self, files: Sequence[str] | None, language: Language) -> Iterator[Updates]:
        """Find drafts in the files, saying how far it has come."""
        if self._engine.store.owner():
            yield {self.status: status(word("corpus_shared", language), "problem")}
            return
        if not files:
            yield {self.status: status(word("documents_first", language))}
            return
        run = _Run(self._engine, [Path(f) for f in files], language)
        yield {self.choose: gr.update(interactive=False), self.status: run.progress(language), self.report: ""}
        while not run.ended(_STEP):
            yield {self.status: run.progress(language)}
        yield {self.choose: gr.update(interactive=True, value=None), **self._outcome(run, language)}

    def _outcome(self, run: _Run, language: Language) -> Updates:
        listed = self.listed(None, language)
        if run.failure:
            return {**listed, self.status: status(explain(run.failure, language), "problem")}
        found = sum(len(r.drafts) for r in run.reports)
        said = word("documents_done", language, files=len(run.reports), drafts=found)
        return {**listed, self.status: status(said), self.report: _report(run.reports, language)}

    # The drafts that wait

    def listed(self, chosen: str | None, language: Language) -> Updates:
        """The drafts that wait; the chosen one stays so if it still waits."""
        try:
            waiting = self._engine.desk.waiting()
        except InterviewerError as error:
            return {self.none: status(explain(error, language), "problem"), self.list: gr.update(visible=False)}
        kept = chosen if chosen in {w.id for w in waiting} else None
        left = len(waiting) - _MOST_LISTED
        note = f"<p class='empty'>{word('no_drafts', language)}</p>" if not waiting else ""
        note += status(word("more_drafts", language, n=left)) if left > 0 else ""
        return {
            self.none: note,
            self.list: gr.update(
                choices=[(_one_line(w, language), w.id) for w in waiting[:_MOST_LISTED]],
                value=kept,
                visible=bool(waiting),
            ),
            self.panel: gr.update(visible=kept is not None),
        }

    def picked(self, draft_id: str | None, language: Language) -> Updates:
        """Show a draft beside its page."""
        try:
            found = self._engine.desk.find(draft_id or "")
            return self._shown(found, language) if found else {self.panel: gr.update(visible=False)}
        except InterviewerError as error:
            return {self.status: status(explain(error, language), "problem"), self.panel: gr.update(visible=False)}

    def _shown(self, waiting: Waiting, language: Language) -> Updates:
        item = as_item(waiting.draft)
        spoken = language if getattr(item.question, language) else next(x for x in LANGUAGES if x != language)
        made = _made(item, language)
        return {
            self.panel: gr.update(visible=True),
            self.spoken: spoken,
            self.passage: _passage(waiting, item, self._named(item.like, language), language),
            self.question: item.question.get(spoken),
            self.topic: gr.update(choices=_topics(self._engine, language, item.topic), value=item.topic),
            self.level: item.level,
            self.points: "\n".join(p.text.get(spoken) for p in item.key_points),
            self.made: gr.update(choices=made, value=[], visible=bool(made)),
            self.answer: item.answer.get(spoken),
            self.said: "",
            self.propose: gr.update(visible=self._engine.model_voice is not None),
        }

    def _named(self, ids: Sequence[str], language: Language) -> list[str]:
        """What items and drafts that wait ask; one that is neither any more is not worth a word."""
        known = self._engine.corpus.items
        waiting = {i: w for i in ids if i not in known and (w := self._engine.desk.find(i))}
        return [
            " ".join(known[i].question.get(language).split()) if i in known else _one_line(waiting[i], language)
            for i in ids
            if i in known or i in waiting
        ]

    # What becomes of one

    def accepted(self, draft_id: str | None, *given: Any) -> Iterator[Updates]:
        """Put the draft, as it was edited, into the corpus."""
        *edits, language = given
        if not draft_id:
            return
        yield {self.said: status(word("draft_adding", language), "busy"), self.accept: gr.update(interactive=False)}
        problem = self._shared(language) or _lacking(edits, language)
        try:
            if not problem:
                found = self._engine.desk.find(draft_id)
                if found:
                    self._engine.accept(read_by_somebody(edited(as_item(found.draft), *edits), edits[-2]))
        except InterviewerError as error:
            problem = explain(error, language)
        if problem:
            yield {self.said: status(problem, "problem"), self.accept: gr.update(interactive=True)}
            return
        said = word("draft_added", language, question=" ".join(edits[1].split())[:60])
        yield {
            self.accept: gr.update(interactive=True), **self.listed(None, language), self.said: "",
            self.status: status(said), self.report: "",
        }  # fmt: skip

    def kept(self, draft_id: str | None, *given: Any) -> Updates:
        """Keep the changes; the draft goes on waiting."""
        *edits, language = given
        return self._changed(draft_id, edits, language, lambda item: item, "draft_kept")

    def proposed(self, draft_id: str | None, *given: Any) -> Iterator[Updates]:
        """Have the chat model propose wordings; they are listed to be ticked."""
        *edits, language = given
        yield {self.said: status(word("draft_asking", language), "busy"), self.propose: gr.update(interactive=False)}
        done = self._changed(draft_id, edits, language, self._engine.with_proposals, "draft_proposed")
        yield {**done, self.propose: gr.update(interactive=True)}

    def _changed(self, draft_id: str | None, edits: list[Any], language: Language, change: Any, said: str) -> Updates:
        problem = self._shared(language) or _lacking(edits, language)
        if problem:
            return {self.said: status(problem, "problem")}
        try:
            found = self._engine.desk.find(draft_id or "")
            if found is None:
                return self.listed(None, language)
            before = edited(as_item(found.draft), *edits)
            item = change(before)
            self._engine.desk.change(item)
            if said == "draft_proposed" and item == before:
                said = "draft_none_proposed"
            found = self._engine.desk.find(item.id)
        except ModelUnavailable as error:
            return {self.said: status(word("draft_model_failed", language, detail=str(error)), "problem")}
        except InterviewerError as error:
            return {self.said: status(explain(error, language), "problem")}
        shown = self._shown(found, language) if found else {}
        return {**self.listed(draft_id, language), **shown, self.said: status(word(said, language))}

    def rejected(self, draft_id: str | None, language: Language) -> Updates:
        """Throw a draft away; its document would give it again."""
        problem = self._shared(language)
        if problem:
            return {self.said: status(problem, "problem")}
        try:
            self._engine.desk.reject(draft_id or "")
        except InterviewerError as error:
            return {self.said: status(explain(error, language), "problem")}
        return {**self.listed(None, language), self.status: status(word("draft_rejected", language)), self.report: ""}

    def worded(self, draft_id: str | None, language: Language) -> Updates:
        """What there is, in another language; what was typed stays."""
        return {**self.listed(draft_id, language), self.status: "", self.report: "", self.said: ""}

    def _shared(self, language: Language) -> str:
        return word("corpus_shared", language) if self._engine.store.owner() else ""


class _Run:
    """Documents being read behind a page."""

    def __init__(self, engine: Engine, files: Sequence[Path], language: Language) -> None:
        self.reports: list[FileReport] = []
        self.failure: InterviewerError | None = None
        self._at = (0, len(files), "")
        # The thread is the visitor's own: the store asks whose page it works for.
        self._thread = threading.Thread(
            target=copy_context().run, args=(self._work, engine, files, language), name="import", daemon=True
        )
        self._thread.start()

    def _work(self, engine: Engine, files: Sequence[Path], language: Language) -> None:
        try:
            self.reports = engine.draft(files, language, self._report)
        except InterviewerError as error:
            self.failure = error
        except Exception as error:  # whoever watches must not wait for ever
            self.failure = InterviewerError(f"{type(error).__name__}: {error}")

    def _report(self, done: int, total: int, name: str) -> None:
        self._at = done, total, name

    def ended(self, within: float) -> bool:
        """Whether it is over, after waiting for that for at most so many seconds."""
        self._thread.join(within)
        return not self._thread.is_alive()

    def progress(self, language: Language) -> str:
        """How far it has come."""
        done, total, name = self._at
        said = word("documents_at", language, done=done, total=total, name=name)
        if not name:
            said = word("documents_begin", language)
        bar = f"<progress value='{done}' max='{total}' aria-label='{escape(said)}'></progress>"
        return f"<div class='where'>{status(said, 'busy')}{bar}</div>"


# A draft and its fields


def edited(
    item: Item, spoken: Language, question: str, topic: str, level: int, points: str, made: Sequence[str], answer: str
) -> Item:
    """The item with what somebody typed into the fields; `made` says nothing of it (see `read_by_somebody`).

    Args:
        item: the draft before.
        spoken: the language that was edited; the other one stays as it is.
        question: one text.
        topic: id of a topic.
        level: 1 to 5.
        points: a key point in each line; one that is as before keeps its wordings.
        made: keys of the ticked wordings.
        answer: the model answer.
    """
    lines = [" ".join(row.split()).removeprefix("- ").strip() for row in points.splitlines()]
    return replace(
        item,
        question=_put(item.question, spoken, " ".join(question.split())),
        topic=topic or UNSORTED,
        level=level,
        key_points=_points(item.key_points, [row for row in lines if row], spoken),
        answer=_put(item.answer, spoken, answer.strip()),
    )


def _points(before: Sequence[KeyPoint], rows: Sequence[str], spoken: Language) -> tuple[KeyPoint, ...]:
    by_text = {p.text.get(spoken): p for p in before}
    taken = {p.id for p in before}
    found: list[KeyPoint] = []
    for n, row in enumerate(rows):
        point = by_text.get(row) or (before[n] if len(rows) == len(before) else None)
        if point is None or any(point.id == f.id for f in found):
            new = next(f"p{k}" for k in range(1, 10_000) if f"p{k}" not in taken)
            taken.add(new)
            point = KeyPoint(new, Bilingual())
        found.append(replace(point, text=_put(point.text, spoken, row)))
    return tuple(found)


def read_by_somebody(item: Item, ticked: Sequence[str]) -> Item:
    """The item with the ticked ones of the wordings that a program made, and without the others.

    Args:
        item: a draft.
        ticked: keys, as the list of them has them: "p1/not/zh/0".
    """

    def chosen(point: KeyPoint, kind: str, wordings: Wordings) -> Wordings:
        return Wordings(*(
            tuple(t for n, t in enumerate(wordings.get(x)) if f"{point.id}/{kind}/{x}/{n}" in ticked) for x in LANGUAGES
        ))  # fmt: skip

    def read(point: KeyPoint) -> KeyPoint:
        wrong = chosen(point, "not", point.contradictions) if "not" in point.generated else point.contradictions
        more = chosen(point, "proposed", point.proposed)
        also = Wordings(point.also.zh + more.zh, point.also.en + more.en)
        return replace(point, contradictions=wrong, also=also, proposed=Wordings(), generated=())

    return replace(item, key_points=tuple(map(read, item.key_points)))


def _made(item: Item, language: Language) -> list[tuple[str, str]]:
    """What a program wrote and nobody has read: a line for each wording, and its key."""
    found = []
    for number, point in enumerate(item.key_points, start=1):
        wrong = point.contradictions if "not" in point.generated else Wordings()
        for kind, wordings in (("not", wrong), ("proposed", point.proposed)):
            for x in LANGUAGES:
                for n, text in enumerate(wordings.get(x)):
                    label = word(f"made_{kind}", language, number=number, text=text)
                    found.append((label, f"{point.id}/{kind}/{x}/{n}"))
    return found


def _put(text: Bilingual, language: Language, value: str) -> Bilingual:
    return Bilingual(value, text.en) if language == "zh" else Bilingual(text.zh, value)


def _lacking(edits: Sequence[Any], language: Language) -> str:
    """Why a draft cannot be kept like this, or nothing."""
    _, question, _, _, points, _, answer = edits
    if not question.strip():
        return word("draft_needs_question", language)
    return "" if points.strip() or answer.strip() else word("draft_needs_answer", language)


# What is shown


def _heading(language: Language) -> str:
    kinds = escape(", ".join(SUFFIXES))
    intro = word("corpus_intro", language, kinds=kinds)
    return f"<h2>{word('corpus_view_heading', language)}</h2><p class='soft'>{intro}</p>"


def _topics(engine: Engine, language: Language, also: str = "") -> list[tuple[str, str]]:
    known = {t.id: t.title.get(language) or t.id for t in engine.corpus.topics.values()}
    known[UNSORTED] = word("unsorted", language)
    if also:
        known.setdefault(also, also)
    return [(title, topic) for topic, title in known.items()]


def _one_line(waiting: Waiting, language: Language) -> str:
    question = waiting.draft["question"]
    text = " ".join((question.get("zh") or question.get("en") or "").split())
    origin = waiting.draft.get("origin")
    return f"{text} ({_origin(origin, language)})" if origin else text


def _origin(origin: str, language: Language) -> str:
    """Where a draft stands, as the import writes it, in the words of the page."""
    found = _PLACE.fullmatch(origin)
    return word(f"at_{found[2]}", language, name=found[1], n=found[3]) if found else origin


def _passage(waiting: Waiting, item: Item, like: Sequence[str], language: Language) -> str:
    origin = escape(_origin(item.origin, language))
    parts = [
        f"<h3>{word('draft_page', language)}</h3><p class='soft'>{origin}</p>",
        f"<pre class='passage' tabindex='0'>{escape(waiting.passage)}</pre>",
    ]
    if like:
        asked = "".join(f"<li>{escape(question)}</li>" for question in like)
        parts.append(f"<p class='soft'>{escape(word('draft_like', language))}</p><ul class='plain soft'>{asked}</ul>")
    return "".join(parts)


def _report(reports: Sequence[FileReport], language: Language) -> str:
    rows = []
    for r in reports:
        if r.error:
            rows.append(f"<li class='status problem'>{escape(r.error)}</li>")
            continue
        said = word(
            "document_is", language, name=r.name, drafts=len(r.drafts), like=r.like, left=len(r.unanswered),
            lines=r.left, dropped=r.dropped,
        )  # fmt: skip
        more = "".join(f"<li>{escape(u)}</li>" for u in r.unanswered[:20])
        rows.append(f"<li>{escape(said)}{f'<ul class=plain>{more}</ul>' if more else ''}</li>")
    return f"<ul class='plain'>{''.join(rows)}</ul>"
