"""The record inside a report: put into HTML and PDF so that the file can be verified without anything beside it.

In HTML it is a `<meta>` that no browser shows, in a PDF an attached file. Markdown carries none.
What is read back is anybody's file: it is measured before it is unpacked and checked against its shape.
"""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from interviewer.errors import InputError
from interviewer.report.shapes import SHAPES, adapter

META = "interviewer-record"
ATTACHMENT = "interviewer-record.json"
LARGEST = 64 << 20
"""Bytes of a file that is read, and of a record when it is unpacked."""


def sealed(record: str) -> str:
    """A record as letters and digits for an attribute."""
    return b64encode(zlib.compress(record.encode("utf-8", "backslashreplace"), 9)).decode()


def read_record(path: Path) -> tuple[str, Any]:
    """The record of a report: its kind (a name in `SHAPES`) and its data, of that shape.

    Raises:
        InputError: the file cannot be read, carries no record, or one of another version.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(f"{path.name} is larger than any report of ours ({LARGEST >> 20} MiB)")
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    match path.suffix.lower():
        case ".json":
            return _checked(content, path.name)
        case ".html":
            return _checked(_from_html(content, path.name), path.name)
        case ".pdf":
            return _checked(_from_pdf(content, path.name), path.name)
        case _:
            raise InputError(
                f"{path.name}: only .html, .pdf and .json reports carry what is needed; write one of these"
            )


def _checked(content: bytes, name: str) -> tuple[str, Any]:
    for kind in SHAPES:
        try:
            return kind, adapter(kind).validate_json(content)
        except ValidationError as error:
            first = error.errors()[0]
            if "schema" not in first["loc"]:  # the right kind of record, but damaged
                place = ".".join(map(str, first["loc"])) or "the file"
                raise InputError(f"{name} is no report of this program: {place}: {first['msg']}") from None
    raise InputError(f"{name} is no report of this program, or one of a newer version of it")


class _Meta(HTMLParser):
    """Looks for our one `<meta>`."""

    found = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "meta" and values.get("name") == META:
            self.found = values.get("content") or ""


def _from_html(content: bytes, name: str) -> bytes:
    reader = _Meta()
    reader.feed(content.decode("utf-8", "replace"))
    if not reader.found:
        raise InputError(f"{name} carries no record; it was not written by this program, or edited since")
    unpacker = zlib.decompressobj()
    try:
        record = unpacker.decompress(b64decode(reader.found, validate=True), LARGEST)
    except (ValueError, zlib.error):
        record = b""
    if not unpacker.eof:
        raise InputError(f"the record in {name} is damaged; write the report again")
    return record


def _from_pdf(content: bytes, name: str) -> bytes:
    try:
        from pypdf import PdfReader
        from pypdf.errors import PyPdfError
    except ImportError:
        raise InputError("reading a PDF needs pypdf: pip install 'interviewer[pdf]'") from None
    try:
        found = PdfReader(BytesIO(content)).attachments.get(ATTACHMENT, [])
    except (PyPdfError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{name} cannot be read as a PDF ({type(error).__name__}); write the report again") from None
    if not found:
        raise InputError(f"{name} carries no record; it was not written by this program, or edited since")
    return found[0]
