"""Costs of whole models, and those that are refused."""

import dataclasses
import json

import pytest
import timm
import torch
from torch import nn

from study.errors import BuildError, MetricError
from study.metrics import RULES
from study.metrics.cost import Cost, cost, cost_by_one_counter
from study.metrics.counters import COUNTERS, by_torch
from study.metrics.fvcore_counter import by_fvcore
from tests.catalogue import METRICS
from tests.metrics.counted_models import SMALL, TOKENS, Formula, Layer, on, own

# The numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("ratio", "millions"), [(1, 1310.2), (2, 347.3), (4, 106.3), (8, 46.0)])
def test_reducing_the_keys_makes_attention_cheaper_by_every_counter(ratio, millions):
    """The curve an ablation of EMSA is about; tools that miss `@` see it flat, from 51 to 26."""
    counts = cost(on(lambda: Formula(ratio)), TOKENS).counts
    totals = {name: sum(count.values()) for name, count in counts.items()}
    assert set(totals) == set(COUNTERS)
    assert {round(total / 1e6, 1) for total in totals.values()} == {millions}


def test_emsa_saves_39_fold_of_msas_attention_products():
    """The numbers that README gives; a counter without `@` sees convolutions and linear layers."""
    emsa, msa = (cost(own("rest_lite", **a), (3, 224, 224)) for a in ({}, {"ratios": [1] * 4}))
    products, all_, others = (
        msa.measurements[rule] / emsa.measurements[rule]
        for rule in ("macs_matmul", "macs", "macs_conv_linear")
    )
    assert products == 39.0
    assert (round(all_, 1), round(others, 1)) == (2.9, 1.1)


# timm v1.0, results/benchmark-infer-amp-nchw-pt240-cu124-rtx4090.csv: millions of parameters,
# giga multiply-adds (norms counted), millions of activations; taken with fvcore.
TIMM = {
    "resnet18": (11.69, 1.82, 2.48),
    "deit_tiny_patch16_224": (5.72, 1.26, 5.97),
    "pvt_v2_b0": (3.67, 0.57, 7.99),
    "regnety_004": (4.34, 0.41, 3.89),
    "convnext_atto": (3.70, 0.55, 3.81),
    "swin_tiny_patch4_window7_224": (28.29, 4.51, 17.06),
    "xcit_nano_12_p8_224": (3.05, 2.16, 15.71),
    "efficientformerv2_s0": (3.60, 0.41, 5.30),
    "gcvit_xxtiny": (12.00, 2.14, 15.36),
}


SLOW = {"swin_tiny_patch4_window7_224", "gcvit_xxtiny", "xcit_nano_12_p8_224"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in TIMM]
)
def test_timm_models_cost_what_timm_publishes(name):
    taken = cost(on(lambda: timm.create_model(name)), (3, 224, 224)).measurements
    names = ("params", "macs", "activations")
    units = zip((taken[n] for n in names), (1e6, 1e9, 1e6), strict=True)
    assert tuple(round(value / unit, 2) for value, unit in units) == TIMM[name]


# The same, results/benchmark-infer-amp-nchw-pt291-cu130-pro6000maxq.csv: the largest ones.
LARGE_OF_TIMM = {
    "vit_giant_patch14_reg4_dinov2": (518, 1136.48, 1790.08, 2771.21),
    "vit_so400m_patch14_siglip_378": (378, 428.23, 335.40, 452.89),
    "eva_giant_patch14_560": (560, 1014.45, 1906.76, 2577.17),
    "maxvit_xlarge_tf_512": (512, 475.77, 534.14, 1413.22),
    "swinv2_cr_giant_384": (384, 2598.76, 1450.71, 1394.86),
    "efficientnet_l2": (800, 480.31, 479.12, 1707.39),
    "resnetv2_152x4_bit": (480, 936.53, 844.84, 414.26),
    "xcit_large_24_p8_384": (384, 188.93, 415.00, 531.82),
    "samvit_huge_patch16": (1024, 637.03, 2982.23, 3428.16),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE_OF_TIMM)
def test_the_largest_of_timms_models_cost_what_timm_publishes(name):
    side, *published = LARGE_OF_TIMM[name]
    with torch.device("meta"):
        model = timm.create_model(name)
    taken = cost_by_one_counter(model, (3, side, side)).measurements
    names = ("params", "macs", "activations")
    units = zip((taken[n] for n in names), (1e6, 1e9, 1e6), strict=True)
    assert [round(value / unit, 2) for value, unit in units] == published


@pytest.mark.parametrize(
    ("name", "arguments", "params", "conv_linear", "products"),
    [
        # counted on the authors' released code
        ("rest_lite", {}, 10_508_300, 1.4594, 1.5331),
        ("rest_lite", {"reduction": "average"}, 10_486_028, 1.4583, 1.5321),
        ("rest_lite", {"ratios": [1, 1, 1, 1]}, 10_484_236, 1.6011, 4.4777),
        pytest.param("rest_small", {}, 13_679_708, 2.0, 2.093, marks=pytest.mark.slow),
        pytest.param("rest_base", {}, 30_327_052, 4.486, 4.626, marks=pytest.mark.slow),
        pytest.param("rest_large", {}, 51_676_156, 8.131, 8.360, marks=pytest.mark.slow),
    ],
)
def test_rest_costs_what_the_released_code_does(name, arguments, params, conv_linear, products):
    taken = cost(own(name, **arguments), (3, 224, 224))
    without_norms = taken.macs["all"] - taken.counts["torch"]["norm"]
    assert taken.params == params
    assert taken.macs["conv+linear"] / 1e9 == pytest.approx(conv_linear, abs=5e-4)
    assert without_norms / 1e9 == pytest.approx(products, abs=5e-4)


def test_all_counters_agree_on_rest_to_the_last_multiply_add():
    counts = cost(own("rest_lite"), (3, 224, 224)).counts
    assert counts["formula"] == counts["torch"] == counts["fvcore"]
    assert sum(counts["fvcore"].values()) == 1_544_029_248  # fvcore's total without its pooling


# The refusals ----------------------------------------------------------------------------------


@pytest.mark.parametrize("operator", ["addmm_", "baddbmm_", "addbmm"])
def test_products_that_counters_miss_are_refused_by_name(operator):
    def layer(x, w, b):
        start = x.new_zeros(1, 64, 64)
        if operator == "addmm_":
            return start[0].addmm_(x[0], w)
        return getattr(start[0] if operator == "addbmm" else start, operator)(x, x.mT)

    with pytest.raises(MetricError, match=rf"aten::{operator}\b"):
        cost(on(lambda: Layer(layer)), SMALL)


def test_an_operator_of_unknown_cost_is_refused_by_name():
    with pytest.raises(MetricError, match="aten::cosine_similarity"):
        cost(on(lambda: Layer(lambda x, w, b: torch.cosine_similarity(x, w.T, -1))), SMALL)


@pytest.mark.parametrize("wrong", [20_000_000, -20_000_000])
def test_a_wrong_closed_form_is_refused_with_the_kind_and_the_counts(wrong):
    with pytest.raises(MetricError) as refusal:
        cost(on(lambda: Formula(1, wrong)), TOKENS)
    assert f"matmul: formula {2 * 3136**2 * 64 + wrong:,}" in str(refusal.value)
    assert "linear:" not in str(refusal.value)


def test_a_closed_form_of_unknown_kinds_is_refused():
    class Odd(nn.Flatten):
        def multiply_adds(self, height, width):
            return {"convs": 1}

    with pytest.raises(MetricError, match='did you mean "conv"'):
        cost(on(Odd), SMALL)


def test_an_image_the_model_cannot_take_is_refused():
    with pytest.raises(MetricError, match=r"no image of \(3, 100, 100\)"):
        cost(on(lambda: timm.create_model("deit_tiny_patch16_224")), (3, 100, 100))


def test_an_error_of_the_builder_is_his_own():
    with pytest.raises(BuildError):
        cost(own("rest_lite", reduction="maximun"), (3, 224, 224))


# The care --------------------------------------------------------------------------------------


def test_counting_changes_neither_the_model_nor_the_random_state():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(), nn.ReLU(True))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    state = torch.get_rng_state()
    cost(lambda _: model, SMALL)
    cost(lambda _: nn.Conv2d(3, 4, 3), SMALL)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert model.training
    assert all(weight.requires_grad for weight in model.parameters())


def test_a_model_that_needs_values_is_counted_on_the_cpu():
    class Needy(nn.Conv2d):
        def forward(self, image):
            return super().forward(image) if image.sum().item() == 0 else image

    assert cost(on(lambda: Needy(3, 4, 3)), SMALL).macs["all"] == 6 * 6 * 4 * 27


def test_work_that_the_trace_prunes_shows_as_a_disagreement():
    def layer(x, w, b):
        x @ w
        return x

    with pytest.raises(MetricError, match=r"linear: torch 12,288, fvcore 0"):
        cost(on(lambda: Layer(layer)), SMALL)


def test_shared_weights_are_parameters_once_and_work_twice():
    layer = nn.Conv2d(3, 3, 1, bias=False)
    taken = cost(lambda _: nn.Sequential(layer, layer), SMALL)
    assert taken.params == 9
    assert taken.macs["all"] == 2 * 9 * 64
    assert taken.activations == 2 * 3 * 64


def test_a_cost_is_ready_for_json_and_speaks_the_catalogues_names():
    taken = cost(on(lambda: nn.Conv2d(3, 4, 3)), SMALL)
    assert Cost(**json.loads(json.dumps(dataclasses.asdict(taken)))) == taken
    assert set(taken.measurements) == {n for n, metric in METRICS.items() if metric.kind == "cost"}
    assert set(taken.macs) == set(RULES)


def test_a_black_image_of_zero_weights_counts_like_a_real_one():
    """The traced model is hollow: weights that take no memory must not change what runs."""
    model = timm.create_model("resnet18").eval().requires_grad_(False)
    with torch.device("meta"):
        hollow = timm.create_model("resnet18").eval().requires_grad_(False)
    assert by_fvcore(model, (3, 64, 64)) == by_fvcore(hollow, (3, 64, 64))
    assert by_torch(model, (3, 64, 64)) == by_torch(hollow, (3, 64, 64))
