"""The soft loss is PyTorch's KL divergence, its gradient the closed form, and T^2 keeps its size."""

import re
from collections.abc import Callable

import distillation
import pytest
import torch
import torch.nn.functional as F


def test_temperature_by_hand() -> None:
    # exp(4, 2, 0) = 54.60, 7.389, 1, their sum 62.99; at T = 4 exp(1, 0.5, 0) = 2.718, 1.649, 1, sum 5.367.
    logits = torch.tensor([4.0, 2.0, 0.0])
    for temperature, expected in ((1.0, [0.8668, 0.1173, 0.0159]), (4.0, [0.5065, 0.3072, 0.1863])):
        torch.testing.assert_close(distillation.soften(logits, temperature), torch.tensor(expected), atol=1e-4, rtol=0)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_soft_loss_agrees_with_torch(temperature: float) -> None:
    student, teacher = torch.randn(7, 5), torch.randn(7, 5)
    expected = F.kl_div(
        (student / temperature).log_softmax(dim=1), (teacher / temperature).softmax(dim=1), reduction="batchmean"
    )
    torch.testing.assert_close(distillation.soft_loss(student, teacher, temperature), expected)
    assert distillation.soft_loss(teacher, teacher, temperature).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_gradient_agrees_with_autograd(temperature: float) -> None:
    student, teacher = torch.randn(7, 5, requires_grad=True), torch.randn(7, 5, requires_grad=True)
    distillation.soft_loss(student, teacher, temperature).backward()
    torch.testing.assert_close(
        student.grad, distillation.soft_gradient(student.detach(), teacher.detach(), temperature)
    )
    assert teacher.grad is None  # the teacher is not taught


def test_at_high_temperature_logits_are_matched() -> None:
    # With zero-mean logits of N classes the gradient tends to (z - v) / (N T^2), here for a batch of 1.
    student, teacher = (x - x.mean() for x in torch.randn(2, 1, 5, dtype=torch.float64))
    gradient = distillation.soft_gradient(student, teacher, 1000.0)
    torch.testing.assert_close(gradient * 5 * 1000.0**2, student - teacher, rtol=0.02, atol=0.01)


def test_the_factor_keeps_the_size_of_the_gradient() -> None:
    student, teacher = torch.randn(7, 5, requires_grad=True), torch.randn(7, 5)
    labels = torch.arange(7) % 5
    sizes = []
    for temperature in (10.0, 20.0):
        soft = distillation.distillation_loss(student, teacher, labels, temperature=temperature, alpha=0.0).loss
        sizes.append(torch.autograd.grad(soft, student)[0].norm().item())
    assert sizes[1] == pytest.approx(sizes[0], rel=0.15)
    without = [distillation.soft_gradient(student.detach(), teacher, t).norm().item() for t in (10.0, 20.0)]
    assert without[0] / without[1] == pytest.approx(4, rel=0.15)


def test_the_parts_add_up() -> None:
    student, teacher, labels = torch.randn(7, 5), torch.randn(7, 5), torch.arange(7) % 5
    parts = distillation.distillation_loss(student, teacher, labels, temperature=3.0, alpha=0.3)
    torch.testing.assert_close(parts.hard, F.cross_entropy(student, labels))
    torch.testing.assert_close(parts.soft, 9 * distillation.soft_loss(student, teacher, 3.0))
    torch.testing.assert_close(parts.loss, 0.3 * parts.hard + 0.7 * parts.soft)


def test_a_student_comes_close_to_its_teacher(assert_gradients: Callable[..., None]) -> None:
    images, labels, *_ = distillation.digits()
    teacher = distillation.network(32)
    distillation.train(teacher, images, labels, steps=300)
    student = distillation.network(32)
    with torch.no_grad():
        targets = teacher(images)
    loss = distillation.distillation_loss(student(images), targets, labels, temperature=2.0, alpha=0.5).loss
    assert_gradients(student, loss)
    before = distillation.soft_loss(student(images), targets, 2.0)
    # Wrong labels and alpha = 0: what the student learns it has from the teacher.
    distillation.train(student, images, (labels + 1) % 10, teacher, steps=300, temperature=2.0, alpha=0.0)
    assert distillation.soft_loss(student(images), targets, 2.0) < before / 5
    assert distillation.accuracy(student, images, labels) > 0.9


def test_illegal_input_is_refused() -> None:
    logits, labels = torch.zeros(2, 3), torch.zeros(2, dtype=torch.int64)
    for temperature in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="temperature"):
            distillation.soften(logits, temperature)
    with pytest.raises(ValueError, match="two tensors"):
        distillation.soft_loss(logits, torch.zeros(2, 4), 1.0)
    with pytest.raises(ValueError, match="alpha"):
        distillation.distillation_loss(logits, logits, labels, temperature=1.0, alpha=1.5)


@pytest.mark.slow
def test_main_shows_what_the_teacher_adds(run_main: Callable[[str], str]) -> None:
    printed = run_main("distillation.py")
    assert "at T = 4: 0.506, 0.307, 0.186" in printed
    rows = re.findall(r"(labels alone|distilled): ([\d.]+) \(.*?, on the 3s ([\d.]+) ", printed)
    few, few_distilled, without, without_distilled = ((float(score), float(threes)) for _, score, threes in rows)
    assert few_distilled[0] > few[0] + 0.01
    assert without[1] == 0  # a class whose label never occurs is never predicted...
    assert without_distilled[1] > 0.3  # ...unless the teacher says where it is likely
    assert without_distilled[0] > without[0] + 0.01
