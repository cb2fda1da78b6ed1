"""Merges by hand and against a plain string implementation; encoding follows their order; nothing is lost."""

import re
from collections import Counter
from collections.abc import Callable

import bpe
import pytest

CORPUS = {"cat": 6, "cats": 4, "hat": 5, "rate": 3}
TEXT = "the cat sat on the mat, the cats sat; that rat ate the other hat\n\n  über the mats 数学 数字"


def readable(merges: list[bpe.Pair]) -> list[str]:
    return [f"{left.decode()}+{right.decode()}" for left, right in merges]


def reference_merges(corpus: dict[str, int], count: int) -> list[tuple[str, str]]:
    """An independent path for ASCII letters: words are strings with spaces, and a regular expression merges."""
    words = {" ".join(word): frequency for word, frequency in corpus.items()}
    merges = []
    for _ in range(count):
        counts: Counter[tuple[str, str]] = Counter()
        for word, frequency in words.items():
            parts = word.split()
            for i in range(len(parts) - 1):
                counts[parts[i], parts[i + 1]] += frequency
        if not counts:
            break
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        merges.append(best)
        border = re.compile(rf"(?<!\S){re.escape(best[0])} {re.escape(best[1])}(?!\S)")
        words = {border.sub("".join(best), word): frequency for word, frequency in words.items()}
    return merges


def test_three_merges_by_hand() -> None:
    # a+t: 6 + 4 + 5 + 3 = 18; then c+at: 10; then h+at: 5 against at+s: 4, r+at and at+e: 3.
    merges = bpe.learn_merges(CORPUS, 3)
    assert readable(merges) == ["a+t", "c+at", "h+at"]
    words = [(bpe.to_bytes(word), frequency) for word, frequency in CORPUS.items()]
    assert bpe.count_pairs(words)[b"a", b"t"] == 18
    assert bpe.Tokeniser(merges).split("chats") == [b"c", b"hat", b"s"]


def test_merges_agree_with_a_string_implementation() -> None:
    corpus = dict(Counter(re.findall("[a-z]+", TEXT * 3 + " banana bandana ananas" * 2)))
    got = [(left.decode(), right.decode()) for left, right in bpe.learn_merges(corpus, 25)]
    assert got == reference_merges(corpus, 25)


def test_merge_goes_from_left_to_right() -> None:
    assert bpe.merge([b"a", b"a", b"a"], (b"a", b"a")) == [b"aa", b"a"]
    assert bpe.merge([b"a", b"b", b"c", b"a", b"b"], (b"a", b"b")) == [b"ab", b"c", b"ab"]
    assert bpe.merge([b"a"], (b"a", b"b")) == [b"a"]


def test_encoding_follows_the_order_of_the_merges() -> None:
    # b+c was learnt before a+b, so abc is a|bc although ab|c would match from the left ...
    first_bc = bpe.Tokeniser([(b"b", b"c"), (b"a", b"b")])
    assert first_bc.split("abc") == [b"a", b"bc"]
    assert bpe.longest_match("abc", first_bc) == [b"ab", b"c"]
    # ... and the other order gives the other split.
    assert bpe.Tokeniser([(b"a", b"b"), (b"b", b"c")]).split("abc") == [b"ab", b"c"]


def test_training_words_are_split_as_they_were_at_the_end_of_training() -> None:
    corpus = dict(Counter(bpe.split_words(TEXT)))
    merges = bpe.learn_merges(corpus, 30)
    tokeniser = bpe.Tokeniser(merges)
    for word in corpus:
        symbols = bpe.to_bytes(word)
        for pair in merges:  # replay the training
            symbols = bpe.merge(symbols, pair)
        assert tokeniser.split(word) == symbols


def test_any_text_comes_back() -> None:
    tokeniser = bpe.Tokeniser(bpe.learn_merges(Counter(bpe.split_words(TEXT)), 40))
    for text in (TEXT, "", " ", "\t\n x  y ", "never seen: żółć 🙂 深度学习"):
        assert "".join(bpe.split_words(text)) == text
        assert tokeniser.decode(tokeniser.encode(text)) == text


def test_numbers_and_bytes() -> None:
    plain = bpe.Tokeniser([])
    assert plain.encode("数") == list("数".encode()) == [0xE6, 0x95, 0xB0]
    assert plain.decode([0xE6, 0x95]) == "\ufffd"  # half a character
    one = bpe.Tokeniser([(b"a", b"t")])
    assert one.encode("cat") == [ord("c"), 256]
    assert len(one.pieces) == 257


def test_merges_do_not_cross_words() -> None:
    merges = bpe.learn_merges(Counter(bpe.split_words("ab cd ab cd ab cd")), 50)
    assert all(b" " not in (left + right)[1:] for left, right in merges)
    assert bpe.Tokeniser(merges).split(" cd") == [b" cd"]


def test_more_merges_never_make_a_text_longer() -> None:
    merges = bpe.learn_merges(Counter(bpe.split_words(TEXT)), 40)
    lengths = [len(bpe.Tokeniser(merges[:n]).encode(TEXT)) for n in range(0, 41, 10)]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[0] == len(TEXT.encode())


def test_learning_stops_when_nothing_is_left_to_merge() -> None:
    assert readable(bpe.learn_merges({"ab": 1}, 10)) == ["a+b"]
    assert bpe.learn_merges({}, 3) == []


def test_illegal_input_is_refused() -> None:
    with pytest.raises(ValueError, match="at least"):
        bpe.learn_merges(CORPUS, -1)
    with pytest.raises(ValueError, match="at least once"):
        bpe.learn_merges({"cat": 0}, 1)
    with pytest.raises(ValueError, match=r"0\.\.255"):
        bpe.Tokeniser([]).decode([256])


@pytest.mark.slow
def test_main_shows_merges_and_compression(run_main: Callable[[str], str]) -> None:
    printed = run_main("bpe.py")
    assert "a + t: 18 times" in printed
    assert "h + at: 5 times" in printed
    assert "chats becomes c|hat|s" in printed
    assert "abc becomes a|bc (the longest match from the left would be ab|c)" in printed
    rates = {
        name: [float(x) for x in row.split()]
        for name, row in re.findall(r"^  (English|Chinese)\D*((?: +[\d.]+)+)$", printed, re.M)
    }
    assert rates["English"][0] == rates["Chinese"][0] == rates["Chinese"][-1] == 1
    assert rates["English"][-1] > 1.8
    assert "what it was: True" in printed
