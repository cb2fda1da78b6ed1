"""Calibration: of the predictions made with 80% confidence, are 80% right?

What: confidence is the largest predicted probability. Sort the predictions into bins by it:

    ECE   = sum over bins of (share of samples) * |accuracy in the bin - mean confidence in it|
    Brier = mean of sum over classes (p_k - y_k)², y one-hot: calibration and sharpness together
    temperature scaling: p = softmax(logits / T), with the one T of least NLL on validation data

Why it is not accuracy: a network trained until its training loss is near zero goes on enlarging its
logits, also where it is wrong, so it is right 70% of the time at 95% confidence. Dividing all
logits by one T > 0 keeps their order, hence every predicted class, and mends the confidence.

What ECE does not see: it depends on the bins, opposite errors within one cancel, and who always
states the overall accuracy has an ECE near 0 without telling one case from another. NLL and the
Brier score are proper scores: only the true probabilities minimise them in expectation.

Papers: Guo et al., "On Calibration of Modern Neural Networks", 2017;
Brier, "Verification of Forecasts Expressed in Terms of Probability", 1950.

Run: python corpus/code/calibration_metrics.py    (an overfitted network on generated data)
"""

# mypy: allow-untyped-calls

from typing import TYPE_CHECKING, NamedTuple

import torch
import torch.nn.functional as F
from sklearn.datasets import make_classification  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor, nn

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Bins(NamedTuple):
    """What a reliability diagram shows, one entry per bin that is not empty."""

    confidence: Tensor  # mean confidence
    accuracy: Tensor  # share that is right
    share: Tensor  # share of all samples


def reliability(confidence: Tensor, correct: Tensor, bins: int = 15) -> Bins:
    """Sort predictions (N,) into bins of equal width, (0, 1/bins], (1/bins, 2/bins], ..."""
    if confidence.shape != correct.shape or confidence.dim() != 1 or len(correct) == 0 or bins < 1:
        raise ValueError("expected one verdict per confidence, at least one of each, and bins >= 1")
    if confidence.min() < 0 or confidence.max() > 1:
        raise ValueError("confidences are probabilities in 0..1, not logits")
    confidence, correct = confidence.double(), correct.double()
    which = torch.bucketize(confidence, torch.linspace(0, 1, bins + 1, dtype=torch.float64)[1:-1])
    counts = which.bincount(minlength=bins).double()
    full = counts > 0
    sums = (which.bincount(weights=values, minlength=bins)[full] for values in (confidence, correct))
    mean_confidence, accuracy = (total / counts[full] for total in sums)
    return Bins(mean_confidence, accuracy, counts[full] / len(correct))


def expected_calibration_error(confidence: Tensor, correct: Tensor, bins: int = 15) -> float:
    """Return the mean gap between accuracy and confidence, weighted by the bins' shares."""
    diagram = reliability(confidence, correct, bins)
    return float((diagram.share * (diagram.accuracy - diagram.confidence).abs()).sum())


def brier_score(probabilities: Tensor, labels: Tensor) -> float:
    """Return the mean squared distance of probabilities (N, K) to the one-hot labels (N,).

    It runs from 0 to 2; for two classes the form with one column, (p - y)², is half of this.
    """
    if probabilities.dim() != 2 or labels.shape != probabilities.shape[:1]:
        raise ValueError("expected probabilities (N, K) and labels (N,)")
    if not torch.allclose(probabilities.sum(dim=1), torch.ones_like(probabilities[:, 0]), atol=1e-4):
        raise ValueError("each row of probabilities must sum to 1")
    return float((probabilities - F.one_hot(labels, probabilities.shape[1])).square().sum(dim=1).mean())


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """Return the T that minimises the NLL of softmax(logits / T), on data not trained on.

    The NLL is convex in 1/T, so the minimum found is the minimum. If every sample is right the NLL
    falls towards T = 0 for ever: such data say nothing about how often the model errs.
    """
    if logits.dim() != 2 or labels.shape != logits.shape[:1]:
        raise ValueError("expected logits (N, K) and labels (N,)")
    if (logits.argmax(dim=1) == labels).all():
        raise ValueError("no sample is wrong: the best temperature would be 0; use more validation data")
    logits = logits.detach().double()
    inverse = torch.ones((), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([inverse], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(logits * inverse, labels)
        loss.backward()
        return loss

    optimizer.step(closure)
    if inverse.item() <= 0:
        raise ValueError("the logits rank the classes worse than chance; no temperature mends that")
    return 1 / inverse.item()


class Splits(NamedTuple):
    """Features and labels to train on, to fit the temperature on, and to report on."""

    train: tuple[Tensor, Tensor]
    validation: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]


def generated() -> Splits:
    """Draw four overlapping classes; a tenth of the labels is drawn at random, so nobody is sure."""
    features, labels = make_classification(
        6000, 20, n_informative=8, n_classes=4, flip_y=0.1, class_sep=1.0, random_state=0
    )
    x, y = torch.tensor(features, dtype=torch.float32), torch.tensor(labels)
    cuts = (slice(0, 600), slice(600, 2000), slice(2000, 6000))
    return Splits(*((x[cut], y[cut]) for cut in cuts))


def train(x: Tensor, y: Tensor, epochs: int = 150) -> nn.Sequential:
    """Fit a network that is large for its data, until it has learnt every training label."""
    model = nn.Sequential(nn.Linear(x.shape[1], 128), nn.ReLU(), nn.Linear(128, int(y.max()) + 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(epochs):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    return model


def trained_logits() -> tuple[Tensor, Tensor, float]:
    """Return test logits and labels, and the temperature fitted on the validation set."""
    torch.manual_seed(0)
    data = generated()
    model = train(*data.train)
    with torch.no_grad():
        return model(data.test[0]), data.test[1], fit_temperature(model(data.validation[0]), data.validation[1])


def report(name: str, probabilities: Tensor, labels: Tensor) -> str:
    """Return the figures of one forecaster in one line."""
    confidence, predicted = probabilities.max(dim=1)
    correct = predicted == labels
    return (
        f"{name:23} accuracy {correct.float().mean():.3f}, confidence {confidence.mean():.3f},"
        f" ECE {expected_calibration_error(confidence, correct):.3f}, Brier {brier_score(probabilities, labels):.3f},"
        f" NLL {F.nll_loss(probabilities.clamp(min=1e-12).log(), labels):.3f}"
    )


def main() -> None:
    """Work a small example, then mend an overconfident network without changing a prediction."""
    torch.set_num_threads(1)
    counts, sure, right = torch.tensor([20, 30, 50]), torch.tensor([0.55, 0.75, 0.95]), (10, 18, 40)
    correct = torch.cat([torch.arange(n) < k for n, k in zip(counts.tolist(), right, strict=True)])
    error = expected_calibration_error(sure.repeat_interleave(counts), correct, bins=10)
    print(f"20 at 0.55 (10 right), 30 at 0.75 (18 right), 50 at 0.95 (40 right): ECE {error:.3f}")
    logits, labels, temperature = trained_logits()
    print(report("network as trained:", logits.softmax(dim=1), labels))
    print(report(f"divided by T = {temperature:.2f}:", (logits / temperature).softmax(dim=1), labels))
    # The same predicted classes, all with one confidence: well calibrated and of no use to rank.
    accuracy = float((logits.argmax(dim=1) == labels).float().mean())
    constant = torch.full_like(logits, (1 - accuracy) / 3).scatter_(1, logits.argmax(dim=1, keepdim=True), accuracy)
    print(report("always that sure:", constant, labels))


def plot() -> "Figure":
    """Draw the reliability diagram before and after temperature scaling."""
    from matplotlib.figure import Figure

    logits, labels, temperature = trained_logits()
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for axes, scale, name in ((panels[0], 1.0, "as trained"), (panels[1], temperature, f"T = {temperature:.2f}")):
        confidence, predicted = (logits / scale).softmax(dim=1).max(dim=1)
        diagram = reliability(confidence, predicted == labels, bins=10)
        error = expected_calibration_error(confidence, predicted == labels, bins=10)
        axes.bar(diagram.confidence.tolist(), diagram.accuracy.tolist(), width=0.06, label="accuracy in the bin")
        axes.plot([0, 1], [0, 1], color="black", linestyle="--", label="perfectly calibrated")
        axes.set(
            title=f"{name}: ECE {error:.3f}", xlabel="mean confidence in the bin", xlim=(0.2, 1.03), ylim=(0, 1.03)
        )
    panels[0].set_ylabel("accuracy")
    panels[0].legend(loc="upper left")
    return figure


if __name__ == "__main__":
    main()
