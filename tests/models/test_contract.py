"""The contract says what is wrong with a part, in words, and nothing of one that holds."""

import re
from functools import partial

import pytest
import torch
from torch import nn

from study.models import SLOTS, multiply_adds
from study.models.contract import CHECKS, checks
from study.models.multiply_adds import Cost
from study.models.parts.reductions import Average
from study.models.parts.stems import PvtStem
from tests.models.broken_parts import BROKEN, SEVERAL, wrong


@pytest.mark.parametrize("part", BROKEN, ids=lambda part: part.__name__)
def test_a_broken_reduction_is_told_what_is_wrong(monkeypatch, part):
    what, message = BROKEN[part]
    monkeypatch.setitem(SLOTS["reduction"], "broken", part)
    messages = wrong(checks("reduction", "broken"))
    assert re.search(message, messages[what])
    assert part in SEVERAL or len(messages) == 1


@pytest.mark.parametrize("slot", SLOTS)
def test_every_slot_refuses_what_gives_another_shape(monkeypatch, slot):
    monkeypatch.setitem(SLOTS[slot], "broken", lambda *shape, **dd: nn.Flatten())
    assert "gives" in wrong(checks(slot, "broken"))["maps the declared shapes"]


def test_a_variant_by_partial_needs_words_of_its_own(monkeypatch):
    monkeypatch.setitem(SLOTS["reduction"], "variant", partial(Average))
    assert wrong(checks("reduction", "variant")).keys() == {"says what it is"}


def test_a_stem_without_a_first_layer_is_told_so(monkeypatch):
    class Renamed(PvtStem):
        """Calls its first layer something else."""

        def __init__(self, in_chans, channels, **dd):
            super().__init__(in_chans, channels, **dd)
            self.project = self.conv1
            del self.conv1

        def forward(self, x):
            return self.norm1(self.project(self.pad(x)))

        def multiply_adds(self, height, width):
            places = -(-height // 4) * -(-width // 4)
            return multiply_adds.conv(self.project, places) + multiply_adds.layer_norm(
                self.norm1, places
            )

    monkeypatch.setitem(SLOTS["stem"], "renamed", Renamed)
    assert wrong(checks("stem", "renamed")).keys() == {"names its first layer"}


class Attention(nn.Module):
    """Attention over the pixels, as products of both kinds."""

    def __init__(self, channels, size, **dd):
        super().__init__()
        self.q = nn.Parameter(torch.empty(channels, channels, **dd))
        nn.init.eye_(self.q)

    def forward(self, x):
        y = x.flatten(2)  # (B, C, N)
        q = torch.einsum("dc,bcn->bdn", self.q, y)
        return (y @ (q.transpose(1, 2) @ y).softmax(-1)).reshape(x.shape)

    def multiply_adds(self, height, width):
        N, C = height * width, len(self.q)
        return Cost(linear=C * C * N, matmul=2 * C * N * N)


def test_products_are_told_apart_by_what_is_multiplied(monkeypatch):
    monkeypatch.setitem(SLOTS["position"], "attention", Attention)
    assert wrong(checks("position", "attention")) == {}


def test_the_random_state_stays(monkeypatch):
    before = torch.get_rng_state()
    checks("position", "learned")
    assert torch.equal(torch.get_rng_state(), before)


def test_every_slot_has_checks():
    assert CHECKS.keys() == {*SLOTS, "model"}
