"""ECE and Brier agree with scikit-learn and hand-worked numbers; the temperature with scipy."""

import re
from collections.abc import Callable

import calibration_metrics as cal
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.optimize import minimize_scalar
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss
from torch import Tensor


def noisy_logits(count: int = 500, classes: int = 4) -> tuple[Tensor, Tensor]:
    """Logits whose labels are drawn from softmax(logits / 3): the right temperature is 3."""
    logits = 6 * torch.randn(count, classes)
    return logits, torch.multinomial((logits / 3).softmax(dim=1), 1).squeeze(1)


def test_ece_by_hand() -> None:
    # 0.2 |0.5 - 0.55| + 0.3 |0.6 - 0.75| + 0.5 |0.8 - 0.95| = 0.13
    confidence = torch.tensor([0.55] * 20 + [0.75] * 30 + [0.95] * 50)
    correct = torch.tensor([True] * 10 + [False] * 10 + [True] * 18 + [False] * 12 + [True] * 40 + [False] * 10)
    assert cal.expected_calibration_error(confidence, correct, bins=10) == pytest.approx(0.13)
    diagram = cal.reliability(confidence, correct, bins=10)
    torch.testing.assert_close(diagram.accuracy, torch.tensor([0.5, 0.6, 0.8], dtype=torch.float64))
    torch.testing.assert_close(diagram.share, torch.tensor([0.2, 0.3, 0.5], dtype=torch.float64))


def test_reliability_against_scikit_learn() -> None:
    confidence = torch.rand(1000, dtype=torch.float64)
    correct = torch.rand(1000) < confidence**2
    accuracy, mean_confidence = calibration_curve(correct, confidence, n_bins=10)
    diagram = cal.reliability(confidence, correct, bins=10)
    np.testing.assert_allclose(diagram.accuracy, accuracy)
    np.testing.assert_allclose(diagram.confidence, mean_confidence)
    counts = np.histogram(confidence, bins=np.linspace(0, 1, 11))[0]
    expected = (counts / 1000 * np.abs(accuracy - mean_confidence)).sum()
    assert cal.expected_calibration_error(confidence, correct, bins=10) == pytest.approx(expected)


def test_ece_depends_on_the_bins_and_misses_what_cancels() -> None:
    confidence = torch.tensor([0.62, 0.62, 0.68, 0.68])
    correct = torch.tensor([True, True, False, False])
    # One bin: accuracy 0.5 against 0.65. Narrow bins: 0.38 and 0.68, half of the samples each.
    assert cal.expected_calibration_error(confidence, correct, bins=5) == pytest.approx(0.15)
    assert cal.expected_calibration_error(confidence, correct, bins=20) == pytest.approx((0.38 + 0.68) / 2)


def test_ends_of_the_range_have_a_bin() -> None:
    diagram = cal.reliability(torch.tensor([0.0, 1.0]), torch.tensor([False, True]), bins=4)
    assert diagram.confidence.tolist() == [0, 1]
    assert diagram.accuracy.tolist() == [0, 1]


def test_brier_against_scikit_learn() -> None:
    logits, labels = noisy_logits()
    probabilities = logits.double().softmax(dim=1)
    expected = brier_score_loss(labels, probabilities, scale_by_half=False)
    assert cal.brier_score(probabilities, labels) == pytest.approx(expected)


def test_brier_for_two_classes_is_twice_the_one_column_form() -> None:
    positive = torch.rand(100, dtype=torch.float64)
    labels = torch.randint(0, 2, (100,))
    score = cal.brier_score(torch.stack((1 - positive, positive), dim=1), labels)
    assert score == pytest.approx(2 * brier_score_loss(labels, positive))


def test_brier_by_hand() -> None:
    probabilities = torch.tensor([[0.7, 0.2, 0.1], [0.0, 0.0, 1.0]])
    # 0.3² + 0.2² + 0.1² = 0.14 and, all of it on a wrong class, 1 + 1 = 2.
    assert cal.brier_score(probabilities, torch.tensor([0, 1])) == pytest.approx((0.14 + 2) / 2)


def test_temperature_against_scipy() -> None:
    logits, labels = noisy_logits()
    best = minimize_scalar(
        lambda t: float(F.cross_entropy(logits.double() / t, labels)), bounds=(0.05, 50), method="bounded"
    )
    assert cal.fit_temperature(logits, labels) == pytest.approx(best.x, rel=1e-3)


def test_temperature_is_found_whichever_way_the_model_errs() -> None:
    logits, labels = noisy_logits(20_000)
    assert cal.fit_temperature(logits, labels) == pytest.approx(3, rel=0.05)  # overconfident
    assert cal.fit_temperature(logits / 12, labels) == pytest.approx(0.25, rel=0.05)  # underconfident


def test_temperature_keeps_every_class_and_mends_the_calibration() -> None:
    logits, labels = noisy_logits(5000)
    temperature = cal.fit_temperature(*noisy_logits(5000))  # other data than is reported on
    before, after = logits.softmax(dim=1), (logits / temperature).softmax(dim=1)
    assert torch.equal(before.argmax(dim=1), after.argmax(dim=1))
    correct = before.argmax(dim=1) == labels
    worse = cal.expected_calibration_error(before.max(dim=1).values, correct)
    better = cal.expected_calibration_error(after.max(dim=1).values, correct)
    assert worse > 0.1 > 0.03 > better
    assert cal.brier_score(after, labels) < cal.brier_score(before, labels)


def test_fitting_leaves_no_gradient_behind() -> None:
    layer = torch.nn.Linear(3, 4)
    logits = layer(torch.randn(50, 3))
    cal.fit_temperature(logits, torch.randint(0, 4, (50,)) * 0 + logits.argmax(dim=1).roll(1))
    assert layer.weight.grad is None


def test_illegal_input_is_refused() -> None:
    right = torch.tensor([True, False])
    with pytest.raises(ValueError, match="not logits"):
        cal.reliability(torch.tensor([0.5, 3.0]), right)
    with pytest.raises(ValueError, match="one verdict per confidence"):
        cal.reliability(torch.tensor([0.5]), right)
    with pytest.raises(ValueError, match="sum to 1"):
        cal.brier_score(torch.ones(2, 3), torch.tensor([0, 1]))
    with pytest.raises(ValueError, match="expected probabilities"):
        cal.brier_score(torch.ones(3), torch.tensor([0, 1, 1]))
    with pytest.raises(ValueError, match="expected logits"):
        cal.fit_temperature(torch.zeros(2, 3), torch.tensor([0]))
    with pytest.raises(ValueError, match="no sample is wrong"):
        cal.fit_temperature(torch.eye(3), torch.arange(3))
    with pytest.raises(ValueError, match="worse than chance"):
        cal.fit_temperature(-10 * torch.eye(3), torch.arange(3))


def test_plot_has_a_panel_before_and_after() -> None:
    titles = [axes.get_title() for axes in cal.plot().axes]
    before, after = (float(title.split("ECE ")[1]) for title in titles)
    assert before > 2 * after


@pytest.mark.slow
def test_main_mends_the_confidence_alone(run_main: Callable[[str], str]) -> None:
    printed = run_main("calibration_metrics.py")
    assert "ECE 0.130" in printed
    rows = re.findall(r"accuracy ([\d.]+), confidence ([\d.]+), ECE ([\d.]+), Brier ([\d.]+), NLL ([\d.]+)", printed)
    before, after, constant = ([float(value) for value in row] for row in rows)
    assert before[0] == after[0] == constant[0]
    assert before[2] > 0.15 > 0.06 > after[2]
    assert after[3] < before[3] and after[4] < before[4]
    assert constant[2] < after[2]  # ECE alone would prefer the forecaster that tells nothing apart
    assert constant[3] > after[3] and constant[4] > after[4]
