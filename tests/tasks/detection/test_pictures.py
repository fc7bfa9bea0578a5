"""The contact sheet shows the same images in every report, with what is right and wrong."""

import numpy as np
import pytest

from study.report.figure_style import FigureStyle
from study.report.figures.contact_sheets import _alt, _data, _figure
from study.report.figures.style_sheets import styled
from study.tasks.detection.data import load
from study.tasks.detection.evaluation.detections import Collected, Detected, joined
from study.tasks.detection.pictures import IMAGES, MOST, chosen, contact_sheet
from study.tasks.detection.schema.data import CocoData
from tests.tasks.detection import scenes


@pytest.fixture(scope="module")
def split():
    return scenes.images()


def detected(split, shift=0.0, label=0, score=0.9):
    """The objects of a split, moved by pixels and with other labels, as detections of boxes."""
    collected = Collected()
    for index in range(len(split)):
        objects = split.objects(index, masks=False)
        boxes = (objects.boxes + shift).astype(np.float32)
        scores = np.full(len(boxes), score, np.float32)
        labels = (objects.labels - 1 + label) % 3 + 1
        collected.add(int(split.ids[index]), Detected(boxes, scores, labels, None))
    return joined([collected])


def predicted(sheet, column=1):
    return [region for row in sheet.rows for region in row.regions[column]]


def test_objects_found_are_solid(split):
    sheet = contact_sheet(split, {"ours": detected(split)})
    assert sheet.columns == ("truth", "ours")
    assert len(sheet.rows) == IMAGES
    assert {region.right for region in predicted(sheet)} == {True}
    assert [r.box for r in predicted(sheet)] == [r.box for r in predicted(sheet, 0)]


def test_an_arm_without_a_detection_of_that_score_is_named(split):
    unsure = {"sure": detected(split), "unsure": detected(split, score=0.1)}
    sheet = contact_sheet(split, unsure)
    assert sheet.title.endswith("; no such detection: unsure")
    assert predicted(sheet, 2) == []


@pytest.mark.parametrize("wrong", [{"shift": 150.0}, {"label": 1}])
def test_detections_elsewhere_or_of_another_category_are_dashed(split, wrong):
    sheet = contact_sheet(split, {"ours": detected(split, **wrong)})
    assert not any(region.right for region in predicted(sheet))


def test_a_second_detection_of_one_object_is_wrong(split):
    collected = Collected()
    for index in range(len(split)):
        objects = split.objects(index, masks=False)
        twice = (np.repeat(values, 2, axis=0) for values in (objects.boxes, objects.labels))
        boxes, labels = twice
        scores = np.tile(np.array([0.9, 0.8], np.float32), len(objects.labels))
        collected.add(int(split.ids[index]), Detected(boxes, scores, labels, None))
    sheet = contact_sheet(split, {"ours": joined([collected])})
    right = [region.right for region in predicted(sheet)]
    assert {True, False} == set(right)
    assert all(("0.90" in region.label) == region.right for region in predicted(sheet))


def test_detections_of_low_scores_are_left_out(split):
    assert predicted(contact_sheet(split, {"ours": detected(split, score=0.2)})) == []


def test_of_many_detections_those_of_the_highest_score_are_drawn(split):
    collected = Collected()
    for index in range(len(split)):
        boxes = np.tile(np.array([[1, 1, 9, 9]], np.float32), (MOST + 5, 1))
        scores = np.linspace(0.4, 0.9, MOST + 5, dtype=np.float32)
        labels = np.ones(len(boxes), np.int64)
        collected.add(int(split.ids[index]), Detected(boxes, scores, labels, None))
    sheet = contact_sheet(split, {"ours": joined([collected])})
    assert all(len(row.regions[1]) == MOST for row in sheet.rows)
    assert sheet.rows[0].regions[1][0].label.endswith("0.90")
    assert f"of an image at most {MOST}" in sheet.title


def test_the_images_are_always_the_same(split):
    assert chosen(split) == chosen(scenes.images())
    assert all(split.annotations.counts[index] for index in chosen(split))


def test_labels_name_category_score_and_crowd(split):
    sheet = contact_sheet(split, {"ours": detected(split)})
    assert {r.label for r in predicted(sheet)} <= {"c1 0.90", "c3 0.90", "c9 0.90"}
    crowds = [r.label for r in predicted(sheet, 0) if r.label.endswith(" (crowd)")]
    every = [split.objects(index, masks=False).crowd.sum() for index in chosen(split)]
    assert len(crowds) == sum(every)


@pytest.mark.heavy
def test_the_figure_has_a_row_per_image_and_a_column_per_arm():
    val = load(CocoData(name="digits_coco")).val
    sheet = contact_sheet(val, {"a$b": scenes.detections(val), "second": scenes.detections(val, 2)})
    with styled():
        figure = _figure(sheet, FigureStyle())
    assert len(figure.axes) == 3 * IMAGES
    assert [axes.get_title() for axes in figure.axes[:3]] == ["truth", "a$b", "second"]
    data = _data(sheet)
    assert set(data["column"]) == {"truth", "a$b", "second"}
    count = int((data["column"] == "truth").sum())
    assert f"truth: {count} regions (" in _alt(sheet)
