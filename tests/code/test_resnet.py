"""LeNet's count, a block computed by hand, the identity path, and depth that trains."""

import re
from collections.abc import Callable
from io import BytesIO

import pytest
import resnet
import torch
import torch.nn.functional as F
from torch import Tensor, nn


def test_lenet_by_hand() -> None:
    # (25 + 1) * 6 + (6 * 25 + 1) * 16 + (16 * 25 + 1) * 120 + (120 + 1) * 84 + (84 + 1) * 10
    model = resnet.LeNet5()
    assert sum(p.numel() for p in model.parameters()) == 156 + 2_416 + 48_120 + 10_164 + 850 == 61_706
    assert model(torch.zeros(2, 1, 32, 32)).shape == (2, 10)
    sizes, x = [], torch.zeros(1, 1, 32, 32)
    for layer in model:
        x = layer(x)
        if isinstance(layer, nn.Conv2d | nn.AvgPool2d):
            sizes.append(tuple(x.shape[1:3]))
    assert sizes == [(6, 28), (6, 14), (16, 10), (16, 5), (120, 1)]


@pytest.mark.parametrize(("channels", "stride"), [(4, 1), (4, 2), (6, 1)])
@pytest.mark.parametrize("residual", [True, False])
def test_block_by_hand(channels: int, stride: int, residual: bool) -> None:
    block, x = resnet.BasicBlock(4, channels, stride, residual), torch.randn(3, 4, 7, 7)

    def normalised(maps: Tensor) -> Tensor:  # over batch and places, per channel; scale 1, shift 0
        mean, variance = maps.mean(dim=(0, 2, 3), keepdim=True), maps.var(dim=(0, 2, 3), keepdim=True, correction=0)
        return (maps - mean) / (variance + 1e-5).sqrt()

    expected = normalised(F.conv2d(x, block.conv1.weight, stride=stride, padding=1)).clamp(min=0)
    expected = normalised(F.conv2d(expected, block.conv2.weight, padding=1))
    if residual and (stride, channels) == (1, 4):
        assert isinstance(block.shortcut, nn.Identity)
        expected = expected + x
    elif residual:
        expected = expected + normalised(F.conv2d(x, block.shortcut[0].weight, stride=stride))
    torch.testing.assert_close(block(x), expected.clamp(min=0), rtol=1e-4, atol=1e-5)


def test_without_a_correction_the_block_is_the_identity() -> None:
    x = torch.rand(2, 4, 5, 5, requires_grad=True)  # not negative, as after any ReLU
    residual, plain = resnet.BasicBlock(4, 4), resnet.BasicBlock(4, 4, residual=False)
    for block in (residual, plain):
        nn.init.zeros_(block.norm2.weight)
    torch.testing.assert_close(residual(x), x)
    assert not plain(x).any()  # the plain layers, by the same token, forget everything
    (gradient,) = torch.autograd.grad(residual(x).sum(), x)
    torch.testing.assert_close(gradient, torch.ones_like(x))


def test_depth_and_sizes() -> None:
    model = resnet.ResNet(3)
    weighted = [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    projections = [m for m in weighted if isinstance(m, nn.Conv2d) and m.kernel_size == (1, 1)]
    assert model.depth == len(weighted) - len(projections) == 14
    assert len(projections) == 1
    for size in ((1, 1), (8, 8), (13, 9)):
        assert model.eval()(torch.rand(2, 1, *size)).shape == (2, 10)


@pytest.mark.parametrize("residual", [True, False])
def test_gradient_reaches_every_parameter(residual: bool, assert_gradients: Callable[..., None]) -> None:
    model = resnet.ResNet(2, width=4, residual=residual)
    assert_gradients(model, F.cross_entropy(model(torch.rand(4, 1, 8, 8)), torch.arange(4)))


def test_deep_plain_networks_train_worse_and_residual_ones_do_not() -> None:
    losses = {key: history[-1] for key, history in resnet.compare((6,), count=256, epochs=3).items()}
    assert losses[26, True] < losses[26, False] - 0.3


def test_illegal_input_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        resnet.BasicBlock(4, 4, stride=0)
    with pytest.raises(ValueError, match="at least one block"):
        resnet.ResNet(0)
    with pytest.raises(ValueError, match="expected images"):
        resnet.ResNet(1)(torch.zeros(2, 3, 8, 8))
    with pytest.raises(ValueError, match="as many labels"):
        resnet.train(resnet.ResNet(1), torch.zeros(2, 1, 8, 8), torch.zeros(3, dtype=torch.int64))


@pytest.mark.slow
def test_plot_has_a_curve_for_each_network() -> None:
    pytest.importorskip("matplotlib")
    figure = resnet.plot()
    figure.savefig(BytesIO())
    assert len(figure.axes[0].lines) == 4


@pytest.mark.slow
def test_main_shows_degradation_and_its_cure(run_script: Callable[[str], str]) -> None:
    printed = run_script("resnet.py")
    losses = {(int(d), kind): float(v) for d, kind, v in re.findall(r"(\d+) layers, (\w+) +([\d.]+)", printed)}
    depths = sorted({depth for depth, _ in losses})
    assert losses[depths[1], "plain"] > losses[depths[0], "plain"] + 0.3
    assert losses[depths[1], "residual"] < losses[depths[1], "plain"] - 0.5
    found = re.search(r"LeNet-5: 61,706 parameters; .*: ([\d.]+)", printed)
    assert found is not None
    assert float(found[1]) > 0.85
