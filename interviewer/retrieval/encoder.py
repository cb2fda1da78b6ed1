"""Embedding models: texts in, unit vectors out. The one place that knows which model is loaded.

The default is our own bilingual MiniLM, which lies beside this file (`model/README.md` says how it was made). Any
sentence-transformers folder or hub id can take its place, and so can an OpenAI-compatible endpoint (remote.py).
Nothing here touches the network unless the user names an endpoint, or a model id that is not on disk.
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
from interviewer.retrieval.precision import half_is_worth_it
from interviewer.retrieval.prompts import Prompts, prompts_for
from interviewer.text import encodable

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

    from interviewer.retrieval.reader import Reader

Vectors = NDArray[np.float32]

SHIPPED = Path(__file__).parent / "model"
SUMS = "SHA256SUMS"
"""In the shipped model's folder: the hashes of its files, as `sha256sum` writes them."""
_SHIPPED_NAME = "interviewer-minilm-zh-en"
_MODEL_FILES = {".json", ".safetensors", ".bin", ".txt", ".model"}
_AT_ONCE = 64  # texts in one pass through the model
_MEMO = 50_000  # texts kept: about 80 MB at 384 dimensions
_ADVICE = (
    "give INTERVIEWER_ENCODER a folder with a sentence-transformers model or an endpoint's URL, or leave it empty for "
    "the one that is installed"
)


class Encoder(Protocol):
    """Anything that embeds text."""

    @property
    def fingerprint(self) -> str:
        """Names model and weights: equal fingerprints give equal vectors, so caches and calibration carry it."""
        ...

    def encode(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        """Embed texts: shape (len(texts), d), float32, each row of length 1 (or 0 for a text without tokens).

        Args:
            texts: any texts.
            query: they are what somebody searches by; some models want to be told.
        """
        ...

    def known(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Share of each text's tokens that the model's vocabulary has, 0–1: how far its vector can be believed."""
        ...


class _Remembering:
    """An `Encoder` that keeps the vectors of recent texts in memory; subclasses make new ones."""

    def __init__(self, fingerprint: str, prompts: Prompts | None = None) -> None:
        self._fingerprint = fingerprint
        self._prompts = prompts or Prompts()
        self._memo: OrderedDict[str, Vectors] = OrderedDict()
        self._shares: OrderedDict[str, float] = OrderedDict()
        # Fast tokenizers refuse to be used by two threads at once, and two passes at once only slow each other down.
        self._lock = threading.RLock()

    @property
    def fingerprint(self) -> str:
        """See `Encoder`."""
        return self._fingerprint

    def encode(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        """See `Encoder`."""
        prompt = self._prompts.query if query else self._prompts.text
        with self._lock:
            return self._encode([prompt + t for t in texts] if prompt else texts)

    def _encode(self, texts: Sequence[str]) -> Vectors:
        new = [t for t in dict.fromkeys(texts) if t not in self._memo]
        fresh: dict[str, Vectors] = {}
        if new:
            fresh = dict(zip(new, self._vectors([encodable(t) for t in new]), strict=True))
        result = [fresh[t] if t in fresh else self._memo[t] for t in texts]
        self._memo.update(fresh)
        while len(self._memo) > _MEMO:
            self._memo.popitem(last=False)
        return np.stack(result) if result else np.zeros((0, self._width), np.float32)

    def known(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Encoder`."""
        with self._lock:
            new = [t for t in dict.fromkeys(texts) if t not in self._shares]
            if new:
                self._shares.update(zip(new, self._shares_of([encodable(t) for t in new]), strict=True))
            shares = np.array([self._shares[t] for t in texts], np.float32)
            while len(self._shares) > _MEMO:
                self._shares.popitem(last=False)
        return shares

    @property
    def _width(self) -> int:
        raise NotImplementedError

    def _vectors(self, texts: list[str]) -> Vectors:
        """Unit vectors of texts; zeros for one without tokens."""
        raise NotImplementedError

    def _shares_of(self, texts: list[str]) -> list[float]:
        """Share of known tokens of each text."""
        raise NotImplementedError


class SentenceEncoder(_Remembering):
    """Over any sentence-transformers model."""

    def __init__(self, model: SentenceTransformer, fingerprint: str, prompts: Prompts | None = None) -> None:
        super().__init__(fingerprint, prompts)
        self._model = model

    @property
    def _width(self) -> int:
        return self._model.get_embedding_dimension() or 0

    def _vectors(self, texts: list[str]) -> Vectors:
        """Texts of equal length go through the model together: nothing is padded, which saves time, and a text has the
        same vector, to the last bit, in whatever company it is encoded (`interviewer eval batch` compares)."""
        by_length: dict[int, list[int]] = {}
        for place, ids in enumerate(self._ids(texts)):
            by_length.setdefault(len(ids), []).append(place)
        found = np.zeros((len(texts), self._width), np.float32)
        for places in by_length.values():
            encoded = self._model.encode(
                [texts[n] for n in places], normalize_embeddings=True, show_progress_bar=False, batch_size=_AT_ONCE
            )
            # A text without tokens has a zero vector, which normalising turns into NaN: it resembles nothing.
            found[places] = np.nan_to_num(np.asarray(encoded, dtype=np.float32))
        return found

    def _shares_of(self, texts: list[str]) -> list[float]:
        tokenizer: Any = self._model.tokenizer
        if callable(tokenizer):
            unknown = getattr(tokenizer, "unk_token_id", None)
        else:
            unknown = tokenizer.token_to_id(getattr(tokenizer.model, "unk_token", None) or "")
        if unknown is None:  # byte-level vocabularies know every text
            return [1.0] * len(texts)
        return [1.0 - row.count(unknown) / len(row) if row else 0.0 for row in self._ids(texts)]

    def _ids(self, texts: list[str]) -> list[list[int]]:
        """Token ids of each text, cut to what the model reads."""
        tokenizer: Any = self._model.tokenizer
        if callable(tokenizer):
            ids: list[list[int]] = tokenizer(texts, add_special_tokens=False, truncation=True)["input_ids"]
            return ids
        # Static embeddings carry a bare `tokenizers.Tokenizer`.
        return [encoding.ids for encoding in tokenizer.encode_batch(texts, add_special_tokens=False)]


class ReaderEncoder(_Remembering):
    """Over the shipped model, without sentence-transformers: see reader.py."""

    def __init__(self, reader: Reader, tokenizer: Tokenizer, longest: int, fingerprint: str) -> None:
        super().__init__(fingerprint)
        self._reader, self._tokenizer, self._longest = reader, tokenizer, longest
        self._unknown = tokenizer.token_to_id("[UNK]") or 0

    @property
    def _width(self) -> int:
        return int(self._reader.norm.weight.shape[0])

    @property
    def numbers(self) -> str:
        """In which numbers it multiplies."""
        return "bfloat16" if self._reader.in_bfloat16 else "float32"

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """How many tokens of each text are read."""
        return [len(row) for row in self._rows(list(texts))]

    def _rows(self, texts: list[str]) -> list[list[int]]:
        rows = [e.ids for e in self._tokenizer.encode_batch(texts)]
        # The closing token stays where a text is cut off.
        return [row if len(row) <= self._longest else [*row[: self._longest - 1], row[-1]] for row in rows]

    def _vectors(self, texts: list[str]) -> Vectors:
        means = self._reader.means(self._rows(texts)).numpy()
        return np.asarray(means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9), np.float32)

    def _shares_of(self, texts: list[str]) -> list[float]:
        rows = [e.ids for e in self._tokenizer.encode_batch(texts, add_special_tokens=False)]
        return [1.0 - row.count(self._unknown) / len(row) if row else 0.0 for row in rows]


def _fingerprint(folder: Path) -> str:
    """Over configuration and weights of a model folder; large files count by head, tail and size."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.suffix in _MODEL_FILES):
        size = path.stat().st_size
        digest.update(f"{path.relative_to(folder).as_posix()}:{size}:".encode())
        with path.open("rb") as file:
            digest.update(file.read(1 << 20))
            file.seek(max(1 << 20, size - (1 << 20)))
            digest.update(file.read())
    return digest.hexdigest()[:12]


def load_encoder(name: str = "", key: str = "", hosts: str = "", kept: Path | None = None) -> Encoder:
    """Load a model: the default one, a sentence-transformers folder or hub id, or an endpoint.

    Args:
        name: empty, a folder, an id, or `https://host/v1#model` for an OpenAI-compatible endpoint.
        key: the endpoint's key, if it wants one.
        hosts: hosts that an endpoint may be at, separated by commas; empty means any.
        kept: where it is kept how fast this processor multiplies in bfloat16: the default model does so where that
            pays. Without it, it does not.

    Raises:
        ModelUnavailable: it is not there, cannot be loaded, or does not answer.
    """
    name = name.strip()
    if name.startswith(("http://", "https://")):
        from interviewer.retrieval.address import check_address
        from interviewer.retrieval.remote import connect

        check_address(name, hosts, bool(key))
        return connect(name, key)
    if not name:
        if not (SHIPPED / "model.safetensors").is_file():
            raise ModelUnavailable(f"the default model is missing from this installation: reinstall it; {_ADVICE}")
        return _load_shipped(kept)
    path = Path(os.path.expanduser(name))
    if path.is_dir():
        model = _load(str(path))
        return SentenceEncoder(
            model, f"{path.resolve().name}@{_fingerprint(path)}", _prompts(model, path.resolve().name)
        )
    if path.is_absolute() or path.exists() or name.startswith((".", "~")):
        raise ModelUnavailable(f"{name} is not a folder with an embedding model; {_ADVICE}")
    model = _load(name)
    config: Any = getattr(getattr(model[0], "auto_model", None), "config", None)
    revision = getattr(config, "_commit_hash", None)
    return SentenceEncoder(model, f"{name}@{(revision or 'unknown')[:12]}", _prompts(model, name))


def _load_shipped(kept: Path | None) -> Encoder:
    from safetensors import SafetensorError

    from interviewer.retrieval.reader import load_reader

    _check_sums(SHIPPED)
    try:
        reader, tokenizer, longest = load_reader(SHIPPED)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise ModelUnavailable(f"the default model cannot be loaded ({first}): reinstall it; {_ADVICE}") from None
    reader.in_bfloat16 = kept is not None and half_is_worth_it(kept)
    return ReaderEncoder(reader, tokenizer, longest, f"{_SHIPPED_NAME}@{_fingerprint(SHIPPED)}")


def write_sums(folder: Path) -> None:
    """Write down the hashes of a model folder's files, which are checked whenever it is loaded as the default model."""
    files = sorted(p for p in folder.rglob("*") if p.suffix in _MODEL_FILES)
    lines = (f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(folder).as_posix()}\n" for p in files)
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")


def _check_sums(folder: Path) -> None:
    """Find out a damaged file: a flipped bit in the weights loads without a word, and every grade is a little off.

    Raises:
        ModelUnavailable: a file is not the one that was written down.
    """
    try:
        for line in (folder / SUMS).read_text(encoding="utf-8").splitlines():
            digest, _, name = line.partition("  ")
            with (folder / name).open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                    raise ModelUnavailable(f"the default model is damaged ({name}): reinstall it; {_ADVICE}")
    except OSError as error:
        raise ModelUnavailable(f"the default model cannot be read ({error}): reinstall it; {_ADVICE}") from None


def _prompts(model: SentenceTransformer, name: str) -> Prompts:
    """What the model's own configuration says goes before a query, else what its name tells."""
    own = (model.prompts or {}).get("query")
    return Prompts(query=own) if own else prompts_for(name)


def _load(name: str) -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # it would be drawn over a conversation
    try:
        return SentenceTransformer(name, device="cpu", local_files_only=Path(name).is_dir())
    except Exception as error:  # safetensors and tokenizers raise their own kinds
        first = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise ModelUnavailable(f"the embedding model {name!r} cannot be loaded ({first}); {_ADVICE}") from None
