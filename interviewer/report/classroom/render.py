"""A class report as one self-contained HTML file, as a PDF of it, or as Markdown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from markupsafe import Markup

from interviewer.errors import InputError
from interviewer.report.charts import shown
from interviewer.report.classroom.charts import histogram, tally_bar
from interviewer.report.classroom.data import FIGURES, ClassReport
from interviewer.report.classroom.words import words
from interviewer.report.pdf import check_pdf, to_pdf
from interviewer.report.prose import Ready
from interviewer.report.render import filled_html, markdown_page, write_as

_SUFFIXES = (".html", ".pdf", ".md")


def check_class_report(path: Path) -> None:
    """Find out what would keep a report from being written, before there is something to lose.

    Raises:
        InputError: its ending names no format, a PDF cannot be made here, or its folder does not exist.
    """
    if path.suffix.lower() not in _SUFFIXES:
        raise InputError(
            f"{path.name}: a class report can be .html, .pdf or .md; choose a name that ends in one of these"
        )
    if path.suffix.lower() == ".pdf":
        check_pdf()
    if not path.parent.is_dir() or path.is_dir():
        raise InputError(f"cannot write {path}: choose a file in a folder that exists")


def class_html(report: ClassReport) -> str:
    """The report as one HTML file with everything in it."""
    content = _content(report)
    content["picture"] = Markup(histogram(report.histogram, report.language))
    pictures = {id(q): Markup(histogram(q.histogram, report.language)) for q in report.questions}
    bars = {id(p): Markup(tally_bar(p, report.language)) for q in report.questions for p in q.points}
    return filled_html(
        "class.html.j2",
        report.language,
        **content,
        picture_of=lambda question: pictures[id(question)],
        bar_of=lambda point: bars[id(point)],
    )


def class_markdown(report: ClassReport) -> str:
    """The report as Markdown; nothing that a student wrote can become structure, HTML or a link."""
    content = _content(report)
    content["say"] = {name: Ready(text) for name, text in content["say"].items()}
    return markdown_page("class.md.j2", content)


def write_class_report(report: ClassReport, path: Path) -> None:
    """Write the report in the format that the file's name ends in: .html, .pdf or .md.

    Raises:
        InputError: the ending names no format, the file cannot be written, or a PDF cannot be made here.
    """
    check_class_report(path)
    write_as(
        path,
        {
            ".html": lambda: class_html(report),
            ".pdf": lambda: to_pdf(class_html(report)),
            ".md": lambda: class_markdown(report),
        },
    )


def _content(report: ClassReport) -> dict[str, Any]:
    return {
        "say": dict(words(report.language)),
        "report": report,
        "figures": FIGURES,
        "bands": ("poor", "weak", "adequate", "strong"),
        "shown": lambda score: "—" if score is None else shown(score),
        "tenths": lambda number: "—" if number is None else f"{number:.2f}",
        "rows_of": lambda twins: ", ".join(map(str, twins.rows)),
    }
