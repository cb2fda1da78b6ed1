"""Real processes, nothing replaced but the model: from the first line to the debrief, and killed at any moment."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from interviewer.batch import read_table, write_table

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentence-transformers model of a few words, each with a direction of its own."""
    import numpy as np
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, StaticEmbedding
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import BertPreTokenizer

    words = ["[UNK]", "gradient", "vanishing", "dropout"]
    tokenizer = Tokenizer(WordLevel({w: n for n, w in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = BertPreTokenizer()
    embedding = StaticEmbedding(tokenizer, embedding_weights=np.eye(len(words), dtype=np.float32))
    folder = tmp_path_factory.mktemp("models") / "tiny"
    SentenceTransformer(modules=[embedding, Normalize()], device="cpu").save(str(folder))
    return folder


def run(*arguments: str, stdin: str = "", model: Path | str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "interviewer", *arguments],
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "INTERVIEWER_ENCODER": str(model)},
        check=False,
    )


@pytest.mark.parametrize(
    ("language", "answer"), [("zh", "导数逐层相乘，所以浅层的梯度越来越小。"), ("en", "The derivatives multiply.")]
)
def test_chat_goes_from_greeting_to_debrief_and_report(tiny_model, tmp_path, language, answer):
    done = run("chat", "-l", language, "-n", "2", stdin=f"{answer}\n" * 20, model=tiny_model)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "\n# " in done.stdout
    assert done.stdout.count(answer) >= 2
    written = run("report", "last", "-o", str(tmp_path / "report.html"), model=tiny_model)
    assert written.returncode == 0, written.stderr
    assert answer in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_doctor_and_search_work_with_the_model_given(tiny_model):
    done = run("doctor", model=tiny_model)
    assert done.returncode == 0, done.stdout
    assert "encoder: tiny@" in done.stdout
    # "vanishing" and "gradient" of What, is, a, vanishing, gradient, ?
    assert "reads 33% of an English and 0% of a Chinese test question" in done.stdout
    found = run("corpus", "search", "dropout", "-n", "1", model=tiny_model)
    assert "dropout" in found.stdout.lower()
    assert found.stderr == ""


def test_a_broken_model_is_one_line_in_every_verb_that_needs_it(tmp_path):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "modules.json").write_text("{")
    write_table(tmp_path / "in.csv", [{"answer": "x", "item_id": "y"}], ["answer", "item_id"])
    done = run("grade", str(tmp_path / "in.csv"), "-o", str(tmp_path / "out.csv"), model=tmp_path / "broken")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("interviewer: the embedding model ")


# Grades one row after the other until the alarm, which nothing catches, ends the process.
KILLED = """
import signal, sys
from interviewer import engine, grading, retrieval
from interviewer.cli import main

class Encoder:
    fingerprint = "none"

class Grader:
    version = "slow"
    def __init__(self, *_): pass
    def prepare(self, answers): pass
    def grade(self, item, answer, language=None):
        from interviewer.schema import Grade
        total = sum(n * n for n in range(20_000)) % 97  # a millisecond of work
        return Grade(item.id, "en", float(total), 0.0, 100.0, "weak")

retrieval.load_encoder = lambda *_: Encoder()
grading.Grader = Grader
delay = float(sys.argv.pop(1))
real = engine.Engine.__init__
def init(self, *given, **named):
    real(self, *given, **named)
    if delay:
        signal.setitimer(signal.ITIMER_REAL, delay)
engine.Engine.__init__ = init
main()
"""


def test_a_run_killed_at_random_moments_ends_with_the_bytes_of_one_that_was_not(tmp_path):
    rows = [{"name": f"学生 {n}", "answer": f"derivatives, 导数 {n}\n{n}", "item_id": "mine"} for n in range(400)]
    write_table(tmp_path / "in.csv", rows, ["name", "answer", "item_id"])
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "mine.yaml").write_text(
        "topic: mine\nitems:\n  - {id: mine, status: draft, question: {en: Why?}, answer: {en: Because.}}\n"
    )

    def grade(target: str, delay: float) -> int:
        arguments = ["grade", str(tmp_path / "in.csv"), "-o", str(tmp_path / target), "--corpus", str(tmp_path / "own")]
        command = [sys.executable, "-c", KILLED, str(delay), *arguments]
        return subprocess.run(command, capture_output=True, check=False).returncode

    assert grade("whole.csv", 0) == 0
    chance = random.Random(7)
    ends = [grade("out.csv", chance.uniform(0.05, 0.4)) for _ in range(3)]
    assert -signal.SIGALRM in ends  # some were really killed
    assert grade("out.csv", 0) == 0
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert [r["name"] for r in read_table(tmp_path / "out.csv")] == [r["name"] for r in rows]
    assert not (tmp_path / "out.csv.partial").exists()
