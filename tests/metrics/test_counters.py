"""Multiply-adds of single layers, counted by each counter."""

import pytest
import timm
import torch
from timm.layers import set_fused_attn, use_fused_attn
from torch import nn

from study.metrics.cost import cost
from tests.metrics.counted_models import SMALL, TOKENS, Layer, ReducedAttention, on

LINEAR, MATMUL = {"linear": 64 * 3 * 64}, {"matmul": 64 * 3 * 64}
LAYERS = {
    "linear": (lambda x, w, b: nn.functional.linear(x, w.T, b), LINEAR),
    "linear without bias": (lambda x, w, b: nn.functional.linear(x, w.T), LINEAR),
    "linear of a computed weight": (
        lambda x, w, b: nn.functional.linear(x, w.T + b.mean()),
        LINEAR,
    ),
    "@ of a weight": (lambda x, w, b: x @ w, LINEAR),
    "@ of a broadcast weight": (lambda x, w, b: w.T @ x.mT, LINEAR),
    "einsum of a weight": (lambda x, w, b: torch.einsum("...nc,cd->...nd", x, w), LINEAR),
    "addmm": (lambda x, w, b: torch.addmm(b, x[0], w), LINEAR),
    "linear on a map": (lambda x, w, b: nn.functional.linear(x.unflatten(1, (8, 8)), w.T), LINEAR),
    "@ of tokens": (lambda x, w, b: x @ x.mT, MATMUL),
    "mm of tokens": (lambda x, w, b: torch.mm(x[0], x[0].T), MATMUL),
    "bmm": (lambda x, w, b: torch.bmm(x, x.mT), MATMUL),
    "baddbmm": (lambda x, w, b: torch.baddbmm(b, x, x.mT), MATMUL),
    "einsum of tokens": (lambda x, w, b: torch.einsum("b n c, b m c -> b n m", x, x), MATMUL),
    "einsum to the bitter end": (lambda x, w, b: torch.einsum("nc,mc", x[0], x[0]), MATMUL),
    "element-wise": (lambda x, w, b: nn.functional.gelu(x * w.mean(1)).softmax(-1) + x.sin(), {}),
    "element-wise einsum": (lambda x, w, b: torch.einsum("bnc,bnc->bnc", x, x), {}),
}


@pytest.mark.parametrize("layer", LAYERS)
def test_a_product_is_linear_if_one_operand_does_not_see_the_image(layer):
    function, expected = LAYERS[layer]
    counts = cost(on(lambda: Layer(function)), SMALL).counts
    for count in counts.values():
        assert {kind: n for kind, n in count.items() if n} == expected


CONVOLUTIONS = {
    "dense": (lambda: nn.Conv2d(3, 6, 3, padding=1), 8 * 8 * 6 * 27),
    "depth-wise": (lambda: nn.Conv2d(3, 3, 3, padding=1, groups=3), 8 * 8 * 3 * 9),
    "same": (lambda: nn.Conv2d(3, 6, 3, padding="same"), 8 * 8 * 6 * 27),
    "transposed": (lambda: nn.ConvTranspose2d(3, 6, 2, stride=2), 8 * 8 * 3 * 6 * 4),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolutions_are_counted(name):
    make, macs = CONVOLUTIONS[name]
    counts = cost(on(make), SMALL).counts
    assert {count["conv"] for count in counts.values()} == {macs}


NORMS = {
    "batch norm": (lambda: nn.BatchNorm2d(3), 2),
    "batch norm, no affine": (lambda: nn.BatchNorm2d(3, affine=False), 1),
    "instance norm": (lambda: nn.InstanceNorm2d(3), 4),
    "instance norm, affine": (lambda: nn.InstanceNorm2d(3, affine=True), 5),
    "group norm": (lambda: nn.GroupNorm(1, 3), 5),
    "layer norm": (lambda: nn.LayerNorm(8), 5),
    "layer norm, no affine": (lambda: nn.LayerNorm(8, elementwise_affine=False), 4),
}


@pytest.mark.parametrize("name", NORMS)
def test_norms_count_as_in_fvcore(name):
    make, per_element = NORMS[name]
    counts = cost(on(make), SMALL).counts
    assert {count["norm"] for count in counts.values()} == {per_element * 3 * 8 * 8}


@pytest.mark.parametrize("ratio", [1, 4])
def test_fused_attention_counts_as_the_products_that_it_computes(ratio):
    fused, written = (cost(on(lambda f=f: ReducedAttention(ratio, f)), TOKENS) for f in (1, 0))
    assert fused.counts == written.counts
    assert fused.activations == written.activations


MASKS = {
    "causal": {"is_causal": True},
    "a mask": {"attn_mask": torch.ones(64, 64, dtype=torch.bool)},
    "a scale": {"scale": 0.5},
}


@pytest.mark.parametrize("how", MASKS)
def test_fused_attention_is_counted_whole_whatever_it_masks(how):
    def layer(x, w, b):
        options = {k: v.to(x.device) if k == "attn_mask" else v for k, v in MASKS[how].items()}
        return nn.functional.scaled_dot_product_attention(x, x, x, **options)

    counts = cost(on(lambda: Layer(layer)), SMALL).counts
    assert {count["matmul"] for count in counts.values()} == {2 * 64 * 64 * 3}


def test_fused_attention_of_learned_queries_is_linear_in_its_first_product():
    def layer(x, w, b):
        return nn.functional.scaled_dot_product_attention(w[None].mT[..., :3], x, x)

    counts = cost(on(lambda: Layer(layer)), SMALL).counts
    for count in counts.values():
        assert (count["linear"], count["matmul"]) == (64 * 64 * 3, 64 * 64 * 3)


def test_the_fused_encoder_cannot_hide_its_products():
    """Without gradients `nn.TransformerEncoderLayer` counts as nothing at all."""
    encoder = on(lambda: nn.Sequential(nn.Flatten(2), nn.TransformerEncoderLayer(64, 4, 32)))
    with torch.no_grad():
        counts = cost(encoder, SMALL).counts  # a sequence of 1 token, in a batch of 3
    for count in counts.values():
        assert count["linear"] == 3 * (4 * 64 * 64 + 2 * 64 * 32)
        assert count["matmul"] == 3 * 2 * 64


def test_differential_attention_counts_the_products_that_are_timed():
    """Fused, each of the two maps is multiplied with the values; written out, their difference."""
    was, products = use_fused_attn(), []
    try:
        for fused in (True, False):
            set_fused_attn(fused)
            taken = cost(on(lambda: timm.create_model(DIFFERENTIAL, depth=1)), (3, 256, 256))
            products.append({count["matmul"] for count in taken.counts.values()})
    finally:
        set_fused_attn(was)
    tokens, dim = 257, 320
    assert products == [{4 * tokens**2 * dim * 3 // 4}, {2 * tokens**2 * dim}]


RECURRENT = {
    "LSTM": (lambda: nn.LSTM(8, 4), 16, 3 * 8 * 16 * (8 + 4)),
    "LSTM of two directions": (
        lambda: nn.LSTM(8, 4, batch_first=True, bidirectional=True),
        2 * 16,
        3 * 8 * 2 * 16 * (8 + 4),
    ),
    "LSTM of two layers": (lambda: nn.LSTM(8, 4, 2), 2 * 16, 3 * 8 * 16 * (8 + 4 + 4 + 4)),
    "GRU": (lambda: nn.GRU(8, 4), 12, 3 * 8 * 12 * (8 + 4)),
    "RNN": (lambda: nn.RNN(8, 4), 4, 3 * 8 * 4 * (8 + 4)),
    "RNN of ReLU": (lambda: nn.RNN(8, 4, nonlinearity="relu"), 4, 3 * 8 * 4 * (8 + 4)),
}


@pytest.mark.parametrize("name", RECURRENT)
def test_recurrent_layers_multiply_their_weights_at_every_step(name):
    make, gates, macs = RECURRENT[name]

    class Rows(nn.Module):  # every channel of the image is a sequence of its rows
        def __init__(self):
            super().__init__()
            self.layer = make()

        def forward(self, image):
            return self.layer(image[0])[0]

    taken = cost(on(Rows), SMALL)
    for count in taken.counts.values():
        assert {kind: n for kind, n in count.items() if n} == {"linear": macs}
    assert taken.activations == 3 * 8 * 2 * gates  # the products of inputs, and of states


DIFFERENTIAL = "vit_dlittle_patch16_reg1_gap_256"

FREE_LAYERS = {
    "antialiased bicubic": lambda x: nn.functional.interpolate(
        x, scale_factor=0.5, mode="bicubic", antialias=True
    ),
    "antialiased bilinear": lambda x: nn.functional.interpolate(
        x, scale_factor=0.5, mode="bilinear", antialias=True
    ),
    "linear": lambda x: nn.functional.interpolate(x.flatten(2), size=7, mode="linear"),
    "nearest-exact": lambda x: nn.functional.interpolate(x, size=7, mode="nearest-exact"),
    "trilinear": lambda x: nn.functional.interpolate(x[None], size=(2, 3, 4), mode="trilinear"),
    "pooling in 1d": lambda x: nn.functional.adaptive_avg_pool1d(x.flatten(2), 3),
    "pooling in 3d": lambda x: nn.functional.max_pool3d(x[None], 2),
    "eye": lambda x: x + torch.eye(8, device=x.device),
    "triangle": lambda x: x * torch.ones(8, 8, device=x.device).tril(),
    "dropout of maps": lambda x: nn.functional.dropout2d(x, training=False),
    "dropout of SELU": lambda x: nn.functional.alpha_dropout(x, training=False),
    "dropout of maps of SELU": lambda x: nn.functional.feature_alpha_dropout(x, training=False),
    "shift": lambda x: x.roll(1, -1),
    "sort": lambda x: x.flatten(1).topk(3).values,
    "dropout of maps, written as torch does": lambda x: torch.feature_dropout(x, 0.5, False),
    "stacked": lambda x: torch.hstack([x, x.fliplr()]),
    "noise": lambda x: x + torch.randn_like(x) * torch.bernoulli(torch.ones_like(x)),
    "written into": lambda x: x.index_put((torch.tensor([0], device=x.device),), x[:1]),
    "added into": lambda x: x.index_add(1, torch.tensor([0, 2], device=x.device), x[:, :2]),
    "scattered": lambda x: x.scatter_reduce(1, torch.zeros_like(x).long(), x, "amax"),
    "products along a side": lambda x: x.cumprod(-1) + x.prod(-1, keepdim=True),
    "outer product": lambda x: torch.outer(x[0, 0, 0], x[0, 0, 1]),
    "sampled on a grid": lambda x: nn.functional.grid_sample(
        x, x.new_zeros(1, 8, 8, 2), align_corners=False
    ),
    "padded around": lambda x: nn.functional.pad(x, (1, 1, 1, 1), mode="circular"),
    "log of a sigmoid": lambda x: nn.functional.logsigmoid(x).nansum(),
    "normalised weights": lambda x: (
        x
        * torch._weight_norm(
            torch.ones(3, 8, 8, device=x.device), torch.ones(3, 1, 1, device=x.device)
        )
    ),
}


@pytest.mark.parametrize("name", FREE_LAYERS)
def test_resampling_pooling_dropout_and_constants_are_free(name):
    class Free(nn.Conv2d):
        def forward(self, image):
            return FREE_LAYERS[name](super().forward(image))

    counts = cost(on(lambda: Free(3, 3, 1)), SMALL).counts
    assert {sum(count.values()) for count in counts.values()} == {64 * 3 * 3}
