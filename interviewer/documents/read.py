"""Any file a user gives → `Document`, or one sentence that says why not. Everything in it is hostile until checked."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

from interviewer.documents.lines import Document, plain_lines, unwrapped
from interviewer.documents.refusals import Refusal

MAX_TEXT_BYTES = 20_000_000
"""Of a file that is text throughout: a book has about one million characters."""
MAX_PACKED_BYTES = 200_000_000
"""Of a PDF or Word file, most of which is pictures."""
MAX_LETTER_BYTES = 10_000_000
"""Of a job description or résumé."""
MAX_CHARACTERS = 10_000_000
"""Of the text in any file."""
_CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?([\w-]{3,20})""", re.IGNORECASE)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PACKED = {b"PK\x03\x04": ".docx", b"%PDF": ".pdf"}


def _plain(raw: bytes, name: str) -> Document:
    rows = [(row, n) for n, row in enumerate(_text(raw).splitlines(), start=1)]
    return Document(name, tuple(unwrapped(plain_lines(rows))))


def _markdown(raw: bytes, name: str) -> Document:
    from interviewer.documents.markdown import markdown_lines

    return Document(name, tuple(markdown_lines(_text(raw))))


def _html(raw: bytes, name: str) -> Document:
    from interviewer.documents.html import html_lines

    declared = _CHARSET.search(raw[:4096])
    return Document(name, tuple(html_lines(_text(raw, declared[1].decode() if declared else ""))), "paragraph")


def _docx(raw: bytes, name: str) -> Document:
    from interviewer.documents.docx import docx_lines

    return Document(name, tuple(docx_lines(raw)), "paragraph")


def _pdf(raw: bytes, name: str) -> Document:
    from interviewer.documents.pdf import pdf_lines

    return Document(name, tuple(pdf_lines(raw)), "page")


_READERS: dict[str, Callable[[bytes, str], Document]] = {
    ".md": _markdown, ".markdown": _markdown, ".html": _html, ".htm": _html, ".txt": _plain, ".text": _plain,
    ".docx": _docx, ".pdf": _pdf,
}  # fmt: skip
SUFFIXES = tuple(_READERS)


def read_document(path: Path, name: str = "", most: int = MAX_PACKED_BYTES) -> Document:
    """Read one file.

    Args:
        path: Markdown, HTML, plain text, Word (.docx) or PDF, by its ending.
        name: how the document calls itself in drafts and reports; default the file's name.
        most: bytes from which it is refused, where that is less than what its kind may have.

    Raises:
        Refusal: it is not there, too large, empty, locked, damaged, or of another kind; one line says which.
    """
    name = name or path.name
    suffix = path.suffix.lower()
    if suffix not in _READERS:
        raise Refusal("kind", name, suffixes=", ".join(SUFFIXES))
    raw = _bytes(path, name, min(most, MAX_PACKED_BYTES if suffix in (".docx", ".pdf") else MAX_TEXT_BYTES))
    kind = next((k for head, k in _PACKED.items() if raw.startswith(head)), "")
    try:
        if raw.startswith(_OLE):
            raise Refusal("old_word")
        if kind != suffix and (kind or suffix in (".docx", ".pdf")):
            raise Refusal("ending", suffix=suffix)
        document = _READERS[suffix](raw, name)
    except Refusal as refusal:
        raise refusal.of(name) from None
    except ModuleNotFoundError as error:
        raise Refusal("library", name, suffix=suffix, library=error.name or "a library") from None
    except (RecursionError, MemoryError):
        raise Refusal("too_deep", name) from None
    if sum(len(line.text) for line in document.lines) > MAX_CHARACTERS:
        raise Refusal("too_long", name, most=f"{MAX_CHARACTERS:,}")
    if not any(c.isalpha() for line in document.lines for c in line.text):
        raise Refusal("pictures" if suffix == ".pdf" else "no_text", name)
    return document


def _bytes(path: Path, name: str, limit: int) -> bytes:
    try:
        # Opened before it is looked at, and without waiting: what is looked at is what is read, and a pipe never ends.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise Refusal("no_file", name)
            raw = file.read(limit + 1)
    except OSError as error:
        raise Refusal("unreadable", name, why=error.strerror or error) from None
    if len(raw) > limit:
        raise Refusal("too_large", name, most=limit // 1_000_000)
    if not raw.strip():
        raise Refusal("empty", name)
    return raw


def _text(raw: bytes, declared: str = "") -> str:
    """Bytes as text: what they say they are, UTF-8, UTF-16 with a mark, GBK, else what they look like.

    Raises:
        Refusal: they are no text.
    """
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        tried = ["utf-16"]
    elif b"\0" in raw:
        raise Refusal("binary")
    else:
        tried = ["utf-8-sig", *([declared] if declared else [])]
    for encoding in tried:
        try:
            return raw.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    if mended := _nearly_utf8(raw):
        return mended
    try:
        text = raw.decode("gb18030")
        if _reads_as_chinese(text):
            return text
    except UnicodeDecodeError:
        pass
    return _guessed(raw)


def _nearly_utf8(raw: bytes) -> str:
    """UTF-8 with a few broken bytes, as when a file was cut; empty if it is something else."""
    text = raw.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    return (
        text.replace("\ufffd", "") if broken <= 0.001 * len(text) + 1 and not text.isascii() and len(text) > 50 else ""
    )


def _reads_as_chinese(text: str) -> bool:
    """Whether the characters beyond ASCII are mostly common ones: wrongly decoded bytes give rare ones."""
    beyond = [c for c in text if ord(c) > 127]
    # The 3,755 most used characters are the first level of GB 2312, rows B0 to D7.
    common = sum(c in "，。、；：？！（）“”《》…—【】" or b"\xb0" <= c.encode("gb18030")[:1] <= b"\xd7" for c in beyond)
    return bool(beyond) and common >= 0.8 * len(beyond)


def _guessed(raw: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(raw[:200_000]).best()
    if best is not None:
        try:
            text = raw.decode(best.encoding)
        except (UnicodeDecodeError, LookupError):
            text = ""
        if text and sum(c.isprintable() or c.isspace() for c in text) >= 0.97 * len(text):
            return text
    raise Refusal("encoding")


def text_of(path: Path) -> str:
    """The text of a job description or résumé, a line below the other.

    Raises:
        Refusal: as `read_document`; such a file has at most `MAX_LETTER_BYTES`.
    """
    return "\n".join(line.text for line in read_document(path, most=MAX_LETTER_BYTES).lines)
