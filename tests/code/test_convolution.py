"""Agrees with torch.nn.functional for every stride, padding, dilation and group; the counts are by hand."""

import re
from collections.abc import Callable

import convolution
import pytest
import torch
import torch.nn.functional as F
from torch import nn


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 2])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_agrees_with_conv2d(stride: int, padding: int, dilation: int, groups: int) -> None:
    x, weight = torch.randn(2, 4, 11, 9), torch.randn(8, 4 // groups, 3, 2)
    bias = torch.randn(8)
    settings = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    torch.testing.assert_close(
        convolution.convolve(x, weight, bias, **settings), F.conv2d(x, weight, bias, **settings), rtol=1e-4, atol=1e-5
    )
    torch.testing.assert_close(
        convolution.convolve(x, weight, **settings), F.conv2d(x, weight, **settings), rtol=1e-4, atol=1e-5
    )


def test_gradients_agree_with_conv2d() -> None:
    x, weight = torch.randn(2, 3, 7, 7).requires_grad_(), torch.randn(4, 3, 3, 3).requires_grad_()
    ours = torch.autograd.grad(convolution.convolve(x, weight, stride=2, padding=1).square().sum(), (x, weight))
    theirs = torch.autograd.grad(F.conv2d(x, weight, stride=2, padding=1).square().sum(), (x, weight))
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("settings", [{}, {"stride": 2}, {"padding": 1, "dilation": 2}])
def test_columns_agree_with_unfold(settings: dict[str, int]) -> None:
    x = torch.randn(2, 3, 8, 7)
    torch.testing.assert_close(convolution.im2col(x, (3, 2), **settings), F.unfold(x, (3, 2), **settings))


def test_by_hand() -> None:
    # A filter that takes the right neighbour minus the left one; not flipped, or the signs would change.
    x = torch.tensor([[[[1.0, 4.0, 9.0, 16.0]]]])
    weight = torch.tensor([[[[-1.0, 0.0, 1.0]]]])
    assert convolution.convolve(x, weight).flatten().tolist() == [8.0, 12.0]


@pytest.mark.parametrize(("size", "kernel"), [(224, 7), (7, 7), (5, 1), (8, 3)])
def test_output_size_agrees_with_pytorch(size: int, kernel: int) -> None:
    for stride, padding, dilation in ((1, 0, 1), (2, 3, 1), (3, 2, 1), (1, 6, 2)):
        if size + 2 * padding > dilation * (kernel - 1):
            theirs = F.conv2d(
                torch.zeros(1, 1, size, size), torch.zeros(1, 1, kernel, kernel), None, stride, padding, dilation
            )
            assert convolution.output_size(size, kernel, stride, padding, dilation) == theirs.shape[-1]


def test_pointwise_agrees_with_conv2d_and_sees_one_pixel() -> None:
    x, weight, bias = torch.randn(2, 5, 4, 3), torch.randn(7, 5), torch.randn(7)
    expected = F.conv2d(x, weight[:, :, None, None], bias)
    torch.testing.assert_close(convolution.pointwise(x, weight, bias), expected)
    torch.testing.assert_close(convolution.pointwise(x, weight, bias)[0, :, 2, 1], weight @ x[0, :, 2, 1] + bias)


def test_dense_matrix_is_the_same_layer() -> None:
    x, weight = torch.randn(3, 2, 6, 5), torch.randn(4, 2, 3, 3)
    matrix = convolution.dense_matrix(weight, 6, 5, stride=2, padding=1)
    dense = nn.Linear(2 * 6 * 5, 4 * 3 * 3, bias=False)
    dense.weight = nn.Parameter(matrix)
    expected = F.conv2d(x, weight, stride=2, padding=1).flatten(1)
    torch.testing.assert_close(dense(x.flatten(1)), expected, rtol=1e-4, atol=1e-5)
    # One axis of 8 pixels: 22 pairs are at most 1 apart (8 + 7 + 7); in two dimensions 22 * 22.
    matrix = convolution.dense_matrix(torch.randn(1, 1, 3, 3), 8, 8, padding=1)
    assert int((matrix != 0).sum()) == 22**2
    assert len(matrix.unique()) == 10  # 9 weights and 0


def test_costs_by_hand() -> None:
    # 128 * 25 * 256; 128 * 64 + 64 * 25 * 256; each used at 100 * 100 positions.
    assert convolution.cost(128, 256, 5, 100, 100) == (819_200, 8_192_000_000)
    parts = convolution.cost(128, 64, 1, 100, 100), convolution.cost(64, 256, 5, 100, 100)
    assert sum(part.weights for part in parts) == 417_792
    assert sum(part.multiplications for part in parts) == 4_177_920_000
    assert convolution.cost(3, 64, 7, 112, 112) == (9_408, 118_013_952)
    for groups in (1, 2, 6):
        layer = nn.Conv2d(6, 12, 3, groups=groups, bias=False)
        assert convolution.cost(6, 12, 3, 1, 1, groups).weights == layer.weight.numel()


def test_illegal_input_is_refused() -> None:
    x, weight = torch.zeros(1, 4, 5, 5), torch.zeros(6, 4, 3, 3)
    with pytest.raises(ValueError, match="the kernel spans 7 pixels"):
        convolution.convolve(x, weight, dilation=3)
    for settings in ({"stride": 0}, {"padding": -1}, {"dilation": 0}):
        with pytest.raises(ValueError, match="at least 1"):
            convolution.convolve(x, weight, **settings)
    with pytest.raises(ValueError, match="do not fit 4 channels"):
        convolution.convolve(x, weight, groups=2)
    with pytest.raises(ValueError, match="do not fit"):
        convolution.convolve(x, torch.zeros(3, 2, 3, 3), groups=2)
    with pytest.raises(ValueError, match="expected maps"):
        convolution.convolve(x[0], weight)
    with pytest.raises(ValueError, match="expected a batch"):
        convolution.im2col(x[0], (3, 3))
    with pytest.raises(ValueError, match="expected maps"):
        convolution.pointwise(x, torch.zeros(2, 5))
    with pytest.raises(ValueError, match="do not divide"):
        convolution.cost(4, 6, 3, 1, 1, groups=4)
    with pytest.raises(ValueError, match="at least 1"):
        convolution.cost(4, 6, 0, 1, 1)


@pytest.mark.slow
def test_main_shows_costs_and_a_moving_digit(run_main: Callable[[str], str]) -> None:
    printed = run_main("convolution.py")
    assert "819,200 weights" in printed
    assert "417,792 weights" in printed
    assert "9,408 weights, 118,013,952 multiplications" in printed
    assert "4096 weights, of which 3612 are 0 and the rest 9 values" in printed
    shared, free = (re.search(rf"{name} +([\d.]+)", printed) for name in ("convolution", "dense layer"))
    assert shared is not None
    assert free is not None
    assert float(shared[1]) == 0
    assert float(free[1]) > 0.5
