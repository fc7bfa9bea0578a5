"""Recipes of the user's own: a file beside the study, timm's args.yaml, timm's defaults, none."""

import pytest
from ruamel.yaml import YAML

from study.spec.overrides import with_setting
from study.spec.yaml import read
from study.tasks.classification.config import config_of
from study.tasks.classification.facts import caption, facts, summary
from study.tasks.classification.schema import Recipe
from study.tasks.classification.train_arguments import SIGNS, TRAIN_ARGUMENTS
from tests.spec.study_files import GOOD, load, load_file, name_of

SHIPPED = "recipe: {name: smoke, epochs: 2}"
PLAIN = GOOD.replace("  recipe.lr: {low: 1e-4, high: 1e-3}\n", "").replace(
    "recipe: {epochs: 9}", ""
)
PLAIN = PLAIN.replace("128}, }", "128}}").replace(
    "  model: {whole: {}, bare: {attn_norm: false, head_mix: false}}\n", ""
)
MINE = "epochs: 2\nlr: 0.25\nsched: step\n"


def recipe(tmp_path, line, text=PLAIN):
    study, messages = load(tmp_path, text.replace(SHIPPED, line))
    assert not messages
    return study, config_of(study.arms[0])


def refused(tmp_path, line, text=PLAIN):
    return load(tmp_path, text.replace(SHIPPED, line))[1]


# ---- a file ----


@pytest.mark.parametrize("name", ["mine.yaml", "mine.yml", "sub/mine.yaml"])
def test_a_file_beside_the_study_is_a_recipe(name, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / name).write_text(MINE)
    study, config = recipe(tmp_path, f"recipe: {name}")
    assert config.recipe == Recipe(epochs=2, lr=0.25, sched="step")
    assert caption(study, study.arms[0]).endswith("recipe mine, 2 epochs")


def test_keys_beside_the_name_of_a_file_replace_its_own(tmp_path):
    (tmp_path / "mine.yaml").write_text(MINE)
    study, config = recipe(tmp_path, "recipe: {name: mine.yaml, lr: 0.5}")
    assert config.recipe == Recipe(epochs=2, lr=0.5, sched="step")
    assert facts(study, study.arms[0]).recipe == "mine with lr 0.5"


def test_trials_are_named_by_the_values_of_a_file(tmp_path):
    (tmp_path / "mine.yaml").write_text(MINE)
    (tmp_path / "yours.yml").write_text("sched: step\nepochs: 2\nlr: 0.125\n")
    written = "recipe: {epochs: 2, lr: 0.25, sched: step}"
    studies = [
        recipe(tmp_path, line)[0]
        for line in ("recipe: mine.yaml", "recipe: {name: yours.yml, lr: 0.25}", written)
    ]
    assert len({name_of(study, (0,)) for study in studies}) == 1


def test_a_file_that_a_setting_names_lies_beside_the_study_too(tmp_path):
    (tmp_path / "mine.yaml").write_text(MINE)
    file = load_file(tmp_path, PLAIN, settings=("recipe=mine.yaml",))
    assert not file.problems
    assert config_of(file.study.arms[0]).recipe.lr == 0.25
    document, _ = read(PLAIN, "folder/x.yaml")
    tree, _ = with_setting(document, "recipe=mine.yaml", ("recipe",))
    assert str(tree.at(["baseline", "recipe"]).value["name"].location.folder) == "folder"


def test_a_level_may_be_a_file(tmp_path):
    (tmp_path / "mine.yaml").write_text(MINE)
    study, _ = recipe(
        tmp_path, SHIPPED, PLAIN.replace("seeds: 2", "  recipe: {a: smoke, b: mine.yaml}\nseeds: 2")
    )
    assert [config_of(arm).recipe_name for arm in study.arms][-1] == "mine.yaml"
    assert facts(study, study.arms[-1]).recipe == "mine"


FILES = {
    "slip": ("recipe: mien.yaml", MINE, "x.yaml:5:11", 'did you mean "mine.yaml"?'),
    "nothing like it": ("recipe: q/z.yaml", MINE, "x.yaml:5:11", "no recipe file"),
    "without the ending": ("recipe: mine", MINE, "x.yaml:5:11", 'is written "mine.yaml"'),
    "unknown key": ("recipe: mine.yaml", "lr: 1.0\nepocs: 2\n", "mine.yaml:2:1", '"epochs"?'),
    "wrong value": ("recipe: mine.yaml", "lr: fast\n", "mine.yaml:1:5", "valid number"),
    "no mapping": ("recipe: mine.yaml", "- 1\n", "mine.yaml:1:1", "a mapping of keys"),
    "empty": ("recipe: mine.yaml", "", "mine.yaml:1:1", "a mapping of keys"),
    "a name": ("recipe: mine.yaml", "name: smoke\n", "mine.yaml:1:1", "has no name"),
    "not YAML": ("recipe: mine.yaml", "lr: [\n", "mine.yaml:2:1", "not YAML"),
    "contradiction": ("recipe: mine.yaml", "lr: 0.1\nmin_lr: 0.2\n", "mine.yaml:2:9", "above"),
    "key in the study": ("recipe: {name: mine.yaml, lr: x}", MINE, "x.yaml:5:33", "valid number"),
    "a folder": ("recipe: d.yaml", MINE, "x.yaml:5:11", "cannot be read"),
}


@pytest.mark.parametrize("what", FILES)
def test_a_mistake_in_a_file_is_reported_at_its_place(what, tmp_path):
    line, text, place, words = FILES[what]
    (tmp_path / "mine.yaml").write_text(text)
    (tmp_path / "d.yaml").mkdir()
    messages = refused(tmp_path, line)
    assert place in messages
    assert words in messages


# ---- no name, and none ----


def test_a_recipe_without_a_name_has_timms_defaults(tmp_path):
    study, config = recipe(tmp_path, "recipe: {opt: adamw, lr: 0.5, epochs: 7}")
    assert config.recipe == Recipe(opt="adamw", lr=0.5, epochs=7)
    assert "recipe timm's defaults with opt adamw, lr 0.5, 7 epochs" in caption(
        study, study.arms[0]
    )
    study, config = recipe(tmp_path, "recipe: {}")
    assert config.recipe == Recipe()
    assert facts(study, study.arms[0]).recipe == "timm's defaults"


@pytest.mark.parametrize("line", ["recipe: none", "recipe: {name: none}"])
def test_none_trains_nothing(line, tmp_path):
    study, config = recipe(tmp_path, line)
    assert config.recipe == Recipe(epochs=0)
    assert caption(study, study.arms[0]).endswith("recipe none: nothing is trained")
    assert "nothing is trained" in summary(study.arms[0])
    plain, _ = recipe(tmp_path, "recipe: {epochs: 0}")
    assert name_of(study, (0,)) == name_of(plain, (0,))


def test_none_takes_the_keys_of_evaluation(tmp_path):
    _, config = recipe(tmp_path, "recipe: {name: none, crop_pct: 1.0, batch_size: 8}")
    assert config.recipe == Recipe(epochs=0, crop_pct=1.0, batch_size=8)


NOTHING = {
    "a key": ("recipe: {name: none, lr: 0.1}", PLAIN, "x.yaml:5:28", "lr has no effect"),
    "epochs": ("recipe: {name: none, epochs: 2}", PLAIN, "x.yaml:5:32", "epochs has no effect"),
    "unknown key": ("recipe: {name: none, epocs: 2}", PLAIN, "x.yaml:5:24", '"epochs"?'),
    "null": ("recipe: null", PLAIN, "x.yaml:5:11", "valid string"),
    "a factor": (
        "recipe: none",
        PLAIN.replace("seeds: 2", "  recipe.lr: {low: 0.1, high: 0.2}\nseeds: 2"),
        "x.yaml:8:3",
        "lr has no effect",
    ),
}


@pytest.mark.parametrize("what", NOTHING)
def test_a_key_of_training_beside_none_is_refused(what, tmp_path):
    line, text, place, words = NOTHING[what]
    messages = refused(tmp_path, line, text)
    assert place in messages
    assert words in messages


# ---- timm's args.yaml ----

WRITTEN = {
    name: argument.default for name, argument in TRAIN_ARGUMENTS.items() if name != "data"
} | {"data_dir": "/data/imagenet"}
"""What train.py writes where nothing but the folder is given."""


def written(tmp_path, **changes):
    """An args.yaml, sorted and in block style as train.py writes it."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    with (tmp_path / "args.yaml").open("w") as file:
        yaml.dump(dict(sorted((WRITTEN | changes).items())), file)


def test_every_key_of_a_recipe_is_obeyed_and_every_other_has_a_reason():
    obeyed = {name for name, argument in TRAIN_ARGUMENTS.items() if argument.treatment == "obeyed"}
    assert obeyed == Recipe.model_fields.keys() - {
        "unverified",
        "loss",
        "transform",
        "class_weights",
        "fast_path",
    }
    assert all(a.why for a in TRAIN_ARGUMENTS.values() if a.treatment != "obeyed")
    assert {*SIGNS} <= TRAIN_ARGUMENTS.keys()


def test_an_args_yaml_of_defaults_is_timms_recipe(tmp_path):
    written(tmp_path)
    study, config = recipe(tmp_path, "recipe: args.yaml")
    assert config.recipe == Recipe()
    assert facts(study, study.arms[0]).recipe == "args"


def test_an_args_yaml_is_obeyed(tmp_path):
    obeyed = {"opt": "adamw", "lr": 0.004, "aa": "rand-m9-mstd0.5-inc1", "aug_repeats": 3.0}
    more = {"torchcompile": "inductor", "interpolation": "bilinear", "opt_betas": [0.9, 0.99]}
    ignored = {"workers": 16, "output": "out", "log_wandb": True, "pin_mem": True, "sync_bn": True}
    written(tmp_path, **obeyed, **more, **ignored, train_interpolation="bilinear", crop_pct=0.95)
    _, config = recipe(tmp_path, "recipe: {name: args.yaml, lr: 0.002}")
    expected = {**obeyed, **more, "aug_repeats": 3, "torchcompile": True, "lr": 0.002}
    assert config.recipe == Recipe(**expected, crop_pct=0.95)


def test_what_an_args_yaml_leaves_open_is_noted(tmp_path):
    written(tmp_path, model="resnet18", img_size=160)
    _, config = recipe(tmp_path, "recipe: args.yaml")
    notes = " ".join(config.recipe_notes)
    assert "model resnet18 (baseline.model)" in notes
    assert "img_size 160 (baseline.data)" in notes
    assert "class_map" not in notes
    assert "how many processes trained: here 128 images are one step" in notes
    assert "resized by bicubic" in notes
    assert "crop_pct from the model, here it is 0.875" in notes


REFUSED = {
    "drop_path": (0.1, "write model.drop_path_rate"),
    "jsd_loss": (True, "the losses are ce and bce"),
    "bce_target_thresh": (0.2, "smoothing alone"),
    "train_interpolation": ("bicubic", "set interpolation"),
    "model_ema_force_cpu": (True, "beside the weights"),
    "pretrained": (True, "write weights: timm"),
    "initial_checkpoint": ("w.pth", "write weights: FILE"),
    "lr_cycle_limit": (2, "one cycle"),
    "model_kwargs": ({"depth": 3}, "write model.ARGUMENT"),
    "kd_model_name": ("resnet50", "no teacher"),
}


@pytest.mark.parametrize("key", REFUSED)
def test_what_cannot_be_followed_is_refused_by_name(key, tmp_path):
    value, why = REFUSED[key]
    written(tmp_path, **{key: value})
    messages = refused(tmp_path, "recipe: args.yaml")
    lines = (tmp_path / "args.yaml").read_text().splitlines()
    number = next(n for n, line in enumerate(lines, 1) if line.startswith(f"{key}:"))
    assert f"args.yaml:{number}:1" in messages
    assert f"error: {key} " in messages
    assert why in messages


def test_an_argument_that_nobody_knows_is_refused(tmp_path):
    written(tmp_path, new_fashion=1)
    messages = refused(tmp_path, "recipe: args.yaml")
    assert 'train.py of timm 1.0 has no argument "new_fashion"' in messages
