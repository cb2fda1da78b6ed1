"""One step of the loop against gradients by autograd.grad; each mistake by what it does, not by its score."""

import math
import re
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
import training_loop
from torch import Tensor, nn


def batches(sizes: tuple[int, ...] = (8, 5)) -> list[tuple[Tensor, Tensor]]:
    return [(torch.rand(size, 64), torch.randint(10, (size,))) for size in sizes]


def test_each_step_uses_the_gradient_of_its_own_batch() -> None:
    model, data = nn.Sequential(nn.Linear(64, 10)), batches()
    weight, bias = (p.detach().clone().requires_grad_() for p in model.parameters())
    for x, y in data:
        loss = F.nll_loss(F.linear(x, weight, bias).log_softmax(dim=1), y)
        slopes = torch.autograd.grad(loss, (weight, bias))
        weight, bias = ((p - 0.5 * g).detach().requires_grad_() for p, g in zip((weight, bias), slopes, strict=True))
    training_loop.train_epoch(model, data, torch.optim.SGD(model.parameters(), lr=0.5))
    torch.testing.assert_close(model[0].weight, weight)
    torch.testing.assert_close(model[0].bias, bias)


def test_without_zero_grad_the_second_step_repeats_the_first() -> None:
    data = batches((8,)) * 2
    moves = {}
    for mistake in ("", "never zero_grad"):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(64, 10))
        # At a tiny rate both gradients are the same g: right 2 steps of g, wrong g and then 2 g.
        before = model[0].weight.detach().clone()
        training_loop.train_epoch(model, data, torch.optim.SGD(model.parameters(), lr=1e-3), mistake)
        moves[mistake] = model[0].weight.detach() - before
    torch.testing.assert_close(moves["never zero_grad"], 1.5 * moves[""], rtol=0.02, atol=1e-7)


def test_the_loss_is_a_mean_over_samples_and_softmax_first_bounds_it() -> None:
    model, data = nn.Sequential(nn.Linear(64, 10)), batches()
    frozen = torch.optim.SGD(model.parameters(), lr=0.0)
    x, y = (torch.cat(parts) for parts in zip(*data, strict=True))
    with torch.no_grad():
        expected = F.cross_entropy(model(x), y).item()
    assert training_loop.train_epoch(model, data, frozen) == pytest.approx(expected, rel=1e-5)
    assert training_loop.smallest_loss_after_softmax(10) == pytest.approx(math.log(1 + 9 / math.e))
    with torch.no_grad():
        model[0].weight *= 1000
    assert training_loop.train_epoch(model, data, frozen, "softmax first") > math.log(1 + 9 / math.e)


def test_training_goes_back_to_train_mode() -> None:
    model = training_loop.build().eval()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    training_loop.train_epoch(model, batches(), optimizer, "eval for ever")
    assert not model.training
    training_loop.train_epoch(model, batches(), optimizer)
    assert model.training


def test_eval_and_no_grad_are_responsible_for_different_things() -> None:
    model, x = training_loop.build(), torch.rand(20, 64)
    for eval_mode in (False, True):
        for no_grad in (False, True):
            found = training_loop.footprint(model, x, eval_mode=eval_mode, no_grad=no_grad)
            assert found == (not no_grad, not eval_mode, eval_mode)


def test_accuracy_counts_samples_not_batches() -> None:
    model = nn.Sequential(nn.Linear(64, 10))
    data = batches((10, 1))
    with torch.no_grad():
        said = [model(x).argmax(dim=1) for x, _ in data]
    uneven = [(data[0][0], said[0]), (data[1][0], (said[1] + 1) % 10)]  # ten right, one wrong
    assert training_loop.evaluate(model, uneven) == pytest.approx(10 / 11)
    assert training_loop.mean_of_batches(model, uneven) == pytest.approx(1 / 2)
    assert not model.training


def test_illegal_input_is_refused() -> None:
    model = training_loop.build()
    with pytest.raises(ValueError, match="no mistake"):
        training_loop.train_epoch(model, batches(), torch.optim.SGD(model.parameters(), lr=0.1), "typo")
    with pytest.raises(ValueError, match="two classes"):
        training_loop.smallest_loss_after_softmax(1)


@pytest.mark.slow
def test_main_shows_what_each_mistake_costs(run_main: Callable[[str], str]) -> None:
    printed = run_main("training_loop.py")
    rows = re.findall(r"^  (right|never zero_grad|softmax first|eval for ever) +(\S+)  ([\d.]+)$", printed, re.M)
    score = {name: float(value) for name, _, value in rows}
    loss = {name: float(value) for name, value, _ in rows}
    assert score["right"] > 0.95
    assert score["never zero_grad"] < score["right"] - 0.02
    assert loss["softmax first"] > 1.46 > loss["right"]
    assert "nine right in one batch, one wrong in the next: 0.90 of all, mean of the batches 0.50" in printed
