"""Exploring and exploiting: which arm next, when each has been tried a different number of times?

What: each arm pays at random with an unknown mean. Regret is what playing the best arm from the start would
have earned more. Three ways to choose at round t, with means m_a of n_a tries:

    greedy          argmax m_a: may stay for ever with an arm that was lucky early
    epsilon-greedy  greedy, but with probability epsilon any arm: tries the worst for ever, linear regret
    UCB1            argmax m_a + sqrt(2 ln t / n_a): the bonus of an arm shrinks as it is tried, and so does
                    the exploration; regret grows like ln t

Paper: Auer, Cesa-Bianchi and Fischer, "Finite-time Analysis of the Multiarmed Bandit Problem", 2002.

Run: python corpus/code/bandit.py    (two adverts by number, then 3000 rounds with three arms)
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def ucb1(means: Floats, counts: NDArray[np.int64]) -> Floats:
    """Return mean + sqrt(2 ln t / n), t the number of tries so far; an arm never tried comes first (infinity)."""
    if means.shape != counts.shape or (counts < 0).any():
        raise ValueError(f"need a mean and a count, not negative, for each arm: {means}, {counts}")
    rounds = max(int(counts.sum()), 1)
    with np.errstate(divide="ignore"):
        bonus = np.sqrt(2 * math.log(rounds) / counts) if rounds > 1 else np.zeros_like(means)
    return np.where(counts == 0, np.inf, means + np.where(counts == 0, 0, bonus))


def epsilon_greedy_probabilities(means: Floats, epsilon: float) -> Floats:
    """Return the chance of each arm: 1 - epsilon for the best, plus epsilon shared by all, the best included."""
    if not 0 <= epsilon <= 1:
        raise ValueError(f"epsilon must lie in [0, 1], not {epsilon}")
    probabilities = np.full(len(means), epsilon / len(means))
    probabilities[means.argmax()] += 1 - epsilon
    return probabilities


def regrets(method: str, arms: Sequence[float], rounds: int, runs: int, seed: int = 0) -> Floats:
    """Return the mean regret after 1..rounds plays of arms that pay 1 with the given probabilities.

    Each run tries every arm once, then plays by "greedy", "epsilon-greedy" (0.1) or "ucb1". Regret counts
    means (best mean minus the mean of the arm played), not luck.
    """
    if method not in ("greedy", "epsilon-greedy", "ucb1"):
        raise ValueError(f"the method is greedy, epsilon-greedy or ucb1, not {method!r}")
    generator = np.random.default_rng(seed)
    chances = np.array(arms)
    lost = np.zeros((runs, rounds))
    for run in range(runs):
        sums, counts = np.zeros(len(arms)), np.zeros(len(arms), dtype=np.int64)
        luck = generator.random((rounds, 3))  # a payment, whether to explore, and where
        for t in range(rounds):
            if t < len(arms):
                arm = t
            elif method == "ucb1":
                arm = int(ucb1(sums / counts, counts).argmax())
            elif method == "epsilon-greedy" and luck[t, 1] < 0.1:
                arm = int(luck[t, 2] * len(arms))
            else:
                arm = int((sums / counts).argmax())
            sums[arm] += luck[t, 0] < chances[arm]
            counts[arm] += 1
            lost[run, t] = chances.max() - chances[arm]
    return np.asarray(lost.cumsum(axis=1).mean(axis=0))


def main() -> None:
    """Score the two adverts, then compare regrets."""
    means, counts = np.array([0.6, 0.5]), np.array([90, 10])
    scores, chances = ucb1(means, counts).round(3), epsilon_greedy_probabilities(means, 0.1).round(3)
    print(f"tried 90 and 10 times, means 0.6 and 0.5: greedy plays A, UCB1 {scores.tolist()} plays B", end="")
    print(f", epsilon-greedy (0.1) plays them with {chances.tolist()}")
    print("arms that pay with 0.7, 0.5, 0.3; mean regret of 20 runs after")
    for method in ("greedy", "epsilon-greedy", "ucb1"):
        regret = regrets(method, (0.7, 0.5, 0.3), rounds=3000, runs=20)
        late = (regret[2999] - regret[1999]) / 1000
        print(f"  {method:<15} 300 rounds {regret[299]:5.1f}, 3000 rounds {regret[2999]:6.1f}; ", end="")
        print(f"over the last 1000 {late:.4f} a round")


if __name__ == "__main__":
    main()
