"""Every word of a class report in both languages, and every word that its templates use."""

import re
import string
from pathlib import Path

import pytest

import interviewer.report
from interviewer.report.classroom.words import WORDS

TEMPLATES = [Path(interviewer.report.__file__).parent / "templates" / n for n in ("class.html.j2", "class.md.j2")]


def places(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("name", WORDS)
def test_a_word_exists_in_both_languages_with_the_same_places_to_fill(name):
    zh, en = WORDS[name]
    assert zh and en
    assert places(zh) == places(en)
    assert not re.search("[\u4e00-\u9fff]", en)


def test_every_word_of_the_templates_exists():
    used = {w for path in TEMPLATES for w in re.findall(r"\bsay\.(\w+)", path.read_text(encoding="utf-8"))}
    assert used and used <= set(WORDS)
