"""IoU, NMS and AP agree with numbers worked by hand, with scikit-learn and with brute force."""

import re
from collections.abc import Callable

import detection_metrics as dm
import numpy as np
import pytest
import torch
from sklearn.metrics import precision_recall_curve
from torch import Tensor

CATS_AND_DOG = torch.tensor([[0.0, 0, 10, 10], [3, 0, 13, 10], [6, 0, 16, 10], [1, 0, 11, 10]])
SCORES = torch.tensor([0.9, 0.8, 0.7, 0.6])


def one_class(box: Tensor, score: list[float], image: list[int] | None = None, label: int = 0) -> dm.Boxes:
    count = len(box)
    images = torch.tensor(image if image is not None else [0] * count)
    return dm.Boxes(images, torch.full((count,), label), box, torch.tensor(score))


def side_by_side(*places: float) -> Tensor:
    """Boxes of 10 x 10, each at its own place along x."""
    return torch.tensor([[x, 0.0, x + 10, 10.0] for x in places])


def test_iou_by_hand() -> None:
    # 7 x 10 of 100 + 100 - 70; 4 x 10 of 160; 9 x 10 of 110.
    expected = torch.tensor([[1.0, 70 / 130, 40 / 160, 90 / 110]])
    torch.testing.assert_close(dm.iou(CATS_AND_DOG[:1], CATS_AND_DOG), expected)


def test_iou_against_counted_pixels() -> None:
    generator = torch.Generator().manual_seed(3)
    corner = torch.randint(0, 15, (12, 2), generator=generator)
    box = torch.cat((corner, corner + torch.randint(1, 12, (12, 2), generator=generator)), dim=1)
    masks = torch.zeros(12, 30, 30, dtype=torch.bool)
    for mask, (x1, y1, x2, y2) in zip(masks, box.tolist(), strict=True):
        mask[y1:y2, x1:x2] = True
    union = (masks[:, None] | masks[None]).sum(dim=(2, 3))
    both = (masks[:, None] & masks[None]).sum(dim=(2, 3))
    assert (both == 0).any()  # some do not meet at all
    torch.testing.assert_close(dm.iou(box.float(), box.float()), both / union)


def test_boxes_that_are_apart_on_both_axes_do_not_meet() -> None:
    # Both sides of the "intersection" are negative; their product would be positive.
    assert dm.iou(torch.tensor([[0.0, 0, 1, 1]]), torch.tensor([[5.0, 5, 6, 6]])).item() == 0


def test_nms_by_hand() -> None:
    classes = torch.tensor([0, 0, 0, 1])
    # At 0.5 A removes B; B would have removed C but is gone; the dog is another class.
    assert dm.nms(CATS_AND_DOG, SCORES, classes, 0.5).tolist() == [0, 2, 3]
    assert dm.nms(CATS_AND_DOG, SCORES, classes, 0.2).tolist() == [0, 3]
    assert dm.nms(CATS_AND_DOG, SCORES, torch.zeros(4), 0.5).tolist() == [0, 2]  # classes ignored
    assert dm.nms(CATS_AND_DOG, SCORES.flip(0), classes, 0.5).tolist() == [3, 2, 0]  # C removes B, not A
    assert dm.nms(CATS_AND_DOG, SCORES, classes, 1.0).tolist() == [0, 1, 2, 3]


def test_nms_leaves_no_overlap_and_removes_only_for_a_reason() -> None:
    generator = torch.Generator().manual_seed(0)
    corner = torch.rand(60, 2, generator=generator) * 50
    box = torch.cat((corner, corner + 5 + 20 * torch.rand(60, 2, generator=generator)), dim=1)
    scores = torch.rand(60, generator=generator)
    kept = dm.nms(box, scores, torch.zeros(60), 0.3)
    overlap = dm.iou(box, box)
    assert (overlap[kept][:, kept] - torch.eye(len(kept))).max() <= 0.3
    for i in set(range(60)) - set(kept.tolist()):
        assert any(overlap[i, k] > 0.3 and scores[k] >= scores[i] for k in kept.tolist())


def test_matching_takes_each_true_box_once() -> None:
    truth = one_class(side_by_side(0, 100), [1, 1])
    found = one_class(side_by_side(1, 0, 101, 50), [0.9, 0.8, 0.7, 0.6])
    # The first hits; the second hits the same object, so it is a duplicate though its IoU is 1.
    assert dm.match(found, truth, 0.5).tolist() == [True, False, True, False]
    # IoU of a shift by 1 is 9 / 11 = 0.82.
    assert dm.match(found, truth, 0.85).tolist() == [False, True, False, False]


def test_matching_goes_by_score_and_stays_within_the_image() -> None:
    truth = one_class(side_by_side(0), [1], image=[7])
    found = one_class(side_by_side(0, 0, 0), [0.2, 0.9, 0.5], image=[7, 8, 7])
    assert dm.match(found, truth, 0.5).tolist() == [False, True, False]  # by score: image 8, 7, 7


def test_average_precision_by_hand() -> None:
    precision, recall = dm.precision_recall(torch.tensor([True, False, True, True, False]), truths=4)
    torch.testing.assert_close(precision, torch.tensor([1, 1 / 2, 2 / 3, 3 / 4, 3 / 5], dtype=torch.float64))
    torch.testing.assert_close(recall, torch.tensor([0.25, 0.25, 0.5, 0.75, 0.75], dtype=torch.float64))
    assert dm.average_precision(precision, recall) == pytest.approx(0.25 * (1 + 0.75 + 0.75))
    # 11 points: recalls 0, .1, .2 read 1; .3 to .7 read 3/4; .8, .9, 1 are never reached.
    assert dm.average_precision(precision, recall, 11) == pytest.approx((3 + 5 * 0.75) / 11)
    # 101 points: 0.00 to 0.25 are 26 levels, 0.26 to 0.75 are 50.
    assert dm.average_precision(precision, recall, 101) == pytest.approx((26 + 50 * 0.75) / 101)


def test_a_level_reached_exactly_counts() -> None:
    # Recall 3/10 is not the float 0.1 * 3: without a tolerance the level 0.3 would be missed.
    precision, recall = dm.precision_recall(torch.tensor([True] * 3), truths=10)
    assert dm.average_precision(precision, recall, 11) == pytest.approx(4 / 11)


def test_average_precision_against_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    labels, scores = generator.random(200) < 0.3, generator.random(200)
    order = np.argsort(-scores)
    ours = dm.precision_recall(torch.tensor(labels[order]), int(labels.sum()))
    precision, recall, _ = precision_recall_curve(labels, scores)  # recall falls from 1 to 0
    envelope = np.maximum.accumulate(precision)
    assert dm.average_precision(*ours) == pytest.approx(-np.sum(np.diff(recall) * envelope[:-1]))
    assert dm.average_precision(*ours, 100_001) == pytest.approx(dm.average_precision(*ours), abs=1e-4)


def test_map_by_hand_over_two_classes() -> None:
    places = (0.0, 100.0, 200.0, 300.0)
    truth_a, truth_b = one_class(side_by_side(*places), [1] * 4), one_class(side_by_side(0, 100), [1, 1], label=1)
    found_a = one_class(side_by_side(0, 50, 100, 200, 250), [0.9, 0.8, 0.7, 0.6, 0.5])
    found_b = one_class(side_by_side(0, 0, 100), [0.9, 0.8, 0.7], label=1)
    truth = dm.Boxes(*(torch.cat(pair) for pair in zip(truth_a, truth_b, strict=True)))
    found = dm.Boxes(*(torch.cat(pair) for pair in zip(found_a, found_b, strict=True)))
    expected = (0.625 + (0.5 + 0.5 * 2 / 3)) / 2
    assert dm.mean_average_precision(found, truth) == pytest.approx(expected)
    shuffled = found.where(torch.randperm(len(found.score)))
    assert dm.mean_average_precision(shuffled, truth) == pytest.approx(expected)
    # All boxes that hit fit exactly, so a stricter threshold changes nothing.
    assert dm.mean_average_precision(found, truth, dm.COCO_THRESHOLDS) == pytest.approx(expected)


def test_map_averages_over_thresholds() -> None:
    truth = one_class(side_by_side(0), [1])
    found = one_class(side_by_side(1), [0.5])  # IoU 0.818: right at 0.50, 0.55, ..., 0.80
    assert len(dm.COCO_THRESHOLDS) == 10
    assert dm.mean_average_precision(found, truth, dm.COCO_THRESHOLDS) == pytest.approx(0.7)


def test_a_class_without_detections_counts_as_zero() -> None:
    truth = one_class(side_by_side(0, 100), [1, 1])
    truth = truth._replace(label=torch.tensor([0, 1]))
    found = one_class(side_by_side(0), [0.5])
    assert dm.mean_average_precision(found, truth) == pytest.approx(0.5)


def test_illegal_input_is_refused() -> None:
    for box in (torch.zeros(4), torch.zeros(1, 5), torch.tensor([[0.0, 0, 5, 0]]), torch.tensor([[10.0, 0, 0, 5]])):
        with pytest.raises(ValueError, match="expected boxes"):
            dm.iou(box, CATS_AND_DOG)
    with pytest.raises(ValueError, match="threshold"):
        dm.nms(CATS_AND_DOG, SCORES, torch.zeros(4), 50)
    with pytest.raises(ValueError, match="one score and one group"):
        dm.nms(CATS_AND_DOG, SCORES[:3], torch.zeros(4), 0.5)
    with pytest.raises(ValueError, match="2 right detections of 1"):
        dm.precision_recall(torch.tensor([True, True]), truths=1)
    with pytest.raises(ValueError, match="never falling"):
        dm.average_precision(torch.ones(2), torch.tensor([0.5, 0.2]))
    empty = one_class(torch.zeros(0, 4), [])
    with pytest.raises(ValueError, match="at least one true box"):
        dm.mean_average_precision(empty, empty)


def test_plot_draws_both_curves() -> None:
    axes = dm.plot().axes[0]
    assert len(axes.lines) == 4
    assert axes.get_xlabel() == "recall"


@pytest.mark.slow
def test_main_shows_nms_and_strict_thresholds(run_main: Callable[[str], str]) -> None:
    printed = run_main("detection_metrics.py")
    assert "0.538, 0.250, 0.818" in printed
    assert "at 0.5: ACD" in printed and "at 0.2: AD" in printed
    assert "all points 0.625, 11 points 0.614" in printed
    pairs = re.findall(r"mAP@0.5 ([\d.]+), COCO mAP@\[.5:.95\] ([\d.]+)", printed)
    (raw, raw_strict), (clean, clean_strict), (_, _), (wide, wide_strict) = [(float(a), float(b)) for a, b in pairs]
    assert clean > raw + 0.05 and clean_strict > raw_strict + 0.05
    assert clean - wide < 0.1 < clean_strict - wide_strict  # only the strict metric minds 3 pixels
