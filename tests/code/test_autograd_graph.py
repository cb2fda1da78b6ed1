"""Which functions survive a change of their output follows from what their derivative is written in."""

import math
from collections.abc import Callable

import autograd_graph
import pytest
import torch


@pytest.mark.parametrize("function", [torch.exp, torch.sigmoid, torch.tanh, torch.sqrt])
def test_derivatives_in_the_output_break(function: Callable[[torch.Tensor], torch.Tensor]) -> None:
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        autograd_graph.change_output(function)


def test_derivatives_in_the_input_survive() -> None:
    for function, slope in ((torch.sin, math.cos), (torch.cos, lambda x: -math.sin(x)), (torch.log, lambda x: 1 / x)):
        found = autograd_graph.change_output(function)
        assert found.tolist() == pytest.approx([slope(0.5), slope(1.0)])


def test_a_graph_serves_once_unless_retained_and_gradients_add_up() -> None:
    with pytest.raises(RuntimeError, match="second time"):
        autograd_graph.backward_twice(retain=False)
    assert autograd_graph.backward_twice(retain=True) == 12  # 6 + 6


def test_only_a_leaf_is_taken_by_an_optimiser() -> None:
    wrong, right = autograd_graph.scaled_start_wrong(), autograd_graph.scaled_start()
    assert not wrong.is_leaf
    assert right.is_leaf and right.requires_grad
    with pytest.raises(ValueError, match="non-leaf"):
        torch.optim.SGD([wrong], lr=0.1)
    torch.optim.SGD([right], lr=0.1)


def test_a_leaf_changes_in_place_only_under_no_grad() -> None:
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    w.square().sum().backward()
    with pytest.raises(RuntimeError, match="leaf Variable"):
        autograd_graph.descend(w, 0.1, guarded=False)
    autograd_graph.descend(w, 0.1, guarded=True)
    assert w.tolist() == pytest.approx([0.8, 1.6])


def test_the_graph_by_hand() -> None:
    w = torch.tensor([1.0], requires_grad=True)
    assert autograd_graph.nodes((w.exp() * w).sum()) == [
        "SumBackward0",
        "MulBackward0",
        "ExpBackward0",
        "torch::autograd::AccumulateGrad",
    ]
    assert autograd_graph.nodes(w) == []


def test_outcome_says_what_went_wrong() -> None:
    assert autograd_graph.outcome(lambda: None) == "works"
    assert autograd_graph.outcome(lambda: autograd_graph.backward_twice(retain=False)).startswith("error: ")


@pytest.mark.slow
def test_main_shows_each_consequence(run_main: Callable[[str], str]) -> None:
    printed = run_main("autograd_graph.py")
    for name, works in (("exp", False), ("sin", True), ("sigmoid", False), ("log", True)):
        assert f"  {name}, then add_(1), then backward: {'works' if works else 'error'}" in printed
    assert "is 12, the sum of both" in printed
    assert "no_grad False: error" in printed
    assert "no_grad True : works" in printed
