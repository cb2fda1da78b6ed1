"""Each scaler agrees with scikit-learn's, and nothing of the test rows enters it."""

import re
from collections.abc import Callable

import numpy as np
import pytest
import scaling
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

FITS = {
    "min-max": (scaling.fit_min_max, MinMaxScaler),
    "standard": (scaling.fit_standard, StandardScaler),
    "robust": (scaling.fit_robust, RobustScaler),
}


def rows(count: int = 50) -> np.ndarray:
    return np.random.default_rng(count).gamma(2.0, (1.0, 50.0, 1e-3), size=(count, 3))


@pytest.mark.parametrize("name", FITS)
def test_against_scikit_learn(name: str) -> None:
    ours, theirs = FITS[name][0](rows(50)), FITS[name][1]().fit(rows(50))
    new = rows(20)
    np.testing.assert_allclose(ours.transform(new), theirs.transform(new))
    np.testing.assert_allclose(ours.inverse(ours.transform(new)), new)


def test_by_hand() -> None:
    column, eleven = np.array([[2.0], [4], [4], [4], [5], [5], [7], [9]]), np.array([[11.0]])
    assert scaling.fit_min_max(column).transform(eleven).item() == pytest.approx(9 / 7)
    standard = scaling.fit_standard(column)
    assert (standard.shift.item(), standard.scale.item()) == pytest.approx((5, 2))
    assert standard.transform(eleven).item() == pytest.approx(3)
    # Quartiles 4 and 5.5, median 4.5.
    assert scaling.fit_robust(column).transform(eleven).item() == pytest.approx(6.5 / 1.5)


def test_training_rows_get_the_promised_range_and_moments() -> None:
    x = rows()
    small = scaling.fit_min_max(x).transform(x)
    np.testing.assert_allclose((small.min(axis=0), small.max(axis=0)), ((0, 0, 0), (1, 1, 1)))
    standard = scaling.fit_standard(x).transform(x)
    np.testing.assert_allclose(standard.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(standard.std(axis=0), 1)


@pytest.mark.parametrize("name", FITS)
def test_a_constant_column_becomes_zero(name: str) -> None:
    x = np.array([[3.0, 1.0], [3.0, 2.0]])
    scaled = FITS[name][0](x).transform(np.array([[3.0, 1.0], [4.0, 1.0]]))
    assert scaled[:, 0].tolist() == [0, 1]  # and a new value differs by what it differs


def test_one_outlier_squeezes_min_max_most() -> None:
    clean, spoilt = rows(), np.concatenate((rows(), [[1e6, 1e6, 1e6]]))
    spread = {name: float(np.ptp(fit(spoilt).transform(clean), axis=0)[0]) for name, (fit, _) in FITS.items()}
    assert spread["min-max"] < spread["standard"] < 1e-3 < 1 < spread["robust"]


def test_scaled_uses_one_scaler_for_both_parts() -> None:
    split = scaling.wines(0)
    scaler = scaling.fit_standard(split.x)
    scaled = split.scaled(scaler)
    np.testing.assert_allclose(scaled.test_x, (split.test_x - split.x.mean(axis=0)) / split.x.std(axis=0))
    assert not np.allclose(scaled.test_x.mean(axis=0), 0, atol=1e-3)  # not centred by its own mean


def test_training_rows_alone_decide() -> None:
    split = scaling.wines(0)
    changed = split._replace(test_x=1000 * split.test_x)
    assert np.array_equal(
        split.scaled(scaling.fit_standard(split.x)).x, changed.scaled(scaling.fit_standard(changed.x)).x
    )


def test_split_is_a_partition() -> None:
    split = scaling.wines(3)
    together = np.concatenate((split.x, split.test_x))
    expected = scaling.load_wine().data
    np.testing.assert_array_equal(np.sort(together, axis=0), np.sort(expected, axis=0))
    assert not {row.tobytes() for row in split.x} & {row.tobytes() for row in split.test_x}


def test_condition_number_by_hand() -> None:
    x = np.array([[1.0, 10], [1, -10], [-1, 10], [-1, -10]])  # variances 1 : 100, uncorrelated
    assert scaling.condition_number(x) == pytest.approx(100)
    assert scaling.condition_number(scaling.fit_standard(x).transform(x)) == pytest.approx(1)


def test_own_statistics_undo_any_drift_and_so_hide_it() -> None:
    split = scaling.wines(1)
    _, _, own = scaling.leak(split)
    honest, pooled, drifted_own = scaling.leak(scaling.other_instrument(split))
    assert drifted_own == own  # the scaler absorbs a change of unit completely
    assert honest < pooled < drifted_own


def test_illegal_input_is_refused() -> None:
    for fit, _ in FITS.values():
        for x in (np.zeros(3), np.zeros((0, 3)), np.array([[1.0, np.nan]])):
            with pytest.raises(ValueError, match="expected finite rows"):
                fit(x)
    with pytest.raises(ValueError, match="fitted on 3 columns"):
        scaling.fit_standard(rows()).transform(np.zeros((2, 4)))


@pytest.mark.slow
def test_main_shows_who_needs_scaling_and_the_leak(run_main: Callable[[str], str]) -> None:
    printed = run_main("scaling.py")
    assert "min-max 1.29, standard 3.00, robust 4.33" in printed
    table = {
        name: (float(neighbours), float(tree))
        for name, neighbours, tree in re.findall(r"^  (\S.*?)\s+5 neighbours ([\d.]+), tree ([\d.]+)", printed, re.M)
    }
    raw, raw_tree = table["as measured"]
    for name in ("min-max", "standard", "robust"):
        assert table[name][0] > raw + 0.2
        assert table[name][1] == pytest.approx(raw_tree, abs=0.01)
    rows_of = {
        n.strip(): [float(v) for v in vs.split(", ")]
        for n, vs in re.findall(r"test rows (.+?)((?:[\d.]+, ){2}[\d.]+)$", printed, re.M)
    }
    same, drifted = rows_of["from the same instrument"], rows_of["40% too high"]
    assert max(same) - min(same) < 0.02
    assert drifted[0] < drifted[1] - 0.05 < drifted[2] - 0.2
