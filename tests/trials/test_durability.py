"""Processes killed by SIGKILL lose nothing that was said to be kept; and a loss would be noticed."""

import pytest

from interviewer.engine import Engine
from interviewer.errors import InputError
from interviewer.trials.durability import Files, Imports, Interviews, all_works, durability, table


def test_nothing_is_lost_by_processes_killed_at_random_moments(engines, tmp_path):
    (tmp_path / "work").mkdir()
    works = all_works(engines, tmp_path / "work")
    tallies = {tally.name: tally for tally in durability(works, 10, tmp_path, seed=2)}  # the command kills 300
    assert [tally.broken for tally in tallies.values()] == [[]] * 5
    assert sum(tally.kills for tally in tallies.values()) == 10
    assert all(tally.promises for tally in tallies.values())
    assert table(list(tallies.values())).splitlines()[-1].startswith("| all | 10 |")


def test_an_answer_that_was_told_and_is_not_there_is_found(engines, tmp_path, monkeypatch):
    interviews = Interviews(engines(tmp_path / "data"), tmp_path)
    monkeypatch.setattr(Engine, "submit", lambda engine, session, words: engine.view(session))  # stores nothing
    with pytest.raises(InputError, match=r"interviews: interview \w+ lacks an answer"):
        list(durability([interviews], 1, tmp_path))


def test_a_file_written_in_place_is_found(engines, tmp_path, monkeypatch):
    files = Files(engines(tmp_path / "data"), tmp_path)
    (tmp_path / "report.html").write_bytes(files._whole[".html"][0][:-1])
    assert list(files.broken([], False)) == ["report.html is not whole"]
    assert "report.md is gone" in list(files.broken([("report.md", 0)], False))


def test_work_that_fails_by_itself_is_no_kill(engines, tmp_path, monkeypatch):
    imports = Imports(engines(tmp_path / "data"), tmp_path)
    imports._folder.rename(tmp_path / "elsewhere")
    with pytest.raises(InputError, match=r"importing documents failed by itself: Refusal: .* is not there"):
        list(durability([imports], 1, tmp_path))
