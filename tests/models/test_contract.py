"""The contract says what is wrong with a part, in words, and nothing of one that holds."""

import re
from functools import partial

import pytest
import torch
from timm.models import generate_default_cfgs, register_model
from torch import nn

from study.models import SLOTS, multiply_adds, registry
from study.models.contract import CHECKS, checks, model_checks
from study.models.factory import PRESETS
from study.models.multiply_adds import Cost
from study.models.parts.reductions import Average, Depthwise, reduced
from study.models.parts.stems import PvtStem


class Half(Depthwise):
    """Leaves out the last row of its map."""

    def forward(self, x):
        return super().forward(x)[:, :, :-1]


class Explodes(Average):
    """Divides by nothing."""

    def forward(self, x):
        return super().forward(x) / 0


class Dead(Depthwise):
    """Has a weight that it never uses."""

    def __init__(self, channels, ratio, **dd):
        super().__init__(channels, ratio, **dd)
        self.scale = nn.Parameter(torch.ones(channels, **dd))


class Cut(Average):
    """Cuts the gradient off."""

    def forward(self, x):
        return super().forward(x).detach()


class Cheap(Depthwise):
    """Forgets its kernel when it says what it costs."""

    def multiply_adds(self, height, width):
        s = self.stride[0]
        return Cost(conv=self.out_channels * reduced(height, s) * reduced(width, s))


class Misnamed(Depthwise):
    """Counts as what does not exist."""

    def multiply_adds(self, height, width):
        return Cost(convs=1)


class Plain(Average):
    """Counts in a plain dictionary."""

    def multiply_adds(self, height, width):
        return {}


class Silent(nn.AvgPool2d):
    """Does not say what it costs."""

    def __init__(self, channels, ratio, **dd):
        super().__init__(ratio + 1, ratio, ratio // 2)


class Unshared(Depthwise):
    """Draws its weights elsewhere."""

    def __init__(self, channels, ratio, **dd):
        super().__init__(channels, ratio, **dd)
        drawn = torch.randn(channels, 1, 1, **dd)
        self.shift = nn.Parameter(torch.ones(channels, 1, 1, **dd))
        self.scale = nn.Parameter(drawn)

    def forward(self, x):
        return super().forward(x) * self.scale + self.shift


class Here(Depthwise):
    """Is on the CPU whatever it is told."""

    def __init__(self, channels, ratio, **dd):
        super().__init__(channels, ratio, **dd)
        self.register_buffer("mask", torch.ones(1, device="cpu"))


class Random(Average):
    """Drops without asking whether it is trained."""

    def forward(self, x):
        return nn.functional.dropout(super().forward(x), 0.5, training=True)


class Mixed(Average):
    """Takes the mean of the batch away."""

    def forward(self, x):
        x = super().forward(x)
        return x - x.mean(0, keepdim=True)


class Forgetful(Average):
    """Has random numbers that are in no checkpoint."""

    def __init__(self, channels, ratio, **dd):
        super().__init__(channels, ratio, **dd)
        self.register_buffer("noise", torch.randn(channels, 1, 1, **dd), persistent=False)

    def forward(self, x):
        return super().forward(x) + self.noise


class Deaf(Average):
    """Gives nothing but zeros."""

    def forward(self, x):
        return super().forward(x) * 0


class Mute(Average):
    def multiply_adds(self, height, width):
        return Cost()


class Narrow(Average):
    """Knows nothing of devices."""

    def __init__(self, channels, ratio):
        super().__init__(channels, ratio)


BROKEN = {
    Half: (
        "maps the declared shapes",
        r"gives 16x11x8, not 16x12x8 \(built with \(16, 2\), on 16x24x16\)",
    ),
    Explodes: ("maps the declared shapes", "not finite"),
    Dead: ("trains", r"no gradient reaches scale \("),
    Cut: ("trains", r"no gradient reaches the input \("),
    Cheap: ("costs what it says", "says 1,536 of conv where 13,824 run"),
    Misnamed: ("costs what it says", 'unknown kind "convs"; did you mean "conv"'),
    Plain: ("costs what it says", "no Cost but dict"),
    Silent: ("costs what it says", "has no multiply_adds"),
    Unshared: ("starts by its own names", "scale is not drawn in place"),
    Here: ("builds on cpu and meta", "mask is not on meta"),
    Random: ("repeats itself", "something else the second time"),
    Mixed: ("keeps images apart", "depends on the others of its batch"),
    Forgetful: ("is restored by its state", "does not restore it"),
    Deaf: ("depends on its input", "the same for every image"),
    Mute: ("says what it is", "no docstring"),
    Narrow: ("builds on cpu and meta", "TypeError: .*unexpected keyword"),
}
SEVERAL = {Explodes, Cut, Mixed, Narrow, Random, Half}
"""Wrong in one way, which more than one check sees."""


def wrong(findings):
    return {finding.check: finding.message for finding in findings if not finding.ok}


@pytest.mark.parametrize("part", BROKEN, ids=lambda part: part.__name__)
def test_a_broken_reduction_is_told_what_is_wrong(monkeypatch, part):
    what, said = BROKEN[part]
    monkeypatch.setitem(SLOTS["reduction"], "broken", part)
    found = wrong(checks("reduction", "broken"))
    assert re.search(said, found[what])
    assert part in SEVERAL or len(found) == 1


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


# ---- models ----


class Net(nn.Module):
    def __init__(self, num_classes=10, in_chans=3):
        super().__init__()
        self.conv = nn.Conv2d(in_chans, 8, 4, 4)
        self.norm = nn.BatchNorm2d(8)
        self.head = nn.Linear(8, num_classes)

    def forward(self, x):
        return self.head(self.norm(self.conv(x)).relu().mean((2, 3)))


class Unpooled(Net):
    def forward(self, x):
        return self.norm(self.conv(x)).flatten(1)


class Colours(Net):
    def __init__(self, num_classes=10, in_chans=3):
        super().__init__(num_classes, 3)


class Unlearned(Net):
    def forward(self, x):
        return self.head(self.conv(x).relu().mean((2, 3)))


class Statistics(Net):
    def __init__(self, num_classes=10, in_chans=3):
        super().__init__(num_classes, in_chans)
        self.norm = nn.BatchNorm2d(8, track_running_stats=False)


NETS = {
    Net: {},
    Unpooled: {"maps the declared shapes": "gives 2048, not 7", "trains": "head.weight, head.bias"},
    Colours: {"maps the declared shapes": "(with 5 classes, on 1x64x64)"},
    Unlearned: {"trains": "no gradient reaches norm.weight, norm.bias"},
    Statistics: {"keeps images apart": "depends on the others"},
}


@pytest.fixture
def named():
    """Registers a class with timm as `my_net`."""
    restore = registry.restorer()
    yield register
    restore()


def register(kind):
    def my_net(pretrained=False, pretrained_cfg=None, pretrained_cfg_overlay=None, **kwargs):
        return kind(**{k: v for k, v in kwargs.items() if k not in ("device", "cache_dir")})

    register_model(my_net)


default_cfgs = generate_default_cfgs({"my_net.untrained": {"input_size": (3, 64, 64)}})


@pytest.mark.parametrize("kind", NETS, ids=lambda kind: kind.__name__)
def test_a_model_is_told_what_is_wrong(named, kind):
    named(kind)
    found = wrong(model_checks("my_net"))
    assert all(said in found[what] for what, said in NETS[kind].items())
    assert bool(found) == bool(NETS[kind])


SMALL = [name for name in PRESETS if name.startswith("test_")]


@pytest.mark.parametrize("name", [*SMALL, "test_resnet", "test_vit"])
def test_models_hold_to_the_contract(name):
    assert wrong(model_checks(name)) == {}
