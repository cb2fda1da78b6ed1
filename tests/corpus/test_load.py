"""Folders become one corpus: a later one wins, what it lacks comes from those before, and errors are one line."""

import dataclasses
import os
import shutil

import pytest

from interviewer.corpus import check_folders, load_corpus, shipped_folder
from interviewer.errors import CorpusError, UnknownItem
from interviewer.schema import Bilingual, CodeRef, Reference


def test_a_folder_becomes_a_corpus(toy):
    corpus = load_corpus(toy.folder)
    assert list(corpus.items) == ["gradient", "descent"]
    assert corpus.topics["toy"].title == Bilingual("玩具", "Toy")
    assert corpus.topics["toy"].overview == Bilingual("一段概述。", "An overview.")
    assert corpus.references == {"book": Reference("book", "A Book", "A. Writer", 2020, "https://example.org")}
    assert corpus.rows == {"b.1": ("gradient",), "b.2": ("gradient", "descent")}
    (ref,) = corpus.item("gradient").code
    assert ref == CodeRef("toy.py", "Net.forward", 9, 10)
    assert corpus.code_path(ref) == toy.folder / "code" / "toy.py"
    assert corpus.source_of(ref) == "    def forward(self, x):\n        return x"


def test_a_corpus_cannot_be_changed(toy):
    corpus = load_corpus(toy.folder)
    for part in (corpus.items, corpus.topics, corpus.references, corpus.rows, corpus.code_folders):
        with pytest.raises(TypeError):
            part["new"] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        corpus.items = {}


def test_item_files_may_lie_in_the_folder_itself(toy):
    shutil.move(toy.folder / "items/toy.yaml", toy.folder / "toy.yaml")
    (toy.folder / "items").rmdir()
    assert list(load_corpus(toy.folder).items) == ["gradient", "descent"]


def test_what_editors_and_file_systems_leave_behind_is_no_item_file(toy):
    toy.write("items/._toy.yaml", b"\x00\x05\x16\x07")
    toy.write("items/toy.yaml~", "[")
    toy.write("items/toy.yaml.bak", "[")
    (toy.folder / "items/.#toy.yaml").symlink_to("nobody@nowhere")
    assert toy.complaints() == []


def test_a_topic_is_named_after_its_file_where_it_does_not_say(toy):
    toy.write("items/优化.yaml", "items:\n  - {id: x, status: draft, question: Why?, answer: Because.}\n")
    corpus = load_corpus(toy.folder)
    assert corpus.item("x").topic == "优化"
    assert corpus.topics["优化"].title == Bilingual("优化", "优化")


# Items by id


def test_an_unknown_item_is_answered_with_similar_ids(toy):
    corpus = load_corpus(toy.folder)
    with pytest.raises(UnknownItem, match=r"^no item 'gradeint'; did you mean gradient, descent\?$"):
        corpus.item("gradeint")
    for name in ("zzz", "", "🙂", "\0", "x" * 100_000):
        with pytest.raises(UnknownItem, match=r"`interviewer corpus list` shows all$"):
            corpus.item(name)


# The hash


def test_the_hash_is_of_names_and_contents_and_nothing_else(toy, other):
    assert load_corpus(toy.folder).hash == load_corpus(other.folder).hash  # not of the place
    before = load_corpus(toy.folder).hash
    os.utime(toy.folder / "items/toy.yaml", ns=(0, 0))
    toy.write("code/toy.py", (toy.folder / "code/toy.py").read_text("utf-8") + "# more\n")
    assert load_corpus(toy.folder).hash == before
    toy.replace("items/toy.yaml", "What is a gradient?", "What's a gradient?")
    after = load_corpus(toy.folder).hash
    assert after != before
    (toy.folder / "items/toy.yaml").rename(toy.folder / "items/new.yaml")
    assert load_corpus(toy.folder).hash not in (before, after)


# Two folders


def test_a_later_folder_wins_where_ids_meet(toy, other):
    other.replace("items/toy.yaml", "What is a gradient?", "Define the gradient.")
    other.replace("items/toy.yaml", "en: Toy}", "en: My toy}")
    other.replace("sources.yaml", "A Book", "My Book")
    (other.folder / "code/toy.py").unlink()
    corpus = load_corpus(toy.folder, other.folder)
    assert corpus.item("gradient").question.en == "Define the gradient."
    assert corpus.topics["toy"].title.en == "My toy"
    assert corpus.references["book"].title == "My Book"
    assert len(corpus.items) == 2


def test_a_file_without_a_title_leaves_the_title_of_the_topic_alone(toy, other):
    other.write("items/toy.yaml", "topic: toy\nitems:\n  - {id: x, status: draft, question: Why?, answer: So.}\n")
    assert load_corpus(toy.folder, other.folder).topics["toy"].title == Bilingual("玩具", "Toy")


def test_an_item_of_the_users_may_require_cite_and_link_to_what_ours_has(toy, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "mine.yaml").write_text(
        "items:\n  - id: mine\n    status: draft\n    question: 为什么？\n    answer: 因为。\n"
        "    requires: [gradient]\n    sources: [book]\n    code: ['toy.py::Net']\n",
        "utf-8",
    )
    corpus = load_corpus(toy.folder, folder)
    (ref,) = corpus.item("mine").code
    assert corpus.code_path(ref) == toy.folder / "code/toy.py"
    # Without ours there is nothing to require, cite or link to.
    assert [str(c).split(": ")[1] for c in check_folders(folder)[1]] == [
        "mine.requires[0]", "mine.sources[0]", "mine.code[0]",
    ]  # fmt: skip


def test_a_link_to_a_code_file_of_the_same_name_elsewhere_is_refused(toy, other):
    # One of the two items would show lines of the other's file.
    other.write("code/toy.py", "# mine\n\n\nclass Net:\n    def forward(self): ...\n")
    (complaint,) = check_folders(toy.folder, other.folder)[1]
    assert complaint.field == "gradient.code[0]"
    assert complaint.message == f"toy.py is also the name of a file in {toy.folder / 'code'}; rename yours"


def test_the_same_folder_twice_is_the_folder(toy):
    assert list(load_corpus(toy.folder, toy.folder).items) == ["gradient", "descent"]


def test_an_id_may_be_used_once_in_all_files_of_a_folder(toy):
    toy.write("items/zoo.yaml", "items:\n  - {id: descent, status: draft, question: Why?, answer: So.}\n")
    assert toy.complaints() == ["zoo.yaml:2: descent.id: 'descent' is already used in toy.yaml"]


# Folders and files that cannot be used


@pytest.mark.parametrize("name", ["none", "file", "x" * 300, "a\0b", "🙂", "\ud800"])
def test_what_is_no_folder_is_said_to_be_none(tmp_path, name):
    (tmp_path / "file").write_text("", "utf-8")
    corpus, complaints = check_folders(tmp_path / name)
    assert [str(c) for c in complaints] == [f"{tmp_path / name}:1: file: is not a folder"]
    assert not corpus.items


def test_a_folder_without_item_files_is_complained_about(tmp_path):
    (tmp_path / "notes.yml").write_text("items: []\n", "utf-8")
    assert [str(c) for c in check_folders(tmp_path)[1]] == [f"{tmp_path}:1: file: holds no item files (*.yaml)"]


def test_a_broken_file_is_one_complaint_and_the_others_are_read(toy):
    toy.write("items/bad.yaml", "items:\n  - id: x\n  question: [\n")
    toy.write("items/worse.yaml", "梯度".encode("gbk"))
    corpus, complaints = check_folders(toy.folder)
    assert [(c.file, c.line, c.field) for c in complaints] == [("bad.yaml", 3, "file"), ("worse.yaml", 1, "file")]
    assert list(corpus.items) == ["gradient", "descent"]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "toy.yaml:1: file: expected a mapping, found nothing"),
        ("- a\n- b\n", "toy.yaml:1: file: expected a mapping, found a list"),
        ("just text\n", "toy.yaml:1: file: expected a mapping, found text"),
        ("topic: toy\n", "toy.yaml:1: items: expected a list of items"),
        ("topic: toy\nitems: []\n", "toy.yaml:2: items: expected a list of items"),
        ("topic: toy\nitems:\n  a: {id: x}\n", "toy.yaml:3: items: expected a list of items"),
        ("items: 5\n", "toy.yaml:1: items: expected a list of items"),
    ],
)
def test_a_file_without_a_list_of_items_is_complained_about(toy, content, complaint):
    toy.write("items/toy.yaml", content)
    toy.write("sources.yaml", "{}\n")
    assert complaint in toy.complaints()
    assert all(c.startswith("toy.yaml:") for c in toy.complaints())


@pytest.mark.parametrize("topic", ["[a]", "{a: 1}", "true", "1.5"])
def test_a_topic_that_is_no_text_is_complained_about(toy, topic):
    line = toy.replace("items/toy.yaml", "topic: toy\n", f"\ntopic: {topic} # here\n")
    (complaint,) = toy.complaints()
    assert complaint.startswith(f"toy.yaml:{line}: topic: expected text")


# sources.yaml

BOOK = "{title: A Book, authors: A. Writer, year: 2020, url: 'https://example.org'}"
ROWS = "rows:\n  b.1: [gradient]\n  b.2: [gradient, descent]\n"
UNKNOWN = "unknown field; known here: "

# what stands there · what is put there · the field · the message
BROKEN_SOURCES = {
    "no title": ("title: A Book, ", "", "references.book.title", "is missing"),
    "an unknown field": ("A Book", "A, isbn: 1", "references.book.isbn", f"{UNKNOWN}authors, title, url, year"),
    "a year that is text": ("2020", "soon", "references.book.year", "year must be a whole number"),
    "a year that is a truth": ("2020", "true", "references.book.year", "year must be a whole number"),
    "a title that is a list": ("A Book", "[A]", "references.book.title", "expected text, found a list (quote it?)"),
    "a row that is a text": ("b.1: [gradient]", "b.1: gradient", "rows.b.1", "expected a list, found text"),
    "an unknown part": ("rows:\n", "lines: 1\nrows:\n", "lines", f"{UNKNOWN}references, rows"),
    "references that are a list": (f"\n  book: {BOOK}", " [{a: b}]", "references", "expected a mapping, found a list"),
    "references that are a number": (f"\n  book: {BOOK}", " 5", "references", "expected a mapping, found a number"),
    "a reference that is a text": (BOOK, "A Book", "references.book", "expected a mapping, found text"),
    "rows that are a list": (ROWS, "rows: [b]\n", "rows", "expected a mapping, found a list"),
}


@pytest.mark.parametrize("name", BROKEN_SOURCES)
def test_a_broken_list_of_sources_is_complained_about_with_line_and_field(toy, name):
    old, new, field, message = BROKEN_SOURCES[name]
    text = (toy.folder / "sources.yaml").read_text("utf-8")
    toy.replace("sources.yaml", old, new)
    # The line of what was replaced, or the one below the heading where the heading went with it.
    line = text[: text.index(old)].count("\n") + 1
    found = [c for c in toy.complaints() if c.startswith("sources.yaml:")]
    assert f"sources.yaml:{line}: {field}: {message}" in found
    # What is no longer there may be missed elsewhere; nothing else may be wrong.
    rest = [c for c in toy.complaints() if c not in found]
    assert all("'book' is not in sources.yaml" in c for c in rest)


def test_a_list_of_sources_that_is_not_yaml_is_one_complaint_of_its_own(toy):
    toy.write("sources.yaml", "references:\n  a: *b\n")
    complaints = toy.complaints()
    assert complaints[0] == "sources.yaml:2: file: aliases (*name) are not allowed"


@pytest.mark.parametrize("content", ["", "{}\n", "references:\nrows:\n"])
def test_sources_may_be_absent_for_items_that_cite_none(toy, content):
    toy.write("items/toy.yaml", "items:\n  - {id: x, status: draft, question: Why?, answer: So.}\n")
    toy.write("sources.yaml", content or "{}")
    assert toy.complaints() == []
    (toy.folder / "sources.yaml").unlink()
    assert toy.complaints() == []


# The error


@pytest.mark.parametrize(("wrong", "tail"), [(1, ""), (8, ""), (9, "; and 1 more"), (11, "; and 3 more")])
def test_an_error_names_the_first_eight_complaints_in_one_line_and_counts_the_rest(toy, wrong, tail):
    drafts = "".join(f"  - {{id: Bad-{n:02}, status: draft, question: Q, answer: A}}\n" for n in range(wrong))
    toy.write("items/toy.yaml", "items:\n" + drafts)
    toy.write("sources.yaml", "{}\n")
    with pytest.raises(CorpusError) as caught:
        load_corpus(toy.folder)
    said = str(caught.value)
    assert said.startswith("the corpus cannot be used: toy.yaml:2: items[0].id: 'Bad-00' is not kebab-case")
    assert said.count("toy.yaml:") == min(wrong, 8)
    last = said.rpartition("single hyphens)")[2]
    assert last == (f"{tail}: `interviewer corpus check` lists them" if tail else "")
    assert "\n" not in said


def test_an_id_with_line_ends_and_colours_does_not_reach_the_message(toy):
    toy.write("items/toy.yaml", 'items:\n  - {id: "a\\nb\\e[31m", status: draft, question: Q, answer: A}\n')
    toy.write("sources.yaml", "{}\n")
    with pytest.raises(CorpusError) as caught:
        load_corpus(toy.folder)
    assert str(caught.value).isprintable()


def test_without_a_folder_the_shipped_corpus_is_meant():
    assert (shipped_folder() / "items").is_dir()
    assert load_corpus().hash == load_corpus(shipped_folder()).hash
