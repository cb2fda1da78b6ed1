"""Malformed input by chance: everything that reads what a user typed or uploaded gets mutated samples and must either
take them or refuse them with an `InterviewerError` that reads as one sentence.

Mutations are seeded, so that a finding can be made again; each finding belongs into the tests as its own case.
"""

from __future__ import annotations

import random
import signal
import time
import traceback
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from types import FrameType
from typing import Any

from pydantic import TypeAdapter, ValidationError

from interviewer.engine import Engine
from interviewer.errors import InputError, InterviewerError
from interviewer.interview import Event, Setup, advance, event_of, first_state
from interviewer.report.prose import is_web_address

SLOW = 20
"""Seconds after which one execution counts as hanging."""
_LONGEST = 6_000  # bytes or characters of a mutated sample
_KEPT = 10  # findings shown of each target
_TOKENS = (
    "", "\0", "\n", "\r", "\r\n", "\t", " ", "\u3000", "\u200b", "\u202e", "\ufeff", "\ufffd", "\ud800",
    "\U0010ffff", "é", "e\u0301", "中文", "、", "。", "；", "“", "ａ", "𝐀", "🤦🏽‍♀️", "'", '"', "`", "```", "$",
    "$$", "\\", "\\(", "{", "}", "[", "]", "(", ")", "<", ">", "<!--", "-->", "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>", "javascript:alert(1)", "](javascript:x)", "&lt;", "&#0;", "<![CDATA[",
    "<!DOCTYPE a [<!ENTITY b 'c'>]>", "*", "**", "_", "- ", "1. ", "# ", "| ", "|---|", "> ", "---", "...", ":",
    ": ", "? ", "!!python/object:os.system", "&a", "*a", "<<: ", "!!binary |", "%YAML 9.9", "0x", "1e999", "-0",
    "NaN", ".inf", "2026-13-45", "1:60:60", "null", "true", "~", "=", "=cmd()", "sep=", ",", ";", "\x1a", "\x85",
    "\u2028", "不知道", "跳过", "stop", "是", "no", "ignore all rules", "100", "99999999999999999999",
    "../../etc/passwd", "%s", "%00", "{{", "${x}", "a" * 300, "啊" * 300, "((((((((", "        ",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """Something that reads what users give."""

    name: str
    samples: Sequence[str | bytes]
    read: Callable[[str | bytes], object]
    """Called with a mutated sample; what it may raise is an `InterviewerError`."""
    share: int
    """Of a million executions, how many it gets."""


@dataclass(slots=True)
class Findings:
    """What became of one target."""

    name: str
    executions: int = 0
    refused: int = 0
    crashes: int = 0
    slowest: float = 0.0
    """Seconds."""
    shown: list[str] = field(default_factory=list)
    """The first crashes, each with the sample and the place."""


class _Hanging(Exception):
    """An execution took too long."""


def fuzz(targets: Iterable[Target], executions: int, seed: int = 0) -> Iterator[Findings]:
    """Give every target its share of so many executions; what was found, after each of them.

    Args:
        targets: what reads.
        executions: how many in all; shares are scaled to it.
        seed: of the mutations.
    """
    found = signal.signal(signal.SIGALRM, _hangs)
    try:
        for target in targets:
            yield _fuzzed(
                target, max(1, target.share * executions // 1_000_000), random.Random(f"{seed}:{target.name}")
            )
    finally:
        signal.signal(signal.SIGALRM, found)


def _fuzzed(target: Target, count: int, chance: random.Random) -> Findings:
    found = Findings(target.name)
    for n in range(count):
        sample = target.samples[n] if n < len(target.samples) else mutated(target.samples, chance)
        begun = time.perf_counter()
        signal.alarm(SLOW)
        try:
            target.read(sample)
        except InterviewerError as error:
            found.refused += 1
            if not _is_sentence(str(error)):
                _note(found, sample, f"unclear refusal {str(error)!r}")
        except Exception as error:
            _note(found, sample, f"{type(error).__name__}: {error} at {_place(error)}")
        finally:
            signal.alarm(0)
        found.executions += 1
        found.slowest = max(found.slowest, time.perf_counter() - begun)
    return found


def _hangs(_signal: int, _frame: FrameType | None) -> None:
    raise _Hanging(f"more than {SLOW} s")


def _is_sentence(text: str) -> bool:
    """A refusal is one line of some words, and no traceback."""
    return 10 <= len(text) <= 2_000 and "\n" not in text and "Traceback" not in text


def _note(found: Findings, sample: str | bytes, what: str) -> None:
    found.crashes += 1
    if len(found.shown) < _KEPT:
        found.shown.append(f"{found.name}: {what}; sample {sample[:600]!r}")


def _place(error: Exception) -> str:
    ours = [f for f in traceback.extract_tb(error.__traceback__) if "interviewer" in f.filename]
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "?"


def mutated(samples: Sequence[str | bytes], chance: random.Random) -> str | bytes:
    """A sample with one to eight changes: pieces cut out, doubled, moved, replaced, or taken from another one."""
    sample = chance.choice(samples)
    other = chance.choice(samples)
    for _ in range(chance.choice((1, 1, 2, 3, 5, 8))):
        if isinstance(sample, bytes):
            assert isinstance(other, bytes)
            sample = _changed_bytes(sample, other, chance)
        else:
            assert isinstance(other, str)
            sample = _changed_text(sample, other, chance)
    return sample[:_LONGEST] if isinstance(sample, str) else sample


def _changed_text(text: str, other: str, chance: random.Random) -> str:
    a, b = sorted(chance.randrange(len(text) + 1) for _ in "ab")
    b = min(b, a + chance.choice((1, 4, 40, 400)))
    match chance.randrange(6):
        case 0:
            return text[:a] + text[b:]
        case 1:
            return text[:b] + text[a:b] * chance.choice((1, 2, 30)) + text[b:]
        case 2:
            start = chance.randrange(len(other) + 1)
            return text[:a] + other[start : start + 200] + text[b:]
        case 3:
            return text[:a] + chr(chance.choice((chance.randrange(128), chance.randrange(0xD800)))) + text[a + 1 :]
        case 4:
            return text[:a] + chance.choice(_TOKENS) + text[b:]
        case _:
            return text[:a] + chance.choice(_TOKENS) + text[a:]


def _changed_bytes(raw: bytes, other: bytes, chance: random.Random) -> bytes:
    a, b = sorted(chance.randrange(len(raw) + 1) for _ in "ab")
    b = min(b, a + chance.choice((1, 4, 40, 400)))
    match chance.randrange(6):
        case 0:
            return raw[:a] + raw[b:]
        case 1:
            return raw[:b] + raw[a:b] * chance.choice((1, 2, 30)) + raw[b:]
        case 2:
            start = chance.randrange(len(other) + 1)
            return raw[:a] + other[start : start + 200] + raw[b:]
        case 3:
            return raw[:a] + bytes([chance.randrange(256)]) + raw[a + 1 :]
        case 4:
            return raw[:a]
        case _:
            return raw[:a] + chance.choice(_TOKENS).encode("utf-8", "surrogatepass") + raw[a:]


# What reads what users give


def targets(engine: Engine, folder: Path) -> list[Target]:
    """Everything, over an engine that takes no time.

    Args:
        engine: a small one.
        folder: for the files that are read.
    """
    answers = _answers(engine)
    files = _files(engine, folder)
    return [
        Target("text functions", answers, _read_text, 560_000),
        Target("guards on answers", answers, _guards(engine), 160_000),
        Target("commands in messages", _MESSAGES, _intents, 150_000),
        Target("API bodies", _BODIES, _bodies, 100_000),
        Target("prose in reports", answers, _prose, 12_000),
        Target(
            "whole interviews", ["\n".join(chosen) for chosen in (_MESSAGES, answers[:12])], _interview(engine), 3_000
        ),
        *(Target(name, [sample], read, share) for name, sample, read, share in files),
    ]


_MESSAGES = (
    "hint", "提示", "跳过", "skip this one", "I don't know", "不知道", "yes", "不是", "stop the interview", "暂停",
    "go back", "继续", "Could you repeat the question?", "Dropout zeroes random units during training.",
    "训练时随机把单元置零。", "show me the answer",
)  # fmt: skip
_BODIES = (
    b'{"item_id": "vae-loss", "answer": "A reconstruction term plus a KL term.", "language": "en"}',
    '{"question": "什么是梯度消失？", "reference": "导数相乘", "answer": "越乘越小", "language": "zh"}'.encode(),
    b'{"language": "en", "topics": ["generative"], "level": 3, "questions": 5.0, "focus": "loss"}',
    b'{"text": "stop"}', b'{"text": "\\ud83d\\ude00 \\u0000"}', b"[]", b"null",
    b'{"a": {"a": {"a": [1, 1e400, -0.0]}}}',
)  # fmt: skip


def _answers(engine: Engine) -> list[str]:
    items = list(engine.items.values())[:12]
    found = [text[:200] for item in items for text in (item.answer.zh, item.answer.en, item.question.zh) if text]
    return [
        *found,
        "| a | b |\n|---|---|\n| `x` | $x^2$ |\n\n1. [a](http://b)\n\n```python\nx = 1\n```\n\n> q",
        "。，；",
        "",
    ]


def _read_text(text: str | bytes) -> None:
    from interviewer import text as reading

    assert isinstance(text, str)
    reading.normalise(text), reading.terms(text), reading.language_of(text), reading.word_count(text)
    reading.encodable(text).encode("utf-8")
    for spans in (reading.sentences(text), reading.clauses(text)):
        if any(text[s.start : s.end] != s.text for s in spans):
            raise AssertionError("a span is not where it says")


def _guards(engine: Engine) -> Callable[[str | bytes], None]:
    from interviewer.grading.guards import flags_of, is_empty, without_instructions

    item = next(iter(engine.items.values()))

    def read(answer: str | bytes) -> None:
        assert isinstance(answer, str)
        is_empty(answer)
        without_instructions(answer)
        flags_of(answer, item.question.en, item.answer.en, "en")

    return read


def _intents(message: str | bytes) -> None:
    from interviewer.interview.intents import agreement, command_in, intent_of

    assert isinstance(message, str)
    intent_of(message), command_in(message), agreement(message)


@lru_cache(maxsize=1)
def _requests() -> Sequence[TypeAdapter[Any]]:
    from interviewer.api.models import GradeItem, GradeQuestion, Message, NewSession

    return TypeAdapter(GradeItem | GradeQuestion), TypeAdapter(NewSession), TypeAdapter(Message)


def _bodies(body: str | bytes) -> None:
    for request in _requests():
        try:
            read = request.validate_json(body)
        except ValidationError:  # answered by 422, which names where and why
            continue
        if hasattr(read, "setup"):
            read.setup()


class _Harmless(HTMLParser):
    """Refuses HTML in which something could run or be fetched."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        address = dict(attrs).get("href") or ""
        if tag in ("script", "img", "iframe", "svg", "style", "link", "object", "form", "base", "meta"):
            raise AssertionError(f"<{tag}> came through")
        if any(name.startswith("on") or name in ("src", "srcdoc", "formaction") for name in names):
            raise AssertionError(f"<{tag}> has {sorted(names)}")
        if address and not is_web_address(address):
            raise AssertionError(f"a link leads to {address!r}")


def _prose(text: str | bytes) -> None:
    from interviewer.report import prose

    assert isinstance(text, str)
    parser = _Harmless(convert_charrefs=True)
    parser.feed(prose.block_html(text) + prose.inline_html(text))
    prose.block_markdown(text), prose.line_markdown(text), prose.quoted(text), prose.code_markdown(text)


def _interview(engine: Engine) -> Callable[[str | bytes], None]:
    plan = tuple(list(engine.items)[:3])

    def read(text: str | bytes) -> None:
        assert isinstance(text, str)
        state, _ = advance(first_state(Setup("zh", questions=3), plan), Event("started", at=1.0), engine.items)
        for n, message in enumerate(text.splitlines()[:40]):
            if state.phase == "done":
                return
            state, _ = advance(state, event_of(state, message, 100.0 - n), engine.items)  # a clock that goes back
            if state.phase == "grading":
                item = engine.items[state.exchange.item_id]
                grade = engine.grader.grade(item, state.exchange.joined, "zh")
                state, _ = advance(state, Event("graded", grade=grade), engine.items)

    return read


_File = tuple[str, bytes, Callable[[str | bytes], None], int]


def _files(engine: Engine, folder: Path) -> list[_File]:
    """Readers of files, each with a whole one to begin from."""
    from interviewer.authoring.questions import find_questions
    from interviewer.batch.tables import open_table
    from interviewer.corpus import load_corpus
    from interviewer.documents import read_document, text_of
    from interviewer.report import read_record

    def at(
        name: str, read: Callable[[Path], object], packed: Callable[[bytes], bytes] = bytes
    ) -> Callable[[str | bytes], None]:
        path = folder / name
        path.parent.mkdir(exist_ok=True)

        def write_and_read(raw: str | bytes) -> None:
            assert isinstance(raw, bytes)
            path.write_bytes(packed(raw))
            read(path)

        return write_and_read

    page, word = _page(engine).encode(), _WORD["word/document.xml"].encode()
    html = (
        f"<html><body><nav>a</nav><h2>什么是卷积？</h2><p>{_page(engine)}</p><table><tr><td>x</td></tr></table></body>"
    )
    made: list[_File] = [
        ("corpus YAML", _CORPUS.encode(), at("corpus/items.yaml", load_corpus), 7_000),
        ("sources YAML", _SOURCES.encode(), _sources(folder / "cited", load_corpus), 2_000),
        ("import .md", page, at("a.md", lambda p: find_questions(read_document(p))), 1_500),
        ("import .txt", page, at("a.txt", lambda p: find_questions(read_document(p))), 1_500),
        ("import .html", html.encode(), at("a.html", lambda p: find_questions(read_document(p))), 600),
        ("import .docx", _docx(word), at("a.docx", lambda p: find_questions(read_document(p))), 300),
        # A ZIP's check sums refuse nearly every change of it: here the text inside is changed.
        ("import .docx, inside", word, at("a.docx", lambda p: find_questions(read_document(p)), _docx), 600),
        ("résumé .docx, inside", word, at("b.docx", text_of, _docx), 400),
        ("résumé .txt", page, at("b.txt", text_of), 2_000),
        ("report .json", _record(engine), at("r.json", read_record), 1_000),
        ("report .html", _report(engine), at("r.html", read_record), 400),
        ("backup", _backup(engine, folder), _restore(folder), 60),
    ]
    for ending, share in {".csv": 3_000, ".tsv": 1_500, ".jsonl": 3_000, ".xlsx": 300, ".parquet": 300}.items():
        table = _table(folder, ending)
        made.append((f"table {ending}", table, at(f"t{ending}", lambda p: list(open_table(p))), share))
    return made


_CORPUS = """\
topic: nets
title: {zh: 网络, en: Networks}
overview: {zh: 概述, en: An overview}
items:
  - id: vanishing
    status: draft
    level: 2
    question: {zh: 什么是梯度消失？, en: What is a vanishing gradient?}
    key_points:
      - id: shrinks
        text: {zh: 导数逐层相乘, en: derivatives multiply}
        also: {zh: [越乘越小], en: [they shrink]}
        not: [derivatives add up]
        weight: 2
        probe: {zh: 发生了什么？, en: What happens?}
        hint: Think of the chain rule.
    misconceptions:
      - {text: {zh: 学习率太大, en: the rate is too high}, correction: {zh: 不是, en: it is not}}
    requires: []
    code: []
    answer:
      zh: |
        导数逐层相乘，越乘越小。
      en: "Derivatives multiply: they shrink."
"""
_SOURCES = """\
references:
  d1:
    title: 面试题
    authors: Y. LeCun, 张三
    year: 1989
    url: https://example.org/a
rows:
  - d1.1: [vanishing]
"""


def _sources(folder: Path, load: Callable[[Path], object]) -> Callable[[str | bytes], None]:
    folder.mkdir()
    (folder / "items.yaml").write_text(_CORPUS, encoding="utf-8")

    def read(raw: str | bytes) -> None:
        assert isinstance(raw, bytes)
        (folder / "sources.yaml").write_bytes(raw)
        load(folder)

    return read


def _page(engine: Engine) -> str:
    items = list(engine.items.values())[:3]
    return "\n\n".join(
        f"## {n}. {i.question.zh}\n\n- {i.answer.zh}\n\n`x`\n\n{i.answer.en}" for n, i in enumerate(items, 1)
    )[:3000]


_WORD = {
    "[Content_Types].xml": """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Override PartName="/word/document.xml"
 ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>""",
    "_rels/.rels": """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1"
 Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>
</Relationships>""",
    "word/document.xml": """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>
<w:p><w:pPr><w:pStyle w:val="Heading2"/></w:pPr><w:r><w:t>什么是梯度消失？</w:t></w:r></w:p>
<w:p><w:r><w:t>导数逐层相乘，越乘越小。</w:t></w:r></w:p>
<w:tbl><w:tr><w:tc><w:p><w:r><w:t>x</w:t></w:r></w:p></w:tc></w:tr></w:tbl></w:body></w:document>""",
}


def _docx(document: bytes) -> bytes:
    """A Word file around its main part."""
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        parts: dict[str, str | bytes] = {**_WORD, "word/document.xml": document}
        for name, content in parts.items():
            packed.writestr(name, content)
    return made.getvalue()


def _debrief(engine: Engine) -> str:
    view = engine.start(Setup("en", questions=1, voice="scripted"))
    engine.say(view.session_id, engine.items[view.state.exchange.item_id].answer.en or "It depends.")
    return view.session_id


def _record(engine: Engine) -> bytes:
    from interviewer.report import to_json

    return to_json(engine.debrief(_debrief(engine))).encode("utf-8", "backslashreplace")


def _report(engine: Engine) -> bytes:
    from interviewer.report import to_html

    return to_html(engine.debrief(_debrief(engine)), engine.corpus).encode("utf-8", "backslashreplace")


def _backup(engine: Engine, folder: Path) -> bytes:
    from interviewer.storage import back_up

    back_up(engine.store, folder / "whole.backup")
    return (folder / "whole.backup").read_bytes()


def _restore(folder: Path) -> Callable[[str | bytes], None]:
    from interviewer.storage import Store, restore

    def read(raw: str | bytes) -> None:
        assert isinstance(raw, bytes)
        (folder / "mutated.backup").write_bytes(raw)
        for path in folder.glob("restored.db*"):
            path.unlink()
        store = Store(f"sqlite:///{folder}/restored.db")
        try:
            restore(store, folder / "mutated.backup")
        finally:
            store.close()

    return read


def _table(folder: Path, ending: str) -> bytes:
    from interviewer.batch.tables import write_table

    rows: list[Mapping[str, str]] = [
        {"name": "学生, 一", "answer": 'He said "no"\n=1+1', "item_id": "vanishing"},
        {"name": "b", "answer": "导数；越乘越小", "item_id": ""},
    ]
    write_table(folder / f"sample{ending}", map(dict, rows), list(rows[0]))
    return (folder / f"sample{ending}").read_bytes()


def table(findings: Sequence[Findings]) -> str:
    """As Markdown."""
    rows = [
        f"| {f.name} | {f.executions:,} | {f.refused:,} | {f.crashes} | {f.slowest:.2f} |"
        for f in (*findings, _all(findings))
    ]
    head = (
        "| reads | executions | refused | crashes, hangs and unclear refusals | slowest, s |\n|---|---|---|---|---|\n"
    )
    return head + "\n".join(rows)


def _all(findings: Sequence[Findings]) -> Findings:
    return Findings(
        "all", sum(f.executions for f in findings), sum(f.refused for f in findings), sum(f.crashes for f in findings),
        max((f.slowest for f in findings), default=0.0),
    )  # fmt: skip


def check_machine() -> None:
    """Refuse where a hanging execution could not be interrupted.

    Raises:
        InputError: there is no alarm, as on Windows.
    """
    if not hasattr(signal, "SIGALRM"):
        raise InputError("this needs an operating system with alarms; run it on Linux or macOS")
