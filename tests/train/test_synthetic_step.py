"""One step of training, alone."""

import os

import pytest
import torch
from torch import nn

from study.metrics.memory import peak_memory
from study.tasks.classification.train import training_step
from tests.train.trials import RICH, recipe, resnet

# one step

STEP = {"classes": 10, "size": (3, 32, 32), "device": "cpu"}


@pytest.mark.parametrize(
    "given",
    [
        RICH,
        recipe(bce_loss=True, opt="lamb"),
        recipe(amp=True, amp_dtype="bfloat16", channels_last=True, grad_checkpointing=True),
    ],
)
def test_a_step_changes_the_weights_and_nothing_else(given):
    model = resnet()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    chance = torch.get_rng_state()
    training_step(model, given, **STEP)
    assert not any(torch.equal(p, before[name]) for name, p in model.named_parameters())
    assert torch.equal(chance, torch.get_rng_state())


def test_a_step_looks_at_one_batch_once_there_is_a_state():
    sizes, model = [], resnet()
    model.register_forward_pre_hook(lambda model, inputs: sizes.append(tuple(inputs[0].shape)))
    training_step(model, recipe(batch_size=24, grad_accum_steps=4), **STEP)
    assert sizes == [(2, 3, 32, 32), (24, 3, 32, 32)]


def test_a_step_is_not_compiled(monkeypatch):
    monkeypatch.delattr(torch, "compile")
    training_step(resnet(), recipe(torchcompile=True), **STEP)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="only a GPU scales gradients")
def test_a_step_in_half_precision_is_taken_at_once():
    model = resnet()
    before = [p.detach().clone() for p in model.parameters()]
    training_step(model, recipe(amp=True), **STEP | {"device": "cuda"})
    pairs = zip(model.parameters(), before, strict=True)
    assert not any(torch.equal(now.cpu(), then) for now, then in pairs)


@pytest.mark.heavy
@pytest.mark.skipif(
    not os.access("/proc/self/clear_refs", os.W_OK), reason="the kernel tells no peak"
)
def test_the_optimisers_state_lies_beside_the_activations():
    """Adam keeps two numbers for each weight, momentum one; at the peak there are activations."""

    def peak(opt):
        def step():
            layers = nn.Conv2d(3, 64, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()
            model = nn.Sequential(*layers, nn.Linear(64, 2**14), nn.Linear(2**14, 10))
            training_step(model, recipe(opt=opt), **STEP)

        return peak_memory(step)

    weights = 4 * (64 + 1 + 10) * 2**14
    assert peak("adamw") - peak("momentum") == pytest.approx(weights, rel=0.05)
