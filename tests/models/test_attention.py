"""EMSA against independent computations, and its precision."""

import copy

import pytest
import timm
import torch

from study.errors import BuildError
from study.models.attention import EMSA, NormalisedAttentionWeights

PLAIN = {"reduction": "depthwise", "head_mix": False, "attn_norm": False, "qkv_bias": True}
REST = {"attn_drop": 0.0, "proj_drop": 0.0, "stride": 4}


def attention(heads=4, ratio=1, **switches):
    return EMSA(16, heads, ratio, **{**PLAIN, **switches}, **REST).eval()


def test_without_its_parts_it_is_multi_head_attention():
    ours, torchs = attention(), torch.nn.MultiheadAttention(16, 4, batch_first=True).eval()
    with torch.no_grad():
        torchs.in_proj_weight.copy_(torch.cat([ours.q.weight, ours.kv.weight]))
        torchs.in_proj_bias.copy_(torch.cat([ours.q.bias, ours.kv.bias]))
        torchs.out_proj.load_state_dict(ours.proj.state_dict())
    x = torch.randn(2, 20, 16)
    torch.testing.assert_close(ours(x, (4, 5)), torchs(x, x, x, need_weights=False)[0])


def test_mixing_and_norm_are_the_formula_of_the_paper():
    weights = NormalisedAttentionWeights(8, 2, mix=True, drop=0.0, stride=4).double()
    q, k = torch.randn(2, 3, 2, 6, 4, dtype=torch.float64)
    logits = torch.einsum("bhqd,bhkd->bhqk", q, k) / 4**0.5
    mixed = torch.einsum("gh,bhqk->bgqk", weights.mix.weight[:, :, 0, 0], logits)
    soft = (mixed + weights.mix.bias[:, None, None]).softmax(-1)
    mean, var = soft.mean((2, 3), keepdim=True), soft.var((2, 3), keepdim=True, correction=0)
    torch.testing.assert_close(weights(q, k), (soft - mean) / (var + 1e-5).sqrt())


@pytest.mark.parametrize("switch", ["head_mix", "attn_norm"])
def test_one_head_has_neither_mixing_nor_norm(switch):
    names = dict(attention(heads=1, **{switch: True}).named_modules())
    assert type(names["weights"]) is not NormalisedAttentionWeights
    assert not list(names["weights"].parameters())


def test_a_part_that_is_switched_off_is_not_created():
    full = set(attention(ratio=2, head_mix=True, attn_norm=True).state_dict())
    gone = {"weights.mix.weight", "weights.mix.bias"}
    assert full - set(attention(ratio=2, attn_norm=True).state_dict()) == gone
    assert not any(name.startswith("reduce") for name in attention(ratio=1).state_dict())


def test_norm_survives_bfloat16_autocast():
    """The error stays far below the spread between images, which it would exceed otherwise."""
    torch.manual_seed(0)
    model, images = timm.create_model("rest_lite").eval(), torch.randn(4, 3, 64, 64)
    with torch.no_grad():
        exact = model(images)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            rounded = model(images).float()
    assert (rounded - exact).abs().mean() < 0.25 * exact.std(0).mean()


def test_norm_is_computed_in_float32_for_bfloat16_weights():
    weights = NormalisedAttentionWeights(8, 2, mix=True, drop=0.0, stride=4).bfloat16()
    q, k = torch.randn(2, 3, 2, 64, 4).bfloat16()
    exact = copy.deepcopy(weights).double()(q.double(), k.double())
    torch.testing.assert_close(weights(q, k).double(), exact, rtol=2**-8, atol=1e-3)


def test_without_norm_the_weights_of_a_query_add_up_to_one():
    weights = attention(head_mix=True).weights
    q, k = torch.randn(2, 3, 4, 6, 4)
    torch.testing.assert_close(weights(q, k).sum(-1), torch.ones(3, 4, 6))


def test_a_single_weight_cannot_be_normalised():
    with pytest.raises(BuildError, match="at least 5 px") as raised:
        attention(attn_norm=True)(torch.randn(1, 1, 16), (1, 1))
    assert raised.value.argument == "attn_norm"
