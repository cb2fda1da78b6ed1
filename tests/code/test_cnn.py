"""The CNN takes any image size, counts its parameters by hand, and learns the digits."""

import re
from collections.abc import Callable

import cnn
import pytest
import torch
import torch.nn.functional as F
from torch import nn


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (8, 8), (28, 28), (224, 224)])
@pytest.mark.parametrize("channels", [1, 3])
def test_any_image_size_gives_one_row_of_logits(size: tuple[int, int], channels: int) -> None:
    model = cnn.CNN(in_channels=channels).eval()
    assert model(torch.rand(1, channels, *size)).shape == (1, 10)


def test_parameter_count_by_hand() -> None:
    # Convolution: 3 * 3 * in * out, no bias; batch norm: scale and shift; linear: weights + bias.
    # 9*3*16 + 2*16 = 464;  9*16*32 + 2*32 = 4672;  32*5 + 5 = 165;  in all 5301.
    model = cnn.CNN(in_channels=3, num_classes=5, widths=(16, 32))
    assert sum(p.numel() for p in model.parameters()) == 464 + 4672 + 165 == 5301


def test_global_pooling_is_the_mean_of_the_last_maps() -> None:
    model = cnn.CNN().eval()
    images = torch.rand(2, 1, 9, 11)
    by_hand = model.features(images).mean(dim=(2, 3)) @ model.fc.weight.T + model.fc.bias
    torch.testing.assert_close(model(images), by_hand)


def test_gradient_reaches_every_parameter(assert_gradients: Callable[..., None]) -> None:
    model = cnn.CNN()
    assert_gradients(model, F.cross_entropy(model(torch.rand(4, 1, 8, 8)), torch.arange(4)))


def test_an_images_result_does_not_depend_on_its_batch() -> None:
    model = cnn.CNN().eval()
    images = torch.rand(5, 1, 8, 8)
    torch.testing.assert_close(model(images)[2:3], model(images[2:3]))


@pytest.mark.parametrize("shape", [(8, 8), (1, 8, 8), (2, 3, 8, 8), (0, 1, 8, 8), (2, 1, 0, 8)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected images"):
        cnn.CNN()(torch.zeros(shape))


def test_bad_settings_and_unpaired_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        cnn.CNN(widths=())
    with pytest.raises(ValueError, match="at least 1"):
        cnn.CNN(in_channels=0)
    for function in (cnn.train, cnn.accuracy):
        with pytest.raises(ValueError, match="as many labels"):
            function(cnn.CNN(), torch.zeros(2, 1, 8, 8), torch.zeros(3, dtype=torch.int64))


def test_a_flattened_map_fits_one_size_only() -> None:
    # One 2x2 pool and a linear layer of 16 * 7 * 7: 14x14 fits; 28x28 leaves 14x14 maps, 4 times
    # as many numbers.
    fixed = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * 7 * 7, 10),
    )
    assert fixed(torch.rand(2, 3, 14, 14)).shape == (2, 10)
    for size in (28, 224):
        with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
            fixed(torch.rand(2, 3, size, size))
        assert cnn.CNN(in_channels=3)(torch.rand(2, 3, size, size)).shape == (2, 10)


def test_flattening_by_view_would_hide_the_mistake_in_the_batch() -> None:
    # view(-1, 784) on (2, 16, 14, 14) makes 8 rows out of 2 images: no error, a wrong batch.
    maps = torch.rand(2, 16, 14, 14)
    assert maps.view(-1, 16 * 7 * 7).shape[0] == 8
    assert cnn.CNN(in_channels=3)(torch.rand(2, 3, 28, 28)).shape[0] == 2


def test_training_improves_on_held_out_digits() -> None:
    train_images, test_images, train_labels, test_labels = cnn.digits()
    model = cnn.CNN(widths=(16, 32))
    before = cnn.accuracy(model, test_images, test_labels)
    history = cnn.train(model, train_images, train_labels, epochs=6)
    assert before < 0.35  # ten classes: chance is 0.1
    assert history[-1] < history[0]
    assert cnn.accuracy(model, test_images, test_labels) > 0.85


@pytest.mark.slow
def test_main_reports_a_high_accuracy(run_main: Callable[[str], str]) -> None:
    found = re.search(r"untrained, ([\d.]+)", run_main("cnn.py"))
    assert found is not None
    assert float(found.group(1)) > 0.95
