"""A folder is imported file by file, and an interruption loses nothing."""

import json
from pathlib import Path

import pytest

from interviewer.authoring import import_documents
from interviewer.corpus import check_folders
from interviewer.errors import DocumentError

PAGE = "1. 什么是{0}卷积？\n{0}卷积在输入上滑动，提取局部特征。\n2. {0}池化的作用是什么？\n{0}池化降低特征图的分辨率，减少计算量。\n3. 如何选择{0}步长？\n"


@pytest.fixture
def notes(docs: Path) -> Path:
    for n, word in enumerate("甲乙丙"):
        (docs / f"{n}.txt").write_text(PAGE.format(word), encoding="utf-8")
    (docs / "sub").mkdir()
    (docs / "sub" / "en.md").write_text(
        "## What is a vanishing gradient?\n\nDerivatives multiply and shrink.\n", encoding="utf-8"
    )
    (docs / "broken.pdf").write_bytes(b"%PDF-1.4 nothing")
    (docs / "link.txt").symlink_to("/etc/hostname")
    (docs / "loop").symlink_to(docs)
    (docs / ".hidden.md").write_text("## What is hidden?\n\nThis text is.\n")
    (docs / "picture.png").write_bytes(b"x")
    return docs


def test_a_folder_with_all_that_lies_in_one(notes, corpus, encoder, tmp_path):
    target = tmp_path / "own" / "items.yaml"
    done = import_documents(notes, target, corpus, encoder)
    reports = {r.name: r for r in done.files}
    assert list(reports) == ["loop", "0.txt", "1.txt", "2.txt", "broken.pdf", "link.txt", "sub/en.md"]
    assert [len(reports[n].drafts) for n in ("0.txt", "sub/en.md")] == [2, 1]
    assert reports["0.txt"].unanswered == ["Without an answer in 0.txt, line 5: 如何选择甲步长？"]
    assert "links are not followed" in reports["link.txt"].error and "links are not followed" in reports["loop"].error
    assert "is damaged" in reports["broken.pdf"].error
    assert done.added.added == 7
    loaded, complaints = check_folders(tmp_path / "own")
    assert complaints == []
    english = next(i for i in loaded.items.values() if i.origin == "sub/en.md, line 1")
    assert (english.status, english.topic, english.level, english.like) == ("draft", "nets", 4, ("vanishing",))
    assert not target.with_name("items.yaml.partial").exists()


def test_what_is_left_is_said_in_the_language_asked_for(docs, corpus, encoder, tmp_path):
    (docs / "notes.txt").write_text(PAGE.format("空洞"), encoding="utf-8")
    done = import_documents(docs, tmp_path / "items.yaml", corpus, encoder, language="zh")
    assert done.files[0].unanswered == ["notes.txt, line 5 没有给出答案：如何选择空洞步长？"]


def test_importing_again_adds_nothing(notes, corpus, encoder, tmp_path):
    target = tmp_path / "own" / "items.yaml"
    import_documents(notes, target, corpus, encoder)
    before = target.read_bytes()
    assert import_documents(notes, target, corpus, encoder).added.already == 7
    assert target.read_bytes() == before


def test_an_interrupted_run_goes_on_and_ends_as_one_that_was_not(notes, corpus, encoder, tmp_path):
    whole, target = tmp_path / "a" / "items.yaml", tmp_path / "b" / "items.yaml"
    import_documents(notes, whole, corpus, encoder)

    def interrupt(done: int, total: int, name: str) -> None:
        if name == "2.txt":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_documents(notes, target, corpus, encoder, interrupt)
    assert not target.exists()
    journal = target.with_name("items.yaml.partial")
    with journal.open("a") as file:
        file.write('{"name": "torn')
    (notes / "1.txt").write_text(PAGE.format("丁"), encoding="utf-8")  # changed since: read anew
    resumed = import_documents(notes, target, corpus, encoder)
    assert resumed.resumed == 1
    assert resumed.added.added == 7
    assert "丁卷积" in target.read_text(encoding="utf-8") and "乙卷积" not in target.read_text(encoding="utf-8")


def test_a_journal_of_something_else_is_not_used(notes, corpus, encoder, tmp_path):
    target = tmp_path / "own" / "items.yaml"
    target.parent.mkdir()
    journal = target.with_name("items.yaml.partial")
    journal.write_text(json.dumps({"format": 0}) + "\n" + json.dumps({"name": "0.txt"}) + "\n")
    assert import_documents(notes, target, corpus, encoder).resumed == 0


@pytest.mark.parametrize(
    ("name", "says"), [("none.md", "is not there"), ("empty.md", "is empty"), ("dir", "holds no documents")]
)
def test_what_cannot_be_imported_is_an_error_and_leaves_nothing(docs, corpus, encoder, tmp_path, name, says):
    (docs / "empty.md").write_text("")
    (docs / "dir").mkdir()
    with pytest.raises(DocumentError, match=says):
        import_documents(docs / name, tmp_path / "own" / "items.yaml", corpus, encoder)
    assert list((tmp_path / "own").iterdir()) == []
