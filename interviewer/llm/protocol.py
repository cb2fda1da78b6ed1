"""What a chat model is to the rest of the program: messages in, pieces of text out, never waited for without end.

Knows nothing of interviews. A model runs in a thread of its own (`Reply`), so whoever listens decides how long.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Literal, Protocol

from interviewer.errors import ModelUnavailable


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat."""

    role: Literal["system", "user"]
    text: str


class ChatModel(Protocol):
    """Anything that continues a chat."""

    @property
    def name(self) -> str:
        """Model (and host): what is shown and stored; holds no key."""
        ...

    @property
    def ready(self) -> bool:
        """Whether it could begin at once; a model that is still loading could not."""
        ...

    def stream(self, messages: Sequence[Message], limit: int, stop: threading.Event) -> Iterator[str]:
        """The reply in pieces, as they come.

        Args:
            messages: the chat so far.
            limit: most tokens to make.
            stop: once set, the model ends as soon as it can.

        Raises:
            ModelUnavailable: it is not there, refused, or broke off.
        """
        ...


class Hushed(Exception):
    """Whoever listened does not want to wait any longer."""


class Reply:
    """A reply that is being made. Reading it always ends: with a piece, with the end, or with an error."""

    def __init__(self, model: ChatModel, messages: Sequence[Message], limit: int) -> None:
        self._pieces: SimpleQueue[str | ModelUnavailable | Hushed | None] = SimpleQueue()
        self._stop = threading.Event()
        work = threading.Thread(target=self._run, args=(model, messages, limit), name="chat-model", daemon=True)
        work.start()

    def _run(self, model: ChatModel, messages: Sequence[Message], limit: int) -> None:
        try:
            for piece in model.stream(messages, limit, self._stop):
                if self._stop.is_set():
                    return
                if piece:
                    self._pieces.put(piece)
            self._pieces.put(None)
        except ModelUnavailable as error:
            self._pieces.put(error)
        except Exception as error:  # a thread's exception would be printed over the conversation
            self._pieces.put(ModelUnavailable(f"the chat model {model.name} failed ({type(error).__name__})"))

    def read(self, until: float) -> str:
        """The next piece; empty at the end.

        Args:
            until: `time.monotonic()` at which to give up.

        Raises:
            TimeoutError: nothing came by then.
            ModelUnavailable: see `ChatModel.stream`.
            Hushed: see `hush`.
        """
        try:
            piece = self._pieces.get(timeout=max(0.0, until - time.monotonic()))
        except Empty:
            raise TimeoutError from None
        if isinstance(piece, ModelUnavailable | Hushed):
            raise piece
        return piece or ""

    def hush(self) -> None:
        """Have whoever reads give up; from any thread."""
        self._pieces.put(Hushed())

    def close(self) -> None:
        """Let the model stop; returns at once."""
        self._stop.set()
