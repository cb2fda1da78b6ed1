"""The settings tab: which models there are, where everything lies, and what becomes of a candidate's words.

Settings are made in the environment and in `.env`, once and for all surfaces; here they are shown and tried.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import gradio as gr

from interviewer import __version__
from interviewer.engine import Engine
from interviewer.errors import InterviewerError
from interviewer.llm import find_model, open_model, try_model
from interviewer.schema import Language
from interviewer.ui.events import Updates
from interviewer.ui.signs import Signs
from interviewer.ui.words import explain, status, word

_SENTENCES = ("什么是梯度消失，如何缓解？", "What is a vanishing gradient, and what helps?")
_MOST_LISTED = 10_000  # interviews that are counted


class SettingsTab:
    """The components and what they do."""

    def __init__(self, engine: Engine, signs: Signs) -> None:
        self._engine = engine
        with gr.Column(elem_classes="sheet"):
            self.models = gr.HTML(elem_id="settings-models")
            with gr.Row(elem_classes="actions"):
                self.test = signs.put(gr.Button(size="md", min_width=120, elem_id="test-encoder"), value="test_it")
            self.status = gr.HTML(elem_id="test-status", elem_classes="note")
        with gr.Column(elem_classes="sheet"):
            self.chat = gr.HTML(elem_id="settings-chat")
            with gr.Row(elem_classes="actions"):
                self.chat_test = signs.put(
                    gr.Button(size="md", min_width=120, visible=False, elem_id="test-chat"), value="chat_test"
                )
            self.chat_status = gr.HTML(elem_id="chat-status", elem_classes="note")
        with gr.Column(elem_classes="sheet"):
            self.places = gr.HTML(elem_id="settings-places")
        with gr.Column(elem_classes="sheet"):
            self.privacy = gr.HTML(elem_id="settings-privacy")

    @property
    def outputs(self) -> list[Any]:
        """Everything that handlers of this tab change."""
        return [
            self.models, self.test, self.status, self.chat, self.chat_test, self.chat_status, self.places, self.privacy,
        ]  # fmt: skip

    def shown(self, language: Language) -> Updates:
        """How things are now."""
        return {
            self.models: self._models(language),
            **self._chat(language),
            self.places: self._places(language),
            self.privacy: self._privacy(language),
            self.status: "",
        }

    def tested(self, language: Language) -> Iterator[Updates]:
        """Load the encoder if need be, have it read a sentence of each language, and say how that went."""
        yield {self.test: gr.update(interactive=False), self.status: status(word("testing", language), "busy")}
        try:
            encoder = self._engine.encoder
            begun = time.perf_counter()
            dimensions = encoder.encode(_SENTENCES).shape[1]
            spent = (time.perf_counter() - begun) / len(_SENTENCES) * 1000
            zh, en = (float(share) for share in encoder.known(_SENTENCES))
            said = status(word("test_done", language, dimensions=dimensions, ms=spent, zh=zh, en=en))
        except InterviewerError as error:
            said = status(explain(error, language), "problem")
        yield {self.test: gr.update(interactive=True), self.models: self._models(language), self.status: said}

    def spoken(self, language: Language) -> Iterator[Updates]:
        """Ask the chat model for a word, and say how long that took; one on this computer is loaded first."""
        yield {
            self.chat_test: gr.update(interactive=False),
            self.chat_status: status(word("testing", language), "busy"),
        }
        try:
            voice, found = self._engine.model_voice, find_model(self._engine.settings)
            model = voice.speaker.model if voice else open_model(found, self._engine.settings)
            said = status(word("chat_works", language, seconds=try_model(model)))
        except InterviewerError as error:
            said = status(explain(error, language), "problem")
        yield {self.chat_test: gr.update(interactive=True), self.chat_status: said}

    def _chat(self, language: Language) -> Updates:
        """Which chat model there is, and why."""
        try:
            found = find_model(self._engine.settings)
            rows = [("chat_model", found.name)] if found else []
        except InterviewerError as error:
            heading = f"<h2>{escape(word('chat_heading', language))}</h2>"
            return {
                self.chat: heading + status(explain(error, language), "problem"),
                self.chat_test: gr.update(visible=False),
                self.chat_status: "",
            }
        rows.append(("chat_why", word(f"chat_{found.why}", language)))
        if found:
            rows.append(("chat_limit", word("chat_limit_is", language, n=self._engine.settings.llm_seconds)))
        return {
            self.chat: _section("chat_heading", rows, language),
            self.chat_test: gr.update(visible=bool(found)),
            self.chat_status: "",
        }

    def _models(self, language: Language) -> str:
        engine = self._engine
        loaded = "encoder" in engine.__dict__
        rows = [
            ("encoder", _shown_address(engine.settings.encoder) or word("encoder_own", language)),
            ("encoder_state", word("encoder_ready" if loaded else "encoder_not_ready", language)),
        ]
        if loaded:
            rows.append(("fingerprint", engine.encoder.fingerprint))
        return _section("models_heading", rows, language)

    def _places(self, language: Language) -> str:
        engine, settings = self._engine, self._engine.settings
        corpus = word("corpus_is", language, items=len(engine.corpus.items), topics=len(engine.corpus.topics))
        folder = settings.data_dir.absolute()
        try:
            stored = str(len(engine.sessions(_MOST_LISTED)))
        except InterviewerError as error:
            stored = explain(error, language)
        return _section(
            "data_heading",
            [
                ("data_folder", str(folder)),
                ("database", _shown_address(settings.database)),
                ("stored", stored),
                ("data_size", f"{_size(folder) / 1e6:,.1f} MB"),
                ("change_data", word("change_data_how", language)),
                ("corpus_heading", corpus),
                ("own_corpus", str(settings.corpus or word("own_corpus_none", language))),
                ("version", __version__),
            ],
            language,
        )

    def _privacy(self, language: Language) -> str:
        settings = self._engine.settings
        asked = {"remote": _host(settings.encoder), "chat": _host(settings.llm)}
        sent = [word(f"privacy_{name}", language, host=host) for name, host in asked.items() if host]
        rest = ("database", "disagree", "practice", "files", "browser", "telemetry")
        lines = [*(sent or [word("privacy_local", language)]), *(word(f"privacy_{name}", language) for name in rest)]
        items = "".join(f"<li>{escape(line)}</li>" for line in lines)
        return f"<h2>{escape(word('privacy_heading', language))}</h2><ul class='plain'>{items}</ul>"


def _section(heading: str, rows: Sequence[tuple[str, str]], language: Language) -> str:
    pairs = "".join(f"<div><dt>{escape(word(key, language))}</dt><dd>{escape(said)}</dd></div>" for key, said in rows)
    return f"<h2>{escape(word(heading, language))}</h2><dl class='facts'>{pairs}</dl>"


def _host(model: str) -> str:
    """The computer that a model's address names; empty for a model on this one."""
    parts = urlsplit(model.strip())
    return (parts.hostname or "") if parts.scheme in ("http", "https") else ""


def _shown_address(address: str) -> str:
    """An address without the name and password that it may carry."""
    scheme, mark, rest = address.partition("://")
    place, slash, path = rest.partition("/")
    return f"{scheme}{mark}{place.rpartition('@')[2]}{slash}{path.partition('?')[0]}"


def _size(folder: Path) -> int:
    """Bytes of all files in a folder; one that goes away meanwhile counts nothing."""
    total = 0
    for path in folder.rglob("*") if folder.is_dir() else ():
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return total
