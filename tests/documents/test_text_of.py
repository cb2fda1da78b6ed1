"""Text out of the files that people send, and one line about those it cannot be had from."""

from __future__ import annotations

from pathlib import Path

import pytest

from interviewer.documents import text_of
from interviewer.documents.read import MAX_LETTER_BYTES as MAX_BYTES
from interviewer.errors import InputError


def pdf(text: str) -> bytes:
    """A PDF of one page, by hand."""
    stream = f"BT /F1 12 Tf 72 700 Td ({text}) Tj ET".encode("latin-1")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 6\n0000000000 65535 f \n"
    return out + head + table + b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % len(out)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_plain_text_in_what_people_save_it_in(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "岗位.txt"
    path.write_bytes("熟悉变分自编码器".encode(encoding))
    assert text_of(path) == "熟悉变分自编码器"


def test_pdf(tmp_path: Path) -> None:
    path = tmp_path / "job.PDF"
    path.write_bytes(pdf("Experience with distributed training"))
    assert "Experience with distributed training" in text_of(path)


def test_word_with_a_table(tmp_path: Path) -> None:
    from docx import Document

    document = Document()
    document.add_paragraph("项目：肿瘤分割")
    document.add_table(rows=1, cols=1).rows[0].cells[0].text = "PyTorch, CUDA"
    document.save(str(tmp_path / "cv.docx"))
    text = text_of(tmp_path / "cv.docx")
    assert "项目：肿瘤分割" in text
    assert "PyTorch, CUDA" in text


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.pdf", b"no pdf at all", "is not what its ending .pdf says"),
        ("a.pdf", pdf("Experience")[:200], "is damaged|holds no text"),
        ("a.docx", b"PK\x03\x04 broken", "is damaged"),
        ("a.docx", b"", "is empty"),
        ("a.exe", b"MZ", "not read"),
        ("a.txt", b"  \n 12 ", "holds no text"),
        ("a.pdf", pdf(""), "holds no text"),
        ("a.txt", b"x" * (MAX_BYTES + 1), "larger than"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=says) as caught:
        text_of(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.txt", tmp_path / "folder.txt"):
        (tmp_path / "folder.txt").mkdir(exist_ok=True)
        with pytest.raises(InputError, match=r"cannot be read|is not a file"):
            text_of(path)
