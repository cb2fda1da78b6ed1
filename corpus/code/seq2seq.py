"""Encoder-decoder with attention: one sequence is read, another of a different length is written.

What: an encoder RNN reads the source; a decoder RNN writes the target, one token at a time, from its
own state s and a context vector. The first models had one vector for the whole sentence, and longer
sentences lost more. Attention makes a context for every step, from all encoder states h_j:

    score_j = v . tanh(W s + U h_j),   a = softmax(score) over the real source tokens,   c = sum_j a_j h_j

Why it helps: nothing has to fit one vector, the path from an output to its source word is short, and
the weights a can be read as a soft alignment.

Teacher forcing: in training the decoder reads the true previous token, whatever it would have said
itself: fast and stable. In use it reads its own output, so an error leads to prefixes it has never
seen (exposure bias). Scheduled sampling mixes its own tokens in; its objective is not consistent.

Papers: Sutskever, Vinyals and Le, "Sequence to Sequence Learning with Neural Networks", 2014;
Bahdanau, Cho and Bengio, "Neural Machine Translation by Jointly Learning to Align and Translate",
2015; Bengio et al., "Scheduled Sampling for Sequence Prediction with Recurrent Neural Networks", 2015.

Run: python corpus/code/seq2seq.py    (writes a sequence of letters backwards)
"""

# mypy: allow-untyped-calls

import math
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAD, START, END = 0, 1, 2
FIRST_LETTER, VOCAB_SIZE = 3, 15  # twelve letters


class AdditiveAttention(nn.Module):
    """Bahdanau's attention: a small network scores each encoder state against the decoder's."""

    def __init__(self, hidden_dim: int) -> None:
        """The three weights of the score; hidden_dim is the width of s, of h_j and inside."""
        super().__init__()
        self.from_decoder = nn.Linear(hidden_dim, hidden_dim, bias=False)  # W
        self.from_encoder = nn.Linear(hidden_dim, hidden_dim, bias=False)  # U
        self.score = nn.Linear(hidden_dim, 1, bias=False)  # v

    def forward(self, s: Tensor, encoded: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        """Map s (B, H), encoder states (B, S, H) and real (B, S) to context (B, H) and weights (B, S)."""
        if not real.any(dim=1).all():
            raise ValueError("every source needs at least one real token")
        hidden = torch.tanh(self.from_decoder(s).unsqueeze(1) + self.from_encoder(encoded))  # (B, S, H)
        scores = self.score(hidden).squeeze(2).masked_fill(~real, -math.inf)
        weights = scores.softmax(dim=1)
        return (weights.unsqueeze(1) @ encoded).squeeze(1), weights


class Seq2Seq(nn.Module):
    """A GRU that reads in both directions and a cell that writes; without attention the context never changes."""

    def __init__(self, vocab_size: int = VOCAB_SIZE, hidden_dim: int = 32, use_attention: bool = True) -> None:
        """`use_attention=False` is the model of 2014: one vector must hold the whole source."""
        super().__init__()
        self.source_embedding = nn.Embedding(vocab_size, hidden_dim, padding_idx=PAD)
        self.encoder = nn.GRU(hidden_dim, hidden_dim // 2, batch_first=True, bidirectional=True)
        self.target_embedding = nn.Embedding(vocab_size, hidden_dim)
        self.decoder = nn.GRUCell(2 * hidden_dim, hidden_dim)  # reads the previous token and the context
        self.attention = AdditiveAttention(hidden_dim) if use_attention else None
        self.fc = nn.Linear(2 * hidden_dim, vocab_size)

    def encode(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """Map source (B, S), right-padded, to all states (B, S, H) and the two last ones, joined (B, H)."""
        lengths = (source != PAD).sum(dim=1)
        if lengths.min() < 1:
            raise ValueError("every source needs at least one real token")
        packed = pack_padded_sequence(
            self.source_embedding(source), lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        states, last = self.encoder(packed)
        encoded = pad_packed_sequence(states, batch_first=True, total_length=source.shape[1])[0]
        return encoded, torch.cat(tuple(last), dim=1)

    def forward(
        self, source: Tensor, steps: int, gold: Tensor | None = None, forcing: float = 1.0
    ) -> tuple[Tensor, Tensor]:
        """Return logits (B, steps, V) and alignment (B, steps, S).

        With gold targets (B, steps), each step reads the true previous token with probability `forcing`
        and its own best guess otherwise; without, it always reads its own guess.
        """
        if not 0 <= forcing <= 1 or (gold is not None and gold.shape != (len(source), steps)):
            raise ValueError("forcing must lie in [0, 1] and gold be (B, steps)")
        encoded, state = self.encode(source)
        real, context = source != PAD, state  # without attention the context stays the last encoder state
        weights = torch.zeros(real.shape)
        token = torch.full((len(source),), START)
        logits, alignment = [], []
        for step in range(steps):
            if self.attention is not None:
                context, weights = self.attention(state, encoded, real)
            state = self.decoder(torch.cat((self.target_embedding(token), context), dim=1), state)
            logits.append(self.fc(torch.cat((state, context), dim=1)))
            alignment.append(weights)
            token = logits[-1].argmax(dim=1)  # its own guess; no gradient passes through it
            if gold is not None:
                token = torch.where(torch.rand(len(source)) < forcing, gold[:, step], token)
        return torch.stack(logits, dim=1), torch.stack(alignment, dim=1)


def reversal(count: int, shortest: int, longest: int, seed: int) -> tuple[Tensor, Tensor]:
    """Draw letters (count, longest) and their reversal with END (count, longest + 1), both right-padded."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(shortest, longest + 1, (count, 1), generator=generator)
    source = torch.randint(FIRST_LETTER, VOCAB_SIZE, (count, longest), generator=generator)
    places = torch.arange(longest + 1)
    source = source.masked_fill(places[:-1] >= lengths, PAD)
    target = source.gather(1, (lengths - 1 - places).clamp(min=0))
    return source, target.masked_fill(places > lengths, PAD).masked_fill(places == lengths, END)


def train(model: Seq2Seq, iterations: int, longest: int, forcing_end: float = 1.0, seed: int = 0) -> None:
    """Fit the model in place on fresh sequences; teacher forcing falls linearly from 1 to `forcing_end`."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for iteration in range(iterations):
        source, target = reversal(32, 3, longest, seed + 1000 + iteration)
        forcing = 1 + (forcing_end - 1) * iteration / iterations
        logits, _ = model(source, target.shape[1], target, forcing)
        loss = F.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=PAD)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()


def accuracy(model: Seq2Seq, source: Tensor, target: Tensor, forced: bool = False) -> tuple[float, float]:
    """Return the share of tokens and of whole sequences that are right; `forced` reads the true prefix."""
    model.eval()
    with torch.inference_mode():
        logits, _ = model(source, target.shape[1], target if forced else None)
    right = (logits.argmax(dim=2) == target) | (target == PAD)  # what comes after END does not count
    share = right[target != PAD].float().mean()
    return share.item(), right.all(dim=1).float().mean().item()


def plot() -> "Figure":
    """Train with attention and draw which letter is read (across) when each is written (down)."""
    from matplotlib.figure import Figure

    torch.manual_seed(0)
    model = Seq2Seq()
    train(model, 150, longest=7)
    source, _ = reversal(1, 7, 7, seed=1)
    with torch.inference_mode():
        logits, alignment = model(source, 8)
    figure = Figure(figsize=(6.4, 5.4), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(alignment[0].numpy(), cmap="viridis", vmin=0, vmax=1)
    names = {END: "END"} | {FIRST_LETTER + i: letter for i, letter in enumerate("abcdefghijkl")}
    axes.set_xticks(range(7), [names[i] for i in source[0].tolist()])
    axes.set_yticks(range(8), [names.get(i, "?") for i in logits[0].argmax(dim=1).tolist()])
    axes.set(title="Attention learns to read from the end", xlabel="letter read", ylabel="token written")
    figure.colorbar(image, label="attention weight")
    return figure


def main() -> None:
    """Compare a fixed vector with attention, and the true prefix with the model's own; measure the alignment."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    source, target = reversal(500, 3, 7, seed=1)
    print("writing 3 to 7 letters backwards, held out, share of tokens right after the true and after its own prefix:")
    models = {"one vector": (False, 1.0), "attention": (True, 1.0), "attention, scheduled sampling": (True, 0.5)}
    for name, (use_attention, forcing_end) in models.items():
        torch.manual_seed(0)
        model = Seq2Seq(use_attention=use_attention)
        train(model, 150, longest=7, forcing_end=forcing_end)
        (forced, _), (free, whole) = accuracy(model, source, target, forced=True), accuracy(model, source, target)
        print(f"  {name:<30} true {forced:.3f}   own {free:.3f}   (whole sequences {whole:.3f})")
    with torch.inference_mode():
        _, alignment = model(source, 8)
    lengths, steps = (source != PAD).sum(dim=1, keepdim=True), torch.arange(8)
    off = (alignment.argmax(dim=2) - (lengths - 1 - steps)).abs()[steps < lengths]
    print(f"attends most to the mirrored place: {(off == 0).float().mean():.2f}, to it or its neighbour ", end="")
    print(f"(whose state has read the letter too): {(off <= 1).float().mean():.2f}")


if __name__ == "__main__":
    main()
