"""What is made of times."""

import pytest

from interviewer.speed.clock import Figure, in_turns, markdown, percentile, ratio, slope, spread


def test_ways_take_turns_and_the_order_alternates():
    order = []
    spent = in_turns({"a": lambda n: order.append(("a", n)), "b": lambda n: order.append(("b", n))}, rounds=2)
    assert order == [("a", 0), ("b", 0), ("b", 1), ("a", 1)]
    assert [len(v) for v in spent.values()] == [2, 2]


def test_numbers():
    assert ratio([2.0, 9.0], [1.0, 3.0]) == [2.0, 3.0]
    assert spread([1.0, 3.0, 2.0], 1, " s") == "2.0 s (1.0–3.0)"
    assert percentile([1.0, 2.0, 3.0], 50) == 2.0
    assert percentile([4.0], 95) == 4.0
    # ten times the work in a hundred times the time: quadratic; in the same time: constant
    assert slope(1.0, 100.0, 10) == pytest.approx(2.0)
    assert slope(3.0, 3.0, 10) == 0.0


def test_the_table_says_what_was_met():
    rows = markdown(
        [Figure("a", "1 s", "≤ 2 s", True), Figure("b", "9 s", "≤ 2 s", False), Figure("c", "x")]
    ).splitlines()
    assert rows[2:] == ["| a | 1 s | ≤ 2 s | yes |", "| b | 9 s | ≤ 2 s | no |", "| c | x | — | — |"]
