"""A recurrent classifier (LSTM or GRU) for sequences of different lengths.

What: a recurrent cell reads one token at a time and carries a state; the state after the last
token is a summary of the whole sequence, in order. A linear layer classifies it.

Why the last step needs care: a batch is padded to its longest sequence, and the cell goes on
updating its state over the padding. `output[:, -1]` is thus the state after the padding, and a
sequence's answer would depend on its neighbours in the batch. Packing stops each sequence at its
own length.

Papers: Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997;
Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", 2014 (GRU).

Run: python corpus/code/rnn.py    (a generated task: which of two marker tokens came first?)
"""

# mypy: allow-untyped-calls

from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

PAD, MARK_A, MARK_B = 0, 1, 2
VOCAB_SIZE = 10  # the tokens 3..9 are filler


def pad_batch(sequences: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Pad token sequences to the longest: tokens (B, T) filled with PAD, and lengths (B,)."""
    if not sequences:
        raise ValueError("a batch needs at least one sequence")
    if any(sequence.dim() != 1 or len(sequence) == 0 for sequence in sequences):
        raise ValueError("every sequence must be a non-empty vector of tokens")
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    return pad_sequence(list(sequences), batch_first=True, padding_value=PAD), lengths


class SequenceClassifier(nn.Module):
    """Embedding, LSTM or GRU, and a linear layer on the state at the true last step."""

    def __init__(
        self,
        vocab_size: int,
        embed_dim: int,
        hidden_dim: int,
        num_classes: int,
        cell: Literal["lstm", "gru"] = "lstm",
        bidirectional: bool = False,
    ) -> None:
        """Token 0 is padding; a bidirectional model classifies 2 * hidden_dim features."""
        super().__init__()
        cells: dict[str, type[nn.LSTM] | type[nn.GRU]] = {"lstm": nn.LSTM, "gru": nn.GRU}
        if cell not in cells:
            raise ValueError(f"cell must be one of {sorted(cells)}, not {cell!r}")
        self.embedding = nn.Embedding(vocab_size, embed_dim, padding_idx=PAD)
        self.rnn = cells[cell](embed_dim, hidden_dim, batch_first=True, bidirectional=bidirectional)
        self.fc = nn.Linear(hidden_dim * (2 if bidirectional else 1), num_classes)

    def last_state(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Return the hidden state (B, directions * hidden_dim) at each sequence's own end.

        The backward direction ends at the first token, having started at the true last one.
        """
        if tokens.dim() != 2 or lengths.shape != tokens.shape[:1] or len(tokens) == 0:
            raise ValueError(
                f"expected tokens (B, T) and lengths (B,), B >= 1; got {tuple(tokens.shape)} and {tuple(lengths.shape)}"
            )
        if lengths.min() < 1 or lengths.max() > tokens.shape[1]:
            raise ValueError(f"every length must lie in 1..{tokens.shape[1]}")
        packed = pack_padded_sequence(
            self.embedding(tokens),  # (B, T, embed_dim)
            lengths.cpu(),  # packing is planned on the CPU, wherever the model runs
            batch_first=True,
            enforce_sorted=False,  # sorts by length inside, and restores the order
        )
        _, state = self.rnn(packed)
        # An LSTM returns (hidden, cell); the hidden state is what the cell shows to the outside.
        hidden: Tensor = state[0] if isinstance(state, tuple) else state  # (directions, B, H)
        return torch.cat(tuple(hidden), dim=1)

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Map padded tokens (B, T) and their lengths (B,) to logits (B, num_classes)."""
        logits: Tensor = self.fc(self.last_state(tokens, lengths))
        return logits


def train(
    model: SequenceClassifier,
    sequences: Sequence[Tensor],
    labels: Tensor,
    *,
    epochs: int = 10,
    batch_size: int = 64,
    lr: float = 5e-3,
    seed: int = 0,
) -> list[float]:
    """Fit the model in place; return the mean training loss of each epoch."""
    if not sequences or len(sequences) != len(labels):
        raise ValueError(f"need as many labels as sequences: {len(labels)}, {len(sequences)}")
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    shuffle = torch.Generator().manual_seed(seed)
    history: list[float] = []
    model.train()
    for _ in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(sequences), generator=shuffle).split(batch_size):
            tokens, lengths = pad_batch([sequences[i] for i in batch.tolist()])
            loss = F.cross_entropy(model(tokens, lengths), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            # Gates keep the gradient from vanishing; nothing in the cell keeps it from exploding.
            nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
            optimizer.step()
            total += loss.item() * len(batch)
        history.append(total / len(sequences))
    return history


def accuracy(model: SequenceClassifier, sequences: Sequence[Tensor], labels: Tensor) -> float:
    """Return the share of sequences whose largest logit is at the true class."""
    model.eval()
    with torch.inference_mode():
        predictions = model(*pad_batch(sequences)).argmax(dim=1)
    return float((predictions == labels).float().mean())


def marker_order(count: int, seed: int, min_length: int = 2, max_length: int = 20) -> tuple[list[Tensor], Tensor]:
    """Draw sequences with one A and one B among filler; the label is 1 if A comes first."""
    generator = torch.Generator().manual_seed(seed)
    sequences: list[Tensor] = []
    labels = torch.arange(count) % 2  # half of each: whatever ignores order is at chance
    for i in range(count):
        length = int(torch.randint(min_length, max_length + 1, (), generator=generator))
        tokens = torch.randint(MARK_B + 1, VOCAB_SIZE, (length,), generator=generator)
        places = torch.randperm(length, generator=generator)[:2].sort().values
        tokens[places] = torch.tensor([MARK_A, MARK_B] if labels[i] else [MARK_B, MARK_A])
        sequences.append(tokens)
    return sequences, labels


def bag_of_words_accuracy(train_set: tuple[list[Tensor], Tensor], test_set: tuple[list[Tensor], Tensor]) -> float:
    """Return the test accuracy of logistic regression on token counts, which have no order."""

    def counts(sequences: list[Tensor]) -> Tensor:
        return torch.stack([tokens.bincount(minlength=VOCAB_SIZE) for tokens in sequences])

    baseline = LogisticRegression(max_iter=1000)
    baseline.fit(counts(train_set[0]).numpy(), train_set[1].numpy())
    return float(baseline.score(counts(test_set[0]).numpy(), test_set[1].numpy()))


def main() -> None:
    """Train an LSTM and a GRU on a task that only order can solve."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    train_set, test_set = marker_order(2000, seed=0), marker_order(1000, seed=1)
    baseline = bag_of_words_accuracy(train_set, test_set)
    print(f"held-out accuracy, bag of words: {baseline:.3f} (chance is 0.5)")
    cells: tuple[Literal["lstm", "gru"], ...] = ("lstm", "gru")
    for cell in cells:
        torch.manual_seed(0)
        model = SequenceClassifier(VOCAB_SIZE, 16, 32, num_classes=2, cell=cell)
        history = train(model, *train_set)
        score = accuracy(model, *test_set)
        print(f"held-out accuracy, {cell}: {score:.3f} (training loss {history[-1]:.3f})")
    longer = accuracy(model, *marker_order(1000, seed=2, min_length=40, max_length=60))
    print(f"the gru on sequences of 40 to 60 tokens, longer than any it trained on: {longer:.3f}")
    tokens, lengths = pad_batch(test_set[0][:100])
    with torch.inference_mode():
        shift = model(F.pad(tokens, (0, 10)), lengths) - model(tokens, lengths)
    print(f"largest change in a logit when 10 more padding tokens follow: {shift.abs().max():.1e}")


if __name__ == "__main__":
    main()
