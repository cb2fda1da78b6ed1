"""`interviewer eval encoder` on sets small enough to know the answer."""

import gzip
import json
import re

import pytest


def rows(path, found):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in found), encoding="utf-8")


@pytest.fixture
def own(tmp_path, corpus_folder):
    from interviewer.corpus import load_corpus

    item = next(iter(load_corpus(corpus_folder).items.values()))
    folder = tmp_path / "own"
    folder.mkdir()
    asked = [{"query": item.question.en, "item": item.id, "split": split} for split in ("tune", "held")]
    rows(folder / "queries.jsonl", asked)
    claim = {"claim": "gradients vanish in deep networks", "paraphrase": "deep gradients shrink away", "kind": "swap"}
    rows(
        folder / "negation.jsonl",
        [
            {**claim, "lang": "en", "negation": "they explode"},
            {**claim, "lang": "zh", "negation": "gradients vanish in deep networks never"},
        ],
    )
    rows(folder / "answers.test.jsonl", [{"item": item.id}])
    return folder


def figures(text):
    return dict(re.findall(r"^\| ([^|]+?) \| ([\d.]+|—|nan) ", text, re.MULTILINE))


def test_the_table_holds_what_the_sets_say_and_is_written(cli, own, tmp_path):
    out = tmp_path / "table.md"
    result = cli("eval", "encoder", "--own", str(own), "-o", str(out))
    assert result.code == 0, result.err
    found = figures(result.out)
    assert found["held queries, fused, Recall@1"] == "1.000"
    assert (found["negation en, share > 0"], found["negation zh, share > 0"]) == ("1.000", "0.000")
    assert found["negation by swap, share > 0"] == "0.500"
    assert "2 queries over 3 items; 2 claims" in result.out
    assert figures(out.read_text(encoding="utf-8")) == found
    assert "STS-B en, Spearman" not in found


def test_public_splits_are_measured_where_they_lie(cli, own, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    scored = "s1\ts2\tscore\nbig cat\tbig cat\t5\nbig cat\tbig dog\t3\nbig cat\tsmall mouse\t0\n"
    for name in ("sts_en_test", "sts_zh_mt_test", "sts_zh_test"):
        with gzip.open(data / f"{name}.tsv.gz", "wt", encoding="utf-8") as file:
            file.write(scored)
    with gzip.open(data / "parallel_dev.tsv.gz", "wt", encoding="utf-8") as file:
        file.write("loss 损失\t损失 loss\ts\t\ngradient 梯度\t梯度 gradient\ts\t\n")
    found = figures(cli("eval", "encoder", "--own", str(own), "--data", str(data)).out)
    assert found["STS-B en, Spearman"] == "1.000"
    assert found["translation zh→en, Recall@1"] == "1.000"


def test_a_missing_set_is_said_with_what_to_do(cli, own, tmp_path):
    (own / "negation.jsonl").unlink()
    result = cli("eval", "encoder", "--own", str(own))
    assert result.code == 2
    assert "negation.jsonl is missing" in result.err
    result = cli("eval", "encoder", "--own", str(own), "--data", str(tmp_path / "none"))
    assert result.code == 2
    assert "Traceback" not in result.err


def test_what_a_table_costs_and_withstands_is_measured(cli, tmp_path, monkeypatch):
    from interviewer.evaluation import encoder as measured

    monkeypatch.setattr(measured, "machine", lambda: "a machine")
    rows = [{"item": "vanishing", "text": f"导数逐层相乘，越乘越小 {n}"} for n in range(4)]
    (tmp_path / "answers.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    out = tmp_path / "batch.md"
    done = cli("eval", "batch", "--own", str(tmp_path), "--kills", "2", "--rows", "40", "-o", str(out))
    assert done.code == 0, done.err
    written = out.read_text(encoding="utf-8")
    assert "- Different answers to 1 questions: 3 rows in " in written
    assert "4 of 4 texts" in written  # the clause they share, and one of each of three answers
    assert "over 4 answers killed at random moments: 2; outputs finished" in written
    assert "- 4 answers repeated at random, equal ones graded once: 40 rows in " in written


def test_marks_by_hand_are_measured(cli, tmp_path):
    row = {"question": "What is Adam?", "reference": "It keeps running means of gradients.", "score": 0.5}
    with gzip.open(tmp_path / "tiny.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row | {"answer": f"running means of gradients {n}"}) + "\n" for n in range(30))
    out = tmp_path / "calibration.md"
    done = cli("eval", "calibration", "--data", str(tmp_path), "-o", str(out))
    assert done.code == 0, done.err
    assert "| tiny | 10 | suggested |" in out.read_text(encoding="utf-8")
    assert cli("eval", "calibration", "--data", str(tmp_path), "--set", "none").code == 2


def test_speed_prints_and_writes_what_is_measured(cli, tmp_path, monkeypatch):
    from interviewer.speed import run
    from interviewer.speed.clock import Figure

    asked = []

    def measured(size):
        asked.append(size)
        yield Figure("reading", "3.0× (2.0–4.0)", "≥ 5×", False)

    monkeypatch.setattr(run, "measure", measured)
    out = tmp_path / "speed.md"
    done = cli("eval", "speed", "--quick", "-o", str(out))
    assert done.code == 0, done.err
    assert asked == [run.QUICK]
    assert "| reading | 3.0× (2.0–4.0) | ≥ 5× | no |" in out.read_text(encoding="utf-8")
    assert "eval speed --quick" in out.read_text(encoding="utf-8")


def test_speed_is_measured_in_a_checkout_only(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = cli("eval", "speed", "--quick")
    assert done.code == 2
    assert "app.py is missing" in done.err
