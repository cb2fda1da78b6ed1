"""A short run of the fuzzing finds nothing; and it would find a crash, a hang and an unclear refusal."""

import time

import pytest

from interviewer.errors import InputError
from interviewer.trials import fuzzing
from interviewer.trials.fuzzing import Target, fuzz, mutated, targets


@pytest.mark.filterwarnings("ignore")  # readers of documents warn of every oddity
def test_whatever_is_read_is_taken_or_refused_in_a_sentence(engines, tmp_path):
    everything = targets(engines(tmp_path / "data"), tmp_path)
    assert sum(t.share for t in everything) >= 1_000_000
    found = list(fuzz(everything, 8_000, seed=7))  # the command makes a million
    assert [line for one in found for line in one.shown] == []
    assert sum(one.executions for one in found) >= 8_000
    assert {one.name for one in found if one.refused} >= {"corpus YAML", "table .csv", "import .docx", "report .json"}


def raising(error):
    def read(_):
        raise error

    return read


def test_crashes_hangs_and_unclear_refusals_are_found(monkeypatch):
    monkeypatch.setattr(fuzzing, "SLOW", 1)
    sentence = raising(InputError("this cannot be read; give another"))
    reads = {
        "fine": len, "refuses": sentence, "crashes": raising(KeyError("x")), "mumbles": raising(InputError("no")),
        "hangs": lambda _: time.sleep(5),
    }  # fmt: skip
    found = {f.name: f for f in fuzz([Target(name, ["a"], read, 1_000_000) for name, read in reads.items()], 1)}
    assert {name: f.crashes for name, f in found.items()} == {
        "fine": 0, "refuses": 0, "crashes": 1, "mumbles": 1, "hangs": 1,
    }  # fmt: skip
    assert found["refuses"].refused == 1
    assert "KeyError: 'x'" in found["crashes"].shown[0] and "sample 'a'" in found["crashes"].shown[0]


def test_mutations_are_repeatable_and_many():
    import random

    def some(seed):
        chance = random.Random(seed)
        return [mutated(["导数相乘 and shrink", "x"], chance) for _ in range(200)]

    assert some(1) == some(1)
    assert len(set(some(1))) > 150
