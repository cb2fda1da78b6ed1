"""A fully convolutional network: a classifier turned into a segmenter.

What: four changes (Long et al.):
1. The dense layers become convolutions with the same weights: a dense layer on a 3x3 map is a 3x3
   convolution. The network then slides over any image and gives a map of scores.
2. A 1x1 convolution scores the classes of segmentation, background among them, at every place.
3. Transposed convolutions, initialised to bilinear interpolation, bring the scores to the input's size.
4. Skips: scores from shallower, finer maps are added on the way up. Their heads start at 0, so that
   training starts from the coarse prediction and refines it.

Why: what the classifier has learnt is kept; depth tells what is there, and the shallow maps where its
edges run. Without skips a map of stride 8 cannot draw anything finer than its own grid.

Papers: Long, Shelhamer and Darrell, "Fully Convolutional Networks for Semantic Segmentation", 2015.

Run: python corpus/code/fcn.py    (a classifier of discs and rings learns to segment them)
"""

# mypy: allow-untyped-calls

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SIDE = 24  # the classifier's image size; three poolings leave 3x3
CLASSES = 3  # background, disc, ring


class Classifier(nn.Module):
    """Three stages of convolution and pooling, two dense layers: 24x24 images only."""

    def __init__(self, num_classes: int = 2) -> None:
        """Widths 8, 16, 32; pooling rounds up, so that an odd side keeps its last row."""
        super().__init__()
        self.stages = nn.ModuleList(
            nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2, ceil_mode=True))
            for i, o in ((1, 8), (8, 16), (16, 32))
        )
        self.hidden = nn.Linear(32 * 3 * 3, 64)
        self.fc = nn.Linear(64, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B, 1, 24, 24) to logits (B, num_classes)."""
        x = images
        for stage in self.stages:
            x = stage(x)
        logits: Tensor = self.fc(F.relu(self.hidden(x.flatten(1))))
        return logits


def dense_to_convolution(linear: nn.Linear, channels: int, side: int, padding: int = 0) -> nn.Conv2d:
    """Rewrite a dense layer on flattened maps (channels, side, side) as a convolution: same weights."""
    if linear.in_features != channels * side**2:
        raise ValueError(f"{linear.in_features} features are not {channels} maps of {side}x{side}")
    conv = nn.Conv2d(channels, linear.out_features, side, padding=padding, bias=linear.bias is not None)
    with torch.no_grad():
        conv.weight.copy_(linear.weight.view(-1, channels, side, side))
        if conv.bias is not None:
            conv.bias.copy_(linear.bias)
    return conv


def bilinear_kernel(factor: int) -> Tensor:
    """Return the weights, (k, k), by which a transposed convolution of this stride interpolates."""
    if factor < 1:
        raise ValueError("factor must be at least 1")
    size = 2 * factor - factor % 2
    distance = (torch.arange(size) - (size - 1) / 2).abs()
    triangle = 1 - distance / factor  # falls to 0 where the next pixel stands
    return torch.outer(triangle, triangle)


def bilinear_upsampling(channels: int, factor: int) -> nn.ConvTranspose2d:
    """Enlarge exactly `factor` times, each channel for itself; bilinear at first, learnable after."""
    kernel = bilinear_kernel(factor)
    up = nn.ConvTranspose2d(
        channels, channels, len(kernel), stride=factor, padding=factor // 2, groups=channels, bias=False
    )
    with torch.no_grad():
        up.weight.copy_(kernel.expand_as(up.weight))
    return up


class FCN(nn.Module):
    """A segmenter made of a trained Classifier; `skips` adds the finer maps on the way up."""

    def __init__(self, classifier: Classifier, num_classes: int = CLASSES, skips: bool = True) -> None:
        """Copy the classifier's layers, all but the last; new are only the heads and the upsampling."""
        super().__init__()
        self.stages = copy.deepcopy(classifier.stages)  # strides 2, 4, 8
        self.hidden = dense_to_convolution(classifier.hidden, channels=32, side=3, padding=1)
        self.head = nn.Conv2d(64, num_classes, kernel_size=1)
        self.skip_heads = nn.ModuleList(nn.Conv2d(width, num_classes, 1) for width in ((16, 8) if skips else ()))
        for head in self.skip_heads:
            for parameter in head.parameters():
                nn.init.zeros_(parameter)
        factors = (2, 2, 2) if skips else (8,)
        self.ups = nn.ModuleList(bilinear_upsampling(num_classes, factor) for factor in factors)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B, 1, H, W), any H, W >= 1, to logits (B, num_classes, H, W)."""
        if images.dim() != 4 or images.shape[1] != 1 or 0 in images.shape:
            raise ValueError(f"expected images (B, 1, H, W), none of them 0; got {tuple(images.shape)}")
        maps = [images]
        for stage in self.stages:
            maps.append(stage(maps[-1]))
        scores: Tensor = self.head(F.relu(self.hidden(maps.pop())))  # (B, classes, ~H / 8, ~W / 8)
        for i, up in enumerate(self.ups):
            finer = images if i == len(self.ups) - 1 else maps.pop()  # strides 4, 2, and the image
            scores = up(scores)[..., : finer.shape[2], : finer.shape[3]]  # crop what rounding up added
            if i < len(self.skip_heads):
                scores = scores + self.skip_heads[i](finer)
        return scores


def mean_iou(predicted: Tensor, target: Tensor, num_classes: int = CLASSES) -> float:
    """Return the mean over the classes that occur of |A and B| / |A or B|, over all pixels."""
    if predicted.shape != target.shape:
        raise ValueError(f"shapes differ: {tuple(predicted.shape)} and {tuple(target.shape)}")
    ious = []
    for k in range(num_classes):
        union = ((predicted == k) | (target == k)).sum()
        if union > 0:
            ious.append(((predicted == k) & (target == k)).sum() / union)
    return float(torch.stack(ious).mean())


def shapes(count: int, height: int, width: int, number: int, seed: int) -> tuple[Tensor, Tensor]:
    """Draw images (count, 1, height, width) of equally bright discs and thin rings, and labels per pixel."""
    generator = torch.Generator().manual_seed(seed)
    rows, columns = torch.arange(height).view(-1, 1), torch.arange(width)
    labels = torch.zeros(count, height, width, dtype=torch.int64)
    for _ in range(number):
        u = torch.rand(4, count, 1, 1, generator=generator)
        radius = 4 + 2 * u[0]
        dy = rows - radius - u[1] * (height - 2 * radius)
        dx = columns - radius - u[2] * (width - 2 * radius)
        distance = (dy.square() + dx.square()).sqrt()
        disc = u[3] < 0.5
        inside = (distance <= radius) & (disc | (distance >= radius - 2))
        labels = torch.where(inside, torch.where(disc, 1, 2), labels)  # what comes later covers
    noise = 0.3 * torch.randn(count, height, width, generator=generator)
    return ((labels > 0) + noise).unsqueeze(1), labels


def train(model: nn.Module, images: Tensor, labels: Tensor, steps: int, lr: float = 5e-3) -> None:
    """Fit in place: cross-entropy of logits (B, K) or, per pixel, (B, K, H, W)."""
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for _ in range(steps):
        batch = torch.randint(len(images), (16,))
        loss = F.cross_entropy(model(images[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def score(model: FCN, images: Tensor, labels: Tensor) -> float:
    """Return the mean IoU of the most probable classes."""
    with torch.inference_mode():
        return mean_iou(model(images).argmax(dim=1), labels)


def main() -> None:
    """Train a classifier on single shapes, turn it into segmenters, fine-tune, and score them."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    images, masks = shapes(1000, SIDE, SIDE, number=1, seed=0)
    kinds = masks.flatten(1).amax(dim=1) - 1  # 0: disc, 1: ring
    classifier = Classifier()
    train(classifier, images[:800], kinds[:800], steps=250)
    with torch.inference_mode():
        accuracy = (classifier(images[800:]).argmax(dim=1) == kinds[800:]).float().mean()
    print(f"classifier, disc or ring in 24x24, held-out accuracy: {accuracy:.3f}")

    images, masks = shapes(300, 40, 40, number=3, seed=1)
    test_images, test_masks = shapes(100, 40, 40, number=3, seed=2)
    odd_images, odd_masks = shapes(100, 45, 31, number=3, seed=3)
    print("three shapes in 40x40, held-out mean IoU over background, disc, ring:")
    print(f"  background everywhere          {mean_iou(torch.zeros_like(test_masks), test_masks):.3f}")
    for name, skips in (("stride 8, no skips", False), ("with skips", True)):
        torch.manual_seed(0)
        model = FCN(classifier, skips=skips)
        train(model, images, masks, steps=200)
        print(f"  from the classifier, {name:<18} {score(model, test_images, test_masks):.3f}")
    print(f"the last one on 45x31 images: {score(model, odd_images, odd_masks):.3f}")


if __name__ == "__main__":
    main()
