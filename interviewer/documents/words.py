"""The marks that readers of every format look for: numbers, bullets, labels and code, in Chinese and English."""

from __future__ import annotations

import re

_I = re.IGNORECASE
_ZH_NUMBER = "[一二三四五六七八九十百]{1,4}"

BULLET = re.compile(r"^(\s*)(?:[-*+–—]\s+|[•·●▪◦‣■◆➤✓]\s*)(\S.*)$")
ENDS_SENTENCE = re.compile(r"[。！？!?；;：:.…][”’」』）)】\]\"']*$")

# Code

GUTTER = re.compile(r"^\d+\s*\|")
"""Line numbers of a code listing that was copied with its code."""
CODE_NAME = re.compile(r"python3?|pytorch|bash|shell|c\+\+|cpp|java|javascript|js|sql|json|yaml|text|代码|复制代码", _I)
CODE_LINE = re.compile(
    r"^(?:import [\w.]+(?: as \w+)?$|from [\w.]+ import |def \w+\(|class \w+[(:]|return\b(?! [a-z]+ [a-z]+ )|@\w+$|"
    r"(?:for|while|if|elif|with) .+:$|else:$|try:$|print\(|self\.|super\(|>>> |\$ |#include|#!)|"
    r"^[\w.]+(?:, ?[\w.]+)* [-+*/]?= \S|^[)\]}]+,?$|^[\w.]+\([^()]*\)[,;]?$|^[\w.]+=[\w.\[]+,$|^[\w.]+\($|^\w[\w.]*\(.*\),$"
)

# What opens a question or an answer

NUMBERED: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("part", re.compile(rf"^第\s*(?P<n>\d{{1,3}}|{_ZH_NUMBER})\s*(?:章|节|部分|讲|篇)\s*[:：、.]?\s*(?P<text>.*)$")),
    ("一、", re.compile(rf"^(?P<n>{_ZH_NUMBER})\s*[、.．:：]\s*(?P<text>\S.*)$")),
    ("（一）", re.compile(rf"^[（(](?P<n>{_ZH_NUMBER})[)）]\s*(?P<text>\S.*)$")),
    ("1.1", re.compile(r"^(?P<n>[1-9]\d?(?:\.\d{1,2}){1,3})[.、]?\s*(?P<text>[^\d\s.,%×x倍].*)$")),
    ("1.", re.compile(r"^(?P<n>\d{1,3})\s*[.．]\s*(?P<text>[^\s.].*)$")),
    ("1、", re.compile(r"^(?P<n>\d{1,3})\s*、\s*(?P<text>\S.*)$")),
    ("1)", re.compile(r"^(?P<n>\d{1,3})\s*[)）]\s*(?P<text>\S.*)$")),
    ("(1)", re.compile(r"^[（(](?P<n>\d{1,3})[)）]\s*(?P<text>\S.*)$")),
    ("①", re.compile(r"^(?P<n>[①②③④⑤⑥⑦⑧⑨⑩])\s*(?P<text>\S.*)$")),
)
"""How lines are counted: a name for the style, and its pattern with the number and the text behind it."""

EXPLICIT = re.compile(
    rf"^[【\[(（]?\s*(?:面试问题|面试题|问题|提问|题目|问|题|练习题?|习题|思考题|interview question|question|q|exercise|(?P<task>problem|task|例题?))\s*(?:no\.?|#)?\s*"
    rf"(?:(?P<n>\d{{1,3}}|{_ZH_NUMBER})\*?\s*(?:[(（][^()（）]{{1,60}}[)）]\s*)?(?:[:：.、)）\]】–—-]|\s(?=\S)|$)|[:：】])\s*[\])）】]?\s*[:：]?\s*(?P<text>.*)$"
    rf"|^第\s*(?P<m>\d{{1,3}}|{_ZH_NUMBER})\s*[题问]\s*[:：、.]?\s*(?P<text2>.*)$",
    _I,
)
"""`task` may as well name a part of an answer ("Problem 1: …"): it is a question where a solution follows."""
ANSWER_MARK = re.compile(
    r"^[【\[(（]?\s*(?:(?:(?:参考|标准|中文|英文)?(?:回答|答案|解答|答|解)(?:要点)?|解析|证明?|中文|英文|"
    r"(?:(?:sample|model|reference|chinese|english)\s+)?(?:answer|solution)|proof|ans|english|chinese|a|en|zh)\s*\d{0,3}\s*"
    r"(?:[(（](?:中文|英文|zh|en|english|chinese)[)）])?\s*[\])）】]?\s*[:：]|(?:solution|answer|proof|解答?|证明)\s*\d{0,3}[.．](?=\s|$))"
    r"\s*(?P<text>.*)$",
    _I,
)
ASKS = re.compile(
    r"[?？]\s*$|什么|为什么|为何|如何|怎么|怎样|哪些|哪种|哪个|哪里|是否|能否|多少|有何|吗$|"
    r"^(?:请|解释|简述|谈谈|介绍|说说|讲讲|说明|描述|列举|比较|对比|推导|证明|计算|分别|举例)|"
    r"^(?:what|why|how|when|which|who|where|is|are|does|do|can|could|should|would|explain|describe|compare|define|derive|"
    r"discuss|tell|walk|prove|give an?|name|state|contrast|sketch|outline)\b",
    _I,
)
"""A line with this form asks something."""

# What surrounds an article

CLASS_NOISE = re.compile(
    r"(?:^|[-_ ])(?:nav(?:bar|igation)?|menu|side-?bar|bread-?crumbs?|footer|foot|adv?(?:ert(?:s|isement)?)?|ads?|sponsor(?:ed)?|promo|related|"
    r"recommend(?:ed|ation)?s?|comments?|share|social|toc|cookie|banner|pagination|copyright|popup|modal|newsletter|subscribe|login|toolbar)(?:$|[-_ ])",
    _I,
)
"""Class names and ids of what surrounds an article."""
