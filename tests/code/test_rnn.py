"""The recurrent classifier reads each sequence to its own end, whatever the padding."""

import re
from collections.abc import Callable
from typing import Literal

import pytest
import rnn
import torch
import torch.nn.functional as F
from torch import Tensor, nn

Cell = Literal["lstm", "gru"]
SEQUENCES = [torch.tensor(s) for s in ([3, 1, 4], [1], [5, 9, 2, 6, 5], [3, 5])]


def build(cell: Cell = "lstm", bidirectional: bool = False) -> rnn.SequenceClassifier:
    return rnn.SequenceClassifier(10, 4, 6, num_classes=3, cell=cell, bidirectional=bidirectional)


def test_pad_batch_by_hand() -> None:
    tokens, lengths = rnn.pad_batch([torch.tensor([7, 8]), torch.tensor([9])])
    assert tokens.tolist() == [[7, 8], [9, 0]]
    assert lengths.tolist() == [2, 1]


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_batch_gives_what_each_sequence_gives_alone(cell: Cell, bidirectional: bool) -> None:
    model = build(cell, bidirectional)
    together = model(*rnn.pad_batch(SEQUENCES))
    alone = torch.cat([model(*rnn.pad_batch([sequence])) for sequence in SEQUENCES])
    assert together.shape == (4, 3)
    torch.testing.assert_close(together, alone)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_last_state_is_the_output_at_the_true_last_step(cell: Cell) -> None:
    # Independent path: run the cell over the padded batch and gather step length - 1.
    model = build(cell)
    tokens, lengths = rnn.pad_batch(SEQUENCES)
    output, _ = model.rnn(model.embedding(tokens))
    gathered = output[torch.arange(len(tokens)), lengths - 1]
    torch.testing.assert_close(model.last_state(tokens, lengths), gathered)


def test_the_backward_half_is_a_forward_run_over_the_reversed_sequence() -> None:
    model = build("gru", bidirectional=True)
    backward = nn.GRU(4, 6, batch_first=True)
    for name, parameter in backward.named_parameters():
        parameter.data.copy_(getattr(model.rnn, f"{name}_reverse"))
    state = model.last_state(*rnn.pad_batch(SEQUENCES))
    for row, sequence in zip(state, SEQUENCES, strict=True):
        _, hidden = backward(model.embedding(sequence.flip(0)).unsqueeze(0))
        torch.testing.assert_close(row[6:], hidden[0, 0])


def gru_step(cell: nn.GRU, x: Tensor, h: Tensor) -> Tensor:
    """One step by the equations: reset r, update z, candidate n; h' = (1 - z) n + z h."""
    xr, xz, xn = (cell.weight_ih_l0 @ x + cell.bias_ih_l0).chunk(3)
    hr, hz, hn = (cell.weight_hh_l0 @ h + cell.bias_hh_l0).chunk(3)
    r, z = torch.sigmoid(xr + hr), torch.sigmoid(xz + hz)
    return (1 - z) * torch.tanh(xn + r * hn) + z * h


def test_gru_state_by_its_equations() -> None:
    model = build("gru")
    state = model.last_state(*rnn.pad_batch(SEQUENCES))
    for row, sequence in zip(state, SEQUENCES, strict=True):
        h = torch.zeros(6)
        for x in model.embedding(sequence):
            h = gru_step(model.rnn, x, h)
        torch.testing.assert_close(row, h)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_gradient_reaches_every_parameter(bidirectional: bool, assert_gradients: Callable[..., None]) -> None:
    model = build(bidirectional=bidirectional)
    logits = model(*rnn.pad_batch(SEQUENCES))
    assert_gradients(model, F.cross_entropy(logits, torch.tensor([0, 1, 2, 0])))
    assert model.embedding.weight.grad[rnn.PAD].abs().sum() == 0  # padding learns nothing


def test_the_last_column_is_the_state_after_the_padding() -> None:
    # output[:, -1] has gone on reading padding; a sequence's features then change with the longest
    # neighbour of its batch.
    model = build()
    tokens, lengths = rnn.pad_batch([torch.tensor([1, 2]), torch.tensor([3, 4, 5, 6, 7])])
    output, _ = model.rnn(model.embedding(tokens))
    alone, _ = model.rnn(model.embedding(tokens[:1, :2]))
    assert not torch.allclose(output[0, -1], alone[0, -1], atol=1e-3)
    torch.testing.assert_close(model.last_state(tokens, lengths)[0], alone[0, -1])
    longer = model.last_state(F.pad(tokens, (0, 20)), lengths)
    torch.testing.assert_close(model.last_state(tokens, lengths), longer)


def test_illegal_input_is_refused() -> None:
    tokens, lengths = rnn.pad_batch(SEQUENCES)
    with pytest.raises(ValueError, match="at least one sequence"):
        rnn.pad_batch([])
    with pytest.raises(ValueError, match="non-empty"):
        rnn.pad_batch([torch.tensor([], dtype=torch.int64)])
    with pytest.raises(ValueError, match="cell must be one of"):
        build("elman")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="expected tokens"):
        build()(tokens[0], lengths)
    with pytest.raises(ValueError, match="expected tokens"):
        build()(tokens, lengths[:2])
    for wrong in (lengths * 0, lengths + 1):
        with pytest.raises(ValueError, match=r"lie in 1\.\.5"):
            build()(tokens, wrong)
    with pytest.raises(ValueError, match="as many labels"):
        rnn.train(build(), SEQUENCES, torch.zeros(1, dtype=torch.int64))


def test_the_task_says_what_it_promises_and_needs_order() -> None:
    sequences, labels = rnn.marker_order(200, seed=0)
    assert labels.sum() == 100
    for tokens, label in zip(sequences, labels, strict=True):
        at_a = (tokens == rnn.MARK_A).nonzero().item()
        at_b = (tokens == rnn.MARK_B).nonzero().item()
        assert (at_a < at_b) == bool(label)
    # 1000 fair coins have a standard error of 0.016; 0.06 is almost four of them.
    baseline = rnn.bag_of_words_accuracy(rnn.marker_order(500, 0), rnn.marker_order(1000, 1))
    assert abs(baseline - 0.5) < 0.06


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_training_learns_order_on_held_out_sequences(cell: Cell) -> None:
    model = rnn.SequenceClassifier(rnn.VOCAB_SIZE, 16, 32, num_classes=2, cell=cell)
    test_set = rnn.marker_order(400, seed=1, max_length=10)
    before = rnn.accuracy(model, *test_set)
    rnn.train(model, *rnn.marker_order(1000, seed=0, max_length=10), epochs=8)
    assert before < 0.65
    assert rnn.accuracy(model, *test_set) > 0.9


@pytest.mark.slow
def test_main_beats_the_bag_of_words(run_script: Callable[[str], str]) -> None:
    scores = [float(s) for s in re.findall(r"accuracy, [\w ]+: ([\d.]+)", run_script("rnn.py"))]
    assert scores[0] < 0.56
    assert min(scores[1:]) > 0.95
