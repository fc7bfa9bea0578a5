"""Multiply-adds by stage: they add up to what the counters say."""

import pytest
import timm
import torch
from torch import nn

import study.models  # noqa: F401
from study.metrics.counters import by_torch
from study.metrics.stages import by_stage

SIZE = (3, 64, 64)


def built(name, **arguments):
    with torch.device("meta"):
        return timm.create_model(name, **arguments).eval().requires_grad_(False)


@pytest.mark.parametrize(
    ("name", "stages"),
    [
        ("test_rest", ["4", "8", "16", "32", "head"]),
        ("test_pvt", ["4", "8", "16", "32", "head"]),
        ("resnet10t", ["2", "4", "8", "16", "32", "head"]),
        ("test_vit", ["16", "head"]),  # all blocks work at one size
    ],
)
def test_stages_add_up_to_the_whole(name, stages):
    model = built(name, **({"img_size": 64} if name == "test_vit" else {}))
    counts = by_stage(model, SIZE)
    assert list(counts) == stages
    total = by_torch(model, SIZE).macs
    kinds = {kind for own in counts.values() for kind in own}
    assert {k: sum(own.get(k, 0) for own in counts.values()) for k in kinds} == total


def test_the_head_is_the_classifier():
    stages = by_stage(built("test_rest", num_classes=10), SIZE)
    assert stages["head"]["linear"] == 128 * 10


def test_what_has_no_stages_has_none():
    assert by_stage(nn.Sequential(nn.Conv2d(3, 8, 3)).requires_grad_(False), SIZE) == {}


def test_stages_told_in_another_order_than_they_run_are_none():
    model = built("test_rest")
    model.feature_info = list(reversed(model.feature_info))
    assert by_stage(model, SIZE) == {}
    assert not any(module._forward_hooks for module in model.modules())
