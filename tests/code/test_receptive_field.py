"""The recursion against the gradient of real networks; parameters against PyTorch's; known numbers by hand."""

import re
from collections.abc import Callable
from io import BytesIO

import pytest
import receptive_field as rf
import torch
from receptive_field import Layer
from torch import nn


def test_stacks_by_hand() -> None:
    # 1 + 2 * (1 + 2 + 4 + 8) = 31; with stride 2 in front 3 + 2 * 30 = 63; four plain ones 1 + 4 * 2 = 9.
    dilated = [Layer(3, padding=rate, dilation=rate) for rate in (1, 2, 4, 8)]
    assert [field.size for field in rf.receptive_fields(dilated)] == [1, 3, 7, 15, 31]
    strided = rf.receptive_fields([Layer(3, stride=2, padding=1), *dilated])[-1]
    assert (strided.size, strided.jump) == (63, 2)
    assert rf.receptive_fields([Layer(3)] * 4)[-1].size == 9
    assert rf.receptive_fields([Layer(3)] * 3)[-1] == rf.receptive_fields([Layer(7)])[-1]
    # VGG-16 up to its last pool, a number of the literature.
    vgg = [layer for convs in (2, 2, 3, 3, 3) for layer in [Layer(3, padding=1)] * convs + [Layer(2, stride=2)]]
    assert rf.receptive_fields(vgg)[-1][:2] == (212, 32)


def test_centre_by_hand() -> None:
    # 5x5, stride 2, no padding: the first output sees pixels 0..4, the next 2..6, the third 4..8.
    field = rf.receptive_fields([Layer(5, stride=2)])[-1]
    assert (field.start, field.pixels(0), field.pixels(2)) == (2.0, (0, 4), (4, 8))
    # With padding 2 it begins two pixels outside.
    assert rf.receptive_fields([Layer(5, stride=2, padding=2)])[-1].pixels(0) == (-2, 2)
    # An even kernel is centred between two pixels.
    field = rf.receptive_fields([Layer(2, stride=2)])[-1]
    assert (field.start, field.pixels(3)) == (0.5, (6, 7))


NETWORKS = {
    "plain": lambda: nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.Conv2d(4, 2, 5, padding=2)),
    "strided": lambda: nn.Sequential(
        nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(4, 4, 4, stride=2), nn.Conv2d(4, 4, 3, dilation=2)
    ),
    "pooled": lambda: nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 8, 3),
        nn.BatchNorm2d(8),
        nn.AvgPool2d(3, stride=2, padding=1),
    ),
    "dilated": lambda: nn.Sequential(*(nn.Conv2d(1, 1, 3, dilation=r, padding=r) for r in (1, 2, 4, 8))),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_fields_agree_with_the_gradient(name: str) -> None:
    network = NETWORKS[name]().eval()
    images = torch.randn(48, 1, 48, 48)  # many: every pixel must win its pool somewhere
    output = network(images[:1]).shape[3] // 2
    field = rf.receptive_fields(rf.layers_of(network))[-1]
    assert rf.measured_pixels(network, images) == field.pixels(output)


def test_spread_by_hand() -> None:
    # Mass 1/4, 1/2, 1/4 on three columns: variance 1/2.
    assert rf.spread(torch.tensor([[0.5, 1.0, 0.5], [0.5, 1.0, 0.5]])) == pytest.approx(0.5**0.5)


def test_the_effective_field_grows_with_the_square_root_of_the_depth() -> None:
    # In expectation the squared gradient is a random walk: each layer moves it by -1, 0 or 1, variance 2/3.
    for depth in (3, 9):
        gradient = rf.effective_field(depth, side=25, repeats=60)
        assert rf.spread(gradient) == pytest.approx((2 * depth / 3) ** 0.5, rel=0.1)


def test_parameters_agree_with_pytorch() -> None:
    def learnable(module: nn.Module) -> int:
        return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)

    for bias in (True, False):
        assert rf.convolution_parameters(3, 32, 5, bias) == learnable(nn.Conv2d(3, 32, 5, bias=bias))
        assert rf.linear_parameters(64, 10, bias) == learnable(nn.Linear(64, 10, bias=bias))
    assert rf.batch_norm_parameters(32) == learnable(nn.BatchNorm2d(32))
    # (27 + 1) * 32 + 64 + (288 + 1) * 64 + 128 + 650
    network = nn.Sequential(
        nn.Conv2d(3, 32, 3),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3),
        nn.BatchNorm2d(64),
        nn.Linear(64, 10),
    )
    assert learnable(network) == 896 + 64 + 18_496 + 128 + 650 == 20_234


def test_illegal_input_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        rf.receptive_fields([Layer(3, stride=0)])
    with pytest.raises(ValueError, match="no receptive field for Linear"):
        rf.layers_of(nn.Sequential(nn.Conv2d(1, 1, 3), nn.Linear(3, 3)))


def test_plot_has_three_panels() -> None:
    pytest.importorskip("matplotlib")
    figure = rf.plot()
    figure.savefig(BytesIO())
    assert len(figure.axes) == 3


@pytest.mark.slow
def test_main_agrees_with_the_gradient(run_main: Callable[[str], str]) -> None:
    printed = run_main("receptive_field.py")
    assert "sees 3 -> 7 -> 15 -> 31; jump 1" in printed
    assert "sees 3 -> 7 -> 15 -> 31 -> 63; jump 2" in printed
    found = re.search(r"sees columns (\S+), by the gradient (\S+)", printed)
    assert found is not None
    assert found[1] == found[2]
    assert "896 + 64 + 18,496 + 128 + 650 = 20,234" in printed
    rows = re.findall(r"depth +\d+: .*; ([\d.]+), .* = ([\d.]+)", printed)
    assert len(rows) == 2
    for measured, theory in rows:
        assert float(measured) == pytest.approx(float(theory), rel=0.1)
