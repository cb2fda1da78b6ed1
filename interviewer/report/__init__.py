"""The debrief after an interview: put together from the exchanges, drawn, and written as HTML, Markdown or JSON."""

from interviewer.report.charts import radar, topic_bars
from interviewer.report.classroom import check_class_report, class_html, class_markdown, write_class_report
from interviewer.report.debrief import build_debrief
from interviewer.report.record import to_json
from interviewer.report.render import question_card_html, to_fragment, to_html, to_markdown, write

__all__ = [
    "build_debrief",
    "check_class_report",
    "class_html",
    "class_markdown",
    "question_card_html",
    "radar",
    "to_fragment",
    "to_html",
    "to_json",
    "to_markdown",
    "topic_bars",
    "write",
    "write_class_report",
]
