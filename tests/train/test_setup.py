"""What a recipe asks for, and that timm's parts do it."""

import math
from typing import get_args

import numpy as np
import pytest
import torch
from timm.optim import create_optimizer_v2
from timm.scheduler import create_scheduler_v2
from torch import nn
from torch.testing import assert_close

from study.errors import SpecError
from study.models.fast import trainable
from study.tasks.classification.schema import Recipe
from study.tasks.classification.train import check, fit, step_seconds
from study.tasks.classification.train.mixup import mixed
from study.tasks.classification.train.setup import set_up
from study.trial.callbacks import Callbacks, Stopped
from tests.train.trials import IMAGES, RICH, recipe, resnet, rest, vit

# recipe


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"lr": 0.3}, 0.3),
        ({"opt": "sgd", "batch_size": 512}, 0.2),
        ({"opt": "sgd", "batch_size": 64, "grad_accum_steps": 4}, 0.1),
        ({"opt": "adamw", "batch_size": 1024}, 0.2),
        ({"opt": "lamb", "batch_size": 64}, 0.05),
        ({"opt": "adamw", "batch_size": 1024, "lr_base_scale": "linear"}, 0.4),
        ({"opt": "sgd", "batch_size": 1024, "lr_base_scale": "sqrt"}, 0.2),
        ({"opt": "sgd", "batch_size": 512, "lr_base": 1.0, "lr_base_size": 1024}, 0.5),
    ],
)
def test_the_learning_rate_scales_as_in_timms_script(keys, expected):
    assert Recipe(**keys).learning_rate == pytest.approx(expected)


def test_gathered_batches_are_one_large_batch(tmp_path):
    still = {"scale": [1, 1], "ratio": [1, 1], "epochs": 1, "clip_grad": 0.1}
    models = [vit(drop_path_rate=0), vit(drop_path_rate=0)]
    for model, keys in zip(
        models, ({"batch_size": 32}, {"batch_size": 8, "grad_accum_steps": 4}), strict=True
    ):
        fit(model, IMAGES, recipe(**still, **keys), seed=0, folder=tmp_path / str(keys))
    assert_close(models[0].state_dict(), models[1].state_dict(), atol=1e-6, rtol=1e-4)


def test_clipping_bounds_the_update(tmp_path):
    model = vit()
    before = torch.cat([p.detach().flatten().clone() for p in model.parameters()])
    once = recipe(epochs=1, batch_size=64, opt="momentum", lr=1.0, weight_decay=0, clip_grad=0.01)
    fit(model, IMAGES, once, seed=0, folder=tmp_path)
    after = torch.cat([p.detach().flatten() for p in model.parameters()])
    assert (after - before).norm().item() == pytest.approx(0.01, rel=1e-3)


@pytest.mark.parametrize(
    "keys",
    [
        {"amp": True, "amp_dtype": "bfloat16"},
        {"channels_last": True},
        {"grad_checkpointing": True},
        {"clip_grad": 0.02, "clip_mode": "agc"},
        {"clip_grad": 0.02, "clip_mode": "value"},
        {"bce_loss": True},
        {"cooldown_epochs": 1},
        {"aa": "rand-m9-mstd0.5-inc1"},
    ],
    ids=lambda keys: next(iter(keys)),
)
def test_each_part_of_a_recipe_trains(keys, tmp_path):
    fitted = fit(resnet(), IMAGES, recipe(epochs=2, **keys), seed=0, folder=tmp_path)
    assert math.isfinite(fitted.metrics["loss"])
    assert len(fitted.history) == 2 + keys.get("cooldown_epochs", 0)


@pytest.mark.parametrize("keys", [{"channels_last": True}, {"grad_checkpointing": True}])
def test_what_only_saves_memory_or_time_changes_no_number(keys, tmp_path):
    ours, theirs = (
        fit(resnet(), IMAGES, given, seed=0, folder=tmp_path / str(i))
        for i, given in enumerate((recipe(epochs=1), recipe(epochs=1, **keys)))
    )
    assert ours.history[0].train_loss == pytest.approx(theirs.history[0].train_loss, rel=5e-3)


def test_the_fast_path_trains_as_the_plain_one_but_for_rounding(tmp_path):
    given = recipe(epochs=1, opt="adamw", lr=1e-3)
    plain = fit(rest(), IMAGES, given, seed=0, folder=tmp_path / "plain")
    fast = given.model_copy(update={"fast_path": True})
    quick = fit(trainable(rest()), IMAGES, fast, seed=0, folder=tmp_path / "fast")
    assert quick.history[0].train_loss == pytest.approx(plain.history[0].train_loss, rel=1e-3)


@pytest.mark.slow
def test_a_compiled_model_resumes_with_plain_keys(tmp_path):
    given, model = recipe(epochs=2, torchcompile=True), resnet()
    with pytest.raises(Stopped):
        fit(resnet(), IMAGES, given, seed=3, folder=tmp_path, caller=Callbacks(stop=lambda: True))
    fitted = fit(model, IMAGES, given, seed=3, folder=tmp_path)
    assert model.state_dict().keys() == resnet().state_dict().keys()
    plain = fit(resnet(), IMAGES, recipe(epochs=2), seed=3, folder=tmp_path / "plain")
    assert fitted.metrics["loss"] == pytest.approx(plain.metrics["loss"], rel=1e-2)


@pytest.mark.parametrize("sched", get_args(Recipe.model_fields["sched"].annotation))
def test_as_many_epochs_are_trained_as_timm_schedules(sched):
    cooldown = 0 if sched in ("step", "multistep") else 2
    keys = {"sched": sched, "warmup_epochs": 2, "cooldown_epochs": cooldown}
    optimizer = create_optimizer_v2(resnet(), "sgd")
    _, epochs = create_scheduler_v2(optimizer, num_epochs=7, **keys)
    assert Recipe(epochs=7, **keys).total_epochs == epochs


def test_mixing_depends_on_its_place_alone():
    setup = set_up(vit(), RICH, classes=10, device="cpu")
    flows = []
    for noise in (0, 1):
        np.random.seed(noise)
        alike = [(torch.arange(24.0).reshape(8, 3, 1, 1), torch.arange(8)) for _ in range(3)]
        flows.append([target for _, target in mixed(setup, alike, seed=0, epoch=0)])
    assert all(torch.equal(a, b) for a, b in zip(*flows, strict=True))
    assert not torch.equal(flows[0][0], flows[0][1])


def test_mixing_ends_at_its_epoch_and_leaves_smooth_targets():
    given = RICH.model_copy(update={"mixup_off_epoch": 2})
    setup = set_up(vit(), given, classes=10, device="cpu")
    for epoch, expected in ((1, False), (2, True)):
        batches = IMAGES.train_batches(given, seed=0, epoch=epoch)
        targets = torch.cat([t for _, t in mixed(setup, batches, seed=0, epoch=epoch)])
        assert (targets.max(1).values == targets.max()).all().item() is expected
    assert targets.max().item() == pytest.approx(0.91)


def test_an_odd_image_is_left_out_of_mixing():
    setup = set_up(vit(), RICH, classes=10, device="cpu")
    odd = [(torch.randn(5, 3, 32, 32), torch.arange(5))]
    assert [len(x) for x, _ in mixed(setup, odd, seed=0, epoch=0)] == [4]


def test_layer_decay_slows_the_first_layers():
    setup = set_up(vit(), RICH, classes=10, device="cpu")
    setup.scheduler.step(1)
    rates = [group["lr"] for group in setup.optimizer.param_groups]
    assert min(rates) < max(rates)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"opt": "adamv"}, 'mean "adam'),
        ({"opt_betas": [0.9, 0.99]}, "sgd has no opt_betas"),
        ({"opt_eps": 1e-8}, "sgd has no opt_eps"),
        ({"opt": "lookahead_adahessian"}, "second derivatives"),
        ({"mixup": 0.8, "batch_size": 31}, "make it even"),
    ],
)
def test_what_cannot_be_followed_is_refused_beforehand(keys, message):
    with pytest.raises(SpecError, match=message):
        check(recipe(**keys))


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"momentum": 0.0}, "sgd: Nesterov"),
        ({"grad_checkpointing": True}, "does not support"),
    ],
)
def test_what_the_model_or_optimiser_cannot_do_is_refused(keys, message, tmp_path):
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 10))
    with pytest.raises(SpecError, match=message):
        fit(model, IMAGES, recipe(**keys), seed=0, folder=tmp_path)


# pace


def test_an_image_takes_longer_to_train_on_than_to_look_at():
    pace = step_seconds(vit(), IMAGES, RICH, seed=0, steps=2)
    assert pace.train_image_seconds > pace.image_seconds > 0
