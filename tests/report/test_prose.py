"""Hostile words stay words: in HTML, in formulae and in Markdown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from interviewer.report import prose

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "![x](https://evil.example/pixel.png)",
    "](javascript:alert(1))",
    "[a]: javascript:alert(1)",
    "<javascript:alert(1)>",
    "<https://evil.example>",
    "https://evil.example www.evil.example",
    "# heading",
    "heading\n===",
    "heading\n---",
    "---",
    "***",
    "- item",
    "+ item",
    "1. item",
    "2) item",
    "> quote",
    "    code block",
    "\tcode block",
    "```\nfence",
    "~~~\nfence",
    "`code`",
    "| a | b |\n| - | - |\n| 1 | 2 |",
    "a | b\n-|-",
    "$x$ and $$y$$",
    "$$\ny\n$$",
    "*em* **strong** _em_ __strong__ ~~gone~~",
    "&lt;b&gt; &#60;i&#62;",
    "back\\slash\\",
    "line one\nline two\n\nline four",
    "<!-- comment",
    "<details>",
]


def loose_markdown():
    """A reader of Markdown that believes everything: HTML, tables, strike-through, formulae, any link."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    parser.validateLink = lambda url: True
    dollarmath_plugin(parser, double_inline=True)
    return parser


def kinds(markdown):
    """Types of everything that is more than words in a quotation."""
    env = {}
    tokens = loose_markdown().parse(markdown, env)
    plain = {"inline", "text", "softbreak", "hardbreak", "text_special"}
    plain |= {f"{name}_{end}" for name in ("paragraph", "blockquote") for end in ("open", "close")}
    found = {t.type for outer in tokens for t in (outer, *(outer.children or ()))} - plain
    return found | ({"references"} if env.get("references") else set())


def words_of(markdown):
    tokens = loose_markdown().parse(markdown)
    inner = [c for t in tokens for c in t.children or ()]
    return "".join("\n" if c.type.endswith("break") else c.content for c in inner)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_candidates_words_are_only_words_in_markdown(text):
    assert kinds(str(prose.quoted(text))) == set()
    assert kinds(str(prose.escaped(text))) == set()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_candidates_words_read_the_same_after_markdown(text):
    assert words_of(str(prose.escaped(text))) == " ".join(text.split())


@given(st.text(alphabet="\\`*_{}[]()<>#+-.!|~$&:;=/@^\"' \t\n\r0a1本\u202e\u200b", max_size=40))
def test_no_mix_of_marks_escapes(text):
    assert kinds(str(prose.quoted(text))) == set()
    assert kinds(f"1. **x**: {prose.escaped(text)}") <= {
        "ordered_list_open", "ordered_list_close", "list_item_open", "list_item_close", "strong_open", "strong_close"
    }  # fmt: skip


def test_typed_code_keeps_its_indentation_in_a_quotation():
    assert str(prose.quoted("if x:\n    y")) == "> if x:  \n> \u00a0\u00a0\u00a0\u00a0y  "


def test_characters_that_turn_text_around_are_dropped_from_markdown():
    assert str(prose.escaped("a\u202eb\u2066c")) == "abc"


def test_only_web_addresses_are_linked():
    assert prose.is_web_address("https://example.org/x")
    assert prose.is_web_address("HTTP://example.org")
    for url in ("", "javascript:alert(1)", "data:text/html,x", "//example.org", "file:///etc/passwd", "http://", "x"):
        assert not prose.is_web_address(url)
    assert not prose.is_web_address("http://[broken")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_markdown_of_a_corpus_makes_no_element_that_does_anything(kit, text):
    tree = kit.parse(prose.block_html(text) + prose.inline_html(text))
    assert not {n.tag for n in tree.all()} & {"script", "img", "iframe", "details", "object", "form", "style"}
    for node in tree.all():
        assert not any(name.startswith("on") for name in node.attrs)
    assert all(a.attrs["href"].startswith("http") for a in tree.all("a"))


def test_a_model_answer_is_markdown_with_formulae(kit):
    tree = kit.parse(prose.block_html("**bold** and $x^2$\n\n$$\\frac{1}{2}$$\n\n| a | b |\n|---|---|\n| 1 | 2 |"))
    assert tree.all("strong")[0].text() == "bold"
    assert [m.attrs["display"] for m in tree.all("math")] == ["inline", "block"]
    assert tree.all("mfrac") and tree.all("table")


def test_a_display_formula_inside_a_paragraph_does_not_break_it(kit):
    tree = kit.parse(prose.block_html("before $$x$$ after"))
    (paragraph,) = tree.all("p")
    assert paragraph.all("math") and not paragraph.all("div")


def test_a_link_to_the_web_opens_elsewhere_and_tells_nobody(kit):
    (link,) = kit.parse(prose.block_html("[x](https://example.org/?a=1&b=2)")).all("a")
    assert link.attrs["href"] == "https://example.org/?a=1&b=2"
    assert link.attrs["rel"] == "noopener noreferrer"


def test_other_fields_know_only_code_and_formulae(kit):
    tree = kit.parse(
        prose.inline_html("16*7*7 and __init__ in `x*y` with $a_1$ for $5 and $6 [x](https://example.org)")
    )
    assert [n.tag for n in tree.all() if not n.tag.startswith("m")] == ["code", "span"]
    assert "16*7*7 and __init__ in x*y with" in tree.text()
    assert "for $5 and $6 [x](https://example.org)" in tree.text()


@pytest.mark.parametrize(
    "tex", [r"\begin{x}", "x^", r"\left(", "", r"\unknowncommand x", "{" * 1500, "x" * 5000, r"\def\a{\a}\a"]
)
def test_a_formula_that_cannot_be_converted_is_shown_as_code(kit, tex):
    tree = kit.parse(prose.formula(tex))
    assert [n.tag for n in tree.children] == ["code"]
    assert tree.text() == tex


@pytest.mark.parametrize(
    "tex",
    [
        r"\text{<img src=x onerror=alert(1)>}",
        r"\text{&lt;script&gt;}",
        r"\href{javascript:alert(1)}{x}",
        r"\style{background:url(http://evil.example)}{x}",
        r"\class{a}{x}",
        r"\color{red\" onclick=\"alert(1)}{x}",
        "<script>",
        "a & b",
    ],
)
def test_a_formula_cannot_smuggle_html(kit, tex):
    tree = kit.parse(prose.formula(tex))
    assert {n.tag for n in tree.all()} <= {"math", "mrow", "mi", "mo", "mn", "mtext", "mstyle", "mspace", "code"}
    assert {name for n in tree.all() for name in n.attrs} <= {"display", "mathcolor", "width"}
    assert "onclick" not in str([n.attrs for n in tree.all()])


def test_a_good_model_answer_goes_into_markdown_as_it_is():
    text = "1. **bold** $x<y$\n\n```python\nif x: pass\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    expected = "\n".join(f"> {line}".rstrip() for line in text.splitlines())
    assert str(prose.block_markdown(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "a <b onclick=alert(1)>b</b>",
        "$<img src=x onerror=alert(1)>$",
        "![x](https://evil.example/p.png)",
        "[x](javascript:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](/local)",
        "<javascript:alert(1)>",
        "[x]: javascript:alert(1)\n\n[x]",
    ],
)
def test_a_model_answer_that_holds_more_than_prose_is_shown_as_words(text):
    assert kinds(str(prose.block_markdown(text))) == set()


def test_an_open_fence_ends_with_its_quotation():
    markdown = str(prose.block_markdown("```\nopen")) + "\n\n# after"
    assert "heading_open" in kinds(markdown)


def test_a_line_of_the_corpus_keeps_code_and_formulae_in_markdown():
    assert str(prose.line_markdown("16*7*7 `a*b` $x_1$")) == r"16\*7\*7 `a*b` $x_1$"
    assert str(prose.line_markdown("")) == ""
    assert str(prose.line_markdown("a `b")) == r"a \`b"
    assert kinds(str(prose.line_markdown("$<b>x</b>$"))) == set()
    assert str(prose.line_markdown("``a`b``")) == r"\`\`a\`b\`\`"


def test_an_address_cannot_end_its_link():
    assert str(prose.address("https://example.org/a)b<c> d")) == "<https://example.org/a%29b%3Cc%3E%20d>"


def test_code_in_markdown_cannot_end_early():
    assert str(prose.code_markdown("a`b\nc")) == "`ab c`"


def test_control_characters_are_replaced_one_for_one():
    assert prose.visible("a\x00b\x1b[31mc\n\td") == "a\ufffdb\ufffd[31mc\n\td"
