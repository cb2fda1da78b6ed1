"""The branch against explicit matrices, zero start, merging, freezing, and the count of parameters."""

import copy
import re
from collections.abc import Callable

import lora
import pytest
import torch
from torch import nn


def adapted(rank: int = 2, alpha: float = 6.0) -> lora.LoRALinear:
    """An adapter whose B has already moved away from zero."""
    layer = lora.LoRALinear(nn.Linear(5, 4), rank, alpha)
    nn.init.normal_(layer.B)
    return layer


def test_forward_by_explicit_matrices() -> None:
    layer, x = adapted(), torch.randn(3, 5)
    whole = layer.base.weight + 6.0 / 2 * layer.B @ layer.A
    torch.testing.assert_close(layer(x), x @ whole.T + layer.base.bias)
    torch.testing.assert_close(layer.update(), whole - layer.base.weight)
    assert torch.linalg.matrix_rank(layer.update()) == 2


def test_it_starts_as_the_old_layer() -> None:
    base, x = nn.Linear(5, 4), torch.randn(3, 5)
    expected = base(x)
    assert torch.equal(lora.LoRALinear(base, 3, 16.0)(x), expected)


def test_only_the_branch_gets_a_gradient() -> None:
    layer = adapted()
    layer(torch.randn(3, 5)).square().sum().backward()
    assert layer.base.weight.grad is None
    assert layer.base.bias.grad is None
    assert layer.A.grad is not None
    assert layer.B.grad is not None
    assert layer.A.grad.any()
    assert layer.B.grad.any()


def test_at_the_start_b_moves_first_and_two_zeros_never_move() -> None:
    layer, x = lora.LoRALinear(nn.Linear(5, 4), 2, 4.0), torch.randn(3, 5)
    layer(x).square().sum().backward()
    assert layer.A.grad is not None
    assert layer.B.grad is not None
    assert not layer.A.grad.any()  # B is zero, and the gradient of A contains it
    assert layer.B.grad.any()
    nn.init.zeros_(layer.A)
    layer.zero_grad(set_to_none=False)
    layer(x).square().sum().backward()
    assert not layer.A.grad.any()
    assert not layer.B.grad.any()


def test_gradients_by_the_chain_rule() -> None:
    # With G = dL/dy^T x the gradient of the whole matrix: dL/dB = s G A^T and dL/dA = s B^T G.
    layer, x = adapted(), torch.randn(3, 5)
    y = layer(x)
    y.square().sum().backward()
    whole = (2 * y).T.detach() @ x
    torch.testing.assert_close(layer.B.grad, 3.0 * whole @ layer.A.detach().T)
    torch.testing.assert_close(layer.A.grad, 3.0 * layer.B.detach().T @ whole)


def test_merging_changes_no_output_and_can_be_undone() -> None:
    layer, x = adapted(), torch.randn(3, 5)
    before, weight = layer(x), layer.base.weight.clone()
    layer.merge()
    torch.testing.assert_close(layer(x), before)
    torch.testing.assert_close(layer.base(x), before)  # an ordinary layer now
    layer.unmerge()
    torch.testing.assert_close(layer.base.weight, weight)
    torch.testing.assert_close(layer(x), before)


def test_add_lora_freezes_and_wraps_everything() -> None:
    inner = nn.Sequential(nn.Linear(6, 4), nn.LayerNorm(4))
    model = lora.add_lora(nn.Sequential(nn.Linear(5, 6), inner, nn.Linear(4, 3)), rank=2, alpha=4.0)
    assert len(lora.adapters(model)) == 3
    assert {name.rsplit(".", 1)[1] for name, p in model.named_parameters() if p.requires_grad} == {"A", "B"}
    expected = sum(lora.lora_parameters(a, b, 2) for a, b in ((5, 6), (6, 4), (4, 3)))
    assert lora.trainable(model) == expected == 2 * (11 + 10 + 7)


def test_parameter_counts_by_hand() -> None:
    assert lora.lora_parameters(4096, 4096, 8) == 65_536
    assert lora.lora_parameters(4096, 4096, 8, matrices=64) == 4_194_304


def test_training_moves_the_adapter_and_never_the_base() -> None:
    images, labels, test_images, test_labels = lora.digits(turned=True)
    model = lora.build()
    lora.train(model, *lora.digits(turned=False)[:2], epochs=3)
    untouched, before = copy.deepcopy(model), lora.accuracy(model, test_images, test_labels)
    lora.add_lora(model, rank=4, alpha=8.0)
    lora.train(model, images, labels, epochs=3, lr=1e-2)
    for adapter, layer in zip(lora.adapters(model), (m for m in untouched if isinstance(m, nn.Linear)), strict=True):
        assert torch.equal(adapter.base.weight, layer.weight)
        assert adapter.B.any()
    assert lora.accuracy(model, test_images, test_labels) > before + 0.3


def test_turned_digits_by_hand() -> None:
    upright, turned = lora.digits(turned=False), lora.digits(turned=True)
    assert torch.equal(upright[1], turned[1])
    image, other = upright[0][0].view(8, 8), turned[0][0].view(8, 8)
    assert torch.equal(other[0], image[:, 7])  # counter-clockwise: the last column becomes the first row


def test_illegal_input_is_refused() -> None:
    for rank in (0, 5):
        with pytest.raises(ValueError, match=r"1\.\.4"):
            lora.LoRALinear(nn.Linear(5, 4), rank, 1.0)
    layer = adapted()
    with pytest.raises(RuntimeError, match="not merged"):
        layer.unmerge()
    layer.merge()
    with pytest.raises(RuntimeError, match="twice"):
        layer.merge()


@pytest.mark.slow
def test_main_shows_that_a_low_rank_suffices(run_script: Callable[[str], str]) -> None:
    printed = run_script("lora.py")
    assert "4,194,304 trained" in printed
    scores = {
        name: float(score)
        for name, score in re.findall(r"^  (\S.*?) +[\d,]+ parameters trained: ([\d.]+)", printed, re.M)
    }
    before = float(re.findall(r"on turned ones ([\d.]+)", printed)[0])
    assert before < 0.4
    assert scores["LoRA, rank 8"] > scores["LoRA, rank 1"] > before
    assert scores["LoRA, rank 8"] > scores["last layer only"]
    assert scores["LoRA, rank 8"] > 0.9
    assert float(re.findall(r"a logit (\S+);", printed)[0]) < 1e-4
    first = re.findall(r"upright digits: ([\d.]+)", printed)[0]
    assert f"upright digits {first} as at first" in printed
