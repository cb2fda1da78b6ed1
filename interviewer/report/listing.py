"""Reference code as a page shows it: highlighted, with the line numbers of its file."""

from __future__ import annotations

import re
import shlex
from base64 import b64encode
from dataclasses import dataclass

from interviewer.corpus import Corpus, shipped_folder
from interviewer.corpus.code import picture_of
from interviewer.schema import CodeRef

_LIGHT, _DARK = "default", "github-dark"


@dataclass(frozen=True, slots=True)
class Listing:
    """One linked symbol."""

    ref: CodeRef
    command: str
    """Runs the file."""
    html: str
    """Empty where the source is not there any more."""
    picture: str
    """What the file draws, as a data URI; empty if it draws nothing."""

    @property
    def anchor(self) -> str:
        """Id of the listing in a page."""
        return anchor_of(self.ref)


def anchor_of(ref: CodeRef) -> str:
    """Id of a symbol's listing in a page: letters, digits and marks that an address may hold as they are."""
    return "debrief-code-" + re.sub(r"[^\w.]", lambda m: f"-{ord(m[0]):x}", f"{ref.file}.{ref.symbol}", flags=re.ASCII)


def listing_of(corpus: Corpus, ref: CodeRef) -> Listing:
    """The symbol's source, or an empty listing where its file is gone."""
    try:
        source = corpus.source_of(ref)
    except (OSError, KeyError, UnicodeDecodeError):  # the file may have gone since the corpus was read
        source = ""
    html = _highlighted(source, ref.line) if source else ""
    return Listing(ref, run_command(corpus, ref), html, picture_uri(corpus, ref.file))


def picture_uri(corpus: Corpus, file: str) -> str:
    """The picture that a code file draws, as a data URI; empty if there is none."""
    folder = corpus.code_folders.get(file)
    picture = picture_of(file, folder) if folder else None
    return f"data:image/png;base64,{b64encode(picture).decode()}" if picture else ""


def run_command(corpus: Corpus, ref: CodeRef) -> str:
    """What to type to run the file, without naming folders of the reader's computer above the corpus."""
    folder = corpus.code_folders.get(ref.file)
    command = f"interviewer code run {shlex.quote(ref.file.removesuffix('.py'))}"
    if folder is None or folder == shipped_folder() / "code":
        return command
    return f"{command} --corpus {shlex.quote(folder.parent.name)}"


def code_style(dark: bool) -> str:
    """CSS rules for listings; only rules about tokens, the page decides about the box."""
    from pygments.formatters import HtmlFormatter

    rules = HtmlFormatter(style=_DARK if dark else _LIGHT).get_style_defs(".debrief .listing")  # type: ignore[no-untyped-call]
    tokens = (line.partition("/*")[0].rstrip() for line in str(rules).splitlines())
    return "\n".join(line for line in tokens if line.startswith(".debrief .listing ."))


def _highlighted(source: str, first_line: int) -> str:
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    formatter = HtmlFormatter(cssclass="listing", linenos="inline", linenostart=first_line)
    return str(highlight(source, PythonLexer(stripnl=False), formatter))
