"""What the cross-encoder learns from."""

import gzip
import json
import random
from pathlib import Path

from interviewer.corpus import load_corpus
from interviewer.training.entailment.data import (
    CONTRADICTED,
    COVERED,
    MISSING,
    draw,
    inference,
    points,
    references,
    students,
)


def write(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as out:
        out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def test_items_kept_for_testing_teach_nothing() -> None:
    items = list(load_corpus().items.values())[:6]
    kept = items[0]
    learnt = points(items, {kept.id})
    texts = {w for p in learnt for w in p.right + p.wrong}
    assert learnt
    assert not texts & {p.text.en for p in kept.key_points}


def test_a_drawn_pair_says_what_its_label_says() -> None:
    items = list(load_corpus().items.values())[:8]
    found = points(items, ())
    rng = random.Random(0)
    seen = set()
    for _ in range(400):
        point = rng.choice(found)
        row = draw(point, rng.choice(found), rng)
        seen.add(row.label)
        if row.label == COVERED:
            assert row.claim in point.right or row.passage.count(row.claim)
        elif row.label == CONTRADICTED:
            assert row.passage != row.claim
        assert row.passage
        assert row.claim
    assert seen == {COVERED, MISSING, CONTRADICTED}


def test_only_sets_that_may_be_learnt_from_are_read(tmp_path: Path) -> None:
    pair = {"premise": "a cat", "hypothesis": "an animal", "label": "entailment", "split": "x"}
    write(
        tmp_path / "encoder" / "nli_en.jsonl.gz",
        [pair | {"source": s} for s in ("snli-en-dev", "sick", "anli-r1-dev(NC)")],
    )
    write(
        tmp_path / "encoder" / "nli_zh.jsonl.gz",
        [pair | {"source": s, "premise": "猫"} for s in ("ocnli", "cmnli-dev")],
    )
    assert sorted(r.passage for r in inference(tmp_path, 0)) == ["a cat", "猫"]


def test_students_of_the_test_splits_are_left_out(tmp_path: Path) -> None:
    row = {"answer": "it is heavy", "reference": "['it is heavy', 'heavy']", "label": "correct"}
    for name in ("semeval_beetle", "semeval_scientsbank"):
        write(
            tmp_path / "asag" / f"{name}.jsonl.gz",
            [row | {"split": "train"}, row | {"split": "test-unseen-questions", "answer": "kept"}],
        )
    assert {r.passage for r in students(tmp_path, 0)} == {"it is heavy"}
    assert references(row) == ["it is heavy", "heavy"]
