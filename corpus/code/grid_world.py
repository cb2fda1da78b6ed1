"""Reinforcement learning on a small grid: with the model of the world, and without it.

What: the agent sees a state, acts, receives a reward and the next state, and wants the largest
discounted return E[sum gamma^t r_t]. Four ways to it, all in tables:

    value iteration   knows the model:  V(s) <- max_a [ r(s, a) + gamma sum_s' P(s'|s, a) V(s') ]
    Q-learning        only tries:  Q(s, a) <- Q(s, a) + rate (r + gamma max_a' Q(s', a') - Q(s, a))
    SARSA             the same with the a' that it takes next, instead of the best one
    REINFORCE         changes the policy itself:  ascend E[ sum_t (G_t - b(s_t)) grad log pi(a_t|s_t) ]

Why the two tables of Q differ: Q-learning (off-policy) learns the greedy policy's values while it explores,
SARSA (on-policy) those of the exploring policy, which falls off a cliff now and then and keeps away.

Papers: Watkins and Dayan, "Q-learning", 1992; Williams, "Simple Statistical Gradient-Following
Algorithms for Connectionist Reinforcement Learning", 1992; Sutton and Barto, "Reinforcement
Learning: An Introduction", 2nd edition, 2018 (sections 6.4 and 6.5).

Run: python corpus/code/grid_world.py    (a walk from S to G along a cliff C)
"""

# mypy: allow-untyped-calls

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CLIFF_WALK = ("......", "......", "......", "SCCCCG")
MOVES, ARROWS, DISCOUNT = ((-1, 0), (0, 1), (1, 0), (0, -1)), "^>v<", 0.95


class GridWorld:
    """A map of free cells (.), one start (S), goals (G) and cliffs (C); both of the last end the episode."""

    def __init__(self, rows: Sequence[str] = CLIFF_WALK, slip: float = 0.0) -> None:
        """A step costs 1, a fall 50; with probability `slip` a move goes off sideways, half either way."""
        cells, height, width = "".join(rows), len(rows), len(rows[0])
        if {len(row) for row in rows} != {width} or cells.count("S") != 1 or set(cells) - set(".SGC"):
            raise ValueError("the map needs rows of equal length, made of . S G C, with one S")
        self.shape, self.start, self.slip = (height, width), cells.index("S"), slip
        self.terminal = torch.tensor([cell in "GC" for cell in cells])  # (S,)
        self.arrival = torch.tensor([-50.0 if cell == "C" else -1.0 for cell in cells])  # (S,) reward of entering
        self.target = torch.zeros(len(cells), 4, dtype=torch.int64)  # (S, A) where a move leads; walls stop it
        for state in range(len(cells)):
            for action, (down, right) in enumerate(MOVES):
                row, column = min(max(state // width + down, 0), height - 1), state % width + right
                self.target[state, action] = row * width + min(max(column, 0), width - 1)

    def model(self) -> tuple[Tensor, Tensor]:
        """Return P(s'|s, a), (S, A, S), and the expected reward r(s, a), (S, A); zero after the end."""
        cells = torch.eye(len(self.target))[self.target]  # (S, A, S), one-hot
        sideways = (cells.roll(1, dims=1) + cells.roll(-1, dims=1)) / 2  # actions go round the compass
        probability = (1 - self.slip) * cells + self.slip * sideways
        probability[self.terminal] = 0.0
        return probability, probability @ self.arrival

    def step(self, state: int, action: int) -> tuple[int, float, bool]:
        """Try one move: return the next state, the reward, and whether the episode is over."""
        if random.random() < self.slip:
            action = (action + random.choice((1, 3))) % 4
        following = int(self.target[state, action])
        return following, float(self.arrival[following]), bool(self.terminal[following])


def value_iteration(world: GridWorld, discount: float = DISCOUNT) -> tuple[Tensor, Tensor]:
    """Return the optimal values (S,) and a greedy policy (S,), by the Bellman optimality equation."""
    if not 0 <= discount < 1:
        raise ValueError(f"the discount must lie in [0, 1), not {discount}")
    probability, reward = world.model()
    values, change = torch.zeros(len(reward)), 1.0
    while change > 1e-5:  # each sweep shrinks the error by the factor gamma
        q = reward + discount * probability @ values  # (S, A)
        change = float((q.amax(dim=1) - values).abs().max())
        values = q.amax(dim=1)
    return values, q.argmax(dim=1)


def td_update(old: float, reward: float, following: float, rate: float, discount: float = DISCOUNT) -> float:
    """Move Q(s, a) towards r + gamma * following: max Q(s', .) for Q-learning, Q(s', a') for SARSA, 0 at the end."""
    return old + rate * (reward + discount * following - old)


def learn(world: GridWorld, method: str, episodes: int = 1500, epsilon: float = 0.1) -> tuple[Tensor, list[float]]:
    """Return action values (S, A) learnt by "q-learning" or "sarsa", and every episode's sum of rewards."""
    if method not in ("q-learning", "sarsa"):
        raise ValueError(f"the method is q-learning or sarsa, not {method!r}")
    q, history = [[0.0] * 4 for _ in world.target], []  # plain lists: one number at a time

    def behave(state: int) -> int:  # explores with probability epsilon
        return random.randrange(4) if random.random() < epsilon else max(range(4), key=q[state].__getitem__)

    for episode in range(episodes):
        state, action, total, done = world.start, behave(world.start), 0.0, False
        rate = 0.3 / (1 + 5 * episode / episodes)  # falls, so that noise is averaged out in the end
        while not done:
            following, reward, done = world.step(state, action)
            next_action = behave(following)
            following_value = max(q[following]) if method == "q-learning" else q[following][next_action]
            q[state][action] = td_update(q[state][action], reward, 0.0 if done else following_value, rate)
            state, action, total = following, next_action, total + reward
        history.append(total)
    return torch.tensor(q), history


def play(world: GridWorld, policy: Tensor, count: int, max_steps: int = 50) -> tuple[Tensor, ...]:
    """Play `count` episodes with the action probabilities (S, A): states, actions, rewards, alive, each (T, B)."""
    probability, state, alive, steps = world.model()[0], torch.full((count,), world.start), torch.ones(count), []
    for _ in range(max_steps):
        action = torch.multinomial(policy[state], 1).squeeze(1)
        chances = probability[state, action]  # (B, S), all zero in a terminal state
        chances[world.terminal[state], world.start] = 1.0  # anything: it is played no more
        following = torch.where(alive > 0, torch.multinomial(chances, 1).squeeze(1), state)
        steps.append((state, action, world.arrival[following] * alive, alive))
        state, alive = following, (~world.terminal[following]).float()
    return tuple(torch.stack(parts) for parts in zip(*steps, strict=True))


def returns_to_go(rewards: Tensor, discount: float = DISCOUNT) -> Tensor:
    """Return G_t = r_t + gamma G_{t+1}, (T, B): an action is credited only with what follows it."""
    returns = rewards.clone()
    for t in range(len(rewards) - 2, -1, -1):
        returns[t] += discount * returns[t + 1]
    return returns


def policy_gradient_loss(logits: Tensor, states: Tensor, actions: Tensor, weights: Tensor) -> Tensor:
    """Return -sum_t weight_t log pi(a_t|s_t), mean over episodes (without the factor gamma^t, as is usual)."""
    log_policy = logits.log_softmax(dim=1)[states, actions]  # (T, B)
    return -(weights.detach() * log_policy).sum(dim=0).mean()


def reinforce(world: GridWorld, updates: int = 150, baseline: bool = True) -> Tensor:
    """Return the learnt policy (S, A); the baseline is a table of values fitted to the same returns."""
    logits, values = nn.Parameter(torch.zeros(len(world.target), 4)), nn.Parameter(torch.zeros(len(world.target)))
    optimizer = torch.optim.Adam([{"params": logits, "lr": 0.1}, {"params": values, "lr": 0.5}])
    for _ in range(updates):
        states, actions, rewards, alive = play(world, logits.detach().softmax(dim=1), count=32)
        returns, expected = returns_to_go(rewards), values[states]
        advantage = alive * (returns - expected if baseline else returns)
        loss = policy_gradient_loss(logits, states, actions, advantage) + (alive * (returns - expected).square()).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return logits.detach().softmax(dim=1)


def greedy_path(world: GridWorld, actions: Tensor) -> str:
    """Return the cells, numbered row by row, that the policy (S,) visits where nothing slips."""
    path = [world.start]
    while not world.terminal[path[-1]] and len(path) < 30:
        path.append(int(world.target[path[-1], actions[path[-1]]]))
    return " ".join(map(str, path))


def main() -> None:
    """Print the optimum, what the methods learn, and what exploring by the cliff costs."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    torch.manual_seed(0)
    random.seed(0)
    world = GridWorld()
    values, actions = value_iteration(world)
    print(f"optimal values (gamma {DISCOUNT}) and actions; cliff and goal are 0:")
    for row, arrows in zip(values.view(world.shape), actions.view(world.shape), strict=True):
        print("  " + " ".join(f"{v:6.2f}" for v in row) + "   " + " ".join(ARROWS[a] for a in arrows))
    print(f"value iteration: path {greedy_path(world, actions)}")
    for method in ("q-learning", "sarsa"):
        q, history = learn(world, method)
        earned = sum(history[-500:]) / 500
        print(f"{method}: path {greedy_path(world, q.argmax(dim=1))}; return while exploring {earned:.1f}")
    policies = {"uniform": torch.full_like(q, 0.25)}
    policies |= {f"REINFORCE {n} baseline": reinforce(world, baseline=n == "with") for n in ("without", "with")}
    for name, policy in policies.items():
        found = returns_to_go(play(world, policy, 500)[2])[0].mean()
        print(f"{name}: discounted return {found:.2f} (the optimum is {values[world.start]:.2f})")


def plot() -> "Figure":
    """Draw the optimal values and policy, in a calm world and in one where moves slip."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 2.6), layout="constrained")
    for axes, slip in zip(figure.subplots(1, 2), (0.0, 0.2), strict=True):
        world = GridWorld(slip=slip)
        values, actions = value_iteration(world)
        axes.imshow(values.where(~world.terminal, torch.nan).view(world.shape).numpy(), cmap="viridis")
        for state, cell in enumerate("".join(CLIFF_WALK)):
            text = cell if cell in "GC" else f"{ARROWS[int(actions[state])]}\n{values[state]:.1f}"
            ink = "black" if cell in "GC" or values[state] > -4 else "white"  # dark on the bright cells
            axes.text(state % 6, state // 6, text, ha="center", va="center", color=ink, fontsize=8)
        axes.set(title=f"moves slip with probability {slip}", xticks=[], yticks=[])
    return figure


if __name__ == "__main__":
    main()
