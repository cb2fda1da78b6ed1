"""Every word of a class report that comes from neither the class nor the corpus, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from interviewer.schema import Language

WORDS: dict[str, tuple[str, str]] = {
    "title": ("班级评分报告", "Class report"),
    "colon": ("：", ": "),
    "honest": (
        "分数由程序给出，供教师参考：请先看需要复核的答案，再决定成绩。",
        "Scores are the program's own, for a teacher to start from: look at the answers that need review before any of them counts.",
    ),
    "answers": ("答案", "Answers"),
    "failed": ("未能评分", "Could not be graded"),
    "unsure": ("需要复核", "Need review"),
    "mean": ("平均分", "Mean score"),
    "median": ("中位数", "Median"),
    "distribution": ("分数分布", "Distribution of scores"),
    "distribution_of": ("分数分布：每 10 分的答案数", "Distribution of scores: answers per 10 points"),
    "questions": ("逐题", "Question by question"),
    "question": ("题目", "Question"),
    "difficulty": ("难度", "Difficulty"),
    "difficulty_means": (
        "难度 = 1 − 平均分 / 100，越大越难。",
        "Difficulty is 1 − mean / 100: the higher, the harder.",
    ),
    "discrimination": ("区分度", "Discrimination"),
    "discrimination_means": (
        "区分度是学生这一题与其余各题得分的相关系数；低于 0.2 的题目值得检查。没有指明学生所在的列、或学生太少时无法计算。",
        "Discrimination is the correlation of this question with the same students' other questions; below 0.2 a question is worth a look. It needs a column that names the students, and enough of them.",
    ),
    "points": ("要点", "Key points"),
    "points_of": ("每个要点的掌握情况", "How each key point fared"),
    "point": ("要点", "Key point"),
    "covered": ("说到", "covered"),
    "partial": ("部分说到", "partly"),
    "missing": ("没说到", "missed"),
    "contradicted": ("说反了", "contradicted"),
    "mistakes": ("常见错误", "Common misconceptions"),
    "times": ("{n} 人次", "{n} times"),
    "rather": ("应为", "Rather"),
    "against": ("与这个要点相反", "Contradicts this key point"),
    "groups": ("相似的答案", "Answers that are alike"),
    "group": ("{n} 份答案，平均 {mean} 分", "{n} answers, mean {mean}"),
    "twins": ("雷同的答案", "Suspiciously identical answers"),
    "twins_means": (
        "雷同不等于抄袭：同一份讲义也会造成雷同。请看原文再下结论。",
        "Alike does not mean copied: shared notes do the same. Read the answers before drawing a conclusion.",
    ),
    "same": ("逐字相同", "word for word"),
    "near": ("大段相同", "long runs of the same words"),
    "rows": ("第 {rows} 行", "rows {rows}"),
    "looked_at": ("相似和雷同只比较了前 {n} 份答案。", "Only the first {n} answers were compared for likeness."),
    "students": ("学生一览", "Students at a glance"),
    "student": ("学生", "Student"),
    "weakest": ("最弱的题目", "Weakest question"),
    "more_students": ("另有 {n} 名学生未列出，见评分表。", "{n} more students are in the graded table."),
    "agreement": ("与人工评分的一致性", "Agreement with a person's marks"),
    "agreement_means": (
        "方括号内是 95% 自助法区间。RMSE、偏差和界限的单位是分（满分 100）；偏差为正表示程序给分偏高，界限内应有 95% 的差值（Bland–Altman）。",
        "Brackets hold 95% bootstrap intervals. RMSE, bias and limits are in points of 100; a positive bias means that the program is the more generous, and 95 of 100 differences lie within the limits (Bland–Altman).",
    ),
    "all": ("全部答案", "all answers"),
    "before": ("校准前", "before calibration"),
    "after": ("校准后（留一法）", "after calibration (leave-one-out)"),
    "calibration": ("按教师的评分尺度校准", "Calibration to the teacher's scale"),
    "count": ("份数", "Answers"),
    "pearson": ("Pearson r", "Pearson r"),
    "rmse": ("RMSE", "RMSE"),
    "qwk": ("QWK", "QWK"),
    "alpha": ("Krippendorff α", "Krippendorff's α"),
    "bias": ("偏差", "Bias"),
    "limits": ("一致性界限", "Limits of agreement"),
    "confusion": ("人工（行）与程序（列）的等级", "Bands by the person (rows) and by the program (columns)"),
    "poor": ("不足", "poor"),
    "weak": ("偏弱", "weak"),
    "adequate": ("合格", "adequate"),
    "strong": ("优秀", "strong"),
    "grader": ("评分器", "Grader"),
    "unknown": ("—", "—"),
}


def words(language: Language) -> Mapping[str, str]:
    """All words in one language."""
    return MappingProxyType({name: pair[0 if language == "zh" else 1] for name, pair in WORDS.items()})
