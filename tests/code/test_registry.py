"""Every part keeps the interface's promise, mistakes in a configuration are named, and parts swap freely."""

import copy
import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import registry
import torch
import torch.nn.functional as F
from torch import Tensor, nn

CONFIGS: list[dict[str, Any]] = [
    {"backbone": {"name": "conv", "width": 4}, "classes": 3},
    {"backbone": {"name": "patches", "width": 8, "patch": 2}, "classes": 3},
    {"backbone": {"name": "pixels"}, "classes": 3},
]


@pytest.mark.parametrize("config", CONFIGS)
def test_every_backbone_keeps_the_promise(config: dict[str, Any]) -> None:
    backbone = registry.BACKBONES.build(config["backbone"])
    for size in ((8, 8),) if config["backbone"]["name"] == "pixels" else ((8, 8), (12, 6)):
        features = backbone(torch.rand(2, 1, *size))
        assert features.dim() == 4
        assert features.shape[:2] == (2, backbone.out_channels)
    model = registry.Classifier(config)
    assert model(torch.rand(5, 1, 8, 8)).shape == (5, 3)


@pytest.mark.parametrize("config", CONFIGS)
def test_every_model_gets_gradients_and_learns_eight_images(
    config: dict[str, Any], assert_gradients: Callable[..., None]
) -> None:
    model, images, labels = registry.Classifier(config), torch.rand(8, 1, 8, 8), torch.arange(8) % 3
    assert_gradients(model, F.cross_entropy(model(images), labels))
    registry.train(model, images, labels, epochs=250)
    assert F.cross_entropy(model(images), labels) < 0.1


def test_what_is_built_is_what_was_asked_for() -> None:
    parts: registry.Registry[nn.Module] = registry.Registry("layer")
    parts.register("linear")(nn.Linear)
    layer = parts.build({"name": "linear", "out_features": 3}, in_features=2)
    assert isinstance(layer, nn.Linear)
    assert layer.weight.shape == (3, 2)
    config = {"name": "linear", "in_features": 1, "out_features": 1}
    parts.build(config)
    assert config["name"] == "linear"  # the caller's configuration is left alone


def test_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match=r"no backbone 'resnet'; there are \['conv', 'patches', 'pixels'\]"):
        registry.BACKBONES.build({"name": "resnet"})
    with pytest.raises(ValueError, match="no backbone None"):
        registry.BACKBONES.build({})
    with pytest.raises(ValueError, match=r"'conv'.*'depth'.*width"):
        registry.BACKBONES.build({"name": "conv", "depth": 3})
    with pytest.raises(ValueError, match="already: ConvBackbone"):
        registry.BACKBONES.register("conv")(registry.PatchBackbone)
    assert registry.BACKBONES.classes["conv"] is registry.ConvBackbone
    with pytest.raises(TypeError, match="abstract"):
        registry.Backbone()  # type: ignore[abstract]


def test_a_new_backbone_needs_no_other_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry.BACKBONES, "classes", dict(registry.BACKBONES.classes))

    @registry.BACKBONES.register("rows")
    class RowBackbone(registry.Backbone):
        out_channels = 8

        def forward(self, images: Tensor) -> Tensor:
            return images.mean(dim=3).unsqueeze(3).transpose(1, 2)

    model = registry.Classifier({"backbone": {"name": "rows"}, "classes": 2})
    images = 5 * torch.rand(40, 1, 8, 8)
    labels = (images[:, 0, 0].mean(dim=1) > images[:, 0, 7].mean(dim=1)).long()
    registry.train(model, images, labels, epochs=400)
    assert (model(images).argmax(dim=1) == labels).float().mean() > 0.9
    assert "rows" in registry.BACKBONES.classes


@pytest.mark.parametrize("config", CONFIGS)
def test_a_stored_model_comes_back(config: dict[str, Any]) -> None:
    model, images = registry.Classifier(config).eval(), torch.rand(3, 1, 8, 8)
    file = io.BytesIO()
    registry.save(model, file)
    file.seek(0)
    loaded = registry.load(file)
    assert loaded.config == config
    assert torch.equal(loaded(images), model(images))
    assert not loaded.training


def test_the_model_keeps_its_own_configuration() -> None:
    config = copy.deepcopy(CONFIGS[0])
    model = registry.Classifier(config)
    config["backbone"]["width"] = 99
    assert model.config == CONFIGS[0]
    assert json.loads(json.dumps(model.config)) == model.config
    with pytest.raises(TypeError, match="JSON"):
        registry.Classifier({"backbone": {"name": "conv", "width": torch.tensor(4)}, "classes": 3})


@pytest.mark.slow
def test_main_swaps_the_backbone(run_script: Callable[[str], str]) -> None:
    printed = run_script("registry.py")
    scores = {name: float(s) for name, s in re.findall(r'"name": "(\w+)".*accuracy ([\d.]+)', printed)}
    assert set(scores) == {"pixels", "conv", "patches"}
    assert min(scores.values()) > 0.85
    assert scores["conv"] > scores["pixels"]
    assert "same logits: True" in printed
    assert "no backbone 'resnet'" in printed
