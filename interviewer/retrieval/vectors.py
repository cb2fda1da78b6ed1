"""Nearest vectors by inner product (FAISS): exactly while that is fast, by inverted lists beyond.

Up to `EXACT` vectors every one is compared. More are sorted into about 4√n lists around centroids (IVF: Jégou, Douze
and Schmid, "Product Quantization for Nearest Neighbor Search", TPAMI 2011, section 4), in sixteen bits, and only the
lists nearest to a query are read: as few as reach `RECALL` on a sample of the vectors themselves. Files of lists are
mapped into memory, not loaded. Vectors that come later go to a tail that is compared exactly, so nothing is rebuilt.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]

EXACT = 20_000
"""Vectors up to which all are compared: 30 MB at 384 dimensions, some milliseconds."""
RECALL = 0.99
"""Share of the ten nearest that must be found, on the sample on which the number of lists is chosen."""
_SAMPLE, _NEAREST = 200, 10
_TRAINED_ON = 40  # vectors a centroid
_SEED = 7


class Vectors:
    """Unit vectors, numbered in the order in which they came."""

    def __init__(self, base: Any, tail: Any = None) -> None:
        """Not called directly: see `of` and `open`."""
        self._base, self._tail = base, tail

    @classmethod
    def of(cls, matrix: Matrix) -> Vectors:
        """Over the rows of a matrix, shape (n, d)."""
        import faiss

        matrix = np.ascontiguousarray(matrix, np.float32)
        if len(matrix) > EXACT:
            return cls(_lists(matrix))
        base = faiss.IndexFlatIP(matrix.shape[1])
        base.add(matrix)
        return cls(base)

    @classmethod
    def open(cls, path: Path) -> Vectors:
        """What `save` wrote; lists are mapped, not read. Only ever for bytes known to be ours.

        Raises:
            RuntimeError: FAISS cannot read it.
        """
        import faiss

        return cls(faiss.read_index(str(path), faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY))

    def save(self, path: Path) -> None:
        """Write all of it into a file.

        Raises:
            OSError: there is no room for it, or it may not be written there.
        """
        import faiss

        if self._tail is not None:
            raise ValueError("vectors were added to a mapped file: make it anew by `of`")
        try:
            faiss.write_index(self._base, str(path))
        except RuntimeError as error:  # FAISS has no other kind
            raise OSError(str(error)) from None

    @property
    def exact(self) -> bool:
        """Whether every vector is compared with a query."""
        return not hasattr(self._base, "nprobe")

    @property
    def width(self) -> int:
        """Dimensions of a vector."""
        return int(self._base.d)

    def __len__(self) -> int:
        return int(self._base.ntotal) + (0 if self._tail is None else int(self._tail.ntotal))

    def matrix(self) -> Matrix | None:
        """All of them, shape (n, d), in order; None where they are kept in sixteen bits."""
        if not self.exact:
            return None
        parts = [part for part in (self._base, self._tail) if part is not None]
        return np.vstack([part.reconstruct_n(0, part.ntotal) for part in parts])

    def add(self, matrix: Matrix) -> None:
        """Further vectors, shape (m, d); they are found at once."""
        import faiss

        if self._tail is None:
            self._tail = faiss.IndexFlatIP(self.width)
        self._tail.add(np.ascontiguousarray(matrix, np.float32))

    def search(self, vector: Matrix, limit: int) -> tuple[Matrix, NDArray[np.int64]]:
        """The nearest vectors, best first: inner products and numbers, at most `limit` of each.

        Args:
            vector: shape (d,).
            limit: how many at most.
        """
        query = np.ascontiguousarray(vector, np.float32).reshape(1, -1)
        scores, rows = (found[0] for found in self._base.search(query, min(limit, max(1, int(self._base.ntotal)))))
        if self._tail is not None:
            more, late = (found[0] for found in self._tail.search(query, min(limit, int(self._tail.ntotal))))
            scores, rows = np.concatenate([scores, more]), np.concatenate([rows, late + self._base.ntotal])
            best = np.argsort(-scores, kind="stable")[:limit]
            scores, rows = scores[best], rows[best]
        return scores[rows >= 0], rows[rows >= 0]


def _lists(matrix: Matrix) -> Any:
    """Inverted lists over a matrix, and how many of them a query reads."""
    import faiss

    count, width = matrix.shape
    lists = 1 << round(np.log2(4 * np.sqrt(count)))
    chance = np.random.default_rng(_SEED)
    base = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(width), width, lists, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT, False
    )
    base.train(matrix[np.sort(chance.choice(count, min(count, _TRAINED_ON * lists), replace=False))])
    base.add(matrix)
    sample = matrix[chance.choice(count, _SAMPLE, replace=False)]
    nearest = faiss.knn(sample, matrix, _NEAREST, metric=faiss.METRIC_INNER_PRODUCT)[1]
    base.nprobe = 4
    while base.nprobe < lists and recall(base.search(sample, _NEAREST)[1], nearest) < RECALL:
        base.nprobe *= 2
    return base


def recall(found: NDArray[np.int64], wanted: NDArray[np.int64]) -> float:
    """Share of the wanted numbers that were found, rows compared one by one."""
    return float(np.mean([len(set(a) & set(b)) / len(b) for a, b in zip(found.tolist(), wanted.tolist(), strict=True)]))
