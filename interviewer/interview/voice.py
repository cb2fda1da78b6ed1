"""How the interviewer speaks. `Voice` turns a `Line` (what to do) into words; `ScriptedVoice` needs no model.

The scripted voice uses the corpus's own wording for everything technical and varies only the courtesies around it. It
never says whether an answer was right: in an interview that is for the debrief.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import Literal, Protocol

from interviewer.interview.intents import Command
from interviewer.interview.plan import Source
from interviewer.schema import Act, Item, Language, Style


@dataclass(frozen=True, slots=True)
class Line:
    """Something to be said, before it has words."""

    act: Act
    item_id: str = ""
    point_id: str = ""
    number: int = 0
    """1-based number of the question, for "ask" and "repeat"."""
    quote: str = ""
    """The candidate's own words to refer to; for "ask", the line of a document that calls for the question."""
    reason: Source | Literal["project"] | None = None
    """For "ask": what document `quote` is from, or that it is a project that the candidate named."""
    text: str = ""
    """What to say where it is fixed already: the feedback, or the model answer."""
    command: Command | None = None
    """What may have been meant, for "confirm"."""
    style: Style = "neutral"
    """How to word it; never what to ask."""


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
    "clarify": {
        "zh": ("按这个领域里通常的意思来理解就好；有拿不准的地方，先说出你的假设，再往下讲。问题是：{question}",),
        "en": ("Take the terms in their usual sense in the field; where it could mean two things, state your assumption and go on. The question is: {question}",),
    },
    "confirm": {
        "zh": ("你是想{command}，还是这就是你的回答？想{command}请说“是”，是回答请说“不是”。",),
        "en": ("Would you like to {command}, or was that your answer? Say yes to {command}, no if it was your answer.",),
    },
    "go_back": {
        "zh": ("好，回到第 {number} 题：{question} 想补充什么请说；说“跳过”就回到后面的题。",),
        "en": ("All right, back to question {number}: {question} Add what you like; say “skip” to return to where we were.",),
    },
    "no_way_back": {
        "zh": ("现在没法回到上一题，我们先把这一题答完。",),
        "en": ("We can't go back at this point; let's finish this one first.",),
    },
    "pause": {"zh": ("好，先暂停，计时也停了。准备好了说“继续”。",), "en": ("We'll pause; the clock has stopped. Say “continue” when you are ready.",)},
    "resume": {"zh": ("欢迎回来，我们继续。",), "en": ("Welcome back; let's go on.",)},
    "feedback": {"zh": ("点评：{text}",), "en": ("Feedback: {text}",)},
    "reveal": {"zh": ("参考答案：{text}",), "en": ("A model answer: {text}",)},
    "try_first": {"zh": ("先试着答一下，哪怕只说一点；答过之后我再给你看答案。",), "en": ("Have a try first, even a partial one; you get the answer after that.",)},
    "reveal_later": {"zh": ("面试中不给答案，结束后的复盘里都有。还想补充就接着说，不然可以说“跳过”。",), "en": ("No answers during the interview; they are all in the debrief. Add to yours if you like, or say “skip”.",)},
    "time_up": {"zh": ("时间到了，后面的题就不问了。",), "en": ("Time is up, so I won't ask anything further.",)},
    "sure": {"zh": ("我对你的水平已经有把握了，后面的题不用再问。",), "en": ("I have a clear enough picture of your level, so there is no need for more questions.",)},
    "mastered": {"zh": ("这个主题你已经掌握了，这一轮就练到这里。",), "en": ("You have this topic in hand; that is enough drilling for now.",)},
}  # fmt: skip
_STYLED: dict[Style, dict[Act, dict[Language, tuple[str, ...]]]] = {
    "neutral": {},
    "warm": {
        "greet": {
            "zh": ("你好呀，很高兴见到你！今天一共 {total} 道题，别紧张，想到哪儿说到哪儿，卡住了随时可以要提示。",),
            "en": ("Hello, it's lovely to meet you! We have {questions} today. Take your time, think aloud, and ask for a hint whenever you are stuck.",),
        },
        "acknowledge": {"zh": ("谢谢，我们看下一题。", "好的，辛苦了，我们慢慢来。"), "en": ("Thank you. On to the next one.", "Thanks for that. Let's carry on, no rush.")},
        "probe": {"zh": ("慢慢想，不着急：{probe}", "我有点好奇：{probe}"), "en": ("Take your time with this one: {probe}", "I'm curious: {probe}")},
        "skip": {"zh": ("完全没关系，我们换一题。",), "en": ("That's perfectly fine, we'll take another one.",)},
        "close": {"zh": ("今天就到这里，谢谢你花时间和我聊。复盘在下面，慢慢看。",), "en": ("That's everything for today. Thank you for your time; your debrief is below, take it at your own pace.",)},
    },
    "demanding": {
        "greet": {"zh": ("开始吧，一共 {total} 道题。请直接讲要点，说清依据，我会追问。",), "en": ("Let's begin: {questions}. Be precise, give your reasons, and expect follow-ups.",)},
        "acknowledge": {"zh": ("下一题。", "好，继续。"), "en": ("Next.", "Noted. Moving on.")},
        "probe": {"zh": ("说具体一点：{probe}", "依据是什么？{probe}"), "en": ("Be specific: {probe}", "On what grounds? {probe}")},
        "skip": {"zh": ("记为未答，下一题。",), "en": ("Recorded as not answered. Next.",)},
        "close": {"zh": ("面试结束，复盘如下。",), "en": ("We are done. The debrief follows.",)},
    },
}  # fmt: skip
_QUOTED: dict[Act, dict[Language, str]] = {
    "acknowledge": {"zh": "你提到“{quote}”，好的，记下了。", "en": "You mentioned “{quote}”; noted, let's go on."},
    "probe": {"zh": "你刚才说“{quote}”。{probe}", "en": "You said “{quote}”. {probe}"},
}
_ASKED_FOR: dict[Source | Literal["project"], dict[Language, str]] = {
    "job": {"zh": "岗位要求里写着“{quote}”。", "en": "The job description says “{quote}”. "},
    "resume": {"zh": "你的简历里写着“{quote}”。", "en": "Your résumé says “{quote}”. "},
    "project": {"zh": "结合你简历里的项目“{quote}”来谈。", "en": "Think of “{quote}” from your résumé. "},
}
COMMAND_WORDS: dict[Command, dict[Language, str]] = {
    "hint": {"zh": "要一个提示", "en": "have a hint"},
    "skip": {"zh": "跳过这一题", "en": "skip this question"},
    "repeat": {"zh": "再听一遍问题", "en": "hear the question again"},
    "stop": {"zh": "结束面试", "en": "end the interview"},
    "clarify": {"zh": "让我解释问题", "en": "have the question explained"},
    "go_back": {"zh": "回到上一题", "en": "go back to the previous question"},
    "pause": {"zh": "暂停", "en": "pause"},
    "resume": {"zh": "继续", "en": "go on"},
    "reveal": {"zh": "看答案", "en": "see the answer"},
}
_MAX_QUOTE = 40
_MAX_LINE = 120


class ScriptedVoice:
    """Speaks the corpus's own words."""

    def say(self, line: Line, item: Item | None, language: Language, total: int, rng: random.Random) -> str:
        """See `Voice`."""
        point = item.point(line.point_id) if item and line.point_id else None
        phrases = _STYLED[line.style].get(line.act) or _PHRASES[line.act]
        template = rng.choice(phrases[language])
        if line.quote and line.act in _QUOTED:
            template = _QUOTED[line.act][language]
        if line.quote and line.reason:
            template = _ASKED_FOR[line.reason][language] + template
        question = item.question.get(language) if item else ""
        if line.act in ("repeat", "clarify") and point:
            question = point.probe.get(language)
        # The candidate's words and other people's texts go in last and are never a template themselves.
        fixed = {"\0": _cut(line.quote, _MAX_LINE if line.reason else _MAX_QUOTE), "\1": line.text}
        words = template.format(
            total=total,
            questions=f"{total} question{'' if total == 1 else 's'}",
            number=line.number,
            question=question,
            probe=point.probe.get(language) if point else "",
            hint=point.hint.get(language) if point else "",
            command=COMMAND_WORDS[line.command][language] if line.command else "",
            quote="\0",
            text="\1",
        )
        return re.sub("[\0\1]", lambda found: fixed[found[0]], words)


def _cut(text: str, most: int) -> str:
    plain = " ".join(text.split()).strip("。.，,；; ")
    return plain if len(plain) <= most else plain[:most] + "…"
