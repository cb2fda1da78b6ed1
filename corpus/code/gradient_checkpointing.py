"""Gradient checkpointing: keep little on the way forward, compute it again on the way back.

What: the backward pass needs the activations of the forward pass, and storing them all takes memory
in proportion to the depth. A checkpointed segment keeps only its *input*; when the backward pass
arrives, the segment's forward is run again from there and its activations exist for a moment.

    memory    n layers in k segments:  k inputs + the n/k layers of one segment, least near k = sqrt(n)
    compute   one more forward pass: 1 + 2 units become 1 + 1 + 2, about a third more

The gradients are the same numbers, provided that the second run computes what the first did: dropout
must draw the same mask, so the state of the random number generator is stored and put back.
Weights, gradients and the optimiser's state take what they took; only activations shrink.

Paper: Chen, Xu, Zhang and Guestrin, "Training Deep Nets with Sublinear Memory Cost", 2016.

Run: python corpus/code/gradient_checkpointing.py    (a deep MLP; activations counted, not estimated)
"""

# mypy: allow-untyped-calls

from typing import Any

import torch
from torch import Tensor, nn


class Recompute(torch.autograd.Function):
    """Run a module without recording, and run it again with recording when its gradient is wanted."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, module: nn.Module, keep_random: bool) -> Tensor:
        """Return module(x); nothing inside a Function's forward is recorded, only x is kept."""
        ctx.module = module
        ctx.random = torch.get_rng_state() if keep_random else None
        ctx.save_for_backward(x)
        out: Tensor = module(x)
        return out

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, None, None]:
        """Repeat the forward pass from x, now recorded, and send the gradient through it."""
        x = ctx.saved_tensors[0].detach().requires_grad_(ctx.needs_input_grad[0])
        with torch.random.fork_rng(devices=[]):  # afterwards the generator goes on where it was
            if ctx.random is not None:
                torch.set_rng_state(ctx.random)
            with torch.enable_grad():
                out = ctx.module(x)
        torch.autograd.backward(out, gradient)  # adds to the .grad of the module's parameters
        return x.grad, None, None


def checkpoint(module: nn.Module, x: Tensor, keep_random: bool = True) -> Tensor:
    """Return module(x), to be computed again in the backward pass.

    x must take part in the graph: if nothing that goes in requires a gradient, autograd sees no reason
    to call backward, and the module's parameters would silently get none.
    """
    if torch.is_grad_enabled() and not x.requires_grad:
        raise ValueError("the input of a checkpointed module must require a gradient")
    out: Tensor = Recompute.apply(x, module, keep_random)
    return out


class DeepNet(nn.Module):
    """`depth` blocks, run as they are or in checkpointed segments."""

    def __init__(self, depth: int, width: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.calls = 0  # how often a block has run forward
        blocks = [nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Dropout(dropout)) for _ in range(depth)]
        for block in blocks:
            block.register_forward_hook(self._count)
        self.blocks = nn.Sequential(*blocks)

    def _count(self, *_: object) -> None:
        self.calls += 1

    def forward(self, x: Tensor, segments: int = 0, keep_random: bool = True) -> Tensor:
        """Map (B, width) to (B, width); `segments` = 0 stores every activation."""
        if segments == 0:
            out: Tensor = self.blocks(x)
            return out
        if not 1 <= segments <= len(self.blocks) or len(self.blocks) % segments:
            raise ValueError(f"segments must divide the depth {len(self.blocks)}, not {segments}")
        size = len(self.blocks) // segments
        for start in range(0, len(self.blocks), size):
            x = checkpoint(self.blocks[start : start + size], x, keep_random)
        return x


class ActivationMeter:
    """Count the bytes that autograd keeps for the backward pass, and the most at any moment.

    Each saved tensor passes through the hooks; an entry lives as long as the graph keeps it. A tensor
    saved twice takes memory once, and parameters are there anyway, so neither is counted.
    """

    def __init__(self, model: nn.Module) -> None:
        self.now = self.peak = 0
        self.users: dict[int, int] = {p.untyped_storage().data_ptr(): 1 for p in model.parameters()}
        self.hooks = torch.autograd.graph.saved_tensors_hooks(self._pack, self._unpack)

    def _pack(self, tensor: Tensor) -> "Saved":
        return Saved(self, tensor.detach())

    def _unpack(self, saved: "Saved") -> Tensor:
        return saved.tensor

    def __enter__(self) -> "ActivationMeter":
        self.hooks.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.hooks.__exit__()


class Saved:
    """One tensor kept by autograd; tells the meter when it comes and when it goes."""

    def __init__(self, meter: ActivationMeter, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        self.meter, self.tensor, self.place, self.size = meter, tensor, storage.data_ptr(), storage.nbytes()
        meter.users[self.place] = meter.users.get(self.place, 0) + 1
        meter.now += self.size if meter.users[self.place] == 1 else 0
        meter.peak = max(meter.peak, meter.now)

    def __del__(self) -> None:
        self.meter.users[self.place] -= 1
        self.meter.now -= self.size if self.meter.users[self.place] == 0 else 0


class Measurement:
    """The gradients of one training step, the activation bytes at their peak, and the forward runs of blocks."""

    def __init__(self, model: DeepNet, x: Tensor, segments: int, keep_random: bool = True) -> None:
        """Run one forward and backward pass; the seed makes dropout the same for every way to run it."""
        torch.manual_seed(1)
        model.zero_grad()
        model.calls = 0
        with ActivationMeter(model) as meter:
            model(x.detach().requires_grad_(), segments, keep_random).square().mean().backward()
        self.gradients = [p.grad.clone() for p in model.parameters() if p.grad is not None]
        self.peak, self.calls = meter.peak, model.calls

    def difference(self, other: "Measurement") -> float:
        """Return the largest difference of any gradient entry."""
        return max(float((a - b).abs().max()) for a, b in zip(self.gradients, other.gradients, strict=True))


def main() -> None:
    """Measure memory, work and gradients for several numbers of segments."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    torch.manual_seed(0)
    depth, width, batch = 36, 64, 256
    model, x = DeepNet(depth, width), torch.randn(batch, width)
    plain = Measurement(model, x, segments=0)
    print(f"{depth} blocks; one activation of {batch} x {width} takes {batch * width * 4 // 1024} KiB")
    print(f"  no checkpoints: peak {plain.peak // 1024:>5} KiB, forward runs of a block {plain.calls}")
    for segments in (1, 2, 6, 12, 36):
        run = Measurement(model, x, segments)
        print(
            f"  {segments:>2} segments:    peak {run.peak // 1024:>5} KiB, forward runs of a block {run.calls},"
            f" largest difference of a gradient {run.difference(plain):.1e}"
        )
    model = DeepNet(depth, width, dropout=0.1)
    plain = Measurement(model, x, segments=0)
    for keep in (True, False):
        run = Measurement(model, x, segments=6, keep_random=keep)
        print(f"dropout, its masks restored: {keep!s:<5}  largest difference of a gradient {run.difference(plain):.1e}")


if __name__ == "__main__":
    main()
