"""How every event of the page is registered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import gradio as gr
from gradio.blocks import Block

Updates = dict[Block, Any]
"""What a handler changes; components that are not named stay as they are."""

_PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
QUIET: dict[str, Any] = {**_PRIVATE, "queue": False}
"""Quick and answered directly: no spinner, no stream, and no endpoint for others to build on."""
ONCE: dict[str, Any] = {**QUIET, "trigger_mode": "once"}
"""A second click while the first is being worked on counts for nothing."""
LATEST: dict[str, Any] = {**_PRIVATE, "trigger_mode": "always_last"}
"""Streams; of several in a row, the last one counts."""
MODEL: dict[str, Any] = {**_PRIVATE, "trigger_mode": "once", "concurrency_id": "model", "concurrency_limit": 4}
"""Streams, and may wait for the embedding model, which works on one thing at a time anyway."""
FILE: dict[str, Any] = {**_PRIVATE, "trigger_mode": "once", "concurrency_id": "file", "concurrency_limit": 4}
"""Streams for as long as a whole file takes, which must not keep interviews waiting for a place."""


def merged(*parts: Updates) -> Updates:
    """Several changes as one; where they touch the same component, all of its properties change."""
    whole: Updates = {}
    for part in parts:
        for component, change in part.items():
            whole[component] = (
                {**_properties(whole[component]), **_properties(change)} if component in whole else change
            )
    return whole


def distinct(*groups: Iterable[Any]) -> list[Any]:
    """Outputs of an event, each named once."""
    return list(dict.fromkeys(component for group in groups for component in group))


def _properties(change: Any) -> dict[str, Any]:
    if isinstance(change, dict) and change.get("__type__") == "update":
        return change
    return gr.update(value=change)
