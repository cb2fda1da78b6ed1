"""The shapes of the JSON that reports are written as: what `record.py` makes, and what a file must be to be verified.

A shape's version is in its `schema` field. Under the same version keys are only ever added; a key that goes or changes
its meaning makes a new version. A key that is added later is `NotRequired`, so that older reports stay valid. The JSON
Schemas in docs/schemas/ are made from this file (`interviewer report --schema debrief`).

Times are ISO 8601 in UTC, scores 0–100, confidences and shares 0–1, texts of the corpus in the report's language.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from interviewer.schema import Act, Flag, Help, Kind, Language, PointVerdict, Speaker, Verdict


class EvidenceRecord(TypedDict):
    """A part of the answers; offsets count characters of the answers joined by a line break."""

    start: int
    end: int
    text: str


class PointRecord(TypedDict):
    """One key point's verdict. `text` and `weight` are null where the corpus has it no more."""

    id: str
    text: str | None
    weight: float | None
    verdict: PointVerdict
    confidence: float
    credit: float
    helped_by: Help
    evidence: EvidenceRecord | None


class MisconceptionRecord(TypedDict):
    """A known wrong claim that was recognised."""

    index: int
    text: str | None
    correction: str | None
    evidence: EvidenceRecord


class GradeRecord(TypedDict):
    """A grade; `score` is null where the answer could not be graded, and `reason` says why."""

    score: float | None
    low: float | None
    high: float | None
    verdict: Verdict
    language: Language
    flags: list[Flag]
    needs_review: bool
    reason: str
    grader: str
    points: list[PointRecord]
    misconceptions: list[MisconceptionRecord]


class QuestionRecord(TypedDict):
    """One question, in the order asked."""

    number: int
    item_id: str
    topic: str
    level: int
    kind: Kind
    question: str
    answers: list[str]
    hinted: bool
    skipped: bool
    grade: GradeRecord | None


class TopicRecord(TypedDict):
    """A topic's mean score over so many questions."""

    id: str
    title: str
    score: float
    questions: int


class StepRecord(TypedDict):
    """One thing to study; `because_of` is the question that it follows from, `points` are ids of key points."""

    item_id: str
    question: str
    topic: str
    reason: Literal["missed", "contradicted", "prerequisite", "skipped"]
    because_of: str
    points: list[str]


class TurnRecord(TypedDict):
    """One utterance; `act` is null for the candidate."""

    speaker: Speaker
    act: Act | None
    item_id: str
    text: str


class TopicLevelRecord(TypedDict):
    """Ability in one topic, in levels, with its standard error."""

    id: str
    value: float
    error: float


class LevelRecord(TypedDict):
    """Ability over all topics, in levels (1 screening to 5 staff), with its standard error."""

    value: float
    error: float
    topics: list[TopicLevelRecord]


class DebriefRecord(TypedDict):
    """One interview. `score` and `level` are null if nothing was scored; `stamp` says what made the numbers."""

    schema: Literal["interviewer.debrief/1"]
    session_id: str
    language: Language
    started_at: str
    finished: bool
    score: float | None
    level: LevelRecord | None
    questions: list[QuestionRecord]
    topics: list[TopicRecord]
    study: list[StepRecord]
    transcript: list[TurnRecord]
    stamp: dict[str, str]


class AbilityRecord(TypedDict):
    """An ability on the scale of levels (1 screening to 5 staff) with its standard error, as known at a time."""

    at: str
    level: float
    error: float


class StandingRecord(TypedDict):
    """Where a candidate stands in a topic; `id` is null for all topics together.

    `reach` is the share of the corpus's questions that are no harder than the ability, `score` the mean of the latest
    scores, `history` the ability after each interview.
    """

    id: str | None
    title: str
    level: float
    error: float
    reach: float
    answers: int
    score: float
    history: list[AbilityRecord]


class SittingRecord(TypedDict):
    """One interview in short."""

    session_id: str
    started_at: str
    language: Language
    finished: bool
    score: float | None
    questions: int


class ShownRecord(TypedDict):
    """A key point that a finding rests on; `quote` is empty where it rests on an absence."""

    id: str
    text: str | None
    verdict: PointVerdict
    quote: str


class FindingRecord(TypedDict):
    """A question that shows a strength or a gap."""

    item_id: str
    question: str
    topic: str
    level: int
    session_id: str
    at: str
    score: float | None
    points: list[ShownRecord]


class AppointmentRecord(TypedDict):
    """A step of the study plan with its day (ISO 8601 date)."""

    day: str
    step: StepRecord


class AssessmentRecord(TypedDict):
    """What many interviews show together. `unreadable` counts interviews that had to be left out."""

    schema: Literal["interviewer.assessment/1"]
    language: Language
    as_of: str
    sittings: list[SittingRecord]
    overall: StandingRecord
    topics: list[StandingRecord]
    strengths: list[FindingRecord]
    gaps: list[FindingRecord]
    plan: list[AppointmentRecord]
    stamp: dict[str, str]
    unreadable: int


SHAPES: dict[str, type] = {"debrief": DebriefRecord, "assessment": AssessmentRecord}


def json_schema(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a shape by its name in `SHAPES`."""
    made = adapter(name).json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


@lru_cache(maxsize=8)
def adapter(name: str) -> TypeAdapter[Any]:
    """What checks a record against a shape."""
    return TypeAdapter(SHAPES[name])
