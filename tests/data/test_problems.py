"""Folders whose classes are not what a study takes them for."""

import unicodedata

import pytest
from timm.data.readers.reader_image_folder import ReaderImageFolder

from tests.data.trees import BIG, BOTH, HALVES, counts, drawn, wrong


def test_folders_in_class_folders_are_refused_until_the_study_says_whose_name_is_the_class(
    tmp_path,
):
    drawn(tmp_path, *BIG)
    (first, _) = wrong(tmp_path)
    assert "pictures lie deeper than one folder, as in cat/big" in first[1]
    assert "class_folder: outer for cat, dog, or class_folder: inner for big, small" in first[1]
    assert wrong(tmp_path, class_folder="outer") == wrong(tmp_path, class_folder="inner") == []
    assert counts(tmp_path, class_folder="outer") == {"cat": 2, "dog": 2}
    assert counts(tmp_path, class_folder="inner") == {"big": 2, "small": 2}
    theirs = ReaderImageFolder(str(tmp_path / "train"))
    assert list(theirs.class_to_idx) == ["big", "small"]


def test_classes_one_level_deeper_are_pointed_at(tmp_path):
    drawn(tmp_path, *(f"{half}/images/{n}/1.png" for half in HALVES for n in ("cat", "dog")))
    (first, _) = wrong(tmp_path)
    assert "or set the split to train/images" in first[1]
    assert wrong(tmp_path, train_split="train/images", val_split="val/images") == []


def test_one_class_is_nothing_to_tell_apart(tmp_path):
    drawn(tmp_path, "train/cat/1.png", "val/cat/1.png")
    message = f"{tmp_path}/train has only one class, cat: there is nothing to classify; "
    assert wrong(tmp_path) == [("root", f"{message}correct root or the split")]


def test_a_flat_validation_folder_is_told_as_what_it_is(tmp_path):
    drawn(tmp_path, *BOTH[:2], "val/ILSVRC2012_val_00000001.JPEG", "val/2.JPEG")
    ((key, message),) = wrong(tmp_path)
    assert key == "val_split"
    assert message.startswith(f"{tmp_path}/val: 2 pictures and no class folders: sort them")


def test_pictures_beside_class_folders_have_no_class(tmp_path):
    drawn(tmp_path, *BOTH, "train/3.png")
    ((_, message),) = wrong(tmp_path)
    assert "train: 1 pictures lie beside the class folders and have no class" in message


@pytest.mark.parametrize("paths", [[], ["train/x.tar", "train/y.tar"]])
def test_a_folder_without_classes_says_what_is_there(tmp_path, paths):
    drawn(tmp_path, *BOTH[2:], *paths)
    (tmp_path / "train").mkdir(exist_ok=True)
    ((_, message),) = wrong(tmp_path)
    assert (
        "2 tar files and no class" if paths else "neither class folders nor pictures"
    ) in message


def test_a_class_folder_without_a_picture_is_named(tmp_path):
    drawn(tmp_path, *BOTH, "train/cow/1.heic", "val/cow/1.png")
    ((_, message),) = wrong(tmp_path)
    assert "train: cow has no picture of its own, but 1 .heic, which cannot be read" in message


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Cow", "cow"),
        (unicodedata.normalize("NFC", "Bébé"), unicodedata.normalize("NFD", "Bébé")),
        ("cow ", "cow"),
    ],
)
def test_names_that_only_look_alike_are_told_together(tmp_path, ours, theirs):
    drawn(tmp_path, *BOTH, f"train/{ours}/1.png", f"val/{theirs}/1.png")
    ((_, message),) = wrong(tmp_path)
    assert "differ in case, spaces or Unicode form" in message


def test_classes_of_one_half_only_are_named(tmp_path):
    drawn(tmp_path, *BOTH, "train/cow/1.png", "val/owl/1.png")
    ((_, message),) = wrong(tmp_path)
    assert f"(cow only in {tmp_path}/train; owl only in {tmp_path}/val)" in message


@pytest.mark.parametrize("linked", ["val", "val/cat", "val/cat/1.png", "train/cat/1.png"])
def test_what_is_trained_on_is_not_evaluated(tmp_path, linked):
    drawn(tmp_path, *BOTH[:2], "val/dog/1.png")
    other = {"val": "train", "val/cat": "train/cat"}.get(linked, "pool/1.png")
    if linked == "val":
        (tmp_path / "val" / "dog" / "1.png").unlink()
        (tmp_path / "val" / "dog").rmdir()
        (tmp_path / "val").rmdir()
    elif linked != "val/cat":
        drawn(tmp_path, "pool/1.png", "val/cat/2.png")
        (tmp_path / "val/cat/1.png").symlink_to(tmp_path / "pool/1.png")
        (tmp_path / "train/cat/7.png").symlink_to(tmp_path / "pool/1.png")
        linked = ""
    if linked:
        (tmp_path / linked).symlink_to(tmp_path / other)
    assert [message for _, message in wrong(tmp_path) if "lead to the same files" in message]
