"""A teacher's marks: read, compared, learnt from; which answers to mark and which to look at."""

import pytest

from interviewer.batch import grade_table, read_table, write_table
from interviewer.batch.marks import calibrate, pairs_of, write_review, write_suggestion
from interviewer.errors import InputError
from interviewer.schema import Grade, PointResult


class Steps:
    """Scores an answer by its first number, with an interval that is wider the lower the score."""

    version = "steps"

    def prepare(self, answers):
        """Needs nothing."""

    def grade(self, item, answer, language=None):
        if not answer:
            return Grade(item.id, "en", 0.0, 0.0, 0.0, "poor", flags=("empty",))
        score = float(answer.split()[0])
        width = (100 - score) / 2
        points = tuple(PointResult(p.id, "missing", 1.0, 0.0) for p in item.key_points)
        low, high = max(0.0, score - width), min(100.0, score + width)
        return Grade(item.id, "en", score, low, high, "weak", points, needs_review=score < 50)


@pytest.fixture
def steps(small):
    small.__dict__["grader"] = Steps()
    return small


def table(folder, name, rows):
    path = folder / name
    write_table(path, rows, list(dict.fromkeys(c for r in rows for c in r)))
    return path


def rows_of(scores, **more):
    return [{"answer": f"{s} words", "item_id": ("vanishing", "dropout")[n % 2], **more} for n, s in enumerate(scores)]


def result(score, item="q"):
    return {"score": str(score), "item_id": item}


# Marks


def test_marks_are_read_where_there_are_any():
    graded = [({"human": h}, result(s)) for h, s in (("4", 50), (" ", 60), ("", 70), ("0.5", 80), ("2", ""))]
    pairs = pairs_of(graded, "human", 5, "t.csv")
    assert (pairs.scores, pairs.marks, pairs.steps) == ((50.0, 80.0), (80.0, 10.0), 5)


@pytest.mark.parametrize("cell", ["good", "-1", "nan", "inf", "4/5"])
def test_what_is_no_mark_is_refused_with_its_row(cell):
    with pytest.raises(InputError, match=r"t.csv, row 2: .* is no mark"):
        pairs_of([({"human": "1"}, result(1)), ({"human": cell}, result(1))], "human", 5, "t.csv")


def test_small_marks_want_a_word_on_full_marks():
    with pytest.raises(InputError, match="--full-marks 5"):
        pairs_of([({"human": "5"}, result(1))], "human", None, "t.csv")
    with pytest.raises(InputError, match="above full marks"):
        pairs_of([({"human": "7"}, result(1))], "human", 5, "t.csv")
    assert pairs_of([({"human": "70"}, result(1))], "human", None, "t.csv").full == 100


# Calibration


def test_a_table_is_graded_on_the_scale_of_the_marks(steps, tmp_path):
    scores = range(4, 100, 8)
    marked = [row | {"human": f"{s / 100 * 2.5:g}"} for row, s in zip(rows_of(scores), scores, strict=True)]
    path = table(tmp_path, "marked.csv", marked)
    made = calibrate(steps, path, None, {}, (), 5)
    assert made.before is not None and made.after is not None
    assert made.after.rmse.value < made.before.rmse.value / 3
    source = table(tmp_path, "in.csv", [*rows_of([10, 50, 90]), {"answer": "", "item_id": "dropout"}])
    grade_table(steps, source, tmp_path / "out.csv", adaption=made)
    out = read_table(tmp_path / "out.csv")
    assert [r["uncalibrated_score"] for r in out] == ["10.0", "50.0", "90.0", "0.0"]
    for row, due in zip(out, (5, 25, 45, 0), strict=True):
        assert float(row["score"]) == pytest.approx(due, abs=4)
        assert float(row["low"]) <= float(row["score"]) <= float(row["high"])
        assert float(row["mark"]) == pytest.approx(due / 20, abs=0.2)
    assert [r["verdict"] for r in out] == ["poor", "poor", "weak", "poor"]


def test_too_few_marks_and_no_marks_are_refused(steps, tmp_path):
    few = table(tmp_path, "few.csv", rows_of([10, 20], human="50"))
    with pytest.raises(InputError, match="2 marked answers; at least 5"):
        calibrate(steps, few, None, {}, (), None)
    none = table(tmp_path, "none.csv", rows_of([10]))
    with pytest.raises(InputError, match="no column 'human'"):
        calibrate(steps, none, None, {}, (), None)


# What a person should look at


def test_answers_to_mark_are_written_without_our_scores_and_each_once(steps, tmp_path):
    rows = [*rows_of(range(5, 95, 5)), *rows_of([5, 10]), {"answer": "", "item_id": "dropout"}]
    source = table(tmp_path, "in.csv", [r | {"row": f"r{n}"} for n, r in enumerate(rows)])

    def suggest(graded):
        assert write_suggestion(graded, tmp_path / "todo.csv", 6, {}) == 6

    grade_table(steps, source, tmp_path / "out.csv", also=[suggest])
    todo = read_table(tmp_path / "todo.csv")
    assert list(todo[0]) == ["row", "answer", "item_id", "input_row", "human"]
    assert {r["human"] for r in todo} == {""}
    assert all(rows[int(r["row"]) - 1]["answer"] == r["answer"] != "" for r in todo)
    assert len({(r["answer"], r["item_id"]) for r in todo}) == 6
    assert {r["item_id"] for r in todo} == {"vanishing", "dropout"}
    filled = [r | {"human": r["answer"].split()[0]} for r in todo]
    assert calibrate(steps, table(tmp_path, "filled.csv", filled), None, {}, (), 100).after is not None


def test_what_needs_review_is_written_most_doubtful_first(steps, tmp_path):
    rows = [*rows_of([80, 40, 10, 20]), {"answer": "x", "item_id": "no-such"}]
    source = table(tmp_path, "in.csv", [r | {"score": "a mark"} for r in rows])
    grade_table(
        steps, source, tmp_path / "out.csv", also=[lambda graded: write_review(graded, tmp_path / "review.csv", {})]
    )
    review = read_table(tmp_path / "review.csv")
    # Intervals: 40 ± 30; 10: 0 … 55; 20: 0 … 60; the row that failed comes first.
    assert [r["row"] for r in review] == ["5", "2", "4", "3"]
    assert [r["score"] for r in review] == ["", "40.0", "20.0", "10.0"]
    assert {r["input_score"] for r in review} == {"a mark"}
    assert [r["answer"] for r in read_table(tmp_path / "out.csv")] == [r["answer"] for r in rows]
