"""Model abstraction: parts behind interfaces, put together from a configuration.

What: a model is split into parts with one job each, here a backbone (image to feature map) and a head
(feature map to answer), that know of each other only what the interface promises: shapes, and the
number of channels. A registry maps names to classes, so that a configuration, plain data that can
be stored beside the weights, says which part to build:

    {"backbone": {"name": "conv", "width": 16}, "classes": 10}

Why: to swap the backbone is to edit the configuration. Neither the head nor the training loop nor
the code that serves the model changes, and each part can be tested alone. The price is indirection,
worth paying from the second or third real use on: there is one head here, and no registry of heads.

Run: python corpus/code/registry.py    (three backbones, one training loop, scikit-learn's digits)
"""

# mypy: allow-untyped-calls

import inspect
import io
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar, cast

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor, nn

Part = TypeVar("Part")


class Registry(Generic[Part]):
    """Names for classes of one kind, and the way from a configuration to an instance."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.classes: dict[str, type[Part]] = {}

    def register(self, name: str) -> Callable[[type[Part]], type[Part]]:
        """Return a decorator that enters a class under the name; a name is given once."""

        def enter(cls: type[Part]) -> type[Part]:
            if name in self.classes:
                raise ValueError(f"there is a {self.kind} {name!r} already: {self.classes[name].__name__}")
            self.classes[name] = cls
            return cls

        return enter

    def build(self, config: Mapping[str, Any], **given: Any) -> Part:
        """Build the class that config["name"] names, with the other entries and `given` as arguments.

        Mistakes are found here, with a message that names the choices, and not hours later.
        """
        options = dict(config)
        name = options.pop("name", None)
        if name not in self.classes:
            raise ValueError(f"no {self.kind} {name!r}; there are {sorted(self.classes)}")
        cls = self.classes[name]
        try:
            inspect.signature(cls).bind(**options, **given)
        except TypeError as error:
            raise ValueError(f"{self.kind} {name!r}: {error}; it takes {inspect.signature(cls)}") from error
        return cls(**options, **given)


class Backbone(nn.Module, ABC):
    """The interface: map images (B, 1, H, W) to features (B, out_channels, H', W')."""

    out_channels: int

    @abstractmethod
    def forward(self, images: Tensor) -> Tensor:
        """Return the feature map."""


BACKBONES: Registry[Backbone] = Registry("backbone")


@BACKBONES.register("conv")
class ConvBackbone(Backbone):
    """Two convolutions with pooling in between."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.out_channels = 2 * width
        self.net = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(width, 2 * width, 3, padding=1),
            nn.ReLU(),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return features at half the size."""
        return cast(Tensor, self.net(images))


@BACKBONES.register("patches")
class PatchBackbone(Backbone):
    """Patches as tokens, and one Transformer layer: another architecture behind the same interface."""

    def __init__(self, width: int = 32, patch: int = 2) -> None:
        super().__init__()
        self.out_channels = width
        self.embed = nn.Conv2d(1, width, patch, stride=patch)
        self.positions = nn.Conv2d(width, width, 3, padding=1, groups=width)  # any image size, unlike a table
        self.layer = nn.TransformerEncoderLayer(
            width, nhead=4, dim_feedforward=2 * width, dropout=0.0, batch_first=True
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return features with one place per patch."""
        x = self.embed(images)  # (B, width, H', W')
        x = x + self.positions(x)
        tokens = self.layer(x.flatten(2).transpose(1, 2))  # (B, H' * W', width)
        return cast(Tensor, tokens.transpose(1, 2).view_as(x))


@BACKBONES.register("pixels")
class PixelBackbone(Backbone):
    """The baseline: an 8x8 image as it is, each pixel a channel; nothing to learn."""

    out_channels = 64

    def forward(self, images: Tensor) -> Tensor:
        """Return the pixels as channels of a map of one place."""
        return images.flatten(1)[:, :, None, None]


class Classifier(nn.Module):
    """Any backbone, the maximum over places and a linear head; keeps the configuration it was built from."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        """The head learns from the backbone how many channels it will see: no number is written twice."""
        super().__init__()
        self.config = json.loads(json.dumps(config))  # a copy, and a proof that it can be stored
        self.backbone = BACKBONES.build(config["backbone"])
        self.fc = nn.Linear(self.backbone.out_channels, config["classes"])

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B, 1, H, W) to logits (B, classes): from input to output and nothing else."""
        return cast(Tensor, self.fc(self.backbone(images).amax(dim=(2, 3))))


def save(model: Classifier, file: io.BytesIO) -> None:
    """Store weights and configuration together; weights alone do not say what they belong to."""
    torch.save({"config": model.config, "weights": model.state_dict()}, file)


def load(file: io.BytesIO) -> Classifier:
    """Rebuild a stored model; serving code calls this, and needs no list of architectures."""
    stored = torch.load(file, weights_only=True)
    model = Classifier(stored["config"])
    model.load_state_dict(stored["weights"])
    return model.eval()


def train(model: nn.Module, images: Tensor, labels: Tensor, epochs: int) -> None:
    """Fit any classifier in place; this loop knows the interface alone."""
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    model.train()
    for _ in range(epochs):
        for batch in torch.randperm(len(images)).split(64):
            optimizer.zero_grad()
            F.cross_entropy(model(images[batch]), labels[batch]).backward()
            optimizer.step()
    model.eval()


def main() -> None:
    """Train three models that differ in one entry of their configuration."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    data = load_digits()
    images, labels = torch.tensor(data.images / 16.0, dtype=torch.float32).unsqueeze(1), torch.tensor(data.target)
    test_rows, train_rows = torch.randperm(len(images), generator=torch.Generator().manual_seed(0)).split([450, 1347])
    for backbone in ({"name": "pixels"}, {"name": "conv", "width": 16}, {"name": "patches", "width": 32}):
        torch.manual_seed(0)
        model = Classifier({"backbone": backbone, "classes": 10})
        train(model, images[train_rows], labels[train_rows], epochs=12)
        with torch.inference_mode():
            score = (model(images[test_rows]).argmax(dim=1) == labels[test_rows]).float().mean()
        size = sum(p.numel() for p in model.parameters())
        print(f"{json.dumps(backbone):<35} {size:>6} parameters, held-out accuracy {score:.3f}")
    file = io.BytesIO()
    save(model, file)
    file.seek(0)
    same = torch.equal(load(file)(images[:10]), model(images[:10]))
    print(f"stored, rebuilt from its configuration, same logits: {same}")
    try:
        Classifier({"backbone": {"name": "resnet"}, "classes": 10})
    except ValueError as error:
        print(f"a wrong name: {error}")


if __name__ == "__main__":
    main()
