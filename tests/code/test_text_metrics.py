"""Worked examples; perplexity against PyTorch's cross-entropy; corpus BLEU is not a mean of sentences."""

import math
from collections.abc import Callable

import pytest
import text_metrics
import torch
import torch.nn.functional as F

REFERENCE = "the cat sat on the mat".split()
CANDIDATE = "the cat sat on mat".split()


def test_perplexity_by_hand_and_by_pytorch() -> None:
    assert text_metrics.perplexity([0.5, 0.25, 0.125, 0.25]) == pytest.approx(4)
    assert text_metrics.perplexity([0.1] * 7) == pytest.approx(10)
    logits, tokens = torch.randn(9, 5), torch.randint(5, (9,))
    p = logits.softmax(dim=1)[torch.arange(9), tokens]
    assert text_metrics.perplexity(p.tolist()) == pytest.approx(F.cross_entropy(logits, tokens).exp().item(), rel=1e-5)


def test_bits_per_byte_by_hand() -> None:
    assert text_metrics.bits_per_byte(8 * math.log(2), 1) == pytest.approx(8)  # a byte guessed evenly
    assert text_metrics.bits_per_byte(2.0, 4) == pytest.approx(0.7213, abs=1e-4)
    assert text_metrics.bits_per_byte(1.6, 3) == pytest.approx(0.7694, abs=1e-4)  # worse, though 1.6 < 2


def test_bleu_by_hand() -> None:
    matches = [text_metrics.clipped_matches(CANDIDATE, REFERENCE, n) for n in (1, 2, 3, 4)]
    assert matches == [(5, 5), (3, 4), (2, 3), (1, 2)]
    expected = math.exp(1 - 6 / 5) * (1 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25
    assert text_metrics.bleu([CANDIDATE], [REFERENCE]) == pytest.approx(expected)
    assert text_metrics.bleu([REFERENCE], [REFERENCE]) == pytest.approx(1)
    assert text_metrics.bleu([["dog"] * 6], [REFERENCE]) == 0


def test_repetition_is_clipped() -> None:
    assert text_metrics.clipped_matches(["the"] * 6, REFERENCE, 1) == (2, 6)


def test_corpus_bleu_adds_up_before_dividing() -> None:
    # Unigrams 1/2 and 4/4: together 5/6, not the mean 3/4.
    candidates, references = [["a", "x"], list("bcde")], [["a", "b"], list("bcde")]
    assert text_metrics.bleu(candidates, references, longest=1) == pytest.approx(5 / 6)


def test_brevity_and_recall() -> None:
    assert text_metrics.brevity_penalty(6, 6) == text_metrics.brevity_penalty(9, 6) == 1
    assert text_metrics.brevity_penalty(3, 6) == pytest.approx(math.exp(-1))
    assert text_metrics.brevity_penalty(0, 6) == 0
    assert text_metrics.rouge_1_recall(CANDIDATE, REFERENCE) == pytest.approx(5 / 6)


def test_illegal_input_is_refused() -> None:
    for bad in ([], [0.0], [1.5]):
        with pytest.raises(ValueError, match="probability"):
            text_metrics.perplexity(bad)
    with pytest.raises(ValueError, match="bytes"):
        text_metrics.bits_per_byte(1.0, 0.0)
    with pytest.raises(ValueError, match="references"):
        text_metrics.bleu([CANDIDATE], [])
    with pytest.raises(ValueError, match="empty"):
        text_metrics.rouge_1_recall(CANDIDATE, [])


@pytest.mark.slow
def test_main_prints_the_worked_numbers(run_main: Callable[[str], str]) -> None:
    printed = run_main("text_metrics.py")
    assert "perplexity 4.00" in printed
    assert "n-grams found 5/5, 3/4, 2/3, 1/2; brevity 0.819; BLEU-4 0.579, ROUGE-1 recall 0.833" in printed
    assert "2/6 with clipping" in printed
    wrong, right = (float(line.split()[1]) for line in printed.splitlines() if line.startswith("  BLEU-4"))
    assert wrong > 0.6 > 0.1 > right  # the opposite scores high, a paraphrase does not
