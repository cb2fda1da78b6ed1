"""Every format becomes the same lines; every broken file gets one sentence that says what to do."""

import io
import os
import time
from pathlib import Path

import pytest

from interviewer.authoring.questions import find_questions
from interviewer.documents import read, read_document
from interviewer.errors import DocumentError
from tests.authoring.conftest import docx_with

DATA = Path(__file__).parents[2] / "eval" / "data" / "import"
WORD = '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body/></w:document>'


def questions(path: Path) -> list[str]:
    return [f.text for f in find_questions(read_document(path)).questions]


def written(docs: Path, name: str, content: str | bytes) -> Path:
    path = docs / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_markdown_bold_questions_lists_code_and_formulae(docs):
    text = (
        "# Notes\n\n**What is softmax?** It maps scores to $p_i$.\n\n```python\nx = 1\n```\n\n![x](y.png)\n\n"
        "1. **Why BN?**\n   - faster\n   - stable\n2. **Why LN?**\n\n   No batch is needed.\n"
    )
    found = find_questions(read_document(written(docs, "a.md", text))).questions
    assert [f.text for f in found] == ["What is softmax?", "Why BN?", "Why LN?"]
    assert found[0].answer[0].text == "It maps scores to $p_i$."
    assert found[0].answer[1].code
    assert [(x.text, x.depth) for x in found[1].answer] == [("faster", 1), ("stable", 1)]
    assert [(x.text, x.depth) for x in found[2].answer] == [("No batch is needed.", 0)]


def test_markdown_details_and_tables(docs):
    text = "<details><summary>What is a GRU?</summary>\nA gated cell.\n</details>\n\n<details><summary>What is an LSTM?</summary>\n\n| part | role |\n|---|---|\n| gate | decides |\n\n</details>\n"
    found = find_questions(read_document(written(docs, "a.md", text))).questions
    assert [f.text for f in found] == ["What is a GRU?", "What is an LSTM?"]
    assert found[1].answer[-1].text == "gate | decides"


def test_html_without_what_surrounds_the_article(docs):
    text = """<html><body><nav><h2>What is our offer?</h2></nav><div class="sidebar"><h2>How to pay?</h2></div><article>
    <h2>What is a <em>kernel</em>?</h2><p>A small matrix.<br>It slides.</p><h2>What is stride?</h2><ol><li>The step.</li><li>Of the kernel.</li></ol>
    <pre>x = 1</pre><div class="ads"><p>Buy now?</p></div></article><script>var q = "What is this?"</script><footer>Who are we?</footer></body></html>"""
    found = find_questions(read_document(written(docs, "a.html", text))).questions
    assert [f.text for f in found] == ["What is a kernel?", "What is stride?"]
    assert [x.text for x in found[0].answer] == ["A small matrix.", "It slides."]
    assert [(x.text, x.number, x.code) for x in found[1].answer] == [
        ("The step.", 1, False),
        ("Of the kernel.", 2, False),
        ("x = 1", 0, True),
    ]


def test_docx_headings_lists_and_tables():
    document = read_document(DATA / "interview-guide.docx")
    found = {f.text: f for f in find_questions(document).questions}
    assert [x.number for x in found["How do you reduce hallucinations?"].answer] == [1, 2, 3]
    assert [x.depth for x in found["When would you use focal loss?"].answer] == [1, 1, 1]
    assert document.unit == "paragraph"


def test_pdf_lines_are_put_together_and_running_heads_left_out():
    document = read_document(DATA / "handout.pdf")
    text = "\n".join(line.text for line in document.lines)
    assert "使用更大的学习率，收敛更快。" in text  # broken over two lines on the page
    assert "内部资料" not in text and "第 1 页" not in text
    assert {line.place for line in document.lines} == {1, 2}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_encodings(docs, encoding):
    text = "1. 什么是卷积？\n卷积是滑动的加权求和，提取局部特征。\n2. 什么是池化？\n取窗口里的最大值，降低分辨率。\n"
    assert questions(written(docs, "a.txt", text.encode(encoding))) == ["什么是卷积？", "什么是池化？"]


def test_html_in_the_encoding_that_it_declares(docs):
    text = '<html><head><meta charset="big5"></head><body><h2>什麼是卷積？</h2><p>滑動的加權求和。</p></body></html>'
    assert questions(written(docs, "a.html", text.encode("big5"))) == ["什麼是卷積？"]


def test_a_cut_utf8_file_is_still_read(docs):
    text = ("什么是卷积？\n卷积是滑动的加权求和，提取局部特征。\n\n" * 20).encode()[:-2]
    assert questions(written(docs, "a.txt", text)) == ["什么是卷积？"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.txt", b"", "is empty"),
        ("a.md", b" \n\n ", "is empty"),
        ("a.txt", b"1. 2. 3.", "holds no text"),
        ("a.txt", b"\x00\x01\x02binary", "is not text"),
        ("a.txt", bytes(range(128, 256)) * 9, "is not text"),
        ("a.md", b"%PDF-1.7 ...", "is not what its ending .md says"),
        ("a.pdf", b"hello there", "is not what its ending .pdf says"),
        ("a.pdf", b"%PDF-1.7\nhello", "is damaged"),
        ("a.docx", b"PK\x03\x04 nothing", "is damaged"),
        ("a.docx", b"hello there", "is not what its ending .docx says"),
        (
            "a.docx",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
            "is locked with a password or in Word's old format",
        ),
        ("a.exe", b"MZ", "files of this kind are not read"),
    ],
)
def test_broken_files_say_what_is_wrong(docs, name, content, says):
    with pytest.raises(DocumentError) as error:
        read_document(written(docs, name, content))
    assert says in str(error.value)
    assert str(error.value).startswith(f"{name}: ")
    assert "\n" not in str(error.value)


def test_a_locked_pdf_and_one_without_text(docs):
    from pypdf import PdfWriter

    for name, password, says in (
        ("a.pdf", "secret", "is locked with a password"),
        ("b.pdf", "", "holds no text (pictures"),
    ):
        writer = PdfWriter()
        writer.add_blank_page(200, 200)
        if password:
            writer.encrypt(password, algorithm="RC4-128")
        buffer = io.BytesIO()
        writer.write(buffer)
        with pytest.raises(DocumentError, match=says.replace("(", r"\(")):
            read_document(written(docs, name, buffer.getvalue()))


@pytest.mark.parametrize(
    ("document", "extra", "says"),
    [
        ('<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]>' + WORD, {}, "defines entities"),
        (WORD, {"word/media/big.bin": b"\0" * 4_000_000}, "unpacks to more"),
        (WORD + " " * 2_000_000, {}, "holds more text"),
        ("<w:document", {}, "is damaged"),
    ],
    ids=["entities", "bomb", "long part", "torn"],
)
def test_hostile_word_files_are_refused_quickly(docs, document, extra, says, monkeypatch):
    from interviewer.documents import docx

    monkeypatch.setattr(docx, "MAX_UNPACKED", 3_000_000)
    monkeypatch.setattr(docx, "MAX_XML", 1_000_000)
    path = docx_with(docs / "a.docx", document, extra)
    before = time.process_time()
    with pytest.raises(DocumentError, match=says):
        read_document(path)
    assert time.process_time() - before < 5


def test_too_large(docs, monkeypatch):
    monkeypatch.setattr(read, "MAX_TEXT_BYTES", 1000)
    with pytest.raises(DocumentError, match="larger than 0 MB; split it"):
        read_document(written(docs, "a.md", "a" * 1001))


def test_a_pipe_is_not_waited_for(docs):
    os.mkfifo(docs / "a.txt")
    with pytest.raises(DocumentError, match="is not a file"):
        read_document(docs / "a.txt")


@pytest.mark.parametrize("name", ["a.html", "a.md"])
def test_depth_without_end(docs, name):
    text = {
        "a.html": "<div>" * 5_000 + "<p>What is depth?</p><p>It is deep here.</p>",
        "a.md": "> " * 5_000 + "- " * 5_000 + "What is depth?",
    }
    before = time.process_time()
    try:
        read_document(written(docs, name, text[name]))
    except DocumentError as error:
        assert "\n" not in str(error)
    assert time.process_time() - before < 10


def test_a_missing_library_is_named(docs, monkeypatch):
    def missing(raw: bytes, name: str) -> None:
        raise ModuleNotFoundError("No module named 'docx'", name="docx")

    monkeypatch.setitem(read._READERS, ".docx", missing)
    with pytest.raises(DocumentError, match=r"needs docx; install it with `pip install 'interviewer\[documents\]'`"):
        read_document(docx_with(docs / "a.docx", WORD))
