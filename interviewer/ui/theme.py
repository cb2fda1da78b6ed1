"""How the page looks: colours and type for Gradio's components, and rules of our own for the rest (style.css)."""

from __future__ import annotations

import json
from pathlib import Path

import gradio as gr
from gradio.themes.utils import colors, sizes

from interviewer.schema import LANGUAGES
from interviewer.ui.words import word

STYLE = Path(__file__).with_name("style.css")
_SCRIPT = Path(__file__).with_name("page.js")
_FONTS = (
    "system-ui", "-apple-system", "Segoe UI", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "sans-serif",
)  # fmt: skip
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "Noto Sans Mono CJK SC", "monospace")

_SPOKEN = ("chat", "grading", "more_tabs")
"""Words that the script says itself."""


def head() -> str:
    """What goes into the page's head. Nothing in it comes from elsewhere."""
    words = json.dumps({language: {key: word(key, language) for key in _SPOKEN} for language in LANGUAGES})
    return f"<script>\n{_SCRIPT.read_text(encoding='utf-8')}window.interviewer.words = {words};\n</script>"


def theme() -> gr.themes.Base:
    """Gradio's plain theme in our colours, with the reader's own fonts."""
    made = gr.themes.Base(
        primary_hue=colors.blue,
        neutral_hue=colors.slate,
        radius_size=sizes.radius_md,
        text_size=sizes.text_md,
        font=list(_FONTS),
        font_mono=list(_MONO),
    )
    return made.set(
        body_background_fill="#f6f7f9",
        body_background_fill_dark="#14161a",
        body_text_color="#1d2026",
        body_text_color_dark="#e4e6ea",
        body_text_color_subdued="#5b616b",
        body_text_color_subdued_dark="#a2a8b3",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="#1d2026",
        background_fill_secondary="#f1f3f6",
        background_fill_secondary_dark="#23272e",
        border_color_primary="#d8dce3",
        border_color_primary_dark="#343841",
        block_background_fill="#ffffff",
        block_background_fill_dark="#1d2026",
        block_border_width="0px",
        block_label_text_color="#3d434d",
        block_label_text_color_dark="#c3c8d0",
        block_title_text_color="#1d2026",
        block_title_text_color_dark="#e4e6ea",
        block_title_text_weight="600",
        block_info_text_color="#5b616b",
        block_info_text_color_dark="#a2a8b3",
        block_info_text_size="0.875rem",
        input_background_fill="#ffffff",
        input_background_fill_dark="#16181c",
        input_border_color="#b9bfc9",
        input_border_color_dark="#4a505b",
        input_border_width="1px",
        input_placeholder_color="#6a717d",
        input_placeholder_color_dark="#969da9",
        button_primary_background_fill="#2f63c8",
        button_primary_background_fill_dark="#2f63c8",
        button_primary_background_fill_hover="#2552aa",
        button_primary_background_fill_hover_dark="#3c72da",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#ffffff",
        button_secondary_background_fill="#e6eaf0",
        button_secondary_background_fill_dark="#30353e",
        button_secondary_background_fill_hover="#d8dee8",
        button_secondary_background_fill_hover_dark="#3b414c",
        button_secondary_text_color="#1d2026",
        button_secondary_text_color_dark="#e4e6ea",
        button_cancel_background_fill="#b3261e",
        button_cancel_background_fill_dark="#b3261e",
        button_cancel_background_fill_hover="#93201a",
        button_cancel_background_fill_hover_dark="#c5352c",
        button_cancel_text_color="#ffffff",
        button_cancel_text_color_dark="#ffffff",
        checkbox_background_color="#ffffff",
        checkbox_background_color_dark="#14161a",
        checkbox_background_color_selected="#2f63c8",
        checkbox_background_color_selected_dark="#2f63c8",
        checkbox_border_color="#8a919d",
        checkbox_border_color_dark="#8a919d",
        checkbox_border_color_hover="#2f63c8",
        checkbox_border_color_hover_dark="#86aef5",
        checkbox_border_color_selected="#2f63c8",
        checkbox_border_color_selected_dark="#86aef5",
        checkbox_label_background_fill="#f1f3f6",
        checkbox_label_background_fill_dark="#262a31",
        checkbox_label_background_fill_hover="#e6eaf0",
        checkbox_label_background_fill_hover_dark="#30353e",
        checkbox_label_background_fill_selected="#e3ecfd",
        checkbox_label_background_fill_selected_dark="#22355c",
        checkbox_label_border_color="#d8dce3",
        checkbox_label_border_color_dark="#3b414c",
        slider_color="#2f63c8",
        slider_color_dark="#86aef5",
        color_accent_soft="#e3ecfd",
        color_accent_soft_dark="#22355c",
    )
