"""Tables of answers as HTML: the beginning of an upload, and graded rows in the order one looks at them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Literal

from interviewer.batch.tables import Row
from interviewer.schema import Language
from interviewer.ui.words import word

Show = Literal["review_first", "review", "errors", "order"]
SHOWS: tuple[Show, ...] = ("review_first", "review", "errors", "order")
MOST = 200
"""Rows shown; a page of more is slow, and the downloads have all."""
_LONGEST = 160  # characters of a cell
_REASONS = (
    ("no item ", "row_no_item"),
    ("no such question ", "row_no_question"),
    ("the row has neither ", "row_names_nothing"),
)
"""How the batch begins what it says, and what a reader is told."""
_MOST_COLUMNS = 12


def preview(first: Sequence[Row], columns: Sequence[str], language: Language) -> str:
    """The first rows of an upload, as they were read."""
    shown = columns[:_MOST_COLUMNS]
    head = "".join(f'<th scope="col">{escape(_cut(c))}</th>' for c in shown)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(_cut(row.get(c, '')))}</td>" for c in shown) + "</tr>" for row in first
    )
    return _scrolling(word("preview_of", language, n=len(first)), head, body)


def results(rows: Sequence[Row], show: Show, language: Language) -> str:
    """Graded rows, filtered and ordered."""
    chosen = _chosen(list(enumerate(rows, 1)), show)
    if not chosen:
        return f'<p class="empty">{escape(word("no_such_rows", language))}</p>'
    names = ("row", "question", "answer", "score", "verdict", "why")
    head = "".join(f'<th scope="col">{escape(word(name, language))}</th>' for name in names)
    body = "".join(_line(number, row, language) for number, row in chosen[:MOST])
    table = _scrolling(word("graded_rows", language), head, body)
    if len(chosen) <= MOST:
        return table
    return f'<p class="soft">{escape(word("rows_shown", language, n=MOST, total=len(chosen)))}</p>{table}'


def needs_review(row: Row) -> bool:
    """Whether a person should look at this graded row."""
    return row.get("needs_review") == "true"


def _chosen(numbered: list[tuple[int, Row]], show: Show) -> list[tuple[int, Row]]:
    match show:
        case "review":
            return [(n, row) for n, row in numbered if needs_review(row)]
        case "errors":
            return [(n, row) for n, row in numbered if row.get("error")]
        case "review_first":
            return sorted(numbered, key=lambda entry: (not needs_review(entry[1]), not entry[1].get("error")))
        case _:
            return numbered


def _line(number: int, row: Row, language: Language) -> str:
    asked = row.get("question") or row.get("item_id", "")
    low, high = row.get("low", ""), row.get("high", "")
    interval = f' <span class="soft">{escape(low)}–{escape(high)}</span>' if low and low != high else ""
    mark = f' <span class="flag">{escape(word("review_mark", language))}</span>' if needs_review(row) else ""
    verdict = row.get("verdict", "")
    known = word(f"verdict_{verdict}", language) if verdict else word("verdict_unscored", language)
    said = _reason(row["error"], language) if row.get("error") else row.get("feedback", "")
    cells = (
        f'<th scope="row">{number}</th><td>{escape(_cut(asked))}</td><td>{escape(_cut(row.get("answer", "")))}</td>'
        f"<td>{escape(row.get('score', ''))}{interval}{mark}</td><td>{escape(known)}</td>"
        f"<td{' class=problem' if row.get('error') else ''}>{escape(_cut(said))}</td>"
    )
    return f"<tr>{cells}</tr>"


def _reason(error: str, language: Language) -> str:
    """Why a row was not graded: what the batch says of it in English, where it is one of the usual reasons."""
    return next((word(key, language) for begins, key in _REASONS if error.startswith(begins)), error)


def _scrolling(name: str, head: str, body: str) -> str:
    """A table that scrolls within itself, also by keyboard."""
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(name)}"><table class="rows">'
        f'<caption class="soft">{escape(name)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody>'
        "</table></div>"
    )


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
