"""The figures of `interviewer eval grading`, against scikit-learn, closed forms, and answers made up to be known."""

import json

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from interviewer.corpus import load_corpus
from interviewer.errors import InputError
from interviewer.evaluation import grading as measure
from interviewer.evaluation.grading import Marked
from interviewer.grading.labelled import Labelled, read_labelled
from interviewer.schema import Grade, PointResult

RNG = np.random.default_rng(3)


def test_kappa_agrees_with_scikit_learn():
    a, b = RNG.integers(0, 4, 200), RNG.integers(0, 4, 200)
    b[:120] = a[:120]
    assert measure.qwk(a, b, 4) == pytest.approx(cohen_kappa_score(a, b, weights="quadratic"))
    assert np.isnan(measure.qwk(np.zeros(3, int), np.zeros(3, int), 4))
    assert measure.band_qwk(np.array([10.0, 90.0]), np.array([29.0, 80.0])) == 1


def test_length_alone_has_no_partial_correlation():
    length = RNG.normal(size=4000)
    counts_words, gold = length + 0.1 * RNG.normal(size=4000), length + RNG.normal(size=4000)
    assert measure.pearson(counts_words, gold) > 0.6
    assert abs(measure.partial(counts_words, gold, length)) < 0.05
    assert measure.partial(gold + 0.1 * RNG.normal(size=4000), gold, length) > 0.9


def test_easy_and_hard_questions_do_not_help_within():
    groups = np.repeat(["a", "b"], 50)
    level = np.repeat([0.0, 10.0], 50)
    ours, gold = level + RNG.normal(size=100), level + RNG.normal(size=100)
    assert measure.pearson(ours, gold) > 0.9
    assert abs(measure.within(ours, gold, groups)) < 0.35
    assert measure.within(gold * 3, gold, groups) == pytest.approx(1)


def test_the_bootstrap_draws_whole_questions():
    groups = np.repeat(np.arange(40).astype(str), 5)
    ours = np.repeat(RNG.normal(size=40), 5)  # five copies of one answer are one observation
    gold = ours + np.repeat(RNG.normal(size=40), 5)
    whole = measure.bootstrap(measure.pearson, ours, gold, groups)
    alone = measure.bootstrap(measure.pearson, ours, gold, np.arange(200).astype(str))
    assert whole.low < whole.value < whole.high
    assert whole.high - whole.low > 1.7 * (alone.high - alone.low)


def marked(kind, due, given, *, lang="en", verdict="covered", label="covered", review=False, twin=""):
    points = (PointResult("p", verdict, 0.9, 1.0),)
    grade = Grade("x", lang, given, given - 5, given + 5, "weak", points, needs_review=review)
    return Marked(Labelled("x", lang, kind, "a" * int(due + 1), {"p": label}, due, twin), grade)


def test_tails_trust_and_twins_are_counted():
    rows = measure._tail_rows(
        [
            marked("reversed", 10, 41),
            marked("swapped", 10, 40),
            marked("misconception", 45, 90),
            marked("strong", 90, 59),
        ]
    )
    assert rows["false answers above 40"] == "50% of 2"
    assert rows["strong answers below 60"] == "100% of 1"
    assert rows["mean score, reversed (due)"] == "41 (10)"
    some = [marked("strong", 50, 50 + n) for n in range(9)] + [marked("strong", 50, 90, review=True)]
    rows = measure._trust_rows(some)
    assert rows["90% intervals: coverage"] == "60%, mean width 10"
    assert rows["marked for review"] == "10%, holding 100% of the worst tenth"
    pair = [marked("strong", 90, 80, twin="t"), marked("strong", 90, 74, lang="zh", twin="t")]
    assert measure._trust_rows(pair)["twins zh/en, mean difference"] == "6.0 (1 pairs)"


def test_verdicts_are_compared_one_by_one():
    rows = measure._verdict_rows(
        [
            marked("strong", 90, 90),
            marked("strong", 90, 90, verdict="missing"),
            marked("reversed", 5, 5, verdict="contradicted", label="contradicted"),
            marked("partial", 50, 50, verdict="covered", label="partial"),
        ]
    )
    assert rows["F1 covered"] == "0.67"
    assert rows["F1 contradicted"] == "1.00"
    assert rows["F1 missing"] == "0.00"
    assert rows["verdicts, accuracy of four"] == "0.50"


def test_labels_that_do_not_fit_the_corpus_are_refused(tmp_path):
    items = load_corpus().items
    path = tmp_path / "answers.jsonl"
    entry = {"item": "vae-reparameterisation", "lang": "en", "kind": "strong", "text": "x", "points": {}, "score": 1}
    path.write_text(json.dumps(entry) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"answers.jsonl:1: labels do not fit"):
        read_labelled(path, items)
    with pytest.raises(InputError, match="is missing"):
        read_labelled(tmp_path / "none", items)


def test_the_test_answers_fit_the_corpus_and_share_no_question_with_the_others():
    items = load_corpus().items
    kept = read_labelled(measure_path("answers.test.jsonl"), items)
    fitted = read_labelled(measure_path("answers.jsonl"), items)
    assert not {a.item for a in kept} & {a.item for a in fitted}
    assert len(kept) + len(fitted) >= 600
    assert len({a.item for a in kept + fitted}) >= 80
    assert len(kept) >= 0.33 * (len(kept) + len(fitted))


def measure_path(name):
    from pathlib import Path

    return Path(__file__).parents[2] / "eval" / "data" / name
