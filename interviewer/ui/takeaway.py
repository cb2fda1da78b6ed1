"""Buttons that a report is taken away with, and a report within the page.

HTML, Markdown and JSON are there at once. Laying out a PDF takes seconds, so that is done when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from interviewer.errors import InputError, InterviewerError
from interviewer.schema import Language
from interviewer.ui.events import FILE, QUIET, Updates
from interviewer.ui.signs import Signs
from interviewer.ui.words import explain, status, word

READY = ("html", "md", "json")
_SAVE_JS = "(file) => window.interviewer.save(file)"


class Takeaway:
    """The components and what they do."""

    def __init__(self, signs: Signs, name: str) -> None:
        """Args:
        signs: where the words go.
        name: what the ids of the buttons begin with.
        """
        with gr.Row(elem_classes="downloads"):
            self.files = {
                kind: signs.put(
                    gr.DownloadButton(size="sm", min_width=120, elem_id=f"{name}-{kind}"), label=f"download_{kind}"
                )
                for kind in READY
            }
            self._pdf = signs.put(gr.Button(size="sm", min_width=120, elem_id=f"{name}-pdf"), value="download_pdf")
            self._made = signs.put(gr.DownloadButton(elem_classes="unseen"), label="download_pdf")
        self._status = gr.HTML(elem_id=f"{name}-status", elem_classes="note")

    @property
    def outputs(self) -> list[Any]:
        """Everything that `offered` changes."""
        return [*self.files.values(), self._status]

    def offered(self, files: Mapping[str, Path]) -> Updates:
        """Put the files behind the buttons.

        Args:
            files: each kind of `READY`, and where it lies.
        """
        return {**{button: gr.update(value=str(files[k])) for k, button in self.files.items()}, self._status: ""}

    def wire(self, make: Callable[..., Path], inputs: Sequence[Any], language: gr.Radio) -> None:
        """Have a PDF made when its button is pressed, and saved by the browser.

        Args:
            make: writes the PDF; takes the values of `inputs`.
            inputs: components that say of what.
            language: of the page.
        """

        def made(spoken: Language, *given: Any) -> Iterator[Updates]:
            yield {self._made: None, self._status: status(word("pdf_making", spoken), "busy")}
            try:
                yield {self._made: gr.update(value=str(make(*given))), self._status: ""}
            except InputError:  # a library or a font is missing: whoever runs the app is told by the command line
                yield {self._status: status(word("pdf_missing", spoken), "problem")}
            except InterviewerError as error:
                yield {self._status: status(explain(error, spoken), "problem")}

        done = self._pdf.click(made, [language, *inputs], [self._made, self._status], **FILE)
        done.then(None, self._made, None, js=_SAVE_JS, **QUIET)


def within(name: str, page: str) -> str:
    """A report within the page, folded away: HTML of its own that loads and runs nothing."""
    title = escape(name)
    frame = f'<iframe title="{title}" srcdoc="{escape(page)}"></iframe>'
    return f'<details class="whole-report"><summary>{title}</summary>{frame}</details>'
