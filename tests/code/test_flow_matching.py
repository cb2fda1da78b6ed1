"""Between two Gaussians field, loss and trajectories are known in closed form; ours agree with them."""

import math
import re
from collections.abc import Callable

import flow_matching
import pytest
import scipy.stats
import torch
from torch import Tensor

MEAN, STD = 2.0, 0.5


def gaussian_field(x: Tensor, t: Tensor) -> Tensor:
    """E[x_1 - x_0 | x_t = x] for x_0 ~ N(0, I) and x_1 ~ N(MEAN, STD^2 I), by Gaussian conditioning."""
    variance = (1 - t).square() + (t * STD).square()  # of x_t
    covariance = t * STD**2 - (1 - t)  # of x_1 - x_0 with x_t
    return MEAN + covariance / variance * (x - t * MEAN)


def test_interpolation_starts_at_noise_and_ends_at_data() -> None:
    x0, x1 = torch.randn(3, 2), torch.randn(3, 2)
    t = torch.tensor([[0.0], [1.0], [0.25]])
    expected = torch.stack((x0[0], x1[1], 0.75 * x0[2] + 0.25 * x1[2]))
    torch.testing.assert_close(flow_matching.interpolate(x0, x1, t), expected)


def test_the_loss_of_the_mean_velocity_is_the_known_minimum() -> None:
    # What is left is the variance of x_1 - x_0 given x_t, s^2 / ((1 - t)^2 + t^2 s^2) in each dimension;
    # its mean over t is s pi / 2.
    x0, x1 = torch.randn(200_000, 2), MEAN + STD * torch.randn(200_000, 2)
    best = flow_matching.flow_matching_loss(gaussian_field, x0, x1).item()
    assert best == pytest.approx(2 * STD * math.pi / 2, rel=0.02)
    for other in (lambda x, t: gaussian_field(x, t) + 0.3, lambda x, t: torch.full_like(x, MEAN)):
        assert flow_matching.flow_matching_loss(other, x0, x1).item() > best + 0.1


def test_euler_carries_one_gaussian_to_the_other() -> None:
    start = torch.randn(1000, 2)
    fine = flow_matching.euler_sample(gaussian_field, start, 500)
    assert len(fine) == 501
    assert torch.equal(fine[0], start)
    torch.testing.assert_close(fine[-1], MEAN + STD * start, atol=0.02, rtol=0)
    half = fine[250]  # on the way: the mean t m, the variance (1 - t)^2 + t^2 s^2
    torch.testing.assert_close(half, 0.5 * MEAN + math.sqrt(0.25 + 0.25 * STD**2) * start, atol=0.02, rtol=0)
    # One step follows the mean velocity at t = 0, which is m - x: everything lands on the mean.
    torch.testing.assert_close(flow_matching.euler_sample(gaussian_field, start, 1)[-1], torch.full((1000, 2), MEAN))


def test_detour_of_a_line_and_of_half_a_circle() -> None:
    start = torch.randn(50, 2)
    line = flow_matching.euler_sample(lambda x, t: torch.tensor([3.0, -1.0]).expand_as(x), start, 10)
    assert flow_matching.detour(line) == pytest.approx(0, abs=1e-5)

    def turn(x: Tensor, t: Tensor) -> Tensor:
        return math.pi * torch.stack((-x[:, 1], x[:, 0]), dim=1)

    # Half a turn is pi r long, its ends 2 r apart.
    assert flow_matching.detour(flow_matching.euler_sample(turn, start, 4000)) == pytest.approx(
        math.pi / 2 - 1, abs=0.01
    )


def test_pairs_are_learnt_as_pairs(assert_gradients: Callable[..., None]) -> None:
    # x_1 = x_0 + (1, 2): paired, the slope is certain and the loss goes to 0; at random it is not.
    x0 = torch.randn(1000, 2)
    x1 = x0 + torch.tensor([1.0, 2.0])
    losses = {}
    for name, partners in (("paired", x0), ("random", None)):
        torch.manual_seed(0)
        model = flow_matching.Velocity(hidden_dim=32)
        assert_gradients(model, flow_matching.flow_matching_loss(model, x0, x1))
        losses[name] = sum(flow_matching.train(model, x1, partners, steps=400, lr=1e-2)[-20:]) / 20
        if name == "paired":
            one_step = flow_matching.euler_sample(model, x0, 1)[-1]
            assert (one_step - x1).norm(dim=1).mean() < 0.2
    assert losses["paired"] < 0.05
    assert losses["random"] > 1


def test_energy_distance_agrees_with_scipy() -> None:
    x, y = torch.randn(80, 1), 1.5 * torch.randn(60, 1) + 0.5
    expected = scipy.stats.energy_distance(x.flatten().numpy(), y.flatten().numpy()) ** 2  # SciPy takes the root
    assert flow_matching.energy_distance(x, y) == pytest.approx(expected, rel=1e-3)


def test_illegal_input_is_refused() -> None:
    x = torch.zeros(3, 2)
    with pytest.raises(ValueError, match="expected x0"):
        flow_matching.interpolate(x, x, torch.zeros(3))
    with pytest.raises(ValueError, match="expected x0"):
        flow_matching.interpolate(x, torch.zeros(4, 2), torch.zeros(3, 1))
    with pytest.raises(ValueError, match="pairs"):
        flow_matching.train(flow_matching.Velocity(), x, torch.zeros(4, 2), steps=1)
    with pytest.raises(ValueError, match="steps"):
        flow_matching.euler_sample(gaussian_field, x, 0)


@pytest.mark.slow
def test_plot_draws_trajectories_of_both() -> None:
    figure = flow_matching.plot()
    assert [axes.get_title().split(":")[0] for axes in figure.axes] == ["flow", "reflow"]
    for axes in figure.axes:
        assert len(axes.lines) == 60
        assert len(axes.collections) == 2


@pytest.mark.slow
def test_main_reflow_needs_fewer_steps(run_script: Callable[[str], str]) -> None:
    printed = run_script("flow_matching.py")
    scores = {
        name: {int(steps): float(score) for steps, score in re.findall(r"(\d+) steps ([\d.]+)", text)}
        for name, text in re.findall(r"^  (flow|reflow): (.*)$", printed, re.MULTILINE)
    }
    gaussian = re.search(r"covariance ([\d.]+)", printed)
    assert gaussian is not None
    assert scores["flow"][32] < float(gaussian.group(1)) / 3
    assert scores["flow"][1] > 5 * scores["flow"][32]
    assert scores["reflow"][1] < scores["flow"][1] / 5
    longer = [float(x) for x in re.findall(r"straight lines by ([\d.]+)%", printed)]
    assert longer[1] < longer[0] / 2
