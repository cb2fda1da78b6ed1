"""One file of reference code as a page of its own, with a symbol's lines marked. It needs no script.

Only files that the corpus links to can be opened, and by their bare names.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote, urlencode

from interviewer.corpus import Corpus
from interviewer.corpus.code import BrokenLink, resolve
from interviewer.report.listing import picture_uri, run_command
from interviewer.schema import CodeRef, Language
from interviewer.ui.words import word

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
"""Content-Security-Policy of these pages: nothing is loaded and nothing runs."""
_STYLE = """
html { color-scheme: light dark; scroll-padding-top: 8rem; }
body { margin: 0; background: #fdfdfb; color: #1d2026; font: 15px/1.6 system-ui, -apple-system, "Segoe UI",
  "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
header { position: sticky; top: 0; background: #f1f3f6; border-bottom: 1px solid #d8dce3; padding: .55rem .9rem; }
h1 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
header p { margin: .15rem 0 0; font-size: .875rem; overflow-wrap: anywhere; }
a { color: #2f63c8; }
code, pre { font: 13px/1.55 ui-monospace, SFMono-Regular, Menlo, Consolas, "Noto Sans Mono CJK SC", monospace; }
pre { margin: 0; padding: .6rem 0 3rem; overflow-x: auto; tab-size: 4; }
.line { display: block; min-width: max-content; padding-inline-end: 1rem; border-inline-start: 3px solid transparent; }
.line:target, .line.hit { background: #eaf1fe; border-color: #2f63c8; }
.number { display: inline-block; width: 3.2em; padding-inline-end: 1em; text-align: end; color: #6a717d;
  text-decoration: none; user-select: none; }
.empty { padding: 1rem; }
details { padding: .5rem .9rem; } summary { cursor: pointer; } img { max-width: 100%; background: #fff; }
@media (prefers-color-scheme: dark) {
  body { background: #16181c; color: #e4e6ea; }
  header { background: #1f2329; border-color: #343841; }
  a { color: #86aef5; }
  .line:target, .line.hit { background: #1e2c47; border-color: #86aef5; }
  .number { color: #969da9; }
}
"""


def code_url(ref: CodeRef, language: Language) -> str:
    """Where the page of a link is; it opens at the symbol."""
    return f"/code/{quote(ref.file, safe='')}?{urlencode({'symbol': ref.symbol, 'language': language})}#L{ref.line}"


def code_page(corpus: Corpus, file: str, symbol: str, language: Language) -> str | None:
    """The page of a file, or None if the corpus has no such file.

    Args:
        corpus: says which files there are, and where.
        file: a bare file name.
        symbol: dotted name of what to mark; empty marks nothing.
        language: of the few words around the code.
    """
    folder = corpus.code_folders.get(file)
    if folder is None or Path(file).name != file:
        return None
    try:
        source = (folder / file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):  # it may have gone since the corpus was read
        return None
    ref, note = CodeRef(file, "", 0, 0), ""
    if symbol:
        try:
            ref = resolve(f"{file}::{symbol}", folder)
        except BrokenLink:
            note = word("no_symbol", language, symbol=symbol)
    body = _header(corpus, ref, note, language) + _picture(corpus, file, language) + _listing(source, ref)
    return _page(file, body, language)


def missing_page(language: Language) -> str:
    """What is shown instead of a file that there is not."""
    return _page("404", f"<p class='empty'>{escape(word('no_page', language))}</p>", language)


def _header(corpus: Corpus, ref: CodeRef, note: str, language: Language) -> str:
    title = f"{ref.file}::{ref.symbol}" if ref.symbol else ref.file
    parts = [f"<h1><code>{escape(title)}</code></h1>"]
    if note:
        parts.append(f"<p>{escape(note)}</p>")
    if ref.symbol:
        where = word("lines", language, first=ref.line, last=ref.end_line)
        jump = word("go_to", language, symbol=ref.symbol)
        parts.append(f"<p><a href='#L{ref.line}'>{escape(jump)}</a> · {escape(where)}</p>")
    run = f"{word('run_it', language)}{word('colon', language)}"
    parts.append(f"<p>{escape(run)}<code>{escape(run_command(corpus, ref))}</code></p>")
    return f"<header>{''.join(parts)}</header>"


def _picture(corpus: Corpus, file: str, language: Language) -> str:
    """What the file draws, folded away: the page opens at the symbol."""
    uri = picture_uri(corpus, file)
    if not uri:
        return ""
    name = escape(word("picture", language, file=file))
    return f"<details><summary>{name}</summary><img src='{uri}' alt='{name}'></details>"


def _listing(source: str, ref: CodeRef) -> str:
    rows = [
        f"<span class='line{' hit' if ref.line <= n <= ref.end_line else ''}' id='L{n}'>"
        f"<a class='number' href='#L{n}'>{n}</a>{line}</span>"
        for n, line in enumerate(_highlighted(source), 1)
    ]
    # The lines are blocks: a newline between them would show as an empty one.
    return f"<main><pre tabindex='0'>{''.join(rows)}</pre></main>"


def _highlighted(source: str) -> Sequence[str]:
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    lexer = PythonLexer(stripnl=False, ensurenl=True)
    return str(highlight(source, lexer, HtmlFormatter(nowrap=True))).removesuffix("\n").split("\n")


def _tokens() -> str:
    """Colours of the code, light and dark."""
    from pygments.formatters import HtmlFormatter

    def rules(style: str) -> str:
        found = str(HtmlFormatter(style=style).get_style_defs("pre"))  # type: ignore[no-untyped-call]
        return "\n".join(rule for rule in found.splitlines() if rule.startswith("pre ."))

    return f"{rules('default')}\n@media (prefers-color-scheme: dark) {{\n{rules('github-dark')}\n}}"


def _page(title: str, body: str, language: Language) -> str:
    locale = "zh-CN" if language == "zh" else "en"
    return (
        f"<!DOCTYPE html><html lang='{locale}'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{escape(title)}</title><style>{_STYLE}{_tokens()}</style></head><body>{body}</body></html>"
    )
