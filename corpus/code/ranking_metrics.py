"""Ranking metrics: how good is an ordered list of results, for one query and for many?

What, for results in order, each with a relevance:

    precision@k   relevant among the first k / k             how clean is what is shown
    recall@k      relevant among the first k / all relevant  what a first stage must not lose
    MRR           mean over queries of 1 / rank of the first relevant result, 0 if there is none
    NDCG@k        sum of gain(rel_i) / log2(i + 1), divided by that sum in the best order

The gain is 2^rel - 1 (stresses the best results) or rel itself: both are in use and give different numbers,
so a report says which.

Reciprocal rank fusion joins lists whose scores cannot be compared: score(d) = sum over lists of
1 / (k + rank of d), k = 60; a list that does not hold d adds nothing.

Papers: Jarvelin and Kekalainen, "Cumulated Gain-based Evaluation of IR Techniques", 2002; Burges et al.,
"Learning to Rank using Gradient Descent", 2005 (the exponential gain); Cormack, Clarke and Buttcher,
"Reciprocal Rank Fusion Outperforms Condorcet and Individual Rank Learning Methods", 2009.

Run: python corpus/code/ranking_metrics.py    (lists for pen and paper, then two weak rankings joined)
"""

from collections.abc import Hashable, Sequence
from typing import Literal, TypeVar, get_args

import numpy as np

Document = TypeVar("Document", bound=Hashable)
Gain = Literal["exponential", "linear"]


def precision_at(relevant: Sequence[bool], k: int) -> float:
    """Return the share of relevant results among the first k; places that a short list leaves empty count as wrong."""
    return sum(relevant[: _at_least_one(k)]) / k


def recall_at(relevant: Sequence[bool], k: int, total: int) -> float:
    """Return the share of the `total` relevant documents that is found among the first k results."""
    if total < 1 or sum(relevant) > total:
        raise ValueError(f"total counts every relevant document, at least those in the list: {total}")
    return sum(relevant[: _at_least_one(k)]) / total


def reciprocal_rank(relevant: Sequence[bool]) -> float:
    """Return 1 / rank of the first relevant result, and 0 if there is none."""
    return next((1 / rank for rank, hit in enumerate(relevant, start=1) if hit), 0.0)


def mean_reciprocal_rank(queries: Sequence[Sequence[bool]]) -> float:
    """Return the mean over ALL queries: to leave out those without a hit would reward failing."""
    if not queries:
        raise ValueError("need at least one query")
    return sum(map(reciprocal_rank, queries)) / len(queries)


def dcg(relevance: Sequence[float], k: int | None = None, gain: Gain = "exponential") -> float:
    """Return the discounted cumulative gain of the first k results: rank 1 counts in full, rank 3 half."""
    if any(value < 0 for value in relevance) or gain not in ("exponential", "linear"):
        raise ValueError(f"relevance is not negative and the gain exponential or linear: {relevance}, {gain!r}")
    kept = relevance if k is None else relevance[: _at_least_one(k)]
    gains = (2.0**value - 1 if gain == "exponential" else float(value) for value in kept)
    return sum(value / float(np.log2(rank + 1)) for rank, value in enumerate(gains, start=1))


def ndcg(
    relevance: Sequence[float], k: int | None = None, gain: Gain = "exponential", others: Sequence[float] = ()
) -> float:
    """Return DCG over that of the best order; `others` are documents that the list missed.

    0 where nothing is relevant at all. Leaving `others` out is the usual mistake: it forgives what was missed.
    """
    best = dcg(sorted((*relevance, *others), reverse=True), len(relevance) if k is None else k, gain)
    return dcg(relevance, k, gain) / best if best > 0 else 0.0


def reciprocal_rank_fusion(lists: Sequence[Sequence[Document]], k: float = 60) -> dict[Document, float]:
    """Return the documents of all lists with their scores, best first; a list that lacks one adds nothing to it."""
    if k < 0 or any(len(set(documents)) < len(documents) for documents in lists):
        raise ValueError("k is not negative, and a document appears once in a list")
    scores: dict[Document, float] = {}
    for documents in lists:
        for rank, document in enumerate(documents, start=1):
            scores[document] = scores.get(document, 0.0) + 1 / (k + rank)
    return dict(sorted(scores.items(), key=lambda item: -item[1]))


def _at_least_one(k: int) -> int:
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    return k


def main() -> None:
    """Work the lists by hand, then join two noisy rankings of 200 documents."""
    listed, gains = (2, 0, 3, 1), get_args(Gain)
    for gain in gains:
        found, ideal = (dcg(order, gain=gain) for order in (listed, sorted(listed, reverse=True)))
        print(f"relevance {listed}, {gain} gain: DCG {found:.2f} / {ideal:.2f} = {ndcg(listed, gain=gain):.3f}")
    missed = ndcg((1, 0), k=2, others=(3,))
    print(f"relevance (1, 0), a 3 was missed: NDCG@2 {missed:.3f}; without counting it {ndcg((1, 0), k=2):.3f}")
    queries = [[True], [False, False, False, True], [False, False]]
    print(f"first hits at rank 1, at rank 4, nowhere: MRR {mean_reciprocal_rank(queries):.3f}")
    hits = [False, True, True, False, True]
    print(f"hits at 2, 3, 5 of 4 relevant: precision@5 {precision_at(hits, 5):.2f}", end="")
    print(f", recall@5 {recall_at(hits, 5, total=4):.2f}")
    lexical = ["A", "x1", "B", *(f"x{i}" for i in range(2, 9))]
    dense = ["C", "B", *(f"y{i}" for i in range(7)), "A"]
    fused = reciprocal_rank_fusion([lexical, dense])
    print("A 1st and 10th, B 3rd and 2nd, C 1st in one list, RRF: ", end="")
    print(", ".join(f"{name} {score:.5f}" for name, score in fused.items() if name in "ABC"))

    generator = np.random.default_rng(0)
    scores: dict[str, list[float]] = {"first": [], "second": [], "joined": []}
    for _ in range(200):  # 200 documents, 10 of them relevant; each ranking sees the truth in noise of its own
        truth = np.arange(200) < 10
        first, second = (np.argsort(-(1.5 * truth + generator.normal(size=200))).tolist() for _ in range(2))
        joined = list(reciprocal_rank_fusion([first, second]))
        for name, order in (("first", first), ("second", second), ("joined", joined)):
            scores[name].append(recall_at([bool(truth[document]) for document in order], 20, 10))
    print("two noisy rankings, mean recall@20: " + ", ".join(f"{name} {np.mean(s):.3f}" for name, s in scores.items()))


if __name__ == "__main__":
    main()
