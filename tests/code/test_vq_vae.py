"""Nearest codes by exhaustive search; every gradient of the quantiser by hand."""

import math
import re
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
import vq_vae
from scipy.cluster.vq import vq


def test_nearest_codes_agree_with_scipy() -> None:
    quantiser, z_e = vq_vae.VectorQuantiser(7, 3), torch.randn(50, 3)
    torch.nn.init.normal_(quantiser.codes.weight)
    out = quantiser(z_e)
    expected, _ = vq(z_e.numpy(), quantiser.codes.weight.detach().numpy())
    assert out.code.tolist() == expected.tolist()
    torch.testing.assert_close(out.z_q, quantiser.codes.weight[out.code])


def test_gradients_by_hand() -> None:
    # Code 1 at 1.0 is nearest to 0.8. Codebook term (e - 0.8)^2: 2 * 0.2 to the code; commitment 0.25 (z - 1)^2:
    # 0.25 * 2 * (-0.2) to z. The decoder's gradient, 3 here, passes to z and not to the code.
    quantiser = vq_vae.VectorQuantiser(2, 1, beta=0.25)
    with torch.no_grad():
        quantiser.codes.weight.copy_(torch.tensor([[0.0], [1.0]]))
    z_e = torch.tensor([[0.8]], requires_grad=True)
    out = quantiser(z_e)
    assert out.loss.item() == pytest.approx(1.25 * 0.04)
    (3 * out.z_q.sum() + out.loss).backward()
    assert z_e.grad is not None
    assert quantiser.codes.weight.grad is not None
    assert z_e.grad.item() == pytest.approx(3 - 0.1)
    assert quantiser.codes.weight.grad.flatten().tolist() == pytest.approx([0, 0.4])


def test_perplexity_by_hand() -> None:
    assert vq_vae.perplexity(torch.tensor([3, 3, 3]), 8) == pytest.approx(1)
    assert vq_vae.perplexity(torch.arange(8), 8) == pytest.approx(8, rel=1e-5)
    # Shares 1/2, 1/4, 1/4: entropy 1.5 ln 2.
    assert vq_vae.perplexity(torch.tensor([0, 0, 1, 2]), 8) == pytest.approx(math.exp(1.5 * math.log(2)), rel=1e-5)


def test_gradient_reaches_encoder_decoder_and_the_codes_in_use(assert_gradients: Callable[..., None]) -> None:
    model, x = vq_vae.VQVAE(num_codes=4), torch.rand(16, 64)
    decoded, quantised = model(x)
    assert decoded.shape == x.shape
    assert_gradients(model, F.mse_loss(decoded, x) + quantised.loss)


def test_training_compresses_digits() -> None:
    images, held_out = vq_vae.digits()
    model = vq_vae.VQVAE(num_codes=16)
    model.quantiser.start_from(model.encode(images))
    vq_vae.train(model, images, steps=150)
    with torch.inference_mode():
        decoded, _ = model(held_out)
    mean = F.mse_loss(images.mean(dim=0).expand_as(held_out), held_out)
    assert F.mse_loss(decoded, held_out) < 0.8 * mean


def test_illegal_input_is_refused() -> None:
    for settings in ((0, 3), (3, 0)):
        with pytest.raises(ValueError, match="at least one"):
            vq_vae.VectorQuantiser(*settings)
    with pytest.raises(ValueError, match="beta"):
        vq_vae.VectorQuantiser(2, 2, beta=-1.0)
    with pytest.raises(ValueError, match="expected vectors"):
        vq_vae.VectorQuantiser(2, 3)(torch.zeros(4, 2))


@pytest.mark.slow
def test_main_compresses_and_counts_the_codes_in_use(run_script: Callable[[str], str]) -> None:
    printed = run_script("vq_vae.py")
    assert "z_q = 1; d(3 z_q)/d z_e = 3, to the table None; quantiser's loss 0.050" in printed
    mean = float(re.findall(r"mean image ([\d.]+)", printed)[0])
    rows = [(float(e), float(p)) for e, p in re.findall(r"([\d.]+) from 4 codes .*codes ([\d.]+)$", printed, re.M)]
    assert len(rows) == 2
    assert all(error < 0.7 * mean for error, _ in rows)
    assert all(1 < used <= 32 for _, used in rows)
