"""Both ways against torch.nn.utils; the example by hand."""

import math
from collections.abc import Callable

import gradient_clipping as clipping
import pytest
import torch
from torch import nn


@pytest.mark.parametrize("limit", [0.5, 100.0])
def test_agrees_with_torch(limit: float) -> None:
    parameters = [nn.Parameter(torch.zeros(shape)) for shape in ((3, 4), (5,))]
    gradients = [torch.randn_like(parameter) for parameter in parameters]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient.clone()
    ours, norm = clipping.clip_by_norm(gradients, limit)
    torch.testing.assert_close(norm, nn.utils.clip_grad_norm_(parameters, limit))
    for parameter, clipped in zip(parameters, ours, strict=True):
        torch.testing.assert_close(clipped, parameter.grad, rtol=1e-4, atol=1e-6)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient.clone()
    nn.utils.clip_grad_value_(parameters, limit)
    for parameter, clipped in zip(parameters, clipping.clip_by_value(gradients, limit), strict=True):
        torch.testing.assert_close(clipped, parameter.grad)


def test_by_hand() -> None:
    # 9 + 16 + 144 = 13^2. By value (1, -1, 1): cosine 19 / (13 sqrt 3) = 0.8438, 32.4 degrees.
    g = torch.tensor([3.0, -4.0, 12.0])
    (by_norm,), norm = clipping.clip_by_norm([g], 1.0)
    assert norm == 13
    torch.testing.assert_close(by_norm, g / 13)
    (by_value,) = clipping.clip_by_value([g], 1.0)
    assert by_value.tolist() == [1, -1, 1]
    assert clipping.angle(g, by_norm) == pytest.approx(0, abs=0.1)
    assert clipping.angle(g, by_value) == pytest.approx(math.degrees(math.acos(19 / (13 * math.sqrt(3)))), abs=0.1)


def test_a_short_gradient_stays() -> None:
    small = [torch.tensor([0.3, -0.4])]
    assert torch.equal(clipping.clip_by_norm(small, 1.0)[0][0], small[0])
    assert not clipping.clip_by_norm([torch.zeros(3)], 1.0)[0][0].any()


def test_a_descent_survives_its_first_step_only_when_clipped() -> None:
    free, clipped = clipping.descend(None), clipping.descend(1.0)
    # w^20 = 9.6 at 1.12: the slope 2 (9.6 - 0.5) 20 w^19 = 3150 throws w to about -62.
    assert free[1] > 1e6
    assert clipped[1] < clipped[0]
    assert clipped[-1] < 0.05


def test_illegal_input_is_refused() -> None:
    with pytest.raises(ValueError, match="no gradient"):
        clipping.global_norm([])
    for limit, gradient in ((0.0, 1.0), (1.0, math.inf), (1.0, math.nan)):
        with pytest.raises(ValueError, match="finite norm"):
            clipping.clip_by_norm([torch.tensor([gradient])], limit)
    with pytest.raises(ValueError, match="limit"):
        clipping.clip_by_value([torch.ones(1)], -1.0)


@pytest.mark.slow
def test_main_prints_both_ways(run_main: Callable[[str], str]) -> None:
    printed = run_main("gradient_clipping.py")
    assert "by norm  (0.231, -0.308, 0.923), length 1.00, turned by 0 degrees" in printed
    assert "by value (1.000, -1.000, 1.000), length 1.73, turned by 32 degrees" in printed
    assert "global norm 5" in printed
