"""What the product works with, loaded when it is first needed: corpus, models, index, database.

Safe to share between threads; whoever comes while something is loading waits for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from interviewer.errors import InterviewerError
from interviewer.interview import read_difficulties
from interviewer.schema import Item, Language
from interviewer.settings import Settings

if TYPE_CHECKING:
    from interviewer.authoring import Desk, Neighbours
    from interviewer.corpus import Corpus
    from interviewer.grading import Grader
    from interviewer.llm import ModelVoice
    from interviewer.retrieval import Encoder, Index
    from interviewer.storage import Notebook, Store


class Loaded:
    """Each is made once, by whoever asks for it first."""

    def __init__(
        self,
        settings: Settings,
        read: Callable[[], Corpus],
        corpus: Corpus | None,
        encoder: Encoder | None,
        worded: bool,
    ) -> None:
        """Args:
        settings: where things lie and which models to use.
        read: reads the corpus.
        corpus: to use instead of what `read` gives, until it grows.
        encoder: an embedding model to use instead of the configured one.
        worded: whether a chat model may word what is said.
        """
        self.settings = settings
        self._read, self._given_encoder, self._worded = read, encoder, worded
        self.corpus: Corpus = corpus or read()
        self._loading = threading.RLock()
        self._warming: threading.Thread | None = None
        self._awaited: tuple[str, Language] | None = None  # the latest question and its language
        self._vectors: Mapping[str, Any] = {}  # of the index before the corpus grew

    @cached_property
    def store(self) -> Store:
        """The database."""
        from interviewer.storage import Store

        with self._loading:
            return Store(self.settings.database)

    @cached_property
    def notebook(self) -> Notebook:
        """Reviews and corrections, in the same database."""
        from interviewer.storage import Notebook

        return Notebook(self.store)

    @cached_property
    def encoder(self) -> Encoder:
        """The embedding model; the first use takes seconds."""
        from interviewer.retrieval import load_encoder

        with self._loading:
            return (
                self.__dict__.get("encoder")
                or self._given_encoder
                or load_encoder(
                    self.settings.encoder,
                    self.settings.encoder_key.get_secret_value(),
                    self.settings.model_hosts,
                    self.settings.data_dir / "precision.json",
                )
            )

    @cached_property
    def grader(self) -> Grader:
        """The grader over the corpus's vocabulary."""
        from interviewer.grading import Grader, load_entailment, vocabulary_of

        with self._loading:
            return self.__dict__.get("grader") or Grader(
                self.encoder, vocabulary_of(list(self.corpus.items.values())), load_entailment(self.settings.entailment)
            )

    @cached_property
    def index(self) -> Index:
        """The search index, built if corpus or model changed since last time."""
        from interviewer.retrieval import open_index

        with self._loading:
            return self.__dict__.get("index") or open_index(
                self.corpus, self.encoder, self.settings.data_dir / "index", self._vectors
            )

    @cached_property
    def model_voice(self) -> ModelVoice | None:
        """The chat model with its guard, if there is one; opening it takes no time."""
        from interviewer.llm import voice_for

        if not self._worded:
            return None
        with self._loading:
            loaded = self.__dict__
            return loaded.get("model_voice") or voice_for(
                self.settings, self.corpus, lambda: loaded.get("grader"), lambda: loaded.get("index")
            )

    def warm(self) -> None:
        """Load everything in the background; what needs it meanwhile waits for it."""
        if self._warming is None:
            self._warming = threading.Thread(target=self._warm, name="warm-up", daemon=True)
            self._warming.start()

    def grow(self) -> None:
        """Read the corpus again, to which something was added; only what is new is encoded."""
        if self._warming is not None:  # what it is making belongs to the corpus before
            self._warming.join()
        with self._loading:
            index = self.__dict__.pop("index", None)
            if index is not None:
                self._vectors = index.vectors(self.corpus)
            self.corpus = self._read()
            for name in ("items", "grader", "neighbours"):  # the encoder stays
                self.__dict__.pop(name, None)
        self._warming = None
        self.warm()

    def _warm(self) -> None:
        try:
            _ = self.model_voice, self.grader
            if self._awaited:
                self._expect(*self._awaited)
            _ = self.index
        except InterviewerError:
            return  # whoever needs it will meet the same error and can show it

    def _expect(self, item_id: str, language: Language) -> None:
        try:
            self.grader.expect(self.items[item_id], language)
        except InterviewerError:
            return  # grading will meet the same error and can show it

    def look_ahead(self, item_id: str, language: Language) -> None:
        """While a candidate thinks about a question, read what the answer will be compared with."""
        self._awaited = item_id, language
        if self._warming and self.ready:
            threading.Thread(target=self._expect, args=self._awaited, name="look-ahead", daemon=True).start()

    @property
    def ready(self) -> bool:
        """Whether an answer could be graded without waiting for a model to load."""
        return "grader" in self.__dict__

    @cached_property
    def items(self) -> Mapping[str, Item]:
        """Every item of the corpus, ready to be graded."""
        return {item_id: self.gradable(item_id) for item_id in self.corpus.items}

    @cached_property
    def difficulties(self) -> Mapping[str, float]:
        """Levels of questions as estimated from stored interviews; empty until that has been done."""
        return read_difficulties(self.settings.difficulties)

    def gradable(self, item_id: str) -> Item:
        """The corpus item, ready to be graded: a draft with only an answer gets its key points from it."""
        from interviewer.grading import gradable

        return gradable(self.corpus.item(item_id))

    @cached_property
    def desk(self) -> Desk:
        """The drafts that wait to be read."""
        from interviewer.authoring import Desk

        return Desk(self.settings.data_dir / "drafts.jsonl", self.settings.accepted)

    @cached_property
    def neighbours(self) -> Neighbours:
        """The corpus's questions, to compare others with."""
        from interviewer.authoring import Neighbours

        return Neighbours(self.corpus.items.values(), self.encoder)
