"""Every word in both languages, and neither language in the other's page."""

import re
import string
from pathlib import Path
from typing import get_args

import pytest

import interviewer.report
from interviewer.report import to_fragment, to_html, to_markdown
from interviewer.report.words import WORDS, words
from interviewer.schema import FLAGS, POINT_VERDICTS, Bilingual, Verdict

ROOM = Path(interviewer.report.__file__).parent
TEMPLATES = sorted((ROOM / "templates").glob("*.j2"))
CJK = re.compile("[\u4e00-\u9fff]")


def placeholders(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("name", WORDS)
def test_a_word_exists_in_both_languages_with_the_same_places_to_fill(name):
    zh, en = WORDS[name]
    assert zh and en
    assert placeholders(zh) == placeholders(en)
    assert not CJK.search(en)
    if re.search("[a-z]{2}", en):
        assert CJK.search(zh)


def test_every_word_of_the_templates_and_of_the_code_exists():
    used = set()
    for path in (*TEMPLATES, *ROOM.glob("*.py")):
        used |= set(re.findall(r'\bw\["(\w+)"\]', path.read_text(encoding="utf-8")))
    assert used and used <= set(WORDS)


def test_templates_hold_no_words_of_their_own():
    for path in TEMPLATES:
        bare = re.sub(r"\{[{%].*?[%}]\}|<[^>]*>|<style>.*?</style>", " ", path.read_text("utf-8"), flags=re.DOTALL)
        bare = re.sub(r"html \{.*?\}|@media[^{]*\{.*?\}|[\w.]+ \{[^}]*\}", " ", bare)
        assert not re.search(r"[^\W\d_]{2}", bare), path.name


def test_everything_a_grade_can_say_has_words():
    for name in (*POINT_VERDICTS, *get_args(Verdict), *(f"flag_{f}" for f in FLAGS)):
        assert name in WORDS
    assert words("zh")["covered"] != words("en")["covered"]


RENDERERS = [to_html, to_markdown, lambda d, c: to_fragment(d, c, lambda ref: "#")]


@pytest.mark.parametrize("render", RENDERERS)
def test_no_english_word_of_ours_stands_in_a_chinese_report(kit, tmp_path, render):
    corpus, debrief = kit.full(tmp_path, "zh")
    page = render(debrief, corpus)
    text = kit.parse(page).text(("style", "code", "pre", "math")) if page.lstrip().startswith("<") else page
    text = re.sub(r"`[^`\n]*`|\$+[^$]*\$+|\]\(<[^>]*>\)", " ", text)
    # ids of the sample's questions and of a citation that refers to nothing are data
    left = set(re.findall(r"[A-Za-z]{2,}", text)) - {"UTC", "unknown", "first", "good", "odd", "gone", "base"}
    assert not left


@pytest.mark.parametrize("render", RENDERERS)
def test_no_chinese_word_of_ours_stands_in_an_english_report(kit, tmp_path, render):
    corpus, debrief = kit.full(tmp_path, "en")
    page = render(debrief, corpus)
    text = kit.parse(page).text() if page.lstrip().startswith("<") else page
    for data in ("甲乙。", "丙丁。", "丙丁", "戊己。", "庚辛。", "你好。", "论文 甲", "作者 乙", "坏链接", "第 3 页"):
        text = text.replace(data, "")
    assert not re.findall("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]", text)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_draft_item_in_one_language_is_shown_in_that_language(kit, language):
    corpus = kit.corpus(kit.item("q", question=Bilingual(zh="只有中文")))
    debrief = kit.debrief(corpus, [kit.exchange("q", "ccc", 90.0)], language)
    assert "只有中文" in to_html(debrief, corpus)
