"""Every figure agrees with scikit-learn or with a closed form, ties and rare classes included."""

import math
import re
from collections.abc import Callable

import classification_metrics as cm
import numpy as np
import pytest
import torch
from scipy.stats import norm
from sklearn import metrics
from torch import Tensor


def multiclass(count: int = 300) -> tuple[Tensor, Tensor]:
    labels = torch.randint(0, 5, (count,))
    guess = torch.where(torch.rand(count) < 0.6, labels, torch.randint(0, 5, (count,)))
    return labels, guess


def tied_scores(count: int = 400) -> tuple[Tensor, Tensor]:
    labels = (torch.rand(count) < 0.2).long()
    return labels, (labels * 0.5 + torch.randn(count)).mul(4).round().div(4)  # quarters: many ties


def test_confusion_matrix_against_scikit_learn() -> None:
    labels, predicted = multiclass()
    expected = metrics.confusion_matrix(labels, predicted)
    np.testing.assert_array_equal(cm.confusion_matrix(labels, predicted, 5), expected)
    assert cm.confusion_matrix(labels, predicted, 7).shape == (7, 7)  # classes may be absent


def test_scores_by_hand() -> None:
    # 1,000 transactions, 40 frauds, 50 alerts of which 30 real: TP 30, FP 20, FN 10, TN 940.
    labels = torch.cat((torch.ones(40), torch.zeros(960))).long()
    predicted = torch.cat((torch.ones(30), torch.zeros(10), torch.ones(20), torch.zeros(940))).long()
    matrix = cm.confusion_matrix(labels, predicted, 2)
    assert matrix.tolist() == [[940, 20], [10, 30]]
    assert cm.accuracy(matrix) == pytest.approx(0.97)
    precision, recall, f1 = cm.precision_recall_f1(matrix)
    assert precision[1] == pytest.approx(0.6)
    assert recall[1] == pytest.approx(0.75)
    assert f1[1] == pytest.approx(2 / 3)


def test_scores_against_scikit_learn() -> None:
    labels, predicted = multiclass()
    matrix = cm.confusion_matrix(labels, predicted, 5)
    expected = metrics.precision_recall_fscore_support(labels, predicted)[:3]
    for ours, theirs in zip(cm.precision_recall_f1(matrix), expected, strict=True):
        np.testing.assert_allclose(ours, theirs)
    assert cm.accuracy(matrix) == pytest.approx(metrics.accuracy_score(labels, predicted))
    assert cm.macro_f1(matrix) == pytest.approx(metrics.f1_score(labels, predicted, average="macro"))
    assert cm.micro_f1(matrix) == pytest.approx(metrics.f1_score(labels, predicted, average="micro"))
    assert cm.micro_f1(matrix) == pytest.approx(cm.accuracy(matrix))


def test_a_class_never_predicted_scores_zero() -> None:
    labels, predicted = torch.tensor([0, 0, 1, 2]), torch.tensor([0, 0, 0, 2])
    ours = cm.precision_recall_f1(cm.confusion_matrix(labels, predicted, 3))
    expected = metrics.precision_recall_fscore_support(labels, predicted, zero_division=0)[:3]
    for values, theirs in zip(ours, expected, strict=True):
        np.testing.assert_allclose(values, theirs)
    assert ours.precision[1] == 0


def test_curves_against_scikit_learn_with_ties() -> None:
    labels, scores = tied_scores()
    points = cm.curve(labels, scores)
    false_positive_rate, recall, threshold = metrics.roc_curve(labels, scores, drop_intermediate=False)
    np.testing.assert_allclose(points.false_positive_rate, false_positive_rate[1:])  # theirs starts at (0, 0)
    np.testing.assert_allclose(points.recall, recall[1:])
    np.testing.assert_allclose(points.threshold, threshold[1:])
    precision, recall, _ = metrics.precision_recall_curve(labels, scores)
    np.testing.assert_allclose(points.precision, precision[:-1][::-1])  # theirs ends at (0, 1)
    np.testing.assert_allclose(points.recall, recall[:-1][::-1])


def test_areas_against_scikit_learn_with_ties() -> None:
    labels, scores = tied_scores()
    expected = metrics.roc_auc_score(labels, scores)
    assert cm.roc_auc(labels, scores) == pytest.approx(expected)
    assert cm.roc_auc_by_ranking(labels, scores) == pytest.approx(expected)
    assert cm.pr_auc(labels, scores) == pytest.approx(metrics.average_precision_score(labels, scores))


def test_areas_by_hand() -> None:
    labels, scores = torch.tensor([1, 0, 1, 0]), torch.tensor([0.9, 0.8, 0.7, 0.1])
    assert cm.roc_auc(labels, scores) == pytest.approx(3 / 4)  # of four pairs one is the wrong way round
    assert cm.pr_auc(labels, scores) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert cm.roc_auc(labels, torch.zeros(4)) == pytest.approx(0.5)  # all tied
    assert cm.roc_auc(labels, -scores) == pytest.approx(1 / 4)


def test_roc_auc_of_two_gaussians_in_closed_form() -> None:
    labels, scores = cm.draw(20_000, 20_000, gap=1.0)
    assert cm.roc_auc(labels, scores) == pytest.approx(norm.cdf(1 / math.sqrt(2)), abs=0.01)


def test_share_of_positives_moves_pr_and_not_roc() -> None:
    labels, scores = cm.draw(10_000, 10_000, gap=2.0)
    rare = torch.cat((torch.arange(10_000), 10_000 + torch.arange(500)))  # the same scores, fewer positives
    assert cm.roc_auc(labels[rare], scores[rare]) == pytest.approx(cm.roc_auc(labels, scores), abs=0.02)
    assert cm.pr_auc(labels[rare], scores[rare]) < cm.pr_auc(labels, scores) - 0.2
    noise = torch.rand(len(rare))
    assert cm.pr_auc(labels[rare], noise) == pytest.approx(500 / 10_500, abs=0.02)  # chance = the share


def test_drawn_probabilities_are_calibrated() -> None:
    labels, probabilities = cm.draw(30_000, 10_000, gap=1.5)
    assert probabilities.mean().item() == pytest.approx(0.25, abs=0.01)
    near_half = (probabilities - 0.5).abs() < 0.05
    assert labels[near_half].double().mean().item() == pytest.approx(0.5, abs=0.04)


def test_cheapest_threshold_against_trying_them_all() -> None:
    labels, scores = tied_scores()
    costs = {
        t: 5 * int(((scores < t) & (labels == 1)).sum()) + int(((scores >= t) & (labels == 0)).sum())
        for t in scores.unique().tolist()
    }
    threshold, cost = cm.cheapest_threshold(labels, scores, miss=5, false_alarm=1)
    assert cost == pytest.approx(min(costs.values()))
    assert costs[threshold] == pytest.approx(cost)


def test_cheapest_threshold_approaches_the_ratio_of_costs() -> None:
    labels, scores = cm.draw(100_000, 100_000, gap=1.0)
    threshold, _ = cm.cheapest_threshold(labels, scores, miss=4, false_alarm=1)
    assert threshold == pytest.approx(1 / 5, abs=0.03)


def test_illegal_input_is_refused() -> None:
    zeros = torch.zeros(3, dtype=torch.long)
    with pytest.raises(ValueError, match="one length"):
        cm.confusion_matrix(zeros, zeros[:2], 2)
    with pytest.raises(ValueError, match="one length"):
        cm.confusion_matrix(zeros[:0], zeros[:0], 2)
    with pytest.raises(ValueError, match=r"0\.\.1"):
        cm.confusion_matrix(zeros, zeros + 2, 2)
    for labels in (zeros, zeros + 1, torch.tensor([-1, 1, 1])):  # one class alone has no ROC; -1/+1 labels
        with pytest.raises(ValueError, match="labels 0 and 1"):
            cm.roc_auc(labels, torch.rand(3))
    with pytest.raises(ValueError, match="one score for each"):
        cm.pr_auc(torch.tensor([0, 1]), torch.rand(3))
    with pytest.raises(ValueError, match="negative"):
        cm.cheapest_threshold(torch.tensor([0, 1]), torch.rand(2), miss=-1, false_alarm=1)


def test_plot_has_two_panels() -> None:
    roc, pr = cm.plot().axes
    assert roc.get_ylabel() == "recall"
    assert pr.get_ylabel() == "precision"


@pytest.mark.slow
def test_main_shows_where_accuracy_misleads(run_main: Callable[[str], str]) -> None:
    printed = run_main("classification_metrics.py")
    assert "fraud detector : accuracy 0.970, precision 0.600, recall 0.750, F1 0.667" in printed
    assert "no alert at all: accuracy 0.960, precision 0.000" in printed
    found = re.search(r"accuracy ([\d.]+) = micro F1 ([\d.]+), macro F1 ([\d.]+)", printed)
    assert found is not None
    accuracy, micro, macro = (float(value) for value in found.groups())
    assert accuracy == micro > macro + 0.03
    (half, half_pr), (rare, rare_pr) = [
        (float(a), float(b)) for a, b in re.findall(r"ROC-AUC ([\d.]+), PR-AUC ([\d.]+)", printed)
    ]
    assert abs(half - rare) < 0.02
    assert rare_pr < half_pr - 0.4
    cost = re.search(r"cheapest at ([\d.]+).*cost ([\d,]+) against ([\d,]+)", printed)
    assert cost is not None
    assert float(cost[1]) == pytest.approx(20 / 520, abs=0.015)
    assert int(cost[2].replace(",", "")) < 0.8 * int(cost[3].replace(",", ""))
