"""What a class report says, as data. Scores are 0–100; texts are in the report's language where they are ours."""

from __future__ import annotations

from dataclasses import dataclass

from interviewer.schema import Language

BINS = 10


@dataclass(frozen=True, slots=True)
class PointTally:
    """How the class fared with one key point."""

    text: str
    covered: int
    partial: int
    missing: int
    contradicted: int


@dataclass(frozen=True, slots=True)
class Mistake:
    """A wrong claim that was made, how often, and in which words."""

    text: str
    """The known misconception; empty where only a key point was contradicted."""
    correction: str
    count: int
    quotes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Answers that say much the same."""

    size: int
    mean: float
    quote: str
    """The most typical one."""


@dataclass(frozen=True, slots=True)
class Twins:
    """Answers that share more of their wording than chance explains."""

    rows: tuple[int, ...]
    """Numbers of the table's rows, from 1."""
    students: tuple[str, ...]
    """Theirs, where the table names them."""
    same: bool
    """Word for word, or only long runs of words."""
    quote: str


@dataclass(frozen=True, slots=True)
class QuestionReport:
    """One question."""

    text: str
    count: int
    mean: float
    difficulty: float
    """1 − mean / 100."""
    discrimination: float | None
    """Correlation with the same students' other answers, −1 to 1; None where too few are known."""
    histogram: tuple[int, ...]
    points: tuple[PointTally, ...]
    mistakes: tuple[Mistake, ...]
    groups: tuple[Group, ...]
    twins: tuple[Twins, ...]
    looked_at: int
    """Answers that were compared with each other for groups and twins."""


@dataclass(frozen=True, slots=True)
class StudentRow:
    """One student at a glance."""

    name: str
    answers: int
    mean: float
    weakest: str
    """The question with the lowest score."""
    unsure: int


@dataclass(frozen=True, slots=True)
class AgreementRow:
    """Agreement with a person's marks: on all answers, on one question, or before and after calibration."""

    name: str
    count: int
    figures: tuple[str, ...]
    """In the order of `FIGURES`."""


FIGURES = ("pearson", "rmse", "qwk", "alpha", "bias", "limits")


@dataclass(frozen=True, slots=True)
class ClassReport:
    """A graded table as a whole."""

    language: Language
    answers: int
    failed: int
    unsure: int
    mean: float | None
    median: float | None
    histogram: tuple[int, ...]
    questions: tuple[QuestionReport, ...]
    students: tuple[StudentRow, ...] = ()
    more_students: int = 0
    """Students beyond those listed."""
    agreement: tuple[AgreementRow, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    """Answers by the person's band (rows: poor to strong) and ours."""
    calibration: tuple[AgreementRow, ...] = ()
    grader: str = ""
