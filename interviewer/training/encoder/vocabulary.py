"""The student's vocabulary and what its new rows start from.

English keeps MiniLM's word pieces, those that are really used; Chinese gets characters and frequent words. Words pay:
a Chinese sentence is a third shorter, and a word's first vector can be the mean of the English pieces it is translated
by, which is most of what distillation would have to find out.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import regex
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import WordPiece

Floats = NDArray[np.float32]
Aligned = tuple[NDArray[Any], NDArray[Any], NDArray[np.float64]]

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
LONGEST = 160  # tokens; a spoken clause or a paragraph of an answer
_HAN_RUN = regex.compile(r"\p{Han}+")
_GROUP = 64  # first characters to one look-ahead class of the splitting pattern


def han_runs(texts: Iterable[str]) -> Counter[str]:
    """Unbroken runs of Chinese characters and how often each occurs."""
    return Counter(run for text in texts for run in _HAN_RUN.findall(text))


def chinese_tokens(
    runs: Mapping[str, int], dictionary: Iterable[str], words: int, fewest: int = 3
) -> tuple[list[str], list[str]]:
    """Characters seen at least `fewest` times, and the `words` most frequent words of two to four characters.

    A word is one that the dictionary has, or a sequence of characters that occur together far more often than apart
    (least pointwise mutual information over its cuts) and that no one neighbour regularly completes: terms such as
    过拟合 are in no general dictionary.
    """
    grams: Counter[str] = Counter()
    for run, count in runs.items():
        for size in (1, 2, 3, 4, 5):
            for start in range(len(run) - size + 1):
                grams[run[start : start + size]] += count
    neighbour: Counter[str] = Counter()  # how often its commonest neighbour, left or right, stands beside a sequence
    for gram, count in grams.items():
        for part in {gram[:-1], gram[1:]} - {""}:
            neighbour[part] = max(neighbour[part], count)
    total = sum(count for gram, count in grams.items() if len(gram) == 1)
    known = set(dictionary)
    characters = [gram for gram, count in grams.most_common() if len(gram) == 1 and count >= fewest]

    def cohesion(gram: str) -> float:
        apart = max(grams[gram[:cut]] * grams[gram[cut:]] for cut in range(1, len(gram)))
        return float(np.log(grams[gram] * total / apart))

    candidates = [
        gram
        for gram, count in grams.most_common()
        if 1 < len(gram) < 5
        and (
            (gram in known and count >= 12) or (count >= 60 and neighbour[gram] < 0.5 * count and cohesion(gram) > 4.0)
        )
    ]
    return characters, _not_parts(candidates, grams)[:words]


def _not_parts(candidates: Sequence[str], counts: Mapping[str, int]) -> list[str]:
    """Without those that occur almost only inside one longer candidate."""
    inside: Counter[str] = Counter()
    for long in candidates:
        for size in range(2, len(long)):
            for start in range(len(long) - size + 1):
                part = long[start : start + size]
                inside[part] = max(inside[part], counts[long])
    return [gram for gram in candidates if inside[gram] < 0.8 * counts[gram]]


def english_tokens(teacher: Tokenizer, texts: Sequence[str], size: int) -> list[str]:
    """The teacher's word pieces that these texts use most, with every single character it has outside CJK."""
    counts: Counter[str] = Counter()
    for start in range(0, len(texts), 10_000):
        for encoding in teacher.encode_batch(list(texts[start : start + 10_000]), add_special_tokens=False):
            counts.update(encoding.tokens)
    singles = [t for t in teacher.get_vocab() if len(t.removeprefix("##")) == 1 and ord(t[-1]) < 0x500]
    singles += [
        t for t in teacher.get_vocab() if len(t) == 1 and (0x2000 <= ord(t) <= 0x2BFF or 0x3000 <= ord(t) <= 0x303F)
    ]
    kept = list(dict.fromkeys([*SPECIAL, *sorted(singles)]))
    seen = set(kept)
    for token, _ in counts.most_common():
        if len(kept) >= size:
            break
        if token not in seen and not _HAN_RUN.search(token):
            kept.append(token)
    return kept


def build(english: Sequence[str], chinese: Sequence[str], traditional: Callable[[str], str], target: Path) -> Tokenizer:
    """Write `tokenizer.json`: pieces for what is Latin, whole words and characters for what is Chinese.

    Traditional forms are further names of the simplified token's row, so both spellings have one vector. The file is
    written by hand because the library's own writer keeps one name a row.
    """
    rows = {token: index for index, token in enumerate([*english, *chinese])}
    if len(rows) != len(english) + len(chinese):
        raise ValueError("a token occurs twice")
    names = dict(rows)
    for token in chinese:
        names.setdefault(traditional(token), rows[token])
    tokenizer = Tokenizer(WordPiece(vocab=names, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=False, strip_accents=True, lowercase=True),
        ]
    )
    words = [name for name in names if len(name) > 1 and _HAN_RUN.fullmatch(name)]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(word_pattern(words)), "isolated"), pre_tokenizers.BertPreTokenizer()]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", rows["[CLS]"]), ("[SEP]", rows["[SEP]"])],
    )
    tokenizer.add_special_tokens(list(SPECIAL))
    written = json.loads(tokenizer.to_str())
    written["model"]["vocab"] = names
    target.mkdir(parents=True, exist_ok=True)
    (target / "tokenizer.json").write_text(
        json.dumps(written, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8"
    )
    settings = {f"{token[1:-1].lower()}_token": token for token in SPECIAL}
    (target / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": LONGEST, **settings}, indent=2)
        + "\n"
    )
    return Tokenizer.from_file(str(target / "tokenizer.json"))


def word_pattern(words: Iterable[str]) -> str:
    """A regular expression that finds the longest of these words at a place, else one Chinese character.

    Alternatives are tried one by one, so they are grouped: a look-ahead on a range of first characters, then the
    first character, then the rest, longest first.
    """
    by_first: dict[str, list[str]] = {}
    for word in words:
        by_first.setdefault(word[0], []).append(word[1:])
    firsts = sorted(by_first)
    groups = []
    for start in range(0, len(firsts), _GROUP):
        group = firsts[start : start + _GROUP]
        inner = "|".join(f"{f}(?:{'|'.join(sorted(by_first[f], key=len, reverse=True))})" for f in group)
        groups.append(f"(?=[{group[0]}-{group[-1]}])(?:{inner})")
    return "|".join([*groups, r"\p{Han}"])


def translations(zh: Sequence[Sequence[int]], en: Sequence[Sequence[int]], rounds: int = 5) -> Aligned:
    """IBM model 1 (Brown et al., 1993): which English pieces each Chinese token is translated by.

    Args:
        zh, en: token numbers of aligned sentences.
        rounds: steps of expectation maximisation.

    Returns:
        Chinese numbers, English numbers and p(en | zh), three arrays of one length.
    """
    z_parts, e_parts, group_parts = [], [], []
    groups = 0
    for chinese, english in zip(zh, en, strict=True):
        z, e = np.unique(np.asarray(chinese)), np.unique(np.asarray(english))
        z_parts.append(np.tile(z, len(e)))
        e_parts.append(np.repeat(e, len(z)))
        group_parts.append(np.repeat(np.arange(groups, groups + len(e), dtype=np.int32), len(z)))
        groups += len(e)
    width = 1 << 20
    key = np.concatenate(z_parts) * width + np.concatenate(e_parts)
    group = np.concatenate(group_parts)
    pairs, place = np.unique(key, return_inverse=True)
    source = pairs // width
    chance = np.ones(len(pairs))
    for _ in range(rounds):
        weight = chance[place]
        weight /= np.bincount(group, weight, groups)[group]
        count = np.bincount(place, weight, len(pairs))
        chance = count / np.bincount(source, count)[source]
    return source, pairs % width, chance


def first_vectors(
    chinese: Sequence[str],
    glosses: Callable[[str], list[list[int]]],
    aligned: Aligned,
    counts: Mapping[int, int],
    offset: int,
    table: Floats,
) -> Floats:
    """Where each Chinese row starts: the English rows it is translated by, with the dictionary's where data are thin.

    Args:
        chinese: the tokens, in the order of their rows.
        glosses: token → the English piece numbers of each gloss.
        aligned: what `translations` returned, Chinese numbers counted from `offset`.
        counts: how often each Chinese number occurred in what was aligned.
        offset: number of the first Chinese row.
        table: the English rows, shape (offset, d).

    Returns:
        Shape (len(chinese), d), float32.
    """
    source, target, chance = aligned
    strong = (chance > 0.04) & (source >= offset) & (target < offset)
    source, target, chance = source[strong] - offset, target[strong], chance[strong].astype(np.float32)
    learnt = np.zeros((len(chinese), table.shape[1]), np.float32)
    mass = np.zeros(len(chinese), np.float32)
    np.add.at(learnt, source, table[target] * chance[:, None])
    np.add.at(mass, source, chance)
    fallback = table.mean(0)
    rows = np.empty_like(learnt)
    for index, token in enumerate(chinese):
        told = [table[pieces].mean(0) for pieces in glosses(token)[:4] if pieces]
        prior = np.mean(told, axis=0) if told else fallback
        trust = counts.get(index + offset, 0) / (counts.get(index + offset, 0) + 20) if mass[index] > 0 else 0.0
        rows[index] = (1 - trust) * prior + trust * learnt[index] / max(float(mass[index]), 1e-6)
    return rows
