"""What a corpus holds, counted, as one Markdown page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from interviewer.corpus.load import Corpus
from interviewer.schema import KINDS, LANGUAGES, Item, KeyPoint, Language

LEVELS = (1, 2, 3, 4, 5)


def figures(corpus: Corpus) -> str:
    """Counts by topic, level, kind, language and wording, and which items answer each row of the source documents."""
    items = list(corpus.items.values())
    parts = [
        "# The corpus in figures",
        "Counted by `interviewer corpus stats`; not written by hand.",
        _summary(corpus, items),
        "## By topic, level and kind",
        _by_topic(corpus, items),
        "## Wordings per key point",
        "Right wordings are `also` (the point's own text not counted), wrong ones `not`; the smallest number that any "
        "point has stands in brackets.",
        _wordings(corpus, items),
    ]
    if corpus.rows:
        parts += ["## Where each row of the source documents is answered", *_coverage(corpus)]
    return "\n\n".join(parts) + "\n"


def _summary(corpus: Corpus, items: Sequence[Item]) -> str:
    points = [p for i in items for p in i.key_points]
    worked = sum(i.kind in ("calculation", "derivation", "coding") for i in items)
    share = f" ({worked / len(items):.0%})" if items else ""
    cited = {s.ref for i in items for s in i.sources}
    errata = [e for i in items for e in i.errata]
    lines = [
        f"{len(items)} items in {len(corpus.topics)} topics, {len(points)} key points "
        f"({_each(len(points), len(items))} an item)",
        f"{worked} calculations, derivations and coding questions{share}",
        f"{sum(bool(i.code) for i in items)} items link to reference code",
        f"{sum(bool(i.requires) for i in items)} items name items to learn first",
        f"{sum(bool(i.errata) for i in items)} items correct a source, {len(errata)} errata in all",
        f"{sum(bool(i.as_of) for i in items)} items are dated, because what they say ages",
        f"{len(cited)} sources cited",
    ]
    for language, name in zip(LANGUAGES, ("Chinese", "English"), strict=True):
        whole = sum(bool(_in(language, i)) for i in items)
        lines.append(f"{whole} items with question, points and answer in {name}")
    return "\n".join(f"- {line}" for line in lines)


def _in(language: Language, item: Item) -> bool:
    """Whether question, answer and every point exist in that language itself."""
    texts = (item.question, item.answer, *(p.text for p in item.key_points))
    return all(t.zh if language == "zh" else t.en for t in texts)


def _by_topic(corpus: Corpus, items: Sequence[Item]) -> str:
    head = ["topic", "items", *(f"level {n}" for n in LEVELS), *KINDS, "key points"]
    rows = []
    for name in (*corpus.topics, ""):
        of = [i for i in items if name in ("", i.topic)]
        levels, kinds = Counter(i.level for i in of), Counter(i.kind for i in of)
        counts = [len(of), *(levels[n] for n in LEVELS), *(kinds[k] for k in KINDS), sum(len(i.key_points) for i in of)]
        rows.append([_title(corpus, name), *map(str, counts)])
    return _table(head, rows)


def _wordings(corpus: Corpus, items: Sequence[Item]) -> str:
    head = ["topic", *(f"{kind}, {language}" for kind in ("right", "wrong") for language in LANGUAGES)]
    rows = []
    for name in (*corpus.topics, ""):
        points = [p for i in items if name in ("", i.topic) for p in i.key_points]
        counts = [[_count(p, kind, lang) for p in points] for kind in ("right", "wrong") for lang in LANGUAGES]
        rows.append([_title(corpus, name), *(f"{_each(sum(c), len(c))} ({min(c, default=0)})" for c in counts)])
    totals = [
        sum(_count(p, kind, lang) for i in items for p in i.key_points)
        for kind in ("right", "wrong")
        for lang in LANGUAGES
    ]
    return _table(head, [*rows, ["wordings in all", *map(str, totals)]])


def _count(point: KeyPoint, kind: str, language: Language) -> int:
    wordings = point.also if kind == "right" else point.contradictions
    return len(wordings.zh if language == "zh" else wordings.en)


def _coverage(corpus: Corpus) -> Iterable[str]:
    """One table per document; a row's number is the document's key and the place in it."""
    documents = dict.fromkeys(row.partition(".")[0] for row in corpus.rows)
    for document in documents:
        reference = corpus.references.get(document)
        rows = []
        for row, ids in corpus.rows.items():
            if row.partition(".")[0] != document:
                continue
            corrected = [i for i in ids if any(e.source == document for e in corpus.item(i).errata)]
            rows.append([row, ", ".join(ids), ", ".join(corrected)])
        yield f"### {document}: {reference.title if reference else ''}".rstrip(": ")
        yield _table(["row", "answered by", "with an erratum on this document"], rows)


def _title(corpus: Corpus, name: str) -> str:
    return f"{corpus.topics[name].title.en} ({name})" if name else "**all**"


def _each(total: int, number: int) -> str:
    return f"{total / number:.1f}" if number else "0"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---", *("---:" if len(head) > 3 else "---" for _ in head[1:])], *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
