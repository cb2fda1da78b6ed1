"""Two real processes: their averaged gradient is that of one process on the whole batch."""

from collections.abc import Callable
from typing import Any

import data_parallel
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DistributedSampler


@pytest.fixture(scope="module")
def found() -> list[dict[str, Any]]:
    """Start the processes once for all tests of this file."""
    return data_parallel.run_workers()


def whole_gradient() -> Tensor:
    model, x, labels = data_parallel.build()
    loss = F.cross_entropy(model(x), labels)
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(model.parameters()))])


@pytest.mark.slow
@pytest.mark.parametrize("way", ["all-reduce by hand", "DDP", "DDP, 4 micro-batches", "12 and 4 samples, weighted"])
def test_every_process_has_the_gradient_of_the_whole_batch(found: list[dict[str, Any]], way: str) -> None:
    for result in found:
        torch.testing.assert_close(result[way], whole_gradient(), rtol=1e-4, atol=1e-6)
    assert torch.equal(found[0][way], found[1][way])  # so the weights stay equal too


@pytest.mark.slow
def test_what_is_wrong_shows(found: list[dict[str, Any]]) -> None:
    first, second = found
    assert not torch.allclose(first["no communication"], second["no communication"], atol=1e-3)
    mean = (first["no communication"] + second["no communication"]) / 2
    torch.testing.assert_close(mean, whole_gradient(), rtol=1e-4, atol=1e-6)
    wrong = first["12 and 4 samples, mean of means"]
    assert torch.equal(wrong, second["12 and 4 samples, mean of means"])  # equal everywhere, and wrong
    assert (wrong - whole_gradient()).norm() > 0.05 * whole_gradient().norm()


@pytest.mark.slow
def test_accumulation_communicates_once(found: list[dict[str, Any]]) -> None:
    for result in found:
        assert result["DDP, communications"] == 1  # one bucket holds this small model
        assert result["DDP, 4 micro-batches, communications"] == 1


@pytest.mark.parametrize("micro_batch", [1, 5, 8, 16, 100])
def test_accumulation_gives_the_whole_batchs_gradient(micro_batch: int) -> None:
    model, x, labels = data_parallel.build()
    data_parallel.accumulate(model, x, labels, micro_batch)
    torch.testing.assert_close(data_parallel.gradients(model), whole_gradient(), rtol=1e-4, atol=1e-6)


def test_shards_are_those_of_the_distributed_sampler() -> None:
    rows = torch.arange(12)
    for rank in range(3):
        sampler: DistributedSampler[int] = DistributedSampler(range(12), num_replicas=3, rank=rank, shuffle=False)
        assert data_parallel.shard(rows, rank, 3).tolist() == list(sampler)
    assert [len(data_parallel.shard(torch.arange(7), rank, 3)) for rank in range(3)] == [3, 2, 2]


@pytest.mark.parametrize("members", [2, 3, 8])
def test_ring_adds_up_everywhere(members: int) -> None:
    vectors = list(torch.randn(members, 24))
    results, sent = data_parallel.ring_all_reduce(vectors)
    for result in results:
        torch.testing.assert_close(result, torch.stack(vectors).sum(dim=0))
    assert sent == 2 * (members - 1) * 24 // members


def test_illegal_input_is_refused() -> None:
    for rank in (-1, 2):
        with pytest.raises(ValueError, match="rank"):
            data_parallel.shard(torch.arange(4), rank, 2)
    model, x, labels = data_parallel.build()
    with pytest.raises(ValueError, match="micro_batch"):
        data_parallel.accumulate(model, x, labels, 0)
    for vectors in ([torch.ones(4)], [torch.ones(5), torch.ones(5)], [torch.ones(4), torch.ones(6)]):
        with pytest.raises(ValueError, match="two or more"):
            data_parallel.ring_all_reduce(vectors)


@pytest.mark.slow
def test_main_compares_with_one_process(run_script: Callable[[str], str]) -> None:
    printed = run_script("data_parallel.py")
    rows = {line[2:34].strip(): line[34:].split() for line in printed.splitlines() if line.startswith("  ")}
    for way in ("all-reduce by hand", "DDP", "DDP, 4 micro-batches", "12 and 4 samples, weighted"):
        assert all(float(error) < 1e-5 for error in rows[way][:2])
    for way in ("no communication", "12 and 4 samples, mean of means"):
        assert all(float(error) > 0.01 for error in rows[way][:2])
    assert "over  8: each sends 1.75" in printed
