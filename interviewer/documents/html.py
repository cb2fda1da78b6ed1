"""HTML → lines, by Beautiful Soup over lxml: what an article says, without what surrounds it on the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from bs4 import BeautifulSoup
from bs4.element import CData, NavigableString, PreformattedString, Script, Stylesheet, Tag, TemplateString

from interviewer.documents.lines import Line, clean, is_code
from interviewer.documents.refusals import Refusal
from interviewer.documents.words import ASKS, CLASS_NOISE

_GONE = {
    "script", "style", "noscript", "template", "iframe", "svg", "form", "button", "select", "nav", "footer", "aside",
    "head", "object", "canvas", "audio", "video",
}  # fmt: skip
_ROLES = {"navigation", "complementary", "banner", "contentinfo", "search", "menu", "dialog", "alert"}
_BLOCKS = {
    "p", "div", "section", "article", "main", "h1", "h2", "h3", "h4", "h5", "h6", "li", "ul", "ol", "dl", "dt", "dd",
    "pre", "table", "tr", "blockquote", "summary", "details", "figure", "figcaption", "header", "body", "html", "hr",
}  # fmt: skip
_HEADINGS = {f"h{n}": n for n in range(1, 7)}
_MAIN_SHARE = 0.4
"""Least share of a page's text for an element to be taken as the article."""
_MOSTLY_LINKS = 0.7
MAX_DEPTH = 250
"""Elements inside one another."""


def html_lines(text: str, *, whole_page: bool = True) -> list[Line]:
    """The lines of a page, or (not `whole_page`) of a piece of HTML inside something else; places count them."""
    soup = BeautifulSoup(text, "lxml", multi_valued_attributes=None)
    _check_depth(soup)
    if whole_page:
        _strip(soup)
    root = _article(soup) if whole_page else soup
    return [replace(line, place=n) for n, line in enumerate(_Walk().lines(root), start=1)]


def _check_depth(soup: BeautifulSoup) -> None:
    """What is nested without end would take time without end."""
    depths: dict[int, int] = {}
    for tag in soup.find_all(True):
        depth = depths[id(tag)] = depths.get(id(tag.parent), 0) + 1
        if depth > MAX_DEPTH:
            raise Refusal("nested")


def _strip(soup: BeautifulSoup) -> None:
    """Take out what is no text, and what is marked as navigation, advertisement or comment."""
    for tag in soup.find_all(True):
        if tag.decomposed or tag.name in ("html", "body", "article", "main"):
            continue
        names = f"{tag.get('class') or ''} {tag.get('id') or ''}"
        hidden = tag.has_attr("hidden") or tag.get("aria-hidden") == "true"
        # A heading is kept whatever it is called: what stands below "Comments" is known by it.
        noise = tag.name not in _HEADINGS and CLASS_NOISE.search(names)
        if tag.name in _GONE or hidden or tag.get("role") in _ROLES or noise or _is_links(tag):
            tag.decompose()


def _is_links(tag: Tag) -> bool:
    """Whether a list or block is links and little else: navigation, or a table of contents."""
    if tag.name not in ("ul", "ol", "div", "section", "table"):
        return False
    links = tag.find_all("a", limit=200)
    if len(links) < 4:
        return False
    return sum(len(a.get_text()) for a in links) > _MOSTLY_LINKS * len(tag.get_text().strip())


def _article(soup: BeautifulSoup) -> Tag:
    whole = len(soup.get_text())
    for name in ("article", "main"):
        found = soup.find_all(name)
        if len(found) == 1 and len(found[0].get_text()) >= _MAIN_SHARE * whole:
            return found[0]
    return soup


@dataclass(slots=True)
class _Walk:
    """Collects strings until a block ends; the elements around a string say what its line is."""

    texts: list[tuple[str, bool, bool]] = field(default_factory=list)
    """Strings of the line that is being read, and whether each is bold and a link."""
    block: Tag | None = None
    cells: int = 0
    numbered: set[int] = field(default_factory=set)
    """Items whose number has been given out."""

    def lines(self, root: Tag) -> Iterator[Line]:
        """All lines below an element."""
        for node in root.descendants:
            if isinstance(node, Tag):
                if node.name == "br":
                    yield from self._flush()
                elif node.name in ("td", "th") and self.texts:
                    self.texts.append((" | ", True, False))
                continue
            if not isinstance(node, NavigableString) or isinstance(node, Script | Stylesheet | TemplateString):
                continue
            if isinstance(node, PreformattedString) and not isinstance(node, CData):
                continue
            yield from self._string(node)
        yield from self._flush()

    def _string(self, node: NavigableString) -> Iterator[Line]:
        around = [p for p in node.parents if isinstance(p, Tag)]
        block = next((p for p in around if p.name in _BLOCKS), None)
        if block is not self.block:
            yield from self._flush()
            self.block = block
        names = {p.name for p in around}
        if "pre" in names:
            yield from (Line(row, 0, code=True) for row in str(node).splitlines() if row.strip())
            return
        text = str(node)
        bold = bool(names & {"b", "strong", "dt", "summary"})
        # A question in bold that its answer follows on the same line is a line of its own.
        before = "".join(t for t, _, _ in self.texts).strip()
        run_in = not bold and text.strip() and before.endswith(("?", "？")) and ASKS.search(before)
        if run_in and all(b for t, b, _ in self.texts if t.strip()):
            yield from self._flush()
        self.texts.append((text, bold, "a" in names))

    def _flush(self) -> Iterator[Line]:
        texts, self.texts = self.texts, []
        text = clean("".join(t for t, _, _ in texts))
        if not text or self.block is None:
            return
        around = [self.block, *(p for p in self.block.parents if isinstance(p, Tag))]
        heading = next((_HEADINGS[p.name] for p in around if p.name in _HEADINGS), 0)
        depth = sum(p.name in ("ul", "ol") for p in around)
        marks = [(b, a) for t, b, a in texts if t.strip(" :：.。\n\t|")]
        bold, link = bool(marks) and all(b for b, _ in marks), bool(marks) and all(a for _, a in marks)
        code = not heading and not depth and is_code(text)
        yield Line(text, 0, heading, bold, self._number(around), depth, True, code, link)

    def _number(self, around: list[Tag]) -> int:
        """What an ordered list counts its item as; only the item's first line gets it."""
        item = next((p for p in around if p.name == "li"), None)
        if item is None or item.parent is None or item.parent.name != "ol" or id(item) in self.numbered:
            return 0
        self.numbered.add(id(item))
        start = str(item.parent.get("start") or "1")
        before = sum(1 for _ in item.find_previous_siblings("li"))
        return (int(start) if start.isdecimal() and len(start) < 4 else 1) + before
