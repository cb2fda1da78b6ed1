"""A grade in words, in the session's language, from the grade alone: what was right, what is missing, what is wrong."""

from __future__ import annotations

from interviewer.schema import Flag, Grade, Item, Language, PointResult

MAX_QUOTE = 60
_MAX_POINTS = 2  # named per kind, so that the whole stays under about 120 words

_FLAG_WORDS: dict[Flag, tuple[str, str]] = {
    "empty": ("没有作答。", "There is no answer."),
    "dont_know": ("你说不知道。", "You said you do not know."),
    "echoes_question": ("回答只是重复了题目。", "The answer only repeats the question."),
    "copies_reference": ("回答与参考答案几乎逐字相同。", "The answer is nearly word for word the reference."),
    "off_topic": ("回答没有谈到这个问题。", "The answer does not address this question."),
    "other_language": ("回答用的是另一种语言，已按那种语言评分。", "The answer is in the other language and was graded in it."),
    "keyword_list": ("只列出了术语，没有解释。", "It lists terms without explaining them."),
    "instructions": ("对评分者说的话不计入评分。", "What is addressed to the grader was left out."),
    "gibberish": ("看不出可以评分的内容。", "There is nothing in it that can be graded."),
    "repeated": ("同样的话说了很多遍，只算一次。", "The same words are said over and over; they count once."),
    "both_ways": ("前后矛盾：同一点既说是又说否。", "It says a thing and its opposite."),
    "scattered": ("东拉西扯：大部分内容与这道题无关。", "Most of it is about other things."),
    "too_long": ("回答过长，只评了前面一部分。", "The answer is too long; only its first part was graded."),
}  # fmt: skip


def quote(text: str) -> str:
    """A stretch of the candidate's words, cut to fit in a sentence."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_QUOTE else line[: MAX_QUOTE - 1].rstrip() + "…"


def feedback(grade: Grade, item: Item, language: Language) -> str:
    """One short paragraph about a graded answer; the reason where it could not be graded."""
    if grade.score is None:
        reason = grade.reason or "-"
        return f"未评分：{reason}" if language == "zh" else f"Not graded: {reason}"
    zh = language == "zh"
    parts = [_FLAG_WORDS[f][0 if zh else 1] for f in grade.flags]
    right = [p for p in grade.points if p.verdict == "covered" and p.evidence]
    if right:
        quotes = _join([f"“{quote(p.evidence.text)}”" for p in right[:_MAX_POINTS] if p.evidence], zh)
        parts.append(f"说对了：{quotes}。" if zh else f"Right: {quotes}.")
    parts += [_wrong(p, grade, item, language) for p in grade.points if p.verdict == "contradicted"][:_MAX_POINTS]
    missing = [p for p in grade.points if p.verdict in ("missing", "partial")]
    missing.sort(key=lambda p: -item.point(p.point_id).weight)
    if missing:
        named = [_sentence(item.point(p.point_id).text.get(language)) for p in missing[:_MAX_POINTS]]
        rest = len(missing) - len(named)
        more = (f"（另有 {rest} 点）" if zh else f" ({rest} more)") if rest else ""
        parts.append(f"还缺：{_join(named, zh)}{more}。" if zh else f"Missing: {_join(named, zh)}{more}.")
    return ("" if zh else " ").join(parts)


def _wrong(point: PointResult, grade: Grade, item: Item, language: Language) -> str:
    said = quote(point.evidence.text) if point.evidence else ""
    for found in grade.misconceptions:
        known = item.misconceptions[found.index]
        if point.point_id in known.contradicts and found.evidence == point.evidence:
            right = known.correction.get(language)
            break
    else:
        right = item.point(point.point_id).text.get(language)
    return (
        f"有误：“{said}”。应为：{_sentence(right)}。"
        if language == "zh"
        else f"Wrong: “{said}”. Rather: {_sentence(right)}."
    )


def _sentence(text: str) -> str:
    return text.strip().rstrip("。.；;")


def _join(parts: list[str], zh: bool) -> str:
    return ("；" if zh else "; ").join(parts)
