"""Two players who both descend: why a game circles or spirals where one loss would go down.

What: min over x, max over y of a value f(x, y), as in a GAN. Each follows its own gradient:

    simultaneous   x' = x - rate df/dx(x, y),    y' = y + rate df/dy(x, y)
    alternating    the same, but y moves second and sees x'
    extragradient  both take a trial step, and move from where they were by the gradients found there

For the smallest game, f = x y, the equilibrium is (0, 0). The step is a rotation, and with it the distance is

    simultaneous   multiplied by sqrt(1 + rate^2) at every step: outwards, for any rate
    alternating    bounded, but never nearer: it circles for ever
    extragradient  multiplied by sqrt(1 - rate^2 + rate^4): inwards for rates below 1

A penalty on the discriminator's gradient, as GANs use, has a like effect: it adds friction to y.

Papers: Mescheder, Geiger and Nowozin, "Which Training Methods for GANs do actually Converge?", 2018;
Gidel, Berard, Vignoud, Vincent and Lacoste-Julien, "A Variational Inequality Perspective on GANs", 2019.

Run: python corpus/code/minimax_game.py    (f = x y from (1, 1), with every way to move)
"""

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WAYS = ("simultaneous", "alternating", "extragradient", "simultaneous with friction")


def play(way: str, rate: float = 0.1, steps: int = 200, friction: float = 0.5) -> NDArray[np.float64]:
    """Return the points (steps + 1, 2) visited from (1, 1) in the game f = x y; df/dx = y, df/dy = x.

    With friction the second player maximises x y - friction / 2 * y^2.
    """
    if way not in WAYS or not rate > 0:
        raise ValueError(f"need a rate above 0 and a way among {', '.join(WAYS)}; got {rate}, {way!r}")
    x, y, points = 1.0, 1.0, [(1.0, 1.0)]
    for _ in range(steps):
        if way == "alternating":
            x = x - rate * y
            y = y + rate * x
        elif way == "extragradient":
            trial_x, trial_y = x - rate * y, y + rate * x
            x, y = x - rate * trial_y, y + rate * trial_x
        else:
            slope = x - (friction * y if "friction" in way else 0.0)
            x, y = x - rate * y, y + rate * slope
        points.append((x, y))
    return np.array(points)


def growth(way: str, rate: float) -> float:
    """Return by what the distance from (0, 0) is multiplied at each step, for the two ways with a closed form."""
    if way == "simultaneous":
        return math.sqrt(1 + rate**2)
    if way == "extragradient":
        return math.sqrt(1 - rate**2 + rate**4)
    raise ValueError(f"the distance of {way!r} does not change by a constant factor")


def distances(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distance of each point from the equilibrium."""
    return np.asarray(np.linalg.norm(points, axis=1))


def plot() -> "Figure":
    """Draw the four paths."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 2.2), layout="constrained")
    for axes, way in zip(figure.subplots(1, 4, sharex=True, sharey=True), WAYS, strict=True):
        points = play(way, steps=150)
        axes.plot(*points.T, linewidth=1)
        axes.plot(*points[0], "o", color="tab:green", markersize=4)
        axes.plot(0, 0, "k+")
        axes.set(aspect="equal", xticks=[], yticks=[], xlabel="x")
        axes.set_title(way.replace(" with", "\nwith"), fontsize=9)
    figure.axes[0].set_ylabel("y")
    return figure


def main() -> None:
    """Print the distance from the equilibrium as the game goes on."""
    print("min over x, max over y of x y, rate 0.1, from (1, 1): distance from the equilibrium (0, 0)")
    for way in WAYS:
        found = distances(play(way, steps=1000))
        print(f"  {way:<27} at first {found[0]:.2f}, after 100 steps {found[100]:.2f}, after 1000 {found[1000]:.3g}")
    factor = growth("simultaneous", 0.1) ** 2
    print(f"x^2 + y^2 at each simultaneous step: times {factor:.2f} = 1 + 0.1^2; no rate makes it shrink")


if __name__ == "__main__":
    main()
