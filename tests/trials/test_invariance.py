"""The same answer written otherwise gets the same score: by property, over the real rules and a small encoder."""

import json
import os
import subprocess
import sys
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interviewer.batch.rows import RowGrader
from interviewer.grading import Grader, vocabulary_of
from interviewer.schema import Bilingual, Item, KeyPoint, Wordings
from interviewer.text import normalise, terms
from interviewer.trials.small import HashingEncoder

ROOT = Path(__file__).parents[2]
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u202e\u2066\ufe0f"
ITEM = Item(
    id="batch-norm",
    topic="nets",
    question=Bilingual("请讲讲批归一化。", "Tell me about batch normalisation."),
    key_points=(
        KeyPoint(
            "axes",
            Bilingual("按通道对整个批次统计均值和方差", "mean and variance per channel over the whole batch"),
            also=Wordings(("统计每个通道的均值方差",), ("statistics of each channel across the batch",)),
            contradictions=Wordings(("对单个样本的特征统计均值",), ("statistics over the features of one sample",)),
        ),
        KeyPoint(
            "running", Bilingual("推理时用训练中的滑动平均", "running averages from training are used at inference")
        ),
    ),
    answer=Bilingual(
        "按通道统计均值方差，推理时用滑动平均。", "Per channel over the batch; running averages at inference."
    ),
)
PARTS = (
    "按通道对整个批次统计均值和方差", "推理时用训练中的滑动平均", "对单个样本的特征统计均值", "mean and variance per channel over the whole batch",
    "running averages from training are used at inference", "statistics over the features of one sample", "BN 很常用",
    "it speeds up training", "学习率可以更大", "I like ResNet-50",
)  # fmt: skip
ANSWERS = st.lists(st.sampled_from(PARTS), min_size=1, max_size=5).map("。".join)


class Overlap:
    """A cross-encoder that goes by shared terms."""

    fingerprint = "overlap"

    def judge(self, pairs):
        shares = [len(set(terms(a)) & set(terms(b))) / max(1, len(set(terms(b)))) for a, b in pairs]
        return np.array([(s, 1 - s, 0.0) for s in shares], np.float32).reshape(len(pairs), 3)


@lru_cache(maxsize=1)
def grader():
    return Grader(HashingEncoder(), vocabulary_of([ITEM]), Overlap())


def score(answer):
    return grader().grade(ITEM, answer, "zh").score


@lru_cache(maxsize=1)
def traditional():
    written, plain = (ROOT / "interviewer" / "traditional.txt").read_text(encoding="utf-8").split()
    return str.maketrans(plain, written)


def full_width(text):
    return "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isalnum() else c for c in text)


REWRITES = {
    "upper case": str.upper,
    "full width": full_width,
    "traditional": lambda text: text.translate(traditional()),
    "all three": lambda text: full_width(text.upper()).translate(traditional()),
}


@pytest.mark.parametrize("rewrite", REWRITES.values(), ids=REWRITES)
@settings(max_examples=25)
@given(answer=ANSWERS)
def test_case_width_and_traditional_characters_move_no_score(rewrite, answer):
    assert normalise(rewrite(answer)) == normalise(answer)
    assert score(rewrite(answer)) == score(answer)


@settings(max_examples=60)
@given(data=st.data(), answer=ANSWERS)
def test_characters_that_nobody_sees_move_no_score(data, answer):
    for _ in range(data.draw(st.integers(1, 12))):
        at = data.draw(st.integers(0, len(answer)))
        answer, before = answer[:at] + data.draw(st.sampled_from(INVISIBLE)) + answer[at:], answer
        assert normalise(answer) == normalise(before)
    assert score(answer) == pytest.approx(score("".join(c for c in answer if c not in INVISIBLE)), abs=1)


@settings(max_examples=60)
@given(
    answer=ANSWERS,
    space=st.sampled_from(["  ", "\t", "\u3000", "\u00a0", " \t "]),
    ends=st.sampled_from(["", "\n", " \n\n"]),
)
def test_white_space_moves_no_score(answer, space, ends):
    assert score(ends + answer.replace(" ", space) + ends) == pytest.approx(score(answer), abs=1)


@settings(max_examples=30)
@given(st.permutations(PARTS[:6]))
def test_the_order_of_sentences_moves_no_score(parts):
    # Not where a thing and its opposite are said: there the last word may count.
    right = [part for part in parts if part not in PARTS[2:6:3]]
    assert score("。".join(right)) == pytest.approx(score("。".join(sorted(right))), abs=1)


@settings(max_examples=15)
@given(st.lists(ANSWERS, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_an_answer_gets_the_same_score_in_whatever_company(answers, chance):
    class Rooms:  # what a row is graded by
        pass

    rooms = Rooms()
    rooms.grader, rooms.encoder = grader(), HashingEncoder()
    alone = {a: next(RowGrader(rooms, "zh", rubric=[ITEM]).grade([{"answer": a}]))["score"] for a in answers}
    shuffled = chance.sample(answers, len(answers))
    together = RowGrader(rooms, "zh", rubric=[ITEM]).grade([{"answer": a} for a in shuffled])
    assert [row["score"] for row in together] == [alone[a] for a in shuffled]


GRADE = """
import json, sys, torch
torch.set_num_threads(int(sys.argv[1]))
from interviewer.engine import Engine
from interviewer.settings import load_settings
engine = Engine(load_settings())
ids = list(engine.items)[:2]
given = [(i, getattr(engine.items[i].answer, lang)[:200]) for i in ids for lang in ("zh", "en")]
if sys.argv[2] == "backwards":
    given.reverse()
made = {i + a: [engine.grade(i, a).score, engine.grade(i, a).verdict] for i, a in given}
print(json.dumps(made, sort_keys=True))
"""


@pytest.mark.slow
def test_a_restart_with_other_hashes_other_threads_and_another_order_moves_no_score(data_dir):
    """The shipped models, in processes of their own."""
    made = []
    for seed, threads, order in (("1", "1", "forwards"), ("2", "1", "backwards"), ("3", "2", "forwards")):
        env = {**os.environ, "PYTHONHASHSEED": seed, "OMP_NUM_THREADS": threads}
        run = subprocess.run(
            [sys.executable, "-c", GRADE, threads, order], env=env, cwd=ROOT, capture_output=True, text=True, check=True
        )
        made.append(json.loads(run.stdout))
    assert len(made[0]) == 4 and made[0] == made[1]
    for one, other in pairwise(made):
        assert all(abs(one[key][0] - other[key][0]) <= 1 and one[key][1] == other[key][1] for key in one)
