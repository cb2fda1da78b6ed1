"""Attention, cache and loss against PyTorch and by perturbation; the grammar's entropy in closed form."""

import math
import re
from collections.abc import Callable

import decoder_lm
import pytest
import torch
import torch.nn.functional as F


def build(vocab_size: int = 11, num_layers: int = 2) -> decoder_lm.DecoderLM:
    return decoder_lm.DecoderLM(vocab_size, num_layers, model_dim=8, max_length=12)


def test_attention_agrees_with_pytorch() -> None:
    attention, x = decoder_lm.CausalSelfAttention(8, 2), torch.randn(3, 5, 8)
    q, k, v = (part.view(3, 5, 2, 4).transpose(1, 2) for part in attention.to_qkv(x).chunk(3, dim=2))
    heads = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    expected = attention.to_output(heads.transpose(1, 2).reshape(3, 5, 8))
    torch.testing.assert_close(attention(x)[0], expected)


def test_mask_by_hand() -> None:
    assert decoder_lm.causal_mask(3).int().tolist() == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    assert decoder_lm.causal_mask(2, past=2).int().tolist() == [[1, 1, 1, 0], [1, 1, 1, 1]]
    assert decoder_lm.causal_mask(1, past=3).all()


def test_a_later_token_changes_nothing_before_it() -> None:
    model, tokens = build(), torch.randint(11, (2, 9))
    changed = tokens.clone()
    changed[:, 5] = (changed[:, 5] + 1) % 11
    before, after = model(tokens)[0], model(changed)[0]
    torch.testing.assert_close(before[:, :5], after[:, :5])
    assert ((before - after).abs().amax(dim=2)[:, 5:] > 1e-6).all()


@pytest.mark.parametrize("pieces", [[9], [1] * 9, [4, 1, 1, 3]])
def test_cached_and_uncached_logits_are_equal(pieces: list[int]) -> None:
    model, tokens = build(), torch.randint(11, (2, 9))
    whole, _ = model(tokens)
    caches, parts = None, []
    for piece in tokens.split(pieces, dim=1):
        logits, caches = model(piece, caches)
        parts.append(logits)
    torch.testing.assert_close(torch.cat(parts, dim=1), whole)
    assert caches is not None
    assert len(caches) == 2
    assert caches[0][0].shape == (2, 4, 9, 2)


def test_generation_is_the_same_with_the_cache_and_cheaper() -> None:
    model, prompt = build(), torch.randint(11, (3, 2))
    cached, few = model.generate(prompt, 6)
    plain, many = model.generate(prompt, 6, use_cache=False)
    assert torch.equal(cached, plain)
    assert torch.equal(cached[:, :2], prompt)
    assert (few, many) == (2 + 5, 2 + 3 + 4 + 5 + 6 + 7)


def test_loss_is_shifted_and_leaves_padding_out() -> None:
    model = build()
    tokens = torch.tensor([[1, 4, 5, 6], [1, 7, 0, 0]])
    log_p = model(tokens)[0].log_softmax(dim=2)
    picked = [log_p[0, 0, 4], log_p[0, 1, 5], log_p[0, 2, 6], log_p[1, 0, 7]]
    torch.testing.assert_close(model.loss(tokens), -torch.stack(picked).mean())
    assert model.loss(tokens).item() == pytest.approx(math.log(11), abs=0.2)  # it starts out guessing evenly


def test_cache_bytes_agree_with_the_cache_and_with_the_textbook_case() -> None:
    model = build()
    _, caches = model(torch.randint(11, (3, 7)))
    held = sum(part.numel() * part.element_size() for cache in caches for part in cache)
    assert decoder_lm.kv_cache_bytes(2, 4, 2, tokens=7, bytes_each=4, batch=3) == held
    assert decoder_lm.kv_cache_bytes(32, 8, 128, tokens=1) == 131_072
    assert decoder_lm.kv_cache_bytes(32, 8, 128, tokens=8192) == 2**30


def entropy_and_length(symbol: str) -> tuple[float, float]:
    """Closed form: the choice of a rule, plus the mean over the rules of what their parts add."""
    if symbol not in decoder_lm.GRAMMAR:
        return 0.0, 1.0
    rules = decoder_lm.GRAMMAR[symbol]
    parts = [[entropy_and_length(part) for part in rule.split()] for rule in rules]
    entropy = math.log(len(rules)) + sum(e for rule in parts for e, _ in rule) / len(rules)
    return entropy, sum(n for rule in parts for _, n in rule) / len(rules)


def test_sampled_entropy_agrees_with_the_closed_form() -> None:
    entropy, length = entropy_and_length("S")
    tokens, floor = decoder_lm.sentences(3000, seed=0)
    assert floor == pytest.approx(entropy / length, rel=0.01)
    assert (tokens[:, 0] == decoder_lm.START).all()
    assert float((tokens[:, 1:] != decoder_lm.PAD).float().sum(dim=1).mean()) == pytest.approx(length, rel=0.02)
    assert decoder_lm.grammatical_share(tokens) == 1.0


@pytest.mark.parametrize(
    ("line", "good"),
    [
        ("the dogs near a cat see the bird .", True),
        ("the dogs near a cat sees the bird .", False),  # agrees with the wrong noun
        ("a dogs see the bird .", False),
        ("a big dog hears the big cats .", True),
        ("a big dog hears the big cats", False),
    ],
)
def test_grammar_by_hand(line: str, good: bool) -> None:
    row = [decoder_lm.START, *(decoder_lm.WORDS.index(word) for word in line.split())]
    assert decoder_lm.grammatical_share(torch.tensor([row])) == float(good)


def test_gradient_reaches_every_parameter(assert_gradients: Callable[..., None]) -> None:
    model = build()
    assert_gradients(model, model.loss(torch.randint(1, 11, (8, 12))))


def test_illegal_input_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple"):
        decoder_lm.CausalSelfAttention(8, 3)
    model = build()
    for shape in ((3,), (2, 13), (2, 0)):
        with pytest.raises(ValueError, match="expected tokens"):
            model(torch.zeros(shape, dtype=torch.long))
    _, caches = model(torch.zeros(1, 10, dtype=torch.long))
    with pytest.raises(ValueError, match="T <= 2"):
        model(torch.zeros(1, 3, dtype=torch.long), caches)


@pytest.mark.slow
def test_main_approaches_the_grammar(run_main: Callable[[str], str]) -> None:
    printed = run_main("decoder_lm.py")
    floor = float(re.findall(r"entropy is ([\d.]+)", printed)[0])
    (shallow, few), (deep, most) = (
        (float(loss), float(share)) for loss, share in re.findall(r"layers: ([\d.]+), .*: ([\d.]+)", printed)
    )
    assert floor < deep < floor + 0.05 < shallow
    assert few < 0.6
    assert most > 0.9
    assert "without the cache: True" in printed
    assert "0.125 a token, 1024.0 for 8192, 4096.0 with 32 heads" in printed
