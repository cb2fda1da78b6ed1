"""A padded batch gives what each sequence gives alone, and bucketing loses no row."""

import math
import re
from collections.abc import Callable

import packing
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

SEQUENCES = [torch.tensor(s) for s in ([3, 1, 4], [1], [5, 9, 2, 6, 5], [3, 5])]


def build(bidirectional: bool = False, layers: int = 1) -> nn.LSTM:
    return nn.LSTM(4, 6, num_layers=layers, batch_first=True, bidirectional=bidirectional)


def batch() -> tuple[Tensor, Tensor]:
    tokens, lengths = packing.pad(SEQUENCES)
    return nn.Embedding(10, 4)(tokens).detach(), lengths


def test_pad_agrees_with_pad_sequence() -> None:
    tokens, lengths = packing.pad(SEQUENCES)
    assert torch.equal(tokens, pad_sequence(SEQUENCES, batch_first=True))
    assert lengths.tolist() == [3, 1, 5, 2]
    left, _ = packing.pad(SEQUENCES, side="left")
    assert torch.equal(left, pad_sequence(SEQUENCES, batch_first=True, padding_side="left"))


def test_mask_truncation_and_windows_by_hand() -> None:
    assert packing.real_mask(torch.tensor([2, 1]), 3).tolist() == [[True, True, False], [True, False, False]]
    tokens = torch.arange(1, 8)
    assert packing.truncate(tokens, 3).tolist() == [1, 2, 3]
    assert packing.truncate(tokens, 3, keep="end").tolist() == [5, 6, 7]
    assert packing.truncate(tokens, 9).tolist() == tokens.tolist()
    assert [w.tolist() for w in packing.windows(tokens, 3, overlap=1)] == [[1, 2, 3], [3, 4, 5], [5, 6, 7]]
    assert [w.tolist() for w in packing.windows(tokens, 4)] == [[1, 2, 3, 4], [5, 6, 7]]
    assert [w.tolist() for w in packing.windows(tokens, 9, overlap=8)] == [tokens.tolist()]


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 2])
def test_packed_last_state_is_that_of_each_sequence_alone(bidirectional: bool, layers: int) -> None:
    rnn, (x, lengths) = build(bidirectional, layers), batch()
    got = packing.last_state_packed(rnn, x, lengths)
    for row, length in enumerate(lengths.tolist()):
        output = rnn(x[row : row + 1, :length])[0][0]  # unpadded: the ends are at the last and the first step
        torch.testing.assert_close(got[row, :6], output[-1, :6])
        if bidirectional:
            torch.testing.assert_close(got[row, 6:], output[0, 6:])


def test_index_minus_one_is_right_for_the_longest_row_only() -> None:
    rnn, (x, lengths) = build(), batch()
    difference = (packing.last_state_wrong(rnn, x) - packing.last_state_packed(rnn, x, lengths)).abs().amax(dim=1)
    assert difference[2] < 1e-6
    assert (difference[[0, 1, 3]] > 1e-3).all()


def test_outputs_are_those_of_each_sequence_alone_and_zero_at_padding() -> None:
    rnn, (x, lengths) = build(bidirectional=True), batch()
    outputs = packing.outputs_packed(rnn, F.pad(x, (0, 0, 0, 2)), lengths)  # two columns that no row needs
    assert outputs.shape == (4, 7, 12)
    for row, length in enumerate(lengths.tolist()):
        torch.testing.assert_close(outputs[row, :length], rnn(x[row : row + 1, :length])[0][0])
        assert not outputs[row, length:].any()


def test_token_loss_is_the_mean_over_the_unpadded_tokens() -> None:
    tokens, lengths = packing.pad(SEQUENCES)
    logits = torch.randn(4, 5, 10, requires_grad=True)
    loss = packing.token_loss(logits, tokens, packing.real_mask(lengths, 5))
    picked = [logits[row, : len(s)].log_softmax(dim=-1)[range(len(s)), s] for row, s in enumerate(SEQUENCES)]
    torch.testing.assert_close(loss, -torch.cat(picked).mean())
    loss.backward()
    assert logits.grad is not None
    assert not logits.grad[1, 1:].any()  # padding teaches nothing


def test_batches_hold_every_row_once() -> None:
    lengths, generator = packing.sentence_lengths(205), torch.Generator().manual_seed(0)
    for batches in (
        packing.random_batches(lengths, 8, generator),
        packing.bucketed_batches(lengths, 8, 5, generator),
    ):
        assert torch.cat(batches).sort().values.tolist() == list(range(205))
        assert max(len(rows) for rows in batches) == 8


def test_bucketed_batches_are_shuffled_and_sorted_within_a_pool() -> None:
    lengths = torch.arange(1, 65)
    batches = packing.bucketed_batches(lengths, 8, 8, torch.Generator().manual_seed(0))
    # One pool holds everything: every batch is eight neighbouring lengths, and the batches are in disorder.
    assert all(int(lengths[rows].max() - lengths[rows].min()) == 7 for rows in batches)
    starts = [int(rows.min()) for rows in batches]
    assert starts != sorted(starts)


def test_padding_share_by_hand() -> None:
    lengths = torch.tensor([1, 4, 2, 2])
    # (1, 4) costs 8 places, (2, 2) costs 4: 9 tokens in 12 places.
    assert packing.padding_share(lengths, [torch.tensor([0, 1]), torch.tensor([2, 3])]) == pytest.approx(3 / 12)
    assert packing.padding_share(lengths, [torch.arange(4)]) == pytest.approx(7 / 16)


def test_bucketing_saves_padding() -> None:
    lengths, generator = packing.sentence_lengths(3000), torch.Generator().manual_seed(0)
    random = packing.padding_share(lengths, packing.random_batches(lengths, 32, generator))
    bucketed = packing.padding_share(lengths, packing.bucketed_batches(lengths, 32, 50, generator))
    assert bucketed < 0.25 * random


def test_gradient_reaches_every_parameter(assert_gradients: Callable[..., None]) -> None:
    rnn, (x, lengths) = build(bidirectional=True), batch()
    assert_gradients(rnn, packing.last_state_packed(rnn, x, lengths).square().sum())


def test_illegal_input_is_refused() -> None:
    for sequences in ([], [torch.tensor([], dtype=torch.long)], [torch.ones(2, 2)]):
        with pytest.raises(ValueError, match="non-empty"):
            packing.pad(sequences)
    with pytest.raises(ValueError, match="reserved"):
        packing.pad([torch.tensor([1, 0])])
    for lengths in ([0, 1], [1, 4]):
        with pytest.raises(ValueError, match=r"1\.\.3"):
            packing.real_mask(torch.tensor(lengths), 3)
    with pytest.raises(ValueError, match="longest"):
        packing.truncate(torch.ones(3), 0)
    with pytest.raises(ValueError, match="overlap"):
        packing.windows(torch.ones(9), 3, overlap=3)
    with pytest.raises(ValueError, match="no real token"):
        packing.token_loss(torch.zeros(1, 2, 3), torch.zeros(1, 2).long(), torch.zeros(1, 2).bool())
    with pytest.raises(ValueError, match="at least 1"):
        packing.bucketed_batches(torch.ones(3), 2, 0, torch.Generator())


@pytest.mark.slow
def test_main_shows_right_and_wrong(run_main: Callable[[str], str]) -> None:
    printed = run_main("packing.py")
    states = re.findall(r"length +(\d+), (\w+) *: output\[:, -1\] ([\d.]+) +packed (\S+)", printed)
    assert len(states) == 6
    for length, direction, wrong, right in states:
        assert float(right) < 1e-5
        assert (float(wrong) > 0.01) == (length != "30" or direction == "backward")
    counted, real = (float(x) for x in re.findall(r"loss ([\d.]+) .*, ([\d.]+) over real", printed)[0])
    assert counted < math.log(50) < real
    random, bucketed = (
        float(re.findall(rf"{name} +([\d.]+)%", printed)[0]) for name in ("random batches", "50 batches")
    )
    assert bucketed < random / 4
