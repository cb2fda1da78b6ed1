"""Each rule of the corpus broken once: exactly one complaint, with the right file, line and field."""

import pytest

from interviewer.corpus import Complaint, check_folders
from interviewer.corpus.check import field_name

TOY = "toy.yaml"
POINT = "gradient.key_points[0]"
EN_TEXT = "          en: The gradient is the vector of partial derivatives.\n"


def test_the_corpus_to_be_broken_is_whole(toy):
    corpus, complaints = check_folders(toy.folder)
    assert complaints == []
    assert list(corpus.items) == ["gradient", "descent"]


# what stands there · what is put there, the line complained about marked · the field · the message
BROKEN_ITEMS = {
    # An item by itself
    "an id in capitals": (
        "  - id: descent\n",
        "  - id: Descent # here\n",
        "items[1].id",
        "'Descent' is not kebab-case (small letters, digits, single hyphens)",
    ),
    "an id in Chinese": ("- id: descent\n", "- id: 下降 # here\n", "items[1].id", "'下降' is not kebab-case (small"),
    "no id": (
        "  - id: descent\n    status: draft\n",
        "  - status: draft # here\n",
        "items[1].id",
        "'' is not kebab-case (small",
    ),
    "an id used twice": ("id: descent\n", "id: gradient # here\n", "gradient.id", "'gradient' is already used in toy"),
    "a point's id used twice": (
        "      - id: zero-at-minimum\n",
        "      - id: vector # here\n",
        "gradient.key_points[2].id",
        "'vector' is used twice",
    ),
    "a point's id with a space": (
        "- id: zero-at-minimum\n",
        "- id: zero at minimum # here\n",
        "gradient.key_points[2].id",
        "'zero at minimum' is not kebab-case",
    ),
    "a question in one language": (
        "      zh: 什么是梯度？\n      en: What is a gradient?\n",
        "      en: What is a gradient? # here\n",
        "gradient.question.zh",
        "is missing",
    ),
    "no intent": (
        "    intent: {zh: 是否理解梯度。, en: Whether",
        "    intent: {zh: 是否理解梯度。} # here Whether",
        "gradient.intent.en",
        "is missing",
    ),
    "Chinese where English belongs": (
        EN_TEXT,
        "          en: 梯度是各个偏导数组成的向量。 # here\n",
        f"{POINT}.text.en",
        "is not English",
    ),
    "English where Chinese belongs": (
        "          zh: 梯度是各个偏导数组成的向量。\n",
        "          zh: a vector of the slopes # here\n",
        f"{POINT}.text.zh",
        "is not Chinese",
    ),
    "no wording in English": (
        "          en: [all the slopes in one list, every direction gets its own slope]\n",
        "          en: [] # here\n",
        f"{POINT}.also.en",
        "0 wordings; at least 1",
    ),
    "no wrong wording in Chinese": (
        "          zh: [它只是一个数字]\n",
        "          zh: [] # here\n",
        f"{POINT}.not.zh",
        "0 wordings; at least 1",
    ),
    "a wording that differs only in case and width": (
        "          en: [all the slopes in one list, every direction gets its own slope]\n",
        "          en: [all the slopes, ＡＬＬ the Slopes] # here\n",
        f"{POINT}.also.en",
        "a wording is repeated",
    ),
    "the same wording as right and as wrong": (
        "          en: [it is a single number]\n",
        "          en: [All the slopes in one list] # here\n",
        f"{POINT}.not.en",
        "the same wording is given as right and as wrong",
    ),
    # The point's terms are gradient, vector, partial, deriv; 3 of 4 are in the probe, more than 60 %.
    "a probe that gives the point away": (
        "probe: {zh: 它由什么构成？, en: What is it made of?}\n",
        "probe: {zh: 它由什么构成？, en: Is it a vector of partial derivatives?} # here\n",
        f"{POINT}.probe.en",
        "gives away its key point: most of the point's words are in it",
    ),
    "a hint that gives the point away in Chinese": (
        "hint: {zh: 每次只看一个变量。, en: Look at one",
        "hint: {zh: 各个偏导数组成的向量。, # here\n          en: Look at one",
        f"{POINT}.hint.zh",
        "gives away its key point",
    ),
    "no misconception": (
        "    misconceptions:\n      - text: {zh: 梯度指向最小值。, en: The gradient points to the minimum.}\n"
        "        correction: {zh: 它只说局部。, en: It only speaks of here and now.}\n"
        "        contradicts: [steepest]\n",
        "    misconceptions: [] # here\n",
        "gradient.misconceptions",
        "0 misconceptions; 1 to 3 are wanted",
    ),
    "a misconception without a correction": (
        "        correction: {zh: 它只说局部。, en: It only",
        "        correction: {zh: 它只说局部。} # here It only",
        "gradient.misconceptions[0].correction.en",
        "is missing",
    ),
    "a misconception that denies nothing": (
        "        contradicts: [steepest]\n",
        "        contradicts: [] # here\n",
        "gradient.misconceptions[0].contradicts",
        "names no key point",
    ),
    "a misconception that denies an unknown point": (
        "        contradicts: [steepest]\n",
        "        contradicts: [steepest, flattest] # here\n",
        "gradient.misconceptions[0].contradicts",
        "'flattest' is no key point of this item",
    ),
    "no source": ("    sources: [{ref: book, at: §1}]\n", "    sources: [] # here\n", "gradient.sources", "no source"),
    "an erratum in one language": (
        "    errata: [{source: book, zh: 符号写反了。, en: The sign was wrong.}]\n",
        "    errata: [{source: book, en: The sign was wrong.}] # here\n",
        "gradient.errata[0].zh",
        "is missing",
    ),
    # Drafts
    "a draft without a question": (
        "    question: What is gradient descent?\n",
        "    question: '' # here\n",
        "descent.question",
        "a draft needs a question in one language",
    ),
    "a draft with nothing to grade by": (
        "  - id: descent\n    status: draft\n    question: What is gradient descent?\n"
        "    answer: Follow the negative gradient.\n",
        "  - id: descent # here\n    status: draft\n    question: What is gradient descent?\n",
        "descent.key_points",
        "a draft needs key points or an answer",
    ),
    "a draft with an empty point": (
        "    answer: Follow the negative gradient.\n",
        "    key_points: ['', go downhill] # here\n",
        "descent.key_points[0].text",
        "is empty",
    ),
    # Between items
    "an unknown requirement": (
        "    requires: [gradient]\n",
        "    requires:\n      - gradient\n      - slope # here\n",
        "descent.requires[1]",
        "'slope' is no item",
    ),
    "a requirement of itself": (
        "    requires: [gradient]\n",
        "    requires: [descent] # here\n",
        "descent.requires",
        "goes round in a circle: descent → descent",
    ),
    "a circle": (
        "    requires: []\n",
        "    requires: [descent] # here\n",
        "gradient.requires",
        "goes round in a circle: gradient → descent → gradient",
    ),
    "an unknown source": (
        "    sources: [book]\n",
        "    sources: [book, film] # here\n",
        "descent.sources[1]",
        "'film' is not in sources.yaml",
    ),
    "an erratum of an unknown source": (
        "errata: [{source: book, zh",
        "errata: [{source: film, # here\n      zh",
        "gradient.errata[0]",
        "'film' is not in sources.yaml",
    ),
    # Code links
    "a link without a symbol": (
        "['toy.py::Net.forward']",
        "[toy.py] # here",
        "gradient.code[0]",
        "code link 'toy.py' is not of the form file.py::symbol",
    ),
    "a link to no file": (
        "['toy.py::Net.forward']",
        "['net.py::Net'] # here",
        "gradient.code[0]",
        "code file net.py does not exist in code/",
    ),
    "a link to no symbol": (
        "['toy.py::Net.forward']",
        "['toy.py::Net.back'] # here",
        "gradient.code[0]",
        "toy.py has no symbol Net.back",
    ),
}


@pytest.mark.parametrize("name", BROKEN_ITEMS)
def test_a_broken_rule_is_one_complaint_with_file_line_and_field(toy, name):
    old, new, field, message = BROKEN_ITEMS[name]
    line = toy.replace("items/toy.yaml", old, new)
    # Sources.yaml refers to "descent", so a draft that lost its id is complained about there as well.
    complaints = [c for c in toy.complaints() if not (c.startswith("sources.yaml:5: rows.b.2: 'descent'"))]
    assert line > 0
    assert len(complaints) == 1, complaints
    assert complaints[0].startswith(f"{TOY}:{line}: {field}: {message}")


@pytest.mark.parametrize(("kept", "said"), [(2, "2 key points; 3 to 6 are wanted"), (7, "7 key points; 3 to 6")])
def test_three_to_six_key_points_are_wanted(toy, kept, said):
    path = toy.folder / "items/toy.yaml"
    head, rest = path.read_text("utf-8").split("    key_points:\n")
    points, tail = rest.split("    misconceptions:\n")
    each = ["      - id:" + p for p in points.split("      - id:")[1:]]
    # From the front, so that the misconception's point stays; more are copies under other ids.
    more = [each[2].replace("zero-at-minimum", f"copy-{n}") for n in range(kept - 3)]
    toy.write("items/toy.yaml", f"{head}    key_points:\n{''.join([*each[:kept], *more])}    misconceptions:\n{tail}")
    assert [c for c in toy.complaints() if not c.startswith(f"{TOY}:13: gradient.key_points: {said}")] == []
    assert len(toy.complaints()) == 1


def test_more_than_three_misconceptions_are_too_many(toy):
    text = (toy.folder / "items/toy.yaml").read_text("utf-8")
    start, end = text.index("      - text: {zh: 梯度指向"), text.index("    answer: {zh")
    toy.write("items/toy.yaml", text[:end] + 3 * text[start:end] + text[end:])
    line = text[:start].count("\n") + 1  # a list stands where its first element does
    assert toy.complaints() == [f"{TOY}:{line}: gradient.misconceptions: 4 misconceptions; 1 to 3 are wanted"]


def test_a_row_that_names_no_item_is_complained_about_on_its_own_line(toy):
    line = toy.replace("sources.yaml", "  b.2: [gradient, descent]", "  b.2: [gradient, ascent] # here")
    assert toy.complaints() == [f"sources.yaml:{line}: rows.b.2: 'ascent' is no item"]


def test_all_complaints_come_at_once_in_the_order_of_the_files(toy):
    toy.replace("items/toy.yaml", "    sources: [book]\n", "    sources: [film]\n")
    toy.replace("items/toy.yaml", "    code: ['toy.py::Net.forward']\n", "    code: [x]\n")
    toy.replace("sources.yaml", "b.1: [gradient]", "b.1: [ascent]")
    files = [(c.file, c.line) for c in check_folders(toy.folder)[1]]
    assert len(files) == 3
    assert files == sorted(files)
    assert [f for f, _ in files] == ["sources.yaml", TOY, TOY]


def test_two_items_without_ids_are_each_checked(toy):
    toy.replace(
        "items/toy.yaml",
        "  - id: descent\n",
        "  - {status: draft, question: Why?, answer: Because., sources: [film]}\n  - id: descent\n",
    )
    toy.replace("items/toy.yaml", "  - id: descent\n    status", "  - status")
    said = [c.split(": ")[1] for c in toy.complaints()]
    assert said == ["rows.b.2", "items[1].id", "items[2].id"]


def test_circles_far_down_a_long_chain_are_found_without_overflow(toy):
    # 3,000 drafts, each requiring the next; the last requires the one before it.
    size = 3000
    drafts = [
        f"  - {{id: i-{n}, status: draft, question: Q, answer: A, requires: [i-{n + 1 if n < size - 1 else n - 1}]}}\n"
        for n in range(size)
    ]
    toy.write("items/toy.yaml", "items:\n" + "".join(drafts))
    toy.write("sources.yaml", "{}\n")
    # The circle is found at its first item in file order; item n stands on line n + 2.
    assert toy.complaints() == [
        f"{TOY}:{size}: i-{size - 2}.requires: goes round in a circle: i-{size - 2} → i-{size - 1} → i-{size - 2}"
    ]


def test_each_of_several_circles_is_named_once(toy):
    wants = {"a": "b", "b": "a", "c": "d", "d": "e", "e": "c", "f": "a", "g": "c"}
    toy.write(
        "items/toy.yaml",
        "items:\n"
        + "".join(
            f"  - {{id: {k}, status: draft, question: Q, answer: A, requires: [{v}]}}\n" for k, v in wants.items()
        ),
    )
    toy.write("sources.yaml", "{}\n")
    assert [c.split(": ", 3)[-1] for c in toy.complaints()] == ["a → b → a", "c → d → e → c"]


def test_a_diamond_is_no_circle(toy):
    wants = {"a": "b, c", "b": "d", "c": "d", "d": ""}
    toy.write(
        "items/toy.yaml",
        "items:\n"
        + "".join(
            f"  - {{id: {k}, status: draft, question: Q, answer: A, requires: [{v}]}}\n" for k, v in wants.items()
        ),
    )
    toy.write("sources.yaml", "{}\n")
    assert toy.complaints() == []


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ((), "file"),
        (("key_points", 2, "probe", "zh"), "key_points[2].probe.zh"),
        (("items", 0), "items[0]"),
        (("rows", "d2.10"), "rows.d2.10"),
    ],
)
def test_a_field_is_named_as_one_would_write_it(path, name):
    assert field_name(path) == name


def test_complaints_sort_by_line_as_a_number():
    late, early = Complaint("a.yaml", 10, "x", "m"), Complaint("a.yaml", 9, "x", "m")
    assert sorted([late, early]) == [early, late]
    assert str(early) == "a.yaml:9: x: m"
