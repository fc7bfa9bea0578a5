"""Folders and tar files are listed as timm's readers list them."""

import random
import string
import tarfile
from pathlib import Path

import pytest
from timm.data.readers.reader_image_folder import ReaderImageFolder
from timm.data.readers.reader_image_in_tar import ReaderImageInTar

from study.tasks.classification.data.class_map import class_map
from study.tasks.classification.data.image_files import Rules
from study.tasks.classification.data.listing import listing
from tests.data.trees import data


@pytest.fixture
def many(tmp_path):
    """Names of every sort that a reader might order in its own way."""
    draw = random.Random(0)
    for half in ("train", "val"):
        for label in ("n01", "n2", "n10", "Cat", "dog 3", "été", "a_b", "Z"):
            names = {
                "".join(draw.choices(string.ascii_letters + "0123456789_- ", k=8)).strip()
                for _ in range(30)
            }
            place = tmp_path / half / label
            place.mkdir(parents=True)
            for name in {n.lower(): n for n in names}.values():
                (place / f"{name}{draw.choice(['.png', '.jpg', '.JPEG', '.PNG'])}").touch()
    return tmp_path


def test_a_flat_folder_is_listed_as_timm_lists_it(many):
    theirs = ReaderImageFolder(str(many / "train"))
    ours = listing(many / "train", Rules())
    numbers = {name: i for i, name in enumerate(ours.summary.counts)}
    assert list(numbers.items()) == list(theirs.class_to_idx.items())
    pairs = [(str(many / "train" / path), numbers[label]) for path, label, _, _ in ours.pictures]
    assert pairs == theirs.samples


def test_a_tar_is_listed_as_timm_lists_it(many, tmp_path):
    packed = tmp_path / "train.tar"
    with tarfile.open(packed, "w") as tar:
        tar.add(many / "train", arcname=".")
    theirs, ours = ReaderImageInTar(str(packed)), listing(packed, Rules())
    numbers = {name: i for i, name in enumerate(ours.summary.counts)}
    assert list(numbers.items()) == list(theirs.class_name_to_idx.items())
    expected = [
        (sample[0].path.removeprefix("./"), int(target), sample[0].offset_data)
        for sample, target in zip(theirs.samples, theirs.targets, strict=True)
    ]
    assert [(p, numbers[c], start) for p, c, _, start in ours.pictures] == expected


def test_a_tar_of_tars_is_listed_as_timm_lists_it(many, tmp_path):
    packed = tmp_path / "train.tar"
    with tarfile.open(packed, "w") as tar:
        for label in sorted((many / "train").iterdir()):
            inner = tmp_path / f"{label.name}.tar"
            with tarfile.open(inner, "w") as part:
                for path in sorted(label.iterdir()):
                    part.add(path, arcname=path.name)
            tar.add(inner, arcname=inner.name)
    theirs, ours = ReaderImageInTar(str(packed)), listing(packed, Rules())
    numbers = {name: i for i, name in enumerate(ours.summary.counts)}
    assert numbers == theirs.class_name_to_idx
    expected = [
        (sample[0].path, int(target), sample[0].offset_data + sample[2].offset_data)
        for sample, target in zip(theirs.samples, theirs.targets, strict=True)
    ]
    assert [(Path(p).name, numbers[c], s) for p, c, _, s in ours.pictures] == expected


def test_a_class_map_numbers_classes_as_timm_does(many):
    (many / "map.txt").write_text("Z\nn10\nCat\n")
    theirs = ReaderImageFolder(str(many / "train"), class_map=str(many / "map.txt"))
    settings = data(many, class_map="map.txt")
    names = class_map(settings)
    ours = listing(
        many / "train", Rules(settings.class_folder, tuple(settings.ignore), tuple(names))
    )
    pairs = [(str(many / "train" / path), names[label]) for path, label, _, _ in ours.pictures]
    assert pairs == theirs.samples
