"""Patience by hand-written sequences, the weights that come back, and each check against an oracle."""

import math
import re
from collections.abc import Callable

import early_stopping as es
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.stats import ttest_ind
from torch import nn


def run(losses: list[float], patience: int, min_delta: float = 0.0) -> tuple[int, es.EarlyStopping, nn.Linear]:
    """Feed losses one by one, with a weight that counts epochs; return the number of epochs run."""
    model = nn.Linear(1, 1)
    stopping = es.EarlyStopping(patience, min_delta)
    for epoch, loss in enumerate(losses, 1):
        with torch.no_grad():
            model.weight.fill_(float(epoch))
        if stopping.should_stop(loss, model):
            return epoch, stopping, model
    return len(losses), stopping, model


def test_stops_after_patience_epochs_without_improvement() -> None:
    # The best is epoch 3; epochs 4, 5 do not beat it (a tie is no improvement), so patience 2 ends at 5.
    epochs, stopping, _ = run([5, 4, 3, 3, 3.5, 1], patience=2)
    assert (epochs, stopping.best_epoch, stopping.best_loss) == (5, 3, 3)
    epochs, stopping, _ = run([5, 4, 3, 3, 3.5, 1], patience=3)  # one more, and it sees the 1
    assert (epochs, stopping.best_epoch) == (6, 6)


def test_an_improvement_resets_the_count() -> None:
    epochs, stopping, _ = run([5, 6, 4, 6, 3, 6, 6], patience=2)
    assert (epochs, stopping.best_epoch) == (7, 5)


def test_min_delta_ignores_small_steps() -> None:
    falling = [1 - 0.001 * i for i in range(50)]
    assert run(falling, patience=3)[0] == 50
    # Measured from the best: 0.005 is exceeded every sixth epoch, beyond a patience of 3.
    assert run(falling, patience=3, min_delta=0.005)[0] == 4
    assert run(falling, patience=10, min_delta=0.005)[0] == 50


def test_restores_the_best_weights_and_not_the_last() -> None:
    epochs, stopping, model = run([5, 4, 3, 4, 5, 6], patience=3)
    assert (epochs, model.weight.item()) == (6, 6)
    stopping.restore(model)
    assert model.weight.item() == 3


def test_stored_weights_are_copies() -> None:
    _, stopping, model = run([1.0], patience=1)
    with torch.no_grad():
        model.weight.fill_(99.0)
    assert stopping.best_weights is not None
    assert stopping.best_weights["weight"].item() == 1


def test_buffers_are_restored_too() -> None:
    model = nn.BatchNorm1d(2)
    stopping = es.EarlyStopping(patience=5)
    stopping.should_stop(1.0, model)
    model(torch.randn(8, 2) + 10)  # moves the running mean
    stopping.should_stop(2.0, model)
    stopping.restore(model)
    assert model.running_mean is not None
    assert model.running_mean.tolist() == [0, 0]


def test_nan_never_improves() -> None:
    epochs, stopping, _ = run([2.0, math.nan, math.nan, 1.0], patience=2)
    assert (epochs, stopping.best_epoch) == (3, 1)
    _, stopping, model = run([math.nan, math.nan], patience=2)
    with pytest.raises(RuntimeError, match="NaN"):
        stopping.restore(model)


def test_training_returns_the_best_epoch() -> None:
    train_set, validation_set, _ = es.noisy_digits()
    model, stopping = es.network(), es.EarlyStopping(patience=5)
    history = es.train(model, train_set, validation_set, epochs=100, stopping=stopping)
    assert len(history.train_loss) == stopping.best_epoch + 5 < 100
    assert min(history.validation_loss) == history.validation_loss[stopping.best_epoch - 1]
    # The restored weights reproduce that epoch's loss exactly.
    assert es.evaluate(model, validation_set)[0] == pytest.approx(stopping.best_loss, abs=1e-6)


def test_restores_also_when_the_epochs_run_out() -> None:
    train_set, validation_set, _ = es.noisy_digits()
    model, stopping = es.network(), es.EarlyStopping(patience=1000)
    es.train(model, train_set, validation_set, epochs=60, stopping=stopping)
    assert stopping.best_epoch < 60
    assert es.evaluate(model, validation_set)[0] == pytest.approx(stopping.best_loss, abs=1e-6)


def test_plateau_score_against_scipy() -> None:
    losses = np.random.default_rng(0).standard_normal(40) - 0.1 * np.arange(40)
    expected = ttest_ind(losses[20:30], losses[30:]).statistic
    assert es.plateau_score(losses.tolist(), window=10) == pytest.approx(expected)


def test_plateau_score_tells_a_slope_from_noise() -> None:
    noise = np.random.default_rng(1).standard_normal(40)
    assert abs(es.plateau_score((noise + 5).tolist())) < 2
    assert es.plateau_score((noise - 0.3 * np.arange(40)).tolist()) > 2
    assert es.plateau_score([1 / (1 + i) for i in range(40)]) > 2  # slow, but no noise: still falling
    assert es.plateau_score([1.0 + i for i in range(40)]) < -2  # rising
    assert es.plateau_score([0.5] * 40) == 0


def test_gradient_norm_against_torch() -> None:
    model = es.network()
    F.cross_entropy(model(torch.randn(5, 64)), torch.arange(5)).backward()
    ours = es.gradient_norm(model.parameters())
    theirs = nn.utils.clip_grad_norm_(model.parameters(), 1e9)
    assert ours == pytest.approx(theirs.item(), rel=1e-5)


def test_gradient_norm_by_hand() -> None:
    a, b = nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(1))
    (3 * a[0] - 4 * a[1] + 12 * b[0]).backward()
    assert es.gradient_norm([a, b]) == pytest.approx(13)


def test_gradient_reaches_every_parameter(assert_gradients: Callable[..., None]) -> None:
    (x, y), _, _ = es.noisy_digits()
    model = es.network()
    assert_gradients(model, F.cross_entropy(model(x), y))


def test_labels_are_wrong_where_promised() -> None:
    clean = es.load_digits()
    order = torch.randperm(len(clean.target), generator=torch.Generator().manual_seed(0))
    labels = torch.cat([labels for _, labels in es.noisy_digits()])
    wrong = labels != torch.tensor(clean.target)[order]
    assert wrong[:600].float().mean().item() == pytest.approx(0.3, abs=0.05)
    assert not wrong[600:].any()


def test_illegal_input_is_refused() -> None:
    for patience, min_delta in ((0, 0.0), (3, -0.1)):
        with pytest.raises(ValueError, match="patience"):
            es.EarlyStopping(patience, min_delta)
    with pytest.raises(RuntimeError, match="no epoch"):
        es.EarlyStopping(3).restore(nn.Linear(1, 1))
    with pytest.raises(ValueError, match="two windows"):
        es.plateau_score([1.0] * 19, window=10)
    with pytest.raises(ValueError, match="backward"):
        es.gradient_norm(es.network().parameters())


def test_plot_marks_best_and_stop() -> None:
    axes = es.plot().axes[0]
    best, stop = axes.lines[2].get_xdata()[0], axes.lines[3].get_xdata()[0]
    assert stop == best + 20
    assert best == 1 + int(np.argmin(axes.lines[1].get_ydata()[: int(stop)]))


@pytest.mark.slow
def test_main_shows_the_gain_and_two_false_plateaus(run_script: Callable[[str], str]) -> None:
    printed = run_script("early_stopping.py")
    rows = re.findall(r"ran (\d+) epochs, keeps epoch +(\d+): .*test loss ([\d.]+), accuracy ([\d.]+)", printed)
    (full, _, full_loss, full_accuracy), (short, kept, loss, accuracy) = ([float(v) for v in row] for row in rows)
    assert full == 500 and short == kept + 20 < 100
    assert loss < 0.7 * full_loss
    assert accuracy > full_accuracy + 0.1
    dead = re.search(r"start: loss ([\d.]+) .*norm ([\d.]+): flat", printed)
    assert dead is not None
    assert float(dead[1]) == pytest.approx(math.log(10), abs=0.05) and float(dead[2]) < 0.01
    bounce = re.search(r"loss ([\d.]+), last fell by (-?[\d.]+) standard errors.*goes on to ([\d.]+)", printed)
    assert bounce is not None
    assert float(bounce[2]) < 2 and float(bounce[3]) < 0.85 * float(bounce[1])
