from __future__ import annotations

import string

import gradio as gr
import pytest

from interviewer.errors import InputError, ModelUnavailable, SessionConflict, StorageError, UnknownItem, UnknownSession
from interviewer.interview import intent_of
from interviewer.text import language_of
from interviewer.ui.words import WORDS, explain, preferred, status, word

SAME_IN_BOTH = {"dot"}


def gaps(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", WORDS)
def test_every_text_is_there_in_both_languages_with_the_same_gaps(key):
    zh, en = WORDS[key]
    assert zh.strip() and en.strip()
    assert gaps(zh) == gaps(en)
    if key not in SAME_IN_BOTH:
        assert zh != en
        assert not any("\u4e00" <= c <= "\u9fff" for c in en)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("key", "meant"), [("hint", "hint"), ("skip", "skip"), ("repeat", "repeat"), ("stop", "stop")])
def test_what_a_button_says_is_understood_as_the_command(language, key, meant):
    spoken = word(f"say_{key}", language)
    assert intent_of(spoken) == meant
    assert language_of(spoken) in (language, None)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("fr, zh-TW;q=0.4, en;q=0.5", "en"),
        ("de", "en"),
        ("", "en"),
        ("zh;q=0, en;q=0.1", "en"),
        ("zh;q=nonsense", "en"),
    ],
)
def test_the_browsers_first_choice_of_ours_is_taken(header, language):
    assert preferred(header) == language


@pytest.mark.parametrize(
    "kind", [InputError, SessionConflict, StorageError, ModelUnavailable, UnknownItem, UnknownSession]
)
def test_every_error_is_explained_in_both_languages(kind):
    zh, en = explain(kind("what the program says"), "zh"), explain(kind("what the program says"), "en")
    assert zh != en
    assert "\n" not in zh + en


def test_a_status_is_text():
    assert "&lt;b&gt;" in status("<b>", "problem")
    assert status("") == ""


def test_every_sign_changes_with_the_language(page):
    zh, en = page.signs.updates("zh"), page.signs.updates("en")
    assert zh.keys() == en.keys()
    for component in zh:
        for name in zh[component].keys() - {"__type__"}:
            assert zh[component][name] != en[component][name], (component, name)


def test_no_component_shows_words_that_do_not_switch(page):
    """Whatever has a label, a text or a placeholder of its own has a sign for it."""
    signed = page.signs.updates("en")
    for block in page.blocks.blocks.values():
        signs = signed.get(block, {})
        if isinstance(block, gr.Button | gr.DownloadButton):
            assert "value" in signs or "label" in signs, block.elem_id
        elif isinstance(
            block, gr.Tab | gr.Radio | gr.CheckboxGroup | gr.Dropdown | gr.Slider | gr.Textbox | gr.Chatbot
        ):
            assert "label" in signs, block.elem_id
        if isinstance(block, gr.Textbox) and block.placeholder:
            assert "placeholder" in signs, block.elem_id


def test_switching_keeps_what_is_shown(page):
    updates = page._switch("en", "", None, None)
    assert updates[page._interview.form.begin]["value"] == WORDS["start"][1]
    assert "value" not in updates[page._interview.box]
    assert "value" not in updates[page._interview.form.named["topics"]]


def test_an_untouched_box_holds_an_empty_text(page):
    """Gradio hands a handler None for a box without a value."""
    assert [b.value for b in page.blocks.blocks.values() if isinstance(b, gr.Textbox)].count(None) == 0
