"""Which answers to one question are alike: in what they say (groups), or in how they are worded (twins)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from interviewer.retrieval import Encoder
from interviewer.text import terms

_ALIKE = 0.8
"""Least cosine of an answer with the middle of its group."""
_RUN = 6  # terms in a row that two people hardly choose alike
_SHARED = 0.6
"""Least share of the shorter answer's runs that the other one has, too."""
_FEWEST_RUNS = 4
_READ = 2_000  # characters of an answer that are embedded


def groups_of(encoder: Encoder, answers: Sequence[str], most: int) -> list[list[int]]:
    """Groups of at least two answers that say much the same, largest first; each begins with its most typical one.

    Every answer joins the nearest group's first member if they are near enough, else begins a group; then each moves
    once to the group whose middle it is nearest to. Answers that say hardly anything are in none.
    """
    places = [n for n, answer in enumerate(answers) if len(terms(answer)) >= 3]
    if len(places) < 2:
        return []
    vectors = encoder.encode([answers[n][:_READ] for n in places])
    leaders: list[int] = []
    for n in range(len(places)):
        if not leaders or float((vectors[leaders] @ vectors[n]).max()) < _ALIKE:
            leaders.append(n)
    joined = (vectors @ vectors[leaders].T).argmax(axis=1)
    middles = np.stack([vectors[joined == k].mean(axis=0) for k in range(len(leaders))])
    middles /= np.maximum(np.linalg.norm(middles, axis=1, keepdims=True), 1e-6)
    nearness = vectors @ middles.T
    found = []
    for k in range(len(leaders)):
        members = np.flatnonzero((nearness.argmax(axis=1) == k) & (nearness[:, k] >= _ALIKE))
        ranked = sorted(members, key=lambda n: (-nearness[n, k], n))
        if len(ranked) > 1:
            found.append([places[n] for n in ranked])
    return sorted(found, key=lambda g: (-len(g), g))[:most]


@dataclass(frozen=True, slots=True)
class Alike:
    """Answers that share their wording."""

    members: tuple[int, ...]
    same: bool
    """Word for word, apart from punctuation and function words."""


def twins_of(answers: Sequence[str], students: Sequence[str], given: Sequence[str], most: int) -> list[Alike]:
    """Answers with the same wording: word for word first, then pairs that share long runs of words.

    Args:
        answers: to one question.
        students: who gave each, or "": somebody who hands in twice copies nobody.
        given: texts that everyone knows (the question, the model answer); their runs count for nothing.
        most: how many to return.
    """
    known = {run for text in given for run in _runs(terms(text))}
    said = [terms(answer) for answer in answers]
    whole: dict[tuple[str, ...], list[int]] = {}
    runs: list[set[tuple[str, ...]]] = []
    for n, found in enumerate(said):
        runs.append(set(_runs(found)) - known)
        if len(runs[n]) >= _FEWEST_RUNS:
            whole.setdefault(found, []).append(n)
    same = [Alike(tuple(m), True) for m in whole.values() if _different(m, students)]
    first = {m[0]: m for m in whole.values()}
    holders: dict[tuple[str, ...], list[int]] = {}
    for n in first:
        for run in runs[n]:
            holders.setdefault(run, []).append(n)
    shared: Counter[tuple[int, int]] = Counter()
    for members in holders.values():
        shared.update((a, b) for i, a in enumerate(members) for b in members[i + 1 :])
    near = [
        Alike((a, b), False)
        for (a, b), count in shared.most_common()
        if count >= _SHARED * min(len(runs[a]), len(runs[b])) and _different((a, b), students)
    ]
    return (sorted(same, key=lambda t: -len(t.members)) + near)[:most]


def _runs(found: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(found[i : i + _RUN]) for i in range(len(found) - _RUN + 1)]


def _different(members: Sequence[int], students: Sequence[str]) -> bool:
    names = [students[n] for n in members]
    return len(members) > 1 and (not all(names) or len(set(names)) > 1)
