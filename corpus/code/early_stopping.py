"""Early stopping, and how to tell whether a training run has converged.

What: after every epoch look at the validation loss. If it has not improved for `patience` epochs,
stop, and put back the weights of the best epoch: those of the last one are `patience` epochs too old.

Why it regularises: few steps leave the weights near where they started, which limits what the
network can fit; for a quadratic loss it acts like an L2 penalty. The price: a validation set that
trains nothing, and whose best loss is optimistic, since it chose the epoch: report on a third set.

Converged is another question, and needs several signals:
    plateau        the mean of the last epochs against the mean of those before, in standard errors
                   (noise hides a slope); lower the learning rate to see whether it falls again
    chance         a K-class cross-entropy resting at ln K has learnt nothing
    gradient norm  supporting evidence only: also small at a saddle, or where units are dead
    gap            validation minus training loss: converged in training is not best on new data

Paper: Prechelt, "Early Stopping - But When?", 1998.

Run: python corpus/code/early_stopping.py    (digits of which three in ten labels are wrong)
"""

# mypy: allow-untyped-calls

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor, nn

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Split = tuple[Tensor, Tensor]


class EarlyStopping:
    """Remembers the best validation loss and the weights that reached it."""

    def __init__(self, patience: int, min_delta: float = 0.0) -> None:
        """Allow `patience` epochs in a row without an improvement by more than `min_delta`."""
        if patience < 1 or min_delta < 0:
            raise ValueError("patience must be at least 1 and min_delta not negative")
        self.patience, self.min_delta = patience, min_delta
        self.epoch, self.best_epoch, self.best_loss = 0, 0, math.inf
        self.best_weights: dict[str, Tensor] | None = None

    def should_stop(self, validation_loss: float, model: nn.Module) -> bool:
        """Take in one epoch's validation loss; return True if training should end here."""
        self.epoch += 1
        if validation_loss < self.best_loss - self.min_delta:  # never true of NaN: a broken run stops
            self.best_loss, self.best_epoch = validation_loss, self.epoch
            # state_dict() holds the live tensors; without a copy the "best" weights would train on.
            self.best_weights = {name: value.detach().clone() for name, value in model.state_dict().items()}
        return self.epoch - self.best_epoch >= self.patience

    def restore(self, model: nn.Module) -> None:
        """Put the weights of the best epoch back into the model."""
        if self.best_weights is None:
            raise RuntimeError("no epoch has improved on infinity: is the loss NaN?")
        model.load_state_dict(self.best_weights)


def plateau_score(losses: Sequence[float], window: int = 10) -> float:
    """Return the t statistic of the last two windows: how far the mean fell, in standard errors.

    Below about 2 the fall is within the noise.
    """
    if window < 2 or len(losses) < 2 * window:
        raise ValueError(f"need a window of at least 2 and two windows of losses, got {len(losses)} for {window}")
    before, last = torch.tensor(losses[-2 * window :], dtype=torch.float64).split(window)
    error = torch.sqrt((before.var() + last.var()) / window)
    return float((before.mean() - last.mean()) / error.clamp(min=1e-12))  # constant losses: 0


def gradient_norm(parameters: Iterable[nn.Parameter]) -> float:
    """Return the L2 norm of all gradients taken as one vector, after backward()."""
    gradients = [parameter.grad.flatten() for parameter in parameters if parameter.grad is not None]
    if not gradients:
        raise ValueError("no gradients: call backward() first")
    return float(torch.cat(gradients).norm())


class History(NamedTuple):
    """One entry per epoch; the gradient norm is that on the whole training set."""

    train_loss: list[float]
    validation_loss: list[float]
    gradient_norm: list[float]


def train(
    model: nn.Module, train_set: Split, validation_set: Split, epochs: int, stopping: EarlyStopping | None = None
) -> History:
    """Fit in place with Adam, one step per epoch on all data; stop early and restore if asked to."""
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    history = History([], [], [])
    for _ in range(epochs):
        model.train()
        optimizer.zero_grad()
        loss = F.cross_entropy(model(train_set[0]), train_set[1])
        loss.backward()
        optimizer.step()
        history.train_loss.append(loss.item())
        history.validation_loss.append(evaluate(model, validation_set)[0])
        history.gradient_norm.append(gradient_norm(model.parameters()))
        if stopping is not None and stopping.should_stop(history.validation_loss[-1], model):
            break
    if stopping is not None:
        stopping.restore(model)  # also when the epochs ran out first
    return history


def evaluate(model: nn.Module, split: Split) -> tuple[float, float]:
    """Return loss and accuracy, without training anything."""
    model.eval()
    with torch.inference_mode():
        logits = model(split[0])
    return F.cross_entropy(logits, split[1]).item(), (logits.argmax(dim=1) == split[1]).float().mean().item()


def network() -> nn.Sequential:
    """Return a network with room for far more than 300 digits."""
    return nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 10))


def noisy_digits() -> tuple[Split, Split, Split]:
    """Return 300 digits to train on with 30% wrong labels, 300 such to validate on, and clean test digits."""
    data, generator = load_digits(), torch.Generator().manual_seed(0)
    order = torch.randperm(len(data.target), generator=generator)
    images, labels = torch.tensor(data.data, dtype=torch.float32)[order] / 16, torch.tensor(data.target)[order]
    shift = torch.randint(1, 10, labels.shape, generator=generator)
    wrong = (torch.rand(labels.shape, generator=generator) < 0.3) & (torch.arange(len(labels)) < 600)
    labels = torch.where(wrong, (labels + shift) % 10, labels)
    return (images[:300], labels[:300]), (images[300:600], labels[300:600]), (images[600:], labels[600:])


def bouncing_losses(rates: Sequence[float], epochs: int = 40) -> list[float]:
    """Return the training loss of SGD on a regression, with so many epochs at each learning rate."""
    x = torch.randn(160, 20)
    y = x @ torch.randn(20) + torch.randn(160)
    model, losses = nn.Linear(20, 1), []
    optimizer = torch.optim.SGD(model.parameters(), lr=rates[0])
    for rate in (rate for rate in rates for _ in range(epochs)):
        optimizer.param_groups[0]["lr"] = rate
        for batch in torch.randperm(160).split(4):
            optimizer.zero_grad()
            F.mse_loss(model(x[batch]).squeeze(1), y[batch]).backward()
            optimizer.step()
        losses.append(F.mse_loss(model(x).squeeze(1), y).item())
    return losses


def main() -> None:
    """Train with and without early stopping, then show two plateaus that are not convergence."""
    torch.set_num_threads(1)
    train_set, validation_set, test_set = noisy_digits()
    for name, stopping in (("no stopping", None), ("early stopping", EarlyStopping(patience=20))):
        torch.manual_seed(0)
        model = network()
        history = train(model, train_set, validation_set, epochs=500, stopping=stopping)
        loss, accuracy = evaluate(model, test_set)
        kept = len(history.train_loss) if stopping is None else stopping.best_epoch
        gap = history.validation_loss[kept - 1] - history.train_loss[kept - 1]
        print(f"{name:15} ran {len(history.train_loss)} epochs, keeps epoch {kept:3}: gap {gap:.2f},", end=" ")
        print(f"gradient norm {history.gradient_norm[kept - 1]:.3f}; test loss {loss:.2f}, accuracy {accuracy:.3f}")
    for parameter in (dead := network()).parameters():
        nn.init.zeros_(parameter)
    flat = train(dead, train_set, validation_set, epochs=200)
    print(f"all weights 0 at the start: loss {flat.train_loss[-1]:.3f} (ln 10 = {math.log(10):.3f}),", end=" ")
    print(f"gradient norm {flat.gradient_norm[-1]:.4f}: flat, and nothing learnt but the labels' frequencies")
    losses = bouncing_losses((0.06, 0.006))
    fall = plateau_score(losses[:40])
    print(f"SGD at rate 0.06: loss {losses[39]:.2f}, last fell by {fall:.1f} standard errors, a plateau;", end=" ")
    print(f"at 0.006 it goes on to {losses[-1]:.2f}: it had not converged")


def plot() -> "Figure":
    """Draw training and validation loss, the epoch that early stopping keeps, and where it stops."""
    from matplotlib.figure import Figure

    torch.manual_seed(0)
    train_set, validation_set, _ = noisy_digits()
    history = train(network(), train_set, validation_set, epochs=200)
    stopping = EarlyStopping(patience=20)
    stop = next(i for i, loss in enumerate(history.validation_loss, 1) if stopping.should_stop(loss, nn.Identity()))
    axes = (figure := Figure(figsize=(6.4, 4.0), layout="constrained")).subplots()
    axes.plot(range(1, 201), history.train_loss, label="training loss")
    axes.plot(range(1, 201), history.validation_loss, label="validation loss")
    axes.axvline(stopping.best_epoch, color="tab:green", linestyle="--", label="best epoch: weights kept")
    axes.axvline(stop, color="tab:red", linestyle=":", label="stopped: 20 epochs without improvement")
    axes.set(xlabel="epoch", ylabel="cross-entropy", title="The gap widens while training goes on improving")
    axes.legend()
    return figure


if __name__ == "__main__":
    main()
