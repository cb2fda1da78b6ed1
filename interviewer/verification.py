"""Whether a report's numbers come out again: every answer in it is graded anew, and everything that was derived from
the grades is derived anew. Nothing is taken from the report but what was asked, answered and helped with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from interviewer import __version__
from interviewer.corpus import Corpus
from interviewer.errors import InputError
from interviewer.grading import Grader, gradable
from interviewer.report import assessment_record, build_assessment, build_debrief, debrief_record
from interviewer.report.shapes import AssessmentRecord, DebriefRecord, QuestionRecord
from interviewer.schema import Debrief, Exchange, Grade, Language


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not what the report says."""

    what: str
    reported: str
    now: str

    def __str__(self) -> str:
        return f"{self.what}: {self.reported} in the report, {self.now} now"


@dataclass(frozen=True, slots=True)
class Verification:
    """What came out of verifying a report."""

    answers: int
    """How many questions were graded anew."""
    stamps: tuple[Difference, ...]
    """Versions that changed since: the likely reason of the other differences."""
    numbers: tuple[Difference, ...]
    """Scores and verdicts that came out otherwise; empty if the report holds."""


def verify_debrief(record: DebriefRecord, corpus: Corpus, grader: Grader) -> Verification:
    """Grade the answers in a debrief's record anew and compare."""
    kept, missing = _known(record, corpus)
    again = debrief_record(_regraded(kept, corpus, grader))
    for question, new in zip(kept["questions"], again["questions"], strict=True):
        new["number"] = question["number"]
    return Verification(
        sum(q["grade"] is not None for q in kept["questions"]),
        differences(record["stamp"], again["stamp"]),
        missing + differences(dict(_numbers(record)), dict(_numbers(again))),
    )


def verify_assessment(
    record: AssessmentRecord, debrief: Callable[[str], Debrief], corpus: Corpus, grader: Grader
) -> Verification:
    """Grade the interviews that a self-assessment rests on anew, and assess and compare.

    Args:
        record: names its interviews, but does not hold their answers.
        debrief: gives the debrief of a stored interview; raises InputError where there is none.
        corpus: of today.
        grader: of today.

    Raises:
        InputError: the record names no time that there is.
    """
    try:
        day = datetime.fromisoformat(record["as_of"])
    except ValueError:
        raise InputError(f"this is no report of this program: as_of is {record['as_of']!r}") from None
    missing: list[Difference] = []
    again: list[Debrief] = []
    for sitting in record["sittings"]:
        try:
            stored = debrief_record(debrief(sitting["session_id"]))
        except InputError as error:
            missing.append(Difference(f"interview {sitting['session_id']}", "stored", f"not readable ({error})"))
            continue
        kept, gone = _known(stored, corpus)
        missing += gone
        again.append(_regraded(kept, corpus, grader))
    if not again:
        return Verification(0, (), tuple(missing))
    now = assessment_record(build_assessment(corpus, again, record["language"], day))
    return Verification(
        sum(q.exchange.grade is not None for d in again for q in d.questions),
        differences(record["stamp"], now["stamp"]),
        tuple(missing) + differences(dict(_findings(record)), dict(_findings(now))),
    )


def differences(reported: Mapping[str, object], now: Mapping[str, object]) -> tuple[Difference, ...]:
    """Where two sets of named values differ, in the order of the report."""
    names = dict.fromkeys((*reported, *now))
    pairs = ((name, str(reported.get(name, "nothing")), str(now.get(name, "nothing"))) for name in names)
    return tuple(Difference(*each) for each in pairs if each[1] != each[2])


def _known(record: DebriefRecord, corpus: Corpus) -> tuple[DebriefRecord, tuple[Difference, ...]]:
    """The record with only what the corpus still asks, and what it does not."""
    gone = [q for q in record["questions"] if q["item_id"] not in corpus.items]
    kept: DebriefRecord = {**record, "questions": [q for q in record["questions"] if q not in gone]}
    return kept, tuple(Difference(f"question {q['number']}", q["item_id"], "not in the corpus") for q in gone)


def _regraded(record: DebriefRecord, corpus: Corpus, grader: Grader) -> Debrief:
    return build_debrief(
        corpus,
        [_exchange(q, record["language"], corpus, grader) for q in record["questions"]],
        session_id=record["session_id"],
        language=record["language"],
        started_at=record["started_at"],
        finished=record["finished"],
        stamp={"version": __version__, "corpus": corpus.hash[:12]},
    )


def _exchange(question: QuestionRecord, language: Language, corpus: Corpus, grader: Grader) -> Exchange:
    exchange = Exchange(
        question["item_id"],
        tuple(question["answers"]),
        hinted=question["hinted"],
        skipped=question["skipped"],
    )
    if question["grade"] is None:
        return exchange
    item = gradable(corpus.item(question["item_id"]))
    helped = {p["id"]: p["helped_by"] for p in question["grade"]["points"]}
    grade: Grade = grader.grade(item, exchange.joined, language)
    # What a candidate was helped with is a fact of the interview, not of the grading.
    points = tuple(replace(p, helped_by=helped.get(p.point_id, p.helped_by)) for p in grade.points)
    return replace(exchange, grade=grader.rescored(replace(grade, points=points), item))


def _numbers(record: DebriefRecord) -> Iterator[tuple[str, object]]:
    """Everything in a debrief that grading decides, by name."""
    yield "overall score", record["score"]
    for topic in record["topics"]:
        yield f"topic {topic['id']}, score", topic["score"]
    for question in record["questions"]:
        grade, name = question["grade"], f"question {question['number']}"
        if grade is None:
            continue
        yield f"{name}, score", grade["score"]
        yield f"{name}, interval", (grade["low"], grade["high"])
        yield f"{name}, verdict", grade["verdict"]
        yield f"{name}, flags", ", ".join(grade["flags"]) or "none"
        yield f"{name}, needs review", grade["needs_review"]
        yield f"{name}, misconceptions", [m["index"] for m in grade["misconceptions"]]
        for point in grade["points"]:
            yield f"{name}, {point['id']}", (point["verdict"], point["credit"])


def _findings(record: AssessmentRecord) -> Iterator[tuple[str, object]]:
    """Everything in a self-assessment that grading decides, by name."""
    for standing in (record["overall"], *record["topics"]):
        name = f"topic {standing['id']}" if standing["id"] else "overall"
        yield f"{name}, ability", (standing["level"], standing["error"])
        yield f"{name}, share of questions within reach", standing["reach"]
        yield f"{name}, mean score", standing["score"]
    for kind, findings in (("strength", record["strengths"]), ("gap", record["gaps"])):
        for finding in findings:
            yield f"{kind} {finding['item_id']}", finding["score"]
