"""Byte-pair encoding: a vocabulary of word pieces, learnt by merging the most frequent pair.

What: words start as single bytes (256 values, so any text of any language can be written and nothing is
unknown). Then, again and again, the adjacent pair of symbols that is most frequent in the corpus, each
word counted as often as it occurs, becomes one new symbol. The ordered list of merges IS the tokeniser.

    vocabulary = 256 bytes + the merges

Encoding a new word repeats the merges in the order in which they were learnt, whatever is frequent in the
new text and however long a piece would match. Frequent words come out as one token, rare ones as several
pieces. What the corpus lacks stays in bytes: a common Chinese character is 3 bytes in UTF-8, and without
merges for it costs 3 tokens.

Papers: Gage, "A New Algorithm for Data Compression", 1994; Sennrich, Haddow and Birch, "Neural Machine
Translation of Rare Words with Subword Units", 2016; Radford et al., "Language Models are Unsupervised
Multitask Learners", 2019 (on bytes).

Run: python corpus/code/bpe.py    (cat, cats, hat, rate; then the descriptions of scikit-learn's data)
"""

# mypy: allow-untyped-calls

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import pairwise

from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine  # type: ignore[import-untyped,unused-ignore]

Symbol = bytes  # one byte, or the bytes of a merged piece
Pair = tuple[Symbol, Symbol]


def split_words(text: str) -> list[str]:
    """Cut before every space: "the cat" is "the", " cat". Merges never cross a border; joined, it is the text."""
    return re.findall(r"\s?\S+|\s+", text)


def to_bytes(word: str) -> list[Symbol]:
    """Return the word's UTF-8 bytes as symbols of one byte."""
    return [bytes([value]) for value in word.encode()]


def count_pairs(words: Iterable[tuple[list[Symbol], int]]) -> Counter[Pair]:
    """Count adjacent pairs, each as often as its word occurs."""
    counts: Counter[Pair] = Counter()
    for symbols, frequency in words:
        for pair in pairwise(symbols):
            counts[pair] += frequency
    return counts


def merge(symbols: list[Symbol], pair: Pair) -> list[Symbol]:
    """Join the pair wherever it occurs, from left to right: a a a with (a, a) is aa a."""
    merged: list[Symbol] = []
    i = 0
    while i < len(symbols):
        if tuple(symbols[i : i + 2]) == pair:
            merged.append(pair[0] + pair[1])
            i += 2
        else:
            merged.append(symbols[i])
            i += 1
    return merged


def learn_merges(frequencies: Mapping[str, int], count: int) -> list[Pair]:
    """Return up to `count` merges, in order; fewer if nothing is left to merge.

    Equally frequent pairs: the one that is smaller as bytes, so that the result does not depend on the
    order of the corpus.
    """
    if count < 0 or any(frequency < 1 for frequency in frequencies.values()):
        raise ValueError("the number of merges is at least 0 and each word occurs at least once")
    words = [(to_bytes(word), frequency) for word, frequency in frequencies.items()]
    merges: list[Pair] = []
    for _ in range(count):
        counts = count_pairs(words)
        if not counts:
            break
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        merges.append(best)
        words = [(merge(symbols, best), frequency) for symbols, frequency in words]
    return merges


class Tokeniser:
    """Learnt merges, applied: text to token numbers and back."""

    def __init__(self, merges: list[Pair]) -> None:
        """Numbers 0..255 are the bytes, 256 onwards the merges in their order."""
        self.rank = {pair: i for i, pair in reversed(list(enumerate(merges)))}
        self.pieces = [bytes([value]) for value in range(256)] + [left + right for left, right in merges]
        # Two merges may give the same bytes (a + bc, ab + c); the first number then stands for both.
        self.number = {piece: i for i, piece in reversed(list(enumerate(self.pieces)))}

    def split(self, word: str) -> list[Symbol]:
        """Return the pieces of one word: of the pairs present, the one learnt first is merged, until none is left."""
        symbols = to_bytes(word)
        while pairs := [pair for pair in pairwise(symbols) if pair in self.rank]:
            symbols = merge(symbols, min(pairs, key=lambda pair: self.rank[pair]))
        return symbols

    def encode(self, text: str) -> list[int]:
        """Return token numbers."""
        return [self.number[piece] for word in split_words(text) for piece in self.split(word)]

    def decode(self, tokens: Iterable[int]) -> str:
        """Return the text. The BYTES are joined first: a token may end in the middle of a character."""
        tokens = list(tokens)
        if any(not 0 <= token < len(self.pieces) for token in tokens):
            raise ValueError(f"token numbers lie in 0..{len(self.pieces) - 1}")
        return b"".join(self.pieces[token] for token in tokens).decode(errors="replace")


def longest_match(word: str, tokeniser: Tokeniser) -> list[Symbol]:
    """Split by always taking the longest known piece from the left: NOT what BPE does, for comparison."""
    rest, pieces = word.encode(), []
    while rest:
        length = max(n for n in range(1, len(rest) + 1) if rest[:n] in tokeniser.number)
        pieces.append(rest[:length])
        rest = rest[length:]
    return pieces


def show(symbols: Iterable[Symbol]) -> str:
    """Return pieces as text, separated by bars; half a character is shown by its byte."""
    return "|".join(symbol.decode(errors="backslashreplace") for symbol in symbols)


def main() -> None:
    """Learn three merges that can be checked by hand, then a vocabulary from English text."""
    corpus = {"cat": 6, "cats": 4, "hat": 5, "rate": 3}
    words = [(to_bytes(word), frequency) for word, frequency in corpus.items()]
    for left, right in (merges := learn_merges(corpus, 3)):
        print(f"most frequent pair {left.decode()} + {right.decode()}: {count_pairs(words)[left, right]} times")
        words = [(merge(symbols, (left, right)), frequency) for symbols, frequency in words]
    print(f"so chats becomes {show(Tokeniser(merges).split('chats'))}")

    order = Tokeniser(learn_merges({"bc": 9, "ab": 5, "abd": 2}, 2))
    print(f"merges b + c, then a + b: abc becomes {show(order.split('abc'))}", end="")
    print(f" (the longest match from the left would be {show(longest_match('abc', order))})")

    text = " ".join(loader().DESCR for loader in (load_iris, load_wine, load_breast_cancer))
    held_out = load_diabetes().DESCR
    merges = learn_merges(Counter(split_words(text)), 400)
    print(f"learnt from {len(text):,} letters of English; bytes per token, more is shorter:")
    samples = {
        "English, held out": held_out,
        "German": "Die Merkmale der Patienten wurden vor der Behandlung gemessen.",
        "Chinese": "这些特征是在治疗之前测量的。",
        "Python": "for i in range(10):\n    total += values[i] * 2\n",
    }
    print(f"  {'merges':<20}" + "".join(f"{count:>7}" for count in (0, 100, 200, 400)))
    for name, sample in samples.items():
        rates = [len(sample.encode()) / len(Tokeniser(merges[:n]).encode(sample)) for n in (0, 100, 200, 400)]
        print(f"  {name:<20}" + "".join(f"{rate:>7.2f}" for rate in rates))
    tokeniser = Tokeniser(merges)
    print(
        "pieces:",
        show(piece for word in split_words("the measurements of the patients") for piece in tokeniser.split(word)),
    )
    back = all(tokeniser.decode(tokeniser.encode(sample)) == sample for sample in samples.values())
    print(f"decoded again, every sample is what it was: {back}")


if __name__ == "__main__":
    main()
