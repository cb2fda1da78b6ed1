"""k-means and PCA give what scikit-learn gives; each step keeps its promise."""

import itertools
import re
from collections.abc import Callable

import clustering as cl
import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score
from torch import Tensor


def blobs(spread: float = 1.0, count: int = 300) -> tuple[Tensor, Tensor]:
    x, y = make_blobs(count, 3, centers=5, cluster_std=spread, random_state=0)
    return torch.tensor(x), torch.tensor(y)


def test_lloyd_against_scikit_learn_from_the_same_centres() -> None:
    x, _ = blobs(spread=3.0)
    start = x[:5]
    ours = cl.lloyd(x, start)
    oracle = KMeans(5, init=start.numpy(), n_init=1, tol=0, algorithm="lloyd").fit(x.numpy())
    np.testing.assert_array_equal(ours.labels, oracle.labels_)
    np.testing.assert_allclose(ours.centres, oracle.cluster_centers_)
    assert ours.inertia[-1] == pytest.approx(oracle.inertia_)
    assert len(ours.inertia) > 3  # it had something to do
    assert torch.equal(start, x[:5])


def test_lloyd_by_hand() -> None:
    x = torch.tensor([[0.0], [1], [9], [10]])
    found = cl.lloyd(x, torch.tensor([[0.0], [1.0]]))
    assert found.labels.tolist() == [0, 0, 1, 1]
    assert found.centres.flatten().tolist() == [0.5, 9.5]
    # From 0 and 1: 0 + 0 + 64 + 81 = 145; the centres move to 0 and 20/3, then to 0.5 and 9.5.
    assert found.inertia[0] == 145 and found.inertia[-1] == pytest.approx(1.0)


def test_no_step_raises_the_sum() -> None:
    x, _ = blobs(spread=4.0)
    history = cl.lloyd(x, x[:8]).inertia
    assert all(after <= before for before, after in itertools.pairwise(history))


def test_an_empty_cluster_is_put_to_use() -> None:
    x = torch.tensor([[0.0], [1], [2], [50]])
    found = cl.lloyd(x, torch.tensor([[1.0], [-1000.0]]))  # nobody is near -1000
    assert found.labels.bincount(minlength=2).tolist() == [3, 1]
    assert found.inertia[-1] == pytest.approx(2.0)


def test_kmeans_finds_separate_blobs() -> None:
    x, labels = blobs(spread=0.3)
    found = cl.kmeans(x, 5)
    assert adjusted_rand_score(labels, found.labels) == pytest.approx(1)
    assert cl.purity(found.labels, labels) == 1
    single = cl.kmeans(x, 1)
    torch.testing.assert_close(single.centres[0], x.mean(dim=0))


def test_restarts_never_hurt() -> None:
    x, _ = blobs(spread=2.0)
    one, many = cl.kmeans(x, 7, restarts=1), cl.kmeans(x, 7, restarts=6)
    assert many.inertia[-1] <= one.inertia[-1]


def test_spread_centres_follow_squared_distance() -> None:
    # From 0 the other points lie at squared distances 1 and 9: chosen with 0.1 and 0.9.
    x = torch.tensor([[0.0], [1.0], [3.0]])
    generator = torch.Generator().manual_seed(0)
    pairs = [cl.spread_centres(x, 2, generator).flatten().tolist() for _ in range(3000)]
    second = [b for a, b in pairs if a == 0]
    assert np.mean([b == 3 for b in second]) == pytest.approx(0.9, abs=0.03)
    assert all(a != b for a, b in pairs)


@pytest.mark.parametrize("dims", [1, 3, 6])
def test_pca_against_scikit_learn(dims: int) -> None:
    x = torch.randn(80, 6, dtype=torch.float64) @ torch.randn(6, 6, dtype=torch.float64) + 5
    ours, oracle = cl.pca(x, dims), PCA(dims, svd_solver="full").fit(x.numpy())
    np.testing.assert_allclose(ours.explained, oracle.explained_variance_ratio_)
    sign = torch.tensor(np.sign((ours.components.numpy() * oracle.components_).sum(axis=1)))  # either is right
    np.testing.assert_allclose(ours.components * sign[:, None], oracle.components_, atol=1e-8)
    np.testing.assert_allclose(ours.project(x) * sign, oracle.transform(x.numpy()), atol=1e-8)
    expected = oracle.inverse_transform(oracle.transform(x.numpy()))
    np.testing.assert_allclose(ours.reconstruct(ours.project(x)), expected, atol=1e-8)


def test_pca_diagonalises_the_covariance() -> None:
    x = torch.randn(200, 5, dtype=torch.float64) * torch.tensor([1.0, 5, 2, 0.1, 3], dtype=torch.float64)
    codes = cl.pca(x, 5).project(x)
    covariance = torch.cov(codes.T)
    torch.testing.assert_close(covariance, torch.diag(covariance.diagonal()), atol=1e-10, rtol=0)
    expected = torch.linalg.eigvalsh(torch.cov(x.T)).flip(0)
    torch.testing.assert_close(covariance.diagonal(), expected)


def test_lost_variance_is_the_reconstruction_error() -> None:
    x, _ = blobs()
    fitted = cl.pca(x, 2)
    lost = (fitted.reconstruct(fitted.project(x)) - x).square().sum() / (x - x.mean(dim=0)).square().sum()
    assert lost.item() == pytest.approx(1 - fitted.explained.sum().item())


def test_purity_by_hand() -> None:
    clusters, labels = torch.tensor([0, 0, 0, 1, 1, 1]), torch.tensor([2, 2, 0, 1, 1, 2])
    assert cl.purity(clusters, labels) == pytest.approx(4 / 6)
    assert cl.purity(torch.arange(6), labels) == 1  # a cluster to each point is pure, and useless


def test_illegal_input_is_refused() -> None:
    x = torch.zeros(4, 2)
    for centres in (torch.zeros(5, 2), torch.zeros(2, 3), torch.zeros(2), torch.zeros(0, 2)):
        with pytest.raises(ValueError, match="expected points"):
            cl.lloyd(x, centres)
    for clusters, restarts in ((0, 1), (5, 1), (2, 0)):
        with pytest.raises(ValueError, match="restarts"):
            cl.kmeans(x, clusters, restarts)
    with pytest.raises(ValueError, match="different points"):
        cl.kmeans(x, 2)
    for dims in (0, 3):
        with pytest.raises(ValueError, match="dims"):
            cl.pca(x, dims)
    with pytest.raises(ValueError, match="one label per point"):
        cl.purity(torch.zeros(3, dtype=torch.long), torch.zeros(2, dtype=torch.long))


@pytest.mark.slow
def test_main_beats_the_random_baselines(run_main: Callable[[str], str]) -> None:
    printed = run_main("clustering.py")
    (purity, rand), (chance_purity, chance_rand) = (
        (float(a), float(b)) for a, b in re.findall(r"purity ([\d.]+), adjusted Rand (-?[\d.]+)", printed)
    )
    assert purity > 0.7 > 0.2 > chance_purity
    assert rand > 0.55 and abs(chance_rand) < 0.02
    for kept, lost, random in re.findall(r"keeps ([\d.]+)% .* loses ([\d.]+)% \(random directions ([\d.]+)%", printed):
        assert float(kept) + float(lost) == pytest.approx(100, abs=0.11)
        assert float(random) > 1.3 * float(lost)
    moons = re.search(r"half moons.*Rand ([\d.]+)", printed)
    assert moons is not None
    assert float(moons[1]) < 0.5
