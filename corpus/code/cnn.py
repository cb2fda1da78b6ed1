"""A convolutional network that classifies images of any size.

What: a convolution looks for one small pattern at every position with the same weights; pooling
halves the map, so that the next convolution sees twice as far. Stacked, they go from edges to
strokes to digits. A linear layer then names the class.

Why it fits any input: a linear layer needs a fixed number of features, so flattening the last map
ties the network to one image size (16 * 7 * 7 after one 2x2 pool is a 14x14 image and no other).
Global average pooling leaves one number per channel, whatever the height and width.

Papers: LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998;
Lin, Chen and Yan, "Network In Network", 2014 (global average pooling);
Ioffe and Szegedy, "Batch Normalization", 2015.

Run: python corpus/code/cnn.py    (trains on scikit-learn's 8x8 digits)
"""

# mypy: allow-untyped-calls

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits  # type: ignore[import-untyped,unused-ignore]
from sklearn.model_selection import train_test_split  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor, nn


class CNN(nn.Module):
    """Convolution blocks, global average pooling, one linear layer."""

    def __init__(self, in_channels: int = 1, num_classes: int = 10, widths: Sequence[int] = (32, 64)) -> None:
        """Build one block per entry of `widths`; grey images have 1 input channel, RGB has 3."""
        super().__init__()
        if not widths or min(in_channels, num_classes, *widths) < 1:
            raise ValueError("in_channels, num_classes and every width must be at least 1")
        self.in_channels = in_channels
        channels = [in_channels, *widths]
        self.features = nn.Sequential(*(_block(channels[i], channels[i + 1]) for i in range(len(widths))))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels[-1], num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B, C, H, W) to class logits (B, num_classes); any H, W >= 1."""
        if images.dim() != 4 or images.shape[1] != self.in_channels or 0 in images.shape:
            raise ValueError(
                f"expected images of shape (B, {self.in_channels}, H, W), none of them 0; got {tuple(images.shape)}"
            )
        maps = self.features(images)  # (B, widths[-1], ~H / 2^blocks, ~W / 2^blocks)
        pooled = self.pool(maps).flatten(1)  # (B, widths[-1]): the size of the image is gone
        logits: Tensor = self.fc(pooled)  # no softmax: cross_entropy takes logits
        return logits


def _block(in_channels: int, out_channels: int) -> nn.Sequential:
    return nn.Sequential(
        # padding=1 keeps H and W under a 3x3 kernel. Batch normalisation subtracts the mean,
        # so a bias here would have no effect.
        nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
        # ceil_mode: an odd side keeps its last row, and a side of 1 stays 1 instead of vanishing.
        nn.MaxPool2d(kernel_size=2, ceil_mode=True),
    )


def train(
    model: CNN,
    images: Tensor,
    labels: Tensor,
    *,
    epochs: int = 12,
    batch_size: int = 64,
    lr: float = 3e-3,
    seed: int = 0,
) -> list[float]:
    """Fit the model in place; return the mean training loss of each epoch."""
    if len(images) == 0 or len(images) != len(labels):
        raise ValueError(f"need as many labels as images: {len(labels)} and {len(images)}")
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=1e-2)
    shuffle = torch.Generator().manual_seed(seed)
    history: list[float] = []
    model.train()  # batch normalisation: statistics of the batch
    for _ in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(images), generator=shuffle).split(batch_size):
            loss = F.cross_entropy(model(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        history.append(total / len(images))
    return history


def accuracy(model: CNN, images: Tensor, labels: Tensor) -> float:
    """Return the share of images whose largest logit is at the true class."""
    if len(images) == 0 or len(images) != len(labels):
        raise ValueError(f"need as many labels as images: {len(labels)} and {len(images)}")
    model.eval()  # batch normalisation: running statistics, so an image's result is its own
    with torch.inference_mode():
        predictions = model(images).argmax(dim=1)
    return float((predictions == labels).float().mean())


def digits() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return train images (N, 1, 8, 8) in [0, 1], test images, train labels, test labels."""
    data = load_digits()
    images = torch.tensor(data.images / 16.0, dtype=torch.float32).unsqueeze(1)
    labels = torch.tensor(data.target, dtype=torch.int64)
    train_ids, test_ids = train_test_split(range(len(labels)), test_size=0.25, stratify=data.target, random_state=0)
    return images[train_ids], images[test_ids], labels[train_ids], labels[test_ids]


def main() -> None:
    """Train on the digits, then read other image sizes with the same weights."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    torch.manual_seed(0)
    train_images, test_images, train_labels, test_labels = digits()
    model = CNN()
    before = accuracy(model, test_images, test_labels)
    history = train(model, train_images, train_labels)
    after = accuracy(model, test_images, test_labels)
    print(f"parameters: {sum(p.numel() for p in model.parameters()):,}")
    print(f"training loss: {history[0]:.3f} in the first epoch, {history[-1]:.3f} in the last")
    print(f"held-out accuracy ({len(test_labels)} digits): {before:.3f} untrained, {after:.3f}")
    for size in (7, 28, 224):
        logits = model(F.interpolate(test_images[:2], size=(size, size), mode="bilinear"))
        print(f"the same weights on {size}x{size} images: logits {tuple(logits.shape)}")


if __name__ == "__main__":
    main()
