"""Reshaped distributions by hand, beam search against all sequences, and what greedy misses."""

import math
import re
from collections.abc import Callable

import decoding
import pytest
import torch
from torch import Tensor

LOGITS = torch.tensor([3.0, 2.0, 1.0, 0.0])


def random_model(vocab_size: int, seed: int) -> decoding.NextLogProbs:
    """A model whose distributions depend on the whole prefix."""

    def model(prefix: tuple[int, ...]) -> Tensor:
        generator = torch.Generator().manual_seed(
            seed + sum((t + 1) * (vocab_size + 1) ** i for i, t in enumerate(prefix))
        )
        return torch.randn(vocab_size, generator=generator).mul(1.5).log_softmax(dim=0)

    return model


@pytest.mark.parametrize(
    ("temperature", "expected"),
    [
        (1.0, [0.644, 0.237, 0.087, 0.032]),
        (0.5, [0.865, 0.117, 0.016, 0.002]),
        (2.0, [0.455, 0.276, 0.167, 0.102]),
    ],
)
def test_temperature_by_hand(temperature: float, expected: list[float]) -> None:
    got = decoding.with_temperature(LOGITS, temperature).softmax(dim=0)
    assert got.tolist() == pytest.approx(expected, abs=1e-3)
    powers = LOGITS.softmax(dim=0) ** (1 / temperature)  # the same thing: p^(1/T), renormalised
    torch.testing.assert_close(got, powers / powers.sum())


def test_top_k_and_top_p_by_hand() -> None:
    assert decoding.keep_top_k(LOGITS, 2).softmax(dim=0).tolist() == pytest.approx([0.731, 0.269, 0, 0], abs=1e-3)
    kept = decoding.keep_top_p(LOGITS, 0.9).softmax(dim=0)
    assert kept.tolist() == pytest.approx([0.665, 0.245, 0.090, 0], abs=1e-3)


@pytest.mark.parametrize("p", [0.01, 0.3, 0.7, 0.95, 1.0])
def test_top_p_is_the_smallest_set_that_reaches_p(p: float) -> None:
    for row in torch.randn(20, 9).mul(2):
        probabilities = row.softmax(dim=0)
        kept = decoding.keep_top_p(row, p) > -math.inf
        total, smallest = probabilities[kept].sum(), probabilities[kept].min()
        assert total >= p - 1e-6
        assert total - smallest < p  # without its least likely member it falls short
        assert kept.all() or probabilities[~kept].max() <= smallest


def test_the_number_kept_adapts_with_top_p_only() -> None:
    sure, unsure = torch.tensor([9.0, 1, 1, 1, 1]), torch.tensor([1.1, 1, 1, 1, 1])
    batch = torch.stack((sure, unsure))
    assert (decoding.keep_top_p(batch, 0.9) > -math.inf).sum(dim=1).tolist() == [1, 5]
    assert (decoding.keep_top_k(batch, 3) > -math.inf).sum(dim=1).tolist() == [3, 3]


def test_samples_follow_the_reshaped_distribution() -> None:
    def constant(prefix: tuple[int, ...]) -> Tensor:
        return LOGITS.log_softmax(dim=0)

    drawn = decoding.sample(constant, (), 4000, lambda logits: decoding.keep_top_p(logits, 0.9))
    share = torch.tensor(drawn).bincount(minlength=4) / 4000
    assert share.tolist() == pytest.approx([0.665, 0.245, 0.090, 0], abs=0.03)  # standard error 0.0075
    assert share[3] == 0


@pytest.mark.parametrize("end", [None, 2])
@pytest.mark.parametrize("alpha", [0.0, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_a_beam_wide_enough_finds_the_best_sequence(end: int | None, alpha: float, seed: int) -> None:
    model = random_model(3, 1000 * seed)
    best = decoding.exhaustive_search(model, 3, 4, end, alpha)
    found = decoding.beam_search(model, 3**4, 4, end, alpha)[0]
    assert found.tokens == best.tokens
    assert found.log_p == pytest.approx(best.log_p, abs=1e-5)


def test_exhaustive_search_by_hand() -> None:
    # a=0.5 then END 0.3: 0.15; b=0.4 then END 0.9: 0.36; END at once: 0.1.
    best = decoding.exhaustive_search(decoding.trap, 3, 4, end=2)
    assert best.tokens == (1, 2)
    assert math.exp(best.log_p) == pytest.approx(0.36)


def test_a_beam_of_one_is_greedy_and_both_fall_into_the_trap() -> None:
    narrow = decoding.beam_search(decoding.trap, 1, 4, end=2)[0]
    assert narrow.tokens == decoding.greedy(decoding.trap, (), 4, end=2) == (0, 0, 2)
    assert math.exp(narrow.log_p) == pytest.approx(0.5 * 0.4 * 0.4)
    assert decoding.beam_search(decoding.trap, 2, 4, end=2)[0].tokens == (1, 2)
    for seed in range(5):
        model = random_model(4, 77 * seed)
        assert decoding.beam_search(model, 1, 6)[0].tokens == decoding.greedy(model, (), 6)


def test_a_wider_beam_is_mostly_better() -> None:
    scores = torch.tensor(
        [
            [decoding.beam_search(random_model(5, 31 * seed), width, 6)[0].log_p for width in (1, 4, 16)]
            for seed in range(15)
        ]
    )
    assert scores[:, 0].mean() < scores[:, 1].mean() < scores[:, 2].mean()


def test_length_normalisation_undoes_the_preference_for_short_texts() -> None:
    # END at once has p = 0.3; four more tokens of 0.7, 0.8, 0.8, 0.8 have 0.36 less the END's 0.8: 0.287.
    def model(prefix: tuple[int, ...]) -> Tensor:
        return torch.tensor([0.7, 0.3] if not prefix else [0.8, 0.2] if len(prefix) < 4 else [0.2, 0.8]).log()

    short, long = (decoding.beam_search(model, 8, 5, end=1, alpha=alpha)[0] for alpha in (0.0, 1.0))
    assert short.tokens == (1,)
    assert long.tokens == (0, 0, 0, 0, 1)
    assert short.log_p > long.log_p
    assert long.score(1.0) == pytest.approx(long.log_p / 5)


def test_the_letter_model_counts_and_backs_off() -> None:
    model, alphabet = decoding.letter_model("abab abac", order=2)
    a, b, c, space = (alphabet.index(letter) for letter in "abc ")
    after_ab = model((space, a, b)).exp()
    assert after_ab[a] == pytest.approx(2 / 3)  # "ab" is followed by a, a space and a
    assert after_ab[space] == pytest.approx(1 / 3)
    assert model((a, c)).exp()[a] == pytest.approx(4 / 9)  # "ac" and "c" end the text: the counts of single letters
    assert (model((c,)).exp().sum()).item() == pytest.approx(1)


def test_illegal_input_is_refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        decoding.with_temperature(LOGITS, 0.0)
    for k in (0, 5):
        with pytest.raises(ValueError, match=r"1\.\.4"):
            decoding.keep_top_k(LOGITS, k)
    for p in (0.0, 1.1):
        with pytest.raises(ValueError, match="p must lie"):
            decoding.keep_top_p(LOGITS, p)
    with pytest.raises(ValueError, match="at least 1"):
        decoding.beam_search(decoding.trap, 0, 3)


@pytest.mark.slow
def test_main_shows_the_trap_and_the_circles(run_main: Callable[[str], str]) -> None:
    printed = run_main("decoding.py")
    assert "0.665  0.245  0.090  0.000" in printed
    assert re.search(r"beam of 1: a a END +p = 0.080", printed)
    assert re.search(r"beam of 2: b END +p = 0.360", printed)
    lines = re.findall(r"^(\S.*?) +log p +(-[\d.]+), .* (\d+)%: ", printed, re.M)
    log_p = {name: float(value) for name, value, _ in lines}
    varied = {name: int(share) for name, _, share in lines}
    assert log_p["beam of 8"] > log_p["temperature 1"]
    assert max(varied["greedy"], varied["beam of 8"]) < 70
    assert varied["temperature 1"] > 90
