"""Word files (.docx) → lines, by python-docx. A .docx is a zip of XML: its size is checked before it is unpacked."""

from __future__ import annotations

import io
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from docx import Document as open_docx
from docx.oxml.ns import qn
from docx.table import Table
from docx.text.paragraph import Paragraph

from interviewer.documents.lines import Line, clean, plain_lines
from interviewer.documents.refusals import Refusal

MAX_UNPACKED = 300 * 1024 * 1024
MAX_XML = 60 * 1024 * 1024
"""Of one part: a thousand pages of text are about 10 MB."""
_HEADING = re.compile(r"(?:heading|标题|überschrift|titre) ?([1-6])", re.IGNORECASE)
_CODE_STYLE = re.compile(r"code|代码|preformatted|source", re.IGNORECASE)


def docx_lines(raw: bytes) -> list[Line]:
    """The paragraphs and table rows of a Word file, in order.

    Raises:
        Refusal: it is damaged, or unpacks to more than a document can be.
    """
    _check(raw)
    try:
        document = open_docx(io.BytesIO(raw))
        kinds = _list_kinds(document)
        return list(_lines(document, kinds))
    except Refusal:
        raise
    except Exception as error:  # lxml, zipfile and python-docx each raise their own kinds
        raise Refusal("damaged_word", why=type(error).__name__) from None


def _check(raw: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            parts = packed.infolist()
            if any(p.flag_bits & 1 for p in parts):
                raise Refusal("locked")
            if sum(p.file_size for p in parts) > MAX_UNPACKED or len(parts) > 20_000:
                raise Refusal("bomb")
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    _check_xml(packed, part)
            if "word/document.xml" not in packed.namelist():
                raise Refusal("no_word")
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise Refusal("damaged_word", why=type(error).__name__) from None


def _check_xml(packed: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Read no more than is allowed, whatever the directory says, and no XML that defines entities."""
    if part.file_size > MAX_XML:
        raise Refusal("long_part")
    with packed.open(part) as file:
        head = file.read(4096)
    if b"<!DOCTYPE" in head.upper() or b"<!ENTITY" in head.upper():
        raise Refusal("entities")


def _lines(document: Any, kinds: dict[tuple[str, int], str]) -> Iterator[Line]:
    counts: dict[tuple[str, int], int] = defaultdict(int)
    for place, block in enumerate(document.iter_inner_content(), start=1):
        if isinstance(block, Table):
            for row in block.rows:
                cells = dict.fromkeys(clean(cell.text) for cell in row.cells)  # a merged cell is listed twice
                if text := " | ".join(c for c in cells if c):
                    yield Line(text, place, depth=1)
        elif isinstance(block, Paragraph):
            yield from _paragraph(block, place, kinds, counts)


def _paragraph(
    block: Paragraph, place: int, kinds: dict[tuple[str, int], str], counts: dict[tuple[str, int], int]
) -> Iterator[Line]:
    rows = _text(block).split("\n")
    style = (block.style.name if block.style is not None else "") or ""
    found = _HEADING.search(style)
    heading = int(found[1]) if found else 1 if style == "Title" else 0
    runs = [r for r in block.runs if r.text.strip()]
    bold = bool(runs) and all(r.bold for r in runs)
    number, depth = _numbering(block, style, kinds, counts)
    if _CODE_STYLE.search(style):
        yield from (Line(row.rstrip(), place, code=True) for row in rows if row.strip())
        return
    for line in plain_lines([(row, place) for row in rows]):
        yield Line(
            line.text,
            place,
            heading,
            bold and len(rows) == 1,
            number,
            depth or line.depth,
            True,
            line.code and not heading,
        )
        number = 0


def _text(block: Paragraph) -> str:
    """Text with formulae, which python-docx leaves out."""
    parts: list[str] = []
    for node in block._p.iter(qn("w:t"), qn("m:t"), qn("w:br"), qn("w:tab"), qn("w:cr")):
        if node.tag in (qn("w:t"), qn("m:t")):
            parts.append(node.text or "")
        else:
            parts.append("\t" if node.tag == qn("w:tab") else "\n")
    return "".join(parts)


def _numbering(
    block: Paragraph, style: str, kinds: dict[tuple[str, int], str], counts: dict[tuple[str, int], int]
) -> tuple[int, int]:
    """Number and depth of a list's paragraph; Word keeps the numbers out of the text."""
    listed = re.match(r"List (Number|Bullet)(?: (\d))?$", style)
    properties: Any = block._p.pPr
    found = properties.numPr if properties is not None else None
    if found is not None and found.numId is not None:
        key = str(found.numId.val), int(found.ilvl.val) if found.ilvl is not None else 0
        kind = kinds.get(key, "bullet")
    elif listed:
        key = style, int(listed[2] or 1) - 1
        kind = "decimal" if listed[1] == "Number" else "bullet"
    else:
        return 0, 0
    depth = key[1] + 1
    for other in [k for k in counts if k[0] == key[0] and k[1] > key[1]]:
        counts[other] = 0
    if kind in ("bullet", "none"):
        return 0, depth
    counts[key] += 1
    return counts[key], depth


def _list_kinds(document: Any) -> dict[tuple[str, int], str]:
    """How each list of the file is counted, by its id and level: "decimal", "bullet" …"""
    try:
        root = document.part.numbering_part.element
    except (KeyError, NotImplementedError, AttributeError):
        return {}
    levels: dict[str, dict[int, str]] = {}
    for abstract in root.iter(qn("w:abstractNum")):
        levels[abstract.get(qn("w:abstractNumId"))] = {
            int(level.get(qn("w:ilvl"))): form.get(qn("w:val"))
            for level in abstract.iter(qn("w:lvl"))
            for form in level.iter(qn("w:numFmt"))
        }
    found: dict[tuple[str, int], str] = {}
    for num in root.iter(qn("w:num")):
        for abstract in num.iter(qn("w:abstractNumId")):
            for level, form in levels.get(abstract.get(qn("w:val")), {}).items():
                found[num.get(qn("w:numId")), level] = form
    return found
