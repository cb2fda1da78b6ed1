"""The shipped cross-encoder, and any other in its place."""

from pathlib import Path

import numpy as np
import pytest

from interviewer.errors import ModelUnavailable
from interviewer.grading import Entailment, load_entailment

PAIRS = [
    ("ReLU keeps the gradient at one for positive inputs.", "ReLU keeps the gradient at one for positive inputs."),
    ("批归一化按通道跨样本求均值和方差。", "批归一化按通道在整个批次上统计。"),
    ("I like strawberries with cream.", "Adam keeps running averages of the gradient and of its square."),
    ("Dropout is active at test time and off during training.", "Dropout is switched off at test time."),
    ("", "a claim"),
]


@pytest.fixture(scope="module")
def entailment() -> Entailment:
    return load_entailment()


def test_chances_sum_to_one_and_keep_the_pairs_order(entailment: Entailment) -> None:
    found = entailment.judge(PAIRS)
    assert found.shape == (len(PAIRS), 3)
    assert np.allclose(found.sum(axis=1), 1.0, atol=1e-5)
    assert np.array_equal(entailment.judge(PAIRS[::-1]), found[::-1])


def test_a_pair_is_judged_alike_alone_and_in_a_batch(entailment: Entailment) -> None:
    together = entailment.judge(PAIRS)
    for pair, row in zip(PAIRS, together, strict=True):
        assert np.allclose(load_once().judge([pair])[0], row, atol=1e-4)


def load_once(made: list[Entailment] = []) -> Entailment:  # noqa: B006
    """A second copy, which remembers nothing of the first one's pairs."""
    if not made:
        made.append(load_entailment())
    return made[0]


def test_the_same_words_are_covered_and_a_reversal_less_so(entailment: Entailment) -> None:
    same, _, off, reversed_, _ = entailment.judge(PAIRS)
    assert same.argmax() == 0
    assert off.argmax() == 1
    # It is small: a reversal in the same words only makes it doubt (see its card).
    assert reversed_[2] > same[2] + 0.1


def test_nothing_to_judge_is_no_error(entailment: Entailment) -> None:
    assert entailment.judge([]).shape == (0, 3)


def test_very_long_and_broken_texts_are_taken(entailment: Entailment) -> None:
    found = entailment.judge([("gradient " * 5000, "\ud800 half a pair"), ("\x00", "😀")])
    assert np.isfinite(found).all()


def tiny_cross_encoder(folder: Path, labels: list[str]) -> Path:
    """A BERT cross-encoder of a few thousand parameters, saved as the library saves them."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b", "c"]
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    ).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=32, num_labels=len(labels), id2label=dict(enumerate(labels)),
    )  # fmt: skip
    model = BertForSequenceClassification(config)
    model.classifier.weight.data.zero_()
    model.classifier.bias.data = torch.tensor([3.0, 0.0, 0.0])  # always the first label
    model.save_pretrained(folder)
    return folder


def test_another_models_labels_are_read_not_assumed(tmp_path: Path) -> None:
    folder = tiny_cross_encoder(tmp_path / "nli", ["contradiction", "entailment", "neutral"])
    found = load_entailment(str(folder))
    assert found.fingerprint == "nli"
    assert (found.judge([("a b", "c"), ("b", "a")]).argmax(axis=1) == 2).all()


def test_a_model_with_other_labels_is_refused(tmp_path: Path) -> None:
    folder = tiny_cross_encoder(tmp_path / "sentiment", ["bad", "good", "so-so"])
    with pytest.raises(ModelUnavailable, match="labels bad, good, so-so"):
        load_entailment(str(folder))


def test_a_missing_model_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="INTERVIEWER_ENTAILMENT"):
        load_entailment(str(tmp_path))
