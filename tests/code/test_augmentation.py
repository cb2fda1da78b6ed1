"""Each transform against torch's own rearrangements, and each label against what the image holds."""

import re
from collections.abc import Callable

import augmentation as aug
import pytest
import torch
import torch.nn.functional as F
from scipy.ndimage import rotate as scipy_rotate
from torch import Tensor


def images(count: int = 6, channels: int = 3, height: int = 8, width: int = 10) -> Tensor:
    return torch.rand(count, channels, height, width)


def constant_images(count: int = 8, size: int = 20) -> Tensor:
    """Image i has the value i everywhere, so a mixture shows what it was made of."""
    return torch.arange(count, dtype=torch.float32).view(count, 1, 1, 1).expand(count, 1, size, size).clone()


def test_flip_mirrors_each_image_or_none() -> None:
    x = images(200)
    torch.testing.assert_close(aug.horizontal_flip(x, 1.0), torch.flip(x, [3]))
    torch.testing.assert_close(aug.horizontal_flip(x, 0.0), x)
    y = aug.horizontal_flip(x, 0.5)
    flipped = (y == torch.flip(x, [3])).flatten(1).all(dim=1)
    kept = (y == x).flatten(1).all(dim=1)
    assert (flipped ^ kept).all()
    assert 60 < flipped.sum() < 140


def test_boxes_are_flipped_along() -> None:
    x = torch.zeros(1, 1, 8, 10)
    box = torch.tensor([[1, 2, 4, 7]])
    x[0, 0, 2:7, 1:4] = 1
    flipped = aug.horizontal_flip(x, 1.0)[0, 0]
    x1, y1, x2, y2 = aug.flip_boxes(box, width=10)[0].tolist()
    assert (x1, y1, x2, y2) == (6, 2, 9, 7)
    assert flipped[y1:y2, x1:x2].all() and flipped.sum() == 15


def test_crop_is_a_shift_with_zeros_coming_in() -> None:
    x = images(60, channels=2)
    y = aug.random_crop(x, padding=2)
    padded = F.pad(x, (2, 2, 2, 2))
    shifts = set()
    for i in range(len(x)):
        found = [(a, b) for a in range(5) for b in range(5) if torch.equal(padded[i, :, a : a + 8, b : b + 10], y[i])]
        assert len(found) == 1
        shifts.add(found[0])
    assert len(shifts) > 10  # images of a batch are shifted each in its own way
    assert {a for a, _ in shifts} == {b for _, b in shifts} == set(range(5))
    torch.testing.assert_close(aug.random_crop(x, padding=0), x)


def test_rotation_by_right_angles_against_rot90() -> None:
    x = images(4, height=9, width=9)
    y = aug.rotate(x, torch.tensor([0.0, 90.0, 180.0, -90.0]))
    expected = torch.stack([torch.rot90(x[i], k, (1, 2)) for i, k in enumerate((0, 1, 2, -1))])
    torch.testing.assert_close(y, expected, atol=1e-4, rtol=0)
    wide = images(2)  # 180 degrees fit also when the image is no square
    torch.testing.assert_close(aug.rotate(wide, torch.full((2,), 180.0)), wide.flip(2, 3), atol=1e-4, rtol=0)


def test_rotation_of_a_rectangle_against_scipy() -> None:
    # A quarter turn would tell nothing of the aspect ratio; 30 degrees shear the image if it is forgotten.
    x = torch.zeros(1, 1, 41, 61)
    x[0, 0, 10:31, 20:41] = 1
    ours = aug.rotate(x, torch.tensor([30.0]))[0, 0]
    theirs = torch.tensor(scipy_rotate(x[0, 0].numpy(), 30, reshape=False, order=1))  # counter-clockwise too
    assert (ours - theirs).abs().max() < 0.05
    assert (ours - x[0, 0]).abs().max() > 0.9


def test_colour_jitter_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    x = 0.3 + 0.4 * images(1)
    # rand = 1, 0, 0.75 makes contrast 1.2, saturation 0.8 and brightness 1.1, that is +0.1.
    monkeypatch.setattr(torch, "rand", lambda *shape: torch.tensor([1.0, 0.0, 0.75]).view(3, 1, 1, 1, 1))
    grey = x.mean(dim=1, keepdim=True)
    expected = 1.2 * (grey + 0.8 * (x - grey) - x.mean()) + x.mean() + 0.1
    torch.testing.assert_close(aug.colour_jitter(x, 0.2), expected.clamp(0, 1))


def test_colour_jitter_moves_nothing() -> None:
    x = images(20, channels=1)
    y = aug.colour_jitter(x, 0.4)
    assert y.min() >= 0 and y.max() <= 1
    for before, after in zip(x.flatten(1), y.flatten(1), strict=True):
        inner = (after > 0) & (after < 1)  # not clipped
        assert torch.equal(before[inner].argsort(), after[inner].argsort())
    assert (y.mean(dim=(1, 2, 3)) - x.mean(dim=(1, 2, 3))).abs().max() > 0.1
    torch.testing.assert_close(aug.colour_jitter(x, 0.0), x)


@pytest.mark.parametrize("mix", [aug.mixup, aug.cutmix])
def test_share_of_the_label_is_the_share_of_the_image(mix: Callable[..., aug.Mixed]) -> None:
    x = constant_images()
    labels = torch.arange(8)
    for _ in range(30):
        mixed = mix(x, labels, alpha=1.0)
        assert torch.equal(mixed.labels, labels)
        mean = mixed.images.mean(dim=(1, 2, 3))
        expected = mixed.share * labels + (1 - mixed.share) * mixed.other_labels
        torch.testing.assert_close(mean, expected)
    assert torch.equal(x, constant_images())  # the originals are not painted over


def test_cutmix_pastes_one_rectangle() -> None:
    mixed = aug.cutmix(constant_images(), torch.arange(8), alpha=1.0)
    moved = mixed.labels != mixed.other_labels
    pasted = (mixed.images != constant_images())[moved][:, 0]
    assert torch.equal(pasted, pasted[:1].expand_as(pasted))  # the same place in all images
    rows, columns = pasted[0].any(dim=1), pasted[0].any(dim=0)
    assert torch.equal(pasted[0], rows[:, None] & columns[None, :])
    assert mixed.share == pytest.approx(1 - rows.sum().item() * columns.sum().item() / 400)


def test_cutmix_box_by_hand() -> None:
    # A quarter of 224 x 224 is 112 x 112; in the corner only 56 x 56 of it lies inside.
    assert aug.cutmix_box(224, 224, 0.75, (112, 112)) == (56, 168, 56, 168)
    top, bottom, left, right = aug.cutmix_box(224, 224, 0.75, (0, 0))
    assert (top, bottom, left, right) == (0, 56, 0, 56)
    assert 1 - (bottom - top) * (right - left) / 224**2 == pytest.approx(0.9375)


def test_mixup_share_follows_alpha() -> None:
    x, labels = constant_images(2, 4), torch.arange(2)
    shares = torch.tensor([aug.mixup(x, labels, alpha=0.1).share for _ in range(400)])
    assert ((shares < 0.1) | (shares > 0.9)).float().mean() > 0.6
    shares = torch.tensor([aug.mixup(x, labels, alpha=1.0).share for _ in range(400)])
    assert shares.var().item() == pytest.approx(1 / 12, abs=0.02)  # uniform


def test_mixed_loss_equals_soft_labels() -> None:
    logits, labels = torch.randn(8, 5), torch.randint(0, 5, (8,))
    other = torch.randint(0, 5, (8,))
    mixed = aug.Mixed(images(8), labels, other, 0.3)
    soft = 0.3 * F.one_hot(labels, 5) + 0.7 * F.one_hot(other, 5)
    torch.testing.assert_close(aug.mixed_loss(logits, mixed), F.cross_entropy(logits, soft))


def test_sample_pairing_keeps_the_first_label_alone() -> None:
    x, labels = constant_images(), torch.arange(8)
    paired = aug.sample_pairing(x, labels, probability=1.0)
    value = paired.images[:, 0, 0, 0]
    assert (value != labels).any()
    partner = 2 * value - labels  # (i + j) / 2 = value
    assert sorted(partner.tolist()) == list(range(8))
    assert torch.equal(paired.labels, labels) and paired.share == 1.0
    torch.testing.assert_close(aug.sample_pairing(x, labels, probability=0.0).images, x)
    logits = torch.randn(8, 8)
    torch.testing.assert_close(aug.mixed_loss(logits, paired), F.cross_entropy(logits, labels))


def test_training_learns_and_augments_every_step(assert_gradients: Callable[..., None]) -> None:
    x, labels, test_x, test_labels = aug.few_digits()
    assert labels.bincount().tolist() == [5] * 10 and len(x) + len(test_x) == 1797
    calls: list[int] = []

    def counted(batch: Tensor, targets: Tensor) -> aug.Mixed:
        calls.append(len(batch))
        return aug.mixup(batch, targets, alpha=0.4)

    model = aug.train(x, labels, counted, steps=40)
    assert calls == [50] * 40
    accuracy = (model(test_x).argmax(dim=1) == test_labels).float().mean()
    assert accuracy > 0.5
    assert_gradients(model, aug.mixed_loss(model(x), aug.cutmix(x, labels, alpha=1.0)))


def test_illegal_input_is_refused() -> None:
    x, labels = images(), torch.zeros(6, dtype=torch.long)
    for transform in (aug.horizontal_flip, lambda z: aug.random_crop(z, 1), lambda z: aug.mixup(z, labels, 1.0)):
        with pytest.raises(ValueError, match="expected images"):
            transform(x[0])
    with pytest.raises(ValueError, match="padding"):
        aug.random_crop(x, -1)
    with pytest.raises(ValueError, match="one angle per image"):
        aug.rotate(x, torch.zeros(1))
    with pytest.raises(ValueError, match=r"pixels in 0\.\.1"):
        aug.colour_jitter(255 * x, 0.2)
    with pytest.raises(ValueError, match="expected boxes"):
        aug.flip_boxes(torch.zeros(4), 10)
    with pytest.raises(ValueError, match="share"):
        aug.cutmix_box(8, 8, 1.5, (0, 0))
    with pytest.raises(ValueError, match="concentration"):
        aug.mixup(x, labels, alpha=0.0)  # torch refuses Beta(0, 0)


@pytest.mark.slow
def test_main_ranks_true_and_false_invariances(run_script: Callable[[str], str]) -> None:
    printed = run_script("augmentation.py")
    rows = {name.strip(): float(score) for name, score in re.findall(r"^  (\S.*?)\s+(0\.\d+)$", printed, re.M)}
    assert len(rows) == 8
    assert rows["shift by up to 1 pixel (crop)"] > rows["none"] + 0.02
    assert rows["CutMix"] > rows["none"]
    assert rows["mirror image: not a digit any more"] < rows["shift by up to 1 pixel (crop)"] - 0.02
