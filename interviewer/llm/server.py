"""A chat model behind any OpenAI-compatible `/chat/completions` (vLLM, Ollama, llama.cpp, SGLang, a hosted service)."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urldefrag, urlsplit

from pydantic import SecretStr

from interviewer.errors import InputError, ModelUnavailable
from interviewer.llm.protocol import Message

if TYPE_CHECKING:
    from openai import OpenAI

SECONDS = 20.0
"""Longest silence on the line before a thread that nobody waits for any more ends."""
TEMPERATURE = 0.6


class ServerModel:
    """A `ChatModel` over HTTP, streamed as server-sent events."""

    ready = True

    def __init__(self, client: OpenAI, model: str, host: str, key: SecretStr) -> None:
        self._client, self._model, self._host, self._key = client, model, host, key
        self._extras: dict[str, Any] | None = {
            "temperature": TEMPERATURE,
            # vLLM, SGLang and `transformers serve` hand this to the chat template; hosted services may refuse it.
            "extra_body": {"chat_template_kwargs": {"enable_thinking": False}},
        }

    @property
    def name(self) -> str:
        """See `ChatModel`."""
        return f"{self._model}@{self._host}"

    def stream(self, messages: Sequence[Message], limit: int, stop: threading.Event) -> Iterator[str]:
        """See `ChatModel`."""
        try:
            with self._open(messages, limit) as chunks:
                finished = None
                for chunk in chunks:
                    if stop.is_set():
                        return
                    for choice in chunk.choices[:1]:
                        finished = choice.finish_reason or finished
                        if choice.delta and choice.delta.content:
                            yield str(choice.delta.content)
                if finished is None:
                    raise EOFError("it broke off")
        except GeneratorExit:
            raise
        except Exception as error:  # the client, its HTTP library and its JSON parser each raise their own
            raise ModelUnavailable(
                f"the chat server {self._host} failed for the model {self._model!r} ({self._reason(error)}); check "
                "INTERVIEWER_LLM (https://host/v1#model) and INTERVIEWER_LLM_KEY"
            ) from None

    def _open(self, messages: Sequence[Message], limit: int) -> Any:
        """Begin; a server that refuses the extras is asked again without them, then and from then on."""
        from openai import BadRequestError, UnprocessableEntityError

        said: Any = [{"role": m.role, "content": m.text} for m in messages]
        create: Any = self._client.chat.completions.create
        if self._extras is not None:
            try:
                return create(model=self._model, messages=said, stream=True, max_tokens=limit, **self._extras)
            except (BadRequestError, UnprocessableEntityError):
                self._extras = None
        return create(model=self._model, messages=said, stream=True, max_completion_tokens=limit)

    def _reason(self, error: Exception) -> str:
        """The first line of what went wrong, without the key, which a server may echo."""
        text = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        key = self._key.get_secret_value()
        return text.replace(key, "…") if key else text


def address(url: str) -> tuple[str, str, str]:
    """What stands before the `#`, its host without a name or key before it, and the model; empty where missing."""
    base, model = urldefrag(url) if "[" not in url or "]" in url else (url, "")
    try:
        return base, urlsplit(base).netloc.rpartition("@")[2], model
    except ValueError:
        return base, "", model


def connect(url: str, key: SecretStr) -> ServerModel:
    """The model at `https://host/v1#model`. Asks nothing of the server yet.

    Raises:
        InputError: the address names no host or no model.
        ModelUnavailable: the package `openai` is missing.
    """
    base, host, model = address(url)
    if not host or not model:
        raise InputError("INTERVIEWER_LLM names no model: write the server as https://host/v1#model")
    try:
        from openai import OpenAI
    except ImportError:
        raise ModelUnavailable("a chat server needs the package openai: pip install 'interviewer[openai]'") from None
    client = OpenAI(base_url=base, api_key=key.get_secret_value() or "none", timeout=SECONDS, max_retries=0)
    return ServerModel(client, model, host, key)
