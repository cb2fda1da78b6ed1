"""Agrees with grouped convolutions; costs by hand; the block learns the digits with few weights."""

import re
from collections.abc import Callable

import depthwise_separable as separable
import pytest
import torch
import torch.nn.functional as F
from torch import nn


@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("stride", [1, 2])
def test_depthwise_agrees_with_a_grouped_convolution(kernel: int, stride: int) -> None:
    x, weight = torch.randn(2, 6, 9, 8), torch.randn(6, kernel, kernel)
    expected = F.conv2d(x, weight.unsqueeze(1), stride=stride, padding=kernel // 2, groups=6)
    torch.testing.assert_close(separable.depthwise(x, weight, stride), expected, rtol=1e-4, atol=1e-5)


def test_pointwise_agrees_with_a_1x1_convolution() -> None:
    x, weight = torch.randn(2, 6, 5, 4), torch.randn(8, 6)
    torch.testing.assert_close(
        separable.pointwise(x, weight), F.conv2d(x, weight[:, :, None, None]), rtol=1e-4, atol=1e-5
    )


def test_the_pair_is_a_standard_convolution_of_rank_one_per_channel() -> None:
    x, filters, mix = torch.randn(1, 3, 7, 7), torch.randn(3, 3, 3), torch.randn(5, 3)
    product = mix[:, :, None, None] * filters  # (5, 3, 3, 3): output o, channel c is mix[o, c] * filters[c]
    actual = separable.pointwise(separable.depthwise(x, filters), mix)
    torch.testing.assert_close(actual, F.conv2d(x, product, padding=1), rtol=1e-4, atol=1e-5)


def test_block_by_hand() -> None:
    block = separable.SeparableBlock(4, 6, stride=2).eval()
    for norm in block.norms:
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
    x = torch.randn(2, 4, 7, 7)
    first, second = ((norm.running_mean[:, None, None], norm.running_var[:, None, None]) for norm in block.norms)
    hidden = F.conv2d(x, block.depthwise.weight, stride=2, padding=1, groups=4)
    hidden = ((hidden - first[0]) / (first[1] + 1e-5).sqrt()).clamp(min=0)
    out = F.conv2d(hidden, block.pointwise.weight)
    expected = ((out - second[0]) / (second[1] + 1e-5).sqrt()).clamp(min=0)
    assert block(x).shape == (2, 6, 4, 4) == separable.StandardBlock(4, 6, stride=2)(x).shape
    torch.testing.assert_close(block(x), expected, rtol=1e-4, atol=1e-5)


def test_costs_by_hand() -> None:
    # 9 * 64 * 128 weights at 56 * 56 = 3136 positions; 9 * 64; 64 * 128.
    standard = separable.cost(64, 128, 3, 56, 56)
    depthwise = separable.cost(64, 64, 3, 56, 56, groups=64)
    pointwise = separable.cost(64, 128, 1, 56, 56)
    assert standard[:2] == (73_728, 231_211_008)
    assert depthwise[:2] == (576, 1_806_336)
    assert pointwise[:2] == (8_192, 25_690_112)
    total = depthwise.multiply_adds + pointwise.multiply_adds
    assert total == 27_496_448
    assert total / standard.multiply_adds == pytest.approx(1 / 128 + 1 / 9)
    # In: 64 * 3136, out as many, weights 576; 1806336 / 401984 = 4.49.
    assert depthwise.intensity == pytest.approx(1_806_336 / (2 * 64 * 3136 + 576))


def test_weights_agree_with_the_modules() -> None:
    block = separable.SeparableBlock(8, 12, kernel_size=5)
    assert block.depthwise.weight.numel() == separable.cost(8, 8, 5, 1, 1, groups=8).weights
    assert block.pointwise.weight.numel() == separable.cost(8, 12, 1, 1, 1).weights


def test_gradient_reaches_every_parameter(assert_gradients: Callable[..., None]) -> None:
    model = separable.build_classifier(separable=True, width=4)
    assert_gradients(model, F.cross_entropy(model(torch.rand(4, 1, 8, 8)), torch.arange(4)))


def test_training_learns_the_digits() -> None:
    images, labels, test_images, test_labels = separable.digits()
    model = separable.build_classifier(separable=True, width=12)
    before = separable.accuracy(model, test_images, test_labels)
    separable.train(model, images, labels, epochs=6)
    assert before < 0.3
    assert separable.accuracy(model, test_images, test_labels) > 0.7


def test_illegal_input_is_refused() -> None:
    with pytest.raises(ValueError, match="k odd"):
        separable.depthwise(torch.zeros(1, 3, 5, 5), torch.zeros(4, 3, 3))
    with pytest.raises(ValueError, match="k odd"):
        separable.depthwise(torch.zeros(1, 3, 5, 5), torch.zeros(3, 2, 2))
    with pytest.raises(ValueError, match="odd"):
        separable.SeparableBlock(3, 4, kernel_size=2)
    with pytest.raises(ValueError, match="do not divide"):
        separable.cost(6, 8, 3, 4, 4, groups=4)
    with pytest.raises(ValueError, match="at least 1"):
        separable.cost(6, 8, 3, 0, 4)
    assert isinstance(separable.build_classifier(separable=False)[0], nn.Sequential)


@pytest.mark.slow
def test_main_reports_the_ratio_and_both_accuracies(run_main: Callable[[str], str]) -> None:
    printed = run_main("depthwise_separable.py")
    assert "27,496,448; 93% of it pointwise" in printed
    assert "ratio 0.1189 = 1/128 + 1/9 = 0.1189: 8.4 times fewer" in printed
    found = re.findall(r"(standard|separable) +([\d.]+) with +([\d,]+) parameters", printed)
    assert [name for name, _, _ in found] == ["standard", "separable"]
    assert all(float(score) > 0.9 for _, score, _ in found)
    assert int(found[0][2].replace(",", "")) > 4 * int(found[1][2].replace(",", ""))
