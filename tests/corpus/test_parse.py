"""Reading an item: lenient where a teacher's rubric needs it, and a complaint for whatever does not fit."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interviewer.corpus import load_corpus
from interviewer.corpus.check import item_findings
from interviewer.corpus.parse import MAX_TEXT, Parser
from interviewer.schema import Bilingual, Citation, Erratum, KeyPoint, Wordings


@pytest.fixture
def parser():
    return Parser()


AT = ("here",)


# What is taken as it is meant


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("  梯度 \n", "梯度"),
        ("\u3000梯度\u3000", "梯度"),
        (42, "42"),
        (date(2026, 11, 21), "2026-11-21"),
        ("", ""),
        ("🙂\0", "🙂\0"),
    ],
)
def test_texts_are_stripped_and_whole_numbers_and_dates_are_texts(parser, value, text):
    assert parser.string(value, AT) == text
    assert parser.complaints == []


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (True, "true/false"),
        ([], "a list"),
        ({}, "a mapping"),
        (3.1, "a number"),
        (float("nan"), "a number"),
    ],
)
def test_what_is_no_text_is_complained_about(parser, value, found):
    # A float among them: section 3.10 would be read as 3.1.
    assert parser.string(value, AT) == ""
    assert parser.complaints == [(AT, f"expected text, found {found} (quote it?)")]


def test_a_text_of_the_greatest_length_is_taken_and_a_longer_one_cut(parser):
    assert parser.string("字" * MAX_TEXT, AT) == "字" * MAX_TEXT
    assert parser.complaints == []
    assert parser.string("字" * 100_000, AT) == "字" * MAX_TEXT
    assert parser.complaints == [(AT, "longer than 20000 characters")]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"zh": "梯度", "en": "gradient"}, Bilingual("梯度", "gradient")),
        ({"zh": "梯度"}, Bilingual("梯度", "")),
        ("梯度", Bilingual("梯度", "")),
        ("用 Adam 优化", Bilingual("用 Adam 优化", "")),
        ("gradient", Bilingual("", "gradient")),
        ("42", Bilingual("", "42")),  # no letters to tell by
        (None, Bilingual()),
        ({}, Bilingual()),
    ],
)
def test_a_plain_text_stands_for_the_language_it_is_in(parser, value, expected):
    assert parser.bilingual(value, AT) == expected
    assert parser.complaints == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, Wordings()),
        ({"zh": ["一", "二"], "en": ["one"]}, Wordings(("一", "二"), ("one",))),
        ({"en": ["one", "", None]}, Wordings((), ("one",))),
        (["斜率", "slope", "用 SGD 走", "", "42"], Wordings(("斜率", "用 SGD 走"), ("slope", "42"))),
        ([], Wordings()),
    ],
)
def test_a_plain_list_of_wordings_is_sorted_by_language(parser, value, expected):
    assert parser.wordings(value, AT) == expected
    assert parser.complaints == []


@given(st.lists(st.text(max_size=8)))
def test_no_wording_of_a_plain_list_is_lost_or_given_to_both_languages(texts):
    read = Parser().wordings(texts, AT)
    assert sorted([*read.zh, *read.en]) == sorted(t.strip() for t in texts if t.strip())


def test_a_key_point_may_be_only_its_text_and_is_then_numbered(parser):
    assert parser.point("它是向量", ("key_points", 0)) == KeyPoint("p1", Bilingual("它是向量", ""))
    assert parser.point({"text": "a vector"}, ("key_points", 4)) == KeyPoint("p5", Bilingual("", "a vector"), 1.0)
    assert parser.complaints == []


@pytest.mark.parametrize("weight", [0.5, 1, 10])
def test_a_weight_is_a_positive_number_up_to_ten(parser, weight):
    point = parser.point({"id": "a", "text": "x", "weight": weight}, ("p", 0))
    assert (point.weight, type(point.weight)) == (weight, float)
    assert parser.complaints == []


@pytest.mark.parametrize("weight", [0, -1, 10.5, float("nan"), float("inf"), "2", True, None, [1]])
def test_any_other_weight_counts_as_one_and_is_complained_about(parser, weight):
    assert parser.point({"id": "a", "text": "x", "weight": weight}, ("p", 0)).weight == 1
    assert parser.complaints == [(("p", 0, "weight"), "weight must be a number above 0, at most 10")]


def test_a_citation_may_be_only_its_key(parser):
    assert parser.citation("book", AT) == Citation("book", "")
    assert parser.citation({"ref": "book", "at": 3}, AT) == Citation("book", "3")
    assert parser.complaints == []


def test_an_erratum_has_its_source_and_both_languages(parser):
    read = parser.erratum({"source": "book", "zh": "错", "en": "wrong"}, AT)
    assert read == Erratum("book", Bilingual("错", "wrong"))


@pytest.mark.parametrize("value", [None, 3])
def test_a_level_is_one_of_five(parser, value):
    assert parser.one_of(value, AT, (1, 2, 3, 4, 5), 2) == (value or 2)
    assert parser.complaints == []


def test_a_level_written_with_a_point_is_a_whole_number_all_the_same(parser):
    assert isinstance(parser.one_of(3.0, AT, (1, 2, 3, 4, 5), 2), int)


@pytest.mark.parametrize("value", [0, 6, True, "3", 2.5, [3], {"a": 1}])
def test_any_other_level_is_the_default_with_a_complaint(parser, value):
    assert parser.one_of(value, AT, (1, 2, 3, 4, 5), 2) == 2
    assert parser.complaints == [(AT, f"{value!r} is not one of 1, 2, 3, 4, 5")]


def test_an_open_mapping_takes_any_keys_and_may_be_absent(parser):
    assert parser.open_mapping(None, AT) == {}
    assert parser.open_mapping({"any": 1, "度": 2}, AT) == {"any": 1, "度": 2}
    assert parser.complaints == []
    for wrong in ([{"a": 1}], 5, "x"):
        assert parser.open_mapping(wrong, AT) == {}
    assert [m for _, m in parser.complaints] == [
        "expected a mapping, found a list",
        "expected a mapping, found a number",
        "expected a mapping, found text",
    ]


# Complaints of the parser, with the right place, in a file

BROKEN = {
    "an unknown field of a file": (
        "topic: toy\n",
        "topic: toy\nauthor: me # here\n",
        "author",
        "unknown field; known here: items, overview, title, topic",
    ),
    "an unknown field of an item": (
        "    level: 2\n",
        "    lvl: 2 # here\n",
        "gradient.lvl",
        "unknown field; known here: answer, as_of, code,",
    ),
    "an unknown field of a point": (
        "        weight: 2\n",
        "        wieght: 2 # here\n",
        "gradient.key_points[0].wieght",
        "unknown field; known here: also, generated, hint, id, not, probe, proposed, text, weight",
    ),
    "a third language": (
        "      en: What is a gradient?\n",
        "      en: What is a gradient?\n      fr: Quoi # here\n",
        "gradient.question.fr",
        "unknown field; known here: en, zh",
    ),
    "an unknown kind": (
        "    kind: concept\n",
        "    kind: riddle # here\n",
        "gradient.kind",
        "'riddle' is not one of concept, comparison, derivation, calculation, coding, experience",
    ),
    "a level too high": ("    level: 2\n", "    level: 6 # here\n", "gradient.level", "6 is not one of 1, 2, 3, 4, 5"),
    "an unknown status": (
        "    status: draft\n",
        "    status: draft\n    kind: true # here\n",
        "descent.kind",
        "True is not one of concept",
    ),
    "a weight that is text": (
        "        weight: 2\n",
        "        weight: heavy # here\n",
        "gradient.key_points[0].weight",
        "weight must be a number above 0, at most 10",
    ),
    "a list for a text": (
        "    answer: Follow the negative gradient.\n",
        "    answer: [Follow, it] # here\n    key_points: [x]\n",
        "descent.answer",
        "expected text, found a list (quote it?)",
    ),
    "a truth for a text": (
        "    answer: Follow the negative gradient.\n",
        "    answer: yes # here\n    key_points: [x]\n",
        "descent.answer",
        "expected text, found true/false (quote it?)",
    ),
    "a section that is a number": (
        "{ref: book, at: §1}",
        "{ref: book, at: 3.10} # here\n           ",
        "gradient.sources[0].at",
        "expected text, found a number (quote it?)",
    ),
    "a text for a list": (
        "    requires: [gradient]\n",
        "    requires: gradient # here\n",
        "descent.requires",
        "expected a list, found text",
    ),
    "a mapping for a list": (
        "    requires: [gradient]\n",
        "    requires: {gradient: 1} # here\n",
        "descent.requires",
        "expected a list, found a mapping",
    ),
    "a point that is a number": (
        "    answer: Follow the negative gradient.\n",
        "    answer: Follow it.\n    key_points: [down, {text: hill}, {id: a, text: x, hint: 1.5}] # here\n",
        "descent.key_points[2].hint",
        "expected text, found a number",
    ),
    "a misconception that is a text": (
        "    status: draft\n",
        "    status: draft\n    misconceptions: [It climbs.] # here\n",
        "descent.misconceptions[0]",
        "expected a mapping, found text",
    ),
    "an erratum that is nothing": (
        "    sources: [book]\n",
        "    sources: [book, {ref: book, page: 3}] # here\n",
        "descent.sources[1].page",
        "unknown field; known here: at, ref",
    ),
    "a text too long": (
        "    answer: Follow the negative gradient.\n",
        f"    answer: {'long ' * 5000} # here\n",
        "descent.answer",
        "longer than 20000 characters",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_does_not_fit_is_one_complaint_with_file_line_and_field(toy, name):
    old, new, field, message = BROKEN[name]
    line = toy.replace("items/toy.yaml", old, new)
    complaints = toy.complaints()
    assert line > 0
    assert len(complaints) == 1, complaints
    assert complaints[0].startswith(f"toy.yaml:{line}: {field}: {message}")


@pytest.mark.parametrize("entry", ["just text", "[1, 2]", "~", "3"])
def test_an_item_that_is_no_mapping_is_named_by_its_place(toy, entry):
    toy.write("items/toy.yaml", f"items:\n  - {entry}\n")
    toy.write("sources.yaml", "{}\n")
    complaints = toy.complaints()
    assert complaints[0].startswith("toy.yaml:2: items[0]: expected a mapping, found ")
    assert all(c.startswith("toy.yaml:2: items[0]") for c in complaints)


def test_a_teachers_rubric_is_a_draft_with_plain_texts(toy):
    toy.write(
        "items/toy.yaml",
        "items:\n  - id: q1\n    status: draft\n    question: 什么是过拟合？\n"
        "    key_points: [训练误差小而测试误差大, {text: too much capacity, weight: 2, also: [容量太大, too big]}]\n",
    )
    toy.write("sources.yaml", "{}\n")
    item = load_corpus(toy.folder).item("q1")
    assert (item.topic, item.status, item.level, item.kind) == ("toy", "draft", 2, "concept")
    assert item.question == Bilingual("什么是过拟合？", "")
    assert item.key_points == (
        KeyPoint("p1", Bilingual("训练误差小而测试误差大", "")),
        KeyPoint("p2", Bilingual("", "too much capacity"), 2.0, Wordings(("容量太大",), ("too big",))),
    )


ANYTHING = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.dates(), st.binary(max_size=3), st.text(max_size=5)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                "id kind level question intent key_points misconceptions answer code requires sources errata status "
                "as_of weight text also not probe hint zh en contradicts correction ref at source other".split()
            ),
            inner,
            max_size=6,
        ),
    ),
    max_leaves=20,
)


@given(ANYTHING)
def test_any_data_is_an_item_or_a_complaint_and_never_an_exception(value):
    parser = Parser()
    item, links = parser.item(value, ("items", 0), "toy")
    assert all(path[:2] == ("items", 0) and message for path, message in parser.complaints)
    assert all(isinstance(link, str) for link in links)
    assert all(message for _, message in item_findings(item))
    # What could not be read is never silently a whole item.
    assert parser.complaints or isinstance(value, dict)
