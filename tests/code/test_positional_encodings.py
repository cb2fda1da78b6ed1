"""RoPE against complex numbers and rotation matrices, sinusoids and slopes by hand, shifts and distances."""

import math
import re
from collections.abc import Callable

import positional_encodings as pe
import pytest
import torch
from torch import Tensor


def complex_rope(x: Tensor, positions: Tensor, base: float = 10000.0) -> Tensor:
    """The same rotation as multiplication by e^(i m theta), an independent path."""
    theta = torch.tensor([base ** (-2 * i / x.shape[-1]) for i in range(x.shape[-1] // 2)], dtype=torch.float64)
    turn = torch.polar(torch.ones(len(positions), len(theta), dtype=torch.float64), positions[:, None] * theta)
    pairs = torch.view_as_complex(x.double().unflatten(-1, (-1, 2)).contiguous())
    return torch.view_as_real(pairs * turn).flatten(-2).to(x.dtype)


def test_sinusoids_by_hand() -> None:
    table = pe.sinusoidal(torch.arange(3), 4)
    for m in range(3):
        expected = [math.sin(m), math.cos(m), math.sin(m / 100), math.cos(m / 100)]
        assert table[m].tolist() == pytest.approx(expected, abs=1e-6)


def test_a_shift_is_a_linear_map_of_the_sinusoids() -> None:
    # One block-diagonal rotation moves every position by 7.
    table = pe.sinusoidal(torch.arange(300), 16)
    angles = [7 * 10000 ** (-2 * i / 16) for i in range(8)]
    blocks = [torch.tensor([[math.cos(a), math.sin(a)], [-math.sin(a), math.cos(a)]]) for a in angles]
    torch.testing.assert_close(table[:-7] @ torch.block_diag(*blocks).T, table[7:], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("base", [10000.0, 500.0])
def test_rope_is_complex_multiplication(base: float) -> None:
    x, positions = torch.randn(2, 3, 5, 8), torch.tensor([0, 1, 2, 77, 4000])
    torch.testing.assert_close(pe.rope(x, positions, base), complex_rope(x, positions, base))


def test_rope_turns_by_ninety_degrees() -> None:
    # With d = 2 theta is 1: position pi / 2 turns (1, 0) into (0, 1).
    turned = pe.rope(torch.tensor([[1.0, 0.0]]), torch.tensor([math.pi / 2]))
    torch.testing.assert_close(turned, torch.tensor([[0.0, 1.0]]))


def test_rope_scores_depend_on_the_difference_only() -> None:
    query, key = torch.randn(6, 16).double(), torch.randn(6, 16).double()
    places = torch.arange(6)
    scores = pe.rope(query, places) @ pe.rope(key, places).T
    for shift in (1, 100, 12345):
        shifted = pe.rope(query, places + shift) @ pe.rope(key, places + shift).T
        torch.testing.assert_close(scores, shifted)
    apart = pe.rope(query, places + 1) @ pe.rope(key, places).T
    assert not torch.allclose(scores, apart, atol=1e-3)
    assert pe.rope_score(query[0], key[0], 9, 4) == pytest.approx(pe.rope_score(query[0], key[0], 1009, 1004))


def test_rope_keeps_lengths_and_position_zero() -> None:
    x = torch.randn(5, 8)
    torch.testing.assert_close(pe.rope(x, torch.arange(5)).norm(dim=1), x.norm(dim=1))
    torch.testing.assert_close(pe.rope(x, torch.zeros(5)), x)


def test_added_sinusoids_are_not_relative() -> None:
    query, key = torch.randn(16), torch.randn(16)
    scores = [
        float((query + pe.sinusoidal(torch.tensor(m), 16)) @ (key + pe.sinusoidal(torch.tensor(m - 3), 16)))
        for m in (5, 105)
    ]
    assert abs(scores[0] - scores[1]) > 0.1


def test_alibi_by_hand() -> None:
    # The paper: for 8 heads 1/2, 1/4 .. 1/256.
    assert pe.alibi_slopes(8).tolist() == [2.0**-i for i in range(1, 9)]
    assert pe.alibi_slopes(16)[[0, 1, -1]].tolist() == pytest.approx([2**-0.5, 2**-1, 2**-8])
    bias = pe.alibi_bias(2, 3)
    inf = math.inf
    assert bias[0].tolist() == [[0, -inf, -inf], [-1 / 16, 0, -inf], [-2 / 16, -1 / 16, 0]]
    assert bias[1, 2, 0].item() == -2 / 256


def test_alibi_multiplies_the_weights_by_a_decay() -> None:
    scores = torch.randn(4, 6, 6)
    weights = (scores + pe.alibi_bias(4, 6)).softmax(dim=-1)
    distance = (torch.arange(6)[:, None] - torch.arange(6)).clamp(min=0)
    raw = scores.exp() * torch.exp(-pe.alibi_slopes(4)[:, None, None] * distance) * torch.ones(6, 6).tril()
    torch.testing.assert_close(weights, raw / raw.sum(dim=-1, keepdim=True))


def test_learnt_positions_are_added_and_trained(assert_gradients: Callable[..., None]) -> None:
    positions, x = pe.LearntPositions(6, 4), torch.randn(2, 5, 4)
    torch.testing.assert_close(positions(x), x + positions.table.weight[:5])
    assert_gradients(positions, positions(x).square().sum())


def test_stretching_to_longer_text() -> None:
    assert pe.longer_base(10000.0, 8, 128) == pytest.approx(82_685, abs=1)
    slowest, stretched = pe.frequencies(128)[-1], pe.frequencies(128, pe.longer_base(10000.0, 8, 128))[-1]
    assert float(slowest / stretched) == pytest.approx(8)
    assert pe.frequencies(128, 82_685.0)[0] == 1
    # Interpolated positions: 8 steps of the longer text are one step of the trained one.
    x = torch.randn(1, 8)
    torch.testing.assert_close(pe.rope(x, torch.tensor([32.0]) / 8), pe.rope(x, torch.tensor([4.0])))


def test_illegal_input_is_refused() -> None:
    for dim in (0, 3):
        with pytest.raises(ValueError, match="even"):
            pe.frequencies(dim)
    with pytest.raises(ValueError, match="learnt"):
        pe.LearntPositions(4, 2)(torch.zeros(1, 5, 2))
    with pytest.raises(ValueError, match="one position"):
        pe.rope(torch.zeros(3, 4), torch.arange(2))
    with pytest.raises(ValueError, match="powers of two"):
        pe.alibi_slopes(6)
    with pytest.raises(ValueError, match="scale"):
        pe.longer_base(10000.0, 0.5, 128)


def test_plot_has_a_table_and_curves() -> None:
    pytest.importorskip("matplotlib")
    table, curves = pe.plot().axes[:2]
    assert table.images[0].get_array().shape == (64, 100)
    assert len(curves.lines) == 3


@pytest.mark.slow
def test_main_shows_that_rope_is_relative(run_main: Callable[[str], str]) -> None:
    printed = run_main("positional_encodings.py")

    def scores(name: str) -> list[float]:
        line = next(line for line in printed.splitlines() if line.strip().startswith(name))
        return [float(number) for number in re.findall(r"-?\d+\.\d+", line)]

    rope, added = scores("RoPE "), scores("sinusoidal")
    assert max(rope) - min(rope) < 1e-3
    assert max(added) - min(added) > 0.1
    assert "18 of 64 pairs" in printed
    assert "82,685" in printed
    assert "no position beyond 512" in printed
