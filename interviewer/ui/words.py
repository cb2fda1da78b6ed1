"""Every word of the web app that comes from neither a person nor the corpus, in Chinese and English."""

from __future__ import annotations

from html import escape

from interviewer.errors import (
    InputError,
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
    "tab_file": ("批改文件", "Grade a file"),
    "tab_corpus": ("题库", "Corpus"),
    "tab_settings": ("设置", "Settings"),
    "more_tabs": ("更多", "More"),
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
    "mode": ("方式", "Kind"),
    "mode_interview": ("面试", "Interview"),
    "mode_coach": ("教练", "Coach"),
    "mode_drill": ("专练", "Drill"),
    "mode_review": ("复习", "Review"),
    "mode_info": (
        "面试：结束后才评价。教练：每题之后点评。专练：一个主题练到会。复习：今天到期的题。",
        "Interview: no feedback until the end. Coach: feedback after each question. Drill: one topic until you master it. "
        "Review: what is due today.",
    ),
    "options": (
        "更多选项：重点、风格、时间、职位描述和简历",
        "More options: focus, style, time, job description and résumé",
    ),
    "style": ("面试官的风格", "The interviewer's manner"),
    "style_warm": ("亲切", "Warm"),
    "style_neutral": ("平和", "Neutral"),
    "style_demanding": ("严格", "Demanding"),
    "style_info": ("只影响措辞，不影响题目和评分。", "The wording only, neither the questions nor the grades."),
    "minutes_at_most": ("时间（分钟）", "Time (minutes)"),
    "minutes_info": (
        "0 是不限。到时间后不再出新题，正在答的可以答完。",
        "0 for no limit. When it is over nothing new is asked; the answer at hand may be finished.",
    ),
    "voice": ("谁来措辞", "Who words it"),
    "voice_auto": ("语言模型 {name}", "the language model {name}"),
    "voice_scripted": ("题库原话", "the corpus's own words"),
    "voice_info": (
        "模型说的每句话都先检查再显示；题目和评分与它无关。",
        "Every sentence of a model is checked before it shows; questions and grades are none of its business.",
    ),
    "paper_job": ("职位描述（可不填）", "Job description (optional)"),
    "paper_resume": ("简历（可不填）", "Résumé (optional)"),
    "paper_job_placeholder": (
        "粘贴职位要求，面试会围绕它出题",
        "Paste the requirements; the questions will follow them",
    ),
    "paper_resume_placeholder": ("粘贴简历，会问到里面的项目", "Paste your résumé; its projects will come up"),
    "paper_file": ("从文件读取", "Read from a file"),
    "paper_unreadable": (
        "{name} 读不出文字：请用没有密码、不超过 10 MB 的 txt、md、pdf 或 docx，或者直接粘贴。",
        "No text can be read from {name}: give a txt, md, pdf or docx without a password, up to 10 MB, or paste the text.",
    ),
    "papers_nothing": (
        "这段文字里没有题库能问的内容；请粘贴具体的技术要求。",
        "Nothing in that text can be asked about; paste the technical requirements themselves.",
    ),
    "reading_papers": (
        "正在逐行读职位描述和简历；第一次要建索引，需要一两分钟…",
        "Reading the documents line by line; the first time, building the index takes a minute or two…",
    ),
    "drill_needs_topic": ("专练只练一个主题：请正好选一个。", "A drill is about one topic: choose exactly one."),
    "review_none_due": (
        "今天没有到期的题。答过的题会按遗忘规律排进复习，“练习”里可以看到日程。",
        "Nothing is due today. Questions come back as they are forgotten; Practice shows when.",
    ),
    "minutes_of": ("限时 {n} 分钟", "{n} min at most"),
    "unfinished": ("继续没做完的面试", "Continue an unfinished interview"),
    "continue": ("继续", "Continue"),
    "starting": ("正在选题…", "Choosing questions…"),
    "starting_early": ("正在选题；模型还在后台加载…", "Choosing questions; the models are still loading…"),
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
    "spent": ("用时", "Time"),
    "your_code": ("代码（可不写，也可以只写代码）", "Code (optional; code alone will do, too)"),
    "code_placeholder": (
        "Tab 缩进，Esc 后再按 Tab 离开；用“发送”提交",
        "Tab indents, Esc then Tab leaves the box; Send hands it in",
    ),
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
    "hush": ("别等了", "Don't wait"),
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
    "download_pdf": ("下载 PDF", "Download PDF"),
    "pdf_making": ("正在排版 PDF…", "Laying out the PDF…"),
    "pdf_missing": (
        "这台电脑还做不了 PDF（需要的东西见 docs/reports.md）；可以下载 HTML，在浏览器里打印。",
        "PDF cannot be made on this computer yet (docs/reports.md says what it needs); download HTML and print it instead.",
    ),
    "code_viewer": ("参考代码", "Reference code"),
    "code_empty": (
        "点一下题目里的代码链接，就会在这里打开对应的代码。",
        "Choose a code link in a question and the code opens here.",
    ),
    "close_code": ("关闭代码", "Close the code"),
    "remark_heading": ("面试官的话", "The interviewer's closing words"),
    "disagree": ("不同意？", "Disagree?"),
    "disagree_should_be": ("应该是", "It should be"),
    "disagree_why": ("理由（可不填）", "Why (optional)"),
    "disagree_keep": ("记下", "Keep it"),
    "disagree_thanks": (
        "谢谢，已记下，会用来校准评分；你认为应该是：",
        "Thank you, kept for calibrating the grader. You say it should be:",
    ),
    "disagree_withdraw": ("撤回", "Withdraw"),
    "disagree_failed": ("没有记下，请稍后再试。", "It was not kept; try again in a moment."),
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
    "progress_heading": ("各主题的变化", "Progress by topic"),
    "progress_intro": (
        "每个点是一场面试里这个主题的平均分（0–100），从早到晚。",
        "Each dot is a topic's mean score (0–100) in one interview, earliest first.",
    ),
    "progress_none": (
        "有两场以上打过分的面试之后，这里会画出每个主题的变化。",
        "Once two interviews have been graded, this shows how each topic went.",
    ),
    "trend": ("走势", "Trend"),
    "last_score": ("最近一次", "Latest"),
    "change": ("变化", "Change"),
    "times": ("次数", "Times"),
    "compare_with": ("和另一场比较", "Compare with"),
    "compare_none": ("不比较", "No comparison"),
    "compare_heading": ("两场面试的比较", "The two interviews compared"),
    "this_one": ("所选这场", "Chosen"),
    "that_one": ("另一场", "Other"),
    "overall": ("总分", "Overall"),
    "topic_scores": ("各主题得分", "Scores by topic"),
    "assessed_heading": ("自我评估", "Self-assessment"),
    "assessed_intro": (
        "把所有面试放在一起看：各主题的能力和走势、强项、缺口，还有一份带日期的学习计划。",
        "All interviews together: ability by topic and where it is heading, strengths, gaps, and a dated study plan.",
    ),
    "assess": ("生成自我评估", "Make the self-assessment"),
    "assessing": ("正在汇总…", "Putting it together…"),
    "assess_nothing": (
        "还没有可以评估的回答：先完成一场面试。",
        "There are no answers to assess yet: hold an interview first.",
    ),
    "export_all": ("导出全部记录", "Export everything"),
    "nothing_to_export": ("还没有可导出的面试。", "There is nothing to export yet."),
    "exported": ("已打包 {n} 场面试，点“下载”保存。", "{n} interviews are packed; press Download to save them."),
    "download_zip": ("下载 ZIP", "Download ZIP"),
    "zh": ("中文", "Chinese"),
    "en": ("英文", "English"),
    # practice
    "practice_heading": ("挑一道题练练", "Practise one question"),
    "practice_intro": (
        "搜索或按主题挑一道题，答完马上看到评分和参考答案。回答不保存，只记下哪道题、什么时候、多少分，用来安排复习。",
        "Search or choose a topic, pick a question, and see the grade and a model answer at once. Your answer is not "
        "kept; which question, when and how well is, so that it comes back in time.",
    ),
    "queue_heading": ("今天复习", "To review today"),
    "queue_due": ("今天到期", "Due today"),
    "queue_streak": ("连续", "In a row"),
    "queue_days": ("{n} 天", "{n} d"),
    "queue_kept": ("在复习的题", "In the queue"),
    "queue_empty": (
        "还没有要复习的题。面试或练习里答过的题，会在快忘的时候回到这里。",
        "There is nothing to review yet. Questions you have answered come back here when you are about to forget them.",
    ),
    "queue_done": ("今天没有到期的题了。", "Nothing more is due today."),
    "queue_forecast": ("往后两周每天到期的题数", "How many fall due on each of the next two weeks' days"),
    "queue_pick": ("选一道到期的题来答", "Choose one to answer"),
    "queue_more": ("还有 {n} 道；答完这些会接着出现。", "{n} more come up once these are answered."),
    "queue_last": ("上次 {score} 分", "last score {score}"),
    "search": ("搜索题目", "Search the questions"),
    "search_placeholder": ("例如：梯度消失", "For example: gradients"),
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
    # a user's documents
    "corpus_view_heading": ("导入自己的材料", "Bring in your own material"),
    "corpus_intro": (
        "上传笔记、题库或讲义（{kinds}），找出其中的问题和答案，对照原文修改，接受后马上就能练习和面试。文件只在这台电脑上处理。",
        "Upload notes, a question bank or handouts ({kinds}). The questions and answers in them become drafts to read "
        "beside the page and edit; an accepted one can be asked at once. The files are worked on by this computer only.",
    ),
    "choose_documents": ("选择文档", "Choose documents"),
    "documents_first": ("先选择文档。", "Choose documents first."),
    "documents_begin": ("正在准备…", "Getting ready…"),
    "documents_at": ("正在读取 {name}（已完成 {done} / {total}）", "Reading {name} ({done} of {total} done)"),
    "documents_done": (
        "已读取 {files} 个文档，找到 {drafts} 道题。",
        "Documents read: {files}. Drafts found: {drafts}.",
    ),
    "document_is": (
        "{name}：{drafts} 道题（{like} 道与已有的相近）；未采用：{left} 道没有答案的问题、{lines} 行不属于任何问题、{dropped} 行导航和广告",
        "{name}: drafts found: {drafts} (like an item that is there: {like}). Left out: questions without an answer: "
        "{left}, lines of no question: {lines}, of navigation and advertisement: {dropped}.",
    ),
    "drafts_heading": ("等你过目的题", "Drafts to read"),
    "drafts": ("草稿", "Drafts"),
    "no_drafts": (
        "没有等待的草稿。上传文档后，找到的题会列在这里。",
        "No drafts are waiting. What is found in your documents is listed here.",
    ),
    "more_drafts": ("还有 {n} 道，处理完上面的就会显示。", "{n} more follow when these are done."),
    "draft_page": ("原文", "The page"),
    "draft_like": ("题库里与它相近的：", "Asks nearly what these ask:"),
    "at_line": ("{name} 第 {n} 行", "{name}, line {n}"),
    "at_page": ("{name} 第 {n} 页", "{name}, page {n}"),
    "at_paragraph": ("{name} 第 {n} 段", "{name}, paragraph {n}"),
    "draft_points": ("要点", "Key points"),
    "draft_points_info": ("一行一个。", "One a line."),
    "draft_made": ("程序生成的说法", "Wordings made by a program"),
    "draft_made_info": (
        "评分时不算数。勾选对的；接受时没勾选的会去掉。",
        "They do not count in grading. Tick those that are right; the others are dropped when you accept.",
    ),
    "made_not": ("要点 {number} 的错误说法：{text}", "Says point {number} wrongly: {text}"),
    "made_proposed": (
        "要点 {number} 的另一种说法（模型提议）：{text}",
        "Says point {number}, proposed by the model: {text}",
    ),
    "draft_answer": ("参考答案", "Model answer"),
    "draft_accept": ("接受", "Accept"),
    "draft_keep": ("暂存修改", "Keep changes"),
    "draft_propose": ("让模型提议说法", "Ask the model for wordings"),
    "draft_reject": ("不要", "Reject"),
    "draft_adding": ("正在加入题库…", "Adding it to the corpus…"),
    "draft_added": (
        "已加入，练习和面试里马上可用：{question}",
        "Added; Practice and Interview can ask it now: {question}",
    ),
    "draft_kept": ("修改已保存。", "Your changes are kept."),
    "draft_asking": ("正在请模型提议…", "Asking the model…"),
    "draft_proposed": (
        "模型的提议列在下面，勾选对的再接受。",
        "What the model proposes is listed; tick what is right.",
    ),
    "draft_none_proposed": ("模型没有给出通过检查的说法。", "Nothing that the model proposed passed the check."),
    "draft_model_failed": ("模型没有回答：{detail}", "The model did not answer: {detail}"),
    "draft_rejected": ("已去掉；重新上传原文档可以再次得到。", "Rejected. Its document gives it again."),
    "draft_needs_question": ("题目不能空着。", "The question cannot be empty."),
    "draft_needs_answer": ("要点和参考答案至少写一样。", "Write key points or a model answer."),
    "corpus_shared": (
        "这台服务器由多人共用，题库由管理员用 `interviewer corpus import` 添加。",
        "This server is shared: its operator adds items with `interviewer corpus import`.",
    ),
    "unsorted": ("未归类", "Unsorted"),
    # grading a file
    "file_heading": ("批改一份答卷", "Grade a file of answers"),
    "file_intro": (
        "上传 CSV、TSV、JSONL、XLSX 或 Parquet，每行一个回答。文件只在这台电脑上处理，关闭程序后删除。",
        "Upload CSV, TSV, JSONL, XLSX or Parquet with one answer a row. It is worked on by this computer only and deleted "
        "when the program ends.",
    ),
    "upload": ("选择文件", "Choose a file"),
    "another_file": ("换一个文件", "Choose another file"),
    "file_is": ("{name}：{rows:,} 行，{columns} 列", "{name}: {rows:,} rows, {columns} columns"),
    "preview_of": ("前 {n} 行", "The first {n} rows"),
    "columns_heading": ("哪一列是什么", "Which column is what"),
    "column_answer": ("回答", "Answer"),
    "column_item": ("题目编号（题库里的 id）", "Question id in the corpus"),
    "column_question": ("题目文字", "Question text"),
    "column_reference": ("参考答案（题目不在题库时）", "Reference answer, for questions outside the corpus"),
    "column_student": ("学生（班级报告用）", "Student, for the class report"),
    "class_report": ("班级报告", "Class report"),
    "download_class": ("下载班级报告", "Download class report"),
    "column_none": ("没有", "None"),
    "answers_in": ("回答的语言", "Language of the answers"),
    "each_own": ("各行自动判断", "Each row's own"),
    "grade_file": ("开始批改", "Grade all rows"),
    "cancel": ("取消", "Cancel"),
    "need_answer": (
        "选出哪一列是回答，再选题目编号或题目文字。",
        "Say which column holds the answers, and which the question's id or text.",
    ),
    "upload_first": ("先选择一个文件。", "Choose a file first."),
    "same_column": ("同一列不能当两种用：{column}", "One column cannot serve twice: {column}"),
    "file_gone": ("文件已不在，请重新选择。", "The file is not there any more; choose it again."),
    "rows_done": ("已批改 {done:,} / {total:,} 行", "{done:,} of {total:,} rows graded"),
    "time_left": ("大约还要 {time}", "about {time} left"),
    "seconds": ("{n} 秒", "{n} s"),
    "minutes": ("{n} 分钟", "{n} min"),
    "reading_rows": (
        "正在准备，模型首次加载要十几秒…",
        "Getting ready; the model takes some seconds to load at first…",
    ),
    "cancelled": (
        "已取消；批改好的 {done} 行留着，再按“开始批改”会接着做。",
        "Cancelled. The {done} rows graded so far are kept: Grade all rows goes on from there.",
    ),
    "file_done": (
        "批改完了：{rows} 行，{review} 行需要人看，{errors} 行没能批改。",
        "Done: {rows} rows, {review} to be looked at by a person, {errors} that could not be graded.",
    ),
    "row_no_item": ("题库里没有这个编号。", "The corpus has no question of this id."),
    "row_no_question": (
        "题库里没有这道题：请给出题目编号，或者参考答案。",
        "The corpus does not have this question: give its id, or a reference answer.",
    ),
    "row_names_nothing": ("这一行既没有题目编号，也没有题目。", "The row has neither a question id nor a question."),
    "graded_rows": ("批改结果", "Graded answers"),
    "show_rows": ("显示", "Show"),
    "rows_review_first": ("需要人看的在前", "Needs review first"),
    "rows_review": ("只看需要人看的", "Needs review only"),
    "rows_errors": ("只看没能批改的", "Could not be graded"),
    "rows_order": ("按文件顺序", "In the file's order"),
    "no_such_rows": ("没有这样的行。", "There are no such rows."),
    "rows_shown": (
        "显示前 {n} 行，共 {total:,} 行；下载的文件里全都有。",
        "The first {n} of {total:,}; the downloads have all.",
    ),
    "row": ("行", "Row"),
    "score": ("得分", "Score"),
    "verdict": ("评价", "Verdict"),
    "answer": ("回答", "Answer"),
    "why": ("点评", "Feedback"),
    "review_mark": ("要看", "Review"),
    "verdict_strong": ("很好", "strong"),
    "verdict_adequate": ("合格", "adequate"),
    "verdict_weak": ("偏弱", "weak"),
    "verdict_poor": ("很弱", "poor"),
    "verdict_unscored": ("未打分", "unscored"),
    "download_csv": ("下载 CSV", "Download CSV"),
    "download_xlsx": ("下载 XLSX", "Download XLSX"),
    "download_jsonl": ("下载 JSONL", "Download JSONL"),
    # settings
    "models_heading": ("模型", "Models"),
    "encoder": ("向量模型", "Encoder"),
    "encoder_own": ("随程序安装的中英双语小模型", "the small bilingual model that comes with the program"),
    "encoder_state": ("状态", "State"),
    "encoder_ready": ("已加载", "loaded"),
    "encoder_not_ready": ("还没加载，用到时自动加载", "not loaded yet; it loads when first needed"),
    "test_it": ("测试一下", "Test it"),
    "testing": ("正在测试…", "Testing…"),
    "test_done": (
        "能用：{dimensions} 维，读一句话用 {ms:.0f} 毫秒；读得懂中文测试句的 {zh:.0%}、英文的 {en:.0%}。",
        "It works: {dimensions} dimensions, {ms:.0f} ms a sentence; it reads {zh:.0%} of a Chinese and {en:.0%} of an "
        "English test sentence.",
    ),
    "chat_heading": ("语言模型（组织面试官的话）", "Language model, which words the interviewer"),
    "chat_model": ("模型", "Model"),
    "chat_why": ("来源", "Where from"),
    "chat_server": ("INTERVIEWER_LLM 指定的服务", "the server that INTERVIEWER_LLM names"),
    "chat_local": ("INTERVIEWER_LLM 指定，在本机运行", "named by INTERVIEWER_LLM, run by this computer"),
    "chat_downloaded": ("本机已下载，在本机运行", "found on this computer, run by it"),
    "chat_off": ("INTERVIEWER_LLM 设为 off", "INTERVIEWER_LLM is off"),
    "chat_none": (
        "没有：面试官用题库自己的话。想用模型就设置 INTERVIEWER_LLM=http://localhost:11434/v1#qwen3:1.7b 或 local:文件夹",
        "none: the interviewer speaks the corpus's own words. To use a model, set "
        "INTERVIEWER_LLM=http://localhost:11434/v1#qwen3:1.7b or local:FOLDER",
    ),
    "chat_test": ("测试语言模型", "Test the language model"),
    "chat_works": ("能用：{seconds:.1f} 秒后开口。", "It works: its first words came after {seconds:.1f} s."),
    "chat_limit": ("最多等", "Longest wait"),
    "chat_limit_is": (
        "{n:g} 秒，之后由题库原话接上（INTERVIEWER_LLM_SECONDS）",
        "{n:g} s, then the corpus's own words go on (INTERVIEWER_LLM_SECONDS)",
    ),
    "fingerprint": ("标识", "Fingerprint"),
    "corpus_heading": ("题库", "Corpus"),
    "corpus_is": ("{items} 道题，{topics} 个主题", "{items} questions in {topics} topics"),
    "own_corpus": ("自己的题库", "Your own items"),
    "own_corpus_none": ("没有；用 INTERVIEWER_CORPUS 指定一个文件夹", "none; name a folder with INTERVIEWER_CORPUS"),
    "data_heading": ("数据", "Data"),
    "data_folder": ("数据文件夹", "Data folder"),
    "database": ("数据库", "Database"),
    "stored": ("已存的面试", "Interviews stored"),
    "data_size": ("占用", "Size"),
    "change_data": ("换位置", "To move it"),
    "change_data_how": (
        "设置环境变量 INTERVIEWER_DATA_DIR（或写进 .env），再重新启动",
        "set the environment variable INTERVIEWER_DATA_DIR (or write it into .env) and start again",
    ),
    "version": ("版本", "Version"),
    "privacy_heading": ("隐私", "Privacy"),
    "privacy_local": (
        "你的回答、评分和搜索都在运行这个程序的电脑上处理，不会发到别处。",
        "Your answers, grades and searches are worked on by the computer this program runs on and go nowhere else.",
    ),
    "privacy_remote": (
        "注意：向量模型设成了 {host} 上的服务，题目和你的回答会发给它。",
        "Mind: the encoder is a service at {host}; questions and your answers are sent to it.",
    ),
    "privacy_chat": (
        "注意：面试官的话由 {host} 上的语言模型组织，题目和你的回答会发给它；它看不到参考答案，也不影响评分。",
        "Mind: a language model at {host} words the interviewer; questions and your answers are sent to it. It sees no "
        "model answers and no grade is its business.",
    ),
    "privacy_database": (
        "面试的每一句话和评分存在上面的数据库里，直到你在“历史”里删除。",
        "Every word and grade of an interview is kept in the database above until you delete it in History.",
    ),
    "privacy_practice": (
        "练习里的回答不保存，只保存哪道题、什么时候、多少分。",
        "Of Practice your answers are not kept, only which question, when and how well.",
    ),
    "privacy_disagree": (
        "你对评分的不同意见和理由随那场面试保存和删除。",
        "Verdicts you disagree with, and why, are kept and deleted with their interview.",
    ),
    "privacy_files": (
        "上传的文件和可下载的报告放在临时文件夹里，程序结束时删除。",
        "Uploaded files and reports to download lie in a temporary folder that is deleted when the program ends.",
    ),
    "privacy_browser": (
        "浏览器只记住界面语言和正在进行的那场面试的编号。",
        "Your browser remembers the language of the page and the number of the interview you are in, nothing else.",
    ),
    "privacy_telemetry": (
        "没有统计、没有遥测，网页也不从外部加载任何东西。",
        "There is no telemetry, and the page loads nothing from elsewhere.",
    ),
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


class Told(InputError):
    """An error in the reader's language already."""


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
    if isinstance(error, Told):
        return str(error)
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
