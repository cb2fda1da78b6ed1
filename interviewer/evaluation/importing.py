"""How well `corpus import` finds the questions of a document, and how well its drafts grade.

Found questions are compared with lists that were made by hand (eval/data/import/labels.jsonl). A title of which two
readers could disagree whether it is a question is labelled `optional`: finding it is neither right nor wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from interviewer.authoring.drafts import SAME_MEANING, drafts_of
from interviewer.authoring.neighbours import Neighbours
from interviewer.authoring.points import key_points
from interviewer.authoring.questions import Found, find_questions, in_language
from interviewer.documents import read_document
from interviewer.documents.lines import Document
from interviewer.documents.markdown import markdown_lines
from interviewer.errors import InputError
from interviewer.evaluation.grading import FALSE_ABOVE, FALSE_KINDS, GOOD_BELOW, GOOD_KINDS, Numbers, spearman, within
from interviewer.grading import Grader, as_item
from interviewer.grading.labelled import Labelled
from interviewer.schema import Item, KeyPoint, Language
from interviewer.text import normalise, terms

LAYOUTS = {
    "000_ddded9e1080ae4a9.txt": "seed: scraped article, numbered sections, code, advertisements",
    "001_ff9d941d5538657c.txt": "seed: scraped overview, 1.1 1.2 …, nested bullets",
    "002_fb4a7d70a372d44b.txt": "seed: forum post amid navigation, numbered questions with numbered points",
    "003_c280783976de66a2.txt": "seed: notes, numbered titles below names of models, code listings",
    "004_90bf669b427080ac.txt": "seed: 问题N / 考察目标 / 回答",
    "bold-readme.md": "README of bold questions",
    "handout.pdf": "numbered PDF handout",
    "interview-guide.docx": "Word guide with headings and lists",
    "question-bank.html": "bilingual question bank",
    "blind/notes.zh.md": "blind: lecture notes under headings",
    "blind/faq.en.txt": "blind: Q: / A: in plain text",
    "blind/blog.zh.txt": "blind: scraped blog, numbering begins anew in each part",
    "blind/list.en.md": "blind: numbered bold questions, links at the end",
    "blind/definitions.en.html": "blind: definition list, then Q4: / Q5:",
    "blind/wiki.zh.html": "blind: wiki export, questions and collapsible answers, comments below",
    "blind/handout.en.txt": "blind: lecture handout, Exercise N. / Solution.",
}
"""How each labelled document is laid out. The blind ones were written when the rules stood, to try them."""
_SAME = 0.8
"""Dice of terms from which a found question is a labelled one."""


@dataclass(frozen=True, slots=True)
class Label:
    """A question that a document holds."""

    file: str
    question: str
    optional: bool = False
    topics: tuple[str, ...] = ()
    """Topics of our corpus that it belongs to; empty where nobody has said."""


@dataclass(frozen=True, slots=True)
class Score:
    """What was found in one document."""

    name: str
    wanted: int
    missed: tuple[str, ...]
    found: int
    """Without those that are optional."""
    false: tuple[str, ...]
    optional: int

    @property
    def recall(self) -> float:
        """Share of the labelled questions that were found, 0–1."""
        return 1 - len(self.missed) / self.wanted if self.wanted else 1.0

    @property
    def precision(self) -> float:
        """Share of the found questions that are labelled, 0–1."""
        return 1 - len(self.false) / self.found if self.found else 1.0


def read_labels(path: Path) -> list[Label]:
    """The labels of all documents.

    Raises:
        InputError: the file is missing.
    """
    try:
        rows = [json.loads(row) for row in path.read_text(encoding="utf-8").splitlines()]
    except FileNotFoundError:
        raise InputError(f"{path} is missing: it is part of a checkout of the project") from None
    return [Label(r["file"], r["question"], r.get("optional", False), tuple(r.get("topics", ()))) for r in rows]


def measure(document: Document, labels: Sequence[Label]) -> Score:
    """Compare what is found in a document with its labels, one to one."""
    waiting = list(labels)
    false: list[str] = []
    found = optional = 0
    for question in find_questions(document).questions:
        match = max(waiting, key=lambda label: _likeness(label.question, question), default=None)
        if match is None or _likeness(match.question, question) < _SAME:
            false.append(question.text)
            found += 1
            continue
        waiting.remove(match)
        optional += match.optional
        found += not match.optional
    missed = tuple(label.question for label in waiting if not label.optional)
    return Score(document.name, sum(not x.optional for x in labels), missed, found, tuple(false), optional)


def _likeness(label: str, found: Found) -> float:
    best = 0.0
    for text in (found.question.zh, found.question.en):
        if text and _plain(label) == _plain(text):
            return 1.0
        first, second = set(terms(label)), set(terms(text))
        best = max(best, 2 * len(first & second) / max(1, len(first) + len(second)))
    return best


def _plain(text: str) -> str:
    return "".join(c for c in normalise(text) if c.isalnum())


def scores(folders: Iterable[Path], labels: Sequence[Label]) -> list[Score]:
    """Every labelled document that lies in one of the folders, in the order of the labels."""
    found = []
    for name in dict.fromkeys(label.file for label in labels):
        path = next((f / name for f in folders if (f / name).is_file()), None)
        if path is not None:
            found.append(measure(read_document(path, name), [x for x in labels if x.file == name]))
    return found


def topic_hits(folders: Iterable[Path], labels: Sequence[Label], neighbours: Neighbours) -> tuple[int, int]:
    """Of the questions with labelled topics: how many drafts got one of them, and how many there are."""
    folders = list(folders)
    hits = total = 0
    for name in dict.fromkeys(label.file for label in labels if label.topics):
        path = next((f / name for f in folders if (f / name).is_file()), None)
        if path is None:
            continue
        drafts = drafts_of(read_document(path), neighbours).items
        for label in (x for x in labels if x.file == name and x.topics):
            for item in drafts:
                if _plain(label.question) in (_plain(item.question.zh), _plain(item.question.en)):
                    hits += item.topic in label.topics
                    total += 1
    return hits, total


def table(found: Sequence[Score]) -> str:
    """The scores as Markdown, misses and false ones listed below."""
    total = Score(
        "all", sum(s.wanted for s in found), tuple(m for s in found for m in s.missed), sum(s.found for s in found),
        tuple(f for s in found for f in s.false), sum(s.optional for s in found),
    )  # fmt: skip
    rows = [
        "| document | layout | questions | found | missed | false | optional ones found | recall | precision |",
        "|" + "---|" * 9,
    ]
    rows += [
        f"| {s.name} | {LAYOUTS.get(s.name, '')} | {s.wanted} | "
        f"{s.wanted - len(s.missed)} | "
        f"{len(s.missed)} | {len(s.false)} | {s.optional} | {s.recall:.2f} | {s.precision:.2f} |"
        for s in (*found, total)
    ]
    listed = [f"- {s.name}, missed: {m}" for s in found for m in s.missed]
    listed += [f"- {s.name}, false: {f}" for s in found for f in s.false]
    return (
        "\n".join(rows) + "\n\n" + ("\n".join(listed) or "Nothing was missed, and nothing found that is no question.")
    )


def grading_table(
    answers: Sequence[Labelled], items: Mapping[str, Item], grader: Grader, neighbours: Neighbours
) -> str:
    """Labelled answers graded on drafts made of our model answers, and on the raw text of these, as Markdown.

    Nothing of an item but its question and model answer is used, as if they had stood in a document.
    """
    drafts = {key: as_draft(items[key[0]], key[1], neighbours) for key in {(a.item, a.lang) for a in answers}}
    raw = {(i, x): as_item(items[i].question.get(x), items[i].answer.get(x), i) for i, x in drafts}
    accepted = {key: replace(d, key_points=tuple(_accepted(d))) for key, d in drafts.items()}
    gold = np.array([a.score for a in answers])
    rows = [
        f"| graded on | Spearman | false answers above {FALSE_ABOVE:.0f} | strong answers below {GOOD_BELOW:.0f} | "
        "r within questions |",
        "|---|---|---|---|---|",
    ]
    for name, made in {
        "the raw text": raw,
        "the draft, its `not` accepted unread": accepted,
        "the draft": drafts,
    }.items():
        grader.prepare((made[a.item, a.lang], a.text) for a in answers)
        ours = np.array([grader.grade(made[a.item, a.lang], a.text, a.lang).score or 0.0 for a in answers])
        false = [s for s, a in zip(ours, answers, strict=True) if a.kind in FALSE_KINDS and a.score <= FALSE_ABOVE]
        good = [s for s, a in zip(ours, answers, strict=True) if a.kind in GOOD_KINDS and a.score >= 80]
        rows.append(
            f"| {name} | {spearman(ours, gold):.2f} | {np.mean(np.array(false) > FALSE_ABOVE):.0%} of {len(false)} | "
            f"{np.mean(np.array(good) < GOOD_BELOW):.0%} of {len(good)} | {_within(answers, ours):.2f} |"
        )
    heading = f"{len(answers)} labelled answers, graded on drafts made of our model answers."
    return f"{heading}\n\n" + "\n".join(rows)


def as_draft(item: Item, language: Language, neighbours: Neighbours) -> Item:
    """The draft that the import makes of an item's question and model answer."""
    question = in_language(language, item.question.get(language))
    text = item.answer.get(language)
    points, answer = key_points(question, markdown_lines(text), neighbours.likeness, SAME_MEANING)
    return Item(item.id, item.topic, question, key_points=points, answer=answer, status="draft")


def _accepted(item: Item) -> Iterable[KeyPoint]:
    return (replace(p, generated=()) for p in item.key_points)


def _within(answers: Sequence[Labelled], ours: Numbers) -> float:
    return within(ours, np.array([a.score for a in answers]), np.array([f"{a.item}/{a.lang}" for a in answers]))
