"""The training loop: what happens at every batch, what at every epoch, and five mistakes that still run.

What, in this order:

    each epoch   model.train()                   dropout drops, batch norm uses the batch's statistics
      each batch   optimizer.zero_grad()         .grad accumulates; it is not overwritten
                   loss = cross_entropy(logits)  logits: log_softmax is inside
                   loss.backward()
                   optimizer.step()
    validation   model.eval()                    dropout off, batch norm on its running statistics
                 torch.inference_mode()          no graph is recorded; this is another matter than eval()
                 hits and samples, summed        the last batch is shorter: a mean of means weighs it too much

Each mistake below takes one of these away. None raises an error, which is why they are found late.

Reference: Paszke et al., "PyTorch: An Imperative Style, High-Performance Deep Learning Library", 2019.

Run: python corpus/code/training_loop.py    (the right loop and each mistake on digits)
"""

# mypy: allow-untyped-calls

from typing import NamedTuple

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor, nn

MISTAKES = ("never zero_grad", "softmax first", "eval for ever")
Batches = list[tuple[Tensor, Tensor]]


def build(classes: int = 10) -> nn.Sequential:
    """Return a network with the two layers for which the mode matters."""
    return nn.Sequential(
        nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.3), nn.Linear(64, classes)
    )  # fmt: skip


def train_epoch(model: nn.Module, batches: Batches, optimizer: torch.optim.Optimizer, mistake: str = "") -> float:
    """Go once over the batches; return the mean loss of a sample."""
    if mistake and mistake not in MISTAKES:
        raise ValueError(f"no mistake {mistake!r}; there are {', '.join(MISTAKES)}")
    if mistake != "eval for ever":
        model.train()  # at every epoch: the validation before left the model in eval
    total = samples = 0.0
    for x, y in batches:
        if mistake != "never zero_grad":
            optimizer.zero_grad()
        output = model(x)
        if mistake == "softmax first":
            output = output.softmax(dim=1)  # cross_entropy applies it again
        loss = F.cross_entropy(output, y)
        loss.backward()
        optimizer.step()
        total, samples = total + loss.item() * len(y), samples + len(y)
    return total / samples


def evaluate(model: nn.Module, batches: Batches) -> float:
    """Return the share of all samples whose largest logit is at the true class."""
    model.eval()
    hits = samples = 0
    with torch.inference_mode():
        for x, y in batches:
            hits += int((model(x).argmax(dim=1) == y).sum())
            samples += len(y)
    return hits / samples


def mean_of_batches(model: nn.Module, batches: Batches) -> float:
    """Return the mean of the batches' accuracies: wrong, unless all are of one size."""
    return sum(evaluate(model, [batch]) for batch in batches) / len(batches)


class Footprint(NamedTuple):
    """What a way of evaluating leaves behind."""

    graph: bool
    """the result belongs to a graph: its activations are kept"""
    statistics_moved: bool
    """batch norm's running mean has taken in the validation data"""
    repeatable: bool
    """a second pass gives the same result"""


def footprint(model: nn.Sequential, x: Tensor, *, eval_mode: bool, no_grad: bool) -> Footprint:
    """Evaluate twice with or without eval() and no_grad(), which are responsible for different things."""
    model.train(not eval_mode)
    norm = next(layer for layer in model if isinstance(layer, nn.BatchNorm1d))
    assert norm.running_mean is not None
    before = norm.running_mean.clone()
    with torch.set_grad_enabled(not no_grad):
        first, second = model(x), model(x)
    return Footprint(first.requires_grad, not torch.equal(norm.running_mean, before), torch.equal(first, second))


def smallest_loss_after_softmax(classes: int) -> float:
    """Return the loss of a perfect answer when probabilities are given as logits: log(1 + (C - 1) / e), never 0."""
    if classes < 2:
        raise ValueError(f"need at least two classes, not {classes}")
    return float(F.cross_entropy(torch.eye(classes)[:1], torch.tensor([0])))


def digits() -> tuple[Batches, Batches]:
    """Return training batches of 64, and validation batches whose last one is short (450 = 4 * 100 + 50)."""
    data = load_digits()
    x, y = torch.tensor(data.data / 16.0, dtype=torch.float32), torch.tensor(data.target)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    cut = [(order[450:], 64), (order[:450], 100)]
    train, validation = ([(x[i], y[i]) for i in rows.split(size)] for rows, size in cut)
    return train, validation


def main() -> None:
    """Train rightly and with each mistake; then show what eval() and no_grad() each do."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    train, validation = digits()
    print("digits, 6 epochs: mean loss of the last, held-out accuracy (chance is 0.1)")
    for mistake in ("", *MISTAKES):
        torch.manual_seed(0)
        model = build()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        model.eval()  # where a validation before the first epoch has left it
        for _ in range(6):
            loss = train_epoch(model, train, optimizer, mistake)
            score = evaluate(model, validation)
        print(f"  {mistake or 'right':<16} {loss:8.3f}  {score:.3f}")
    print(f"a perfect answer after softmax twice still costs {smallest_loss_after_softmax(10):.2f}")
    model, x = build(), validation[0][0]
    for eval_mode in (False, True):
        for no_grad in (False, True):
            kept, moved, same = footprint(model, x, eval_mode=eval_mode, no_grad=no_grad)
            print(f"  eval() {eval_mode!s:<5} no_grad() {no_grad!s:<5}: graph kept {kept!s:<5} ", end="")
            print(f"running statistics moved {moved!s:<5} twice the same {same}")
    always = nn.Linear(1, 2)
    nn.init.zeros_(always.weight)
    always.bias.data = torch.tensor([1.0, 0.0])  # says class 0 whatever it sees
    uneven = [(torch.zeros(9, 1), torch.zeros(9, dtype=torch.int64)), (torch.zeros(1, 1), torch.ones(1).long())]
    print(f"nine right in one batch, one wrong in the next: {evaluate(always, uneven):.2f} of all", end="")
    print(f", mean of the batches {mean_of_batches(always, uneven):.2f}")


if __name__ == "__main__":
    main()
