"""Mistakes in `tune`, each at its place."""

import pytest

from study.spec.tuning import Categories, Range
from tests.spec.study_files import GOOD, load

TUNE = """\
tune:
  space:
    recipe.lr: {low: 1e-4, high: 1e-2, log: true}
    recipe.weight_decay: [0.0, 0.05]
    recipe.mixup_off_epoch: {low: 0, high: 5}
  trials: 12
"""
TEXT = GOOD.replace("  recipe.lr: {low: 1e-4, high: 1e-3}\n", "") + TUNE
FIRST = TEXT.splitlines().index("tune:") + 1

LR = "recipe.lr: {low: 1e-4, high: 1e-2, log: true}"
BAD = {  # what is written instead, the line below `tune`, its column, what is said
    "path of nothing": (LR, "recip.lr: [1.0, 2.0]", 2, 5, 'did you mean "recipe"?'),
    "name of a part": (LR, "model.name: [rest_lite, test_rest]", 2, 5, "change the name"),
    "factor": (LR, "model.reduction: [depthwise, average]", 2, 5, "is varied by a factor"),
    "key of a level": (LR, "model.head_mix: [true, false]", 2, 5, "is varied by a factor"),
    "key of nothing": ("recipe.lr:", "recipe.lrr:", 2, 17, 'did you mean "lr"?'),
    "no range": ("low: 1e-4, high: 1e-2", "low: 1e-1, high: 1e-2", 2, 22, "no range"),
    "logarithm of 0": ("low: 1e-4", "low: 0.0", 2, 22, "a number above 0"),
    "out of range": ("low: 1e-4", "low: -1.0, step: 0.1", 2, 22, "a number above 0"),
    "value out of range": ("[0.0, 0.05]", "[0.0, -1.0]", 3, 26, "greater than or equal to 0"),
    "value twice": ("[0.0, 0.05]", "[0.05, 0.05]", 3, 33, "given twice"),
    "one value": ("[0.0, 0.05]", "[0.05]", 3, 26, "at least 2 items"),
    "fractions": ("low: 1e-4, high: 1e-2, log: true", "low: 1, high: 2", 2, 16, "write 1.0, 2.0"),
    "step": ("{low: 0, high: 5}", "{low: 0, high: 5, step: 2}", 4, 53, "do not end at 5"),
    "text for a number": ("low: 0, high: 5", "low: none, high: 5", 4, 35, "valid"),
    "objective of nothing": ("trials: 12", "trials: 12\n  objective: topp1", 6, 14, '"top1"?'),
    "objective that is a cost": (
        "trials: 12",
        "trials: 12\n  objective: macs",
        6,
        14,
        "no quality",
    ),
    "objective at a size": ("trials: 12", "trials: 12\n  objective: top1@96", 6, 14, "of training"),
    "sampler": ("trials: 12", "trials: 12\n  sampler: grid", 6, 12, 'unknown sampler "grid"'),
    "share": ("trials: 12", "trials: 12\n  holdout: 1.5", 6, 12, "less than 1"),
    "no trials": ("  trials: 12\n", "", 1, 3, 'missing key "trials"'),
    "one trial": ("trials: 12", "trials: 1", 5, 11, "greater than or equal to 2"),
    "no space": (TUNE.partition("  trials")[0], "tune:\n  space: {}\n", 1, 10, "at least 1 item"),
    "unknown key": ("trials: 12", "trials: 12\n  pruner: median", 6, 3, 'unknown key "pruner"'),
    "held out by hand": (LR, "data.holdout: [0.1, 0.2]", 2, 5, "holds images out"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_mistake_is_told_with_its_place_and_its_cure(tmp_path, name):
    old, new, line, column, message = BAD[name]
    assert old in TEXT
    wrong = load(tmp_path, TEXT.replace(old, new, 1))[1]
    assert message in wrong, wrong
    assert f"x.yaml:{FIRST + line}:{column}" in wrong, wrong
    assert wrong.endswith("1 error, nothing was run"), wrong


def test_a_right_one_is_read(tmp_path):
    study, wrong = load(tmp_path, TEXT)
    assert not wrong
    rules = study.tune
    assert rules.space == {
        "recipe.lr": Range(1e-4, 1e-2, log=True),
        "recipe.weight_decay": Categories((0.0, 0.05)),
        "recipe.mixup_off_epoch": Range(0, 5),
    }
    assert (rules.trials, rules.batch, rules.sampler, rules.objective) == (12, 4, "tpe", "top1")
    assert rules.held_out == {"data.holdout": 0.2, "data.val_limit": None}
    assert rules.trial_seed == 2_000_000


def test_without_a_quality_among_the_columns_there_is_no_objective(tmp_path):
    wrong = load(tmp_path, TEXT.replace("columns: [params, top1]", "columns: [params]"))[1]
    assert "tune needs an objective" in wrong


def test_a_key_that_tuning_sets_is_refused_in_the_baseline(tmp_path):
    text = TEXT.replace("data: digits", "data: {name: digits, holdout: 0.1}")
    assert "data.holdout is what holds images out" in load(tmp_path, text)[1]


def test_images_whose_classes_are_unknown_cannot_be_held_out(tmp_path):
    text = TEXT.replace("data: digits", "data: {name: hfds/x, num_classes: 3}")
    assert "holdout: the classes of hfds/x are not known" in load(tmp_path, text)[1]


def test_without_seeds_nothing_is_tuned(tmp_path):
    assert "so nothing can be chosen" in load(tmp_path, TEXT.replace("seeds: 2", "seeds: 0"))[1]


@pytest.mark.parametrize(
    ("space", "inside", "outside"),
    [
        (Range(0, 5), [0, 5, 3.0], [6, 2.5, True, "1", None]),
        (Range(0.1, 0.5, step=0.2), [0.1, 0.3, 0.5], [0.2, 0.6]),
        (Range(1e-4, 1e-2, log=True), [1e-4, 0.003, 1e-2], [0.1]),
        (Categories((0, None, "a", [1, 2])), [0, None, "a", [1, 2]], [False, 0.0, [2, 1]]),
    ],
)
def test_a_dimension_knows_its_values(space, inside, outside):
    assert all(space.has(value) for value in inside)
    assert not any(space.has(value) for value in outside)
