"""Any file a user gives → `Document`, or one sentence that says why not. Everything in it is hostile until checked."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

from interviewer.authoring.lines import Document, plain_lines, unwrapped
from interviewer.errors import DocumentError

MAX_TEXT_BYTES = 20 * 1024 * 1024
"""Of a file that is text throughout: a book has about one million characters."""
MAX_PACKED_BYTES = 200 * 1024 * 1024
"""Of a PDF or Word file, most of which is pictures."""
MAX_CHARACTERS = 10_000_000
"""Of the text in any file."""
_CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?([\w-]{3,20})""", re.IGNORECASE)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PACKED = {b"PK\x03\x04": ".docx", b"%PDF": ".pdf"}


def _plain(raw: bytes, name: str) -> Document:
    rows = [(row, n) for n, row in enumerate(_text(raw).splitlines(), start=1)]
    return Document(name, tuple(unwrapped(plain_lines(rows))))


def _markdown(raw: bytes, name: str) -> Document:
    from interviewer.authoring.formats.markdown import markdown_lines

    return Document(name, tuple(markdown_lines(_text(raw))))


def _html(raw: bytes, name: str) -> Document:
    from interviewer.authoring.formats.html import html_lines

    declared = _CHARSET.search(raw[:4096])
    return Document(name, tuple(html_lines(_text(raw, declared[1].decode() if declared else ""))), "paragraph")


def _docx(raw: bytes, name: str) -> Document:
    from interviewer.authoring.formats.docx import docx_lines

    return Document(name, tuple(docx_lines(raw)), "paragraph")


def _pdf(raw: bytes, name: str) -> Document:
    from interviewer.authoring.formats.pdf import pdf_lines

    return Document(name, tuple(pdf_lines(raw)), "page")


_READERS: dict[str, Callable[[bytes, str], Document]] = {
    ".md": _markdown, ".markdown": _markdown, ".html": _html, ".htm": _html, ".txt": _plain, ".text": _plain,
    ".docx": _docx, ".pdf": _pdf,
}  # fmt: skip
SUFFIXES = tuple(_READERS)


def read_document(path: Path, name: str = "") -> Document:
    """Read one file.

    Args:
        path: Markdown, HTML, plain text, Word (.docx) or PDF, by its ending.
        name: how the document calls itself in drafts and reports; default the file's name.

    Raises:
        DocumentError: it is not there, too large, empty, locked, damaged, or of another kind; one line says which.
    """
    name = name or path.name
    suffix = path.suffix.lower()
    if suffix not in _READERS:
        raise DocumentError(f"{name}: files of this kind are not read; give {', '.join(SUFFIXES)}")
    raw = _bytes(path, name, suffix)
    kind = next((k for head, k in _PACKED.items() if raw.startswith(head)), "")
    try:
        if raw.startswith(_OLE):
            raise DocumentError("is locked with a password or in Word's old format; save an unlocked .docx")
        if kind != suffix and (kind or suffix in (".docx", ".pdf")):
            raise DocumentError(f"is not what its ending {suffix} says; give it the right ending or save it anew")
        document = _READERS[suffix](raw, name)
    except DocumentError as error:
        raise DocumentError(f"{name}: {error}") from None
    except ModuleNotFoundError as error:
        library = error.name or "a library"
        raise DocumentError(
            f"{name}: reading {suffix} needs {library}; install it with `pip install 'interviewer[import]'`"
        ) from None
    except (RecursionError, MemoryError):
        raise DocumentError(f"{name}: nested too deeply or too large to be read; split it") from None
    if sum(len(line.text) for line in document.lines) > MAX_CHARACTERS:
        raise DocumentError(f"{name}: holds more than {MAX_CHARACTERS:,} characters; split it")
    if not any(c.isalpha() for line in document.lines for c in line.text):
        hint = " (pictures of pages?); run a text recognition over it first" if suffix == ".pdf" else ""
        raise DocumentError(f"{name}: holds no text{hint}")
    return document


def _bytes(path: Path, name: str, suffix: str) -> bytes:
    limit = MAX_PACKED_BYTES if suffix in (".docx", ".pdf") else MAX_TEXT_BYTES
    try:
        # Opened before it is looked at, and without waiting: what is looked at is what is read, and a pipe never ends.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise DocumentError(f"{name}: is not a file")
            raw = file.read(limit + 1)
    except OSError as error:
        raise DocumentError(f"{name}: cannot be read ({error.strerror or error})") from None
    if len(raw) > limit:
        raise DocumentError(f"{name}: larger than {limit // 1024 // 1024} MB; split it")
    if not raw.strip():
        raise DocumentError(f"{name}: is empty")
    return raw


def _text(raw: bytes, declared: str = "") -> str:
    """Bytes as text: what they say they are, UTF-8, UTF-16 with a mark, GBK, else what they look like.

    Raises:
        DocumentError: they are no text.
    """
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        tried = ["utf-16"]
    elif b"\0" in raw:
        raise DocumentError("is not text; save it as UTF-8")
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
    raise DocumentError("is not text in an encoding that is known; save it as UTF-8")
