"""Factors, settings and spaces of tuning whose path lies below the key of a part."""

from pathlib import Path

import pytest

from study.plan.reading import vocabulary
from study.spec.reader import study_text

FILE = """\
question: Does it run?
task: detection
baseline:
  model: {name: retinanet, backbone: {name: test_rest, drop_path_rate: 0.1}}
  data: digits_coco
  recipe: coco_smoke
"""
FACTOR = FILE + "factors:\n  model.backbone.reduction: {DW: depthwise, Avg: average}\n"


def read(text, **options):
    return study_text(text, Path("x.yaml"), vocabulary=vocabulary(), environment={}, **options)


def backbones(text, **options):
    file = read(text, **options)
    assert [problem.message for problem in file.problems] == []
    return [(arm.config.model.backbone_name, arm.config.model.arguments) for arm in file.study.arms]


def test_a_factor_changes_one_argument_of_a_backbone_and_keeps_the_others():
    others = {"drop_path_rate": 0.1}
    assert backbones(FACTOR) == [
        ("test_rest", others | {"reduction": "depthwise"}),
        ("test_rest", others | {"reduction": "average"}),
    ]


def test_a_backbone_that_is_a_name_alone_gets_arguments():
    text = FACTOR.replace("{name: test_rest, drop_path_rate: 0.1}", "test_rest")
    assert backbones(text)[1] == ("test_rest", {"reduction": "average"})


def test_outer_factors_come_before_inner_ones():
    text = FACTOR + "  model.backbone: {R: test_rest, P: test_pvt}\ndesign: factorial\n"
    assert ("test_pvt", {"reduction": "average"}) in backbones(text)


def test_a_setting_changes_one_argument_and_keeps_the_others():
    (name, arguments), *_ = backbones(FILE, settings=["model.backbone.stem=pvt"])
    assert (name, arguments) == ("test_rest", {"drop_path_rate": 0.1, "stem": "pvt"})


def test_the_name_of_a_backbone_is_no_factor():
    text = FILE + "factors:\n  model.backbone.name: {R: test_rest, P: test_pvt}\n"
    (problem,) = read(text).problems
    assert "keep the arguments of another model.backbone" in problem.message
    assert problem.hint == 'vary "model.backbone", whose levels are names'


@pytest.mark.parametrize("path", ["model..x", "model.backbone.", "model.backbone.a-b", "modle.x.y"])
def test_a_path_of_no_keys_is_a_mistake(path):
    text = FILE + f'factors:\n  "{path}": {{A: 1, B: 2}}\n'
    assert f'"{path}" cannot be varied' in [problem.message for problem in read(text).problems]


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("model.reduction", "of the backbone: model.backbone.reduction"),
        ("model.chanels", 'did you mean "channels"?'),
    ],
)
def test_a_wrong_path_is_one_mistake_whatever_the_number_of_levels(path, hint):
    (problem,) = read(FILE + f"factors:\n  {path}: {{A: 16, B: 32, C: 64}}\n").problems
    assert (problem.message, problem.hint) == (f'unknown key "{path[6:]}"', hint)
    assert problem.location.written == path


@pytest.mark.parametrize("columns", ["", "columns: [params, ap]\n"])
def test_a_task_that_the_file_leaves_out_is_named(columns):
    (problem,) = read((FACTOR + columns).replace("task: detection\n", "")).problems
    assert problem.hint == 'write "task: detection"'
    assert problem.location.written == "baseline"


def test_a_baseline_that_no_task_reads_is_one_of_the_default_task():
    text = FILE.replace("task: detection\n", "").replace("coco_smoke", "coco_smok")
    assert len(read(text).problems) > 1


def test_a_wrong_level_is_marked_where_it_stands():
    text = FILE + "factors:\n  model.channels: {A: 16, B: wide}\n"
    (problem,) = read(text).problems
    assert problem.location.line == text.splitlines().index("  model.channels: {A: 16, B: wide}")


def test_a_key_of_a_level_cannot_be_tuned_too():
    level = "{R: {name: test_rest, drop_path_rate: 0.2}, P: test_pvt}"
    text = FILE + f"factors:\n  model.backbone: {level}\nseeds: 1\n"
    text += "tune: {trials: 2, space: {model.backbone.drop_path_rate: {low: 0.0, high: 0.3}}}\n"
    messages = [problem.message for problem in read(text).problems]
    assert any("is varied by a factor" in message for message in messages)
