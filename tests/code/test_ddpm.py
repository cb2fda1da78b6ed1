"""The closed form follows from the steps, the posterior from Bayes, the samplers from a known Gaussian."""

import re
from collections.abc import Callable

import ddpm
import pytest
import scipy.stats
import torch
from torch import Tensor, nn


class GaussianNoise(nn.Module):
    """The best noise prediction, in closed form, for data from N(mean, std^2)."""

    def __init__(self, diffusion: ddpm.Diffusion, mean: float, std: float) -> None:
        super().__init__()
        self.diffusion, self.mean, self.std = diffusion, mean, std

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        alpha_bar = self.diffusion.alpha_bar[t].unsqueeze(1)
        variance = alpha_bar * self.std**2 + 1 - alpha_bar  # of x_t
        return (1 - alpha_bar).sqrt() * (x - alpha_bar.sqrt() * self.mean) / variance


def test_the_closed_form_is_what_the_steps_add_up_to() -> None:
    # One step multiplies by sqrt(1 - beta) and adds the variance beta.
    diffusion = ddpm.Diffusion()
    factor, variance = 1.0, 0.0
    for t, beta in enumerate(diffusion.beta.double().tolist()):
        factor, variance = factor * (1 - beta) ** 0.5, (1 - beta) * variance + beta
        assert diffusion.alpha_bar[t].sqrt().item() == pytest.approx(factor, rel=1e-4)
        assert 1 - diffusion.alpha_bar[t].item() == pytest.approx(variance, rel=1e-4)
    assert factor < 0.05
    x0, noise = torch.full((2, 3), 2.0), torch.full((2, 3), 0.5)
    x_t = diffusion.add_noise(x0, torch.tensor([0, 99]), noise)
    assert x_t[1, 0].item() == pytest.approx(factor * 2 + variance**0.5 * 0.5, rel=1e-4)
    assert (x_t[0] > 1.9).all()


@pytest.mark.parametrize("t", [1, 50, 99])
def test_posterior_by_bayes(t: int) -> None:
    # Prior N(sqrt(ab) x0, 1 - ab) of x_{t-1}, likelihood N(x_t; sqrt(1 - beta) x_{t-1}, beta): precisions add.
    diffusion = ddpm.Diffusion()
    x_t, x0 = torch.randn(4, 2), torch.randn(4, 2)
    beta, before = diffusion.beta[t].double(), diffusion.alpha_bar[t - 1].double()
    precision = 1 / (1 - before) + (1 - beta) / beta
    expected = (before.sqrt() * x0 / (1 - before) + (1 - beta).sqrt() * x_t / beta) / precision
    mean, variance = diffusion.posterior(x_t, x0, t)
    torch.testing.assert_close(mean, expected.float(), rtol=1e-3, atol=1e-4)
    assert variance.item() == pytest.approx(1 / precision.item(), rel=1e-3)


def test_the_first_step_has_no_noise_left() -> None:
    mean, variance = ddpm.Diffusion().posterior(torch.randn(4, 2), torch.ones(4, 2), 0)
    # 1 - alpha_bar is 1 - 0.999 there: float32 keeps four digits of it.
    torch.testing.assert_close(mean, torch.ones(4, 2), rtol=1e-4, atol=0)
    assert variance == 0


def test_ddim_jump_by_hand() -> None:
    # x_t = 0.8 * 2 + 0.6 * 0.5 = 1.9; back to 2, then sqrt(0.9) * 2 + sqrt(0.1) * 0.5 = 2.0555.
    late, early, noise = torch.tensor(0.64), torch.tensor(0.9), torch.tensor(0.5)
    assert ddpm.predict_x0(torch.tensor(1.9), noise, late).item() == pytest.approx(2.0)
    assert ddpm.ddim_jump(torch.tensor(1.9), noise, late, early).item() == pytest.approx(2.0555, abs=1e-4)
    assert ddpm.ddim_jump(torch.tensor(1.9), noise, late, torch.tensor(1.0)).item() == pytest.approx(2.0)


def test_samplers_with_the_best_prediction_find_the_gaussian() -> None:
    diffusion, start = ddpm.Diffusion(), torch.randn(4000, 1)
    model = GaussianNoise(diffusion, mean=3.0, std=0.5)
    random = ddpm.ddpm_sample(model, diffusion, start)
    assert random.mean().item() == pytest.approx(3.0, abs=0.06)
    assert random.std().item() == pytest.approx(0.5, abs=0.05)
    smooth = ddpm.ddim_sample(model, diffusion, start, steps=100)[-1]
    # Without randomness the map from noise to data is the quantiles' own: 3 + 0.5 x.
    torch.testing.assert_close(smooth, 3 + 0.5 * start, atol=0.25, rtol=0)
    assert smooth.std().item() == pytest.approx(0.5, abs=0.03)


def test_ddim_repeats_itself_and_ddpm_does_not() -> None:
    diffusion, model, start = ddpm.Diffusion(), ddpm.Denoiser(), torch.randn(5, 2)
    stages = ddpm.ddim_sample(model, diffusion, start, steps=7)
    assert len(stages) == 8
    assert torch.equal(stages[0], start)
    assert torch.equal(stages[-1], ddpm.ddim_sample(model, diffusion, start, steps=7)[-1])
    first, second = (ddpm.ddpm_sample(model, diffusion, start) for _ in range(2))
    assert not torch.equal(first, second)


def test_one_ddim_step_is_the_estimate_of_x0() -> None:
    diffusion, model, start = ddpm.Diffusion(), ddpm.Denoiser(), torch.randn(5, 2)
    with torch.no_grad():
        noise = model(start, torch.full((5,), 99))
    expected = ddpm.predict_x0(start, noise, diffusion.alpha_bar[99])
    torch.testing.assert_close(ddpm.ddim_sample(model, diffusion, start, steps=1)[-1], expected)


def test_the_loss_of_knowing_nothing_is_one() -> None:
    class Nothing(nn.Module):
        def forward(self, x: Tensor, t: Tensor) -> Tensor:
            return torch.zeros_like(x)

    loss = ddpm.noise_loss(Nothing(), ddpm.Diffusion(), torch.randn(20_000, 2))
    assert loss.item() == pytest.approx(1.0, abs=0.03)  # the variance of the noise


def test_the_loss_of_the_best_prediction() -> None:
    # The noise given x_t has variance alpha_bar s^2 / (alpha_bar s^2 + 1 - alpha_bar).
    diffusion = ddpm.Diffusion()
    loss = ddpm.noise_loss(GaussianNoise(diffusion, 0.0, 0.5), diffusion, 0.5 * torch.randn(50_000, 2))
    signal = diffusion.alpha_bar * 0.25
    assert loss.item() == pytest.approx((signal / (signal + 1 - diffusion.alpha_bar)).mean().item(), rel=0.03)


def test_training_and_gradients(assert_gradients: Callable[..., None]) -> None:
    diffusion, model, data = ddpm.Diffusion(), ddpm.Denoiser(hidden_dim=32), ddpm.moons(500, 0)
    assert_gradients(model, ddpm.noise_loss(model, diffusion, data))
    history = ddpm.train(model, diffusion, data, steps=200)
    assert sum(history[-20:]) < 0.7 * sum(history[:20])


def test_energy_distance_agrees_with_scipy() -> None:
    x, y = torch.randn(80, 1), 1.5 * torch.randn(60, 1) + 0.5
    expected = scipy.stats.energy_distance(x.flatten().numpy(), y.flatten().numpy()) ** 2  # SciPy takes the root
    assert ddpm.energy_distance(x, y) == pytest.approx(expected, rel=1e-3)
    assert ddpm.energy_distance(x, x) == pytest.approx(0, abs=1e-6)


def test_illegal_input_is_refused() -> None:
    diffusion = ddpm.Diffusion()
    for steps, first, last in ((1, 0.1, 0.2), (10, 0.0, 0.2), (10, 0.3, 0.2), (10, 0.1, 1.0)):
        with pytest.raises(ValueError, match="need steps"):
            ddpm.Diffusion(steps, first, last)
    with pytest.raises(ValueError, match="expected x0"):
        diffusion.add_noise(torch.zeros(3, 2), torch.zeros(4, dtype=torch.int64), torch.zeros(3, 2))
    for steps in (0, 101):
        with pytest.raises(ValueError, match="steps must lie"):
            ddpm.ddim_sample(ddpm.Denoiser(), diffusion, torch.zeros(1, 2), steps)


@pytest.mark.slow
def test_plot_goes_from_noise_to_data() -> None:
    figure = ddpm.plot()
    assert [axes.get_title() for axes in figure.axes][0::4] == ["noise", "step 50 of 50"]
    first, last = (torch.tensor(axes.collections[0].get_offsets()) for axes in (figure.axes[0], figure.axes[-1]))
    fresh = ddpm.moons(1000, 1).double()
    assert ddpm.energy_distance(last.double(), fresh) < ddpm.energy_distance(first.double(), fresh) / 3


@pytest.mark.slow
def test_main_beats_the_gaussian(run_script: Callable[[str], str]) -> None:
    printed = run_script("ddpm.py")
    assert "alpha_bar 0.64 is 1.900; DDIM to 0.9: 2.055" in printed
    distance = {name.strip(): float(value) for name, value in re.findall(r"^  (.*) ([\d.]+)$", printed, re.MULTILINE)}
    gaussian = distance["a Gaussian of the same mean and covariance"]
    assert distance["DDPM, 100 steps"] < gaussian / 5
    assert distance["DDIM,  50 steps"] < gaussian / 5
    assert distance["DDIM,  10 steps"] < gaussian / 2
    assert distance["DDIM,   2 steps"] > distance["DDIM,  10 steps"]
