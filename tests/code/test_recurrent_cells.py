"""The cells equal PyTorch's, the counts equal PyTorch's, and the gates decide how far the gradient reaches."""

import re
from collections.abc import Callable

import pytest
import recurrent_cells
import torch
from torch import Tensor, nn

PAIRS = [
    (recurrent_cells.RNNCell, nn.RNNCell),
    (recurrent_cells.LSTMCell, nn.LSTMCell),
    (recurrent_cells.GRUCell, nn.GRUCell),
]
SEQUENCES = [(recurrent_cells.RNNCell, nn.RNN), (recurrent_cells.LSTMCell, nn.LSTM), (recurrent_cells.GRUCell, nn.GRU)]


def copy_weights(ours: recurrent_cells.Cell, theirs: nn.Module, suffix: str = "") -> None:
    for linear, name in ((ours.from_input, "ih"), (ours.from_state, "hh")):
        linear.weight.data.copy_(getattr(theirs, f"weight_{name}{suffix}"))
        linear.bias.data.copy_(getattr(theirs, f"bias_{name}{suffix}"))


@pytest.mark.parametrize(("kind", "reference"), PAIRS)
def test_one_step_equals_pytorch(kind: type[recurrent_cells.Cell], reference: type[nn.Module]) -> None:
    ours, theirs = kind(3, 5), reference(3, 5)
    copy_weights(ours, theirs)
    x, state = torch.randn(4, 3), tuple(torch.randn(4, 5) for _ in range(ours.states))
    expected = theirs(x, state if ours.states == 2 else state[0])
    expected = expected if isinstance(expected, tuple) else (expected,)
    for got, want in zip(ours.step(x, state), expected, strict=True):
        torch.testing.assert_close(got, want)


@pytest.mark.parametrize(("kind", "reference"), SEQUENCES)
def test_a_sequence_and_its_gradient_equal_pytorch(
    kind: type[recurrent_cells.Cell], reference: type[nn.Module]
) -> None:
    ours, theirs = kind(3, 5), reference(3, 5)
    copy_weights(ours, theirs, "_l0")
    inputs = torch.randn(7, 4, 3)
    mine, yours = inputs.clone().requires_grad_(), inputs.clone().requires_grad_()
    last, output = ours(mine), theirs(yours)[0][-1]
    torch.testing.assert_close(last, output)
    last.square().sum().backward()
    output.square().sum().backward()
    torch.testing.assert_close(mine.grad, yours.grad)


@pytest.mark.parametrize(("blocks", "kind"), [(1, nn.RNN), (3, nn.GRU), (4, nn.LSTM)])
@pytest.mark.parametrize(("layers", "bidirectional"), [(1, False), (2, True), (3, False)])
def test_parameter_counts_equal_pytorch(blocks: int, kind: type[nn.RNNBase], layers: int, bidirectional: bool) -> None:
    reference = kind(6, 4, num_layers=layers, bidirectional=bidirectional)
    expected = sum(parameter.numel() for parameter in reference.parameters())
    assert recurrent_cells.parameter_count(blocks, 6, 4, layers, bidirectional) == expected


def test_parameter_counts_by_hand() -> None:
    assert recurrent_cells.parameter_count(4, 128, 256) == 4 * (256 * 128 + 256 * 256 + 2 * 256) == 395_264
    assert recurrent_cells.parameter_count(3, 128, 256) == 296_448
    assert recurrent_cells.parameter_count(4, 128, 256, layers=2, bidirectional=True) == 2_367_488
    cell = recurrent_cells.LSTMCell(128, 256)
    assert sum(parameter.numel() for parameter in cell.parameters()) == 395_264


def test_along_the_cell_one_step_has_the_forget_gate_as_its_derivative() -> None:
    cell = recurrent_cells.LSTMCell(3, 5)
    x, h, c = torch.randn(1, 3), torch.randn(1, 5), torch.randn(1, 5)

    def next_cell(before: Tensor) -> Tensor:
        return cell.step(x, (h, before))[1][0]

    jacobian = torch.autograd.functional.jacobian(next_cell, c)[:, 0]
    torch.testing.assert_close(jacobian, torch.diag(cell.gates(x, h).forget[0]))


def test_the_rnn_gradient_is_the_product_of_jacobians() -> None:
    cell, inputs = recurrent_cells.RNNCell(3, 5), torch.randn(6, 1, 3)
    h, product = torch.zeros(1, 5), torch.eye(5)
    for step, x in enumerate(inputs):
        (h,) = cell.step(x, (h,))
        slope = torch.diag(1 - h[0] ** 2)
        # The first step leads from the input into the state; from there on it is the matrix U each time.
        product = slope @ (cell.from_input.weight if step == 0 else cell.from_state.weight @ product)
    leaf = inputs.clone().requires_grad_()
    rows = [torch.autograd.grad(cell(leaf)[0, i], leaf)[0][0, 0] for i in range(5)]
    torch.testing.assert_close(torch.stack(rows), product.detach())


def test_gradient_norms_put_the_last_input_first() -> None:
    # Without a path through the state, only the last input is felt.
    cell = recurrent_cells.RNNCell(3, 5)
    cell.from_state.weight.data.zero_()
    norms = recurrent_cells.gradient_norms(cell, 4)
    assert norms.shape == (4,)
    assert norms[0] > 0
    assert norms[1:].tolist() == [0, 0, 0]


def test_a_positive_forget_bias_keeps_the_gradient() -> None:
    norms = {name: recurrent_cells.gradient_norms(cell, 31)[30] for name, cell in recurrent_cells.build_cells().items()}
    assert norms["LSTM, forget bias 3"] > 1000 * norms["LSTM, forget bias 0"]
    assert norms["LSTM, forget bias 3"] > 1000 * norms["RNN"]
    assert norms["RNN, U times 4"] > 1


@pytest.mark.parametrize("bias", [0.0, 1.0, 3.0])
def test_the_forget_bias_sets_the_gate(bias: float) -> None:
    cell = recurrent_cells.LSTMCell(4, 32, bias)
    forget = cell.gates(torch.zeros(1, 4), torch.zeros(1, 32)).forget
    torch.testing.assert_close(forget, torch.tensor(bias).sigmoid().expand(1, 32))


@pytest.mark.parametrize("kind", [kind for kind, _ in PAIRS])
def test_gradient_reaches_every_parameter(
    kind: type[recurrent_cells.Cell], assert_gradients: Callable[..., None]
) -> None:
    cell = kind(3, 5)
    assert_gradients(cell, cell(torch.randn(4, 2, 3)).square().sum())


def test_illegal_input_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        recurrent_cells.GRUCell(3, 0)
    for shape in ((4, 3), (4, 2, 5), (0, 2, 3)):
        with pytest.raises(ValueError, match="expected inputs"):
            recurrent_cells.RNNCell(3, 5)(torch.zeros(shape))
    with pytest.raises(ValueError, match="blocks"):
        recurrent_cells.parameter_count(2, 3, 4)


def test_plot_shows_every_cell() -> None:
    pytest.importorskip("matplotlib")
    (axes,) = recurrent_cells.plot().axes
    assert len(axes.lines) == len(recurrent_cells.build_cells())
    assert axes.get_yscale() == "log"


@pytest.mark.slow
def test_main_shows_who_recalls(run_main: Callable[[str], str]) -> None:
    printed = run_main("recurrent_cells.py")
    assert "LSTM 395,264" in printed
    recall = {name: float(score) for name, score in re.findall(r"^  (\S.*?) +([01]\.\d\d)$", printed, re.M)}
    assert recall["LSTM, forget bias 3"] > 0.9
    assert recall["LSTM, forget bias 0"] < 0.5
    assert recall["RNN"] < 0.7
