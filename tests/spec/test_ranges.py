"""Numbers outside the ranges in which they make sense, and keys that contradict each other."""

import pytest
import torch
from pydantic import ValidationError

from study.errors import DataError
from study.spec.schema import Timing, validated
from study.spec.yaml import read
from study.tasks.classification.recipes import contradictions, recipe_of
from study.tasks.classification.schema import Data, Recipe
from study.tasks.classification.train.mixup import mixed
from study.tasks.classification.train.setup import set_up
from tests.train.trials import recipe, resnet

NUMBERS = {
    Recipe: """epochs batch_size grad_accum_steps opt_eps opt_betas momentum weight_decay
        layer_decay clip_grad lr lr_base lr_base_size warmup_epochs warmup_lr min_lr
        cooldown_epochs decay_epochs decay_milestones decay_rate scale ratio hflip vflip
        color_jitter aug_repeats reprob recount crop_pct smoothing mixup cutmix mixup_prob
        mixup_switch_prob mixup_off_epoch model_ema_decay""",
    Data: "img_size in_chans num_classes split holdout mean std train_limit val_limit",
    Timing: "batch_size seconds resolution",
}
PAIRS = ("opt_betas", "scale", "ratio", "mean", "std", "decay_milestones")
OPEN = ("clip_grad", "lr", "lr_base", "lr_base_size", "warmup_lr", "min_lr")  # of any size above 0
LIMITS = ("train_limit", "val_limit")  # more than there are is all there are


def refused(schema, key, value):
    given = [value] * (1 if key in ("mean", "std") else 2) if key in PAIRS else value
    named = {"name": "digits"} if schema is Data else {}
    try:
        schema(**{**named, key: given})
    except ValidationError:
        return True
    return False


CASES = [(schema, key) for schema, keys in NUMBERS.items() for key in keys.split()]


@pytest.mark.parametrize(("schema", "key"), CASES)
def test_every_number_has_a_range(schema, key):
    assert refused(schema, key, -1)
    assert refused(schema, key, -0.5)
    assert refused(schema, key, 10_000_000) != (key in (*OPEN, *LIMITS))


@pytest.mark.parametrize("schema", NUMBERS)
def test_no_number_of_a_schema_is_left_out(schema):
    words = {key: str(field.annotation) for key, field in schema.model_fields.items()}
    numbers = {
        key for key, annotation in words.items() if "int" in annotation or "float" in annotation
    }
    numbers -= {key for key, annotation in words.items() if "Literal" in annotation}
    assert numbers - {"grey_range"} == set(NUMBERS[schema].split())  # of whatever a file holds


def complaints(schema, text):
    tree, _ = read(text, "x.yaml")
    return "\n".join(map(str, validated(schema, tree)[1]))


@pytest.mark.parametrize(
    ("schema", "text", "words"),
    [
        (Data, "{name: digits, mean: [123.7, 116.3, 103.5]}", "divided by 255: [0.485"),
        (Data, "{name: digits, std: [58.4]}", "divided by 255: [0.229]"),
        (
            Data,
            "{name: digits, img_size: 10000000}",
            "img_size: input should be less than or equal",
        ),
        (Recipe, "crop_pct: 87.5", "this is a fraction: write 87.5 % as 0.875"),
        (Recipe, "crop_pct: 0.001", "greater than or equal to 0.1, not 0.001"),
        (Recipe, "hflip: 50.0", "this is a fraction: write 50 % as 0.5"),
        (Recipe, "ratio: [-1, 1]", "ratio: input should be greater than or equal to 0.05, not -1"),
        (Recipe, "scale: [0.0, 1]", "scale: input should be greater"),
        (Recipe, "scale: [1.0, 0.08]", "scale: [1.0, 0.08] is no range"),
        (Recipe, "ratio: [2, 1]", "ratio: [2.0, 1.0] is no range"),
        (Data, "{name: digits, mean: [0.1, 0.2]}", "mean: 2 values; give 1, or 3"),
        (Recipe, "model_ema_decay: 1.0", "less than 1, not 1.0"),
        (Recipe, "smoothing: 1.0", "less than 1, not 1.0"),
        (Recipe, "opt_betas: [0.9, 1.0]", "less than 1, not 1.0"),
    ],
)
def test_a_number_out_of_range_is_told_with_its_place(schema, text, words):
    message = complaints(schema, text)
    assert words in message
    assert "x.yaml:1:" in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{lr: 0.1, min_lr: 0.2}", "min_lr: 0.2 lies above the learning rate, 0.1"),
        ("{lr_base: 1.0e-4, lr: null, min_lr: 0.2}", "min_lr: 0.2 lies above the learning rate"),
        ("{sched: multistep, decay_milestones: [3, 1]}", "decay_milestones: the epochs must rise"),
        ("{sched: multistep, decay_milestones: [3, 3]}", "decay_milestones: the epochs must rise"),
        ("{sched: step, decay_rate: 2.0}", "decay_rate: sched step would raise the learning rate"),
        ("{sched: step, cooldown_epochs: 2}", "cooldown_epochs: sched step has no cool-down"),
        ("{mixup: 0.8, batch_size: 33}", "batch_size: mixup and CutMix pair images"),
        ("{cutmix: 1.0, batch_size: 1}", "batch_size: mixup and CutMix pair images"),
    ],
)
def test_keys_of_a_recipe_that_contradict_each_other_are_told(text, words):
    tree, _ = read(text.replace("{", "{name: smoke, ", 1), "x.yaml")
    (problem,) = recipe_of(tree)[1]
    assert words in str(problem)
    assert "x.yaml:1:" in str(problem)


@pytest.mark.parametrize(
    "text", ["{min_lr: 1.0e-3}", "{sched: step, min_lr: 9.0}", "{epochs: 0, min_lr: 9.0}"]
)
def test_keys_that_agree_are_not(text):
    tree, _ = read(text.replace("{", "{name: smoke, ", 1), "x.yaml")
    assert not recipe_of(tree)[1]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (
            {"name": "folder", "val_split": "train"},
            "val_split: training and evaluation would use the same images",
        ),
        ({"train_limit": 1}, "train_limit: mixup and CutMix need a pair"),
    ],
)
def test_keys_of_the_data_that_contradict_each_other_are_told(data, words):
    tree, _ = read("{}", "x.yaml")
    (problem,) = contradictions(Data(**({"name": "digits"} | data)), Recipe(mixup=1.0), tree)
    assert words in problem.message


def test_a_batch_of_one_image_cannot_be_mixed():
    mixing = set_up(resnet(), recipe(mixup=0.8), classes=10, device="cpu")
    batch = torch.zeros(1, 3, 32, 32), torch.zeros(1, dtype=torch.long)
    with pytest.raises(DataError, match="pair images, and a batch has only 1"):
        list(mixed(mixing, [batch], seed=0, epoch=0))
