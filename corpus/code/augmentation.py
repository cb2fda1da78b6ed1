"""Data augmentation on image batches: new training samples, each with the label that is right for it.

What: three families, told apart by what becomes of the label.

    geometric   flip, crop, rotate: pixels move, the class stays; boxes and masks must move along
    colour      brightness, contrast, saturation: nothing moves; class and boxes stay
    mixing      mixup         x = l * x_i + (1 - l) * x_j     label mixed with the same l
                CutMix        a rectangle of x_j in x_i       label mixed by the area really pasted
                SamplePairing (x_i + x_j) / 2                 label of x_i alone

Why: each transform says "this change does not change the answer", and so it must be true. A digit
shifted by a pixel is the same digit; mirrored it often is none. Augment the training set only, after
the split, and draw anew in every epoch. (SMOTE, for rows of a table, is in smote.py.)

Papers: Zhang et al., "mixup: Beyond Empirical Risk Minimization", 2018; Yun et al., "CutMix:
Regularization Strategy to Train Strong Classifiers with Localizable Features", 2019; Inoue, "Data
Augmentation by Pairing Samples for Images Classification", 2018.

Run: python corpus/code/augmentation.py    (five digits of each class to train on)
"""

# mypy: allow-untyped-calls

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor, nn


class Mixed(NamedTuple):
    """Images with two labels each, the first of which has this share of the target."""

    images: Tensor  # (B, C, H, W)
    labels: Tensor  # (B,)
    other_labels: Tensor  # (B,)
    share: float


def _check(images: Tensor) -> None:
    if images.dim() != 4 or len(images) == 0:
        raise ValueError(f"expected images (B, C, H, W), got {tuple(images.shape)}")


def horizontal_flip(images: Tensor, probability: float = 0.5) -> Tensor:
    """Mirror each image left to right with this probability."""
    _check(images)
    chosen = torch.rand(len(images), 1, 1, 1) < probability
    return torch.where(chosen, images.flip(-1), images)


def flip_boxes(boxes: Tensor, width: float) -> Tensor:
    """Mirror boxes (N, 4), x1 y1 x2 y2, along with their image: the left edge becomes the right one."""
    if boxes.dim() != 2 or boxes.shape[1] != 4:
        raise ValueError(f"expected boxes (N, 4), got {tuple(boxes.shape)}")
    x1, y1, x2, y2 = boxes.unbind(dim=1)
    return torch.stack((width - x2, y1, width - x1, y2), dim=1)


def random_crop(images: Tensor, padding: int) -> Tensor:
    """Pad by zeros, then cut the old size at a random place: a shift by up to `padding` pixels."""
    _check(images)
    if padding < 0:
        raise ValueError(f"padding must not be negative, got {padding}")
    count, _, height, width = images.shape
    padded = F.pad(images, (padding,) * 4)
    top, left = torch.randint(0, 2 * padding + 1, (2, count))  # each image has its own
    rows, columns = top[:, None] + torch.arange(height), left[:, None] + torch.arange(width)  # (B, H), (B, W)
    return padded[torch.arange(count)[:, None, None], :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def rotate(images: Tensor, degrees: Tensor) -> Tensor:
    """Turn each image about its centre, counter-clockwise by its angle (B,); outside is zero."""
    _check(images)
    if degrees.shape != images.shape[:1]:
        raise ValueError("expected one angle per image")
    height, width = images.shape[2:]
    cosine, sine = torch.cos(torch.deg2rad(degrees)), torch.sin(torch.deg2rad(degrees))
    # For every output pixel the grid says where to read, in units of half a side; y points down.
    zero = torch.zeros_like(cosine)
    row_x = torch.stack((cosine, -sine * height / width, zero), dim=1)
    row_y = torch.stack((sine * width / height, cosine, zero), dim=1)
    grid = F.affine_grid(torch.stack((row_x, row_y), dim=1), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def colour_jitter(images: Tensor, strength: float) -> Tensor:
    """Change each image's contrast, saturation and brightness by up to `strength`; pixels stay in 0..1."""
    _check(images)
    if not 0 <= strength <= 1 or images.min() < 0 or images.max() > 1:
        raise ValueError("need a strength and pixels in 0..1")
    contrast, saturation, brightness = 1 + strength * (2 * torch.rand(3, len(images), 1, 1, 1) - 1)
    mean, grey = images.mean(dim=(1, 2, 3), keepdim=True), images.mean(dim=1, keepdim=True)
    return torch.clamp(mean + contrast * (grey - mean + saturation * (images - grey)) + brightness - 1, 0, 1)


def mixup(images: Tensor, labels: Tensor, alpha: float) -> Mixed:
    """Blend each image with another of the batch; alpha near 0 hardly mixes, 1 is uniform."""
    _check(images)
    share = float(torch.distributions.Beta(alpha, alpha).sample())
    partner = torch.randperm(len(images))
    return Mixed(share * images + (1 - share) * images[partner], labels, labels[partner], share)


def cutmix_box(height: int, width: int, share: float, centre: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return top, bottom, left, right of a box with sides sqrt(1 - share) of the image's, clipped to it."""
    if not 0 <= share <= 1:
        raise ValueError(f"share must lie in 0..1, got {share}")
    half_height, half_width = (int(side * math.sqrt(1 - share)) // 2 for side in (height, width))
    y, x = centre
    return max(y - half_height, 0), min(y + half_height, height), max(x - half_width, 0), min(x + half_width, width)


def cutmix(images: Tensor, labels: Tensor, alpha: float) -> Mixed:
    """Paste a rectangle of another image of the batch, and share the label by the area it got."""
    _check(images)
    height, width = images.shape[2:]
    centre = int(torch.randint(height, ())), int(torch.randint(width, ()))
    drawn = float(torch.distributions.Beta(alpha, alpha).sample())
    top, bottom, left, right = cutmix_box(height, width, drawn, centre)
    partner = torch.randperm(len(images))
    mixed = images.clone()  # the caller's images, needed in the next epoch, stay whole
    mixed[:, :, top:bottom, left:right] = images[partner, :, top:bottom, left:right]
    # Not the share drawn: a box across the border was clipped, and sides were rounded.
    return Mixed(mixed, labels, labels[partner], 1 - (bottom - top) * (right - left) / (height * width))


def mixed_loss(logits: Tensor, mixed: Mixed) -> Tensor:
    """Return cross-entropy against the mixed target; being linear in it, two hard-label terms do."""
    first, second = F.cross_entropy(logits, mixed.labels), F.cross_entropy(logits, mixed.other_labels)
    return mixed.share * first + (1 - mixed.share) * second


def sample_pairing(images: Tensor, labels: Tensor, probability: float = 0.5) -> Mixed:
    """Average images, with this probability each, with another one; the first one's label stays alone."""
    _check(images)
    paired = torch.rand(len(images), 1, 1, 1) < probability
    return Mixed(torch.where(paired, (images + images[torch.randperm(len(images))]) / 2, images), labels, labels, 1.0)


Augmentation = Callable[[Tensor, Tensor], Mixed]


def keep_label(transform: Callable[[Tensor], Tensor]) -> Augmentation:
    """Turn a transform of images into one of images and labels."""
    return lambda images, labels: Mixed(transform(images), labels, labels, 1.0)


def train(images: Tensor, labels: Tensor, augmentation: Augmentation, steps: int, seed: int = 0) -> nn.Sequential:
    """Fit a small CNN, augmenting the batch anew in every step; return it in evaluation mode."""
    torch.manual_seed(seed)
    model = nn.Sequential(
        *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(512, 10)),
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(steps):
        mixed = augmentation(images, labels)
        optimizer.zero_grad()
        mixed_loss(model(mixed.images), mixed).backward()
        optimizer.step()
    return model.eval()


def few_digits(per_class: int = 5) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return a few digits of each class to train on, images (N, 1, 8, 8) in 0..1, and all others."""
    data = load_digits()
    images, labels = torch.tensor(data.images, dtype=torch.float32)[:, None] / 16, torch.tensor(data.target)
    rank = F.one_hot(labels).cumsum(dim=0)[torch.arange(len(labels)), labels]  # 1 for the first of a class
    few = rank <= per_class
    return images[few], labels[few], images[~few], labels[~few]


def main() -> None:
    """Compare the augmentations on held-out digits, the mean of three runs each."""
    torch.set_num_threads(1)
    images, labels, test_images, test_labels = few_digits()
    augmentations: dict[str, Augmentation] = {
        "none": keep_label(lambda x: x),
        "shift by up to 1 pixel (crop)": keep_label(lambda x: random_crop(x, 1)),
        "rotation by up to 15 degrees": keep_label(lambda x: rotate(x, 30 * torch.rand(len(x)) - 15)),
        "brightness and contrast": keep_label(lambda x: colour_jitter(x, 0.3)),
        "mirror image: not a digit any more": keep_label(horizontal_flip),
        "mixup": lambda x, y: mixup(x, y, alpha=0.4),
        "CutMix": lambda x, y: cutmix(x, y, alpha=1.0),
        "SamplePairing of every second": sample_pairing,
    }
    print(f"{len(labels)} digits to train on, {len(test_labels)} to test on; held-out accuracy, mean of three runs:")
    for name, augmentation in augmentations.items():
        models = [train(images, labels, augmentation, steps=100, seed=seed) for seed in range(3)]
        with torch.inference_mode():
            hits = [(model(test_images).argmax(dim=1) == test_labels).float().mean() for model in models]
        print(f"  {name:36} {torch.stack(hits).mean():.3f}")


if __name__ == "__main__":
    main()
