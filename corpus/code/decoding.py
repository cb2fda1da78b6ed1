"""Decoding: how a next-token distribution becomes text. Greedy, sampling, and beam search.

Sampling draws the next token from a reshaped softmax:
    temperature T   softmax(logits / T): below 1 sharper, above 1 flatter, towards 0 greedy; order unchanged
    top-k           only the k most likely, renormalised: always k, however sure the model is
    top-p           the smallest set whose probabilities reach p, renormalised: few when sure, many when not

Searching looks for one likely sequence, log p(y) = sum_t log p(y_t | y_<t). Greedy takes the best token
each time and may miss the best sequence; beam search keeps the `width` best prefixes. A sum of negative
numbers favours short texts, so finished ones are compared by log p / length^alpha.

When: search for translation or speech recognition, where the answer is nearly determined; sampling for
open-ended writing, where the most likely text is bland and goes round in circles (`main` shows it).

Papers: Fan, Lewis and Dauphin, "Hierarchical Neural Story Generation", 2018 (top-k); Holtzman et al.,
"The Curious Case of Neural Text Degeneration", 2020 (top-p); Wu et al., "Google's Neural Machine
Translation System", 2016 (length normalisation, in a slightly different form).

Run: python corpus/code/decoding.py    (a letter model of the descriptions in scikit-learn's data sets)
"""

# mypy: allow-untyped-calls

import itertools
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import NamedTuple

import torch
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor

NextLogProbs = Callable[[tuple[int, ...]], Tensor]  # a model: from a prefix to log p of the next token (V,)


def with_temperature(logits: Tensor, temperature: float) -> Tensor:
    """Divide the logits (..., V); for T = 0 take the argmax instead of calling this."""
    if temperature <= 0:
        raise ValueError("the temperature must be positive; for 0 decode greedily")
    return logits / temperature


def keep_top_k(logits: Tensor, k: int) -> Tensor:
    """Set all but the k largest logits (..., V) to -inf; equal ones are cut at k as well."""
    if not 1 <= k <= logits.shape[-1]:
        raise ValueError(f"k must lie in 1..{logits.shape[-1]}, not {k}")
    places = logits.topk(k, dim=-1).indices
    return torch.full_like(logits, -math.inf).scatter(-1, places, logits.gather(-1, places))


def keep_top_p(logits: Tensor, p: float) -> Tensor:
    """Set to -inf what lies outside the smallest set of tokens whose probabilities add up to p or more."""
    if not 0 < p <= 1:
        raise ValueError(f"p must lie in (0, 1], not {p}")
    ordered, places = logits.sort(dim=-1, descending=True)
    probabilities = ordered.softmax(dim=-1)
    # Keep a token while those BEFORE it fall short of p: the one that crosses p stays, and so at least one does.
    kept = probabilities.cumsum(dim=-1) - probabilities < p
    return torch.full_like(logits, -math.inf).scatter(-1, places, ordered.masked_fill(~kept, -math.inf))


def sample(
    model: NextLogProbs, prefix: tuple[int, ...], steps: int, shape: Callable[[Tensor], Tensor], seed: int = 0
) -> tuple[int, ...]:
    """Draw `steps` tokens, each from softmax(shape(log p)); log probabilities serve as logits."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        probabilities = shape(model(prefix)).softmax(dim=-1)
        prefix = (*prefix, int(torch.multinomial(probabilities, 1, generator=generator)))
    return prefix


def greedy(model: NextLogProbs, prefix: tuple[int, ...], steps: int, end: int | None = None) -> tuple[int, ...]:
    """Take the most likely token each time, up to `end`."""
    for _ in range(steps):
        prefix = (*prefix, int(model(prefix).argmax()))
        if prefix[-1] == end:
            break
    return prefix


class Hypothesis(NamedTuple):
    """Tokens after the start, with END if finished, and their log probability."""

    tokens: tuple[int, ...]
    log_p: float

    def score(self, alpha: float) -> float:
        """Return log p / length^alpha: alpha 0 is log p itself, 1 the mean per token."""
        return self.log_p / math.pow(max(1, len(self.tokens)), alpha)


def beam_search(
    model: NextLogProbs, width: int, steps: int, end: int | None = None, alpha: float = 0.0, start: tuple[int, ...] = ()
) -> list[Hypothesis]:
    """Return the finished hypotheses and those cut at `steps`, best first by the normalised score."""
    if width < 1 or steps < 1:
        raise ValueError("width and steps must be at least 1")
    beam, finished = [Hypothesis((), 0.0)], []
    for _ in range(steps):
        grown = [
            Hypothesis((*hypothesis.tokens, token), hypothesis.log_p + log_p)
            for hypothesis in beam
            for token, log_p in enumerate(model((*start, *hypothesis.tokens)).tolist())
            if log_p > -math.inf
        ]
        best = sorted(grown, key=lambda hypothesis: -hypothesis.log_p)[:width]  # equally long: no need to normalise
        finished += [hypothesis for hypothesis in best if hypothesis.tokens[-1] == end]
        beam = [hypothesis for hypothesis in best if hypothesis.tokens[-1] != end]
        if not beam:
            break
    return sorted(finished + beam, key=lambda hypothesis: -hypothesis.score(alpha))


def exhaustive_search(
    model: NextLogProbs, vocab_size: int, steps: int, end: int | None = None, alpha: float = 0.0
) -> Hypothesis:
    """Return the best of ALL sequences that end with `end` or have `steps` tokens: V^steps of them."""
    found = []
    for length in range(1, steps + 1):
        for tokens in itertools.product(range(vocab_size), repeat=length):
            if end not in tokens[:-1] and (tokens[-1] == end or length == steps):
                log_p = sum(float(model(tokens[:i])[token]) for i, token in enumerate(tokens))
                found.append(Hypothesis(tokens, log_p))
    return max(found, key=lambda hypothesis: hypothesis.score(alpha))


def trap(prefix: tuple[int, ...]) -> Tensor:
    """A model over a=0, b=1, END=2 in which the best first token leads nowhere good."""
    tables = {(): (0.5, 0.4, 0.1), (0,): (0.4, 0.3, 0.3), (1,): (0.05, 0.05, 0.9)}
    return torch.tensor(tables.get(prefix, (0.3, 0.3, 0.4))).log()


def letter_model(text: str, order: int = 3) -> tuple[NextLogProbs, str]:
    """Return a model that has counted which letter follows each `order` letters, and its alphabet."""
    alphabet = "".join(sorted(set(text)))
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for i in range(len(text)):
        for length in range(min(i, order) + 1):
            counts[text[i - length : i]][text[i]] += 1

    def model(prefix: tuple[int, ...]) -> Tensor:
        context = "".join(alphabet[token] for token in prefix[-order:])
        while context not in counts:
            context = context[1:]  # back off to a shorter context that did occur
        seen = torch.tensor([counts[context][letter] for letter in alphabet], dtype=torch.float64)
        return (seen / seen.sum()).log()

    return model, alphabet


def main() -> None:
    """Reshape four logits, fall into greedy's trap, and write letters in four ways."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    logits = torch.tensor([3.0, 2.0, 1.0, 0.0])
    rows = [(f"temperature {t:g}", with_temperature(logits, t)) for t in (1.0, 0.5, 2.0)]
    for name, row in (*rows, ("top-k = 2", keep_top_k(logits, 2)), ("top-p = 0.9", keep_top_p(logits, 0.9))):
        print(f"logits 3, 2, 1, 0, {name:<15}", "  ".join(f"{p:.3f}" for p in row.softmax(dim=0)))

    names = ("a", "b", "END")
    best = exhaustive_search(trap, 3, 4, end=2)
    for width in (1, 2):
        found = beam_search(trap, width, 4, end=2)[0]
        print(
            f"beam of {width}: {' '.join(names[token] for token in found.tokens):<12} p = {math.exp(found.log_p):.3f}"
        )
    print(f"all sequences: {' '.join(names[token] for token in best.tokens)}, p = {math.exp(best.log_p):.3f}")

    loaders = (load_iris, load_wine, load_digits, load_breast_cancer, load_diabetes)
    letters = re.sub(r"[^A-Za-z,.]+", " ", " ".join(loader().DESCR for loader in loaders))
    model, alphabet = letter_model(letters)
    start, steps = tuple(alphabet.index(letter) for letter in "The "), 150
    ways = {
        "greedy": greedy(model, start, steps),
        "beam of 8": (*start, *beam_search(model, 8, steps, start=start)[0].tokens),
        "top-p = 0.7": sample(model, start, steps, lambda logits: keep_top_p(logits, 0.7)),
        "temperature 1": sample(model, start, steps, lambda logits: with_temperature(logits, 1.0)),
    }
    for name, tokens in ways.items():
        written = "".join(alphabet[token] for token in tokens)
        log_p = sum(float(model(tokens[:i])[tokens[i]]) for i in range(len(start), len(tokens)))
        pieces = [written[i : i + 12] for i in range(len(written) - 11)]
        print(
            f"{name:<14} log p {log_p:7.1f}, distinct stretches of 12 letters {len(set(pieces)) / len(pieces):4.0%}",
            end="",
        )
        print(f": {written[:60]!r}")


if __name__ == "__main__":
    main()
