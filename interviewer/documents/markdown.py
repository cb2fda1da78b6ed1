"""Markdown → lines, by markdown-it-py. HTML inside it is read as HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from markdown_it import MarkdownIt
from markdown_it.token import Token

from interviewer.documents.lines import Line, clean, is_code, starts_anew, unwrapped
from interviewer.documents.words import ASKS, ENDS_SENTENCE

_TAG = re.compile(r"<[^>]{0,400}>")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_MAX_NESTING = 40


def markdown_lines(text: str) -> list[Line]:
    """The lines of a Markdown text; pictures are left out, formulae stay as they are written."""
    from mdit_py_plugins.dollarmath import dollarmath_plugin
    from mdit_py_plugins.front_matter import front_matter_plugin

    parser = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING}).enable(["table", "strikethrough"])
    parser.use(dollarmath_plugin, allow_space=True, double_inline=True).use(front_matter_plugin)
    return unwrapped(list(_Walk().lines(parser.parse(text))))


@dataclass(slots=True)
class _Walk:
    """Goes over the tokens of a document; what is open is kept here."""

    heading: int = 0
    lists: list[int] = field(default_factory=list)
    """For each open list the number of its next item; 0 for one without numbers."""
    number: int = 0
    """Of the item whose first line is still to come."""
    cells: list[str] | None = None

    def lines(self, tokens: Sequence[Token]) -> Iterator[Line]:
        """The lines of all tokens."""
        for token in tokens:
            place = token.map[0] + 1 if token.map else 1
            self._around(token)
            match token.type:
                case "tr_close":
                    yield Line(" | ".join(c for c in self.cells or [] if c), place, depth=1)
                    self.cells = None
                case "fence" | "code_block":
                    yield from (Line(row, place, code=True) for row in token.content.rstrip().splitlines())
                case "math_block" | "math_block_label":
                    yield Line(f"$${clean(token.content)}$$", place, depth=len(self.lists))
                case "html_block":
                    yield from self._html(token.content, place)
                case "inline":
                    yield from self._inline(token, place)

    def _around(self, token: Token) -> None:
        """Keep account of what opens and closes."""
        match token.type:
            case "heading_open":
                self.heading = int(token.tag[1:])
            case "heading_close":
                self.heading = 0
            case "bullet_list_open":
                self.lists.append(0)
            case "ordered_list_open":
                self.lists.append(int(token.attrs.get("start", 1)))
            case "bullet_list_close" | "ordered_list_close":
                self.lists.pop()
            case "list_item_open" if self.lists[-1]:
                self.number = self.lists[-1]
                self.lists[-1] += 1
            case "tr_open":
                self.cells = []

    def _html(self, content: str, place: int) -> Iterator[Line]:
        from interviewer.documents.html import html_lines

        for line in html_lines(content, whole_page=False):
            yield replace(line, place=place, depth=len(self.lists))

    def _inline(self, token: Token, place: int) -> Iterator[Line]:
        pieces = list(_pieces(token.children or []))
        if self.cells is not None:
            self.cells.append(clean(" ".join(p.text for p in pieces)))
            return
        gap = True
        for piece in _rejoined(pieces):
            text = clean(piece.text)
            if not text:
                continue
            number, self.number = self.number, 0
            depth = len(self.lists)
            code = not depth and not self.heading and not piece.bold and is_code(text)
            yield Line(text, place, self.heading, piece.bold, number, depth, gap, code, piece.link)
            gap = False


@dataclass(slots=True)
class _Piece:
    """A stretch of inline text that ends with a line break."""

    text: str = ""
    bold: bool = False
    link: bool = False


def _pieces(tokens: Sequence[Token]) -> Iterator[_Piece]:
    """The lines of a paragraph. A question in bold that its answer follows on the same line is a line of its own."""
    piece = _Piece()
    strong = linked = total = bolded = 0
    for token in tokens:
        text = {"text": token.content, "code_inline": token.content, "math_inline": f"${token.content}$",
                "math_inline_double": f"$${token.content}$$"}.get(token.type, "")  # fmt: skip
        if token.type in ("softbreak", "hardbreak") or (token.type == "html_inline" and _BREAK.match(token.content)):
            yield piece
            piece, total, bolded = _Piece(), 0, 0
        elif token.type == "strong_open":
            strong += 1
        elif token.type == "strong_close":
            strong -= 1
            if bolded == total and ASKS.search(piece.text) and piece.text.rstrip().endswith(("?", "？")):
                yield piece
                piece, total, bolded = _Piece(), 0, 0
        elif token.type == "link_open":
            linked += 1
        elif token.type == "link_close":
            linked -= 1
        visible = len(text.strip(" :：.。*"))
        total += visible
        bolded += visible if strong else 0
        piece.link = bool(text) and linked > 0 if not piece.text.strip() else piece.link and (linked > 0 or not visible)
        piece.text += text
        piece.bold = 0 < total == bolded
    yield piece


def _rejoined(pieces: Sequence[_Piece]) -> Iterator[_Piece]:
    """Lines that were broken only to fit an editor, put together; a line that ends is left as it is."""
    current: _Piece | None = None
    for piece in pieces:
        whole = current is None or current.bold != piece.bold or ENDS_SENTENCE.search(current.text)
        if current is None or whole or starts_anew(piece.text.strip()) or len(current.text) < 60:
            if current is not None:
                yield current
            current = piece
        else:
            current = _Piece(f"{current.text} {piece.text.strip()}", current.bold, current.link and piece.link)
    if current is not None:
        yield current
