"""PDF → lines, by pypdf. A PDF holds no paragraphs: lines are put together again by their width."""

from __future__ import annotations

import io
import logging
import re
import time
from collections import Counter
from itertools import count

from interviewer.documents.lines import Line, clean, plain_lines, unwrapped
from interviewer.documents.refusals import Refusal

MAX_PAGES = 2000
MAX_SECONDS = 180.0
_EDGE = 2
"""Lines at the top and bottom of a page that may be its running head."""


def pdf_lines(raw: bytes) -> list[Line]:
    """The lines of all pages, without running heads and page numbers.

    Raises:
        Refusal: it is locked, damaged, or takes too long.
    """
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it warns of each fault that it mends
    try:
        reader = PdfReader(io.BytesIO(raw))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Refusal("locked")
        if len(reader.pages) > MAX_PAGES:
            raise Refusal("pages", most=MAX_PAGES)
        return _pages(reader)
    except Refusal:
        raise
    except ModuleNotFoundError:  # a cipher that needs a library
        raise Refusal("encrypted") from None
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, OSError, ArithmeticError) as error:
        if "cryptography" in str(error):
            raise Refusal("encrypted") from None
        raise Refusal("damaged_pdf", why=type(error).__name__) from None


def _pages(reader: object) -> list[Line]:
    until = time.monotonic() + MAX_SECONDS
    pages: list[list[str]] = []
    for number in count():
        if number >= len(reader.pages):  # type: ignore[attr-defined]
            break
        if time.monotonic() > until:
            raise Refusal("slow", most=round(MAX_SECONDS))
        text = reader.pages[number].extract_text()  # type: ignore[attr-defined]
        pages.append([row for row in text.splitlines() if row.strip()])
    running = _running(pages)
    rows = [
        (row, n)
        for n, page in enumerate(pages, start=1)
        for k, row in enumerate(page)
        if not (_at_edge(k, page) and (_masked(row) in running or re.fullmatch(r"\W{0,40}\d{1,4}\W{0,40}", row)))
    ]
    return unwrapped(plain_lines(rows))


def _running(pages: list[list[str]]) -> set[str]:
    """Lines that stand at the edge of at least half of the pages, their numbers aside."""
    seen = Counter(row for page in pages for row in {_masked(r) for k, r in enumerate(page) if _at_edge(k, page)})
    return {row for row, times in seen.items() if times >= max(2, len(pages) / 2)}


def _at_edge(k: int, page: list[str]) -> bool:
    return k < _EDGE or k >= len(page) - _EDGE


def _masked(row: str) -> str:
    return re.sub(r"\d+", "#", clean(row))
