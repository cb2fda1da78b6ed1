"""What a model may say of a grade: nothing but what the grade says.

Here verdicts are the point, so the guard is another one than in the interview: every number has to be among the facts,
praise and blame have to fit the verdict, a point may be called said or missing only if it is, and words that are
neither in the facts nor courtesies are held down.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from interviewer.grading.guards import gives_instructions
from interviewer.llm import rules
from interviewer.llm.guard import Reason
from interviewer.llm.prompting import courtesies
from interviewer.llm.scene import Scene
from interviewer.schema import Language, PointVerdict, Verdict
from interviewer.text import clauses, normalise, terms

MAX_NEW = 0.35
"""Most of a sentence's distinct terms that may come from nowhere, as a share 0–1."""
NAMED = 0.5
"""Least share of a key point's own terms for a clause to be about it."""

_PRAISE = re.compile(
    r"\b(?:excellent|outstanding|brilliant|perfect|flawless|superb|impressive|strong|great|very good|complete|thorough|well done|full marks|nailed)\b"
    r"|优秀|出色|完美|精彩|非常好|很好|很棒|扎实|透彻|全面|完整|满分|无可挑剔|全部(?:答)?对|完全正确",
    re.I,
)
_BLAME = re.compile(
    r"\b(?:poor|weak|bad|terrible|disappointing|wrong throughout|entirely wrong|completely wrong|failed|inadequate|far off)\b"
    r"|很差|糟糕|太差|失望|薄弱|完全(?:错|不对)|一塌糊涂|不及格|失败",
    re.I,
)
_NOT = re.compile(r"\b(?:not|n't|never|less|no|hardly|far from|neither|cannot)\b|不|没|未|并非|谈不上|还差", re.I)
_SAID = re.compile(
    r"\b(?:right|correct\w*|you (?:said|covered|explained|mentioned|named|got|stated|knew)|well put)\b|说对|答对|说到|提到|讲到|讲清|正确|覆盖",
    re.I,
)
_MISSED = re.compile(
    r"\b(?:missing|missed|left out|omitted|lack\w*|forgot\w*|did(?:n't| not) (?:say|mention|cover|explain|name)|wrong|incorrect\w*|mistaken|not right|contrary)\b"
    r"|还缺|缺少|缺了|漏|没有?(?:说|提|讲|答|谈|覆盖)|未(?:提|说|讲|答)|遗漏|忽略|有误|错|不对|不正确",
    re.I,
)
_UNITS = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_CHINESE = re.compile(
    r"([一二两三四五六七八九十百]+)(?=分(?!之|别|析|布|钟|类|明|清|重)|点(?!儿|上|出)|题|道|个(?!性|人)|条|处|成|项|轮|%|倍)"
)
_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_ENGLISH = {**{w: n for n, w in enumerate(_WORDS)}, **_TENS, "hundred": 100}
# "one" on its own is mostly a pronoun.
_SPELLED = re.compile(
    rf"\b(?:(?:{'|'.join(_TENS)})[ -](?:{'|'.join(_WORDS[1:10])})|{'|'.join([*_WORDS[2:], *_TENS, 'hundred'])})\b"
)


@dataclass(frozen=True, slots=True)
class Facts:
    """All that may be said."""

    text: str
    verdict: Verdict = "unscored"
    """Of what is spoken about; praise and blame have to fit it."""
    points: Mapping[str, PointVerdict] | None = None
    """Texts of key points, each with its verdict."""


class FactsGuard:
    """A guard (`speaker.LineGuard`) over what is said of one grade or one debrief."""

    def __init__(self, facts: Facts, language: Language) -> None:
        self._facts = facts
        self._known = frozenset(terms(facts.text)) | courtesies(language)
        self._characters = frozenset(facts.text) | frozenset("".join(courtesies(language)))
        self._numbers = said_numbers(facts.text)

    def prepare(self, scene: Scene) -> None:
        """See `LineGuard`."""

    def check(self, scene: Scene, before: str, sentence: str) -> Reason | None:
        """See `LineGuard`."""
        broken = rules.impolite(scene, before, sentence, self._facts.text)
        if broken:
            return broken
        if gives_instructions(sentence):
            return "obeys"
        if said_numbers(sentence) - self._numbers - said_numbers(scene.said):
            return "number"
        return None if self._follows(scene, sentence) else "facts"

    def missing(self, scene: Scene, line: str) -> Reason | None:
        """See `LineGuard`."""
        return None if terms(line) else "empty"

    def _follows(self, scene: Scene, sentence: str) -> bool:
        found = dict.fromkeys(terms(sentence))
        said = frozenset(terms(f"{scene.said}\n{scene.question}"))
        new = [t for t in found if t not in said and self._is_new(t)]
        if found and len(new) / len(found) > MAX_NEW:
            return False
        return self._fits_verdict(sentence) and not self._misstates(sentence)

    def _is_new(self, term: str) -> bool:
        return term not in self._known and (term.isascii() or not all(c in self._characters for c in term))

    def _fits_verdict(self, sentence: str) -> bool:
        """Praise of a poor answer or blame of a strong one is a lie, unless the clause takes it back or quotes."""
        wrong = {"poor": _PRAISE, "weak": _PRAISE, "strong": _BLAME}.get(self._facts.verdict)
        given = normalise(self._facts.text)
        return wrong is None or not any(
            m[0] not in given and not _NOT.search(clause.text)
            for clause in clauses(sentence)
            for m in wrong.finditer(normalise(clause.text))
        )

    def _misstates(self, sentence: str) -> bool:
        """Whether it calls a key point said that was not, or missing that was said."""
        said, missed = bool(_SAID.search(sentence)), bool(_MISSED.search(sentence))
        if said == missed or not self._facts.points:
            return False
        wrong = ("missing", "contradicted") if said else ("covered",)
        spoken = frozenset(terms(sentence))
        shares = {text: _share(text, spoken) for text in self._facts.points}
        about = max(shares, key=lambda text: shares[text])
        return shares[about] >= NAMED and self._facts.points[about] in wrong


def _share(text: str, spoken: frozenset[str]) -> float:
    own = frozenset(terms(text))
    return len(own & spoken) / len(own) if own else 0.0


def said_numbers(text: str) -> set[float]:
    """Every number of a text: in digits, in English words from two on, in Chinese before a unit ("六十分", "两点")."""
    plain = normalise(text)
    found = {float(n) for n in rules.numbers(plain) if n.count(".") < 2}
    found |= {float(_chinese(m[1])) for m in _CHINESE.finditer(plain)}
    found |= {float(sum(_ENGLISH[word] for word in m[0].replace("-", " ").split())) for m in _SPELLED.finditer(plain)}
    return found - {1.0}


def _chinese(numeral: str) -> int:
    total, unit = 0, 0
    for char in numeral:
        if char in _UNITS:
            unit = _UNITS[char]
        else:
            total += (unit or 1) * (10 if char == "十" else 100)
            unit = 0
    return total + unit
