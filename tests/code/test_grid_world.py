"""The optimum is that of a linear programme; Q-learning and SARSA find the values they should."""

import random
import re
from collections.abc import Callable

import grid_world
import pytest
import torch
from scipy.optimize import linprog
from torch import Tensor

SMALL = ("...", "SCG")


def optimum_by_linear_programme(world: grid_world.GridWorld, discount: float) -> Tensor:
    """V* is the smallest V with V(s) >= r(s, a) + gamma sum P V for every action."""
    probability, reward = world.model()
    rows = discount * probability - torch.eye(len(reward)).unsqueeze(1)  # (S, A, S)
    solved = linprog(
        torch.ones(len(reward)).numpy(),
        A_ub=rows.flatten(0, 1).numpy(),
        b_ub=-reward.flatten().numpy(),
        bounds=(None, None),
    )
    return torch.tensor(solved.x, dtype=torch.float32)


def values_of_policy(world: grid_world.GridWorld, policy: Tensor, discount: float) -> Tensor:
    """Q(s, a) of fixed action probabilities (S, A), by solving the linear Bellman equations."""
    probability, reward = world.model()
    kernel = torch.einsum("sa,sat->st", policy, probability)
    values = torch.linalg.solve(torch.eye(len(reward)) - discount * kernel, (policy * reward).sum(dim=1))
    return reward + discount * probability @ values


@pytest.mark.parametrize("slip", [0.0, 0.3])
@pytest.mark.parametrize("discount", [0.5, 0.95])
def test_value_iteration_agrees_with_linear_programming(slip: float, discount: float) -> None:
    world = grid_world.GridWorld(slip=slip)
    values, actions = grid_world.value_iteration(world, discount)
    torch.testing.assert_close(values, optimum_by_linear_programme(world, discount), atol=2e-3, rtol=1e-3)
    greedy = torch.nn.functional.one_hot(actions, 4).float()
    q = values_of_policy(world, greedy, discount)
    torch.testing.assert_close(q.gather(1, actions.unsqueeze(1)).squeeze(1), values, atol=2e-3, rtol=1e-3)


def test_values_by_hand() -> None:
    # Three steps of -1: 1 + 0.9 + 0.81. Where falling costs 50, turning back to go round is better.
    values, actions = grid_world.value_iteration(grid_world.GridWorld(("S..G",)), discount=0.9)
    torch.testing.assert_close(values, -torch.tensor([2.71, 1.9, 1.0, 0.0]))
    assert actions[:3].tolist() == [1, 1, 1]
    values, actions = grid_world.value_iteration(grid_world.GridWorld(SMALL), discount=0.9)
    assert values[3].item() == pytest.approx(-3.439)  # up, right, right, down: 1 + 0.9 + 0.81 + 0.729
    assert [grid_world.ARROWS[a] for a in actions[:4]] == [">", ">", "v", "^"]


def test_trying_agrees_with_the_model() -> None:
    world = grid_world.GridWorld(slip=0.4)
    probability, reward = world.model()
    sums = probability.sum(dim=2)
    torch.testing.assert_close(sums, (~world.terminal).float().unsqueeze(1).expand(-1, 4))
    random.seed(0)
    state, action, count = 13, 2, 4000  # above the cliff, moving down
    tries = [world.step(state, action) for _ in range(count)]
    found = torch.bincount(torch.tensor([following for following, _, _ in tries]), minlength=24) / count
    torch.testing.assert_close(found, probability[state, action], atol=0.03, rtol=0)
    assert sum(r for _, r, _ in tries) / count == pytest.approx(reward[state, action].item(), abs=1.5)
    assert all(done == (following == 19) for following, _, done in tries)


def test_updates_by_hand() -> None:
    # Q = 2, rate 0.1, gamma 0.9, r = 1; the next state's actions are worth 5 and 3.
    assert grid_world.td_update(2.0, 1.0, max(5.0, 3.0), 0.1, 0.9) == pytest.approx(2.35)  # Q-learning
    assert grid_world.td_update(2.0, 1.0, 3.0, 0.1, 0.9) == pytest.approx(2.17)  # SARSA took the second
    assert grid_world.td_update(2.0, 1.0, 0.0, 0.1, 0.9) == pytest.approx(1.9)  # the end: nothing follows


def test_off_policy_and_on_policy_values() -> None:
    # With behaviour that is random throughout, Q-learning finds the optimum, SARSA the random policy's values.
    world = grid_world.GridWorld(SMALL)
    random.seed(0)
    q, _ = grid_world.learn(world, "q-learning", episodes=1500, epsilon=1.0)
    values, _ = grid_world.value_iteration(world)
    torch.testing.assert_close(q.max(dim=1).values, values, atol=0.05, rtol=0.02)
    q, _ = grid_world.learn(world, "sarsa", episodes=6000, epsilon=1.0)
    expected = values_of_policy(world, torch.full((6, 4), 0.25), grid_world.DISCOUNT)
    live = ~world.terminal
    assert (q - expected)[live].abs().mean() < 3  # of values between -50 and -1
    assert (q - expected)[live].mean().abs() < 1.5
    assert q[0, 1] < values[0] - 10  # far below the optimum, which the random walk does not follow


def test_returns_by_hand() -> None:
    rewards = torch.tensor([[1.0], [2.0], [4.0]])
    expected = torch.tensor([[1 + 0.5 * 4], [2 + 0.5 * 4], [4.0]])
    torch.testing.assert_close(grid_world.returns_to_go(rewards, 0.5), expected)


def test_policy_gradient_is_unbiased_with_and_without_baseline() -> None:
    # One state, one step: J = sum_a pi(a) r(a), whose gradient autograd gives exactly.
    logits = torch.tensor([[0.5, -0.3, 0.1, 0.0]], requires_grad=True)
    reward = torch.tensor([5.0, 6.0, 7.0, 9.0])
    policy = logits.softmax(dim=1)[0]
    (exact,) = torch.autograd.grad(policy @ reward, logits)
    actions = torch.multinomial(policy.detach(), 50_000, replacement=True)
    variances = []
    for baseline in (0.0, float(policy.detach() @ reward)):
        weights = reward[actions] - baseline
        loss = grid_world.policy_gradient_loss(logits, torch.zeros(1, 50_000).long(), actions[None], weights[None])
        (estimate,) = torch.autograd.grad(loss, logits)
        torch.testing.assert_close(-estimate, exact, atol=0.06, rtol=0)
        terms = weights.unsqueeze(1) * (torch.eye(4)[actions] - policy.detach())  # r grad log pi, in closed form
        torch.testing.assert_close(-estimate[0], terms.mean(dim=0), atol=1e-3, rtol=0)
        variances.append(terms.var(dim=0).sum().item())
    assert variances[1] < variances[0] / 5


def test_play_ends_at_the_goal() -> None:
    world = grid_world.GridWorld(("S.G",))
    right = torch.tensor([[0.0, 1.0, 0.0, 0.0]]).expand(3, 4)
    states, actions, rewards, alive = grid_world.play(world, right, count=2, max_steps=4)
    assert states[:, 0].tolist() == [0, 1, 2, 2]
    assert rewards[:, 0].tolist() == [-1, -1, 0, 0]
    assert alive[:, 0].tolist() == [1, 1, 0, 0]
    assert (actions == 1).all()


def test_reinforce_learns_a_small_map() -> None:
    world = grid_world.GridWorld(SMALL)
    policy = grid_world.reinforce(world, updates=60)
    assert grid_world.greedy_path(world, policy.argmax(dim=1)) == "3 0 1 2 5"


def test_illegal_input_is_refused() -> None:
    for rows in (("S.", "..."), ("..G",), ("SSG",), ("S#G",)):
        with pytest.raises(ValueError, match="the map"):
            grid_world.GridWorld(rows)
    for discount in (-0.1, 1.0):
        with pytest.raises(ValueError, match="discount"):
            grid_world.value_iteration(grid_world.GridWorld(), discount)
    with pytest.raises(ValueError, match="method"):
        grid_world.learn(grid_world.GridWorld(), "dqn")


def test_plot_writes_every_value() -> None:
    figure = grid_world.plot()
    assert len(figure.axes) == 2
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert len(texts) == 24
    assert texts[17] == "v\n-1.0"  # above the goal


@pytest.mark.slow
def test_main_shows_the_cliff(run_script: Callable[[str], str]) -> None:
    printed = run_script("grid_world.py")
    paths = dict(re.findall(r"^(value iteration|q-learning|sarsa): path ([\d ]+)", printed, re.MULTILINE))
    shortest = "18 12 13 14 15 16 17 23"
    assert paths["value iteration"] == shortest
    assert paths["q-learning"] == shortest
    assert paths["sarsa"].endswith("23")
    assert len(paths["sarsa"].split()) > len(shortest.split())  # a longer way, off the edge
    returns = [float(x) for x in re.findall(r"exploring (-[\d.]+)", printed)]
    assert returns[1] > returns[0]  # SARSA fares better while it explores
    found = dict(re.findall(r"^(.*): discounted return (-[\d.]+)", printed, re.MULTILINE))
    optimum = re.search(r"optimum is (-[\d.]+)", printed)
    assert optimum is not None
    assert float(found["REINFORCE with baseline"]) > float(optimum.group(1)) - 4
    assert float(found["uniform"]) < float(optimum.group(1)) - 10
