"""The page over the small engine, without a server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("gradio")


@pytest.fixture
def page(engine: Any) -> Iterator[Any]:
    """All tabs, wired."""
    import gradio as gr

    from interviewer.ui.page import Page

    with gr.Blocks(analytics_enabled=False) as blocks:
        made = Page(engine)
        made.wire(blocks)
        made.blocks = blocks  # for tests that look at all components
    yield made


@pytest.fixture
def tab(page: Any) -> Any:
    """The interview tab."""
    return page._interview
