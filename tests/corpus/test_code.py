"""Links into code: to the lines of a class or function, and to nothing outside the folder."""

import ast
import os
from pathlib import Path

import pytest

from interviewer.corpus import source_of
from interviewer.corpus.code import BrokenLink, resolve
from interviewer.schema import CodeRef

CODE = '''\
"""第一行 is a docstring."""

import functools


def plain(x):
    return x


@functools.cache
@functools.wraps(
    plain,
)
def decorated():
    def inner():
        return 1

    return inner


class Outer:
    size = 3

    class Inner:
        async def run(self):
            return "\\x0c"

    @property
    def value(self):
        return 1

    @value.setter
    def value(self, new):
        self.new = new
'''


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "net.py").write_text(CODE, "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("symbol", "first", "last"),
    [
        ("plain", 6, 7),
        ("decorated", 10, 18),  # decorators belong to it
        ("Outer", 21, 34),
        ("Outer.Inner", 24, 26),
        ("Outer.Inner.run", 25, 26),
        ("Outer.value", 32, 34),  # of two definitions the one that holds
    ],
)
def test_a_symbol_is_resolved_to_its_lines(folder, symbol, first, last):
    assert resolve(f"net.py::{symbol}", folder) == CodeRef("net.py", symbol, first, last)


def test_the_source_of_a_link_is_the_text_of_its_lines(folder):
    assert source_of(resolve("net.py::plain", folder), folder) == "def plain(x):\n    return x"
    assert source_of(resolve("net.py::Outer.Inner", folder), folder).startswith("    class Inner:\n")


@pytest.mark.parametrize("odd", ["\x0c", "\x1c", "\u2028", "\x85", "\v"])
def test_a_character_that_only_some_count_as_a_line_end_moves_no_line(tmp_path, odd):
    (tmp_path / "odd.py").write_text(f"# {odd} a comment\n\n\ndef f():\n    return 1\n", "utf-8")
    assert source_of(resolve("odd.py::f", tmp_path), tmp_path) == "def f():\n    return 1"


@pytest.mark.parametrize("content", ["\ufeffdef f():\n    return 1\n", "def f():\r\n    return 1\r\n"])
def test_windows_files_are_read_like_others(tmp_path, content):
    (tmp_path / "win.py").write_bytes(content.encode())
    assert source_of(resolve("win.py::f", tmp_path), tmp_path) == "def f():\n    return 1"


@pytest.mark.parametrize(
    "link",
    [
        "", "::", "net.py", "net.py::", "::plain", "net::plain", "net.txt::plain", "net.py:plain",
        "../net.py::plain", "sub/net.py::plain", "/etc/net.py::plain", "..::x",
    ],
)  # fmt: skip
def test_a_link_of_another_form_or_out_of_the_folder_is_broken(folder, link):
    (folder / "sub").mkdir()
    (folder / "sub" / "net.py").write_text(CODE, "utf-8")
    with pytest.raises(BrokenLink, match=r"is not of the form file\.py::symbol$"):
        resolve(link, folder)
    with pytest.raises(BrokenLink, match=r"is not of the form file\.py::symbol$"):
        resolve(link, folder / "sub")


@pytest.mark.parametrize("name", ["none.py", "a\0b.py", "x" * 300 + ".py", "网络.py", "🙂.py", "\ud800.py"])
def test_a_file_that_is_not_there_is_named(folder, name):
    with pytest.raises(BrokenLink, match="does not exist in"):
        resolve(f"{name}::plain", folder)


@pytest.mark.parametrize("symbol", ["nothing", "Plain", "decorated.inner", "Outer.size", "run", "Outer.", "plain::x"])
def test_a_symbol_that_is_not_there_is_named(folder, symbol):
    with pytest.raises(BrokenLink) as caught:
        resolve(f"net.py::{symbol}", folder)
    assert str(caught.value) == f"net.py has no symbol {symbol}"


@pytest.mark.parametrize(
    "content",
    [
        b"def f(:\n", b"\xff\xfe", b"x = 1\0\n", "# 梯度\n".encode("gbk"),
        b"x = " + b"(" * 500,
        b"x = " + b"-" * 50_000 + b"1",  # too deep for the parser's own stack
        b"x" + b".y" * 50_000,
    ],
    ids=["syntax", "bytes", "NUL", "GBK", "brackets", "signs", "dots"],
)  # fmt: skip
def test_a_file_that_is_no_python_is_refused(tmp_path, content):
    (tmp_path / "bad.py").write_bytes(content)
    with pytest.raises(BrokenLink, match=r"^code file bad\.py cannot be parsed: ."):
        resolve("bad.py::f", tmp_path)


def test_what_is_no_file_is_not_opened(tmp_path):
    (tmp_path / "folder.py").mkdir()
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "loop.py").symlink_to("loop.py")
    for name in ("folder", "pipe", "loop"):
        with pytest.raises(BrokenLink, match="does not exist"):
            resolve(f"{name}.py::f", tmp_path)


@pytest.mark.skipif(getattr(os, "geteuid", int)() == 0, reason="root may read any file")
def test_a_file_that_may_not_be_read_is_refused(folder):
    (folder / "net.py").chmod(0)
    with pytest.raises(BrokenLink, match="cannot be read: Permission denied"):
        resolve("net.py::plain", folder)


def test_a_file_is_read_again_when_it_has_changed(folder):
    path = folder / "net.py"
    assert resolve("net.py::plain", folder).line == 6
    status = path.stat()
    path.write_text("# one more line\n" + CODE, "utf-8")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))  # a file system's clock may be coarse
    assert resolve("net.py::plain", folder).line == 7


def test_linked_code_is_read_and_never_run(tmp_path):
    (tmp_path / "evil.py").write_text("raise SystemExit('run')\n\ndef f(): ...\n", "utf-8")
    assert resolve("evil.py::f", tmp_path).line == 3


@pytest.mark.parametrize("path", sorted((Path(__file__).parents[2] / "corpus/code").glob("*.py")), ids=lambda p: p.name)
def test_every_top_level_symbol_of_the_shipped_code_is_found_with_its_whole_source(path):
    nodes = [n for n in ast.parse(path.read_text("utf-8")).body if isinstance(n, ast.ClassDef | ast.FunctionDef)]
    assert nodes
    for node in nodes:
        text = source_of(resolve(f"{path.name}::{node.name}", path.parent), path.parent)
        assert ast.dump(ast.parse(text).body[0]) == ast.dump(node)
