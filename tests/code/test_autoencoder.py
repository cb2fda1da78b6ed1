"""A linear autoencoder is bounded by PCA; a non-linear one of the same width is not."""

import re
from collections.abc import Callable

import autoencoder
import pytest
import torch
import torch.nn.functional as F
from sklearn.decomposition import PCA


def test_shapes() -> None:
    model = autoencoder.Autoencoder(input_dim=64, code_dim=5, hidden_dims=(32, 16))
    x = torch.rand(1, 64)
    assert model.encode(x).shape == (1, 5)
    assert model.decode(model.encode(x)).shape == model(x).shape == (1, 64)


def test_parameter_count_by_hand() -> None:
    # 6-4-2 and 2-4-6: (6*4 + 4) + (4*2 + 2) + (2*4 + 4) + (4*6 + 6) = 28 + 10 + 12 + 30 = 80.
    model = autoencoder.Autoencoder(input_dim=6, code_dim=2, hidden_dims=(4,))
    assert sum(p.numel() for p in model.parameters()) == 80


@pytest.mark.parametrize("hidden_dims", [(), (16,), (32, 16)])
def test_gradient_reaches_every_parameter(hidden_dims: tuple[int, ...], assert_gradients: Callable[..., None]) -> None:
    model = autoencoder.Autoencoder(64, 4, hidden_dims)
    x = torch.rand(8, 64)
    assert_gradients(model, F.mse_loss(model(x), x))


def test_a_linear_autoencoder_set_to_the_principal_axes_is_pca() -> None:
    # encode: V (x - m) = V x - V m;  decode: V^T code + m.
    train_inputs, test_inputs = autoencoder.digits()
    pca = PCA(n_components=6).fit(train_inputs.numpy())
    axes, mean = torch.as_tensor(pca.components_), torch.as_tensor(pca.mean_)
    model = autoencoder.Autoencoder(64, 6, hidden_dims=())
    with torch.no_grad():
        model.encoder[0].weight.copy_(axes)
        model.encoder[0].bias.copy_(-axes @ mean)
        model.decoder[0].weight.copy_(axes.T)
        model.decoder[0].bias.copy_(mean)
    ours = autoencoder.reconstruction_error(model, test_inputs)
    assert ours == pytest.approx(autoencoder.pca_error(train_inputs, test_inputs, 6), rel=1e-4)


def test_pca_is_the_floor_of_a_linear_autoencoder_on_its_training_set() -> None:
    # Eckart-Young: no map of rank k has a smaller squared error than the first k components.
    train_inputs, _ = autoencoder.digits()
    model = autoencoder.Autoencoder(64, 4, hidden_dims=())
    autoencoder.train(model, train_inputs, epochs=40)
    floor = autoencoder.pca_error(train_inputs, train_inputs, 4)
    error = autoencoder.reconstruction_error(model, train_inputs)
    assert floor * (1 - 1e-5) <= error < floor * 1.15


def test_training_beats_pca_on_held_out_digits() -> None:
    train_inputs, test_inputs = autoencoder.digits()
    model = autoencoder.Autoencoder(64, 6)
    before = autoencoder.reconstruction_error(model, test_inputs)
    history = autoencoder.train(model, train_inputs, epochs=40)
    after = autoencoder.reconstruction_error(model, test_inputs)
    assert history[-1] < history[0]
    assert after < 0.2 * before
    assert after < 0.8 * autoencoder.pca_error(train_inputs, test_inputs, 6)


def test_the_held_out_digits_are_none_of_the_training_ones() -> None:
    train_inputs, test_inputs = autoencoder.digits()
    assert (len(train_inputs), len(test_inputs)) == (1347, 450)
    assert torch.cdist(test_inputs, train_inputs).min() > 0


def test_illegal_input_is_refused() -> None:
    for code_dim in (0, 64, 65):
        with pytest.raises(ValueError, match="nothing is squeezed"):
            autoencoder.Autoencoder(64, code_dim)
    model = autoencoder.Autoencoder(64, 4)
    for shape in ((64,), (2, 63), (2, 8, 8)):
        with pytest.raises(ValueError, match="expected inputs"):
            model(torch.zeros(shape))
    with pytest.raises(ValueError, match="at least one input"):
        autoencoder.train(model, torch.zeros(0, 64))


@pytest.mark.slow
def test_main_orders_the_four_models(run_script: Callable[[str], str]) -> None:
    errors = [float(s) for s in re.findall(r": +(0\.\d+)", run_script("autoencoder.py"))]
    mean_image, pca, linear, non_linear = errors
    assert non_linear < 0.8 * pca
    assert pca * 0.99 < linear < mean_image
