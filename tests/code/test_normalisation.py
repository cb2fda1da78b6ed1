"""Each layer agrees with torch.nn, in training and in eval mode, and with numbers worked by hand."""

import re
from collections.abc import Callable

import normalisation
import pytest
import torch
from torch import Tensor, nn


def randomise(*modules: nn.Module) -> None:
    """Give several layers the same random scale and shift, as training would."""
    for parameters in zip(*(module.parameters() for module in modules), strict=True):
        value = torch.randn_like(parameters[0])
        for parameter in parameters:
            parameter.data.copy_(value)


def images(count: int = 5) -> Tensor:
    return 3 * torch.randn(count, 6, 4, 3) + torch.randn(1, 6, 1, 1)


def assert_same(ours: nn.Module, theirs: nn.Module, x: Tensor) -> None:
    """Compare outputs, and gradients in the input and in every parameter."""
    a, b = x.clone().requires_grad_(), x.clone().requires_grad_()
    weight = torch.randn_like(x)
    (ours(a) * weight).sum().backward()
    (theirs(b) * weight).sum().backward()
    torch.testing.assert_close(ours(x), theirs(x), rtol=1e-5, atol=1e-5)
    assert a.grad is not None
    torch.testing.assert_close(a.grad, b.grad, rtol=1e-4, atol=1e-5)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert p.grad is not None
        torch.testing.assert_close(p.grad, q.grad, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", [(8, 6), (5, 6, 7), (5, 6, 4, 3)])
def test_batch_norm_agrees_with_torch_in_both_modes(shape: tuple[int, ...]) -> None:
    ours = normalisation.BatchNorm(6, momentum=0.3)
    layers: dict[int, type[nn.Module]] = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d}
    theirs = layers[len(shape)](6, momentum=0.3)
    randomise(ours, theirs)
    for _ in range(4):  # the running averages agree after several batches
        assert_same(ours, theirs, 3 * torch.randn(shape) + 1)
    torch.testing.assert_close(ours.running_mean, theirs.running_mean)
    torch.testing.assert_close(ours.running_var, theirs.running_var)
    assert_same(ours.eval(), theirs.eval(), torch.randn(shape))


def test_batch_norm_by_hand() -> None:
    # 1, 3, 5, 7: mean 4, biased variance 5, unbiased 20 / 3; stored 0.1 * 4 and 0.9 + 0.1 * 20 / 3.
    norm = normalisation.BatchNorm(1)
    x = torch.tensor([[1.0], [3.0], [5.0], [7.0]])
    torch.testing.assert_close(norm(x).flatten(), torch.tensor([-3.0, -1.0, 1.0, 3.0]) / 5**0.5, rtol=1e-4, atol=1e-4)
    assert norm.running_mean.item() == pytest.approx(0.4)
    assert norm.running_var.item() == pytest.approx(0.9 + 2 / 3)
    assert norm.eval()(x)[0].item() == pytest.approx(0.6 / (0.9 + 2 / 3) ** 0.5, abs=1e-4)


def test_statistics_are_saved_but_not_trained() -> None:
    norm = normalisation.BatchNorm(3)
    assert {"running_mean", "running_var"} <= set(norm.state_dict())
    assert {name for name, _ in norm.named_parameters()} == {"gamma", "beta"}
    norm(torch.randn(4, 3, requires_grad=True)).sum().backward()
    assert not norm.running_mean.requires_grad


def test_layer_norm_agrees_with_torch() -> None:
    for shape in ((6, 4, 3), (3,)):
        ours, theirs = normalisation.LayerNorm(shape), nn.LayerNorm(shape)
        randomise(ours, theirs)
        assert_same(ours, theirs, images())


def test_group_norm_agrees_with_torch() -> None:
    for groups in (1, 2, 6):
        ours, theirs = normalisation.GroupNorm(groups, 6), nn.GroupNorm(groups, 6)
        randomise(ours, theirs)
        assert_same(ours, theirs, images())
    assert_same(normalisation.GroupNorm(3, 6), nn.GroupNorm(3, 6), torch.randn(4, 6))


def test_one_group_is_layer_norm_over_the_image() -> None:
    x = images()
    torch.testing.assert_close(normalisation.GroupNorm(1, 6)(x), normalisation.LayerNorm((6, 4, 3))(x))


def test_rms_norm_agrees_with_torch_and_keeps_the_mean() -> None:
    ours, theirs = normalisation.RMSNorm((3,), eps=1e-6), nn.RMSNorm((3,), eps=1e-6)
    randomise(ours, theirs)
    assert_same(ours, theirs, images())
    # (3, 4): root mean square sqrt(12.5).
    torch.testing.assert_close(
        normalisation.RMSNorm((2,))(torch.tensor([[3.0, 4.0]])), torch.tensor([[3.0, 4.0]]) / 12.5**0.5
    )


def test_only_batch_norm_in_training_looks_at_other_samples() -> None:
    x = images()
    other = torch.cat((x[:1], 10 * x[1:]))
    norm = normalisation.BatchNorm(6)
    assert not torch.allclose(norm(x)[0], norm(other)[0], atol=0.1)
    norm.eval()
    for layer in (norm, normalisation.LayerNorm((6, 4, 3)), normalisation.GroupNorm(2, 6), normalisation.RMSNorm((3,))):
        torch.testing.assert_close(layer(x)[0], layer(other)[0])


@pytest.mark.parametrize("bias", [True, False])
def test_folded_convolution_equals_convolution_and_batch_norm(bias: bool) -> None:
    conv, norm = nn.Conv2d(6, 4, 3, padding=1, bias=bias), normalisation.BatchNorm(4)
    randomise(norm)
    for _ in range(3):
        norm(conv(images()))
    norm.eval()
    before = conv.weight.clone()
    folded = normalisation.fold(conv, norm)
    x = images()
    torch.testing.assert_close(folded(x), norm(conv(x)), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(conv.weight, before)  # the original is left as it was


def test_gradient_reaches_every_parameter(assert_gradients: Callable[..., None]) -> None:
    for layer in (
        normalisation.BatchNorm(6),
        normalisation.LayerNorm((3,)),
        normalisation.GroupNorm(2, 6),
        normalisation.RMSNorm((3,)),
    ):
        assert_gradients(layer, (layer(images()) * images()).sum())


def test_illegal_input_is_refused() -> None:
    norm = normalisation.BatchNorm(6)
    for shape in ((6,), (2, 5)):
        with pytest.raises(ValueError, match="expected"):
            norm(torch.zeros(shape))
    with pytest.raises(ValueError, match="more than one value"):
        norm(torch.zeros(1, 6))
    assert norm.eval()(torch.zeros(1, 6)).shape == (1, 6)  # a batch of one is fine at inference
    with pytest.raises(ValueError, match="groups"):
        normalisation.GroupNorm(4, 6)
    with pytest.raises(ValueError, match="expected"):
        normalisation.GroupNorm(2, 6)(torch.zeros(2, 5))
    for layer in (normalisation.LayerNorm((4,)), normalisation.RMSNorm((4,))):
        with pytest.raises(ValueError, match="last axes"):
            layer(torch.zeros(2, 3))


@pytest.mark.slow
def test_main_shows_the_axes_and_a_forgotten_eval(run_main: Callable[[str], str]) -> None:
    printed = run_main("normalisation.py")
    assert re.search(r"BatchNorm +0\.000", printed)
    assert re.search(r"LayerNorm +[\d.]+ +0\.000", printed)
    assert "stored 0.400, 1.567" in printed
    found = re.findall(r"(?:batch|layer) norm: ([\d.]+) and ([\d.]+)", printed)
    (batch_eval, batch_train), (layer_eval, layer_train) = [tuple(map(float, pair)) for pair in found]
    assert batch_eval > 0.93
    assert batch_train < batch_eval - 0.3
    assert layer_eval == layer_train > 0.93
