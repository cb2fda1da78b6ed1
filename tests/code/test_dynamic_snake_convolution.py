"""Steps add up by hand; the straight snake is a convolution; sampling and gradients against grid_sample."""

import re
from collections.abc import Callable
from io import BytesIO

import dynamic_snake_convolution as snake
import pytest
import torch
import torch.nn.functional as F
from torch import nn


def test_deviations_by_hand() -> None:
    # Outwards from the centre: left 0.5, 0.5 + 1.0; right -1.0, -1.0 + 0.25.
    steps = torch.tensor([1.0, 0.5, -1.0, 0.25]).view(1, 4, 1, 1)
    assert snake.snake_deviations(steps).flatten().tolist() == [1.5, 0.5, 0.0, -1.0, -0.75]


def test_neighbouring_taps_are_less_than_one_row_apart() -> None:
    layer = snake.SnakeConv(2, 3, "x")
    for parameter in layer.branch.parameters():
        nn.init.normal_(parameter)
    deviations = layer.deviations(torch.randn(2, 2, 7, 7))
    assert deviations.shape == (2, 9, 7, 7)
    assert (deviations[:, 4] == 0).all()
    assert deviations.diff(dim=1).abs().max() <= 1 + 1e-5
    assert deviations.abs().max() > 1  # and yet they get away from the line


def test_sampling_and_its_gradients_agree_with_grid_sample() -> None:
    x = torch.randn(2, 3, 6, 7, dtype=torch.float64, requires_grad=True)
    deviations = (torch.rand(2, 5, 6, 7, dtype=torch.float64) * 6 - 3).requires_grad_()
    rows = torch.arange(6).view(1, 1, 6, 1) + deviations
    columns = (torch.arange(7) + torch.arange(-2, 3).view(1, 5, 1, 1)).double().expand_as(rows)
    grid = torch.stack((2 * columns / 6 - 1, 2 * rows / 5 - 1), dim=-1).flatten(1, 2)
    theirs = F.grid_sample(x, grid, padding_mode="zeros", align_corners=True).unflatten(2, (5, 6))
    ours = snake.sample_along_x(x, deviations)
    torch.testing.assert_close(ours, theirs)
    upstream = torch.randn_like(ours)
    torch.testing.assert_close(
        torch.autograd.grad(ours, (x, deviations), upstream), torch.autograd.grad(theirs, (x, deviations), upstream)
    )


@pytest.mark.parametrize("taps", [3, 9])
def test_the_layer_starts_as_a_straight_kernel(taps: int) -> None:
    x = torch.randn(2, 3, 8, 10)
    along_x, along_y = snake.SnakeConv(3, 4, "x", taps), snake.SnakeConv(3, 4, "y", taps)
    weight = along_x.line.weight
    torch.testing.assert_close(along_x(x), F.conv2d(x, weight, padding=(0, taps // 2)), rtol=1e-4, atol=1e-5)
    weight = along_y.line.weight.transpose(2, 3)
    torch.testing.assert_close(along_y(x), F.conv2d(x, weight, padding=(taps // 2, 0)), rtol=1e-4, atol=1e-5)


def test_whole_steps_follow_a_diagonal() -> None:
    # One row further down per column: the taps read the diagonal, on which the image is 1.
    x = torch.eye(11).view(1, 1, 11, 11)
    steps = torch.cat((-torch.ones(1, 4, 11, 11), torch.ones(1, 4, 11, 11)), dim=1)
    sampled = snake.sample_along_x(x, snake.snake_deviations(steps))
    assert sampled[0, 0, :, 5, 5].tolist() == [1.0] * 9
    assert snake.sample_along_x(x, torch.zeros(1, 9, 11, 11))[0, 0, :, 5, 5].sum() == 1


def test_gradient_reaches_every_parameter(assert_gradients: Callable[..., None]) -> None:
    layer = snake.SnakeConv(2, 3, "y")
    nn.init.normal_(layer.branch[2].weight)  # behind zeros the hidden layer gets none, at the very start
    assert_gradients(layer, layer(torch.randn(2, 2, 6, 6)).square().mean())


def test_the_target_follows_the_line() -> None:
    data = snake.draw_vessels(6, seed=0)
    assert data.images.shape == data.targets.shape == data.on_line.shape == (6, 1, 28, 28)
    # Where lines are, the picture has about their brightness; averaged along a line, about the target.
    assert (data.images - data.targets)[data.on_line].mean().abs() < 0.05
    # A line is one pixel wide per column: along it, targets change slowly, the picture does not.
    assert data.targets[data.on_line].std() < 0.6 * data.images[data.on_line].std()


def test_a_little_training_beats_the_straight_kernel() -> None:
    data = snake.draw_vessels(40, seed=1)
    errors = []
    for kind in ("straight", "snake"):
        torch.manual_seed(0)
        model = snake.build(kind)
        snake.train(model, steps=150)
        with torch.no_grad():
            errors.append(snake.squared_error(model, data).item())
    assert errors[1] < 0.7 * errors[0]


def test_illegal_input_is_refused() -> None:
    with pytest.raises(ValueError, match="odd number of taps"):
        snake.snake_deviations(torch.zeros(1, 3, 4, 4))
    with pytest.raises(ValueError, match="odd number"):
        snake.SnakeConv(1, 1, "x", taps=4)
    with pytest.raises(ValueError, match="axis"):
        snake.SnakeConv(1, 1, "z")
    with pytest.raises(ValueError, match="kind must be"):
        snake.build("round")


@pytest.mark.slow
def test_plot_shows_two_images() -> None:
    pytest.importorskip("matplotlib")
    figure = snake.plot()
    figure.savefig(BytesIO())
    assert len(figure.axes) == 2
    assert len(figure.axes[0].lines) == 6  # straight and snake at three places


@pytest.mark.slow
def test_main_shows_the_snake_ahead(run_script: Callable[[str], str]) -> None:
    printed = run_script("dynamic_snake_convolution.py")
    assert "deviations -1.0 +0.0 +1.0 +0.5 +0.0 +0.5 +1.0 +1.0 +0.5" in printed
    square, straight, bent = (float(v) for v in re.findall(r"^  \w+ +(-?[\d.]+)$", printed, re.M))
    assert max(square, straight) < 0.5 < bent
