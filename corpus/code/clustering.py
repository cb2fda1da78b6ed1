"""Two unsupervised methods by hand: k-means finds groups, PCA finds the directions of most variance.

What: both look at inputs alone, no labels.

    k-means   minimise sum |x - centre of its cluster|²: assign each point to the nearest centre, move
              each centre to the mean of its points, repeat. Neither step can raise the sum, so it
              ends, in a local minimum: start well (k-means++) and several times
    PCA       centre the data and take the first right singular vectors: of all projections onto d
              dimensions this one keeps most variance and so reconstructs with least squared error

Limits: k-means must be told k, and cuts space into convex cells of similar spread (two half moons
are beyond it); PCA sees straight lines only, and is ruled by the unit of each feature.

Papers: Lloyd, "Least Squares Quantization in PCM", 1982; Arthur and Vassilvitskii, "k-means++: The
Advantages of Careful Seeding", 2007; Pearson, "On Lines and Planes of Closest Fit to Systems of Points
in Space", 1901.

Run: python corpus/code/clustering.py    (digits, whose labels serve only to judge the clusters)
"""

# mypy: allow-untyped-calls

from typing import NamedTuple

import torch
from sklearn.datasets import load_digits, make_moons  # type: ignore[import-untyped,unused-ignore]
from sklearn.metrics import adjusted_rand_score  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor


def squared_distances(x: Tensor, centres: Tensor) -> Tensor:
    """Return the squared distance of each point (N, D) to each centre (K, D), as (N, K)."""
    return torch.cdist(x, centres, compute_mode="donot_use_mm_for_euclid_dist").square()


def random_centres(x: Tensor, clusters: int, generator: torch.Generator) -> Tensor:
    """Return different points drawn uniformly."""
    return x[torch.randperm(len(x), generator=generator)[:clusters]]


def spread_centres(x: Tensor, clusters: int, generator: torch.Generator) -> Tensor:
    """Return centres chosen by k-means++: each new one with probability ~ squared distance to the nearest."""
    centres = x[torch.randint(len(x), (1,), generator=generator)]
    while len(centres) < clusters:
        distance = squared_distances(x, centres).min(dim=1).values
        if not distance.any():
            raise ValueError(f"fewer than {clusters} different points")
        centres = torch.cat((centres, x[torch.multinomial(distance, 1, generator=generator)]))
    return centres


class Clusters(NamedTuple):
    """A partition, and how the sum of squared distances fell on the way to it."""

    labels: Tensor  # (N,)
    centres: Tensor  # (K, D)
    inertia: list[float]


def lloyd(x: Tensor, centres: Tensor, max_steps: int = 300) -> Clusters:
    """Alternate the two steps from the given centres (K, D) until no point changes its cluster."""
    if x.dim() != 2 or centres.dim() != 2 or x.shape[1] != centres.shape[1] or not 1 <= len(centres) <= len(x):
        raise ValueError(f"expected points (N, D) and centres (K, D), K <= N: {tuple(x.shape)}, {tuple(centres.shape)}")
    centres, labels, history = centres.clone(), torch.full((len(x),), -1), []
    for _ in range(max_steps):
        distance, nearest = squared_distances(x, centres).min(dim=1)
        history.append(float(distance.sum()))
        if torch.equal(nearest, labels):
            break
        labels = nearest
        counts = labels.bincount(minlength=len(centres))
        sums = torch.zeros_like(centres).index_add_(0, labels, x)
        centres = sums / counts.clamp(min=1).unsqueeze(1)
        # A centre without points has no mean: it goes to the point that is worst served.
        empty = (counts == 0).nonzero().squeeze(1)
        centres[empty] = x[distance.argsort(descending=True)[: len(empty)]]
    return Clusters(labels, centres, history)


def kmeans(x: Tensor, clusters: int, restarts: int = 5, seed: int = 0) -> Clusters:
    """Return the best of several runs from k-means++ centres."""
    if restarts < 1 or not 1 <= clusters <= len(x):
        raise ValueError(f"need restarts >= 1 and clusters in 1..{len(x)}, got {restarts} and {clusters}")
    generator = torch.Generator().manual_seed(seed)
    runs = [lloyd(x, spread_centres(x, clusters, generator)) for _ in range(restarts)]
    return min(runs, key=lambda run: run.inertia[-1])


class Pca(NamedTuple):
    """A linear map to few dimensions and back."""

    mean: Tensor  # (D,)
    components: Tensor  # (d, D), orthonormal rows, most variance first
    explained: Tensor  # (d,) share of the variance that each keeps

    def project(self, x: Tensor) -> Tensor:
        """Return the coordinates (N, d) of points (N, D)."""
        return (x - self.mean) @ self.components.T

    def reconstruct(self, codes: Tensor) -> Tensor:
        """Return the points (N, D) at these coordinates."""
        return codes @ self.components + self.mean


def pca(x: Tensor, dims: int) -> Pca:
    """Fit PCA by the singular value decomposition of the centred data.

    The right singular vectors are the eigenvectors of the covariance X'X / (N - 1), and the
    eigenvalues are the squared singular values / (N - 1); the matrix itself is never formed.
    """
    if x.dim() != 2 or not 1 <= dims <= min(x.shape):
        raise ValueError(f"expected points (N, D) and dims in 1..min(N, D), got {tuple(x.shape)} and {dims}")
    mean = x.mean(dim=0)
    _, singular, rows = torch.linalg.svd(x - mean, full_matrices=False)  # without centring, row 1 points to the mean
    return Pca(mean, rows[:dims], (singular.square() / singular.square().sum())[:dims])


def purity(clusters: Tensor, labels: Tensor) -> float:
    """Return the share of points whose label is the commonest of their cluster."""
    if clusters.shape != labels.shape or len(labels) == 0:
        raise ValueError("expected one label per point")
    table = torch.zeros(int(clusters.max()) + 1, int(labels.max()) + 1)
    table.index_put_((clusters, labels), torch.ones(len(labels)), accumulate=True)
    return float(table.max(dim=1).values.sum() / len(labels))


def main() -> None:
    """Cluster and compress the digits, each beside a random baseline, and show a limit of k-means."""
    torch.set_num_threads(1)
    data = load_digits()
    x, labels = torch.tensor(data.data) / 16, torch.tensor(data.target)
    generator = torch.Generator().manual_seed(0)
    found = kmeans(x, 10)
    chance = torch.randint(10, labels.shape, generator=generator)
    for name, clusters in (("k-means", found.labels), ("at random", chance)):
        agreement = adjusted_rand_score(labels, clusters)
        print(f"digits in 10 clusters, {name:9}: purity {purity(clusters, labels):.3f}, adjusted Rand {agreement:.3f}")
    for name, start in (("random points", random_centres), ("k-means++", spread_centres)):
        ends = torch.tensor([lloyd(x, start(x, 10, generator)).inertia[-1] for _ in range(10)])
        print(f"  ten runs from {name:13}: sum of squares {ends.mean():.0f} on average,", end=" ")
        print(f"{ends.min():.0f} at best, {ends.max():.0f} at worst")
    total = (x - x.mean(dim=0)).square().sum()
    for dims in (2, 10, 20):
        fitted = pca(x, dims)
        basis = torch.linalg.qr(torch.randn(64, dims, generator=generator, dtype=x.dtype)).Q.T
        lost = [
            (projection.reconstruct(projection.project(x)) - x).square().sum() / total
            for projection in (fitted, fitted._replace(components=basis))
        ]
        code = kmeans(fitted.project(x), 10)
        print(f"PCA to {dims:2} of 64 dimensions keeps {fitted.explained.sum():.1%} of the variance and loses", end=" ")
        print(
            f"{lost[0]:.1%} (random directions {lost[1]:.1%}); k-means there: purity {purity(code.labels, labels):.3f}"
        )
    points, moon = make_moons(400, noise=0.05, random_state=0)
    halves = kmeans(torch.tensor(points), 2).labels
    print(f"two half moons, which are not round: adjusted Rand {adjusted_rand_score(moon, halves):.3f}")


if __name__ == "__main__":
    main()
