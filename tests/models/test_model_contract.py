"""The contract of whole models."""

import pytest
from timm.models import generate_default_cfgs, register_model
from torch import nn

from study.models.contract import checks
from study.models.factory import PRESETS
from tests.models.broken_parts import wrong
from tests.registries import restorer


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
    Statistics: {"images do not affect each other": "depends on the others"},
}


@pytest.fixture
def named():
    """Registers a class with timm as `my_net`."""
    restore = restorer()
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
    messages = wrong(checks("model", "my_net"))
    assert all(message in messages[what] for what, message in NETS[kind].items())
    assert bool(messages) == bool(NETS[kind])


SMALL = [name for name in PRESETS if name.startswith("test_")]


@pytest.mark.parametrize("name", [*SMALL, "test_resnet", "test_vit"])
def test_models_hold_to_the_contract(name):
    assert wrong(checks("model", name)) == {}
