"""The two parts of the bound agree with torch.distributions, and the bound is a bound."""

import math
import re
from collections.abc import Callable

import pytest
import torch
import vae
from torch import Tensor
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence


def images(count: int = 6) -> Tensor:
    return torch.bernoulli(torch.full((count, 64), 0.4))


def test_shapes_for_a_batch_of_one() -> None:
    model = vae.VAE(code_dim=3)
    logits, mean, log_variance = model(images(1))
    assert logits.shape == (1, 64)
    assert mean.shape == log_variance.shape == (1, 3)
    assert model.sample(5).shape == (5, 64)
    assert set(model.sample(5).unique().tolist()) <= {0.0, 1.0}


def test_kl_agrees_with_torch_distributions() -> None:
    mean, log_variance = torch.randn(7, 5), torch.randn(7, 5)
    q = Independent(Normal(mean, (0.5 * log_variance).exp()), 1)
    p = Independent(Normal(torch.zeros(7, 5), torch.ones(7, 5)), 1)
    torch.testing.assert_close(vae.kl_to_standard_normal(mean, log_variance), kl_divergence(q, p))


def test_kl_by_hand() -> None:
    # Mean 1, variance 1: (1 + 1 - 1 - 0) / 2 = 1/2. Mean 0, variance e: (e - 1 - 1) / 2.
    mean = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]])
    log_variance = torch.tensor([[0.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
    expected = torch.tensor([0.0, 0.5, (math.e - 2) / 2])
    torch.testing.assert_close(vae.kl_to_standard_normal(mean, log_variance), expected)


def test_reconstruction_agrees_with_bernoulli_log_likelihood() -> None:
    x, logits = images(), torch.randn(6, 64)
    mean, log_variance = torch.randn(6, 4), torch.randn(6, 4)
    loss, reconstruction, kl = vae.negative_elbo(x, logits, mean, log_variance)
    expected = -Independent(Bernoulli(logits=logits), 1).log_prob(x).mean()
    torch.testing.assert_close(reconstruction, expected)
    torch.testing.assert_close(kl, vae.kl_to_standard_normal(mean, log_variance).mean())
    torch.testing.assert_close(loss, reconstruction + kl)


def test_reparameterised_gradient_against_the_closed_form() -> None:
    # E[z^2] = m^2 + s^2 for z ~ N(m, s^2), so d/dm = 2 m = 1.4, and with s^2 = e^v d/dv = e^v.
    mean = torch.tensor(0.7, requires_grad=True)
    log_variance = torch.tensor(-0.5, requires_grad=True)
    count = 400_000
    z = vae.VAE().reparameterize(mean.expand(count, 1), log_variance.expand(count, 1))
    z.square().mean().backward()
    assert mean.grad is not None
    assert log_variance.grad is not None
    # Standard errors: 2 s / sqrt(count) = 0.0025; about 0.6 * 1.6 / sqrt(count) = 0.002.
    assert mean.grad.item() == pytest.approx(1.4, abs=0.015)
    assert log_variance.grad.item() == pytest.approx(math.exp(-0.5), abs=0.015)
    assert z.mean().item() == pytest.approx(0.7, abs=0.01)
    assert z.var().item() == pytest.approx(math.exp(-0.5), abs=0.015)


def test_the_elbo_is_a_lower_bound_of_log_p() -> None:
    # With a one-dimensional code, log p(x) is an integral that a fine grid gives exactly.
    model = vae.VAE(code_dim=1)
    x = images(1)
    grid = torch.linspace(-8, 8, 4001).unsqueeze(1)
    with torch.no_grad():
        likelihood = Independent(Bernoulli(logits=model.decode(grid)), 1).log_prob(x)
        prior = Normal(0.0, 1.0).log_prob(grid).squeeze(1)
        log_p = torch.logsumexp(likelihood + prior, dim=0) + math.log(16 / 4000)
        many = x.expand(20_000, 64)
        negative = vae.negative_elbo(many, *model(many)).loss
    assert -negative <= log_p + 1e-3


def test_gradient_reaches_every_parameter(assert_gradients: Callable[..., None]) -> None:
    model, x = vae.VAE(), images()
    assert_gradients(model, vae.negative_elbo(x, *model(x)).loss)


def test_without_the_kl_the_codes_leave_the_prior() -> None:
    # What a loss of cross-entropy alone forgets: nothing then ties the codes to N(0, I).
    train_images, test_images = vae.digits()
    model = vae.VAE(code_dim=4, hidden_dim=64)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(300):
        batch = train_images[torch.randint(len(train_images), (128,))]
        optimizer.zero_grad()
        vae.negative_elbo(batch, *model(batch)).reconstruction.backward()
        optimizer.step()
    with torch.inference_mode():
        lost = vae.kl_to_standard_normal(*model.encode(test_images)).mean()
    model = vae.VAE(code_dim=4, hidden_dim=64)
    vae.train(model, train_images, epochs=30, lr=5e-3)
    with torch.inference_mode():
        kept = vae.kl_to_standard_normal(*model.encode(test_images)).mean()
    assert lost > 3 * kept > 0


def test_training_beats_independent_pixels_on_held_out_digits() -> None:
    train_images, test_images = vae.digits()
    model = vae.VAE()
    vae.train(model, train_images, epochs=40)
    with torch.inference_mode():
        bound = vae.negative_elbo(test_images, *model(test_images))
    frequency = train_images.mean(dim=0).clamp(1e-3, 1 - 1e-3)
    baseline = -Bernoulli(frequency).log_prob(test_images).sum(dim=1).mean()
    assert bound.loss < baseline - 3
    assert bound.kl > 2  # the code is used: no posterior collapse
    samples = vae.distance_to_nearest(model.sample(300), train_images)
    alone = vae.distance_to_nearest(frequency.expand(300, 64).bernoulli(), train_images)
    assert samples < alone - 1.5


def test_illegal_input_is_refused() -> None:
    model = vae.VAE()
    with pytest.raises(ValueError, match="at least 1"):
        vae.VAE(code_dim=0)
    for shape in ((64,), (2, 63)):
        with pytest.raises(ValueError, match="expected images"):
            model(torch.zeros(shape))
    with pytest.raises(ValueError, match="expected codes"):
        model.decode(torch.zeros(2, 9))
    with pytest.raises(ValueError, match="shapes differ"):
        vae.kl_to_standard_normal(torch.zeros(2, 3), torch.zeros(2, 4))
    with pytest.raises(ValueError, match="threshold"):
        vae.negative_elbo(torch.full((1, 64), 0.5), *model(torch.zeros(1, 64)))
    with pytest.raises(ValueError, match="count"):
        model.sample(0)
    with pytest.raises(ValueError, match="at least one image"):
        vae.train(model, torch.zeros(0, 64))


@pytest.mark.slow
def test_main_reports_the_two_parts(run_script: Callable[[str], str]) -> None:
    printed = run_script("vae.py")
    found = re.search(r"VAE: ([\d.]+) = reconstruction ([\d.]+) \+ KL ([\d.]+)", printed)
    assert found is not None
    total, reconstruction, kl = (float(part) for part in found.groups())
    assert total == pytest.approx(reconstruction + kl, abs=0.02)
    assert total < 21
    assert printed.count("#") > 30
