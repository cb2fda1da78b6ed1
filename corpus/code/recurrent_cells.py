"""The RNN, LSTM and GRU cells by hand, and how far back in time each lets the gradient reach.

What: a cell maps an input and the state before it to the next state, with the same weights at every
step (sigma is the logistic function, * is elementwise):

    RNN    h' = tanh(W x + U h + b)
    LSTM   i, f, o = sigma(W x + U h + b), g = tanh(W x + U h + b), each with its own W, U, b
           c' = f * c + i * g,   h' = o * tanh(c')
    GRU    r, z = sigma(W x + U h + b),   n = tanh(W x + b + r * (U h + b)),   h' = (1 - z) * n + z * h

Why: over k steps the RNN's gradient is a product of k Jacobians diag(1 - h'^2) U, so it shrinks
or grows exponentially. The LSTM's cell is updated by addition: the direct derivative dc'/dc is f, with
no matrix and no tanh. The product of the f decays too, but slowly near 1: hence a forget bias of 1 or more.

Papers: Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997; Gers, Schmidhuber and Cummins,
"Learning to Forget", 2000 (the forget gate); Cho et al., "Learning Phrase Representations using RNN
Encoder-Decoder", 2014 (GRU); Jozefowicz, Zaremba and Sutskever, "An Empirical Exploration of
Recurrent Network Architectures", 2015 (the forget gate's bias).

Run: python corpus/code/recurrent_cells.py    (the gradient by distance; recalling the first input)
"""

# mypy: allow-untyped-calls

from typing import TYPE_CHECKING, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Gates(NamedTuple):
    """The four blocks of an LSTM, each (B, H): three gates in (0, 1) and the candidate in (-1, 1)."""

    input: Tensor
    forget: Tensor
    candidate: Tensor
    output: Tensor


class Cell(nn.Module):
    """What the three cells share: `blocks` linear maps from the input and as many from the state."""

    blocks, states = 1, 1

    def __init__(self, input_dim: int, hidden_dim: int) -> None:
        """Stack the blocks in one matrix for the input and one for the state, in PyTorch's order."""
        super().__init__()
        if min(input_dim, hidden_dim) < 1:
            raise ValueError("input_dim and hidden_dim must be at least 1")
        self.input_dim, self.hidden_dim = input_dim, hidden_dim
        self.from_input = nn.Linear(input_dim, self.blocks * hidden_dim)
        self.from_state = nn.Linear(hidden_dim, self.blocks * hidden_dim)  # the second bias, as in PyTorch
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -(hidden_dim**-0.5), hidden_dim**-0.5)

    def step(self, x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Map x (B, input_dim) and the state, (h,) or (h, c) of (B, H) each, to the next one."""
        raise NotImplementedError

    def forward(self, inputs: Tensor) -> Tensor:
        """Run over (T, B, input_dim) from the zero state; return the last h (B, H)."""
        if inputs.dim() != 3 or inputs.shape[2] != self.input_dim or len(inputs) == 0:
            raise ValueError(f"expected inputs (T, B, {self.input_dim}), T >= 1, got {tuple(inputs.shape)}")
        state = (inputs.new_zeros(inputs.shape[1], self.hidden_dim),) * self.states
        for x in inputs:
            state = self.step(x, state)
        return state[0]


class RNNCell(Cell):
    """The plain cell: the whole state is overwritten at every step."""

    def step(self, x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return (torch.tanh(self.from_input(x) + self.from_state(state[0])),)


class LSTMCell(Cell):
    """Two states: the cell c, kept and added to; and h, the part of it that is shown."""

    blocks, states = 4, 2

    def __init__(self, input_dim: int, hidden_dim: int, forget_bias: float = 1.0) -> None:
        """Start the forget gate at about sigma(forget_bias): 0.5 for 0, 0.73 for 1, 0.95 for 3."""
        super().__init__(input_dim, hidden_dim)
        self.from_input.bias.data[hidden_dim : 2 * hidden_dim] = forget_bias
        self.from_state.bias.data[hidden_dim : 2 * hidden_dim] = 0.0  # the two biases add up

    def gates(self, x: Tensor, h: Tensor) -> Gates:
        """Return the gates and the candidate; none of them sees the cell c."""
        i, f, g, o = (self.from_input(x) + self.from_state(h)).chunk(4, dim=-1)
        return Gates(input=i.sigmoid(), forget=f.sigmoid(), candidate=g.tanh(), output=o.sigmoid())

    def step(self, x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        h, c = state
        gates = self.gates(x, h)
        c = gates.forget * c + gates.input * gates.candidate  # keep some of the old, write some of the new
        return gates.output * torch.tanh(c), c


class GRUCell(Cell):
    """No separate cell, and one gate z that both keeps (z) and writes (1 - z)."""

    blocks = 3

    def step(self, x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        x_reset, x_update, x_new = self.from_input(x).chunk(3, dim=-1)
        h_reset, h_update, h_new = self.from_state(state[0]).chunk(3, dim=-1)
        reset, update = torch.sigmoid(x_reset + h_reset), torch.sigmoid(x_update + h_update)
        candidate = torch.tanh(x_new + reset * h_new)  # PyTorch's order; Cho et al. have U (r * h)
        return ((1 - update) * candidate + update * state[0],)


def parameter_count(blocks: int, input_dim: int, hidden_dim: int, layers: int = 1, bidirectional: bool = False) -> int:
    """Return the parameters of PyTorch's RNN (1 block), GRU (3) or LSTM (4), whatever the sequence length."""
    if blocks not in (1, 3, 4):
        raise ValueError("blocks is 1 (RNN), 3 (GRU) or 4 (LSTM)")
    directions, total = 2 if bidirectional else 1, 0
    for _ in range(layers):
        # A block: a matrix for the input, one for the state, and PyTorch's two biases.
        total += directions * blocks * hidden_dim * (input_dim + hidden_dim + 2)
        input_dim = directions * hidden_dim  # the next layer reads both directions, joined
    return total


def gradient_norms(cell: Cell, steps: int, batch_size: int = 16, seed: int = 0) -> Tensor:
    """Return (steps,): entry k is the mean norm of d(direction . h_T) / d(x_{T-k}) on random inputs."""
    torch.manual_seed(seed)
    inputs = torch.randn(steps, batch_size, cell.input_dim, requires_grad=True)
    direction = F.normalize(torch.randn(batch_size, cell.hidden_dim), dim=1)
    gradient: Tensor = torch.autograd.grad((cell(inputs) * direction).sum(), inputs)[0]  # samples do not mix
    return gradient.square().sum(dim=2).sqrt().mean(dim=1).flip(0)


def build_cells(input_dim: int = 4, hidden_dim: int = 32) -> dict[str, Cell]:
    """Return the cells to compare, untrained."""
    torch.manual_seed(0)
    large = RNNCell(input_dim, hidden_dim)
    large.from_state.weight.data *= 4
    cells: dict[str, Cell] = {"RNN": RNNCell(input_dim, hidden_dim), "RNN, U times 4": large}
    cells |= {f"LSTM, forget bias {bias}": LSTMCell(input_dim, hidden_dim, bias) for bias in (0, 3)}
    return cells | {"GRU": GRUCell(input_dim, hidden_dim)}


def recall_accuracy(cell: Cell, delay: int = 40, iterations: int = 60) -> float:
    """Train the cell to name the first of `delay` inputs (one of 4, then noise); return held-out accuracy."""
    torch.manual_seed(1)
    model = nn.Sequential(cell, nn.Linear(cell.hidden_dim, 4))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    hits: list[Tensor] = []
    for iteration in range(iterations + 5):  # every batch is new; the last five are the test
        labels = torch.randint(4, (32,))
        inputs = 0.3 * torch.randn(delay, 32, cell.input_dim)
        inputs[0, :, :4] += 4 * F.one_hot(labels, 4)
        logits = model(inputs)
        if iteration >= iterations:
            hits.append((logits.argmax(dim=1) == labels).float().mean())
            continue
        optimizer.zero_grad()
        F.cross_entropy(logits, labels).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)  # against explosion
        optimizer.step()
    return torch.stack(hits).mean().item()


def plot() -> "Figure":
    """Draw the gradient's norm against the distance in time, on a logarithmic scale."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = figure.subplots()
    for (name, cell), style in zip(build_cells().items(), ("-", "--", "-", "--", ":"), strict=True):
        axes.semilogy(gradient_norms(cell, 60).numpy(), style, label=name, linewidth=2)
    axes.set(title="How far back the last state's gradient reaches, before training")
    axes.set(xlabel="steps back in time, k", ylabel="norm of the gradient at that input")
    axes.legend()
    return figure


def main() -> None:
    """Count parameters, follow the gradient back through time, and train on a long delay."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    counts = [f"{parameter_count(blocks, 128, 256):,}" for blocks in (1, 3, 4)]
    print("parameters, 128 inputs and 256 hidden units: RNN {}, GRU {}, LSTM {}".format(*counts))
    print(f"  LSTM of two bidirectional layers: {parameter_count(4, 128, 256, 2, True):,}")
    print(f"{'before training, norm of the gradient':<39} k = 0    k = 20   k = 40 steps back")
    cells = build_cells()
    for name, cell in cells.items():
        norms = gradient_norms(cell, 41)
        print(f"  {name:<36} {norms[0]:.1e}  {norms[20]:.1e}  {norms[40]:.1e}")
    print("60 steps of training to recall the first of 40 inputs, held-out accuracy (chance is 0.25):")
    for name in ("RNN", "LSTM, forget bias 0", "LSTM, forget bias 3"):
        print(f"  {name:<36} {recall_accuracy(cells[name]):.2f}")


if __name__ == "__main__":
    main()
