"""The loss is PyTorch's cross-entropy both ways; without negatives the vectors collapse."""

import math
import re
from collections.abc import Callable

import contrastive
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor


def unit(*shape: int) -> Tensor:
    return F.normalize(torch.randn(*shape), dim=1)


@pytest.mark.parametrize("temperature", [0.07, 1.0])
def test_loss_agrees_with_torch(temperature: float) -> None:
    u, v = unit(6, 4), unit(6, 4)
    logits = u @ v.T / temperature
    expected = (F.cross_entropy(logits, torch.arange(6)) + F.cross_entropy(logits.T, torch.arange(6))) / 2
    torch.testing.assert_close(contrastive.info_nce(u, v, temperature), expected)
    torch.testing.assert_close(contrastive.info_nce(v, u, temperature), expected)  # symmetric


def test_loss_by_hand() -> None:
    # Two pairs along the axes: logits 1/tau and 0, so log(1 + exp(-1/tau)) in every row and column.
    axes = torch.eye(2)
    assert contrastive.info_nce(axes, axes, 0.5).item() == pytest.approx(math.log(1 + math.exp(-2)))
    # All vectors equal: guessing among N.
    same = torch.tensor([[1.0, 0.0]]).expand(8, 2)
    assert contrastive.info_nce(same, same, 0.1).item() == pytest.approx(math.log(8), rel=1e-5)
    # Partners swapped: as wrong as can be.
    assert contrastive.info_nce(axes, axes.flip(0), 0.5).item() == pytest.approx(2 + math.log(1 + math.exp(-2)))


def test_towers_return_unit_vectors_and_learn_all_parts(assert_gradients: Callable[..., None]) -> None:
    model = contrastive.TwoTowers(5, 7, hidden_dim=16, shared_dim=4)  # views of different size
    u, v = model(torch.randn(9, 5), torch.randn(9, 7))
    torch.testing.assert_close(u.norm(dim=1), torch.ones(9))
    torch.testing.assert_close(v.norm(dim=1), torch.ones(9))
    assert_gradients(model, contrastive.info_nce(u, v, model.temperature()))  # the temperature too


def test_temperature_has_a_floor() -> None:
    model = contrastive.TwoTowers(2, 2)
    assert model.temperature().item() == pytest.approx(0.07)
    model.log_temperature.data.fill_(-20.0)
    assert model.temperature().item() == pytest.approx(0.01)


def test_recall_by_hand() -> None:
    u = torch.eye(4)
    assert contrastive.recall_at_1(u, u) == 1
    assert contrastive.recall_at_1(u, u.roll(1, dims=0)) == 0
    assert contrastive.recall_at_1(u, u[[0, 1, 3, 2]]) == 0.5
    assert contrastive.recall_at_1(5 * u, 0.1 * u) == 1  # length does not count


def test_spread_by_hand() -> None:
    assert contrastive.spread(torch.tensor([[0.6, 0.8]]).expand(5, 2)) == pytest.approx(0, abs=1e-6)
    # The axes of n dimensions: distance from their mean, squared, is 1 - 1/n.
    assert contrastive.spread(torch.eye(4)) == pytest.approx(math.sqrt(0.75))


def test_negatives_forbid_collapse() -> None:
    # Two views of hidden factors, by different fixed mixtures.
    hidden = torch.randn(600, 4)
    first, second = hidden @ torch.randn(4, 10), hidden @ torch.randn(4, 12)
    results = {}
    for negatives in (True, False):
        torch.manual_seed(0)
        model = contrastive.TwoTowers(10, 12, hidden_dim=32, shared_dim=8)
        contrastive.train(model, first[:500], second[:500], steps=250, negatives=negatives)
        with torch.no_grad():
            u, v = model(first[500:], second[500:])
        results[negatives] = (contrastive.recall_at_1(u, v), contrastive.spread(u), (u * v).sum(dim=1).mean().item())
    assert results[True][0] > 0.5  # of 100: chance is 0.01
    assert results[True][1] > 0.8
    assert results[False][2] > 0.98  # perfect agreement...
    assert results[False][1] < 0.7 * results[True][1]  # ...of vectors that say less
    assert results[False][0] < results[True][0]


def test_halves_belong_together() -> None:
    upper, lower, test_upper, test_lower = contrastive.halves()
    assert upper.shape == lower.shape == (1597, 32)
    assert test_upper.shape == test_lower.shape == (200, 32)


def test_illegal_input_is_refused() -> None:
    for u, v in ((unit(3, 4), unit(4, 4)), (unit(1, 4), unit(1, 4)), (torch.ones(4), torch.ones(4))):
        with pytest.raises(ValueError, match="two tensors"):
            contrastive.info_nce(u, v, 0.1)
    with pytest.raises(ValueError, match="at least 1"):
        contrastive.TwoTowers(3, 0)


@pytest.mark.slow
def test_main_beats_chance_and_collapses_without_negatives(run_script: Callable[[str], str]) -> None:
    printed = run_script("contrastive.py")
    recall = {
        name: float(value)
        for name, value in re.findall(r"^  (chance|untrained|InfoNCE|agreement alone) +([\d.]+)", printed, re.MULTILINE)
    }
    spread = {
        name: float(value)
        for name, value in re.findall(r"^  (InfoNCE|agreement alone) .*spread ([\d.]+)", printed, re.MULTILINE)
    }
    linear = re.search(r"\(linear\) ([\d.]+)", printed)
    assert linear is not None
    assert recall["InfoNCE"] > max(10 * recall["chance"], float(linear.group(1)))
    assert recall["untrained"] < 0.05
    assert recall["agreement alone"] < recall["InfoNCE"] / 2
    assert spread["agreement alone"] < spread["InfoNCE"] / 2
