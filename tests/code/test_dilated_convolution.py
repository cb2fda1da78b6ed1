"""Agrees with F.conv2d's dilation; fields and holes against the gradient; the holes bound what is learnt."""

import re
from collections.abc import Callable
from io import BytesIO

import dilated_convolution as dilated
import pytest
import torch
import torch.nn.functional as F
from torch import nn


@pytest.mark.parametrize("rate", [1, 2, 3])
@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_agrees_with_conv2d(rate: int, kernel: int) -> None:
    x, weight = torch.randn(2, 3, 9, 8), torch.randn(4, 3, kernel, kernel)
    reach = rate * (kernel // 2)
    expected = F.conv2d(x, weight, dilation=rate, padding=reach)
    torch.testing.assert_close(dilated.dilated_convolution(x, weight, rate), expected, rtol=1e-4, atol=1e-5)
    spread = dilated.dilate_kernel(weight, rate)
    assert spread.shape[-1] == dilated.effective_kernel_size(kernel, rate)
    assert int((spread != 0).sum()) == weight.numel()
    torch.testing.assert_close(F.conv2d(x, spread, padding=reach), expected, rtol=1e-4, atol=1e-5)


def test_numbers_by_hand() -> None:
    assert dilated.effective_kernel_size(3, 2) == 5
    assert dilated.effective_kernel_size(3, 1) == 3
    assert dilated.receptive_field((1, 2, 4, 8)) == 31
    assert dilated.receptive_field((1, 2, 4)) == 15
    assert dilated.receptive_field((1, 1, 1, 1)) == 9
    # Twice rate 2: offsets -4, -2, 0, 2, 4, in 1, 2, 3, 2, 1 ways.
    assert dilated.paths_per_position((2, 2)).tolist() == [1, 0, 2, 0, 3, 0, 2, 0, 1]
    assert int((dilated.paths_per_position((2, 2, 2)) > 0).sum()) == 7
    assert dilated.coverage((2, 2, 2)) == pytest.approx((7 / 13) ** 2)
    assert dilated.coverage((1, 2, 5)) == dilated.coverage((1, 2, 4, 8)) == 1


@pytest.mark.parametrize("rates", [(1, 1), (2, 2, 2), (1, 2, 3), (1, 2, 5), (3, 1)])
def test_ways_are_the_gradient_of_a_stack_of_ones(rates: tuple[int, ...]) -> None:
    stack = nn.Sequential(*(nn.Conv2d(1, 1, 3, dilation=r, padding=r, bias=False) for r in rates))
    for parameter in stack.parameters():
        nn.init.ones_(parameter)
    field = dilated.receptive_field(rates)
    x = torch.zeros(1, 1, field + 4, field + 4, requires_grad=True)
    middle = field // 2 + 2
    stack(x)[0, 0, middle, middle].backward()
    assert x.grad is not None
    ways = dilated.paths_per_position(rates).float()
    torch.testing.assert_close(x.grad[0, 0], F.pad(torch.outer(ways, ways), (2, 2, 2, 2)))


def test_window_sums_agree_with_a_box_and_keep_the_variance() -> None:
    x = torch.randn(1, 1, 26, 26)
    by_hand = sum(x.roll((i, j), dims=(2, 3)) for i in range(-6, 7) for j in range(-6, 7)) / 13
    torch.testing.assert_close(dilated.window_sums(x), by_hand, rtol=1e-4, atol=1e-5)
    pixel = torch.zeros(1, 1, 26, 26)
    pixel[..., 3, 3] = 1
    assert float(dilated.window_sums(pixel).square().sum()) == pytest.approx(1)


def test_the_holes_bound_what_is_learnt() -> None:
    sparse, full = dilated.train((2, 2, 2), steps=60), dilated.train((1, 2, 3), steps=60)
    assert 0.15 < sparse <= (7 / 13) ** 2 + 1e-6  # no training gets past the ceiling
    assert full > 0.6


def test_gradient_reaches_every_parameter(assert_gradients: Callable[..., None]) -> None:
    model = dilated.build_stack((1, 2, 3))
    assert_gradients(model, model(torch.randn(1, 1, 16, 16)).square().mean())


def test_illegal_input_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        dilated.effective_kernel_size(3, 0)
    with pytest.raises(ValueError, match="odd side"):
        dilated.dilated_convolution(torch.zeros(1, 1, 8, 8), torch.zeros(1, 1, 2, 2), 1)
    with pytest.raises(ValueError, match="two layers"):
        dilated.build_stack((1,))


def test_plot_has_three_panels() -> None:
    pytest.importorskip("matplotlib")
    figure = dilated.plot()
    figure.savefig(BytesIO())
    assert [axes.get_title().splitlines()[0] for axes in figure.axes] == [
        "rates 1, 1, 1",
        "rates 2, 2, 2",
        "rates 1, 2, 3",
    ]


@pytest.mark.slow
def test_main_reaches_the_ceilings(run_main: Callable[[str], str]) -> None:
    printed = run_main("dilated_convolution.py")
    assert "rates (2, 2, 2): sees 13x13, uses 7 of 13" in printed
    assert "rates (1, 2, 4, 8): sees 31x31, uses 31 of 31" in printed
    found = re.findall(r"(-?[\d.]+); possible with \d+x\d+ pixels: ([\d.]+)", printed)
    assert len(found) == 3
    for reached, possible in found:
        assert float(reached) == pytest.approx(float(possible), abs=0.02)
    assert float(found[2][0]) > 0.95
