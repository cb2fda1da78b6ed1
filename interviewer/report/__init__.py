"""The debrief after an interview and the self-assessment over many: put together, drawn, and written as files."""

from interviewer.report.assessment import Assessment, build_assessment
from interviewer.report.assessment_page import assessment_html, assessment_markdown, write_assessment
from interviewer.report.charts import radar, topic_bars
from interviewer.report.classroom import check_class_report, class_html, class_markdown, write_class_report
from interviewer.report.debrief import build_debrief
from interviewer.report.record import assessment_json, assessment_record, debrief_record, to_json
from interviewer.report.render import question_card_html, to_fragment, to_html, to_markdown, write
from interviewer.report.sealed import read_record

__all__ = [
    "Assessment",
    "assessment_html",
    "assessment_json",
    "assessment_markdown",
    "assessment_record",
    "build_assessment",
    "build_debrief",
    "check_class_report",
    "class_html",
    "class_markdown",
    "debrief_record",
    "question_card_html",
    "radar",
    "read_record",
    "to_fragment",
    "to_html",
    "to_json",
    "to_markdown",
    "topic_bars",
    "write",
    "write_assessment",
    "write_class_report",
]
