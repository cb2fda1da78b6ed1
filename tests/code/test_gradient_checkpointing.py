"""The gradients are those of torch.utils.checkpoint and of no checkpointing; the bytes are counted by hand."""

import re
from collections.abc import Callable

import gradient_checkpointing as gc
import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

KIB = 4 * 8 * 16  # bytes of one activation of the small network below


def small(dropout: float = 0.0, depth: int = 12) -> tuple[gc.DeepNet, torch.Tensor]:
    torch.manual_seed(0)
    return gc.DeepNet(depth, width=16, dropout=dropout), torch.randn(8, 16)


def test_agrees_with_torchs_checkpoint() -> None:
    module = nn.Sequential(nn.Linear(6, 6), nn.Tanh(), nn.Dropout(0.5), nn.Linear(6, 2))
    results = []
    for way in (lambda x: gc.checkpoint(module, x), lambda x: checkpoint(module, x, use_reentrant=False), module):
        torch.manual_seed(1)
        module.zero_grad()
        x = torch.linspace(-1, 1, 30).view(5, 6).requires_grad_()
        out = way(x)
        torch.randn(3)  # the generator moves on between forward and backward
        out.square().sum().backward()
        assert x.grad is not None
        results.append((out.detach(), x.grad, *(p.grad.clone() for p in module.parameters() if p.grad is not None)))
    for ours, theirs, plain in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs)
        torch.testing.assert_close(ours, plain)
    assert len(results[0]) == 6


@pytest.mark.parametrize("segments", [1, 2, 3, 12])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_gradients_do_not_change(segments: int, dropout: float) -> None:
    model, x = small(dropout)
    plain, run = gc.Measurement(model, x, 0), gc.Measurement(model, x, segments)
    assert run.difference(plain) < 1e-7
    assert max(float(g.abs().max()) for g in plain.gradients) > 1e-5
    assert (plain.calls, run.calls) == (12, 24)


def test_without_the_generators_state_dropout_goes_wrong() -> None:
    model, x = small(dropout=0.3)
    plain = gc.Measurement(model, x, 0)
    assert gc.Measurement(model, x, 3, keep_random=False).difference(plain) > 1e-4


def test_the_generator_goes_on_as_if_nothing_had_been_repeated() -> None:
    model, x = small(dropout=0.3)
    following = []
    for segments in (0, 3):
        gc.Measurement(model, x, segments)
        following.append(torch.rand(4))
    assert torch.equal(*following)


@pytest.mark.parametrize("segments", [1, 2, 3, 4, 6, 12])
def test_bytes_by_hand(segments: int) -> None:
    # Without dropout a block keeps its input and its output, which is the next block's input.
    model, x = small()
    assert gc.Measurement(model, x, 0).peak == (12 + 1) * KIB
    # In segments: their inputs, and while the last one is repeated all the outputs within it.
    assert gc.Measurement(model, x, segments).peak == (segments + 12 // segments) * KIB


def test_the_meter_counts_shared_storage_once_and_parameters_never() -> None:
    model = nn.Linear(16, 16, bias=False)
    x = torch.randn(8, 16, requires_grad=True)
    with gc.ActivationMeter(model) as meter:
        y = model(x)  # keeps x and the weight
        assert meter.now == KIB
        z = (x * x).sum() + y.exp().sum()  # x again, twice; exp keeps its output
        assert meter.now == 2 * KIB
        z.backward()
    assert meter.now == 0
    assert meter.peak == 2 * KIB


def test_illegal_input_is_refused() -> None:
    model, x = small()
    with pytest.raises(ValueError, match="require a gradient"):
        gc.checkpoint(model.blocks, x)
    with torch.no_grad():
        torch.testing.assert_close(gc.checkpoint(model.blocks, x), model(x))  # nothing to recompute, nothing to forget
    for segments in (-1, 5, 13):
        with pytest.raises(ValueError, match="segments"):
            model(x.requires_grad_(), segments)


@pytest.mark.slow
def test_main_peaks_lowest_at_the_root(run_main: Callable[[str], str]) -> None:
    printed = run_main("gradient_checkpointing.py")
    plain = re.search(r"no checkpoints: peak +(\d+) KiB, forward runs of a block 36\n", printed)
    assert plain is not None
    rows = re.findall(
        r"(\d+) segments: +peak +(\d+) KiB, forward runs of a block (\d+), .* gradient ([\d.e+-]+)", printed
    )
    peaks = {int(segments): int(peak) for segments, peak, _, _ in rows}
    assert min(peaks, key=lambda segments: peaks[segments]) == 6
    assert peaks[6] < int(plain.group(1)) / 2.5
    assert all(int(calls) == 72 and float(difference) < 1e-7 for _, _, calls, difference in rows)
    restored, careless = (float(x) for x in re.findall(r"masks restored: \w+ .* gradient ([\d.e+-]+)", printed))
    assert restored < 1e-7
    assert careless > 1e-5
