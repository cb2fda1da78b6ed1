"""The pages: complete, well formed, self-contained, and deaf to what is typed into them."""

import re

import pytest
from markdown_it import MarkdownIt

from interviewer.report import question_card_html, to_fragment, to_html, to_markdown
from interviewer.report.listing import anchor_of, run_command
from interviewer.report.view import moment
from interviewer.schema import Bilingual, Citation, CodeRef, Exchange, KeyPoint, PointResult, Reference, Span, Turn

HOSTILE = (
    '<script>alert(1)</script> "><img src=x onerror=alert(1)> [x](javascript:alert(1)) `tick` | cell | $$x$$\n'
    "# heading\n```\nfence\n\u202eright to left\u200bzero width مرحبا \x00\x07"
)


def code_url(ref):
    return f"/code?file={ref.file}&line={ref.line}"


def page_of(kit, tmp_path, language="en"):
    corpus, debrief = kit.full(tmp_path, language)
    return kit.parse(to_html(debrief, corpus))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_page_says_its_language_and_forbids_all_loading(kit, tmp_path, language):
    page = page_of(kit, tmp_path, language)
    assert page.all("html")[0].attrs["lang"].startswith(language)
    (policy,) = [m.attrs["content"] for m in page.all("meta") if "http-equiv" in m.attrs]
    assert "default-src 'none'" in policy and "style-src 'unsafe-inline'" in policy and "img-src data:" in policy
    assert not page.all("script") and not page.all("link") and not page.all("img")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_page_refers_to_nothing_outside_but_its_sources(kit, tmp_path, language):
    corpus, debrief = kit.full(tmp_path, language)
    for text in (to_html(debrief, corpus), to_fragment(debrief, corpus, code_url)):
        assert not re.search(r"@import|url\(|\bsrc=|srcset=|javascript:|\son\w+=", text)
        outside = re.findall(r"https?://[^\s\"'<]+", text.replace('xmlns="http://www.w3.org/2000/svg"', ""))
        assert outside == ["https://example.org/a?b=1&amp;c=2"]


def test_ids_are_unique_and_every_link_inside_the_page_arrives(kit, tmp_path):
    page = page_of(kit, tmp_path)
    ids = [n.attrs["id"] for n in page.all() if "id" in n.attrs]
    assert len(ids) == len(set(ids))
    inside = [a.attrs["href"][1:] for a in page.all("a") if a.attrs["href"].startswith("#")]
    assert inside and set(inside) <= set(ids)


def test_the_page_prints_and_follows_the_devices_colours(kit, tmp_path):
    style = "".join(n.text(()) for n in page_of(kit, tmp_path).all("style"))
    assert "@media print" in style and "prefers-color-scheme: dark" in style
    assert style.count("{") == style.count("}")


def test_the_overall_score_stands_at_the_top(kit, tmp_path):
    page = page_of(kit, tmp_path)
    # (40 + 90 + 0) / 3 = 43.3; the unscored question is left out
    assert page.all("p", "total")[0].all("strong")[0].text() == "43.3"
    assert "not yet been calibrated against human markers" in page.text()


def test_topics_stand_in_a_table_beside_the_chart(kit, tmp_path):
    page = page_of(kit, tmp_path)
    rows = [[c.text() for c in row.children if not isinstance(c, str)] for row in page.all("tbody")[0].all("tr")]
    assert rows == [["Topic a", "40", "1"], ["Topic b", "90", "1"], ["Topic c", "0", "1"]]
    assert len(page.all("svg")) == 2  # bars, and a radar of three topics


def test_a_question_shows_what_was_found_about_it(kit, tmp_path):
    card = page_of(kit, tmp_path).all("article")[0]
    text = card.text()
    assert "Question 1 · Topic a · Level 3 · solid engineer" in text
    assert card.all("p", "score")[0].text() == "40 weak interval 30–50"
    for said in (
        "It lists terms without explaining them.",
        "A hint was given",
        "have a person look at it",
        "Reply to follow-up 1",
    ):
        assert said in text


def test_evidence_is_marked_in_the_candidates_own_words(kit, tmp_path):
    first, second = page_of(kit, tmp_path).all("article")[0].all("blockquote")
    assert (first.text(), second.text()) == ("甲乙。", "丙丁。")
    marks = [(m.text(), m.attrs["class"], m.attrs.get("data-points")) for m in first.all("mark") + second.all("mark")]
    # "丙丁" is evidence for the contradicted third point and inside that of the partial second one, "丙丁。"
    assert marks == [("甲乙。", "covered", "1"), ("丙丁", "contradicted", "3"), ("。", "partial", "2")]
    assert second.all("mark")[0].attrs["title"] == (
        "partly covered: point 1; contradicted: point 2; misconception: claim held"
    )


def test_every_key_point_has_its_verdict_and_its_evidence(kit, tmp_path):
    points = page_of(kit, tmp_path).all("article")[0].all("ol", "points")[0].all("li")
    assert [p.attrs["class"] for p in points] == ["covered", "partial", "contradicted", "missing"]
    assert [[q.text() for q in p.all("q")] for p in points] == [["甲乙。"], ["丙丁。"], ["丙丁"], []]
    assert [p.all("span", "help") != [] for p in points] == [False, True, False, False]
    assert points[1].all("span", "help")[0].text() == "said only after a follow-up"


def test_help_is_not_mentioned_where_it_did_not_help(kit):
    corpus = kit.corpus(kit.item("q", points=2))
    results = (
        PointResult("p0", "missing", 0.9, 0.0, None, "hint"),
        PointResult("p1", "covered", 0.9, 1.0, Span(0, 1, "x"), "hint"),
    )
    debrief = kit.debrief(corpus, [Exchange("q", ("x",), kit.grade("q", "", 50.0, points=results), hinted=True)])
    assert to_html(debrief, corpus).count("said only after a hint") == 1


def test_a_misconception_comes_with_its_correction(kit, tmp_path):
    (found,) = page_of(kit, tmp_path).all("div", "misconception")
    assert [p.text() for p in found.all("p")] == [
        "You said: 丙丁",
        "The misconception: claim held",
        "What is right: claim corrected",
    ]


def test_the_model_answer_is_formatted_with_formulae(kit, tmp_path):
    answer = page_of(kit, tmp_path).all("div", "prose")[0]
    assert answer.all("strong")[0].text() == "bold"
    assert len(answer.all("math")) == 2


def test_sources_are_linked_only_to_the_web(kit, tmp_path):
    sources = page_of(kit, tmp_path).all("ul", "sources")[0].all("li")
    assert [s.text() for s in sources] == ["论文 甲 作者 乙 · 2014 · §2", "坏链接", "unknown 第 3 页"]
    assert [[a.attrs["href"] for a in s.all("a")] for s in sources] == [["https://example.org/a?b=1&c=2"], [], []]


def test_errata_say_where_the_error_was_learnt(kit, tmp_path):
    (erratum,) = page_of(kit, tmp_path).all("ul", "errata")[0].all("li")
    assert erratum.text() == "If you learnt this from “论文 甲”: it says 16*7*7, which is wrong"
    assert not erratum.all("em")


def test_unscored_and_skipped_questions_say_so(kit, tmp_path):
    cards = page_of(kit, tmp_path).all("article")
    assert cards[2].all("p", "score")[0].text() == "not graded"
    assert "Not graded: no reason was given" in cards[2].text()
    assert cards[3].all("p", "score")[0].text() == "skipped"
    assert "This question was skipped" in cards[3].text()
    assert "What a full answer says" in cards[3].text()


def test_a_question_without_key_points_says_why_it_is_not_graded(kit):
    corpus = kit.corpus(kit.item("q", points=0))
    debrief = kit.debrief(corpus, [kit.exchange("q", "", None)], "zh")
    assert "未评分：这道题没有写要点" in to_html(debrief, corpus)


def test_an_answer_that_was_never_graded_is_shown_all_the_same(kit):
    corpus = kit.corpus(kit.item("q"))
    page = to_html(kit.debrief(corpus, [Exchange("q", ("my words",))], finished=False), corpus)
    assert "my words" in page and "the answer was never graded" in page and "nothing was scored" in page


def test_the_study_plan_gives_reasons_and_points(kit, tmp_path):
    corpus, debrief = kit.full(tmp_path)
    (study,) = kit.parse(to_html(debrief, corpus)).all("section", "study")
    steps = [c for c in study.all("ol")[0].children if not isinstance(c, str)]
    texts = [" ".join(s.text().split()) for s in steps]
    # first is contradicted, so it comes first with its prerequisite before it; gone was skipped
    assert texts == [
        "What is base? Topic a Question 1 builds on this one. Look it up: interviewer corpus show base",
        "What is first? Topic a In question 1 you seem to have said the opposite of a key point. "
        "Be able to say: point 2 point 3 point 1",
        "What is gone? Topic c You skipped question 4.",
    ]


def test_code_links_lead_to_an_appendix_with_true_line_numbers(kit, tmp_path):
    page = page_of(kit, tmp_path)
    (link,) = page.all("ul", "code")[0].all("a")
    (source,) = page.all("section", "source")
    assert link.attrs["href"] == "#" + source.attrs["id"] == "#debrief-code-net.py.Net.forward"
    assert [n.text().strip() for n in source.all("span", "linenos")] == ["5", "6"]
    assert "return x < 1" in re.sub(r"\s+", " ", source.text())
    assert f"interviewer code run net --corpus {tmp_path.parent.name}" in source.text()
    assert str(tmp_path) not in source.text()


def test_code_whose_file_is_gone_costs_only_its_listing(kit, tmp_path):
    corpus, debrief = kit.full(tmp_path)
    (tmp_path / "net.py").unlink()
    assert "This code cannot be found now." in to_html(debrief, corpus)


def test_code_is_run_by_the_program_wherever_it_is_installed(kit, tmp_path):
    ref = CodeRef("vae.py", "VAE", 1, 2)
    assert run_command(kit.corpus(), ref) == "interviewer code run vae"
    mine = kit.corpus(kit.item("q", code=(ref,)), code_folder=tmp_path / "my corpus" / "code")
    assert run_command(mine, ref) == "interviewer code run vae --corpus 'my corpus'"


@pytest.mark.parametrize(
    ("language", "remarks"),
    [
        (
            "zh",
            (
                "答得最好的是第 2 题（什么是good？）。",
                "建议先补：什么是base？",
                "追问之后才说到的要点有 1 个，提示之后才说到的有 0 个",
            ),
        ),
        (
            "en",
            (
                "Your best answer was to question 2 (What is good?)",
                "Begin with: What is base?",
                "only after a follow-up: 1; only after a hint: 0",
            ),
        ),
    ],
)
def test_the_closing_remark_names_the_best_the_first_step_and_what_took_help(kit, tmp_path, language, remarks):
    corpus, debrief = kit.full(tmp_path, language)
    said = [p.text() for p in kit.parse(to_html(debrief, corpus)).all("p", "closing")]
    assert len(said) == 3
    assert all(remark in line for remark, line in zip(remarks, said, strict=True))
    assert remarks[0] in to_markdown(debrief, corpus)


def test_a_hard_interview_is_closed_without_praise_and_an_empty_one_without_a_word(kit):
    corpus = kit.corpus(kit.item("q"))
    hard = to_markdown(kit.debrief(corpus, [kit.exchange("q", "mmm", 12.0)]), corpus)
    assert "This one was hard for you" in hard and "best answer" not in hard
    empty = to_markdown(kit.debrief(corpus, []), corpus)
    assert "This one was hard" not in empty and "Begin with" not in empty


def test_an_anchor_holds_only_what_an_address_may_hold():
    assert re.fullmatch(r"[\w.-]+", anchor_of(CodeRef('a "b>.py', "C.d", 1, 2)), re.ASCII)
    assert anchor_of(CodeRef("a.py", "b_c", 1, 2)) != anchor_of(CodeRef("a.py", "b.c", 1, 2))


def test_a_fragment_is_the_same_content_for_the_inside_of_a_page(kit, tmp_path):
    corpus, debrief = kit.full(tmp_path)
    fragment = kit.parse(to_fragment(debrief, corpus, code_url))
    whole = kit.parse(to_html(debrief, corpus))
    assert not {n.tag for n in fragment.all()} & {"html", "head", "body", "meta", "h1", "script"}
    same = [[" ".join(a.text().split()) for a in tree.all("article")] for tree in (fragment, whole)]
    assert same[0] == same[1]
    (link,) = fragment.all("ul", "code")[0].all("a")
    assert link.attrs == {"href": "/code?file=net.py&line=5", "target": "code-viewer"}


def test_a_fragments_style_touches_nothing_outside_of_it(kit, tmp_path):
    corpus, debrief = kit.full(tmp_path)
    style = kit.parse(to_fragment(debrief, corpus, code_url)).all("style")[0].text(())
    rules = re.sub(r"@media[^{]*\{", "", re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL))
    selectors = [part for rule in re.findall(r"([^{}]+)\{", rules) for part in rule.split(",")]
    assert len(selectors) > 50
    assert all(re.match(r"(\.dark )?\.debrief\b", s.strip()) for s in selectors)


def test_one_question_can_be_shown_alone(kit, tmp_path):
    corpus, debrief = kit.full(tmp_path)
    tree = kit.parse(question_card_html(debrief.questions[0], corpus, "zh", code_url))
    (card,) = tree.all("article")
    assert "第 1 题" in card.text() and tree.all("style")


def test_an_interview_without_answers_makes_a_sensible_report(kit):
    corpus = kit.corpus(kit.item("q"))
    debrief = kit.debrief(corpus, [], finished=False)
    page = kit.parse(to_html(debrief, corpus))
    assert [p.text() for p in page.all("p", "notice")] == [
        "This interview was not finished. The debrief covers only the questions that were reached.",
        "No question was answered in this interview.",
    ]
    assert not page.all("svg") and not page.all("table") and not page.all("article")
    assert "No question was answered" in to_markdown(debrief, corpus)


def test_a_finished_interview_does_not_say_it_was_not(kit, tmp_path):
    assert "not finished" not in page_of(kit, tmp_path).text()


def hostile_interview(kit):
    """Every text that a candidate or a user's corpus can set, set to something hostile."""
    bad = kit.both(HOSTILE)
    item = kit.item(
        "q",
        question=bad,
        key_points=(KeyPoint("p0", bad), KeyPoint("p1", bad)),
        answer=bad,
        sources=(Citation("r", HOSTILE),),
    )
    corpus = kit.corpus(item, references=(Reference("r", HOSTILE, HOSTILE, 1, 'https://x.example/"><script>'),))
    answer = HOSTILE + " " + "w" * 5000 + "本" * 5000
    turns = [Turn("candidate", HOSTILE)]
    return corpus, kit.debrief(
        corpus, [kit.exchange("q", "cm", 50.0, answer)], transcript=turns, stamp={HOSTILE: HOSTILE}
    )


def test_hostile_texts_make_no_element_attribute_or_link(kit):
    corpus, debrief = hostile_interview(kit)
    for page in (to_html(debrief, corpus), to_fragment(debrief, corpus, code_url)):
        tree = kit.parse(page)
        assert not {n.tag for n in tree.all()} & {"script", "img", "iframe", "object"}
        assert not [name for n in tree.all() for name in n.attrs if name.startswith("on")]
        links = [a.attrs["href"] for a in tree.all("a")]
        assert all(link.startswith(("#", "https://x.example/")) for link in links)
        assert "\x00" not in page and "\x07" not in page


def test_long_answers_are_shown_whole(kit):
    corpus, debrief = hostile_interview(kit)
    (said,) = kit.parse(to_html(debrief, corpus)).all("blockquote", "said")
    assert said.text().endswith("w" * 5000 + "本" * 5000)
    assert "w" * 5000 in to_markdown(debrief, corpus)


def test_the_candidates_words_cannot_turn_the_page_around(kit):
    corpus, debrief = hostile_interview(kit)
    tree = kit.parse(to_html(debrief, corpus))
    assert all(n.attrs.get("dir") == "auto" for n in tree.all(cls="said"))
    assert all(q.all("bdi") for q in tree.all("q"))


def outline(corpus, debrief):
    """Headings, addresses of links, and whatever else a reader that believes everything would make of the report."""
    reader = MarkdownIt("commonmark", {"html": True}).enable("table")
    reader.validateLink = lambda url: True
    tokens = [t for outer in reader.parse(to_markdown(debrief, corpus)) for t in (outer, *(outer.children or ()))]
    links = [t.attrGet("href") for t in tokens if t.type == "link_open"]
    active = [t.type for t in tokens if t.type in ("html_inline", "html_block", "image", "fence", "code_block")]
    return [t.tag for t in tokens if t.type == "heading_open"], links, active


def test_hostile_texts_add_no_structure_to_markdown(kit):
    address = "https://x.example/%22%3E%3Cscript%3E"
    harmless = kit.corpus(
        kit.item("q", points=2, sources=(Citation("r"),)), references=(Reference("r", "t", url=address),)
    )
    plain = kit.debrief(harmless, [kit.exchange("q", "cm", 50.0)], transcript=[Turn("candidate", "x")])
    corpus, debrief = hostile_interview(kit)
    assert outline(corpus, debrief) == outline(harmless, plain)
    assert outline(corpus, debrief)[1:] == ([address], [])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_markdown_carries_the_same_facts(kit, tmp_path, language):
    corpus, debrief = kit.full(tmp_path, language)
    text = to_markdown(debrief, corpus)
    assert text.startswith("# ") and text.endswith("\n") and "\n\n\n" not in text
    title = "Topic a" if language == "en" else "主题a"
    for fact in ("43.3", f"| {title} | 40 | 1 |", "> 甲乙。", "“丙丁”", "$x^2$", "`net.py::Net.forward`", "c0ffee"):
        assert fact in text
    assert "[论文 甲](<https://example.org/a?b=1&c=2>) · 作者 乙 · 2014 · §2" in text
    assert len(re.findall(r"^### ", text, re.MULTILINE)) == 4


def test_a_grade_of_an_older_corpus_is_shown_as_far_as_it_fits(kit):
    corpus = kit.corpus(kit.item("q", points=2))
    results = (PointResult("removed", "covered", 0.9, 1.0, Span(0, 1, "x")), PointResult("p0", "missing", 0.9, 0.0))
    debrief = kit.debrief(corpus, [Exchange("q", ("x",), kit.grade("q", "", 50.0, points=results))])
    points = kit.parse(to_html(debrief, corpus)).all("ol", "points")[0].all("li")
    assert [p.attrs["class"] for p in points] == ["missing", "open"]


def test_times_are_shown_in_utc():
    assert moment("2026-11-03T09:30:00+00:00") == "2026-11-03 09:30 UTC"
    assert moment("2026-11-03T09:30:00+02:00") == "2026-11-03 07:30 UTC"
    assert moment("2026-11-03T09:30:00Z") == "2026-11-03 09:30 UTC"
    assert moment("2026-11-03T09:30:00") == "2026-11-03 09:30 UTC"
    assert moment("yesterday") == "yesterday"


def test_titles_fall_back_to_the_language_that_is_there(kit):
    corpus = kit.corpus(kit.item("q", answer=Bilingual(zh="只有中文答案")))
    debrief = kit.debrief(corpus, [kit.exchange("q", "ccc", 90.0)])
    assert "只有中文答案" in to_html(debrief, corpus)
    assert "Nothing was found that needs more work." in to_html(debrief, corpus)


@pytest.mark.parametrize(("language", "start"), [("zh", "开始时间：2"), ("en", "Started: 2")])
def test_our_own_words_are_not_escaped_in_markdown(kit, tmp_path, language, start):
    corpus, debrief = kit.full(tmp_path, language)
    text = to_markdown(debrief, corpus)
    assert start in text
    assert "\\: " not in text and "\\:2" not in text
