"""Documents written into a folder, and a corpus of three questions to compare them with."""

import zipfile
from pathlib import Path

import pytest

from interviewer.authoring.questions import find_questions
from interviewer.corpus import load_corpus
from interviewer.documents.lines import Document, plain_lines, unwrapped

ITEMS = """\
topic: nets
title: {zh: 网络, en: Networks}
items:
  - {id: vanishing, status: draft, level: 4, question: {zh: 什么是梯度消失？, en: What is a vanishing gradient?}, answer: 导数逐层相乘，越乘越小。}
"""
PUBLISHED = """\
topic: other
items:
  - {id: dropout, status: draft, level: 2, question: {zh: 随机失活怎么防过拟合？, en: How does dropout curb overfitting?}, answer: 训练时随机把单元置零。}
"""


def plain(text: str) -> Document:
    rows = [(row, n) for n, row in enumerate(text.splitlines(), start=1)]
    return Document("page.txt", tuple(unwrapped(plain_lines(rows))))


def asked(text: str) -> list[str]:
    """The questions found in a plain text."""
    return [f.text for f in find_questions(plain(text)).questions]


@pytest.fixture
def corpus(tmp_path: Path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "nets.yaml").write_text(ITEMS, encoding="utf-8")
    (folder / "other.yaml").write_text(PUBLISHED, encoding="utf-8")
    return load_corpus(folder)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    return folder


def docx_with(path: Path, document: str, extra: dict[str, bytes] | None = None) -> Path:
    """A zip that calls itself a Word file, with the given main part."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("word/document.xml", document)
        for name, content in (extra or {}).items():
            packed.writestr(name, content)
    return path
