"""Turns of an interview as messages of a chat, with the candidate's words as text and nothing else.

The chat renders Markdown, HTML and formulae. The interviewer's words may use them; a candidate's words, also where the
interviewer quotes them, must show as they were typed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TypedDict

from interviewer.schema import Turn


class Message(TypedDict):
    """One message as the chat wants it."""

    role: str
    content: str


LATEX: list[dict[str, str | bool]] = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "$", "right": "$", "display": False},
]
_VERBATIM = re.compile(r"(\$\$.+?\$\$|\$[^$\n]+\$|`[^`\n]+`)", re.DOTALL)
_QUOTE = re.compile("“([^”]+)”")
_PIECES = re.compile(r"&#?\w+;|\$\$.+?\$\$|\$[^$\n]+\$|`[^`\n]+`|[\w'’-]+\s*|.", re.DOTALL)
_FENCED = re.compile(r"(?:\A|\s*\n)```+[a-z]*\n(.+?)\n```+(?:\n|\Z)", re.DOTALL)
_STEPS = 24


def messages(turns: Sequence[Turn]) -> list[Message]:
    """The chat's value."""
    said: list[str] = []
    shown: list[Message] = []
    for turn in turns:
        if turn.speaker == "candidate":
            said.append(" ".join(turn.text.split()))
            shown.append({"role": "user", "content": typed(turn.text)})
        else:
            shown.append({"role": "assistant", "content": spoken(turn.text, said)})
    return shown


def typed(text: str) -> str:
    """A candidate's text, shown as it was typed: no mark of it can mean anything, save that fenced code is set as code.

    In <pre> neither the Markdown nor the formula renderer looks, and no character that could start something is left.
    """
    *before, rest = _FENCED.split(text)
    shown = [
        f'<pre class="typed code">{_inert(part)}</pre>' if n % 2 else _as_typed(part) for n, part in enumerate(before)
    ]
    return "".join(shown) + (_as_typed(rest) if rest.strip() or not before else "")


def _as_typed(text: str) -> str:
    return f'<pre class="typed" dir="auto">{_inert(text)}</pre>'


def with_code(text: str, code: str) -> str:
    """An answer in words and in code as the one text that is stored: the code is fenced."""
    if not code.strip():
        return text
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", code)), default=0))
    return f"{text.strip()}\n\n{fence}python\n{code.rstrip()}\n{fence}".lstrip("\n")


def spoken(text: str, said: Sequence[str] = ()) -> str:
    """The interviewer's text as Markdown; what it quotes of what the candidate `said` is inert."""

    def quoted(match: re.Match[str]) -> str:
        words = match[1].removesuffix("…").strip()
        return f"“{_inert(match[1])}”" if any(words in s for s in said) else match[0]

    parts = _VERBATIM.split(_QUOTE.sub(quoted, text))
    return "".join(part if n % 2 else _without_tags(part) for n, part in enumerate(parts))


def growing(text: str) -> Iterator[str]:
    """Ever longer beginnings of an interviewer's text, never ending within a word or formula; the last is all."""
    pieces: list[str] = _PIECES.findall(text)
    step = max(1, len(pieces) // _STEPS)
    for end in range(step, len(pieces), step):
        yield "".join(pieces[:end])
    yield text


def _inert(text: str) -> str:
    # Line ends, too: the chat takes away the indentation that lines share.
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return re.sub(r"[^\w ]|_", lambda m: f"&#{ord(m[0])};", lines)


def _without_tags(text: str) -> str:
    # The entities that `_inert` made stay; a bare "<" becomes text.
    return re.sub("&(?!#[0-9]+;)", "&amp;", text).replace("<", "&lt;").replace(">", "&gt;")
