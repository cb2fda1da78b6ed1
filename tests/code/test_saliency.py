"""Attributions of models whose answers are known: linear, quadratic, and a mean over feature maps."""

import re
from collections.abc import Callable

import pytest
import saliency
import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Linear(nn.Module):
    """Two logits, linear in the pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(16 * 16, 2)

    def forward(self, images: Tensor) -> Tensor:
        return self.fc(images.flatten(1))


class SumOfSquares(nn.Module):
    """The logits (sum of x^2, 0), so that the score of class 0 is half the sum."""

    def forward(self, images: Tensor) -> Tensor:
        total = images.square().sum(dim=(1, 2, 3))
        return torch.stack((total, torch.zeros_like(total)), dim=1)


TARGET = torch.tensor([0, 1, 1])


def test_a_linear_models_gradient_is_its_weights() -> None:
    model, images = Linear(), torch.rand(3, 1, 16, 16)
    # The score is the logit less the mean of both: half the difference of the two.
    half = (model.fc.weight[0] - model.fc.weight[1]).detach().view(1, 16, 16) / 2
    expected = torch.stack((half, -half, -half))
    torch.testing.assert_close(saliency.input_gradient(model, images, TARGET), expected)
    baseline = torch.rand(3, 1, 16, 16)
    for steps in (1, 7):  # a constant gradient: any number of steps is exact
        found = saliency.integrated_gradients(model, images, TARGET, baseline, steps=steps)
        torch.testing.assert_close(found, expected * (images - baseline))


def test_integrated_gradients_of_squares() -> None:
    # From b to x the attribution of half x^2 is half (x^2 - b^2); the plain gradient times x says x^2.
    images, baseline = torch.randn(2, 1, 3, 3), torch.randn(2, 1, 3, 3)
    target = torch.tensor([0, 0])
    found = saliency.integrated_gradients(SumOfSquares(), images, target, baseline, steps=3)
    torch.testing.assert_close(found, (images.square() - baseline.square()) / 2)
    torch.testing.assert_close(saliency.input_gradient(SumOfSquares(), images, target), images)


def test_completeness() -> None:
    model, images, target = saliency.TinyCNN(), torch.rand(4, 1, 16, 16), torch.arange(4) % 2
    baseline = 0.2 * torch.rand(4, 1, 16, 16)
    with torch.no_grad():
        change = saliency.class_scores(model(images), target) - saliency.class_scores(model(baseline), target)
    errors = []
    for steps in (2, 300):
        total = saliency.integrated_gradients(model, images, target, baseline, steps).sum(dim=(1, 2, 3))
        errors.append((total - change).abs().max().item())
    assert errors[1] < 0.01 * change.abs().max().item()
    assert errors[1] < errors[0]


def test_input_gradient_by_finite_differences() -> None:
    model, images = saliency.TinyCNN(width=4).double(), torch.rand(1, 1, 16, 16, dtype=torch.float64)
    target = torch.tensor([1])
    gradient = saliency.input_gradient(model, images, target)
    for row, column in ((0, 0), (7, 3), (15, 15)):
        step = torch.zeros_like(images)
        step[0, 0, row, column] = 1e-6
        with torch.no_grad():
            up, down = (saliency.class_scores(model(images + sign * step), target) for sign in (1, -1))
        assert gradient[0, 0, row, column].item() == pytest.approx((up - down).item() / 2e-6, rel=1e-3, abs=1e-7)


def test_grad_cam_is_class_activation_mapping_for_this_head() -> None:
    # Logits linear in the maps' means: w_k = weight_k / (H W), so the heat is known without any gradient.
    model, images = saliency.TinyCNN(), torch.rand(3, 1, 16, 16)
    maps = model.features(images).detach()
    half = (model.fc.weight[0] - model.fc.weight[1]).detach() / 2 / 64
    signs = torch.tensor([1.0, -1.0, -1.0])
    expected = F.relu(torch.einsum("k,bkij->bij", half, maps) * signs[:, None, None]).unsqueeze(1)
    expected = F.interpolate(expected, size=(16, 16), mode="bilinear", align_corners=False)
    found = saliency.grad_cam(model, images, TARGET)
    torch.testing.assert_close(found, expected)
    assert found.shape == images.shape
    assert (found >= 0).all()


def test_brightness_does_not_give_the_class_away() -> None:
    images, labels, masks = saliency.scenes(200, seed=0)
    assert (masks.sum(dim=(1, 2, 3)) == 9).all()
    assert labels.float().mean() == 0.5
    assert images[masks].min() >= 0.3 >= images[~masks].max()
    assert not masks[:, :, :2, :2].any()
    marked, _, _ = saliency.scenes(200, seed=0, marker=True)
    assert (marked[labels == 1, 0, :2, :2] == 1).all()
    assert torch.equal(marked[labels == 0], images[labels == 0])


def test_shares_by_hand() -> None:
    attribution = torch.tensor([[[[1.0, -3.0], [0.0, 4.0]]]])
    mask = torch.tensor([[[[True, True], [False, False]]]])
    assert saliency.share(attribution, mask) == pytest.approx(0.5)


def test_deleting_what_counts_lowers_the_score() -> None:
    model, images = Linear(), torch.rand(3, 1, 16, 16)
    exact = saliency.integrated_gradients(model, images, TARGET)  # each pixel's own contribution
    best = saliency.drop_when_deleted(model, images, TARGET, exact)
    assert best == pytest.approx(exact.flatten(1).topk(9, dim=1).values.sum(dim=1).mean().item(), rel=1e-3)
    assert best > saliency.drop_when_deleted(model, images, TARGET, torch.rand(images.shape))


def test_a_trained_model_looks_at_the_shape(assert_gradients: Callable[..., None]) -> None:
    images, labels, masks = saliency.scenes(500, seed=0)
    model = saliency.TinyCNN()
    assert_gradients(model, F.cross_entropy(model(images[:8]), labels[:8]))
    saliency.train(model, images, labels, steps=300)
    assert saliency.accuracy(model, images, labels) > 0.9
    for name, values in saliency.attributions(model, images[:100], labels[:100]).items():
        on_shape = saliency.share(values, masks[:100])
        if name == "random":
            assert on_shape == pytest.approx(9 / 256, abs=0.01)
        else:
            assert on_shape > 1.4 * 9 / 256, name  # an input gradient is noisy, but no noise


def test_illegal_input_is_refused() -> None:
    with pytest.raises(ValueError, match="steps"):
        saliency.integrated_gradients(Linear(), torch.zeros(3, 1, 16, 16), TARGET, steps=0)


@pytest.mark.slow
def test_plot_shows_both_models() -> None:
    figure = saliency.plot()
    assert len(figure.axes) == 8
    assert [axes.get_title() for axes in figure.axes[:4]] == [
        "image",
        "input gradient",
        "integrated gradients",
        "Grad-CAM",
    ]
    marked = torch.tensor(figure.axes[6].images[0].get_array())  # integrated gradients of the marked image
    assert marked.abs().argmax() in (0, 1, 16, 17)  # the corner


@pytest.mark.slow
def test_main_exposes_the_shortcut(run_script: Callable[[str], str]) -> None:
    printed = run_script("saliency.py")
    parts = re.split(r"^(no training|clean images|images with a marker.*?): ", printed, flags=re.MULTILINE)[2::2]
    rows = [
        {name: (int(shape), int(corner), float(fall)) for name, shape, corner, fall in re.findall(
            r"^  (\S.*?) +on the shape +(\d+)%   in the corner +(\d+)%   score falls by +(-?[\d.]+)", part, re.MULTILINE)}
        for part in parts
    ]  # fmt: skip
    accuracies = [float(re.search(r"accuracy on clean images ([\d.]+)", part).group(1)) for part in parts]  # type: ignore[union-attr]
    _, clean, marked = rows
    assert accuracies[1] > 0.97
    assert accuracies[2] < accuracies[1] - 0.1
    assert clean["integrated gradients"][0] > 25
    assert marked["integrated gradients"][1] > 3 * clean["integrated gradients"][1] + 10
    assert marked["integrated gradients"][2] > 3 * abs(marked["random"][2])
