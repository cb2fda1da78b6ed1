"""The candidate's level in words, in every report."""

import json

import pytest

from interviewer.report import to_html, to_json, to_markdown
from interviewer.report.view import level_sentence
from interviewer.schema import Level, LevelReview
from interviewer.text import language_of


def of(kit, value, error, language="en"):
    corpus = kit.corpus(kit.item("first"))
    level = LevelReview(Level(value, error), ((corpus.topics["a"], Level(2.0, 0.9)),))
    return corpus, kit.debrief(corpus, (kit.exchange("first", "ccm", 70.0),), language, level=level)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_level_stands_in_both_documents_with_its_uncertainty(kit, language):
    corpus, debrief = of(kit, 3.24, 0.51, language)
    word = {"zh": "独立负责", "en": "works independently"}[language]
    for text in (to_html(debrief, corpus), to_markdown(debrief, corpus)):
        assert word in text
        assert "3.2" in text and "± 0.5" in text.replace("±0.5", "± 0.5")


def test_without_a_level_nothing_is_said_of_one(kit):
    corpus = kit.corpus(kit.item("first"))
    debrief = kit.debrief(corpus, (kit.exchange("first", "ccm", 70.0),))
    assert "±" not in to_markdown(debrief, corpus)
    assert json.loads(to_json(debrief))["level"] is None


def test_the_record_has_the_numbers(kit):
    _, debrief = of(kit, 3.24, 0.51)
    level = json.loads(to_json(debrief))["level"]
    assert level == {"value": 3.24, "error": 0.51, "topics": [{"id": "a", "value": 2.0, "error": 0.9}]}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("value", [-1.4, 0.2, 1, 2, 3, 4, 5, 7.4])
def test_every_level_has_words(language, value):
    assert language_of(level_sentence(Level(value, 1.0), language)) == language


def test_the_less_is_known_the_less_is_claimed():
    said = [level_sentence(Level(3, error), "en") for error in (0.4, 0.7, 1.1)]
    assert "reliable" in said[0] and "first impression" in said[2]
    assert len(set(said)) == 3
