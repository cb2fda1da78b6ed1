"""A question whose key points are known, a guard over it, and a chat model that says what a test tells it to."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from interviewer.errors import ModelUnavailable
from interviewer.llm import Guard, Message, Scene
from interviewer.schema import Bilingual, Item, KeyPoint, Language, Misconception, Wordings

AXES = KeyPoint(
    "axes",
    Bilingual(
        "BN 对每个通道在整个批次和空间位置上求均值和方差。",
        "Batch norm pools the statistics of every channel over all samples and positions.",
    ),
    weight=2.0,
    also=Wordings(("批归一化按通道统计整批样本",), ("it takes one mean per channel across the samples",)),
    contradictions=Wordings(("对单个样本的所有特征求均值",), ("it looks at all features of a single example",)),
    probe=Bilingual("统计量沿着哪些维度计算？", "Along which axes are its statistics taken?"),
    hint=Bilingual("想想训练时一次喂进去多少张图。", "Think of how many images are fed at once."),
)
RUNNING = KeyPoint(
    "running",
    Bilingual("推理时改用训练中累积的滑动平均。", "At inference it switches to running averages collected before."),
    also=Wordings(("部署后用的是移动平均",), ("deployed models rely on stored moving averages",)),
    probe=Bilingual("模型上线以后这一层怎么工作？", "What does the layer do once the model is deployed?"),
    hint=Bilingual("如果只来一张图呢？", "What if a single image arrives?"),
)
ITEM = Item(
    id="batch-norm",
    topic="optimisation",
    question=Bilingual("请讲讲批归一化是怎么工作的？", "How does batch normalisation work?"),
    key_points=(AXES, RUNNING),
    misconceptions=(
        Misconception(
            Bilingual("BN 和 LN 一样逐样本归一化", "batch norm treats each example on its own like layer norm"),
            Bilingual("BN 跨样本。", "Batch norm works across samples."),
            ("axes",),
        ),
    ),
    answer=Bilingual(
        "BN 按通道跨样本求均值方差，推理时用滑动平均。",
        "Statistics per channel over the samples; running averages later.",
    ),
)


class Parrot:
    """A `ChatModel` that says what it was told, one reply after another, the last one for ever.

    A reply is a text, or a list of pieces in which a number is a pause in seconds and an exception is raised.
    """

    name = "parrot"

    def __init__(self, *replies: Any, ready: bool = True) -> None:
        self.replies, self.ready = list(replies), ready
        self.asked: list[list[Message]] = []
        self.stopped = threading.Event()

    def stream(self, messages: Sequence[Message], limit: int, stop: threading.Event) -> Iterator[str]:
        self.asked.append(list(messages))
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        pieces = [reply[i : i + 3] for i in range(0, len(reply), 3)] if isinstance(reply, str) else reply
        for piece in pieces:
            if isinstance(piece, Exception):
                raise piece
            if isinstance(piece, str):
                yield piece
            elif stop.wait(piece):
                break
            if stop.is_set():
                break
        if stop.is_set():
            self.stopped.set()


@pytest.fixture
def item() -> Item:
    return ITEM


@pytest.fixture
def grader(encoder: Any) -> Any:
    from interviewer.grading import Grader, load_entailment, vocabulary_of

    return Grader(encoder, vocabulary_of([ITEM]), load_entailment())


@pytest.fixture
def guard(grader: Any) -> Guard:
    return Guard(grader)


SCRIPTED = {
    ("ask", "en"): "Question 2 of 5: How does batch normalisation work?",
    ("ask", "zh"): "第 2 题（共 5 题）：请讲讲批归一化是怎么工作的？",
    ("probe", "en"): "Along which axes are its statistics taken?",
    ("probe", "zh"): "追问一下：统计量沿着哪些维度计算？",
    ("acknowledge", "en"): "Thanks, let's leave that one there.",
    ("acknowledge", "zh"): "好的，这一题先到这里。",
    ("close", "en"): "That's the end of the interview. Thank you; here is your debrief.",
    ("close", "zh"): "面试到这里就结束了，谢谢你的回答。下面是这次的复盘。",
}


def scene(act: str, language: Language, said: str = "", **changed: Any) -> Scene:
    target = {"ask": ITEM.question, "probe": AXES.probe}.get(act)
    made = Scene(
        act,
        language,
        SCRIPTED[act, language],
        None if act == "close" else ITEM,
        target.get(language) if target else "",
        () if act == "close" else ("axes", "running"),
        said,
        "",
        2,
        5,
    )
    return replace(made, **changed)


@pytest.fixture
def scenes() -> Any:
    return scene


@pytest.fixture
def parrot() -> Any:
    return Parrot


@pytest.fixture
def unavailable() -> Exception:
    return ModelUnavailable("the line is dead")


@pytest.fixture
def clock() -> Any:
    """Seconds since it was made."""
    begun = time.monotonic()
    return lambda: time.monotonic() - begun
