"""`interviewer chat`: an interview in the terminal, or with piped answers, one per line."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from interviewer.cli.options import check_language, decoded
from interviewer.errors import InputError
from interviewer.schema import Language, Turn

if TYPE_CHECKING:
    from interviewer.engine import Engine, View
    from interviewer.interview import Brief
    from interviewer.schema import Mode, Style
    from interviewer.settings import Settings

_SHOWN_CUES = 8
_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "help": "Answer in your own words. Commands: hint, skip, repeat, go back, pause, stop. An empty line sends; Ctrl-C keeps the interview for later.",
        "prompt": "you> ",
        "name": "interviewer> ",
        "server": "voice: {name} (the server in INTERVIEWER_LLM); every line is checked, the scripted voice stands in",
        "local": "voice: {name} (INTERVIEWER_LLM); scripted until it is loaded, every line is checked",
        "downloaded": "voice: {name} (found on this machine); scripted until it is loaded, every line is checked",
        "off": "voice: scripted (INTERVIEWER_LLM is off)",
        "none": "voice: scripted (no language model is configured or downloaded)",
        "scripted": "voice: scripted (as chosen)",
        "resumed": "(going on with interview {id})",
        "kept": "kept; go on with: interviewer chat --resume {id}",
        "ended": "(no more input; the interview ends here)",
        "loading": "(the embedding model is loading …)",
        "reading": "(looking up the lines of your documents; the first time takes a minute or two …)",
        "about": "about: {topics}",
        "because": "  “{line}” → {question}",
        "project": "your project: {project}",
        "time": "[{spent} of {total} min; this question {here}]",
    },
    "zh": {
        "help": "用自己的话回答。指令：提示、跳过、重复、上一题、暂停、结束。空行发送；Ctrl-C 保存进度，之后可以继续。",
        "prompt": "你> ",
        "name": "面试官> ",
        "server": "语音：{name}（INTERVIEWER_LLM 指定的服务器）；每句话都先检查，不行就用脚本",
        "local": "语音：{name}（INTERVIEWER_LLM）；加载完成前用脚本，每句话都先检查",
        "downloaded": "语音：{name}（本机已下载）；加载完成前用脚本，每句话都先检查",
        "off": "语音：脚本（INTERVIEWER_LLM 设为 off）",
        "none": "语音：脚本（没有配置或下载语言模型）",
        "scripted": "语音：脚本（按你的选择）",
        "resumed": "（继续面试 {id}）",
        "kept": "已保存；继续：interviewer chat --resume {id}",
        "ended": "（没有更多输入，面试到此结束）",
        "loading": "（正在加载向量模型……）",
        "reading": "（正在把你的文件逐行和题库对照，第一次要一两分钟……）",
        "about": "主题：{topics}",
        "because": "  “{line}” → {question}",
        "project": "你的项目：{project}",
        "time": "[已用 {spent}/{total} 分钟，本题 {here}]",
    },
}


def chat(
    topic: Annotated[list[str] | None, typer.Option(help="A topic id; may be repeated. Default: all.")] = None,
    level: Annotated[int, typer.Option(help="1 (screening) to 5 (staff).")] = 2,
    language: Annotated[str, typer.Option("--language", "-l", help="zh or en.")] = "zh",
    questions: Annotated[int, typer.Option("--questions", "-n", help="How many questions.")] = 5,
    voice: Annotated[str, typer.Option(help="auto, scripted or llm.")] = "auto",
    focus: Annotated[str, typer.Option(help="Find the questions by this text instead, e.g. 'VAE and its loss'.")] = "",
    mode: Annotated[
        str, typer.Option(help="interview, coach (feedback after each question), drill (one topic) or review.")
    ] = "interview",
    style: Annotated[str, typer.Option(help="warm, neutral or demanding: the wording only.")] = "neutral",
    minutes: Annotated[int, typer.Option(help="Ask nothing further after so many minutes; 0 for no limit.")] = 0,
    until_sure: Annotated[bool, typer.Option("--until-sure", help="End once your level is known well enough.")] = False,
    item: Annotated[list[str] | None, typer.Option(help="Ask exactly this question; may be repeated.")] = None,
    job: Annotated[
        Path | None, typer.Option("--for", help="A job description (txt, md, pdf, docx) to ask for.")
    ] = None,
    cv: Annotated[Path | None, typer.Option(help="Your résumé (txt, md, pdf, docx).")] = None,
    resume: Annotated[str | None, typer.Option(help="Go on with this interview (or `last`).")] = None,
    corpus: Annotated[Path | None, typer.Option(help="A folder of your own items; its ids win.")] = None,
) -> None:
    """Hold a mock interview; it ends with the debrief.

    Reads answers from standard input when that is no terminal, one per line.
    """
    from interviewer.engine import Engine
    from interviewer.interview import Setup
    from interviewer.settings import load_settings

    chosen = check_language(language)
    settings = load_settings(corpus=corpus, llm="off" if voice == "scripted" else None)
    spoken = _spoken_by(voice, settings, _WORDS[chosen])
    engine = Engine(settings)
    if resume:
        view = engine.view(_resumed(engine, resume))
        chosen = view.state.setup.language
    else:
        setup = Setup(
            chosen,
            tuple(topic or ()),
            level,
            questions,
            focus,
            voice=voice,
            mode=cast("Mode", mode),  # checked there
            style=cast("Style", style),
            minutes=minutes,
            until_sure=until_sure,
            items=tuple(item or ()),
        )
        view = engine.start(replace(setup, brief=_brief(engine, chosen, job, cv)))
    engine.warm()
    words = _WORDS[chosen]
    typer.echo(spoken, err=True)
    typer.echo(words["help"], err=True)
    if resume:
        typer.echo(words["resumed"].format(id=view.session_id), err=True)
    _show(view.transcript, words)
    try:
        view = _converse(engine, view, words)
    except KeyboardInterrupt:
        typer.echo("\n" + words["kept"].format(id=view.session_id), err=True)
        raise
    _debrief(engine, view.session_id)


def _brief(engine: Engine, language: Language, job: Path | None, cv: Path | None) -> Brief:
    """What the documents call for, shown with the lines that it rests on."""
    from interviewer.documents import text_of
    from interviewer.interview import Brief

    if job is None and cv is None:
        return Brief()
    words = _WORDS[language]
    texts = [text_of(path) if path else "" for path in (job, cv)]
    typer.echo(words["reading"], err=True)
    brief = engine.brief(*texts)
    titles = (f"{engine.corpus.topics[t].title.get(language)} {share:.0%}" for t, share in brief.topics)
    typer.echo(words["about"].format(topics=" · ".join(titles)), err=True)
    for cue in brief.cues[:_SHOWN_CUES]:
        question = engine.corpus.item(cue.item_id).question.get(language)
        typer.echo(words["because"].format(line=cue.line, question=question), err=True)
    if brief.project:
        typer.echo(words["project"].format(project=brief.project), err=True)
    return brief


def _spoken_by(voice: str, settings: Settings, words: dict[str, str]) -> str:
    """Who words the interview and why, as a line.

    Raises:
        InputError: `--voice` is none of the three, or asks for a model that is not there.
    """
    from interviewer.llm import find_model

    if voice not in ("auto", "scripted", "llm"):
        raise InputError(f"--voice {voice!r}: choose auto, scripted or llm")
    found = find_model(settings)
    if voice == "llm" and not found:
        raise InputError(
            "no language model is configured: set INTERVIEWER_LLM to https://host/v1#model or local:FOLDER_OR_ID, or use "
            "--voice scripted, which needs none"
        )
    return words["scripted" if voice == "scripted" else found.why].format(name=found.name)


def _resumed(engine: Engine, session: str) -> str:
    unfinished = [s.id for s in engine.sessions() if not s.finished]
    if session != "last":
        return session
    if not unfinished:
        raise InputError("no unfinished interview; `interviewer chat` begins one")
    return unfinished[0]


def _converse(engine: Engine, view: View, words: dict[str, str]) -> View:
    """Take messages until the interview is over or the input ends."""
    if view.waiting_for_grade:  # an answer was stored, then the program ended
        view = engine.proceed(view.session_id)
        _show(view.said, words)
    while not view.finished:
        message = _read(words["prompt"])
        if message is None:
            typer.echo(words["ended"], err=True)
            return engine.say(view.session_id, "/stop")
        if not message.strip() and sys.stdin.isatty():
            continue
        if not engine.ready:
            typer.echo(words["loading"], err=True)
        try:
            view = engine.say(view.session_id, message)
        except InputError as error:  # too long, say: the interview goes on
            typer.echo(f"interviewer: {error}", err=True)
            continue
        _show(view.said, words)
        _show_time(view, words)
    return view


def _show_time(view: View, words: dict[str, str]) -> None:
    state = view.state
    if state.setup.minutes and not view.finished:
        spent, here = (f"{int(s) // 60}:{int(s) % 60:02}" for s in (state.spent, state.spent_here))
        typer.echo(words["time"].format(spent=spent, total=state.setup.minutes, here=here), err=True)


def _read(prompt: str) -> str | None:
    """One message: a line of a pipe, or the lines up to an empty one in a terminal; None at the end of input."""
    if not sys.stdin.isatty():
        line = sys.stdin.buffer.readline()
        return decoded(line).rstrip("\r\n") if line else None
    lines: list[str] = []
    try:
        while True:
            line = input(prompt if not lines else "... ")
            if not line.strip():
                break
            lines.append(line)
            if len(lines) == 1 and len(line) < 20 and _is_command(line):
                break
    except EOFError:
        return "\n".join(lines) if lines else None
    return "\n".join(lines)


def _is_command(line: str) -> bool:
    from interviewer.interview import intent_of

    return intent_of(line) != "answer"


def _show(turns: tuple[Turn, ...], words: dict[str, str]) -> None:
    for turn in turns:
        who = words["name"] if turn.speaker == "interviewer" else words["prompt"]
        typer.echo(f"{who}{turn.text}")


def _debrief(engine: Engine, session_id: str) -> None:
    from interviewer.report import to_markdown

    typer.echo()
    typer.echo(to_markdown(engine.debrief(session_id), engine.corpus))
    typer.echo(engine.remark(session_id))
    typer.echo(f"interviewer report {session_id} -o report.html", err=True)
