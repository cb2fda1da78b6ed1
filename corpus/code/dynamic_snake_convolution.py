"""Dynamic snake convolution: a kernel that bends along thin, winding structures.

What: the nine taps of a 3x3 kernel are stretched into a line. The kernel along x moves on by one column
per tap and may deviate by rows only; its deviations ADD UP from the centre outwards:

    tap at +c:  column j + c,  row i + delta_1 + ... + delta_c        (and the same towards -c), |delta| < 1

Every tap thus goes on from its neighbour, less than one row away: the taps form an unbroken, bending
line. A second kernel does the same along y. The steps delta are predicted from the features by a
convolution and tanh; the rows are fractional, so two pixels are interpolated.

Why: free offsets (deformable convolution) can stray off a target a few pixels wide; vessels, roads and
cracks are connected, and so are these taps. The window still scans the image: a bent 9-tap kernel, no path
along the whole vessel. The paper adds a fusion of views and a loss on persistent homology.

Paper: Qi et al., "Dynamic Snake Convolution based on Topological Geometric Constraints for Tubular
Structure Segmentation", 2023 (DSCNet).

Run: python corpus/code/dynamic_snake_convolution.py    (reads along winding vessels)
"""

# mypy: allow-untyped-calls

import math
from typing import TYPE_CHECKING, Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def snake_deviations(steps: Tensor) -> Tensor:
    """Add the steps (B, K - 1, H, W) up outwards: the deviation of each of the K taps, 0 at the centre."""
    if steps.dim() != 4 or steps.shape[1] % 2 or steps.shape[1] == 0:
        raise ValueError(f"an odd number of taps K needs K - 1 steps (B, K - 1, H, W), got {tuple(steps.shape)}")
    before, after = steps.chunk(2, dim=1)
    outwards = before.flip(1).cumsum(dim=1).flip(1)  # the tap next to the centre is the last of `before`
    return torch.cat((outwards, torch.zeros_like(steps[:, :1]), after.cumsum(dim=1)), dim=1)


def sample_along_x(x: Tensor, deviations: Tensor) -> Tensor:
    """Read x (B, C, H, W) at column j + c, row i + deviation: (B, C, K, H, W); outside lie zeros."""
    channels, height = x.shape[1:3]
    reach = deviations.shape[1] // 2
    # Whole columns first: shifted[:, :, k, i, j] = x[:, :, i, j + k - reach].
    shifted = F.pad(x, (reach, reach)).unfold(3, 2 * reach + 1, 1).movedim(-1, 2)
    rows = torch.arange(height).view(-1, 1) + deviations  # (B, K, H, W)
    top = rows.floor()
    sampled = torch.zeros_like(shifted)
    for row, weight in ((top, 1 - (rows - top)), (top + 1, rows - top)):
        inside = (row >= 0) & (row < height)
        index = row.clamp(0, height - 1).long().unsqueeze(1).expand(-1, channels, -1, -1, -1)
        sampled = sampled + shifted.gather(3, index) * (weight * inside).unsqueeze(1)
    return sampled


class SnakeConv(nn.Module):
    """A snake kernel along one axis; maps (B, in_channels, H, W) to (B, out_channels, H, W)."""

    def __init__(self, in_channels: int, out_channels: int, axis: Literal["x", "y"], taps: int = 9) -> None:
        """The branch ends in zeros: at first the kernel is a straight line of `taps` pixels."""
        super().__init__()
        if axis not in ("x", "y") or taps < 3 or taps % 2 == 0:
            raise ValueError("axis is 'x' or 'y', and taps an odd number of at least 3")
        self.axis = axis
        # Only the weights are used: this is the straight kernel that is bent.
        self.line = nn.Conv2d(in_channels, out_channels, kernel_size=(1, taps), bias=False)
        # In the paper one convolution on a deep network's features; on raw pixels it needs a hidden layer.
        last = nn.Conv2d(8, taps - 1, kernel_size=3, padding=1)
        for parameter in last.parameters():
            nn.init.zeros_(parameter)
        self.branch = nn.Sequential(nn.Conv2d(in_channels, 8, kernel_size=3, padding=1), nn.ReLU(), last)

    def deviations(self, x: Tensor) -> Tensor:
        """Return how far each tap leaves the straight line along x, in rows: (B, taps, H, W)."""
        return snake_deviations(torch.tanh(self.branch(x)))

    def forward(self, x: Tensor) -> Tensor:
        """Along y is along x with rows and columns exchanged, before and after."""
        if self.axis == "y":
            x = x.transpose(2, 3)
        sampled = sample_along_x(x, self.deviations(x))
        y = torch.einsum("ock,bckhw->bohw", self.line.weight.squeeze(2), sampled)
        return y.transpose(2, 3) if self.axis == "y" else y


class Vessels(NamedTuple):
    """Images (B, 1, H, W) of winding lines, the target at every pixel, and where a line is."""

    images: Tensor
    targets: Tensor
    on_line: Tensor


def draw_vessels(count: int, seed: int, side: int = 28, gap: int = 7) -> Vessels:
    """Draw parallel winding lines whose brightness changes at random along their course.

    The target is the mean brightness of the nearest line over the nine columns around a pixel: whoever
    follows the line can read it off; whoever does not mixes in the background and the next line.
    """
    generator = torch.Generator().manual_seed(seed)
    columns = torch.arange(side + 8.0)  # 4 more on either side, cut off below
    u = torch.rand(count, 4, 1, generator=generator)
    wave = (2 + 1.5 * u[:, 0]) * torch.sin(2 * math.pi * (columns / (22 + 10 * u[:, 1]) + u[:, 2]))
    lines = gap * (u[:, 3:] - 1 + torch.arange(side // gap + 3).view(1, -1, 1)) + wave.unsqueeze(1)  # (B, L, columns)
    brightness = 0.2 + 0.8 * torch.rand(lines.shape, generator=generator)
    means = F.avg_pool1d(F.pad(brightness, (4, 4), mode="replicate"), kernel_size=9, stride=1)
    distance = torch.arange(side).view(1, 1, -1, 1) - lines.unsqueeze(2)  # (B, L, rows, columns)
    images = (brightness.unsqueeze(2) * torch.exp(-0.5 * distance.square())).sum(dim=1)
    nearest, which = distance.abs().min(dim=1)
    return Vessels(*(picture[:, None, :, 4:-4] for picture in (images, means.gather(1, which), nearest <= 0.5)))


def build(kind: str) -> nn.Module:
    """One kernel of nine taps that starts as their mean: only the places of the taps differ."""
    if kind == "snake":
        snake = SnakeConv(1, 1, axis="x")
        nn.init.constant_(snake.line.weight, 1 / 9)
        return snake
    # These get a bias as well: without one they would do worse than a constant.
    kernels = {
        "square": nn.Conv2d(1, 1, kernel_size=3, padding=1),
        "straight": nn.Conv2d(1, 1, kernel_size=(1, 9), padding=(0, 4)),
    }
    if kind not in kernels:
        raise ValueError(f"kind must be 'snake' or one of {sorted(kernels)}, not {kind!r}")
    nn.init.constant_(kernels[kind].weight, 1 / 9)
    return kernels[kind]


def squared_error(model: nn.Module, data: Vessels) -> Tensor:
    """Mean squared error on the lines, where the kernel's nine columns are all in the picture."""
    prediction, targets, on_line = (picture[..., 4:-4, 4:-4] for picture in (model(data.images), *data[1:]))
    return (prediction - targets)[on_line].square().mean()


def train(model: nn.Module, steps: int = 400, lr: float = 1e-2) -> None:
    """Fit the model in place to vessels."""
    data = draw_vessels(400, seed=0)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        batch = torch.randint(400, (8,))
        loss = squared_error(model, Vessels(*(picture[batch] for picture in data)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()


def main() -> None:
    """Add steps up; then train three kernels of nine taps and score them on new vessels."""
    torch.set_num_threads(1)
    steps = torch.tensor([-1.0, -1.0, 0.5, 0.5, 0.5, 0.5, 0.0, -0.5]).view(1, 8, 1, 1)
    print("steps     ", *(f"{v:+.1f}" for v in steps.flatten().tolist()))
    print("deviations", *(f"{v:+.1f}" for v in snake_deviations(steps).flatten().tolist()), "(9 taps)")
    data = draw_vessels(60, seed=1)
    variance = data.targets[..., 4:-4, 4:-4][data.on_line[..., 4:-4, 4:-4]].var(correction=0)
    print("brightness along winding vessels, share of the held-out variance explained by nine taps:")
    for kind in ("square", "straight", "snake"):
        torch.manual_seed(0)
        model = build(kind)
        train(model)
        with torch.inference_mode():
            print(f"  {kind:<8} {float(1 - squared_error(model, data) / variance):.2f}")


def plot() -> "Figure":
    """Draw where a trained snake kernel and a straight one read, at three pixels of a vessel."""
    from matplotlib.figure import Figure

    torch.manual_seed(0)
    model = build("snake")
    train(model, steps=250)
    data = draw_vessels(8, seed=1)
    assert isinstance(model, SnakeConv)
    with torch.inference_mode():
        deviations = model.deviations(data.images)
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    for axes, image in zip(figure.subplots(1, 2), (0, 1), strict=True):
        axes.imshow(data.images[image, 0].numpy(), cmap="gray")
        for column in (6, 14, 22):
            on_line = data.on_line[image, 0, :, column].nonzero().flatten()
            row = int(on_line[(on_line - 14).abs().argmin()])  # the line nearest to the middle
            places = range(column - 4, column + 5)
            axes.plot(places, [row] * 9, "o", color="tab:cyan", ms=3, label="straight")
            snake = (row + deviations[image, :, row, column]).numpy()
            axes.plot(places, snake, "o-", color="tab:orange", ms=3, label="snake")
        axes.set(xlim=(-0.5, 27.5), ylim=(27.5, -0.5), xticks=[], yticks=[])
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles[:2], labels[:2], loc="outside lower center", ncols=2)
    figure.suptitle("Nine taps at three places of a vessel", fontsize=11)
    return figure


if __name__ == "__main__":
    main()
