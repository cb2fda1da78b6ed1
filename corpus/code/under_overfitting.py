"""Under- and overfitting: bias and variance of polynomial fits, measured over many training sets.

What: draw a training set, fit a polynomial, look at its prediction at one point; repeat with new
training sets. For targets y = f(x) + noise the expected squared error at that point is

    E[(prediction - y)²] = (E[prediction] - f)²  +  E[(prediction - E[prediction])²]  +  noise variance
                           bias²: wrong on average   variance: swings with the data      nobody can help

Why it matters: the two ask for opposite cures. A straight line through a sine is wrong whatever the
data (bias, underfitting): it needs capacity, and more data do not help. A polynomial of degree 11
through 20 points chases their noise (variance, overfitting): more data, less capacity or a penalty.

With one data set you cannot measure either, and go by symptoms: a high training error means bias,
a low one with a much higher validation error means variance.

Paper: Geman, Bienenstock and Doursat, "Neural Networks and the Bias/Variance Dilemma", 1992.

Run: python corpus/code/under_overfitting.py    (a sine with noise, 20 points to a training set)
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
NOISE = 0.3  # standard deviation of the targets around the truth


def truth(x: Floats) -> Floats:
    """Return the function to be learnt, on -1..1."""
    return np.sin(np.pi * x)


def draw(points: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Draw a training set: noisy targets at x, one in each of `points` equal cells of -1..1.

    Without the cells some sets leave a gap, across which a high degree swings without any bound.
    """
    x = -1 + 2 * (np.arange(points) + rng.random(points)) / points
    return x, truth(x) + NOISE * rng.standard_normal(points)


class Polynomial(NamedTuple):
    """A fitted polynomial, as weights of Legendre polynomials of rising degree."""

    weights: Floats

    def __call__(self, x: Floats) -> Floats:
        """Evaluate at x (N,)."""
        return np.asarray(np.polynomial.legendre.legval(x, self.weights), dtype=np.float64)


def fit(x: Floats, y: Floats, degree: int, penalty: float = 0.0) -> Polynomial:
    """Fit by least squares, with an optional L2 price on the weights.

    Legendre polynomials span the same functions as 1, x, x², ... but are orthogonal on -1..1, which
    keeps high degrees well conditioned; the fit itself is the same.
    """
    if x.shape != y.shape or x.ndim != 1 or not 0 <= degree < len(x) or penalty < 0:
        raise ValueError("expected x and y (N,), a degree in 0..N-1 and a penalty of at least 0")
    features = np.polynomial.legendre.legvander(x, degree)  # (N, degree + 1)
    # The penalty as extra rows: sqrt(a) * w = 0.
    rows = np.concatenate((features, np.sqrt(penalty) * np.eye(degree + 1)))
    return Polynomial(np.linalg.lstsq(rows, np.concatenate((y, np.zeros(degree + 1))), rcond=None)[0])


class Decomposition(NamedTuple):
    """The two parts of the squared distance to the truth, each a mean over the points."""

    bias_squared: float
    variance: float


def bias_variance(predictions: Floats, target: Floats) -> Decomposition:
    """Split the error of predictions (R, P), from R training sets at P points with true values (P,)."""
    if predictions.ndim != 2 or len(predictions) < 2 or target.shape != predictions.shape[1:]:
        raise ValueError("expected predictions (R, P) of at least two training sets, and true values (P,)")
    mean = predictions.mean(axis=0)
    return Decomposition(float(np.square(mean - target).mean()), float(np.square(predictions - mean).mean()))


class Measured(NamedTuple):
    """What many training sets say about one kind of model."""

    train_error: float  # mean squared, on the points fitted
    test_error: float  # on new noisy points
    parts: Decomposition


GRID = np.linspace(-1, 1, 101)  # where predictions are judged


def predictions_over_sets(degree: int, points: int, sets: int, penalty: float = 0.0) -> tuple[Floats, float]:
    """Return predictions (sets, 101) on the grid, and the mean training error."""
    rng = np.random.default_rng(0)
    predictions, errors = np.empty((sets, len(GRID))), np.empty(sets)
    for i in range(sets):
        x, y = draw(points, rng)
        polynomial = fit(x, y, degree, penalty)
        predictions[i], errors[i] = polynomial(GRID), np.square(polynomial(x) - y).mean()
    return predictions, float(errors.mean())


def measure(degree: int, points: int = 20, sets: int = 400, penalty: float = 0.0) -> Measured:
    """Fit `sets` training sets and measure the errors and their parts."""
    predictions, train_error = predictions_over_sets(degree, points, sets, penalty)
    noise = NOISE * np.random.default_rng(1).standard_normal(predictions.shape)
    test_error = float(np.square(predictions - truth(GRID) - noise).mean())
    return Measured(train_error, test_error, bias_variance(predictions, truth(GRID)))


def main() -> None:
    """Split two small examples by hand, then measure polynomials of rising degree."""
    for name, values in (("A", (5.0, 6.0, 7.0)), ("B", (7.0, 9.0, 14.0))):
        parts = bias_variance(np.array([values]).T, np.array([10.0]))
        print(f"{name} predicts {', '.join(f'{v:.0f}' for v in values)} for a true 10:", end=" ")
        print(f"bias² {parts.bias_squared:.2f}, variance {parts.variance:.2f}")
    print(f"a sine with noise variance {NOISE**2:.2f}, mean over 400 training sets:")
    cases = [("degree 0", 0, 20, 0.0), ("degree 1", 1, 20, 0.0), ("degree 3", 3, 20, 0.0), ("degree 5", 5, 20, 0.0)]
    cases += [("degree 9", 9, 20, 0.0), ("degree 11", 11, 20, 0.0), ("degree 11, L2 penalty", 11, 20, 0.1)]
    cases += [("degree 11, 200 points", 11, 200, 0.0), ("degree 1, 200 points", 1, 200, 0.0)]
    for name, degree, points, penalty in cases:
        train_error, test_error, parts = measure(degree, points, penalty=penalty)
        total = parts.bias_squared + parts.variance + NOISE**2
        print(f"  {name:22} training error {train_error:.3f}, test error {test_error:.3f}", end=" ")
        print(
            f"(sum {total:.3f}): bias² {parts.bias_squared:.3f} + variance {parts.variance:.3f} + noise {NOISE**2:.3f}"
        )


def plot() -> "Figure":
    """Draw fits to five training sets at three degrees, and the parts of the error over the degree."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.9), layout="constrained")
    panels = figure.subplots(2, 2).ravel()
    for axes, degree, verdict in zip(panels, (1, 3, 11), ("underfits", "about right", "overfits"), strict=False):
        axes.plot(GRID, predictions_over_sets(degree, 20, 5)[0].T, color="tab:blue", linewidth=0.7)
        axes.plot(GRID, truth(GRID), color="black", label="truth")
        axes.set(ylim=(-2, 2), xticks=(-1, 0, 1))
        axes.set_title(f"five fits of degree {degree}: {verdict}", fontsize=10)
    panels[0].legend(loc="upper left", fontsize=9)
    degrees = range(13)
    parts = [measure(degree, sets=200).parts for degree in degrees]
    panels[3].semilogy(degrees, [part.bias_squared for part in parts], marker="o", label="bias²")
    panels[3].semilogy(degrees, [part.variance for part in parts], marker="o", label="variance")
    panels[3].axhline(NOISE**2, color="grey", linestyle=":", label="noise")
    panels[3].set(xlabel="degree", xticks=(0, 4, 8, 12), ylim=(3e-5, 300))
    panels[3].set_title("parts of the test error", fontsize=10)
    panels[3].legend(fontsize=8, loc="upper center", ncols=3)
    return figure


if __name__ == "__main__":
    main()
