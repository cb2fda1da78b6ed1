"""What files get that are broken, hostile or in an unusual encoding: made here, imported, and put into a table."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from interviewer.authoring import Neighbours, import_documents
from interviewer.authoring.drafts import drafts_of
from interviewer.corpus import Corpus
from interviewer.documents import Refusal, read_document
from interviewer.retrieval import Encoder

_PAGE = (
    "## 什么是卷积？\n\n卷积核在输入上滑动，提取局部特征。\n\n## 什么是池化？\n\n池化降低特征图的分辨率，减少计算量。\n"
)
_HTML = (
    "<html><head><script>var q = '什么是木马？'</script></head><body onload='alert(1)'><h2>什么是卷积？</h2>"
    "<p>卷积核在输入上滑动。<img src=x onerror=alert(2)></p><h2>什么是池化？</h2><p>池化降低分辨率。</p></body></html>"
)
_WORD = '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body/></w:document>'
_OWN = """\
topic: own
title: {zh: 自己的, en: Own}
items:
  - {id: own-question, status: draft, question: 原有的题是什么？, answer: 原有的答案，导入之后还在。}  # a remark
"""


def _locked_pdf() -> bytes:
    from pypdf import PdfWriter

    writer, out = PdfWriter(), io.BytesIO()
    writer.add_blank_page(200, 200)
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(out)
    return out.getvalue()


def _blank_pdf() -> bytes:
    from pypdf import PdfWriter

    writer, out = PdfWriter(), io.BytesIO()
    writer.add_blank_page(200, 200)
    writer.write(out)
    return out.getvalue()


def _word(document: str, zeros: int = 0) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("word/document.xml", document)
        if zeros:
            with packed.open("word/media/big.bin", "w", force_zip64=True) as part:
                for _ in range(zeros // 1_000_000):
                    part.write(b"\0" * 1_000_000)
    return out.getvalue()


FILES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "empty": ("empty.md", lambda: b""),
    "white space only": ("blank.txt", lambda: b" \n\t\n"),
    "no letters": ("numbers.txt", lambda: b"1. 2. 3.\n"),
    "50 MB of text": ("huge.md", lambda: "卷积核在输入上滑动。\n".encode() * (50_000_000 // 31)),
    "GBK": ("gbk.md", lambda: _PAGE.encode("gbk")),
    "UTF-16": ("utf16.txt", lambda: _PAGE.encode("utf-16")),
    "UTF-8 cut inside a character": ("cut.md", lambda: _PAGE.encode()[:-3]),
    "PDF with a password": ("locked.pdf", _locked_pdf),
    "PDF without text (scanned)": ("scan.pdf", _blank_pdf),
    "damaged PDF": ("torn.pdf", lambda: b"%PDF-1.7\n1 0 obj\n<< /Type"),
    "Word with a password": ("locked.docx", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 4096),
    "damaged Word": ("torn.docx", lambda: _word(_WORD)[:-40]),
    "zip bomb named .docx (400 MB in 0.4)": ("bomb.docx", lambda: _word(_WORD, 400_000_000)),
    "Word that defines XML entities": ("laughs.docx", lambda: _word('<!DOCTYPE x [<!ENTITY a "ha">]>' + _WORD)),
    "HTML with scripts": ("scripts.html", lambda: _HTML.encode()),
    "HTML nested 50,000 deep": ("deep.html", lambda: b"<div>" * 50_000 + b"<p>What is depth?</p>"),
    "picture renamed .md": ("picture.md", lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40),
    "PDF renamed .md": ("renamed.md", _blank_pdf),
    "text renamed .docx": ("renamed.docx", lambda: _PAGE.encode()),
    "of another kind": ("program.exe", lambda: b"MZ" + b"\0" * 60),
}
"""What is wrong with a file → its name and what makes it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one file got."""

    kind: str
    name: str
    zh: str
    en: str
    """One line, or what was found."""


def outcomes(folder: Path, neighbours: Neighbours) -> Iterator[Outcome]:
    """Make each file and read it."""
    for kind, (name, made) in FILES.items():
        path = folder / name
        path.write_bytes(made())
        try:
            found = drafts_of(read_document(path), neighbours)
        except Refusal as refusal:
            yield Outcome(kind, name, refusal.said("zh"), refusal.said("en"))
            continue
        questions = ", ".join(i.question.zh or i.question.en for i in found.items)
        yield Outcome(kind, name, f"读出 {len(found.items)} 道题", f"read: {len(found.items)} drafts ({questions})")


def table(folder: Path, corpus: Corpus, encoder: Encoder) -> str:
    """All outcomes as Markdown, and whether importing them all lost anything of a corpus that was there.

    Args:
        folder: an empty one.
        corpus: what drafts are compared with.
        encoder: compares by meaning.
    """
    files, target = folder / "files", folder / "own" / "items.yaml"
    files.mkdir()
    target.parent.mkdir()
    target.write_text(_OWN, encoding="utf-8")
    found = list(outcomes(files, Neighbours(corpus.items.values(), encoder)))
    rows = ["| file | what it gets | 得到什么 |", "|---|---|---|"]
    rows += [f"| {o.kind} | {o.en} | {o.zh} |" for o in found]
    done = import_documents(files, target, corpus, encoder)
    kept = target.read_text(encoding="utf-8").startswith(_OWN.rstrip())
    refused = sum(bool(r.error) for r in done.files)
    rows += [
        "",
        f"The folder of them, imported into a corpus file that held an item: {len(done.files)} files, {refused} "
        f"refused with one line each, {done.added.added} drafts added; what the file held before is "
        f"{'unchanged to the byte' if kept else 'CHANGED'}.",
    ]
    return "\n".join(rows)
