"""The grader against marks given by people, on public sets of short answers to questions that are not ours.

Each answer is compared with its question's reference answer as the product does it (`grading/overall.py`); what is
fitted here is the last step alone, a ridge regression, by a protocol named for every figure. Questions, never answers,
are left out: with answers to the same question in both halves, figures of 0.9 are easy and mean nothing.
"""

from __future__ import annotations

import ast
import gzip
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interviewer.errors import InputError
from interviewer.evaluation.grading import bootstrap, partial, pearson, rmse, spearman, within
from interviewer.grading import Grader, as_item
from interviewer.grading.overall import OVERALL
from interviewer.schema import Item, Language
from interviewer.text import language_of, terms

Numbers = NDArray[np.float64]

SETS = ("mohler", "saf_en", "semeval_beetle", "semeval_scientsbank", "zh_ads", "nnexam_elective")
NEVER = frozenset({"nnexam_elective"})
"""Sets that may be measured on, not learnt from."""
_CHUNK = 64
_REFERENCES = 5
_STRENGTH = 10.0


@dataclass(frozen=True, slots=True)
class HumanMarked:
    """An answer with the mark that a person gave it."""

    dataset: str
    question: str
    references: tuple[str, ...]
    answer: str
    mark: float
    """0–1."""
    split: str
    label: str


@dataclass(frozen=True, slots=True)
class Table:
    """Answers with their features, row by row."""

    answers: tuple[HumanMarked, ...]
    features: Numbers
    """Shape (answers, len(OVERALL)); zeros for an answer that says nothing."""
    words: Numbers
    """TF-IDF-like baseline: share of common terms (Dice)."""

    def where(self, wanted: Callable[[HumanMarked], bool]) -> NDArray[np.bool_]:
        """Which rows fulfil a condition."""
        return np.array([wanted(a) for a in self.answers])

    @property
    def marks(self) -> Numbers:
        """What people gave, 0–1."""
        return np.array([a.mark for a in self.answers])

    @property
    def groups(self) -> NDArray[np.str_]:
        """Question of each row: by text, since some sets list one question under two numbers."""
        return np.array([f"{a.dataset} {a.question.strip().lower()}" for a in self.answers])


def read_marked(folder: Path, most: int, seed: int = 0) -> list[HumanMarked]:
    """All sets in a folder.

    Args:
        folder: with one file a set.
        most: answers of one split that are read at most, drawn by the seed.
        seed: of the draw.

    Raises:
        InputError: a set is missing.
    """
    found = []
    for name in SETS:
        path = folder / f"{name}.jsonl.gz"
        try:
            with gzip.open(path, "rt", encoding="utf-8") as lines:
                rows = [json.loads(line) for line in lines]
        except FileNotFoundError:
            raise InputError(f"{path} is missing: --data is the folder with the human-marked sets") from None
        by_split: dict[str, list[HumanMarked]] = {}
        for row in rows:
            one = _marked(row)
            if one.split == "test-unseen-answers":
                continue  # other answers to its questions teach
            by_split.setdefault(one.split, []).append(one)
        rng = random.Random(seed)
        for split in sorted(by_split):
            rows = by_split[split]
            found += rows if len(rows) <= most else rng.sample(rows, most)
    return found


def _marked(row: Mapping[str, Any]) -> HumanMarked:
    given = row["reference"]
    if isinstance(given, str) and given.startswith("["):
        given = ast.literal_eval(given)
    references = (given,) if isinstance(given, str) else tuple(given)
    return HumanMarked(
        row["dataset"], row["question"], references[:_REFERENCES], row["answer"], float(row["score"]),
        str(row["split"]), str(row["label"]),
    )  # fmt: skip


def tabulate(
    answers: Sequence[HumanMarked],
    grader: Grader,
    nearest: Callable[[str, Sequence[str]], int],
    tell: Callable[[int], None],
) -> Table:
    """Compare every answer with the nearest of its references.

    Args:
        answers: what people marked.
        grader: compares.
        nearest: answer and references → position of the reference to compare with.
        tell: called with the number of answers done.
    """
    rows, words = [], []
    chosen: list[str] = []
    items: list[Item] = []
    for number, one in enumerate(answers):
        if number % _CHUNK == 0:
            some = answers[number : number + _CHUNK]
            chosen = [a.references[nearest(a.answer, a.references) if len(a.references) > 1 else 0] for a in some]
            items = [as_item(a.question, r) for a, r in zip(some, chosen, strict=True)]
            grader.prepare((item, a.answer) for item, a in zip(items, some, strict=True))
        reference, item = chosen[number % _CHUNK], items[number % _CHUNK]
        language: Language = language_of(reference) or "en"
        found = grader.overall(item, one.answer, language) if item.key_points else None
        rows.append(found.row() if found else [0.0] * len(OVERALL))
        said, due = set(terms(one.answer)), set(terms(reference))
        words.append(2 * len(said & due) / max(1, len(said) + len(due)))
        tell(number + 1)
    return Table(tuple(answers), np.array(rows), np.array(words))


def ridge(x: Numbers, y: Numbers, weights: Numbers) -> Callable[[Numbers], Numbers]:
    """Ridge regression on standardised features, rows weighted (Hoerl and Kennard, 1970)."""
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), Ridge(alpha=_STRENGTH)).fit(x, y, ridge__sample_weight=weights)
    return lambda rows: np.clip(model.predict(rows), 0.0, 1.0)


def balanced(table: Table, rows: NDArray[np.bool_]) -> Numbers:
    """Weights that let every set count alike, with a mean of 1."""
    names = np.array([a.dataset for a in table.answers])[rows]
    counts = {n: int((names == n).sum()) for n in set(names)}
    return np.array([len(names) / (len(counts) * counts[n]) for n in names])


def left_out(table: Table, name: str, learn: NDArray[np.bool_]) -> Numbers:
    """Predictions for one set, each question by a fit on the other sets and on the set's other questions."""
    mine = table.where(lambda a: a.dataset == name)
    groups, marks = table.groups, table.marks
    predicted = np.zeros(len(marks))
    for group in sorted(set(groups[mine])):
        now = groups == group
        rows = (learn | mine) & ~now
        predicted[now] = ridge(table.features[rows], marks[rows], balanced(table, rows))(table.features[now])
    return predicted[mine]


def own_left_out(table: Table, name: str) -> Numbers:
    """Predictions for one set, each question by a fit on the set's other questions: what published figures do."""
    mine = np.flatnonzero(table.where(lambda a: a.dataset == name))
    groups, x, y = table.groups[mine], table.features[mine], table.marks[mine]
    predicted = np.zeros(len(mine))
    for group in sorted(set(groups)):
        now = groups == group
        predicted[now] = ridge(x[~now], y[~now], np.ones(int((~now).sum())))(x[now])
    return predicted


def elsewhere(table: Table, name: str, learn: NDArray[np.bool_]) -> Callable[[Numbers], Numbers]:
    """A fit on the other sets only."""
    rows = learn & ~table.where(lambda a: a.dataset == name)
    return ridge(table.features[rows], table.marks[rows], balanced(table, rows))


def report(table: Table) -> Iterator[dict[str, str]]:
    """One row per set and protocol."""
    learn = table.where(may_learn)
    for name in SETS:
        mine = table.where(lambda a, name=name: a.dataset == name)  # type: ignore[misc]
        yield _row(table, mine, name, "cosine to the reference", table.features[mine, OVERALL.index("cosine")])
        yield _row(table, mine, name, "common words", table.words[mine])
        yield _row(table, mine, name, "other sets only", elsewhere(table, name, learn)(table.features[mine]))
        if name not in NEVER:
            yield _row(table, mine, name, "own questions, one left out", own_left_out(table, name))
            yield _row(table, mine, name, "all sets, question left out", left_out(table, name, learn))
    for name, split, what in (
        ("saf_en", "unseen_questions", "unseen questions"),
        ("semeval_beetle", "test-unseen-questions", "unseen questions"),
        ("semeval_scientsbank", "test-unseen-questions", "unseen questions"),
        ("semeval_scientsbank", "test-unseen-domains", "unseen domains"),
    ):
        rows = table.where(lambda a, n=name, s=split: a.dataset == n and a.split == s)  # type: ignore[misc]
        fitted = ridge(table.features[learn], table.marks[learn], balanced(table, learn))
        line = _row(table, rows, f"{name}, {what}", "train splits", fitted(table.features[rows]))
        if name.startswith("semeval"):
            line["2-way accuracy"] = f"{_two_way(table, name, rows):.3f}"
        yield line


def may_learn(a: HumanMarked) -> bool:
    """Whether a row may teach: of a set and a split that is for training."""
    return a.dataset not in NEVER and a.split in ("None", "train", "training")


def _two_way(table: Table, name: str, rows: NDArray[np.bool_]) -> float:
    """Right or not, as SemEval-2013 Task 7 counts it, by a logistic regression on the set's training split."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    train = table.where(lambda a: a.dataset == name and a.split == "train")
    right = np.array([a.label == "correct" for a in table.answers])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=2000))
    return float(model.fit(table.features[train], right[train]).score(table.features[rows], right[rows]))


def _row(table: Table, rows: NDArray[np.bool_], name: str, how: str, scores: Numbers) -> dict[str, str]:
    marks, groups = table.marks[rows], table.groups[rows]
    lengths = np.array([float(len(a.answer)) for a, kept in zip(table.answers, rows, strict=True) if kept])
    return {
        "set": name,
        "scored by": how,
        "answers (questions)": f"{len(marks)} ({len(set(groups))})",
        "Pearson r": str(bootstrap(pearson, scores, marks, groups, rounds=300)),
        "Spearman": f"{spearman(scores, marks):.2f}",
        "r within questions": f"{within(scores, marks, groups):.2f}",
        "r given length": f"{partial(scores, marks, lengths):.2f}",
        "RMSE": f"{rmse(scores, marks):.3f}",
    }


def markdown(rows: Sequence[Mapping[str, str]]) -> str:
    """The rows as a table."""
    names = list(dict.fromkeys(key for row in rows for key in row))
    lines = ["| " + " | ".join(names) + " |", "|---" * len(names) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row.get(n, "") for n in names) + " |" for row in rows])
