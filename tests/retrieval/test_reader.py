"""The shipped network: packed texts, nothing padded, each text read as if it were alone."""

import random

import pytest
import torch
from torch import Tensor

from interviewer.retrieval.encoder import SHIPPED
from interviewer.retrieval.reader import SHARED, Reader, groups_of, load_reader, through

CONFIG = {
    "hidden_size": 24,
    "vocab_size": 50,
    "max_position_embeddings": 64,
    "num_attention_heads": 3,
    "intermediate_size": 40,
    "num_hidden_layers": SHARED + 2,
}


def texts(count: int = 40, longest: int = 60) -> list[list[int]]:
    chance = random.Random(1)
    return [[chance.randrange(50) for _ in range(chance.randint(1, longest))] for _ in range(count)]


@pytest.fixture
def reader() -> Reader:
    torch.manual_seed(0)
    return Reader(CONFIG).eval()


def alone(reader: Reader, row: list[int], depth: int | None = None) -> Tensor:
    """By PyTorch's own layers, one text at a time."""
    with torch.no_grad():
        states = reader.norm(reader.tokens(torch.tensor([row])) + reader.positions(torch.arange(len(row))))
        for layer in reader.layers[:depth]:
            states = layer(states)
    return states[0]


def test_packed_texts_have_the_states_of_texts_read_one_by_one(reader: Reader) -> None:
    rows = texts()
    means = reader.means(rows)
    for row, mean, read in zip(rows, means, reader.read(rows), strict=True):
        assert torch.allclose(mean, alone(reader, row).mean(0), atol=1e-5)
        assert torch.allclose(read, alone(reader, row, SHARED), atol=1e-5)


def test_a_text_has_the_same_vector_to_the_last_bit_in_whatever_company() -> None:
    """With the shipped sizes: which kernel multiplies must not depend on how many rows there are."""
    reader, tokenizer, _ = load_reader(SHIPPED)
    words = "梯度 消失 the gradient vanishes 因为 导数 multiply layer by layer 归一化 softmax 0.5 和".split()
    chance = random.Random(2)
    rows = [
        tokenizer.encode(" ".join(chance.choice(words) for _ in range(chance.randint(1, 40)))).ids for _ in range(60)
    ]
    together = reader.means(rows)
    assert torch.equal(together, torch.cat([reader.means([row]) for row in rows]))
    assert torch.equal(together.flip(0), reader.means(rows[::-1]))


def test_the_lower_half_of_a_text_is_read_once(reader: Reader) -> None:
    rows = texts(6)
    passes: list[int] = []
    reader.layers[0].norm1.register_forward_hook(lambda _m, given, _r: passes.append(len(given[0])))
    reader.means(rows)
    read = sum(passes)
    again = reader.read([*rows, rows[0]])
    assert sum(passes) == read == sum(len(row) for row in rows)
    assert torch.equal(again[0], again[-1])
    reader.read([[7, 7, 7]])
    assert sum(passes) == read + 3


def test_only_so_many_tokens_are_kept(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("interviewer.retrieval.reader._KEPT", 100)
    rows = texts(30)
    reader.means(rows)
    assert 0 < sum(len(states) for states in reader._kept.values()) <= 100
    assert reader._tokens_kept == sum(len(states) for states in reader._kept.values())
    for row, states in zip(rows, reader.read(rows), strict=True):
        assert torch.allclose(states, alone(reader, row, SHARED), atol=1e-5)


def test_half_the_bits_move_vectors_a_little_and_only_where_asked_for(reader: Reader) -> None:
    rows = texts(8)
    full = torch.nn.functional.normalize(reader.means(rows))
    reader.in_bfloat16 = True
    reader._kept.clear()
    half = torch.nn.functional.normalize(reader.means(rows))
    assert half.dtype == torch.float32
    assert not torch.equal(full, half)
    assert (full * half).sum(1).min() > 0.999


def test_groups_are_runs_of_equal_length() -> None:
    found = [(g.start, g.stop, g.length) for g in groups_of([2, 2, 5])]
    assert found == [(0, 4, 2), (4, 9, 5)]
    assert groups_of([]) == []


def test_no_layers_leave_states_as_they_are() -> None:
    states = torch.ones(3, 4)
    assert torch.equal(through([], states, groups_of([3])), states)
