"""Composed answers: of the lengths asked for, in both languages, no two alike."""

from interviewer.speed.answers import LEAST, composed
from interviewer.speed.reading import operations
from interviewer.text import language_of, word_count
from tests.grading.conftest import make_item


def test_answers_are_new_mixed_and_repeatable():
    found = composed([make_item()], 40)
    assert len({text for _, _, text in found}) == 40
    assert [language for _, language, _ in found[:4]] == ["zh", "en", "zh", "en"]
    assert all(language_of(text) == language for _, language, text in found)
    lengths = [word_count(text) for _, _, text in found]
    assert min(lengths) >= LEAST
    assert max(lengths) > 100
    assert found == composed([make_item()], 40)
    assert not {t for *_, t in found} & {t for *_, t in composed([make_item()], 40, seed=1)}


def test_operations_of_a_text():
    # per layer and token: 2 · (4 · 384² + 2 · 384 · 1536); per layer and text of n tokens: 4 · n² · 384; 6 layers
    assert operations([10, 20]) == 6 * (30 * 2 * (4 * 384**2 + 2 * 384 * 1536) + 4 * (100 + 400) * 384)
