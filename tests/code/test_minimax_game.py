"""Growth by the spectral radius of the step; autograd's gradients; the invariant of the alternating game."""

import math
import re
from collections.abc import Callable

import minimax_game
import numpy as np
import pytest
import torch


@pytest.mark.parametrize("rate", [0.05, 0.5])
@pytest.mark.parametrize("way", ["simultaneous", "extragradient"])
def test_growth_is_the_spectral_radius_of_the_step(way: str, rate: float) -> None:
    field = np.array([[0.0, -1.0], [1.0, 0.0]])  # (-df/dx, df/dy) of x y
    step = np.eye(2) + rate * field
    if way == "extragradient":
        step = np.eye(2) + rate * field @ step
    expected = np.abs(np.linalg.eigvals(step)).max()
    assert minimax_game.growth(way, rate) == pytest.approx(expected)
    found = minimax_game.distances(minimax_game.play(way, rate, steps=20))
    np.testing.assert_allclose(found[1:] / found[:-1], expected)


def test_alternating_keeps_its_invariant() -> None:
    # (1, 0) goes to (1, rate) and (0, 1) to (-rate, 1 - rate^2): both keep x^2 + y^2 - rate x y = 1.
    points = minimax_game.play("alternating", 0.1, steps=2000)
    x, y = points.T
    np.testing.assert_allclose(x**2 + y**2 - 0.1 * x * y, 1.9)
    assert 1.2 < minimax_game.distances(points).min() < minimax_game.distances(points).max() < 1.6


def test_the_first_step_uses_autograds_gradients() -> None:
    x, y = torch.tensor(1.0, requires_grad=True), torch.tensor(1.0, requires_grad=True)
    (x * y - 0.25 * y**2).backward()
    assert x.grad is not None
    assert y.grad is not None
    first = minimax_game.play("simultaneous with friction", 0.1, steps=1, friction=0.5)[1]
    # The first player's value is x y; the friction is the second player's alone and has no slope in x.
    assert first.tolist() == pytest.approx([1 - 0.1 * x.grad.item(), 1 + 0.1 * y.grad.item()])


def test_friction_and_looking_ahead_converge() -> None:
    for way in ("extragradient", "simultaneous with friction"):
        assert minimax_game.distances(minimax_game.play(way, 0.1, steps=2000))[-1] < 0.01
    assert minimax_game.distances(minimax_game.play("simultaneous", 0.1, steps=500))[-1] > 10


def test_plot_shows_every_way() -> None:
    assert [axes.get_title().replace("\n", " ") for axes in minimax_game.plot().axes] == list(minimax_game.WAYS)


def test_illegal_input_is_refused() -> None:
    for way, rate in (("together", 0.1), ("alternating", 0.0)):
        with pytest.raises(ValueError, match="rate above 0"):
            minimax_game.play(way, rate)
    with pytest.raises(ValueError, match="constant factor"):
        minimax_game.growth("alternating", 0.1)


@pytest.mark.slow
def test_main_prints_the_distances(run_main: Callable[[str], str]) -> None:
    printed = run_main("minimax_game.py")
    after = {way.strip(): float(d) for way, d in re.findall(r"^  (.+?) at first .* 1000 (\S+)$", printed, re.MULTILINE)}
    assert after["simultaneous"] == pytest.approx(math.sqrt(2) * 1.01**500, rel=0.01)
    assert 1 < after["alternating"] < 2
    assert max(after["extragradient"], after["simultaneous with friction"]) < 0.02
    assert "times 1.01 = 1 + 0.1^2" in printed
