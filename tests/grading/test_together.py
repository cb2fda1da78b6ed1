"""Answers read together are graded as if each were alone."""

from typing import Any

import pytest

from interviewer.grading import Grader, load_entailment, vocabulary_of
from interviewer.retrieval import load_encoder
from interviewer.retrieval.reader import load_reader
from tests.grading.conftest import make_item

ANSWERS = [
    "Batch norm takes the mean and variance of each channel across the batch. At inference it uses running averages.",
    "BN 对每个通道在整个批次上求均值方差，推理时用滑动平均，所以单张图也能跑。",
    "It normalises every sample on its own, like layer norm; at test time the current batch's statistics are used.",
    "BN 是按样本归一化的，推理时用当前 batch 的统计量。",
    "",
    "I don't know",
]


def fresh() -> Grader:
    """A grader whose models remember nothing."""
    load_reader.cache_clear()
    return Grader(load_encoder(), vocabulary_of([make_item()]), load_entailment())


def test_prepared_answers_get_the_grades_of_answers_graded_alone() -> None:
    item, together, single = make_item(), fresh(), fresh()
    together.prepare([(item, answer) for answer in ANSWERS])
    assert [together.grade(item, a) for a in ANSWERS] == [single.grade(item, a) for a in ANSWERS]


def test_what_was_prepared_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    item, grader = make_item(), fresh()
    grader.prepare([(item, answer) for answer in ANSWERS])

    def fail(*_: Any) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr(type(grader._encoder), "_vectors", fail)
    monkeypatch.setattr(type(grader._entailment), "_judge", fail)
    for answer in ANSWERS:
        grader.grade(item, answer)


def test_another_item_with_the_same_answer_is_not_taken_for_the_prepared_one() -> None:
    grader = fresh()
    item = make_item()
    grader.prepare([(item, ANSWERS[0])])
    turned = type(item)(**{f: getattr(item, f) for f in item.__slots__} | {"key_points": item.key_points[::-1]})
    assert [p.point_id for p in grader.grade(turned, ANSWERS[0]).points] == ["running", "axes"]


def test_what_was_expected_leaves_only_the_answer_to_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    item, ahead, plain = make_item(), fresh(), fresh()
    ahead.expect(item, "en")
    read: list[str] = []
    vectors = type(ahead._encoder)._vectors

    def watched(self: Any, texts: list[str]) -> Any:
        read.extend(texts)
        return vectors(self, texts)

    monkeypatch.setattr(type(ahead._encoder), "_vectors", watched)
    grade = ahead.grade(item, ANSWERS[0])
    assert read
    assert all(text in ANSWERS[0].lower() for text in read)
    assert grade == plain.grade(item, ANSWERS[0])
