"""Broken annotation files: each is refused by a message that names the entry."""

import json
import math

import pytest

from study.errors import DataError
from study.tasks.detection.data import load
from study.tasks.detection.data.problems import notes, problems
from tests.tasks.detection import coco_files


def change(number, **values):
    """A break that gives an annotation other values."""

    def broken(tree):
        tree["annotations"][number] |= values

    return broken


def without(key, part="annotations"):
    def broken(tree):
        del tree[part][0][key]

    return broken


def repeated(part):
    def broken(tree):
        tree[part].append(dict(tree[part][0]))

    return broken


def emptied(part):
    def broken(tree):
        tree[part] = []

    return broken


def of_image(**values):
    def broken(tree):
        tree["images"][0] |= values

    return broken


def runs(counts, size=(30, 40)):
    return change(0, segmentation={"size": list(size), "counts": counts})


BROKEN = {
    "box outside its image": (
        change(0, bbox=[35, 5, 10, 10]),
        "annotation 10 of image 1: box [35, 5, 10, 10] lies 5 px outside its image of 40 × 30 px",
    ),
    "box of no width": (
        change(1, bbox=[20, 10, 0, 8]),
        "annotation 11 of image 1 has no area: box [20, 10, 0, 8], area 64; correct it, or write "
        "zero_area: drop to leave such objects out",
    ),
    "mask of no area": (
        change(1, area=0),
        "annotation 11 of image 1 has no area: box [20, 10, 8, 8], area 0; correct it, or write "
        "zero_area: drop to leave such objects out",
    ),
    "unknown category": (
        change(2, category_id=2),
        "annotation 12 of image 2: unknown category 2 (known: 1, 3)",
    ),
    "missing image file": (of_image(file_name="lost.png"), "image 1: {train}/lost.png is missing"),
    "image that is none": (
        of_image(file_name="../annotations/train.json"),
        "image 1: {train}/../annotations/train.json is no image that can be read",
    ),
    "image twice": (repeated("images"), "image 1 is in the file twice"),
    "annotation twice": (repeated("annotations"), "annotation 10 is in the file 2 times"),
    "category twice": (repeated("categories"), "category 1 is in the file twice"),
    "polygon of two points": (
        change(0, segmentation=[[1, 1, 9, 9]]),
        "annotation 10: polygon 1 has 2 points, and encloses no area",
    ),
    "polygon of half a point": (
        change(0, segmentation=[[1, 1, 9, 9, 3, 4, 5]]),
        "annotation 10: polygon 1 has 7 numbers, which are no pairs",
    ),
    "annotation of an unknown image": (
        change(0, image_id=7),
        "annotation 10 of image 7: the file has no such image",
    ),
    "NaN in a box": (
        change(0, bbox=[math.nan, 5, 10, 10]),
        "annotation 10 of image 1: box [nan, 5, 10, 10] or area 100 is not finite",
    ),
    "NaN in a polygon": (
        change(0, segmentation=[[1, 1, 9, 9, 3, math.nan]]),
        "annotation 10: polygon 1 has a coordinate that is no finite number",
    ),
    "annotation without a box": (without("bbox"), "annotation 10 has no bbox"),
    "annotation without an id": (without("id"), "annotation number 1 has no id"),
    "annotation without a mask": (
        without("segmentation"),
        "annotation 10 of image 1 has no mask, which the model learns",
    ),
    "image without a size": (without("height", "images"), "image 1 has no height"),
    "box of three numbers": (
        change(0, bbox=[1, 2, 3]),
        "annotation 10: bbox [1, 2, 3] is not four numbers [x, y, width, height]",
    ),
    "id that is a text": (
        change(0, image_id="1"),
        "annotation 10: image_id '1' is not a whole number",
    ),
    "crowd of 2": (change(0, iscrowd=2), "annotation 10 of image 1: iscrowd 2 is not 0 or 1"),
    "run lengths of another size": (
        runs([1200], (40, 30)),
        "annotation 10: run lengths of size [40, 30] in an image of [30, 40]",
    ),
    "run lengths of too few pixels": (
        runs([100, 50]),
        "annotation 10: run lengths add up to 150 pixels, and the image has 1200",
    ),
    "compressed run lengths that are wrong": (
        runs("zz"),
        "annotation 10: compressed run lengths that do not add up to 30 × 40 pixels",
    ),
    "size that differs from the file": (
        of_image(height=31),
        "image 1: {train}/train_0.png is 40 × 30 px, and the annotations say 40 × 31",
    ),
    "no annotations": (
        emptied("annotations"),
        "has no annotations, so that there is nothing to learn or to evaluate",
    ),
    "no images": (emptied("images"), "has no images"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_entry_is_named(tmp_path, name):
    broken, message = BROKEN[name]
    tree = coco_files.tree()
    broken(tree)
    data = coco_files.write(tmp_path, tree)
    first, *_ = problems(data)
    where = tmp_path / "annotations" / "train.json"
    assert first.key == "train"
    expected = message.format(train=tmp_path / "train")
    assert first.message in (f"{where}: {expected}", f"{where} {expected}")


@pytest.mark.parametrize("name", [n for n in BROKEN if "file" not in n and "none" not in n])
def test_a_broken_file_is_not_loaded(tmp_path, name):
    tree = coco_files.tree()
    BROKEN[name][0](tree)
    with pytest.raises(DataError, match=r"train\.json"):
        load(coco_files.write(tmp_path, tree))


TEXTS = {
    "cut off": (
        -40,
        "is not JSON: Unterminated string starting at character 689 (the file is cut off)",
    ),
    "cut off between entries": (
        -2,
        "is not JSON: Expecting , or ] at character 729 (the file is cut off)",
    ),
    "a list": ("[1, 2]", "is not in COCO's form: it has no images and annotations"),
    "empty": ("", "is not in COCO's form: it has no images and annotations"),
    "no categories": ('{"images": [], "annotations": []}', "has no categories"),
    "annotations that are no list": (
        '{"images": [], "annotations": {}, "categories": []}',
        "has annotations that are no list",
    ),
    "two lists of images": ('{"images": [], "images": []}', "has the key images twice"),
    "two objects": ('{"images": []} {}', "is not JSON: Extra data at character 16"),
    "words": ("{images: []}", "is not JSON: Expecting value at character 2"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_that_cannot_be_read_is_refused(tmp_path, name):
    text, message = TEXTS[name]
    if isinstance(text, int):
        text = json.dumps(coco_files.tree())[:text]
    data = coco_files.write(tmp_path, text or " ")
    assert [p.message for p in problems(data)] == [
        f"{tmp_path / 'annotations' / 'train.json'} {message}"
    ]


def test_a_missing_annotation_file_is_absent(tmp_path):
    data = coco_files.write(tmp_path)
    (tmp_path / "annotations" / "val.json").unlink()
    (problem,) = problems(data)
    assert (problem.key, problem.absent) == ("val", True)
    assert problem.message.endswith("val.json: No such file or directory")


def test_files_without_mistakes_have_no_problems(tmp_path):
    assert problems(coco_files.write(tmp_path)) == []


def test_ten_entries_are_listed_and_the_others_counted(tmp_path):
    tree = coco_files.tree()
    tree["annotations"] = [coco_files.annotation(i, 1, 9) for i in range(25)]
    messages = [p.message for p in problems(coco_files.write(tmp_path, tree))]
    assert len(messages) == 11
    assert messages[-1].endswith("train.json: and 15 more")


def test_categories_that_differ_are_named(tmp_path):
    val = coco_files.tree(101, "val")
    val["categories"][1] = {"id": 3, "name": "horse"}
    val["categories"].append({"id": 4, "name": "cow"})
    (problem,) = problems(coco_files.write(tmp_path, val=val))
    assert problem.key == "val"
    assert problem.message == (
        'the categories of train and val differ: 3 is "dog" in train and "horse" in val; '
        '4 is absent in train and "cow" in val'
    )


def test_an_image_in_both_splits_is_named(tmp_path):
    val = coco_files.tree(101, "val")
    data = coco_files.write(tmp_path, val=val)
    copy = (tmp_path / "train" / "train_1.png").read_bytes()
    (tmp_path / "val" / "train_1.png").write_bytes(copy)
    val["images"][0]["file_name"] = "train_1.png"
    (tmp_path / "annotations" / "val.json").write_text(json.dumps(val), "utf-8")
    (problem,) = problems(data)
    assert problem.message == (
        f"image 101, {tmp_path / 'val' / 'train_1.png'}, is trained on, too, as image 2 of train"
    )


def test_masks_are_not_needed_by_models_of_boxes(tmp_path):
    tree = coco_files.tree()
    for entry in tree["annotations"]:
        del entry["segmentation"]
    assert problems(coco_files.write(tmp_path, tree), masks=False) == []


def test_objects_without_area_may_be_left_out(tmp_path):
    tree = coco_files.tree()
    tree["annotations"][0]["bbox"][2] = 0
    data = coco_files.write(tmp_path, tree).model_copy(update={"zero_area": "drop"})
    assert problems(data) == []
    assert [note.rsplit(": ", 1)[1] for note in notes(data)] == [
        "1 objects without area are left out",
        "1 images without objects are not trained on",
    ]
    assert load(data).train.objects(0, masks=True).ids.tolist() == [11]
