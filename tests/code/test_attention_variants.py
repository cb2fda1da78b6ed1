"""Grouped heads and blockwise softmax against F.scaled_dot_product_attention, forward and backward."""

import re
from collections.abc import Callable

import attention_variants as variants
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn


@pytest.mark.parametrize("causal", [False, True])
def test_attention_agrees_with_pytorch(causal: bool) -> None:
    query, key, value = (torch.randn(2, 3, 7, 4) for _ in range(3))
    expected = F.scaled_dot_product_attention(query, key, value, is_causal=causal)
    torch.testing.assert_close(variants.attention(query, key, value, causal), expected)


@pytest.mark.parametrize("kv_heads", [6, 3, 2, 1])
def test_grouped_heads_agree_with_pytorch(kv_heads: int) -> None:
    layer, x = variants.GroupedQueryAttention(12, 6, kv_heads), torch.randn(2, 5, 12)
    query, key, value = (
        projection(x).view(2, 5, heads, 2).transpose(1, 2)
        for projection, heads in ((layer.to_query, 6), (layer.to_key, kv_heads), (layer.to_value, kv_heads))
    )
    heads = F.scaled_dot_product_attention(query, key, value, is_causal=True, enable_gqa=True)
    expected = layer.to_output(heads.transpose(1, 2).reshape(2, 5, 12))
    torch.testing.assert_close(layer(x), expected)


def test_as_many_kv_heads_as_query_heads_is_multi_head_attention() -> None:
    layer, x = variants.GroupedQueryAttention(8, 2, 2), torch.randn(3, 5, 8)
    reference = nn.MultiheadAttention(8, 2, bias=False, batch_first=True)
    reference.in_proj_weight.data = torch.cat(
        [p.weight for p in (layer.to_query, layer.to_key, layer.to_value)]
    ).detach()
    reference.out_proj.weight.data = layer.to_output.weight.detach()
    hidden = ~torch.ones(5, 5).tril().bool()  # here True means: may not look
    torch.testing.assert_close(layer(x), reference(x, x, x, attn_mask=hidden)[0])


def test_cache_sizes_by_hand() -> None:
    assert [variants.cached_per_token(g, 128) for g in (128, 8, 1)] == [32_768, 2_048, 256]
    # 32 layers, 8 KV heads of 128, two bytes each: 128 KiB a token, 1 GiB for 8192.
    assert 2 * variants.cached_per_token(8, 128, 32) == 131_072
    layer = variants.GroupedQueryAttention(32, 8, 2)
    cached = layer.to_key(torch.zeros(1, 32)).numel() + layer.to_value(torch.zeros(1, 32)).numel()
    assert cached == variants.cached_per_token(2, 4)


def test_converting_averages_neighbouring_heads() -> None:
    layer = variants.GroupedQueryAttention(8, 4, 4)
    pooled = layer.with_kv_heads(2)
    heads = layer.to_key.weight.view(4, 2, 8)
    expected = torch.stack(((heads[0] + heads[1]) / 2, (heads[2] + heads[3]) / 2)).flatten(0, 1)
    torch.testing.assert_close(pooled.to_key.weight, expected)
    torch.testing.assert_close(pooled.to_query.weight, layer.to_query.weight)
    # Heads that are equal already lose nothing.
    for projection in (layer.to_key, layer.to_value):
        projection.weight.data = projection.weight.data[:2].repeat(4, 1)
    x = torch.randn(2, 5, 8)
    torch.testing.assert_close(layer.with_kv_heads(1)(x), layer(x))


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("block", [1, 3, 7, 50])
def test_blocks_give_the_full_softmax(block: int, causal: bool) -> None:
    query, key, value = torch.randn(2, 7, 4), torch.randn(2, 7, 4), torch.randn(2, 7, 5)
    result = variants.blockwise_attention(query, key, value, block, causal)
    expected = F.scaled_dot_product_attention(query, key, value, is_causal=causal)
    torch.testing.assert_close(result.output, expected)
    scores = query @ key.transpose(1, 2) / 2
    if causal:
        scores = scores + torch.full((7, 7), -torch.inf).triu(1)
    torch.testing.assert_close(result.logsumexp, scores.logsumexp(dim=-1))


def test_blocks_give_the_same_gradients() -> None:
    inputs = [torch.randn(2, 6, 4).requires_grad_() for _ in range(3)]

    def gradients(output: Tensor) -> tuple[Tensor, ...]:
        return torch.autograd.grad(output.square().sum(), inputs)

    blockwise = gradients(variants.blockwise_attention(*inputs, block=2, causal=True).output)
    standard = gradients(F.scaled_dot_product_attention(*inputs, is_causal=True))
    for got, want in zip(blockwise, standard, strict=True):
        torch.testing.assert_close(got, want)


def test_the_saved_logsumexp_recovers_the_weights() -> None:
    # What the backward pass of FlashAttention does: recompute e^(score - logsumexp), block by block.
    query, key, value = (torch.randn(5, 4) for _ in range(3))
    result = variants.blockwise_attention(query, key, value, block=2)
    scores = query @ key.T / 2
    weights = torch.cat([torch.exp(s - result.logsumexp[:, None]) for s in scores.split(2, dim=1)], dim=1)
    torch.testing.assert_close(weights, scores.softmax(dim=1))


def test_the_running_maximum_prevents_overflow() -> None:
    # Growing scores: the maximum moves in every block.
    query, key, value = torch.full((1, 1), 100.0), torch.arange(1.0, 9).unsqueeze(1), torch.randn(8, 3)
    output = variants.blockwise_attention(query, key, value, block=2).output
    assert (query @ key.T).exp().isinf().any()
    torch.testing.assert_close(output, value[-1:])


@pytest.mark.parametrize("kv_heads", [4, 2, 1])
def test_gradient_reaches_every_parameter(kv_heads: int, assert_gradients: Callable[..., None]) -> None:
    layer = variants.GroupedQueryAttention(8, 4, kv_heads)
    assert_gradients(layer, layer(torch.randn(2, 5, 8)).square().sum())


def test_illegal_input_is_refused() -> None:
    for shape in ((8, 3, 3), (8, 4, 3), (8, 4, 0)):
        with pytest.raises(ValueError, match="must divide"):
            variants.GroupedQueryAttention(*shape)
    with pytest.raises(ValueError, match="do not divide"):
        variants.GroupedQueryAttention(8, 4, 2).with_kv_heads(4)
    x = torch.zeros(1, 3, 2)
    with pytest.raises(ValueError, match="block"):
        variants.blockwise_attention(x, x, x, 0)
    with pytest.raises(ValueError, match="share their length"):
        variants.blockwise_attention(x, x, x[:, :2], 2)
    with pytest.raises(ValueError, match="as many queries"):
        variants.blockwise_attention(x[:, :2], x, x, 2, causal=True)


@pytest.mark.slow
def test_main_shows_that_blocks_are_exact(run_main: Callable[[str], str]) -> None:
    printed = run_main("attention_variants.py")
    errors = [float(error) for error in re.findall(r"(?:blocks of|whole matrix) .* (\S+e-\d+)", printed)]
    assert len(errors) == 4
    assert max(errors) < 1e-5
    relative = [float(error) for error in re.findall(r"KV heads: ([\d.]+)", printed)]
    assert relative == sorted(relative)
    assert relative[0] == 0
    nan, large = re.findall(r"maximum (\d+)%.* (\S+)$", printed)[0]
    assert int(nan) > 50
    assert float(large) < 1e-3
