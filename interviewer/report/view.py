"""What a report says, in words and in order, before it is HTML or Markdown. Escaping is render's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from interviewer.corpus import Corpus
from interviewer.report.charts import shown
from interviewer.report.debrief import counted
from interviewer.report.listing import run_command
from interviewer.report.marks import Mark, Stretch, stretches_of
from interviewer.report.prose import is_web_address
from interviewer.report.words import words
from interviewer.schema import (
    CodeRef,
    Debrief,
    Grade,
    Item,
    KeyPoint,
    Language,
    Level,
    PointResult,
    QuestionReview,
    StudyStep,
)

FAIR = 60.0
"""Score from which an answer is good enough to be named as the best."""


@dataclass(frozen=True, slots=True)
class PointView:
    """One key point and what became of it."""

    id: str
    number: int
    text: str
    verdict: str
    """Empty where the point was not judged."""
    word: str
    quote: str
    """The candidate's own words that the verdict rests on."""
    note: str


@dataclass(frozen=True, slots=True)
class MisconceptionView:
    """A wrong claim that was recognised."""

    text: str
    correction: str
    quote: str


@dataclass(frozen=True, slots=True)
class AnswerView:
    """One answer, as written and as marked."""

    label: str
    text: str
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class SourceView:
    """A citation with what it refers to."""

    title: str
    details: str
    """Authors, year, place."""
    url: str
    """Empty unless it is a web address."""


@dataclass(frozen=True, slots=True)
class CodeView:
    """A link to reference code."""

    ref: CodeRef
    lines: str
    command: str


@dataclass(frozen=True, slots=True)
class QuestionView:
    """One question with everything a reader learns from it."""

    number: int
    item_id: str
    heading: str
    question: str
    topic: str
    level: str
    score: str
    """Empty where there is none."""
    interval: str
    verdict: str
    word: str
    notes: tuple[str, ...]
    answers: tuple[AnswerView, ...]
    points: tuple[PointView, ...]
    misconceptions: tuple[MisconceptionView, ...]
    model_answer: str
    code: tuple[CodeView, ...]
    errata: tuple[tuple[str, str], ...]
    """Introduction and text."""
    sources: tuple[SourceView, ...]


@dataclass(frozen=True, slots=True)
class StudyView:
    """One step of the study plan."""

    question: str
    topic: str
    reason: str
    points: tuple[str, ...]
    number: int
    """Of the question in this interview; 0 if it was not asked."""
    command: str


def question_view(review: QuestionReview, corpus: Corpus, language: Language) -> QuestionView:
    """Everything about one question."""
    w, item, exchange = words(language), review.item, review.exchange
    grade = exchange.grade
    scored = grade is not None and grade.score is not None
    verdict = grade.verdict if grade is not None and scored else "skipped" if exchange.skipped else "unscored"
    points = _points(item, grade, w, language)
    topic = corpus.topics.get(item.topic)
    return QuestionView(
        number=review.number,
        item_id=item.id,
        heading=w["question_n"].format(n=review.number),
        question=item.question.get(language),
        topic=topic.title.get(language) if topic else item.topic,
        level=w.get(f"level_{item.level}", str(item.level)),
        score=shown(grade.score) if grade is not None and grade.score is not None else "",
        interval=_interval(grade),
        verdict=verdict,
        word=w[verdict],
        notes=_notes(review, w),
        answers=_answers(review, points, w, language),
        points=points,
        misconceptions=_misconceptions(item, grade, language),
        model_answer=item.answer.get(language),
        code=tuple(_code(ref, corpus, w) for ref in item.code),
        errata=tuple(
            (w["learnt_from"].format(source=_title(e.source, corpus)), e.text.get(language)) for e in item.errata
        ),
        sources=tuple(_source(c.ref, c.at, corpus) for c in item.sources),
    )


def study_view(step: StudyStep, debrief: Debrief, corpus: Corpus) -> StudyView:
    """One step of the study plan in words."""
    language = debrief.language
    numbers = {q.item.id: q.number for q in debrief.questions}
    topic = corpus.topics.get(step.item.topic)
    known = {p.id: p.text.get(language) for p in step.item.key_points}
    return StudyView(
        question=step.item.question.get(language),
        topic=topic.title.get(language) if topic else step.item.topic,
        reason=words(language)[f"because_{step.reason}"].format(n=numbers.get(step.because_of, "–")),
        points=tuple(known[p] for p in step.points if p in known),
        number=numbers.get(step.item.id, 0),
        command=f"interviewer corpus show {step.item.id}",
    )


def level_sentence(level: Level, language: Language) -> str:
    """A level with its uncertainty, as one would say it to whoever hires."""
    w = words(language)
    return w["level_is"].format(
        word=w[f"stands_{min(5, max(0, round(level.value)))}"],
        value=f"{level.value:.1f}",
        error=f"{level.error:.1f}",
        sure=w["sure_high" if level.error < 0.55 else "sure_middle" if level.error < 0.85 else "sure_low"],
    )


def closing_remark(debrief: Debrief) -> tuple[str, ...]:
    """What an interviewer would say at the end: what went best, what to mend first, and what came only with help."""
    w, language = words(debrief.language), debrief.language
    scored = [(s, q) for q in debrief.questions if (s := counted(q.exchange)) is not None]
    if not scored:
        return ()
    best, question = max(scored, key=lambda pair: pair[0])
    said = [
        w["closing_best"].format(n=question.number, question=question.item.question.get(language))
        if best >= FAIR
        else w["closing_hard"]
    ]
    if debrief.study:
        said.append(w["closing_first"].format(question=debrief.study[0].item.question.get(language)))
    helped = [
        p.helped_by
        for q in debrief.questions
        for p in (q.exchange.grade.points if q.exchange.grade else ())
        if p.helped_by != "none" and p.verdict in ("covered", "partial")
    ]
    if helped:
        said.append(w["closing_helped"].format(probes=helped.count("probe"), hints=helped.count("hint")))
    return tuple(said)


def stamp_rows(debrief: Debrief) -> tuple[tuple[str, str], ...]:
    """The stamp with its names in words where there are words for them."""
    return named(debrief.language, {"session": debrief.session_id, **debrief.stamp})


def named(language: Language, rows: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """A stamp's rows, likewise."""
    w = words(language)
    return tuple((w.get(f"stamp_{name}", str(name)), str(value)) for name, value in rows.items())


def moment(iso: str) -> str:
    """A time as people write it, in UTC; the text itself where it is not ISO 8601."""
    try:
        when = datetime.fromisoformat(iso)
    except ValueError:
        return iso
    when = when.astimezone(UTC) if when.tzinfo else when
    return f"{when:%Y-%m-%d %H:%M} UTC"


def _interval(grade: Grade | None) -> str:
    if grade is None or grade.low is None or grade.high is None or grade.low == grade.high:
        return ""
    return f"{shown(grade.low)}–{shown(grade.high)}"


def _notes(review: QuestionReview, w: Mapping[str, str]) -> tuple[str, ...]:
    exchange, grade = review.exchange, review.exchange.grade
    notes = [w["note_skipped"]] if exchange.skipped else []
    if grade is not None:
        notes += [w[f"flag_{flag}"] for flag in grade.flags]
    if not exchange.skipped and (grade is None or grade.score is None):
        notes.append(w["note_unscored"].format(reason=_reason(review, w)))
    if exchange.hinted:
        notes.append(w["note_hinted"])
    if grade is not None and grade.needs_review:
        notes.append(w["note_review"])
    return tuple(notes)


def _reason(review: QuestionReview, w: Mapping[str, str]) -> str:
    grade = review.exchange.grade
    if grade is None:
        return w["reason_pending"]
    if not review.item.key_points:
        return w["reason_no_points"]
    return grade.reason or w["reason_unknown"]


def _points(item: Item, grade: Grade | None, w: Mapping[str, str], language: Language) -> tuple[PointView, ...]:
    """Every key point of the item in its order; a grade of an older corpus may know fewer, or others."""
    results = {p.point_id: p for p in grade.points} if grade is not None else {}
    return tuple(_point(n, point, results.get(point.id), w, language) for n, point in enumerate(item.key_points, 1))


def _point(
    number: int, point: KeyPoint, result: PointResult | None, w: Mapping[str, str], language: Language
) -> PointView:
    text = point.text.get(language)
    if result is None:
        return PointView(point.id, number, text, "", "", "", "")
    helped = result.helped_by != "none" and result.verdict in ("covered", "partial")
    note = w[f"after_{result.helped_by}"] if helped else ""
    quote = result.evidence.text if result.evidence else ""
    return PointView(point.id, number, text, result.verdict, w[result.verdict], quote, note)


def _misconceptions(item: Item, grade: Grade | None, language: Language) -> tuple[MisconceptionView, ...]:
    found = grade.misconceptions if grade is not None else ()
    known = item.misconceptions
    return tuple(
        MisconceptionView(known[f.index].text.get(language), known[f.index].correction.get(language), f.evidence.text)
        for f in found
        if 0 <= f.index < len(known)
    )


def _answers(
    review: QuestionReview, points: tuple[PointView, ...], w: Mapping[str, str], language: Language
) -> tuple[AnswerView, ...]:
    answers = review.exchange.answers
    marked = stretches_of(answers, _marks(review, points, w, language))
    labels = [w["answer"], *(w["reply_n"].format(n=n) for n in range(1, len(answers)))]
    return tuple(AnswerView(*parts) for parts in zip(labels, answers, marked, strict=False))


def _marks(
    review: QuestionReview, points: tuple[PointView, ...], w: Mapping[str, str], language: Language
) -> list[Mark]:
    grade, item = review.exchange.grade, review.item
    if grade is None:
        return []
    by_id = {point.id: view for point, view in zip(item.key_points, points, strict=True)}
    marks = [
        Mark(p.evidence, p.verdict, view.number, f"{view.word}{w['colon']}{view.text}")
        for p in grade.points
        if p.evidence is not None and (view := by_id.get(p.point_id)) is not None
    ]
    for found in grade.misconceptions:
        if 0 <= found.index < len(item.misconceptions):
            claim = item.misconceptions[found.index].text.get(language)
            marks.append(Mark(found.evidence, "contradicted", 0, f"{w['misconception']}{w['colon']}{claim}"))
    return marks


def _code(ref: CodeRef, corpus: Corpus, w: Mapping[str, str]) -> CodeView:
    return CodeView(ref, w["lines"].format(first=ref.line, last=ref.end_line), run_command(corpus, ref))


def _title(key: str, corpus: Corpus) -> str:
    reference = corpus.references.get(key)
    return reference.title if reference else key


def _source(key: str, at: str, corpus: Corpus) -> SourceView:
    reference = corpus.references.get(key)
    if reference is None:
        return SourceView(key, at, "")
    details = (reference.authors, str(reference.year) if reference.year is not None else "", at)
    url = reference.url if is_web_address(reference.url) else ""
    return SourceView(reference.title, " · ".join(d for d in details if d), url)
