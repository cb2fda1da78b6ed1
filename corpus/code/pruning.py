"""Pruning: remove the weights that matter least, one by one or a channel at a time.

What: a trained network holds more weights than it needs. Magnitude pruning removes the smallest:

    unstructured   single weights, those of the smallest |w| in all layers together
    structured     whole filters, those of the smallest L1 norm, and with each filter the slice of
                   the next layer that reads its channel

Why it matters which: scattered zeros leave every tensor its shape, and a dense kernel multiplies by
them like by any number, so nothing is faster without sparse kernels. Without its channels the
network is a smaller *dense* one, with the output of the masked one, and cheaper on any hardware.
The price is freedom: at the same share, structured pruning costs more accuracy, until retraining
makes up for most of it.

Papers: Han, Pool, Tran and Dally, "Learning both Weights and Connections for Efficient Neural
Networks", 2015; Li, Kadav, Durdanovic, Samet and Graf, "Pruning Filters for Efficient ConvNets", 2017.

Run: python corpus/code/pruning.py    (a small CNN on scikit-learn's 8x8 digits)
"""

# mypy: allow-untyped-calls

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor, nn

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class SmallCNN(nn.Module):
    """Two convolutions, the largest value of each last map, and a linear layer."""

    def __init__(self, first: int = 16, second: int = 32) -> None:
        """`first` and `second` are the numbers of filters, which is what channel pruning reduces."""
        super().__init__()
        if min(first, second) < 1:
            raise ValueError("a convolution needs at least one filter")
        self.conv1 = nn.Conv2d(1, first, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(first, second, kernel_size=3, padding=1)
        self.fc = nn.Linear(second, 10)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B, 1, 8, 8) to logits (B, 10)."""
        x = F.max_pool2d(F.relu(self.conv1(images)), 2)  # (B, first, 4, 4)
        x = F.relu(self.conv2(x))  # (B, second, 4, 4)
        logits: Tensor = self.fc(x.amax(dim=(2, 3)))
        return logits

    def weights(self) -> list[Tensor]:
        """Return what unstructured pruning may zero; the few biases stay."""
        return [self.conv1.weight, self.conv2.weight, self.fc.weight]

    def multiply_adds(self) -> int:
        """Count the products a dense kernel computes per image, whether a weight is zero or not."""
        first, second = self.conv1.out_channels, self.conv2.out_channels
        return 8 * 8 * 9 * first + 4 * 4 * 9 * first * second + 10 * second


def magnitude_masks(weights: Sequence[Tensor], sparsity: float) -> list[Tensor]:
    """Return one boolean mask per tensor, False at the `sparsity` share of smallest |w| of them all."""
    if not 0 <= sparsity < 1:
        raise ValueError(f"sparsity must lie in [0, 1), not {sparsity}")
    magnitudes = torch.cat([weight.detach().abs().flatten() for weight in weights])
    keep = torch.ones_like(magnitudes, dtype=torch.bool)
    keep[magnitudes.argsort()[: round(sparsity * len(magnitudes))]] = False  # one ranking of all layers
    return [part.view_as(w) for part, w in zip(keep.split([w.numel() for w in weights]), weights, strict=True)]


def apply_masks(weights: Sequence[Tensor], masks: Sequence[Tensor]) -> None:
    """Zero the pruned weights in place."""
    with torch.no_grad():
        for weight, mask in zip(weights, masks, strict=True):
            weight.mul_(mask)


def strongest_filters(conv: nn.Conv2d, keep: int) -> Tensor:
    """Return the indices, in order, of the `keep` filters with the largest L1 norm."""
    if not 1 <= keep <= conv.out_channels:
        raise ValueError(f"keep must lie in 1..{conv.out_channels}, not {keep}")
    norms = conv.weight.detach().abs().sum(dim=(1, 2, 3))  # (out,): a filter is (in, 3, 3)
    return norms.topk(keep).indices.sort().values


def mask_channels(model: SmallCNN, first: int, second: int) -> SmallCNN:
    """Return a copy of the same size in which the weakest filters and their biases are zero."""
    masked = copy.deepcopy(model)
    for conv, keep in ((masked.conv1, first), (masked.conv2, second)):
        mask = torch.zeros(conv.out_channels).index_fill(0, strongest_filters(conv, keep), 1.0)
        conv.weight.data *= mask[:, None, None, None]
        conv.bias.data *= mask  # type: ignore[union-attr]  # else the channel is relu(bias), not 0
    return masked


def remove_channels(model: SmallCNN, first: int, second: int) -> SmallCNN:
    """Return the smaller dense network with the same output as `mask_channels`.

    A filter is a row of its own layer and a column of the next. Batch normalisation in between
    would lose its entry too; kept, it would turn the zero channel into its shift.
    """
    rows1, rows2 = strongest_filters(model.conv1, first), strongest_filters(model.conv2, second)
    small, state = SmallCNN(first, second), model.state_dict()
    for name, rows in (("conv1", rows1), ("conv2", rows2)):
        state[f"{name}.weight"], state[f"{name}.bias"] = state[f"{name}.weight"][rows], state[f"{name}.bias"][rows]
    for name, columns in (("conv2", rows1), ("fc", rows2)):
        state[f"{name}.weight"] = state[f"{name}.weight"][:, columns]
    small.load_state_dict(state)
    return small


def train(model: SmallCNN, images: Tensor, labels: Tensor, epochs: int, masks: Sequence[Tensor] = ()) -> SmallCNN:
    """Fit the model in place and return it; with masks, the pruned weights stay zero."""
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(epochs):
        for batch in torch.randperm(len(images)).split(64):
            optimizer.zero_grad()
            F.cross_entropy(model(images[batch]), labels[batch]).backward()
            optimizer.step()
            if masks:  # the optimiser knows nothing of them and moves every weight
                apply_masks(model.weights(), masks)
    return model


def accuracy(model: SmallCNN, images: Tensor, labels: Tensor) -> float:
    """Return the share of images whose largest logit is at the true class."""
    with torch.inference_mode():
        return float((model(images).argmax(dim=1) == labels).float().mean())


def digits() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return training images (N, 1, 8, 8) and labels, and 450 held-out ones."""
    data = load_digits()
    images = torch.tensor(data.images / 16.0, dtype=torch.float32).unsqueeze(1)
    labels, order = torch.tensor(data.target), torch.randperm(1797, generator=torch.Generator().manual_seed(0))
    return images[order[450:]], labels[order[450:]], images[order[:450]], labels[order[:450]]


def sweep(epochs: int = 12) -> tuple[SmallCNN, dict[str, list[tuple[float, float]]]]:
    """Return the dense network, and per method the points (share of weights removed, accuracy)."""
    torch.manual_seed(0)
    train_images, train_labels, *held_out = digits()
    dense = train(SmallCNN(), train_images, train_labels, epochs)
    sparse, small = copy.deepcopy(dense), dense  # these two go on from step to step
    points: dict[str, list[tuple[float, float]]] = {}

    def record(name: str, model: SmallCNN) -> None:
        kept = sum(int(weight.count_nonzero()) for weight in model.weights())
        removed = 1 - kept / sum(weight.numel() for weight in dense.weights())
        points.setdefault(name, [(0.0, accuracy(dense, *held_out))]).append((removed, accuracy(model, *held_out)))

    for sparsity, channels in ((0.5, (11, 22)), (0.7, (9, 16)), (0.8, (7, 14)), (0.9, (5, 9))):
        random_scores = [torch.rand_like(weight) for weight in dense.weights()]
        for name, scores in (("random weights", random_scores), ("smallest weights", dense.weights())):
            model = copy.deepcopy(dense)
            apply_masks(model.weights(), magnitude_masks(scores, sparsity))
            record(name, model)
        record("weakest channels", remove_channels(dense, *channels))
        masks = magnitude_masks(sparse.weights(), sparsity)  # what is zero already is smallest
        apply_masks(sparse.weights(), masks)
        record("weights, retrained", train(sparse, train_images, train_labels, 4, masks))
        small = train(remove_channels(small, *channels), train_images, train_labels, 4)
        record("channels, retrained", small)
    return dense, points


def main() -> None:
    """Prune a trained network both ways; compare accuracy and what a dense kernel computes."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    dense, points = sweep()
    print("held-out accuracy by share of the weights removed (chance is 0.1):")
    for name, pairs in points.items():
        print(f"{name:>19}: " + "  ".join(f"{share:3.0%} {score:.3f}" for share, score in pairs))
    masked, small, images = mask_channels(dense, 7, 14), remove_channels(dense, 7, 14), digits()[2]
    with torch.inference_mode():
        difference = (masked(images) - small(images)).abs().max()
    print(f"largest difference of a logit, channels masked against removed: {difference:.1e}")
    print(f"multiply-adds per image, any mask: {masked.multiply_adds()}; channels removed: {small.multiply_adds()}")


def plot() -> "Figure":
    """Draw held-out accuracy against the share of weights removed."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = figure.subplots()
    for name, pairs in sweep(epochs=8)[1].items():
        axes.plot(*zip(*pairs, strict=True), marker="o", linestyle="--" if "retrained" in name else "-", label=name)
    axes.axhline(0.1, color="grey", linewidth=1, label="chance")
    axes.set(xlabel="share of weights removed", ylabel="held-out accuracy", title="Pruning a small CNN on digits")
    axes.legend(fontsize=8)
    return figure


if __name__ == "__main__":
    main()
