"""Softmax with cross-entropy: its gradient in the logits is p - y, and how to compute it safely.

What: for logits z, p_k = e^z_k / sum_j e^z_j and L = -sum_k y_k log p_k with sum_k y_k = 1:

    dp_k / dz_i = p_k (d_ki - p_i)                               the Jacobian; d_ki is 1 if k = i, else 0
    dL / dz_i   = sum_k (-y_k / p_k) p_k (d_ki - p_i) = p_i - y_i

The 1 / p_k of the logarithm cancels the p_k of the Jacobian. So a prediction that is sure and wrong
gets a large gradient, near 1; with the squared error of p the Jacobian stays, and takes it to 0.

Stability: softmax does not change when one number is taken from all logits. With the largest taken,
no exponential overflows; and log p is computed as z - m - log sum e^(z - m), never as log(softmax(z)),
whose small p may have been rounded to 0.

Papers: Bridle, "Probabilistic Interpretation of Feedforward Classification Network Outputs, with
Relationships to Statistical Pattern Recognition", 1990 (softmax and its gradient);
Milakov and Gimelshein, "Online Normalizer Calculation for Softmax", 2018 (in blocks).

Run: python corpus/code/softmax_gradient.py    (four ways to one gradient, and training without autograd)
"""

# mypy: allow-untyped-calls

import math
from collections.abc import Callable, Iterable

import torch
from sklearn.datasets import load_digits  # type: ignore[import-untyped,unused-ignore]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor


def naive_softmax(z: Tensor) -> Tensor:
    """Return softmax by the textbook: inf / inf = NaN once a logit exceeds about 88.7 in float32."""
    return z.exp() / z.exp().sum(dim=-1, keepdim=True)


def log_softmax(z: Tensor) -> Tensor:
    """Return log p over the last axis without overflow, and without the logarithm of a rounded 0.

    A row of -inf alone (all classes masked) has no softmax: it comes out as NaN.
    """
    shifted = z - z.amax(dim=-1, keepdim=True)  # the largest is 0 now, so the sum is at least 1
    return shifted - shifted.exp().sum(dim=-1, keepdim=True).log()


def softmax(z: Tensor) -> Tensor:
    """Return p over the last axis."""
    return log_softmax(z).exp()


def log_sum_exp_in_blocks(blocks: Iterable[Tensor]) -> Tensor:
    """Return log(sum e^z) of a vector that comes in pieces, as in FlashAttention.

    Keep the maximum so far and the sum relative to it; a larger maximum rescales the sum.
    """
    top, total = torch.tensor(-math.inf), torch.tensor(0.0)
    for block in blocks:
        new_top = torch.maximum(top, block.max())
        total = total * (top - new_top).exp() + (block - new_top).exp().sum()
        top = new_top
    return top + total.log()


def softmax_jacobian(p: Tensor) -> Tensor:
    """Return dp_k / dz_i = p_k (d_ki - p_i) as a matrix (K, K) for probabilities p (K,)."""
    return torch.diag(p) - torch.outer(p, p)


def cross_entropy(z: Tensor, y: Tensor) -> Tensor:
    """Return -sum_k y_k log p_k for each row; y are probabilities, one-hot or soft."""
    check_target(z, y)
    return -(y * log_softmax(z)).sum(dim=-1)


def cross_entropy_gradient(z: Tensor, y: Tensor) -> Tensor:
    """Return p - y, the gradient of each row's cross-entropy in its logits; it sums to 0."""
    check_target(z, y)
    return softmax(z) - y


def gradient_by_chain_rule(z: Tensor, y: Tensor) -> Tensor:
    """Return the same for one row z (K,), step by step: the Jacobian, then dL / dp = -y / p."""
    p = softmax(z)
    return softmax_jacobian(p).T @ (-y / p)


def squared_error_gradient(z: Tensor, y: Tensor) -> Tensor:
    """Return the gradient of |p - y|^2 / 2 in z (K,), where the Jacobian does not cancel."""
    p = softmax(z)
    return softmax_jacobian(p).T @ (p - y)


def finite_differences(f: Callable[[Tensor], Tensor], z: Tensor, step: float = 1e-5) -> Tensor:
    """Return the gradient of f at z (K,) by central differences, whose error shrinks with step^2."""
    if z.dtype != torch.float64:
        raise ValueError("need float64: in float32 rounding drowns a difference over so small a step")
    shifts = step * torch.eye(len(z), dtype=z.dtype)
    return torch.stack([(f(z + shift) - f(z - shift)) / (2 * step) for shift in shifts])


def check_target(z: Tensor, y: Tensor) -> None:
    """Refuse class numbers, other shapes and rows that do not sum to 1: p - y needs sum y = 1."""
    if z.shape != y.shape or (y < 0).any() or not torch.allclose(y.sum(dim=-1), torch.ones((), dtype=y.dtype)):
        raise ValueError(f"y must be probabilities in the shape of z, {tuple(z.shape)}; one-hot encode class numbers")


def train(x: Tensor, y: Tensor, *, steps: int = 500, lr: float = 0.5) -> tuple[Tensor, Tensor]:
    """Fit logits z = x W + b to targets y (N, K) by gradient descent, without autograd.

    With G = p - y of each row, dL / dW = x^T G / N and dL / db is the mean row of G; an earlier layer
    would get G W^T.
    """
    weight, bias = torch.zeros(x.shape[1], y.shape[1]), torch.zeros(y.shape[1])
    for _ in range(steps):
        gradient = cross_entropy_gradient(x @ weight + bias, y) / len(x)  # (N, K)
        weight -= lr * x.T @ gradient
        bias -= lr * gradient.sum(dim=0)
    return weight, bias


def main() -> None:
    """Compute one gradient in four ways, break the naive softmax, and train with p - y alone."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    torch.set_printoptions(precision=4, sci_mode=False)
    z = torch.tensor([2.0, 1.0, 0.0], dtype=torch.float64, requires_grad=True)
    y = torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64)
    (by_autograd,) = torch.autograd.grad(cross_entropy(z, y), z)
    logits = z.detach()
    print("gradient at logits (2, 1, 0), the second class is true:")
    for name, gradient in (
        ("p - y", cross_entropy_gradient(logits, y)),
        ("chain rule", gradient_by_chain_rule(logits, y)),
        ("autograd", by_autograd),
        ("differences", finite_differences(lambda at: cross_entropy(at, y), logits)),
    ):
        print(f"  {name:<11}  " + "  ".join(f"{value:8.5f}" for value in gradient))

    print("gradient at the true class's logit, when its logit is d below the only other one:")
    for d in (0.0, 5.0, 20.0):
        logits, first = torch.tensor([-d, 0.0]), torch.tensor([1.0, 0.0])
        pulls = cross_entropy_gradient(logits, first)[0], squared_error_gradient(logits, first)[0]
        print(f"  d = {d:4.0f}: cross-entropy {pulls[0]:.3f}, squared error {pulls[1]:.1e}")

    large = torch.tensor([1000.0, 1001.0, 1002.0])
    print(f"softmax of (1000, 1001, 1002), naive: {naive_softmax(large).tolist()}")
    print("  log softmax, stable: " + ", ".join(f"{value:.4f}" for value in log_softmax(large)))
    print(f"  log of the sum, in blocks of one: {log_sum_exp_in_blocks(large.split(1)):.4f}")
    far = torch.tensor([0.0, -200.0])
    print(f"log p of (0, -200): log(softmax) {softmax(far).log().tolist()}, direct {log_softmax(far).tolist()}")

    data = load_digits()
    images, labels = torch.tensor(data.data, dtype=torch.float32) / 16, torch.tensor(data.target)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    known, test = order[450:], order[:450]
    weight, bias = train(images[known], torch.eye(10)[labels[known]])
    score = ((images[test] @ weight + bias).argmax(dim=1) == labels[test]).float().mean()
    library = LogisticRegression(max_iter=1000).fit(images[known].numpy(), labels[known].numpy())
    library_score = library.score(images[test].numpy(), labels[test].numpy())
    print(f"held-out accuracy on digits: p - y by hand {score:.3f}, ", end="")
    print(f"scikit-learn's logistic regression {library_score:.3f}")


if __name__ == "__main__":
    main()
