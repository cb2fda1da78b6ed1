from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interviewer.schema import Turn
from interviewer.ui.transcript import growing, messages, spoken, typed

HOSTILE = "<script>alert(1)</script> # *a* $x$ `c` [l](javascript:x) <img src=x onerror=y> https://example.com\n\n  - b"


def inside(message: str) -> str:
    return message.removeprefix('<pre class="typed" dir="auto">').removesuffix("</pre>")


@given(st.text())
def test_typed_text_has_nothing_active_and_is_the_text_itself(text):
    shown = inside(typed(text))
    assert not set(shown) & set("<>$*_`[]\\\n")
    # An entity for each mark, so that unescaping gives back what was typed; controls have no entity in HTML.
    if text.isprintable():
        assert html.unescape(shown) == text


def test_line_ends_and_indentation_stay():
    assert html.unescape(inside(typed("a\r\n  b"))) == "a\n  b"


def test_the_interviewer_may_use_formulae_and_code_but_no_tags():
    assert spoken("Why $a<b$ and `<pad>`, <b>not</b> &amp;?") == (
        "Why $a<b$ and `<pad>`, &lt;b&gt;not&lt;/b&gt; &amp;amp;?"
    )


def test_quoted_words_of_the_candidate_are_inert():
    turns = [Turn("candidate", "so **x** is $y$"), Turn("interviewer", "You said “**x** is $y$”. Why $z$?", "probe")]
    shown = messages(turns)[1]["content"]
    assert "**" not in shown and "$y$" not in shown
    assert "$z$" in shown
    assert html.unescape(shown) == "You said “**x** is $y$”. Why $z$?"


def test_a_cut_quotation_is_inert_too():
    shown = spoken("You mentioned “**bold word…”; noted.", ["a **bold word** is here"])
    assert "**" not in shown


def test_quotation_marks_of_the_corpus_stay_as_they_are():
    assert spoken("What is “**attention**”?") == "What is “**attention**”?"


@pytest.mark.parametrize("text", ["", "a", "one two $x + y$ three", HOSTILE, "中文的句子，一个字一个字地出现。" * 9])
def test_a_growing_text_ends_whole_and_never_cuts_a_formula(text):
    parts = list(growing(text))
    assert parts[-1] == text
    assert all(text.startswith(p) for p in parts)
    assert all(p.count("$") % 2 == 0 for p in parts)
    assert len(parts) <= 60


def test_a_growing_text_never_cuts_an_entity():
    assert all(p.rfind("&") <= p.rfind(";") for p in growing("&#60;b&#62;" * 30))


def test_roles():
    assert [m["role"] for m in messages([Turn("interviewer", "Hi", "greet"), Turn("candidate", HOSTILE)])] == [
        "assistant", "user",
    ]  # fmt: skip
