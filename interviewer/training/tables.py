"""Answers compared with the claims of their questions, in rows that the verdict model is fitted on.

Beside the labelled answers: model answers, which cover all; of the questions of the test split, none.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from interviewer.grading.entailment import Entailment
from interviewer.grading.grader import claim_of, told_by, vocabulary_of
from interviewer.grading.labelled import Labelled
from interviewer.grading.matching import FEATURES, Claim, Match, Matcher, Vocabulary, judged, spans_of
from interviewer.grading.verdicts import WORDS_ONLY, Mode
from interviewer.retrieval.encoder import Encoder, Vectors
from interviewer.schema import LANGUAGES, Item
from interviewer.text import normalise

_AT_ONCE = 64  # answers


class WordsOnly:
    """An encoder that reads nothing: what is left is exact terms."""

    fingerprint = WORDS_ONLY

    def encode(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        """Zero vectors."""
        return np.zeros((len(texts), 8), np.float32)

    def known(self, texts: Sequence[str]) -> Vectors:
        """Nothing is known."""
        return np.zeros(len(texts), np.float32)


@dataclass(frozen=True, slots=True)
class Table:
    """Features of every labelled (answer, key point) pair, row by row."""

    wordings: Any
    bare: Any
    labels: Any
    groups: Any
    answer_of: Any
    weights: Any

    def rows(self, mode: Mode) -> Any:
        """The feature matrix for one way of comparing."""
        return self.wordings if mode == "wordings" else self.bare

    @classmethod
    def joined(cls, tables: Sequence[Table]) -> Table:
        """One table below the other, answers numbered on."""
        starts = np.cumsum([0, *(int(t.answer_of.max(initial=-1)) + 1 for t in tables)])
        moved = [replace(t, answer_of=t.answer_of + start) for t, start in zip(tables, starts, strict=False)]
        return cls(*(np.concatenate([getattr(t, f.name) for t in moved]) for f in fields(cls)))


@dataclass(frozen=True, slots=True)
class Tables:
    """All that the verdict model for one encoder is fitted on."""

    encoder: str
    """Its fingerprint."""
    labelled: Table
    model: Table
    """Of model answers."""


def tabulate(
    answers: Sequence[Labelled],
    items: Mapping[str, Item],
    vocabulary: Vocabulary,
    encoder: Encoder,
    entailment: Entailment | None = None,
) -> Table:
    """Compare every answer with every claim, with and without wordings."""
    # All spans in one pass: the encoder remembers them, and long batches are many times faster than single answers.
    encoder.encode([normalise(s.text) for a in answers for s in spans_of(a.text)])
    full: list[Match] = []
    bare: list[Match] = []
    labels, groups, owners, weights = [], [], [], []
    for number, answer in enumerate(answers):
        item = items[answer.item]
        language: Any = answer.lang
        matcher = Matcher(encoder, vocabulary, item.question.get(language))
        spans = matcher.cut(answer.text)
        claims = [claim_of(item, p, language) for p in item.key_points]
        full += matcher.match(spans, claims, told_by(item, language))
        bare += matcher.match(spans, [Claim(c.right[:1]) for c in claims])
        labels += [answer.points[p.id] for p in item.key_points]
        weights += [p.weight for p in item.key_points]
        groups += [item.id] * len(claims)
        owners += [number] * len(claims)
    rows = [[m.features.row() for m in (judged(some, entailment) if entailment else some)] for some in (full, bare)]
    return Table(*(np.array(v) for v in (*rows, labels, groups, owners, weights)))


def items_of(path: Path) -> set[str]:
    """The items that a file of labelled answers is about."""
    with path.open(encoding="utf-8") as lines:
        return {json.loads(line)["item"] for line in lines}


def model_answers(items: Sequence[Item]) -> list[Labelled]:
    """The model answers as answers that cover all points: without them, what a full and right answer says of one point
    too often passed for a denial of another."""
    return [
        Labelled(item.id, lang, "model", item.answer.get(lang), {p.id: "covered" for p in item.key_points}, 100.0)
        for item in items
        for lang in LANGUAGES
    ]


def read_tables(
    answers: Sequence[Labelled],
    items: Mapping[str, Item],
    unseen: Collection[str],
    encoders: Sequence[Encoder],
    entailment: Entailment,
    work: Path | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> Iterator[Tables]:
    """The tables for each encoder, in their order.

    Args:
        answers: labelled ones.
        items: of the corpus.
        unseen: ids of items of which nothing but the answers given may be read.
        encoders: that compare.
        entailment: the cross-encoder.
        work: a folder where comparisons are kept; a second run reads them, and an interrupted one goes on.
        tell: called with a line on how far it is.
    """
    shown = [item for item in items.values() if item.id not in unseen][::2]
    vocabulary = vocabulary_of(list(items.values()))
    for encoder in encoders:

        def table(some: Sequence[Labelled], encoder: Encoder = encoder) -> Table:
            parts = []
            for start in range(0, len(some), _AT_ONCE):
                part = some[start : start + _AT_ONCE]
                asked = part, [items[a.item] for a in part], sorted(vocabulary.idf.items())
                told = FEATURES, encoder.fingerprint, entailment.fingerprint, asked
                path = work / f"{hashlib.sha256(repr(told).encode()).hexdigest()[:24]}.npz" if work else None
                if path and path.exists():
                    kept = np.load(path)
                    parts.append(Table(*(kept[f.name] for f in fields(Table))))
                    continue
                parts.append(tabulate(part, items, vocabulary, encoder, entailment))
                if path:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    np.savez(path, **{f.name: getattr(parts[-1], f.name) for f in fields(Table)})
                tell(f"{encoder.fingerprint}: {start + len(part)} of {len(some)}")
            return Table.joined(parts)

        yield Tables(encoder.fingerprint, table(answers), table(model_answers(shown)))
