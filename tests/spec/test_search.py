"""Mistakes in `search`, each at its place."""

import pytest

from study.spec.searching import Bound, Constraint, bound
from study.spec.tuning import Categories, Range
from tests.spec.study_files import load

TEXT = """\
question: What does accuracy cost?
baseline:
  model: rest_lite
  data: digits
  recipe: {name: smoke, epochs: 2}
seeds: 2
columns: [params, top1]
search:
  space:
    model.reduction: {DW: depthwise, Avg: average}
    model.head_mix: [true, false]
    model.drop_path_rate: {low: 0.0, high: 0.2}
  objectives: [top1, macs]
  constraints:
    macs: {max: 600M}
    params: {min: 1k, max: 0.8x}
  trials: 12
"""
FIRST = TEXT.splitlines().index("search:") + 1

SWITCH = "model.head_mix: [true, false]"
RANGE = "{low: 0.0, high: 0.2}"
TOP = "question: What does accuracy cost?\n"
BAD = {  # what is written instead, the line, its column, what is said
    "path of nothing": (SWITCH, "modle.head_mix: [true, false]", 11, 5, 'did you mean "model"?'),
    "name of a part": (SWITCH, "model.name: [rest_lite, test_rest]", 11, 5, "change the name"),
    "whole part": (SWITCH, "model: [rest_lite, test_rest]", 11, 5, "is a whole part"),
    "two parts": (SWITCH, "recipe.lr: {low: 1e-4, high: 1e-2}", 11, 5, "of two parts"),
    "held out by hand": (SWITCH, "data.holdout: [0.1, 0.2]", 11, 5, "holds images out"),
    "key of nothing": ("objectives:", "objective:", 13, 3, 'did you mean "objectives"?'),
    "range reversed": (RANGE, "{low: 0.2, high: 0.0}", 12, 33, "is no range"),
    "range without an end": (RANGE, "{low: 0.2}", 12, 27, 'missing key "high"'),
    "value that no recipe has": (
        "    model.reduction: {DW: depthwise, Avg: average}\n    model.head_mix: [true, false]\n"
        "    model.drop_path_rate: {low: 0.0, high: 0.2}",
        "    recipe.lr: [0.1, -1.0]",
        10,
        16,
        "greater than 0",
    ),
    "value twice": ("[true, false]", "[true, true]", 11, 28, "given twice"),
    "value twice by label": ("Avg: average", "Avg: depthwise", 10, 43, "given twice"),
    "one value": ("[true, false]", "[true]", 11, 21, "at least 2 items"),
    "one label": ("{DW: depthwise, Avg: average}", "{DW: depthwise}", 10, 22, "at least 2"),
    "label of two values": ("[true, false]", "{DW: true, off: false}", 11, 22, '"DW" is the label'),
    "label of the baseline": ("DW:", "baseline:", 10, 23, "the name of the baseline"),
    "empty label": ("DW:", '"":', 10, 23, "it is empty"),
    "no space": ("  space:\n", "  space: {}\n  spaces:\n", 9, 10, "at least 1 item"),
    "one objective": ("[top1, macs]", "[top1]", 13, 15, "at least 2 items"),
    "four objectives": ("[top1, macs]", "[top1, macs, params, flops]", 13, 15, "at most 3 items"),
    "objective of nothing": ("[top1, macs]", "[topp1, macs]", 13, 16, '"top1"?'),
    "cost of nothing": ("[top1, macs]", "[top1, mac]", 13, 22, '"macs"?'),
    "cost first": ("[top1, macs]", "[macs, params]", 13, 16, "objective 1 is a quality"),
    "two qualities": ("[top1, macs]", "[top1, top5]", 13, 22, "objective 2 is a cost"),
    "speed": ("[top1, macs]", "[top1, throughput]", 13, 22, "put them into columns"),
    "objective at a size": ("[top1, macs]", "[top1@96, macs]", 13, 16, "the size of training"),
    "cost twice": ("[top1, macs]", "[top1, macs, macs]", 13, 28, "given twice"),
    "bound of nothing": ("max: 600M", "max: 12q", 15, 11, '"12q" is no bound'),
    "bound without an end": ("{max: 600M}", "{}", 15, 5, "has min, max or both"),
    "negative bound": ("max: 600M", "max: -5", 15, 11, "above 0"),
    "bound of zero": ("max: 600M", "max: 0", 15, 11, "above 0"),
    "endless bound": ("max: 600M", "max: 1e999x", 15, 11, "is no bound"),
    "true as a bound": ("max: 600M", "max: true", 15, 17, "not true"),
    "bounds reversed": ("max: 600M", "min: 1G, max: 600M", 15, 11, "min is above max"),
    "relative bounds reversed": ("max: 600M", "min: 2x, max: 0.5x", 15, 11, "min is above max"),
    "constraint of nothing": ("    macs:", "    mac:", 15, 5, '"macs"?'),
    "constraint on a quality": ("    macs:", "    top1:", 15, 5, 'unknown cost "top1"'),
    "no trials": ("  trials: 12\n", "", 9, 3, 'missing key "trials"'),
    "one trial": ("trials: 12", "trials: 1", 17, 11, "greater than or equal to 2"),
    "keep nothing": ("trials: 12", "trials: 12\n  keep: 0", 18, 9, "greater than or equal to 1"),
    "sampler": ("trials: 12", "trials: 12\n  sampler: grid", 18, 12, 'unknown sampler "grid"'),
    "sampler of one objective": ("trials: 12", "trials: 12\n  sampler: cmaes", 18, 12, "cmaes"),
    "share": ("trials: 12", "trials: 12\n  holdout: 1.5", 18, 12, "less than 1"),
    "rule": ("trials: 12", "trials: 12\n  stop: fast", 18, 9, "'median', 'wilcoxon'"),
    "factors too": (TOP, TOP + "factors: {model.mlp_ratio: [2, 4]}\n", 2, 1, "search and factors"),
    "claims too": (
        TOP,
        TOP + "claims: [Avg is better than DW on top1]\n",
        2,
        1,
        "search and claims",
    ),
    "design too": (TOP, TOP + "design: factorial\n", 2, 1, "search and design"),
    "tune too": (
        TOP,
        TOP + "tune: {space: {recipe.lr: [0.1, 0.2]}, trials: 4}\n",
        2,
        1,
        "search and tune",
    ),
    "no seeds": ("seeds: 2", "seeds: 0", 9, 3, "so nothing can be chosen"),
    "a seed of the candidates": ("seeds: 2", "seeds: [2000000]", 9, 3, "would use seed 2000000"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_mistake_is_told_with_its_place_and_its_cure(tmp_path, name):
    old, new, line, column, message = BAD[name]
    assert old in TEXT
    wrong = load(tmp_path, TEXT.replace(old, new, 1))[1]
    assert message in wrong, wrong
    assert f"x.yaml:{line}:{column}" in wrong, wrong


def test_a_right_one_is_read(tmp_path):
    study, wrong = load(tmp_path, TEXT)
    assert not wrong
    rules = study.search
    assert rules.space == {
        "model.reduction": Categories(("depthwise", "average")),
        "model.head_mix": Categories((True, False)),
        "model.drop_path_rate": Range(0.0, 0.2),
    }
    assert rules.objectives == ("top1", "macs")
    assert (rules.trials, rules.keep, rules.batch, rules.sampler) == (12, 6, 4, "tpe")
    assert rules.constraints["macs"].high == Bound(600e6, text="600M")
    assert rules.held_out == {"data.holdout": 0.2, "data.val_limit": None}
    assert rules.trial_seed == 2_000_000
    assert study.grows


@pytest.mark.parametrize(
    ("written", "value", "relative"),
    [
        (5, 5.0, False),
        ("600M", 600e6, False),
        ("0.6 G", 600e6, False),
        ("6e8", 6e8, False),
        ("12k", 12e3, False),
        ("0.8x", 0.8, True),
    ],
)
def test_a_bound_is_a_number_or_a_multiple(written, value, relative):
    read = bound(written)
    assert (read.value, read.relative) == (value, relative)


@pytest.mark.parametrize("text", ["", "M", "12q", "-5M", "1.x", "0.8 x x", "nan", "1_000", "٣M"])
def test_other_texts_are_no_bounds(text):
    with pytest.raises(ValueError, match="is no bound"):
        bound(text)


def test_a_constraint_knows_how_far_a_cost_lies_outside():
    both = Constraint(bound("50"), bound("2x"))
    assert both.excess(100, 50) == both.excess(50, 50) == 0
    assert both.excess(150, 50) == pytest.approx(0.5)
    assert both.excess(25, 50) == pytest.approx(0.5)
    assert str(both) == "at least 50 and at most 2 × the baseline's"


def test_a_label_has_what_differs_from_the_file(tmp_path):
    rules = load(tmp_path, TEXT)[0].search
    file = {"model.reduction": "depthwise", "model.head_mix": True}
    assert rules.label({**file, "model.head_mix": True}, file) == ""
    assert rules.label({"model.reduction": "average", "model.head_mix": False}, file) == (
        "Avg + head_mix false"
    )
    assert rules.label({"model.depths": [2, 2, 6]}, file) == "depths 2-2-6"


def test_the_first_part_decides_what_the_others_are(tmp_path):
    text = TEXT.replace("model.reduction: {DW: depthwise, Avg: average}", "recipe.lr: [0.1, 0.2]")
    wrong = load(tmp_path, text)[1]
    assert '"model.head_mix" and "recipe.lr" are of two parts' in wrong
    assert "search keys of recipe alone" in wrong


def test_a_profile_has_a_search_of_its_own(tmp_path):
    small = "{space: {model.head_mix: [true, false]}, objectives: [top1, macs], trials: 4}"
    text = TEXT + f"profiles: {{small: {{search: {small}}}}}\n"
    assert load(tmp_path, text, profile="small")[0].search.space.keys() == {"model.head_mix"}
    assert load(tmp_path, text, profile="small")[0].search.trials == 4
    assert load(tmp_path, text)[0].search.trials == 12
