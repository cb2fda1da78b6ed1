"""YAML from anywhere: values with the lines they stand on, and nothing that could exhaust or surprise the reader."""

import os
import subprocess
import sys
from datetime import date

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interviewer.corpus.yaml_file import MAX_BYTES, MAX_DEPTH, MAX_SCALAR, YamlError, read_yaml


@pytest.fixture
def read(tmp_path):
    """Read a file of that content."""

    def read(content):
        path = tmp_path / "file.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_yaml(path)

    return read


def test_every_value_knows_the_line_it_stands_on(read):
    file = read(
        "# a comment\ntopic: x\nitems:\n  - id: 一\n    text:\n      zh: |\n        第一\n        第二\n"
        "  - [a, b,\n     c]\n"
    )
    assert file.data == {"topic": "x", "items": [{"id": "一", "text": {"zh": "第一\n第二\n"}}, ["a", "b", "c"]]}
    assert file.lines == {
        (): 2,
        ("topic",): 2,
        ("items",): 4,  # a list stands where its first element does
        ("items", 0): 4,
        ("items", 0, "id"): 4,
        ("items", 0, "text"): 6,
        ("items", 0, "text", "zh"): 6,
        ("items", 1): 9,
        ("items", 1, 0): 9,
        ("items", 1, 1): 9,
        ("items", 1, 2): 10,
    }


def test_what_does_not_exist_has_the_line_of_what_is_around_it(read):
    file = read("a:\n  b: 1\nc: 2\n")
    assert file.line(("a", "missing", 3, "zh")) == 2
    assert file.line(("missing",)) == 1
    assert read("").line(("anything",)) == 1


@pytest.mark.parametrize("content", ["", "\n\n", "# only a comment\n", "---\n", "null\n"])
def test_an_empty_file_is_nothing(read, content):
    assert read(content).data is None


@pytest.mark.parametrize(
    ("written", "value"),
    [("1", 1), ("2.5", 2.5), ("true", True), ("~", None), ("2026-11-21", date(2026, 11, 21)), ("2026-11", "2026-11"),
     ("'1'", "1"), ("梯度", "梯度"), ('"🙂"', "🙂")],
)  # fmt: skip
def test_scalars_are_what_yaml_says_they_are(read, written, value):
    assert read(f"a: {written}\n").data == {"a": value}


def test_keys_are_always_text(read):
    assert read("on: 1\n2020: 2\nnull: 3\n").data == {"on": 1, "2020": 2, "null": 3}


def test_windows_files_are_read_like_others(read):
    file = read("\ufeffa: 1\r\nb: 梯度\r\n".encode())
    assert file.data == {"a": 1, "b": "梯度"}
    assert file.lines["b",] == 2


# What is refused: content · line · message
REFUSED = {
    "not YAML": ("a: 1\nb: [1, 2\nc: 3\n", 3, "did not find expected ',' or ']'"),
    "a tab": ("a:\n\tb: 1\n", 2, "found character that cannot start any token"),
    "two documents": ("a: 1\n---\nb: 2\n", 2, "but found another document"),
    "a key twice": ("a: 1\nb: 2\na: 3\n", 3, "key 'a' is repeated or not plain text"),
    "a key twice, far in": ("x:\n  - zh: 1\n    zh: 2\n", 3, "key 'zh' is repeated"),
    "a list as key": ("a: 1\n? [b]\n: 2\n", 2, "key '' is repeated or not plain text"),
    "an empty key": ("a: 1\n'': 2\n", 2, "key '' is repeated or not plain text"),
    "an alias": ("a: &x 1\nb: 2\nc: *x\n", 3, "aliases (*name) are not allowed"),
    "an alias to itself": ("a: &x [*x]\n", 1, "aliases (*name) are not allowed"),
    "a Python object": ("a: 1\nb: !!python/object/apply:os.system [echo]\n", 2, "tags (tag:yaml.org,2002:python/obj"),
    "a tag of one's own": ("a: !mine {b: 1}\n", 1, "tags (!mine) are not allowed"),
    "binary data": ("a: 1\nb: !!binary aGVsbG8=\n", 2, "tags (tag:yaml.org,2002:binary) are not allowed"),
    "a truth that is none": ("a: !!bool maybe\n", 1, "tags (tag:yaml.org,2002:bool)"),
    "a time that is none": ("a: !!timestamp soon\n", 1, "tags (tag:yaml.org,2002:timestamp)"),
    "a number that is none": ("a: !!int ''\n", 1, "tags (tag:yaml.org,2002:int)"),
    "a date that is none": ("a: 1\nb: 2026-13-45\n", 2, "month must be in 1..12"),
    "a number without end": ("a: 1\nb: " + "9" * 5000, 2, "a number of 5000 characters (quote it?)"),
    "a hexadecimal number without end": ("a: 0x" + "f" * 5000, 1, "a number of 5002 characters"),
    "a number to the base of 60": ("a: 1" + ":0" * 20_000, 1, "a number of 40001 characters"),
    "a NUL": ("a: 1\nb: 度\nc: x\0y\n", 3, "control character U+0000; save the file as plain UTF-8 text"),
    "an escape": ("a: 1\nb: \x1b[31m\n", 2, "control character U+001B"),
    "half a character": ('a: 1\nb: "\\ud800"\n', 2, "found invalid Unicode character escape code"),
    "GBK": ("a: 梯度\n".encode("gbk"), 1, "not UTF-8 (byte 3); save the file as UTF-8"),
    "UTF-16": ("a: 1\n".encode("utf-16"), 1, "not UTF-8 (byte 0)"),
    "UTF-16 without a mark": ("a: 1\n".encode("utf-16-le"), 1, "control character U+0000"),
    "a picture": (b"\x89PNG\r\n\x1a\n", 1, "not UTF-8 (byte 0)"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_cannot_be_used_is_refused_with_its_line(read, name):
    content, line, message = REFUSED[name]
    with pytest.raises(YamlError) as caught:
        read(content)
    assert str(caught.value).startswith(message)
    assert caught.value.line == line
    assert "\n" not in str(caught.value)


def test_a_bomb_of_aliases_is_refused_before_anything_is_built(read):
    # Ten levels of ten references each: 10¹⁰ values if expanded.
    levels = ["l0: &l0 [x]"] + [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 11)]
    with pytest.raises(YamlError, match="aliases"):
        read("\n".join(levels))


def test_a_star_in_a_text_is_no_alias(read):
    assert read("a: '*b'\nc: 2 * 3\nd: |\n  **bold**\n").data == {"a": "*b", "c": "2 * 3", "d": "**bold**\n"}


@pytest.mark.parametrize("text", ["!important", "!!"])
def test_an_exclamation_mark_in_a_quoted_text_is_no_tag(read, text):
    assert read(f"a: '{text}'\nb: x {text}\n").data == {"a": text, "b": f"x {text}"}


def test_depth_is_allowed_up_to_the_limit_and_no_further(read):
    deepest = read("[" * MAX_DEPTH + "x" + "]" * MAX_DEPTH).data
    for _ in range(MAX_DEPTH):
        (deepest,) = deepest
    assert deepest == "x"
    with pytest.raises(YamlError, match="nested too deeply"):
        read("[" * (MAX_DEPTH + 1) + "x" + "]" * (MAX_DEPTH + 1))
    # As many lists beside each other are no depth.
    assert len(read("".join("- [[x]]\n" for _ in range(100))).data) == 100


def test_a_number_is_read_up_to_the_limit_and_text_beyond_it(read):
    assert read("a: " + "1" * MAX_SCALAR).data == {"a": int("1" * MAX_SCALAR)}
    assert read("a: '" + "1" * 5000 + "'").data == {"a": "1" * 5000}


@pytest.mark.parametrize("content", ["'[' * 100_000", "'- ' * 100_000 + 'a'", "'{a: ' * 100_000", "'? ' * 100_000"])
def test_depth_does_not_overflow_the_stack_of_the_c_loader(tmp_path, content):
    # In a process of its own: an overflow there is no exception but the end.
    path = tmp_path / "deep.yaml"
    path.write_text(eval(content), "utf-8")
    code = (
        "import sys, pathlib; from interviewer.corpus.yaml_file import *\n"
        "try: read_yaml(pathlib.Path(sys.argv[1]))\n"
        "except YamlError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, "nested too deeply\n"), done.stderr


def test_a_file_that_is_too_large_is_not_even_read(tmp_path):
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)  # sparse: takes no room
    with pytest.raises(YamlError, match=r"^larger than 8 MB; split it by topic$"):
        read_yaml(path)


def test_what_is_no_file_is_refused_without_waiting_for_it(tmp_path):
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    os.mkfifo(tmp_path / "pipe.yaml")  # opening it would wait for a writer for ever
    (tmp_path / "zero.yaml").symlink_to("/dev/zero")  # size 0, and no end
    for name, message in [("folder", "is not a file"), ("pipe", "is not a file"), ("zero", "is not a file"),
                          ("loop", "Too many levels of symbolic links"), ("none", "No such file")]:  # fmt: skip
        with pytest.raises(YamlError, match=message):
            read_yaml(tmp_path / f"{name}.yaml")


def test_a_link_to_a_file_is_followed(tmp_path):
    (tmp_path / "real.yaml").write_text("a: 1\n", "utf-8")
    (tmp_path / "link.yaml").symlink_to("real.yaml")
    assert read_yaml(tmp_path / "link.yaml").data == {"a": 1}


@pytest.mark.skipif(getattr(os, "geteuid", int)() == 0, reason="root may read any file")
def test_a_file_that_may_not_be_read_is_refused(tmp_path):
    path = tmp_path / "secret.yaml"
    path.write_text("a: 1\n", "utf-8")
    path.chmod(0)
    with pytest.raises(YamlError, match="Permission denied"):
        read_yaml(path)


class Plain(yaml.SafeDumper):
    """Writes a value that occurs twice twice, instead of an alias."""

    def ignore_aliases(self, data):
        return True


KEYS = st.text("ab梯-_", min_size=1, max_size=4)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text("ab 梯度:#'\"\n*&!🙂", max_size=12)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=8,
)
in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@in_one_folder
@given(st.dictionaries(KEYS, VALUES, max_size=4), st.booleans())
def test_what_was_written_is_read_back_and_every_value_has_a_line(read, data, block):
    text = yaml.dump(data, Dumper=Plain, allow_unicode=True, default_flow_style=not block, sort_keys=False)
    file = read(text)
    assert file.data == data
    assert all(1 <= line <= text.count("\n") + 1 for line in file.lines.values())


@in_one_folder
@given(st.one_of(st.binary(max_size=60), st.text("ab:-[]{}&*!|>'\"#%@`? \n\t,0.~", max_size=60).map(str.encode)))
def test_any_bytes_are_read_or_refused(read, content):
    try:
        file = read(content)
    except YamlError as error:
        assert str(error)
        assert 1 <= error.line <= content.count(b"\n") + content.count(b"\r") + 2
    else:
        assert () in file.lines or file.data is None
