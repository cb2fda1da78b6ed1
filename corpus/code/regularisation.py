"""L1 and L2 regularisation on a regression in which most features are irrelevant.

What: add a price on the weights to the squared error, and minimise

    (1/2N) |y - Xw|² + (a/2) |w|²_2     ridge: every weight shrinks, none becomes exactly 0
    (1/2N) |y - Xw|² +  a    |w|_1      lasso: small weights become exactly 0, the others shrink

Why they differ: the pull of L2 is a * w and fades as w does; that of L1 is a * sign(w), constant
however small w is. At 0 the L1 penalty has a kink, and w stays there as long as the error's own
gradient is weaker than a. A gradient step jumps over the kink; the proximal step lands on it:
w <- soft(w - step * gradient, step * a), soft(v, t) = sign(v) * max(|v| - t, 0).

As priors: with noise N(0, s²) and weights N(0, t²) the most probable w is ridge with a = s²/(N t²);
Laplace weights give the lasso. Under SGD, L2 is the optimizer's weight_decay; under Adam it is not.

Papers: Hoerl and Kennard, "Ridge Regression: Biased Estimation for Nonorthogonal Problems", 1970;
Tibshirani, "Regression Shrinkage and Selection via the Lasso", 1996; Daubechies, Defrise and De Mol,
"An iterative thresholding algorithm for linear inverse problems with a sparsity constraint", 2004.

Run: python corpus/code/regularisation.py    (5 of 40 features matter, 60 samples)
"""

# mypy: allow-untyped-calls

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def _check(x: Tensor, y: Tensor, strength: float) -> None:
    if x.dim() != 2 or y.shape != x.shape[:1]:
        raise ValueError(f"expected x (N, D) and y (N,), got {tuple(x.shape)} and {tuple(y.shape)}")
    if strength < 0:
        raise ValueError(f"strength must not be negative, got {strength}")


def error(x: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    """Return half the mean squared error, the part without the penalty."""
    return 0.5 * (y - x @ weights).square().mean()


def ridge(x: Tensor, y: Tensor, strength: float) -> Tensor:
    """Return the minimum (D,) in closed form: (X'X/N + a I) w = X'y/N."""
    _check(x, y, strength)
    # a > 0 makes the matrix invertible even with more features than samples.
    matrix = x.T @ x / len(y) + strength * torch.eye(x.shape[1], dtype=x.dtype)
    solved: Tensor = torch.linalg.solve(matrix, x.T @ y / len(y))
    return solved


def ridge_by_descent(x: Tensor, y: Tensor, strength: float, steps: int = 2000) -> Tensor:
    """Return the same by gradient descent: the optimizer's weight_decay adds a * w to the gradient."""
    _check(x, y, strength)
    weights = nn.Parameter(torch.zeros_like(x[0]))
    optimizer = torch.optim.SGD([weights], lr=1 / (_curvature(x) + strength), weight_decay=strength)
    for _ in range(steps):
        optimizer.zero_grad()
        error(x, y, weights).backward()
        optimizer.step()
    return weights.detach()


def _curvature(x: Tensor) -> float:
    return float(torch.linalg.eigvalsh(x.T @ x / len(x))[-1])  # a step of its inverse never overshoots


def soft_threshold(values: Tensor, threshold: float) -> Tensor:
    """Move every value towards 0 by the threshold, and those within it onto 0."""
    return values.sign() * (values.abs() - threshold).clamp(min=0)


def lasso(x: Tensor, y: Tensor, strength: float, steps: int = 2000) -> Tensor:
    """Return the minimum (D,) by proximal gradient descent (ISTA)."""
    _check(x, y, strength)
    step = 1 / _curvature(x)
    weights = torch.zeros_like(x[0])
    for _ in range(steps):
        gradient = x.T @ (x @ weights - y) / len(y)  # of the error alone
        weights = soft_threshold(weights - step * gradient, step * strength)  # then the penalty, exactly
    return weights


def lasso_by_subgradient(x: Tensor, y: Tensor, strength: float, steps: int = 2000) -> Tensor:
    """Descend on error + a |w|_1 through autograd, as is often written: weights get small, never 0."""
    _check(x, y, strength)
    weights = nn.Parameter(torch.zeros_like(x[0]))
    optimizer = torch.optim.SGD([weights], lr=1 / _curvature(x))
    for _ in range(steps):
        optimizer.zero_grad()
        (error(x, y, weights) + strength * weights.abs().sum()).backward()
        optimizer.step()
    return weights.detach()


def map_strength(noise_std: float, prior_std: float, samples: int) -> float:
    """Return the ridge strength s²/(N t²) that makes the minimum the most probable weights."""
    if noise_std < 0 or prior_std <= 0 or samples < 1:
        raise ValueError("need noise_std >= 0, prior_std > 0 and at least one sample")
    return noise_std**2 / (samples * prior_std**2)


class Problem(NamedTuple):
    """Generated data; only the first five weights are not 0."""

    x: Tensor
    y: Tensor
    validation_x: Tensor
    validation_y: Tensor
    weights: Tensor


def generated(samples: int = 60, features: int = 40, relevant: int = 5, seed: int = 0) -> Problem:
    """Draw standard normal features (so that one strength fits all) and targets with noise of std 1."""
    generator = torch.Generator().manual_seed(seed)
    weights = torch.zeros(features, dtype=torch.float64)
    weights[:relevant] = torch.tensor([2.0, -1.5, 1.0, -1.0, 0.5], dtype=torch.float64)[:relevant]
    x = torch.randn(samples + 200, features, generator=generator, dtype=torch.float64)
    y = x @ weights + torch.randn(len(x), generator=generator, dtype=torch.float64)
    return Problem(x[:samples], y[:samples], x[samples:], y[samples:], weights)


Method = Callable[[Tensor, Tensor, float], Tensor]


def choose_strength(problem: Problem, method: Method, strengths: Iterable[float]) -> float:
    """Return the strength with the least error on the validation set; the training set would say 0."""
    fits = {a: method(problem.x, problem.y, a) for a in strengths}
    return min(fits, key=lambda a: float(error(problem.validation_x, problem.validation_y, fits[a])))


def excess_error(problem: Problem, weights: Tensor) -> float:
    """Return the mean squared error on endless new data, less that of the true weights.

    Features are independent with variance 1, so it is simply the squared distance of the weights.
    """
    return float((weights - problem.weights).square().sum())


STRENGTHS = tuple(0.01 * 2**k for k in range(8))


def fits(problem: Problem) -> dict[str, tuple[float, Tensor]]:
    """Return strength and weights of least squares, ridge and lasso, each at its best strength."""
    results = {"least squares": (0.0, ridge(problem.x, problem.y, 0.0))}
    methods: dict[str, Method] = {"L2 (ridge)": ridge, "L1 (lasso)": lasso}
    for name, method in methods.items():
        strength = choose_strength(problem, method, STRENGTHS)
        results[name] = (strength, method(problem.x, problem.y, strength))
    return results


def main() -> None:
    """Compare no penalty, L2 and L1, and the two ways of descending on each."""
    torch.set_num_threads(1)
    problem = generated()
    print("60 samples, 40 features, 5 of them relevant; strength chosen on validation data")
    for name, (strength, weights) in fits(problem).items():
        irrelevant = weights[5:]
        print(f"  {name:13} strength {strength:.2f}: excess error {excess_error(problem, weights):.2f},", end=" ")
        print(f"largest irrelevant weight {irrelevant.abs().max():.2f},", end=" ")
        print(f"exactly 0: {int((irrelevant == 0).sum())} of 35, relevant ones kept: {int((weights[:5] != 0).sum())}")
    x, y = problem.x, problem.y
    difference = (ridge_by_descent(x, y, 0.1) - ridge(x, y, 0.1)).abs().max()
    print(f"SGD with weight_decay 0.1 against closed-form ridge: largest difference {difference:.1e}")
    proximal, plain = lasso(x, y, 0.16), lasso_by_subgradient(x, y, 0.16)
    print(f"zeros after 2000 steps on the L1 objective: proximal {int((proximal == 0).sum())},", end=" ")
    print(f"autograd of |w| {int((plain == 0).sum())} (though {int((plain.abs() < 0.02).sum())} are below 0.02)")
    strength = map_strength(noise_std=0.5, prior_std=0.1, samples=1000)
    print(f"noise 0.5, prior 0.1, 1000 samples: most probable weights at strength {strength:.3f}")


def plot() -> "Figure":
    """Draw the weights that each penalty leaves, beside the true ones."""
    from matplotlib.figure import Figure

    problem = generated()
    figure = Figure(figsize=(6.4, 5.2), layout="constrained")
    panels = figure.subplots(3, 1, sharex=True, sharey=True)
    for axes, (name, (strength, weights)) in zip(panels, fits(problem).items(), strict=True):
        zeros = int((weights == 0).sum())
        axes.bar(range(40), weights.tolist(), color="tab:blue", label="fitted")
        axes.scatter(range(40), problem.weights.tolist(), color="tab:red", s=12, zorder=3, label="true")
        axes.set(title=f"{name}, strength {strength:.2f}: {zeros} of 40 weights are 0", ylabel="weight")
    panels[0].legend(loc="upper right")
    panels[2].set_xlabel("feature (the first five are relevant)")
    return figure


if __name__ == "__main__":
    main()
