"""Attention against a loop, packing and masks, and what the decoder reads at each step."""

import re
from collections.abc import Callable

import pytest
import seq2seq
import torch
import torch.nn.functional as F


def test_attention_equals_a_loop_over_places() -> None:
    attention = seq2seq.AdditiveAttention(4)
    s, encoded = torch.randn(2, 4), torch.randn(2, 5, 4)
    real = torch.tensor([[True] * 5, [True, True, True, False, False]])
    context, weights = attention(s, encoded, real)
    w, u, v = (layer.weight for layer in (attention.from_decoder, attention.from_encoder, attention.score))
    for b, length in enumerate((5, 3)):
        scores = [torch.dot(v[0], torch.tanh(w @ s[b] + u @ encoded[b, j])).exp() for j in range(length)]
        expected = torch.stack(scores) / sum(scores)
        torch.testing.assert_close(weights[b, :length], expected)
        assert not weights[b, length:].any()
        torch.testing.assert_close(context[b], sum(a * h for a, h in zip(expected, encoded[b], strict=False)))


def test_reversal_by_hand() -> None:
    source, target = seq2seq.reversal(50, 2, 5, seed=0)
    for read, write in zip(source.tolist(), target.tolist(), strict=True):
        letters = [token for token in read if token != seq2seq.PAD]
        assert read == letters + [seq2seq.PAD] * (5 - len(letters))
        assert write == [*letters[::-1], seq2seq.END] + [seq2seq.PAD] * (5 - len(letters))
        assert min(letters) >= seq2seq.FIRST_LETTER
        assert 2 <= len(letters) <= 5


@pytest.mark.parametrize("use_attention", [False, True])
def test_padding_does_not_change_the_answer(use_attention: bool) -> None:
    model = seq2seq.Seq2Seq(hidden_dim=6, use_attention=use_attention)
    source, target = seq2seq.reversal(8, 2, 5, seed=0)
    together, alignment = model(source, 6, target)
    for row, length in enumerate((source != seq2seq.PAD).sum(dim=1).tolist()):
        alone, weights = model(source[row : row + 1, :length], 6, target[row : row + 1])
        torch.testing.assert_close(together[row], alone[0])
        torch.testing.assert_close(alignment[row, :, :length], weights[0])


def test_teacher_forcing_equals_the_decoder_written_out() -> None:
    model = seq2seq.Seq2Seq(hidden_dim=6)
    source, target = seq2seq.reversal(3, 4, 4, seed=0)
    logits, _ = model(source, 5, target)
    encoded, ends = model.encoder(model.source_embedding(source))
    state = torch.cat((encoded[:, -1, :3], encoded[:, 0, 3:]), dim=1)  # where each direction ends
    torch.testing.assert_close(state, torch.cat(tuple(ends), dim=1))
    previous = torch.cat((torch.full((3, 1), seq2seq.START), target[:, :-1]), dim=1)
    for step in range(5):
        context, _ = model.attention(state, encoded, source != seq2seq.PAD)
        state = model.decoder(torch.cat((model.target_embedding(previous[:, step]), context), dim=1), state)
        torch.testing.assert_close(logits[:, step], model.fc(torch.cat((state, context), dim=1)))


def test_without_forcing_it_reads_its_own_guesses() -> None:
    model = seq2seq.Seq2Seq(hidden_dim=6)
    source, target = seq2seq.reversal(4, 3, 5, seed=0)
    free, _ = model(source, 6)
    never, _ = model(source, 6, target, forcing=0.0)
    torch.testing.assert_close(free, never)
    # Forced to read its own guesses, it says the same again: the guesses were what it had read.
    own, _ = model(source, 6, free.argmax(dim=2))
    torch.testing.assert_close(free, own)
    forced, _ = model(source, 6, target)
    assert not torch.allclose(free, forced)
    torch.testing.assert_close(free[:, 0], forced[:, 0])  # the first step reads START in any case


def test_half_forcing_mixes_both() -> None:
    model = seq2seq.Seq2Seq(hidden_dim=6)
    source, target = (part.repeat(200, 1) for part in seq2seq.reversal(1, 5, 5, seed=0))
    said = int(model(source[:1], 1)[0].argmax())
    target[:, 0] = seq2seq.FIRST_LETTER + (said == seq2seq.FIRST_LETTER)  # not what it would say itself
    # The second step depends on one coin only: gold or guess.
    second = model(source, 6, target, forcing=0.5)[0][:, 1]
    gold, guess = model(source[:1], 6, target[:1])[0][0, 1], model(source[:1], 6)[0][0, 1]
    from_gold, from_guess = (torch.isclose(second, want, atol=1e-5).all(dim=1) for want in (gold, guess))
    assert (from_gold ^ from_guess).all()
    assert 70 < int(from_gold.sum()) < 130  # 100 expected, standard deviation 7


def test_accuracy_by_hand() -> None:
    class Fixed(seq2seq.Seq2Seq):
        def forward(
            self, source: torch.Tensor, steps: int, gold: torch.Tensor | None = None, forcing: float = 1.0
        ) -> tuple[torch.Tensor, torch.Tensor]:
            return F.one_hot(torch.tensor([[4, 3, 2, 9], [5, 3, 2, 0]]), 15).float(), torch.zeros(0)

    target = torch.tensor([[4, 3, 2, 0], [4, 3, 2, 0]])
    tokens, sequences = seq2seq.accuracy(Fixed(), torch.zeros(2, 3), target)
    assert tokens == pytest.approx(5 / 6)  # what follows END is not counted
    assert sequences == 0.5


def test_attention_learns_a_short_reversal() -> None:
    model = seq2seq.Seq2Seq()
    source, target = seq2seq.reversal(200, 3, 3, seed=5)
    before, _ = seq2seq.accuracy(model, source, target)
    seq2seq.train(model, 60, longest=3)
    assert seq2seq.accuracy(model, source, target)[0] > before + 0.3


@pytest.mark.parametrize("use_attention", [False, True])
def test_gradient_reaches_every_parameter(use_attention: bool, assert_gradients: Callable[..., None]) -> None:
    model = seq2seq.Seq2Seq(hidden_dim=6, use_attention=use_attention)
    source, target = seq2seq.reversal(16, 2, 5, seed=0)
    logits, _ = model(source, 6, target)
    assert_gradients(model, F.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=seq2seq.PAD))


def test_illegal_input_is_refused() -> None:
    model = seq2seq.Seq2Seq(hidden_dim=6)
    with pytest.raises(ValueError, match="at least one real"):
        model(torch.zeros(2, 3).long(), 4)
    with pytest.raises(ValueError, match="at least one real"):
        seq2seq.AdditiveAttention(4)(torch.zeros(1, 4), torch.zeros(1, 3, 4), torch.zeros(1, 3).bool())
    source, target = seq2seq.reversal(2, 3, 3, seed=0)
    with pytest.raises(ValueError, match="gold"):
        model(source, 5, target)
    with pytest.raises(ValueError, match="forcing"):
        model(source, 4, target, forcing=1.5)


@pytest.mark.slow
def test_plot_labels_what_is_read_and_written() -> None:
    pytest.importorskip("matplotlib")
    axes = seq2seq.plot().axes[0]
    assert axes.images[0].get_array().shape == (8, 7)
    assert len(axes.get_xticklabels()) == 7


@pytest.mark.slow
def test_main_shows_the_bottleneck(run_script: Callable[[str], str]) -> None:
    printed = run_script("seq2seq.py")
    scores = [[float(x) for x in row] for row in re.findall(r"true ([\d.]+) +own ([\d.]+)", printed)]
    vector, attention, scheduled = scores
    assert min(attention[1], scheduled[1]) > 0.8
    assert vector[1] < attention[1] - 0.15
    assert vector[1] < vector[0]  # errors in its own prefix make more errors
    assert float(printed.split()[-1]) > 0.9
