"""Arms share the initial weights of the layers that they share."""

import pytest
import timm
import torch
from torch import nn

import study.models  # noqa: F401
from study.models.paired_init import initialised, seeded, unshared

SHALLOW = {
    "test_rest": {},
    "test_pvt": {},
    "resnet18": {},
    "deit_tiny_patch16_224": {"depth": 2},
    "pvt_v2_b0": {"depths": (1, 1, 1, 1)},
}


def built(name, **arguments):
    return timm.create_model(name, **{"num_classes": 10, **SHALLOW[name], **arguments})


def parameters(name, seed=0, **arguments):
    return dict(seeded(lambda: built(name, **arguments), seed).named_parameters())


def random(parameter):
    return bool((parameter != parameter.flatten()[0]).any())


@pytest.mark.parametrize(
    "change",
    [
        {"stem": "pvt"},
        {"embedding": "plain"},
        {"reduction": "strided"},
        {"position": "learned"},
        {"head_mix": False},
        {"depths": [1, 2, 1, 1]},
        {"num_classes": 3},
    ],
    ids=str,
)
def test_layers_of_the_same_name_and_shape_start_alike(change):
    plain, other = parameters("test_rest"), parameters("test_rest", **change)
    apart = {name for name in plain.keys() & other.keys() if plain[name].shape != other[name].shape}
    layers = {name.rpartition(".")[0] for name in apart}  # a bias is spread as its weight's fan-in
    both = [name for name in plain.keys() & other.keys() if name.rpartition(".")[0] not in layers]
    assert len(both) > 30
    assert all(torch.equal(plain[name], other[name]) for name in both)


@pytest.mark.parametrize("name", SHALLOW)
def test_another_seed_draws_other_weights(name):
    zero, again, other_seed = parameters(name), parameters(name), parameters(name, seed=1)
    assert all(torch.equal(zero[key], again[key]) for key in zero)
    assert not [
        key for key in zero if random(zero[key]) and torch.equal(zero[key], other_seed[key])
    ]


@pytest.mark.parametrize("name", SHALLOW)
def test_weights_are_spread_as_the_model_meant(name):
    own = dict(built(name).named_parameters())
    for key, parameter in parameters(name).items():
        if parameter.numel() > 1000 and random(parameter):
            # medians, as timm's truncated normal draws a weight of 2 now and then
            spread, meant = (float(p.detach().abs().median()) for p in (parameter, own[key]))
            assert spread == pytest.approx(meant, rel=0.2), key


@pytest.mark.parametrize("name", SHALLOW)
def test_every_parameter_of_timms_models_is_shared(name):
    assert unshared(lambda: built(name), 0) == set()


def test_two_layers_of_one_shape_start_differently():
    drawn = parameters("test_rest", depths=[2, 1, 1, 1])
    first, second = (drawn[f"stages.0.blocks.{i}.mlp.fc1.weight"] for i in (0, 1))
    assert not torch.equal(first, second)


def test_slices_of_one_parameter_start_differently():
    def build():
        layer = nn.Linear(4, 8)
        for rows in layer.weight.data.chunk(2):
            nn.init.normal_(rows)
        return layer

    first, second = seeded(build, 0).weight.chunk(2)
    assert not torch.equal(first, second)


def test_the_global_random_state_stays():
    before = torch.get_rng_state()
    parameters("test_rest")
    assert torch.equal(torch.get_rng_state(), before)


class Drawn(nn.Module):
    """Parameters that are computed from random tensors."""

    def __init__(self):
        super().__init__()
        self.scaled = nn.Parameter(torch.randn(3) * 2)
        self.layer = nn.Linear(2, 2)
        self.late = nn.Parameter(torch.empty(3).normal_())


def test_it_says_which_parameters_depend_on_more_than_their_name():
    model, foreign = initialised(Drawn, 0)
    assert foreign == {"late"}
    assert torch.equal(model.late, seeded(Drawn, 0).late)
