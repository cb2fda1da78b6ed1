"""How every event of the page is registered."""

from __future__ import annotations

from typing import Any

from gradio.blocks import Block

Updates = dict[Block, Any]
"""What a handler changes; components that are not named stay as they are."""

QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
"""Quick: no spinner, and no endpoint for others to build on."""
ONCE: dict[str, Any] = {**QUIET, "trigger_mode": "once"}
"""A second click while the first is being worked on counts for nothing."""
MODEL: dict[str, Any] = {**ONCE, "concurrency_id": "model", "concurrency_limit": 4}
"""May wait for the embedding model, which works on one thing at a time anyway."""
