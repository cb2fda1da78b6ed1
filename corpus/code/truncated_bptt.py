"""Truncated back-propagation through time: training an RNN on a stream too long to unroll.

What: the stream is cut into segments. After each one the loss goes back through that segment only and
the weights move. The VALUE of the state is carried into the next segment, its history is not:

    state = detach(state);  loss(segment, state).backward();  clip;  step

Why: back-propagation keeps the activations of every step, so memory grows with the length, and there
would be one update per pass over the text. Detached, memory is that of one segment.

What is lost: the gradient is biased. A dependency longer than the segment gets no direct training
signal, although the carried state could hold it. Not carrying the state at all loses more: at every
border the model forgets what it has just read.

The batch: each row is one continuous stretch of text, and row i of a segment goes on in row i of the
next. Segments are not shuffled, or the carried state would belong to other text.

Papers: Williams and Peng, "An Efficient Gradient-Based Algorithm for On-Line Training of Recurrent
Network Trajectories", 1990; Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent
neural networks", 2013 (clipping by the norm).

Run: python corpus/code/truncated_bptt.py    (a generated stream whose questions look back)
"""

# mypy: allow-untyped-calls

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

State = tuple[Tensor, Tensor]  # an LSTM's hidden state and cell, each (1, B, H)
KEYS, FILLERS = 4, 4
ASK = KEYS + FILLERS  # the tokens: keys 0..3, fillers 4..7, and the question mark
VOCAB_SIZE = ASK + 1


class LanguageModel(nn.Module):
    """Embedding, LSTM, and at every step the logits of the next token."""

    def __init__(self, vocab_size: int = VOCAB_SIZE, embed_dim: int = 16, hidden_dim: int = 48) -> None:
        """A forget gate that starts open lets the state live longer than its first few steps."""
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.rnn = nn.LSTM(embed_dim, hidden_dim, batch_first=True)
        self.rnn.get_parameter("bias_ih_l0").data[hidden_dim : 2 * hidden_dim] = 1.0  # PyTorch's order: i, f, g, o
        self.fc = nn.Linear(hidden_dim, vocab_size)

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Map tokens (B, T) and the state before them to logits (B, T, V) and the state after them."""
        output, state = self.rnn(self.embedding(tokens), state)  # no state: zeros
        return self.fc(output), state


def to_rows(stream: Tensor, rows: int) -> Tensor:
    """Cut one long stream (N,) into `rows` continuous stretches (rows, N // rows)."""
    if stream.dim() != 1 or not 1 <= rows <= len(stream) // 2:
        raise ValueError(f"cannot cut a stream of shape {tuple(stream.shape)} into {rows} rows of 2 or more")
    return stream[: len(stream) // rows * rows].view(rows, -1)


def segments(rows: Tensor, length: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield inputs and targets (B, length), in order; the targets are the inputs one step later."""
    if length < 1:
        raise ValueError("a segment needs at least one step")
    for start in range(0, rows.shape[1] - 1, length):
        end = min(start + length, rows.shape[1] - 1)
        yield rows[:, start:end], rows[:, start + 1 : end + 1]


def detach(state: State) -> State:
    """Return the same numbers without their history: backward stops here."""
    hidden, cell = state
    return hidden.detach(), cell.detach()


def train_pass(
    model: LanguageModel,
    optimizer: torch.optim.Optimizer,
    rows: Tensor,
    length: int,
    *,
    carry: bool = True,
    max_norm: float = 1.0,
) -> tuple[float, list[float]]:
    """Go over the text once; return the mean loss and each segment's gradient norm before clipping."""
    model.train()
    state: State | None = None
    total, norms = 0.0, []
    for inputs, targets in segments(rows, length):
        state = detach(state) if carry and state is not None else None
        logits, state = model(inputs, state)
        loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
        optimizer.zero_grad()
        loss.backward()  # without detach: "Trying to backward through the graph a second time"
        # One factor for the whole gradient if its norm exceeds max_norm, so the direction stays. The norm
        # before clipping is worth logging: its spikes are the explosions.
        norms.append(nn.utils.clip_grad_norm_(model.parameters(), max_norm).item())
        optimizer.step()
        total += loss.item() * targets.numel()
    return total / (rows.shape[0] * (rows.shape[1] - 1)), norms


def look_back_stream(count: int, distance: int, seed: int) -> Tensor:
    """Return `count` records as one stream: a key, fillers, ASK, and `distance` steps after the key, it again."""
    if distance < 2:
        raise ValueError("the distance from the key to its repetition is at least 2")
    generator = torch.Generator().manual_seed(seed)
    key = torch.randint(KEYS, (count, 1), generator=generator)
    fillers = KEYS + torch.randint(FILLERS, (count, distance - 2), generator=generator)
    return torch.cat((key, fillers, torch.full((count, 1), ASK), key), dim=1).flatten()


def answer_accuracy(model: LanguageModel, rows: Tensor, length: int, *, carry: bool = True) -> float:
    """Return the share of questions answered right, reading in segments of `length`; chance is 1 / KEYS."""
    model.eval()
    state: State | None = None
    right = asked = 0
    with torch.inference_mode():
        for inputs, targets in segments(rows, length):
            logits, state = model(inputs, state if carry else None)
            questions = inputs == ASK
            right += int((logits.argmax(dim=2) == targets)[questions].sum())
            asked += int(questions.sum())
    return right / asked


def main() -> None:
    """Compare resetting and carrying the state, and segments longer and shorter than the dependency."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    print("held-out share of questions, whose answer stood 10 steps back, answered right (chance is 0.25):")
    distance = 10
    for length, carry in ((20, False), (20, True), (8, True)):
        count = 32 * 200 * length // (distance + 1)  # 200 segments of 32 rows, whatever their length
        rows = to_rows(look_back_stream(count, distance, seed=0), 32)
        test_rows = to_rows(look_back_stream(2000, distance, seed=1), 20)
        torch.manual_seed(0)
        model = LanguageModel()
        _, norms = train_pass(model, torch.optim.Adam(model.parameters(), lr=2e-2), rows, length, carry=carry)
        score = answer_accuracy(model, test_rows, length, carry=carry)
        print(f"  segments of {length:>2}, state {'carried' if carry else 'reset  '}: {score:.3f}", end="")
        print(
            f"   (gradient norm before clipping: median {torch.tensor(norms).median():.2f}, largest {max(norms):.2f})"
        )


if __name__ == "__main__":
    main()
