"""Recipes: each file is one, and says what nobody confirms."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

import study
from study.store.store import Store
from study.tasks.classification.plan.schedules import oddities, recipe_schedule
from study.tasks.classification.schema import Recipe
from study.tasks.classification.train import check

FILES = sorted((Path(study.__file__).parent / "recipes").glob("*.yaml"))
BY_NAME = {file.stem: YAML(typ="safe").load(file) for file in FILES}


@pytest.fixture(params=BY_NAME)
def keys(request):
    return BY_NAME[request.param]


def test_the_shipped_recipes_are_these():
    assert set(BY_NAME) == {"smoke", "fashion_5e", "rest_300e", "rest_ablation_100e"}


def test_each_is_a_recipe_that_timm_can_follow(keys):
    check(Recipe(**keys))


def test_what_is_unverified_is_written_in_the_file(keys):
    assert set(keys.get("unverified", [])) <= set(keys) - {"unverified"}


def test_no_recipe_speaks_of_the_model(keys):
    assert "drop_path" not in " ".join(keys)


def test_the_main_recipe_updates_from_2048_images_at_2e_3():
    recipe = Recipe(**BY_NAME["rest_300e"])
    assert recipe.batch_size * recipe.grad_accum_steps == 2048
    assert recipe.learning_rate == pytest.approx(2e-3)


def test_the_ablation_recipe_updates_from_2048_images_at_0_4():
    recipe = Recipe(**BY_NAME["rest_ablation_100e"])
    assert recipe.batch_size * recipe.grad_accum_steps == 2048
    assert recipe.learning_rate == pytest.approx(0.4)


def test_the_ablation_recipe_vouches_for_nothing_but_the_batch():
    keys = BY_NAME["rest_ablation_100e"]
    assert set(keys) - set(keys["unverified"]) == {"unverified", "batch_size", "grad_accum_steps"}


TRAIN_PY = {
    "epochs": 300,
    "batch_size": 128,
    "grad_accum_steps": 1,
    "opt": "sgd",
    "opt_eps": None,
    "opt_betas": None,
    "momentum": 0.9,
    "weight_decay": 2e-5,
    "layer_decay": None,
    "clip_grad": None,
    "clip_mode": "norm",
    "lr": None,
    "lr_base": 0.1,
    "lr_base_size": 256,
    "lr_base_scale": "",
    "sched": "cosine",
    "warmup_epochs": 5,
    "warmup_lr": 1e-5,
    "min_lr": 0,
    "cooldown_epochs": 0,
    "decay_epochs": 90,
    "decay_milestones": [90, 180, 270],
    "decay_rate": 0.1,
    "no_aug": False,
    "scale": [0.08, 1.0],
    "ratio": [3 / 4, 4 / 3],
    "hflip": 0.5,
    "vflip": 0.0,
    "color_jitter": 0.4,
    "aa": None,
    "aug_repeats": 0,
    "reprob": 0.0,
    "remode": "pixel",
    "recount": 1,
    "interpolation": "",
    "crop_pct": None,
    "smoothing": 0.1,
    "bce_loss": False,
    "mixup": 0.0,
    "cutmix": 0.0,
    "mixup_prob": 1.0,
    "mixup_switch_prob": 0.5,
    "mixup_mode": "batch",
    "mixup_off_epoch": 0,
    "model_ema": False,
    "model_ema_decay": 0.9998,
    "model_ema_warmup": False,
    "amp": False,
    "amp_dtype": "float16",
    "channels_last": False,
    "grad_checkpointing": False,
    "torchcompile": None,
}
"""The defaults of timm's train.py, which its package does not ship."""
OTHERWISE = {"interpolation": "bicubic", "crop_pct": 0.875, "torchcompile": False}
BESIDE = {"loss": None, "transform": "timm", "class_weights": None, "fast_path": False}
"""Keys that train.py has not; their defaults do what it does."""


def test_defaults_are_those_of_timms_script_but_for_what_the_docs_name():
    ours = Recipe().model_dump(exclude={"unverified"})
    assert ours == TRAIN_PY | OTHERWISE | BESIDE
    page = (Path(study.__file__).parents[1] / "docs" / "study-file.md").read_text("utf-8")
    assert all(f"`{key}`" in page for key in ("interpolation", "crop_pct"))


def test_the_first_epoch_of_the_ablation_recipe_is_said_to_change_no_weight(tmp_path):
    ablation = Recipe(**BY_NAME["rest_ablation_100e"])
    (note,) = oddities(ablation, recipe_schedule(ablation, Store(tmp_path)))
    assert note.startswith("epoch 1 of 100 trains at learning rate 0 and changes no weight")
