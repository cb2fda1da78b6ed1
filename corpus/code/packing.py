"""Sequences of different lengths in one batch: padding, masks, packing, truncation, bucketing.

What: a tensor is a rectangle, so a batch is filled up with padding to its longest sequence. Each
layer must then be told what is real: an RNN by packing (it stops each row at its own length),
attention by a mask on the keys, the loss by leaving padded targets out of the mean.

Why it goes wrong silently: an RNN goes on updating its state over the padding, so `output[:, -1]` is
the state after the padding; the backward direction even starts on it. Nothing fails; the answer of
a sentence just depends on its neighbours in the batch.

Why bucketing: the padding is wasted work. Sentences of similar length in one batch need little of it,

    share of padding = 1 - (sum of the lengths) / (sum over batches of rows * longest),

but batches sorted from end to end would lose the shuffling, so one sorts within large random pools.

Paper: Khomenko et al., "Accelerating Recurrent Neural Network Training using Sequence Bucketing and
Multi-GPU Data Parallelization", 2016.

Run: python corpus/code/packing.py    (generated sentences of 5 to 2000 tokens)
"""

# mypy: allow-untyped-calls

import math
from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

PAD, IGNORE = 0, -100  # a token that stands for nothing, and the target that a loss leaves out


def pad(sequences: Sequence[Tensor], side: Literal["right", "left"] = "right") -> tuple[Tensor, Tensor]:
    """Return tokens (B, longest), filled with PAD, and lengths (B,).

    Left padding is for generation in batches: every row then ends in a real token.
    """
    if not sequences or any(sequence.dim() != 1 or len(sequence) == 0 for sequence in sequences):
        raise ValueError("expected one or more non-empty vectors of tokens")
    if any((sequence == PAD).any() for sequence in sequences):
        raise ValueError(f"a sequence contains {PAD}, which is reserved for padding")
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    tokens = torch.full((len(sequences), int(lengths.max())), PAD)
    for row, sequence in zip(tokens, sequences, strict=True):
        row[: len(sequence)] = sequence
        if side == "left":
            row.copy_(row.roll(len(row) - len(sequence)))
    return tokens, lengths


def real_mask(lengths: Tensor, width: int) -> Tensor:
    """Return (B, width), True at real tokens of right-padded rows."""
    if lengths.min() < 1 or lengths.max() > width:
        raise ValueError(f"every length must lie in 1..{width}")
    return torch.arange(width) < lengths.unsqueeze(1)


def truncate(tokens: Tensor, longest: int, keep: Literal["start", "end"] = "start") -> Tensor:
    """Cut a sequence to `longest` tokens; the task says which part matters."""
    if longest < 1:
        raise ValueError("longest must be at least 1")
    return tokens[:longest] if keep == "start" else tokens[-longest:]


def windows(tokens: Tensor, size: int, overlap: int = 0) -> list[Tensor]:
    """Cut an overlong sequence into windows that overlap, so that nothing is lost."""
    if not 0 <= overlap < size:
        raise ValueError(f"need 0 <= overlap < size, got {overlap} and {size}")
    starts = range(0, max(len(tokens) - overlap, 1), size - overlap)
    return [tokens[start : start + size] for start in starts]


def last_state_wrong(rnn: nn.LSTM, x: Tensor) -> Tensor:
    """Return output[:, -1] (B, D * H): for the shorter rows, the state after the padding. Don't."""
    output: Tensor = rnn(x)[0]
    return output[:, -1]


def last_state_packed(rnn: nn.LSTM, x: Tensor, lengths: Tensor) -> Tensor:
    """Return the last state of each direction (B, D * H), read from packed x (B, T, input)."""
    # The lengths stay on the CPU; enforce_sorted=False sorts inside and restores the order.
    packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
    _, (hidden, _) = rnn(packed)  # (layers * D, B, H): the forward and backward ends of the last layer come last
    return torch.cat(tuple(hidden[-2:] if rnn.bidirectional else hidden[-1:]), dim=1)


def outputs_packed(rnn: nn.LSTM, x: Tensor, lengths: Tensor) -> Tensor:
    """Return the outputs at every step (B, T, D * H), zero at padding, for a tagger or for attention."""
    packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
    # Without total_length the result is as wide as the longest row here, perhaps narrower than x.
    outputs: Tensor = pad_packed_sequence(rnn(packed)[0], batch_first=True, total_length=x.shape[1])[0]
    return outputs


def token_loss(logits: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
    """Return the mean cross-entropy over the real tokens; logits (B, T, V), targets and mask (B, T)."""
    if not mask.any():
        raise ValueError("there is no real token to average over")
    return F.cross_entropy(logits.flatten(0, 1), targets.masked_fill(~mask, IGNORE).flatten(), ignore_index=IGNORE)


def random_batches(lengths: Tensor, batch_size: int, generator: torch.Generator) -> list[Tensor]:
    """Return the rows of each batch, drawn without regard to length."""
    return list(torch.randperm(len(lengths), generator=generator).split(batch_size))


def bucketed_batches(lengths: Tensor, batch_size: int, pool: int, generator: torch.Generator) -> list[Tensor]:
    """Return batches of similar length: sort within random pools of `pool` batches, then shuffle the batches."""
    if batch_size < 1 or pool < 1:
        raise ValueError("batch_size and pool must be at least 1")
    batches: list[Tensor] = []
    for rows in torch.randperm(len(lengths), generator=generator).split(batch_size * pool):
        batches += rows[lengths[rows].argsort()].split(batch_size)
    # Without this the model would see short sentences first in every pool.
    return [batches[i] for i in torch.randperm(len(batches), generator=generator)]


def padding_share(lengths: Tensor, batches: Sequence[Tensor]) -> float:
    """Return the share of the padded batches' tokens that is padding."""
    padded = sum(len(rows) * int(lengths[rows].max()) for rows in batches)
    return 1 - sum(int(lengths[rows].sum()) for rows in batches) / padded


def sentence_lengths(count: int, seed: int = 0) -> Tensor:
    """Draw lengths between 5 and 2000, most of them short: the median is about 55."""
    logs = 4.0 + 1.2 * torch.randn(count, generator=torch.Generator().manual_seed(seed))
    return logs.exp().round().long().clamp(5, 2000)


def main() -> None:
    """Show last states right and wrong, the loss with and without padding, and what bucketing saves."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    torch.manual_seed(0)
    embedding = nn.Embedding(50, 16, padding_idx=PAD)
    rnn = nn.LSTM(16, 32, batch_first=True, bidirectional=True)
    sequences = [torch.randint(1, 50, (length,)) for length in (4, 9, 30)]
    tokens, lengths = pad(sequences)
    with torch.inference_mode():
        x = embedding(tokens)  # (B, T, 16)
        alone = torch.cat([last_state_packed(rnn, embedding(s[None]), torch.tensor([len(s)])) for s in sequences])
        wrong, right = last_state_wrong(rnn, x), last_state_packed(rnn, x, lengths)
        print("largest difference from the state that the sentence has when it is alone in the batch:")
        for row, length in enumerate(lengths.tolist()):
            for name, half in (("forward", slice(0, 32)), ("backward", slice(32, 64))):
                bad = (wrong - alone)[row, half].abs().max()
                good = (right - alone)[row, half].abs().max()
                print(f"  length {length:>2}, {name:<8}: output[:, -1] {bad:.3f}   packed {good:.0e}")
        # A model that knows only that padding is frequent looks good if padding counts.
        logits = torch.zeros(3, 30, 50)
        logits[:, :, PAD] = 5.0
        mask = real_mask(lengths, 30)
        naive, real = F.cross_entropy(logits.flatten(0, 1), tokens.flatten()), token_loss(logits, tokens, mask)
        print(
            f"a model that always says PAD: loss {naive:.2f} with padding counted, {real:.2f} over real tokens", end=" "
        )
        print(f"(guessing evenly is {math.log(50):.2f})")

    lengths, generator = sentence_lengths(10_000), torch.Generator().manual_seed(0)
    print(f"padding in batches of 32, lengths {lengths.min()} to {lengths.max()}, median {lengths.median()}:")
    everything = [torch.arange(len(lengths))]
    print(f"  one tensor for the whole data set   {padding_share(lengths, everything):.1%}")
    print(f"  random batches                      {padding_share(lengths, random_batches(lengths, 32, generator)):.1%}")
    for pool in (5, 50):
        batches = bucketed_batches(lengths, 32, pool, generator)
        print(f"  bucketed, pools of {pool:>2} batches       {padding_share(lengths, batches):.1%}")
    cut = lengths.clamp(max=512)
    batches = bucketed_batches(cut, 32, 50, generator)
    lost = 1 - int(cut.sum()) / int(lengths.sum())
    print(f"  the same, truncated to 512 tokens   {padding_share(cut, batches):.1%} (and {lost:.1%} of the text lost)")


if __name__ == "__main__":
    main()
