"""Zero offsets are a convolution, whole ones a shifted one; sampling and gradients agree with grid_sample."""

import re
from collections.abc import Callable

import deformable_convolution as deformable
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor


def grid_sample(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """PyTorch's sampling, whose coordinates run from -1 to 1 and name the column first."""
    grid = torch.stack((2 * columns / (x.shape[3] - 1) - 1, 2 * rows / (x.shape[2] - 1) - 1), dim=-1)
    return F.grid_sample(x, grid.unsqueeze(2), padding_mode="zeros", align_corners=True).squeeze(3)


def test_sampling_and_its_gradients_agree_with_grid_sample() -> None:
    x = torch.randn(2, 3, 6, 7, dtype=torch.float64, requires_grad=True)
    rows = (torch.rand(2, 50, dtype=torch.float64) * 9 - 2).requires_grad_()  # some lie outside
    columns = (torch.rand(2, 50, dtype=torch.float64) * 10 - 2).requires_grad_()
    ours, theirs = deformable.bilinear_sample(x, rows, columns), grid_sample(x, rows, columns)
    torch.testing.assert_close(ours, theirs)
    upstream = torch.randn_like(ours)
    torch.testing.assert_close(
        torch.autograd.grad(ours, (x, rows, columns), upstream),
        torch.autograd.grad(theirs, (x, rows, columns), upstream),
    )


def test_sampling_by_hand() -> None:
    x = torch.tensor([[[[1.0, 3.0], [5.0, 9.0]]]])
    rows, columns = torch.tensor([[0.0, 0.5, 0.25, -0.5]]), torch.tensor([[1.0, 0.5, 0.0, 0.0]])
    # A pixel; the mean of four; a quarter of the way from 1 to 5; half of it on the zeros outside.
    assert deformable.bilinear_sample(x, rows, columns).flatten().tolist() == [3.0, 4.5, 2.0, 0.5]


def test_at_a_whole_place_the_gradient_is_the_next_pixel_minus_this_one() -> None:
    # The layer starts with offsets of 0: there, of all places, the gradient must not be lost.
    x = torch.tensor([[[[1.0, 3.0], [5.0, 9.0]]]])
    rows = torch.zeros(1, 1, requires_grad=True)
    columns = torch.zeros(1, 1, requires_grad=True)
    down, right = torch.autograd.grad(deformable.bilinear_sample(x, rows, columns).sum(), (rows, columns))
    assert (down.item(), right.item()) == (4.0, 2.0)


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (1, 1), (2, 1)])
def test_zero_offsets_are_a_convolution(stride: int, padding: int) -> None:
    x, weight = torch.randn(2, 3, 8, 7), torch.randn(4, 3, 3, 3)
    expected = F.conv2d(x, weight, stride=stride, padding=padding)
    offsets = torch.zeros(2, 18, *expected.shape[2:])
    actual = deformable.deformable_convolution(x, offsets, weight, stride=stride, padding=padding)
    torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-5)


def test_whole_offsets_are_a_convolution_of_the_shifted_image() -> None:
    x, weight = torch.randn(1, 2, 9, 9), torch.randn(3, 2, 3, 3)
    offsets = torch.zeros(1, 18, 9, 9)
    offsets[:, 0::2], offsets[:, 1::2] = 2.0, -1.0  # every tap reads 2 rows further down, 1 column to the left
    shifted = F.pad(x, (3, 3, 3, 3))[..., 5:14, 2:11]
    actual = deformable.deformable_convolution(x, offsets, weight, padding=1)
    expected = F.conv2d(shifted, weight, padding=1)
    torch.testing.assert_close(actual[..., 1:-3, 2:-1], expected[..., 1:-3, 2:-1], rtol=1e-4, atol=1e-5)


def test_spreading_offsets_are_a_dilated_convolution() -> None:
    # This also fixes the order of the channels: row and column of tap 1, of tap 2, ...
    x, weight = torch.randn(1, 2, 9, 9), torch.randn(3, 2, 3, 3)
    places = [(u, v) for u in (-1.0, 0.0, 1.0) for v in (-1.0, 0.0, 1.0)]
    offsets = torch.tensor(places).view(1, 18, 1, 1).expand(-1, -1, 9, 9)
    actual = deformable.deformable_convolution(x, offsets, weight, padding=1)
    torch.testing.assert_close(actual, F.conv2d(x, weight, padding=2, dilation=2), rtol=1e-4, atol=1e-5)


def test_the_mask_scales_each_tap() -> None:
    x, weight, mask = torch.randn(1, 1, 5, 5), torch.randn(1, 1, 3, 3), torch.zeros(1, 9, 5, 5)
    mask[:, 4] = 0.5
    actual = deformable.deformable_convolution(x, torch.zeros(1, 18, 5, 5), weight, mask, padding=1)
    torch.testing.assert_close(actual, 0.5 * weight[0, 0, 1, 1] * x)


def test_the_offsets_gradient_agrees_with_finite_differences() -> None:
    x = torch.randn(1, 1, 5, 5, dtype=torch.float64)
    offsets = torch.rand(1, 18, 5, 5, dtype=torch.float64) * 0.8 + 0.1  # away from whole places, where it jumps
    weight = torch.randn(1, 1, 3, 3, dtype=torch.float64)
    mask = torch.rand(1, 9, 5, 5, dtype=torch.float64)
    inputs = [t.requires_grad_() for t in (x, offsets, weight, mask)]
    assert torch.autograd.gradcheck(lambda *t: deformable.deformable_convolution(*t, padding=1), inputs, fast_mode=True)


@pytest.mark.parametrize("modulated", [False, True])
def test_the_layer_starts_as_a_plain_convolution(modulated: bool) -> None:
    layer, x = deformable.DeformableConv2d(2, 4, modulated=modulated), torch.randn(2, 2, 6, 5)
    expected = F.conv2d(x, layer.conv.weight, padding=1) * (0.5 if modulated else 1)
    torch.testing.assert_close(layer(x), expected, rtol=1e-4, atol=1e-5)
    assert layer.branch.out_channels == (27 if modulated else 18)


@pytest.mark.parametrize("modulated", [False, True])
def test_gradient_reaches_every_parameter(modulated: bool, assert_gradients: Callable[..., None]) -> None:
    layer = deformable.DeformableConv2d(2, 3, modulated=modulated)
    assert_gradients(layer, layer(torch.randn(2, 2, 6, 6)).square().mean())


def test_the_target_is_the_texture_where_the_shift_points() -> None:
    x, target = deformable.shifted_textures(5, seed=0)
    for image, wanted in zip(x, target, strict=True):
        dy, dx = (int(v) for v in image[1:, 0, 0])
        assert wanted[0, 8, 8] == image[0, 8 + dy, 8 + dx]


def test_a_little_training_beats_reading_in_place() -> None:
    x, target = deformable.shifted_textures(100, seed=1)
    layer = deformable.DeformableConv2d(3, 1)
    deformable.train(layer, steps=80)
    with torch.no_grad():
        assert deformable.inner_error(layer(x), target) < 0.6 * deformable.inner_error(x[:, :1], target)


def test_illegal_input_is_refused() -> None:
    x, weight = torch.zeros(1, 2, 5, 5), torch.zeros(3, 2, 3, 3)
    with pytest.raises(ValueError, match="expected offsets"):
        deformable.deformable_convolution(x, torch.zeros(1, 9, 5, 5), weight, padding=1)
    with pytest.raises(ValueError, match="expected a mask"):
        deformable.deformable_convolution(x, torch.zeros(1, 18, 5, 5), weight, torch.zeros(1, 18, 5, 5), padding=1)
    with pytest.raises(ValueError, match="odd"):
        deformable.DeformableConv2d(2, 3, kernel_size=2)
    with pytest.raises(ValueError, match="places"):
        deformable.bilinear_sample(x, torch.zeros(1, 3), torch.zeros(1, 4))


@pytest.mark.slow
def test_main_finds_the_shifts(run_script: Callable[[str], str]) -> None:
    printed = run_script("deformable_convolution.py")
    none, plain, moved = (float(v) for v in re.findall(r"held-out error[^:\d]*?:? +([\d.]+)", printed))
    assert moved < 0.1 * plain < plain < none
    pairs = re.findall(r"wanted \(([-+\d., ]+)\): the heaviest tap reads at \(([-+\d., ]+)\)", printed)
    assert len(pairs) == 3
    for wanted, read in pairs:
        for a, b in zip(wanted.split(", "), read.split(", "), strict=True):
            assert float(a) == pytest.approx(float(b), abs=0.25)
