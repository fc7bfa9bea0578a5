"""Training: what it computes, that it resumes in the same bits, and how it stops."""

import json
import math
import os
from itertools import islice
from typing import get_args

import numpy as np
import pytest
import timm
import torch
from timm.models import load_checkpoint
from timm.optim import create_optimizer_v2
from timm.scheduler import create_scheduler_v2
from timm.task import ClassificationEvaluator
from torch import nn
from torch.testing import assert_close

from study.data import load
from study.errors import SpecError
from study.metrics.memory import peak_memory
from study.schema import Data, Recipe
from study.train import Caller, Stopped, check, evaluation, fit, step_seconds, training_step
from study.train.epoch import mixed
from study.train.parts import learning_rate, parts

IMAGES = load(Data(name="digits", img_size=32, train_limit=64, val_limit=32))
PLAIN = Recipe(
    epochs=3,
    batch_size=16,
    lr=0.05,
    warmup_epochs=0,
    color_jitter=0,
    hflip=0,
    interpolation="nearest",
    crop_pct=1,
)
RICH = PLAIN.model_copy(
    update={
        "opt": "adamw",
        "lr": 2e-3,
        "warmup_epochs": 1,
        "mixup": 0.8,
        "cutmix": 1.0,
        "model_ema": True,
        "model_ema_decay": 0.9,
        "clip_grad": 1.0,
        "layer_decay": 0.8,
        "grad_accum_steps": 2,
        "reprob": 0.5,
    }
)


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """Models this small only wait for each other's threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def recipe(**keys):
    return PLAIN.model_copy(update=keys)


def vit(drop_path_rate=0.2):
    torch.manual_seed(0)
    return timm.create_model(
        "test_vit",
        img_size=32,
        num_classes=10,
        drop_path_rate=drop_path_rate,
        proj_drop_rate=drop_path_rate,
    )


def resnet():
    torch.manual_seed(0)
    return timm.create_model("test_resnet", num_classes=10)


def same(ours, theirs):
    """Whether two state dicts, or dicts of arrays, hold the same bits."""
    return ours.keys() == theirs.keys() and all(
        np.array_equal(np.asarray(ours[k]), np.asarray(theirs[k])) for k in ours
    )


def timeless(history):
    return [
        {k: v for k, v in row.items() if k not in ("seconds", "images_per_second")}
        for row in history
    ]


# result


def test_it_learns_the_digits(tmp_path):
    images = load(Data(name="digits", img_size=32, train_limit=640))
    given = recipe(smoothing=0.0, scale=[0.7, 1.0], batch_size=16)
    fitted = fit(resnet(), images, given, seed=0, folder=tmp_path)
    assert fitted.metrics["top1"] > 0.8
    assert fitted.history[-1]["train_loss"] < fitted.history[0]["train_loss"] / 2


def test_metrics_are_those_of_timms_evaluator(tmp_path):
    model = resnet()
    fitted = fit(model, IMAGES, PLAIN, seed=0, folder=tmp_path)
    evaluator = ClassificationEvaluator()
    for x, target in IMAGES.val_batches(PLAIN):
        evaluator.update(model.eval()(x), target)
    theirs = evaluator.compute()
    assert fitted.metrics["loss"] == pytest.approx(theirs["loss"], rel=1e-6)
    assert [fitted.metrics[k] * 100 for k in ("top1", "top5")] == [theirs["top1"], theirs["top5"]]


def test_predictions_rank_five_classes_of_each_image(tmp_path):
    model = resnet()
    fitted = fit(model, IMAGES, PLAIN, seed=0, folder=tmp_path)
    x = torch.cat([x for x, _ in IMAGES.val_batches(PLAIN)])
    with torch.inference_mode():
        order = model.eval()(x).argsort(1, descending=True)[:, :5]
    assert np.array_equal(fitted.predictions["top"], order.numpy())
    assert np.array_equal(fitted.predictions["target"], IMAGES.val.targets.numpy())


def test_of_three_classes_three_are_ranked(tmp_path):
    model = timm.create_model("test_resnet", num_classes=3)
    images = _Three()
    fitted = fit(model, images, recipe(epochs=0), seed=0, folder=tmp_path)
    assert fitted.predictions["top"].shape == (8, 3)
    assert fitted.metrics["top5"] == 1


class _Three:
    classes = 3

    def val_batches(self, recipe, *, device):
        return [(torch.randn(8, 3, 32, 32), torch.arange(8) % 3)]


def test_no_epochs_only_evaluate(tmp_path):
    model = resnet()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    fitted = fit(model, IMAGES, recipe(epochs=0), seed=0, folder=tmp_path)
    assert fitted.history == []
    assert same(before, model.state_dict())
    assert 0 <= fitted.metrics["top1"] <= 1


def test_history_says_what_each_epoch_did(tmp_path):
    rows = []
    fitted = fit(
        resnet(), IMAGES, PLAIN, seed=0, folder=tmp_path, caller=Caller(report=rows.append)
    )
    assert rows == fitted.history
    assert [row["epoch"] for row in rows] == [0, 1, 2]
    assert [row["lr"] for row in rows] == pytest.approx([0.05, 0.0375, 0.0125])
    assert {k: rows[-1][k] for k in fitted.metrics} == fitted.metrics
    assert [json.loads(s) for s in (tmp_path / "history.jsonl").read_text().splitlines()] == rows


def test_another_seed_is_another_trial(tmp_path):
    ours, theirs = (
        fit(vit(), IMAGES, PLAIN, seed=seed, folder=tmp_path / str(seed)) for seed in (0, 1)
    )
    assert ours.history[0]["train_loss"] != theirs.history[0]["train_loss"]


def test_the_global_random_state_is_left_alone(tmp_path):
    model = vit()
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    fit(model, IMAGES, RICH, seed=0, folder=tmp_path)
    step_seconds(model, IMAGES, RICH, seed=0)
    assert torch.equal(before[0], torch.get_rng_state())
    assert np.array_equal(before[1], np.random.get_state()[1])


def test_a_diverged_trial_is_a_result_without_numbers(tmp_path):
    fitted = fit(resnet(), IMAGES, recipe(lr=1e30), seed=0, folder=tmp_path)
    assert fitted.diverged
    assert all(math.isnan(value) for value in fitted.metrics.values())
    assert fitted.predictions == {}
    assert len(fitted.history) < 3


# resuming

CASES = {
    "momentum and batch norm": (resnet, PLAIN),
    "steps": (resnet, recipe(sched="step", decay_epochs=1)),
    "adamw, average, mixing, drop path": (vit, RICH),
    "warmed average": (vit, RICH.model_copy(update={"model_ema_warmup": True})),
}


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]


def resumed(build, given, folder, *, after):
    """The trial stopped after each of the first `after` epochs, each time with a new model."""
    for _ in range(after):
        with pytest.raises(Stopped):
            fit(build(), IMAGES, given, seed=3, folder=folder, caller=Caller(stop=lambda: True))
    model = build()
    return model, fit(model, IMAGES, given, seed=3, folder=folder)


def test_a_resumed_trial_ends_in_the_same_bits(case, tmp_path):
    build, given = case
    model = build()
    whole = fit(model, IMAGES, given, seed=3, folder=tmp_path / "whole")
    again, parted = resumed(build, given, tmp_path / "parted", after=2)
    assert same(model.state_dict(), again.state_dict())
    assert same(whole.predictions, parted.predictions)
    assert timeless(whole.history) == timeless(parted.history)


def test_a_trial_killed_within_an_epoch_ends_in_the_same_bits(tmp_path):
    whole = fit(vit(), IMAGES, RICH, seed=3, folder=tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        fit(vit(), _Killed(epoch=1), RICH, seed=3, folder=tmp_path / "killed")
    parted = fit(vit(), IMAGES, RICH, seed=3, folder=tmp_path / "killed")
    assert timeless(whole.history) == timeless(parted.history)


class _Killed:
    """The images, of which one epoch breaks off after its first batch."""

    classes = 10
    val_batches = staticmethod(IMAGES.val_batches)

    def __init__(self, epoch):
        self.epoch = epoch

    def train_batches(self, recipe, *, seed, epoch, device):
        batches = IMAGES.train_batches(recipe, seed=seed, epoch=epoch, device=device)
        return _BrokenOff(batches) if epoch == self.epoch else batches


class _BrokenOff:
    def __init__(self, batches):
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def __iter__(self):
        yield from islice(self.batches, 1)
        raise KeyboardInterrupt


def test_a_finished_trial_is_not_trained_again(tmp_path):
    first = fit(vit(), IMAGES, RICH, seed=0, folder=tmp_path)
    (tmp_path / "history.jsonl").unlink()
    second = fit(vit(), IMAGES, RICH, seed=0, folder=tmp_path)
    assert second.history == first.history
    assert second.metrics == first.metrics
    assert (tmp_path / "history.jsonl").exists()


def test_the_last_epoch_is_not_worth_stopping_after(tmp_path):
    assert fit(
        resnet(),
        IMAGES,
        recipe(epochs=1),
        seed=0,
        folder=tmp_path,
        caller=Caller(stop=lambda: True),
    )


def _half(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _empty(path):
    path.write_bytes(b"")


def _text(path):
    path.write_text("no checkpoint")


def _list(path):
    torch.save([1, 2], path)


def _other_model(path):
    state = torch.load(path, weights_only=True)
    state["state_dict"] = vit().state_dict()
    torch.save(state, path)


def _other_seed(path):
    torch.save(torch.load(path, weights_only=True) | {"seed": 9}, path)


def _other_recipe(path):
    state = torch.load(path, weights_only=True)
    torch.save(state | {"recipe": state["recipe"] | {"lr": 1.0}}, path)


@pytest.mark.parametrize(
    "spoil", [_half, _empty, _text, _list, _other_model, _other_seed, _other_recipe]
)
def test_a_checkpoint_of_something_else_is_set_aside(spoil, tmp_path):
    whole = fit(resnet(), IMAGES, recipe(epochs=1), seed=0, folder=tmp_path)
    spoil(tmp_path / "last.pth.tar")
    said = []
    again = fit(
        resnet(),
        IMAGES,
        recipe(epochs=1),
        seed=0,
        folder=tmp_path,
        caller=Caller(report=said.append),
    )
    assert said[0]["broken"] == str(tmp_path / "last.pth.tar.broken")
    assert (tmp_path / "last.pth.tar.broken").exists()
    assert timeless(again.history) == timeless(whole.history)


def test_no_half_written_file_is_left(tmp_path):
    fit(resnet(), IMAGES, PLAIN, seed=0, folder=tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"last.pth.tar", "history.jsonl"}


def test_timm_reads_the_checkpoint(tmp_path):
    model, other = vit(), vit()
    fit(model, IMAGES, PLAIN, seed=0, folder=tmp_path)
    load_checkpoint(other, str(tmp_path / "last.pth.tar"), use_ema=False)
    assert same(model.state_dict(), other.state_dict())


def test_it_is_the_average_that_is_evaluated(tmp_path):
    trained, average = vit(), vit()
    fitted = fit(trained, IMAGES, RICH, seed=0, folder=tmp_path)
    load_checkpoint(average, str(tmp_path / "last.pth.tar"), use_ema=True)
    only = RICH.model_copy(update={"epochs": 0, "model_ema": False})
    seen = [
        fit(m, IMAGES, only, seed=0, folder=tmp_path / "none").metrics["loss"]
        for m in (average, trained)
    ]
    assert fitted.metrics["loss"] == seen[0] != seen[1]


# given weights


@pytest.mark.parametrize(
    ("build", "given"),
    [
        (vit, RICH),
        (resnet, recipe(amp=True, amp_dtype="bfloat16", channels_last=True)),
        (resnet, recipe(crop_pct=0.875)),
    ],
    ids=["average", "half precision", "cropped"],
)
def test_weights_from_disk_are_evaluated_in_the_bits_of_their_training(build, given, tmp_path):
    fitted = fit(build(), IMAGES, given, seed=0, folder=tmp_path)
    model = build()
    load_checkpoint(model, str(tmp_path / "last.pth.tar"), use_ema=given.model_ema)
    again = evaluation(model.train(), IMAGES.val_batches(given), recipe=given)
    assert again.metrics == fitted.metrics
    assert same(again.predictions, fitted.predictions)


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
    assert learning_rate(Recipe(**keys)) == pytest.approx(expected)


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
    assert ours.history[0]["train_loss"] == pytest.approx(theirs.history[0]["train_loss"], rel=5e-3)


@pytest.mark.slow
def test_a_compiled_model_resumes_with_plain_keys(tmp_path):
    given = recipe(epochs=2, torchcompile=True)
    model, fitted = resumed(resnet, given, tmp_path, after=1)
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
    made = parts(vit(), RICH, classes=10, device="cpu")
    flows = []
    for noise in (0, 1):
        np.random.seed(noise)
        alike = [(torch.arange(24.0).reshape(8, 3, 1, 1), torch.arange(8)) for _ in range(3)]
        flows.append([target for _, target in mixed(made, alike, seed=0, epoch=0)])
    assert all(torch.equal(a, b) for a, b in zip(*flows, strict=True))
    assert not torch.equal(flows[0][0], flows[0][1])


def test_mixing_ends_at_its_epoch_and_leaves_smooth_targets():
    given = RICH.model_copy(update={"mixup_off_epoch": 2})
    made = parts(vit(), given, classes=10, device="cpu")
    for epoch, expected in ((1, False), (2, True)):
        batches = IMAGES.train_batches(given, seed=0, epoch=epoch)
        targets = torch.cat([t for _, t in mixed(made, batches, seed=0, epoch=epoch)])
        assert (targets.max(1).values == targets.max()).all().item() is expected
    assert targets.max().item() == pytest.approx(0.91)


def test_an_odd_image_is_left_out_of_mixing():
    made = parts(vit(), RICH, classes=10, device="cpu")
    odd = [(torch.randn(5, 3, 32, 32), torch.arange(5))]
    assert [len(x) for x, _ in mixed(made, odd, seed=0, epoch=0)] == [4]


def test_layer_decay_slows_the_first_layers():
    made = parts(vit(), RICH, classes=10, device="cpu")
    made.scheduler.step(1)
    rates = [group["lr"] for group in made.optimizer.param_groups]
    assert min(rates) < max(rates)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"opt": "adamv"}, 'mean "adam'),
        ({"opt_betas": [0.9, 0.99]}, "sgd has no opt_betas"),
        ({"opt_eps": 1e-8}, "sgd has no opt_eps"),
        ({"opt": "lookahead_adahessian"}, "second derivatives"),
        ({"mixup": 0.8, "batch_size": 31}, "make it even"),
    ],
)
def test_what_cannot_be_followed_is_refused_beforehand(keys, said):
    with pytest.raises(SpecError, match=said):
        check(recipe(**keys))


@pytest.mark.parametrize(
    ("keys", "said"),
    [({"momentum": 0.0}, "sgd: Nesterov"), ({"grad_checkpointing": True}, "cannot do")],
)
def test_what_the_model_or_optimiser_cannot_do_is_refused(keys, said, tmp_path):
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 10))
    with pytest.raises(SpecError, match=said):
        fit(model, IMAGES, recipe(**keys), seed=0, folder=tmp_path)


# pace


def test_an_image_takes_longer_to_train_on_than_to_look_at():
    pace = step_seconds(vit(), IMAGES, RICH, seed=0, steps=2)
    assert pace.train_image_seconds > pace.image_seconds > 0


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
