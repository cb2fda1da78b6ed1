"""Titles → questions with the lines that answer them, and what of the document was left.

Three kinds of page are told apart by what their titles are: pages with marks that say "question" (问题3：, Q3.), where
nothing else is one; pages whose titles mostly ask, where the titles marked in the same way are questions too; and
notes, whose titles name a subject ("9.2 Dropout"), where each innermost title with text of its own is one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from interviewer.authoring.outline import Title, looks_like_heading, outline
from interviewer.authoring.words import (
    COMMENT_MARK,
    ENDS_ANSWER,
    GROUPS_QUESTIONS,
    INTENT_MARK,
    LABEL,
    LEVEL_MARK,
    LEVELS,
    NO_QUESTION,
    NOISE,
    REFERENCE_TAIL,
    TAG,
    THE_END,
)
from interviewer.documents.lines import Document, Line, clean, columns
from interviewer.documents.words import ANSWER_MARK, ASKS
from interviewer.schema import LANGUAGES, Bilingual, Language
from interviewer.text import language_of, normalise, terms

MAX_QUESTION = 600
"""Characters; what is longer is no question."""
_MOSTLY = 0.4
"""Share of titles of one style that ask, from which the style is that of questions."""


@dataclass(frozen=True, slots=True)
class Found:
    """A question as it stands in a document."""

    question: Bilingual
    place: int
    """Line, page or paragraph, as `Document.unit` says."""
    answer: tuple[Line, ...] = ()
    intent: str = ""
    level: int = 0
    """What the document says, 1 to 5; 0 where it says nothing."""

    @property
    def text(self) -> str:
        """The question in the language that it was first written in."""
        return self.question.zh or self.question.en


@dataclass(frozen=True, slots=True)
class Page:
    """What was found in a document."""

    questions: tuple[Found, ...]
    dropped: int
    """Lines that are navigation, advertisement, or about something else."""
    left: int
    """Lines that belong to no question."""


def find_questions(document: Document) -> Page:
    """The questions of a document, in order, each once."""
    lines = [line for line in _before_the_end(document.lines) if not _is_noise(line)]
    titles = outline(lines)
    children = _children(titles)
    chosen = _questions(lines, titles, children)
    bounds = pairwise([*chosen, len(titles)])
    found = [_found(lines, titles, n, _end(lines, titles, n, following)) for n, following in bounds]
    once = _each_once(found)
    used = sum(len(f.answer) + 1 for f in once)
    return Page(tuple(once), len(document.lines) - len(lines), max(0, len(lines) - used))


def _before_the_end(lines: Sequence[Line]) -> Sequence[Line]:
    """Without what follows "related articles" and the like; in the first third such a line is only navigation."""
    for n, line in enumerate(lines):
        if n * 3 > len(lines) and not line.code and columns(line.text) <= 120 and THE_END.match(line.text):
            return lines[:n]
    return lines


def _is_noise(line: Line) -> bool:
    if line.code:
        return False
    bare = line.link and not ASKS.search(line.text)
    return (
        bare
        or (columns(line.text) <= 160 and NOISE.search(line.text) is not None)
        or THE_END.match(line.text) is not None
    )


def _children(titles: Sequence[Title]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for n, title in enumerate(titles):
        found[title.parent].append(n)
    return found


def _questions(lines: Sequence[Line], titles: Sequence[Title], children: dict[int, list[int]]) -> list[int]:
    """Positions of the titles that are questions."""
    explicit = [n for n, t in enumerate(titles) if t.style == "explicit"]
    if len(explicit) > 1 or (explicit and _answered(lines, titles, explicit[0])):
        outer = [n for n in explicit if not _under(titles, n, "explicit")]
        before = [n for n in _otherwise(lines, titles, children, explicit[0]) if titles[n].asks == 2]
        # A count that begins at 4 goes on from three that are marked in another way.
        return [*before, *outer] if len(before) == titles[explicit[0]].number - 1 else outer
    return _otherwise(lines, titles, children, len(titles))


def _otherwise(lines: Sequence[Line], titles: Sequence[Title], children: dict[int, list[int]], end: int) -> list[int]:
    """Positions of the titles before `end` that are questions by what they say and how they are set."""
    asking = _asking_styles(titles[:end])
    return sorted(n for n in _walk(lines, titles, children, children[-1], asking) if n < end)


def _answered(lines: Sequence[Line], titles: Sequence[Title], n: int) -> bool:
    start = titles[n].index
    return any(ANSWER_MARK.match(line.text) for line in lines[start + 1 : start + 6])


def _under(titles: Sequence[Title], n: int, style: str) -> bool:
    parent = titles[n].parent
    while parent >= 0:
        if titles[parent].style == style:
            return True
        parent = titles[parent].parent
    return False


def _style(title: Title) -> str:
    return f"{title.style}{title.level}" if title.style == "heading" else title.style


def _asking_styles(titles: Sequence[Title]) -> set[str]:
    """Styles whose titles mostly ask. What says "usually a question" counts where something surely asks."""
    by_style: dict[str, list[int]] = defaultdict(list)
    for title in titles:
        if not NO_QUESTION.match(title.text):
            by_style[_style(title)].append(title.asks)
    return {
        style for style, asks in by_style.items()
        if max(asks) == 2 and sum(a > 0 for a in asks) >= _MOSTLY * len(asks)
    }  # fmt: skip


def _walk(
    lines: Sequence[Line],
    titles: Sequence[Title],
    children: dict[int, list[int]],
    level: Sequence[int],
    asking: set[str],
) -> Iterator[int]:
    """The questions among some titles and what stands under them."""
    for n in level:
        title = titles[n]
        if NO_QUESTION.match(title.text):
            groups = GROUPS_QUESTIONS.search(title.text) is not None
            under = _walk(lines, titles, children, children[n], asking)
            yield from (k for k in under if groups or (titles[k].asks == 2 and not lines[titles[k].index].link))
            continue
        below = list(_walk(lines, titles, children, children[n], asking))
        sure = [k for k in below if titles[k].asks == 2]
        is_question = _style(title) in asking or (not asking and not below)
        if is_question and sure and title.asks < 2:
            is_question = False
        if is_question and (asking or _has_text(lines, titles, n)) and not (below and not _has_text(lines, titles, n)):
            yield n
            below = sure if title.asks < 2 else []
        yield from below


def _own(lines: Sequence[Line], titles: Sequence[Title], n: int) -> Sequence[Line]:
    """The lines between a title and the next one."""
    end = titles[n + 1].index if n + 1 < len(titles) else len(lines)
    return lines[titles[n].index + 1 : end]


def _has_text(lines: Sequence[Line], titles: Sequence[Title], n: int) -> bool:
    return sum(len(terms(line.text)) for line in _own(lines, titles, n) if not line.code) >= 3


def _end(lines: Sequence[Line], titles: Sequence[Title], n: int, following: int) -> int:
    """Where the section of a question ends: at the next title that does not stand under it, at a closing section, or
    at the title of the `following` question."""
    for k in range(n + 1, len(titles)):
        if k == following or not _descends(titles, k, n) or NO_QUESTION.match(titles[k].text):
            return _before_section(lines, titles[n], titles[k]) if titles[k].restarts else titles[k].index
    return len(lines)


def _descends(titles: Sequence[Title], n: int, above: int) -> bool:
    while n > above:
        n = titles[n].parent
    return n == above


def _before_section(lines: Sequence[Line], title: Title, following: Title) -> int:
    """Where the heading of the section stands whose first title is `following`: its lines belong to no answer.

    It is an unmarked line that looks like one, and either is about what that title is about ("U-Net" before "U-Net or
    VAE?") or has nothing but code between itself and the title.
    """
    own, wanted = set(terms(title.text)), set(terms(following.text))
    for n in range(title.index + 1, following.index):
        said = set(terms(lines[n].text))
        if looks_like_heading(lines, n) and said and said <= wanted and not said <= own:
            return n
    n = following.index
    while n - 1 > title.index and (lines[n - 1].code or looks_like_heading(lines, n - 1)):
        n -= 1
    return n


def _found(lines: Sequence[Line], titles: Sequence[Title], n: int, end: int) -> Found:
    title = titles[n]
    section = list(lines[title.index + 1 : end])
    text = title.text
    if not terms(text) and section:  # the mark stands on a line of its own
        text = section.pop(0).text
    run_in = ANSWER_MARK.search(text)
    question, level = question_of(text)
    if not run_in and section and (second := _second_language(question, section[0])):
        section.pop(0)
        question = Bilingual(question.zh or second.zh, question.en or second.en)
    intent, said, answer = _sorted_out(section, lines[title.index].depth)
    return Found(question, lines[title.index].place, tuple(answer), intent, said or level)


def _sorted_out(section: Sequence[Line], depth: int) -> tuple[str, int, list[Line]]:
    """What a section says the question examines, its level (0 for none), and the lines of the answer.

    Args:
        section: the lines below a question.
        depth: of the question's own line; what stands in a list's item below a question is no list itself.
    """
    intent, level, answer = "", 0, []
    for line in section:
        if found := INTENT_MARK.match(line.text):
            intent = clean(found["text"])
        elif found := LEVEL_MARK.match(line.text):
            level = level_of(found["text"])
        elif ENDS_ANSWER.match(line.text):
            break
        elif found := ANSWER_MARK.match(line.text):
            if found["text"]:
                answer.append(replace(line, text=found["text"], heading=0, bold=False))
        elif not (LABEL.match(line.text) or COMMENT_MARK.match(line.text)):
            answer.append(replace(line, depth=max(0, line.depth - depth)))
    return intent, level, answer


def question_of(text: str) -> tuple[Bilingual, int]:
    """A title as a question in the languages that it holds, and the level that a remark in it names (else 0)."""
    level = 0
    for tag in TAG.finditer(text):
        if found := level_of(tag["text"]):
            level = found
            text = text.replace(tag[0], " ", 1)
    before = ""
    while before != text:
        before, text = text, REFERENCE_TAIL.sub("", text).strip().strip("*_#").strip()
    text = clean(text).rstrip("：:")
    return _split_languages(text[:MAX_QUESTION]), level


def level_of(text: str) -> int:
    """1 to 5 for a word or stars that name a level, else 0."""
    return next((level for level, pattern in LEVELS if pattern.match(text.strip())), 0)


def _split_languages(text: str) -> Bilingual:
    """ "什么是 X？ / What is X?" and "什么是 X？（What is X?）" are one question in two languages."""
    for separator in (" / ", "/", " | ", "｜", " — ", "（", "(", "？", "?"):
        for n in [i for i in range(len(text)) if text.startswith(separator, i)]:
            first = text[: n + 1 if separator in "？?" else n].strip()
            second = text[n + len(separator) :].strip().rstrip("）)").strip()
            languages = language_of(first), language_of(second)
            # What stands in brackets may also be a term in the other language.
            long_enough = separator in " / |｜ — " or len(second.split()) >= 3
            if set(languages) == set(LANGUAGES) and long_enough and terms(first) and ASKS.search(second):
                return Bilingual(first, second) if languages[0] == "zh" else Bilingual(second, first)
    return in_language(language_of(text) or "en", text)


def in_language(language: Language, text: str) -> Bilingual:
    """A text in one language."""
    return Bilingual(zh=text) if language == "zh" else Bilingual(en=text)


def _second_language(question: Bilingual, line: Line) -> Bilingual | None:
    """The line below a question, if it is the question again in the other language."""
    if (question.zh and question.en) or line.code or ANSWER_MARK.match(line.text) or INTENT_MARK.match(line.text):
        return None
    language = language_of(line.text)
    if language is None or getattr(question, language) or not ASKS.search(line.text) or columns(line.text) > 200:
        return None
    return in_language(language, line.text) if line.text.endswith(("?", "？")) or line.bold else None


def _each_once(found: Sequence[Found]) -> list[Found]:
    """Without the entries of a table of contents: of equal questions the one with the longest answer stays."""
    best: dict[str, Found] = {}
    for one in found:
        key = normalise(one.text).strip(" ?？。.!！")
        if not key or not terms(key) or len(one.text) >= MAX_QUESTION:
            continue
        if key not in best or _length(best[key]) < _length(one):
            best[key] = one
    return sorted(best.values(), key=lambda f: f.place)


def _length(found: Found) -> int:
    return sum(len(line.text) for line in found.answer)
