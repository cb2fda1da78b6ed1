"""Fit the verdict model and the score map from labelled answers.

    python -m interviewer.training.verdicts [--answers eval/data/answers.jsonl] [--work FOLDER] [--dry-run]

Every figure printed is on questions left out of the fit (6 folds grouped by question); the parameters written are
fitted on all answers. The answers and their labels are our own (see eval/data/README.md), not marks given by people
to students: the figures say how well the grader does what we think right, no more.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from interviewer.corpus import load_corpus
from interviewer.grading.entailment import load_entailment
from interviewer.grading.labelled import Labelled, read_labelled
from interviewer.grading.matching import FEATURES
from interviewer.grading.verdicts import CLASSES, ERROR, FILE, FLOOR, Mode, Probabilities
from interviewer.retrieval.encoder import Encoder, load_encoder
from interviewer.schema import Item
from interviewer.training.tables import Table, WordsOnly, items_of, read_tables

VERSION = "verdicts-9"
FOLDS = 6
KNOTS = (ERROR, -0.3, 0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
# What a claim's own text, alone, can be compared by.
_ALONE = (
    "right", "right_terms", "right_cosine", "right_rival", "own", "right_recall", "right_number", "right_polarity",
    "chinese", "says", "denies",
)  # fmt: skip
USED: Mapping[Mode, tuple[str, ...]] = {"wordings": FEATURES, "bare": _ALONE}
WRONG = ("reversed", "swapped")
# Few answers contradict, and to miss one costs more: on left-out questions fewer false answers pass for it.
_CLASS_WEIGHT = {"covered": 1.0, "partial": 1.0, "missing": 1.0, "contradicted": 2.0}
GOOD = ("strong", "paraphrase")
_MODEL_WEIGHT = 0.2
"""What a model answer weighs beside a labelled one: chosen so that one in twenty is still accused of something and
left-out questions of the labelled answers lose nothing."""


def fit(x: Any, y: Any, mode: Mode, features: Sequence[str] | None = None, share: Any = None) -> dict[str, Any]:
    """Parameters of a standardised multinomial logistic regression, as plain lists.

    Args:
        x: features, shape (rows, len(FEATURES)).
        y: verdicts.
        mode: decides which features are used.
        features: use these instead.
        share: weight of each row; all alike if None.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    used = [FEATURES.index(name) for name in features or USED[mode]]
    scaler = StandardScaler().fit(x)
    weight = {name: _CLASS_WEIGHT[name] for name in set(y)}
    model = LogisticRegression(max_iter=3000, C=0.3, class_weight=weight)
    model.fit(scaler.transform(x)[:, used], y, sample_weight=share)
    weights, bias = np.zeros((len(CLASSES), len(FEATURES))), np.zeros(len(CLASSES))
    for row, name in enumerate(model.classes_):
        weights[CLASSES.index(name), used] = model.coef_[row]
        bias[CLASSES.index(name)] = model.intercept_[row]
    return {
        "mean": np.round(scaler.mean_, 5).tolist(),
        "scale": np.round(scaler.scale_, 5).tolist(),
        "weights": np.round(weights, 4).tolist(),
        "bias": np.round(bias, 4).tolist(),
    }


def fit_both(
    table: Table, model: Table, mode: Mode, rows: Any = None, features: Sequence[str] | None = None
) -> dict[str, Any]:
    """`fit` on labelled answers and, where wordings are compared with, on model answers.

    Args:
        table: of labelled answers.
        model: of model answers.
        mode: how claims are compared.
        rows: of the labelled answers, those that are learnt from; model answers to the other questions are left out.
        features: as for `fit`.
    """
    rows = np.arange(len(table.labels)) if rows is None else rows
    x, y = table.rows(mode)[rows], table.labels[rows]
    if mode == "bare":
        return fit(x, y, mode, features)
    unseen = set(table.groups) - set(table.groups[rows])
    seen = np.array([group not in unseen for group in model.groups])
    share = np.concatenate([np.ones(len(y)), np.full(seen.sum(), _MODEL_WEIGHT)])
    both = np.vstack([x, model.rows(mode)[seen]]), np.concatenate([y, model.labels[seen]])
    return fit(*both, mode, features, share)


def left_out(table: Table, model: Table, mode: Mode, features: Sequence[str] | None = None) -> Any:
    """Probabilities, shape (rows, 4), each from a model that has not seen the row's question."""
    from sklearn.model_selection import GroupKFold

    x, chances = table.rows(mode), np.zeros((len(table.labels), len(CLASSES)))
    for train, test in GroupKFold(FOLDS).split(x, table.labels, table.groups):
        p = fit_both(table, model, mode, train, features)
        logits = ((x[test] - p["mean"]) / p["scale"]) @ np.array(p["weights"]).T + p["bias"]
        e = np.exp(logits - logits.max(axis=1, keepdims=True))
        chances[test] = e / e.sum(axis=1, keepdims=True)
    return chances


def answer_credits(table: Table, chances: Any, count: int) -> tuple[Any, Any]:
    """Weighted mean credit of each answer, and its standard deviation."""
    rows = [Probabilities(*row) for row in chances]
    mean, spread = np.zeros(count), np.zeros(count)
    for number in range(count):
        mine = np.flatnonzero(table.answer_of == number)
        share = table.weights[mine] / table.weights[mine].sum()
        mean[number] = sum(s * rows[i].credit for s, i in zip(share, mine, strict=True))
        spread[number] = sum(s**2 * rows[i].spread for s, i in zip(share, mine, strict=True)) ** 0.5
    return mean, spread


def score_map(credit: Any, spread: Any, gold: Any, groups: Any) -> tuple[dict[str, Any], Any]:
    """Isotonic regression of the labelled score on the credit, as knots; and the conformal width at 90%.

    Args:
        credit: of each answer, from a model that has not seen its question.
        spread: standard deviation of each credit.
        gold: labelled scores, 0–100.
        groups: the question of each answer.

    Returns:
        What is written, and scores from maps that have not seen the answer's question either.
    """
    from sklearn.model_selection import GroupKFold

    predicted = np.zeros(len(gold))
    for train, test in GroupKFold(FOLDS).split(credit, gold, groups):
        predicted[test] = np.interp(credit[test], KNOTS, _knots(credit[train], gold[train]))
    ratio = np.abs(predicted - gold) / (spread + FLOOR)
    # Cross-conformal (Vovk, 2015): every residual is of a model and a map that did not see the question.
    width = float(np.quantile(ratio, min(1.0, 0.9 * (1 + 1 / len(ratio)))))
    half = width * (spread + FLOOR)
    entry = {
        "credits": list(KNOTS),
        "scores": [round(s, 1) for s in _knots(credit, gold)],
        "width": round(width, 2),
        "review": round(float(np.quantile(half, 0.8)), 2),
    }
    return entry, predicted


def _knots(credit: Any, gold: Any) -> list[float]:
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(y_min=0, y_max=100, out_of_bounds="clip").fit(credit, gold)
    # Steps make equal scores of unequal answers: a mean over a window keeps the order and the level.
    window = np.linspace(-0.12, 0.12, 25)
    scores = [float(fitted.predict(k + window).mean()) for k in KNOTS]
    scores[0], scores[-1] = 0.0, 100.0
    return scores


def describe(name: str, answers: Sequence[Labelled], table: Table, chances: Any, scores: Any, lang: str) -> str:
    """One line of figures for one language."""
    from sklearn.metrics import f1_score

    rows = np.array([answers[i].lang == lang for i in table.answer_of])
    order = [CLASSES.index(c) for c in ("covered", "missing", "contradicted")]
    kept = rows & (table.labels != "partial")
    names = np.array([CLASSES[i] for i in order])
    predicted = names[chances[kept][:, order].argmax(1)]
    f1 = f1_score(table.labels[kept], predicted, labels=list(names), average=None)
    mine = [i for i, a in enumerate(answers) if a.lang == lang]
    gold = np.array([answers[i].score for i in mine])
    return (
        f"{name:<34} {lang}  macro-F1 {f1.mean():.2f} (covered {f1[0]:.2f}, missing {f1[1]:.2f}, contradicted "
        f"{f1[2]:.2f})  {_agreement(scores[mine], gold)}"
        f"  {_tails(answers, mine, scores)}"
    )


def _agreement(scores: Any, gold: Any) -> str:
    error = np.sqrt(np.mean((scores - gold) ** 2))
    return f"Spearman {_spearman(scores, gold):.2f}  r {np.corrcoef(scores, gold)[0, 1]:.2f}  RMSE {error:.1f}"


def _spearman(a: Any, b: Any) -> float:
    from scipy import stats

    return float(stats.spearmanr(a, b).statistic)


def _tails(answers: Sequence[Labelled], mine: Sequence[int], scores: Any) -> str:
    wrong = [scores[i] > 40 for i in mine if answers[i].kind in WRONG]
    good = [scores[i] < 60 for i in mine if answers[i].kind in GOOD]
    return f"reversed or swapped above 40: {np.mean(wrong):.0%}  strong below 60: {np.mean(good):.0%}"


def baseline(answers: Sequence[Labelled], items: Mapping[str, Item], encoder: Encoder, lang: str) -> str:
    """The obvious script: cosine of the whole answer to the whole model answer."""
    mine = [a for a in answers if a.lang == lang]
    language: Any = lang
    ours = encoder.encode([a.text for a in mine])
    theirs = encoder.encode([items[a.item].answer.get(language) for a in mine])
    cosine, gold = (ours * theirs).sum(axis=1), np.array([a.score for a in mine])
    r = np.corrcoef(cosine, gold)[0, 1]
    return f"{'cosine to the model answer':<34} {lang}  Spearman {_spearman(cosine, gold):.2f}  r {r:.2f}"


def main() -> None:
    """Fit, print the figures on left-out questions, write the parameters."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--answers", type=Path, default=Path("eval/data/answers.jsonl"))
    parser.add_argument(
        "--test",
        type=Path,
        default=Path("eval/data/answers.test.jsonl"),
        help="of their items nothing is learnt from",
    )
    parser.add_argument("--work", type=Path, help="keep the comparisons there; a second run reads them")
    parser.add_argument("--dry-run", action="store_true", help="print the figures, write nothing")
    options = parser.parse_args()
    items = load_corpus().items
    answers = read_labelled(options.answers, items)
    gold, asked = np.array([a.score for a in answers]), np.array([a.item for a in answers])
    print(f"{len(answers)} answers to {len({a.item for a in answers})} questions, questions left out in {FOLDS} folds")  # noqa: T201
    entailment = load_entailment()
    content: dict[str, Any] = {
        "version": VERSION, "features": FEATURES, "entailment": entailment.fingerprint, "encoders": {},
    }  # fmt: skip
    real = load_encoder()
    for lang in ("zh", "en"):
        print(baseline(answers, items, real, lang))  # noqa: T201
    encoders: list[Encoder] = [real, WordsOnly()]
    unseen = items_of(options.test)
    for read in read_tables(answers, items, unseen, encoders, entailment, options.work, lambda t: print(t, flush=True)):  # noqa: T201
        entries = content["encoders"].setdefault(read.encoder, {})
        modes: tuple[Mode, ...] = ("wordings", "bare")
        for mode in modes:
            chances = left_out(read.labelled, read.model, mode)
            fitted_map, scores = score_map(*answer_credits(read.labelled, chances, len(answers)), gold, asked)
            entries[mode] = {"model": fit_both(read.labelled, read.model, mode), "map": fitted_map}
            for lang in ("zh", "en"):
                print(describe(f"{read.encoder} {mode}", answers, read.labelled, chances, scores, lang), flush=True)  # noqa: T201
    if not options.dry_run:
        FILE.write_text(json.dumps(content) + "\n", encoding="utf-8")
        print(f"written {FILE.name}, {FILE.stat().st_size // 1024} KiB")  # noqa: T201


if __name__ == "__main__":
    main()
