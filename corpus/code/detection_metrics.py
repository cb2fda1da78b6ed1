"""How an object detector is scored: IoU, non-maximum suppression, average precision and mAP.

What: a detector returns boxes with a class and a score. Four steps turn them into one number:

    IoU(a, b) = area(a and b) / area(a or b)                      do two boxes mean the same object?
    NMS       = keep the best box, drop those of its class that overlap it, repeat
    matching  = by falling score, a detection is right if a true box of its class with IoU >= t is
                still free; a second hit of one object is wrong, an object never hit is a miss
    AP        = area under precision over recall;  mAP = its mean over classes (and thresholds t)

Why the protocol must be named with the number: VOC2007 reads the interpolated precision (the
maximum at this or any higher recall) at 11 recalls, COCO at 101, and VOC since 2010 takes the whole
area; COCO averages over t = 0.50, 0.55, ..., 0.95 besides, so it asks for tight boxes.

Papers: Everingham et al., "The Pascal Visual Object Classes (VOC) Challenge", 2010;
Lin et al., "Microsoft COCO: Common Objects in Context", 2014.

Run: python corpus/code/detection_metrics.py    (a simulated detector, more and less precise)
"""

# mypy: allow-untyped-calls

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COCO_THRESHOLDS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))


class Boxes(NamedTuple):
    """Boxes of many images: true ones (their scores are not read) or detections."""

    image: Tensor  # (N,) which image
    label: Tensor  # (N,) which class
    box: Tensor  # (N, 4) x1, y1, x2, y2
    score: Tensor  # (N,) confidence

    def where(self, chosen: Tensor) -> "Boxes":
        """Return the chosen rows, given a mask or indices."""
        return Boxes(*(column[chosen] for column in self))


def iou(boxes: Tensor, others: Tensor) -> Tensor:
    """Return intersection over union of boxes (N, 4) with others (M, 4), as (N, M)."""
    for corners in (boxes, others):
        if corners.dim() != 2 or corners.shape[1] != 4 or (corners[:, 2:] <= corners[:, :2]).any():
            raise ValueError("expected boxes (N, 4) as x1, y1, x2, y2 with x1 < x2 and y1 < y2")
    top_left = torch.maximum(boxes[:, None, :2], others[None, :, :2])  # (N, M, 2)
    bottom_right = torch.minimum(boxes[:, None, 2:], others[None, :, 2:])
    # Boxes that do not meet have a negative side; without the clamp two of them make an area.
    intersection = (bottom_right - top_left).clamp(min=0).prod(dim=2)
    area, other_area = (torch.prod(corners[:, 2:] - corners[:, :2], dim=1) for corners in (boxes, others))
    return intersection / (area[:, None] + other_area[None, :] - intersection)


def nms(boxes: Tensor, scores: Tensor, groups: Tensor, threshold: float) -> Tensor:
    """Return the indices of the boxes that survive, by falling score; a group is a class (of one image)."""
    if not 0 <= threshold <= 1 or not len(boxes) == len(scores) == len(groups):
        raise ValueError("need a threshold in 0..1, and one score and one group for every box")
    rivals = (iou(boxes, boxes) > threshold) & (groups[:, None] == groups[None, :])
    removed = torch.zeros(len(boxes), dtype=torch.bool)
    kept: list[int] = []
    for i in scores.argsort(descending=True, stable=True).tolist():
        if not removed[i]:  # a removed box removes nothing
            kept.append(i)
            removed |= rivals[i]
    return torch.tensor(kept, dtype=torch.long)


def match(found: Boxes, truth: Boxes, threshold: float) -> Tensor:
    """Return for one class which detections, by falling score, are right: booleans (N,).

    Each takes the free true box of its image that it overlaps most, as COCO does; VOC looks at the
    best box, free or not. A true box is taken once, so duplicates are false positives.
    """
    overlap = iou(found.box, truth.box).masked_fill(found.image[:, None] != truth.image[None, :], 0.0)
    correct = torch.zeros(len(found.score), dtype=torch.bool)
    for rank, i in enumerate(found.score.argsort(descending=True, stable=True).tolist()):
        best = int(overlap[i].argmax())
        if overlap[i, best] >= threshold:
            correct[rank] = True
            overlap[:, best] = -1.0  # taken
    return correct


def precision_recall(correct: Tensor, truths: int) -> tuple[Tensor, Tensor]:
    """Return precision and recall after each detection, for verdicts by falling score."""
    if truths < max(1, int(correct.sum())):
        raise ValueError(f"{int(correct.sum())} right detections of {truths} true boxes")
    hits = correct.double().cumsum(dim=0)
    return hits / torch.arange(1, len(correct) + 1), hits / truths


def average_precision(precision: Tensor, recall: Tensor, points: int | None = None) -> float:
    """Return the area under the interpolated curve: exact, or the mean at `points` recalls.

    A recall that is never reached has precision 0: this is how a miss lowers the AP.
    """
    if precision.shape != recall.shape or (recall.diff() < 0).any():
        raise ValueError("precision and recall must be of one length, with recall never falling")
    envelope = precision.flip(0).cummax(dim=0).values.flip(0)  # the maximum to the right
    if points is None:
        return float((torch.diff(recall, prepend=recall.new_zeros(1)) * envelope).sum())
    levels = torch.linspace(0, 1, points, dtype=recall.dtype)
    position = torch.searchsorted(recall, levels - 1e-9)  # the first detection to reach the level
    return float(torch.cat((envelope, envelope.new_zeros(1)))[position].mean())


def mean_average_precision(
    found: Boxes, truth: Boxes, thresholds: Sequence[float] = (0.5,), points: int | None = None
) -> float:
    """Return the mean of AP over the classes that have a true box, and over the IoU thresholds."""
    classes = truth.label.unique().tolist()
    if not classes or not thresholds:
        raise ValueError("mAP needs at least one true box and one threshold")
    scores: list[float] = []
    for threshold in thresholds:
        for label in classes:  # every class counts the same, however rare
            real = truth.where(truth.label == label)
            verdicts = match(found.where(found.label == label), real, threshold)
            scores.append(average_precision(*precision_recall(verdicts, len(real.label)), points))
    return sum(scores) / len(scores)


def simulate(noise: float, images: int = 80, seed: int = 0) -> tuple[Boxes, Boxes]:
    """Draw true boxes, and detections off by `noise` pixels: misses, duplicates and false alarms among them."""
    generator = torch.Generator().manual_seed(seed)

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(*shape, generator=generator, dtype=torch.float64)

    count = 3 * images  # three objects an image, in cells that do not touch
    cell = torch.stack((torch.arange(count) % 3 * 100, torch.zeros(count)), dim=1)
    corner = cell + uniform(10, 40, count, 2)
    box = torch.cat((corner, corner + uniform(20, 50, count, 2)), dim=1)
    truth = Boxes(torch.arange(count) // 3, torch.arange(count) % 2, box, torch.ones(count))
    copies = torch.randint(1, 4, (count,), generator=generator) * (uniform(0, 1, count) > 0.1)
    hits = truth.where(torch.arange(count).repeat_interleave(copies))
    jitter = noise * torch.randn(len(hits.box), 4, generator=generator, dtype=torch.float64)
    corner = uniform(0, 250, count, 2)
    false_box = torch.cat((corner, corner + uniform(20, 50, count, 2)), dim=1)
    score = torch.cat((uniform(0.3, 1.0, len(hits.box)), uniform(0.0, 0.7, count)))
    image, label = torch.cat((hits.image, truth.image)), torch.cat((hits.label, truth.label))
    return Boxes(image, label, torch.cat((hits.box + jitter, false_box)), score), truth


def without_duplicates(found: Boxes, threshold: float = 0.5) -> Boxes:
    """Apply NMS within every image and class."""
    groups = found.image * (int(found.label.max()) + 1) + found.label
    return found.where(nms(found.box, found.score, groups, threshold))


def main() -> None:
    """Work a small example, then show what NMS and the IoU threshold do to the mAP."""
    torch.set_num_threads(1)
    corners = torch.tensor([[0.0, 0, 10, 10], [3, 0, 13, 10], [6, 0, 16, 10], [1, 0, 11, 10]])
    scores, groups = torch.tensor([0.9, 0.8, 0.7, 0.6]), torch.tensor([0, 0, 0, 1])
    print("IoU of A with B, C, D: " + ", ".join(f"{value:.3f}" for value in iou(corners[:1], corners[1:])[0]))
    for threshold in (0.5, 0.2):
        kept = "".join("ABCD"[i] for i in nms(corners, scores, groups, threshold))
        print(f"three cats A, B, C and a dog D, NMS at {threshold}: {kept} survive")
    curve = precision_recall(torch.tensor([True, False, True, True, False]), truths=4)
    print("right, wrong, right, right, wrong on 4 objects, AP:", end=" ")
    print(f"all points {average_precision(*curve):.3f}, 11 points {average_precision(*curve, 11):.3f}")
    for noise in (1.0, 3.0):
        raw, truth = simulate(noise)
        for name, found in (("raw", raw), ("after NMS", without_duplicates(raw))):
            print(
                f"corners off by {noise:.0f} px, {name:9}: mAP@0.5 {mean_average_precision(found, truth):.3f},", end=" "
            )
            print(f"COCO mAP@[.5:.95] {mean_average_precision(found, truth, COCO_THRESHOLDS, points=101):.3f}")


def plot() -> "Figure":
    """Draw one class's precision over recall, raw and interpolated."""
    from matplotlib.figure import Figure

    raw, truth = simulate(noise=3.0)
    axes = (figure := Figure(figsize=(6.4, 4.2), layout="constrained")).subplots()
    for name, found, colour in (("before NMS", raw, "tab:red"), ("after NMS", without_duplicates(raw), "tab:blue")):
        real = truth.where(truth.label == 0)
        precision, recall = precision_recall(match(found.where(found.label == 0), real, 0.5), len(real.label))
        area = average_precision(precision, recall)
        axes.plot(recall, precision, color=colour, linewidth=0.8, alpha=0.6)
        envelope = precision.flip(0).cummax(dim=0).values.flip(0)
        axes.step(recall, envelope, where="pre", color=colour, label=f"{name}: AP@0.5 = {area:.3f}")
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.03), title="Thin: raw; thick: interpolated")
    axes.legend(loc="lower left")
    return figure


if __name__ == "__main__":
    main()
