"""Knowledge distillation: a small network learns from the probabilities of a large one.

What: a trained teacher gives every class a probability. The relative sizes of the wrong ones (this
3 resembles an 8 more than a 1) tell the student more than a label does. A temperature T flattens
both distributions so that small probabilities are seen: with student logits z, teacher logits v,

    q = softmax(z / T),   p = softmax(v / T)
    loss = alpha * CE(labels, softmax(z))  +  (1 - alpha) * T^2 * KL(p || q)

Why T^2: the gradient of KL(p || q) with respect to z is (q - p) / T, and q - p itself shrinks like
1 / T (for zero-mean logits of N classes it tends to (z - v) / (N T)). So the soft term's gradient
falls as 1 / T^2 while the hard one's stays; the factor keeps their balance as T changes.

Paper: Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network", 2015.

Run: python corpus/code/distillation.py    (scikit-learn's digits; students of 12 hidden units)
"""

# mypy: allow-untyped-calls

from typing import NamedTuple

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor, nn


class DistillationLoss(NamedTuple):
    """The loss and its two parts before weighting: cross-entropy, and T^2 times the KL divergence."""

    loss: Tensor
    hard: Tensor
    soft: Tensor


def soften(logits: Tensor, temperature: float) -> Tensor:
    """Return softmax(logits / T): one-hot as T goes to 0, uniform as T grows."""
    if not temperature > 0:
        raise ValueError(f"the temperature must be positive, not {temperature}")
    return (logits / temperature).softmax(dim=-1)


def soft_loss(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """Return KL(p || q) at temperature T, averaged over the batch, without the factor T^2."""
    if student.shape != teacher.shape or student.dim() != 2:
        raise ValueError(f"expected two tensors (B, N), got {tuple(student.shape)} and {tuple(teacher.shape)}")
    p = soften(teacher.detach(), temperature)  # the teacher is fixed: no gradient goes into it
    log_p, log_q = (x.log_softmax(dim=-1) for x in (teacher.detach() / temperature, student / temperature))
    return (p * (log_p - log_q)).sum(dim=-1).mean()


def soft_gradient(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """Return the gradient of `soft_loss` with respect to the student's logits, in closed form."""
    q, p = soften(student, temperature), soften(teacher, temperature)
    return (q - p) / temperature / len(student)


def distillation_loss(
    student: Tensor, teacher: Tensor, labels: Tensor, *, temperature: float, alpha: float
) -> DistillationLoss:
    """Return alpha * CE + (1 - alpha) * T^2 * KL for logits (B, N) and labels (B,)."""
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha must lie in [0, 1], not {alpha}")
    hard = F.cross_entropy(student, labels)  # at temperature 1, as the student will be used
    soft = temperature**2 * soft_loss(student, teacher, temperature)
    return DistillationLoss(alpha * hard + (1 - alpha) * soft, hard, soft)


def network(hidden_dim: int) -> nn.Sequential:
    """Return a network for images (B, 64) with one hidden layer."""
    return nn.Sequential(nn.Linear(64, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, 10))


def train(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    teacher: nn.Module | None = None,
    *,
    steps: int,
    temperature: float = 4.0,
    alpha: float = 0.1,
) -> None:
    """Fit the model in place, on the labels alone or with the teacher's soft targets."""
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    with torch.no_grad():
        targets = None if teacher is None else teacher(images)  # once: the teacher does not change
    for _ in range(steps):
        batch = torch.randint(len(images), (64,))
        logits = model(images[batch])
        if targets is None:
            loss = F.cross_entropy(logits, labels[batch])
        else:
            parts = distillation_loss(logits, targets[batch], labels[batch], temperature=temperature, alpha=alpha)
            loss = parts.loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Return the share of images whose largest logit is at the true class."""
    with torch.inference_mode():
        return float((model(images).argmax(dim=1) == labels).float().mean())


def digits() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return training images (N, 64) and labels, and 450 held-out ones."""
    data = load_digits()
    images, labels = torch.tensor(data.data / 16.0, dtype=torch.float32), torch.tensor(data.target)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    return images[order[450:]], labels[order[450:]], images[order[:450]], labels[order[:450]]


def mean_and_range(scores: list[float]) -> str:
    """Format the mean of some accuracies and the smallest and largest of them."""
    return f"{sum(scores) / len(scores):.3f} ({min(scores):.3f} to {max(scores):.3f})"


def main() -> None:
    """Compare students taught by labels and by a teacher, on few images and on images without a 3."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    torch.manual_seed(0)
    logits = torch.tensor([4.0, 2.0, 0.0])
    for temperature in (1.0, 4.0):
        values = ", ".join(f"{p:.3f}" for p in soften(logits, temperature))
        print(f"logits 4, 2, 0 at T = {temperature:.0f}: {values}")
    images, labels, test_images, test_labels = digits()
    teacher = network(256)
    train(teacher, images, labels, steps=300)  # no longer: when it is sure of everything, it says what labels say
    print(
        f"held-out accuracy of the teacher, trained on {len(images)}: {accuracy(teacher, test_images, test_labels):.3f}"
    )

    few = slice(0, 150)  # the teacher saw all images; the students see these
    no_three = labels != 3
    threes = test_labels == 3
    for name, pick in (("150 images", few), ("all images but the 3s", no_three)):
        scores: dict[str, list[float]] = {"labels alone": [], "distilled": []}
        recalls: dict[str, list[float]] = {"labels alone": [], "distilled": []}
        for seed in range(3):
            for way, guide in (("labels alone", None), ("distilled", teacher)):
                torch.manual_seed(seed)
                student = network(12)
                train(student, images[pick], labels[pick], guide, steps=800)
                scores[way].append(accuracy(student, test_images, test_labels))
                recalls[way].append(accuracy(student, test_images[threes], test_labels[threes]))
        print(f"students that see {name}, three seeds, mean held-out accuracy (range):")
        for way in scores:
            print(f"  {way:>12}: {mean_and_range(scores[way])}, on the 3s {mean_and_range(recalls[way])}")


if __name__ == "__main__":
    main()
