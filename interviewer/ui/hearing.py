"""What an interviewer says, heard while it is being said.

A step of an interview is taken in a thread of its own; the pieces that the engine releases meanwhile come here, to the
one listener that took the step and to nobody else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar, copy_context
from queue import SimpleQueue

from interviewer.engine import Engine, View

_LISTENER: ContextVar[Callable[[str], None] | None] = ContextVar("listener", default=None)


def attend(engine: Engine) -> None:
    """Have what is said in `overheard` steps reach whoever takes them."""
    engine.hear = _heard


def overheard(step: Callable[[], View]) -> Iterator[str | View]:
    """Take a step, giving each piece of what is said once it may be shown (an empty one ends a turn), last the view.

    If whoever listens goes away, the step is still taken to its end: what was said is stored.

    Raises:
        InterviewerError: whatever the step raises, after the pieces that came before.
    """
    heard: SimpleQueue[str | View | BaseException] = SimpleQueue()

    def run() -> None:
        _LISTENER.set(heard.put)
        try:
            heard.put(step())
        except BaseException as error:  # whoever listens must not wait for ever
            heard.put(error)

    # In a copy of this context: who asks, the store learns from it.
    threading.Thread(target=copy_context().run, args=(run,), name="interview-step", daemon=True).start()
    while isinstance(piece := heard.get(), str):
        yield piece
    if isinstance(piece, BaseException):
        raise piece
    yield piece


def _heard(_session: str, piece: str) -> None:
    listener = _LISTENER.get()
    if listener is not None:
        listener(piece)
