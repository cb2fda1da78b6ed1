"""The self-assessment as HTML, Markdown, PDF or JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from markupsafe import Markup

from interviewer.corpus import Corpus
from interviewer.report import prose
from interviewer.report.assessment import A_DAY, Appointment, Assessment, Finding, Standing
from interviewer.report.charts import level_bars, shown
from interviewer.report.debrief import counted
from interviewer.report.pdf import to_pdf
from interviewer.report.record import assessment_json
from interviewer.report.render import LOCALES, markdown_page, page, style, write_as
from interviewer.report.sealed import sealed
from interviewer.report.view import moment, named
from interviewer.report.words import words
from interviewer.schema import Language

_STATIONS = 5  # of an ability's way that a table names


def assessment_html(assessment: Assessment, corpus: Corpus) -> str:
    """One HTML file with everything in it."""
    return page(
        "assessment.html.j2",
        **_content(assessment, corpus),
        bars=Markup(
            level_bars([(_title(s, assessment.language), s.ability) for s in assessment.topics], assessment.language)
        ),
        record=sealed(assessment_json(assessment)),
        style=style(in_app=False),
        locale=LOCALES[assessment.language],
    )


def assessment_markdown(assessment: Assessment, corpus: Corpus) -> str:
    """Markdown; nothing that a candidate or a corpus holds can become structure, HTML or a link."""
    content = _content(assessment, corpus)
    content["w"] = {name: prose.Ready(text) for name, text in content["w"].items()}
    return markdown_page("assessment.md.j2", content)


def write_assessment(assessment: Assessment, corpus: Corpus, path: Path) -> None:
    """Write it in the format that the file's name ends in: .html, .pdf, .md or .json.

    Raises:
        InputError: as of `write`.
    """
    write_as(
        path,
        {
            ".html": lambda: assessment_html(assessment, corpus),
            ".pdf": lambda: to_pdf(assessment_html(assessment, corpus), assessment_json(assessment)),
            ".md": lambda: assessment_markdown(assessment, corpus),
            ".json": lambda: assessment_json(assessment),
        },
    )


def _content(assessment: Assessment, corpus: Corpus) -> dict[str, Any]:
    language, overall = assessment.language, assessment.overall
    w = words(language)
    known = dict(overall.history)
    return {
        "w": w,
        "name": w["self_title"],
        "started": moment(assessment.as_of),
        "level": f"{overall.ability.level:.1f}",
        "ability": w["ability_is"].format(error=f"{overall.ability.error:.1f}"),
        "reach": w["reach"].format(share=f"{100 * overall.reach:.0f}"),
        "basis": w["self_from"].format(n=len(assessment.sittings), answers=overall.answers),
        "unreadable": w["self_unreadable"].format(n=assessment.unreadable) if assessment.unreadable else "",
        "topics": [_row(s, language) for s in assessment.topics],
        "sittings": [
            {
                "at": moment(s.started_at),
                "score": "–" if s.score is None else shown(s.score),
                "questions": s.questions,
                "ability": f"{known[s.started_at].level:.1f}" if s.started_at in known else "–",
            }
            for s in assessment.sittings
        ],
        "strengths": [_finding(f, corpus, language) for f in assessment.strengths],
        "gaps": [_finding(f, corpus, language) for f in assessment.gaps],
        "plan": [_step(a, corpus, language) for a in assessment.plan],
        "plan_note": w["plan_note"].format(n=A_DAY),
        "stamp": named(
            language, {"sessions": ", ".join(s.session_id for s in assessment.sittings), **assessment.stamp}
        ),
    }


def _title(standing: Standing, language: Language) -> str:
    return standing.topic.title.get(language) if standing.topic else ""


def _row(standing: Standing, language: Language) -> dict[str, str]:
    trail = [f"{e.level:.1f}" for _, e in standing.history]
    return {
        "title": _title(standing, language),
        # The first, and the latest ones: what lies between is in the JSON.
        "trail": " → ".join(trail if len(trail) <= _STATIONS else [trail[0], "…", *trail[2 - _STATIONS :]]),
        "now": f"{standing.ability.level:.1f} ± {standing.ability.error:.1f}",
        "reach": f"{100 * standing.reach:.0f}%",
        "score": shown(standing.score),
        "answers": str(standing.answers),
    }


def _finding(finding: Finding, corpus: Corpus, language: Language) -> dict[str, Any]:
    w, item = words(language), finding.review.item
    topic = corpus.topics.get(item.topic)
    known = {p.id: p.text.get(language) for p in item.key_points}
    return {
        "question": item.question.get(language),
        "topic": topic.title.get(language) if topic else item.topic,
        "level": w.get(f"level_{item.level}", str(item.level)),
        "at": moment(finding.at),
        "score": shown(counted(finding.review.exchange) or 0.0),
        "points": [
            {
                "verdict": p.verdict,
                "word": w[p.verdict],
                "text": known[p.point_id],
                "quote": p.evidence.text if p.evidence else "",
            }
            for p in finding.evidence
            if p.point_id in known
        ],
    }


def _step(appointment: Appointment, corpus: Corpus, language: Language) -> dict[str, str]:
    step = appointment.step
    topic = corpus.topics.get(step.item.topic)
    cause = corpus.items.get(step.because_of)
    reason = words(language)[f"self_because_{step.reason}"]
    return {
        "day": appointment.day,
        "question": step.item.question.get(language),
        "topic": topic.title.get(language) if topic else step.item.topic,
        "reason": reason.format(question=cause.question.get(language) if cause else step.because_of),
        "command": f"interviewer corpus show {step.item.id}",
    }
