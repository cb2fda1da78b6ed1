"""Text metrics: perplexity of a language model, BLEU and ROUGE of a text beside a reference.

What:

    perplexity   exp(mean of -log p(token)): as if guessing among that many equally likely tokens
    bits / byte  total of -log2 p / bytes of the text: comparable where tokenisers differ
    BLEU-4       BP * (p_1 p_2 p_3 p_4)^(1/4), p_n the share of the candidate's n-grams found in the
                 reference, each at most as often as there; BP = exp(1 - r / c) for a candidate shorter (c < r)
    ROUGE-1      the share of the reference's words found in the candidate (recall)

Limits: BLEU and ROUGE see surface overlap. A paraphrase scores low, a "not" more or less hardly counts, and
BLEU is meant for a corpus: the counts are added up over all sentences before dividing.

Papers: Papineni et al., "BLEU: a Method for Automatic Evaluation of Machine Translation", 2002;
Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", 2004.

Run: python corpus/code/text_metrics.py    (worked examples, and what the metrics cannot see)
"""

import math
from collections import Counter
from collections.abc import Sequence

Words = Sequence[str]


def perplexity(probabilities: Sequence[float]) -> float:
    """Return exp of the mean negative log-likelihood of tokens that the model gave these probabilities."""
    if not probabilities or not all(0 < p <= 1 for p in probabilities):
        raise ValueError("need at least one probability, each above 0 and at most 1")
    return math.exp(-sum(map(math.log, probabilities)) / len(probabilities))


def bits_per_byte(nats_per_token: float, bytes_per_token: float) -> float:
    """Return a loss in nats per token as bits per byte: the tokeniser cancels out."""
    if bytes_per_token <= 0 or nats_per_token < 0:
        raise ValueError(f"need a loss not negative and bytes above 0: {nats_per_token}, {bytes_per_token}")
    return nats_per_token / math.log(2) / bytes_per_token


def ngrams(words: Words, n: int) -> Counter[tuple[str, ...]]:
    """Count the runs of n words."""
    return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))


def clipped_matches(candidate: Words, reference: Words, n: int) -> tuple[int, int]:
    """Return how many n-grams of the candidate the reference has, each at most as often as there, and of how many."""
    found, wanted = ngrams(candidate, n), ngrams(reference, n)
    return sum(min(count, wanted[gram]) for gram, count in found.items()), sum(found.values())


def bleu(candidates: Sequence[Words], references: Sequence[Words], longest: int = 4) -> float:
    """Return corpus BLEU with one reference each, unsmoothed: 0 if some length of n-gram has no match."""
    if not candidates or len(candidates) != len(references) or longest < 1:
        raise ValueError("need as many references as candidates, at least one, and n-grams of at least one word")
    pairs = list(zip(candidates, references, strict=True))
    log_precision = 0.0
    for n in range(1, longest + 1):
        matches, total = (sum(column) for column in zip(*(clipped_matches(*pair, n) for pair in pairs), strict=True))
        if matches == 0:
            return 0.0
        log_precision += math.log(matches / total) / longest
    return brevity_penalty(sum(map(len, candidates)), sum(map(len, references))) * math.exp(log_precision)


def brevity_penalty(candidate_length: int, reference_length: int) -> float:
    """Return exp(1 - r / c) for a candidate that is too short: precision alone would reward saying little."""
    if candidate_length < 1:
        return 0.0
    return min(1.0, math.exp(1 - reference_length / candidate_length))


def rouge_1_recall(candidate: Words, reference: Words) -> float:
    """Return the share of the reference's words that the candidate has, counted with repetitions."""
    if not reference:
        raise ValueError("the reference is empty")
    return clipped_matches(reference, candidate, 1)[0] / len(reference)


def main() -> None:
    """Work the examples, then score sentences that people would judge the other way round."""
    print(f"probabilities 1/2, 1/4, 1/8, 1/4: perplexity {perplexity([0.5, 0.25, 0.125, 0.25]):.2f}")
    for name, nats, size in (("A", 2.0, 4.0), ("B", 1.6, 3.0)):
        print(f"model {name}: {nats} nats a token of {size:.0f} bytes, perplexity {math.exp(nats):.2f}", end="")
        print(f", {bits_per_byte(nats, size):.3f} bits a byte")
    reference = "the cat sat on the mat".split()
    candidate = "the cat sat on mat".split()
    shares = ", ".join("{}/{}".format(*clipped_matches(candidate, reference, n)) for n in (1, 2, 3, 4))
    print(f"'{' '.join(candidate)}': n-grams found {shares}; brevity {brevity_penalty(5, 6):.3f}; ", end="")
    print(f"BLEU-4 {bleu([candidate], [reference]):.3f}, ROUGE-1 recall {rouge_1_recall(candidate, reference):.3f}")
    matches, total = clipped_matches(["the"] * 6, reference, 1)
    print(f"'the the the the the the': {matches}/{total} with clipping, 6/6 without")
    print("reference 'the drug is safe for children under the age of five':")
    reference = "the drug is safe for children under the age of five".split()
    opposite = ["the", "drug", "is", "not", *reference[3:]]
    for words in (opposite, "small kids may take this medicine safely".split()):
        overlap = rouge_1_recall(words, reference)
        print(f"  BLEU-4 {bleu([words], [reference]):.3f}  ROUGE-1 {overlap:.3f}  {' '.join(words)}")


if __name__ == "__main__":
    main()
