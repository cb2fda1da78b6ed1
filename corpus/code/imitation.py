"""Imitation learning: behaviour cloning, how its small errors add up, and DAgger.

What: behaviour cloning is supervised learning on the expert's pairs (observation, action). Its
training error may be small, yet in use its own actions decide what it sees next: an error leads to
states in which the expert never was, nothing in the data tells how to come back, and errors add up
(over T steps the cost can grow as T^2 times the error per step, instead of T times).

DAgger asks the expert about the states that the *learner* visits:

    data <- the expert's demonstrations;  policy <- fit(data)
    repeat:  drive with the policy, label what it saw with the expert's actions, add it, fit again

The task: keep a car in its lane. It sees its offset from the middle, its sideways speed and the
road's curvature. The expert starts in the middle, meets every curve exactly and so never leaves it.

Papers: Pomerleau, "ALVINN: An Autonomous Land Vehicle in a Neural Network", 1989; Ross, Gordon and
Bagnell, "A Reduction of Imitation Learning and Structured Prediction to No-Regret Online Learning",
2011 (DAgger; it may let the expert drive in part at first, which is left out here).

Run: python corpus/code/imitation.py
"""

# mypy: allow-untyped-calls

from collections.abc import Callable

import torch
from torch import Tensor, nn

Policy = Callable[[Tensor], Tensor]  # observations (B, 3) to actions (B,)
TIME_STEP, LANE = 0.1, 1.0  # an offset above 1 is off the road


def roads(count: int, steps: int, seed: int) -> Tensor:
    """Return the curvature of winding roads, (count, steps): sums of three sine waves."""
    generator = torch.Generator().manual_seed(seed)
    frequency, phase = 0.2 + 1.3 * torch.rand(2, count, 3, 1, generator=generator)
    time = TIME_STEP * torch.arange(steps)
    return torch.sin(frequency * time + 5 * phase).sum(dim=1)


def advance(state: Tensor, action: Tensor, curvature: Tensor) -> Tensor:
    """Return offset and speed (B, 2) one step later: steering less the road's curve pushes sideways."""
    speed = state[:, 1] + TIME_STEP * (action - curvature)
    return torch.stack((state[:, 0] + TIME_STEP * speed, speed), dim=1)


def expert(observation: Tensor) -> Tensor:
    """Meet the curve, and steer back where needed: actions (B,), within what the wheel allows."""
    offset, speed, curvature = observation.unbind(dim=1)
    return (curvature - 2.0 * offset - 2.5 * speed).clamp(-5.0, 5.0)


@torch.no_grad()
def drive(policy: Policy, curvature: Tensor) -> Tensor:
    """Return what the driver sees on roads (B, T), starting in the middle: observations (T, B, 3)."""
    if curvature.dim() != 2 or 0 in curvature.shape:
        raise ValueError(f"expected curvatures (B, T), none of them 0; got {tuple(curvature.shape)}")
    state, seen = torch.zeros(len(curvature), 2), []
    for bend in curvature.T:
        seen.append(torch.cat((state, bend.unsqueeze(1)), dim=1))
        state = advance(state, policy(seen[-1]), bend)
    return torch.stack(seen)


class Driver(nn.Module):
    """A small network as the learner's policy."""

    def __init__(self, hidden_dim: int = 32) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, hidden_dim), nn.Tanh(), nn.Linear(hidden_dim, 1))

    def forward(self, observation: Tensor) -> Tensor:
        """Map observations (B, 3) to actions (B,)."""
        if observation.dim() != 2 or observation.shape[1] != 3:
            raise ValueError(f"expected observations (B, 3), got {tuple(observation.shape)}")
        action: Tensor = self.net(observation).squeeze(1)
        return action


def clone(observations: Tensor, actions: Tensor, steps: int = 800, seed: int = 0) -> Driver:
    """Fit a new driver to pairs of observation (N, 3) and action (N,): plain regression.

    The weight decay takes the weights of inputs that never vary to 0, where chance would leave them.
    """
    if len(observations) == 0 or len(observations) != len(actions):
        raise ValueError(f"need as many actions as observations: {len(actions)}, {len(observations)}")
    torch.manual_seed(seed)
    driver = Driver()
    optimizer = torch.optim.Adam(driver.parameters(), lr=1e-2, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=steps)
    for _ in range(steps):
        batch = torch.randint(len(actions), (128,))
        optimizer.zero_grad()
        (driver(observations[batch]) - actions[batch]).square().mean().backward()
        optimizer.step()
        schedule.step()
    return driver


def dagger(rounds: int, per_round: int = 10, steps: int = 200, seed: int = 0) -> list[Driver]:
    """Return the driver after each round; the first is behaviour cloning of the expert's own drives."""
    if rounds < 1:
        raise ValueError(f"rounds must be at least 1, not {rounds}")
    data, drivers = torch.empty(0, 3), list[Driver]()
    for number in range(rounds):
        pilot: Policy = drivers[-1] if drivers else expert  # who drives decides which states are seen
        seen = drive(pilot, roads(per_round, steps, seed=seed + number)).flatten(0, 1)
        data = torch.cat((data, seen))  # aggregate: earlier states stay in the data
        drivers.append(clone(data, expert(data), seed=seed))  # but the labels are always the expert's
    return drivers


def offsets(policy: Policy, curvature: Tensor) -> Tensor:
    """Return the mean distance from the middle of the lane at every step, (T,)."""
    return drive(policy, curvature)[:, :, 0].abs().mean(dim=1)


def report(name: str, policy: Policy, curvature: Tensor) -> str:
    """Return one line: the error on the expert's and on its own states, and where the car is in time."""
    errors = []
    for pilot in (expert, policy):
        states = drive(pilot, curvature).flatten(0, 1)
        with torch.no_grad():
            errors.append(float((policy(states) - expert(states)).abs().mean()))
    path = drive(policy, curvature)[:, :, 0].abs()
    places = "  ".join(f"{path[step - 1].mean():.3f}" for step in (25, 50, 100, 200))
    off = float((path > LANE).float().mean())
    return f"{name:<34} {errors[0]:.4f}   {errors[1]:.4f}     {places}     {off:.0%}"


def main() -> None:
    """Clone an expert driver, watch it drift, and mend it with DAgger."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    held_out = roads(50, 200, seed=1000)
    drivers = dagger(rounds=4)
    more = drive(expert, roads(40, 200, seed=0)).flatten(0, 1)  # as many labels as DAgger in all
    print("mean error of the action on the expert's states, on its own states; mean offset after 25, 50,")
    print("100 and 200 steps; share of time off the road:")
    print(report("expert", expert, held_out))
    print(report("no steering", lambda observation: torch.zeros(len(observation)), held_out))
    print(report("cloned from 10 drives", drivers[0], held_out))
    print(report("cloned from 40 drives", clone(more, expert(more)), held_out))
    for number, driver in enumerate(drivers[1:], start=1):
        print(report(f"DAgger, round {number} ({10 * (number + 1)} drives in all)", driver, held_out))


if __name__ == "__main__":
    main()
