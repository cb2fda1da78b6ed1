"""The words of a debrief: the grade as facts, in scripted sentences, and in a model's if it keeps to the facts."""

from __future__ import annotations

from collections.abc import Callable

from interviewer.grading import feedback
from interviewer.grading.grader import band
from interviewer.llm.facts import Facts, FactsGuard
from interviewer.llm.scene import MAX_SAID, Scene
from interviewer.llm.speaker import Speaker, Told
from interviewer.schema import Debrief, Grade, Item, Language, Verdict

_VERDICTS: dict[Language, dict[Verdict, str]] = {
    "zh": {"strong": "优秀", "adequate": "合格", "weak": "较弱", "poor": "差", "unscored": "未评分"},
    "en": {"strong": "strong", "adequate": "adequate", "weak": "weak", "poor": "poor", "unscored": "not graded"},
}
_MAX_QUESTION = 80


def tell_feedback(
    speaker: Speaker | None,
    grade: Grade,
    item: Item,
    answer: str,
    language: Language,
    *,
    scripted: str = "",
    heard: Callable[[str], None] = lambda _: None,
    key: str = "",
) -> Told:
    """One short paragraph about a graded answer.

    Args:
        speaker: the chat model; None for the scripted words.
        grade: of `answer`.
        item: the question.
        answer: what the candidate said.
        language: of the session.
        scripted: what is said without a model; default `grading.feedback`.
        heard: see `Speaker.tell`.
        key: see `Speaker.tell`.
    """
    scripted = scripted or feedback(grade, item, language)
    if speaker is None or grade.score is None:
        heard(scripted)
        return Told(scripted)
    facts = Facts(
        _grade_facts(grade, item, language),
        grade.verdict,
        {item.point(p.point_id).text.get(language): p.verdict for p in grade.points},
    )
    scene = Scene("feedback", language, scripted, item, said=answer[:MAX_SAID], silent=False)
    return speaker.tell(scene, FactsGuard(facts, language), facts.text, heard, key)


def tell_remark(speaker: Speaker | None, debrief: Debrief) -> Told:
    """The closing remark of a debrief; the scripted one says where the candidate is strongest and what comes first."""
    language = debrief.language
    scripted = remark(debrief)
    if speaker is None or debrief.score is None:
        return Told(scripted)
    facts = Facts("\n".join(_debrief_facts(debrief)), band(debrief.score))
    scene = Scene("remark", language, scripted, silent=False)
    return speaker.tell(scene, FactsGuard(facts, language), facts.text)


def remark(debrief: Debrief) -> str:
    """The closing remark without a model."""
    zh = debrief.language == "zh"
    if debrief.score is None:
        return "这次没有可以评分的回答。" if zh else "There was no answer to grade this time."
    total = f"{debrief.score:.0f}"
    parts = [
        f"{len(debrief.questions)} 道题平均 {total} 分。" if zh
        else f"Your mean over {len(debrief.questions)} question{'s' * (len(debrief.questions) != 1)} is {total}."
    ]  # fmt: skip
    ranked = sorted(debrief.topics, key=lambda t: -t.score)
    if len(ranked) > 1 and ranked[0].score > ranked[-1].score:
        best, last = (f"{t.topic.title.get(debrief.language)} ({t.score:.0f})" for t in (ranked[0], ranked[-1]))
        parts.append(f"最好的是{best}，最需要补的是{last}。" if zh else f"Strongest was {best}, weakest {last}.")
    if debrief.study:
        first = _short(debrief.study[0].item.question.get(debrief.language))
        parts.append(f"先看这一题：{first}" if zh else f"Begin with this question: {first}")
    return ("" if zh else " ").join(parts)


def _grade_facts(grade: Grade, item: Item, language: Language) -> str:
    zh = language == "zh"
    verdict = _VERDICTS[language][grade.verdict]
    lines = [f"得分 {grade.score:.0f}（满分 100），{verdict}" if zh else f"Score {grade.score:.0f} of 100: {verdict}"]
    names = {
        "covered": ("说到了", "said"), "partial": ("只说了一部分", "said in part"), "missing": ("没有说到", "missing"),
        "contradicted": ("说反了", "said the opposite of this"),
    }  # fmt: skip
    for point in grade.points:
        text = item.point(point.point_id).text.get(language)
        quoted = f" “{point.evidence.text[:120]}”" if point.evidence else ""
        lines.append(f"- {names[point.verdict][0 if zh else 1]}: {text}{quoted}")
    return "\n".join([*lines, feedback(grade, item, language)])


def _debrief_facts(debrief: Debrief) -> list[str]:
    zh, language = debrief.language == "zh", debrief.language
    assert debrief.score is not None
    lines = [remark(debrief), _VERDICTS[language][band(debrief.score)]]
    lines += [
        f"- {t.topic.title.get(language)}: {t.score:.0f} ({t.questions} {'题' if zh else 'questions'})"
        for t in debrief.topics
    ]
    for review in debrief.questions:
        grade = review.exchange.grade
        score = f"{grade.score:.0f}, {_VERDICTS[language][grade.verdict]}" if grade and grade.score is not None else "-"
        lines.append(f"- {review.number}. {_short(review.item.question.get(language))}: {score}")
    lines += [f"- {'要看' if zh else 'To study'}: {_short(s.item.question.get(language))}" for s in debrief.study[:3]]
    return lines


def _short(question: str) -> str:
    return question if len(question) <= _MAX_QUESTION else question[:_MAX_QUESTION].rstrip() + "…"
