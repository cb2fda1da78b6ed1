"""Scores by hand; regret against closed forms where they exist."""

import re
from collections.abc import Callable

import bandit
import numpy as np
import pytest


def test_ucb1_by_hand() -> None:
    # 2 ln 100 = 9.2103: sqrt(9.2103 / 90) = 0.3199 and sqrt(9.2103 / 10) = 0.9597.
    scores = bandit.ucb1(np.array([0.6, 0.5]), np.array([90, 10]))
    np.testing.assert_allclose(scores, [0.9199, 1.4597], atol=1e-4)
    assert bandit.ucb1(np.array([0.6, 0.0]), np.array([9, 0])).argmax() == 1  # never tried: first
    assert bandit.ucb1(np.array([0.6, 0.5]), np.array([1, 0]))[0] == pytest.approx(0.6)


def test_epsilon_greedy_by_hand() -> None:
    np.testing.assert_allclose(bandit.epsilon_greedy_probabilities(np.array([0.6, 0.5]), 0.1), [0.95, 0.05])
    np.testing.assert_allclose(bandit.epsilon_greedy_probabilities(np.array([0.1, 0.5, 0.2]), 1.0), [1 / 3] * 3)


def test_epsilon_greedy_loses_a_constant_share() -> None:
    # Arms that always and never pay: after trying both, it errs with probability 0.1 / 2 and loses 1 then.
    regret = bandit.regrets("epsilon-greedy", (1.0, 0.0), rounds=1000, runs=30)
    assert regret[1] == 1  # each arm once
    assert (regret[-1] - 1) / 998 == pytest.approx(0.05, abs=0.006)  # standard error 0.0013


def test_greedy_stays_with_a_lucky_arm_as_often_as_luck_says() -> None:
    # Arms 0.5 and 1: greedy tries both once; arm 0 wins the tie (argmax takes the first) with probability 1/2 and
    # is left at its first failure. It loses 1/2 per play of arm 0: once, then 1/2 chance * mean of 2 more plays.
    regret = bandit.regrets("greedy", (0.5, 1.0), rounds=60, runs=1500)
    assert regret[-1] == pytest.approx(0.5 + 0.5 * 0.5 * 2, abs=0.09)


def test_ucb1_slows_down_and_epsilon_greedy_does_not() -> None:
    late = {}
    for method in ("epsilon-greedy", "ucb1"):
        regret = bandit.regrets(method, (0.9, 0.1), rounds=1500, runs=5)
        late[method] = regret[-1] - regret[-500]
    assert late["ucb1"] < late["epsilon-greedy"] / 3


def test_illegal_input_is_refused() -> None:
    with pytest.raises(ValueError, match="count"):
        bandit.ucb1(np.zeros(2), np.array([1, -1]))
    with pytest.raises(ValueError, match="epsilon"):
        bandit.epsilon_greedy_probabilities(np.zeros(2), 1.5)
    with pytest.raises(ValueError, match="method"):
        bandit.regrets("thompson", (0.5,), 1, 1)


@pytest.mark.slow
def test_main_scores_and_compares(run_main: Callable[[str], str]) -> None:
    printed = run_main("bandit.py")
    assert "UCB1 [0.92, 1.46] plays B" in printed
    assert "[0.95, 0.05]" in printed
    late = [float(value) for value in re.findall(r"1000 ([\d.]+) a round", printed)]
    assert len(late) == 3
    assert late[2] < min(late[:2])
