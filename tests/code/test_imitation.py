"""The car moves as mechanics says, the labels are the expert's, and DAgger mends what cloning breaks."""

import re
from collections.abc import Callable

import imitation
import pytest
import torch
from torch import Tensor


def test_a_constant_error_drifts_with_the_square_of_time() -> None:
    # Speed after n steps e dt n, offset e dt^2 (1 + ... + n) = e dt^2 n (n + 1) / 2, whatever the road.
    road = imitation.roads(3, 41, seed=0)
    error = 0.02
    seen = imitation.drive(lambda observation: observation[:, 2] + error, road)
    assert seen.shape == (41, 3, 3)
    for n in (0, 1, 10, 20, 40):
        expected = error * imitation.TIME_STEP**2 * n * (n + 1) / 2
        torch.testing.assert_close(seen[n, :, 0], torch.full((3,), expected), atol=1e-6, rtol=1e-4)
    torch.testing.assert_close(seen[:, :, 2], road.T)


def test_the_expert_stays_in_the_middle_and_comes_back_to_it() -> None:
    seen = imitation.drive(imitation.expert, imitation.roads(5, 100, seed=1))
    assert seen[:, :, :2].abs().max() < 1e-5
    state, road = torch.tensor([[0.8, 0.0], [-0.5, 0.3]]), imitation.roads(2, 100, seed=2)
    for bend in road.T:
        state = imitation.advance(state, imitation.expert(torch.cat((state, bend.unsqueeze(1)), dim=1)), bend)
    assert state.abs().max() < 0.01


def test_the_wheel_has_its_limits() -> None:
    far = torch.tensor([[10.0, 0.0, 0.0], [-10.0, 0.0, 0.0], [0.1, 0.0, 1.0]])
    torch.testing.assert_close(imitation.expert(far), torch.tensor([-5.0, 5.0, 0.8]))


def test_cloning_is_regression(assert_gradients: Callable[..., None]) -> None:
    # Where the data cover the states, the clone acts as the expert does; least squares is the yardstick.
    observations = torch.rand(2000, 3) * 2 - 1
    actions = imitation.expert(observations)
    driver = imitation.clone(observations, actions)
    assert_gradients(driver, (driver(observations) - actions).square().mean())
    test = torch.rand(500, 3) * 2 - 1
    with torch.no_grad():
        error = (driver(test) - imitation.expert(test)).square().mean()
    solved = torch.linalg.lstsq(torch.cat((observations, torch.ones(2000, 1)), dim=1), actions.unsqueeze(1)).solution
    linear = (torch.cat((test, torch.ones(500, 1)), dim=1) @ solved).squeeze(1)
    assert error < 2 * (linear - imitation.expert(test)).square().mean() + 0.005


def test_dagger_asks_the_expert_about_the_learners_states(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[Tensor, Tensor]] = []

    def clone(observations: Tensor, actions: Tensor, seed: int) -> imitation.Driver:
        calls.append((observations, actions))
        return imitation.Driver()  # untrained: it leaves the middle at once

    monkeypatch.setattr(imitation, "clone", clone)
    drivers = imitation.dagger(rounds=3, per_round=2, steps=30)
    assert [len(observations) for observations, _ in calls] == [60, 120, 180]  # aggregated
    for observations, actions in calls:
        torch.testing.assert_close(actions, imitation.expert(observations))
    first, last = calls[0][0], calls[2][0]
    assert first[:, :2].abs().max() < 1e-5  # the expert drove
    assert torch.equal(last[:60], first)
    expected = imitation.drive(drivers[0], imitation.roads(2, 30, seed=1)).flatten(0, 1)
    assert torch.equal(last[60:120], expected)  # then the learner did
    assert last[60:, 0].abs().max() > 0.01


def test_dagger_stays_where_the_clone_drifts() -> None:
    road = imitation.roads(20, 150, seed=99)
    cloned, *_, mended = imitation.dagger(rounds=3, per_round=5, steps=150)
    demonstrations = imitation.drive(imitation.expert, road).flatten(0, 1)
    with torch.no_grad():
        error = (cloned(demonstrations) - imitation.expert(demonstrations)).abs().mean()
    assert error < 0.1  # small, and yet:
    offsets = imitation.offsets(cloned, road)
    assert offsets[100] > 5 * offsets[25]
    assert imitation.offsets(mended, road)[100:].mean() < offsets[100:].mean() / 3


def test_illegal_input_is_refused() -> None:
    with pytest.raises(ValueError, match="curvatures"):
        imitation.drive(imitation.expert, torch.zeros(5))
    with pytest.raises(ValueError, match="observations"):
        imitation.Driver()(torch.zeros(4, 2))
    for observations, actions in ((torch.zeros(0, 3), torch.zeros(0)), (torch.zeros(4, 3), torch.zeros(3))):
        with pytest.raises(ValueError, match="as many actions"):
            imitation.clone(observations, actions)
    with pytest.raises(ValueError, match="rounds"):
        imitation.dagger(0)


@pytest.mark.slow
def test_main_shows_drift_and_cure(run_script: Callable[[str], str]) -> None:
    printed = run_script("imitation.py")
    rows = {
        name: [float(x) for x in numbers.replace("%", "").split()]
        for name, numbers in re.findall(
            r"^(expert|cloned from \d+ drives|DAgger, round \d).*?  ([\d.% ]+)$", printed, re.MULTILINE
        )
    }
    for name in ("cloned from 10 drives", "cloned from 40 drives"):
        on_experts, on_own, *offsets, off_road = rows[name]
        assert on_own > 3 * on_experts  # the error measured where it counts
        assert offsets[1] > 2.5 * offsets[0]  # twice the time, more than twice the offset
        assert off_road > 5
    assert max(rows["DAgger, round 3"][2:6]) < 0.1
    assert rows["DAgger, round 3"][-1] == 0
    assert max(rows["expert"]) == 0
