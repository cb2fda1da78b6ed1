"""A debrief as Markdown, as one self-contained HTML file, as PDF, as HTML for the inside of a page, or as JSON.

In HTML every value is escaped by Jinja unless it was made here (prose.py, charts.py, listing.py); in Markdown every
value is escaped unless it is `Ready`. Neither loads anything from anywhere.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from interviewer.corpus import Corpus
from interviewer.errors import InputError
from interviewer.report import prose
from interviewer.report.charts import radar, shown, topic_bars
from interviewer.report.listing import Listing, anchor_of, code_style, listing_of
from interviewer.report.pdf import to_pdf
from interviewer.report.record import to_json
from interviewer.report.sealed import sealed
from interviewer.report.view import closing_remark, level_sentence, moment, question_view, stamp_rows, study_view
from interviewer.report.words import words
from interviewer.schema import CodeRef, Debrief, Language, QuestionReview

CodeUrl = Callable[[CodeRef], str]
Beside = Callable[[str, str, str], str]
"""Item id, key point id and verdict → HTML that stands beside the verdict; whoever makes it escapes it."""

_TEMPLATES = Path(__file__).with_name("templates")
LOCALES: dict[Language, str] = {"zh": "zh-CN", "en": "en"}


def to_markdown(debrief: Debrief, corpus: Corpus) -> str:
    """The debrief as Markdown. Nothing that a candidate or a corpus holds can become structure, HTML or a link."""
    content = _content(debrief, corpus)
    # Our own words are Markdown already; escaping them would show a mark before ": " and eat its space.
    content["w"] = {name: prose.Ready(text) for name, text in content["w"].items()}
    return markdown_page("debrief.md.j2", content)


def markdown_page(template: str, content: Mapping[str, Any]) -> str:
    """A template filled in as Markdown: every value that is not `Ready` is escaped."""
    text = _markdown().get_template(template).render(content)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def to_html(debrief: Debrief, corpus: Corpus) -> str:
    """The debrief as one HTML file with everything in it; code links lead to an appendix."""
    content = _content(debrief, corpus)
    refs = dict.fromkeys(ref for q in debrief.questions for ref in q.item.code)
    return page(
        "debrief.html.j2",
        **content,
        name=content["w"]["title"],
        code_url=lambda ref: "#" + anchor_of(ref),
        code_target="",
        beside=None,
        listings=_listings(corpus, refs),
        record=sealed(to_json(debrief)),
        style=style(in_app=False),
        locale=LOCALES[debrief.language],
    )


def _listings(corpus: Corpus, refs: Iterable[CodeRef]) -> list[Listing]:
    """A listing for each link; a file's picture stands with its first."""
    shown: set[str] = set()
    listings = []
    for ref in refs:
        listing = listing_of(corpus, ref)
        listings.append(replace(listing, picture="") if ref.file in shown else listing)
        shown.add(ref.file)
    return listings


def to_fragment(
    debrief: Debrief, corpus: Corpus, code_url: CodeUrl, beside: Beside | None = None, *, closing: bool = True
) -> str:
    """The same as HTML for the inside of a page, with its style; code links open `code_url(ref)` in "code-viewer".

    Its ids begin with "debrief-" and its style touches nothing outside of it. Dark colours follow a `.dark` ancestor.

    Args:
        debrief: what to show.
        corpus: what it asked from.
        code_url: where reference code is.
        beside: what stands beside each verdict.
        closing: whether the closing remark is part of it; a page may have a better one.
    """
    content = _content(debrief, corpus)
    return page(
        "fragment.html.j2",
        **{**content, "closing": content["closing"] if closing else ()},
        code_url=code_url,
        code_target="code-viewer",
        beside=beside and (lambda *verdict: Markup(beside(*verdict))),
        style=style(in_app=True),
        locale=LOCALES[debrief.language],
    )


def question_card_html(review: QuestionReview, corpus: Corpus, language: Language, code_url: CodeUrl) -> str:
    """One question as HTML for the inside of a page, with its style."""
    return page(
        "question.html.j2",
        q=question_view(review, corpus, language),
        w=words(language),
        code_url=code_url,
        code_target="code-viewer",
        beside=None,
        style=style(in_app=True),
        locale=LOCALES[language],
    )


def write(debrief: Debrief, corpus: Corpus, path: Path) -> None:
    """Write the report in the format that the file's name ends in: .html, .pdf, .md or .json.

    A file that is there is replaced at once or not at all.

    Raises:
        InputError: the ending names no format, the file cannot be written, or a PDF cannot be made here.
    """
    write_as(
        path,
        {
            ".html": lambda: to_html(debrief, corpus),
            ".pdf": lambda: to_pdf(to_html(debrief, corpus), to_json(debrief)),
            ".md": lambda: to_markdown(debrief, corpus),
            ".json": lambda: to_json(debrief),
        },
    )


def write_as(path: Path, formats: Mapping[str, Callable[[], str | bytes]]) -> None:
    """Make the content that belongs to the name's ending and put it there."""
    make = formats.get(path.suffix.lower())
    if make is None:
        *others, last = formats
        raise InputError(
            f"{path.name}: a report can be {', '.join(others)} or {last}; choose a name that ends in one of these"
        )
    save(path, make())


def save(path: Path, content: str | bytes) -> None:
    """Write a file that is replaced at once or not at all.

    Raises:
        InputError: it cannot be written; the message says what to do.
    """
    try:
        # Half a surrogate pair is a possible str but no possible UTF-8; in JSON this is its right spelling, too.
        _replace(path, content if isinstance(content, bytes) else content.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise InputError(f"cannot write {path}: {_advice(error, path)}") from None


def _replace(path: Path, content: bytes) -> None:
    draft = path.parent / f".report-{secrets.token_hex(8)}.part"
    try:
        draft.write_bytes(content)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _advice(error: OSError, path: Path) -> str:
    match error:
        case _ if not path.parent.is_dir():
            return f"the folder {path.parent} does not exist; create it or choose another"
        case IsADirectoryError():
            return "it is a folder; choose another name"
        case PermissionError():
            return "no permission; choose another folder, or close the program that has the file open"
        case _:
            return f"{error.strerror or error}; choose another place"


def _content(debrief: Debrief, corpus: Corpus) -> dict[str, Any]:
    language = debrief.language
    return {
        "w": words(language),
        "started": moment(debrief.started_at),
        "level": "" if debrief.level is None else level_sentence(debrief.level.overall, language),
        "score": "" if debrief.score is None else shown(debrief.score),
        "finished": debrief.finished,
        "closing": closing_remark(debrief),
        "topics": [(t.topic.title.get(language), shown(t.score), t.questions) for t in debrief.topics],
        "bars": Markup(topic_bars(debrief.topics, language)),
        "radar": Markup(radar(debrief.topics, language) or ""),
        "study": [study_view(step, debrief, corpus) for step in debrief.study],
        "questions": [question_view(q, corpus, language) for q in debrief.questions],
        "transcript": debrief.transcript,
        "stamp": stamp_rows(debrief),
    }


def filled_html(template: str, language: Language, **content: Any) -> str:
    """A page of its own from one of the templates, in the style of a debrief; every value is escaped."""
    return page(template, style=style(in_app=False), locale=LOCALES[language], **content)


def page(template: str, **content: Any) -> str:
    """A template filled in as HTML: every value that is not `Markup` is escaped."""
    return _html().get_template(template).render(content)


@lru_cache(maxsize=1)
def _html() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        finalize=lambda value: value if isinstance(value, Markup) else prose.visible(str(value)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["inline"] = lambda text: Markup(prose.inline_html(text))
    made.filters["block"] = lambda text: Markup(prose.block_html(text))
    made.filters["listing"] = _listing
    return made


def _listing(listing: Listing) -> Markup:
    return Markup(listing.html)


@lru_cache(maxsize=1)
def _markdown() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=False,  # Markdown has its own: `finalize` sees every value
        finalize=lambda value: value if isinstance(value, prose.Ready) else prose.escaped(str(value)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["line"] = prose.line_markdown
    made.filters["block"] = prose.block_markdown
    made.filters["quoted"] = prose.quoted
    made.filters["address"] = prose.address
    made.filters["code"] = prose.code_markdown
    return made


@lru_cache(maxsize=2)
def style(in_app: bool) -> Markup:
    """All rules, with the dark ones where the reader's device asks for them, or where the app around is dark."""
    base = (_TEMPLATES / "style.css").read_text(encoding="utf-8")
    dark = (_TEMPLATES / "dark.css").read_text(encoding="utf-8") + code_style(dark=True)
    if in_app:
        dark = dark.replace(".debrief", ".dark .debrief")
    else:
        dark = f"@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}"
    return Markup(f"{base}\n{code_style(dark=False)}\n{dark}")
