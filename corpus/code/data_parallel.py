"""Data parallelism: every process computes gradients on its share of the batch, then they are averaged.

What: all processes hold the same weights. Each runs forward and backward on its own shard; an
all-reduce replaces every gradient by the mean over the processes; each makes the same update, so
the weights stay equal and are never sent again. With equal shards of B samples in all,

    mean over processes of (mean over shard)  =  mean over the whole batch,

so the step is that of one process on the whole batch. DistributedDataParallel does the same, bucket
by bucket and while the backward pass still runs. With shards of different size the mean of means is
wrong, and each has to be weighted by its number of samples.

Gradient accumulation is the same sum taken in time: several backward passes, then one step.

Papers: Li et al., "PyTorch Distributed: Experiences on Accelerating Data Parallel Training", 2020;
Patarasuk and Yuan, "Bandwidth Optimal All-reduce Algorithms for Clusters of Workstations", 2009.

Run: python corpus/code/data_parallel.py    (two processes on this machine, gloo backend)
"""

# mypy: allow-untyped-calls

import tempfile
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import allreduce_hook
from torch.multiprocessing.spawn import spawn
from torch.nn.parallel import DistributedDataParallel

WORLD_SIZE = 2


def build() -> tuple[nn.Module, Tensor, Tensor]:
    """Return the same model, inputs (16, 10) and labels (16,) in every process: the seed is fixed."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(10, 16), nn.Tanh(), nn.Linear(16, 3))
    return model, torch.randn(16, 10), torch.randint(3, (16,))


def shard(rows: Tensor, rank: int, world_size: int) -> Tensor:
    """Return every world_size-th row from `rank` on, as DistributedSampler does, but without padding."""
    if not 0 <= rank < world_size:
        raise ValueError(f"rank must lie in 0..{world_size - 1}, not {rank}")
    return rows[rank::world_size]


def gradients(model: nn.Module) -> Tensor:
    """Return all gradients as one vector."""
    return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])


def average_gradients(model: nn.Module, weight: float | None = None) -> None:
    """Replace each gradient by the mean over processes, or by the sum of each one's times its weight."""
    weight = 1 / dist.get_world_size() if weight is None else weight
    for parameter in model.parameters():
        if parameter.grad is not None:
            parameter.grad *= weight
            dist.all_reduce(parameter.grad, op=dist.ReduceOp.SUM)


def accumulate(model: nn.Module, x: Tensor, labels: Tensor, micro_batch: int) -> None:
    """Add up the gradient of the whole batch's mean loss in micro-batches; the caller steps once.

    Each micro-batch is weighted by its share, right for a smaller last one too. Under DDP all but
    the last run in no_sync, forward included, or every backward would communicate.
    """
    if micro_batch < 1:
        raise ValueError(f"micro_batch must be at least 1, not {micro_batch}")
    parts = list(zip(x.split(micro_batch), labels.split(micro_batch), strict=True))
    for number, (inputs, targets) in enumerate(parts):
        hold = isinstance(model, DistributedDataParallel) and number < len(parts) - 1
        with model.no_sync() if hold else nullcontext():  # type: ignore[operator]
            (F.cross_entropy(model(inputs), targets) * len(inputs) / len(x)).backward()


def ring_all_reduce(vectors: Sequence[Tensor]) -> tuple[list[Tensor], int]:
    """Return the sum at every one of N members of a ring, and how many numbers each one sent.

    The vectors are cut into N chunks. In N - 1 rounds each member passes a chunk on to its neighbour,
    which adds it to its own; then every chunk is complete somewhere, and N - 1 rounds pass them round.
    """
    n = len(vectors)
    if n < 2 or any(v.shape != vectors[0].shape or v.dim() != 1 or len(v) % n for v in vectors):
        raise ValueError("need two or more vectors of one length, a multiple of their number")
    chunks = [[chunk.clone() for chunk in vector.chunk(n)] for vector in vectors]  # [member][chunk]
    for turn in range(2 * (n - 1)):
        adding = turn < n - 1
        # At turn k member m sends chunk m - k; after the adding rounds that is the one it has just completed.
        sent = [(m, (m - turn) % n, chunks[m][(m - turn) % n].clone()) for m in range(n)]
        for member, place, chunk in sent:
            mine = chunks[(member + 1) % n]
            mine[place] = mine[place] + chunk if adding else chunk
    return [torch.cat(own) for own in chunks], 2 * (n - 1) * len(vectors[0]) // n


def worker(rank: int, world_size: int, folder: str) -> None:
    """Run in each process: compute the gradient in several ways and leave the results in a file."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=world_size)
    result: dict[str, Any] = {}

    def record(name: str, run: Callable[[nn.Module, Tensor, Tensor], None], wrap: bool = False) -> None:
        model, x, labels = build()
        calls = [0]

        def count(state: list[int], bucket: dist.GradBucket) -> torch.futures.Future[Tensor]:  # type: ignore[name-defined]
            state[0] += 1
            return allreduce_hook(dist.group.WORLD, bucket)  # type: ignore[arg-type]

        if wrap:
            model = DistributedDataParallel(model)
            model.register_comm_hook(calls, count)
        run(model, x, labels)
        result[name], result[f"{name}, communications"] = gradients(model), calls[0]

    def backward(model: nn.Module, x: Tensor, labels: Tensor) -> None:
        F.cross_entropy(model(x), labels).backward()

    def on_shard(model: nn.Module, x: Tensor, labels: Tensor) -> None:
        backward(model, shard(x, rank, world_size), shard(labels, rank, world_size))

    def by_hand(model: nn.Module, x: Tensor, labels: Tensor) -> None:
        on_shard(model, x, labels)
        average_gradients(model)

    def unequal(model: nn.Module, x: Tensor, labels: Tensor, weighted: bool) -> None:
        part = slice(0, 12) if rank == 0 else slice(12 * rank, 12 * rank + 4)  # 12 samples and 4
        backward(model, x[part], labels[part])
        average_gradients(model, len(x[part]) / len(x) if weighted else None)

    def in_pieces(model: nn.Module, x: Tensor, labels: Tensor) -> None:
        accumulate(model, shard(x, rank, world_size), shard(labels, rank, world_size), micro_batch=2)

    record("no communication", on_shard)
    record("all-reduce by hand", by_hand)
    record("DDP", on_shard, wrap=True)
    record("DDP, 4 micro-batches", in_pieces, wrap=True)
    record("12 and 4 samples, mean of means", lambda m, x, y: unequal(m, x, y, weighted=False))
    record("12 and 4 samples, weighted", lambda m, x, y: unequal(m, x, y, weighted=True))
    torch.save(result, f"{folder}/{rank}.pt")
    dist.destroy_process_group()


def run_workers() -> list[dict[str, Any]]:
    """Start the processes, wait for them, and return what each of them found."""
    with tempfile.TemporaryDirectory() as folder:
        spawn(worker, args=(WORLD_SIZE, folder), nprocs=WORLD_SIZE)
        return [torch.load(Path(folder) / f"{rank}.pt") for rank in range(WORLD_SIZE)]


def main() -> None:
    """Compare the gradients of two processes with those of one process on the whole batch."""
    torch.set_num_threads(1)
    model, x, labels = build()
    F.cross_entropy(model(x), labels).backward()
    whole = gradients(model)
    print(f"one process, 16 samples: gradient of norm {whole.norm():.4f}")
    print("two processes, how far the gradient of each is from that:")
    first, second = run_workers()
    for name in (key for key in first if "communications" not in key):
        errors = [f"{(found[name] - whole).norm():.1e}" for found in (first, second)]
        calls = first[f"{name}, communications"]
        print(f"  {name:<32} {errors[0]}  {errors[1]}" + (f"   (all-reduces: {calls})" if calls else ""))
    model, x, labels = build()
    accumulate(model, x, labels, micro_batch=5)
    print(f"one process, micro-batches of 5, 5, 5 and 1: {(gradients(model) - whole).norm():.1e}")
    for n in (2, 8, 64):
        sent = ring_all_reduce([torch.ones(64)] * n)[1]
        print(f"ring all-reduce over {n:>2}: each sends {sent / 64:.2f} times the gradient")


if __name__ == "__main__":
    main()
