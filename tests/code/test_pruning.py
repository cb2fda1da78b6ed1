"""The masks are PyTorch's, and the network without channels computes what the masked one does."""

import copy
import re
from collections.abc import Callable

import pruning
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import prune
from torch.utils.flop_counter import FlopCounterMode


@pytest.mark.parametrize("sparsity", [0.0, 0.5, 0.9])
def test_masks_agree_with_torch_over_all_layers(sparsity: float) -> None:
    model = pruning.SmallCNN()
    ours = pruning.magnitude_masks(model.weights(), sparsity)
    theirs = copy.deepcopy(model)
    layers = [(theirs.conv1, "weight"), (theirs.conv2, "weight"), (theirs.fc, "weight")]
    prune.global_unstructured(layers, pruning_method=prune.L1Unstructured, amount=sparsity)
    for mask, (layer, _) in zip(ours, layers, strict=True):
        assert torch.equal(mask, layer.weight_mask.bool())


def test_masks_by_hand() -> None:
    # Of 0.1, 3, 2, 0.5, 4 the two smallest magnitudes go, though they lie in different tensors.
    first, second = torch.tensor([0.1, -3.0, 2.0]), torch.tensor([[-0.5, 4.0]])
    masks = pruning.magnitude_masks([first, second], 0.4)
    assert masks[0].tolist() == [False, True, True]
    assert masks[1].tolist() == [[False, True]]
    pruning.apply_masks([first, second], masks)
    assert first.tolist() == [0.0, -3.0, 2.0]
    assert second.tolist() == [[0.0, 4.0]]


def test_filters_are_ranked_as_in_torch() -> None:
    conv = nn.Conv2d(5, 12, 3)
    kept = pruning.strongest_filters(conv, 4)
    prune.ln_structured(conv, "weight", amount=8, n=1, dim=0)
    assert kept.tolist() == conv.weight_mask.flatten(1).any(dim=1).nonzero().flatten().tolist()


def test_the_smaller_network_equals_the_masked_one() -> None:
    model, images = pruning.SmallCNN(8, 12), torch.rand(5, 1, 8, 8)
    masked, small = pruning.mask_channels(model, 5, 7), pruning.remove_channels(model, 5, 7)
    torch.testing.assert_close(small(images), masked(images))
    assert small.conv2.weight.shape == (7, 5, 3, 3)
    assert not torch.allclose(small(images), model(images), atol=1e-3)
    # A filter without weights whose bias stayed would still answer relu(bias).
    masked.conv2.bias.data[masked.conv2.bias == 0] = 5.0
    assert not torch.allclose(small(images), masked(images), atol=1e-3)


@pytest.mark.parametrize(("first", "second"), [(16, 32), (7, 14)])
def test_multiply_adds_agree_with_torchs_counter(first: int, second: int) -> None:
    model = pruning.SmallCNN(first, second)
    with FlopCounterMode(display=False) as counter:
        model(torch.rand(1, 1, 8, 8))
    assert 2 * model.multiply_adds() == counter.get_total_flops()  # an operation is a product or a sum


def test_masked_weights_stay_zero_in_training(assert_gradients: Callable[..., None]) -> None:
    images, labels, *_ = pruning.digits()
    model = pruning.SmallCNN()
    assert_gradients(model, F.cross_entropy(model(images[:32]), labels[:32]))
    masks = pruning.magnitude_masks(model.weights(), 0.5)
    pruning.apply_masks(model.weights(), masks)
    before = model.conv1.weight.clone()
    pruning.train(model, images[:128], labels[:128], 1, masks)
    for weight, mask in zip(model.weights(), masks, strict=True):
        assert (weight[~mask] == 0).all()
    assert (model.conv1.weight != before)[masks[0]].float().mean() > 0.5  # a filter that never fires stays
    pruning.train(model, images[:128], labels[:128], 1)  # without masks the optimiser revives them
    assert (model.conv1.weight[~masks[0]] != 0).any()


def test_the_smallest_weights_matter_less_than_random_ones() -> None:
    images, labels, *held_out = pruning.digits()
    model = pruning.train(pruning.SmallCNN(), images, labels, 6)
    scores = {}
    for name, ranking in (("random", [torch.rand_like(w) for w in model.weights()]), ("smallest", model.weights())):
        pruned = copy.deepcopy(model)
        pruning.apply_masks(pruned.weights(), pruning.magnitude_masks(ranking, 0.5))
        scores[name] = pruning.accuracy(pruned, *held_out)
    assert pruning.accuracy(model, *held_out) > 0.85
    assert scores["smallest"] > scores["random"] + 0.2


def test_illegal_input_is_refused() -> None:
    for sparsity in (-0.1, 1.0):
        with pytest.raises(ValueError, match="sparsity"):
            pruning.magnitude_masks([torch.ones(3)], sparsity)
    for keep in (0, 17):
        with pytest.raises(ValueError, match="keep"):
            pruning.strongest_filters(nn.Conv2d(1, 16, 3), keep)
    with pytest.raises(ValueError, match="at least one filter"):
        pruning.SmallCNN(first=0)


@pytest.mark.slow
def test_plot_has_a_line_per_method() -> None:
    axes = pruning.plot().axes[0]
    assert {line.get_label() for line in axes.lines} >= {"smallest weights", "channels, retrained", "chance"}
    assert axes.get_xlabel() and axes.get_ylabel()


@pytest.mark.slow
def test_main_compares_the_methods(run_script: Callable[[str], str]) -> None:
    printed = run_script("pruning.py")
    lines = re.findall(r"^ *([a-z ,]+): +(0%.*)$", printed, flags=re.MULTILINE)
    points = {name: [float(score) for score in re.findall(r"% ([\d.]+)", text)] for name, text in lines}
    assert points["smallest weights"][2] > points["random weights"][2] + 0.3
    assert points["smallest weights"][2] > points["weakest channels"][2] + 0.1
    assert points["weights, retrained"][3] > 0.9
    assert points["channels, retrained"][3] > 0.85
    difference = re.search(r"removed: ([\d.e-]+)\n", printed)
    assert difference is not None
    assert float(difference.group(1)) < 1e-4
    assert "any mask: 83264; channels removed: 18284" in printed
