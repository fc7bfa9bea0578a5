"""Audits of images that are too large for real tensors, and the memory that counting takes."""

import weakref

import pytest
import timm
import torch
from torch import nn

from study.errors import MetricError
from study.metrics.cost import cost
from study.metrics.counters import COUNTERS, by_torch
from study.metrics.live_memory import live_bytes
from study.models import build
from tests.metrics.counted_models import SMALL, TOKENS, Formula, ReducedAttention, on


def recorded(seen):
    """A counter that appends every size that it is asked for."""

    def count(model, size):
        seen.append(size)
        return by_torch(model, size)

    return count


def test_an_image_too_large_for_real_tensors_is_audited_at_half_its_sides(monkeypatch):
    def lite(device):
        return build("test_rest", {}, num_classes=10, in_chans=3, img_size=128, device=device)

    whole, seen = cost(lite, (3, 128, 128)), []
    monkeypatch.setattr("study.metrics.cost.LARGE", whole.activations - 1)
    monkeypatch.setitem(COUNTERS, "fvcore", recorded(seen))
    assert cost(lite, (3, 128, 128)).measurements == whole.measurements
    assert seen == [(3, 64, 64)]


@pytest.mark.parametrize(("patch", "side", "audited"), [(16, 128, 64), (14, 182, 84)])
def test_a_model_of_one_size_is_built_for_a_smaller_one_to_be_audited(
    patch, side, audited, monkeypatch
):
    def vit(device, side=side):
        with torch.device(device):
            return timm.create_model("test_vit", patch_size=patch, img_size=side)

    whole, seen = cost(vit, (3, side, side)), []
    monkeypatch.setattr("study.metrics.cost.LARGE", whole.activations - 1)
    monkeypatch.setitem(COUNTERS, "fvcore", recorded(seen))
    assert cost(vit, (3, side, side), vit).measurements == whole.measurements
    assert seen == [(3, audited, audited)]


def test_counters_that_disagree_on_the_smaller_image_refuse_the_cost(monkeypatch):
    monkeypatch.setattr("study.metrics.cost.LARGE", 0)
    with pytest.raises(MetricError, match="disagree"):
        cost(on(lambda: Formula(1, 20_000_000)), TOKENS)


class OneSize(ReducedAttention):
    """A model that takes images of one size alone."""

    def forward(self, image):
        if image.shape[1:] != TOKENS:
            raise ValueError("another size")
        return super().forward(image)


def test_a_large_image_of_the_only_size_is_audited_where_that_takes_little_memory(monkeypatch):
    monkeypatch.setattr("study.metrics.cost.LARGE", 0)
    assert set(cost(on(lambda: OneSize(1)), TOKENS).counts) == {"torch", "fvcore"}


def test_an_audit_that_would_take_too_much_memory_is_given_up(monkeypatch):
    whole = cost(on(lambda: OneSize(1)), TOKENS)
    monkeypatch.setattr("study.metrics.cost.LARGE", 0)
    monkeypatch.setattr("study.metrics.cost.MEMORY", 4 * 3136**2)  # bytes, of one attention map
    once = cost(on(lambda: OneSize(1)), TOKENS)
    assert once.measurements == whole.measurements
    assert set(once.counts) == {"torch"}


def test_the_memory_of_activations_is_known_without_taking_it():
    """Two attention maps are alive at a time, before and behind the softmax."""
    with torch.device("meta"):
        model, small = ReducedAttention(1), nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(True))
    tokens, attention_map = 4 * 64 * 56 * 56, 4 * 3136**2  # bytes
    peak = live_bytes(model.eval(), TOKENS)
    assert 2 * attention_map < peak < 2 * attention_map + 10 * tokens
    # The image, which is multiplied by 1, and the output; what is computed in place takes none.
    assert live_bytes(small, SMALL) <= 4 * 64 * (3 + 3 + 4)


def test_counting_keeps_no_activation_alive():
    """Autograd would keep every one until the backward pass, which never comes."""
    alive: list[int] = []

    class Deep(nn.Module):
        def forward(self, image):
            outputs = []
            for _ in range(4):
                image = image.sigmoid()
                outputs.append(weakref.ref(image))
                alive.append(sum(ref() is not None for ref in outputs))
            return image

    cost(lambda _: Deep(), SMALL)
    assert max(alive) == 1
