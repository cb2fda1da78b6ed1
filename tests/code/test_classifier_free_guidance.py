"""With the exact scores of a known mixture, guidance does what the formula says it does."""

import re
from collections.abc import Callable

import classifier_free_guidance as cfg
import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal
from torch import Tensor, nn
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal


class Constant(nn.Module):
    """A model whose prediction is the label itself, and which notes what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(self, x: Tensor, t: Tensor, labels: Tensor) -> Tensor:
        self.calls += 1
        return labels.unsqueeze(1).expand_as(x).float()


def noised(labels: Tensor, alpha_bar: Tensor) -> MixtureSameFamily:
    """p(x_t|c): the blobs' centres shrink by sqrt(alpha_bar), and noise is added; row i for label i."""
    blobs = [cfg.class_density(int(c)).component_distribution.base_dist for c in labels]
    centres, variances = (torch.stack(parts) for parts in zip(*((b.loc, b.variance) for b in blobs), strict=True))
    spread = (alpha_bar * variances + 1 - alpha_bar).sqrt()
    mixture = Categorical(torch.ones(centres.shape[:2]))
    return MixtureSameFamily(mixture, Independent(Normal(alpha_bar.sqrt() * centres, spread), 1))


class Exact(nn.Module):
    """The exact noise prediction, -sigma times the gradient of log p(x_t|c), of log p(x_t) for the null token."""

    def forward(self, x: Tensor, t: Tensor, labels: Tensor) -> Tensor:
        alpha_bar = cfg.ALPHA_BAR[t[0]]
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            each = torch.stack([noised(torch.tensor([c]), alpha_bar).log_prob(x) for c in range(3)], dim=1)
            log_p = torch.cat((each, each.logsumexp(dim=1, keepdim=True)), dim=1)  # the null token is number 3
            (score,) = torch.autograd.grad(log_p[torch.arange(len(x)), labels].sum(), x)
        return -(1 - alpha_bar).sqrt() * score


def test_guidance_extrapolates_from_null_to_condition() -> None:
    model, x, t = Constant(), torch.zeros(2, 2), torch.zeros(2, dtype=torch.int64)
    labels = torch.tensor([0, 2])  # predictions 0 and 2, of the null token 3
    for scale, expected in ((0.0, [3.0, 3.0]), (1.0, [0.0, 2.0]), (2.0, [-3.0, 1.0]), (0.5, [1.5, 2.5])):
        assert cfg.guided_noise(model, x, t, labels, scale)[:, 0].tolist() == expected
    # A negative condition takes the place of the null token: 1 + 2 (0 - 1), 1 + 2 (2 - 1).
    assert cfg.guided_noise(model, x, t, labels, 2.0, negative=1)[:, 0].tolist() == [-1.0, 3.0]
    assert model.calls == 5  # both predictions in one call


def test_guided_noise_is_the_gradient_of_the_sharpened_density() -> None:
    x, t, labels, scale = torch.randn(6, 2), torch.full((6,), 40), torch.arange(6) % 3, 2.5
    guided = cfg.guided_noise(Exact(), x, t, labels, scale)
    x = x.requires_grad_()
    alpha_bar = cfg.ALPHA_BAR[40]
    every = torch.stack([noised(torch.tensor([c]), alpha_bar).log_prob(x) for c in range(3)], dim=1)
    log_p_of_class = every.log_softmax(dim=1)[torch.arange(6), labels]  # a Bayes classifier on noisy points
    log_p = every[torch.arange(6), labels] + (scale - 1) * log_p_of_class
    (score,) = torch.autograd.grad(log_p.sum(), x)
    torch.testing.assert_close(guided, -(1 - alpha_bar).sqrt() * score, rtol=1e-3, atol=1e-4)


def test_sampling_with_exact_scores() -> None:
    labels = torch.arange(600) % 3
    real = torch.stack([cfg.class_density(int(c)).sample() for c in labels])
    results = {s: cfg.fidelity_and_diversity(cfg.sample(Exact(), labels, s, steps=25), labels) for s in (0.0, 1.0, 4.0)}
    fidelity, diversity = cfg.fidelity_and_diversity(real, labels)
    assert results[1.0][0] == pytest.approx(fidelity, abs=0.05)
    assert results[1.0][1] == pytest.approx(diversity, abs=0.08)
    assert results[0.0][0] == pytest.approx(1 / 3, abs=0.06)  # the condition is ignored
    assert results[4.0][0] > fidelity + 0.03
    assert results[4.0][1] < diversity - 0.08


def test_posterior_by_bayes() -> None:
    x = torch.randn(4, 2)
    densities = []
    for label in range(3):
        centres = cfg.class_density(label).component_distribution.base_dist.loc.numpy()
        densities.append(sum(multivariate_normal(c, 0.35**2).pdf(x.numpy()) for c in centres) / 2)
    expected = torch.tensor(np.array(densities)).T
    expected = expected / expected.sum(dim=1, keepdim=True)
    torch.testing.assert_close(cfg.posterior(x).double(), expected, rtol=1e-3, atol=1e-5)


def test_labels_are_dropped_at_the_given_rate() -> None:
    labels = torch.arange(30_000) % 3
    dropped = cfg.drop_labels(labels, 0.2)
    assert (dropped == cfg.NULL).float().mean().item() == pytest.approx(0.2, abs=0.01)
    assert (dropped[dropped != cfg.NULL] == labels[dropped != cfg.NULL]).all()
    assert torch.equal(cfg.drop_labels(labels, 0.0), labels)
    assert (cfg.drop_labels(labels, 1.0) == cfg.NULL).all()


def test_one_network_learns_both(assert_gradients: Callable[..., None]) -> None:
    model = cfg.Denoiser(hidden_dim=16)
    points, labels = cfg.data(300)
    assert_gradients(model, cfg.loss(model, points, labels, drop=0.5))
    for drop, learns in ((0.0, [True, True, True, False]), (1.0, [False, False, False, True])):
        model.zero_grad()
        cfg.loss(model, points, labels, drop).backward()
        assert model.embedding.weight.grad is not None
        assert (model.embedding.weight.grad.abs().sum(dim=1) > 0).tolist() == learns


def test_noise_takes_over_step_by_step() -> None:
    assert (cfg.ALPHA_BAR.diff() < 0).all()
    assert cfg.ALPHA_BAR[0] > 0.99
    assert cfg.ALPHA_BAR[-1] < 0.01


def test_illegal_input_is_refused() -> None:
    model, x, one = cfg.Denoiser(), torch.zeros(2, 2), torch.zeros(2, dtype=torch.int64)
    with pytest.raises(ValueError, match="expected x"):
        model(x, one, one[:1])
    with pytest.raises(ValueError, match="probability"):
        cfg.drop_labels(one, 1.1)
    with pytest.raises(ValueError, match="steps"):
        cfg.sample(model, one, 1.0, steps=0)


@pytest.mark.slow
def test_main_trades_diversity_for_fidelity(run_script: Callable[[str], str]) -> None:
    printed = run_script("classifier_free_guidance.py")
    rows = re.findall(r"scale (\d) +fidelity ([\d.]+)  diversity ([\d.]+)", printed)
    fidelity = {int(scale): float(value) for scale, value, _ in rows}
    diversity = {int(scale): float(value) for scale, _, value in rows}
    assert fidelity[0] == pytest.approx(1 / 3, abs=0.06)
    assert fidelity[0] < fidelity[1] < fidelity[2] < fidelity[4]
    assert diversity[0] > diversity[1] > diversity[2]
    real = re.search(r"real data +fidelity [\d.]+  diversity ([\d.]+)", printed)
    assert real is not None
    assert diversity[8] > float(real.group(1)) > diversity[2]  # far above 1 the samples are pushed out of the data
    away = re.search(r"nothing ([\d.]+), away from class 1 ([\d.]+)", printed)
    assert away is not None
    assert float(away.group(2)) <= float(away.group(1))
