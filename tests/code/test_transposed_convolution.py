"""Agrees with F.conv_transpose2d and with autograd; the overlaps are counted by hand."""

import re
from collections.abc import Callable
from io import BytesIO

import pytest
import torch
import torch.nn.functional as F
import transposed_convolution as transposed


@pytest.mark.parametrize(
    ("stride", "padding", "output_padding"), [(1, 0, 0), (2, 0, 0), (2, 1, 1), (3, 1, 2), (2, 2, 0)]
)
@pytest.mark.parametrize("kernel", [(3, 3), (4, 3), (1, 1)])
def test_agrees_with_conv_transpose2d(kernel: tuple[int, int], stride: int, padding: int, output_padding: int) -> None:
    x, weight = torch.randn(2, 3, 5, 6), torch.randn(3, 4, *kernel)
    settings = {"stride": stride, "padding": padding, "output_padding": output_padding}
    expected = F.conv_transpose2d(x, weight, **settings)
    actual = transposed.transposed_convolution(x, weight, **settings)
    torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-5)
    assert actual.shape[2] == transposed.output_size(5, kernel[0], **settings)


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 1), (3, 0)])
def test_is_the_gradient_of_a_convolution(stride: int, padding: int) -> None:
    x, weight = torch.randn(1, 2, 9, 9, requires_grad=True), torch.randn(3, 2, 3, 3)
    y = F.conv2d(x, weight, stride=stride, padding=padding)
    upstream = torch.randn_like(y)
    (expected,) = torch.autograd.grad(y, x, upstream)
    actual = transposed.transposed_convolution(upstream, weight, stride, padding)
    torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-5)


def test_multiplies_by_the_transposed_matrix() -> None:
    weight = torch.randn(1, 1, 3, 3)
    basis = torch.eye(25).view(25, 1, 5, 5)
    matrix = F.conv2d(basis, weight, stride=2).flatten(1).T  # (4, 25): y = C x
    y = torch.randn(1, 1, 2, 2)
    back = transposed.transposed_convolution(y, weight, stride=2)
    torch.testing.assert_close(back.flatten(), matrix.T @ y.flatten())
    assert not torch.allclose(matrix @ back.flatten(), y.flatten(), atol=1e-2)  # no inverse


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 1), (3, 2)])
def test_zeros_then_convolve_is_the_same(stride: int, padding: int) -> None:
    x, weight = torch.randn(2, 3, 4, 5), torch.randn(3, 2, 3, 3)
    expected = F.conv_transpose2d(x, weight, stride=stride, padding=padding)
    actual = transposed.zeros_then_convolve(x, weight, stride, padding)
    torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-5)


def test_gradients_agree_with_conv_transpose2d() -> None:
    x, weight = torch.randn(1, 2, 4, 4).requires_grad_(), torch.randn(2, 3, 3, 3).requires_grad_()
    ours = transposed.transposed_convolution(x, weight, stride=2, padding=1)
    theirs = F.conv_transpose2d(x, weight, stride=2, padding=1)
    torch.testing.assert_close(
        torch.autograd.grad(ours.square().sum(), (x, weight)),
        torch.autograd.grad(theirs.square().sum(), (x, weight)),
        rtol=1e-4,
        atol=1e-4,
    )


def test_overlaps_by_hand() -> None:
    # Kernel 3 at 0, 2, 4 covers 0-2, 2-4, 4-6: positions 2 and 4 twice. Kernel 4: 0-3, 2-5, 4-7.
    assert transposed.overlap_counts(3, 3, 2).tolist() == [1, 1, 2, 1, 2, 1, 1]
    assert transposed.overlap_counts(3, 4, 2).tolist() == [1, 1, 2, 2, 2, 2, 1, 1]
    assert transposed.overlap_counts(3, 2, 2).tolist() == [1] * 6
    assert transposed.output_size(7, kernel_size=4, stride=2, padding=1) == 14


def test_pixel_shuffle_agrees_with_pytorch() -> None:
    x = torch.randn(2, 18, 4, 5)
    torch.testing.assert_close(transposed.pixel_shuffle(x, 3), F.pixel_shuffle(x, 3))


def test_icnr_starts_as_nearest_neighbour_upsampling() -> None:
    x, weight = torch.randn(1, 2, 6, 6), torch.randn(4, 2, 3, 3)
    start = transposed.pixel_shuffle(F.conv2d(x, transposed.icnr(weight, 2), padding=1), 2)
    nearest = F.interpolate(F.conv2d(x, weight, padding=1), scale_factor=2, mode="nearest")
    torch.testing.assert_close(start, nearest)


def test_phase_imbalance_by_hand() -> None:
    # Columns alternate 1, 3: means of the four phases 1, 3, 1, 3; deviation 1, size sqrt(5).
    stripes = torch.tensor([1.0, 3.0]).repeat(8).expand(1, 1, 16, 16)
    assert transposed.phase_imbalance(stripes) == pytest.approx(1 / 5**0.5)
    assert transposed.phase_imbalance(torch.ones(1, 1, 16, 16)) == 0
    # Kernel 3, stride 2, equal weights: 1, 2, 2 and 4 stamps; mean 9/4, mean square 25/4.
    picture = transposed.enlarged(torch.ones(1, 1, 12, 12), equal=True)["transposed, kernel 3"]
    assert transposed.phase_imbalance(picture) == pytest.approx((25 / 4 - (9 / 4) ** 2) ** 0.5 / 2.5)


def test_only_equal_treatment_of_phases_removes_the_pattern() -> None:
    flat = torch.ones(1, 1, 12, 12)
    equal, random = (transposed.enlarged(flat, equal=equal) for equal in (True, False))
    assert all(picture.shape[-2:] == (24, 24) for picture in random.values())
    assert transposed.phase_imbalance(equal["transposed, kernel 4"]) == 0
    assert transposed.phase_imbalance(random["transposed, kernel 4"]) > 0.5  # divisible is not enough
    assert transposed.phase_imbalance(random["pixel shuffle"]) > 0.5
    for name in ("pixel shuffle, ICNR", "resize, convolve"):
        assert transposed.phase_imbalance(random[name]) < 1e-4


def test_illegal_input_is_refused() -> None:
    with pytest.raises(ValueError, match="expected"):
        transposed.transposed_convolution(torch.zeros(1, 2, 4, 4), torch.zeros(3, 2, 3, 3))
    with pytest.raises(ValueError, match="output_padding"):
        transposed.output_size(4, 3, stride=2, output_padding=2)
    with pytest.raises(ValueError, match="crops away"):
        transposed.output_size(1, 3, padding=2)
    with pytest.raises(ValueError, match="square kernel"):
        transposed.zeros_then_convolve(torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 3, 3), 2, padding=3)
    with pytest.raises(ValueError, match="not a multiple"):
        transposed.pixel_shuffle(torch.zeros(1, 6, 2, 2), 2)


def test_plot_has_four_panels() -> None:
    pytest.importorskip("matplotlib")
    figure = transposed.plot()
    figure.savefig(BytesIO())
    assert len(figure.axes) == 4


@pytest.mark.slow
def test_main_shows_gradient_and_pattern(run_main: Callable[[str], str]) -> None:
    printed = run_main("transposed_convolution.py")
    difference = re.search(r"gradient of a convolution: (\S+)", printed)
    assert difference is not None
    assert float(difference[1]) < 1e-4
    wrong = re.search(r"values off by (\d+)%", printed)
    assert wrong is not None
    assert int(wrong[1]) > 20
    rows = {name: (float(a), float(b)) for name, a, b in re.findall(r"^  (\S.*?) +([\d.]+) +([\d.]+)$", printed, re.M)}
    assert rows["transposed, kernel 3"][0] > 0.4
    assert rows["transposed, kernel 4"][0] == 0 < 0.5 < rows["transposed, kernel 4"][1]
    assert rows["resize, convolve"] == rows["pixel shuffle, ICNR"] == (0, 0)
