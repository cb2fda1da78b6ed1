"""The scripted voice: the corpus's words, varied around, in the right language, never a template from the candidate."""

import random
from typing import get_args

import pytest

from interviewer.interview.intents import COMMANDS
from interviewer.interview.voice import _PHRASES, Line, ScriptedVoice
from interviewer.schema import LANGUAGES, STYLES, Act, Bilingual, Item, KeyPoint, Language, Style
from interviewer.text import language_of

ITEM = Item(
    "x",
    "t",
    Bilingual("什么是过拟合？", "What is overfitting {here}?"),
    key_points=(
        KeyPoint("p", Bilingual("要点", "point"), probe=Bilingual("训练集和测试集上会怎样？", "What about held-out data?"),
                 hint=Bilingual("看两条曲线的差距。", "Look at the gap.")),
    ),
)  # fmt: skip


def say(line: Line, language: Language, seed: int = 0) -> str:
    return ScriptedVoice().say(line, ITEM if line.item_id else None, language, 5, random.Random(seed))


def test_every_act_has_words_in_both_languages() -> None:
    spoken = set(get_args(Act))
    assert spoken <= set(_PHRASES)
    for act, phrases in _PHRASES.items():
        assert set(phrases) == set(LANGUAGES), act
        for language, texts in phrases.items():
            gaps = dict.fromkeys(("questions", "question", "probe", "hint", "text", "command"), "")
            plain = [t.format(total=1, number=1, **gaps) for t in texts]
            assert all(language_of(t) in (language, None) for t in plain), act


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_style_is_wording_only(style: Style, language: Language) -> None:
    """Whatever the style, a question is asked and a point followed up in the corpus's words."""
    for seed in range(5):
        assert ITEM.question.get(language) in say(Line("ask", "x", number=1, style=style), language, seed)
        assert ITEM.key_points[0].probe.get(language) in say(Line("probe", "x", "p", style=style), language, seed)
        for act in ("greet", "acknowledge", "skip", "close"):
            text = say(Line(act, style=style), language, seed)  # type: ignore[arg-type]
            assert language_of(text) == language


def test_styles_sound_different() -> None:
    assert len({say(Line("greet", style=style), "en") for style in STYLES}) == len(STYLES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_can_be_asked_about(language: Language) -> None:
    for command in COMMANDS:
        assert language_of(say(Line("confirm", command=command), language)) == language


def test_fixed_texts_and_quoted_lines_are_said_as_they_are() -> None:
    assert say(Line("feedback", "x", text="Right: {0} $x$ \\1."), "en") == "Feedback: Right: {0} $x$ \\1."
    text = say(Line("ask", "x", number=1, quote="Know {question} and \1", reason="job"), "en")
    assert "Know {question} and \1" in text
    assert "What is overfitting {here}?" in text


@pytest.mark.parametrize(("language", "words"), [("zh", "什么是过拟合？"), ("en", "What is overfitting {here}?")])
def test_a_question_is_asked_in_the_corpus_words_with_its_number(language: Language, words: str) -> None:
    text = say(Line("ask", "x", number=2), language)
    assert words in text
    assert "2" in text
    assert "5" in text


def test_one_question_is_not_called_questions() -> None:
    for seed in range(10):
        text = ScriptedVoice().say(Line("greet"), None, "en", 1, random.Random(seed))
        assert "1 question" in text
        assert "questions" not in text


def test_probe_and_hint_use_the_points_own() -> None:
    assert "What about held-out data?" in say(Line("probe", "x", "p"), "en")
    assert "看两条曲线的差距。" in say(Line("hint", "x", "p"), "zh")


def test_repeating_during_a_follow_up_repeats_the_follow_up() -> None:
    assert "What about held-out data?" in say(Line("repeat", "x", "p"), "en")
    assert "overfitting" in say(Line("repeat", "x"), "en")


def test_the_candidates_words_are_quoted_and_cut_but_never_formatted() -> None:
    text = say(Line("acknowledge", "x", quote="{question} {0} %s \\1 {__class__}"), "en")
    assert "{question} {0} %s \\1 {__class__}" in text
    long = say(Line("acknowledge", "x", quote="w" * 500), "en")
    assert len(long) < 150


def test_the_same_seed_says_the_same_and_seeds_vary() -> None:
    line = Line("greet")
    assert say(line, "zh", 3) == say(line, "zh", 3)
    assert len({say(line, "zh", n) for n in range(20)}) > 1


def test_no_line_tells_whether_an_answer_was_right() -> None:
    for act in ("acknowledge", "probe"):
        for language in LANGUAGES:
            for seed in range(10):
                text = say(Line(act, "x", "p", quote="said"), language, seed).lower()  # type: ignore[arg-type]
                assert not any(w in text for w in ("correct", "wrong", "right!", "good answer", "正确", "错", "答对"))
