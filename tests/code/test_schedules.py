"""Each schedule gives the rates of torch.optim.lr_scheduler, and the numbers worked by hand."""

import math
import re
from collections.abc import Callable, Iterator

import pytest
import schedules
import torch
from torch.optim import lr_scheduler


def rates(
    make: Callable[[torch.optim.Optimizer], lr_scheduler.LRScheduler], peak: float, steps: int
) -> Iterator[float]:
    """Yield the rate that an optimiser under a scheduler of PyTorch uses at each step."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=peak)
    scheduler = make(optimizer)
    for step in range(steps):
        yield optimizer.param_groups[0]["lr"]
        optimizer.step()
        if step < steps - 1:
            scheduler.step()


def test_step_decay_agrees_with_torch() -> None:
    theirs = rates(lambda o: lr_scheduler.StepLR(o, step_size=7, gamma=0.3), 0.2, 40)
    for step, rate in enumerate(theirs):
        assert schedules.step_decay(step, 0.2, every=7, factor=0.3) == pytest.approx(rate, rel=1e-9)


def test_cosine_agrees_with_torch() -> None:
    theirs = rates(lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=50, eta_min=0.01), 0.2, 51)
    for step, rate in enumerate(theirs):
        assert schedules.cosine(step, 0.2, total=50, minimum=0.01) == pytest.approx(rate, rel=1e-6)
    assert schedules.cosine(80, 0.2, total=50, minimum=0.01) == pytest.approx(0.01)  # torch's rises again


@pytest.mark.filterwarnings("ignore:The epoch parameter in `scheduler.step:UserWarning")  # SequentialLR's own
def test_warmup_then_cosine_agrees_with_torch() -> None:
    def make(optimizer: torch.optim.Optimizer) -> lr_scheduler.LRScheduler:
        # LinearLR cannot start from 0 itself.
        up = lr_scheduler.LinearLR(optimizer, start_factor=1e-12, total_iters=10)
        down = lr_scheduler.CosineAnnealingLR(optimizer, T_max=40, eta_min=0.001)
        return lr_scheduler.SequentialLR(optimizer, [up, down], milestones=[10])

    for step, rate in enumerate(rates(make, 0.2, 50)):
        ours = schedules.warmup_cosine(step, 0.2, warmup=10, total=50, minimum=0.001)
        assert ours == pytest.approx(rate, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(("total", "rise"), [(100, 0.3), (37, 0.25)])
def test_one_cycle_agrees_with_torch(total: int, rise: float) -> None:
    def make(optimizer: torch.optim.Optimizer) -> lr_scheduler.LRScheduler:
        return lr_scheduler.OneCycleLR(optimizer, max_lr=0.5, total_steps=total, pct_start=rise)

    for step, rate in enumerate(rates(make, 0.5, total)):
        assert schedules.one_cycle(step, 0.5, total, rise) == pytest.approx(rate, rel=1e-9)


def test_numbers_by_hand() -> None:
    # Step 3250 is a quarter of the cosine: (1 + cos 45 degrees) / 2 = 0.8536.
    for step, expected in (
        (0, 0.0),
        (500, 5e-4),
        (1000, 1e-3),
        (3250, 0.5e-3 * (1 + math.sqrt(0.5))),
        (5500, 5e-4),
        (10_000, 0.0),
    ):
        assert schedules.warmup_cosine(step, 1e-3, 1000, 10_000) == pytest.approx(expected, abs=1e-12)
    assert schedules.step_decay(65, 0.1, 30) == pytest.approx(0.001)
    assert schedules.warmup_cosine(0, 0.3, 0, 10) == pytest.approx(0.3)  # no warm-up: at the peak at once
    assert schedules.one_cycle(99, 1.0, 100) == pytest.approx(1 / 250_000)


def test_noise_floor_of_a_fixed_rate_by_hand() -> None:
    # w <- (1 - lr) w - lr n settles at variance lr / (2 - lr): 1/3 for lr = 0.5, and the loss is half of it.
    assert schedules.noisy_descent(lambda _: 0.5, steps=60, runs=20_000) == pytest.approx(1 / 6, rel=0.05)
    # Two steps of 0.5 from 5: mean 1.25, variance 0.25 + 0.0625.
    exact = 0.5 * (1.25**2 + 0.3125)
    assert schedules.noisy_descent(lambda _: 0.5, steps=2, runs=100_000) == pytest.approx(exact, rel=0.02)


def test_decay_ends_below_the_noise_floor() -> None:
    fixed = schedules.noisy_descent(lambda _: 0.5, steps=300)
    decayed = schedules.noisy_descent(lambda t: schedules.cosine(t, 0.5, 300), steps=300)
    assert decayed < 0.1 * fixed


def test_adams_steps_in_noise_by_hand() -> None:
    moves = schedules.adam_moves(400)
    assert moves[0].item() == pytest.approx(1.0, abs=1e-4)  # g / |g|
    # Settled: v is the variance, m an average with weights 0.1 * 0.9^k, whose squares add up to 0.01 / (1 - 0.81).
    assert moves[-50:].mean().item() == pytest.approx(math.sqrt(0.01 / 0.19), rel=0.05)
    # Step 2: m = (0.09 g1 + 0.1 g2) / 0.19 and v = (g1^2 + g2^2) / 2 to a thousandth; g1 g2 has mean 0 and
    # g1^2 / (g1^2 + g2^2) mean 1/2, so the mean square is (0.0081 + 0.01) / 0.0361.
    assert moves[1].item() == pytest.approx(math.sqrt(0.0181 / 0.0361), rel=0.02)
    torch.testing.assert_close(schedules.adam_moves(5, scale=1000.0), moves[:5], rtol=1e-3, atol=1e-4)


def test_plot_shows_four_schedules() -> None:
    figure = schedules.plot()
    assert len(figure.axes[0].lines) == 4


def test_illegal_input_is_refused() -> None:
    with pytest.raises(ValueError, match="every"):
        schedules.step_decay(3, 0.1, every=0)
    with pytest.raises(ValueError, match="total"):
        schedules.cosine(3, 0.1, total=0)
    with pytest.raises(ValueError, match="warmup < total"):
        schedules.warmup_cosine(3, 0.1, warmup=10, total=10)
    with pytest.raises(ValueError, match="step < total"):
        schedules.one_cycle(100, 0.1, total=100)


@pytest.mark.slow
def test_main_shows_the_noise_floor_and_adams_first_steps(run_main: Callable[[str], str]) -> None:
    printed = run_main("schedules.py")
    assert re.search(r"step +3250: 8\.54e-04", printed)
    losses = {
        name: float(loss)
        for name, loss in re.findall(r"^  (fixed 0\.5|fixed 0\.001|0\.5, [\w ]+?) +([\d.]+)$", printed, re.M)
    }
    assert losses["0.5, cosine to 0"] < 0.1 * min(losses["fixed 0.5"], losses["fixed 0.001"])
    steps = [
        (float(fixed), float(warm)) for fixed, warm in re.findall(r"step +\d+: ([\d.]+)  ([\d.]+)$", printed, re.M)
    ]
    assert steps[0] == (1.0, 0.0)
    assert all(later[0] < 0.3 for later in steps[3:])
    assert max(warm for _, warm in steps) < 0.3  # warmed up, no step is longer than those that follow
    assert "= 0.229" in printed
