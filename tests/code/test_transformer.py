"""Attention agrees with PyTorch's own, padding is not read, and order is."""

import math
import re
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
import transformer
from torch import nn

TOKENS = torch.tensor([[3, 1, 4, 2, 5], [2, 6, 0, 0, 0], [7, 0, 0, 0, 0]])


def build(use_positions: bool = True) -> transformer.TransformerClassifier:
    return transformer.TransformerClassifier(
        10, 3, model_dim=8, hidden_dim=16, num_heads=2, num_layers=2, use_positions=use_positions
    )


@pytest.mark.parametrize("masked", [False, True])
def test_attention_agrees_with_torch(masked: bool) -> None:
    query, key, value = torch.randn(2, 3, 4, 8), torch.randn(2, 3, 5, 8), torch.randn(2, 3, 5, 6)
    mask = torch.rand(2, 1, 4, 5) > 0.4 if masked else None
    if mask is not None:
        mask[..., 0] = True
    ours, weights = transformer.scaled_dot_product_attention(query, key, value, mask)
    theirs = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(2, 3, 4))


def test_attention_by_hand() -> None:
    # d_k = 4, q.k = (2 ln 3, 0): divided by sqrt(4) the scores are (ln 3, 0), the softmax
    # (3, 1) / 4, and the values 8 and 0 give 8 * 3 / 4 = 6.
    query = torch.tensor([[2 * math.log(3), 0.0, 0.0, 0.0]])
    key = torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]])
    value = torch.tensor([[8.0], [0.0]])
    output, weights = transformer.scaled_dot_product_attention(query, key, value)
    torch.testing.assert_close(weights, torch.tensor([[0.75, 0.25]]))
    torch.testing.assert_close(output, torch.tensor([[6.0]]))


def test_a_query_that_may_look_nowhere_gets_zeros_and_finite_gradients() -> None:
    x = torch.randn(1, 3, 4, requires_grad=True)
    mask = torch.tensor([[False, False, False], [True, True, True], [True, False, False]])
    output, _ = transformer.scaled_dot_product_attention(x, x, x, mask)
    assert output[0, 0].abs().sum() == 0
    output.square().sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()


def test_multi_head_attention_agrees_with_torch_given_the_same_weights() -> None:
    ours = transformer.MultiHeadAttention(8, 2)
    theirs = nn.MultiheadAttention(8, 2, batch_first=True)
    copy_attention(ours, theirs)
    query, memory = torch.randn(3, 4, 8), torch.randn(3, 5, 8)
    real = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [1, 0, 0, 0, 0]]).bool()
    expected, _ = theirs(query, memory, memory, key_padding_mask=~real)  # torch: True = hidden
    torch.testing.assert_close(ours(query, memory, memory, real[:, None, None, :]), expected)


def copy_attention(ours: transformer.MultiHeadAttention, theirs: nn.MultiheadAttention) -> None:
    with torch.no_grad():
        nn.init.normal_(theirs.in_proj_bias)  # torch starts it at zero, which would hide a mistake
        parts = (ours.to_query, ours.to_key, ours.to_value)
        for i, part in enumerate(parts):
            part.weight.copy_(theirs.in_proj_weight[8 * i : 8 * i + 8])
            part.bias.copy_(theirs.in_proj_bias[8 * i : 8 * i + 8])
        ours.to_output.load_state_dict(theirs.out_proj.state_dict())


def test_encoder_layer_agrees_with_torchs_pre_norm_layer() -> None:
    ours = transformer.EncoderLayer(8, 2, hidden_dim=16)
    theirs = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True, norm_first=True)
    copy_attention(ours.attention, theirs.self_attn)
    ours.attention_norm.load_state_dict(theirs.norm1.state_dict())
    ours.feed_forward_norm.load_state_dict(theirs.norm2.state_dict())
    ours.feed_forward[0].load_state_dict(theirs.linear1.state_dict())
    ours.feed_forward[2].load_state_dict(theirs.linear2.state_dict())
    x = torch.randn(2, 5, 8)
    torch.testing.assert_close(ours(x), theirs(x))


def test_positions_by_hand_and_by_rotation() -> None:
    positions = transformer.sinusoidal_positions(50, 4)
    # dim 4: frequencies 10000^0 = 1 and 10000^(-2/4) = 1/100.
    expected = torch.tensor([math.sin(3), math.cos(3), math.sin(0.03), math.cos(0.03)])
    torch.testing.assert_close(positions[3], expected)
    # A shift by k is a rotation by k * frequency: sin(a + b) = sin a cos b + cos a sin b.
    for pair, frequency in ((0, 1.0), (2, 0.01)):
        s, c = math.sin(7 * frequency), math.cos(7 * frequency)
        sin, cos = positions[:-7, pair], positions[:-7, pair + 1]
        torch.testing.assert_close(positions[7:, pair], sin * c + cos * s, atol=1e-5, rtol=0)
        torch.testing.assert_close(positions[7:, pair + 1], cos * c - sin * s, atol=1e-5, rtol=0)


def test_padding_does_not_change_the_result() -> None:
    model = build()
    logits = model(TOKENS)
    assert logits.shape == (3, 3)
    torch.testing.assert_close(model(F.pad(TOKENS, (0, 9))), logits)
    torch.testing.assert_close(model(TOKENS[1:2, :2]), logits[1:2])
    torch.testing.assert_close(model(TOKENS[2:3, :1]), logits[2:3])  # a sequence of one token


def test_without_positions_order_is_invisible() -> None:
    swapped = TOKENS.clone()
    swapped[0, [1, 3]] = TOKENS[0, [3, 1]]
    blind, sighted = build(use_positions=False), build()
    torch.testing.assert_close(blind(TOKENS), blind(swapped))
    assert not torch.allclose(sighted(TOKENS)[0], sighted(swapped)[0], atol=1e-3)


def test_gradient_reaches_every_parameter() -> None:
    model = build()
    F.cross_entropy(model(TOKENS), torch.tensor([0, 1, 2])).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        # A key bias adds the same to all scores of a query, which softmax ignores: gradient 0.
        assert parameter.grad.abs().sum() > 0 or name.endswith("to_key.bias"), name


def test_without_batch_first_examples_leak_into_each_other() -> None:
    # PyTorch's default layout is (T, B, D). Fed (B, T, D), the layer attends along dimension 0,
    # across the batch: a change in example 1 changes example 0.
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0)
    x = torch.randn(2, 5, 8)
    changed = x.clone()
    changed[1] += torch.randn(5, 8)
    assert not torch.allclose(layer(x)[0, -1], layer(changed)[0, -1], atol=1e-3)
    # Fed (T, B, D) as it expects, [:, -1] is the last example at every step, not the last step.
    assert layer(x.transpose(0, 1))[:, -1].shape == (5, 8)

    model = build()
    other = TOKENS.clone()
    other[1] = torch.tensor([9, 9, 9, 9, 9])
    torch.testing.assert_close(model(TOKENS)[0], model(other)[0])


def test_illegal_input_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple of num_heads"):
        transformer.MultiHeadAttention(10, 4)
    for length, dim in ((0, 4), (3, 5), (3, 0)):
        with pytest.raises(ValueError, match="even dim"):
            transformer.sinusoidal_positions(length, dim)
    x = torch.randn(2, 3, 4)
    with pytest.raises(ValueError, match="share their width"):
        transformer.scaled_dot_product_attention(x, x[..., :2], x)
    with pytest.raises(ValueError, match="must be boolean"):
        transformer.scaled_dot_product_attention(x, x, x, torch.zeros(3, 3))
    for tokens in (TOKENS[0], TOKENS[:0], torch.zeros(2, 3, dtype=torch.int64)):
        with pytest.raises(ValueError, match="expected tokens"):
            build()(tokens)


def test_the_task_says_what_it_promises() -> None:
    tokens, labels = transformer.marker_order(200, seed=0, max_length=9)
    assert tokens.shape == (200, 9)
    assert labels.sum() == 100
    at_a = (tokens == transformer.MARK_A).int().argmax(dim=1)
    at_b = (tokens == transformer.MARK_B).int().argmax(dim=1)
    assert ((at_a < at_b) == labels.bool()).all()


def test_training_learns_order_on_held_out_sequences() -> None:
    model = transformer.TransformerClassifier(transformer.VOCAB_SIZE, output_dim=2)
    test_set = transformer.marker_order(400, seed=1, max_length=10)
    before = transformer.accuracy(model, *test_set)
    transformer.train(model, *transformer.marker_order(1000, seed=0, max_length=10), epochs=8)
    assert before < 0.65
    assert transformer.accuracy(model, *test_set) > 0.85


@pytest.mark.slow
def test_main_needs_positions(run_script: Callable[[str], str]) -> None:
    printed = run_script("transformer.py")
    bag, blind, sighted = (float(s) for s in re.findall(r": (0\.\d+|1\.0+)", printed))
    assert max(bag, blind) < 0.56
    assert sighted > 0.9
