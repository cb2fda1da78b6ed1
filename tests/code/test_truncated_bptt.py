"""Segments follow one another, the state's value is carried, and the gradient stops at the border."""

import re
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
import truncated_bptt
from torch import nn


def small() -> truncated_bptt.LanguageModel:
    return truncated_bptt.LanguageModel(vocab_size=9, embed_dim=3, hidden_dim=5)


def test_rows_are_continuous_and_segments_follow_one_another() -> None:
    rows = truncated_bptt.to_rows(torch.arange(17), 2)
    assert rows.tolist() == [list(range(8)), list(range(8, 16))]
    pieces = list(truncated_bptt.segments(rows, 3))
    assert [inputs.tolist() for inputs, _ in pieces] == [
        [[0, 1, 2], [8, 9, 10]],
        [[3, 4, 5], [11, 12, 13]],
        [[6], [14]],
    ]
    assert torch.equal(torch.cat([targets for _, targets in pieces], dim=1), rows[:, 1:])


def test_carried_state_gives_what_one_long_run_gives() -> None:
    model, rows = small(), torch.randint(9, (4, 23))
    with torch.no_grad():
        whole, _ = model(rows[:, :-1])
        state, parts = None, []
        for inputs, _ in truncated_bptt.segments(rows, 5):
            logits, state = model(inputs, state)
            parts.append(logits)
    torch.testing.assert_close(torch.cat(parts, dim=1), whole)


def test_detach_keeps_the_value_and_drops_the_history() -> None:
    model = small()
    _, state = model(torch.randint(9, (2, 4)))
    for kept, before in zip(truncated_bptt.detach(state), state, strict=True):
        assert torch.equal(kept, before)
        assert before.requires_grad
        assert not kept.requires_grad


def test_the_second_segment_teaches_nothing_about_the_first() -> None:
    # Token 8 occurs in the first segment only; its embedding gets a gradient only if history is kept.
    model = small()
    first, second = torch.tensor([[8, 8, 8]]), torch.tensor([[1, 2, 3]])
    for cut in (False, True):
        _, state = model(first)
        logits, _ = model(second, truncated_bptt.detach(state) if cut else state)
        model.zero_grad()
        F.cross_entropy(logits.flatten(0, 1), torch.tensor([2, 3, 4])).backward()
        assert model.embedding.weight.grad is not None
        assert bool(model.embedding.weight.grad[8].any()) == (not cut)
        assert model.embedding.weight.grad[1].any()


def test_without_detach_backward_fails() -> None:
    model = small()
    logits, state = model(torch.randint(9, (2, 4)))
    logits.sum().backward()
    logits, _ = model(torch.randint(9, (2, 4)), state)
    with pytest.raises(RuntimeError, match="second time"):
        logits.sum().backward()


def test_one_pass_equals_a_loop_written_out() -> None:
    # The same pass with nn.LSTM's parts by hand: plain SGD, and clipping as a formula.
    torch.manual_seed(3)
    model, rows, max_norm = small(), torch.randint(9, (2, 7)), 0.05
    reference = small()
    reference.load_state_dict(model.state_dict())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    loss, norms = truncated_bptt.train_pass(model, optimizer, rows, 3, max_norm=max_norm)

    parameters = list(reference.parameters())
    hidden, cell = torch.zeros(1, 2, 5), torch.zeros(1, 2, 5)
    losses, expected_norms = [], []
    for start in (0, 3):
        output, (h, c) = reference.rnn(reference.embedding(rows[:, start : start + 3]), (hidden, cell))
        hidden, cell = h.detach(), c.detach()
        value = F.cross_entropy(reference.fc(output).transpose(1, 2), rows[:, start + 1 : start + 4])
        gradients = torch.autograd.grad(value, parameters)
        norm = torch.cat([g.flatten() for g in gradients]).norm()
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.data -= 0.5 * gradient * min(1.0, max_norm / float(norm))
        losses.append(value.item())
        expected_norms.append(norm.item())
    assert loss == pytest.approx(sum(losses) / 2)
    assert norms == pytest.approx(expected_norms)
    assert min(norms) > max_norm  # clipping did act
    for got, want in zip(model.parameters(), parameters, strict=True):
        torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-6)


def test_clipping_scales_the_whole_gradient() -> None:
    # The norm of (6, 8) is 10; with threshold 1 the factor is 0.1 and the direction stays.
    parameter = nn.Parameter(torch.zeros(2))
    parameter.grad = torch.tensor([6.0, 8.0])
    assert nn.utils.clip_grad_norm_([parameter], 1.0).item() == pytest.approx(10)
    torch.testing.assert_close(parameter.grad, torch.tensor([0.6, 0.8]))


def test_the_stream_repeats_the_key_at_the_distance() -> None:
    stream = truncated_bptt.look_back_stream(20, 5, seed=0).view(20, 6)
    assert torch.equal(stream[:, 0], stream[:, 5])
    assert (stream[:, 4] == truncated_bptt.ASK).all()
    assert (stream[:, 0] < truncated_bptt.KEYS).all()
    assert ((stream[:, 1:4] >= truncated_bptt.KEYS) & (stream[:, 1:4] < truncated_bptt.ASK)).all()


def test_accuracy_of_a_perfect_and_a_constant_answer() -> None:
    class Oracle(truncated_bptt.LanguageModel):
        answer: int | None = None

        def forward(
            self, tokens: torch.Tensor, state: truncated_bptt.State | None = None
        ) -> tuple[torch.Tensor, truncated_bptt.State]:
            # Look four steps back from the question mark, in a segment that holds the whole record.
            guess = tokens.roll(4, dims=1) if self.answer is None else torch.full_like(tokens, self.answer)
            return F.one_hot(guess, 9).float(), (torch.zeros(1), torch.zeros(1))

    rows = truncated_bptt.look_back_stream(30, 5, seed=0).view(30, 6)
    model = Oracle()
    assert truncated_bptt.answer_accuracy(model, rows, 6) == 1.0
    model.answer = 2
    assert truncated_bptt.answer_accuracy(model, rows, 6) == pytest.approx(float((rows[:, 0] == 2).float().mean()))


def test_gradient_reaches_every_parameter(assert_gradients: Callable[..., None]) -> None:
    model = small()
    # Each of the nine tokens occurs, and the carried state is not zero.
    _, state = model(torch.randint(9, (2, 4)))
    logits, _ = model(torch.arange(9).repeat(2, 1), truncated_bptt.detach(state))
    assert_gradients(model, logits.square().mean())


def test_illegal_input_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot cut"):
        truncated_bptt.to_rows(torch.arange(5), 3)
    with pytest.raises(ValueError, match="cannot cut"):
        truncated_bptt.to_rows(torch.zeros(4, 5), 2)
    with pytest.raises(ValueError, match="at least one step"):
        next(truncated_bptt.segments(torch.zeros(2, 5), 0))
    with pytest.raises(ValueError, match="at least 2"):
        truncated_bptt.look_back_stream(3, 1, seed=0)


@pytest.mark.slow
def test_main_shows_what_carrying_buys_and_truncation_loses(run_main: Callable[[str], str]) -> None:
    printed = run_main("truncated_bptt.py")
    scores = [float(score) for score in re.findall(r"(?:carried|reset +): ([\d.]+)", printed)]
    reset, carried, too_short = scores
    assert carried > 0.95
    assert 0.3 < reset < carried - 0.15
    assert too_short < 0.4
