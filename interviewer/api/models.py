"""What goes in and out of `/v1`, as its OpenAPI document shows it. Scores are 0–100, shares and confidences 0–1."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from interviewer.corpus import Corpus
from interviewer.engine import MAX_MESSAGE, MAX_NOTE, View
from interviewer.grading import feedback
from interviewer.interview import Setup
from interviewer.interview.plan import MAX_QUESTIONS
from interviewer.schema import Flag, Grade, Help, Item, Kind, Language, PointVerdict, Speaker, Turn, Verdict
from interviewer.schema import Span as Stretch
from interviewer.text import language_of

Text = Annotated[str, Field(min_length=1, max_length=MAX_MESSAGE)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Whole = Annotated[int, BeforeValidator(lambda v: int(v) if isinstance(v, float) and v.is_integer() else v)]
"""An integer as JSON Schema has it: 3.0 is one."""


class _Request(BaseModel):
    # Strict: what the document calls a number is not taken as text.
    model_config = ConfigDict(extra="forbid", strict=True)


class GradeItem(_Request):
    """An answer to a question of the corpus."""

    item_id: Name = Field(description="Id of the item.", examples=["vae-loss"])
    answer: Text = Field(examples=["A reconstruction term plus the KL divergence to the prior."])
    language: Language | None = Field(None, description="The language asked for; default: the answer's own.")


class GradeQuestion(_Request):
    """An answer to any question, against a reference text, or, without one, to the corpus question that it is."""

    question: str = Field(min_length=1, max_length=4000, pattern=r"\S", examples=["What is a vanishing gradient?"])
    reference: str = Field("", max_length=20_000, description="A full answer to grade against.")
    answer: Text = Field(examples=["Derivatives multiply through the layers and shrink."])
    language: Language | None = Field(None, description="The language asked for; default: the answer's own.")


class NewSession(_Request):
    """What an interview should be about."""

    language: Language = "zh"
    topics: list[Name] = Field([], max_length=50, description="Ids of topics; none means all.")
    level: Whole = Field(2, ge=1, le=5, description="1 (screening) to 5 (staff).")
    questions: Whole = Field(5, ge=1, le=MAX_QUESTIONS)
    focus: str = Field("", max_length=500, description="Find the questions by this text instead.")

    def setup(self) -> Setup:
        """As the engine wants it."""
        return Setup(self.language, tuple(self.topics), self.level, self.questions, self.focus)


class Message(_Request):
    """What the candidate says: an answer, or a command (hint, skip, repeat, stop; 提示, 跳过, 重复, 结束)."""

    text: Text


class Disagreement(_Request):
    """What the verdict on a key point should have been, as the candidate sees it."""

    should_be: PointVerdict = Field(description="The grader's own verdict withdraws an earlier disagreement.")
    note: str = Field("", max_length=MAX_NOTE, description="Why; may be empty.")


class Corrected(BaseModel):
    """What is kept of a disagreement."""

    should_be: PointVerdict
    note: str


class Span(BaseModel):
    """A stretch of the answer: `answer[start:end] == text`, counted in Unicode characters."""

    start: int
    end: int
    text: str

    @classmethod
    def of(cls, span: Stretch | None) -> Span | None:
        """From the grader's."""
        return None if span is None else cls(start=span.start, end=span.end, text=span.text)


class Point(BaseModel):
    """What was found about one key point."""

    id: str
    text: str
    verdict: PointVerdict
    confidence: float
    credit: float
    helped_by: Help
    evidence: Span | None = Field(description="What the verdict rests on; null where it rests on an absence.")


class Misconception(BaseModel):
    """A known wrong claim that was recognised."""

    text: str
    correction: str
    evidence: Span | None


class Graded(BaseModel):
    """A grade with its reasons. `score` is null where the answer could not be graded: that is not a zero."""

    item_id: str
    language: Language
    score: float | None
    low: float | None = Field(description="Lower end of the interval around the score.")
    high: float | None
    verdict: Verdict
    feedback: str
    points: list[Point]
    misconceptions: list[Misconception]
    flags: list[Flag]
    needs_review: bool
    reason: str = Field(description="Why there is no score; empty otherwise.")
    grader: str = Field(description="Version of the grader and of its encoder: equal ones give equal grades.")

    @classmethod
    def of(cls, grade: Grade, item: Item, answer: str, language: Language | None) -> Graded:
        """From the grader's, in the language asked for or the answer's."""
        spoken = language or language_of(answer) or grade.language
        return cls(
            item_id=grade.item_id,
            language=grade.language,
            score=grade.score,
            low=grade.low,
            high=grade.high,
            verdict=grade.verdict,
            feedback="" if grade.score is None else feedback(grade, item, spoken),
            points=[
                Point(
                    id=p.point_id, text=item.point(p.point_id).text.get(spoken), verdict=p.verdict,
                    confidence=p.confidence, credit=p.credit, helped_by=p.helped_by, evidence=Span.of(p.evidence),
                )
                for p in grade.points
            ],
            misconceptions=[
                Misconception(
                    text=item.misconceptions[m.index].text.get(spoken),
                    correction=item.misconceptions[m.index].correction.get(spoken),
                    evidence=Span.of(m.evidence),
                )
                for m in grade.misconceptions
            ],
            flags=list(grade.flags),
            needs_review=grade.needs_review,
            reason=grade.reason,
            grader=grade.grader,
        )  # fmt: skip


class Utterance(BaseModel):
    """One turn of the transcript."""

    speaker: Speaker
    act: str | None = Field(description="What the interviewer does with it; null for the candidate.")
    item_id: str
    text: str

    @classmethod
    def of(cls, turn: Turn) -> Utterance:
        """From the engine's."""
        return cls(speaker=turn.speaker, act=turn.act, item_id=turn.item_id, text=turn.text)


class Session(BaseModel):
    """An interview as it stands."""

    id: str
    language: Language
    finished: bool
    waiting_for_grade: bool = Field(description="An answer is stored but not graded; the next message sees to it.")
    number: int = Field(description="1-based number of the present question.")
    total: int
    item_id: str | None = Field(description="The present question's item; null when the interview is over.")
    said: list[Utterance] = Field(description="What the interviewer said upon the last step.")
    transcript: list[Utterance]

    @classmethod
    def of(cls, view: View) -> Session:
        """From the engine's."""
        state = view.state
        return cls(
            id=view.session_id,
            language=state.setup.language,
            finished=view.finished,
            waiting_for_grade=view.waiting_for_grade,
            number=state.number,
            total=len(state.plan),
            item_id=None if view.finished else state.exchange.item_id,
            said=[Utterance.of(t) for t in view.said],
            transcript=[Utterance.of(t) for t in view.transcript],
        )


class ListedSession(BaseModel):
    """An interview as listed."""

    id: str
    started_at: str = Field(description="ISO 8601, UTC.")
    updated_at: str
    language: str
    finished: bool
    questions: int


class BothLanguages(BaseModel):
    """A text in both languages; a draft may lack one."""

    zh: str
    en: str


class Topic(BaseModel):
    """A topic of the corpus."""

    id: str
    title: BothLanguages
    items: int


class ListedItem(BaseModel):
    """A question of the corpus, without its answer."""

    id: str
    topic: str
    kind: Kind
    level: int
    status: Literal["published", "draft"]
    question: BothLanguages

    @classmethod
    def of(cls, item: Item) -> ListedItem:
        """From the corpus's."""
        return cls(
            id=item.id, topic=item.topic, kind=item.kind, level=item.level, status=item.status,
            question=BothLanguages(zh=item.question.zh, en=item.question.en),
        )  # fmt: skip


class Found(ListedItem):
    """A question that fits a search."""

    score: float = Field(description="Of this search only; higher fits better.")


def topics_of(corpus: Corpus) -> list[Topic]:
    """All topics with the number of their items."""
    counts: dict[str, int] = {}
    for item in corpus.items.values():
        counts[item.topic] = counts.get(item.topic, 0) + 1
    return [
        Topic(id=t.id, title=BothLanguages(zh=t.title.zh, en=t.title.en), items=counts.get(t.id, 0))
        for t in corpus.topics.values()
    ]
