"""The target's distribution comes out exactly: in closed form, by chi-square, and over whole texts."""

import re
from collections.abc import Callable

import pytest
import speculative_decoding as spec
import torch
from scipy.stats import chisquare
from torch import Tensor

P = torch.tensor([0.4, 0.3, 0.2, 0.1], dtype=torch.float64)
Q = torch.tensor([0.1, 0.6, 0.1, 0.2], dtype=torch.float64)


def pvalue(counts: Tensor, p: Tensor) -> float:
    return float(chisquare(counts.numpy(), (p * counts.sum()).numpy()).pvalue)


def tables(size: int = 4, noise: float = 1.0) -> tuple[Tensor, Tensor]:
    p = torch.randn(size, size, dtype=torch.float64).softmax(dim=1)
    return p, (p.log() + noise * torch.randn(size, size, dtype=torch.float64)).softmax(dim=1)


def test_acceptance_and_residual_by_hand() -> None:
    assert spec.acceptance_rate(P, Q).item() == pytest.approx(0.1 + 0.3 + 0.1 + 0.1)
    assert spec.residual(P, Q).tolist() == pytest.approx([0.3 / 0.4, 0, 0.1 / 0.4, 0])
    total_variation = (P - Q).abs().sum() / 2
    assert spec.acceptance_rate(P, Q).item() == pytest.approx(1 - total_variation.item())


def test_accepted_and_replaced_add_up_to_the_target() -> None:
    for _ in range(20):
        p, q = torch.randn(2, 6, dtype=torch.float64).mul(2).softmax(dim=1)
        accepted = q * torch.minimum(torch.ones(()), p / q)
        replaced = (1 - accepted.sum()) * spec.residual(p, q)
        torch.testing.assert_close(accepted + replaced, p)


def test_one_token_passes_the_chi_square_test_and_the_mistakes_fail() -> None:
    assert pvalue(spec.one_token(P, Q, 50_000, "residual"), P) > 0.01
    assert pvalue(spec.one_token(P, Q, 50_000, "p again"), P) < 1e-6
    keep_all = spec.one_token(P, Q, 50_000, "keep all")
    assert pvalue(keep_all, P) < 1e-6
    assert pvalue(keep_all, Q) > 0.01


def test_verify_follows_the_target() -> None:
    # One drafted token: the first of the round has the target's distribution, the accepted are sum min(p, q).
    generator = torch.Generator().manual_seed(1)
    counts, good = torch.zeros(4), 0
    for token in torch.multinomial(Q, 3000, replacement=True, generator=generator).tolist():
        new, accepted = spec.verify([token], [Q], [P, Q], generator)
        assert len(new) == accepted + 1
        counts[new[0]] += 1
        good += accepted
    assert pvalue(counts.double(), P) > 0.01
    assert good / 3000 == pytest.approx(0.6, abs=0.04)  # standard error 0.009


def test_the_second_token_of_a_round_follows_the_target_too() -> None:
    p, q = tables()
    generator = torch.Generator().manual_seed(0)
    pairs = torch.zeros(4, 4, dtype=torch.float64)
    for _ in range(2000):
        # What a rejected draft leaves open, the next round writes: two rounds give two tokens at least.
        tokens = [0]
        while len(tokens) < 3:
            tokens += spec.speculative_round(spec.markov(p), spec.markov(q), tokens, 2, generator)[0]
        pairs[tokens[1], tokens[2]] += 1
    assert pvalue(pairs.flatten(), (p[0][:, None] * p).flatten()) > 0.01


def test_a_perfect_draft_is_always_accepted_and_a_disjoint_one_never() -> None:
    p, _ = tables()
    _, rounds, share = spec.generate(spec.markov(p), spec.markov(p), [0], 100, 4)
    assert share == 1
    assert rounds == 20  # five tokens each
    left, right = torch.tensor([[0.5, 0.5, 0, 0]] * 4), torch.tensor([[0, 0, 0.5, 0.5]] * 4)
    tokens, rounds, share = spec.generate(spec.markov(left), spec.markov(right), [0], 30, 4)
    assert (share, rounds) == (0, 30)
    assert set(tokens) <= {0, 1}


def test_tokens_per_round_by_hand_and_by_drawing() -> None:
    assert spec.tokens_per_round(0.8, 4) == pytest.approx((1 - 0.8**5) / 0.2) == pytest.approx(3.3616)
    assert spec.speed_up(0.8, 4, 0.05) == pytest.approx(3.3616 / 1.2)
    assert spec.tokens_per_round(1.0, 4) == 5
    assert spec.tokens_per_round(0.0, 4) == 1
    # The same p and q at every place: tokens are independent, as the formula assumes.
    tokens, rounds, share = spec.generate(lambda _: P, lambda _: Q, [0], 3000, 3)
    assert share == pytest.approx(0.6, abs=0.04)
    assert (len(tokens) - 1) / rounds == pytest.approx(spec.tokens_per_round(0.6, 3), rel=0.06)


def test_illegal_input_is_refused() -> None:
    generator = torch.Generator()
    with pytest.raises(ValueError, match="equals q"):
        spec.residual(P, P)
    with pytest.raises(ValueError, match="one p more"):
        spec.verify([0], [Q], [P], generator)
    with pytest.raises(ValueError, match="at least one"):
        spec.speculative_round(lambda _: P, lambda _: Q, [0], 0, generator)
    for bad in (torch.tensor([1.0, 2.0]), torch.tensor([1.5, -0.5])):
        with pytest.raises(ValueError, match="not logits"):
            spec.speculative_round(lambda _: P, lambda _, bad=bad: bad, [0], 2, generator)
    with pytest.raises(ValueError, match="acceptance rate"):
        spec.tokens_per_round(1.2, 3)


@pytest.mark.slow
def test_main_keeps_the_distribution(run_main: Callable[[str], str]) -> None:
    printed = run_main("speculative_decoding.py")
    right, again, keep = (float(value) for value in re.findall(r"p-value (\S+)", printed))
    assert right > 0.01
    assert max(again, keep) < 1e-6
    assert "3.36 tokens a round, 2.8 times faster" in printed
    assert all(float(e) < 0.06 for e in re.findall(r"frequency ([\d.]+)", printed))
    found = re.findall(r"([\d.]+) tokens a target pass \(formula ([\d.]+)", printed)
    (good, _), (poor, _) = ((float(a), float(b)) for a, b in found)
    assert good > poor > 1
