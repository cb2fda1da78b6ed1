"""What a candidate's message asks for. Only a message that is nothing but a command is one.

A command inside an answer ("… next question") is part of the answer: no text of a candidate moves the interview
unless it is plainly meant to.
"""

from __future__ import annotations

import re
from typing import Literal

from interviewer.text import normalise

Intent = Literal["answer", "hint", "skip", "repeat", "stop"]

_POLITE = (
    r"(?:请|麻烦|能不能|可以|能|我想|我要|给我?|再?来|please |can (?:i|you) |could (?:i|you) |may i |i(?:'d| would) like (?:to )?|"
    r"let'?s |give me |i want (?:to )?){0,3}"
)
_TAIL = r"(?:吧|吗|一下|好吗|了|谢谢|please|thanks|thank you|now)?"
_COMMANDS: tuple[tuple[Intent, str], ...] = (
    ("hint", r"(?:一个|一点|一些|个|点|些)?提示(?:一下|我)?|(?:have |get |a |an |some )*hints?"),
    ("skip", r"跳过(?:这(?:一)?(?:道|个)?(?:题|问题)?)?|下一(?:题|个|个问题)|换(?:一)?(?:题|个题|个问题)|过|(?:skip|pass)(?: it| this)?(?: one| question)?|(?:the )?next(?: one| question)?|move on"),
    ("repeat", r"(?:再)?(?:重复|说|念|讲)(?:一遍|一下|下)?(?:问题|题目)?|再(?:说|讲|念)一(?:遍|次)|(?:问题|题目)(?:是什么)?|repeat(?: it| that| the question| please)*|say (?:it|that) again|what was the question"),
    ("stop", r"(?:结束|停止|退出)(?:面试)?|不(?:面|考)了|到此为止|(?:stop|end|quit|exit|finish)(?: it| the interview| here| now)*"),
)  # fmt: skip
_PATTERNS = tuple((intent, re.compile(rf"{_POLITE}\s*(?:{words})\s*{_TAIL}")) for intent, words in _COMMANDS)
_SLASHES: dict[str, Intent] = {"/hint": "hint", "/skip": "skip", "/repeat": "repeat", "/stop": "stop"}
_LONGEST = 40


def intent_of(message: str) -> Intent:
    """The command that the whole message is, or "answer"."""
    plain = " ".join(normalise(message).strip(" \t\r\n.。!！?？,，~～").split())
    if plain in _SLASHES:
        return _SLASHES[plain]
    if len(plain) > _LONGEST:
        return "answer"
    for intent, pattern in _PATTERNS:
        if pattern.fullmatch(plain):
            return intent
    return "answer"
