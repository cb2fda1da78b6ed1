"""What marks by hand are worth, measured on a set whose people mark half of what the grader gives."""

import gzip
import json

import pytest

from interviewer.errors import InputError
from interviewer.evaluation.calibration import curve, read_set, table
from interviewer.schema import Grade


class Length:
    """Gives an answer its number of words, of ten."""

    def prepare(self, answers):
        """Needs nothing."""

    def grade(self, item, answer, language=None):
        if not item.key_points:
            return Grade(item.id, "en", None, None, None, "unscored")
        return Grade(item.id, "en", 10.0 * len(answer.split()), 0.0, 100.0, "weak")


@pytest.fixture
def data(tmp_path):
    rows = [
        {"question": f"Question {n % 2}?", "reference": "it multiplies derivatives", "answer": "word " * (n % 10)}
        | {"score": (n % 10) / 20}
        for n in range(60)
    ]
    rows[0]["reference"] = ["it multiplies derivatives", "another"]
    rows[1]["reference"] = "..."  # says nothing: cannot be graded against
    with gzip.open(tmp_path / "tiny.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    return read_set(tmp_path / "tiny.jsonl.gz", Length(), 1000)


def test_a_set_is_graded_and_the_unscored_are_left_out(data):
    assert (data.name, len(data.answers)) == ("tiny", 59)
    assert data.answers[4].score == pytest.approx(2 * data.marks[4])


def test_more_marks_bring_the_error_down_to_nothing(data):
    rows = list(curve(data))
    assert [row[0] for row in rows] == ["0", "10", "10", "20", "20", "59"]
    errors = [float(row[3]) for row in rows]
    assert errors[0] > 0.2
    assert max(errors[1:]) < 0.05
    assert "| tiny | 20 | suggested |" in table([data])


def test_at_most_so_many_answers_are_read_and_no_set_is_an_error(data, tmp_path):
    assert len(read_set(tmp_path / "tiny.jsonl.gz", Length(), 20).answers) == 20
    (tmp_path / "bad.jsonl.gz").write_bytes(b"no gzip")
    for name in ("bad", "none"):
        with pytest.raises(InputError, match="cannot be read"):
            read_set(tmp_path / f"{name}.jsonl.gz", Length(), 20)
