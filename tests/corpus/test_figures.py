"""What a corpus holds, counted; the page in the documentation says what the shipped corpus holds now."""

from pathlib import Path
from types import MappingProxyType

from interviewer.corpus import Corpus, figures, load_corpus
from interviewer.schema import Bilingual, Erratum, Item, KeyPoint, Reference, Topic, Wordings

PAGE = Path(__file__).resolve().parents[2] / "docs" / "corpus-figures.md"


def test_the_page_is_in_step_with_the_corpus() -> None:
    assert PAGE.read_text(encoding="utf-8") == figures(load_corpus()), (
        "run `interviewer corpus stats -o docs/corpus-figures.md`"
    )


def test_what_is_counted() -> None:
    both = Bilingual("是", "yes")
    points = (
        KeyPoint("a", both, also=Wordings(("甲", "乙"), ("one",)), contradictions=Wordings(("丙",), ())),
        KeyPoint("b", both, also=Wordings((), ("one", "two", "three"))),
    )
    items = (
        Item("sum", "tiny", both, "calculation", 4, key_points=points, answer=both, errata=(Erratum("doc", both),)),
        Item("half", "tiny", both, "concept", 1, key_points=(KeyPoint("c", Bilingual(en="no")),), answer=both),
    )
    corpus = Corpus(
        items={i.id: i for i in items},
        topics={"tiny": Topic("tiny", Bilingual("小", "Tiny"), both)},
        references={"doc": Reference("doc", "A document")},
        rows=MappingProxyType({"doc.1": ("sum",), "doc.2": ("half",), "lost.1": ("half",)}),
        code_folders={},
        hash="",
    )
    page = figures(corpus)
    assert "| Tiny (tiny) | 2 | 1 | 0 | 0 | 1 | 0 | 1 | 0 | 0 | 1 | 0 | 0 | 3 |" in page
    assert "- 1 calculations, derivations and coding questions (50%)" in page
    assert "- 1 items with question, points and answer in Chinese" in page
    assert "- 2 items with question, points and answer in English" in page
    assert "| Tiny (tiny) | 0.7 (0) | 1.3 (0) | 0.3 (0) | 0.0 (0) |" in page
    assert "| wordings in all | 2 | 4 | 1 | 0 |" in page
    assert "### doc: A document\n" in page
    assert "| doc.1 | sum | sum |" in page
    assert "| doc.2 | half |  |" in page
    assert "### lost\n" in page


def test_an_empty_corpus() -> None:
    page = figures(Corpus({}, {}, {}, {}, {}, ""))
    assert "0 items in 0 topics" in page
    assert "source documents" not in page
