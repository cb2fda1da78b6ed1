"""Normalisation layers: batch, layer, group and RMS norm, which differ only in the axes they average over.

What: each layer subtracts a mean, divides by a standard deviation, and gives the network a learnt
scale and shift back, so that nothing is lost:

    y = gamma * (x - mean) / sqrt(variance + eps) + beta      variance: the biased one, dividing by n

    for images (N, C, H, W), one mean and one variance
    batch norm   per channel, over N, H and W     gamma and beta per channel
    layer norm   per sample, over C, H and W      per element; in a Transformer per token, over its features
    group norm   per sample and group of channels, over the group's C, H and W
    RMS norm     as layer norm, but no mean: y = gamma * x / sqrt(mean(x^2) + eps)

Batch norm is the only one whose output for a sample depends on the other samples, and thus the only
one that needs a second way of computing at inference: with the running averages of training.

Papers: Ioffe and Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing
Internal Covariate Shift", 2015; Ba, Kiros and Hinton, "Layer Normalization", 2016;
Wu and He, "Group Normalization", 2018; Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019.

Run: python corpus/code/normalisation.py    (the axes, a batch by hand, and a forgotten eval())
"""

# mypy: allow-untyped-calls
import copy
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor, nn


class BatchNorm(nn.Module):
    """One mean and variance per channel, over samples and positions; (N, C) or (N, C, *positions)."""

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, num_channels: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        """`momentum` is the weight of the new batch in the running averages, as in PyTorch."""
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.gamma = nn.Parameter(torch.ones(num_channels))
        self.beta = nn.Parameter(torch.zeros(num_channels))
        # Buffers: saved with the model and moved with it, but no gradient and no optimiser.
        self.register_buffer("running_mean", torch.zeros(num_channels))
        self.register_buffer("running_var", torch.ones(num_channels))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise with the batch's statistics in training, with the running averages otherwise."""
        if x.dim() < 2 or x.shape[1] != len(self.gamma):
            raise ValueError(f"expected (N, {len(self.gamma)}, ...), got {tuple(x.shape)}")
        mean, var = self.batch_statistics(x) if self.training else (self.running_mean, self.running_var)
        per_channel = (1, -1) + (1,) * (x.dim() - 2)  # (C,) as (1, C, 1, 1), to line up with axis 1
        scale = self.gamma / torch.sqrt(var + self.eps)
        return (x - mean.view(per_channel)) * scale.view(per_channel) + self.beta.view(per_channel)

    def batch_statistics(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the batch's mean and biased variance, each (C,), and update the running averages."""
        count = x.numel() // x.shape[1]
        if count < 2:
            raise ValueError("training needs more than one value per channel: the variance of one is 0")
        var, mean = torch.var_mean(x, dim=[0, *range(2, x.dim())], correction=0)
        with torch.no_grad():
            self.running_mean.lerp_(mean, self.momentum)  # (1 - momentum) * old + momentum * new
            # The stored variance estimates that of the data: unbiased, dividing by count - 1.
            self.running_var.lerp_(var * count / (count - 1), self.momentum)
        return mean, var


def fold(conv: nn.Conv2d, norm: BatchNorm) -> nn.Conv2d:
    """Return one convolution equal to `conv` and then `norm` in eval mode, where norm is affine."""
    folded = copy.deepcopy(conv)
    with torch.no_grad():
        scale = norm.gamma / torch.sqrt(norm.running_var + norm.eps)  # (C_out,)
        bias = torch.zeros_like(scale) if conv.bias is None else conv.bias
        folded.weight.copy_(conv.weight * scale.view(-1, 1, 1, 1))
        folded.bias = nn.Parameter(norm.beta + (bias - norm.running_mean) * scale)
    return folded


class LayerNorm(nn.Module):
    """One mean and variance per sample (or token), over the last axes, whose sizes are `shape`."""

    def __init__(self, shape: Sequence[int], eps: float = 1e-5) -> None:
        """(D,) for tokens (N, T, D); (C, H, W) for whole images."""
        super().__init__()
        self.shape, self.eps = tuple(shape), eps
        self.gamma, self.beta = nn.Parameter(torch.ones(self.shape)), nn.Parameter(torch.zeros(self.shape))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each sample by itself; training and inference are the same."""
        axes = trailing_axes(x, self.shape)
        var, mean = torch.var_mean(x, dim=axes, correction=0, keepdim=True)
        return self.gamma * (x - mean) / torch.sqrt(var + self.eps) + self.beta


class GroupNorm(nn.Module):
    """One mean and variance per sample and group of channels; 1 group is layer norm over C, H, W."""

    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5) -> None:
        """gamma and beta are per channel, as in batch norm."""
        super().__init__()
        if num_groups < 1 or num_channels % num_groups:
            raise ValueError(f"{num_channels} channels do not divide into {num_groups} groups")
        self.num_groups, self.eps = num_groups, eps
        self.gamma, self.beta = nn.Parameter(torch.ones(num_channels)), nn.Parameter(torch.zeros(num_channels))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (N, C, *positions)."""
        if x.dim() < 2 or x.shape[1] != len(self.gamma):
            raise ValueError(f"expected (N, {len(self.gamma)}, ...), got {tuple(x.shape)}")
        groups = x.reshape(len(x), self.num_groups, -1)  # (N, G, C / G * H * W)
        var, mean = torch.var_mean(groups, dim=2, correction=0, keepdim=True)
        normed = ((groups - mean) / torch.sqrt(var + self.eps)).view(x.shape)
        per_channel = (1, -1) + (1,) * (x.dim() - 2)
        return normed * self.gamma.view(per_channel) + self.beta.view(per_channel)


class RMSNorm(nn.Module):
    """Layer norm without the mean and without beta: the root mean square becomes 1."""

    def __init__(self, shape: Sequence[int], eps: float = 1e-6) -> None:
        """`shape` is that of the last axes, as in LayerNorm."""
        super().__init__()
        self.shape, self.eps = tuple(shape), eps
        self.gamma = nn.Parameter(torch.ones(self.shape))

    def forward(self, x: Tensor) -> Tensor:
        """Rescale each sample by itself; a common offset of its features stays."""
        mean_square = x.square().mean(dim=trailing_axes(x, self.shape), keepdim=True)
        return self.gamma * x / torch.sqrt(mean_square + self.eps)


def trailing_axes(x: Tensor, shape: tuple[int, ...]) -> list[int]:
    """Return the numbers of the last axes of x, after checking that their sizes are `shape`."""
    if not shape or tuple(x.shape[-len(shape) :]) != shape:
        raise ValueError(f"expected the last axes to be {shape}, got {tuple(x.shape)}")
    return list(range(-len(shape), 0))


def train(model: nn.Module, images: Tensor, labels: Tensor, epochs: int = 10) -> None:
    """Fit a classifier in place, on shuffled batches."""
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    model.train()
    for _ in range(epochs):
        for batch in torch.randperm(len(images)).split(64):
            loss = F.cross_entropy(model(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def accuracy(model: nn.Module, images: Tensor, labels: Tensor, batch_size: int) -> float:
    """Return the share of right answers, batch by batch, in the mode that the model is in."""
    with torch.no_grad():
        answers = torch.cat([model(batch).argmax(dim=1) for batch in images.split(batch_size)])
    return (answers == labels).float().mean().item()


def main() -> None:
    """Measure the axes, work a batch by hand, show the dependence on the batch and what it can do."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    torch.manual_seed(0)
    x = torch.randn(8, 6, 5, 5) * torch.rand(8, 6, 1, 1) + torch.randn(8, 1, 1, 1) + torch.randn(1, 6, 1, 1)
    print("images (N 8, C 6, H 5, W 5): largest |mean| over        N,H,W    C,H,W   2 of C,H,W")
    layers = (nn.Identity(), BatchNorm(6), LayerNorm((6, 5, 5)), GroupNorm(3, 6), RMSNorm((6, 5, 5)))
    for layer in layers:
        y = layer(x)
        means = (y.mean(dim=(0, 2, 3)), y.mean(dim=(1, 2, 3)), y.reshape(8, 3, 50).mean(dim=2))
        print(f"  {type(layer).__name__:<10}" + " " * 40 + "   ".join(f"{mean.abs().max():6.3f}" for mean in means))

    norm, column = BatchNorm(1), torch.tensor([[1.0], [3.0], [5.0], [7.0]])
    in_training = [round(value, 3) for value in norm(column).flatten().tolist()]
    print(
        f"batch norm of 1, 3, 5, 7: {in_training}; stored {norm.running_mean.item():.3f}, {norm.running_var.item():.3f}"
    )
    print(f"  the 1 in eval mode: {norm.eval()(column)[0].item():.3f}")

    print("largest change in sample 0 when the other samples are tripled:")
    other = torch.cat((x[:1], 3 * x[1:]))
    for name, i, mode in (("batch norm, train", 1, True), ("batch norm, eval", 1, False), ("layer norm", 2, True)):
        change = layers[i].train(mode)(other)[0] - layers[i](x)[0]
        print(f"  {name}: {change.abs().max():.3f}")

    data = load_digits()
    images, labels = torch.tensor(data.data, dtype=torch.float32) / 16, torch.tensor(data.target)
    order = torch.randperm(len(images))
    train_set, test = order[450:], order[:450][labels[order[:450]].argsort(stable=True)]  # sorted by class
    print("held-out digits, sorted by class, in batches of 30; accuracy in eval() and with eval() forgotten:")
    for name, hidden in (("batch norm", BatchNorm(64)), ("layer norm", LayerNorm((64,)))):
        model = nn.Sequential(nn.Linear(64, 64), hidden, nn.ReLU(), nn.Linear(64, 10))
        train(model, images[train_set], labels[train_set])
        scores = [accuracy(model.train(mode), images[test], labels[test], batch_size=30) for mode in (False, True)]
        print(f"  {name}: {scores[0]:.3f} and {scores[1]:.3f}")


if __name__ == "__main__":
    main()
