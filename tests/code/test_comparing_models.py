"""McNemar and the t interval against SciPy; the paired interval by hand; the bootstrap agrees with it."""

import math
import re
from collections.abc import Callable

import comparing_models as comparing
import numpy as np
import pytest
from scipy import stats


def cases() -> tuple[np.ndarray, np.ndarray]:
    a, b = np.zeros(1000, dtype=bool), np.zeros(1000, dtype=bool)
    a[:850] = True
    b[:828] = b[850:890] = True
    return a, b


@pytest.mark.parametrize(("only_a", "only_b"), [(22, 40), (40, 22), (0, 5), (7, 7), (0, 0)])
def test_mcnemar_agrees_with_scipy(only_a: int, only_b: int) -> None:
    total = only_a + only_b
    expected = stats.binomtest(only_a, total).pvalue if total else 1.0
    assert comparing.mcnemar(only_a, only_b) == pytest.approx(expected)


def test_intervals_by_hand() -> None:
    # 62 disagreements, 18 net: the variance of a case's difference is 62/1000 - 0.018^2.
    a, b = cases()
    assert (a & ~b).sum() == 22
    assert (b & ~a).sum() == 40
    found = comparing.paired(a, b)
    half = 1.96 * math.sqrt((0.062 - 0.018**2) / 1000)
    assert found == pytest.approx((0.018, 0.018 - half, 0.018 + half))
    wide = comparing.unpaired(a, b)
    half = 1.96 * math.sqrt((0.85 * 0.15 + 0.868 * 0.132) / 1000)
    assert wide == pytest.approx((0.018, 0.018 - half, 0.018 + half))
    assert wide.low < 0 < found.low


def test_bootstrap_agrees_with_the_normal_interval_and_takes_any_metric() -> None:
    a, b = (right.astype(float) for right in cases())
    found, expected = comparing.bootstrap(a, b), comparing.paired(*cases())
    assert found == pytest.approx(expected, abs=0.002)
    median = comparing.bootstrap(np.arange(9.0), np.arange(9.0) + 1, lambda x: float(np.median(x)), draws=50)
    assert median == pytest.approx((1, 1, 1))  # the same cases for both: the difference does not vary


def test_seeds_agree_with_scipy() -> None:
    differences = (1.8, 0.4, 1.2, -0.2, 0.8)
    low, high = stats.ttest_1samp(differences, 0).confidence_interval()
    assert comparing.over_seeds(differences) == pytest.approx((0.8, low, high))


def test_illegal_input_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        comparing.mcnemar(-1, 2)
    with pytest.raises(ValueError, match="for each case"):
        comparing.paired(np.ones(2, dtype=bool), np.ones(3, dtype=bool))
    with pytest.raises(ValueError, match="draw"):
        comparing.bootstrap(np.ones(2), np.ones(2), draws=0)
    with pytest.raises(ValueError, match="spread"):
        comparing.over_seeds((1.0,))


@pytest.mark.slow
def test_main_judges_in_every_way(run_main: Callable[[str], str]) -> None:
    printed = run_main("comparing_models.py")
    assert re.search(r"as independent samples +1\.8  \(-1\.2 to \+4\.8\)", printed)
    assert re.search(r"paired +1\.8  \(\+0\.3 to \+3\.3\)", printed)
    assert "p = 0.030" in printed
    assert "0.8 (-0.15 to +1.75)" in printed
    without, with_pairs = (float(share) for share in re.findall(r"in (\d+)%", printed))
    assert with_pairs > without + 10
