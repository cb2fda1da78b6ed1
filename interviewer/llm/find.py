"""Which chat model there is: the configured one, one that lies on this machine, or none; and why.

`INTERVIEWER_LLM` is one of

    https://host/v1#model     an OpenAI-compatible server
    local:FOLDER_OR_ID        a causal language model for transformers, in this process
    off                       none
    (empty)                   a recommended model if it has been downloaded already, else none
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from interviewer.errors import InputError, ModelUnavailable
from interviewer.llm.protocol import ChatModel, Message, Reply
from interviewer.settings import Settings

RECOMMENDED = ("Qwen/Qwen3-1.7B", "Qwen/Qwen3-4B-Instruct-2507", "Qwen/Qwen3-0.6B")
"""Looked for on this machine, in this order; nothing is downloaded unasked."""
_FIRST_WORDS = 60.0
_ADVICE = "https://host/v1#model, local:FOLDER_OR_ID, or off"

Why = Literal["server", "local", "downloaded", "off", "none"]


@dataclass(frozen=True, slots=True)
class Found:
    """A chat model, not opened yet."""

    why: Why
    """How it was found; "off" and "none" mean that there is none."""
    source: str = ""
    """URL, folder or hub id."""

    @property
    def name(self) -> str:
        """For people: holds neither a key nor what else an address may carry before its host."""
        if self.why != "server":
            return self.source
        from interviewer.llm.server import address

        _, host, model = address(self.source)
        return f"{model} @ {host}"

    def __bool__(self) -> bool:
        return bool(self.source)


def find_model(settings: Settings) -> Found:
    """What `INTERVIEWER_LLM` names, or what lies on this machine. Contacts nobody and loads nothing.

    Raises:
        InputError: the setting is none of the forms above.
    """
    wanted = settings.llm.strip()
    if not wanted:
        return next((Found("downloaded", name) for name in RECOMMENDED if _is_downloaded(name)), Found("none"))
    if wanted.casefold() == "off":
        return Found("off")
    if wanted.startswith(("http://", "https://")):
        return Found("server", wanted)
    if wanted.startswith("local:") and wanted != "local:":
        return Found("local", wanted.removeprefix("local:").strip())
    # It may be a key that was put into the wrong variable: not repeated here.
    raise InputError(f"INTERVIEWER_LLM is not understood; write {_ADVICE}")


def open_model(found: Found, settings: Settings) -> ChatModel:
    """The model itself: a server is not asked yet, a local one begins to load in the background.

    Raises:
        InputError: an address without host or model.
        ModelUnavailable: a package is missing.
    """
    if found.why == "server":
        from interviewer.llm.server import connect

        return connect(found.source, settings.llm_key)
    from interviewer.llm.local import LocalModel

    return LocalModel(found.source)


def try_model(model: ChatModel, seconds: float = 300.0) -> float:
    """Seconds until a model's first words, loading not counted; asks it for a greeting.

    Args:
        model: any.
        seconds: longest wait, loading included.

    Raises:
        ModelUnavailable: it cannot be loaded, failed, said nothing, or nothing in time.
    """
    until = time.monotonic() + seconds
    wait = getattr(model, "wait", None)
    if wait:
        wait(seconds)
    begun = time.monotonic()
    reply = Reply(model, [Message("user", "Say hello in one word.")], 40)
    try:
        if not reply.read(min(until, begun + _FIRST_WORDS)):
            raise ModelUnavailable(f"the chat model {model.name} said nothing; try another")
    except TimeoutError:
        raise ModelUnavailable(
            f"the chat model {model.name} was silent for {_FIRST_WORDS:g} s; check INTERVIEWER_LLM"
        ) from None
    finally:
        reply.close()
    return time.monotonic() - begun


def _is_downloaded(name: str) -> bool:
    """Whether the hub's cache on this machine holds all of a model's weights."""
    from huggingface_hub import try_to_load_from_cache

    config = try_to_load_from_cache(name, "config.json")
    if not isinstance(config, str):
        return False
    folder = Path(config).parent
    shards = folder / "model.safetensors.index.json"
    if not shards.is_file():
        return (folder / "model.safetensors").is_file()
    try:
        files = set(json.loads(shards.read_text(encoding="utf-8"))["weight_map"].values())
    except (OSError, ValueError, KeyError, AttributeError):
        return False
    return all((folder / file).is_file() for file in files)
