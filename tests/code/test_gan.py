"""The losses agree with binary cross-entropy, and training moves the samples to the data."""

import math
import re
from collections.abc import Callable

import gan
import pytest
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import Tensor, nn


def test_shapes_for_a_batch_of_one() -> None:
    generator, discriminator = gan.Generator().eval(), gan.Discriminator()
    images = generator(torch.randn(1, 32))
    assert images.shape == (1, 64)
    assert images.min() > 0
    assert images.max() < 1
    assert discriminator(images).shape == (1,)


def test_losses_agree_with_binary_cross_entropy() -> None:
    real, fake = torch.randn(9), torch.randn(7)
    bce = F.binary_cross_entropy_with_logits
    expected = bce(real, torch.ones(9)) + bce(fake, torch.zeros(7))
    torch.testing.assert_close(gan.discriminator_loss(real, fake), expected)
    torch.testing.assert_close(gan.generator_loss(fake), bce(fake, torch.ones(7)))
    minimax = torch.log(1 - torch.sigmoid(fake)).mean()
    torch.testing.assert_close(gan.minimax_generator_loss(fake), minimax)


def test_losses_at_equilibrium_are_not_zero() -> None:
    # D = 1/2 everywhere, logit 0: -log(1/2) - log(1/2) = log 4; -log(1/2) = log 2; log(1/2).
    zero = torch.zeros(5)
    assert gan.discriminator_loss(zero, zero).item() == pytest.approx(math.log(4))
    assert gan.generator_loss(zero).item() == pytest.approx(math.log(2))
    assert gan.minimax_generator_loss(zero).item() == pytest.approx(-math.log(2))


@pytest.mark.parametrize("logit", [-6.0, 0.0, 3.0])
def test_slopes_of_the_generator_losses(logit: float) -> None:
    # d/dl log(1 - sigmoid(l)) = -D, flat at D = 0; d/dl -log sigmoid(l) = D - 1, steepest there.
    d = 1 / (1 + math.exp(-logit))
    for loss, slope in ((gan.minimax_generator_loss, -d), (gan.generator_loss, d - 1)):
        x = torch.tensor([logit], requires_grad=True)
        loss(x).backward()
        assert x.grad is not None
        assert x.grad.item() == pytest.approx(slope, rel=1e-4)


def test_the_best_discriminator_is_the_density_ratio() -> None:
    # Three outcomes, D free: the minimum is D = p / (p + q), and its value log 4 - 2 JS(p, q).
    p, q = torch.tensor([0.5, 0.4, 0.1]), torch.tensor([0.1, 0.4, 0.5])
    logits = torch.zeros(3, requires_grad=True)
    real = torch.repeat_interleave(torch.arange(3), (10 * p).round().long())
    fake = torch.repeat_interleave(torch.arange(3), (10 * q).round().long())
    optimizer = torch.optim.LBFGS([logits], max_iter=100)

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = gan.discriminator_loss(logits[real], logits[fake])
        loss.backward()
        return loss

    optimizer.step(closure)
    torch.testing.assert_close(torch.sigmoid(logits), p / (p + q), atol=1e-3, rtol=0)
    m = (p + q) / 2
    js = 0.5 * (p * (p / m).log()).sum() + 0.5 * (q * (q / m).log()).sum()
    assert closure().item() == pytest.approx(math.log(4) - 2 * js.item(), abs=1e-4)


def test_gradients_reach_every_parameter(assert_gradients: Callable[..., None]) -> None:
    generator, discriminator = gan.Generator(), gan.Discriminator()
    real, noise = torch.rand(8, 64), torch.randn(8, 32)
    assert_gradients(generator, gan.generator_loss(discriminator(generator(noise))))
    fake = generator(noise).detach()
    loss = gan.discriminator_loss(discriminator(real), discriminator(fake))
    assert_gradients(discriminator, loss)


def test_frechet_distance_by_hand() -> None:
    # One dimension, N(0, 1) and N(3, 4): 3^2 + 1 + 4 - 2 * sqrt(1 * 4) = 10; to itself 0.
    a = torch.randn(5000, 2, dtype=torch.float64)
    a = torch.linalg.solve_triangular(
        torch.linalg.cholesky(torch.cov(a.T)), (a - a.mean(dim=0)).T, upper=False
    ).T  # whitened: mean 0 and covariance I, exactly
    b = a * torch.tensor([2.0, 1.0]) + torch.tensor([3.0, 0.0])
    assert gan.frechet_distance(a, b) == pytest.approx(10, abs=1e-6)
    assert gan.frechet_distance(a, a) == pytest.approx(0, abs=1e-6)


def test_effective_classes_by_hand() -> None:
    assert gan.effective_classes(torch.arange(10)) == pytest.approx(10)
    assert gan.effective_classes(torch.full((7,), 3)) == pytest.approx(1)
    assert gan.effective_classes(torch.tensor([0, 0, 5, 5])) == pytest.approx(2)


def test_training_brings_the_samples_to_held_out_digits() -> None:
    images = torch.tensor(load_digits().data / 16.0, dtype=torch.float32)
    order = torch.randperm(len(images))
    train_images, held_out = images[order[600:]], images[order[:600]]
    generator, discriminator = gan.Generator(), gan.Discriminator()
    before = gan.frechet_distance(gan.draw(generator, 1000), held_out)
    collapsed = gan.frechet_distance(train_images[:1].repeat(1000, 1), held_out)
    history = gan.train(generator, discriminator, train_images, steps=500)
    after = gan.frechet_distance(gan.draw(generator, 1000), held_out)
    assert len(history) == 500
    assert after < 0.25 * before
    assert after < 0.5 * collapsed  # one perfect digit, over and over, would be no better


def test_a_detached_sample_leaves_the_generator_alone() -> None:
    generator, discriminator = gan.Generator(), gan.Discriminator()
    fake = generator(torch.randn(4, 32))
    real_logits = discriminator(torch.rand(4, 64))
    gan.discriminator_loss(real_logits, discriminator(fake.detach())).backward()
    assert all(p.grad is None for p in generator.parameters())


def test_illegal_input_is_refused() -> None:
    models: tuple[tuple[nn.Module, str], ...] = (
        (gan.Generator(), "expected noise"),
        (gan.Discriminator(), "expected images"),
    )
    for model, message in models:
        for shape in ((64,), (2, 7)):
            with pytest.raises(ValueError, match=message):
                model(torch.zeros(shape))
    with pytest.raises(ValueError, match="at least one image"):
        gan.train(gan.Generator(), gan.Discriminator(), torch.zeros(0, 64))


@pytest.mark.slow
def test_main_improves_on_the_untrained_generator(run_main: Callable[[str], str]) -> None:
    found = re.findall(r"distance +([\d.]+), effective classes +([\d.]+)", run_main("gan.py"))
    (real, _), (untrained, _), (trained, classes) = [(float(a), float(b)) for a, b in found]
    assert real < trained < 0.2 * untrained
    assert classes > 7
