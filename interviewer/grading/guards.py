"""Flags on a whole answer that do not depend on key points: what kind of text is this at all?

Each guard is a plain rule with a name. A flag marks; what it does to the score is decided in grader.py.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from interviewer.schema import Flag, Language
from interviewer.text import STOP_CHARACTERS, STOP_WORDS, clauses, language_of, normalise, sentences, terms, word_count

MAX_CHARACTERS = 8_000
"""An answer is graded on this much of it: about 20 minutes of speech."""

_DONT_KNOW = re.compile(
    r"\b(?:i (?:really |honestly |just )?(?:don'?t|do not) (?:really |actually )?(?:know|remember|recall)|"
    r"(?:i have )?no (?:idea|clue)|not (?:so |really )?sure|never (?:heard|learn)|idk|can'?t (?:remember|recall))\b"
    r"|不(?:太|大|是很)?(?:知道|清楚|了解|会|记得|懂|确定)|没(?:有)?(?:学过|听(?:说)?过|了解过|接触过|印象|思路)|忘(?:记)?了|想不起来|答不上来"
)
_INSTRUCTION = re.compile(
    r"\b(?:ignore|disregard|forget) (?:all |any |the |of |your )*(?:previous|above|prior|earlier|your)?\s?"
    r"(?:instructions?|prompts?|rules|rubric|criteria|guidelines)\b"
    r"|\b(?:ignore|disregard) (?:everything|all) (?:above|before)"
    r"|\b(?:give|grant|award|assign) (?:me|this answer|it|the candidate|him|her)?\s*(?:a |an )?"
    r"(?:full|perfect|maximum|top|100|ten|10)\b[^.]{0,20}(?:mark|score|point|grade|credit)?"
    r"|\b(?:score|grade|rate|mark) (?:this|me|it|the answer|my answer)[^.]{0,25}(?:100|full|perfect|correct|highest)"
    r"|\byou are now\b|\bsystem prompt ?[:：]|\bas the (?:grader|examiner|interviewer)[^.]{0,40}(?:must|should)"
    r"|(?:忽略|无视)(?:掉)?(?:以上|之前|上面|前面|此前)(?:的)?(?:所有|全部|一切)?(?:的)?(?:内容|指令|指示|要求|规则|提示|说明|文字|标准|话)|(?:给|打|判|评)(?:我|这个回答|他|她|本回答)?[^。]{0,6}(?:满分|一百分|100\s*分|最高分)"
    r"|请(?:直接)?(?:判|给|打)[^。]{0,8}(?:正确|满分|通过)|你现在是|系统提示词?[:：]"
)
_LISTED = re.compile(r"[,，、;；|/\n]")
_CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvwxz]{5,}")

_CODE = re.compile(r"```[a-z]{0,20}\n.{0,8000}?\n```", re.DOTALL)


def truncate(answer: str) -> str:
    """The part of an answer that is graded."""
    return answer[:MAX_CHARACTERS]


def is_empty(answer: str) -> bool:
    """No letter, digit or Chinese character at all."""
    return not any(c.isalnum() for c in normalise(answer))


def admits_not_knowing(answer: str) -> bool:
    """The answer says "I don't know" and little else; an attempt after such words is an attempt."""
    plain = normalise(answer)
    found = _DONT_KNOW.search(plain)
    if not found:
        return False
    rest = plain[: found.start()] + " " + plain[found.end() :]
    return len(terms(rest)) <= 6


def echoes_question(answer: str, question: str) -> bool:
    """Nearly all that is said stands in the question already."""
    said, asked = terms(answer), set(terms(question))
    if len(said) < 2:
        return False
    return sum(t not in asked for t in said) / len(said) < 0.25


def copies(answer: str, reference: str) -> bool:
    """Most of the answer is taken word for word from the reference (runs of six terms)."""
    said, source = terms(answer), terms(reference)
    size = 6
    if len(said) < 2 * size:
        return False
    known = {source[i : i + size] for i in range(len(source) - size + 1)}
    runs = [said[i : i + size] for i in range(len(said) - size + 1)]
    return sum(r in known for r in runs) / len(runs) > 0.6


def is_keyword_list(answer: str) -> bool:
    """Terms in a row without sentences between them: naming things is not explaining them."""
    pieces = clauses(answer)
    tiny = [p for p in _LISTED.split(normalise(answer)) if p.strip()]
    most = 5 if language_of(answer) == "zh" else 2
    if len(tiny) >= 10 and sum(word_count(p) <= most for p in tiny) >= 0.9 * len(tiny):
        return True  # scraps of sentences are no sentences either
    if language_of(answer) == "zh":
        glue = sum(c in STOP_CHARACTERS for c in answer)
        short = sum(word_count(p.text) <= 6 for p in pieces)
        return len(pieces) >= 6 and short / len(pieces) > 0.8 and glue / max(1, word_count(answer)) < 0.05
    words = re.findall(r"[a-z']+", normalise(answer))
    glue = sum(w in STOP_WORDS for w in words)
    return len(words) >= 8 and glue / len(words) < 0.06


def gives_instructions(answer: str) -> bool:
    """Speaks to the grader instead of answering. Harmless here (nothing executes it), but worth knowing."""
    return _INSTRUCTION.search(normalise(answer)) is not None


def without_instructions(answer: str) -> str:
    """The answer with every clause that speaks to the grader blanked, offsets kept."""
    kept = answer
    for clause in clauses(answer):
        if gives_instructions(clause.text):
            kept = kept[: clause.start] + " " * (clause.end - clause.start) + kept[clause.end :]
    return kept


def without_prompts(answer: str, prompts: Sequence[str]) -> str:
    """The answer with every sentence that repeats a question, a probe or a hint blanked, offsets kept: to say what one
    was asked claims nothing."""
    asked = [found for p in prompts for s in sentences(p) if (found := set(terms(s.text)))]
    kept = answer
    for sentence in sentences(answer):
        said = set(terms(sentence.text))
        if said and any(2 * len(said & a) >= 0.9 * (len(said) + len(a)) for a in asked):
            kept = kept[: sentence.start] + " " * (sentence.end - sentence.start) + kept[sentence.end :]
    return kept


def is_gibberish(answer: str) -> bool:
    """Keyboard noise: words without vowels, or one thing over and over."""
    words = [w for w in terms(answer) if w.isascii() and w.isalpha() and len(w) > 2]
    everything = terms(answer)
    if len(everything) >= 8 and Counter(everything).most_common(1)[0][1] / len(everything) > 0.6:
        return True
    if len(words) < 2 or len(words) < 0.6 * len(everything):
        return False
    odd = sum((len(w) > 4 and not set(w) & set("aeiouy")) or bool(_CONSONANTS.search(w)) for w in words)
    return odd / len(words) > 0.5


def is_repeated(answer: str) -> bool:
    """The same sentence again and again: more than half of what is said has been said before."""
    said = [normalise(c.text) for c in clauses(answer)]
    once = sum(map(len, set(said)))
    return len(said) >= 4 and once < 0.5 * sum(map(len, said))


def flags_of(answer: str, question: str, reference: str, language: Language) -> tuple[Flag, ...]:
    """All flags of an answer that is not empty, in a fixed order."""
    prose = _CODE.sub("\n", answer)  # code is neither English nor a list of keywords
    said_in = language_of(prose)
    found: list[tuple[Flag, bool]] = [
        ("dont_know", admits_not_knowing(answer)),
        ("echoes_question", echoes_question(answer, question)),
        ("copies_reference", copies(answer, reference)),
        ("other_language", said_in is not None and said_in != language and word_count(prose) >= 5),
        ("keyword_list", is_keyword_list(prose)),
        ("instructions", gives_instructions(answer)),
        ("gibberish", is_gibberish(prose)),
        ("repeated", is_repeated(answer[:MAX_CHARACTERS])),
        ("too_long", len(answer) > MAX_CHARACTERS),
    ]
    return tuple(flag for flag, holds in found if holds)
