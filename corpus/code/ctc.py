"""CTC: learn to write a text from frames without being told which frame belongs to which letter.

What: every frame emits a letter or the blank; a path is one symbol per frame. Merge repeats, then drop the
blanks: "aa-ab" (- is the blank) is "aab". The probability of a text is the sum over all paths that
collapse to it, and the loss is minus its logarithm. There are V^T paths, but the sum is a dynamic
programme over the text with blanks between, s = - a - b -  (2 L + 1 places), left to right:

    alpha_t(s) = p_t(symbol at s) * (alpha_{t-1}(s) + alpha_{t-1}(s-1) + [may skip] alpha_{t-1}(s-2))

where the blank at s-1 may be skipped if s is a letter that differs from the letter at s-2: two equal
letters need a blank between. The cost is O(T L).

Decoding: the best symbol in each frame (greedy) gives the best PATH, which need not be the best text.
Prefix beam search adds up the paths of the same text. Limits: given the input, frames do not depend on
one another (no language model inside), the order is kept, and a text is no longer than its frames.

Papers: Graves, Fernandez, Gomez and Schmidhuber, "Connectionist Temporal Classification: Labelling
Unsegmented Sequence Data with Recurrent Neural Networks", 2006; Hannun, Maas, Jurafsky and Ng,
"First-Pass Large Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent DNNs", 2014.

Run: python corpus/code/ctc.py    (reads strips of handwritten digits, column by column)
"""

# mypy: allow-untyped-calls

import itertools
from collections import defaultdict
from collections.abc import Sequence

import torch
from sklearn.datasets import load_digits  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor, nn

BLANK = 0
NEVER = -1e30  # log 0; minus infinity itself would give NaN gradients (inf - inf) in logsumexp


def collapse(path: Sequence[int]) -> tuple[int, ...]:
    """Merge repeats, then drop the blanks, in this order."""
    return tuple(symbol for symbol, _ in itertools.groupby(path) if symbol != BLANK)


def ctc_loss(log_probs: Tensor, targets: Tensor, frames: Tensor, letters: Tensor) -> Tensor:
    """Return -log p(text) (B,) from log_probs (T, B, V), targets (B, L) and the true lengths of both, (B,) each."""
    if (targets == BLANK).logical_and(torch.arange(targets.shape[1]) < letters.unsqueeze(1)).any():
        raise ValueError("a text holds letters, not the blank")
    if frames.min() < 1 or frames.max() > len(log_probs) or letters.max() > targets.shape[1]:
        raise ValueError("a length exceeds its tensor, or there is no frame")
    places = torch.full((len(targets), 2 * targets.shape[1] + 1), BLANK)  # - a - b - ... (B, S)
    places[:, 1::2] = targets
    may_skip = torch.zeros_like(places, dtype=torch.bool)
    may_skip[:, 3::2] = targets[:, 1:] != targets[:, :-1]
    emitted = log_probs.gather(2, places.expand(len(log_probs), -1, -1))  # (T, B, S): log p of each place's symbol

    alpha = torch.full(places.shape, NEVER, dtype=log_probs.dtype)
    alpha = torch.cat((emitted[0, :, :2], alpha[:, 2:]), dim=1)  # a path starts with the blank or the first letter
    for t in range(1, len(log_probs)):
        padded = nn.functional.pad(alpha, (2, 0), value=NEVER)
        stay, step, skip = padded[:, 2:], padded[:, 1:-1], padded[:, :-2].masked_fill(~may_skip, NEVER)
        moved = torch.stack((stay, step, skip)).logsumexp(dim=0) + emitted[t]
        alpha = torch.where((t < frames).unsqueeze(1), moved, alpha)  # a shorter sample has ended
    # A path ends at the last letter or at the blank behind it; an empty text has only the blank.
    ends = torch.stack((2 * letters, (2 * letters - 1).clamp(min=0)), dim=1)
    final = alpha.gather(1, ends)
    final = torch.stack((final[:, 0], final[:, 1].masked_fill(letters == 0, NEVER)), dim=1)
    log_p = final.logsumexp(dim=1)
    if (log_p < NEVER / 2).any():
        raise ValueError("a text does not fit: it needs a frame per letter, and one between equal neighbours")
    return -log_p


def greedy_decode(log_probs: Tensor) -> tuple[int, ...]:
    """Collapse the best symbol of each frame; log_probs (T, V)."""
    return collapse(log_probs.argmax(dim=1).tolist())


def prefix_beam_search(log_probs: Tensor, width: int) -> list[tuple[tuple[int, ...], float]]:
    """Return the `width` best texts with their probabilities (of the paths that stayed in the beam).

    For each text so far the mass of paths that end in a blank and of those that end in its last letter are
    kept apart: the same letter again extends the text after a blank, and repeats the letter otherwise.
    """
    if width < 1:
        raise ValueError("the beam holds at least one text")
    beam: dict[tuple[int, ...], tuple[float, float]] = {(): (1.0, 0.0)}  # text: (ends in blank, ends in letter)
    for frame in log_probs.exp().tolist():
        grown: defaultdict[tuple[int, ...], list[float]] = defaultdict(lambda: [0.0, 0.0])
        for text, (blank, letter) in beam.items():
            for symbol, p in enumerate(frame):
                if symbol == BLANK:
                    grown[text][0] += p * (blank + letter)
                elif text and symbol == text[-1]:
                    grown[text][1] += p * letter  # aa is a
                    if blank > 0:  # else no path parts the two
                        grown[(*text, symbol)][1] += p * blank  # a-a is aa
                else:
                    grown[(*text, symbol)][1] += p * (blank + letter)
        best = sorted(grown.items(), key=lambda item: -sum(item[1]))[:width]
        beam = {text: (blank, letter) for text, (blank, letter) in best}
    return [(text, blank + letter) for text, (blank, letter) in beam.items()]


class StripReader(nn.Module):
    """A recurrent network over the columns of an image, which ends in a distribution per column."""

    def __init__(self, hidden_dim: int = 48) -> None:
        """Columns of 8 pixels; ten digits and the blank, which is number 0."""
        super().__init__()
        self.rnn = nn.GRU(8, hidden_dim, bidirectional=True)
        self.fc = nn.Linear(2 * hidden_dim, 11)

    def forward(self, columns: Tensor) -> Tensor:
        """Map columns (T, B, 8) to log probabilities (T, B, 11)."""
        logits: Tensor = self.fc(self.rnn(columns)[0])
        return logits.log_softmax(dim=2)


def strips(images: Tensor, labels: Tensor, count: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Draw strips of 24 columns (24, count, 8) with 1 to 3 digits, texts (count, 3), and their lengths."""
    generator = torch.Generator().manual_seed(seed)
    picks = torch.randint(len(images), (count, 3), generator=generator)
    letters = torch.randint(1, 4, (count,), generator=generator)
    shown = torch.arange(3) < letters.unsqueeze(1)
    texts = (labels[picks] + 1).masked_fill(~shown, BLANK)  # digit d is symbol d + 1
    drawn = images[picks] * shown[:, :, None, None]  # (count, 3, 8, 8): blank paper where nothing is shown
    return drawn.permute(1, 3, 0, 2).flatten(0, 1), texts, letters


def main() -> None:
    """Work an example by hand, then train a reader and compare greedy and beam decoding."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    frames = torch.tensor([[0.6, 0.4], [0.6, 0.4]]).log()  # two frames, each blank 0.6 and a 0.4
    both = frames[:, None].expand(-1, 2, -1)
    nothing, a = (-ctc_loss(both, torch.tensor([[1], [1]]), torch.tensor([2, 2]), torch.tensor([0, 1]))).exp().tolist()
    print(f"two frames, blank 0.6 and a 0.4: p(a) = {a:.2f}, p(nothing) = {nothing:.2f}")
    best, p = prefix_beam_search(frames, 2)[0]
    print(f"  greedy finds {greedy_decode(frames)} with the best path; the beam finds {best} with {p:.2f} (1 is a)")

    torch.manual_seed(0)
    data = load_digits()
    images, labels = torch.tensor(data.images, dtype=torch.float32) / 16, torch.tensor(data.target)
    model, frame_counts = StripReader(), torch.full((32,), 24)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(350):
        columns, texts, letters = strips(images[:1300], labels[:1300], 32, seed=step)
        loss = (ctc_loss(model(columns), texts, frame_counts, letters) / letters).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step in (0, 49, 349):
            print(f"after {step + 1:>3} batches of strips: loss {loss.item():.2f} nats per digit")

    columns, texts, letters = strips(images[1300:], labels[1300:], 200, seed=999)
    with torch.inference_mode():
        log_probs = model(columns)  # (24, 200, 11)
    wanted = [tuple(text[:length]) for text, length in zip(texts.tolist(), letters.tolist(), strict=True)]
    greedy = [greedy_decode(log_probs[:, row]) for row in range(200)]
    searched = [prefix_beam_search(log_probs[:, row], 8)[0][0] for row in range(200)]
    for name, read in (("greedy", greedy), ("beam of 8", searched)):
        right = sum(text == want for text, want in zip(read, wanted, strict=True)) / 200
        print(f"  held-out strips read without a mistake, {name:<9}: {right:.3f}")
    silent = (log_probs.argmax(dim=2) == BLANK).float().mean()
    print(f"  share of columns that say blank: {silent:.2f}")


if __name__ == "__main__":
    main()
