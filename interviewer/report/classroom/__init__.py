"""A graded class as a report: distribution, questions, key points, mistakes, likeness, students, agreement."""

from interviewer.report.classroom.render import check_class_report, class_html, class_markdown, write_class_report

__all__ = ["check_class_report", "class_html", "class_markdown", "write_class_report"]
