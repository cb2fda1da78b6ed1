"""Loss functions by hand: what each one asks of a model, and what it costs.

    squared error    (f - y)^2                              minus log p under Gaussian noise; learns the mean
    cross-entropy    -log p_y = logsumexp(z) - z_y          from logits z, softmax classes that exclude each other
    binary           y softplus(-z) + (1 - y) softplus(z)   from one logit z, a sigmoid per yes-or-no question
    hinge            max(0, 1 - y s),  y = -1 or 1          0 only beyond a margin; no probability
    focal            (1 - p_t)^gamma * -log p_t             p_t: the probability of the true answer
    label smoothing  cross-entropy with 1 - e + e / K for the true class and e / K for each other

Why from logits: log(softmax(z)) takes the logarithm of a probability that may have been rounded to 0.
softplus(z) = log(1 + e^z) and logsumexp(z) = log(sum e^z) are computed without overflow instead.

Papers: Huber, "Robust Estimation of a Location Parameter", 1964; Cortes and Vapnik, "Support-Vector
Networks", 1995 (hinge); Szegedy et al., "Rethinking the Inception Architecture for Computer Vision",
2016 (label smoothing); Lin et al., "Focal Loss for Dense Object Detection", 2017.

Run: python corpus/code/losses.py    (an outlier, easy negatives, a margin, smoothed labels)
"""

# mypy: allow-untyped-calls

import math
from collections.abc import Callable

import torch
from torch import Tensor


def check_shapes(prediction: Tensor, target: Tensor) -> None:
    """Refuse (B, 1) against (B,): broadcasting would compare everything with everything, (B, B)."""
    if prediction.shape != target.shape or prediction.numel() == 0:
        raise ValueError(f"need equal, non-empty shapes, got {tuple(prediction.shape)} and {tuple(target.shape)}")


def squared_error(prediction: Tensor, target: Tensor) -> Tensor:
    """Return the mean squared error; its gradient, 2 (f - y), grows with the error."""
    check_shapes(prediction, target)
    return (prediction - target).square().mean()


def absolute_error(prediction: Tensor, target: Tensor) -> Tensor:
    """Return the mean absolute error; its gradient is -1 or 1, and it learns the median."""
    check_shapes(prediction, target)
    return (prediction - target).abs().mean()


def huber(prediction: Tensor, target: Tensor, delta: float = 1.0) -> Tensor:
    """Return e^2 / 2 for errors up to delta and delta (|e| - delta / 2) beyond: the pull is capped."""
    check_shapes(prediction, target)
    error = (prediction - target).abs()
    return torch.where(error <= delta, 0.5 * error.square(), delta * (error - 0.5 * delta)).mean()


def log_sum_exp(z: Tensor) -> Tensor:
    """Return log(sum e^z) over the last axis: with the maximum taken out, no exponential overflows."""
    top = z.amax(dim=-1, keepdim=True)
    return (top + (z - top).exp().sum(dim=-1, keepdim=True).log()).squeeze(-1)


def cross_entropy(logits: Tensor, labels: Tensor, smoothing: float = 0.0) -> Tensor:
    """Return the mean of -log p for logits (B, K) and class numbers (B,), with smoothed labels if asked.

    The smoothed target is (1 - e) one-hot + e / K, so the loss is a mixture of two cross-entropies.
    """
    if logits.dim() != 2 or labels.shape != logits.shape[:1] or len(labels) == 0:
        raise ValueError(f"expected logits (B, K) and labels (B,), got {tuple(logits.shape)}, {tuple(labels.shape)}")
    if not 0 <= smoothing < 1:
        raise ValueError(f"smoothing must lie in [0, 1), not {smoothing}")
    log_p = logits - log_sum_exp(logits).unsqueeze(1)  # (B, K)
    true_class = -log_p.gather(1, labels.unsqueeze(1)).squeeze(1)
    return ((1 - smoothing) * true_class - smoothing * log_p.mean(dim=1)).mean()


def softplus(z: Tensor) -> Tensor:
    """Return log(1 + e^z) = max(z, 0) + log(1 + e^-|z|), in which no exponential overflows."""
    return torch.logaddexp(z, torch.zeros_like(z))


def binary_cross_entropy(logits: Tensor, target: Tensor, positive_weight: float = 1.0) -> Tensor:
    """Return the mean cost of yes-or-no answers, any shape; -log s(z) = softplus(-z).

    For several labels at once, one logit each: the answers do not compete, so there is no softmax.
    """
    check_shapes(logits, target)
    return (positive_weight * target * softplus(-logits) + (1 - target) * softplus(logits)).mean()


def hinge(scores: Tensor, labels: Tensor) -> Tensor:
    """Return the costs max(0, 1 - y s), one per sample: a right answer costs too, if it is not clear."""
    check_shapes(scores, labels)
    if (labels.abs() != 1).any():
        raise ValueError("labels of the hinge loss are -1 and 1, not 0 and 1")
    return (1 - labels * scores).clamp(min=0)


def focal(logits: Tensor, target: Tensor, gamma: float = 2.0, alpha: float | None = None) -> Tensor:
    """Return the costs of yes-or-no answers, one each, with easy ones (p_t near 1) scaled down.

    `alpha` weighs positives and 1 - alpha negatives, whether they are easy or not.
    """
    check_shapes(logits, target)
    if gamma < 0:
        raise ValueError(f"gamma must be at least 0, not {gamma}")
    sign = 2 * target - 1
    cost = softplus(-sign * logits)  # -log p_t
    losses = torch.exp(-gamma * softplus(sign * logits)) * cost  # 1 - p_t = s(-sign z), as a power
    return losses if alpha is None else losses * (alpha * target + (1 - alpha) * (1 - target))


def best_constant(loss: Callable[[Tensor, Tensor], Tensor], target: Tensor) -> float:
    """Return the one number with the least loss against all targets, by search on a fine grid."""
    grid = torch.linspace(float(target.min()), float(target.max()), 8901)
    return float(grid[torch.stack([loss(c.expand_as(target), target) for c in grid]).argmin()])


def main() -> None:
    """Work the numbers that show what each loss is sensitive to."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    data = torch.tensor([1.0, 2.0, 3.0, 4.0, 90.0])
    print("the best constant for 1, 2, 3, 4, 90, and the outlier's share of the gradients at c = 3.5:")
    for name, loss in (("squared", squared_error), ("absolute", absolute_error), ("Huber", huber)):
        prediction = torch.full_like(data, 3.5, requires_grad=True)
        (pull,) = torch.autograd.grad(loss(prediction, data), prediction)
        share = float(pull[-1].abs() / pull.abs().sum())
        print(f"  {name:<8}  {best_constant(loss, data):6.2f}    {share:.2f}")

    print("cross-entropy of ten equally likely classes (what training should start from, ln 10):")
    print(f"  {cross_entropy(torch.zeros(1, 10), torch.tensor([3])):.3f}; of a coin {math.log(2):.3f}")
    sure = torch.tensor([[0.0, -200.0]])
    naive, stable = -sure.softmax(dim=1)[0, 1].log(), cross_entropy(sure, torch.tensor([1]))
    print(f"logits 0 and -200, the second is true: log of softmax {naive:.0f}, from logits {stable:.0f}")

    costs = hinge(torch.tensor([1.5, 0.4, -0.8]), torch.ones(3))
    print(f"hinge of positives that score 1.5, 0.4, -0.8: {[round(cost, 1) for cost in costs.tolist()]}")

    p_t = torch.tensor([0.9, 0.1])
    left = focal(p_t.logit(), torch.ones(2)) / -p_t.log()
    print(f"focal, gamma 2: what is left of cross-entropy at p_t 0.9 and 0.1: {left[0]:.2f} and {left[1]:.2f}")
    # 10 hard positives at p_t = 0.3 among 10,000 easy negatives at p_t = 0.98.
    logits = torch.cat((torch.full((10,), 0.3).logit(), -torch.full((10_000,), 0.98).logit()))
    target = torch.cat((torch.ones(10), torch.zeros(10_000)))
    for name, gamma in (("cross-entropy", 0.0), ("focal, gamma 2", 2.0)):
        losses = focal(logits, target, gamma)
        print(f"  10 hard positives among 10,000 easy negatives: {losses[:10].sum() / losses.sum():.2f} of {name}")

    print("10 classes, label smoothing 0.1 (hard labels beside it), the wrong nine sharing the rest:")
    for p in (0.91, 0.99):
        z = torch.full((1, 10), (1 - p) / 9).log()
        z[0, 0] = math.log(p)
        label = torch.tensor([0])
        print(f"  p = {p}: {cross_entropy(z, label, smoothing=0.1):.3f}  ({cross_entropy(z, label):.3f})")
    print(f"  the least smoothed loss is at a logit gap of ln(0.91 / 0.01) = {math.log(91):.2f}")


if __name__ == "__main__":
    main()
