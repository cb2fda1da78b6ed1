"""Whether the grader can be gamed, and whether honest answers pay for the defence.

Scores as a user gets them. An attack passes with a score of `PASS` or more; none may reach `STRONG`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from interviewer.evaluation.attacks import Attempt, variants, without_a_clause
from interviewer.grading import Grader
from interviewer.schema import Flag, Language

PASS, STRONG = 60.0, 80.0
ACCUSING: frozenset[Flag] = frozenset(
    {
        "empty",
        "dont_know",
        "echoes_question",
        "gibberish",
        "keyword_list",
        "instructions",
        "off_topic",
        "repeated",
        "both_ways",
        "scattered",
    }
)
"""Flags that say something against an answer; on an honest one they are false alarms."""
MEANT: Mapping[Flag, tuple[str, ...]] = {
    "empty": ("nothing but marks",),
    "dont_know": ("not knowing",),
    "echoes_question": ("the question again", "the question as a statement"),
    "copies_reference": ("model answer",),
    "keyword_list": ("key words",),
    "off_topic": ("good answer to another topic",),
    "other_language": ("in the other language",),
    "gibberish": ("gibberish",),
    "instructions": ("words to the grader", "words to the grader, five", "words to the grader after a denial"),
    "repeated": ("one point, a hundred times",),
    "both_ways": ("both ways",),
    "scattered": ("its answer, then every other of the topic", "every answer of the topic"),
    "too_long": ("100,000 characters",),
}
"""Which kinds of answers each flag is for."""
_COPIES = ("model answer", "typos", "fillers", "dialect words", "English terms in Chinese", "rambling")
_CHUNK = 32
Tell = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attempt got."""

    attempt: Attempt
    score: float
    flags: frozenset[Flag]
    needs_review: bool


def outcomes(attempts: Iterable[Attempt], grader: Grader, tell: Tell) -> list[Outcome]:
    """Grade all attempts."""
    found = []
    every = list(attempts)
    for number, a in enumerate(every):
        if number % _CHUNK == 0:
            grader.prepare((other.item, other.text) for other in every[number : number + _CHUNK])
        grade = grader.grade(a.item, a.text, a.language)
        found.append(Outcome(a, grade.score or 0.0, frozenset(grade.flags), grade.needs_review))
        tell(number + 1)
    return found


def attack_rows(found: Sequence[Outcome]) -> list[tuple[str, ...]]:
    """One row per kind: how many, share that passes, share that passes unreviewed, strong, mean and highest score."""
    return [_attack_row(kind, [o for o in found if o.attempt.kind == kind]) for kind in _kinds(found)] + [
        _attack_row("all", found)
    ]


def _attack_row(kind: str, some: Sequence[Outcome]) -> tuple[str, ...]:
    scores = np.array([o.score for o in some])
    unseen = np.mean([o.score >= PASS and not o.needs_review for o in some])
    return (
        kind, str(len(some)), f"{np.mean(scores >= PASS):.1%}", f"{unseen:.1%}", str(int((scores >= STRONG).sum())),
        f"{scores.mean():.0f}", f"{scores.max():.0f}",
    )  # fmt: skip


def honest_rows(found: Sequence[Outcome]) -> list[tuple[str, ...]]:
    """One row per kind: how many, share accused, share below the pass mark, mean score, change to the model answer."""
    plain = {(o.attempt.item.id, o.attempt.language): o.score for o in found if o.attempt.kind == "model answer"}
    return [_honest_row(kind, [o for o in found if o.attempt.kind == kind], plain) for kind in _kinds(found)] + [
        _honest_row("all", found, plain)
    ]


def _honest_row(kind: str, some: Sequence[Outcome], plain: Mapping[tuple[str, Language], float]) -> tuple[str, ...]:
    scores = np.array([o.score for o in some])
    change = np.mean([o.score - plain[o.attempt.item.id, o.attempt.language] for o in some])
    accused = np.mean([bool(o.flags & ACCUSING) for o in some])
    return (
        kind,
        str(len(some)),
        f"{accused:.1%}",
        f"{np.mean(scores < PASS):.1%}",
        f"{scores.mean():.0f}",
        f"{change:+.1f}",
    )


def flag_rows(attacked: Sequence[Outcome], honest: Sequence[Outcome]) -> list[tuple[str, ...]]:
    """One row per flag: recall on the answers it is for, false alarms on honest ones, and precision over both."""
    rows: list[tuple[str, ...]] = []
    for flag, kinds in MEANT.items():
        due = [flag in o.flags for o in (*attacked, *honest) if o.attempt.kind in kinds]
        # What is made from the model answer is mostly its words, and flagged as such by right.
        spared = (*kinds, *(_COPIES if flag == "copies_reference" else ()))
        false = [flag in o.flags for o in honest if o.attempt.kind not in spared]
        raised = sum(due) + sum(false)
        rows.append((
            flag, str(len(due)), f"{np.mean(due):.1%}" if due else "—", str(len(false)), f"{np.mean(false):.1%}",
            f"{sum(due) / raised:.1%}" if raised else "—",
        ))  # fmt: skip
    return rows


def invariance_rows(found: Sequence[Outcome], grader: Grader, tell: Tell) -> list[tuple[str, ...]]:
    """How far each way of writing an answer moves its score: share within a point, largest move."""
    moves: dict[str, list[float]] = {}
    for number, o in enumerate(found):
        a = o.attempt
        for kind, text in variants(a.text).items():
            moves.setdefault(kind, []).append(abs((grader.grade(a.item, text, a.language).score or 0.0) - o.score))
        tell(number + 1)
    return [(kind, str(len(v)), f"{np.mean(np.array(v) <= 1.0):.1%}", f"{max(v):.1f}") for kind, v in moves.items()]


def monotony_row(found: Sequence[Outcome], grader: Grader, tell: Tell) -> tuple[str, ...]:
    """Taking a clause out of the model answer must not raise its score by more than a point."""
    rises: list[float] = []
    for number, o in enumerate(found):
        a = o.attempt
        rises += [(grader.grade(a.item, t, a.language).score or 0.0) - o.score for t in without_a_clause(a.text)]
        tell(number + 1)
    return "one clause taken out", str(len(rises)), f"{np.mean(np.array(rises) <= 1.0):.1%}", f"{max(rises):.1f}"


def _kinds(found: Sequence[Outcome]) -> list[str]:
    return list(dict.fromkeys(o.attempt.kind for o in found))


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table."""
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])
