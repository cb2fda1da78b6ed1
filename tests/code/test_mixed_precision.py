"""Rounding agrees with NumPy's and PyTorch's 16-bit types, and the scaler with torch.amp's."""

import re
from collections.abc import Callable

import mixed_precision
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn


def test_ranges_agree_with_numpy_and_by_hand() -> None:
    half = np.finfo(np.float16)
    text = mixed_precision.describe(torch.float16)
    largest, normal, least, step = (float(x) for x in re.findall(r"[\d.]+(?:e[+-]\d+)?", text))
    assert largest == pytest.approx(float(half.max), rel=1e-3)  # 65504, printed to 4 digits
    assert normal == pytest.approx(float(half.smallest_normal), rel=0.02)
    assert least == pytest.approx(float(half.smallest_subnormal), rel=0.02)  # 2^-24
    assert step == pytest.approx(float(half.eps), rel=0.1)
    _, normal, least, step = (
        float(x) for x in re.findall(r"[\d.]+(?:e[+-]\d+)?", mixed_precision.describe(torch.bfloat16))
    )
    assert normal == pytest.approx(2.0**-126, rel=0.02)  # as in float32
    assert least == pytest.approx(2.0**-133, rel=0.05)
    assert step == pytest.approx(2.0**-7, rel=0.05)


@pytest.mark.parametrize(("dtype", "kind"), [(torch.float16, np.float16)])
def test_values_and_gradients_are_rounded(dtype: torch.dtype, kind: type[np.float16]) -> None:
    x = (torch.randn(200) * 10.0 ** torch.randint(-9, 4, (200,))).requires_grad_()
    y = mixed_precision.round_to(x, dtype)
    assert np.array_equal(y.detach().numpy(), x.detach().numpy().astype(kind).astype(np.float32))
    incoming = torch.tensor([1e-9, 1e-7, 0.1, 1e6]).repeat(50)
    y.backward(incoming)
    assert x.grad is not None
    with np.errstate(over="ignore"):
        expected = incoming.numpy().astype(kind).astype(np.float32)
    assert np.array_equal(x.grad.numpy(), expected)
    assert x.grad[0] == 0
    assert x.grad[3] == torch.inf


def test_a_mixed_layer_computes_in_16_bits_from_32() -> None:
    layer = mixed_precision.MixedLinear(20, 5, torch.float16)
    assert layer.weight.dtype == torch.float32
    x = torch.randn(7, 20)
    expected = F.linear(x.half().float(), layer.weight.half().float(), layer.bias.half().float()).half().float()
    torch.testing.assert_close(layer(x), expected, rtol=0, atol=0)
    exact = F.linear(x, layer.weight, layer.bias)
    assert not torch.equal(layer(x), exact)
    torch.testing.assert_close(layer(x), exact, rtol=0.01, atol=0.005)


def test_the_scaler_does_what_torchs_does() -> None:
    # A loss of 1e30 at step 3 overflows when scaled; growth after two clean steps.
    ours, theirs = nn.Linear(3, 1), nn.Linear(3, 1)
    theirs.load_state_dict(ours.state_dict())
    our_optimizer, their_optimizer = (torch.optim.SGD(m.parameters(), lr=0.1, momentum=0.9) for m in (ours, theirs))
    scaler = mixed_precision.LossScaler(2.0**40, growth_interval=2)
    reference = torch.amp.GradScaler("cpu", init_scale=2.0**40, growth_interval=2)
    done = []
    for step in range(8):
        x = torch.randn(4, 3)
        factor = 1e30 if step in (3, 4) else 1.0
        done.append(scaler.step(ours(x).square().mean() * factor, our_optimizer))
        their_optimizer.zero_grad()
        reference.scale(theirs(x).square().mean() * factor).backward()
        reference.step(their_optimizer)
        reference.update()
        assert scaler.scale == reference.get_scale()
        for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
            torch.testing.assert_close(a, b)
    assert done == [True, True, True, False, False, True, True, True]


def test_scaling_changes_nothing_in_full_precision() -> None:
    steps = []
    for scale in (1.0, 2.0**20):
        torch.manual_seed(0)
        model = nn.Linear(3, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        mixed_precision.LossScaler(scale).step(model(torch.randn(5, 3)).square().mean(), optimizer)
        steps.append(model.weight.detach().clone())
    assert torch.equal(*steps)  # powers of two round nothing


def test_small_updates_by_hand() -> None:
    # Below 1 the spacing of float16 is 2^-11 = 0.00049, of bfloat16 2^-8: 0.0001 is less than half of it.
    for dtype in (torch.float16, torch.bfloat16):
        assert mixed_precision.accumulate(dtype, 1e-4, 1000, master=False) == 1.0
        assert mixed_precision.accumulate(dtype, 1e-4, 1000, master=True) == pytest.approx(0.9, abs=0.002)
    assert mixed_precision.accumulate(torch.float16, 2.0**-11, 4, master=False) == 1 - 4 * 2.0**-11


def test_scaling_saves_small_gradients(assert_gradients: Callable[..., None]) -> None:
    x, labels = torch.rand(32, 64), torch.arange(32) % 10
    shares = {}
    for scale in (1.0, 65536.0):
        model = mixed_precision.network(torch.float16)
        shares[scale] = mixed_precision.zero_share(model, scale * 1e-6 * F.cross_entropy(model(x), labels))
    assert shares[1.0] > 0.95
    assert shares[65536.0] < 0.6  # what is left is mostly ReLU's own zeros
    model = mixed_precision.network(torch.bfloat16)
    assert_gradients(model, 1e-6 * F.cross_entropy(model(x), labels))


def test_illegal_input_is_refused() -> None:
    for scale, interval in ((0.0, 1), (-1.0, 1), (1.0, 0)):
        with pytest.raises(ValueError, match="scale > 0"):
            mixed_precision.LossScaler(scale, interval)


@pytest.mark.slow
def test_main_loses_and_keeps(run_script: Callable[[str], str]) -> None:
    printed = run_script("mixed_precision.py")
    assert "in torch.float16: 1.0000; with a float32 master copy: 0.8999" in printed
    assert "in torch.bfloat16: 1.0000; with a float32 master copy: 0.89" in printed
    rows = re.findall(r"^  (\S.*?)  +gradient .*skipped +(\d+) .*accuracy ([\d.]+)", printed, re.MULTILINE)
    score = {name: float(value) for name, _, value in rows}
    assert min(score["float32"], score["bfloat16"], score["float16, loss scaled"]) > 0.9
    assert score["float16"] < 0.4
    assert int({name: skipped for name, skipped, _ in rows}["float16, loss scaled"]) > 0
