"""`interviewer corpus import`, and an interview on what it gave."""

import re

PAGE = """# 笔记

## 什么是卷积？

卷积核在输入上滑动，提取局部特征。换句话说，同一个检测器看遍整张图。

## 什么是池化？

池化降低特征图的分辨率，减少计算量。

## 什么是步长？
"""


def test_drafts_are_written_checked_and_asked(cli, tmp_path):
    (tmp_path / "notes.md").write_text(PAGE, encoding="utf-8")
    own = tmp_path / "own"
    result = cli("corpus", "import", str(tmp_path / "notes.md"), "-o", str(own / "items.yaml"))
    assert result.code == 0, result.err
    assert "notes.md: 2 drafts" in result.out
    assert "Without an answer in notes.md, line 11: 什么是步长？" in result.out
    assert "1 files: 2 drafts" in result.out
    check = cli("corpus", "check", str(own))
    assert check.code == 0 and "5 items" in check.out
    listed = cli("corpus", "list", "--corpus", str(own), "-l", "zh").out
    assert re.search(r"draft-[0-9a-f]{8}  \[\w+, level \d\]  什么是卷积？", listed)
    talk = cli(
        "chat",
        "--corpus",
        str(own),
        "-l",
        "zh",
        "-n",
        "1",
        "--focus",
        "什么是卷积",
        stdin="卷积核在输入上滑动，提取局部特征。\n",
    )
    assert talk.code == 0, talk.err
    assert "什么是卷积？" in talk.out


def test_a_folder_reports_each_file_and_exits_with_one_if_some_failed(cli, tmp_path):
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.md").write_text(PAGE, encoding="utf-8")
    (docs / "b.txt").write_bytes(b"\0\0")
    result = cli("corpus", "import", str(docs), "-o", str(tmp_path / "own" / "items.yaml"))
    assert result.code == 1
    assert "b.txt: is not text; save it as UTF-8" in result.out
    assert "2 files: 2 drafts" in result.out


def test_one_broken_file_is_one_line(cli, tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"no pdf")
    result = cli("corpus", "import", str(tmp_path / "a.pdf"), "-o", str(tmp_path / "own" / "items.yaml"))
    assert result.code == 2
    assert result.err.count("\n") == 1 and "a.pdf: is not what its ending .pdf says" in result.err


def test_a_target_that_is_something_else_is_not_touched(cli, tmp_path):
    (tmp_path / "a.md").write_text(PAGE, encoding="utf-8")
    (tmp_path / "items.yaml").write_text("services: {}\n")
    result = cli("corpus", "import", str(tmp_path / "a.md"), "-o", str(tmp_path / "items.yaml"))
    assert result.code == 2 and "is no corpus file; choose another -o" in result.err
    assert (tmp_path / "items.yaml").read_text() == "services: {}\n"
