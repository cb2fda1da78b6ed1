"""The machine, and what its cores could do at most: products of large matrices."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from interviewer.retrieval.precision import processor

_WIDTH, COUNT = 1024, 20
PRODUCTS = 2.0 * _WIDTH**3 * COUNT
_FLAGS = ("avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16", "amx_int8", "asimd", "bf16")


def described() -> str:
    """CPU, cores, the instruction sets that matter, versions, and how busy it is with other work."""
    import torch

    try:
        words = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    except OSError:
        words = set()
    has = " ".join(flag for flag in _FLAGS if flag in words) or "instruction sets unknown"
    return (
        f"{processor()}, {os.cpu_count()} cores ({has}), {torch.get_num_threads()} threads, torch {torch.__version__}, "
        f"Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"
    )


def products(kind: str, count: int = COUNT) -> None:
    """Multiply large matrices: `PRODUCTS` additions and multiplications at the default count.

    Args:
        kind: a number type of PyTorch's: "float32", "bfloat16".
        count: how often.
    """
    import torch

    first = torch.ones(_WIDTH, _WIDTH, dtype=getattr(torch, kind))
    for _ in range(count):
        first @ first
