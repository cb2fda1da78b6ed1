"""The text of a job description or résumé in a file. Everything in it is hostile until checked."""

from __future__ import annotations

import logging
from io import BytesIO
from pathlib import Path

from interviewer.errors import InputError

MAX_BYTES = 10_000_000
MAX_PAGES = 50
MAX_UNPACKED = 50_000_000
SUFFIXES = (".txt", ".md", ".pdf", ".docx")


def text_of(path: Path) -> str:
    """The text of a file, by its ending.

    Raises:
        InputError: it is missing, too large, damaged, locked, of another kind, or holds no text.
    """
    kind = path.suffix.lower()
    if kind not in SUFFIXES:
        raise InputError(f"{path.name}: files of this kind are not read; give {', '.join(SUFFIXES)}")
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if len(raw) > MAX_BYTES:
        raise InputError(f"{path.name} is larger than {MAX_BYTES // 1_000_000} MB; paste its text into a .txt file")
    try:
        text = {".pdf": _from_pdf, ".docx": _from_docx}.get(kind, _plain)(raw, path.name)
    except ModuleNotFoundError as error:
        raise InputError(
            f"reading {kind} files needs {error.name}; install it with `pip install 'interviewer[documents]'`"
        ) from None
    if not any(c.isalpha() for c in text):
        raise InputError(f"{path.name} holds no text (pictures of pages?); paste its text into a .txt file")
    return text


def _plain(raw: bytes, _name: str) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", "replace")


def _from_pdf(raw: bytes, name: str) -> str:
    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it warns of each fault that it mends
    try:
        reader = PdfReader(BytesIO(raw))
        if reader.is_encrypted and not reader.decrypt(""):
            raise InputError(f"{name} is locked with a password; save a copy without one")
        return "\n".join(page.extract_text() for page in reader.pages[:MAX_PAGES])
    except InputError:
        raise
    except Exception as error:  # whatever a broken file makes the library raise
        raise InputError(
            f"{name} cannot be read as PDF ({type(error).__name__}); paste its text into a .txt file"
        ) from None


def _from_docx(raw: bytes, name: str) -> str:
    from zipfile import ZipFile

    from docx import Document

    try:
        with ZipFile(BytesIO(raw)) as packed:
            if sum(part.file_size for part in packed.infolist()) > MAX_UNPACKED:
                raise InputError(f"{name} is too large when unpacked; paste its text into a .txt file")
        document = Document(BytesIO(raw))
        rows = [paragraph.text for paragraph in document.paragraphs]
        rows += [cell.text for table in document.tables for row in table.rows for cell in row.cells]
        return "\n".join(rows)
    except InputError:
        raise
    except Exception as error:  # whatever a broken file makes the library raise
        raise InputError(
            f"{name} cannot be read as Word ({type(error).__name__}); paste its text into a .txt file"
        ) from None
