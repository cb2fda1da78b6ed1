"""The corpus's Markdown with $LaTeX$ as HTML, and anybody's words as Markdown that cannot do anything.

A model answer is Markdown. The other fields are plain lines in which only `code` and $formulae$ mean something: a key
point may well say 16*7*7 or __init__.

What a candidate typed and what a user's corpus holds is hostile here. In HTML, raw HTML is text, pictures are not
loaded, links lead to http(s) only, and formulae become MathML with known elements and attributes only. In Markdown,
plain words are escaped; Markdown is passed on as it is only if a parse finds nothing but prose, lists, tables and code.
"""

from __future__ import annotations

import html
import re
from collections.abc import MutableMapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_FORMULA = 2_000
"""Longer formulae are shown as code: the converter's time grows faster than their length."""
MAX_INDENT = 40

_MATHML = re.compile(
    "math|mrow|mi|mn|mo|ms|mtext|mspace|mfrac|msqrt|mroot|mstyle|merror|mpadded|mphantom|menclose|msub|msup|msubsup|"
    "munder|mover|munderover|mmultiscripts|mprescripts|none|mtable|mtr|mtd|mlabeledtr|semantics"
)
_MATHML_ATTRIBUTES = re.compile(
    "display|mathvariant|mathsize|mathcolor|displaystyle|scriptlevel|stretchy|symmetric|fence|form|separator|largeop|"
    "movablelimits|accent|accentunder|[lr]space|minsize|maxsize|width|height|depth|voffset|linethickness|notation|"
    "column(?:align|spacing|lines)|row(?:align|spacing|lines)|frame"
)
_PLAIN_VALUE = re.compile(r"[\w .%+#-]*")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$&!^@])")
_LINE_START = re.compile(r"^([-+=:](?=[-+=:\s]|$)|\d{1,9}(?=[.)](?:\s|$)))")
_PROSE = re.compile(
    "inline|text|text_special|code_inline|code_block|fence|softbreak|hardbreak|hr|math_inline|math_inline_double|"
    "math_block|(?:paragraph|bullet_list|ordered_list|list_item|strong|em|table|thead|tbody|tr|th|td|blockquote|link|"
    "heading)_(?:open|close)"
)


def is_web_address(url: str) -> bool:
    """Whether a link may lead there."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return False
    return parts.scheme.lower() in ("http", "https") and bool(parts.netloc)


def block_html(text: str) -> str:
    """Markdown as HTML blocks."""
    return str(_to_html().render(visible(text)))


def inline_html(text: str) -> str:
    """One line of the corpus as HTML that goes inside a block."""
    return str(_line_to_html().renderInline(visible(" ".join(text.split()))))


def visible(text: str) -> str:
    """Control characters replaced one for one, so that offsets into the text stay true."""
    return _CONTROL.sub("\ufffd", text)


@lru_cache(maxsize=1)
def _to_html() -> MarkdownIt:
    parser = _parser(html_is_text=True)
    parser.disable("image")  # a picture is a request to somewhere
    parser.validateLink = is_web_address  # type: ignore[method-assign]
    parser.add_render_rule("link_open", _link_open)
    parser.add_render_rule("math_inline_double", _display_in_line)
    return parser


@lru_cache(maxsize=1)
def _line_to_html() -> MarkdownIt:
    parser = MarkdownIt("zero").enable("backticks")
    # Without spaces and digits at its marks a formula is not mistaken for an amount of money.
    dollarmath_plugin(parser, allow_space=False, allow_digits=False, renderer=lambda tex, how: formula(tex))
    return parser


def _parser(html_is_text: bool) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": not html_is_text}).enable("table")
    if html_is_text:
        dollarmath_plugin(
            parser, allow_labels=False, double_inline=True, renderer=lambda tex, how: formula(tex, how["display_mode"])
        )
    return parser


def _link_open(self: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    address = html.escape(str(tokens[index].attrGet("href") or ""))
    return f'<a href="{address}" target="_blank" rel="noopener noreferrer">'


def _display_in_line(self: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    # The plugin makes a <div>, which may not stand inside a paragraph.
    return f'<span class="math display">{formula(tokens[index].content.strip(), True)}</span>'


def formula(tex: str, display: bool = False) -> str:
    """LaTeX as MathML, or as code where it cannot be converted."""
    from latex2mathml.converter import Converter

    code = f"<code>{html.escape(tex)}</code>"
    if len(tex) > MAX_FORMULA:
        return code
    try:
        root = Converter(display="block" if display else "inline").convert_to_element(tex)
        return _clean(root)
    except Exception:  # the converter documents no base class, and a formula must never cost the whole report
        return code


def _clean(element: Element) -> str:
    """The element with known names only; the converter passes text and attributes through unescaped."""
    if not _MATHML.fullmatch(element.tag):
        raise ValueError(element.tag)
    text = html.unescape(element.text or "")
    if element.tag == "mi" and text.startswith("\\"):
        raise ValueError(f"unknown command {text}")
    kept = "".join(
        f' {name}="{html.escape(value)}"'
        for name, value in element.attrib.items()
        if _MATHML_ATTRIBUTES.fullmatch(name) and _PLAIN_VALUE.fullmatch(value)
    )
    inner = "".join(_clean(child) for child in element)
    return f"<{element.tag}{kept}>{html.escape(text)}{inner}</{element.tag}>"


class Ready(str):
    """Markdown that is safe to put into a document as it stands."""

    __slots__ = ()


def escaped(text: str) -> Ready:
    """Anybody's words as one line of Markdown that shows just these words."""
    line = _REORDERING.sub("", visible(" ".join(text.split())))
    line = _SPECIAL.sub(r"\\\1", line)
    # Renderers that turn bare addresses into links look for these two; an escaped mark breaks the pattern.
    line = line.replace("://", r"\://").replace("www.", r"www\.")
    return Ready(_LINE_START.sub(lambda m: _escaped_start(m[1]), line))


def _escaped_start(start: str) -> str:
    # "1." starts a list unless its point is escaped; a digit itself cannot be.
    return f"{start}\\" if start.isdigit() else f"\\{start}"


def quoted(text: str) -> Ready:
    """Anybody's words as a block quotation, line for line."""
    lines = re.split(r"\r\n|[\n\r\v\f\u2028\u2029]", text)
    return Ready("\n".join(f"> {_indented(line)}  " if line.strip() else ">" for line in lines))


def _indented(line: str) -> str:
    # No-break spaces show code as it was typed; ordinary ones would vanish, or make a code block.
    wide = line.expandtabs(4)
    return "\u00a0" * min(MAX_INDENT, len(wide) - len(wide.lstrip(" "))) + escaped(line)


def line_markdown(text: str) -> Ready:
    """One line of the corpus as Markdown, with `code` and $formulae$ kept and everything else escaped."""
    source = " ".join(text.split())
    parts = []
    for token in _line_tokens(source):
        if token.type == "code_inline" and "`" not in token.content:
            parts.append(f"`{token.content}`")
        elif token.type == "math_inline" and not re.search(r"[<`|]", token.content):
            parts.append(f"${token.content}$")
        elif token.type == "text":
            parts.append(_escaped_inside(token.content))
        else:
            return escaped(source)
    return Ready("".join(parts))


def _line_tokens(source: str) -> list[Token]:
    return [t for block in _line_to_html().parseInline(visible(source)) for t in block.children or ()]


def _escaped_inside(text: str) -> str:
    """Like `escaped` for a part of a line: white space at its ends is kept."""
    before, after = len(text) - len(text.lstrip()), len(text) - len(text.rstrip())
    return " " * bool(before) + escaped(text) + " " * bool(after and text.strip())


def block_markdown(text: str) -> Ready:
    """The corpus's Markdown as a block quotation, or its words only where it holds more than prose.

    The quotation ends whatever the text leaves open: a fence without its end, a list, a heading.
    """
    text = _REORDERING.sub("", text)
    if not _is_prose(text):
        return quoted(text)
    return Ready("\n".join(f"> {line}".rstrip() for line in visible(text).strip().splitlines()))


def _is_prose(text: str) -> bool:
    """Whether no Markdown renderer would make HTML, a picture, a link definition or a strange link of it.

    It is parsed with and without formulae, because other renderers may not know them.
    """
    for parser in (_parser(html_is_text=False), _parser(html_is_text=True)):
        parser.validateLink = lambda url: True  # type: ignore[method-assign]  # judged below, not silently dropped
        known: MutableMapping[str, Any] = {}
        tokens = parser.parse(visible(text), known)
        if known.get("references"):
            return False
        for token in [t for outer in tokens for t in (outer, *(outer.children or ()))]:
            if not _PROSE.fullmatch(token.type):
                return False
            if token.type == "link_open" and not is_web_address(str(token.attrGet("href"))):
                return False
    return True


def address(url: str) -> Ready:
    """A web address for the round brackets of a Markdown link."""
    safe = "-._~:/?#@!$&'*+,;=%"
    return Ready("<" + quote(url.strip(), safe=safe) + ">")


def code_markdown(text: str) -> Ready:
    """A name or command as code; what would end it early is dropped."""
    return Ready("`" + _REORDERING.sub("", visible(" ".join(text.split()))).replace("`", "") + "`")
