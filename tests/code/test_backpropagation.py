"""The sweep gives autograd's gradients and the numbers worked by hand."""

import re
from collections.abc import Callable

import backpropagation
import pytest
import torch
from torch import Tensor


def example() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return (
        torch.tensor([[1.0, 2.0]]),
        torch.tensor([[0.5, 0.5], [1.0, -1.0]]),
        torch.tensor([[2.0, 3.0]]),
        torch.tensor([[1.0]]),
    )


def test_by_hand() -> None:
    # z = (1.5, -1), h = (1.5, 0), y = 3, y - t = 2; back: 2 h = (3, 0), 2 w2 = (4, 6), cut to (4, 0).
    x, w1, w2, target = example()
    loss, cache = backpropagation.forward(x, w1, w2, target)
    assert loss.item() == 2
    gradients = backpropagation.backward(w1, w2, cache)
    assert gradients.w2.tolist() == [[3, 0]]
    assert gradients.w1.tolist() == [[4, 8], [0, 0]]
    assert gradients.x.tolist() == [[2, 2]]


@pytest.mark.parametrize("batch", [1, 7])
def test_agrees_with_autograd(batch: int) -> None:
    shapes = ((batch, 5), (6, 5), (3, 6), (batch, 3))
    x, w1, w2, target = (torch.randn(shape, dtype=torch.float64) for shape in shapes)
    leaves = [tensor.clone().requires_grad_() for tensor in (w1, w2, x)]
    output = torch.nn.functional.linear(torch.nn.functional.linear(leaves[2], leaves[0]).relu(), leaves[1])
    expected = torch.nn.functional.mse_loss(output, target, reduction="sum") / 2
    expected.backward()
    loss, cache = backpropagation.forward(x, w1, w2, target)
    torch.testing.assert_close(loss, expected.detach())
    for ours, leaf in zip(backpropagation.backward(w1, w2, cache), leaves, strict=True):
        torch.testing.assert_close(ours, leaf.grad)


def test_differences_agree_and_show_the_mistake() -> None:
    x, w1, w2, target = (torch.randn(shape, dtype=torch.float64) for shape in ((4, 3), (5, 3), (2, 5), (4, 2)))
    _, cache = backpropagation.forward(x, w1, w2, target)
    assert (cache.z < 0).any()
    check = backpropagation.by_differences(x, w1, w2, target)
    torch.testing.assert_close(backpropagation.backward(w1, w2, cache).w1, check, rtol=1e-6, atol=1e-7)
    assert not torch.allclose(backpropagation.backward_without_relu(w1, w2, cache).w1, check, atol=0.1)


def test_a_unit_that_is_off_learns_nothing() -> None:
    x, w1, w2, target = example()
    gradients = backpropagation.backward(w1, w2, backpropagation.forward(x, w1, w2, target)[1])
    assert not gradients.w1[1].any()
    assert gradients.w2[0, 1] == 0


def test_illegal_input_is_refused() -> None:
    x, w1, w2, target = example()
    with pytest.raises(ValueError, match="expected"):
        backpropagation.forward(x, w1, w2, torch.zeros(1, 2))
    with pytest.raises(ValueError, match="epsilon"):
        backpropagation.by_differences(x, w1, w2, target, epsilon=0.0)


@pytest.mark.slow
def test_main_takes_the_step(run_main: Callable[[str], str]) -> None:
    printed = run_main("backpropagation.py")
    assert "dL/dW1 = [[4.0, 8.0], [0.0, 0.0]], dL/dw2 = [[3.0, 0.0]]" in printed
    assert "after one step of 0.01: loss 1.218" in printed
    found = re.search(r"largest gap (\S+); of the mistake ([\d.]+)", printed)
    assert found is not None
    assert float(found[1]) < 1e-6
    assert float(found[2]) > 1
