"""The encoder's training, in small: vocabulary, word translation, opposites, one short run, and what is published."""

import gzip
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from transformers import AutoTokenizer, BertConfig, BertModel

from interviewer.training.encoder import data as sources
from interviewer.training.encoder.contrast import flip, flips
from interviewer.training.encoder.distil import Config, Data, Run, Stage, embed, pooled, student_from, tokens_of
from interviewer.training.encoder.publish import publish
from interviewer.training.encoder.vocabulary import (
    SPECIAL,
    build,
    chinese_tokens,
    first_vectors,
    han_runs,
    translations,
    word_pattern,
)

ENGLISH = [*SPECIAL, "the", "gradient", "vanishes", "loss", "##es", "is", "low", "high", ",", "s", "a", "b"]
CHINESE = ["梯", "度", "消", "失", "损", "很", "低", "高", "梯度", "消失", "损失"]
TRADITIONAL = {"损失": "損失", "损": "損"}


@pytest.fixture
def tokenizer(tmp_path: Path) -> Tokenizer:
    return build(ENGLISH, CHINESE, lambda t: TRADITIONAL.get(t, t), tmp_path / "tokenizer")


def test_the_longest_word_is_taken_and_the_rest_by_character(tokenizer):
    assert tokenizer.encode("梯度消失, the losses", add_special_tokens=False).tokens == [
        "梯度",
        "消失",
        ",",
        "the",
        "loss",
        "##es",
    ]
    assert tokenizer.encode("失梯度低", add_special_tokens=False).tokens == ["失", "梯度", "低"]
    assert tokenizer.encode("外", add_special_tokens=False).tokens == ["[UNK]"]


def test_traditional_and_full_width_forms_share_rows(tokenizer):
    assert tokenizer.encode("損失很低").ids == tokenizer.encode("损失很低").ids
    assert tokenizer.encode("ＴＨＥ，LOSS").ids == tokenizer.encode("the,loss").ids


def test_the_written_tokenizer_is_what_transformers_loads(tokenizer, tmp_path):
    loaded = AutoTokenizer.from_pretrained(tmp_path / "tokenizer")
    text = "損失 and 梯度消失"
    assert loaded(text)["input_ids"] == tokenizer.encode(text).ids
    assert (loaded.pad_token_id, loaded.unk_token_id, loaded.cls_token_id) == (0, 1, 2)


def test_a_token_named_twice_is_refused(tmp_path):
    with pytest.raises(ValueError, match="twice"):
        build(ENGLISH, [*CHINESE, "the"], str, tmp_path)


def test_the_pattern_is_quick_on_a_hundred_thousand_characters():
    words = [chr(0x4E00 + i) + chr(0x4E00 + 7 * i % 5000) for i in range(5000)]
    pattern = word_pattern(words)
    from tokenizers import Regex, pre_tokenizers

    split = pre_tokenizers.Split(Regex(pattern), "isolated")
    text = "".join(random.Random(0).choices([w[0] for w in words], k=100_000))
    assert "".join(part for part, _ in split.pre_tokenize_str(text)) == text


def test_words_are_those_of_the_dictionary_or_that_stick_together():
    term = ["过拟合很常见", "防止过拟合", "它过拟合吗", "又过拟合了"] * 30
    runs = han_runs([*term, *["我们用梯度"] * 30, *["梯度很小", "用很常小见们", "到处是人"] * 90, *["山水云月"] * 2000])
    characters, words = chinese_tokens(runs, ["梯度", "我们", "没见过"], words=50)
    assert "过拟合" in words
    assert "梯度" in words
    assert "过拟" not in words  # never without its third character
    assert "没见过" not in words
    assert set("过拟合梯度") <= set(characters)


def test_word_translation_finds_what_goes_together():
    # 1 is always there with 10, 2 with 20; 3 and 30 are in every sentence.
    zh = [[1, 3], [2, 3], [1, 2, 3], [1, 3], [2, 3]] * 4
    en = [[10, 30], [20, 30], [10, 20, 30], [10, 30], [20, 30]] * 4
    source, target, chance = translations(zh, en, rounds=20)
    best = {int(s): int(target[source == s][chance[source == s].argmax()]) for s in np.unique(source)}
    assert best == {1: 10, 2: 20, 3: 30}
    for s in np.unique(source):
        assert chance[source == s].sum() == pytest.approx(1)


def test_first_vectors_trust_the_data_as_far_as_they_go():
    table = np.eye(3, dtype=np.float32)
    aligned = (np.array([3, 3]), np.array([0, 1]), np.array([0.9, 0.1]))
    rows = first_vectors(["甲", "乙", "丙"], lambda t: [[2]] if t != "丙" else [], aligned, {3: 20}, 3, table)
    assert rows[0] == pytest.approx([0.45, 0.05, 0.5])  # half the data's, half the dictionary's
    assert rows[1] == pytest.approx([0, 0, 1])
    assert rows[2] == pytest.approx(table.mean(0))


@pytest.mark.parametrize(
    ("sentence", "opposite"),
    [
        ("模型不会收敛", "模型会收敛"), ("模型会收敛", "模型不会收敛"), ("这是必须的", "这是不必的"),
        ("学习率增大", "学习率减小"), ("The loss is low.", "The loss is not low."), ("It does not converge", "It does converge"),
        ("It cannot converge", "It can converge"), ("Errors increase quickly", "Errors decrease quickly"),
    ],
)  # fmt: skip
def test_a_flip_says_the_opposite(sentence, opposite):
    assert opposite in flips(sentence, chinese=not sentence.isascii())


@pytest.mark.parametrize("sentence", ["进行训练", "现有网络", "会议", "能力", "Hello there"])
def test_a_word_that_only_looks_like_a_rule_is_left_alone(sentence):
    found = flip(sentence, not sentence.isascii(), random.Random(0))
    assert found is None or (sentence == "进行训练" and found == "进行测试")


def small(rows: int) -> BertModel:
    torch.manual_seed(0)
    return BertModel(
        BertConfig(
            vocab_size=rows, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
            max_position_embeddings=40, pad_token_id=0,
        ),
        add_pooling_layer=False,
    ).eval()  # fmt: skip


@pytest.fixture
def run_of(tokenizer, tmp_path):
    words = [("the gradient vanishes", "梯度消失"), ("the loss is low", "损失很低"), ("the loss is high", "损失很高")]
    pairs = [sources.Pair(en, zh, "x") for en, zh in words] * 12
    data = Data(
        pairs,
        pairs,
        [
            sources.Triplet("损失很低", "损失低", "损失很高"),
            sources.Triplet("the loss is low", "loss low", "loss is high"),
        ]
        * 12,
        [sources.Scored("the loss", "loss", 0.9), sources.Scored("the loss", "gradient", 0.1)] * 12,
        [
            sources.Claim(("损失很低", "损失低"), ("损失很高",), ("the loss is low",)),
            sources.Claim(("the loss is low", "loss low"), ("the loss is high",), ()),
        ]
        * 12,
    )

    def make(steps: int = 8) -> Run:
        teacher = small(len(ENGLISH))
        table = teacher.embeddings.word_embeddings.weight.detach()
        rows = torch.cat([table, torch.randn(len(CHINESE), 16) * 0.02])
        student = student_from(teacher, rows, 40).train()
        mix = {"pairs": 0.46, "paragraphs": 0.08, "nli": 0.2, "flips": 0.18, "sts": 0.08}
        later = {"pairs": 0.5, "claims": 0.5}
        stages = (Stage(steps - 4, 1e-4, 0.01, mix, plain=0.25), Stage(4, 1e-4, 0.01, later))
        config = Config(stages=stages, batch=36, warm_up=2, save_every=4, evaluate_every=4)
        return Run(config, data, student, teacher, (tokenizer, tokenizer), len(ENGLISH), {}, tmp_path)

    return make


def test_the_student_starts_as_the_teacher(run_of, tokenizer):
    run = run_of()
    tokens = tokens_of(tokenizer, ["the loss is low", "a"], 40)
    teacher = small(len(ENGLISH))
    assert np.allclose(embed(run.student, tokens), embed(teacher, tokens), atol=1e-6)


def test_padding_changes_no_vector(run_of, tokenizer):
    run = run_of()
    short, long = tokens_of(tokenizer, ["loss", "the gradient vanishes, the loss is low"], 40)
    with torch.no_grad():
        assert torch.allclose(pooled(run.student, [short, long])[0], pooled(run.student, [short])[0], atol=1e-6)


def test_a_run_learns_leaves_english_rows_alone_and_goes_on_after_a_stop(run_of):
    run = run_of(60)
    before = run.student.embeddings.word_embeddings.weight.detach().clone()
    losses = [run.loss("pairs").item()]
    seen = []
    run.train(lambda *_: seen.append(run.step) or {})
    losses.append(run.loss("pairs").item())
    assert losses[1] < 0.7 * losses[0]
    assert seen == [*range(4, 57, 4), 4]  # steps are counted within a stage
    after = run.student.embeddings.word_embeddings.weight.detach()
    assert torch.equal(before[: len(ENGLISH)], after[: len(ENGLISH)])
    assert not torch.equal(before[len(ENGLISH) :], after[len(ENGLISH) :])

    again = run_of(60)
    assert again.resume()
    assert (again.stage, again.step) == (2, 0)
    assert torch.equal(again.student.embeddings.word_embeddings.weight, after)


@pytest.mark.parametrize("kind", ["pairs", "paragraphs", "nli", "flips", "claims", "sts"])
def test_every_kind_of_step_has_a_loss_with_a_gradient(run_of, kind):
    run = run_of()
    run.loss(kind).backward()
    grads = [p.grad for p in run.student.parameters() if p.grad is not None]
    assert grads
    assert all(torch.isfinite(g).all() for g in grads)
    assert any(g.abs().sum() > 0 for g in grads)


def test_what_is_published_is_what_was_trained(run_of, tokenizer, tmp_path):
    from sentence_transformers import SentenceTransformer

    run = run_of()
    size = publish(
        run.student.state_dict(), tmp_path / "tokenizer", run.student.config.to_dict(), "card", tmp_path / "out"
    )
    assert size == sum(p.stat().st_size for p in (tmp_path / "out").rglob("*") if p.is_file())
    loaded = SentenceTransformer(str(tmp_path / "out"), device="cpu", local_files_only=True)
    texts = ["the loss is low", "梯度消失", "損失很高"]
    ours = embed(run.student, tokens_of(tokenizer, texts, 40))
    theirs = loaded.encode(texts, show_progress_bar=False)
    assert (ours * theirs).sum(1) == pytest.approx(1, abs=2e-3)
    assert {p.dtype for p in loaded.parameters()} == {torch.float32}


def test_only_usable_pairs_are_read(tmp_path):
    rows = [
        "Gradients vanish in deep nets.\t深层网络里梯度会消失。\tours\t", "Same\tSame text\tours\t", "x\t模型\tours\t",
        "A very long English sentence that goes on and on and on and on for a while.\t是的\tours\t",
        "The loss is low here.\t这里的损失很低。\tesp-idf\t",
    ]  # fmt: skip
    with gzip.open(tmp_path / "parallel.tsv.gz", "wt", encoding="utf-8") as out:
        out.write("\n".join(rows) + "\n")
    assert sorted(p.source for p in sources.parallel(tmp_path, 0)) == ["esp-idf", "ours"]


def test_claims_leave_out_the_items_kept_for_testing():
    from interviewer.corpus import load_corpus

    items = load_corpus().items
    some = [items["vae-loss"], items["vae-reparameterisation"]]
    found = sources.claims(some, {"vae-loss"})
    points = items["vae-reparameterisation"].key_points
    assert len(found) == 2 * len(points)
    assert found[0].right == (points[0].text.zh, *points[0].also.zh)
    assert found[0].wrong == tuple(points[0].contradictions.zh)
    assert found[1].elsewhere == found[0].right
    drawn = [found[0].draw(random.Random(n)) for n in range(40)]
    assert all(t.anchor in found[0].right and t.negative in found[0].wrong and t.anchor != t.positive for t in drawn)
    assert {t.positive in found[0].elsewhere for t in drawn} == {True, False}
