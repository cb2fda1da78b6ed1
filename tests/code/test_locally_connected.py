"""Against loops over every position, and against a convolution where all filters agree; counts by hand."""

import re
from collections.abc import Callable

import locally_connected as local
import pytest
import torch
import torch.nn.functional as F
from torch import nn


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (1, 1), (2, 1), (3, 0)])
def test_agrees_with_loops(stride: int, padding: int) -> None:
    layer = local.LocallyConnected2d(2, 3, (7, 6), 3, stride, padding)
    x = torch.randn(2, 2, 7, 6)
    padded = F.pad(x, (padding,) * 4)
    expected = torch.zeros(2, 3, *layer.out_size)
    weight = layer.weight.view(*layer.out_size, 3, 2, 3, 3)
    bias = layer.bias.view(3, *layer.out_size)
    for i in range(layer.out_size[0]):
        for j in range(layer.out_size[1]):
            window = padded[:, :, i * stride : i * stride + 3, j * stride : j * stride + 3]
            for o in range(3):
                expected[:, o, i, j] = (window * weight[i, j, o]).sum(dim=(1, 2, 3)) + bias[o, i, j]
    torch.testing.assert_close(layer(x), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("stride", "padding"), [(1, 1), (2, 0)])
def test_with_equal_filters_it_is_a_convolution(stride: int, padding: int) -> None:
    conv, x = nn.Conv2d(3, 4, 3, stride, padding), torch.randn(2, 3, 8, 7)
    layer = local.LocallyConnected2d.from_convolution(conv, (8, 7))
    torch.testing.assert_close(layer(x), conv(x), rtol=1e-4, atol=1e-5)


def test_the_shared_gradient_is_the_sum_of_the_unshared_ones() -> None:
    conv, x = nn.Conv2d(2, 3, 3), torch.randn(2, 2, 6, 6)
    layer = local.LocallyConnected2d.from_convolution(conv, (6, 6))
    conv(x).square().sum().backward()
    layer(x).square().sum().backward()
    assert layer.weight.grad is not None
    assert conv.weight.grad is not None
    torch.testing.assert_close(layer.weight.grad.sum(dim=0), conv.weight.grad.flatten(1), rtol=1e-4, atol=1e-3)


def test_a_position_learns_from_its_own_window_only() -> None:
    layer, x = local.LocallyConnected2d(1, 2, (6, 6), 3), torch.randn(1, 1, 6, 6)
    layer(x)[0, :, 1, 2].sum().backward()  # position 1 * 4 + 2
    assert layer.weight.grad is not None
    assert layer.weight.grad.flatten(1).any(dim=1).nonzero().flatten().tolist() == [6]


def test_counts_by_hand() -> None:
    assert local.weight_counts(64, 64, 3, 14 * 14) == (36_864, 36_864 * 196, 36_864 * 196)
    assert 36_864 * 196 == 7_225_344
    layer = local.LocallyConnected2d(2, 3, (7, 6), 3, padding=1)
    assert layer.weight.numel() == local.weight_counts(2, 3, 3, 42)[1]
    assert layer.bias.numel() == 3 * 42


def test_gradient_reaches_every_parameter(assert_gradients: Callable[..., None]) -> None:
    layer = local.LocallyConnected2d(2, 3, (6, 6), 3)
    assert_gradients(layer, layer(torch.randn(2, 2, 6, 6)).square().mean())


@pytest.mark.parametrize("own_parts", [True, False])
def test_labels_count_the_right_parts(own_parts: bool) -> None:
    patterns = local.part_patterns()
    torch.testing.assert_close(patterns @ patterns.T, torch.eye(16), rtol=0, atol=1e-5)
    images, labels = local.faces(400, seed=3, own_parts=own_parts)
    windows = F.unfold(images, 4, stride=4)  # (400, 16 pixels, 16 places)
    own = patterns if own_parts else patterns[:1].expand(16, -1)
    match = torch.einsum("pf,bfp->bp", own, windows).abs()  # 3 or 0, and noise of 0.4
    assert (((match > 1.5).sum(dim=1) > 8) == labels.bool()).float().mean() > 0.99
    assert 0.3 < labels.float().mean() < 0.5


def test_parts_with_places_need_unshared_filters() -> None:
    images, labels = local.faces(3000, seed=1, own_parts=True)
    test_images, test_labels = local.faces(1000, seed=2, own_parts=True)
    scores = {}
    for kind in ("conv", "local"):
        torch.manual_seed(0)
        model = local.build(kind)
        local.train(model, images, labels)
        scores[kind] = local.accuracy(model, test_images, test_labels)
    assert scores["local"] > scores["conv"] + 0.05


def test_illegal_input_is_refused() -> None:
    layer = local.LocallyConnected2d(1, 2, (6, 6), 3)
    with pytest.raises(ValueError, match="one size"):
        layer(torch.zeros(1, 1, 7, 6))
    with pytest.raises(ValueError, match="does not fit"):
        local.LocallyConnected2d(1, 2, (2, 6), 3)
    with pytest.raises(ValueError, match="at least 1"):
        local.LocallyConnected2d(0, 2, (6, 6), 3)
    with pytest.raises(ValueError, match="ordinary convolution"):
        local.LocallyConnected2d.from_convolution(nn.Conv2d(2, 2, 3, groups=2), (6, 6))
    with pytest.raises(ValueError, match="at least 1"):
        local.weight_counts(1, 1, 0, 1)
    with pytest.raises(ValueError, match="kind must be"):
        local.build("dense")


@pytest.mark.slow
def test_main_shows_both_tasks(run_script: Callable[[str], str]) -> None:
    printed = run_script("locally_connected.py")
    assert "36,864 weights shared, 7,225,344 not" in printed
    rows = re.findall(r"^  (\S.*?) +([\d.]+), moved by one pixel ([\d.]+)", printed, re.M)
    scores = [(float(score), float(moved)) for _, score, moved in rows]
    assert [name for name, _, _ in rows] == ["conv", "conv, 4 times wider", "local"] * 2
    assert scores[2][0] > max(scores[0][0] + 0.05, scores[1][0])  # parts with places: unshared filters win
    assert scores[2][1] < scores[2][0] - 0.1  # and need alignment
    assert scores[4][0] > scores[5][0] + 0.05  # one pattern everywhere: sharing wins, with fewer weights
