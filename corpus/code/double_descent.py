"""Double descent: test error falls, peaks where the model can just fit the data, and falls again.

What: least squares on p random features of n samples. With p < n the fit is unique. With p > n infinitely many
weights fit without error, and gradient descent from 0 finds those of least norm, w = X^+ y (pseudo-inverse):

    the gradient X^T (X w - y) lies in the row space of X, so descent from 0 never leaves it, and of all
    solutions w* + v with X v = 0 the one in the row space is the shortest: |w* + v|^2 = |w*|^2 + |v|^2

Why the peak: at p = n there is exactly one fit, with no choice left, and it passes through the noise at
whatever cost: its weights are huge. Beyond, the more features, the shorter the shortest fit.

The remedy is ordinary regularisation: with a well chosen ridge penalty the peak is gone.

Papers: Belkin, Hsu, Ma and Mandal, "Reconciling Modern Machine-Learning Practice and the Classical Bias-Variance
Trade-off", 2019; Hastie, Montanari, Rosset and Tibshirani, "Surprises in High-Dimensional Ridgeless Least
Squares Interpolation", 2022.

Run: python corpus/code/double_descent.py    (40 noisy samples and up to 800 random features)
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
SAMPLES, INPUTS, NOISE = 40, 10, 0.5


def minimum_norm(x: Floats, y: Floats) -> Floats:
    """Return the shortest w (p,) among those with the least squared error for x (n, p), y (n,)."""
    return np.asarray(np.linalg.pinv(x) @ y)


def ridge(x: Floats, y: Floats, penalty: float) -> Floats:
    """Return the w that minimises |x w - y|^2 + penalty |w|^2, by the n x n system: cheap where p is large."""
    if not penalty > 0:
        raise ValueError(f"the penalty must be positive, not {penalty}; without one use minimum_norm")
    return np.asarray(x.T @ np.linalg.solve(x @ x.T + penalty * np.eye(len(x)), y))


def descend(x: Floats, y: Floats, start: Floats, steps: int = 2000) -> Floats:
    """Return where gradient descent on |x w - y|^2 / 2 arrives from `start`, at 1 / the largest curvature."""
    rate, w = 1 / np.linalg.norm(x, ord=2) ** 2, start.copy()
    for _ in range(steps):
        w -= rate * x.T @ (x @ w - y)
    return w


def nearest_solution(x: Floats, y: Floats, start: Floats) -> Floats:
    """Return, in closed form, the solution nearest to `start`: what descent from there finds."""
    return start + minimum_norm(x, y - x @ start)


def features(inputs: Floats, count: int, seed: int = 0) -> Floats:
    """Return random ReLU features (n, count) of inputs (n, INPUTS): a hidden layer that is not trained."""
    if count < 1:
        raise ValueError(f"need at least one feature, not {count}")
    weights = np.random.default_rng(seed).normal(size=(INPUTS, count)) / np.sqrt(INPUTS)
    return np.asarray(np.maximum(inputs @ weights, 0) / np.sqrt(count))


def draw(count: int, seed: int) -> tuple[Floats, Floats, Floats]:
    """Draw inputs (count, INPUTS), noisy targets and clean targets of a linear function."""
    generator = np.random.default_rng(seed)
    inputs = generator.normal(size=(count, INPUTS))
    clean = inputs @ np.linspace(1, 0.1, INPUTS)
    return inputs, clean + NOISE * generator.normal(size=count), clean


def sweep(counts: tuple[int, ...], runs: int = 10) -> dict[str, list[float]]:
    """Return, for each number of features, mean squared errors on training and test data, norms, and ridge's error."""
    test_inputs, _, test_clean = draw(500, seed=999)
    found: dict[str, list[float]] = {"train": [], "test": [], "norm": [], "test, ridge": []}
    for count in counts:
        rows = []
        for run in range(runs):
            inputs, y, _ = draw(SAMPLES, run)
            x, test_x = features(inputs, count, run), features(test_inputs, count, run)
            w, held = minimum_norm(x, y), ridge(x, y, penalty=0.05)
            errors = [np.square(x @ w - y).mean(), np.square(test_x @ w - test_clean).mean()]
            rows.append([*errors, np.linalg.norm(w), np.square(test_x @ held - test_clean).mean()])
        for values, mean in zip(found.values(), np.mean(rows, axis=0), strict=True):
            values.append(float(mean))
    return found


def plot() -> "Figure":
    """Draw the errors against the number of features."""
    from matplotlib.figure import Figure

    counts = (2, 5, 10, 15, 20, 25, 30, 35, 38, 40, 42, 45, 50, 60, 80, 120, 200, 400, 800)
    found = sweep(counts)
    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    axes = figure.subplots()
    for name, style in (("test", "o-"), ("train", "s-"), ("test, ridge", "--")):
        axes.plot(counts, np.maximum(found[name], 1e-3), style, markersize=3, label=name)
    axes.axvline(SAMPLES, color="grey", linewidth=1, linestyle=":", label=f"{SAMPLES} samples")
    axes.set(xscale="log", yscale="log", ylim=(1e-3, None), xlabel="random features", ylabel="mean squared error")
    axes.set_title("Double descent: the peak is where the fit just becomes exact", fontsize=11)
    axes.legend(fontsize=9)
    return figure


def main() -> None:
    """Work the example of two weights, then go through the threshold."""
    x, y = np.array([[1.0, 2.0]]), np.array([5.0])
    for start in ((0.0, 0.0), (3.0, 0.0)):
        w = descend(x, y, np.array(start))
        print(f"w1 + 2 w2 = 5, descent from {start}: {w.round(3).tolist()}, norm {np.linalg.norm(w):.3f}")
    counts = (5, 20, 38, 40, 42, 60, 200, 800)
    found = sweep(counts)
    print(f"{SAMPLES} samples; mean squared error against the clean function, and the norm of the weights, 10 runs:")
    for row in zip(counts, *found.values(), strict=True):
        print("  {:>3} features: train {:7.4f}   test {:9.3f}   norm {:8.1f}   test with ridge {:.3f}".format(*row))


if __name__ == "__main__":
    main()
