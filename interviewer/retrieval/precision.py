"""In which numbers the networks multiply: float32, or bfloat16 on a processor that is made for it (AMX, AVX-512 BF16).

Measured, not read off a list of processors: once for each processor and version of PyTorch, and kept in a file.
"""

from __future__ import annotations

import json
import platform
import time
from pathlib import Path
from statistics import median

LEAST = 1.5
"""How many times as fast bfloat16 must be to be used: anything less is not worth its rounding."""
_ROUNDS = 3
_ROWS, _WIDTH = 64, 384  # of a layer's product when a few sentences are read


def half_is_worth_it(kept: Path | None = None) -> bool:
    """Whether this processor multiplies bfloat16 so much faster.

    Args:
        kept: a file with what was measured before; what is measured now is added to it, if it can be written.
    """
    import torch

    key = f"{processor()} torch {torch.__version__}"
    known = _read(kept)
    if key not in known:
        known[key] = round(_gain(), 2)
        _write(kept, known)
    return known[key] >= LEAST


def _gain() -> float:
    """How many times as fast a product is in bfloat16; both take turns."""
    import torch

    rows, weights = torch.ones(_ROWS, _WIDTH), torch.ones(_WIDTH, _WIDTH)
    pairs = {"full": (rows, weights), "half": (rows.bfloat16(), weights.bfloat16())}
    spent: dict[str, list[float]] = {name: [] for name in pairs}
    for _ in range(_ROUNDS + 1):
        for name, (a, b) in pairs.items():
            begun = time.perf_counter()
            torch.nn.functional.linear(a, b)
            spent[name].append(time.perf_counter() - begun)
    full, half = (median(times[1:]) for times in spent.values())  # the first of each sets up
    return full / max(half, 1e-9)


def processor() -> str:
    """The CPU's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _read(kept: Path | None) -> dict[str, float]:
    try:
        found = json.loads(kept.read_text(encoding="utf-8")) if kept else {}
        return {str(k): float(v) for k, v in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _write(kept: Path | None, known: dict[str, float]) -> None:
    if kept is None:
        return
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(known, indent=2), encoding="utf-8")
    except OSError:
        pass  # measured again next time: it takes milliseconds
