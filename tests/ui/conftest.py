"""The page over the small engine, without a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("gradio")


@pytest.fixture(scope="session")
def shipped() -> Any:
    """The shipped corpus, read once: nothing can change it."""
    from interviewer.corpus import load_corpus

    return load_corpus()


@pytest.fixture
def engine(data_dir: Path, encoder: Any, shipped: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An engine over it with the small encoder."""
    from interviewer.engine import Engine
    from interviewer.settings import load_settings

    monkeypatch.setattr("interviewer.engine.load_corpus", lambda *_folders, **_kept: shipped)
    made = Engine(load_settings(data_dir=data_dir), encoder=encoder, seed=1)
    yield made
    if "store" in made.__dict__:
        made.store.close()


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
