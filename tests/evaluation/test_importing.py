"""What is measured about the import: broken files get a line each, a large folder comes out the same when interrupted."""

import pytest

from interviewer.authoring import Neighbours
from interviewer.corpus import load_corpus
from interviewer.evaluation import broken, large

ITEMS = """\
topic: nets
title: {zh: 网络, en: Networks}
items:
  - {id: vanishing, status: draft, question: {zh: 什么是梯度消失？, en: What is a vanishing gradient?}, answer: {zh: 导数逐层相乘，越乘越小。残差连接能缓解。, en: Derivatives multiply and shrink. Residual connections help.}}
  - {id: dropout, status: draft, question: {zh: 随机失活怎么防过拟合？, en: How does dropout curb overfitting?}, answer: {zh: 训练时随机把单元置零。, en: Units are set to zero at random during training.}}
"""
READ = {"GBK": 2, "UTF-16": 2, "UTF-8 cut inside a character": 2, "HTML with scripts": 2}


@pytest.fixture
def corpus(tmp_path):
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "nets.yaml").write_text(ITEMS, encoding="utf-8")
    return load_corpus(tmp_path / "corpus")


def test_every_broken_file_gets_one_line_or_is_read(tmp_path, corpus, encoder):
    found = list(broken.outcomes(tmp_path, Neighbours(corpus.items.values(), encoder)))
    assert [o.kind for o in found] == list(broken.FILES)
    for one in found:
        assert "\n" not in one.zh + one.en
        if one.kind in READ:
            assert one.en.startswith(f"read: {READ[one.kind]} drafts (什么是卷积？, 什么是池化？"), one
        else:
            assert one.en.startswith(f"{one.name}: ") and one.zh.startswith(f"{one.name} "), one
    assert not any("木马" in o.en for o in found)


def test_importing_them_all_leaves_the_corpus_as_it_was(tmp_path, corpus, encoder, monkeypatch):
    kept = ("empty", "GBK", "locked PDF", "picture renamed .md")
    monkeypatch.setattr(broken, "FILES", {k: v for k, v in broken.FILES.items() if k in kept})
    said = broken.table(tmp_path, corpus, encoder)
    assert "3 files, 2 refused with one line each, 2 drafts added" in said
    assert "unchanged to the byte" in said


def test_a_large_folder_is_imported_and_resumed(tmp_path, corpus, encoder):
    found = large.measure(tmp_path, corpus, encoder, files=6, megabytes=0.02)
    assert found.files == 6 and found.same and found.resumed == 3
    assert 6 <= found.drafts <= found.questions
    assert "the same to the byte" in large.told(found)
