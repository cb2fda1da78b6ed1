"""The command line run inside the test: three items, the small encoder, a grader whose verdicts can be told by eye."""

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
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
      - id: shallow
        text: {zh: 浅层参数几乎得不到更新, en: parameters of early layers hardly get updated}
    answer:
      zh: 反向传播时导数逐层相乘，越乘越小，浅层参数几乎得不到更新。
      en: Derivatives multiply through the layers and shrink, so parameters of early layers hardly get updated.
  - id: dropout
    status: draft
    level: 2
    question: {zh: 随机失活怎么防过拟合？, en: How does dropout curb overfitting?}
    key_points:
      - id: masks
        text: {zh: 训练时随机把单元置零，减少共适应, en: training zeroes random units and so curbs co-adaptation}
    answer: {zh: 训练时随机把单元置零，减少共适应。, en: Training zeroes random units and so curbs co-adaptation.}
  - id: bare
    status: draft
    level: 5
    question: {zh: 讲讲自注意力, en: Explain self-attention}
    answer: {zh: 。。。, en: "..."}
"""


@dataclass
class Result:
    code: int
    out: str
    err: str


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


class Interrupted(io.BytesIO):
    """Input that ends with Ctrl-C."""

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(-1 if size is None else size)
        if not line:
            raise KeyboardInterrupt
        return line


Cli = Callable[..., Result]


@pytest.fixture
def corpus_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "tiny.yaml").write_text(ITEMS, encoding="utf-8")
    return folder


@pytest.fixture
def cli(corpus_folder: Path, encoder: Any, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """`cli("chat", "-n", "1", stdin="…")`: exit code and what was printed, with the process's own entry point."""
    from interviewer import cli as package
    from interviewer import corpus, engine, grading, retrieval

    monkeypatch.setattr(corpus, "shipped_folder", lambda: corpus_folder)
    monkeypatch.setattr(engine, "shipped_folder", lambda: corpus_folder)
    monkeypatch.setattr(retrieval, "load_encoder", lambda *_: encoder)
    monkeypatch.setattr(grading, "Grader", ByTerms)
    monkeypatch.setattr(engine.Engine, "warm", lambda _: None)  # a thread would outlive the test

    def run(*arguments: str, stdin: str | bytes = b"", terminal: bool = False, ctrl_c: bool = False) -> Result:
        raw = stdin.encode() if isinstance(stdin, str) else stdin
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in "12")
        source = Interrupted(raw) if ctrl_c else io.BytesIO(raw)
        with monkeypatch.context() as patched:
            patched.setattr(sys, "argv", ["interviewer", *arguments])
            patched.setattr(sys, "stdin", (Terminal if terminal else io.TextIOWrapper)(source, encoding="utf-8"))
            patched.setattr(sys, "stdout", out)
            patched.setattr(sys, "stderr", err)
            try:
                package.main()
                code = 0
            except SystemExit as done:
                code = int(done.code or 0)
        return Result(code, *(stream.buffer.getvalue().decode() for stream in (out, err)))

    return run
