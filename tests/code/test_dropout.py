"""Inverted dropout agrees with torch's, draw for draw; both scalings keep the mean; eval is deterministic."""

import re
from collections.abc import Callable
from typing import Literal

import dropout
import pytest
import torch
import torch.nn.functional as F
from torch import nn


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_inverted_dropout_agrees_with_torch_for_the_same_draws(p: float) -> None:
    x = torch.randn(50, 40)
    torch.manual_seed(3)
    ours = dropout.Dropout(p)(x)
    torch.manual_seed(3)
    torch.testing.assert_close(ours, F.dropout(x, p, training=True))


def test_every_element_is_dropped_or_rescaled() -> None:
    x = torch.randn(200, 100)
    y = dropout.Dropout(0.75)(x)
    kept = y != 0
    torch.testing.assert_close(y[kept], 4 * x[kept])
    # 20,000 draws: the share has a standard error of sqrt(0.25 * 0.75 / 20000) = 0.003.
    assert kept.float().mean().item() == pytest.approx(0.25, abs=0.015)
    y = dropout.Dropout(0.75, "classic")(x)
    torch.testing.assert_close(y[y != 0], x[y != 0])


@pytest.mark.parametrize(("scaling", "at_inference"), [("inverted", 1.0), ("classic", 0.3)])
def test_mean_in_training_equals_inference(scaling: Literal["inverted", "classic"], at_inference: float) -> None:
    layer, x = dropout.Dropout(0.7, scaling), torch.tensor([1.0, -2.0, 5.0])
    mean = torch.stack([layer(x) for _ in range(20_000)]).mean(dim=0)
    inference = layer.eval()(x)
    torch.testing.assert_close(inference, at_inference * x)
    # Standard error at x = 5, inverted: 5 * sqrt(0.7 / 0.3 / 20000) = 0.054.
    torch.testing.assert_close(mean, inference, rtol=0, atol=0.25)


def test_without_scaling_the_means_differ() -> None:
    layer, x = dropout.Dropout(0.8, "none"), torch.ones(50_000)
    assert layer(x).mean().item() == pytest.approx(0.2, abs=0.01)
    assert layer.eval()(x).mean().item() == 1.0


def test_eval_mode_is_the_identity_and_each_training_call_draws_anew() -> None:
    layer, x = dropout.Dropout(0.5), torch.randn(100)
    assert not torch.equal(layer(x), layer(x))
    assert torch.equal(layer.eval()(x), x)
    assert torch.equal(dropout.Dropout(0.0)(x), x)


def test_a_dropped_element_gets_no_gradient() -> None:
    x = torch.ones(1000, requires_grad=True)
    y = dropout.Dropout(0.5)(x)
    y.sum().backward()
    assert x.grad is not None
    torch.testing.assert_close(x.grad, y.detach())  # 0 where dropped, 1 / keep elsewhere


def test_average_of_masks_of_a_linear_net_is_its_eval_output() -> None:
    # For a linear layer after dropout, the mean over all masks is exactly the output of eval mode.
    model = nn.Sequential(dropout.Dropout(0.5), nn.Linear(8, 3))
    x = torch.randn(4, 8)
    with torch.no_grad():
        model.train()
        mean = torch.stack([model(x) for _ in range(20_000)]).mean(dim=0)
        torch.testing.assert_close(mean, model.eval()(x), rtol=0, atol=0.05)
    probabilities = dropout.average_of_masks(model, x, draws=10)
    torch.testing.assert_close(probabilities.sum(dim=1), torch.ones(4))


def test_gradient_reaches_every_parameter(assert_gradients: Callable[..., None]) -> None:
    model = dropout.DropoutNet(dropout.Dropout(0.5))
    assert_gradients(model, F.cross_entropy(model(torch.rand(20, 64)), torch.arange(20) % 10))


def test_training_fits_a_few_digits() -> None:
    images, labels, _, _ = dropout.noisy_digits()
    model = dropout.DropoutNet(dropout.Dropout(0.2), hidden_dim=64)
    dropout.train(model, images[100:200], labels[100:200], epochs=300)
    assert dropout.accuracy(model, images[100:200], labels[100:200]) > 0.9


def test_illegal_input_is_refused() -> None:
    for p in (-0.1, 1.0):
        with pytest.raises(ValueError, match="p must lie"):
            dropout.Dropout(p)
    with pytest.raises(ValueError, match="scaling"):
        dropout.Dropout(0.5, "inverse")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="draws"):
        dropout.average_of_masks(nn.Linear(2, 2), torch.zeros(1, 2), draws=0)


@pytest.mark.slow
def test_main_shows_equal_means_and_less_overfitting(run_script: Callable[[str], str]) -> None:
    printed = run_script("dropout.py")
    rows = dict(re.findall(r"^  (\w[\w ]*?) +([\d.]+ +[\d.]+)$", printed, flags=re.MULTILINE))
    means = re.findall(r"^  (inverted|classic|none) +([\d.]+)  ([\d.]+)$", printed, flags=re.MULTILINE)
    for name, training, inference in means[:2]:
        assert float(training) == pytest.approx(float(inference), abs=0.02), name
    assert float(means[2][2]) == pytest.approx(5 * float(means[2][1]), abs=0.1)
    fitted, held_out = map(float, rows["without dropout"].split())
    for name in ("inverted", "classic"):
        fitted_too, held_out_too = map(float, rows[name].split())
        assert fitted_too < fitted
        assert held_out_too > held_out + 0.02
