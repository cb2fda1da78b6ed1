"""`interviewer grade`: one answer, or a table."""

import json
from pathlib import Path

import pytest

from interviewer.batch import read_table, write_table

EN = "Derivatives multiply through the layers and shrink."
ZH = "导数逐层相乘，越乘越小"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "answers.csv"
    rows = [{"answer": ZH, "item_id": "vanishing", "name": "甲"}, {"answer": EN, "item_id": "vanishing", "name": "=乙"}]
    write_table(path, rows, ["name", "answer", "item_id"])
    return path


# One answer


@pytest.mark.parametrize(
    ("answer", "language", "missing"), [(EN, "en", "parameters of early layers"), (ZH, "zh", "浅层参数")]
)
def test_one_answer_is_graded_in_its_language_with_the_words_it_rests_on(cli, answer, language, missing):
    result = cli("grade", "--item", "vanishing", "--answer", answer)
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0].startswith("50 of 100 [50–50], weak")  # one of two points
    assert any(line.startswith("  covered") and f"“{answer}”" in line for line in lines)
    assert any(line.startswith("  missing") and missing in line for line in lines)


def test_the_language_asked_for_beats_the_answer_s_own(cli):
    assert "浅层参数" in cli("grade", "--item", "vanishing", "--answer", EN, "-l", "zh").out


def test_json_is_the_whole_grade(cli):
    result = cli("grade", "--item", "vanishing", "--answer", ZH, "--json")
    grade = json.loads(result.out)
    assert (grade["item_id"], grade["score"], grade["language"]) == ("vanishing", 50.0, "zh")
    assert [p["verdict"] for p in grade["points"]] == ["covered", "missing"]
    assert grade["points"][0]["evidence"] == {"start": 0, "end": len(ZH), "text": ZH}
    assert ZH in result.out  # not as \u escapes


def test_json_of_an_unscored_answer_has_the_reason(cli):
    grade = json.loads(cli("grade", "--item", "bare", "--answer", "x", "--json").out)
    assert grade["score"] is None
    assert grade["reason"]


def test_an_empty_answer_is_an_answer(cli):
    result = cli("grade", "--item", "vanishing", "--answer", "")
    assert result.out.startswith("0 of 100")
    assert "flags: empty" in result.out


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_a_dash_reads_the_answer_from_standard_input(cli, encoding):
    result = cli("grade", "--item", "vanishing", "--answer", "-", stdin=f"{ZH}\n\n".encode(encoding))
    assert result.out.startswith("50 of 100")


def test_standard_input_that_is_no_text_is_refused(cli):
    result = cli("grade", "--item", "vanishing", "--answer", "-", stdin=b"\xff\xff\xff")
    assert result.code == 2
    assert "standard input is not text" in result.err


@pytest.mark.parametrize("answer", ["x" * 100_000, "\udcff\udcfe" + EN, "a\0b", "🙂", "\u202e" + EN])
def test_an_odd_answer_is_graded(cli, answer):
    result = cli("grade", "--item", "vanishing", "--answer", answer)
    assert result.code == 0
    assert " of 100 " in result.out


def test_an_answer_can_be_graded_against_a_reference(cli):
    reference = (
        "Adam keeps running means of gradients. It rescales every coordinate separately. It corrects its early bias."
    )
    result = cli(
        "grade", "--question", "What does Adam do?", "--reference", reference,
        "--answer", "rescales every coordinate separately",
    )  # fmt: skip
    assert result.code == 0
    assert result.out.startswith("33.3 of 100")  # one of three sentences


# A table


def test_a_table_is_graded_and_says_so(cli, source, tmp_path):
    out = tmp_path / "graded.csv"
    result = cli("grade", str(source), "-o", str(out))
    assert result.code == 0
    assert result.out == ""
    assert result.err == f"2 rows → {out}\n"
    rows = read_table(out)
    assert [r["score"] for r in rows] == ["50.0", "50.0"]
    assert [r["name"] for r in rows] == ["甲", "'=乙"]


def test_rows_that_cannot_be_graded_are_in_the_output_and_the_exit_code_is_1(cli, tmp_path):
    rows = [{"question": "Who won the cup in 1954?", "answer": "x"}, {"question": "什么是梯度消失？", "answer": ZH}]
    write_table(tmp_path / "in.jsonl", rows, ["question", "answer"])
    result = cli("grade", str(tmp_path / "in.jsonl"), "-o", str(tmp_path / "out.jsonl"))
    assert result.code == 1
    assert "1 could not be graded; see the column `error`" in result.err
    first, second = read_table(tmp_path / "out.jsonl")
    assert (first["score"], second["score"]) == ("", "50.0")
    assert "no such question" in first["error"]
    assert second["error"] == ""


@pytest.mark.parametrize("encoding", ["gbk", "utf-8-sig", "utf-16"])
def test_a_table_from_chinese_windows_is_graded(cli, tmp_path, encoding):
    (tmp_path / "in.csv").write_bytes(f"姓名;answer;item_id\r\n甲;{ZH};vanishing\r\n".encode(encoding))
    assert cli("grade", str(tmp_path / "in.csv"), "-o", str(tmp_path / "out.csv")).code == 0
    assert [(r["姓名"], r["score"]) for r in read_table(tmp_path / "out.csv")] == [("甲", "50.0")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "no rows"),
        ("answer\nx\n", "needs a column"),
        ("answer,item_id,answer\nx,y,z\n", "occurs twice"),
        ('answer,item_id\n"x,y\n', "quotes"),
    ],
)
def test_a_table_that_cannot_be_used_is_one_line_and_exit_code_2(cli, tmp_path, content, words):
    (tmp_path / "in.csv").write_text(content)
    result = cli("grade", str(tmp_path / "in.csv"), "-o", str(tmp_path / "out.csv"))
    assert result.code == 2
    assert result.err.count("\n") == 1
    assert words in result.err
    assert not (tmp_path / "out.csv").exists()


def test_the_language_asked_for_reaches_every_row(cli, source, tmp_path):
    cli("grade", str(source), "-o", str(tmp_path / "out.jsonl"), "-l", "zh")
    assert all("浅层参数" in r["feedback"] for r in read_table(tmp_path / "out.jsonl"))


def test_an_own_item_wins_over_ours(cli, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    (own / "mine.yaml").write_text(
        "topic: mine\nitems:\n  - id: vanishing\n    status: draft\n    question: {en: Why are zebras striped?}\n"
        "    key_points: [{id: flies, text: {en: stripes confuse biting flies}}]\n",
        encoding="utf-8",
    )
    answer = "stripes confuse biting flies"
    assert cli("grade", "--item", "vanishing", "--answer", answer).out.startswith("0 of 100")
    result = cli("grade", "--item", "vanishing", "--answer", answer, "--corpus", str(own))
    assert result.out.startswith("100 of 100")


def test_an_interrupted_table_is_gone_on_with(cli, source, tmp_path, monkeypatch):
    from interviewer import grading

    whole, out = tmp_path / "whole.csv", tmp_path / "out.csv"
    cli("grade", str(source), "-o", str(whole))
    real = grading.Grader.grade
    calls: list[str] = []

    def interrupted(self, item, answer, language=None):
        calls.append(answer)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(self, item, answer, language)

    monkeypatch.setattr(grading.Grader, "grade", interrupted)
    first = cli("grade", str(source), "-o", str(out))
    assert first.code == 130
    assert "run the same command again" in first.err
    assert not out.exists()
    second = cli("grade", str(source), "-o", str(out))
    assert second.code == 0
    assert "2 rows (1 from an earlier run)" in second.err
    assert calls == [ZH, EN, EN]
    assert out.read_bytes() == whole.read_bytes()


# A class


@pytest.mark.parametrize("column", ["answer", "answer=", "=Response", "reply=Response"])
def test_a_column_that_is_none_is_refused(cli, source, tmp_path, column):
    result = cli("grade", str(source), "-o", str(tmp_path / "out.csv"), "--column", column)
    assert result.code == 2
    assert "OURS=YOURS" in result.err


def test_columns_may_have_names_of_their_own(cli, tmp_path):
    write_table(tmp_path / "in.csv", [{"回答": ZH, "题号": "vanishing"}], ["回答", "题号"])
    done = cli(
        "grade", str(tmp_path / "in.csv"), "-o", str(tmp_path / "out.csv"),
        "--column", "answer=回答", "--column", "item_id=题号",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert read_table(tmp_path / "out.csv")[0]["score"] == "50.0"


def test_a_table_may_be_piped_through(cli, tmp_path, data_dir):
    done = cli("grade", "-", "-o", "-", stdin=f"answer,item_id\n{ZH},vanishing\n")
    assert done.code == 0, done.err
    assert done.out.startswith("\ufeffanswer,item_id,score")
    assert "50.0" in done.out
    assert "1 rows → standard output" in done.err
    assert list((data_dir / "grading").iterdir()) == []  # nothing of it is kept
    lines = json.dumps({"answer": EN, "item_id": "vanishing"}) + "\n"
    assert json.loads(cli("grade", "-", "-o", "-", stdin=lines).out)["score"] == "50.0"


def test_answers_are_graded_against_a_teacher_s_own_points(cli, tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "topic: zoo\nitems:\n  - {id: zebra, status: draft, question: {en: Why stripes?}, key_points: "
        "[{id: flies, text: {en: stripes confuse biting flies}}]}\n",
        encoding="utf-8",
    )
    write_table(tmp_path / "in.csv", [{"answer": "stripes confuse biting flies"}], ["answer"])
    command = ["grade", str(tmp_path / "in.csv"), "-o", str(tmp_path / "out.csv"), "--rubric"]
    assert cli(*command, str(tmp_path / "mine.yaml")).code == 0
    assert read_table(tmp_path / "out.csv")[0]["score"] == "100.0"
    assert cli(*command, str(tmp_path / "no.yaml")).code == 2
    both = cli(*command, str(tmp_path / "mine.yaml"), "--corpus", str(tmp_path))
    assert "leave out --corpus" in both.err


def test_a_teacher_gets_a_report_a_review_list_answers_to_mark_and_agreement(cli, tmp_path):
    rows = [{"answer": f"{ZH} {n}", "item_id": "vanishing", "mark": "3", "who": f"甲{n}"} for n in range(6)]
    write_table(tmp_path / "in.csv", [*rows, {"answer": "x", "item_id": "no"}], list(rows[0]))
    done = cli(
        "grade", str(tmp_path / "in.csv"), "-o", str(tmp_path / "out.csv"), "--column", "human=mark",
        "--column", "student=who", "--full-marks", "5", "--report", str(tmp_path / "class.html"),
        "--report", str(tmp_path / "class.md"), "--review", str(tmp_path / "review.csv"), "--suggest", "3",
    )  # fmt: skip
    assert done.code == 1  # one row failed
    assert "agreement with 6 marks in `mark`: r nan" in done.err
    assert "什么是梯度消失" in (tmp_path / "class.html").read_text(encoding="utf-8")
    assert "甲3" in (tmp_path / "class.md").read_text(encoding="utf-8")
    assert len(read_table(tmp_path / "review.csv")) == 1


def test_a_graded_table_is_adapted_to_marks(cli, source, tmp_path):
    rows = [{"answer": f"{ZH} {n}", "item_id": "vanishing", "human": "80"} for n in range(6)]
    rows += [{"answer": f"{n}", "item_id": "vanishing", "human": "30"} for n in range(6)]
    write_table(tmp_path / "marked.csv", rows, list(rows[0]))
    command = ["grade", str(source), "-o", str(tmp_path / "out.csv"), "--calibrate", str(tmp_path / "marked.csv")]
    done = cli(*command)
    assert done.code == 0, done.err
    assert "calibrated on 12 marked answers" in done.err
    assert "after (leave-one-out)" in done.err
    assert cli(*command, "--full-marks", "0").code == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--report", "class.doc"], ".html, .pdf or .md"),
        (["--report", "no/class.md"], "folder that exists"),
        (["--review", "review.doc"], "unknown kind"),
        (["--suggest", "0"], "number of answers"),
        (["--review", "out.csv"], "named twice"),
        (["--calibrate", "none.csv"], "No such file"),
    ],
)
def test_what_would_fail_at_the_end_fails_at_the_start(cli, source, tmp_path, monkeypatch, options, words):
    monkeypatch.chdir(tmp_path)
    done = cli("grade", str(source), "-o", "out.csv", *options)
    assert done.code == 2
    assert words in done.err
    assert done.err.count("\n") == 1
    assert not (tmp_path / "out.csv").exists()


def test_marks_that_are_none_are_refused_before_a_row_is_graded_if_their_column_was_named(cli, tmp_path):
    write_table(
        tmp_path / "in.csv", [{"answer": ZH, "item_id": "vanishing", "human": "yes"}], ["answer", "item_id", "human"]
    )
    command = ["grade", str(tmp_path / "in.csv"), "-o", str(tmp_path / "out.csv")]
    named = cli(*command, "--column", "human=human")
    assert named.code == 2
    assert "row 1: 'yes' is no mark" in named.err
    assert not (tmp_path / "out.csv").exists()
    found = cli(*command)
    assert found.code == 0
    assert "the column `human` is not taken for marks" in found.err
    assert read_table(tmp_path / "out.csv")[0]["human"] == "yes"


def test_a_complaint_about_what_was_piped_in_says_so(cli):
    done = cli("grade", "-", "-o", "-", stdin="x,y\n1,2\n")
    assert done.code == 2
    assert done.err.startswith("interviewer: standard input needs a column `answer`")


# On Ray; what it does there is tested in tests/batch/test_cluster.py


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--engine", "spark"], "there are `local` and `ray`"),
        (["--workers", "2"], "for --engine ray"),
        (["--engine", "ray", "--report", "class.html"], "for --engine local"),
        (["--engine", "ray"], "on Ray a folder of .parquet or .csv is written"),
    ],
)
def test_what_does_not_go_together_with_an_engine_is_said(cli, source, options, said):
    result = cli("grade", str(source), "-o", "out.xlsx", *options)
    assert result.code == 2
    assert said in result.err and result.err.count("\n") == 1


def test_urls_and_options_reach_ray_as_they_were_typed(cli, source, monkeypatch, tmp_path):
    from interviewer.batch import Progress, cluster

    asked = {}

    def noted(make, source, target, language, **others):
        asked.update(others, places=(source, target), language=language, items=len(make().items))
        return Progress(3, 3, 0, 1)

    monkeypatch.setattr(cluster, "grade_on_ray", noted)
    result = cli(
        "grade", "s3://bucket/in", "-o", "s3://bucket/out.csv", "--engine", "ray", "--workers", "7", "--cluster", "a:1",
        "--column", "answer=Response", "-l", "zh",
    )  # fmt: skip
    assert result.code == 1, result.err
    assert asked == {
        "places": ("s3://bucket/in", "s3://bucket/out.csv"), "language": "zh", "names": {"answer": "Response"},
        "rubric": (), "workers": 7, "address": "a:1", "items": 3,
    }  # fmt: skip
    assert "3 rows → s3://bucket/out.csv" in result.err
    assert "1 could not be graded" in result.err
