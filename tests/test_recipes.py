"""Recipes: each file is one, and says what nobody confirms."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

import study
from study.schema import Recipe
from study.train import check

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
