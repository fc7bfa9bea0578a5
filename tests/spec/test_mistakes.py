"""Every mistake of a study file is told at its place."""

import pytest

from tests.spec.mistakes import BAD
from tests.spec.study_files import GOOD, load


@pytest.mark.parametrize("name", BAD)
def test_a_mistake_is_told_with_its_place_and_its_cure(tmp_path, name):
    old, new, place, message = BAD[name]
    assert old in GOOD
    wrong = load(tmp_path, GOOD.replace(old, new, 1))[1]
    assert place in wrong, wrong
    assert message in wrong, wrong


RANGES = {
    "crop_pct: 87.5": ("recipe", "87.5", "crop_pct: input should be less than or equal to 1.5"),
    "crop_pct: 0.001": ("recipe", "0.001", "greater than or equal to 0.1, not 0.001"),
    "scale: [1.0, 0.08]": ("recipe", "[1.0", "scale: [1.0, 0.08] is no range"),
    "scale: [0.08, 2.0]": ("recipe", "2.0", "less than or equal to 1, not 2.0"),
    "ratio: [-1, 1]": ("recipe", "-1", "greater than or equal to 0.05, not -1"),
    "ratio: [2, 1]": ("recipe", "[2", "ratio: [2.0, 1.0] is no range"),
    "momentum: 1.0": ("recipe", "1.0", "less than 1, not 1.0"),
    "opt_betas: [0.9, 1.5]": ("recipe", "1.5", "less than 1, not 1.5"),
    "mean: [123.7, 116.3, 103.5]": ("data", "[123.7", "divided by 255: [0.485, 0.456, 0.406]"),
    "std: [58.4]": ("data", "[58.4", "std: give values for pixels in 0..1"),
    "mean: [0.1, 0.2]": ("data", "[0.1", "mean: 2 values; give 1, or 3"),
    "mean: [-0.5]": ("data", "-0.5", "greater than or equal to 0, not -0.5"),
    "grey_range: [5, 5]": ("data", "[5", "grey_range: [5.0, 5.0] is no range"),
}


@pytest.mark.parametrize("key", RANGES)
def test_a_number_out_of_its_range_is_told_at_its_place(tmp_path, key):
    part, at, message = RANGES[key]
    old = {"recipe": "epochs: 2", "data": "data: digits"}[part]
    new = {"recipe": f"epochs: 2, {key}", "data": f"data: {{name: folder, {key}}}"}[part]
    text = GOOD.replace(old, new, 1)
    wrong = load(tmp_path, text)[1]
    number, line = next((n, row) for n, row in enumerate(text.splitlines(), 1) if key in row)
    assert f"x.yaml:{number}:{line.index(at, line.index(key)) + 1}" in wrong, wrong
    assert message in wrong, wrong


def test_a_data_set_that_timm_does_not_open_is_told(tmp_path):
    wrong = load(tmp_path, GOOD.replace("data: digits", "data: {name: torch/svhn, root: x}"))[1]
    assert 'unknown data "torch/svhn"' in wrong
    assert "torch/cifar10, " in wrong


@pytest.mark.parametrize("name", ["two labels of one look", "one level twice in a list"])
def test_a_mistake_brings_no_others_with_it(tmp_path, name):
    old, new, _, _ = BAD[name]
    text = GOOD.replace(old, new, 1).replace("Avg: {top1: 72.64", "high: {top1: 72.64")
    assert load(tmp_path, text)[1].endswith("1 error, nothing was run")


def test_parts_outside_of_the_baseline_are_told_where_they_belong(tmp_path):
    _, wrong = load(tmp_path, "question: How?\nmodel: rest_lite\ndata: digits\n")
    assert wrong.count("write it below baseline") == 2


def test_all_mistakes_come_at_once(tmp_path):
    text = GOOD.replace("seeds: 2", "seedz: 2").replace("epochs: 2", "epochs: -2")
    wrong = load(tmp_path, text.replace("[params", "[parms"))[1]
    assert wrong.endswith("3 errors, nothing was run")
