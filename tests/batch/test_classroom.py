"""The class report of a graded table: counted by hand on a class of ten."""

import re

import pytest

from interviewer.batch import grade_table, write_table
from interviewer.batch.classroom import class_report
from interviewer.report import class_html, class_markdown, write_class_report
from interviewer.schema import Bilingual, Grade, Misconception, MisconceptionFound, PointResult, Span

COPIED = "Everyone in this room agrees that the derivatives multiply on their way back and so they shrink a lot"
WRONG = "gradients <b>grow</b>"


class Teacher:
    """What an answer gets is written in it: "good" says both points, "half" one, "wrong" the opposite of one."""

    version = "teacher"

    def prepare(self, answers):
        """Needs nothing."""

    def grade(self, item, answer, language=None):
        first, second = (p.id for p in item.key_points[:2]) if len(item.key_points) > 1 else (item.key_points[0].id, "")
        span = Span(0, len(WRONG), WRONG) if answer.startswith(WRONG) else None
        verdict = "covered" if "good" in answer or "half" in answer else "contradicted" if span else "missing"
        points = [PointResult(first, verdict, 1.0, 1.0, span)]
        if second:
            points.append(PointResult(second, "covered" if "good" in answer else "missing", 1.0, 1.0))
        score = 90.0 if "good" in answer else 50.0 if "half" in answer else 5.0
        found = (MisconceptionFound(0, span),) if span and item.misconceptions else ()
        return Grade(item.id, "en", score, score - 5, score + 5, "weak", tuple(points), found, needs_review=score == 50)


@pytest.fixture
def room(small, monkeypatch):
    """The engine, whose first item has a known misconception."""
    from dataclasses import replace
    from types import MappingProxyType

    small.__dict__["grader"] = Teacher()
    known = Misconception(Bilingual("梯度会变大", "gradients grow"), Bilingual("会变小", "they shrink"), ("shrinks",))
    items = dict(small.corpus.items)
    items["vanishing"] = replace(items["vanishing"], misconceptions=(known,))
    small.corpus = replace(small.corpus, items=MappingProxyType(items))
    return small


def report_of(room, tmp_path, rows, names=None, **more):
    write_table(tmp_path / "in.csv", rows, list(dict.fromkeys(c for r in rows for c in r)))
    made = []
    grade_table(
        room, tmp_path / "in.csv", tmp_path / "out.csv", names=names or {},
        also=[lambda graded: made.append(class_report(graded, room, names or {}, **more))],
    )  # fmt: skip
    return made[0]


def ten(**more):
    answers = ["good one", "good two", "half", "half", WRONG, WRONG + " always", "no idea", "good", COPIED, COPIED]
    rows = [{"answer": a, "item_id": "vanishing", "who": f"Student {n}"} for n, a in enumerate(answers)]
    # The strong ones are strong here, too.
    rows += [
        {"answer": "good" if "good" in a else "bad", "item_id": "dropout", "who": f"Student {n}"}
        for n, a in enumerate(answers)
    ]
    return [{**r, **more} for r in rows]


def test_a_class_is_counted(room, tmp_path):
    report = report_of(room, tmp_path, [*ten(), {"answer": "x", "item_id": "none", "who": ""}])
    assert (report.answers, report.failed, report.unsure) == (21, 1, 2)
    # First question 90 90 50 50 5 5 5 90 5 5, second 90 three times and 5 seven times.
    assert report.mean == pytest.approx((395 + 305) / 20)
    assert report.histogram == (12, 0, 0, 0, 0, 2, 0, 0, 0, 6)
    first, second = report.questions
    assert (first.count, first.mean, first.difficulty) == (10, 39.5, pytest.approx(0.605))
    shrinks, shallow = first.points
    assert (shrinks.covered, shrinks.partial, shrinks.missing, shrinks.contradicted) == (5, 0, 3, 2)
    assert (shallow.covered, shallow.missing) == (3, 7)
    (mistake,) = first.mistakes
    assert (mistake.text, mistake.correction, mistake.count) == ("gradients grow", "they shrink", 2)
    assert mistake.quotes == (WRONG,)
    assert second.text == "How does dropout curb overfitting?"


def test_students_are_named_only_where_their_column_is(room, tmp_path):
    private = report_of(room, tmp_path, ten())
    assert private.students == ()
    assert private.questions[0].discrimination is None
    (twins,) = private.questions[0].twins
    assert (twins.rows, twins.students, twins.same) == ((9, 10), (), True)
    assert "Student" not in class_markdown(private)
    named = report_of(room, tmp_path, ten(), {"student": "who"})
    assert [(s.name, s.answers, s.mean, s.unsure) for s in named.students][:3] == [
        ("Student 0", 2, 90, 0), ("Student 1", 2, 90, 0), ("Student 2", 2, 27.5, 1),
    ]  # fmt: skip
    assert named.students[2].weakest.startswith("How does dropout")
    assert named.questions[0].discrimination == pytest.approx(0.89, abs=0.01)
    assert named.questions[0].twins[0].students == ("Student 8", "Student 9")


def test_agreement_with_a_person_is_reported_where_there_are_marks(room, tmp_path):
    rows = [row | {"human": "80" if "good" in row["answer"] else "20"} for row in ten()]
    report = report_of(room, tmp_path, rows, human="human")
    assert [(r.name, r.count) for r in report.agreement] == [
        ("all answers", 20), ("What is a vanishing gradient?", 10), ("How does dropout curb overfitting?", 10),
    ]  # fmt: skip
    assert report.agreement[0].figures[0].startswith("0.9")
    # The person's 20 is poor, which two of ours (50) are not; the person's 80 is strong and so is our 90.
    assert report.confusion == ((12, 2, 0, 0), (0, 0, 0, 0), (0, 0, 0, 0), (0, 0, 0, 6))
    assert "Krippendorff" in class_html(report)


def test_the_report_is_in_the_language_of_the_class_or_in_the_one_asked_for(room, tmp_path):
    rows = [{"answer": a, "item_id": "vanishing"} for a in ("导数 good", "不知道怎么说", WRONG)]
    zh = class_html(report_of(room, tmp_path, rows))
    assert 'lang="zh-CN"' in zh
    assert "什么是梯度消失？" in zh and "What is" not in zh
    assert "没说到" in zh
    en = class_html(report_of(room, tmp_path, rows, language="en"))
    assert 'lang="en"' in en and not re.search("[\u4e00-\u9fff]", re.sub("<blockquote.*?</blockquote>", "", en))


def test_what_students_write_is_never_markup(room, tmp_path):
    nasty = WRONG + "<script>alert(1)</script> [x](javascript:1) | # "
    rows = [{"answer": nasty, "item_id": "vanishing", "who": "<img src=x> | **x**"}] * 2
    report = report_of(room, tmp_path, rows, {"student": "who"})
    html, text = class_html(report), class_markdown(report)
    assert "<script" not in html and "<img" not in html and "<b>" not in html
    assert "&lt;b&gt;grow" in html
    assert "<b>" not in text.replace("\\<", "")
    assert "| **x**" not in text


def test_a_report_loads_nothing_and_is_written_by_its_ending(room, tmp_path):
    report = report_of(room, tmp_path, ten(), {"student": "who"})
    for name in ("class.html", "class.md"):
        write_class_report(report, tmp_path / name)
    html = (tmp_path / "class.html").read_text(encoding="utf-8")
    assert not re.search(r'(?:src|href)="(?!#)', html)
    assert html.count("<svg") == 1 + 2 + 3  # all, each question, each key point
    text = (tmp_path / "class.md").read_text(encoding="utf-8")
    assert "| Student 2 | 2 | 27.5 | 1 |" in text
    assert "\n> gradients" in text


def test_a_report_is_a_pdf_too_without_an_interview_in_it(room, tmp_path):
    reader = pytest.importorskip("pypdf").PdfReader
    pytest.importorskip("weasyprint")
    write_class_report(report_of(room, tmp_path, ten(), {"student": "who"}, language="en"), tmp_path / "class.pdf")
    made = reader(tmp_path / "class.pdf")
    text = " ".join(" ".join(page.extract_text() for page in made.pages).split())
    assert "What is a vanishing gradient?" in text and "Student 2" in text
    assert not made.attachments


def test_a_class_of_nobody_has_a_report(room, tmp_path):
    report = report_of(room, tmp_path, [{"answer": "x", "item_id": "none"}])
    assert report.mean is None
    assert "—" in class_html(report) and "—" in class_markdown(report)
