"""A chat model in this process: any causal language model with a chat template, by transformers.

Loaded in the background, since that takes from seconds to minutes; until then it is not `ready` and nobody waits.
Thinking is off: an interviewer who is silent for a minute is no interviewer.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from interviewer.errors import ModelUnavailable
from interviewer.llm.protocol import Message

_SECONDS = 30.0  # a first token later than this has long been given up on


class LocalModel:
    """A `ChatModel` over transformers; one reply at a time."""

    def __init__(self, source: str) -> None:
        """Args:
        source: a folder or a hub id. An id that is not on disk is downloaded, unless the hub is switched off.
        """
        self._source = source
        self._loaded: tuple[Any, Any] | None = None
        self._error: ModelUnavailable | None = None
        self._busy = threading.Lock()
        self._loader = threading.Thread(target=self._load, name="chat-model-load", daemon=True)
        self._loader.start()

    @property
    def name(self) -> str:
        """See `ChatModel`."""
        path = Path(self._source).expanduser()
        return path.resolve().name if path.is_dir() else self._source

    @property
    def ready(self) -> bool:
        """See `ChatModel`."""
        return self._loaded is not None

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the model to be loaded; False if it still is not.

        Raises:
            ModelUnavailable: it cannot be loaded.
        """
        self._loader.join(seconds)
        if self._error:
            raise self._error
        return self.ready

    def _load(self) -> None:
        try:
            import torch
            from transformers import AutoModelForCausalLM, AutoTokenizer
            from transformers.utils import logging as transformers_logging

            transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # it would be drawn over a conversation
            folder = Path(self._source).expanduser()
            where: dict[str, Any] = {"local_files_only": folder.is_dir()}
            source = str(folder) if folder.is_dir() else self._source
            tokenizer: Any = AutoTokenizer.from_pretrained(source, **where)
            if not tokenizer.chat_template:
                raise ValueError("it has no chat template")
            model: Any = AutoModelForCausalLM.from_pretrained(source, dtype=torch.bfloat16, **where)
            model.eval().to("cuda" if torch.cuda.is_available() else "cpu")
            self._loaded = tokenizer, model
        except Exception as error:  # hub, safetensors and torch each raise their own
            first = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
            self._error = ModelUnavailable(
                f"the chat model {self._source!r} cannot be loaded ({first}); set INTERVIEWER_LLM to local:FOLDER with "
                "a causal language model that has a chat template, or to off"
            )

    def stream(self, messages: Sequence[Message], limit: int, stop: threading.Event) -> Iterator[str]:
        """See `ChatModel`."""
        if self._error:
            raise self._error
        if self._loaded is None:
            raise ModelUnavailable(f"the chat model {self.name} is still loading")
        while not self._busy.acquire(timeout=0.1):
            if stop.is_set():
                return
        try:
            yield from self._generate(*self._loaded, messages, limit, stop)
        finally:
            self._busy.release()

    def _generate(
        self, tokenizer: Any, model: Any, messages: Sequence[Message], limit: int, stop: threading.Event
    ) -> Iterator[str]:
        from transformers import GenerationConfig, StoppingCriteriaList, TextIteratorStreamer

        streamer: Any = TextIteratorStreamer(tokenizer, skip_prompt=True, skip_special_tokens=True, timeout=_SECONDS)
        own = model.generation_config
        make_config: Any = GenerationConfig
        config = make_config(
            max_new_tokens=limit,
            do_sample=False,
            eos_token_id=own.eos_token_id if own.eos_token_id is not None else tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id,
        )
        failed: list[BaseException] = []

        def work() -> None:
            try:
                model.generate(
                    **_prompt(tokenizer, messages).to(model.device),
                    generation_config=config,
                    streamer=streamer,
                    stopping_criteria=StoppingCriteriaList([_when(stop)]),
                )
            except BaseException as error:  # else whoever reads the stream would wait for its time-out
                failed.append(error)
            finally:
                streamer.end()

        thread = threading.Thread(target=work, name="chat-model-tokens", daemon=True)
        thread.start()
        try:
            yield from streamer
        finally:
            stop.set()
            thread.join()
        if failed:
            raise ModelUnavailable(f"the chat model {self.name} failed ({type(failed[0]).__name__}: {failed[0]})")


def _prompt(tokenizer: Any, messages: Sequence[Message]) -> Any:
    """The messages in the model's own template; what looks like its control tokens in them is taken out."""
    chat = [{"role": m.role, "content": m.text} for m in messages]
    options = {
        "add_generation_prompt": True, "return_tensors": "pt", "return_dict": True, "enable_thinking": False,
        "sanitize_control_tokens": True,
    }  # fmt: skip
    try:
        return tokenizer.apply_chat_template(chat, **options)
    except Exception:  # jinja's: some templates know no system message
        merged = "\n\n".join(m.text for m in messages)
        return tokenizer.apply_chat_template([{"role": "user", "content": merged}], **options)


def _when(stop: threading.Event) -> Any:
    """A stopping criterion that holds once `stop` is set."""
    import torch
    from transformers import StoppingCriteria

    class Stopped(StoppingCriteria):
        def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
            return torch.full((input_ids.shape[0],), stop.is_set(), dtype=torch.bool, device=input_ids.device)

    return Stopped()
