"""Sentences that repeat another nearly word for word: which turn it round, and which do not."""

import pytest

from interviewer.grading.opposites import turned

SAID = {
    "roles": "Dropout is on in training and off at inference, so the expected activation stays the same.",
    "scale": "更大的 k 会使分布更平滑一些，估计的方差更小，计算量更大",
    "phase": "批归一化在训练时用批统计量，推理时用滑动平均",
    "plain": "BN 对每个通道在整个批次上求均值，再除以标准差",
    "number": "a 3x3 kernel over 64 input channels has 576 weights for every filter",
    "not": "The scale of the normaliser is not updated when the statistics of its layer come from a checkpoint",
}


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("roles", "Dropout is off in training and on at inference, so the expected activation stays the same."),
        ("scale", "更小的 k 会使分布更平滑一些，估计的方差更小，计算量更大"),
        ("phase", "批归一化在推理时用批统计量，训练时用滑动平均"),
        ("phase", "批正規化在推理時用批統計量，訓練時用滑動平均".replace("正規化", "歸一化")),
        ("plain", "BN 不对每个通道在整个批次上求均值，再除以标准差"),
        ("number", "A 3x3 kernel over 64 input channels has 1152 weights for every filter."),
        ("not", "The scale of the normaliser is updated when the statistics of its layer come from a checkpoint"),
    ],
)
def test_a_repetition_turned_round_is_found(key, text):
    assert turned(text, [SAID[key]])


@pytest.mark.parametrize(
    ("key", "text"),
    [
        *((key, text) for key, text in SAID.items()),
        ("roles", "dropout is on in training, and off at inference: so the expected activation stays the same"),
        ("scale", "更小的 k 会使分布更平滑一些，估计的方差更大，计算量更大"),  # two turns cancel
        ("phase", "推理时用滑动平均，因为没有批可用"),  # a free wording is not for this rule to judge
        ("plain", "BN 不只是对每个通道在整个批次上求均值，再除以标准差"),
        ("number", "every filter of a 3x3 kernel over 64 input channels has 576 weights"),
        ("not", "not updated"),  # too short to tell
    ],
)
def test_what_agrees_or_is_said_freely_is_not(key, text):
    assert not turned(text, [SAID[key]])


def test_one_wording_that_agrees_is_enough():
    other = "Dropout is off in training and on at inference, so the expected activation stays the same."
    assert not turned(other, [SAID["roles"], other])
