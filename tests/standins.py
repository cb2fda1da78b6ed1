"""A grader whose verdicts can be told by eye, in place of the one that reads."""

from __future__ import annotations

from interviewer.schema import Flag, Grade, Item, KeyPoint, Language, PointResult, Span
from interviewer.text import language_of, terms


class ByTerms:
    """A point is covered if the answer has three of its terms: score = 100 · covered / all."""

    version = "by-terms"
    calibrated = False

    def __init__(self, *_: object) -> None: ...

    def prepare(self, answers: object) -> None:
        """Needs nothing."""

    def expect(self, item: Item, language: Language) -> None:
        """Needs nothing."""

    def grade(self, item: Item, answer: str, language: Language | None = None) -> Grade:
        language = language or language_of(answer) or "en"
        if not item.key_points:
            return Grade(item.id, language, None, None, None, "unscored", reason="the item has no key points")
        points = tuple(self._result(point, answer) for point in item.key_points)
        score = round(100.0 * sum(p.credit for p in points) / len(points), 1)
        flags: tuple[Flag, ...] = () if answer.strip() else ("empty",)
        return Grade(item.id, language, score, score, score, "strong" if score > 80 else "weak", points, (), flags)

    def rescored(self, grade: Grade, item: Item) -> Grade:
        """Help costs nothing here."""
        return grade

    @staticmethod
    def _result(point: KeyPoint, answer: str) -> PointResult:
        if len(set(terms(answer)) & set(terms(f"{point.text.zh} {point.text.en}"))) < 3:
            return PointResult(point.id, "missing", 0.9, 0.0)
        return PointResult(point.id, "covered", 0.9, 1.0, Span(0, len(answer), answer))
