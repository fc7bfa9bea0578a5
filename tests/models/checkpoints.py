"""A small model, and checkpoint files of it in every wrapping."""

import argparse

import torch

from study.models import build

SHAPE = {"num_classes": 10, "in_chans": 3, "img_size": 64}


def model(seed=0, name="test_rest", **arguments):
    torch.manual_seed(seed)
    return build(name, arguments, **SHAPE)


def same(ours, theirs):
    return ours.keys() == theirs.keys() and all(torch.equal(ours[k], theirs[k]) for k in ours)


def prefixed(state, prefix):
    return {prefix + name: tensor for name, tensor in state.items()}


GIVEN = model(1).state_dict()
AVERAGED = model(2).state_dict()
FORMS = {
    "plain": GIVEN,
    "timm's": {"state_dict": GIVEN, "epoch": 3, "args": argparse.Namespace(lr=0.1)},
    "released": {"model": GIVEN, "optimizer": {"state": {}}},
    "of several devices": {"state_dict": prefixed(GIVEN, "module.")},
    "compiled": prefixed(GIVEN, "_orig_mod."),
    "without counts": {k: v for k, v in GIVEN.items() if "num_batches" not in k},
    "double": {k: v.double() if v.is_floating_point() else v for k, v in GIVEN.items()},
}
