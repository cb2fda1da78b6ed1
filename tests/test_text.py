"""Text in two languages: nothing of an answer is lost, cut in the wrong place, or able to hide."""

import sys
import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interviewer.text import (
    STOP_CHARACTERS,
    STOP_WORDS,
    _stem,
    clauses,
    language_of,
    normalise,
    sentences,
    terms,
    word_count,
)

# Half of the characters are those that the splitter looks at; the rest is anything, lone surrogates included.
MARKS = "，。！？；、：,.!?;:\n\t \"'”’」）)]e.g.etc.vs.=3,0梯度的abAB1-_+#\u200b\u0301\0"
TEXTS = st.text(st.one_of(st.sampled_from(MARKS), st.characters()), max_size=60)

HOSTILE = [
    "",
    " \n\t\u3000 ",
    "\0",
    "\0梯\0度\0",
    "\ud800",
    "a\udfff。b",
    "🙂" * 50,
    "👩\u200d🔬👨\u200d👩\u200d👧",
    "\u200b\u200e\u202e\ufeff",
    "\u202egradient\u202c",
    "。" * 50,
    "." * 50,
    "，" * 50,
    "e.g.",
    "!=",
    "\u0301" * 50,
    "𠮷野家",
    "مرحبا بالعالم",
    "ひらがな한국어",
]


def texts_of(spans):
    return [s.text for s in spans]


# Normal form


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("ＲｅＬＵ（ｘ）＝１", "relu(x)=1"),  # full width
        (
            "梯度，反向传播。",
            "梯度,反向传播。",
        ),  # NFKC folds the comma; the ideographic full stop has no half-width form
        ("ﬁne-tuning", "fine-tuning"),  # a ligature
        ("x²", "x2"),
        ("Straße", "strasse"),  # case folding, not only lower case
        ("", ""),
        ("\ud800", "\ud800"),
        ("A\0B", "a\0b"),
    ],
)
def test_the_normal_form_folds_width_compatibility_and_case(written, plain):
    assert normalise(written) == plain


@pytest.mark.parametrize(
    "hidden",
    [
        "\u00ad",  # soft hyphen
        "\u034f",  # grapheme joiner
        "\u061c",  # Arabic letter mark, a bidi control
        "\u180e",
        "\u200b",  # zero-width space
        "\u200d",  # zero-width joiner
        "\u202e",  # right-to-left override
        "\u2066",  # isolate
        "\ufe0f",  # variation selector
        "\ufeff",  # byte order mark
        "\u3164",  # Hangul filler
        "\U000e0041",  # a tag letter, invisible text of its own
        "\U000e0100",  # a variation selector for ideographs
    ],
)
def test_a_character_that_is_drawn_as_nothing_hides_no_word(hidden):
    assert normalise(f"grad{hidden}ient") == "gradient"
    assert terms(f"梯{hidden}度") == ("梯度",)
    assert language_of(hidden) is None
    # Between a letter and its accent it must not keep the two apart either.
    assert normalise(f"e{hidden}\u0301") == "é"


@given(TEXTS)
def test_the_normal_form_has_no_invisible_characters_left(text):
    assert not any(c in normalise(text) for c in "\u00ad\u200b\u200d\u202e\ufeff\u3164\u1160\U000e0041")


def test_the_normal_form_of_a_normal_form_is_itself_for_every_character_of_the_basic_plane():
    for code in range(0x10000):
        once = normalise(chr(code))
        assert normalise(once) == once, hex(code)


def test_up_to_thirty_accents_on_a_letter_are_kept_and_more_are_cut():
    # 30 is the limit of Unicode's stream-safe format; the accent combines with the letter, which leaves 29 marks.
    assert normalise("e" + "\u0301" * 30) == "é" + "\u0301" * 29
    assert normalise("e" + "\u0301" * 500 + "x") == "é" + "\u0301" * 29 + "x"
    dashes = "-" * 500
    assert normalise(dashes) == dashes


# Language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("梯度消失", "zh"),
        ("vanishing gradients", "en"),
        # 用, 做, 再: 3 characters; Adam optimizer warmup cosine decay: 5 words. 3 × 2 ≥ 5.
        ("用 Adam optimizer 做 warmup 再 cosine decay", "zh"),
        # 注意: 2 characters; the word means attention here: 5 words. 2 × 2 < 5.
        ("The word 注意 means attention here", "en"),
        ("度 two words", "zh"),  # 1 × 2 ≥ 2
        ("度 now three words", "en"),  # 1 × 2 < 3
        ("ＧＲＵ", "en"),
        ("", None),
        ("42 + 3.14 = ?", None),
        ("🙂🙂", None),
        ("\0\ud800", None),
        ("Привет", None),
    ],
)
def test_the_language_is_what_a_text_is_mostly_in(text, language):
    assert language_of(text) == language


# Sentences and clauses


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("梯度消失了。换成 ReLU！为什么？", ["梯度消失了。", "换成 ReLU！", "为什么？"]),
        ("It vanishes. Use ReLU! Why?", ["It vanishes.", "Use ReLU!", "Why?"]),
        ("学习率取 0.001 就行。", ["学习率取 0.001 就行。"]),
        ("The rate is 0.001. It decays.", ["The rate is 0.001.", "It decays."]),
        ("用 torch.nn 里的层.然后训练", ["用 torch.nn 里的层.", "然后训练"]),
        ("Norms, e.g. layer norm, help.", ["Norms, e.g. layer norm, help."]),
        ("See Fig. 2 vs. Fig. 3 (cf. Eq. 4).", ["See Fig. 2 vs. Fig. 3 (cf. Eq. 4)."]),
        ("He et al. show it.", ["He et al. show it."]),
        ("(I.e. none.) Next.", ["(I.e. none.)", "Next."]),
        # Words that merely end like an abbreviation end their sentence.
        ("The minimum is global. It is optimal. Good.", ["The minimum is global.", "It is optimal.", "Good."]),
        ("Change the config. Then the answer is no. Done.", ["Change the config.", "Then the answer is no.", "Done."]),
        ("He said “stop.” Then he left.", ["He said “stop.”", "Then he left."]),
        ("他说：“停！”然后走了。", ["他说：“停！”", "然后走了。"]),
        ("- first\n- second\r\n- third", ["- first", "- second", "- third"]),
        ("a = 1\nb = 2", ["a = 1", "b = 2"]),
        ("mask where label != -100 only", ["mask where label != -100 only"]),
        ("What?! Really…", ["What?!", "Really…"]),
        ("。。。\n!!!\n🙂", []),
        ("…梯度", ["…梯度"]),
        ("", []),
    ],
)
def test_a_text_is_cut_into_its_sentences(text, expected):
    assert texts_of(sentences(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("先归一化，再激活；最后 dropout", ["先归一化，", "再激活；", "最后 dropout"]),
        ("normalise, then activate: done", ["normalise,", "then activate:", "done"]),
        ("3,000 samples at 16:9", ["3,000 samples at 16:9"]),
        ("卷积、池化、全连接", ["卷积、", "池化、", "全连接"]),
        ("用ReLU,然后训练", ["用ReLU,", "然后训练"]),
        ("x[1:2], see https://a.b/c", ["x[1:2],", "see https://a.b/c"]),
        ("ends with a comma,", ["ends with a comma,"]),
        ("，，，", []),
    ],
)
def test_a_sentence_is_cut_into_its_clauses(text, expected):
    assert texts_of(clauses(text)) == expected


@pytest.mark.parametrize("cut", [sentences, clauses])
@given(text=TEXTS)
def test_no_letter_or_digit_of_an_answer_is_lost_or_given_twice(cut, text):
    spans = cut(text)
    held = []
    for span in spans:
        assert span.text == text[span.start : span.end]
        assert span.text == span.text.strip()
        assert any(c.isalnum() for c in span.text)
        held += [i for i in range(span.start, span.end) if text[i].isalnum()]
    # Strictly in order and each exactly once: neither overlaps nor gaps.
    assert held == [i for i, c in enumerate(text) if c.isalnum()]


@given(TEXTS)
def test_no_clause_reaches_over_the_end_of_a_sentence(text):
    home = {i: n for n, s in enumerate(sentences(text)) for i in range(s.start, s.end)}
    for clause in clauses(text):
        letters = [i for i in range(clause.start, clause.end) if text[i].isalnum()]
        assert len({home[i] for i in letters}) == 1


@given(TEXTS, TEXTS.filter(lambda t: t[:1].isalnum()))
def test_two_answers_on_lines_of_their_own_have_the_sentences_of_both(first, second):
    # The second begins with a letter: closing quotes at its start would be taken as closing the first.
    assert texts_of(sentences(f"{first}\n{second}")) == texts_of(sentences(first)) + texts_of(sentences(second))


# Terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("注意力机制", ("注意", "意力", "力机", "机制")),
        ("卷", ("卷",)),  # alone it stays
        ("的", ()),  # but not a function character
        ("这是的", ()),  # 这是, 是的: only function characters
        ("这是层", ("是层",)),  # one character of content keeps its bigram
        ("layers", ("layer",)),
        ("the layers of a network", ("layer", "network")),
        ("ads, adds", ("ads", "add")),  # three letters are too short to stem
        ("C++ and F#", ("c++", "f#")),
        ("ReLU's", ("relu",)),
        # as written, as one word, and its parts: it must meet "pretraining" and "training"
        ("pre-training", ("pre-training", "pretrain", "pre", "train")),
        ("layer_norm", ("layer_norm", "layernorm", "layer", "norm")),
        ("end-to-end", ("end-to-end", "endtoend", "end", "end")),  # "to" is a stop word
        ("3.14 resnet50", ("3.14", "resnet50")),
        ("用 Adam 优化", ("用", "adam", "优化")),
        ("ＡＤＡＭ", ("adam",)),
        ("🙂 … \0", ()),
        ("", ()),
    ],
)
def test_terms_are_stems_and_bigrams(text, expected):
    assert terms(text) == expected


def test_a_hyphenated_word_meets_all_its_spellings():
    for other in ("pretraining", "training", "pre-training", "PRE-TRAINING"):
        assert set(terms("pre-training")) & set(terms(other)), other


@given(TEXTS)
def test_terms_hold_no_function_words_and_do_not_depend_on_the_writing(text):
    found = terms(text)
    assert not STOP_WORDS & set(found)
    assert not any(set(t) <= STOP_CHARACTERS for t in found)
    full_width = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)
    assert terms(full_width) == terms(unicodedata.normalize("NFKC", full_width))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("用 Adam 优化 3 次", 6),  # 用 优 化 次 + adam + 3
        ("a well-known ReLU", 4),  # a, well, known, relu
        ("lr=0.01", 3),  # lr, 0, 01
        ("梯度", 2),
        ("…🙂\0", 0),
        ("", 0),
    ],
)
def test_words_are_counted_in_either_language(text, count):
    assert word_count(text) == count


# Anything at all


@pytest.mark.parametrize("text", HOSTILE)
def test_every_function_has_an_answer_for_every_text(text):
    assert isinstance(normalise(text), str)
    assert language_of(text) in ("zh", "en", None)
    for span in (*sentences(text), *clauses(text)):
        assert text[span.start : span.end] == span.text
    assert all(terms(text))
    assert word_count(text) >= 0


@pytest.mark.parametrize(
    "text",
    [
        "梯度消失，" * 20_000,
        "the gradient vanishes, " * 4_500,
        "a" * 100_000,
        "。" * 100_000,
        "e.g." * 25_000,
        "a-" * 50_000,
        "a+#" * 33_333,
        '"' * 100_000,
        " " * 100_000,
        "a" + "\u0301\u0316" * 50_000,  # marks of two classes, to be sorted
        "か" + "\uff9e\u0301" * 50_000,
        "\u200b\u0301\u200b\u0316" * 25_000,  # the same, kept apart until the invisible ones are gone
    ],
    ids=lambda t: repr(t[:6]),
)
def test_a_hundred_thousand_characters_take_no_more_than_linear_time(text):
    # About 0.1 s where the time is linear; 10 s and more where it is quadratic.
    began = time.process_time()
    normalise(text), language_of(text), sentences(text), clauses(text), terms(text), word_count(text)
    assert time.process_time() - began < 3


def test_threads_that_stem_at_the_same_time_get_what_one_alone_gets():
    stems = ("ational", "ization", "fulness", "iveness", "ousness", "ably", "edly", "ingly")
    texts = [f"{'abcdefghij'[n % 10]}{'klmnop'[n % 6]}{'aeiou'[n % 5]}r{n * 'x'}{stems[n % 8]}" for n in range(400)]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        _stem.cache_clear()
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(terms, texts))
    finally:
        sys.setswitchinterval(before)
    _stem.cache_clear()
    assert together == [terms(text) for text in texts]
