"""Every word of the web app that comes from neither a person nor the corpus, in Chinese and English."""

from __future__ import annotations

from html import escape

from interviewer.errors import (
    InterviewerError,
    ModelUnavailable,
    SessionConflict,
    StorageError,
    UnknownItem,
    UnknownSession,
)
from interviewer.schema import LANGUAGES, Language

WORDS: dict[str, tuple[str, str]] = {
    # logging in
    "login_key": ("访问密钥", "Your key"),
    "login_enter": ("进入", "Enter"),
    "login_wrong": ("密钥不对，或已失效。", "That key is wrong or no longer valid."),
    # the page
    "title": ("深度学习模拟面试", "Deep-learning mock interview"),
    "tagline": (
        "像真的面试一样提问和追问，最后告诉你每一分从何而来。全部在你的电脑上运行。",
        "Asks and follows up as a real interview does, then shows where every point came from. All of it runs on your "
        "computer.",
    ),
    "language": ("界面语言", "Language"),
    "tab_interview": ("面试", "Interview"),
    "tab_debrief": ("复盘", "Debrief"),
    "tab_history": ("历史", "History"),
    "tab_practice": ("练习", "Practice"),
    "colon": ("：", ": "),
    "dot": (" · ", " · "),
    "comma": ("、", ", "),
    # starting
    "start_heading": ("开始一场新的面试", "Start a new interview"),
    "start_intro": (
        "直接开始就好，也可以先选选范围。面试用当前的界面语言进行。",
        "Just press the button, or choose first what it should be about. It is held in the language of this page.",
    ),
    "topics": ("主题", "Topics"),
    "topics_info": ("一个都不选，就是全部。", "Choose none for all of them."),
    "level": ("难度", "Level"),
    "level_info": (
        "1 初筛 · 2 初级 · 3 独立工程师 · 4 资深 · 5 专家",
        "1 screening · 2 junior · 3 solid engineer · 4 senior · 5 staff",
    ),
    "count": ("题数", "Questions"),
    "count_info": ("每题大约五分钟，含追问。", "About five minutes each, follow-ups included."),
    "focus": ("想被问些什么？（可不填）", "What would you like to be asked about? (optional)"),
    "focus_placeholder": ("例如：VAE 的损失函数", "For example: the VAE loss"),
    "start": ("开始面试", "Start the interview"),
    "unfinished": ("继续没做完的面试", "Continue an unfinished interview"),
    "continue": ("继续", "Continue"),
    "starting": ("正在选题…", "Choosing questions…"),
    "loading_search": (
        "检索模型还在加载，首次需要十几秒…",
        "The search model is still loading; the first time takes some seconds…",
    ),
    "level_1": ("初筛", "screening"),
    "level_2": ("初级", "junior"),
    "level_3": ("独立工程师", "solid engineer"),
    "level_4": ("资深", "senior"),
    "level_5": ("专家", "staff"),
    # talking
    "chat": ("对话", "Conversation"),
    "question_of": ("第 {number} 题，共 {total} 题", "Question {number} of {total}"),
    "follow_up": ("追问 {n}", "Follow-up {n}"),
    "level_is": ("难度 {level} · {word}", "Level {level} · {word}"),
    "ended": ("面试已结束，共问了 {n} 题", "The interview is over; {n} asked"),
    "your_answer": ("你的回答", "Your answer"),
    "answer_placeholder": (
        "回车发送，Shift + 回车换行",
        "Enter sends, Shift + Enter breaks the line",
    ),
    "send": ("发送", "Send"),
    "hint": ("提示", "Hint"),
    "skip": ("跳过", "Skip"),
    "repeat": ("重复问题", "Repeat"),
    "end": ("结束面试", "End"),
    "end_question": (
        "现在结束这场面试吗？没问到的题不会再问。",
        "End this interview now? The remaining questions will not be asked.",
    ),
    "end_yes": ("结束并看复盘", "End and see the debrief"),
    "end_no": ("继续面试", "Keep going"),
    "leave": ("另开一场", "Start another"),
    "see_debrief": ("看复盘", "See the debrief"),
    "grading": ("正在评估你的回答…", "Considering your answer…"),
    "loading_model": (
        "评分模型还在加载，第一次回答要多等一会儿…",
        "The grading model is still loading; the first answer takes a little longer…",
    ),
    "try_again": ("再试一次", "Try again"),
    "write_something": (
        "先写点什么再发送；不会的话可以按“跳过”。",
        "Write something first, or press Skip if you would rather not answer.",
    ),
    "resumed": ("已回到上次的面试。", "You are back in your interview."),
    "gone": ("这场面试找不到了，可能已被删除。", "That interview is not there any more; it may have been deleted."),
    "too_long": (
        "回答太长（{length:,} 个字符），最多 {most:,} 个；内容还在输入框里，删减后再发送。",
        "That is too long ({length:,} characters; at most {most:,}). Your text is still in the box: shorten it and "
        "send again.",
    ),
    # commands in the candidate's mouth; the engine understands them as such
    "say_hint": ("给我一个提示", "Can I have a hint?"),
    "say_skip": ("换一题吧", "Let's skip this one."),
    "say_repeat": ("请再说一遍", "Could you repeat the question?"),
    "say_stop": ("结束面试", "Let's stop here."),
    # debrief
    "debrief_empty": (
        "还没有可看的复盘。完成一场面试后会自动显示在这里，以前的可以从“历史”打开。",
        "There is no debrief yet. It appears here by itself when an interview ends; earlier ones open from History.",
    ),
    "download_html": ("下载 HTML", "Download HTML"),
    "download_md": ("下载 Markdown", "Download Markdown"),
    "download_json": ("下载 JSON", "Download JSON"),
    "code_viewer": ("参考代码", "Reference code"),
    "code_empty": (
        "点一下题目里的代码链接，就会在这里打开对应的代码。",
        "Choose a code link in a question and the code opens here.",
    ),
    "close_code": ("关闭代码", "Close the code"),
    "writing": ("正在整理复盘…", "Putting the debrief together…"),
    # history
    "history_heading": ("以前的面试", "Past interviews"),
    "history_empty": ("还没有面试记录。", "There are no interviews yet."),
    "history_list": ("选一场面试", "Choose an interview"),
    "choose_first": ("先在列表里选一场面试。", "Choose an interview in the list first."),
    "open_debrief": ("打开复盘", "Open debrief"),
    "continue_it": ("继续面试", "Continue"),
    "delete": ("删除", "Delete"),
    "delete_question": (
        "删除这场面试和它的全部回答？删除后无法恢复。",
        "Delete this interview and all its answers? This cannot be undone.",
    ),
    "delete_yes": ("确定删除", "Yes, delete"),
    "delete_no": ("保留", "Keep it"),
    "deleted": ("已删除。", "Deleted."),
    "all_topics": ("全部主题", "All topics"),
    "answered_of": ("答了 {answered}/{total} 题", "{answered} of {total} answered"),
    "scored": ("{score} 分", "score {score}"),
    "not_scored": ("无分数", "no score"),
    "not_finished": ("未完成", "unfinished"),
    "unreadable": ("题库已变，无法打开", "made with other questions; cannot be opened"),
    "shown_latest": ("只列出最近 {n} 场。", "Only the latest {n} are listed."),
    "zh": ("中文", "Chinese"),
    "en": ("英文", "English"),
    # practice
    "practice_heading": ("挑一道题练练", "Practise one question"),
    "practice_intro": (
        "搜索或按主题挑一道题，答完马上看到评分和参考答案。练习不计入历史。",
        "Search or choose a topic, pick a question, and see the grade and a model answer at once. Nothing is kept in "
        "the history.",
    ),
    "search": ("搜索题目", "Search the questions"),
    "search_placeholder": ("输入关键词，例如：梯度消失", "Type a few words, e.g. vanishing gradients"),
    "topic": ("主题", "Topic"),
    "any_topic": ("全部", "All"),
    "found": ("题目", "Questions found"),
    "nothing_found": (
        "没有找到相关的题，换个说法试试。",
        "Nothing fits; try other words or another topic.",
    ),
    "pick_first": ("先挑一道题。", "Pick a question first."),
    "question": ("题目", "Question"),
    "grade": ("评分", "Grade it"),
    "write_answer": ("先写下你的回答。", "Write an answer first."),
    "feedback": ("点评", "Feedback"),
    # the code page
    "run_it": ("运行", "Run it"),
    "picture": ("{file} 画的图", "What {file} draws"),
    "lines": ("第 {first}–{last} 行", "lines {first}–{last}"),
    "go_to": ("跳到 {symbol}", "Go to {symbol}"),
    "no_symbol": ("这个文件里没有 {symbol}。", "There is no {symbol} in this file."),
    "no_page": ("没有这个代码文件。", "There is no such code file."),
    # errors
    "error_input": ("这样不行：{detail}", "That does not work: {detail}"),
    "error_conflict": (
        "这场面试在别的窗口里已经往前走了；下面是它现在的样子，请从这里继续。",
        "This interview went on in another window; here is how it stands now. Go on from here.",
    ),
    "error_session": (
        "这场面试找不到了，可能已被删除；请开始一场新的。",
        "That interview is not there any more; it may have been deleted. Start a new one.",
    ),
    "error_item": (
        "题库里没有这道题了，请换一道。（{detail}）",
        "That question is no longer in the corpus; choose another. ({detail})",
    ),
    "error_model": (
        "评分模型无法使用，你的回答已经保存：{detail}",
        "The grading model cannot be used. Your answer is stored. {detail}",
    ),
    "error_storage": (
        "数据库出错，没有丢失已保存的内容：{detail}",
        "The database failed; what was stored before is safe. {detail}",
    ),
    "error_other": ("出错了：{detail}", "Something went wrong: {detail}"),
}

_ERRORS: tuple[tuple[type[InterviewerError], str], ...] = (
    (SessionConflict, "error_conflict"),
    (UnknownSession, "error_session"),
    (UnknownItem, "error_item"),
    (ModelUnavailable, "error_model"),
    (StorageError, "error_storage"),
)


def word(key: str, language: Language, **values: object) -> str:
    """One text in one language, with its gaps filled."""
    text = WORDS[key][LANGUAGES.index(language)]
    return text.format(**values) if values else text


def explain(error: InterviewerError, language: Language) -> str:
    """An error as one sentence in the reader's language; what only the program knows stays as it said it."""
    key = next((key for kind, key in _ERRORS if isinstance(error, kind)), "error_input")
    return word(key, language, detail=str(error))


def status(text: str, kind: str = "") -> str:
    """A line that screen readers announce; `kind` is "busy", "problem" or nothing."""
    return f'<p class="status {kind}" role="status">{escape(text)}</p>' if text else ""


def preferred(accept_language: str) -> Language:
    """The language a browser asks for first, of those we have; English if it asks for neither.

    >>> preferred("fr, zh-CN;q=0.8, en;q=0.5")
    'zh'
    """
    wanted: list[tuple[float, int, Language]] = []
    for place, part in enumerate(accept_language.split(",")):
        tag, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            weight = 0.0
        for language in LANGUAGES:
            if tag.lower().split("-")[0] == language and weight > 0:
                wanted.append((-weight, place, language))
    return min(wanted)[2] if wanted else "en"
