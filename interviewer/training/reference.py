"""Fit the score of answers to questions that have only a reference answer.

    python -m interviewer.training.reference --table FILE [--answers eval/data/answers.jsonl] [--dry-run]

`--table` is what `interviewer eval asag --work FOLDER` keeps. Learnt from: the training splits of the human-marked sets
that may be learnt from, and our own labelled answers compared with the model answers alone, every set counting alike.
The interval is conformal on questions left out (10 folds).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from interviewer.corpus import load_corpus
from interviewer.evaluation.asag import HumanMarked, Table, balanced, may_learn, read_marked
from interviewer.grading import Grader, as_item, load_entailment, vocabulary_of
from interviewer.grading.labelled import read_labelled
from interviewer.grading.overall import FILE, LEAST_DOUBT, OVERALL
from interviewer.retrieval import load_encoder

FOLDS = 10
STRENGTH = 10.0


def own(grader: Grader, path: Path) -> Table:
    """Our labelled answers, compared with the items' model answers as if nothing else were known of the items."""
    items = load_corpus().items
    answers, rows = [], []
    for one in read_labelled(path, items):
        question, reference = items[one.item].question.get(one.lang), items[one.item].answer.get(one.lang)
        found = grader.overall(as_item(question, reference), one.text, one.lang)
        if found:
            answers.append(HumanMarked("own", question, (reference,), one.text, one.score / 100, "train", one.kind))
            rows.append(found.row())
    return Table(tuple(answers), np.array(rows), np.zeros(len(rows)))


def fit(x: Any, y: Any, weights: Any) -> tuple[Any, Any, Any, float]:
    """Mean, scale, weights and bias of a ridge regression."""
    from sklearn.linear_model import Ridge
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(x)
    model = Ridge(alpha=STRENGTH).fit(scaler.transform(x), y, sample_weight=weights)
    return scaler.mean_, scaler.scale_, model.coef_, float(model.intercept_)


def main() -> None:
    """Fit, print the figures on left-out questions, write the parameters."""
    from sklearn.model_selection import GroupKFold

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True, help="folder with the human-marked sets")
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--most", type=int, default=1000, help="as given to `interviewer eval asag`")
    parser.add_argument("--answers", type=Path, default=Path("eval/data/answers.jsonl"))
    parser.add_argument("--dry-run", action="store_true")
    options = parser.parse_args()
    encoder, entailment = load_encoder(), load_entailment()
    grader = Grader(encoder, vocabulary_of(list(load_corpus().items.values())), entailment)
    kept = np.load(options.table)
    public = Table(tuple(read_marked(options.data, options.most)), kept["features"], kept["words"])
    ours = own(grader, options.answers)
    learn = public.where(may_learn)
    table = Table(
        tuple(a for a, k in zip(public.answers, learn, strict=True) if k) + ours.answers,
        np.vstack([public.features[learn], ours.features]),
        np.concatenate([public.words[learn], ours.words]),
    )
    x, y, weights = table.features, table.marks, balanced(table, np.ones(len(table.answers), bool))
    predicted = np.zeros(len(y))
    for train, test in GroupKFold(FOLDS).split(x, y, table.groups):
        mean, scale, w, b = fit(x[train], y[train], weights[train])
        predicted[test] = np.clip((x[test] - mean) / scale @ w + b, 0, 1)
    error = np.abs(predicted - y)
    expected = np.zeros(len(y))
    for train, test in GroupKFold(FOLDS).split(x, y, table.groups):
        mean, scale, w, b = fit(x[train], error[train], weights[train])
        expected[test] = np.maximum(LEAST_DOUBT, (x[test] - mean) / scale @ w + b)
    ratio = error / expected
    order = np.argsort(ratio)
    # The weighted 90% quantile: every set counts alike here too.
    width = float(ratio[order][np.searchsorted(np.cumsum(weights[order]), 0.9 * weights.sum())])
    half = 100 * width * expected
    for name in dict.fromkeys(a.dataset for a in table.answers):
        mine = table.where(lambda a, n=name: a.dataset == n)  # type: ignore[misc]
        inside = (error[mine] * 100 <= half[mine]).mean()
        r = np.corrcoef(predicted[mine], y[mine])[0, 1]
        print(f"{name:<22} r {r:.2f}  inside the 90% interval {inside:.0%}, mean half-width {half[mine].mean():.0f}")  # noqa: T201
    mean, scale, w, b = fit(x, y, weights)
    _, _, doubts, doubt = fit(x, error, weights)
    content = {
        "features": OVERALL, "encoder": encoder.fingerprint, "entailment": entailment.fingerprint,
        "mean": mean.round(5).tolist(), "scale": scale.round(5).tolist(), "weights": w.round(5).tolist(),
        "bias": round(b, 5),
        "doubts": doubts.round(5).tolist(), "doubt": round(doubt, 5), "width": round(width, 3),
        "review": round(float(np.quantile(half, 0.8)), 2),
    }  # fmt: skip
    if not options.dry_run:
        FILE.write_text(json.dumps(content) + "\n", encoding="utf-8")
        print(f"written {FILE.name}")  # noqa: T201


if __name__ == "__main__":
    main()
