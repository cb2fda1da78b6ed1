"""The search index: what it finds, and that a stale or damaged one on disk is never used."""

import json
import logging
import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interviewer.corpus import Corpus
from interviewer.retrieval import Index, open_index
from interviewer.retrieval import index as module
from interviewer.schema import Bilingual, Item, KeyPoint


def item(item_id: str, zh: str, en: str, answer_zh: str = "", answer_en: str = "", point: str = "") -> Item:
    points = (KeyPoint("p", Bilingual("", point)),) if point else ()
    return Item(item_id, "t", Bilingual(zh, en), answer=Bilingual(answer_zh, answer_en), key_points=points)


ITEMS = (
    item(
        "vanishing-gradient", "什么是梯度消失？", "What is a vanishing gradient?", "导数逐层相乘", "derivatives shrink"
    ),
    item("dropout", "随机失活如何防过拟合？", "How does dropout curb overfitting?", point="random masks of units"),
    item(
        "attention", "自注意力怎么算？", "How is self-attention computed?", "点积再归一化", "softmax of scaled products"
    ),
    item(
        "batch-norm", "批归一化做什么？", "What does batch normalisation do?", "标准化激活", "standardises activations"
    ),
)


def corpus_of(*items: Item, digest: str = "c0ffee") -> Corpus:
    empty: MappingProxyType = MappingProxyType({})
    return Corpus(MappingProxyType({i.id: i for i in items}), empty, empty, empty, empty, digest)


class Counting:
    """Passes everything on and counts the texts."""

    def __init__(self, encoder, fingerprint: str | None = None, known: float = 1.0) -> None:
        self._encoder, self._known = encoder, known
        self.fingerprint = fingerprint or encoder.fingerprint
        self.texts: list[str] = []

    def encode(self, texts, *, query=False):
        self.texts += texts
        return self._encoder.encode(texts)

    def known(self, texts):
        return np.full(len(texts), self._known, np.float32)


class ByMeaning:
    """Knows two meanings, whatever the words: training troubles, and everything else."""

    fingerprint = "by-meaning"
    WORDS = ("gradient", "梯度", "signal dies", "信号衰减")

    def encode(self, texts, *, query=False):
        rows = [[1.0, 0.0] if any(w in t.lower() for w in self.WORDS) else [0.0, 1.0] for t in texts]
        return np.array(rows, np.float32).reshape(len(texts), 2)

    def known(self, texts):
        return np.ones(len(texts), np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "index"


@pytest.fixture
def index(encoder, folder) -> Index:
    return open_index(corpus_of(*ITEMS), encoder, folder)


def ids(hits) -> list[str]:
    return [hit.item_id for hit in hits]


# Search


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("vanishing gradients", "vanishing-gradient"),
        ("梯度消失", "vanishing-gradient"),
        ("ＤＲＯＰＯＵＴ", "dropout"),  # full-width letters are letters
        ("什么是 dropout", "dropout"),
        ("attention 自注意力", "attention"),
        ("标准化", "batch-norm"),
    ],
)
def test_words_of_question_or_answer_find_the_item_in_either_language(index, query, expected):
    assert ids(index.search(query))[0] == expected


def test_an_item_is_found_by_a_key_point(index):
    assert ids(index.search("random masks"))[0] == "dropout"


@pytest.mark.parametrize("query", ["the signal dies on its way back", "信号衰减"])
def test_an_item_is_found_by_meaning_without_a_common_word(folder, query):
    hits = open_index(corpus_of(*ITEMS), ByMeaning(), folder).search(query)
    assert hits[0].item_id == "vanishing-gradient"
    assert hits[0].similarity == pytest.approx(1.0)
    assert hits[-1].similarity == pytest.approx(0.0)


def test_the_score_is_near_1_for_what_is_first_by_meaning_and_by_words_and_falls(index):
    hits = index.search("dropout overfitting")
    assert hits[0].item_id == "dropout"
    assert hits[0].score > 0.9  # it has no answer, which could be the nearest
    assert all(a.score >= b.score >= 0 for a, b in pairwise(hits))
    assert hits[1].score < 0.5


def test_an_item_without_an_answer_is_not_pushed_down_for_that(folder):
    """Its missing answer counts as a middling one."""
    bare = item("bare", "什么是信号衰减？", "Why does the signal die?")
    full = item("full", "什么是优化器？", "What is an optimiser?", "更新参数", "updates parameters")
    hits = open_index(corpus_of(bare, full, *ITEMS), ByMeaning(), folder).search("signal dies")
    assert hits[0].item_id in ("bare", "vanishing-gradient")
    assert hits[0].similarity == pytest.approx(1.0)


def test_the_similarity_is_the_cosine_with_the_nearest_text(index, encoder):
    query = "vanishing gradient derivatives"
    nearest = max(
        float((encoder.encode([query]) @ encoder.encode([t]).T).item())
        for t in ("什么是梯度消失？", "What is a vanishing gradient?", "导数逐层相乘", "derivatives shrink")
    )
    assert index.search(query)[0].similarity == pytest.approx(nearest, abs=1e-5)


def test_what_the_model_cannot_read_is_ranked_by_words_alone(encoder, folder):
    index = open_index(corpus_of(*ITEMS), Counting(encoder, known=0.0), folder)
    hits = index.search("dropout")
    assert ids(hits) == ["dropout"]  # the others have neither a common word nor a vector to be trusted
    assert hits[0].score == pytest.approx(1.0)
    assert index.search("zebra crossing") == []


@pytest.mark.parametrize("query", ["", "   ", "？！…", "the of and", "的了吗", "\u200b\u202e", "🙂", "\0"])
def test_a_query_without_words_finds_nothing(index, query):
    assert index.search(query) == []


@pytest.mark.parametrize("query", ["\ud800 dropout", "dropout\0", "drop\u200bout", "((( dropout", "dropout " * 20_000])
def test_an_odd_query_still_finds(index, query):
    assert ids(index.search(query))[0] == "dropout"


def test_only_the_first_2000_characters_of_a_query_count(index):
    assert index.search("。" * 2000 + "dropout") == []
    assert ids(index.search("。" * 1990 + "dropout"))[0] == "dropout"


def test_limit_bounds_the_hits(index):
    assert len(index.search("dropout attention", 2)) == 2
    assert index.search("dropout", 0) == []
    assert len(index.search("dropout attention", 1000)) == len(ITEMS)


def test_only_allowed_items_are_found(index):
    hits = index.search("dropout", allowed=lambda i: i != "dropout")
    assert sorted(ids(hits)) == ["attention", "batch-norm", "vanishing-gradient"]
    assert index.search("dropout", allowed=lambda _: False) == []


def test_an_allowed_item_is_found_however_many_others_are_nearer(encoder, folder):
    # 300 items match the query better than the one that may be returned.
    crowd = [item(f"crowd-{n}", "梯度消失", "vanishing gradient") for n in range(300)]
    index = open_index(corpus_of(*crowd, ITEMS[1]), encoder, folder)
    assert ids(index.search("vanishing gradient units", allowed=lambda i: i == "dropout")) == ["dropout"]


@settings(max_examples=60)
@given(query=st.text(max_size=60))
def test_any_query_gives_the_same_ordered_hits_each_time(tmp_path_factory, query):
    index = _shared(tmp_path_factory)
    hits = index.search(query, 3)
    assert hits == index.search(query, 3)
    assert len(hits) <= 3
    assert len(set(ids(hits))) == len(hits)
    assert all(0 <= h.score <= 1 + 1e-9 for h in hits)
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)


_made: list[Index] = []


def _shared(tmp_path_factory) -> Index:
    if not _made:
        _made.append(open_index(corpus_of(*ITEMS), ByMeaning(), tmp_path_factory.mktemp("shared") / "index"))
    return _made[0]


def test_an_item_without_any_text_can_be_indexed(encoder, folder):
    index = open_index(corpus_of(item("bare-name", "", ""), *ITEMS), encoder, folder)
    assert ids(index.search("bare name"))[0] == "bare-name"


# On disk


def reopened(folder: Path, encoder, corpus: Corpus | None = None) -> tuple[Index, bool]:
    """An index opened again, and whether it was built anew (the corpus was encoded)."""
    counting = Counting(encoder)
    index = open_index(corpus or corpus_of(*ITEMS), counting, folder)
    return index, bool(counting.texts)


def test_a_second_opening_loads_and_finds_the_same(index, encoder, folder):
    again, built = reopened(folder, encoder)
    assert not built
    for query in ("dropout", "梯度消失", "attention softmax", "zebra"):
        assert again.search(query) == index.search(query)


def test_nothing_but_the_index_is_left_beside_it(index, folder):
    assert [p.name for p in folder.parent.iterdir()] == ["index"]


def test_another_corpus_rebuilds(index, encoder, folder):
    changed = corpus_of(*ITEMS[1:], item("new-one", "", "zebra crossing"), digest="beef")
    again, built = reopened(folder, encoder, changed)
    assert built
    assert ids(again.search("zebra"))[0] == "new-one"
    assert "vanishing-gradient" not in ids(again.search("vanishing gradient"))
    assert not reopened(folder, encoder, changed)[1]
    assert [p.name for p in folder.parent.iterdir()] == ["index"]


def test_a_corpus_of_the_same_hash_with_other_items_rebuilds(index, encoder, folder):
    # The hash is over files; what an id stands for must agree whatever the hash says.
    again, built = reopened(folder, encoder, corpus_of(*ITEMS[:2]))
    assert built
    assert set(ids(again.search("attention"))) <= {"vanishing-gradient", "dropout"}


def test_another_encoder_rebuilds(index, encoder, folder):
    other = Counting(encoder, fingerprint="other")
    open_index(corpus_of(*ITEMS), other, folder)
    assert other.texts
    assert reopened(folder, encoder)[1]


def test_another_format_rebuilds(index, encoder, folder, monkeypatch):
    monkeypatch.setattr(module, "FORMAT", module.FORMAT + 1)
    assert reopened(folder, encoder)[1]


def kept_files() -> list[str]:
    return [
        "manifest.json",
        "vectors.faiss",
        "bm25/data.csc.index.npy",
        "bm25/indices.csc.index.npy",
        "bm25/indptr.csc.index.npy",
        "bm25/params.index.json",
        "bm25/vocab.index.json",
    ]


def test_the_files_that_the_tests_below_damage_are_all_there_are(index, folder):
    assert sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()) == sorted(kept_files())


@pytest.mark.parametrize("damage", ["remove", "empty", "truncate", "first", "middle", "last"])
@pytest.mark.parametrize("name", kept_files())
def test_a_damaged_file_rebuilds_and_the_search_is_as_before(index, encoder, folder, name, damage):
    path = folder / name
    content = bytearray(path.read_bytes())
    if damage == "remove":
        path.unlink()
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "truncate":
        path.write_bytes(content[: len(content) // 2])
    else:
        content[{"first": 0, "middle": len(content) // 2, "last": -1}[damage]] ^= 0x15
        path.write_bytes(content)
    again, built = reopened(folder, encoder)
    assert built
    assert again.search("dropout") == index.search("dropout")
    assert not reopened(folder, encoder)[1], "the rebuilt index was not kept"


@pytest.mark.parametrize(
    ("key", "value"),
    [("rows", ["dropout"] * 14), ("documents", ["dropout"] * 4), ("dimension", 3), ("files", {}), ("format", "1")],
)
def test_a_manifest_that_lies_is_not_believed(index, encoder, folder, key, value):
    path = folder / "manifest.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content[key] != value
    path.write_text(json.dumps(content | {key: value}), encoding="utf-8")
    assert reopened(folder, encoder)[1]


@pytest.mark.parametrize("content", ["[]", "null", "{}", "[" * 100_000])
def test_a_manifest_of_another_shape_rebuilds(index, encoder, folder, content):
    (folder / "manifest.json").write_text(content, encoding="utf-8")
    assert reopened(folder, encoder)[1]


def test_a_foreign_file_in_the_folder_is_not_read(index, encoder, folder):
    (folder / "bm25" / "corpus.jsonl").write_text("{}\n", encoding="utf-8")
    assert reopened(folder, encoder)[1]
    assert not (folder / "bm25" / "corpus.jsonl").exists()


def test_a_file_where_the_folder_should_be_gives_way(encoder, folder):
    folder.parent.mkdir()
    folder.write_text("not a folder")
    open_index(corpus_of(*ITEMS), encoder, folder)
    assert not reopened(folder, encoder)[1]


def test_where_nothing_can_be_written_the_index_lives_in_memory(encoder, tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    folder = tmp_path / "file" / "index"
    with caplog.at_level(logging.WARNING):
        index = open_index(corpus_of(*ITEMS), encoder, folder)
    assert ids(index.search("dropout"))[0] == "dropout"
    assert "cannot be kept" in caplog.text
    assert reopened(folder, encoder)[1]


def test_a_failed_write_leaves_no_half_an_index(encoder, folder, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(module, "_hashes", full)
        index = open_index(corpus_of(*ITEMS), encoder, folder)
    assert ids(index.search("dropout"))[0] == "dropout"
    assert list(folder.parent.iterdir()) == []


def test_a_data_folder_can_be_moved(index, encoder, folder, tmp_path):
    moved = Path(shutil.move(folder, tmp_path / "搬走 的 index"))
    assert not reopened(moved, encoder)[1]


def test_an_index_read_through_a_link_is_used(index, encoder, folder, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert not reopened(link, encoder)[1]


def test_one_item_alone_can_be_searched(encoder, folder):
    alone = replace(ITEMS[0], id="alone")
    index = open_index(corpus_of(alone), encoder, folder)
    assert ids(index.search("vanishing")) == ["alone"]
    assert ids(reopened(folder, encoder, corpus_of(alone))[0].search("梯度")) == ["alone"]


def test_an_index_that_grew_is_the_one_that_would_be_built_and_encodes_only_what_is_new(
    tmp_path: Path, encoder
) -> None:
    counting, last = Counting(encoder), ITEMS[-1]
    small = corpus_of(*ITEMS[:-1])
    known = open_index(small, counting, tmp_path / "a").vectors(small)
    counting.texts.clear()
    whole = corpus_of(*ITEMS, digest="beef")
    grown = open_index(whole, counting, tmp_path / "a", known)
    assert sorted(counting.texts) == sorted([last.question.zh, last.question.en, last.answer.zh, last.answer.en])
    built = open_index(whole, Counting(encoder), tmp_path / "b")
    assert grown.search("批归一化", 4) == built.search("批归一化", 4)
    assert (tmp_path / "a" / "vectors.faiss").read_bytes() == (tmp_path / "b" / "vectors.faiss").read_bytes()
