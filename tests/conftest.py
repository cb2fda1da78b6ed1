"""Fixtures for all tests: no network, a data folder of its own, a small deterministic encoder."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

pytest_plugins = ["tests.postgres"]

os.environ["HF_HUB_OFFLINE"] = "1"
settings.register_profile("shared", deadline=None)  # other work runs beside these tests
settings.load_profile("shared")
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"


class HashingEncoder:
    """Embeds a text as the normalised sum of one fixed random direction per term: equal terms, equal directions.

    Cosines are then term overlaps, known in advance up to chance of about 1/sqrt(d).
    """

    fingerprint = "hashing-64"

    def encode(self, texts: Sequence[str], *, query: bool = False) -> Any:
        from interviewer.text import terms

        rows = [sum((self._direction(t) for t in terms(text)), np.zeros(64)) for text in texts]
        matrix = np.array(rows, np.float32).reshape(len(texts), 64)
        norms = np.linalg.norm(matrix, axis=1, keepdims=True)
        return matrix / np.where(norms == 0, 1, norms)

    def known(self, texts: Sequence[str]) -> Any:
        return np.ones(len(texts), np.float32)

    @staticmethod
    def _direction(term: str) -> Any:
        seed = int.from_bytes(hashlib.sha256(term.encode()).digest()[:4], "big")
        return np.random.default_rng(seed).standard_normal(64)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any connection that would leave the machine fails the test."""
    real = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> Any:
        host = address[0] if isinstance(address, tuple) else "localhost"
        if host not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test tried to reach {address}")
        return real(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Everything the program keeps goes here."""
    for name in list(os.environ):
        if name.startswith("INTERVIEWER_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("INTERVIEWER_LLM", "off")  # whatever this machine has downloaded
    folder = tmp_path / "data"
    monkeypatch.setenv("INTERVIEWER_DATA_DIR", str(folder))
    return folder


@pytest.fixture
def encoder() -> HashingEncoder:
    return HashingEncoder()


@pytest.fixture
def engine(data_dir: Path, encoder: HashingEncoder) -> Iterator[Any]:
    """An engine over the shipped corpus with the small encoder."""
    from interviewer.engine import Engine
    from interviewer.settings import load_settings

    made = Engine(load_settings(data_dir=data_dir), encoder=encoder, seed=1)
    yield made
    if "store" in made.__dict__:
        made.store.close()
