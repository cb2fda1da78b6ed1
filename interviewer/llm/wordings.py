"""Further wordings of a draft's key points, proposed by a chat model.

What a model says is let in only as a proposal (`KeyPoint.proposed`), which counts for nothing until somebody accepts
it, and only where the grader itself, knowing the point alone, takes it for that point and not for its denial.
"""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from interviewer.errors import ModelUnavailable
from interviewer.llm.prompting import filled
from interviewer.llm.protocol import ChatModel, Message, Reply
from interviewer.llm.speaker import visible
from interviewer.schema import Item, KeyPoint, Language, Wordings
from interviewer.text import language_of, normalise, terms

if TYPE_CHECKING:
    from interviewer.grading import Grader

MAX_PROPOSALS = 2
"""Of one point."""
SECONDS = 60.0
MAX_TOKENS = 900
_LONGEST = 200
_LEAST_CREDIT = 0.5
"""Least chance of being the point, as the grader sees it."""
_LINE = re.compile(r"^\W{0,4}(?P<id>[a-z0-9-]{1,40})\s*[:：]\s*(?P<text>\S.*)$")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def propose(model: ChatModel, grader: Grader, item: Item, seconds: float = SECONDS) -> Item:
    """The item, its points with what the model proposes and the guard lets pass; the item itself where nothing does.

    Args:
        model: a chat model.
        grader: says whether a wording is the point.
        item: with key points; proposals are made in the language of its question.
        seconds: longest wait for the whole reply.

    Raises:
        ModelUnavailable: the model is not there, broke off, or took too long.
    """
    language: Language = "zh" if item.question.zh else "en"
    listed = "\n".join(f"{p.id}: {p.text.get(language)}" for p in item.key_points)
    prompt = filled(f"wordings.{language}.txt", {"question": item.question.get(language), "points": listed})
    passed: dict[str, list[str]] = {}
    for line in _reply(model, prompt, seconds).splitlines():
        found = _LINE.match(line.strip())
        point = next((p for p in item.key_points if found and p.id == found["id"]), None)
        if found and point and _passes(found["text"].strip(), point, item, language, grader, passed):
            passed.setdefault(point.id, []).append(found["text"].strip())
    return replace(item, key_points=tuple(_with(p, passed.get(p.id, []), language) for p in item.key_points))


def _reply(model: ChatModel, prompt: str, seconds: float) -> str:
    reply = Reply(model, [Message("user", prompt)], MAX_TOKENS)
    until, text = time.monotonic() + seconds, ""
    try:
        while piece := reply.read(until):
            text += piece
    except TimeoutError:
        raise ModelUnavailable(f"the chat model {model.name} took longer than {seconds:.0f} seconds") from None
    finally:
        reply.close()
    return visible(text)


def _passes(
    text: str, point: KeyPoint, item: Item, language: Language, grader: Grader, passed: dict[str, list[str]]
) -> bool:
    """Whether a wording may be shown as a proposal."""
    claim = point.text.get(language)
    before = [t for texts in passed.values() for t in texts]
    taken = [claim, *point.also.get(language), *point.proposed.get(language), *before]
    if len(passed.get(point.id, [])) >= MAX_PROPOSALS or len(text) > _LONGEST or len(set(terms(text))) < 2:
        return False
    if language_of(text) != language or normalise(text) in map(normalise, taken):
        return False
    if not set(_NUMBER.findall(text)) <= set(_NUMBER.findall(f"{claim} {item.question.get(language)}")):
        return False
    return _is_said(text, point, item, language, grader)


def _is_said(text: str, point: KeyPoint, item: Item, language: Language, grader: Grader) -> bool:
    """Whether the grader, asked for all points at once, finds this one in the wording, and denies none."""
    results = {r.point_id: r for r in grader.grade(item, text, language).points}
    if any(r.verdict == "contradicted" for r in results.values()):
        return False
    own = results.get(point.id)
    best = max((r.credit for r in results.values()), default=0.0)
    return own is not None and own.credit >= max(_LEAST_CREDIT, best)


def _with(point: KeyPoint, texts: list[str], language: Language) -> KeyPoint:
    if not texts:
        return point
    before = point.proposed
    added = (*before.get(language), *texts)
    return replace(point, proposed=Wordings(added, before.en) if language == "zh" else Wordings(before.zh, added))
