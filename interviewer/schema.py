"""The nouns of the project, as frozen data. No behaviour beyond what reading and writing them needs.

Everything that a person reads exists in Chinese and in English (`Bilingual`); scores are 0–100; confidences,
similarities and shares are 0–1; character offsets count Python characters of the text they belong to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

Kind = Literal["concept", "comparison", "derivation", "calculation", "coding", "experience"]
KINDS: tuple[Kind, ...] = get_args(Kind)

PointVerdict = Literal["covered", "partial", "missing", "contradicted"]
POINT_VERDICTS: tuple[PointVerdict, ...] = get_args(PointVerdict)

Verdict = Literal["strong", "adequate", "weak", "poor", "unscored"]

Flag = Literal[
    "empty",
    "dont_know",
    "echoes_question",
    "copies_reference",
    "off_topic",
    "other_language",
    "keyword_list",
    "instructions",
    "gibberish",
    "repeated",
    "both_ways",
    "scattered",
    "too_long",
]
FLAGS: tuple[Flag, ...] = get_args(Flag)

Help = Literal["none", "probe", "hint"]
"""What a candidate needed before saying a thing."""


@dataclass(frozen=True, slots=True)
class Bilingual:
    """One text in both languages. A draft item may lack one of them."""

    zh: str = ""
    en: str = ""

    def get(self, language: Language) -> str:
        """The text in `language`, or in the other one where a draft has only that."""
        wanted, other = (self.zh, self.en) if language == "zh" else (self.en, self.zh)
        return wanted or other


@dataclass(frozen=True, slots=True)
class Wordings:
    """Several ways of saying one thing, per language."""

    zh: tuple[str, ...] = ()
    en: tuple[str, ...] = ()

    def get(self, language: Language) -> tuple[str, ...]:
        """The wordings in `language` only: wordings in the other language are asked for by name."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, slots=True)
class KeyPoint:
    """One checkable claim of a full answer."""

    id: str
    text: Bilingual
    weight: float = 1.0
    also: Wordings = Wordings()
    """The same claim as people really say it."""
    contradictions: Wordings = Wordings()
    """Claims that contradict it (`not` in the file)."""
    probe: Bilingual = Bilingual()
    hint: Bilingual = Bilingual()
    generated: tuple[str, ...] = ()
    """Which of the fields above a program wrote and nobody has read yet, by their names in the file (`not` …)."""
    proposed: Wordings = Wordings()
    """Right wordings that a language model proposes. They count for nothing until somebody moves them to `also`."""


@dataclass(frozen=True, slots=True)
class Misconception:
    """A wrong claim that people make, and what is right instead."""

    text: Bilingual
    correction: Bilingual
    contradicts: tuple[str, ...] = ()
    """Ids of the key points of the same item that it denies."""


@dataclass(frozen=True, slots=True)
class CodeRef:
    """A symbol of the reference code, resolved to the lines that define it (1-based, inclusive)."""

    file: str
    symbol: str
    line: int
    end_line: int


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a claim comes from: a key of `sources.yaml` and a place in it."""

    ref: str
    at: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """What a citation key refers to."""

    key: str
    title: str
    authors: str = ""
    year: int | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class Erratum:
    """What a source got wrong, and what is right."""

    source: str
    text: Bilingual


@dataclass(frozen=True, slots=True)
class Item:
    """One question with everything needed to ask, grade and teach it."""

    id: str
    topic: str
    question: Bilingual
    kind: Kind = "concept"
    level: int = 2
    """1 (screening) to 5 (staff)."""
    intent: Bilingual = Bilingual()
    key_points: tuple[KeyPoint, ...] = ()
    misconceptions: tuple[Misconception, ...] = ()
    answer: Bilingual = Bilingual()
    code: tuple[CodeRef, ...] = ()
    requires: tuple[str, ...] = ()
    sources: tuple[Citation, ...] = ()
    errata: tuple[Erratum, ...] = ()
    status: Literal["published", "draft"] = "published"
    as_of: str = ""
    origin: str = ""
    """Of an imported draft: the document and the place in it, e.g. "notes/cnn.md, line 12"."""
    like: tuple[str, ...] = ()
    """Of an imported draft: ids of items that ask nearly the same."""

    def point(self, point_id: str) -> KeyPoint:
        """The key point of that id; KeyError if there is none."""
        for point in self.key_points:
            if point.id == point_id:
                return point
        raise KeyError(point_id)


@dataclass(frozen=True, slots=True)
class Topic:
    """A file of the corpus."""

    id: str
    title: Bilingual
    overview: Bilingual = Bilingual()


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the candidate's original text: `text == answer[start:end]`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class PointResult:
    """What the grader found about one key point."""

    point_id: str
    verdict: PointVerdict
    confidence: float
    """Probability of `verdict` under the grader's model, 0–1."""
    credit: float
    """What the point is expected to add, as a share of its weight: −0.7 (certainly denied) to 1 (certainly said)."""
    evidence: Span | None = None
    """The part of the answer that the verdict rests on; None where it rests on an absence."""
    helped_by: Help = "none"


@dataclass(frozen=True, slots=True)
class MisconceptionFound:
    """A known wrong claim, recognised in the answer."""

    index: int
    """Position in `Item.misconceptions`."""
    evidence: Span


@dataclass(frozen=True, slots=True)
class Grade:
    """How good one answer is, and why. `score` is None where the answer could not be graded: that is not a zero."""

    item_id: str
    language: Language
    score: float | None
    low: float | None
    high: float | None
    verdict: Verdict
    points: tuple[PointResult, ...] = ()
    misconceptions: tuple[MisconceptionFound, ...] = ()
    flags: tuple[Flag, ...] = ()
    needs_review: bool = False
    reason: str = ""
    """Why the answer is unscored; empty otherwise."""
    grader: str = ""
    """Version of the grader and fingerprint of the encoder."""

    def ids(self, verdict: PointVerdict) -> tuple[str, ...]:
        """Ids of the key points with that verdict, in the item's order."""
        return tuple(p.point_id for p in self.points if p.verdict == verdict)


Speaker = Literal["interviewer", "candidate"]
Act = Literal[
    "greet", "ask", "acknowledge", "probe", "hint", "repeat", "no_hint", "skip", "close",
    "clarify", "confirm", "go_back", "no_way_back", "pause", "resume", "feedback", "reveal", "try_first",
    "reveal_later", "time_up", "sure", "mastered",
]  # fmt: skip
"""What an utterance of the interviewer does."""

Mode = Literal["interview", "coach", "drill", "review"]
"""Interview: no feedback until the end. Coach: feedback after each question. Drill: one topic until it is mastered.
Review: given questions, with feedback."""
MODES: tuple[Mode, ...] = get_args(Mode)

Style = Literal["warm", "neutral", "demanding"]
"""How the interviewer words things; never what is asked or how it is graded."""
STYLES: tuple[Style, ...] = get_args(Style)


@dataclass(frozen=True, slots=True)
class Turn:
    """One utterance of the transcript, as it was shown."""

    speaker: Speaker
    text: str
    act: Act | None = None
    """None for the candidate."""
    item_id: str = ""
    voice: str = ""
    """The chat model that worded it; empty for the scripted voice and for the candidate."""
    failed: str = ""
    """Why tries of a chat model were not used, joined by "+", e.g. "leak+verdict"; see `llm.guard.Reason`."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question of an interview with all that was answered to it."""

    item_id: str
    answers: tuple[str, ...] = ()
    """The first answer, then the replies to follow-ups, in the candidate's own words."""
    grade: Grade | None = None
    """Of all answers together; evidence offsets refer to `joined`."""
    hinted: bool = False
    skipped: bool = False
    probed: tuple[str, ...] = ()
    """Ids of the key points that were followed up, in order."""
    hints: tuple[str, ...] = ()
    """Ids of the key points that were hinted at, in order."""

    @property
    def joined(self) -> str:
        """All answers as the one text that the grade refers to."""
        return "\n".join(self.answers)


@dataclass(frozen=True, slots=True)
class QuestionReview:
    """One question in the debrief."""

    item: Item
    exchange: Exchange
    number: int


@dataclass(frozen=True, slots=True)
class TopicReview:
    """One topic in the debrief."""

    topic: Topic
    score: float
    """Mean score of the topic's questions; a skipped question counts 0."""
    questions: int


@dataclass(frozen=True, slots=True)
class StudyStep:
    """One thing to do next, and why."""

    item: Item
    reason: Literal["missed", "contradicted", "prerequisite", "skipped"]
    because_of: str
    """Id of the question in this interview that it follows from."""
    points: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Level:
    """An ability on the scale of levels (1 screening to 5 staff), with its standard error in levels."""

    value: float
    error: float


@dataclass(frozen=True, slots=True)
class LevelReview:
    """What an interview says about a candidate's level."""

    overall: Level
    topics: tuple[tuple[Topic, Level], ...] = ()
    """Of the topics that were asked about, in the corpus's order."""


@dataclass(frozen=True, slots=True)
class Debrief:
    """What an interview showed."""

    session_id: str
    language: Language
    started_at: str
    """ISO 8601, UTC."""
    score: float | None
    """Mean over questions; None if nothing was answered."""
    questions: tuple[QuestionReview, ...]
    topics: tuple[TopicReview, ...]
    study: tuple[StudyStep, ...]
    transcript: tuple[Turn, ...] = ()
    finished: bool = True
    level: LevelReview | None = None
    """None if nothing was graded."""
    stamp: dict[str, Any] = field(default_factory=dict)
    """What made the numbers: corpus hash, encoder, grader."""


@dataclass(frozen=True, slots=True)
class Review:
    """One graded answer, as the review queue knows it."""

    item_id: str
    at: str
    """ISO 8601, UTC."""
    score: float
    """0–100; a skipped question counts 0."""
    session_id: str = ""
    """Of the interview; empty for practice."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What the verdict on a key point should have been, as the candidate sees it."""

    session_id: str
    item_id: str
    point_id: str
    was: PointVerdict
    should_be: PointVerdict
    note: str
    """Why, in the candidate's own words; may be empty."""
    at: str
    """ISO 8601, UTC."""
