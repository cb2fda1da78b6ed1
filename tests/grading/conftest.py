"""A small item whose right and wrong wordings are known, and a grader over it."""

from __future__ import annotations

from typing import Any

import pytest

from interviewer.schema import Bilingual, Item, KeyPoint, Misconception, Wordings


def make_item() -> Item:
    """Two key points about batch normalisation, in both languages."""
    axes = KeyPoint(
        "axes",
        Bilingual(
            "BN 对每个通道在批次和空间上求均值和方差。",
            "Batch norm computes mean and variance per channel over the batch and space.",
        ),
        weight=2.0,
        also=Wordings(
            ("批归一化按通道统计整个 batch 的均值方差",),
            ("it takes statistics of each channel across the whole batch",),
        ),
        contradictions=Wordings(
            ("BN 对单个样本的所有特征求均值和方差",),
            ("batch norm computes statistics over the features of a single sample",),
        ),
        probe=Bilingual("统计量沿着哪些维度计算？", "Along which axes are its statistics taken?"),
        hint=Bilingual("想想训练时一次喂进去多少张图。", "Think of how many images are fed at once."),
    )
    running = KeyPoint(
        "running",
        Bilingual("推理时用训练中累积的滑动平均。", "At inference it uses running averages collected in training."),
        also=Wordings(("测试阶段用的是移动平均的统计量",), ("in eval mode the stored moving averages are used",)),
        contradictions=Wordings(
            ("推理时用当前这批数据的均值和方差",), ("at inference it uses the statistics of the current batch",)
        ),
        probe=Bilingual("模型上线以后这一层怎么工作？", "What does the layer do once the model is deployed?"),
        hint=Bilingual("如果只来一张图呢？", "What if a single image arrives?"),
    )
    return Item(
        id="batch-norm",
        topic="optimisation",
        question=Bilingual("请讲讲批归一化。", "Tell me about batch normalisation."),
        key_points=(axes, running),
        misconceptions=(
            Misconception(
                Bilingual("BN 和 LN 一样按样本归一化", "batch norm normalises each sample on its own like layer norm"),
                Bilingual("BN 按通道跨样本归一化。", "Batch norm normalises per channel across samples."),
                ("axes",),
            ),
        ),
        answer=Bilingual(
            "BN 对每个通道在批次和空间上求均值和方差，推理时用滑动平均。",
            "Batch norm computes mean and variance per channel over the batch, and running averages at inference.",
        ),
    )


@pytest.fixture
def item() -> Item:
    return make_item()


@pytest.fixture
def grader(encoder: Any) -> Any:
    from interviewer.corpus import load_corpus
    from interviewer.grading import Grader, load_entailment, vocabulary_of

    return Grader(encoder, vocabulary_of([*load_corpus().items.values(), make_item()]), load_entailment())
