"""Put the reference files on the path, fix the seed, and run each main() on demand."""

import os
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

LONG = frozenset(
    "augmentation autoencoder classifier_free_guidance contrastive ctc data_parallel ddpm decoder_lm deformable_convolution "
    "depthwise_separable dilated_convolution distillation early_stopping fcn flow_matching gan grid_world imitation "
    "initialisation locally_connected mixed_precision normalisation quantisation resnet rnn saliency training_loop "
    "transformer unet vae vq_vae".split()
)
"""Files whose demonstrations train for more than some seconds: `make demonstrations` runs these."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the long demonstrations; what they are made of is tested every time."""
    for item in items:
        name = item.name.partition("[")[0]
        if item.path.stem.removeprefix("test_") in LONG and name.startswith(("test_main", "test_plot")):
            item.add_marker(pytest.mark.long)


CODE = Path(__file__).resolve().parents[2] / "corpus" / "code"
sys.path.insert(0, str(CODE))


@pytest.fixture(autouse=True)
def reproducible() -> Iterator[None]:
    """Seed every test; one thread, because small tensors wait more on a second than they gain."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def assert_gradients() -> Callable[[nn.Module, Tensor], None]:
    """Return a check that a loss gives every parameter a finite gradient that is not all 0."""

    def check(model: nn.Module, loss: Tensor) -> None:
        model.zero_grad()
        loss.backward()
        for name, parameter in model.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name
            assert parameter.grad.abs().sum() > 0, name

    return check


@pytest.fixture
def run_main(capfd: pytest.CaptureFixture[str]) -> Callable[[str], str]:
    """Return a function that runs a reference file as a script, in this process, and returns what it printed.

    A fresh interpreter for each would import PyTorch and scikit-learn eighty times, which takes longer than many mains.
    """

    def run(name: str) -> str:
        capfd.readouterr()
        runpy.run_path(str(CODE / name), run_name="__main__")
        return capfd.readouterr().out

    return run


@pytest.fixture
def run_script() -> Callable[[str], str]:
    """Return the same in a fresh interpreter, as a user runs it: slower by the imports, needed by files that spawn."""

    def run(name: str) -> str:
        done = subprocess.run(
            [sys.executable, str(CODE / name)],
            capture_output=True,
            text=True,
            timeout=600,  # a busy machine is no defect of the file; the seconds of each are in docs/reference-code.md
            check=False,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
