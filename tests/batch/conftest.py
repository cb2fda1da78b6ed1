"""An engine over a corpus of three items, with a grader whose verdicts can be told by eye."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from interviewer.schema import Grade, Item, PointResult
from interviewer.text import terms

ITEMS = """
topic: tiny
items:
  - id: vanishing
    status: draft
    question: {zh: 什么是梯度消失？, en: What is a vanishing gradient?}
    key_points:
      - {id: shrinks, text: {zh: 导数逐层相乘, en: derivatives multiply}}
      - {id: shallow, text: {zh: 浅层不更新, en: early layers stall}}
  - id: dropout
    status: draft
    question: {zh: 随机失活怎么防过拟合？, en: How does dropout curb overfitting?}
    key_points:
      - {id: masks, text: {zh: 随机置零单元, en: units are zeroed}}
  - id: bare
    status: draft
    question: {zh: 讲讲自注意力, en: Explain self-attention}
    answer: {zh: 。。。, en: "..."}
"""


class Grader:
    """A point is covered if the answer has one of its terms: score = 100 · covered / all."""

    version = "by-terms"

    def __init__(self) -> None:
        self.graded: list[str] = []

    def prepare(self, answers: Any) -> None:
        """Needs nothing."""

    def grade(self, item: Item, answer: str, language: Any = None) -> Grade:
        self.graded.append(answer)
        if not item.key_points:
            return Grade(item.id, "en", None, None, None, "unscored", reason="the item has no key points")
        said = set(terms(answer))
        points = tuple(
            PointResult(p.id, "covered" if said & set(terms(p.text.zh + " " + p.text.en)) else "missing", 1.0, 1.0)
            for p in item.key_points
        )
        score = 100.0 * sum(p.verdict == "covered" for p in points) / len(points)
        return Grade(item.id, language or "en", score, score, score, "strong" if score > 80 else "weak", points)


@pytest.fixture
def small(tmp_path: Path, data_dir: Path, encoder: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The engine; its `grader.graded` lists every answer that was graded."""
    from interviewer.engine import Engine
    from interviewer.settings import load_settings

    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "tiny.yaml").write_text(ITEMS, encoding="utf-8")
    monkeypatch.setattr("interviewer.engine.shipped_folder", lambda: tmp_path / "corpus")
    made = Engine(load_settings(data_dir=data_dir), encoder=encoder, seed=1)
    made.__dict__["grader"] = Grader()
    yield made
    if "store" in made.__dict__:
        made.store.close()
