"""Runs killed by SIGKILL at random moments, in every format; and what a run reports to have cost."""

import time

import pytest

from interviewer.batch.endurance import kills, repeated, run_in_child
from interviewer.batch.tables import write_table
from interviewer.errors import InputError
from interviewer.schema import Grade

ROWS = [{"name": f"学生 {n}", "answer": f"导数, derivatives {n}\n{n}", "item_id": "vanishing"} for n in range(30)]


class Slow:
    """Takes five milliseconds, so that a kill meets every stage of a run."""

    version = "slow"

    def prepare(self, answers):
        """Needs nothing."""

    def grade(self, item, answer, language=None):
        time.sleep(0.005)
        return Grade(item.id, "en", float(len(answer)), 0.0, 100.0, "weak")


@pytest.fixture
def slow(small):
    small.__dict__["grader"] = Slow()
    return small


@pytest.mark.parametrize("count", [8])  # `interviewer eval batch` does fifty
def test_runs_killed_at_random_moments_end_with_the_bytes_of_an_undisturbed_one(slow, tmp_path, count):
    finished, equal = kills(ROWS, count, tmp_path, slow)
    assert equal == finished >= 4
    assert {p.stem for p in tmp_path.iterdir() if p.is_file()} == {"in", "whole"}  # nothing else is left


def test_a_long_table_is_made_of_the_given_answers_and_its_cost_measured(slow, tmp_path):
    cost = repeated(ROWS[:3], 500, tmp_path, slow)
    assert cost.rows == 500
    assert cost.seconds < 60 and cost.cpu > 0 and cost.memory > 0.01
    assert "500 rows in " in str(cost)
    lines = (tmp_path / "many-graded.csv").read_text(encoding="utf-8-sig")
    assert lines.count("学生") == 500
    assert "0000499," in lines


def test_a_run_that_fails_is_no_kill(slow, tmp_path):
    write_table(tmp_path / "in.csv", [{"x": "1"}], ["x"])
    with pytest.raises(InputError, match="failed"):
        run_in_child(slow, tmp_path / "in.csv", tmp_path / "out.csv")
