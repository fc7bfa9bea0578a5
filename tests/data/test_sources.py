"""Folders of images: every file that is not read is told, and what is read is what timm read."""

import json
import random
import string
import tarfile
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from timm.data.readers.reader_image_folder import ReaderImageFolder
from timm.data.readers.reader_image_in_tar import ReaderImageInTar

from study.data.class_map import class_map
from study.data.image_files import Rules, Summary, rules
from study.data.listing import listed, listing
from study.data.sources import folder
from study.errors import DataError
from study.plan import image_changes, image_summaries, images
from study.spec.schema import Data
from study.store.store import Store

PIXEL = Image.fromarray(np.zeros((4, 4, 3), np.uint8))


def drawn(root: Path, *names: str) -> Path:
    """Pictures and other files below a folder."""
    for name in names:
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.suffix in (".png", ".jpg", ".JPEG", ".webp", ".bmp", ".tif", ".gif"):
            PIXEL.save(place, {".JPEG": "JPEG"}.get(place.suffix))
        else:
            place.write_text("x")
    return root


HALVES = ("train", "val")
BOTH = tuple(f"{half}/{name}/1.png" for half in HALVES for name in ("cat", "dog"))


def data(root: Path, **more: object) -> Data:
    return Data(name="folder", root=str(root), img_size=8, **more)


def wrong(root: Path, **more: object) -> list[tuple[str, str]]:
    """What is wrong with a folder; what its training half would be read as must be refused, too."""
    asked = data(root, **more)
    image_summaries.forget()
    found = images.image_problems(asked, Store(root.parent / "store"))
    if found:
        with pytest.raises(DataError) as refused:
            folder(asked, ("train", "validation"), 0)
        assert found[0].message in str(refused.value)
    return [(fault.key, fault.message) for fault in found]


def counts(root: Path, **more: object) -> dict[str, int]:
    (train, _), _ = listed(data(root, **more), ("train", "validation"))
    return dict(train.summary.counts)


# ---- the same as timm's readers, where those read all ----


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
            with tarfile.open(inner, "w") as one:
                for path in sorted(label.iterdir()):
                    one.add(path, arcname=path.name)
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
    asked = data(many, class_map="map.txt")
    names = class_map(asked)
    ours = listing(many / "train", rules(asked, names))
    pairs = [(str(many / "train" / path), names[label]) for path, label, _, _ in ours.pictures]
    assert pairs == theirs.samples


# ---- which files are read ----


def test_every_kind_that_pillow_decodes_is_read(tmp_path):
    drawn(
        tmp_path, *BOTH, "train/cat/2.webp", "train/cat/3.bmp", "train/dog/4.tif", "train/cat/5.gif"
    )
    assert wrong(tmp_path) == []
    assert counts(tmp_path) == {"cat": 4, "dog": 2}
    source = folder(data(tmp_path), ("train", "validation"), 0)
    assert [source.splits[0].picture(i)[0].mode for i in range(6)] == ["RGB"] * 6


def test_a_class_that_loses_a_file_is_refused_with_its_kind(tmp_path):
    drawn(tmp_path, *BOTH, "train/cat/2.heic", "train/cat/3.heic", "train/dog/noending")
    ((key, said),) = wrong(tmp_path)
    assert key == "train_split"
    assert said.startswith(f"{tmp_path}/train: 1 without an extension, 2 .heic in cat, dog cannot")
    assert 'ignore: ["NAME", "*.heic"]' in said
    assert wrong(tmp_path, ignore=["*.heic", "noending"]) == []
    assert counts(tmp_path, ignore=["*.heic", "noending"]) == {"cat": 1, "dog": 1}


def test_what_can_be_read_cannot_be_ignored(tmp_path):
    drawn(tmp_path, *BOTH, "train/cat/2.png", "train/tmp/3.png")
    ((_, said), *_) = wrong(tmp_path, ignore=["2.*"])
    assert "ignore 2.* would leave out 1 pictures that can be read" in said
    assert any("ignore tmp would leave out" in said for _, said in wrong(tmp_path, ignore=["tmp"]))


def test_text_beside_pictures_is_no_loss_and_is_told(tmp_path):
    drawn(tmp_path, *BOTH, "train/cat/boxes.txt", "val/dog/1.xml", "README.md", "train/list.csv")
    assert wrong(tmp_path) == []
    assert images.odd(data(tmp_path), Store(tmp_path / "store")) == [
        f"{tmp_path}/train: 1 .txt beside the pictures are not read",
        f"{tmp_path}/val: 1 .xml beside the pictures are not read",
    ]


@pytest.mark.parametrize(
    "name",
    [
        "train/.git/x.png",
        "train/.ipynb_checkpoints/1.png",
        "train/cat/._1.png",
        "train/Thumbs.db",
        "train/cat/Thumbs.db",
        "train/__MACOSX/cat/._1.png",
        "train/cat/.DS_Store",
        "train/cat/desktop.ini",
    ],
)
def test_hidden_files_and_those_of_systems_are_no_part_of_a_folder(tmp_path, name):
    drawn(tmp_path, *BOTH, name)
    assert wrong(tmp_path) == []
    assert counts(tmp_path) == {"cat": 1, "dog": 1}


def test_links_that_lead_back_are_followed_no_further(tmp_path):
    drawn(tmp_path, *BOTH)
    (tmp_path / "train" / "cat" / "up").symlink_to(tmp_path / "train")
    (tmp_path / "train" / "dog" / "top").symlink_to(tmp_path)
    (tmp_path / "train" / "dog" / "other.png").symlink_to(tmp_path / "train" / "cat" / "1.png")
    assert wrong(tmp_path) == []
    assert counts(tmp_path) == {"cat": 1, "dog": 1}
    (said,) = images.odd(data(tmp_path), Store(tmp_path / "store"))
    assert said.endswith("3 links to what is read anyway are not followed")


def test_links_to_other_places_are_read_once_each(tmp_path):
    drawn(tmp_path / "pool", "cats/1.png", "cats/2.png", "dog.png")
    root = drawn(tmp_path / "root", *BOTH)
    (root / "train" / "dog" / "2.png").symlink_to(tmp_path / "pool" / "dog.png")
    (root / "train" / "dog" / "3.png").symlink_to(tmp_path / "pool" / "dog.png")
    (root / "train" / "cow").symlink_to(tmp_path / "pool" / "cats")
    drawn(root, "val/cow/1.png")
    assert wrong(root) == []
    assert counts(root) == {"cat": 1, "cow": 2, "dog": 2}


def test_a_link_that_leads_nowhere_is_told(tmp_path):
    drawn(tmp_path, *BOTH)
    (tmp_path / "train" / "cat" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    ((_, said),) = wrong(tmp_path)
    assert "cat/gone.png (a link that leads nowhere)" in said


# ---- which class they have ----

BIG = tuple(
    f"{half}/{n}/{s}/1.png" for half in HALVES for n in ("cat", "dog") for s in ("big", "small")
)


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
    ((key, said),) = wrong(tmp_path)
    assert key == "val_split"
    assert said.startswith(f"{tmp_path}/val: 2 pictures and no class folders: sort them")


def test_pictures_beside_class_folders_have_no_class(tmp_path):
    drawn(tmp_path, *BOTH, "train/3.png")
    ((_, said),) = wrong(tmp_path)
    assert "train: 1 pictures lie beside the class folders and have no class" in said


@pytest.mark.parametrize("made", [[], ["train/x.tar", "train/y.tar"]])
def test_a_folder_without_classes_says_what_is_there(tmp_path, made):
    drawn(tmp_path, *BOTH[2:], *made)
    (tmp_path / "train").mkdir(exist_ok=True)
    ((_, said),) = wrong(tmp_path)
    assert ("2 tar files and no class" if made else "neither class folders nor pictures") in said


def test_a_class_folder_without_a_picture_is_named(tmp_path):
    drawn(tmp_path, *BOTH, "train/cow/1.heic", "val/cow/1.png")
    ((_, said),) = wrong(tmp_path)
    assert "train: cow has no picture of its own, but 1 .heic, which cannot be read" in said


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
    ((_, said),) = wrong(tmp_path)
    assert "differ in case, spaces or Unicode form" in said


def test_classes_of_one_half_only_are_named(tmp_path):
    drawn(tmp_path, *BOTH, "train/cow/1.png", "val/owl/1.png")
    ((_, said),) = wrong(tmp_path)
    assert f"(cow only in {tmp_path}/train; owl only in {tmp_path}/val)" in said


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
    assert [said for _, said in wrong(tmp_path) if "lead to the same files" in said]


# ---- class maps ----


def test_a_typo_in_a_class_map_is_told_and_drops_no_class(tmp_path):
    drawn(tmp_path, *BOTH)
    (tmp_path / "map.txt").write_text("cat\ndgo\n")
    ((key, said), _) = wrong(tmp_path, class_map="map.txt")
    assert key == "class_map"
    assert "names dgo, which" in said
    assert 'leaves out its folders dog; did you mean "dog"?' in said


def test_what_a_class_map_leaves_out_is_told(tmp_path):
    drawn(tmp_path, *BOTH, "train/cow/1.png", "val/cow/1.png")
    (tmp_path / "map.txt").write_text("dog\ncow\n")
    assert wrong(tmp_path, class_map="map.txt") == []
    said = images.odd(data(tmp_path, class_map="map.txt"), Store(tmp_path / "store"))
    assert said[0].endswith("class_map leaves out 1 class folders with 1 pictures: cat")
    (tmp_path / "map.txt").write_text("cat\ndog\ncow\nowl\n")
    image_summaries.forget()
    said = images.odd(data(tmp_path, class_map="map.txt"), Store(tmp_path / "store"))
    assert said[0].endswith("no pictures of 1 classes of class_map: owl")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cat\ncat\ndog\n", "names cat twice"),
        ("cat\n\ndog\n", "empty line"),
        ("x\ny\n", "no class"),
    ],
)
def test_a_class_map_that_is_none_is_told(tmp_path, text, said):
    drawn(tmp_path, *BOTH)
    (tmp_path / "map.txt").write_text(text)
    assert said in wrong(tmp_path, class_map="map.txt")[0][1]


def test_a_class_map_that_is_not_there_is_told_with_what_is(tmp_path):
    drawn(tmp_path, *BOTH, "map.txt")
    assert 'did you mean "map.txt"?' in wrong(tmp_path, class_map="maps.txt")[0][1]


def test_the_number_of_classes_is_that_of_the_folders(tmp_path):
    drawn(tmp_path, *BOTH)
    assert wrong(tmp_path, num_classes=2) == []
    assert "has 2 classes, and num_classes is 3" in wrong(tmp_path, num_classes=3)[0][1]
    assert "has 2 classes, which num_classes: 1 excludes" in wrong(tmp_path, num_classes=1)[0][1]


# ---- places ----


def test_a_root_that_does_not_exist_says_what_is_beside_it(tmp_path):
    drawn(tmp_path, *BOTH)
    ((key, said),) = wrong(tmp_path / "imgs")
    assert key == "root"
    assert f"{tmp_path}/imgs does not exist: {tmp_path} has train, val" in said
    with pytest.raises(DataError, match="does not exist"):
        images.classes(data(tmp_path / "imgs"), Store(tmp_path / "store"))


def test_variables_within_a_root_are_read_everywhere(tmp_path, monkeypatch):
    drawn(tmp_path / "base", *BOTH)
    monkeypatch.setenv("PLACE", str(tmp_path))
    asked = data("$PLACE/base")
    store = Store(tmp_path / "store")
    assert images.image_problems(asked, store) == []
    assert images.classes(asked, store) == folder(asked, ("train", "validation"), 0).classes == 2
    monkeypatch.delenv("PLACE")
    image_summaries.forget()
    assert "environment variable is not set" in images.image_problems(asked, store)[0].message


def test_a_file_in_place_of_a_split_is_told(tmp_path):
    drawn(tmp_path, *BOTH[:2], "val")
    ((key, said),) = wrong(tmp_path)
    assert (key, "neither a folder nor a tar" in said) == ("val_split", True)


# ---- fingerprints ----


def fingerprint(root: Path, **more: object) -> dict[str, object]:
    image_summaries.forget()
    return image_summaries.fingerprints(data(root, **more), Store(root.parent / "store"))


def test_a_fingerprint_is_of_the_names_and_sizes_that_are_read(tmp_path):
    root = drawn(tmp_path / "a", *BOTH, "train/cat/2.png")
    first = fingerprint(root)
    assert first["train"].files == 3
    drawn(root, "train/cat/notes.txt", "train/.x.png")
    assert fingerprint(root) == first
    root.rename(tmp_path / "b")
    assert fingerprint(tmp_path / "b") == first
    Image.new("RGB", (9, 9), "red").save(tmp_path / "b/train/cat/2.png")
    second = fingerprint(tmp_path / "b")
    assert (second["train"] != first["train"], second["validation"]) == (True, first["validation"])
    assert image_changes.difference(first, second) == "train: other names or sizes of 3 pictures"
    (tmp_path / "b/train/cat/2.png").unlink()
    assert image_changes.difference(first, fingerprint(tmp_path / "b")) == (
        "train: 3 pictures then, 2 now"
    )


def test_a_large_folder_is_remembered_until_one_of_its_folders_changes(tmp_path, monkeypatch):
    root, store = drawn(tmp_path / "a", *BOTH), Store(tmp_path / "store")
    monkeypatch.setattr(image_summaries, "LARGE", 0)
    monkeypatch.setattr(image_summaries, "SETTLED", -10.0)
    first = fingerprint(root)
    assert len(list((store.root / "arms").glob("*.json"))) == 2
    with monkeypatch.context() as patched:
        patched.setattr(image_summaries, "scanned", None)
        assert fingerprint(root) == first
    drawn(root, "val/dog/2.png")
    assert fingerprint(root)["validation"].files == 3


def test_a_folder_that_has_just_changed_is_not_remembered(tmp_path, monkeypatch):
    monkeypatch.setattr(image_summaries, "LARGE", 0)
    fingerprint(drawn(tmp_path / "a", *BOTH))
    assert not (tmp_path / "store").exists()


def test_a_summary_is_itself_again_out_of_json(tmp_path):
    drawn(tmp_path, *BIG, "train/cat/1.heic", "train/x.png")
    (tmp_path / "train" / "dog" / "up").symlink_to(tmp_path)
    one = listing(tmp_path / "train", Rules()).summary
    assert Summary.model_validate(json.loads(json.dumps(one.model_dump()))) == one
