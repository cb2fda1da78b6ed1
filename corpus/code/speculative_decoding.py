"""Speculative decoding: a small model drafts, the large model checks, and the text is the large one's.

What: the draft model q writes g tokens, one after another. The target model p scores all of them in ONE
pass. From the left, a drafted x is accepted with probability min(1, p(x) / q(x)). The first rejected one
is replaced by a draw from the residual, max(0, p - q) normalised, and the rest of the draft is thrown
away. If all g are accepted, the same pass gives one more token for nothing.

Why nothing changes: x comes out as an accepted draft with probability min(p(x), q(x)), and as a replacement
with P(rejected) * max(0, p(x) - q(x)) / P(rejected), as P(rejected) = sum max(0, p - q). The sum is p(x).

Why it is faster: writing a token reads all the weights to multiply by one vector, and memory bandwidth is
the limit; checking g + 1 positions reads them once as well. With acceptance rate a per token (tokens
taken as independent) and a draft step that costs c target passes,

    tokens a round = (1 - a^(g+1)) / (1 - a),      speed-up = tokens a round / (1 + g c)

Papers: Leviathan, Kalman and Matias, "Fast Inference from Transformers via Speculative Decoding", 2023;
Chen et al., "Accelerating Large Language Model Decoding with Speculative Sampling", 2023.

Run: python corpus/code/speculative_decoding.py    (two small Markov chains, and a chi-square test)
"""

# mypy: allow-untyped-calls

from collections.abc import Callable

import torch
from scipy.stats import chisquare  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor

Model = Callable[[list[int]], Tensor]  # from the tokens so far to the probabilities of the next one (V,)


def check_distribution(p: Tensor) -> None:
    """Refuse what is not a distribution; logits are the usual mistake."""
    if (p < 0).any() or not torch.isclose(p.sum(), p.new_tensor(1.0), atol=1e-4):
        raise ValueError("expected probabilities that add up to 1, not logits")


def acceptance_rate(p: Tensor, q: Tensor) -> Tensor:
    """Return the probability that a draft from q is accepted: sum min(p, q) = 1 - total variation."""
    return torch.minimum(p, q).sum(dim=-1)


def residual(p: Tensor, q: Tensor) -> Tensor:
    """Return max(0, p - q), normalised: where the draft proposes too rarely."""
    gap = (p - q).clamp(min=0)
    if gap.sum() == 0:
        raise ValueError("p equals q: nothing is ever rejected")
    return gap / gap.sum()


def verify(draft: list[int], qs: list[Tensor], ps: list[Tensor], generator: torch.Generator) -> tuple[list[int], int]:
    """Return the tokens of the round, and how many drafted ones were accepted.

    qs[i] (V,) is what draft[i] was drawn from; ps[i] is the target's distribution at the same place, and
    the last of the g + 1 follows the whole draft.
    """
    if not len(draft) == len(qs) == len(ps) - 1:
        raise ValueError("need one q for each drafted token, and one p more")
    for i, (token, q, p) in enumerate(zip(draft, qs, ps, strict=False)):
        if torch.rand((), generator=generator) * q[token] >= p[token]:  # u >= p / q: rejected
            replacement = torch.multinomial(residual(p, q), 1, generator=generator)
            return [*draft[:i], int(replacement)], i
    return [*draft, int(torch.multinomial(ps[-1], 1, generator=generator))], len(draft)


def speculative_round(
    target: Model, draft_model: Model, tokens: list[int], g: int, generator: torch.Generator
) -> tuple[list[int], int]:
    """Draft g tokens after `tokens`, verify them; return the new tokens (1 to g + 1), and how many were accepted."""
    if g < 1:
        raise ValueError("a round drafts at least one token")
    draft: list[int] = []
    qs: list[Tensor] = []
    for _ in range(g):
        qs.append(draft_model(tokens + draft))
        check_distribution(qs[-1])
        draft.append(int(torch.multinomial(qs[-1], 1, generator=generator)))
    # A Transformer gives these g + 1 distributions in one pass over the drafted tokens.
    ps = [target(tokens + draft[:i]) for i in range(g + 1)]
    check_distribution(ps[0])
    return verify(draft, qs, ps, generator)


def generate(
    target: Model, draft_model: Model, start: list[int], count: int, g: int, seed: int = 0
) -> tuple[list[int], int, float]:
    """Write `count` tokens or a few more; return them, the rounds (target passes), and the share of drafts accepted.

    The share counts only drafts that were looked at: those behind a rejected one are not judged.
    """
    generator = torch.Generator().manual_seed(seed)
    tokens, rounds, accepted, judged = list(start), 0, 0, 0
    while len(tokens) < len(start) + count:
        new, good = speculative_round(target, draft_model, tokens, g, generator)
        tokens, rounds = tokens + new, rounds + 1
        accepted, judged = accepted + good, judged + min(good + 1, g)
    return tokens, rounds, accepted / judged


def tokens_per_round(a: float, g: int) -> float:
    """Return the expected tokens of a round, 1 + a + .. + a^g."""
    if not 0 <= a <= 1:
        raise ValueError(f"an acceptance rate lies in [0, 1], not {a}")
    return sum(a**i for i in range(g + 1))


def speed_up(a: float, g: int, cost: float) -> float:
    """Return how many times faster than the target alone, if a draft step costs `cost` target passes."""
    return tokens_per_round(a, g) / (1 + g * cost)


def one_token(p: Tensor, q: Tensor, count: int, rule: str, seed: int = 0) -> Tensor:
    """Draw `count` independent tokens at one place; return how often each came (V,).

    `rule` is "residual" (right), or a mistake: "p again" replaces by a draw from p, "keep all" never rejects.
    """
    generator = torch.Generator().manual_seed(seed)
    drafted = torch.multinomial(q, count, replacement=True, generator=generator)
    rejected = torch.rand(count, generator=generator) * q[drafted] >= p[drafted]
    if rule == "keep all":
        rejected[:] = False
    other = torch.multinomial(residual(p, q) if rule == "residual" else p, count, replacement=True, generator=generator)
    return torch.where(rejected, other, drafted).bincount(minlength=len(p))


def markov(weights: Tensor) -> Model:
    """Return a model that looks at the last token only: row i of weights (V, V) follows token i."""
    return lambda tokens: weights[tokens[-1]]


def main() -> None:
    """Test the distribution of one token and of a text, and compare tokens a round with the formula."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    p, q = torch.tensor([[0.4, 0.3, 0.2, 0.1], [0.1, 0.6, 0.1, 0.2]], dtype=torch.float64)
    print(f"one token, 100,000 times; acceptance rate sum min(p, q) = {acceptance_rate(p, q):.2f}")
    print(f"  {'target p':<22}", "  ".join(f"{share:.3f}" for share in p.tolist()))
    for rule, name in (
        ("residual", "residual"),
        ("p again", "redraw from p (wrong)"),
        ("keep all", "keep all (wrong)"),
    ):
        counts = one_token(p, q, 100_000, rule)
        value = chisquare(counts.numpy(), (p * counts.sum()).numpy()).pvalue
        print(
            f"  {name:<22}", "  ".join(f"{n / 1e5:.3f}" for n in counts.tolist()), f"  chi-square p-value {value:.2g}"
        )

    a, g, cost = 0.8, 4, 0.05
    print(f"acceptance {a}, {g} drafts, a draft at {cost} of the target's time: ", end="")
    print(f"{tokens_per_round(a, g):.2f} tokens a round, {speed_up(a, g, cost):.1f} times faster")

    torch.manual_seed(0)
    table = torch.randn(5, 5).mul(1.5).softmax(dim=1)
    print("text from a Markov chain of 5 tokens, 4 drafts a round:")
    for name, noise in (("a good draft model", 0.2), ("a poor one", 1.5)):
        rough = (table.log() + noise * torch.randn(5, 5)).softmax(dim=1)
        tokens, rounds, share = generate(markov(table), markov(rough), [0], 4000, g)
        taken = (len(tokens) - 1) / rounds
        print(f"  {name:<18} {share:.2f} of the judged drafts accepted, {taken:.2f} tokens a target pass", end=" ")
        print(f"(formula {tokens_per_round(share, g):.2f})")
        pairs = torch.zeros(5, 5).index_put_(
            (torch.tensor(tokens[:-1]), torch.tensor(tokens[1:])), torch.ones(()), True
        )
        error = (pairs / pairs.sum(dim=1, keepdim=True) - table).abs().max()
        drift = (rough - table).abs().max()
        print(f"    largest error of a transition's frequency {error:.3f} (the draft model's own {drift:.3f})")


if __name__ == "__main__":
    main()
