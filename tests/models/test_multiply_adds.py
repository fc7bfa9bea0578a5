"""The closed form against counters that run the model, and against the released counts."""

import logging
from collections import Counter

import pytest
import timm
import torch
from fvcore.nn import FlopCountAnalysis
from torch.utils.flop_counter import FlopCounterMode

import study.models  # noqa: F401
from study.metrics.counters import by_torch
from study.metrics.stages import by_stage
from study.models import SLOTS

KERNELS = {
    "conv": ("convolution",),
    "linear": ("mm", "addmm"),
    "matmul": ("bmm", "baddbmm"),
}
ARMS = [
    *({slot: entry} for slot, entries in SLOTS.items() for entry in entries),
    *({"reduction": entry, "ratios": [3, 5, 2, 1]} for entry in SLOTS["reduction"]),
    {"head_mix": False},
    {"attn_norm": False},
    {"ratios": [1, 1, 1, 1], "attn_norm": False, "head_mix": False},
    {"depths": [1, 2, 1, 3], "heads": [2, 4, 8, 16], "mlp_ratios": [1, 2, 3.5, 4]},
    {"qkv_bias": False, "in_chans": 1, "num_classes": 7},
    {"num_classes": 0},
]
EMSA = {"head_mix": True, "attn_norm": True, "position": "pa", "reduction": "depthwise"}
CASES = [
    *(("test_rest", arm) for arm in ARMS),
    *(("test_pvt", arm) for arm in ({}, EMSA, {"global_pool": "avg"}, {"num_classes": 0})),
]
NORMED = [
    *(("test_rest", {slot: entry}) for slot in ("stem", "embedding") for entry in SLOTS[slot]),
    *(("test_pvt", arm) for arm in ({}, EMSA)),
]
PVT = {  # billions at 224 px: as ResT's paper prints them, and as PVT's own does
    "pvt_tiny": (1.9, 1.9),
    "pvt_small": (3.7, 3.8),
    "pvt_medium": (6.4, 6.7),
    "pvt_large": (9.5, 9.8),
}


def model(name="test_rest", **arguments):
    return timm.create_model(name, device="meta", **arguments).eval()


def counted(arm, height, width):
    """What torch's own counter sees, in multiply-adds."""
    with FlopCounterMode(display=False) as counter:
        arm(torch.empty(1, arm.in_chans, height, width, device="meta"))
    flops = {str(k).split(".")[-1]: n for k, n in counter.get_flop_counts()["Global"].items()}
    assert flops.keys() <= {kernel for kernels in KERNELS.values() for kernel in kernels}
    return {kind: sum(flops.get(k, 0) for k in ks) // 2 for kind, ks in KERNELS.items()}


@pytest.mark.parametrize(("name", "arguments"), CASES, ids=str)
def test_closed_form_is_what_torch_counts(name, arguments):
    arm = model(name, **arguments)
    for height, width in [(64, 64), (97, 130)]:
        closed = arm.multiply_adds(height, width)
        assert {kind: closed[kind] for kind in KERNELS} == counted(arm, height, width)


@pytest.mark.parametrize(("name", "arguments"), CASES, ids=str)
def test_closed_form_is_what_torch_counts_stage_by_stage(name, arguments):
    arm = model(name, **arguments).requires_grad_(False)
    closed, size = arm.cost_by_stage(97, 130), (arm.in_chans, 97, 130)
    activations = sum(cost.pop("activations", 0) for cost in closed.values())
    assert activations == by_torch(arm, size).activations
    run = by_stage(arm, size)
    assert list(closed) == list(run)
    for stage, cost in closed.items():
        assert +cost == Counter(run[stage])


@pytest.mark.filterwarnings("ignore")  # fvcore traces, and tracing warns
@pytest.mark.parametrize(("name", "arguments"), NORMED, ids=str)
def test_norms_are_what_fvcore_counts(name, arguments):
    logging.getLogger("fvcore").setLevel(logging.ERROR)
    arm = timm.create_model(name, **arguments).eval()
    operators = FlopCountAnalysis(arm, torch.randn(1, 3, 64, 97)).by_operator()
    norms = ("batch_norm", "layer_norm", "instance_norm")
    assert arm.multiply_adds(64, 97)["norm"] == sum(operators[kind] for kind in norms)


@pytest.mark.parametrize("name", ["rest_lite", "rest_small", "rest_base", "rest_large"])
def test_counts_of_the_released_models(name, golden):
    for stem, expected in golden["models"][name].items():
        assert counts(model(name, stem=stem)) == pytest.approx(expected, abs=6e-4)


@pytest.mark.parametrize("row", range(12))
def test_counts_of_the_ablation_arms(row, golden):
    arm = dict(golden["lite_arms"][row])
    counted = counts(model("rest_lite", **arm.pop("arguments")))
    assert counted == pytest.approx(arm, abs=6e-5)


def test_exact_counts_of_rest_lite(golden):
    counted, exact = model("rest_lite").multiply_adds(224, 224), golden["lite_exact"]
    assert sum(counted[kind] for kind in KERNELS) == exact["with_products"]
    assert counted["norm"] == exact["norm"]


@pytest.mark.parametrize("name", PVT)
def test_papers_differ_on_pvt_by_the_products_of_attention(name):
    counted = counts(model(name))
    assert (round(counted["conv_linear"], 1), round(counted["with_products"], 1)) == PVT[name]


def counts(arm):
    counted = arm.multiply_adds(224, 224)
    layers = counted["conv"] + counted["linear"]
    return {
        "params": sum(p.numel() for p in arm.parameters()),
        "conv_linear": layers / 1e9,
        "with_products": (layers + counted["matmul"]) / 1e9,
    }
