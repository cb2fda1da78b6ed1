"""The application over three items, the small encoder, and a grader whose verdicts can be told by eye."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.standins import ByTerms

ITEMS = """
topic: tiny
title: {zh: 小题库, en: A tiny corpus}
overview: {zh: 概述, en: An overview}
items:
  - id: vanishing
    status: draft
    level: 2
    question: {zh: 什么是梯度消失？, en: What is a vanishing gradient?}
    key_points:
      - id: shrinks
        text: {zh: 反向传播时导数逐层相乘，越乘越小, en: derivatives multiply through the layers and shrink}
        probe: {zh: 反传时发生了什么？, en: What happens on the way back?}
        hint: {zh: 想想链式法则, en: Think of the chain rule}
    answer: {zh: 反向传播时导数逐层相乘，越乘越小。, en: Derivatives multiply through the layers and shrink.}
  - id: dropout
    status: draft
    level: 3
    question: {zh: 随机失活怎么防过拟合？, en: How does dropout curb overfitting?}
    key_points:
      - id: masks
        text: {zh: 训练时随机把单元置零，减少共适应, en: training zeroes random units and so curbs co-adaptation}
    answer: {zh: 训练时随机把单元置零，减少共适应。, en: Training zeroes random units and so curbs co-adaptation.}
"""
RIGHT = "The derivatives multiply through the layers and shrink."


def small_engine(folder: Path, encoder: Any, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Any:
    from interviewer.engine import Engine
    from interviewer.settings import load_settings

    corpus = folder / "corpus"
    corpus.mkdir(exist_ok=True)
    (corpus / "tiny.yaml").write_text(ITEMS, encoding="utf-8")
    monkeypatch.setattr("interviewer.engine.shipped_folder", lambda: corpus)
    made = Engine(load_settings(**settings), encoder=encoder, seed=1)
    made.__dict__["grader"] = ByTerms()
    return made


@pytest.fixture
def small(tmp_path: Path, encoder: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    made = small_engine(tmp_path, encoder, monkeypatch)
    yield made
    made.store.close()


@pytest.fixture
def client(small: Any) -> Iterator[Any]:
    """Nobody logs in."""
    from fastapi.testclient import TestClient

    from interviewer.api import application

    with TestClient(application(small)) as made:
        yield made


@pytest.fixture
def guarded(small: Any) -> Callable[..., Any]:
    """`guarded("anna")`: a client that sends a key of hers; `guarded()` sends none. One server for all."""
    from fastapi.testclient import TestClient

    from interviewer.api import Access, application
    from interviewer.storage import Keys

    keys = Keys(small.store)
    app = application(small, Access(keys))

    def made(owner: str = "", **headers: str) -> Any:
        bearer = {"Authorization": f"Bearer {keys.create(owner)}"} if owner else {}
        return TestClient(app, headers={**bearer, **headers})

    return made
