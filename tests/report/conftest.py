"""Small corpora and interviews by hand, and a reader of HTML that insists on good nesting."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from types import MappingProxyType, SimpleNamespace

import pytest

from interviewer.corpus import Corpus
from interviewer.report import build_debrief
from interviewer.schema import (
    Bilingual,
    Citation,
    CodeRef,
    Erratum,
    Exchange,
    Grade,
    Item,
    KeyPoint,
    Misconception,
    MisconceptionFound,
    PointResult,
    Reference,
    Span,
    Topic,
    Turn,
)

VOID = {"meta", "br", "hr", "img", "link", "input", "wbr", "source", "area", "base", "col", "embed", "track"}
STARTED = "2026-11-03T09:30:00+00:00"
CODE = "import os\n\n\nclass Net:\n    def forward(self, x):\n        return x < 1\n"


@dataclass
class Node:
    tag: str
    attrs: dict[str, str | None]
    children: list = field(default_factory=list)

    def all(self, tag: str | None = None, cls: str | None = None) -> list["Node"]:
        """Descendants with that tag and class, in document order."""
        found = []
        for child in self.children:
            if isinstance(child, Node):
                if tag in (None, child.tag) and (cls is None or cls in (child.attrs.get("class") or "").split()):
                    found.append(child)
                found += child.all(tag, cls)
        return found

    def text(self, without: tuple[str, ...] = ("style",)) -> str:
        """Everything a reader sees."""
        parts = [c if isinstance(c, str) else c.text(without) for c in self.children]
        return "" if self.tag in without else "".join(parts)


class TreeReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Node("root", {})
        self.open = [self.root]

    def handle_starttag(self, tag, attrs):
        assert len({name for name, _ in attrs}) == len(attrs), f"<{tag}> has an attribute twice: {attrs}"
        node = Node(tag, dict(attrs))
        self.open[-1].children.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_startendtag(self, tag, attrs):
        self.open[-1].children.append(Node(tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data):
        self.open[-1].children.append(data)


def parse(page: str) -> Node:
    reader = TreeReader()
    reader.feed(page)
    reader.close()
    assert reader.open == [reader.root], f"not closed: {[n.tag for n in reader.open[1:]]}"
    return reader.root


def both(text: str) -> Bilingual:
    """The same text in both languages."""
    return Bilingual(text, text)


def make_item(item_id: str, topic: str = "a", points: int = 3, **more) -> Item:
    more.setdefault("question", Bilingual(f"什么是{item_id}？", f"What is {item_id}?"))
    more.setdefault("key_points", tuple(KeyPoint(f"p{n}", Bilingual(f"要点{n}", f"point {n}")) for n in range(points)))
    more.setdefault("answer", Bilingual("答案。", "The answer."))
    return Item(item_id, topic, **more)


def make_corpus(*items: Item, code_folder: Path | None = None, references: tuple[Reference, ...] = ()) -> Corpus:
    """Topics a, b, c in this order."""
    topics = {t: Topic(t, Bilingual(f"主题{t}", f"Topic {t}")) for t in ("a", "b", "c")}
    refs = {ref.file for item in items for ref in item.code}
    view = MappingProxyType
    return Corpus(
        view({i.id: i for i in items}),
        view(topics),
        view({r.key: r for r in references}),
        view({}),
        view({file: code_folder for file in refs if code_folder}),
        "c0ffee",
    )


def make_grade(item_id: str, verdicts: str, score: float | None, answer: str = "", **more) -> Grade:
    """A grade with one letter per key point: c(overed), p(artial), m(issing), x (contradicted)."""
    names = {"c": "covered", "p": "partial", "m": "missing", "x": "contradicted"}
    span = Span(0, len(answer), answer) if answer else None
    points = tuple(
        PointResult(f"p{n}", names[v], 0.9, 1.0 if v == "c" else 0.0, None if v == "m" else span)
        for n, v in enumerate(verdicts)
    )
    more.setdefault("points", points)
    more.setdefault("language", "en")
    more.setdefault("verdict", "unscored" if score is None else "strong" if score >= 80 else "weak")
    more.setdefault("low", None if score is None else max(0.0, score - 10))
    more.setdefault("high", None if score is None else min(100.0, score + 10))
    return Grade(item_id=item_id, score=score, **more)


def exchange(item_id: str, verdicts: str, score: float | None, answer: str = "Some words.", **more) -> Exchange:
    return Exchange(item_id, (answer,), make_grade(item_id, verdicts, score, answer), **more)


def debrief_of(corpus: Corpus, exchanges, language="en", **more):
    more = {"session_id": "s1", "started_at": STARTED, "finished": True, **more}
    return build_debrief(corpus, exchanges, language=language, **more)


def full_interview(folder: Path, language="en"):
    """One of everything: graded with follow-up, well answered, unscored, skipped; three topics; code; sources."""
    (folder / "net.py").write_text(CODE, encoding="utf-8")
    ref = CodeRef("net.py", "Net.forward", 5, 6)
    wrong = Misconception(Bilingual("误解内容", "claim held"), Bilingual("更正内容", "claim corrected"), ("p2",))
    first = make_item(
        "first",
        points=4,
        level=3,
        misconceptions=(wrong,),
        answer=Bilingual("**粗体** $x^2$\n\n$$\\frac{1}{2}$$", "**bold** $x^2$\n\n$$\\frac{1}{2}$$"),
        code=(ref,),
        requires=("base",),
        sources=(Citation("paper", "§2"), Citation("evil"), Citation("unknown", "第 3 页")),
        errata=(Erratum("paper", Bilingual("书中 `16*7*7` 有误", "it says `16*7*7`, which is wrong")),),
    )
    items = (make_item("base"), first, make_item("good", "b"), make_item("odd", "b"), make_item("gone", "c"))
    references = (
        Reference("paper", "论文 甲", "作者 乙", 2014, "https://example.org/a?b=1&c=2"),
        Reference("evil", "坏链接", url="javascript:alert(1)"),
    )
    corpus = make_corpus(*items, code_folder=folder, references=references)
    # "甲乙。" + "\n" + "丙丁。": offsets 0–3 and 4–7 of the joined text
    points = (
        PointResult("p0", "covered", 0.9, 1.0, Span(0, 3, "甲乙。")),
        PointResult("p1", "partial", 0.5, 0.5, Span(4, 7, "丙丁。"), "probe"),
        PointResult("p2", "contradicted", 0.8, 0.0, Span(4, 6, "丙丁")),
        PointResult("p3", "missing", 0.9, 0.0, None),
    )
    found = (MisconceptionFound(0, Span(4, 6, "丙丁")),)
    grade = make_grade(
        "first", "", 40.0, points=points, misconceptions=found, flags=("keyword_list",), needs_review=True, grader="g1"
    )
    exchanges = (
        Exchange("first", ("甲乙。", "丙丁。"), grade, hinted=True),
        Exchange("good", ("戊己。",), make_grade("good", "ccc", 90.0, "戊己。", grader="g1")),
        Exchange("odd", ("庚辛。",), make_grade("odd", "", None)),
        Exchange("gone", skipped=True),
    )
    turns = (Turn("interviewer", "你好。", "greet"), Turn("candidate", "甲乙。", item_id="first"))
    return corpus, debrief_of(corpus, exchanges, language, transcript=turns, stamp={"encoder": "e5", "voice": "v1"})


@pytest.fixture
def kit() -> SimpleNamespace:
    return SimpleNamespace(
        parse=parse,
        both=both,
        item=make_item,
        corpus=make_corpus,
        grade=make_grade,
        exchange=exchange,
        debrief=debrief_of,
        full=full_interview,
    )
