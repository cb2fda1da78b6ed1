"""The forward algorithm against torch.nn.CTCLoss and against all paths; decoding against all texts."""

import itertools
import re
from collections import defaultdict
from collections.abc import Callable

import ctc
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor


def frames(count: int, batch: int = 1, symbols: int = 3) -> Tensor:
    return torch.randn(count, batch, symbols, dtype=torch.float64).log_softmax(dim=2)


def loss_of(log_probs: Tensor, text: tuple[int, ...]) -> Tensor:
    """The loss of one text from log_probs (T, V)."""
    lengths = torch.tensor([len(log_probs)]), torch.tensor([len(text)])
    return ctc.ctc_loss(log_probs[:, None], torch.tensor([text], dtype=torch.long).view(1, -1), *lengths)[0]


def all_texts(log_probs: Tensor) -> dict[tuple[int, ...], float]:
    """Brute force: every path, and the sum of those that collapse to the same text."""
    p = log_probs.exp().tolist()
    found: defaultdict[tuple[int, ...], float] = defaultdict(float)
    for path in itertools.product(range(log_probs.shape[1]), repeat=len(p)):
        probability = 1.0
        for frame, symbol in zip(p, path, strict=True):
            probability *= frame[symbol]
        found[ctc.collapse(path)] += probability
    return dict(found)


def test_collapse_by_hand() -> None:
    assert ctc.collapse([1, 1, 0, 1, 2]) == (1, 1, 2)
    assert ctc.collapse([0, 1, 1, 2, 2, 0]) == (1, 2)
    assert ctc.collapse([0, 0]) == ()


def test_two_frames_by_hand() -> None:
    log_probs = torch.tensor([[0.6, 0.4], [0.6, 0.4]]).log()
    assert loss_of(log_probs, (1,)).neg().exp().item() == pytest.approx(0.16 + 0.24 + 0.24)
    assert loss_of(log_probs, ()).neg().exp().item() == pytest.approx(0.36)
    assert ctc.greedy_decode(log_probs) == ()
    (best, p), (other, q) = ctc.prefix_beam_search(log_probs, 2)
    assert (best, other) == ((1,), ())
    assert (p, q) == pytest.approx((0.64, 0.36))


def test_loss_equals_the_sum_over_all_paths() -> None:
    log_probs = frames(5)[:, 0]
    texts = all_texts(log_probs)
    assert sum(texts.values()) == pytest.approx(1)
    assert (1, 1, 1) in texts  # equal letters with blanks between
    for text, probability in texts.items():
        assert loss_of(log_probs, text).neg().exp().item() == pytest.approx(probability)


def batch() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Samples of different lengths, with repeats and one that just fits."""
    targets = torch.tensor([[1, 2, 2, 4], [3, 3, 3, 0], [2, 0, 0, 0], [1, 2, 3, 4]])
    return torch.randn(9, 4, 5, dtype=torch.float64), targets, torch.tensor([9, 5, 3, 4]), torch.tensor([4, 3, 1, 4])


def test_loss_and_gradient_agree_with_pytorch() -> None:
    logits, targets, lengths, letters = batch()
    ours, theirs = logits.clone().requires_grad_(), logits.clone().requires_grad_()
    got = ctc.ctc_loss(ours.log_softmax(dim=2), targets, lengths, letters)
    want = F.ctc_loss(theirs.log_softmax(dim=2), targets, lengths, letters, reduction="none")
    torch.testing.assert_close(got, want)
    got.sum().backward()
    want.sum().backward()
    assert ours.grad is not None
    assert ours.grad.isfinite().all()
    torch.testing.assert_close(ours.grad, theirs.grad)
    assert not ours.grad[3:, 2].any()  # frames behind the end of a sample teach nothing


def test_the_gradient_by_finite_differences() -> None:
    logits, targets, lengths, letters = batch()

    def loss(x: Tensor) -> Tensor:
        return ctc.ctc_loss(x.log_softmax(dim=2), targets, lengths, letters).sum()

    assert torch.autograd.gradcheck(loss, (logits.requires_grad_(),))


@pytest.mark.parametrize("seed", range(4))
def test_a_beam_wide_enough_finds_every_text(seed: int) -> None:
    torch.manual_seed(seed)
    log_probs = frames(5)[:, 0]
    texts = all_texts(log_probs)
    found = dict(ctc.prefix_beam_search(log_probs, 1000))
    assert found.keys() == texts.keys()
    for text, probability in texts.items():
        assert found[text] == pytest.approx(probability)
    assert ctc.prefix_beam_search(log_probs, 1000)[0][0] == max(texts, key=lambda text: texts[text])


def test_greedy_finds_the_best_path() -> None:
    log_probs = frames(4)[:, 0]
    p = log_probs.exp()
    paths = itertools.product(range(3), repeat=4)
    best = max(paths, key=lambda path: float(p[range(4), list(path)].prod()))
    assert ctc.greedy_decode(log_probs) == ctc.collapse(best)


def test_a_beam_is_never_less_likely_than_greedy_when_wide() -> None:
    better = 0
    for _ in range(20):
        log_probs = frames(6)[:, 0]
        beam, greedy = ctc.prefix_beam_search(log_probs, 50)[0][0], ctc.greedy_decode(log_probs)
        gain = loss_of(log_probs, greedy) - loss_of(log_probs, beam)
        assert gain > -1e-9
        better += bool(gain > 1e-9)
    assert better > 0


def test_strips_show_their_texts() -> None:
    images = torch.rand(10, 8, 8) + 0.1
    columns, texts, letters = ctc.strips(images, torch.arange(10), 6, seed=0)
    assert columns.shape == (24, 6, 8)
    for row, length in enumerate(letters.tolist()):
        for place in range(3):
            drawn = columns[8 * place : 8 * place + 8, row].T  # back to rows and columns of the image
            if place < length:
                assert torch.equal(drawn, images[texts[row, place] - 1])
            else:
                assert not drawn.any()
                assert texts[row, place] == ctc.BLANK


def test_gradient_reaches_every_parameter(assert_gradients: Callable[..., None]) -> None:
    model = ctc.StripReader(6)
    columns, texts, letters = ctc.strips(torch.rand(10, 8, 8), torch.arange(10), 4, seed=0)
    assert_gradients(model, ctc.ctc_loss(model(columns), texts, torch.full((4,), 24), letters).mean())


def test_illegal_input_is_refused() -> None:
    log_probs = frames(2)[:, 0]
    with pytest.raises(ValueError, match="not the blank"):
        loss_of(log_probs, (0,))
    for text in ((1, 2, 1), (1, 1)):  # too long; and the repeat needs a third frame
        with pytest.raises(ValueError, match="does not fit"):
            loss_of(log_probs, text)
    with pytest.raises(ValueError, match="exceeds"):
        ctc.ctc_loss(log_probs[:, None], torch.tensor([[1]]), torch.tensor([3]), torch.tensor([1]))
    with pytest.raises(ValueError, match="at least one text"):
        ctc.prefix_beam_search(log_probs, 0)


@pytest.mark.slow
def test_main_reads_digits(run_script: Callable[[str], str]) -> None:
    printed = run_script("ctc.py")
    assert "p(a) = 0.64, p(nothing) = 0.36" in printed
    assert "greedy finds () with the best path; the beam finds (1,) with 0.64" in printed
    losses = [float(loss) for loss in re.findall(r"loss ([\d.]+) nats", printed)]
    assert losses[-1] < 0.3 * losses[0]
    greedy, beam = (float(share) for share in re.findall(r"(?:greedy|beam of 8) *: ([\d.]+)", printed))
    assert min(greedy, beam) > 0.6
