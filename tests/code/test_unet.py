"""The U-Net gives every pixel a logit at any size, and uses its skip connections."""

import re
from collections.abc import Callable

import pytest
import torch
import unet


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (13, 7), (1, 30), (33, 65)])
@pytest.mark.parametrize("depth", [1, 3])
def test_any_size_comes_back_as_it_went_in(size: tuple[int, int], depth: int) -> None:
    model = unet.UNet(in_channels=3, num_classes=2, width=8, depth=depth)  # in training mode
    assert model(torch.rand(1, 3, *size)).shape == (1, 2, *size)


def test_parameter_count_by_hand() -> None:
    # DoubleConv(i, o): 9 i o + 9 o o + 2 * 2 o (two normalisations).
    # width 8, depth 1: down 1->8: 72 + 576 + 32 = 680; bottom 8->16: 1152 + 2304 + 64 = 3520;
    # up 16->8: 2*2*16*8 + 8 = 520; merge 16->8: 1152 + 576 + 32 = 1760; head: 8 + 1 = 9.
    model = unet.UNet(width=8, depth=1)
    assert sum(p.numel() for p in model.parameters()) == 680 + 3520 + 520 + 1760 + 9 == 6489


def test_the_forward_pass_of_one_level_by_hand() -> None:
    model = unet.UNet(width=8, depth=1)
    images = torch.rand(2, 1, 6, 6)
    skip = model.down[0](images)
    below = model.bottom(torch.nn.functional.max_pool2d(skip, 2))
    joined = torch.cat((skip, model.up[0](below)), dim=1)
    torch.testing.assert_close(model(images), model.head(model.merge[0](joined)))


def test_fine_detail_passes_through_the_skip_alone() -> None:
    # With every transposed convolution at zero, nothing comes up from below, and only the skip at
    # full size can still tell two images apart.
    model = unet.UNet(width=8, depth=2)
    for up in model.up:
        torch.nn.init.zeros_(up.weight)
        torch.nn.init.zeros_(up.bias)
    a, b = model(torch.rand(2, 1, 16, 16))
    assert not torch.allclose(a, b, atol=1e-3)


def test_context_passes_through_the_bottom_alone() -> None:
    # The gradient of a corner's logit reaches a pixel 20 rows away, where the four 3x3
    # convolutions of the path over the top skip see 4. Group statistics also carry over the whole
    # map, so they are taken away here.
    model = unet.UNet(width=8, depth=3)
    for module in list(model.modules()):
        if isinstance(module, unet.DoubleConv):
            module.net[1] = module.net[4] = torch.nn.Identity()
    images = torch.rand(1, 1, 24, 24, requires_grad=True)
    model(images)[0, 0, 0, 0].backward()
    assert images.grad is not None
    assert images.grad[0, 0, 20, 0].abs() > 0


def test_gradient_reaches_every_parameter(assert_gradients: Callable[..., None]) -> None:
    images, masks = unet.draw_shapes(2, 21, 18, seed=0)
    model = unet.UNet(width=8, depth=2)
    assert_gradients(model, unet.segmentation_loss(model(images), masks))


def test_dice_by_hand() -> None:
    # |A| = 3, |B| = 2, |A and B| = 1: 2 * 1 / 5. Equal: 1. Disjoint: 0. Both empty: 1.
    a = torch.tensor([[1, 1, 1, 0], [1, 0, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0]]).bool()
    b = torch.tensor([[1, 0, 0, 1], [1, 0, 1, 0], [0, 0, 1, 1], [0, 0, 0, 0]]).bool()
    torch.testing.assert_close(unet.dice(a, b), torch.tensor([0.4, 1.0, 0.0, 1.0]))


def test_loss_by_hand() -> None:
    # Logits 0, p = 1/2, on 4 pixels of which 1 is foreground: cross-entropy log 2;
    # soft Dice (2 * 1/2 + 1) / (2 + 1 + 1) = 1/2.
    masks = torch.tensor([[[[True, False], [False, False]]]])
    loss = unet.segmentation_loss(torch.zeros(1, 1, 2, 2), masks)
    torch.testing.assert_close(loss, torch.tensor(2.0).log() + 0.5)


def test_the_shapes_are_as_bright_but_only_discs_are_marked() -> None:
    images, masks = unet.draw_shapes(100, 32, 32, seed=0)
    assert images.shape == masks.shape == (100, 1, 32, 32)
    bright = images > 0.5
    assert 0.4 < (masks & bright).sum() / bright.sum() < 0.6
    assert images[masks].mean().item() == pytest.approx(1.0, abs=0.01)
    assert images[bright & ~masks].mean().item() == pytest.approx(1.0, abs=0.05)


def test_training_tells_discs_from_squares_on_held_out_images() -> None:
    test_images, test_masks = unet.draw_shapes(50, 33, 30, seed=1)
    threshold = unet.dice(test_images > 0.5, test_masks).mean().item()
    model = unet.UNet()
    history = unet.train(model, *unet.draw_shapes(192, 32, 32, seed=0), epochs=4)
    assert history[-1] < history[0]
    assert unet.mean_dice(model, test_images, test_masks) > threshold + 0.08


def test_illegal_input_is_refused() -> None:
    for out_channels in (0, 4, 12):
        with pytest.raises(ValueError, match="multiple of 8"):
            unet.DoubleConv(1, out_channels)
    with pytest.raises(ValueError, match="at least 1"):
        unet.UNet(depth=0)
    for shape in ((8, 8), (1, 3, 8, 8), (0, 1, 8, 8), (1, 1, 8, 0)):
        with pytest.raises(ValueError, match="expected images"):
            unet.UNet()(torch.zeros(shape))
    mask = torch.zeros(2, 4, dtype=torch.bool)
    with pytest.raises(ValueError, match="shapes differ"):
        unet.dice(mask, mask[:1])
    with pytest.raises(ValueError, match="boolean"):
        unet.dice(mask.float(), mask)
    images, masks = unet.draw_shapes(2, 8, 8, seed=0)
    with pytest.raises(ValueError, match="same number and size"):
        unet.train(unet.UNet(), images, masks[:1])


@pytest.mark.slow
def test_main_beats_the_threshold(run_script: Callable[[str], str]) -> None:
    scores = [float(s) for s in re.findall(r": +(0\.\d+)\n", run_script("unet.py"))]
    threshold, untrained, trained, odd = scores
    assert untrained < threshold < 0.75
    assert min(trained, odd) > 0.8
