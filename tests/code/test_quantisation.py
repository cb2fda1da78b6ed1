"""The grids agree with PyTorch's fake quantisation, forward and backward, and integers give the same."""

import re
from collections.abc import Callable

import pytest
import quantisation
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor, nn


def test_worked_example() -> None:
    # Scale (2.05 + 0.5) / 255 = 0.01, zero point 50; 1.237 -> 124 + 50 = 174 -> 1.24; 3.0 is clipped.
    grid = quantisation.affine_grid(torch.tensor(-0.5), torch.tensor(2.05), bits=8)
    assert grid.scale.item() == pytest.approx(0.01)
    assert grid.zero_point.item() == 50
    codes = quantisation.quantise(torch.tensor([1.237, 3.0, 0.0, -0.5, -9.0]), grid)
    assert codes.tolist() == [174, 255, 50, 0, 0]
    expected = torch.tensor([1.24, 2.05, 0.0, -0.5, -0.5])
    torch.testing.assert_close(quantisation.dequantise(codes, grid), expected)


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_affine_agrees_with_torch_forward_and_backward(bits: int) -> None:
    x = 2 * torch.randn(500)
    grid = quantisation.affine_grid(torch.tensor(-1.0), torch.tensor(2.0), bits)
    ours, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
    values = quantisation.fake_quantise(ours, grid)
    expected = torch.fake_quantize_per_tensor_affine(
        theirs, grid.scale.item(), int(grid.zero_point), grid.low, grid.high
    )
    torch.testing.assert_close(values, expected)
    weights = torch.randn(500)
    (values * weights).sum().backward()
    (expected * weights).sum().backward()
    assert ours.grad is not None
    torch.testing.assert_close(ours.grad, theirs.grad)
    assert (ours.grad == 0).any()  # some are clipped
    assert (ours.grad == weights).any()


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_symmetric_per_channel_agrees_with_torch(bits: int) -> None:
    weight = torch.randn(6, 20) * torch.logspace(-2, 1, 6).unsqueeze(1)
    grid = quantisation.symmetric_grid(weight.abs().amax(dim=1, keepdim=True), bits)
    expected = torch.fake_quantize_per_channel_affine(
        weight, grid.scale.flatten(), torch.zeros(6, dtype=torch.int32), 0, grid.low, grid.high
    )
    torch.testing.assert_close(quantisation.fake_quantise(weight, grid), expected)
    assert grid.high == -grid.low == 2 ** (bits - 1) - 1
    assert quantisation.quantise(weight, grid).abs().amax(dim=1).tolist() == [grid.high] * 6


@pytest.mark.parametrize(("low", "high"), [(-1.0, 3.0), (0.5, 2.0), (-4.0, -1.0), (0.0, 0.0)])
def test_zero_is_exact_and_errors_are_at_most_half_a_step(low: float, high: float) -> None:
    grid = quantisation.affine_grid(torch.tensor(low), torch.tensor(high), bits=8)
    x = torch.cat((torch.zeros(1), torch.linspace(low, high, 1001)))
    back = quantisation.dequantise(quantisation.quantise(x, grid), grid)
    assert back[0] == 0
    # The zero point is rounded too, which moves the grid's ends by up to half a step more.
    assert (back - x)[1:].abs().max() <= grid.scale * 1.01
    inner = x[(x > low + grid.scale) & (x < high - grid.scale)]
    error = quantisation.dequantise(quantisation.quantise(inner, grid), grid) - inner
    assert (error.abs() <= grid.scale * 0.501).all()


def layer_and_inputs(per_channel: bool = True) -> tuple[quantisation.QuantLinear, Tensor]:
    linear = nn.Linear(16, 5)
    linear.weight.data *= torch.tensor([0.01, 0.1, 1.0, 2.0, 5.0]).unsqueeze(1)
    x = torch.randn(100, 16).relu()
    return quantisation.QuantLinear(linear, 8, per_channel, x), x


@pytest.mark.parametrize("per_channel", [True, False])
def test_integer_arithmetic_gives_the_same(per_channel: bool) -> None:
    layer, x = layer_and_inputs(per_channel)
    torch.testing.assert_close(layer.integer_forward(x), layer(x), rtol=1e-4, atol=1e-5)


def test_a_scale_per_channel_saves_the_small_channels() -> None:
    errors = {}
    for per_channel in (True, False):
        torch.manual_seed(0)
        layer, _ = layer_and_inputs(per_channel)
        weight = layer.linear.weight
        errors[per_channel] = (quantisation.fake_quantise(weight, layer.weight_grid()) - weight).abs().amax(dim=1)
    # At 5 for the largest channel one step is about 5 * 0.25 / 127: all of the smallest is lost.
    assert errors[False][0] > 50 * errors[True][0]
    torch.testing.assert_close(errors[False][4], errors[True][4])


def test_calibration_sees_the_range_of_every_layers_inputs() -> None:
    model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))
    x = torch.randn(50, 4)
    version = quantisation.quantised(model, 8, per_channel=True, calibration=x)
    first, last = version[0], version[2]
    assert isinstance(first, quantisation.QuantLinear)
    assert isinstance(last, quantisation.QuantLinear)
    assert (first.lowest, first.highest) == (x.min(), x.max())
    assert (last.lowest, last.highest) == (0, model[:2](x).max())
    torch.testing.assert_close(version(x), model(x), rtol=0.1, atol=0.05)
    assert isinstance(model[0], nn.Linear)  # the original is as it was


def test_gradient_passes_through_rounding(assert_gradients: Callable[..., None]) -> None:
    model = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 3))
    x = torch.randn(40, 8)
    version = quantisation.quantised(model, 3, per_channel=True, calibration=x)
    assert_gradients(version, F.cross_entropy(version(x), torch.arange(40) % 3))


def test_training_with_rounding_repairs_two_bits() -> None:
    data = load_digits()
    x, labels = torch.tensor(data.data[:600] / 16.0, dtype=torch.float32), torch.tensor(data.target[:600])
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    quantisation.train(model, x, labels, epochs=15)
    version = quantisation.quantised(model, 2, per_channel=True, calibration=x)
    before = quantisation.accuracy(version, x, labels)
    quantisation.train(version, x, labels, epochs=10)
    assert quantisation.accuracy(model, x, labels) > 0.9
    assert quantisation.accuracy(version, x, labels) > before + 0.05


def test_illegal_input_is_refused() -> None:
    one = torch.tensor(1.0)
    with pytest.raises(ValueError, match="2 bits"):
        quantisation.affine_grid(-one, one, bits=1)
    with pytest.raises(ValueError, match="lowest <= highest"):
        quantisation.affine_grid(one, -one, bits=8)
    with pytest.raises(ValueError, match="largest >= 0"):
        quantisation.symmetric_grid(-one, bits=8)
    with pytest.raises(ValueError, match="at least one input"):
        quantisation.quantised(nn.Sequential(nn.Linear(2, 2)), 8, per_channel=True, calibration=torch.zeros(0, 2))


@pytest.mark.slow
def test_plot_has_a_line_per_way() -> None:
    axes = quantisation.plot().axes[0]
    assert [line.get_label() for line in axes.lines] == [
        "PTQ, per tensor", "PTQ, per channel", "QAT, per channel", "32-bit floats",
    ]  # fmt: skip
    assert axes.get_xlabel() and axes.get_ylabel()


@pytest.mark.slow
def test_main_shows_where_bits_run_out(run_script: Callable[[str], str]) -> None:
    printed = run_script("quantisation.py")
    assert "scale 0.010, zero point 50" in printed
    assert "[174, 255] and come back as ['1.24', '2.05']" in printed
    scores = {
        name: {int(bits): float(score) for bits, score in re.findall(r"(\d) bits ([\d.]+)", text)}
        for name, text in re.findall(r"^  ([PQ].*?): (.*)$", printed, flags=re.MULTILINE)
    }
    full = re.search(r"floats: ([\d.]+)", printed)
    assert full is not None
    assert scores["PTQ, per channel"][8] > float(full.group(1)) - 0.01
    assert scores["QAT, per channel"][2] > scores["PTQ, per channel"][2] + 0.2
    assert scores["QAT, per channel"][2] > 0.8
