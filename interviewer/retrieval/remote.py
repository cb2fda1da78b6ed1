"""An encoder behind an OpenAI-compatible `/embeddings` endpoint (vLLM, Ollama, llama.cpp, TEI, a hosted service)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urlsplit

import numpy as np

from interviewer.errors import ModelUnavailable
from interviewer.retrieval.prompts import Prompts, prompts_for

if TYPE_CHECKING:
    from openai import OpenAI

    from interviewer.retrieval.encoder import Vectors

_BATCH = 64
_MEMO = 50_000
_SECONDS = 60.0


class RemoteEncoder:
    """An `Encoder` that asks an endpoint, a batch at a time, and remembers what it was told."""

    def __init__(self, client: OpenAI, model: str, host: str, prompts: Prompts) -> None:
        self._client, self._model, self._host, self._prompts = client, model, host, prompts
        self._memo: OrderedDict[str, Vectors] = OrderedDict()
        self._width = self._ask(["."]).shape[1]

    @property
    def fingerprint(self) -> str:
        """Model, host and width: all that an endpoint tells. A host that changes its weights in place goes unseen."""
        return f"{self._model}@{self._host}:{self._width}"

    def encode(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        """See `Encoder`.

        Raises:
            ModelUnavailable: the endpoint refused, or did not answer in a minute.
        """
        prompt = self._prompts.query if query else self._prompts.text
        # An endpoint may refuse an empty text.
        wanted = [(prompt + t).encode("utf-8", "replace").decode("utf-8") if t.strip() else "" for t in texts]
        new = [t for t in dict.fromkeys(wanted) if t and t not in self._memo]
        fresh: dict[str, Vectors] = {"": np.zeros(self._width, np.float32)}
        for start in range(0, len(new), _BATCH):
            batch = new[start : start + _BATCH]
            fresh.update(zip(batch, self._ask(batch), strict=True))
        rows = [fresh[t] if t in fresh else self._memo[t] for t in wanted]
        self._memo.update((t, fresh[t]) for t in new)
        while len(self._memo) > _MEMO:
            self._memo.popitem(last=False)
        return np.stack(rows) if rows else np.zeros((0, self._width), np.float32)

    def known(self, texts: Sequence[str]) -> Vectors:
        """All of it: an endpoint does not tell what its vocabulary lacks."""
        return np.ones(len(texts), np.float32)

    def _ask(self, texts: list[str]) -> Vectors:
        from openai import OpenAIError

        try:
            answer = self._client.embeddings.create(model=self._model, input=texts, encoding_format="float")
        except OpenAIError as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
            raise ModelUnavailable(
                f"the embeddings endpoint {self._host} failed for the model {self._model!r} ({reason}); check "
                "INTERVIEWER_ENCODER (https://host/v1#model) and INTERVIEWER_ENCODER_KEY"
            ) from None
        rows = sorted(answer.data or [], key=lambda row: row.index)
        widths = {len(row.embedding) for row in rows}
        if len(rows) != len(texts) or len(widths) != 1 or 0 in widths:
            raise ModelUnavailable(
                f"the embeddings endpoint {self._host} sent {len(rows)} vectors for {len(texts)} texts"
            )
        vectors = np.array([row.embedding for row in rows], np.float32)
        if not np.isfinite(vectors).all():
            raise ModelUnavailable(f"the embeddings endpoint {self._host} sent vectors with values that are no numbers")
        lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        unit: Vectors = (vectors / lengths).astype(np.float32)
        return unit


def connect(url: str, key: str = "") -> RemoteEncoder:
    """An encoder at `https://host/v1#model`.

    Raises:
        ModelUnavailable: the URL names no model, the package `openai` is missing, or the endpoint does not answer.
    """
    base, model = urldefrag(url)
    host = urlsplit(base).netloc.rpartition("@")[2]
    if not host or not model:
        raise ModelUnavailable(f"{base} names no model: write the endpoint as https://host/v1#model")
    try:
        from openai import OpenAI
    except ImportError:
        raise ModelUnavailable(
            "an embeddings endpoint needs the package openai: pip install 'interviewer[openai]'"
        ) from None
    client = OpenAI(base_url=base, api_key=key or "none", timeout=_SECONDS, max_retries=2)
    return RemoteEncoder(client, model, host, prompts_for(model))
