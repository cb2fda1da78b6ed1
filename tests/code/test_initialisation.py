"""The initialisers draw what torch.nn.init draws, variances go where the theory says, bilinear is interpolation."""

import re
from collections.abc import Callable

import initialisation
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn


@pytest.mark.parametrize("shape", [(30, 20), (8, 4, 3, 5)])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (initialisation.xavier_normal_, nn.init.xavier_normal_),
        (initialisation.xavier_uniform_, nn.init.xavier_uniform_),
        (initialisation.he_normal_, lambda w: nn.init.kaiming_normal_(w, mode="fan_in", nonlinearity="relu")),
        (initialisation.small_normal_, lambda w: nn.init.normal_(w, 0.0, 0.01)),
    ],
)
def test_same_draws_as_torch(
    ours: Callable[[Tensor], None], theirs: Callable[[Tensor], Tensor], shape: tuple[int, ...]
) -> None:
    a, b = torch.empty(shape), torch.empty(shape)
    torch.manual_seed(5)
    ours(a)
    torch.manual_seed(5)
    theirs(b)
    torch.testing.assert_close(a, b)


def test_fans_and_variances_by_hand() -> None:
    # A 3x3 convolution from 4 to 8 channels: each output sums 4 * 9 terms, each input feeds 8 * 9.
    weight = torch.empty(8, 4, 3, 3)
    assert initialisation.fans(weight) == (36, 72)
    large = torch.empty(400, 600)
    for initialise, variance in (
        (initialisation.xavier_normal_, 2 / 1000),
        (initialisation.xavier_uniform_, 2 / 1000),
        (initialisation.he_normal_, 2 / 600),
    ):
        initialise(large)
        # 240,000 draws: the relative standard error of the variance is sqrt(2 / 240000) = 0.003.
        assert large.var().item() == pytest.approx(variance, rel=0.02)
        assert large.mean().item() == pytest.approx(0, abs=5e-4)


def test_he_keeps_the_variance_through_relu_and_xavier_halves_it() -> None:
    z, g = initialisation.propagate(initialisation.he_normal_, torch.relu, depth=11, width=400)
    assert (z[-1] / z[0]).item() == pytest.approx(1, abs=0.35)
    assert (g[0] / g[-1]).item() == pytest.approx(1, abs=0.35)
    z, g = initialisation.propagate(initialisation.xavier_normal_, torch.relu, depth=11, width=400)
    # Ten layers at a variance factor of 1/2: the std falls by 2^-5.
    assert (z[-1] / z[0]).item() * 2**5 == pytest.approx(1, abs=0.35)
    assert (g[0] / g[-1]).item() * 2**5 == pytest.approx(1, abs=0.35)


def test_fixed_small_normal_fades_by_the_factor_of_its_variance() -> None:
    # Tanh is the identity near 0: each layer multiplies the std by 0.01 * sqrt(400) = 0.2.
    z, g = initialisation.propagate(initialisation.small_normal_, torch.tanh, depth=6, width=400)
    torch.testing.assert_close(z[1:] / z[:-1], torch.full((5,), 0.2), rtol=0.05, atol=0)
    torch.testing.assert_close(g[:-1] / g[1:], torch.full((5,), 0.2), rtol=0.05, atol=0)


def test_zeros_pass_no_signal_and_no_weight_gets_a_gradient() -> None:
    z, g = initialisation.propagate(initialisation.constant_, torch.tanh, depth=4, width=8)
    assert (z == 0).all()
    assert (g[:-1] == 0).all()
    net = initialisation.deep_net(initialisation.constant_, depth=3)
    F.cross_entropy(net(torch.randn(5, 64)), torch.arange(5)).backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None
        assert bool(parameter.grad.any()) == (name == "4.bias")  # the output's bias alone


def test_a_constant_leaves_the_units_equal_and_he_does_not() -> None:
    images, labels = torch.randn(100, 64), torch.arange(100) % 10
    for initialise, alike in ((lambda w: initialisation.constant_(w, 0.1), True), (initialisation.he_normal_, False)):
        net = initialisation.deep_net(initialise, depth=2, width=16)
        initialisation.train(net, images, labels, epochs=5)
        weight = next(net.parameters()).detach()
        assert torch.allclose(weight, weight[:1].expand_as(weight)) == alike


@pytest.mark.parametrize("factor", [1, 2, 3, 4])
def test_bilinear_upsampling_agrees_with_interpolate_inside(factor: int) -> None:
    x = torch.randn(2, 3, 7, 6)
    ours = initialisation.bilinear_upsampling(3, factor)(x)
    theirs = F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)
    assert ours.shape == theirs.shape
    inside = slice(factor, -factor)  # at the border one pads with zeros, the other repeats the edge
    torch.testing.assert_close(ours[..., inside, inside], theirs[..., inside, inside])


def test_bilinear_kernel_by_hand() -> None:
    tent = torch.tensor([0.25, 0.75, 0.75, 0.25])
    torch.testing.assert_close(initialisation.bilinear_kernel(2), torch.outer(tent, tent))
    assert initialisation.bilinear_kernel(3).sum().item() == pytest.approx(9)  # each of 9 new pixels once


def test_he_trains_where_small_weights_do_not() -> None:
    torch.manual_seed(0)
    images, labels = torch.randn(200, 64), torch.arange(200) % 10
    losses = []
    for initialise in (initialisation.he_normal_, initialisation.small_normal_):
        net = initialisation.deep_net(initialise, depth=8)
        initialisation.train(net, images, labels, epochs=20, lr=0.01)
        losses.append(F.cross_entropy(net(images), labels).item())
    assert losses[0] < 1.0
    assert losses[1] > 2.2  # ln 10 = 2.303: nothing learnt


def test_plot_shows_both_activations_and_directions() -> None:
    figure = initialisation.plot()
    assert len(figure.axes) == 4
    assert all(len(axis.lines) == len(initialisation.INITIALISERS) for axis in figure.axes)


def test_illegal_input_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2 axes"):
        initialisation.he_normal_(torch.empty(5))
    with pytest.raises(ValueError, match="factor"):
        initialisation.bilinear_kernel(0)


@pytest.mark.slow
def test_main_shows_that_only_he_trains_the_deep_relu_net(run_script: Callable[[str], str]) -> None:
    printed = run_script("initialisation.py")
    scores = {
        name: float(value)
        for name, value in re.findall(r"^  (zeros|normal 0\.01|Xavier|He) +(0\.\d{3})$", printed, re.M)
    }
    assert scores["He"] > 0.6
    assert max(scores["zeros"], scores["normal 0.01"]) < 0.2
    assert scores["Xavier"] < scores["He"] - 0.3
    assert re.search(r"constant 0\.1 +1\n", printed)
    assert re.search(r"He +64\n", printed)
