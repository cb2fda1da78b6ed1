"""The gate: attacks on the shipped grader that pass fail here; honest answers must not pay for it."""

import pytest

from interviewer.corpus import load_corpus
from interviewer.evaluation.attacks import attacks, honest, shotguns
from interviewer.evaluation.robustness import ACCUSING, MEANT, PASS, attack_rows, flag_rows, honest_rows, outcomes
from interviewer.grading import Grader, load_entailment, vocabulary_of
from interviewer.retrieval import load_encoder

ITEMS = {"zh": "attention-qkv-scaling", "en": "dropout-mechanism-and-scaling"}


@pytest.fixture(scope="module")
def graded():
    corpus = list(load_corpus().items.values())
    items = {i.id: i for i in corpus}
    grader = Grader(load_encoder(), vocabulary_of(corpus), load_entailment())

    def of_one_language(attempts):
        return [a for a in attempts if ITEMS[a.language] == a.item.id]

    chosen = [items[name] for name in ITEMS.values()]
    bad = of_one_language([*attacks(chosen, corpus), *shotguns(chosen, corpus)])
    return tuple(outcomes(some, grader, lambda _: None) for some in (bad, of_one_language(honest(chosen))))


@pytest.mark.slow
def test_no_attack_passes(graded):
    attacked, _ = graded
    assert len({o.attempt.kind for o in attacked}) >= 26
    assert [(o.attempt.kind, o.attempt.language, o.score) for o in attacked if o.score >= PASS] == []


@pytest.mark.slow
def test_no_honest_answer_is_accused_or_fails(graded):
    _, found = graded
    spared = {"in the other language"}
    assert [(o.attempt.kind, o.flags & ACCUSING) for o in found if o.flags & ACCUSING] == []
    assert [(o.attempt.kind, o.score) for o in found if o.score < PASS and o.attempt.kind not in spared] == []


@pytest.mark.slow
def test_every_flag_is_raised_by_what_it_is_for(graded):
    attacked, found = graded
    assert {o.attempt.kind for o in (*attacked, *found)} >= {kind for kinds in MEANT.values() for kind in kinds}
    rows = flag_rows(attacked, found)
    missed = [row[0] for row in rows if row[2] == "0.0%"]
    assert set(missed) <= {"off_topic"}, "whether another topic shares enough words with this one is chance"
    assert attack_rows(attacked)[-1][:3] == ("all", str(len(attacked)), "0.0%")
    assert honest_rows(found)[-1][2] == "0.0%"
