"""Saliency: which pixels is the answer of a network based on?

What: three attributions that use the network's own gradients, for the score f(x) of one class:

    input gradient        |df/dx_i|: what would change the score most, were it changed a little
    integrated gradients  (x_i - b_i) * mean over a in [0, 1] of df/dx_i at b + a (x - b); from a
                          baseline b (here black) to the image. Complete: they add up to f(x) - f(b)
    Grad-CAM              relu(sum_k w_k A_k): the last feature maps A_k, each weighted by the mean of
                          its gradient, w_k = mean_ij df/dA_kij; coarse, for it has the maps' size

They say what the *model* uses, not what is true of the world: that is what they are good for. `main`
trains a second model on images in which a bright corner gives the class away, and they expose it.

Papers: Simonyan, Vedaldi and Zisserman, "Deep Inside Convolutional Networks", 2014; Sundararajan,
Taly and Yan, "Axiomatic Attribution for Deep Networks", 2017; Selvaraju et al., "Grad-CAM: Visual
Explanations from Deep Networks via Gradient-based Localization", 2017.

Run: python corpus/code/saliency.py    (a cross or a square somewhere in noise)
"""

# mypy: allow-untyped-calls

from typing import TYPE_CHECKING, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZE = 16
CROSS = torch.tensor([[0, 0, 1, 0, 0], [0, 0, 1, 0, 0], [1, 1, 1, 1, 1], [0, 0, 1, 0, 0], [0, 0, 1, 0, 0]])
SQUARE = torch.tensor([[0, 0, 0, 0, 0], [0, 1, 1, 1, 0], [0, 1, 1, 1, 0], [0, 1, 1, 1, 0], [0, 0, 0, 0, 0]])
SHAPES = torch.stack((CROSS, SQUARE)).float()  # nine bright pixels each: brightness tells nothing


class TinyCNN(nn.Module):
    """Convolutions, the mean over the last maps, a linear layer; two classes."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        conv1, conv2 = nn.Conv2d(1, width, 5, padding=2), nn.Conv2d(width, width, 3, padding=1)
        self.features = nn.Sequential(conv1, nn.ReLU(), nn.MaxPool2d(2), conv2, nn.ReLU())
        self.fc = nn.Linear(width, 2)

    def head(self, maps: Tensor) -> Tensor:
        """Map the last maps (B, C, H, W) to logits (B, 2)."""
        return cast(Tensor, self.fc(maps.mean(dim=(2, 3))))

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B, 1, H, W) to logits (B, 2)."""
        return self.head(self.features(images))


def class_scores(logits: Tensor, target: Tensor) -> Tensor:
    """Return each image's score (B,): the logit of its target class less the mean of all."""
    # A softmax does not see what is common to all logits, so the explanation should not either.
    return logits.gather(1, target.unsqueeze(1)).squeeze(1) - logits.mean(dim=1)


def input_gradient(model: nn.Module, images: Tensor, target: Tensor) -> Tensor:
    """Return df/dx, the shape of the images; what people show is its absolute value."""
    images = images.detach().requires_grad_()
    # The sum over the batch: no image's score depends on another image, so each keeps its own gradient.
    (gradient,) = torch.autograd.grad(class_scores(model(images), target).sum(), images)
    return gradient


def integrated_gradients(
    model: nn.Module, images: Tensor, target: Tensor, baseline: Tensor | None = None, steps: int = 50
) -> Tensor:
    """Return the attributions, the shape of the images: the integral by the midpoint rule."""
    if steps < 1:
        raise ValueError(f"steps must be at least 1, not {steps}")
    baseline = torch.zeros_like(images) if baseline is None else baseline
    total = torch.zeros_like(images)
    for step in range(steps):
        point = baseline + (step + 0.5) / steps * (images - baseline)
        total += input_gradient(model, point, target)
    return (images - baseline) * total / steps


def grad_cam(model: TinyCNN, images: Tensor, target: Tensor) -> Tensor:
    """Return a heat map (B, 1, H, W), enlarged to the size of the images."""
    with torch.no_grad():
        maps = model.features(images)
    maps.requires_grad_()
    (gradient,) = torch.autograd.grad(class_scores(model.head(maps), target).sum(), maps)
    weights = gradient.mean(dim=(2, 3), keepdim=True)  # (B, C, 1, 1): how much each map speaks for the class
    heat = F.relu((weights * maps.detach()).sum(dim=1, keepdim=True))  # only what speaks for it
    return F.interpolate(heat, size=images.shape[2:], mode="bilinear", align_corners=False)


def scenes(count: int, seed: int, marker: bool = False) -> tuple[Tensor, Tensor, Tensor]:
    """Draw images (count, 1, 16, 16), labels, and where the shape's pixels are, as a boolean mask.

    With `marker`, the top left corner is bright in every image of class 1: a shortcut.
    """
    generator = torch.Generator().manual_seed(seed)
    images = 0.3 * torch.rand(count, 1, SIZE, SIZE, generator=generator)
    masks = torch.zeros(count, 1, SIZE, SIZE, dtype=torch.bool)
    labels = torch.arange(count) % 2
    corners = torch.randint(2, SIZE - 5, (count, 2), generator=generator)  # the corner stays free
    for i, (row, column) in enumerate(corners.tolist()):
        masks[i, 0, row : row + 5, column : column + 5] = SHAPES[labels[i]].bool()
    images[masks] += 0.3
    if marker:
        images[labels == 1, 0, :2, :2] = 1.0
    return images, labels, masks


def train(model: nn.Module, images: Tensor, labels: Tensor, steps: int = 300) -> None:
    """Fit the model in place."""
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(steps):
        batch = torch.randint(len(images), (64,))
        optimizer.zero_grad()
        F.cross_entropy(model(images[batch]), labels[batch]).backward()
        optimizer.step()


def share(attribution: Tensor, masks: Tensor) -> float:
    """Return the mean share of an image's absolute attribution that lies within its mask."""
    size = attribution.abs()
    return float(((size * masks).sum(dim=(1, 2, 3)) / size.sum(dim=(1, 2, 3)).clamp(min=1e-12)).mean())


def drop_when_deleted(model: nn.Module, images: Tensor, target: Tensor, ranking: Tensor, count: int = 9) -> float:
    """Return by how much the score falls, on average, when the `count` top pixels are made black."""
    top = ranking.flatten(1).topk(count, dim=1).indices
    deleted = images.flatten(1).scatter(1, top, 0.0).view_as(images)
    with torch.no_grad():
        return float((class_scores(model(images), target) - class_scores(model(deleted), target)).mean())


def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Return the share of images whose largest logit is at the true class."""
    with torch.inference_mode():
        return float((model(images).argmax(dim=1) == labels).float().mean())


def attributions(model: TinyCNN, images: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Return the three attributions by name, and a random one to compare with."""
    return {
        "random": torch.rand(images.shape),
        "input gradient": input_gradient(model, images, labels).abs(),
        "integrated gradients": integrated_gradients(model, images, labels),
        "Grad-CAM": grad_cam(model, images, labels),
    }


def main() -> None:
    """Check where attributions lie, that they are faithful to the model, and that they show a shortcut."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    clean, labels, masks = scenes(400, seed=1)
    corner = torch.zeros_like(masks)
    corner[..., :2, :2] = True
    squares = labels == 1
    for training in ("no training", "clean images", "images with a marker in the corner of every square"):
        torch.manual_seed(0)
        model, marker = TinyCNN(), "marker" in training
        if training != "no training":
            train(model, *scenes(2000, seed=0, marker=marker)[:2])
        print(f"{training}: accuracy on clean images {accuracy(model, clean, labels):.3f}; attributions for squares:")
        shown, target = scenes(400, seed=1, marker=marker)[0][squares], labels[squares]
        for name, values in attributions(model, shown, target).items():
            on_shape, in_corner = share(values, masks[squares]), share(values, corner[squares])
            fall = drop_when_deleted(model, shown, target, values)
            print(f"  {name:<21} on the shape {on_shape:4.0%}   in the corner {in_corner:4.0%}   "
                  f"score falls by {fall:6.3f} when the top 9 pixels go")  # fmt: skip
    sums = integrated_gradients(model, shown, target).sum(dim=(1, 2, 3))
    with torch.no_grad():
        change = class_scores(model(shown), target) - class_scores(model(torch.zeros_like(shown)), target)
    print(f"integrated gradients add up to f(x) - f(black): largest error {(sums - change).abs().max():.3f} "
          f"at changes of {change.abs().mean():.2f}")  # fmt: skip


def plot() -> "Figure":
    """Draw a clean and a marked image with the attributions of the models trained on their like."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    for row, (axes, marker) in enumerate(zip(figure.subplots(2, 4), (False, True), strict=True)):
        torch.manual_seed(0)
        model = TinyCNN()
        train(model, *scenes(2000, seed=0, marker=marker)[:2])
        images, labels, _ = (part[1:2] for part in scenes(2, seed=1, marker=marker))
        panels = {"image, with a marker" if marker else "image": images} | attributions(model, images, labels)
        panels.pop("random")
        for ax, (name, values) in zip(axes, panels.items(), strict=True):
            ax.imshow(values[0, 0].numpy(), cmap="gray" if "image" in name else "magma")
            ax.set(xticks=[], yticks=[])
            ax.set_title(name if row == 0 or "image" in name else "", fontsize=9)
    return figure


if __name__ == "__main__":
    main()
