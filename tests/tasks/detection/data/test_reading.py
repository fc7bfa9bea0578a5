"""The reader gives every form of COCO's masks and boxes as arrays."""

import io
import json

import numpy as np
import pytest
from faster_coco_eval.core import mask as rle

from study.tasks.detection.data import digits_coco
from study.tasks.detection.data.json_stream import JsonStream
from study.tasks.detection.data.loading import fingerprint, load
from study.tasks.detection.data.reading import parsed
from tests.tasks.detection import coco_files


def objects(tree, index=0):
    annotations, problems = parsed(json.dumps(tree))
    assert problems == []
    return annotations.objects(index, masks=True)


def test_boxes_labels_and_ids_are_those_of_the_file():
    first = objects(coco_files.tree())
    assert first.boxes.tolist() == [[4, 5, 14, 15], [20, 10, 28, 18]]
    assert first.labels.tolist() == [1, 2]  # of the categories 1 and 3
    assert first.ids.tolist() == [10, 11]
    assert first.crowd.tolist() == [False, False]


def test_a_polygon_is_filled():
    mask = objects(coco_files.tree()).masks[0]
    expected = np.zeros((30, 40), bool)
    expected[5:15, 4:14] = True
    np.testing.assert_array_equal(mask, expected)


def test_run_lengths_compressed_or_not_are_the_mask_of_the_polygon():
    tree = coco_files.tree()
    polygon = objects(tree).masks[0]
    coded = rle.encode(np.asfortranarray(polygon.astype(np.uint8)))
    flat = polygon.ravel(order="F")
    edges = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff([0, *edges, flat.size]).tolist()
    for form in (counts, coded["counts"].decode()):
        tree["annotations"][0]["segmentation"] = {"size": [30, 40], "counts": form}
        np.testing.assert_array_equal(objects(tree).masks[0], polygon)


def test_two_polygons_are_one_mask():
    tree = coco_files.tree()
    two = coco_files.square(0, 0, 5) + coco_files.square(20, 20, 5)
    tree["annotations"][0]["segmentation"] = two
    assert objects(tree).masks[0].sum() == 50


def test_an_image_without_objects_has_empty_arrays():
    none = objects(coco_files.tree(), 2)
    assert none.boxes.shape == (0, 4)
    assert none.masks.shape == (0, 30, 40)


def test_images_may_stand_behind_the_annotations():
    tree = coco_files.tree()
    turned = dict(reversed(tree.items()))
    turned["annotations"] = turned["annotations"][::-1]
    first, ours = objects(turned), objects(tree)
    order = np.argsort(first.ids)
    np.testing.assert_array_equal(first.masks[order], ours.masks)


@pytest.mark.parametrize("piece", [1, 2, 7, 100])
def test_pieces_of_any_size_give_the_same_values(monkeypatch, piece):
    text = json.dumps(coco_files.tree() | {"info": {"year": 2017, "all": [1, 2.5, None, "é"]}})
    monkeypatch.setattr("study.tasks.detection.data.json_stream.PIECE", piece)
    stream = JsonStream(io.StringIO(text, newline=""))
    tree = {}
    for name in stream.names():
        tree[name] = list(stream.entries()) if stream.next() == "[" else stream.value()
    assert tree == json.loads(text)


def test_a_number_between_pieces_is_whole(monkeypatch):
    monkeypatch.setattr("study.tasks.detection.data.json_stream.PIECE", 8)
    stream = JsonStream(io.StringIO('{"a": 12345}'))
    assert [(name, stream.value()) for name in stream.names()] == [("a", 12345)]


def test_images_without_objects_are_kept_on_request(tmp_path):
    data = coco_files.write(tmp_path)
    assert len(load(data).train) == 2
    assert len(load(data.model_copy(update={"empty": "keep"})).train) == 3
    assert len(load(data).val) == 3


def test_a_limit_is_a_choice_that_a_larger_one_contains():
    data = coco_digits()
    few, more = (load(data.model_copy(update={"train_limit": n})).train.ids for n in (20, 50))
    assert len(few) == 20
    assert set(few.tolist()) < set(more.tolist())


def coco_digits():
    from study.tasks.detection.schema.data import CocoData

    return CocoData(name="digits_coco")


@pytest.mark.heavy
def test_the_written_digits_are_read_as_those_in_memory(tmp_path):
    digits_coco.write(tmp_path)
    files = coco_digits().model_copy(
        update={
            "name": "coco",
            "root": str(tmp_path),
            "train": "annotations/instances_train.json",
            "train_images": "train",
            "val": "annotations/instances_val.json",
            "val_images": "val",
        }
    )
    ours, theirs = load(coco_digits()).val, load(files).val
    for index in (0, 7, 59):
        np.testing.assert_array_equal(ours.image(index), theirs.image(index))
        mine, other = (half.objects(index, masks=True) for half in (ours, theirs))
        np.testing.assert_array_equal(mine.boxes, other.boxes)
        np.testing.assert_array_equal(mine.masks, other.masks)


def test_boxes_of_the_digits_enclose_their_masks_exactly():
    val = load(coco_digits()).val
    for index in range(len(val)):
        shown = val.objects(index, masks=True)
        for box, mask, area in zip(shown.boxes, shown.masks, shown.area, strict=True):
            rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
            assert box.tolist() == [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
            assert mask.sum() == area


def test_the_digits_are_always_the_same():
    """Their fingerprint is stored with trials: a change of the images is a change of results."""
    data = load(coco_digits())
    assert [fingerprint(split)[:12] for split in (data.train, data.val)] == FINGERPRINTS


FINGERPRINTS = ["74c5be768255", "eedaaa912f8b"]
