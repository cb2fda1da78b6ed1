"""Which numbers the networks multiply: measured once for a processor and a version of PyTorch."""

import json

import pytest

from interviewer.retrieval import precision


def no_measuring() -> float:
    raise AssertionError("measured again")


@pytest.mark.parametrize(("gain", "worth"), [(0.01, False), (1.49, False), (1.5, True), (8.0, True)])
def test_half_the_bits_must_be_much_faster(monkeypatch, tmp_path, gain, worth):
    monkeypatch.setattr(precision, "_gain", lambda: gain)
    assert precision.half_is_worth_it() is worth
    assert precision.half_is_worth_it(tmp_path / "p.json") is worth
    monkeypatch.setattr(precision, "_gain", no_measuring)
    assert precision.half_is_worth_it(tmp_path / "p.json") is worth


def test_another_processor_is_measured_anew_and_both_are_kept(monkeypatch, tmp_path):
    file = tmp_path / "new" / "p.json"
    for name, gain in (("slow", 0.5), ("fast", 4.0)):
        monkeypatch.setattr(precision, "processor", lambda name=name: name)
        monkeypatch.setattr(precision, "_gain", lambda gain=gain: gain)
        assert precision.half_is_worth_it(file) is (gain > 1)
    assert sorted(json.loads(file.read_text()).values()) == [0.5, 4.0]


@pytest.mark.parametrize("content", ["", "[1]", "{", '{"a": "b"}', "\0"])
def test_a_broken_file_is_measured_over(monkeypatch, tmp_path, content):
    (tmp_path / "p.json").write_text(content)
    monkeypatch.setattr(precision, "_gain", lambda: 2.0)
    assert precision.half_is_worth_it(tmp_path / "p.json")
    assert list(json.loads((tmp_path / "p.json").read_text()).values()) == [2.0]


def test_where_nothing_can_be_kept_it_is_measured_every_time(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(precision, "_gain", lambda: 2.0)
    assert precision.half_is_worth_it(tmp_path / "file" / "p.json")


def test_something_is_measured():
    assert precision._gain() > 0
