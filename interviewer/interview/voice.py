"""How the interviewer speaks. `Voice` turns a `Line` (what to do) into words; `ScriptedVoice` needs no model.

The scripted voice uses the corpus's own wording for everything technical and varies only the courtesies around it. It
never says whether an answer was right: in an interview that is for the debrief.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Protocol

from interviewer.schema import Act, Item, Language


@dataclass(frozen=True, slots=True)
class Line:
    """Something to be said, before it has words."""

    act: Act
    item_id: str = ""
    point_id: str = ""
    number: int = 0
    """1-based number of the question, for "ask" and "repeat"."""
    quote: str = ""
    """The candidate's own words to refer to."""


class Voice(Protocol):
    """Anything that can put a line into words."""

    def say(self, line: Line, item: Item | None, language: Language, total: int, rng: random.Random) -> str:
        """The words for one line; `item` is None for lines that concern no question."""
        ...


_PHRASES: dict[Act, dict[Language, tuple[str, ...]]] = {
    "greet": {
        "zh": (
            "你好，欢迎参加这次模拟面试。一共 {total} 道题，想到什么就说什么，我会视情况追问。",
            "你好，我们开始吧。今天准备了 {total} 道题，不用追求完美，把你的理解讲清楚就好。",
        ),
        "en": (
            "Hello and welcome. We have {questions} today; think aloud, and I may follow up as we go.",
            "Hi, let's get started. I have {questions} for you. Just explain things the way you understand them.",
        ),
    },
    "ask": {"zh": ("第 {number} 题（共 {total} 题）：{question}",), "en": ("Question {number} of {total}: {question}",)},
    "acknowledge": {
        "zh": ("好的，这一题先到这里。", "明白了，我们继续。", "好，了解了。"),
        "en": ("Thanks, let's leave that one there.", "Okay, understood. Let's go on.", "Right, noted."),
    },
    "probe": {"zh": ("{probe}", "追问一下：{probe}", "再往下一点：{probe}"), "en": ("{probe}", "A follow-up: {probe}", "Going a little further: {probe}")},
    "hint": {"zh": ("提示：{hint}", "给你一个提示：{hint}"), "en": ("A hint: {hint}", "Here is a hint: {hint}")},
    "no_hint": {
        "zh": ("这一题没有更多提示了，先按你的理解说说看。",),
        "en": ("I have no further hint for this one; just tell me what you think.",),
    },
    "repeat": {"zh": ("再说一遍：{question}",), "en": ("Once more: {question}",)},
    "skip": {"zh": ("没问题，跳过这一题。", "好，我们换一题。"), "en": ("No problem, we'll skip this one.", "All right, let's move on.")},
    "close": {
        "zh": ("面试到这里就结束了，谢谢你的回答。下面是这次的复盘。",),
        "en": ("That's the end of the interview. Thank you; here is your debrief.",),
    },
}  # fmt: skip
_QUOTED: dict[Act, dict[Language, str]] = {
    "acknowledge": {"zh": "你提到“{quote}”，好的，记下了。", "en": "You mentioned “{quote}”; noted, let's go on."},
    "probe": {"zh": "你刚才说“{quote}”。{probe}", "en": "You said “{quote}”. {probe}"},
}
_MAX_QUOTE = 40


class ScriptedVoice:
    """Speaks the corpus's own words."""

    def say(self, line: Line, item: Item | None, language: Language, total: int, rng: random.Random) -> str:
        """See `Voice`."""
        point = item.point(line.point_id) if item and line.point_id else None
        template = rng.choice(_PHRASES[line.act][language])
        if line.quote and line.act in _QUOTED:
            template = _QUOTED[line.act][language]
        question = item.question.get(language) if item else ""
        if line.act == "repeat" and point:
            question = point.probe.get(language)
        quote = " ".join(line.quote.split()).strip("。.，,；; ")
        # The candidate's words go in last and are never a template themselves.
        words = template.format(
            total=total,
            questions=f"{total} question{'' if total == 1 else 's'}",
            number=line.number,
            question=question,
            probe=point.probe.get(language) if point else "",
            hint=point.hint.get(language) if point else "",
            quote="\0",
        )
        return words.replace("\0", quote if len(quote) <= _MAX_QUOTE else quote[:_MAX_QUOTE] + "…")
