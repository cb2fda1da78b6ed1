"""A model speaks a line, sentence by sentence, each past the guard; where it cannot, the scripted words go on.

What was shown is never taken back: if a model breaks off after a sentence, the scripted words follow it. Whoever
listens waits at most `seconds` for the first sentence, tries and all, and as long for each of the next.
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from interviewer.errors import ModelUnavailable
from interviewer.llm.guard import Reason, joined
from interviewer.llm.prompting import messages_for, retry_note, speakable
from interviewer.llm.protocol import ChatModel, Hushed, Message, Reply
from interviewer.llm.scene import Scene
from interviewer.text import sentences

TRIES = 2
REST = 30.0
"""Seconds for which a model that was silent or failed is left alone: nobody should wait for it at every line."""
MAX_TOKENS = 400
MAX_CHARACTERS = 2_400
_HEARD = Callable[[str], None]
# An invisible character would hide a word from the guard and not from the reader.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\U000e0000-\U000e0fff]"
)
_MAY_END = re.compile(r"[\s。！？!?；;]")
_THOUGHT = re.compile(r"<think>.*?(?:</think>|$)", re.S)


class LineGuard(Protocol):
    """What a speaker needs of a guard: guard.py's for the interview, facts.py's for what is said of a grade."""

    def prepare(self, scene: Scene) -> None:
        """Do what takes time and does not need the model's words."""
        ...

    def check(self, scene: Scene, before: str, sentence: str) -> Reason | None:
        """Why a sentence may not be shown after what was shown, or None."""
        ...

    def missing(self, scene: Scene, line: str) -> Reason | None:
        """Why a line is not enough as a whole, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Told:
    """A line as it was shown."""

    text: str
    by: str = ""
    """The model that said it; empty for the scripted words, alone or after what the model began."""
    failed: tuple[Reason, ...] = ()
    """Why tries of the model were not used, in order."""


class Speaker:
    """Puts scenes into a model's words. Safe to share between threads."""

    def __init__(self, model: ChatModel, seconds: float = 3.0) -> None:
        """Args:
        model: who speaks.
        seconds: longest wait for the first sentence, and between two.
        """
        self.model = model
        self.tally: Counter[str] = Counter()
        """Lines said ("said") and refusals by reason, since this was made."""
        self._seconds = seconds
        self._resting = 0.0
        self._counting = threading.Lock()
        self._replies: dict[str, Reply] = {}

    @property
    def awake(self) -> bool:
        """Whether the model is loaded and did not fail a moment ago."""
        return self.model.ready and time.monotonic() >= self._resting

    def hush(self, key: str) -> None:
        """End the line that is being told under a key, if one is; what was shown of it stays."""
        reply = self._replies.get(key)
        if reply:
            reply.hush()

    def tell(
        self, scene: Scene, guard: LineGuard, facts: str = "", heard: _HEARD = lambda _: None, key: str = ""
    ) -> Told:
        """Say one line.

        Args:
            scene: what has to be said.
            guard: what every sentence has to pass.
            facts: for the acts that judge: all that may be said.
            heard: called with each piece as it is released, in order; together they are the text.
            key: what `hush` ends it by.
        """
        telling = _Telling(scene, guard, heard, key)
        if not speakable(scene.act) or not self.awake:
            return telling.scripted(())
        failed: list[Reason] = []
        until = time.monotonic() + self._seconds
        messages = messages_for(scene, facts)
        for _ in range(TRIES):
            note = [Message("user", retry_note(failed[-1], scene.language))] if failed else []
            reason = self._try(telling, _with(messages, note), until)
            if reason is None:
                self._count(["said", *failed])
                return Told(telling.text, self.model.name, tuple(failed))
            failed.append(reason)
            if telling.text or reason in ("slow", "failed", "hushed"):
                break
        self._count(failed)
        return telling.scripted(tuple(failed))

    def _try(self, telling: _Telling, messages: list[Message], until: float) -> Reason | None:
        """One try; None if the line was said."""
        reply = self._replies[telling.key] = Reply(self.model, messages, MAX_TOKENS)
        try:
            telling.guard.prepare(telling.scene)
            for sentence in _sentences(reply, lambda: until if not telling.text else telling.last + self._seconds):
                reason = telling.take(sentence)
                if reason is not None:
                    # What has been shown may be all that had to be said: then the line ends there.
                    return None if telling.text and telling.enough() else reason
            return telling.lacking()
        except TimeoutError:
            return self._tired("slow", telling)
        except ModelUnavailable:
            return self._tired("failed", telling)
        except Hushed:
            return None if telling.text and telling.enough() else "hushed"
        finally:
            self._replies.pop(telling.key, None)
            reply.close()

    def _tired(self, reason: Reason, telling: _Telling) -> Reason | None:
        self._resting = time.monotonic() + REST
        return None if telling.text and telling.enough() else reason

    def _count(self, names: list[str] | list[Reason]) -> None:
        with self._counting:
            self.tally.update(names)


class _Telling:
    """A line on its way: what was shown of it so far."""

    def __init__(self, scene: Scene, guard: LineGuard, heard: _HEARD, key: str) -> None:
        self.scene, self.guard, self._heard, self.key = scene, guard, heard, key
        self._shown: list[str] = []
        self.last = 0.0

    @property
    def text(self) -> str:
        return joined(self._shown, self.scene.language)

    def take(self, sentence: str) -> Reason | None:
        """Show a sentence if it passes."""
        reason = self.guard.check(self.scene, self.text, sentence)
        if reason is None:
            self._show(sentence)
        return reason

    def lacking(self) -> Reason | None:
        return self.guard.missing(self.scene, self.text)

    def enough(self) -> bool:
        return self.lacking() is None

    def scripted(self, failed: tuple[Reason, ...]) -> Told:
        self._show(self.scene.scripted)
        return Told(self.text, "", failed)

    def _show(self, piece: str) -> None:
        gap = " " if self._shown and self.scene.language == "en" else ""
        self._shown.append(piece)
        self.last = time.monotonic()
        self._heard(gap + piece)


def visible(text: str) -> str:
    """A reply without thoughts and invisible characters."""
    return _INVISIBLE.sub("", _THOUGHT.sub("", text))


def _sentences(reply: Reply, until: Callable[[], float]) -> Iterator[str]:
    """The sentences of a reply, each as soon as it is whole; thoughts and invisible characters are left out."""
    text, done, ended = "", 0, False
    while not ended:
        piece = reply.read(until())
        text += piece
        ended = not piece or len(text) >= MAX_CHARACTERS
        if not ended and not _MAY_END.search(piece):
            continue
        clean = visible(text)
        found = sentences(clean)
        # The last one may go on ("3." may become 3.5) unless a further letter would begin another.
        whole = len(found) if ended else len(sentences(clean + "x")) - 1
        for sentence in found[done:whole]:
            yield " ".join(sentence.text.split())
        done = max(done, whole)


def _with(messages: list[Message], more: list[Message]) -> list[Message]:
    """The messages with a note added to the last one: some templates want the roles to alternate."""
    if not more:
        return messages
    last = messages[-1]
    return [*messages[:-1], replace(last, text=f"{last.text}\n\n{more[0].text}")]
