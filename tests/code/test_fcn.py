"""The dense layers become convolutions of the same values; upsampling is bilinear; IoU as scikit-learn's."""

import re
from collections.abc import Callable

import fcn
import pytest
import torch
import torch.nn.functional as F
from sklearn.metrics import jaccard_score
from torch import nn


def test_a_dense_layer_is_a_convolution_over_the_whole_map() -> None:
    linear, maps = nn.Linear(4 * 3 * 3, 5), torch.randn(2, 4, 3, 3)
    conv = fcn.dense_to_convolution(linear, channels=4, side=3)
    torch.testing.assert_close(conv(maps).flatten(1), linear(maps.flatten(1)), rtol=1e-4, atol=1e-5)
    # On a larger map it slides: each place is the dense layer on its own window.
    larger = torch.randn(1, 4, 6, 5)
    torch.testing.assert_close(conv(larger)[0, :, 2, 1], linear(larger[0, :, 2:5, 1:4].flatten()), rtol=1e-4, atol=1e-5)


def test_the_centre_of_the_fcn_is_the_classifiers_hidden_layer() -> None:
    classifier, images = fcn.Classifier(), torch.randn(3, 1, 24, 24)
    model = fcn.FCN(classifier)
    maps = images
    for stage in classifier.stages:
        maps = stage(maps)
    assert maps.shape == (3, 32, 3, 3)
    torch.testing.assert_close(model.hidden(maps)[..., 1, 1], classifier.hidden(maps.flatten(1)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("factor", [1, 2, 3, 4, 8])
def test_upsampling_agrees_with_bilinear_interpolation(factor: int) -> None:
    x = torch.randn(2, 3, 6, 7)
    up = fcn.bilinear_upsampling(3, factor)(x)
    expected = F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)
    assert up.shape == expected.shape
    inner = slice(factor, -factor)  # at the border one repeats the edge, the other pads with zeros
    torch.testing.assert_close(up[..., inner, inner], expected[..., inner, inner], rtol=1e-4, atol=1e-5)


def test_bilinear_kernel_by_hand() -> None:
    along = torch.tensor([0.25, 0.75, 0.75, 0.25])
    torch.testing.assert_close(fcn.bilinear_kernel(2), torch.outer(along, along))
    along = torch.tensor([1.0, 2.0, 3.0, 2.0, 1.0]) / 3
    torch.testing.assert_close(fcn.bilinear_kernel(3), torch.outer(along, along))


@pytest.mark.parametrize("size", [(1, 1), (24, 24), (40, 40), (45, 31), (7, 50)])
@pytest.mark.parametrize("skips", [True, False])
def test_any_size_gets_a_label_per_pixel(size: tuple[int, int], skips: bool) -> None:
    assert fcn.FCN(fcn.Classifier(), skips=skips)(torch.randn(2, 1, *size)).shape == (2, 3, *size)


def test_skips_start_at_zero_and_then_count() -> None:
    classifier, x = fcn.Classifier(), torch.randn(1, 1, 32, 32)
    model = fcn.FCN(classifier)
    deep = model.head(F.relu(model.hidden(model.stages[2](model.stages[1](model.stages[0](x))))))
    for up in model.ups:
        deep = up(deep)
    torch.testing.assert_close(model(x), deep)
    nn.init.ones_(model.skip_heads[0].bias)  # one more at stride 4: after interpolation one more everywhere inside
    torch.testing.assert_close((model(x) - deep)[..., 8:-8, 8:-8], torch.ones(1, 3, 16, 16))


def test_the_classifier_is_copied_not_shared() -> None:
    classifier = fcn.Classifier()
    model = fcn.FCN(classifier)
    torch.testing.assert_close(model.stages[0][0].weight, classifier.stages[0][0].weight)
    nn.init.zeros_(model.stages[0][0].weight)
    assert classifier.stages[0][0].weight.any()


def test_mean_iou_agrees_with_scikit_learn() -> None:
    predicted, target = torch.randint(3, (4, 9, 9)), torch.randint(3, (4, 9, 9))
    expected = jaccard_score(target.flatten().numpy(), predicted.flatten().numpy(), average="macro")
    assert fcn.mean_iou(predicted, target) == pytest.approx(expected)
    # By hand: class 0 has 1 of 2, class 1 has 2 of 3, class 2 does not occur.
    assert fcn.mean_iou(torch.tensor([0, 1, 1, 1]), torch.tensor([0, 0, 1, 1])) == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_discs_are_full_and_rings_hollow_and_equally_bright() -> None:
    images, labels = fcn.shapes(200, 24, 24, number=1, seed=0)
    areas = torch.stack([(labels == k).sum(dim=(1, 2)) for k in (1, 2)])
    assert ((areas > 0).sum(dim=0) == 1).all()
    means = [float(area[area > 0].float().mean()) for area in areas]
    # Radius uniform in 4..6: pi E[r^2] = pi (25 + 1/3) = 79.6; 2 pi E[r] * 2 - 4 pi = 50.3.
    assert means == pytest.approx([79.6, 50.3], rel=0.08)
    brightness = [float(images.squeeze(1)[labels == k].mean()) for k in (0, 1, 2)]
    assert brightness == pytest.approx([0, 1, 1], abs=0.02)


def test_gradient_reaches_every_parameter(assert_gradients: Callable[..., None]) -> None:
    model = fcn.FCN(fcn.Classifier())
    for head in model.skip_heads:
        nn.init.normal_(head.weight)
    images, labels = fcn.shapes(4, 24, 24, number=2, seed=0)
    assert_gradients(model, F.cross_entropy(model(images), labels))


def test_a_little_training_beats_background_everywhere() -> None:
    images, labels = fcn.shapes(64, 32, 32, number=2, seed=0)
    model = fcn.FCN(fcn.Classifier())
    fcn.train(model, images, labels, steps=60)
    assert fcn.score(model, images, labels) > fcn.mean_iou(torch.zeros_like(labels), labels) + 0.1


def test_illegal_input_is_refused() -> None:
    with pytest.raises(ValueError, match="are not 4 maps of 2x2"):
        fcn.dense_to_convolution(nn.Linear(36, 5), channels=4, side=2)
    with pytest.raises(ValueError, match="at least 1"):
        fcn.bilinear_kernel(0)
    with pytest.raises(ValueError, match="expected images"):
        fcn.FCN(fcn.Classifier())(torch.zeros(1, 3, 24, 24))
    with pytest.raises(ValueError, match="shapes differ"):
        fcn.mean_iou(torch.zeros(2, 3), torch.zeros(3, 2))


@pytest.mark.slow
def test_main_shows_what_skips_bring(run_script: Callable[[str], str]) -> None:
    printed = run_script("fcn.py")
    accuracy = re.search(r"held-out accuracy: ([\d.]+)", printed)
    assert accuracy is not None
    assert float(accuracy[1]) > 0.85
    background, coarse, fine = (float(v) for v in re.findall(r"^  .* ([\d.]+)$", printed, re.M))
    assert background < 0.35 < coarse < fine - 0.05
    odd = re.search(r"45x31 images: ([\d.]+)", printed)
    assert odd is not None
    assert float(odd[1]) > coarse
