"""A U-Net: a label for every pixel, from wide context and fine detail together.

What: the way down (the encoder) halves the map at each level and sees ever more context; the way
up (the decoder) doubles it again. At each level the encoder's map is handed across and
concatenated, because pooling threw the exact borders away and the decoder cannot guess them.
Unlike an autoencoder or a VAE it has no narrow code: the skip connections lead around it.

Any size: pooling rounds odd sides up, so the map that comes back up is as large as the skip or one
row or column larger, and is cropped to it.

Paper: Ronneberger, Fischer and Brox, "U-Net: Convolutional Networks for Biomedical Image
Segmentation", 2015. It pads nowhere and crops the skips; padding by 1, as here, keeps the sizes.

Run: python corpus/code/unet.py    (finds discs among squares of the same brightness)
"""

# mypy: allow-untyped-calls

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CHANNELS_PER_GROUP = 8


class DoubleConv(nn.Module):
    """Twice: 3x3 convolution, group normalisation, ReLU. Height and width stay."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        """`out_channels` is a multiple of 8, the channels of a normalisation group."""
        super().__init__()
        groups, rest = divmod(out_channels, CHANNELS_PER_GROUP)
        if groups < 1 or rest:
            raise ValueError(f"out_channels must be a multiple of {CHANNELS_PER_GROUP}")
        # Group, not batch, normalisation: segmentation trains on few large images at a time (the
        # paper on one), too few for the statistics of a batch.
        self.net = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1, bias=False),
            nn.GroupNorm(groups, out_channels),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, kernel_size=3, padding=1, bias=False),
            nn.GroupNorm(groups, out_channels),
            nn.ReLU(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, in_channels, H, W) to (B, out_channels, H, W)."""
        out: Tensor = self.net(x)
        return out


class UNet(nn.Module):
    """`depth` levels down and up again, with a skip connection at each."""

    def __init__(self, in_channels: int = 1, num_classes: int = 1, width: int = 16, depth: int = 3) -> None:
        """`width` channels at full size, twice as many at each level below."""
        super().__init__()
        if min(in_channels, num_classes, depth) < 1:
            raise ValueError("in_channels, num_classes and depth must be at least 1")
        self.in_channels = in_channels
        widths = [width * 2**level for level in range(depth + 1)]  # the last is the bottom
        self.down = nn.ModuleList(DoubleConv(i, o) for i, o in zip([in_channels, *widths], widths[:-1], strict=False))
        self.pool = nn.MaxPool2d(2, ceil_mode=True)
        self.bottom = DoubleConv(widths[-2], widths[-1])
        # A transposed convolution whose kernel equals its stride writes each output once, so it
        # leaves no checkerboard of uneven overlaps.
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * w, w, kernel_size=2, stride=2) for w in widths[-2::-1])
        self.merge = nn.ModuleList(DoubleConv(2 * w, w) for w in widths[-2::-1])
        self.head = nn.Conv2d(width, num_classes, kernel_size=1)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B, C, H, W), any H, W >= 1, to logits (B, num_classes, H, W)."""
        if images.dim() != 4 or images.shape[1] != self.in_channels or 0 in images.shape:
            raise ValueError(
                f"expected images of shape (B, {self.in_channels}, H, W), none of them 0; got {tuple(images.shape)}"
            )
        x, skips = images, []
        for down in self.down:
            x = down(x)
            skips.append(x)
            x = self.pool(x)  # (H, W) -> (ceil(H / 2), ceil(W / 2))
        x = self.bottom(x)
        for up, merge in zip(self.up, self.merge, strict=True):
            skip = skips.pop()  # the deepest first
            x = up(x)[..., : skip.shape[-2], : skip.shape[-1]]
            x = merge(torch.cat((skip, x), dim=1))
        logits: Tensor = self.head(x)
        return logits


def dice(predicted: Tensor, target: Tensor) -> Tensor:
    """Return 2 |A and B| / (|A| + |B|) of two boolean masks (B, ...), (B,); both empty is 1."""
    if predicted.shape != target.shape or predicted.dim() < 2:
        raise ValueError(f"shapes differ: {tuple(predicted.shape)} and {tuple(target.shape)}")
    if predicted.dtype != torch.bool or target.dtype != torch.bool:
        raise ValueError("masks must be boolean; threshold the logits first, e.g. logits > 0")
    overlap = (predicted & target).flatten(1).sum(dim=1)
    size = predicted.flatten(1).sum(dim=1) + target.flatten(1).sum(dim=1)
    return torch.where(size == 0, 1.0, 2.0 * overlap / size.clamp(min=1))


def segmentation_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """Return cross-entropy per pixel plus 1 - Dice of the probabilities.

    Cross-entropy alone is nearly content with "background everywhere" when the foreground is
    small; Dice is a ratio of foreground areas and does not count the background.
    """
    target = masks.float()
    probability = torch.sigmoid(logits)
    overlap = 2 * (probability * target).sum() + 1  # + 1: defined where there is no foreground
    soft_dice = overlap / (probability.sum() + target.sum() + 1)
    return F.binary_cross_entropy_with_logits(logits, target) + 1 - soft_dice


def draw_shapes(count: int, height: int, width: int, seed: int) -> tuple[Tensor, Tensor]:
    """Draw grey images (count, 1, height, width) and masks: the discs, but not the squares.

    Both kinds are as bright and as large, so that brightness alone cannot tell them apart.
    """
    generator = torch.Generator().manual_seed(seed)
    rows, columns = torch.arange(height).view(-1, 1), torch.arange(width).view(1, -1)
    images = torch.zeros(count, 1, height, width)
    masks = torch.zeros(count, 1, height, width, dtype=torch.bool)
    for image, mask in zip(images, masks, strict=True):
        for shape in range(4):
            u = torch.rand(3, generator=generator)
            radius = 3.0 + 3.0 * float(u[0])
            dy, dx = rows - float(u[1]) * height, columns - float(u[2]) * width
            if shape % 2:
                inside = dy.square() + dx.square() <= radius**2
                mask |= inside
            else:
                inside = torch.maximum(dy.abs(), dx.abs()) <= 0.886 * radius  # the same area
                mask &= ~inside  # drawn later, a square covers a disc
            image[:, inside] = 1.0
    return images + 0.2 * torch.randn(images.shape, generator=generator), masks


def train(
    model: UNet,
    images: Tensor,
    masks: Tensor,
    *,
    epochs: int = 8,
    batch_size: int = 8,
    lr: float = 3e-3,
    seed: int = 0,
) -> list[float]:
    """Fit the model in place; return the mean training loss of each epoch."""
    if len(images) == 0 or images.shape[-2:] != masks.shape[-2:] or len(images) != len(masks):
        raise ValueError("need images and masks of the same number and size")
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    shuffle = torch.Generator().manual_seed(seed)
    history: list[float] = []
    model.train()
    for _ in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(images), generator=shuffle).split(batch_size):
            loss = segmentation_loss(model(images[batch]), masks[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        history.append(total / len(images))
    return history


def mean_dice(model: UNet, images: Tensor, masks: Tensor) -> float:
    """Return the mean Dice score; a logit above 0 is a probability above 1/2."""
    model.eval()
    with torch.inference_mode():
        return dice(model(images) > 0, masks).mean().item()


def main() -> None:
    """Train on 32x32 images, then segment held-out ones of that and of an odd size."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    torch.manual_seed(0)
    images, masks = draw_shapes(256, 32, 32, seed=0)
    test_images, test_masks = draw_shapes(100, 32, 32, seed=1)
    print(f"held-out Dice, brightness threshold: {dice(test_images > 0.5, test_masks).mean():.3f}")
    model = UNet()
    print(f"held-out Dice, untrained U-Net:      {mean_dice(model, test_images, test_masks):.3f}")
    history = train(model, images, masks)
    print(f"held-out Dice, trained U-Net:        {mean_dice(model, test_images, test_masks):.3f}")
    odd_images, odd_masks = draw_shapes(100, 45, 27, seed=2)
    print(f"the same weights on 45x27 images:    {mean_dice(model, odd_images, odd_masks):.3f}")
    print(f"training loss: {history[0]:.3f} in the first epoch, {history[-1]:.3f} in the last")


if __name__ == "__main__":
    main()
