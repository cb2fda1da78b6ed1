"""Deformable convolution: the taps of the kernel move to where the features say.

What: a convolution reads the fixed grid p + p_n. Here every tap gets an offset, and in version 2 a
weight m_n in [0, 1] as well, at every position p and for every image anew:

    y(p) = sum over n of  w_n * m_n(p) * x(p + p_n + offset_n(p))

A small convolution beside it, the branch, predicts 2 k^2 offsets (3 k^2 channels with the m_n) from the
same features. The places are fractional, so x is read by bilinear interpolation, whose derivative with
respect to the place is a difference of neighbouring pixels: the task's loss trains the branch, without
any labels for the offsets. The branch starts at 0, and so the layer as a plain convolution.

Papers: Dai et al., "Deformable Convolutional Networks", 2017;
Zhu et al., "Deformable ConvNets v2: More Deformable, Better Results", 2019.

Run: python corpus/code/deformable_convolution.py    (undoes a shift that each image names itself)
"""

# mypy: allow-untyped-calls

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def bilinear_sample(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Read x (B, C, H, W) at fractional places (B, N): (B, C, N). Outside the map lie zeros."""
    if x.dim() != 4 or rows.shape != columns.shape or rows.dim() != 2 or len(rows) != len(x):
        raise ValueError(f"expected x (B, C, H, W), places (B, N): {tuple(x.shape)}, {tuple(rows.shape)}")
    height, width = x.shape[2:]
    top, left = rows.floor(), columns.floor()  # piecewise constant: no gradient flows through these
    down, right = rows - top, columns - left  # in [0, 1), and these carry the gradient
    corners = (
        (top, left, (1 - down) * (1 - right)),
        (top, left + 1, (1 - down) * right),
        (top + 1, left, down * (1 - right)),
        (top + 1, left + 1, down * right),
    )
    sampled = x.new_zeros(len(x), x.shape[1], rows.shape[1])
    for row, column, weight in corners:
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        index = (row.clamp(0, height - 1) * width + column.clamp(0, width - 1)).long()
        values = x.flatten(2).gather(2, index.unsqueeze(1).expand(-1, x.shape[1], -1))
        sampled = sampled + values * (weight * inside).unsqueeze(1)
    return sampled


def deformable_convolution(
    x: Tensor, offsets: Tensor, weight: Tensor, mask: Tensor | None = None, stride: int = 1, padding: int = 0
) -> Tensor:
    """Convolve x (B, C, H, W) by weight (O, C, kh, kw), every tap moved by its offset.

    `offsets` is (B, 2 * kh * kw, H', W'): row and column of tap 1, row and column of tap 2, ...
    `mask` is (B, kh * kw, H', W'): by how much each tap counts.
    """
    batch, channels, height, width = x.shape
    kh, kw = weight.shape[2:]
    out = ((height + 2 * padding - kh) // stride + 1, (width + 2 * padding - kw) // stride + 1)
    if weight.shape[1] != channels or offsets.shape != (batch, 2 * kh * kw, *out):
        raise ValueError(f"expected offsets {(batch, 2 * kh * kw, *out)}, got {tuple(offsets.shape)}")
    if mask is not None and mask.shape != (batch, kh * kw, *out):
        raise ValueError(f"expected a mask {(batch, kh * kw, *out)}, got {tuple(mask.shape)}")
    # The regular grid: output (i, j) and tap (u, v) read pixel (i * stride - padding + u, ...).
    u, v = torch.meshgrid(torch.arange(kh), torch.arange(kw), indexing="ij")
    rows = u.reshape(-1, 1, 1) + torch.arange(out[0]).view(-1, 1) * stride - padding  # (taps, H', 1)
    columns = v.reshape(-1, 1, 1) + torch.arange(out[1]) * stride - padding  # (taps, 1, W')
    down, right = offsets.unflatten(1, (kh * kw, 2)).unbind(dim=2)  # (B, taps, H', W') each
    sampled = bilinear_sample(x, (rows + down).flatten(1), (columns + right).flatten(1))
    sampled = sampled.unflatten(2, (kh * kw, *out))  # (B, C, taps, H', W')
    if mask is not None:
        sampled = sampled * mask.unsqueeze(1)
    return torch.einsum("ocn,bcnhw->bohw", weight.flatten(2), sampled)


class DeformableConv2d(nn.Module):
    """A 3x3 (by default) deformable layer of stride 1 that keeps the size."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3, modulated: bool = False) -> None:
        """`modulated` adds the m_n of version 2; they start at sigmoid(0) = 1/2."""
        super().__init__()
        if min(in_channels, out_channels) < 1 or kernel_size % 2 == 0:
            raise ValueError("channels must be at least 1, and kernel_size odd")
        self.modulated, self.taps, self.padding = modulated, kernel_size**2, kernel_size // 2
        # Only the weights are used: this is the convolution whose taps are moved.
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, bias=False)
        self.branch = nn.Conv2d(in_channels, (3 if modulated else 2) * self.taps, kernel_size, padding=self.padding)
        for parameter in self.branch.parameters():
            nn.init.zeros_(parameter)

    def offsets_and_mask(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Predict offsets (B, 2 * taps, H, W) and, in version 2, the mask (B, taps, H, W)."""
        predicted = self.branch(x)
        offsets = predicted[:, : 2 * self.taps]
        return offsets, torch.sigmoid(predicted[:, 2 * self.taps :]) if self.modulated else None

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, in_channels, H, W) to (B, out_channels, H, W)."""
        offsets, mask = self.offsets_and_mask(x)
        return deformable_convolution(x, offsets, self.conv.weight, mask, padding=self.padding)


def shifted_textures(count: int, seed: int, side: int = 16, reach: int = 2) -> tuple[Tensor, Tensor]:
    """Draw inputs (count, 3, side, side) and targets (count, 1, side, side).

    Channel 0 is a smooth texture; 1 and 2 hold a shift by whole rows and columns, the same all over an
    image and different for each (as optical flow would give it). The target is the texture, shifted so.
    """
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(count, 1, side + 2, side + 2, generator=generator)
    texture = F.avg_pool2d(noise, 3, stride=1) * 3  # unit variance
    shifts = torch.randint(-reach, reach + 1, (count, 2), generator=generator)
    target = torch.stack(
        [image.roll((-int(dy), -int(dx)), dims=(1, 2)) for image, (dy, dx) in zip(texture, shifts, strict=True)]
    )
    named = shifts.float().view(count, 2, 1, 1).expand(-1, -1, side, side)
    return torch.cat((texture, named), dim=1), target


def inner_error(prediction: Tensor, target: Tensor, border: int = 3) -> Tensor:
    """Mean squared error away from the border, where the target is not in the picture."""
    inner = slice(border, -border)
    return F.mse_loss(prediction[..., inner, inner], target[..., inner, inner])


def train(model: nn.Module, steps: int = 400, lr: float = 1e-2) -> None:
    """Fit the model in place to shifted textures."""
    x, target = shifted_textures(512, seed=0)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        batch = torch.randint(len(x), (16,))
        loss = inner_error(model(x[batch]), target[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()


def main() -> None:
    """Train a plain network and one deformable layer; then read the offsets that it learnt."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    x, target = shifted_textures(200, seed=1)
    plain = nn.Sequential(nn.Conv2d(3, 18, 3, padding=1), nn.ReLU(), nn.Conv2d(18, 1, 3, padding=1))
    deformable = DeformableConv2d(3, 1)
    print(f"held-out error without any shift:  {inner_error(x[:, :1], target):.3f}")
    for name, model in (("two plain convolutions", plain), ("one deformable one", deformable)):
        train(model)
        with torch.inference_mode():
            error = inner_error(model(x), target)
        size = sum(parameter.numel() for parameter in model.parameters())
        print(f"held-out error, {name:<22} {error:.3f}  ({size} parameters)")
    with torch.inference_mode():
        offsets, _ = deformable.offsets_and_mask(x)
    # Which tap does the reading is free, as long as place + offset = shift: compare that of the heaviest.
    tap = int(deformable.conv.weight[0, 0].abs().argmax())
    place = torch.tensor([tap // 3 - 1, tap % 3 - 1]).view(2, 1, 1)
    reads_at = (place + offsets[:, 2 * tap : 2 * tap + 2])[..., 8, 8]
    for shift, place in list(zip(x[:, 1:, 8, 8], reads_at, strict=True))[:3]:
        wanted, read = (", ".join(f"{v:+.1f}" for v in pair.flatten().tolist()) for pair in (shift, place))
        print(f"shift wanted ({wanted}): the heaviest tap reads at ({read})")


if __name__ == "__main__":
    main()
