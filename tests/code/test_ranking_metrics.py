"""NDCG against scikit-learn, the rest by hand."""

import re
from collections.abc import Callable

import numpy as np
import pytest
import ranking_metrics as ranking
from sklearn.metrics import ndcg_score


@pytest.mark.parametrize("k", [None, 1, 3, 10])
def test_ndcg_agrees_with_scikit_learn(k: int | None) -> None:
    generator = np.random.default_rng(0)
    for _ in range(20):
        relevance = generator.integers(0, 4, size=7)
        position = np.arange(7, 0, -1)[None]  # the score that puts them in this order
        linear = ndcg_score(relevance[None], position, k=k)
        exponential = ndcg_score(2.0 ** relevance[None] - 1, position, k=k)
        assert ranking.ndcg(relevance.tolist(), k, "linear") == pytest.approx(linear)
        assert ranking.ndcg(relevance.tolist(), k) == pytest.approx(exponential)


def test_ndcg_by_hand() -> None:
    # 3/1 + 0 + 7/2 + 1/log2(5) over 7 + 3/log2(3) + 1/2.
    assert ranking.dcg([2, 0, 3, 1]) == pytest.approx(3 + 3.5 + 1 / np.log2(5))
    assert ranking.ndcg([2, 0, 3, 1]) == pytest.approx(6.9307 / 9.3928, abs=1e-4)
    assert ranking.ndcg([2, 0, 3, 1], gain="linear") == pytest.approx(0.825, abs=5e-4)
    assert ranking.ndcg([0, 0]) == 0
    # A missed 3 makes the best order (3, 1): 7 + 1/log2(3).
    assert ranking.ndcg([1, 0], k=2, others=[3]) == pytest.approx(1 / (7 + 1 / np.log2(3)))


def test_mean_reciprocal_rank_by_hand() -> None:
    queries = [[True], [False, False, False, True], [False, False]]
    assert ranking.mean_reciprocal_rank(queries) == pytest.approx(1.25 / 3)
    assert ranking.reciprocal_rank([False, True, True]) == 0.5


def test_precision_and_recall_by_hand() -> None:
    hits = [False, True, True, False, True]
    assert ranking.precision_at(hits, 5) == pytest.approx(3 / 5)
    assert ranking.precision_at(hits, 10) == pytest.approx(3 / 10)  # five places were left empty
    assert ranking.recall_at(hits, 3, 4) == pytest.approx(2 / 4)


def test_fusion_by_hand() -> None:
    lists = [["A", "x", "B"], ["C", "B", *"1234567", "A"]]
    found = ranking.reciprocal_rank_fusion(lists)
    assert found["A"] == pytest.approx(1 / 61 + 1 / 70)
    assert found["B"] == pytest.approx(1 / 63 + 1 / 62)
    assert found["C"] == pytest.approx(1 / 61)
    assert next(iter(found)) == "B"


def test_illegal_input_is_refused() -> None:
    with pytest.raises(ValueError, match="k must"):
        ranking.precision_at([True], 0)
    with pytest.raises(ValueError, match="total"):
        ranking.recall_at([True, True], 2, 1)
    with pytest.raises(ValueError, match="query"):
        ranking.mean_reciprocal_rank([])
    with pytest.raises(ValueError, match="not negative"):
        ranking.dcg([-1.0])
    with pytest.raises(ValueError, match="once"):
        ranking.reciprocal_rank_fusion([["a", "a"]])


@pytest.mark.slow
def test_main_prints_the_worked_numbers(run_main: Callable[[str], str]) -> None:
    printed = run_main("ranking_metrics.py")
    assert "exponential gain: DCG 6.93 / 9.39 = 0.738" in printed
    assert "linear gain: DCG 3.93 / 4.76 = 0.825" in printed
    assert "MRR 0.417" in printed
    assert "precision@5 0.60, recall@5 0.75" in printed
    assert "RRF: B " in printed
    first, second, joined = (float(x) for x in re.findall(r"(?:first|second|joined) (0\.\d+)", printed))
    assert joined > max(first, second) + 0.05
