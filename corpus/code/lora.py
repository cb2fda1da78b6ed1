"""LoRA: fine-tune a frozen layer through a low-rank addition to its weights.

What: the weights W (out x in) stay as they are; trained are two thin matrices beside them,

    y = W x + b + (alpha / r) B A x,      A (r x in) random, B (out x r) zero

Why so few suffice: the change that fine-tuning needs has low rank, more or less; r (in + out) numbers
stand for in * out. Saved are the gradients and the optimiser's states of the frozen part; W itself stays
in memory and the forward pass is no cheaper.

Why B starts at zero: then B A = 0 and fine-tuning begins at the old model. Not both: the gradient of A
contains B and that of B contains A, so nothing would ever move. The factor alpha / r keeps the size of
the update comparable when r changes.

For use B A can be added into W: an ordinary layer of the old shape, no slower than before.

Paper: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2022.

Run: python corpus/code/lora.py    (digits first upright, then, for the adapter, turned by 90 degrees)
"""

# mypy: allow-untyped-calls

import copy
import math

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor, nn


class LoRALinear(nn.Module):
    """A frozen nn.Linear and its low-rank branch, which can be merged into it and taken out again."""

    def __init__(self, base: nn.Linear, rank: int, alpha: float) -> None:
        """The base layer is kept, not copied, and frozen."""
        super().__init__()
        if not 1 <= rank <= min(base.in_features, base.out_features):
            raise ValueError(f"rank must lie in 1..{min(base.in_features, base.out_features)}, not {rank}")
        self.base, self.scale, self.merged = base.requires_grad_(False), alpha / rank, False
        self.A = nn.Parameter(torch.empty(rank, base.in_features))
        self.B = nn.Parameter(torch.zeros(base.out_features, rank))
        nn.init.kaiming_uniform_(self.A, a=math.sqrt(5))  # as nn.Linear does

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., in) to (..., out); the branch is two thin products, B A is never formed."""
        y: Tensor = self.base(x)
        if self.merged:
            return y  # the branch is inside W already; adding it again would count it twice
        return y + self.scale * F.linear(F.linear(x, self.A), self.B)

    def update(self) -> Tensor:
        """Return (alpha / r) B A, of the shape of W."""
        return self.scale * (self.B @ self.A)

    @torch.no_grad()
    def merge(self) -> None:
        """Add the branch into W: from now on an ordinary layer."""
        if self.merged:
            raise RuntimeError("already merged; merging again would add the update twice")
        self.base.weight += self.update()
        self.merged = True

    @torch.no_grad()
    def unmerge(self) -> None:
        """Take the branch out of W again, to train on or to put in another adapter (equal up to rounding)."""
        if not self.merged:
            raise RuntimeError("not merged")
        self.base.weight -= self.update()
        self.merged = False


def add_lora(model: nn.Module, rank: int, alpha: float) -> nn.Module:
    """Freeze the whole model and put an adapter on every nn.Linear in it; changes it in place."""
    model.requires_grad_(False)  # all of it: biases, norms and embeddings would otherwise go on training
    for name, child in model.named_children():
        if isinstance(child, nn.Linear):
            setattr(model, name, LoRALinear(child, rank, alpha))
        elif not isinstance(child, LoRALinear):
            add_lora(child, rank, alpha)
    return model


def adapters(model: nn.Module) -> list[LoRALinear]:
    """Return the model's adapters."""
    return [module for module in model.modules() if isinstance(module, LoRALinear)]


def trainable(model: nn.Module) -> int:
    """Return how many parameters an optimiser would move."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def lora_parameters(in_features: int, out_features: int, rank: int, matrices: int = 1) -> int:
    """Return the parameters of the adapters of that many matrices: rank * (in + out) each."""
    return matrices * rank * (in_features + out_features)


def train(model: nn.Module, images: Tensor, labels: Tensor, *, epochs: int, lr: float = 3e-3, seed: int = 0) -> None:
    """Fit whatever is not frozen, in place."""
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=lr)
    shuffle = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        for batch in torch.randperm(len(images), generator=shuffle).split(64):
            loss = F.cross_entropy(model(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Return the share of images whose largest logit is at the true digit."""
    with torch.inference_mode():
        return float((model(images).argmax(dim=1) == labels).float().mean())


def digits(turned: bool) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return training and held-out images (N, 64) and labels; turned by 90 degrees if asked."""
    data = load_digits()
    images, labels = torch.tensor(data.images, dtype=torch.float32) / 16, torch.tensor(data.target)
    images = (images.rot90(1, dims=(1, 2)) if turned else images).flatten(1)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    return images[order[450:]], labels[order[450:]], images[order[:450]], labels[order[:450]]


def build() -> nn.Module:
    """Return the network that is trained on upright digits."""
    return nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 10))


def main() -> None:
    """Fine-tune the same frozen net in several ways; then merge, and take the adapter out again."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    count = lora_parameters(4096, 4096, rank=8, matrices=2 * 32)
    print(f"rank 8 on two 4096 x 4096 matrices in each of 32 layers: {count:,} trained of {64 * 4096**2:,}")
    torch.manual_seed(0)
    upright, turned = digits(turned=False), digits(turned=True)
    pretrained = build()
    train(pretrained, *upright[:2], epochs=12)
    print(f"pre-trained on upright digits: {accuracy(pretrained, *upright[2:]):.3f}, ", end="")
    print(f"on turned ones {accuracy(pretrained, *turned[2:]):.3f}; fine-tuned on turned ones:")

    models: dict[str, nn.Module] = {"last layer only": copy.deepcopy(pretrained).requires_grad_(False)}
    models["last layer only"].get_submodule("4").requires_grad_(True)
    for rank in (1, 4, 8):
        models[f"LoRA, rank {rank}"] = add_lora(copy.deepcopy(pretrained), rank, alpha=2.0 * rank)
    models["everything"] = copy.deepcopy(pretrained)
    for name, model in models.items():
        torch.manual_seed(0)
        train(model, *turned[:2], epochs=12, lr=1e-2 if adapters(model) else 3e-3)  # adapters take a higher rate
        print(f"  {name:<16} {trainable(model):>6,} parameters trained: {accuracy(model, *turned[2:]):.3f}", end="")
        print(f" (upright {accuracy(model, *upright[2:]):.3f})")

    model = models["LoRA, rank 8"]
    with torch.inference_mode():
        before = model(turned[2])
        for adapter in adapters(model):
            adapter.merge()
        shift = (model(turned[2]) - before).abs().max()
        print(f"rank 8 merged: largest change of a logit {shift:.1e}; ", end="")
        for adapter in adapters(model):
            adapter.unmerge()
            adapter.B.zero_()
        print(f"adapter removed: upright digits {accuracy(model, *upright[2:]):.3f} as at first")


if __name__ == "__main__":
    main()
