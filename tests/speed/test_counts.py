"""The regression guard: nothing is done more often than it was. Times are reported, not tested."""

from pathlib import Path

from interviewer.speed import counts

BASELINE = Path(__file__).parents[2] / counts.BASELINE


def test_nothing_is_done_more_often_than_it_was():
    """If something has a reason to grow: `interviewer eval speed --accept`."""
    found, baseline = counts.counts(), counts.read_baseline(BASELINE)
    assert counts.grown(found, baseline) == []
    assert all(value > 0 for value in found.values())


def test_growth_is_told_and_so_is_a_count_on_one_side_only():
    assert counts.grown({"a": 100.0, "b": 104.0}, {"a": 100.0, "b": 100.0}) == ["b: 104, was 100"]
    assert counts.grown({"a": 1.0}, {"b": 1.0}) == ["a: only on one side", "b: only on one side"]
    assert counts.grown({"a": 1.0}, {"a": 2.0}) == []


def test_a_baseline_is_read_as_it_was_written(tmp_path):
    counts.write_baseline({"x": 1.5, "词": 2.0}, tmp_path / "b.json")
    assert counts.read_baseline(tmp_path / "b.json") == {"x": 1.5, "词": 2.0}
    assert counts.read_baseline(tmp_path / "none.json") == {}
