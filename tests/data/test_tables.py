"""Folders that Hugging Face's `save_to_disk` wrote: columns, classes, and what is refused."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from study.errors import DataError
from study.store.store import Store
from study.tasks.classification.data import table_listing
from study.tasks.classification.data.sources import hf
from study.tasks.classification.plan import image_summaries, images
from study.tasks.classification.schema import Data

datasets = pytest.importorskip("datasets")
pytestmark = pytest.mark.heavy  # the package takes a second to import

BOTH = ("train", "validation")
NAMES = ["dog", "cat"]  # not in the order of the alphabet
CLASS = datasets.ClassLabel(names=NAMES)


def table(labels, kind=CLASS, image="image", label="label", names=None):
    shades = [Pillow.fromarray(np.full((8, 8, 3), 9 * i, np.uint8)) for i in range(len(labels))]
    features = datasets.Features({image: datasets.Image(), label: kind})
    return datasets.Dataset.from_dict({image: shades, label: labels}, features=features)


def saved(place, **splits):
    whole = datasets.DatasetDict(splits) if "train" in splits else splits["only"]
    whole.save_to_disk(str(place))
    return place


def data(root, **more):
    return Data(name="hf", root=str(root), img_size=8, **more)


def wrong(root, **more):
    settings = data(root, **more)
    image_summaries.forget()
    faults = images.image_problems(settings, Store(Path(root).parent / "store"))
    if faults:
        with pytest.raises(DataError) as refused:
            hf(settings, BOTH, 0)
        assert faults[0].message in str(refused.value)
    return [fault.message for fault in faults]


def test_splits_have_the_classes_of_their_labels(tmp_path):
    root = saved(tmp_path / "x", train=table([0, 1, 1]), validation=table([1, 0]))
    source = hf(data(root), BOTH, 0)
    assert (wrong(root), source.classes) == ([], 2)
    assert [split.labels for split in source.splits] == [[0, 1, 1], [1, 0]]
    picture, target = source.splits[0].picture(2)
    assert (np.asarray(picture)[0, 0].tolist(), target) == ([18, 18, 18], 1)
    assert images.classes(data(root), Store(tmp_path / "store")) == 2


def test_the_split_test_is_evaluated_if_it_is_named(tmp_path):
    root = saved(tmp_path / "x", train=table([0, 1]), test=table([1, 0, 1]))
    assert "has no split" in wrong(root)[0]
    assert len(hf(data(root, val_split="test"), ("train", "test"), 0).splits[1]) == 3


def test_a_split_is_drawn_by_class_from_a_single_table(tmp_path):
    root = saved(tmp_path / "x", only=table([0, 1] * 5))
    source = hf(data(root, split=0.2), BOTH, 0)
    assert [len(split) for split in source.splits] == [8, 2]
    assert sorted(source.splits[1].labels) == [0, 1]
    assert "has no split" in wrong(root)[0]


def test_several_labels_are_read_with_the_key_alone(tmp_path):
    kind = datasets.Sequence(CLASS)
    both = {"train": table([[0, 1], [], [1]], kind), "validation": table([[0]], kind)}
    root = saved(tmp_path / "x", **both)
    assert "need multi_label: true" in wrong(root)[0]
    source = hf(data(root, multi_label=True), BOTH, 0)
    assert [source.splits[0].picture(i)[1].tolist() for i in range(3)] == [[1, 1], [0, 0], [0, 1]]
    single = saved(tmp_path / "y", train=table([0]), validation=table([1]))
    assert "is a Sequence of ClassLabel" in wrong(single, multi_label=True)[0]


def test_columns_have_other_names_by_keys(tmp_path):
    parts = {"image": "photo", "label": "species"}
    root = saved(tmp_path / "x", train=table([0, 1], **parts), validation=table([1, 0], **parts))
    assert "no column image, only photo, species; name it in input_key" in wrong(root)[0]
    assert wrong(root, input_key="photo", target_key="species") == []
    assert "which is no Image" in wrong(root, input_key="species", target_key="species")[0]


def test_labels_are_classes(tmp_path):
    numbers = datasets.Value("int64")
    root = saved(tmp_path / "x", train=table([0, 1], numbers), validation=table([1], numbers))
    assert 'class_encode_column("label")' in wrong(root)[0]
    root = saved(tmp_path / "y", train=table([0, -1, 1, None]), validation=table([1]))
    assert "row 1: no class has the number -1; the same or worse in rows 3" in wrong(root)[0]


def test_both_splits_have_the_same_classes(tmp_path):
    other = datasets.ClassLabel(names=["cat", "dog"])
    root = saved(tmp_path / "x", train=table([0, 1]), validation=table([1], other))
    assert "give both the same classes" in wrong(root)[0]


def test_classes_without_an_image_are_noted(tmp_path):
    three = datasets.ClassLabel(names=["dog", "cat", "cow"])
    root = saved(tmp_path / "x", train=table([0, 1], three), validation=table([1], three))
    assert wrong(root) == []
    notes = images.odd(data(root), Store(tmp_path / "store"))
    assert any("no pictures of 1 classes of its labels: cow" in note for note in notes)
    assert images.classes(data(root), Store(tmp_path / "store")) == 3


def test_the_digest_is_of_labels_and_sizes(tmp_path):
    def digest(labels, name):
        root = saved(tmp_path / name, train=table(labels), validation=table([1, 0]))
        return hf(data(root), BOTH, 0).fingerprints[0]["digest"]

    assert digest([0, 1, 1], "a") == digest([0, 1, 1], "b") != digest([0, 1, 0], "c")


@pytest.mark.parametrize("damage", ["cut", "gone", "state"])
def test_damage_is_named(tmp_path, damage):
    root = saved(tmp_path / "x", train=table([0, 1]), validation=table([1, 0]))
    (arrow,) = (root / "train").glob("*.arrow")
    if damage == "cut":
        arrow.write_bytes(arrow.read_bytes()[:200])
    elif damage == "gone":
        arrow.unlink()
    else:
        (root / "train/state.json").write_text("{")
    (message,) = wrong(root)
    assert "x/train cannot be read" in message
    assert message.endswith("save it anew")


def test_a_folder_of_another_kind_is_refused(tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "validation").mkdir()
    assert "save_to_disk did not write it" in wrong(tmp_path)[0]
    root = saved(tmp_path / "x", train=table([0]), validation=table([1]))
    assert "has the splits train, validation; leave out split" in wrong(root, split=0.2)[0]


def test_a_file_that_a_table_names_may_be_gone(tmp_path):
    Pillow.new("RGB", (8, 8)).save(tmp_path / "a.png")
    features = datasets.Features({"image": datasets.Image(), "label": CLASS})
    rows = {"image": [str(tmp_path / "a.png")], "label": [0]}
    only = datasets.Dataset.from_dict(rows, features=features)
    held = table([1, 0])
    datasets.DatasetDict({"train": held, "validation": only}).save_to_disk(str(tmp_path / "x"))
    shutil.move(tmp_path / "a.png", tmp_path / "b.png")
    # save_to_disk copies the bytes, so that nothing is lost.
    assert wrong(tmp_path / "x") == []


def test_without_the_package_the_error_says_what_to_install(tmp_path, monkeypatch):
    root = saved(tmp_path / "x", train=table([0, 1]), validation=table([1, 0]))
    monkeypatch.setattr(images, "find_spec", lambda name: None)
    (fault,) = images.image_problems(data(root), Store(tmp_path / "store"))
    assert fault.message == table_listing.INSTALL
    assert fault.absent
