"""Dropout: in training each unit is switched off at random; at inference all of them work.

What: a mask m of independent zeros and ones, 1 with the keep probability q = 1 - p, multiplies the
activations. A unit's expected output is then q x, while the next layer at inference would see x, so
one of the two has to be rescaled:

    classic  (2014)     training  m x          inference  q x
    inverted (today)    training  m x / q      inference  x        what PyTorch and Keras do

Both have the same mean in training as at inference. Inverted leaves inference alone: the layer is the
identity, and an exported model need not know of it.

Why: a unit cannot rely on a particular other one being there, and the network at inference is close
to an average over the thinned networks, which share their weights.

Papers: Hinton et al., "Improving Neural Networks by Preventing Co-adaptation of Feature Detectors", 2012;
Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", 2014.

Run: python corpus/code/dropout.py    (the means, then a net that overfits digits with wrong labels)
"""

# mypy: allow-untyped-calls

from typing import Literal

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor, nn


class Dropout(nn.Module):
    """Drop each element with probability p; `scaling` says where the mean is put right.

    "none" is the mistake: it masks in training and does nothing about the mean.
    """

    def __init__(self, p: float, scaling: Literal["inverted", "classic", "none"] = "inverted") -> None:
        """`p` is the probability to drop, as in PyTorch; the 2014 paper's p is the one to keep."""
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"p must lie in [0, 1), not {p}: at 1 nothing is left to rescale")
        if scaling not in ("inverted", "classic", "none"):
            raise ValueError(f"scaling must be inverted, classic or none, not {scaling!r}")
        self.p, self.scaling = p, scaling

    def forward(self, x: Tensor) -> Tensor:
        """Mask in training, with a new mask at every call; rescale there or at inference."""
        keep = 1 - self.p
        if self.training:
            mask = torch.empty_like(x).bernoulli_(keep)
            # The mask is a constant to autograd, so a dropped unit gets no gradient at this step.
            return x * mask / keep if self.scaling == "inverted" else x * mask
        return x * keep if self.scaling == "classic" else x


class DropoutNet(nn.Module):
    """A classifier of digits with one wide hidden layer and dropout on it."""

    def __init__(self, dropout: nn.Module, hidden_dim: int = 512) -> None:
        """Dropout goes after the activation, and never on the output: logits must not vanish."""
        super().__init__()
        self.hidden = nn.Linear(64, hidden_dim)
        self.dropout = dropout
        self.fc = nn.Linear(hidden_dim, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (B, 64) to logits (B, 10)."""
        logits: Tensor = self.fc(self.dropout(F.relu(self.hidden(x))))
        return logits


def average_of_masks(model: nn.Module, x: Tensor, draws: int) -> Tensor:
    """Return class probabilities (B, C) averaged over random masks: Monte Carlo dropout."""
    if draws < 1:
        raise ValueError(f"draws must be at least 1, not {draws}")
    model.train()  # training mode for the masks only; nothing is learnt
    with torch.no_grad():
        return torch.stack([model(x).softmax(dim=1) for _ in range(draws)]).mean(dim=0)


def train(model: nn.Module, images: Tensor, labels: Tensor, *, epochs: int = 120) -> None:
    """Fit the model in place."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    model.train()
    for _ in range(epochs):
        for batch in torch.randperm(len(images)).split(100):
            loss = F.cross_entropy(model(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Return the share of right answers in eval mode."""
    model.eval()
    with torch.inference_mode():
        return float((model(images).argmax(dim=1) == labels).float().mean())


def noisy_digits() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return 400 training images and labels, a fifth of these drawn at random, and clean held-out ones."""
    data = load_digits()
    images, labels = torch.tensor(data.data, dtype=torch.float32) / 16, torch.tensor(data.target)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    train_labels = labels[order[:400]]
    train_labels[:80] = torch.randint(10, (80,), generator=torch.Generator().manual_seed(0))
    return images[order[:400]], train_labels, images[order[400:]], labels[order[400:]]


def main() -> None:
    """Compare the means of the scalings, and train with and without dropout where there is much to overfit."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    torch.manual_seed(0)
    ones = torch.ones(100_000)
    print("activations of 1, p = 0.8 dropped: mean in training, mean at inference")
    scalings: tuple[Literal["inverted", "classic", "none"], ...] = ("inverted", "classic", "none")
    for scaling in scalings:
        layer = Dropout(0.8, scaling)
        in_training = layer(ones).mean()
        print(f"  {scaling:<8}  {in_training:.2f}  {layer.eval()(ones).mean():.2f}")

    images, labels, test_images, test_labels = noisy_digits()
    print("trained on 400 digits, of whose labels one in five was drawn at random:")
    print("  accuracy on those labels, and held-out accuracy, both in eval mode")
    for name, p, scaling in (("without dropout", 0.0, scalings[0]), *((s, 0.8, s) for s in scalings[:2])):
        torch.manual_seed(1)
        model = DropoutNet(Dropout(p, scaling))
        train(model, images, labels)
        fitted, score = accuracy(model, images, labels), accuracy(model, test_images, test_labels)
        print(f"  {name:<16} {fitted:.3f}  {score:.3f}")
        if name == "inverted":
            answers = average_of_masks(model, test_images, draws=20).argmax(dim=1)
            agreement = (answers == model.eval()(test_images).argmax(dim=1)).float().mean()
            print(f"    the average of 20 masked nets gives the same answer as eval mode on {agreement:.3f}")


if __name__ == "__main__":
    main()
