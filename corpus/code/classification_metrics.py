"""How a classifier is scored: the confusion matrix, precision, recall, F1, and the two curves.

What: every figure is a ratio of counts from the confusion matrix (rows true, columns predicted).
For one class, with TP, FP, FN, TN its true and false positives and negatives:

    precision = TP / (TP + FP)      how many of the alerts are real?
    recall    = TP / (TP + FN)      how many of the real ones are found? (true positive rate)
    F1        = 2 P R / (P + R)     harmonic mean: low as soon as either is low
    macro = mean over classes, each counts the same;   micro = from summed counts, each sample does

    ROC: recall over FP / (FP + TN);   PR: precision over recall;   both as the threshold falls

Why accuracy misleads: with 1% positives, never raising an alert is 99% accurate. ROC normalises
within each class, so the share of positives does not move it; precision mixes both classes and
falls with that share. The chance level of ROC-AUC is 0.5, that of PR-AUC the share of positives.

Papers: Fawcett, "An introduction to ROC analysis", 2006; Davis and Goadrich, "The Relationship
Between Precision-Recall and ROC Curves", 2006.

Run: python corpus/code/classification_metrics.py    (fraud, digits, rare positives)
"""

# mypy: allow-untyped-calls

import math
from typing import TYPE_CHECKING, NamedTuple

import torch
from sklearn.datasets import load_digits  # type: ignore[import-untyped,unused-ignore]
from sklearn.naive_bayes import GaussianNB  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Scores(NamedTuple):
    """The scores of every class, each (C,)."""

    precision: Tensor
    recall: Tensor
    f1: Tensor


class Curve(NamedTuple):
    """One point per distinct score, the highest threshold first."""

    false_positive_rate: Tensor
    recall: Tensor
    precision: Tensor
    threshold: Tensor


def confusion_matrix(labels: Tensor, predicted: Tensor, classes: int) -> Tensor:
    """Return counts (C, C): row = true class, column = predicted class."""
    if labels.shape != predicted.shape or labels.dim() != 1 or len(labels) == 0:
        raise ValueError("expected two non-empty vectors of one length")
    if torch.cat((labels, predicted)).min() < 0 or torch.cat((labels, predicted)).max() >= classes:
        raise ValueError(f"classes must lie in 0..{classes - 1}")
    return (labels * classes + predicted).bincount(minlength=classes**2).view(classes, classes)


def accuracy(matrix: Tensor) -> float:
    """Return the share of samples on the diagonal."""
    return float(matrix.diagonal().sum() / matrix.sum())


def _ratio(numerator: Tensor, denominator: Tensor) -> Tensor:
    """Divide, with 0 for 0/0: a class never predicted has no precision, and 0 is the convention."""
    return torch.where(denominator > 0, numerator / denominator.clamp(min=1), 0.0)


def precision_recall_f1(matrix: Tensor) -> Scores:
    """Return each class's scores, the class against all others."""
    hits, predicted, real = matrix.diagonal().double(), matrix.sum(dim=0), matrix.sum(dim=1)
    # F1 = 2PR / (P + R) = 2TP / (2TP + FP + FN), and predicted + real = 2TP + FP + FN.
    return Scores(_ratio(hits, predicted), _ratio(hits, real), _ratio(2 * hits, predicted + real))


def macro_f1(matrix: Tensor) -> float:
    """Return the plain mean of the classes' F1: a rare class counts like a frequent one."""
    return float(precision_recall_f1(matrix).f1.mean())


def micro_f1(matrix: Tensor) -> float:
    """Return F1 from TP, FP and FN summed over the classes.

    With one label per sample each error is one FP and one FN, so this is the accuracy again.
    """
    hits, predicted, real = matrix.diagonal().sum(), matrix.sum(dim=0).sum(), matrix.sum(dim=1).sum()
    return float(2 * hits / (predicted + real))


def curve(labels: Tensor, scores: Tensor) -> Curve:
    """Return the ROC and PR points of labels 0/1 (N,), calling positive all with score >= threshold."""
    if labels.shape != scores.shape or labels.dim() != 1 or labels.unique().tolist() != [0, 1]:
        raise ValueError("expected labels 0 and 1, both present, and one score for each")
    order = scores.argsort(descending=True)
    ranked, ranked_scores = labels[order].double(), scores[order]
    # Equal scores cross a threshold together: only the last of a tie is a point of the curve.
    last = torch.cat((ranked_scores.diff() != 0, torch.tensor([True])))
    true_positives, false_positives = ranked.cumsum(0)[last], (1 - ranked).cumsum(0)[last]
    recall, precision = true_positives / true_positives[-1], true_positives / (true_positives + false_positives)
    return Curve(false_positives / false_positives[-1], recall, precision, ranked_scores[last])


def roc_auc(labels: Tensor, scores: Tensor) -> float:
    """Return the area under recall over false positive rate, by trapezoids, from the point (0, 0)."""
    points, start = curve(labels, scores), torch.zeros(1, dtype=torch.float64)
    return float(torch.trapezoid(torch.cat((start, points.recall)), torch.cat((start, points.false_positive_rate))))


def roc_auc_by_ranking(labels: Tensor, scores: Tensor) -> float:
    """Return P(a random positive scores above a random negative), ties half: the same number."""
    difference = scores[labels == 1][:, None] - scores[labels == 0][None, :]
    return float(((difference > 0).double() + 0.5 * (difference == 0).double()).mean())


def pr_auc(labels: Tensor, scores: Tensor) -> float:
    """Return average precision, the sum of (rise in recall) * precision.

    Steps, not trapezoids: a straight line between PR points promises precision nobody can reach.
    """
    points = curve(labels, scores)
    rise = torch.diff(points.recall, prepend=torch.zeros(1, dtype=torch.float64))
    return float((rise * points.precision).sum())


def cheapest_threshold(labels: Tensor, scores: Tensor, miss: float, false_alarm: float) -> tuple[float, float]:
    """Return the threshold of least total cost among the scores, and that cost."""
    if miss < 0 or false_alarm < 0:
        raise ValueError("costs must not be negative")
    points = curve(labels, scores)
    positives, negatives = (labels == 1).sum(), (labels == 0).sum()
    cost = miss * (1 - points.recall) * positives + false_alarm * points.false_positive_rate * negatives
    return float(points.threshold[cost.argmin()]), float(cost.min())


def draw(negatives: int, positives: int, gap: float = 2.326, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Draw labels and calibrated probabilities: evidence N(0, 1) and, for positives, N(gap, 1).

    The ROC-AUC is Phi(gap / sqrt(2)), 0.95 here; Bayes' rule turns evidence into probability.
    """
    generator = torch.Generator().manual_seed(seed)
    labels = torch.cat((torch.zeros(negatives), torch.ones(positives))).long()
    evidence = torch.randn(len(labels), generator=generator, dtype=torch.float64) + gap * labels
    return labels, torch.sigmoid(gap * evidence - gap**2 / 2 + math.log(positives / negatives))


def main() -> None:
    """Show where accuracy misleads, what macro and micro see, and what the share of positives does."""
    torch.set_num_threads(1)
    fraud = torch.tensor([[940, 20], [10, 30]])  # 1,000 transactions, 40 frauds, 50 alerts
    for name, matrix in (("fraud detector", fraud), ("no alert at all", torch.tensor([[960, 0], [40, 0]]))):
        precision, recall, f1 = (float(values[1]) for values in precision_recall_f1(matrix))
        print(f"{name:15}: accuracy {accuracy(matrix):.3f},", end=" ")
        print(f"precision {precision:.3f}, recall {recall:.3f}, F1 {f1:.3f}")
    images, digits = load_digits(return_X_y=True)
    kept = (digits != 8) | (torch.arange(len(digits)) % 10 == 0).numpy()  # make the eights rare
    images, digits = images[kept], digits[kept]
    predicted = torch.tensor(GaussianNB(var_smoothing=1e-3).fit(images[::2], digits[::2]).predict(images[1::2]))
    matrix = confusion_matrix(torch.tensor(digits[1::2]), predicted, classes=10)
    eight = precision_recall_f1(matrix)
    print(f"digits with few 8s: accuracy {accuracy(matrix):.3f} = micro F1 {micro_f1(matrix):.3f},", end=" ")
    print(f"macro F1 {macro_f1(matrix):.3f} (the 8: precision {eight.precision[8]:.3f}, recall {eight.recall[8]:.3f})")
    for negatives, positives in ((20_000, 20_000), (39_600, 400)):
        labels, scores = draw(negatives, positives)
        share = positives / (negatives + positives)
        print(f"{share:4.0%} positives: ROC-AUC {roc_auc(labels, scores):.3f},", end=" ")
        print(f"PR-AUC {pr_auc(labels, scores):.3f} (chance {share:.2f})")
    threshold, cost = cheapest_threshold(labels, scores, miss=500, false_alarm=20)
    at_half = 500 * ((scores < 0.5) & (labels == 1)).sum() + 20 * ((scores >= 0.5) & (labels == 0)).sum()
    print(f"a miss costs 500, a false alarm 20: cheapest at {threshold:.3f} (theory 20/520 = {20 / 520:.3f}),", end=" ")
    print(f"cost {cost:,.0f} against {int(at_half):,} at 0.5")


def plot() -> "Figure":
    """Draw the same classifier's ROC and PR curves at 50% and at 1% positives."""
    from matplotlib.figure import Figure

    roc, pr = (figure := Figure(figsize=(6.4, 3.6), layout="constrained")).subplots(1, 2)
    for negatives, positives, colour in ((20_000, 20_000, "tab:blue"), (39_600, 400, "tab:red")):
        labels, scores = draw(negatives, positives)
        points, share = curve(labels, scores), positives / (negatives + positives)
        names = [f"{share:.0%}: AUC {area(labels, scores):.2f}" for area in (roc_auc, pr_auc)]
        roc.plot(points.false_positive_rate, points.recall, color=colour, label=names[0])
        pr.plot(points.recall, points.precision, color=colour, label=names[1])
        pr.axhline(share, color=colour, linestyle=":", linewidth=1)
    roc.plot([0, 1], [0, 1], color="grey", linestyle=":", linewidth=1)
    roc.set(xlabel="false positive rate", ylabel="recall", title="ROC: blind to the share")
    pr.set(xlabel="recall", ylabel="precision", title="PR: falls with it", ylim=(0, 1.03))
    roc.legend(title="positives")
    pr.legend(title="positives", loc="lower left", fontsize=8, title_fontsize=8)
    return figure


if __name__ == "__main__":
    main()
