"""LeNet-5 and residual networks: how depth became trainable.

What: LeNet-5 set the template, convolution and subsampling by turns, then dense layers. Going much
deeper, plain stacks get worse on the TRAINING set: degradation, which is no overfitting. A residual block
lets its layers learn only a correction to their input:

    y = ReLU(F(x) + shortcut(x)),     F = conv, batch norm, ReLU, conv, batch norm

The shortcut is the identity; where stride or channels change it is a 1x1 convolution (projection).

Why: a deeper network contains the shallower one, if its extra layers can do nothing. F = 0 is easy to
learn, an identity made of non-linear layers is not. And the derivative of x + F(x) is I + dF/dx, so the
gradient reaches the early layers directly.

Papers: LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998;
He et al., "Deep Residual Learning for Image Recognition", 2016.

Run: python corpus/code/resnet.py    (the same depths with and without shortcuts, on 8x8 digits)
"""

# mypy: allow-untyped-calls

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor, nn

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class LeNet5(nn.Sequential):
    """LeNet-5 as it is built today: 32x32 grey images to 10 logits, 61,706 parameters.

    In 1998 the subsampling had a learnt scale and shift, the second convolution read only some of the
    maps, and the output compared with fixed patterns (radial basis functions).
    """

    def __init__(self) -> None:
        """Five layers with weights; tanh, as ReLU came later."""
        super().__init__(
            nn.Conv2d(1, 6, kernel_size=5),  # 32 -> 28
            nn.Tanh(),
            nn.AvgPool2d(2),  # 14
            nn.Conv2d(6, 16, kernel_size=5),  # 10
            nn.Tanh(),
            nn.AvgPool2d(2),  # 5
            nn.Conv2d(16, 120, kernel_size=5),  # 1: on a 5x5 map the same as a dense layer
            nn.Tanh(),
            nn.Flatten(),
            nn.Linear(120, 84),
            nn.Tanh(),
            nn.Linear(84, 10),
        )


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut around them (the block of ResNet-18 and -34)."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1, residual: bool = True) -> None:
        """`residual=False` leaves the shortcut out: the plain network for comparison."""
        super().__init__()
        if min(in_channels, out_channels, stride) < 1:
            raise ValueError("channels and stride must be at least 1")
        self.residual = residual
        # Batch normalisation subtracts the mean, so a bias before it would have no effect.
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(out_channels)
        self.shortcut: nn.Module = nn.Identity()
        if residual and (stride != 1 or in_channels != out_channels):
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, kernel_size=1, stride=stride, bias=False),
                nn.BatchNorm2d(out_channels),
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, in_channels, H, W) to (B, out_channels, ceil(H / stride), ceil(W / stride))."""
        y: Tensor = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        if self.residual:
            y = y + self.shortcut(x)  # before the last ReLU, so that the sum may also take away
        return F.relu(y)


class ResNet(nn.Module):
    """A first convolution, two stages of blocks (the second at half size, twice as wide), a head."""

    def __init__(self, blocks_per_stage: int, width: int = 8, residual: bool = True, num_classes: int = 10) -> None:
        """4 * blocks_per_stage + 2 layers with weights, not counting projections."""
        super().__init__()
        if blocks_per_stage < 1:
            raise ValueError("a stage needs at least one block")
        self.depth = 4 * blocks_per_stage + 2
        self.stem = nn.Sequential(nn.Conv2d(1, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU())
        blocks = [BasicBlock(width, width, residual=residual) for _ in range(blocks_per_stage)]
        blocks.append(BasicBlock(width, 2 * width, stride=2, residual=residual))
        blocks += [BasicBlock(2 * width, 2 * width, residual=residual) for _ in range(blocks_per_stage - 1)]
        self.blocks = nn.Sequential(*blocks)
        self.fc = nn.Linear(2 * width, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B, 1, H, W) to logits (B, num_classes); any H, W >= 1."""
        if images.dim() != 4 or images.shape[1] != 1:
            raise ValueError(f"expected images (B, 1, H, W), got {tuple(images.shape)}")
        maps = self.blocks(self.stem(images))
        logits: Tensor = self.fc(maps.mean(dim=(2, 3)))
        return logits


def train(
    model: nn.Module, images: Tensor, labels: Tensor, *, epochs: int = 5, batch_size: int = 64, lr: float = 3e-3
) -> list[float]:
    """Fit the model in place; return the mean training loss of each epoch."""
    if len(images) == 0 or len(images) != len(labels):
        raise ValueError(f"need as many labels as images: {len(labels)} and {len(images)}")
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    shuffle = torch.Generator().manual_seed(0)
    history: list[float] = []
    model.train()
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


def digits() -> tuple[Tensor, Tensor]:
    """Return 8x8 digits (N, 1, 8, 8) in [0, 1] and their labels, shuffled."""
    data = load_digits()
    order = torch.randperm(len(data.target), generator=torch.Generator().manual_seed(0))
    images = torch.tensor(data.images / 16.0, dtype=torch.float32).unsqueeze(1)
    return images[order], torch.tensor(data.target)[order]


def compare(blocks_per_stage: tuple[int, ...], count: int, epochs: int) -> dict[tuple[int, bool], list[float]]:
    """Train plain and residual networks of these depths; return their training losses."""
    images, labels = digits()
    losses = {}
    for blocks in blocks_per_stage:
        for residual in (False, True):
            torch.manual_seed(0)
            model = ResNet(blocks, residual=residual)
            losses[model.depth, residual] = train(model, images[:count], labels[:count], epochs=epochs)
    return losses


def main() -> None:
    """Show degradation and its cure; and LeNet-5 beside them."""
    torch.set_num_threads(1)
    print("training loss after 5 epochs on 640 digits (guessing: 2.303):")
    for (depth, residual), history in compare((1, 10), count=640, epochs=5).items():
        print(f"  {depth:>2} layers, {'residual' if residual else 'plain':<8} {history[-1]:.3f}")
    images, labels = digits()
    torch.manual_seed(0)
    lenet = LeNet5()
    large = F.interpolate(images, size=(32, 32), mode="bilinear")
    train(lenet, large[:1347], labels[:1347])
    lenet.eval()
    with torch.inference_mode():
        accuracy = float((lenet(large[1347:]).argmax(dim=1) == labels[1347:]).float().mean())
    size = sum(parameter.numel() for parameter in lenet.parameters())
    print(f"LeNet-5: {size:,} parameters; held-out accuracy on {len(labels) - 1347} digits: {accuracy:.3f}")


def plot() -> "Figure":
    """Draw the training loss of plain and residual networks, shallow and deep."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.2), layout="constrained")
    axes = figure.subplots()
    for (depth, residual), history in compare((1, 8), count=384, epochs=5).items():
        name = f"{depth} layers, {'residual' if residual else 'plain'}"
        style = "-" if residual else "--"
        axes.plot(range(1, len(history) + 1), history, style, marker="o", label=name, color=f"C{int(depth > 10)}")
    axes.set(xlabel="epoch", ylabel="training loss", xticks=range(1, 6), title="Deeper, plain networks train worse")
    axes.legend()
    return figure


if __name__ == "__main__":
    main()
