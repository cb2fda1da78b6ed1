"""What a candidate's message asks for. Only a message that is nothing but a command is one.

A command inside an answer ("… next question") is part of the answer: no text of a candidate moves the interview
unless it is plainly meant to. Where a short message holds a command as a sentence of its own beside other words
("Skip connections. Next."), it may be either, and the candidate is asked once.
"""

from __future__ import annotations

import re
from typing import Literal, get_args

from interviewer.grading import admits_not_knowing
from interviewer.text import normalise, sentences

Command = Literal["hint", "skip", "repeat", "stop", "clarify", "go_back", "pause", "resume", "reveal"]
COMMANDS: tuple[Command, ...] = get_args(Command)
Intent = Literal["answer", "dont_know"] | Command

_POLITE = (
    r"(?:请|麻烦|能不能|能否|可以|可不可以|能|我想|我要|我们|先|给我?|再?来|please |can (?:i|you|we) |could (?:i|you|we) |"
    r"may (?:i|we) |i(?:'d| would) like (?:to )?|let'?s |give me |i want (?:to )?|i need (?:to )?|just |ok(?:ay)?,? ){0,3}"
)
_TAIL = r"(?:吧|吗|呢|一下|好吗|可以吗|行吗|了|谢谢|please|thanks|thank you|now)?"
_COMMANDS: tuple[tuple[Command, str], ...] = (
    ("hint", r"(?:一个|一点|一些|个|点|些)?提示(?:一下|我|一点)?|(?:have |get |a |an |some |another )*hints?|give me a clue"),
    ("skip", r"跳过(?:这(?:一)?(?:道|个)?(?:题|问题)?)?|下一(?:题|个|个问题)|换(?:一)?(?:题|个题|个问题)|过|(?:skip|pass)(?: it| this)?(?: one| question)?|(?:go to )?(?:the )?next(?: one| question)?|move on"),
    ("repeat", r"(?:再)?(?:重复|说|念|讲)(?:一遍|一下|下)?(?:问题|题目)?|再(?:说|讲|念)一(?:遍|次)(?:问题|题目)?|(?:问题|题目)(?:是什么|是啥)?|repeat(?: it| that| the question| please)*|say (?:it|that) again|what was the question|what is the question|(?:sorry|pardon)"),
    ("stop", r"(?:结束|停止|退出)(?:这场|本次)?(?:面试)?|不(?:面|考)了|到此为止|就到这(?:里|儿)|(?:stop|end|quit|exit|finish)(?: it| the interview| here| now)*"),
    ("go_back", r"(?:返回|回到|退回|回)(?:到)?(?:上一|前一)(?:道|个)?(?:题|问题)|上一(?:道|个)?(?:题|问题)|go back(?: to)?(?: the)?(?: (?:previous|last))?(?: one| question)?|(?:the )?(?:previous|last)(?: one| question)|back"),
    ("pause", r"暂停(?:面试|一会儿?|一下)?|等(?:我)?(?:一下|一会儿?|一等)|(?:休息|歇)(?:一会儿?|一下)|稍等(?:一下|片刻)?|pause(?: it| the interview| here)*|take a break|(?:wait|hold on)(?: a (?:moment|minute|second))?|one moment"),
    ("resume", r"继续(?:面试|吧)?|接着(?:来|面|面试)|我?回来了|准备好了|resume(?: it| the interview)*|continue(?: the interview)?|(?:i'?m |i am )?(?:back again|ready)|go on"),
    ("reveal", r"(?:告诉我|公布|揭晓|看|看看|说|直接说|直接给我?|直接告诉我?)?(?:一下)?(?:标准|参考|正确)?答案(?:是什么|是啥)?|(?:show me |tell me |see |what is |what'?s )?(?:the )?(?:right |correct |model )?answer|what should i have said"),
)  # fmt: skip
_CLARIFY = re.compile(
    r"(?:what do you mean|what does (?:that|this|it|the question|.{1,40}?) mean|what is meant)(?: (?:by|with) .{1,60})?"
    r"|(?:can|could) you (?:please )?(?:clarify|rephrase|explain)(?: (?:that|it|the question|what you mean(?: by .{1,40})?))?(?: please)?"
    r"|i (?:do not|don'?t|didn'?t) (?:quite |really )?(?:understand|get)(?: (?:the|your|this) question)"
    r"|(?:please )?(?:clarify|rephrase)(?: (?:that|it|the question))?"
    r"|(?:你|您)(?:说|指|讲|问)?的?.{0,30}?(?:是什么意思|是指什么|指的是什么|指什么|是啥意思|什么意思)"
    r"|(?:这个?|这道|题目|问题|题).{0,20}(?:是什么意思|是啥意思|什么意思|指什么|指的是什么)|什么意思"
    r"|(?:我)?(?:没|不)(?:太|大)?(?:看|听|理解|明白)(?:懂|清楚|明白)?(?:这个?|这道|你的)?(?:题目|问题|题)(?:的意思)?"
    r"|(?:能|可以|请)(?:你|您)?(?:再)?(?:解释|说明|澄清)(?:一下)?(?:这个?|这道)?(?:题目|问题|题)(?:吗|好吗|吧)?"
)
_PATTERNS = tuple((intent, re.compile(rf"{_POLITE}\s*(?:{words})\s*{_TAIL}")) for intent, words in _COMMANDS)
_YES = re.compile(
    r"(?:yes|yeah|yep|yup|sure|right|correct|please do|do it|i (?:do|did|am)|是(?:的|啊)?|对(?:的|啊)?|嗯+|好(?:的|啊|吧)?|没错|确认|确定|可以|行)(?:[,，]? ?(?:please|谢谢|thanks))?"
)
_NO = re.compile(
    r"(?:no|nope|nah|not really|i (?:do not|don'?t|didn'?t)|that (?:is|was) my answer|(?:it'?s |it is )?(?:part of )?my answer|an answer|不(?:是(?:的)?|对|用|要)?|没有|否|是回答|这是(?:我的)?(?:回答|答案)|我的回答)(?:[,，]? ?(?:thanks|谢谢))?"
)
_ENDS = " \t\r\n.。!！?？,，~～…"
_LONGEST = 40
_LONGEST_QUESTION = 90


def intent_of(message: str) -> Intent:
    """The command that the whole message is, "dont_know" where it says that and little else, or "answer"."""
    plain = _plain(message)
    if plain.startswith("/"):
        named = plain[1:].replace("-", "_")
        return next((c for c in COMMANDS if c == named), "answer")
    if len(plain) <= _LONGEST_QUESTION and _CLARIFY.fullmatch(plain):
        return "clarify"
    if len(plain) <= _LONGEST:
        for intent, pattern in _PATTERNS:
            if pattern.fullmatch(plain):
                return intent
    return "dont_know" if admits_not_knowing(message) else "answer"


def command_in(message: str) -> Command | None:
    """The command that a short message may mean: one of its sentences is one, and the whole is neither that nor plain."""
    if len(_plain(message)) > _LONGEST or intent_of(message) != "answer":
        return None
    pieces = [s.text for s in sentences(message)]
    found = [i for i in map(intent_of, pieces) if i not in ("answer", "dont_know")]
    return found[0] if len(pieces) > 1 and found else None  # type: ignore[return-value]


def agreement(message: str) -> bool | None:
    """Whether the message says yes or no and nothing else; None for anything else."""
    plain = _plain(message)
    if _YES.fullmatch(plain):
        return True
    return False if _NO.fullmatch(plain) else None


def _plain(message: str) -> str:
    return " ".join(normalise(message).strip(_ENDS).split())
