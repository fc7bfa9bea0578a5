"""AP is COCO's, each image counts once, and stored detections come back."""

import contextlib
import io

import numpy as np
import pytest

from study.errors import DamagedError
from study.tasks.detection.data import load
from study.tasks.detection.evaluation.coco import KINDS, NAMES, measured, results, truth
from study.tasks.detection.evaluation.detections import (
    Collected,
    Detected,
    coded,
    joined,
    opened,
    stored,
)
from study.tasks.detection.quality import QUALITIES
from study.tasks.detection.schema.data import CocoData
from tests.tasks.detection import scenes


def perfect(split):
    """The annotations of a split as detections."""
    collected = Collected(with_masks=True)
    for index in range(len(split)):
        objects = split.objects(index, masks=True)
        scores = np.ones(len(objects.labels), np.float32)
        masks = coded(objects.masks)
        collected.add(int(split.ids[index]), Detected(objects.boxes, scores, objects.labels, masks))
    return joined([collected])


@pytest.mark.heavy
def test_the_annotations_themselves_have_an_ap_of_1():
    val = load(CocoData(name="digits_coco")).val
    values = measured(perfect(val), val)
    assert values.keys() == QUALITIES.keys()
    assert {values[name] for name in ("ap", "ap50", "ap75", "aps", "apm", "mask_ap")} == {1.0}
    assert values["apl"] is values["mask_apl"] is None  # no digit is large


def test_no_detection_has_an_ap_of_0():
    split = scenes.images()
    empty = Detected(*(np.zeros(shape, np.float32) for shape in ((0, 4), 0)), np.zeros(0, int), [])
    collected = Collected(with_masks=True, images={int(id): empty for id in split.ids})
    values = measured(joined([collected]), split)
    assert {values["ap"], values["mask_ap"]} == {0.0}


def test_detectors_of_boxes_have_no_mask_ap():
    split = scenes.images()
    assert measured(scenes.detections(split, masks=False), split).keys() == {*NAMES}


def test_the_number_of_processes_changes_nothing():
    split = scenes.images()
    whole = scenes.detections(split)
    parts = joined([scenes.collected(split, range(r, len(split), 3)) for r in range(3)])
    assert stored(parts) == stored(whole)
    assert measured(parts, split) == measured(whole, split)


def test_an_image_of_two_processes_is_refused():
    split = scenes.images()
    with pytest.raises(ValueError, match="two processes evaluated the image 7"):
        joined([scenes.collected(split, [0, 1]), scenes.collected(split, [1, 2])])


def test_only_evaluated_images_count():
    split = scenes.images()
    few = np.arange(5)
    alone = joined([scenes.collected(split, few)])
    assert measured(alone, split) == measured(alone, split.of(few))


def test_a_hundred_detections_of_an_image_count():
    many = 150
    collected, draws = Collected(), np.random.default_rng(0)
    boxes = np.tile(np.array([[0, 0, 9, 9]], np.float32), (many, 1))
    scores = draws.permutation(many).astype(np.float32)
    collected.add(3, Detected(boxes, scores, np.ones(many, int), None))
    assert joined([collected]).scores.tolist() == list(range(149, 49, -1))


@pytest.mark.parametrize("masks", [True, False])
def test_stored_detections_come_back(masks):
    split = scenes.images()
    ours = scenes.detections(split, masks=masks)
    theirs = opened(stored(ours))
    assert measured(theirs, split) == measured(ours, split)
    one_image, again = ours.of(14), theirs.of(14)
    assert one_image.masks == again.masks
    np.testing.assert_array_equal(one_image.boxes, again.boxes)


def test_an_image_without_detections_is_known_and_another_is_not():
    ours = scenes.detections(scenes.images())
    assert len(ours.of(0).scores) >= 0
    with pytest.raises(KeyError):
        ours.of(1)


def test_other_files_are_no_detections():
    buffer = io.BytesIO()
    np.savez(buffer, target=np.zeros(3))
    for content in (
        b"",
        b"no zip",
        buffer.getvalue(),
        stored(scenes.detections(scenes.images()))[:-9],
    ):
        with pytest.raises(DamagedError):
            opened(content)


# ---- against the reference ----


def by_pycocotools(detections, split, kind):
    coco, cocoeval = (
        pytest.importorskip("pycocotools.coco"),
        pytest.importorskip("pycocotools.cocoeval"),
    )
    with contextlib.redirect_stdout(io.StringIO()):
        ours = coco.COCO()
        ours.dataset = dict(truth(split, detections.image_ids).dataset)
        ours.createIndex()
        evaluation = cocoeval.COCOeval(ours, ours.loadRes(results(detections, split, kind)), kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return [None if value == -1 else value for value in evaluation.stats[:6]]


@pytest.mark.slow
@pytest.mark.parametrize("crowds", [0.0, 0.15, 0.5])
def test_ap_is_that_of_pycocotools_on_images_with_crowds(crowds):
    split = scenes.images(40, seed=int(10 * crowds), crowds=crowds)
    equal_to_pycocotools(split, scenes.detections(split))


@pytest.mark.slow
def test_ap_is_that_of_pycocotools_on_the_digits():
    val = load(CocoData(name="digits_coco")).val
    equal_to_pycocotools(val, scenes.detections(val))


def equal_to_pycocotools(split, detections):
    values = measured(detections, split)
    for kind, before in KINDS.items():
        ours = [values[before + name] for name in NAMES]
        assert 0 < ours[0] < 1
        # To the last bit, but for the order in which means are added up.
        assert ours == pytest.approx(by_pycocotools(detections, split, kind), abs=1e-12)
