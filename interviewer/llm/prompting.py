"""Scenes as messages. The words stand in prompts/; here they are only put together.

What a candidate said goes in last and fenced: it is never a template, cannot close its fence, and holds nothing that
looks like a chat template's control token.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

from interviewer.llm.protocol import Message
from interviewer.llm.scene import Scene
from interviewer.schema import Language

_CONTROL = re.compile(r"<\|[^|>]{0,40}\|>|</?(?:think|s|im_start|im_end)>|\[/?INST\]|[\x00-\x08\x0b-\x1f\x7f]", re.I)
_FENCE = re.compile(r"<{2,}|>{2,}|＜{2,}|＞{2,}|《{2,}|》{2,}")
_NONE = {"zh": "（无）", "en": "(none)"}
MAX_PROBES = 4


def speakable(act: str) -> bool:
    """Whether there is a prompt for this act, so that a model may say it."""
    return _exists(f"{act}.zh.txt") and _exists(f"{act}.en.txt")


def messages_for(scene: Scene, facts: str = "") -> list[Message]:
    """What the model is asked: the rules, then the task.

    Args:
        scene: the line to be said.
        facts: for the acts that judge, all that may be said; such a scene gets the rules for judging.
    """
    language = scene.language
    style = lines(f"manner.{language}.txt").get(scene.style, "")
    rules = _read(f"{'judge' if facts else 'rules'}.{language}.txt").replace("{style}", style)
    values = {
        "target": scene.target,
        "question": scene.question,
        "scripted": scene.scripted,
        "number": str(scene.number),
        "total": str(scene.total),
        "probes": _listed(_probes(scene), language),
        "passages": _listed(scene.passages, language),
        "facts": facts,
        "said": scene.said,
    }
    return [Message("system", rules.strip()), Message("user", filled(f"{scene.act}.{language}.txt", values))]


def filled(name: str, values: Mapping[str, str]) -> str:
    """A prompt with its gaps filled by words that cannot be taken for it."""
    return re.sub(r"\{(\w+)\}", lambda m: fenced(values[m[1]]), _read(name)).strip()


def retry_note(reason: str, language: Language) -> str:
    """What the model is told when a line was refused."""
    notes = lines(f"again.{language}.txt")
    return notes.get(reason, notes["drift"])


def fenced(text: str) -> str:
    """Anybody's words so that they can stand in a prompt."""
    return _FENCE.sub(" ", _CONTROL.sub(" ", text)).strip()


def _probes(scene: Scene) -> tuple[str, ...]:
    """Follow-ups to points that are still open: where the interview may lead, without what is to be found there."""
    if scene.item is None:
        return ()
    asked = (scene.item.point(i).probe.get(scene.language) for i in scene.open)
    return tuple(p for p in asked if p and p != scene.target)[:MAX_PROBES]


def _listed(texts: tuple[str, ...], language: Language) -> str:
    return "\n".join(f"- {t}" for t in texts) or _NONE[language]


def lines(name: str) -> dict[str, str]:
    """A file of `key: text` lines."""
    pairs = (line.split(":", 1) for line in _read(name).splitlines() if ":" in line)
    return {key.strip(): text.strip() for key, text in pairs}


@lru_cache(maxsize=64)
def _read(name: str) -> str:
    return files("interviewer.llm").joinpath("prompts", name).read_text(encoding="utf-8")


@lru_cache(maxsize=64)
def _exists(name: str) -> bool:
    return files("interviewer.llm").joinpath("prompts", name).is_file()


@lru_cache(maxsize=2)
def courtesies(language: Language) -> frozenset[str]:
    """Terms of what interviewers say around a question: they tell nothing."""
    from interviewer.text import terms

    return frozenset(terms(_read(f"courtesies.{language}.txt")))
