"""Plans of detection studies: names, costs, mistakes, and weights of a backbone."""

import pytest
import torch

from study import api
from study.errors import StudyError
from study.models import factory
from study.store.records import TrialRecord
from study.store.store import Store
from study.tasks.detection.models import build, starting
from study.tasks.detection.models.build import inner
from study.tasks.detection.plan import images
from study.tasks.detection.schema import DetectorKeys
from tests.registries import restorer
from tests.tasks.detection import coco_files

FILE = """\
question: Does it run?
task: detection
baseline:
  model: {name: retinanet, backbone: test_rest, channels: 16, anchor: 16}
  data: {name: digits_coco, train_limit: 8, val_limit: 4}
  recipe: {name: coco_smoke, iterations: 2, batch_size: 2, sizes: [64], test_size: 64}
"""


def plan(tmp_path, text, name="x.yaml"):
    path = tmp_path / name
    path.write_text(text)
    return api.load(path, store=tmp_path / "results").plan()


def refused(tmp_path, text):
    with pytest.raises(StudyError) as error:
        plan(tmp_path, text)
    return str(error.value)


def test_an_arm_is_named_by_what_it_computes_alone(tmp_path):
    names = [
        plan(tmp_path, FILE.replace(old, new)).arms[0].digest
        for old, new in (
            ("", ""),
            ("backbone: test_rest", "backbone: {name: test_rest, reduction: depthwise}"),
            ("anchor: 16", "anchor: 16.0, norm: true"),
            ("{name: digits_coco,", "{name: digits_coco, title: Digits,"),
            ("anchor: 16", "anchor: 8"),
            ("backbone: test_rest", "backbone: {name: test_rest, reduction: average}"),
        )
    ]
    assert len(set(names[:4])) == 1
    assert len(set(names[3:])) == 3


def test_costs_are_of_the_size_of_evaluation_and_say_the_heads_share(tmp_path):
    cost = plan(tmp_path, FILE).arms[0].cost_record
    head = sum(cost.stages["head"].values())
    assert cost.cost["macs_head"] == head
    assert 0 < head < cost.cost["macs"] == sum(sum(s.values()) for s in cost.stages.values())


def test_a_caption_says_the_size_of_the_image_that_costs_are_of(tmp_path):
    planned = plan(tmp_path, FILE + "columns: [params, macs, macs_head]\n")
    caption = planned.task.caption(planned.study, planned.baseline)
    assert "at 64 px (MACs at 64 × 128 px, head: all behind the backbone)" in caption
    planned = plan(tmp_path, FILE + "columns: [params, ap]\n", "y.yaml")
    assert "MACs" not in planned.task.caption(planned.study, planned.baseline)


def test_a_backbone_without_maps_is_refused_where_it_stands(tmp_path):
    text = FILE.replace("backbone: test_rest", "backbone: vit_tiny_patch16_224")
    message = refused(tmp_path, text)
    assert "gives maps only at 1/16" in message
    assert "rest_small" in message
    assert "x.yaml:4:" in message


def test_a_backbone_of_images_of_one_size_is_refused_where_it_stands(tmp_path):
    message = refused(tmp_path, FILE.replace("backbone: test_rest", "backbone: efficientformer_l1"))
    assert "efficientformer_l1 takes no image of 64x128 px" in message
    assert "x.yaml:4:" in message


def test_a_wrong_argument_of_a_backbone_is_marked(tmp_path):
    text = FILE.replace("backbone: test_rest", "backbone: {name: test_rest, redution: average}")
    message = refused(tmp_path, text)
    assert 'did you mean "reduction"?' in message


BROKEN = """\
from torch import nn
from study.models.parts.reductions import REDUCTIONS

class Broken(nn.Module):
    def __init__(self, *args, **kwargs):
        super().__init__()

    def forward(self, x):
        raise ZeroDivisionError("no ratio")

REDUCTIONS["broken"] = Broken
"""


def test_an_error_of_a_plugin_names_it(tmp_path):
    restore = restorer()
    plugin, path = tmp_path / "broken_part.py", tmp_path / "x.yaml"
    plugin.write_text(BROKEN)
    path.write_text(FILE.replace("test_rest", "{name: test_rest, reduction: broken}"))
    study = api.load(path, store=tmp_path / "results", imports=[str(plugin)])
    try:
        with pytest.raises(StudyError, match=r"test_rest with parts of .*broken_part.*no ratio"):
            study.plan()
    finally:
        restore()


FILES = (
    "coco, train: annotations/train.json, train_images: train"
    ", val: annotations/val.json, val_images: val"
)


def test_classes_are_counted_in_files_below_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    coco_files.write(tmp_path / "coco")
    text = FILE.replace("digits_coco", f"{FILES}, root: ~/coco")
    assert plan(tmp_path, text).arms[0].cost_record.classes == len(coco_files.NAMES)


def test_a_plan_says_how_many_images_and_objects_are_left_out(tmp_path):
    tree = coco_files.tree()
    tree["annotations"][0]["bbox"][2] = 0
    coco_files.write(tmp_path / "coco", tree)
    text = FILE.replace("digits_coco", f"{FILES}, root: {tmp_path / 'coco'}, zero_area: drop")
    notes = images.notes([plan(tmp_path, text).baseline.arm])
    assert [note.rpartition(": ")[2] for note in notes] == [
        "1 objects without area are left out",
        "1 images without objects are not trained on",
    ]


def test_images_too_small_for_a_backbone_are_refused(tmp_path):
    text = FILE.replace("sizes: [64], test_size: 64", "sizes: [32], test_size: 32")
    assert "takes no image of 32x32 px" in refused(tmp_path, text)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ("absent.pth", "there is no weights file absent.pth"),
        ("trial:abc-0", "has no such trial"),
        ("{study: digits, arm: A}", "has no trial of a study digits"),
        ("{study: digits}", "study and arm go together"),
        ("{file: a.pth, study: b, arm: c}", "give one of"),
    ],
)
def test_weights_that_are_not_there_are_refused(tmp_path, weights, message):
    assert message in refused(tmp_path, FILE + f"  weights: {weights}\n")


def test_the_trial_of_a_detector_starts_no_backbone_and_a_misspelt_study_is_suggested(tmp_path):
    config = {"model": {}, "data": {}, "recipe": {}}
    record = {"task": "detection", "study": "digits", "label": "A", "config": config}
    Store(tmp_path / "results").enter("abc-0", TrialRecord.model_validate(record))
    message = refused(tmp_path, FILE + "  weights: trial:abc-0\n")
    assert "abc-0 is of the task detection" in message
    message = refused(tmp_path, FILE + "  weights: {study: digts, arm: A}\n")
    assert 'no trial of a study digts: is it "digits"?' in message


def classifier_file(tmp_path, name="test_rest", **arguments):
    shape = {"num_classes": 5, "in_chans": 3, "img_size": 64}
    model, path = factory.build(name, arguments, **shape), tmp_path / f"{name}.pth"
    torch.save(model.state_dict(), path)
    return model, path


def test_weights_of_a_classifier_start_the_backbone_and_are_part_of_the_name(tmp_path):
    model, path = classifier_file(tmp_path)
    random, started = plan(tmp_path, FILE), plan(tmp_path, FILE + f"  weights: {path}\n")
    assert random.arms[0].digest != started.arms[0].digest
    record = started.arms[0].cost_record.weights
    assert record.missing == []
    assert {name.partition(".")[0] for name in record.unexpected} == {"norm", "head"}
    assert any("unexpected: norm.weight" in note for note in started.notes)
    body = inner(build(DetectorKeys(name="retinanet", backbone="test_rest"), 5))
    starting.load(model, body, path)
    own = model.state_dict()
    assert all(torch.equal(own[name], x) for name, x in body.state_dict().items())


def test_weights_of_another_backbone_are_refused(tmp_path):
    _, path = classifier_file(tmp_path, dims=[32, 64, 128, 256])
    assert "is of a backbone of other sizes" in refused(tmp_path, FILE + f"  weights: {path}\n")


def test_mask_ap_of_a_detector_of_boxes_is_refused(tmp_path):
    message = refused(tmp_path, FILE + "columns: [ap, mask_ap]\n")
    assert "mask_ap: retinanet predicts no masks" in message


@pytest.mark.parametrize(
    ("path", "levels"),
    [
        ("recipe.momentum", "{A: 0.9, B: 0.5}"),
        ("recipe.amp_dtype", "{A: float16, B: bfloat16}"),
        ("recipe.steps", "{A: [400], B: [500]}"),
        ("recipe.eval_every", "{A: 1, B: 2}"),
    ],
)
def test_levels_that_change_nothing_are_refused(path, levels, tmp_path):
    message = refused(tmp_path, f"{FILE}factors:\n  {path}: {levels}\n")
    assert "B computes the same as A" in message
    assert "x.yaml:8:" in message


def test_nothing_of_training_acts_where_nothing_is_trained(tmp_path):
    text = (
        FILE.replace("iterations: 2", "iterations: 0") + "factors:\n  recipe.lr: {A: 0.1, B: 0.2}\n"
    )
    assert "B computes the same as A" in refused(tmp_path, text)


@pytest.mark.parametrize("argument", ["drop_rate: 0.5", "global_pool: avg"])
def test_arguments_of_the_classifier_are_refused(argument, tmp_path):
    text = FILE.replace("backbone: test_rest", f"backbone: {{name: test_rest, {argument}}}")
    assert "is of the classifier, which a detector has not" in refused(tmp_path, text)
