"""`interviewer report` beyond the debrief of one interview, and `interviewer review`."""

import json
import re

import pytest

from interviewer.report.shapes import SHAPES, json_schema


@pytest.fixture
def session(cli) -> str:
    result = cli("chat", "-l", "zh", "-n", "2", stdin="随机把单元置零，导数逐层相乘\n跳过\n")
    return re.findall(r"interviewer report ([0-9a-f]+)", result.err)[0]


@pytest.mark.parametrize(("ending", "start"), [("html", "<!doctype html>"), ("md", "# 自我评估报告"), ("json", "{")])
def test_the_self_assessment_is_written_in_every_format(cli, session, tmp_path, ending, start):
    out = tmp_path / f"自评.{ending}"
    result = cli("report", "--all", "-o", str(out))
    assert (result.code, result.out, result.err) == (0, "", f"written {out}\n")
    text = out.read_text(encoding="utf-8")
    assert text.lower().startswith(start)
    assert session in text


def test_the_self_assessment_can_be_in_the_other_language(cli, session, tmp_path):
    cli("report", "--all", "-l", "en", "-o", str(tmp_path / "self.md"))
    assert (tmp_path / "self.md").read_text(encoding="utf-8").startswith("# Self-assessment")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--all"], "give an interview's id"),
        (["--all", "last", "-o", "x.html"], "give an interview's id"),
        (["-o", "x.html"], "give an interview's id"),
        (["--all", "-l", "fr", "-o", "x.html"], "choose zh or en"),
        (["--all", "-o", "x.doc"], "choose a name that ends in one of these"),
        (["--all", "-o", "x.html"], "no answers to assess yet"),
        (["--schema", "letter"], "choose debrief or assessment"),
        (["--verify", "missing.json"], "cannot read missing.json"),
    ],
)
def test_what_cannot_be_done_is_one_line(cli, request, arguments, complaint):
    if "x.doc" in arguments:
        request.getfixturevalue("session")
    result = cli("report", *arguments)
    assert result.code == 2
    assert complaint in result.err
    assert result.err.count("\n") == 1


@pytest.mark.parametrize("name", SHAPES)
def test_the_schemas_are_printed(cli, name):
    assert json.loads(cli("report", "--schema", name).out) == json_schema(name)


@pytest.mark.parametrize("ending", ["html", "json"])
def test_a_report_is_verified(cli, session, tmp_path, ending):
    out = str(tmp_path / f"r.{ending}")
    cli("report", session, "-o", out)
    result = cli("report", "--verify", out)
    assert (result.code, result.err) == (0, "")
    assert result.out == "verified: 1 graded answers give the same numbers\n"


def test_a_report_that_does_not_hold_says_what_differs(cli, session, tmp_path):
    out = tmp_path / "r.json"
    cli("report", session, "-o", str(out))
    record = json.loads(out.read_text(encoding="utf-8"))
    record["score"] = 100.0
    record["stamp"]["corpus"] = "another"
    out.write_text(json.dumps(record), encoding="utf-8")
    result = cli("report", "--verify", str(out))
    assert result.code == 1
    assert re.search(r"^changed since: corpus: another in the report, \w+ now$", result.out, re.MULTILINE)
    assert re.search(r"^differs: overall score: 100\.0 in the report, [\d.]+ now$", result.out, re.MULTILINE)
    assert "verified" not in result.out


def test_corrections_are_lines_of_json(cli, session, data_dir):
    empty = cli("report", "--corrections")
    assert (empty.code, empty.out, empty.err) == (0, "", "no verdicts were corrected yet\n")
    from interviewer.engine import Engine
    from interviewer.settings import load_settings

    engine = Engine(load_settings(data_dir=data_dir))
    item_id = engine.view(session).state.exchanges[0].item_id
    point = engine.corpus.item(item_id).key_points[0].id
    engine.disagree(session, item_id, point, "contradicted", "line\nbreak")
    engine.store.close()
    (line,) = cli("report", "--corrections").out.splitlines()
    assert json.loads(line)["points"][point] == "contradicted"
    assert json.loads(line)["note"] == "line\nbreak"


def test_the_review_queue_is_listed_and_foretold(cli, session):
    listed = cli("review", "--list", "-l", "en").out.splitlines()
    assert len(listed) == 3
    assert re.fullmatch(r"20\d\d-\d\d-\d\d  [ \d]{3}  \w+  .+\?", listed[0])
    assert listed[-1] == "Nothing is due today. Days in a row with an answer: 1."
    assert "今天没有要复习的题目。已连续 1 天有回答。" in cli("review").out
    forecast = cli("review", "--forecast").out.splitlines()
    assert len(forecast) == 14
    assert sum(int(line.split()[-1]) for line in forecast) in (1, 2)  # a first good answer may lie behind the 14 days
    assert forecast[0].endswith(" 0")


def test_an_empty_queue_says_what_to_do(cli):
    assert "interviewer chat" in cli("review", "-l", "en").out
    assert "interviewer chat" in cli("review", "-l", "zh").out
    assert cli("review", "-l", "fr").code == 2
