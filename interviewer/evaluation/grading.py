"""How well the grader does what we think right, on answers of our own that nothing was fitted on.

The whole path is measured, as a user gets it: answer in, `Grade` out. The answers and their labels are ours
(eval/data/README.md), not marks by independent examiners. Intervals are 95% by bootstrap over questions, since answers
to one question are not independent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interviewer.grading import Grader
from interviewer.grading.labelled import Labelled
from interviewer.retrieval import Encoder
from interviewer.schema import POINT_VERDICTS, Grade, Item

Numbers = NDArray[np.float64]
Measure = Callable[[Numbers, Numbers], float]

FALSE_KINDS = ("reversed", "swapped", "misconception")
GOOD_KINDS = ("strong", "paraphrase")
FALSE_ABOVE, GOOD_BELOW = 40.0, 60.0
_ROUNDS = 1000
_BANDS = (30.0, 60.0, 80.0)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95% interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


@dataclass(frozen=True, slots=True)
class Marked:
    """A labelled answer and what the grader made of it."""

    answer: Labelled
    grade: Grade

    @property
    def error(self) -> float:
        """Points of score by which the grade is off."""
        return abs((self.grade.score or 0.0) - self.answer.score)


def mark(answers: Sequence[Labelled], items: Mapping[str, Item], grader: Grader) -> list[Marked]:
    """Grade every answer in its own language."""
    return [Marked(a, grader.grade(items[a.item], a.text, a.lang)) for a in answers]


def table(marked: Sequence[Marked], items: Mapping[str, Item], encoder: Encoder) -> dict[str, str]:
    """All figures of one set of answers, in the order in which they are printed."""
    gold = np.array([m.answer.score for m in marked])
    ours = np.array([m.grade.score or 0.0 for m in marked])
    groups = np.array([m.answer.item for m in marked])
    rows = {"answers (questions)": f"{len(marked)} ({len(set(groups))})"}
    rows |= _verdict_rows(marked)
    measures: dict[str, Measure] = {"Spearman": spearman, "Pearson r": pearson, "RMSE": rmse, "QWK of bands": band_qwk}
    for name, measure in measures.items():
        rows[name] = str(bootstrap(measure, ours, gold, groups))
    lengths = np.array([float(len(m.answer.text)) for m in marked])
    rows["r within questions"] = f"{within(ours, gold, groups):.2f}"
    rows["r given length (partial)"] = f"{partial(ours, gold, lengths):.2f}"
    rows |= _tail_rows(marked) | _trust_rows(marked)
    for name, scores in baselines([m.answer for m in marked], items, encoder).items():
        rows[f"baseline {name}: Spearman"] = f"{spearman(scores, gold):.2f}"
    return rows


def _verdict_rows(marked: Sequence[Marked]) -> dict[str, str]:
    """F1 of each verdict; "partial" is a matter of taste, and left out of the mean (see grading.md's figures)."""
    from sklearn.metrics import f1_score

    pairs = [
        (m.answer.points[p.point_id], p.verdict)
        for m in marked
        for p in m.grade.points
        if p.point_id in m.answer.points
    ]
    names = [v for v in POINT_VERDICTS if v != "partial"]
    clear = [(gold, ours) for gold, ours in pairs if gold != "partial"]
    f1 = f1_score([g for g, _ in clear], [o for _, o in clear], labels=names, average=None, zero_division=0)
    exact = np.mean([gold == ours for gold, ours in pairs])
    return {"verdicts, macro-F1": f"{np.mean(f1):.2f}"} | {
        **{f"F1 {name}": f"{value:.2f}" for name, value in zip(names, f1, strict=True)},
        "verdicts, accuracy of four": f"{exact:.2f}",
    }


def _tail_rows(marked: Sequence[Marked]) -> dict[str, str]:
    false = [m.grade.score or 0.0 for m in marked if m.answer.kind in FALSE_KINDS and m.answer.score <= FALSE_ABOVE]
    good = [m.grade.score or 0.0 for m in marked if m.answer.kind in GOOD_KINDS and m.answer.score >= 80]
    kinds = {k: [m for m in marked if m.answer.kind == k] for k in dict.fromkeys(m.answer.kind for m in marked)}
    rows = {
        f"false answers above {FALSE_ABOVE:.0f}": f"{np.mean([s > FALSE_ABOVE for s in false]):.0%} of {len(false)}",
        f"strong answers below {GOOD_BELOW:.0f}": f"{np.mean([s < GOOD_BELOW for s in good]):.0%} of {len(good)}",
    }
    for kind, some in kinds.items():
        due, given = (np.mean([v(m) for m in some]) for v in (_due, _given))
        rows[f"mean score, {kind} (due)"] = f"{given:.0f} ({due:.0f})"
    return rows


def _due(m: Marked) -> float:
    return m.answer.score


def _given(m: Marked) -> float:
    return m.grade.score or 0.0


def _trust_rows(marked: Sequence[Marked]) -> dict[str, str]:
    inside = [(m.grade.low or 0.0) <= m.answer.score <= (m.grade.high or 0.0) for m in marked]
    width = np.mean([(m.grade.high or 0.0) - (m.grade.low or 0.0) for m in marked])
    flagged = [m for m in marked if m.grade.needs_review]
    worst = sorted(marked, key=lambda m: -m.error)[: max(1, len(marked) // 10)]
    caught = np.mean([m.grade.needs_review for m in worst])
    rows = {
        "90% intervals: coverage": f"{np.mean(inside):.0%}, mean width {width:.0f}",
        "marked for review": f"{len(flagged) / len(marked):.0%}, holding {caught:.0%} of the worst tenth",
    }
    twins: dict[tuple[str, str], list[float]] = {}
    for m in marked:
        if m.answer.twin:
            twins.setdefault((m.answer.item, m.answer.twin), []).append(m.grade.score or 0.0)
    gaps = [abs(pair[0] - pair[1]) for pair in twins.values() if len(pair) == 2]
    return rows | ({"twins zh/en, mean difference": f"{np.mean(gaps):.1f} ({len(gaps)} pairs)"} if gaps else {})


def baselines(answers: Sequence[Labelled], items: Mapping[str, Item], encoder: Encoder) -> dict[str, Numbers]:
    """What simpler graders say: cosine to the model answer, TF-IDF cosine, length. One number per answer."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    from interviewer.text import terms

    references = [items[a.item].answer.get(a.lang) for a in answers]
    said, due = encoder.encode([a.text for a in answers]), encoder.encode(references)
    counts = TfidfVectorizer(analyzer=terms).fit(references)
    words = counts.transform([a.text for a in answers]).multiply(counts.transform(references)).sum(axis=1)
    return {
        "cosine": np.asarray((said * due).sum(axis=1), np.float64),
        "TF-IDF": np.asarray(words, np.float64).ravel(),
        "length": np.array([float(len(a.text)) for a in answers]),
    }


def bootstrap(measure: Measure, ours: Numbers, gold: Numbers, groups: Any, rounds: int = _ROUNDS) -> Estimate:
    """A figure and its 95% percentile interval, questions drawn with replacement (Efron, 1979)."""
    rng = np.random.default_rng(0)
    names = sorted(set(groups))
    members = [np.flatnonzero(groups == name) for name in names]
    drawn = []
    for _ in range(rounds):
        rows = np.concatenate([members[i] for i in rng.integers(0, len(names), len(names))])
        drawn.append(measure(ours[rows], gold[rows]))
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return Estimate(measure(ours, gold), float(low), float(high))


def pearson(a: Numbers, b: Numbers) -> float:
    """Correlation, −1 to 1; NaN where one side does not vary."""
    return float(np.corrcoef(a, b)[0, 1]) if np.ptp(a) and np.ptp(b) else float("nan")


def spearman(a: Numbers, b: Numbers) -> float:
    """Rank correlation, −1 to 1; NaN where one side does not vary."""
    from scipy.stats import rankdata

    return pearson(rankdata(a), rankdata(b))


def rmse(a: Numbers, b: Numbers) -> float:
    """Root mean squared difference, in the unit of the scores."""
    return float(np.sqrt(np.mean((a - b) ** 2)))


def band_qwk(a: Numbers, b: Numbers) -> float:
    """Quadratic weighted kappa (Cohen, 1968) of the four bands poor, weak, adequate, strong."""
    return qwk(np.digitize(a, _BANDS), np.digitize(b, _BANDS), len(_BANDS) + 1)


def qwk(a: Any, b: Any, classes: int) -> float:
    """Quadratic weighted kappa of two integer ratings in 0 … classes − 1; NaN where chance alone would agree fully."""
    seen = np.zeros((classes, classes))
    np.add.at(seen, (a, b), 1)
    chance = np.outer(seen.sum(1), seen.sum(0)) / seen.sum()
    cost = np.subtract.outer(np.arange(classes), np.arange(classes)) ** 2
    expected = float((cost * chance).sum())
    return 1 - float((cost * seen).sum()) / expected if expected else float("nan")


def within(a: Numbers, b: Numbers, groups: Any) -> float:
    """Mean over questions of the correlation inside each: what is left when easy questions cannot help."""
    found = [pearson(a[groups == g], b[groups == g]) for g in sorted(set(groups)) if (groups == g).sum() > 2]
    return float(np.nanmean(found)) if np.isfinite(found).any() else float("nan")


def partial(a: Numbers, b: Numbers, given: Numbers) -> float:
    """Correlation of a and b with `given` held fixed: a grader that counts words has none left."""
    ab, ag, bg = pearson(a, b), pearson(a, given), pearson(b, given)
    return float((ab - ag * bg) / np.sqrt((1 - ag**2) * (1 - bg**2)))


def markdown(columns: Mapping[str, Mapping[str, str]]) -> str:
    """Tables of several sets side by side."""
    names = list(dict.fromkeys(name for rows in columns.values() for name in rows))
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    lines += [f"| {name} | " + " | ".join(rows.get(name, "—") for rows in columns.values()) + " |" for name in names]
    return "\n".join(lines)
