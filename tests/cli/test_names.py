"""The names that a study file can have, listed and shown."""

import json


def test_recipes_of_all_tasks_are_listed_with_what_they_are(inside):
    text = inside("list", "recipes").stdout
    assert "ResT on ImageNet-1k, 300 epochs (arXiv 2105.13677)" in text
    assert "90,000 iterations of 16 images" in text


def test_tasks_and_metrics_are_listed(inside):
    assert "A trial runs a command or a function" in inside("list", "tasks").stdout
    row = next(row for row in json.loads(inside("list", "metrics", "--json").stdout))
    assert row["metric"] == "params"
    assert row["tasks"] == "classification, detection, program"


def test_models_are_filtered_and_limited(inside):
    done = inside("list", "models", "pvt_v2*", "--limit", "3")
    assert [line.strip() for line in done.stdout.splitlines()[2:]] == [
        "pvt_v2_b0",
        "pvt_v2_b1",
        "pvt_v2_b2",
    ]
    assert "more; a PATTERN or --limit 0 lists them" in done.stderr
    assert "note" not in inside("list", "models", "rest_").stderr


def test_a_name_that_no_list_has_is_refused(inside):
    assert 'unknown model "resnet1800"' in inside("list", "models", "resnet1800").stderr
    assert 'did you mean "recipes"?' in inside("list", "recipe").stderr
    assert inside("list", "nosuch").returncode == 2
    assert "of recipes, models" in inside("list", ".", "x").stderr


def test_every_value_of_a_recipe_has_its_source(inside):
    values = {v["key"]: v for v in json.loads(inside("show", "recipe", "smoke", "--json").stdout)}
    assert values["epochs"] == {"key": "epochs", "value": 3, "source": "study/recipes/smoke.yaml:6"}
    assert values["momentum"]["source"] == "default"
    text = inside("show", "recipe", "coco_1x").stdout
    assert "coco_1x" in text
    assert "no source confirms it" in text


def test_a_recipe_file_is_shown(inside, tmp_path):
    (tmp_path / "mine.yaml").write_text("epochs: 7\nlr: 0.5\n")
    assert "mine.yaml:1" in inside("show", "recipe", "mine.yaml").stdout
    (tmp_path / "mine.yaml").write_text("epochs: 7\nlar: 0.5\n")
    assert "lar" in inside("show", "recipe", "mine.yaml").stderr


def test_an_unknown_recipe_is_refused(inside):
    assert 'did you mean "rest_300e"?' in inside("show", "recipe", "rest_300").stderr
    assert "no recipe file" in inside("show", "recipe", "no.yaml").stderr
    assert inside("show", "recip", "smoke").returncode == 2
