"""PDF: the Chinese text is in it and can be read back, its fonts are embedded, its record is attached."""

import importlib.util
import json
from io import BytesIO

import pytest

from interviewer.errors import InputError
from interviewer.report import pdf, read_record, to_html, to_json, write

try:
    import weasyprint  # noqa: F401
except (ImportError, OSError) as error:
    pytest.skip(f"WeasyPrint or its libraries are missing ({error})", allow_module_level=True)
if importlib.util.find_spec("pypdf") is None:
    pytest.skip("pypdf is missing", allow_module_level=True)


def read(content: bytes):
    from pypdf import PdfReader

    return PdfReader(BytesIO(content))


def text_of(reader) -> str:
    return "".join("".join(page.extract_text().split()) for page in reader.pages)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """One report in Chinese, laid out once for all tests."""
    if not pdf.chinese_font():
        pytest.skip("no Chinese font is installed")
    import importlib.util as util
    from pathlib import Path

    spec = util.spec_from_file_location("report_kit", Path(__file__).with_name("conftest.py"))
    kit = util.module_from_spec(spec)
    spec.loader.exec_module(kit)
    folder = tmp_path_factory.mktemp("pdf")
    corpus, debrief = kit.full_interview(folder, "zh")
    path = folder / "报告.pdf"
    write(debrief, corpus, path)
    return corpus, debrief, path


def test_the_chinese_text_can_be_read_back(made):
    text = text_of(read(made[2].read_bytes()))
    for said in (
        "模拟面试报告",
        "总分43.3",
        "主题a",
        "什么是first？",
        "甲乙。",
        "说反了",
        "误解内容",
        "更正内容",
        "追问之后才说到",
    ):
        assert said in text, said


def test_every_font_is_embedded(made):
    fonts = {}
    for page in read(made[2].read_bytes()).pages:
        for font in page["/Resources"].get("/Font", {}).values():
            font = font.get_object()
            described = font["/DescendantFonts"][0].get_object() if "/DescendantFonts" in font else font
            fonts[font["/BaseFont"]] = described["/FontDescriptor"].get_object()
    assert any("CJK" in name or "Wen" in name or "Han" in name for name in fonts), fonts.keys()
    assert all({"/FontFile2", "/FontFile3"} & set(f) for f in fonts.values())


def test_the_record_is_attached(made):
    kind, record = read_record(made[2])
    assert kind == "debrief"
    assert record == json.loads(to_json(made[1]))


def test_without_a_chinese_font_it_says_what_to_install(made, monkeypatch):
    monkeypatch.setattr(pdf, "chinese_font", lambda: "")
    with pytest.raises(InputError, match=r"no Chinese font.*apt install fonts-noto-cjk.*brew"):
        pdf.to_pdf(to_html(made[1], made[0]), "{}")


def test_without_the_library_it_says_what_to_install(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(InputError, match=r"pip install 'interviewer\[pdf\]'"):
        pdf.to_pdf("<p>x</p>", "{}")


def test_nothing_outside_is_read(tmp_path):
    (tmp_path / "secret.txt").write_text("secret words")
    page = f'<p>shown</p><img src="file://{tmp_path}/secret.txt"><link rel="stylesheet" href="file://{tmp_path}/secret.txt">'
    made = read(pdf.to_pdf(page, "{}"))
    assert "shown" in text_of(made)
    assert set(made.attachments) == {"interviewer-record.json"}


def test_half_a_character_does_not_stop_it():
    assert r"\ud83d" in text_of(read(pdf.to_pdf("<p>half \ud83d of it</p>", '"\ud83d"')))
