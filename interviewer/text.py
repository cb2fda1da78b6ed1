"""Chinese and English text: normal form, language, clauses with offsets, terms for exact matching.

Knows nothing of questions, key points or models. Every function is total: any string gives an answer.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from pathlib import Path

from interviewer.schema import Language, Span

# Characters that are drawn as nothing and would hide a word from matching: zero-width, bidi controls, soft hyphen,
# fillers, variation selectors, tags.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)
# Where a long run of combining marks may be: no mark is a letter but these two.
_MARKS = re.compile("(?:[^\\w\\s]|[\uff9e\uff9f]){31,}")
_MOST_MARKS = 30
_CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_CJK_CHAR = re.compile(f"[{_CJK}]")
_LETTER_RUN = re.compile(r"[a-z]+")
_TERM = re.compile(rf"[{_CJK}]+|[a-z0-9]+(?:[.+#_^-][a-z0-9]+)*[+#]*")

# A full stop ends a sentence only before white space or a CJK character, and not after these words.
_ABBREVIATION = re.compile(r"(?<![a-z])(?:e\.g|i\.e|etc|vs|cf|al|fig|eq|sec|approx|dr|mr)\.$", re.IGNORECASE)
_HARD_END = "。｡！？!?；;\n"
_SOFT_END = "，,、：:"
_CLOSERS = "”’」』）)】]\"'"

STOP_WORDS = frozenset(
    "a an the and or but if then than that this these those is are was were be been being am do does did done "
    "doing have has had having of to in on at by for from with as into onto about over under it its they them "
    "their he she his her you your we our i me my so such there here what which who whom when where why how can "
    "could will would shall should may might must just also very really more most some any each both all "
    "s t re ve ll d m".split()
)
STOP_CHARACTERS = frozenset("的了着吗呢吧啊呀嘛么是在和与及或而且也就都还又把被对为以于其这那个们你我他她它一")


def normalise(text: str) -> str:
    """Full-width to half-width, compatibility forms folded (NFKC), lower case, invisible characters removed,
    traditional Chinese characters simplified one by one."""
    seen = _MARKS.sub(_thin, _INVISIBLE.sub("", text))
    plain = unicodedata.normalize("NFKC", seen).casefold()
    return plain if plain.isascii() else plain.translate(_simplified())


def encodable(text: str) -> str:
    """Without halves of surrogate pairs, which tokenizers refuse."""
    return text.encode("utf-8", "replace").decode("utf-8")


@lru_cache(maxsize=1)
def _simplified() -> dict[int, int]:
    """Traditional character → simplified one, from OpenCC's table of characters (Apache-2.0)."""
    traditional, simplified = Path(__file__).with_name("traditional.txt").read_text(encoding="utf-8").split()
    return str.maketrans(traditional, simplified)


def _thin(match: re.Match[str]) -> str:
    """Runs of combining marks, cut to what Unicode calls stream-safe: longer ones take quadratic time to order."""
    kept: list[str] = []
    run = 0
    for char in match[0]:
        run = run + 1 if unicodedata.category(char).startswith("M") or char in "\uff9e\uff9f" else 0
        if run <= _MOST_MARKS:
            kept.append(char)
    return "".join(kept)


def language_of(text: str) -> Language | None:
    """The language a text is mostly in, or None where it has no letters to tell by.

    A Chinese sentence keeps English terms, so a Chinese character counts as much as two English words.
    """
    plain = normalise(text)
    chinese = len(_CJK_CHAR.findall(plain))
    english = len(_LETTER_RUN.findall(plain))
    if chinese + english == 0:
        return None
    return "zh" if chinese * 2 >= english else "en"


def _ends_sentence(text: str, i: int) -> bool:
    """Whether the full stop at `text[i]` ends a sentence (and is no decimal point, abbreviation or file name)."""
    after = text[i + 1] if i + 1 < len(text) else "\n"
    if not (after.isspace() or _CJK_CHAR.match(after) or after in _CLOSERS):
        return False
    return not _ABBREVIATION.search(text[max(0, i - 7) : i + 1])


def _inside(text: str, i: int) -> bool:
    """Whether the mark at `text[i]` ends nothing: "3,000" and "BN:LN" need white space or CJK after it, "!=" is one."""
    after = text[i + 1 : i + 2]
    if text[i] == "!":
        return after == "="
    return text[i] in ",:" and after != "" and not (after.isspace() or _CJK_CHAR.match(after))


def _cut(text: str, ends: str) -> list[tuple[int, int]]:
    """Boundaries of the pieces that end after any character of `ends` (or a sentence's full stop)."""
    pieces: list[tuple[int, int]] = []
    start = i = 0
    while i < len(text):
        char = text[i]
        if char in ends or (char in ".．" and _ends_sentence(text, i)):
            if _inside(text, i):
                i += 1
                continue
            while i + 1 < len(text) and (text[i + 1] in _CLOSERS or text[i + 1] in ends):
                i += 1
            pieces.append((start, i + 1))
            start = i + 1
        i += 1
    if start < len(text):
        pieces.append((start, len(text)))
    return pieces


def _span(text: str, start: int, end: int) -> Span | None:
    """The stretch without surrounding white space, or None if nothing but marks is left."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    piece = text[start:end]
    return Span(start, end, piece) if any(c.isalnum() for c in piece) else None


def sentences(text: str) -> tuple[Span, ...]:
    """The sentences of a text, in order, as stretches of the original; list items and code lines count as such."""
    return tuple(s for a, b in _cut(text, _HARD_END) if (s := _span(text, a, b)))


def clauses(text: str) -> tuple[Span, ...]:
    """The clauses of a text: sentences cut again at commas, in order, as stretches of the original."""
    return tuple(s for a, b in _cut(text, _HARD_END + _SOFT_END) if (s := _span(text, a, b)))


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    if not word.isalpha() or len(word) <= 3:
        return word
    import snowballstemmer

    # A new one each time: a stemmer keeps the word at hand in itself, and a word cut by two threads would be kept here.
    return str(snowballstemmer.stemmer("english").stemWord(word))


def terms(text: str) -> tuple[str, ...]:
    """Terms for exact matching: stems of English words and numbers, and bigrams of Chinese characters.

    Bigrams need no dictionary and rank as well as a segmenter on this kind of text. English function words and
    bigrams made only of Chinese function characters are left out; a lone Chinese character stays as it is.
    """
    found: list[str] = []
    for run in _TERM.findall(normalise(text)):
        if _CJK_CHAR.match(run):
            pairs = [run[i : i + 2] for i in range(len(run) - 1)] or [run]
            found.extend(p for p in pairs if p[0] not in STOP_CHARACTERS or p[-1] not in STOP_CHARACTERS)
        elif run not in STOP_WORDS:
            found.append(_stem(run))
            if "-" in run or "_" in run:  # "pre-training" must meet "pretraining" and "training"
                parts = re.split(r"[-_]", run)
                found.append(_stem("".join(parts)))
                found.extend(_stem(p) for p in parts if p not in STOP_WORDS)
    return tuple(found)


def word_count(text: str) -> int:
    """Length of a text in words: an English word or number is one, a Chinese character is one."""
    plain = normalise(text)
    return len(_CJK_CHAR.findall(plain)) + len(re.findall(r"[a-z0-9]+", plain))
