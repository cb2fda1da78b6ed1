"""Values agree with torch.nn.functional, derivatives with its autograd; dead units stay dead, leaky ones do not."""

import math
import re
from collections.abc import Callable

import activations
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

ORACLES: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "ReLU": F.relu,
    "leaky ReLU": F.leaky_relu,
    "GELU": F.gelu,
    "SiLU": F.silu,
}


@pytest.mark.parametrize("name", activations.ACTIVATIONS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_value_and_derivative_agree_with_torch(name: str, dtype: torch.dtype) -> None:
    x = torch.cat((torch.linspace(-8, 8, 321, dtype=dtype), torch.zeros(1, dtype=dtype))).requires_grad_()
    expected = ORACLES[name](x)
    (slope,) = torch.autograd.grad(expected.sum(), x)
    value, derivative = activations.ACTIVATIONS[name](x)
    assert value.dtype == derivative.dtype == dtype
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(derivative, slope)
    # Autograd through our own formula gives the derivative that we state, also at 0.
    (through,) = torch.autograd.grad(value.sum(), x)
    torch.testing.assert_close(through, derivative.detach())


@pytest.mark.parametrize("name", activations.ACTIVATIONS)
def test_extreme_inputs_overflow_nowhere(name: str) -> None:
    x = torch.tensor([-1e4, -100.0, 100.0, 1e4], requires_grad=True)
    value, derivative = activations.ACTIVATIONS[name](x)
    torch.testing.assert_close(value, ORACLES[name](x))
    assert derivative.isfinite().all()
    (through,) = torch.autograd.grad(value.sum(), x)
    assert through.isfinite().all()


def test_numbers_by_hand() -> None:
    zero, one, three = torch.zeros(()), torch.ones(()), torch.tensor(3.0)
    assert activations.sigmoid(zero).derivative.item() == pytest.approx(0.25)
    assert activations.tanh(zero).derivative.item() == pytest.approx(1.0)
    assert activations.tanh(three).derivative.item() == pytest.approx(1 / math.cosh(3) ** 2, rel=1e-5)
    assert activations.silu(zero).derivative.item() == pytest.approx(0.5)
    assert activations.silu(one).derivative.item() == pytest.approx(0.9277, abs=1e-4)
    assert activations.gelu(one).value.item() == pytest.approx(0.8413, abs=1e-4)  # Phi(1)
    assert activations.leaky_relu(torch.tensor(-2.0), slope=0.1).value.item() == pytest.approx(-0.2)
    grid = torch.linspace(-10, 10, 2001)
    assert activations.sigmoid(grid).derivative.max().item() == pytest.approx(0.25)


def test_silu_function_passes_gradcheck_twice_and_saves_the_input_alone() -> None:
    x = torch.randn(6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(activations.SiLUFunction.apply, (x,))
    assert torch.autograd.gradgradcheck(activations.SiLUFunction.apply, (x,))
    saved: list[Tensor] = []

    def pack(tensor: Tensor) -> Tensor:
        saved.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        y = activations.SiLUFunction.apply(x)
    assert len(saved) == 1
    torch.testing.assert_close(saved[0], x)
    torch.testing.assert_close(y, F.silu(x))
    composed: list[Tensor] = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: composed.append(t) or t, lambda t: t):  # type: ignore[func-returns-value]
        _ = x * torch.sigmoid(x)
    assert len({tensor.data_ptr() for tensor in composed}) == 2  # x and s(x)


def test_sigmoid_starves_the_first_of_ten_layers_and_relu_does_not() -> None:
    images, labels = torch.rand(100, 64), torch.arange(100) % 10
    ratios = {}
    for name in ("sigmoid", "ReLU"):
        net = activations.Net(activations.ACTIVATIONS[name], depth=10)
        F.cross_entropy(net(images), labels).backward()
        norms = [p.grad.norm() for p in net.hidden.parameters() if p.grad is not None and p.dim() == 2]
        ratios[name] = (norms[0] / norms[-1]).item()
    assert ratios["sigmoid"] < 1e-3
    assert ratios["ReLU"] > 0.1


def test_dead_relu_units_get_no_gradient_and_leaky_ones_do() -> None:
    images, labels = torch.rand(50, 64), torch.arange(50) % 10
    for name, dead in (("ReLU", True), ("leaky ReLU", False)):
        net = activations.Net(activations.ACTIVATIONS[name], depth=1)
        assert activations.dead_share(net, images) < 1
        with torch.no_grad():
            net.hidden[0].get_parameter("bias").fill_(-50.0)
        assert activations.dead_share(net, images) == 1.0
        before = net.hidden[0].get_parameter("weight").clone()
        activations.train(net, images, labels, steps=3)
        assert torch.equal(net.hidden[0].get_parameter("weight"), before) == dead


def test_training_fits_and_every_parameter_gets_a_gradient(assert_gradients: Callable[..., None]) -> None:
    images, labels = torch.rand(40, 64), torch.arange(40) % 10
    net = activations.Net(activations.gelu, depth=2)
    losses = activations.train(net, images, labels, steps=60)
    assert losses[-1] < 0.3 * losses[0]
    assert_gradients(net, F.cross_entropy(net(images), labels))


def test_plot_shows_every_function_and_derivative() -> None:
    figure = activations.plot()
    assert [len(axis.lines) for axis in figure.axes] == [len(activations.ACTIVATIONS)] * 2


def test_illegal_input_is_refused() -> None:
    with pytest.raises(ValueError, match="depth"):
        activations.Net(activations.relu, depth=0)


@pytest.mark.slow
def test_main_shows_saturation_and_dead_units(run_main: Callable[[str], str]) -> None:
    printed = run_main("activations.py")
    ratios = {name: float(value) for name, value in re.findall(r"^  ([\w ]+?) +(\d\.\de[+-]\d+)$", printed, re.M)}
    assert ratios["sigmoid"] < 1e-3 < 0.1 < ratios["ReLU"]
    ends = {name: float(loss) for name, loss in re.findall(r"^  ([\w ]+?) +never above 0.*-> ([\d.]+)$", printed, re.M)}
    assert ends["ReLU"] > 2.29  # ln 10: nothing learnt
    assert ends["leaky ReLU"] < 0.5
