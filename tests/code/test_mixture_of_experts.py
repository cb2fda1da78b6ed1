"""The sparse layer equals a dense sum with zero gates; the loss and the sizes by hand."""

import re
from collections.abc import Callable

import mixture_of_experts as moe
import pytest
import torch


@pytest.mark.parametrize("top_k", [1, 2, 4])
def test_agrees_with_a_dense_sum_over_all_experts(top_k: int) -> None:
    model, x = moe.MixtureOfExperts(6, num_experts=4, top_k=top_k), torch.randn(20, 6)
    y, routing = model(x)
    scores = model.router(x)
    # Softmax over the chosen alone is the softmax over all, scaled to 1.
    kept = scores.masked_fill(scores < scores.sort(dim=1, descending=True).values[:, top_k - 1 : top_k], -torch.inf)
    gates = kept.softmax(dim=1) if top_k > 1 else kept.softmax(dim=1) * scores.softmax(dim=1)
    dense = torch.stack([expert(x) for expert in model.experts], dim=1)  # (T, N, D)
    torch.testing.assert_close(y, (gates.unsqueeze(2) * dense).sum(dim=1), rtol=1e-4, atol=1e-5)
    if top_k > 1:
        torch.testing.assert_close(routing.gates.sum(dim=1), torch.ones(20))


def test_an_expert_sees_only_its_own_tokens() -> None:
    model, x = moe.MixtureOfExperts(6, num_experts=3, top_k=1), torch.randn(30, 6)
    before, routing = model(x)
    with torch.no_grad():
        for parameter in model.experts[1].parameters():
            parameter.add_(1.0)
    after, _ = model(x)
    changed = (before != after).any(dim=1)
    assert torch.equal(changed, routing.experts[:, 0] == 1)
    assert 0 < int(changed.sum()) < 30


def test_balance_loss_by_hand() -> None:
    even = moe.Routing(torch.tensor([[0], [1]]), torch.ones(2, 1), torch.full((2, 2), 0.5))
    assert moe.balance_loss(even).item() == pytest.approx(1)
    one = moe.Routing(torch.tensor([[0], [0]]), torch.ones(2, 1), torch.tensor([[1.0, 0.0], [1.0, 0.0]]))
    assert moe.balance_loss(one).item() == pytest.approx(2)
    # f = (3/4, 1/4), P = (0.6, 0.4): 2 (0.45 + 0.1).
    mixed = moe.Routing(torch.tensor([[0, 1], [0, 0]]), torch.ones(2, 2), torch.tensor([[0.7, 0.3], [0.5, 0.5]]))
    assert moe.load(mixed).tolist() == [0.75, 0.25]
    assert moe.balance_loss(mixed).item() == pytest.approx(1.1)


def test_the_loss_lowers_the_probability_of_the_favourite() -> None:
    scores = torch.tensor([[2.0, 0.0, 0.0]]).repeat(4, 1).requires_grad_()
    probability = scores.softmax(dim=1)
    moe.balance_loss(moe.Routing(torch.zeros(4, 1).long(), torch.ones(4, 1), probability)).backward()
    assert scores.grad is not None
    assert (scores.grad[:, 0] > 0).all()  # descent lowers it
    assert (scores.grad[:, 1:] < 0).all()


def test_sizes_by_hand() -> None:
    # 3 * 4096 * 14336 = 176,160,768 an expert; 8 * 32 of them, or 2 * 32, and 1,340.8M + 262M shared.
    size = moe.model_size(32, 4096, 14336, 8, 2, attention=41_900_000, embeddings=262_000_000)
    assert size.total == 256 * 176_160_768 + 1_602_800_000
    assert size.active == 64 * 176_160_768 + 1_602_800_000


def test_gradient_reaches_the_router_and_every_expert_in_use(assert_gradients: Callable[..., None]) -> None:
    model = moe.MixtureOfExperts(6, num_experts=3, top_k=2)
    y, routing = model(torch.randn(64, 6))
    assert set(routing.experts.flatten().tolist()) == {0, 1, 2}
    assert_gradients(model, y.square().mean())
    one = moe.MixtureOfExperts(6, num_experts=2, top_k=1)
    one(torch.randn(64, 6))[0].square().mean().backward()
    assert one.router.weight.grad is not None
    assert one.router.weight.grad.any()  # with the gate scaled to 1 it would be all 0


def test_illegal_input_is_refused() -> None:
    for top_k in (0, 5):
        with pytest.raises(ValueError, match="top_k"):
            moe.MixtureOfExperts(6, num_experts=4, top_k=top_k)
    with pytest.raises(ValueError, match="at most"):
        moe.model_size(1, 2, 2, 2, 3, attention=0, embeddings=0)


@pytest.mark.slow
def test_main_counts_and_balances(run_main: Callable[[str], str]) -> None:
    printed = run_main("mixture_of_experts.py")
    assert "46.7B parameters, 12.9B active (93 GB in bf16" in printed
    without, with_loss = (float(value) for value in re.findall(r"balance loss ([\d.]+)", printed))
    assert without > 1.3
    assert with_loss < without - 0.2
