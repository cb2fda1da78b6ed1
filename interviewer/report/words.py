"""Every word of a report that comes from neither the candidate nor the corpus, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from interviewer.schema import Language

WORDS: dict[str, tuple[str, str]] = {
    "title": ("模拟面试报告", "Mock interview debrief"),
    "colon": ("：", ": "),
    # the whole
    "started": ("开始时间", "Started"),
    "overall": ("总分", "Overall score"),
    "out_of": ("满分 100", "out of 100"),
    "no_score": ("没有可计入的分数", "nothing was scored"),
    "honest": (
        "分数由本程序给出。区间只说明程序自己有多大把握，尚未用真人评分校准过。",
        "Scores are this program's own. An interval says how sure the program is; it has not yet been calibrated "
        "against human markers.",
    ),
    "counting": (
        "总分是各题的平均：跳过的题计 0 分，未能评分的题不计入。",
        "The overall score is the mean over questions. A skipped question counts 0, and one that could not be graded "
        "is left out.",
    ),
    "unfinished": (
        "这场面试没有进行到最后，报告只涵盖已经问到的题目。",
        "This interview was not finished. The debrief covers only the questions that were reached.",
    ),
    "nothing_asked": ("这场面试里没有回答任何题目。", "No question was answered in this interview."),
    "closing_best": ("答得最好的是第 {n} 题（{question}）。", "Your best answer was to question {n} ({question})"),
    "closing_hard": (
        "这一场对你来说偏难，这正好说明接下来该从哪里补起。",
        "This one was hard for you, which at least shows where to begin.",
    ),
    "closing_first": ("建议先补：{question}", "Begin with: {question}"),
    "closing_helped": (
        "追问之后才说到的要点有 {probes} 个，提示之后才说到的有 {hints} 个；下次争取一开始就说出来。",
        "Key points said only after a follow-up: {probes}; only after a hint: {hints}. Next time, try to say them at once.",
    ),
    # topics
    "topics": ("各主题得分", "Scores by topic"),
    "chart_title": ("各主题得分", "Scores by topic"),
    "bands": (
        "刻度 30、60、80 分别是“偏弱”“合格”“优秀”的起点。",
        "The marks at 30, 60 and 80 are where weak, adequate and strong begin.",
    ),
    "topic": ("主题", "Topic"),
    "score": ("得分", "Score"),
    "count": ("题数", "Questions"),
    # study
    "study": ("接下来学什么", "What to study next"),
    "study_nothing": ("没有发现需要补的内容。", "Nothing was found that needs more work."),
    "because_contradicted": (
        "你在第 {n} 题里似乎有说法与要点相反。",
        "In question {n} you seem to have said the opposite of a key point.",
    ),
    "because_missed": (
        "第 {n} 题有要点没有说到，或只说了一半。",
        "In question {n} points were missing or only partly said.",
    ),
    "because_skipped": ("你跳过了第 {n} 题。", "You skipped question {n}."),
    "because_prerequisite": ("第 {n} 题以它为基础。", "Question {n} builds on this one."),
    "be_able": ("要能说清楚", "Be able to say"),
    "look_up": ("查看这道题", "Look it up"),
    # a question
    "questions": ("逐题回顾", "Question by question"),
    "question_n": ("第 {n} 题", "Question {n}"),
    "level": ("难度", "Level"),
    "level_1": ("1 级 · 初筛", "1 · screening"),
    "level_2": ("2 级 · 初级", "2 · junior"),
    "level_3": ("3 级 · 独立工程师", "3 · solid engineer"),
    "level_4": ("4 级 · 资深", "4 · senior"),
    "level_5": ("5 级 · 专家", "5 · staff"),
    # the candidate's level
    "their_level": ("水平", "Level"),
    "level_is": (
        "大约是{word}的水平（{value}，误差 ±{error}，满级 5）。{sure}",
        "About the level of {word} ({value} ± {error} on a scale to 5). {sure}",
    ),
    "stands_0": ("初筛以下", "someone not yet ready for a screening call"),
    "stands_1": ("能过初筛", "someone who passes a screening call"),
    "stands_2": ("初级工程师", "a junior engineer"),
    "stands_3": ("能独立负责的工程师", "an engineer who works independently"),
    "stands_4": ("资深工程师", "a senior engineer"),
    "stands_5": ("专家", "a staff engineer"),
    "sure_high": ("题目足够多，这个判断比较可靠。", "Enough was asked for this to be fairly reliable."),
    "sure_middle": ("上下差一级都有可能。", "It may well be a level higher or lower."),
    "sure_low": ("问得还少，只能算第一印象。", "Little was asked: take it as a first impression."),
    "strong": ("优秀", "strong"),
    "adequate": ("合格", "adequate"),
    "weak": ("偏弱", "weak"),
    "poor": ("不足", "poor"),
    "unscored": ("未评分", "not graded"),
    "skipped": ("跳过", "skipped"),
    "interval": ("区间", "interval"),
    "note_skipped": ("这道题被跳过，没有作答。", "This question was skipped without an answer."),
    "note_hinted": ("作答过程中用过提示。", "A hint was given during this question."),
    "note_review": (
        "程序对这道题的评分没有把握，请人工复核。",
        "The program is not sure of this grade; have a person look at it.",
    ),
    "note_unscored": ("未评分：{reason}", "Not graded: {reason}"),
    "reason_unknown": ("没有给出原因", "no reason was given"),
    "reason_no_points": ("这道题没有写要点", "the question has no key points"),
    "reason_pending": ("回答之后没有完成评分", "the answer was never graded"),
    "flag_empty": ("没有作答。", "There is no answer."),
    "flag_dont_know": ("你说不知道。", "You said that you do not know."),
    "flag_echoes_question": ("回答只是重复了题目。", "The answer only repeats the question."),
    "flag_copies_reference": ("回答与参考答案几乎逐字相同。", "The answer is nearly word for word the reference."),
    "flag_off_topic": ("回答没有谈到这个问题。", "The answer does not address the question."),
    "flag_other_language": (
        "回答用的是另一种语言，已按那种语言评分。",
        "The answer is in the other language and was graded in it.",
    ),
    "flag_keyword_list": ("只列出了术语，没有解释。", "It lists terms without explaining them."),
    "flag_instructions": ("对评分者说的话不计入评分。", "What is addressed to the grader was left out."),
    "flag_gibberish": ("看不出可以评分的内容。", "There is nothing in it that can be graded."),
    "flag_repeated": ("同样的话说了很多遍，只算一次。", "The same words are said over and over; they count once."),
    "flag_both_ways": ("前后矛盾：同一点既说是又说否。", "It says a thing and its opposite."),
    "flag_scattered": ("东拉西扯：大部分内容与这道题无关。", "Most of it is about other things."),
    "flag_too_long": ("回答过长，只评了前面一部分。", "The answer is too long; only its first part was graded."),
    "answer": ("你的回答", "Your answer"),
    "reply_n": ("对追问 {n} 的回答", "Reply to follow-up {n}"),
    "no_answer": ("没有作答。", "No answer was given."),
    "marks": (
        "下划线标出评分依据的句子，小号数字是对应的要点。",
        "Underlined sentences are what the grade rests on; the small numbers name the key points.",
    ),
    "points": ("要点", "Key points"),
    "full_answer_says": ("完整的回答应当说到", "What a full answer says"),
    "covered": ("说到了", "covered"),
    "partial": ("说到一部分", "partly covered"),
    "missing": ("没有说到", "missing"),
    "contradicted": ("说反了", "contradicted"),
    "misconception": ("误解", "misconception"),
    "after_probe": ("追问之后才说到", "said only after a follow-up"),
    "after_hint": ("提示之后才说到", "said only after a hint"),
    "you_said": ("你说", "You said"),
    "misconceptions": ("发现的误解", "Misconceptions found"),
    "wrong_claim": ("误解", "The misconception"),
    "rather": ("正确的是", "What is right"),
    "model_answer": ("参考答案", "Model answer"),
    "code": ("参考代码", "Reference code"),
    "lines": ("第 {first}–{last} 行", "lines {first}–{last}"),
    "run_it": ("运行", "Run it"),
    "picture": ("{file} 画的图", "What {file} draws"),
    "no_code": ("这段代码现在找不到。", "This code cannot be found now."),
    "appendix": ("附录：参考代码", "Appendix: reference code"),
    "errata": ("来源中的错误", "Errors in sources"),
    "learnt_from": ("如果你是从《{source}》学的：", "If you learnt this from “{source}”:"),
    "sources": ("出处", "Sources"),
    # the end
    "transcript": ("完整对话", "Transcript"),
    "interviewer": ("面试官", "Interviewer"),
    "candidate": ("你", "You"),
    "stamp": ("这些数字从何而来", "What made these numbers"),
    "stamp_session": ("面试编号", "Interview"),
    "stamp_corpus": ("题库校验值", "Corpus hash"),
    "stamp_encoder": ("向量模型", "Embedding model"),
    "stamp_grader": ("评分器", "Grader"),
    "stamp_calibration": ("评分校准", "Calibration"),
    "stamp_voice": ("出题方式", "Voice"),
    "stamp_version": ("程序版本", "Program version"),
}

WORDS |= {
    # the self-assessment
    "self_title": ("自我评估报告", "Self-assessment"),
    "as_of": ("截至", "As of"),
    "self_from": (
        "依据 {n} 场面试、{answers} 道题的最近一次回答。",
        "From {n} interviews and the latest answer to each of {answers} questions.",
    ),
    "self_unreadable": (
        "另有 {n} 场面试没有计入：题库里已经没有其中的某道题。",
        "{n} more interviews were left out: the corpus no longer has one of their questions.",
    ),
    "ability": ("能力等级", "Ability"),
    "ability_is": (
        "± {error} 级（1 级初筛，5 级专家）",
        "± {error} levels (1 screening to 5 staff)",
    ),
    "reach": (
        "题库里有 {share}% 的题目不超出这个水平。",
        "{share}% of the corpus’s questions are within reach at this level.",
    ),
    "ability_meaning": (
        "等级 3 的意思是：3 级题目平均能答出约三分之二。圆点是估计，横条是 80% 区间；答得越多，区间越窄。",
        "Level 3 means: about two thirds of a level 3 question on average. The dot is the estimate, the band its 80% interval; "
        "the more answers, the narrower.",
    ),
    "level_chart": ("各主题的能力等级", "Ability by topic"),
    "reach_column": ("可及题目", "Within reach"),
    "over_time": ("历次", "Over time"),
    "now": ("现在", "Now"),
    "answers": ("题数", "Answers"),
    "progress": ("历次面试", "Interviews"),
    "when": ("时间", "When"),
    "strengths": ("强项", "Strengths"),
    "no_strengths": ("还没有得分在 80 以上的回答。", "No answer of 80 or more yet."),
    "gaps": ("薄弱点", "Gaps"),
    "no_gaps": ("没有发现明显的薄弱点。", "No clear gaps were found."),
    "plan": ("学习计划", "Study plan"),
    "plan_note": (
        "每天 {n} 题；后面的题目以前面的为基础。",
        "{n} questions a day; what a question builds on comes before it.",
    ),
    "self_because_contradicted": ("有要点说反了。", "A key point was said the wrong way round."),
    "self_because_missed": ("有要点没有说到，或只说了一半。", "Points were missing or only partly said."),
    "self_because_skipped": ("这道题跳过了。", "This question was skipped."),
    "self_because_prerequisite": ("它是“{question}”的基础。", "“{question}” builds on it."),
    "stamp_sessions": ("面试编号", "Interviews"),
}


def words(language: Language) -> Mapping[str, str]:
    """All words in one language."""
    return MappingProxyType({name: pair[0 if language == "zh" else 1] for name, pair in WORDS.items()})
