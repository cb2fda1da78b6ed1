"""What a passage does to a claim: says it, misses it, or denies it. A cross-encoder, since a bi-encoder (one vector a
text) hardly tells a claim from its denial.

The shipped one is ours (model/README.md); any other cross-encoder with a three-way inference head can take its place.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from interviewer.errors import ModelUnavailable
from interviewer.text import encodable

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from interviewer.grading.entailment.network import Network

FOLDER = Path(__file__).with_name("model")
Chances = NDArray[np.float32]
Pair = tuple[str, str]
"""A passage and a claim."""

_REMEMBERED = 8192
_TOGETHER = 512
_NAMES = {"entailment": 0, "neutral": 1, "contradiction": 2}
_ADVICE = "leave INTERVIEWER_ENTAILMENT empty for the model that ships with the program"


class Entailment(Protocol):
    """Judges passages by claims."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same pair may be judged otherwise."""
        ...

    def judge(self, pairs: Sequence[Pair]) -> Chances:
        """Probabilities that the passage covers, misses, contradicts the claim, shape (len(pairs), 3)."""
        ...


class _Remembering:
    """Keeps the judgement of recent pairs; subclasses judge new ones."""

    def __init__(self, fingerprint: str) -> None:
        self._fingerprint = fingerprint
        self._memo: OrderedDict[Pair, Chances] = OrderedDict()
        self._lock = threading.Lock()  # two passes at once only slow each other down

    @property
    def fingerprint(self) -> str:
        """See `Entailment`."""
        return self._fingerprint

    def judge(self, pairs: Sequence[Pair]) -> Chances:
        """See `Entailment`."""
        with self._lock:
            # Pairs of like length together: short ones are not padded to the longest.
            new = sorted({p for p in pairs if p not in self._memo}, key=lambda p: (len(p[0]) + len(p[1]), p))
            fresh: dict[Pair, Chances] = {}
            for start in range(0, len(new), _TOGETHER):
                batch = new[start : start + _TOGETHER]
                fresh |= zip(batch, self._judge([(encodable(a), encodable(b)) for a, b in batch]), strict=True)
            result = [fresh[p] if p in fresh else self._memo[p] for p in pairs]
            self._memo |= fresh
            while len(self._memo) > _REMEMBERED:
                self._memo.popitem(last=False)
        return np.stack(result) if result else np.zeros((0, 3), np.float32)

    def _judge(self, pairs: list[Pair]) -> Chances:
        raise NotImplementedError


class _Shipped(_Remembering):
    def __init__(self, network: Network, tokenizer: Tokenizer, fingerprint: str) -> None:
        super().__init__(fingerprint)
        self._network, self._tokenizer = network, tokenizer

    def _judge(self, pairs: list[Pair]) -> Chances:
        from interviewer.grading.entailment.network import LONGEST

        # A passage meets several claims and a claim several passages: each text is read once.
        texts = list(dict.fromkeys(t for pair in pairs for t in pair))
        rows = [e.ids[:LONGEST] for e in self._tokenizer.encode_batch(texts)]
        read = dict(zip(texts, self._network.read(rows), strict=True))
        return np.asarray(self._network.chances([(read[a], read[b]) for a, b in pairs]).numpy(), np.float32)


class _Foreign(_Remembering):
    def __init__(self, model: Any, name: str) -> None:
        super().__init__(name)
        self._model = model
        labels = {int(k): str(v).lower() for k, v in model.config.id2label.items()}
        if sorted(labels.values()) != sorted(_NAMES):
            raise ModelUnavailable(
                f"{name} has the labels {', '.join(labels.values())}, not entailment, neutral, contradiction; {_ADVICE}"
            )
        self._order = [next(i for i, v in labels.items() if v == wanted) for wanted in _NAMES]

    def _judge(self, pairs: list[Pair]) -> Chances:
        found = self._model.predict(pairs, apply_softmax=True, show_progress_bar=False)
        return np.asarray(found, np.float32)[:, self._order]


def load_entailment(name: str = "") -> Entailment:
    """Load a cross-encoder: the shipped one, or any with the labels entailment, neutral and contradiction.

    Args:
        name: empty, a folder, or a hub id.

    Raises:
        ModelUnavailable: it is not there, cannot be loaded, or has other labels.
    """
    name = name.strip()
    return _load_foreign(name) if name else _load_shipped()


def _load_shipped() -> Entailment:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from interviewer.grading.entailment.network import Network
    from interviewer.retrieval.encoder import SHIPPED
    from interviewer.retrieval.reader import load_reader

    file = FOLDER / "model.safetensors"
    try:
        content = file.read_bytes()
        reader, tokenizer, _ = load_reader(SHIPPED)
        network = Network(reader)
        network.load_state_dict({k: v.float() for k, v in load_file(file).items()})
    except (OSError, SafetensorError, RuntimeError, ValueError, KeyError) as error:
        first = str(error).splitlines()[0][:160]
        raise ModelUnavailable(
            f"the entailment model of this installation cannot be read ({first}): reinstall it"
        ) from None
    return _Shipped(network.eval(), tokenizer, f"entailment@{hashlib.sha256(content).hexdigest()[:12]}")


def _load_foreign(name: str) -> Entailment:
    from sentence_transformers import CrossEncoder

    path = Path(os.path.expanduser(name))
    try:
        model = CrossEncoder(str(path) if path.is_dir() else name, device="cpu", local_files_only=path.is_dir())
    except Exception as error:  # every library below raises its own kinds
        first = (str(error).strip() or type(error).__name__).splitlines()[0][:160]
        raise ModelUnavailable(f"the entailment model {name!r} cannot be loaded ({first}); {_ADVICE}") from None
    return _Foreign(model, path.resolve().name if path.is_dir() else name)
