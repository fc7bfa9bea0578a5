"""Images with several labels: CSVs, arrays, plugins, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
import torch

from study.errors import DataError
from study.spec.yaml import read
from study.store.store import Store
from study.tasks.classification.data.label_sets import fault, joined, labels_of
from study.tasks.classification.data.sources import csv, in_memory, npz
from study.tasks.classification.plan import image_summaries, images
from study.tasks.classification.recipes import contradictions
from study.tasks.classification.schema import Data, Recipe
from tests.data.trees import drawn

BOTH = ("train", "validation")
NAMES = [f"{number}.png" for number in range(8)]
TRAIN = "path,label\n0.png,cat\n1.png,dog;cat\n2.png,\n3.png,cow | dog\n"
VAL = "path,label\n4.png,cat\n5.png,dog;cat\n"


@pytest.fixture
def root(tmp_path):
    place = drawn(tmp_path / "images", *NAMES)
    (place / "train.csv").write_text(TRAIN)
    (place / "val.csv").write_text(VAL)
    return place


def data(root, name="csv", **more):
    files = {"train": "train.csv", "val": "val.csv"} if name == "csv" else {}
    if "split" in more:
        files.pop("val", None)
    return Data(name=name, root=str(root), img_size=8, multi_label=True, **{**files, **more})


def wrong(settings, opened):
    image_summaries.forget()
    faults = images.image_problems(settings, Store(Path("store")))
    if faults:
        with pytest.raises(DataError) as refused:
            opened(settings, BOTH, 0)
        assert faults[0].message in str(refused.value)
    return [fault.message for fault in faults]


def targets(split):
    return [split.picture(index)[1].tolist() for index in range(len(split))]


# ---- a CSV ----


def test_labels_are_separated_and_their_order_is_none():
    assert labels_of(" dog ; cat|cow") == ["dog", "cat", "cow"]
    assert joined(["b10", "b9", "a"]) == "a;b9;b10"
    assert (labels_of("  "), fault([])) == ([], "")
    assert "twice" in fault(["cat", "cat"])
    assert "empty" in fault(labels_of("cat;;dog"))


def test_rows_are_images_of_their_classes(root):
    source = csv(data(root), BOTH, 0)
    assert (wrong(data(root), csv), source.classes) == ([], 3)
    # cat, cow, dog
    assert targets(source.splits[0]) == [[1, 0, 0], [1, 0, 1], [0, 0, 0], [0, 1, 1]]
    assert [entry["files"] for entry in source.fingerprints] == [4, 2]


def test_the_plan_names_images_without_a_label_and_classes_without_an_image(root, tmp_path):
    notes = images.odd(data(root), Store(tmp_path / "store"))
    assert any("train.csv: 1 of 4 pictures have no label" in note for note in notes)
    assert any("not evaluated: cow; mAP and AUROC leave them out" in note for note in notes)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("0.png,cat;cat\n1.png,dog\n", "train.csv:2: the label cat twice"),
        ("0.png,cat\n1.png,dog;\n", "train.csv:3: an empty label beside others"),
        ("0.png,cat\n1.png,cat\n", "only one class, cat"),
    ],
)
def test_a_wrong_row_is_named(root, rows, message):
    (root / "train.csv").write_text("path,label\n" + rows)
    (root / "val.csv").write_text("path,label\n4.png,cat\n")
    assert message in wrong(data(root), csv)[0]


def test_another_label_is_another_digest_and_another_order_is_not(root):
    def digest():
        image_summaries.forget()
        return csv(data(root), BOTH, 0).fingerprints[0]["digest"]

    before = digest()
    (root / "train.csv").write_text(TRAIN.replace("dog;cat", "cat;dog"))
    assert digest() == before
    (root / "train.csv").write_text(TRAIN.replace("dog;cat", "dog;cow"))
    assert digest() != before


def test_a_class_map_leaves_labels_out_and_keeps_the_image(root):
    (root / "map.txt").write_text("dog\ncat\n")
    source = csv(data(root, class_map="map.txt"), BOTH, 0)
    assert targets(source.splits[0]) == [[0, 1], [1, 1], [0, 0], [1, 0]]


def test_a_split_is_drawn_over_all_images(root):
    source = csv(data(root, split=0.25), BOTH, 0)
    assert [len(split) for split in source.splits] == [3, 1]


def test_without_the_key_the_text_is_one_label(root):
    single = data(root).model_copy(update={"multi_label": False})
    (root / "train.csv").write_text("path,label\n0.png,cat\n1.png,dog;cat\n")
    assert csv(single, BOTH, 0).splits[0].labels == [0, 1]


# ---- arrays ----


def saved(tmp_path, **more):
    pixels = np.zeros((6, 8, 8), np.uint8)
    labels = np.eye(3, dtype=np.uint8)[[0, 1, 2, 0, 1, 2]]
    labels[0, 2] = 1
    labels[5] = 0
    parts = {"x_train": pixels, "y_train": labels, "x_val": pixels[:3], "y_val": labels[:3]}
    np.savez(tmp_path / "a.npz", **{**parts, **more})
    return tmp_path / "a.npz"


def test_a_matrix_is_the_labels_of_arrays(tmp_path):
    settings = data(saved(tmp_path), "npz")
    source = npz(settings, BOTH, 0)
    assert (wrong(settings, npz), source.classes) == ([], 3)
    assert targets(source.splits[0])[0] == [1, 0, 1]
    x, y = next(iter(source.splits[1].evaluation(Recipe(crop_pct=1), "cpu")))
    assert (len(x), y.shape, y.dtype) == (3, (3, 3), torch.float32)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.zeros(6, int), "of shape (6,); 6 images with multi_label need (6, C)"),
        (np.full((6, 3), 2), "a label is 0 or 1"),
        (np.zeros((6, 3)), "of type float64"),
        (np.array([[1, 0, 0]] * 6), "1, 2 is never trained on"),
        (np.ones((6, 4), int), "3 classes in the validation labels, 4 in those of training"),
    ],
)
def test_wrong_labels_are_named(tmp_path, labels, message):
    assert message in wrong(data(saved(tmp_path, y_train=labels), "npz"), npz)[0]


def test_a_matrix_without_the_key_is_refused_with_it(tmp_path):
    settings = data(saved(tmp_path), "npz").model_copy(update={"multi_label": False})
    assert "need multi_label: true" in wrong(settings, npz)[0]


# ---- plugins, and keys that do not fit ----


def test_targets_of_a_plugin_have_the_shape_that_the_key_says():
    images_, labels = np.zeros((2, 8, 8), np.uint8), np.array([[0, 1], [1, 1]])
    several = Data(name="digits", img_size=8).model_copy(update={"multi_label": True})
    assert targets(in_memory(images_, labels, data=several, workers=0)) == [[0, 1], [1, 1]]
    with pytest.raises(DataError, match="write multi_label: true"):
        in_memory(images_, labels, data=Data(name="digits", img_size=8), workers=0)
    with pytest.raises(DataError, match="a label is 0 or 1"):
        in_memory(images_, labels * 2, data=several, workers=0)
    three = several.model_copy(update={"num_classes": 3})
    with pytest.raises(DataError, match="for each class of 3"):
        in_memory(images_, labels, data=three, workers=0)


@pytest.mark.parametrize("name", ["digits", "folder", "torch/cifar10", "hfds/x"])
def test_data_with_one_label_an_image_refuse_the_key(name):
    with pytest.raises(ValueError, match="does not use multi_label"):
        Data(name=name, multi_label=True)


def test_a_loss_of_the_other_kind_is_refused():
    several, _ = read("{multi_label: true}", "x")
    csv_data = Data(name="csv", root="x", train="a", val="b", multi_label=True)
    (problem,) = contradictions(csv_data, Recipe(), several)
    assert "write recipe.loss: bce or asl" in problem.message
    assert contradictions(csv_data, Recipe(loss="asl"), several) == []
    single = Data(name="digits")
    (problem,) = contradictions(single, Recipe(loss="asl"), read("{name: digits}", "x")[0])
    assert "write recipe.loss: ce or bce" in problem.message
