"""Grading a table: what the columns hold, what goes wrong in a row, and that an interruption loses nothing."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interviewer.batch import Progress, grade_table, read_table, write_table
from interviewer.batch.run import RESULTS
from interviewer.corpus import load_corpus
from interviewer.errors import InputError, ModelUnavailable, TableError

ANSWERS = [
    {"name": "甲", "answer": "导数越乘越小", "item_id": "vanishing", "zeta": "007"},
    {"name": "乙", "answer": "derivatives multiply, so early layers stall", "item_id": "vanishing", "zeta": "=1"},
    {"name": "丙", "answer": "", "item_id": "dropout", "zeta": ""},
    {"name": "丁", "answer": "units", "item_id": "no-such", "zeta": "x\ny"},
    {"name": "戊", "answer": "随机置零", "item_id": " dropout ", "zeta": "🙂"},
]
FUNCTION_SCOPED = [HealthCheck.function_scoped_fixture]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "answers.csv"
    write_table(path, ANSWERS, list(ANSWERS[0]))
    return path


def graded(engine, tmp_path: Path, rows: list[dict[str, str]], language=None) -> list[dict[str, str]]:
    """The rows after a run by way of jsonl."""
    columns = list(dict.fromkeys(c for row in rows for c in row))
    write_table(tmp_path / "rows.jsonl", rows, columns)
    grade_table(engine, tmp_path / "rows.jsonl", tmp_path / "graded.jsonl", language)
    return read_table(tmp_path / "graded.jsonl")


def test_every_row_is_graded_in_order_with_its_other_columns(small, source, tmp_path):
    done = grade_table(small, source, tmp_path / "out.csv")
    rows = read_table(tmp_path / "out.csv")
    assert done == Progress(done=5, total=5, resumed=0, errors=1)
    assert [r["name"] for r in rows] == ["甲", "乙", "丙", "丁", "戊"]
    assert [r["zeta"] for r in rows] == ["007", "'=1", "", "x\ny", "🙂"]
    # One of two points, both, none of one, not graded, one of one.
    assert [r["score"] for r in rows] == ["50.0", "100.0", "0.0", "", "100.0"]
    assert [r["covered"] for r in rows] == ["shrinks", "shrinks;shallow", "", "", "masks"]
    assert [r["missing"] for r in rows] == ["shallow", "", "masks", "", ""]
    assert [r["item_id"] for r in rows] == ["vanishing", "vanishing", "dropout", "no-such", "dropout"]


def test_the_columns_are_the_inputs_then_the_results_each_once(small, source, tmp_path):
    grade_table(small, source, tmp_path / "out.csv")
    header = (tmp_path / "out.csv").read_text(encoding="utf-8-sig").splitlines()[0].split(",")
    assert header == ["name", "answer", "item_id", "zeta", *(c for c in RESULTS if c != "item_id")]


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl", ".xlsx", ".parquet"])
def test_every_format_goes_in_and_out(small, tmp_path, ending):
    write_table(tmp_path / f"in{ending}", ANSWERS, list(ANSWERS[0]))
    grade_table(small, tmp_path / f"in{ending}", tmp_path / f"out{ending}")
    rows = read_table(tmp_path / f"out{ending}")
    assert [r["score"] for r in rows] == ["50.0", "100.0", "0.0", "", "100.0"]
    assert [r["name"] for r in rows] == ["甲", "乙", "丙", "丁", "戊"]


def test_a_graded_table_can_be_graded_again_and_keeps_what_it_held(small, source, tmp_path):
    grade_table(small, source, tmp_path / "1.csv")
    grade_table(small, tmp_path / "1.csv", tmp_path / "2.csv")
    first, second = read_table(tmp_path / "1.csv"), read_table(tmp_path / "2.csv")
    for before, after in zip(first, second, strict=True):
        assert before.items() <= after.items()
        assert {c: after[f"input_{c}"] for c in RESULTS if c != "item_id"} == {
            c: before[c] for c in RESULTS if c != "item_id"
        }


def test_a_column_with_the_name_of_a_result_is_kept_under_another(small, tmp_path):
    rows = [{"answer": "units", "item_id": "dropout", "score": "4", "error": "late", "input_score": "old"}]
    (row,) = graded(small, tmp_path, rows)
    assert (row["score"], row["error"]) == ("100.0", "")
    assert (row["input_input_score"], row["input_error"], row["input_score"]) == ("4", "late", "old")


# A table's own names


def test_columns_may_have_names_of_their_own(small, tmp_path):
    rows = [{"Response": "units", "Q": "dropout", "answer": "the teacher's", "item_id": "row 1"}]
    write_table(tmp_path / "in.csv", rows, list(rows[0]))
    grade_table(small, tmp_path / "in.csv", tmp_path / "out.csv", names={"answer": "Response", "item_id": "Q"})
    (row,) = read_table(tmp_path / "out.csv")
    assert (row["score"], row["item_id"], row["Q"]) == ("100.0", "dropout", "dropout")
    assert (row["answer"], row["input_item_id"]) == ("the teacher's", "row 1")


def test_a_name_that_the_table_lacks_is_refused_with_those_it_has(small, source, tmp_path):
    with pytest.raises(TableError, match=r"no column 'Reply' to take `answer` from; it has name, answer"):
        grade_table(small, source, tmp_path / "out.csv", names={"answer": "Reply"})


# A teacher's own key points


def rubric_of(folder: Path, count: int) -> Any:
    entries = [
        "  - {id: mine-1, status: draft, question: {en: Why are zebras striped?}, key_points: "
        "[{id: flies, text: {en: stripes confuse flies}}]}\n",
        "  - {id: mine-2, status: draft, question: {zh: 天空为什么是蓝色的？}, key_points: "
        "[{id: rayleigh, text: {zh: 短波散射更强}}]}\n",
    ]
    path = folder / "rubric.yaml"
    path.write_text("topic: zoo\nitems:\n" + "".join(entries[:count]), encoding="utf-8")
    return load_corpus(path).items.values()


def test_a_rubric_s_items_are_the_only_ones(small, tmp_path):
    rows = [
        {"question": "why are zebras STRIPED", "item_id": "", "answer": "flies"},
        {"question": "天空为什么是蓝色", "item_id": "", "answer": "散射"},
        {"question": "什么是梯度消失？", "item_id": "", "answer": "导数"},
        {"question": "", "item_id": "vanishing", "answer": "导数"},
        {"question": "", "item_id": "mine-1", "answer": "horses"},
    ]
    write_table(tmp_path / "in.jsonl", rows, ["question", "item_id", "answer"])
    grade_table(small, tmp_path / "in.jsonl", tmp_path / "out.jsonl", rubric=rubric_of(tmp_path, 2))
    out = read_table(tmp_path / "out.jsonl")
    assert [(r["item_id"], r["score"]) for r in out] == [
        ("mine-1", "100.0"), ("mine-2", "100.0"), ("", ""), ("vanishing", ""), ("mine-1", "0.0"),
    ]  # fmt: skip
    assert "no such question in the rubric" in out[2]["error"]
    assert "no item 'vanishing' in the rubric; it has mine-1, mine-2" in out[3]["error"]


def test_a_rubric_of_one_item_needs_no_column_to_name_it(small, tmp_path):
    write_table(tmp_path / "in.csv", [{"answer": "flies"}], ["answer"])
    grade_table(small, tmp_path / "in.csv", tmp_path / "out.csv", rubric=rubric_of(tmp_path, 1))
    assert read_table(tmp_path / "out.csv")[0]["score"] == "100.0"
    with pytest.raises(TableError, match="needs a column"):
        grade_table(small, tmp_path / "in.csv", tmp_path / "out.csv", rubric=rubric_of(tmp_path, 2))


# Identical answers, and answers that break the grader


def test_identical_answers_to_one_question_are_graded_once(small, tmp_path):
    rows = [
        {"answer": a, "item_id": i} for a, i in [("units", "dropout"), ("units", "dropout"), ("units", "vanishing")]
    ]
    assert [r["score"] for r in graded(small, tmp_path, rows)] == ["100.0", "100.0", "0.0"]
    assert small.grader.graded == ["units", "units"]


def test_an_answer_that_breaks_the_grader_is_an_error_in_its_row_alone(small, tmp_path, monkeypatch):
    real = small.grader.grade

    def fragile(item, answer, language=None):
        if "bomb" in answer:
            raise ValueError("cannot\ntake it")
        return real(item, answer, language)

    monkeypatch.setattr(small.grader, "grade", fragile)
    rows = [{"answer": a, "item_id": "dropout"} for a in ("units", "a bomb", "zeroed")]
    out = graded(small, tmp_path, rows)
    assert [r["score"] for r in out] == ["100.0", "", "100.0"]
    assert out[1]["error"] == "this answer could not be graded (ValueError: cannot take it)"


def test_an_encoder_that_is_gone_ends_the_run_and_keeps_what_was_graded(small, source, tmp_path, monkeypatch):
    real = small.grader.grade

    def gone(item, answer, language=None):
        if small.grader.graded:
            raise ModelUnavailable("the endpoint does not answer")
        return real(item, answer, language)

    with monkeypatch.context() as patched:
        patched.setattr(small.grader, "grade", gone)
        with pytest.raises(ModelUnavailable):
            grade_table(small, source, tmp_path / "out.csv")
    assert grade_table(small, source, tmp_path / "out.csv").resumed == 1


def test_a_second_run_beside_the_first_is_refused(small, source, tmp_path):
    def again(progress: Progress) -> None:
        if progress.done == 2:
            with pytest.raises(TableError, match="another run is writing it"):
                grade_table(small, source, tmp_path / "out.csv")

    assert grade_table(small, source, tmp_path / "out.csv", report=again).done == 5


def test_a_table_that_changes_under_the_run_is_not_graded_half_and_half(small, source, tmp_path):
    def change(progress: Progress) -> None:
        if progress.done == 5:
            source.write_text(source.read_text(encoding="utf-8") + "己,x,dropout,\n", encoding="utf-8")

    with pytest.raises(TableError, match="was changed while it was graded"):
        grade_table(small, source, tmp_path / "out.csv", report=change)
    assert not (tmp_path / "out.csv").exists()
    assert grade_table(small, source, tmp_path / "out.csv").resumed == 0


def test_the_feedback_is_in_the_language_of_the_answer_or_in_the_one_asked_for(small, tmp_path):
    rows = [{"answer": "浅层不动", "item_id": "vanishing"}, {"answer": "early ones", "item_id": "vanishing"}]
    zh, en = graded(small, tmp_path, rows)
    assert "导数逐层相乘" in zh["feedback"]
    assert "derivatives multiply" in en["feedback"]
    zh, en = graded(small, tmp_path, rows, "en")
    assert "derivatives multiply" in zh["feedback"]


# Which item a row is about


def test_a_question_text_is_found_in_either_language(small, tmp_path):
    rows = graded(
        small,
        tmp_path,
        [
            {"question": "什么是梯度消失？", "answer": "导数"},
            {"question": "how does DROPOUT curb overfitting", "answer": "units"},
        ],
    )
    assert [r["item_id"] for r in rows] == ["vanishing", "dropout"]
    assert [r["error"] for r in rows] == ["", ""]


def test_a_question_that_is_not_in_the_corpus_is_an_error_that_names_the_nearest(small, tmp_path):
    rows = [{"question": "Which gradient optimiser won the cup in 1954?", "answer": "x"}]
    (row,) = graded(small, tmp_path, rows)
    assert row["score"] == row["item_id"] == ""
    assert "no such question" in row["error"]
    assert "vanishing" in row["error"]


@pytest.mark.parametrize("question", ["？？？", "the of", "🙂"])
def test_a_question_without_words_is_an_error(small, tmp_path, question):
    (row,) = graded(small, tmp_path, [{"question": question, "answer": "x"}])
    assert "no such question" in row["error"]


def test_a_reference_makes_an_item_of_its_own(small, tmp_path):
    reference = "Adam keeps running means of gradients. It rescales every coordinate separately. It corrects its bias."
    rows = [{"question": "What does Adam do?", "reference": reference, "answer": "it rescales coordinates"}]
    (row,) = graded(small, tmp_path, rows)
    assert row["error"] == ""
    assert row["item_id"].startswith("reference-")
    assert row["covered"] == "p2"


def test_an_item_id_beats_a_question_and_a_question_without_reference_is_looked_up(small, tmp_path):
    rows = [
        {"item_id": "dropout", "question": "什么是梯度消失？", "reference": "无关", "answer": "units"},
        {"item_id": " ", "question": "什么是梯度消失？", "reference": " ", "answer": "导数"},
    ]
    assert [r["item_id"] for r in graded(small, tmp_path, rows)] == ["dropout", "vanishing"]


def test_a_row_without_item_and_question_is_an_error_and_the_others_are_graded(small, tmp_path):
    rows = [{"item_id": "", "answer": "x"}, {"item_id": "dropout", "answer": "units"}]
    first, second = graded(small, tmp_path, rows)
    assert first["error"] == "the row has neither item_id nor question"
    assert second["score"] == "100.0"


def test_an_item_that_cannot_be_graded_is_an_error_and_no_zero(small, tmp_path):
    (row,) = graded(small, tmp_path, [{"item_id": "bare", "answer": "units"}])
    assert row["score"] == ""
    assert row["error"] == "the item has no key points"


def test_a_misspelt_id_is_an_error_that_names_the_right_one(small, tmp_path):
    (row,) = graded(small, tmp_path, [{"item_id": "vanishin", "answer": "x"}])
    assert "did you mean vanishing" in row["error"]
    assert row["item_id"] == "vanishin"


# What cannot be graded at all


@pytest.mark.parametrize("columns", [["answer"], ["item_id"], ["Answer", "item_id"], ["answer", "reference"], ["x"]])
def test_a_table_without_the_columns_is_refused_with_those_it_has(small, tmp_path, columns):
    write_table(tmp_path / "in.csv", [dict.fromkeys(columns, "x")], columns)
    with pytest.raises(TableError, match=f"it has {', '.join(columns)}"):
        grade_table(small, tmp_path / "in.csv", tmp_path / "out.csv")
    assert small.grader.graded == []


def test_the_input_is_never_overwritten(small, source):
    before = source.read_bytes()
    for same in (source, source.parent / "." / source.name, source.parent / "x" / ".." / source.name):
        (source.parent / "x").mkdir(exist_ok=True)
        with pytest.raises(InputError, match="overwrite"):
            grade_table(small, source, same)
    link = source.with_name("link.csv")
    link.symlink_to(source)
    with pytest.raises(InputError, match="overwrite"):
        grade_table(small, source, link)
    assert source.read_bytes() == before


@pytest.mark.parametrize("name", ["no/out.csv", "folder.csv", "out.doc", "out"])
def test_an_output_that_cannot_be_is_refused_before_a_row_is_graded(small, source, tmp_path, name):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(TableError):
        grade_table(small, source, tmp_path / name)
    assert small.grader.graded == []


def test_progress_is_reported_after_every_row(small, source, tmp_path):
    seen: list[Progress] = []
    grade_table(small, source, tmp_path / "out.csv", report=seen.append)
    assert [(p.done, p.errors) for p in seen] == [(0, 0), (1, 0), (2, 0), (3, 0), (4, 1), (5, 1)]


# Interruptions


class Killed(BaseException):
    """Nothing catches it, as nothing survives a kill."""


def run_until(engine, source: Path, target: Path, rows: int) -> None:
    def stop(progress: Progress) -> None:
        if progress.done == rows:
            raise Killed

    with pytest.raises(Killed):
        grade_table(engine, source, target, report=stop)


def journal_of(target: Path) -> Path:
    return target.with_name(target.name + ".partial")


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".xlsx", ".parquet"])
@pytest.mark.parametrize("stops", [(1,), (4,), (5,), (1, 2, 4)])
def test_a_run_goes_on_where_it_stopped_and_gives_the_same_bytes(small, source, tmp_path, stops, ending):
    whole, target = tmp_path / f"whole{ending}", tmp_path / f"out{ending}"
    grade_table(small, source, whole)
    small.grader.graded.clear()
    for rows in stops:
        run_until(small, source, target, rows)
        assert not target.exists()
    done = grade_table(small, source, target)
    assert done == Progress(done=5, total=5, resumed=stops[-1], errors=1)
    assert small.grader.graded == [r["answer"] for r in ANSWERS if r["item_id"] != "no-such"]  # each once
    assert target.read_bytes() == whole.read_bytes()
    assert not journal_of(target).exists()


@settings(max_examples=60, suppress_health_check=FUNCTION_SCOPED, deadline=None)
@given(cut=st.integers(0, 10_000), stop=st.integers(1, 5))
def test_a_journal_cut_at_any_byte_gives_the_same_output(small, source, tmp_path, cut, stop):
    whole, target = tmp_path / "whole.csv", tmp_path / "out.csv"
    if not whole.exists():
        grade_table(small, source, whole)
    run_until(small, source, target, stop)
    content = journal_of(target).read_bytes()
    kept = content[: cut % (len(content) + 1)]
    journal_of(target).write_bytes(kept)
    done = grade_table(small, source, target)
    # Whole lines after the first are rows.
    assert done.resumed == max(0, kept.count(b"\n") - 1)
    assert target.read_bytes() == whole.read_bytes()
    target.unlink()


DAMAGE = [
    b"\n",
    b"[]\n",
    b"null\n",
    b"{}\n",
    b'{"binding": 1}\n',
    b"\xff\xfe\n",
    b"\0" * 100,
    b'{"binding"',
    b"[" * 9999 + b"\n",
]


@pytest.mark.parametrize("content", DAMAGE, ids=range(len(DAMAGE)))
def test_a_journal_that_is_none_is_not_believed(small, source, tmp_path, content):
    journal_of(tmp_path / "out.csv").write_bytes(content)
    assert grade_table(small, source, tmp_path / "out.csv").resumed == 0


@pytest.mark.parametrize("line", [b"[]", b"1", b"{}", b'{"score": 1}', b'{"error": ""}', b"\xff", b"nonsense"])
def test_a_damaged_line_ends_what_is_taken_from_a_journal(small, source, tmp_path, line):
    target = tmp_path / "out.csv"
    grade_table(small, source, tmp_path / "whole.csv")
    run_until(small, source, target, 4)
    lines = journal_of(target).read_bytes().split(b"\n")
    lines[3] = line  # the third row
    journal_of(target).write_bytes(b"\n".join(lines))
    assert grade_table(small, source, target).resumed == 2
    assert target.read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_a_flipped_byte_in_a_journal_is_not_taken_for_text(small, source, tmp_path):
    target = tmp_path / "out.csv"
    run_until(small, source, target, 3)
    content = journal_of(target).read_bytes()
    place = content.index("浅".encode())
    journal_of(target).write_bytes(content[:place] + b"\xff" + content[place + 1 :])
    assert grade_table(small, source, target).resumed == 0
    assert "\ufffd" not in target.read_text(encoding="utf-8")


def other_rows(engine, source: Path) -> None:
    write_table(source, [*ANSWERS[:4], {**ANSWERS[4], "answer": "units"}], list(ANSWERS[0]))


def other_grader(engine, source: Path) -> None:
    engine.grader.version = "by-other-terms"


@pytest.mark.parametrize("change", [other_rows, other_grader])
def test_a_journal_for_something_else_is_not_used(small, source, tmp_path, change):
    run_until(small, source, tmp_path / "out.csv", 3)
    change(small, source)
    assert grade_table(small, source, tmp_path / "out.csv").resumed == 0


def test_a_journal_for_another_language_is_not_used(small, source, tmp_path):
    run_until(small, source, tmp_path / "out.csv", 3)
    assert grade_table(small, source, tmp_path / "out.csv", "en").resumed == 0


def test_a_journal_written_by_hand_for_other_columns_is_not_used(small, source, tmp_path):
    target = tmp_path / "out.csv"
    run_until(small, source, target, 2)
    head, first, *_ = journal_of(target).read_text(encoding="utf-8").split("\n")
    forged = json.loads(first) | {"answer": "swapped"}
    journal_of(target).write_text(head + "\n" + json.dumps(forged) + "\n", encoding="utf-8")
    assert grade_table(small, source, target).resumed == 0
    assert "swapped" not in target.read_text(encoding="utf-8")


def test_a_journal_that_cannot_be_written_is_refused_before_a_row_is_graded(small, source, tmp_path):
    journal_of(tmp_path / "out.csv").mkdir()
    with pytest.raises(TableError, match="cannot be written"):
        grade_table(small, source, tmp_path / "out.csv")
    assert small.grader.graded == []


def test_a_row_is_on_disk_as_soon_as_it_is_reported(small, source, tmp_path):
    kept: list[int] = []
    journal = journal_of(tmp_path / "out.csv")
    grade_table(
        small, source, tmp_path / "out.csv", report=lambda _: kept.append(journal.read_bytes().count(b"\n") - 1)
    )
    assert kept == [0, 1, 2, 3, 4, 5]


def test_an_old_output_stays_until_the_new_one_is_whole(small, source, tmp_path):
    target = tmp_path / "out.csv"
    target.write_text("old")
    run_until(small, source, target, 4)
    assert target.read_text() == "old"
    grade_table(small, source, target)
    assert len(read_table(target)) == 5


@pytest.mark.slow
def test_the_real_grader_scores_every_item_higher_for_its_own_answer_than_for_another(engine, tmp_path):
    items = list(engine.corpus.items.values())[:6]
    rows = [
        {"answer": other.answer.get(language), "item_id": item.id}
        for item, next_ in zip(items, items[1:] + items[:1], strict=True)
        for language in ("zh", "en")
        for other in (item, next_)
    ]
    scores = [float(r["score"]) for r in graded(engine, tmp_path, rows)]
    pairs = list(zip(scores[::2], scores[1::2], strict=True))
    assert all(own > other for own, other in pairs), pairs
