"""Vectors: exact while few, in lists when many, mapped from disk, added to without building anew."""

from pathlib import Path

import numpy as np
import pytest

from interviewer.retrieval import vectors as module
from interviewer.retrieval.vectors import Vectors, recall
from interviewer.speed.search import synthetic


def exact(rows, query, limit):
    return np.argsort(-(rows @ query), kind="stable")[:limit]


@pytest.fixture
def many(monkeypatch):
    """Lists from 500 vectors on."""
    monkeypatch.setattr(module, "EXACT", 500)
    return synthetic(4000, 50)


def test_few_are_compared_one_by_one():
    rows, queries = synthetic(300, 5)
    found = Vectors.of(rows)
    assert found.exact
    assert len(found) == 300
    for query in queries:
        scores, numbers = found.search(query, 10)
        assert numbers.tolist() == exact(rows, query, 10).tolist()
        assert np.allclose(scores, rows[numbers] @ query, atol=1e-5)
    assert len(found.search(queries[0], 1000)[1]) == 300


def test_many_lie_in_lists_that_find_the_nearest_all_the_same(many):
    rows, queries = many
    found = Vectors.of(rows)
    assert not found.exact
    wanted = np.stack([exact(rows, q, 10) for q in queries])
    assert recall(np.stack([found.search(q, 10)[1] for q in queries]), wanted) >= 0.98
    assert found._base.nprobe < found._base.nlist  # not by reading them all


@pytest.mark.parametrize("count", [300, 4000])
def test_what_is_written_is_found_again_and_grows_without_being_built_anew(many, tmp_path: Path, count):
    rows, queries = many[0][:count], many[1]
    path = tmp_path / "向量.faiss"
    Vectors.of(rows).save(path)
    opened = Vectors.open(path)
    assert opened.exact == (count == 300)
    before = [opened.search(q, 10) for q in queries]
    late = synthetic(100, 1, seed=9)[0]
    opened.add(late[:60])
    opened.add(late[60:])
    assert len(opened) == count + 100
    assert [int(opened.search(row, 1)[1][0]) for row in late] == list(range(count, count + 100))
    for query, (scores, numbers) in zip(queries, before, strict=True):
        kept = dict(zip(numbers.tolist(), scores.tolist(), strict=True))
        after = dict(zip(*(a.tolist() for a in opened.search(query, 110)[::-1]), strict=True))
        assert all(after[n] == pytest.approx(s, abs=1e-5) for n, s in kept.items())
    with pytest.raises(ValueError, match="make it anew"):
        opened.save(path)


def test_recall_counts_shared_numbers():
    # 1 of 2 in the first row, 2 of 2 in the second
    assert recall(np.array([[1, 2], [3, 4]]), np.array([[1, 9], [4, 3]])) == 0.75
