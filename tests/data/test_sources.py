"""Folders of images: which files are read, at which places, and their fingerprints."""

import json
from pathlib import Path

import pytest
from PIL import Image

from study.errors import DataError
from study.store.store import Store
from study.tasks.classification.data.image_files import Rules, Summary
from study.tasks.classification.data.listing import listing
from study.tasks.classification.data.sources import folder
from study.tasks.classification.plan import image_changes, image_summaries, images
from tests.data.trees import BIG, BOTH, counts, data, drawn, wrong

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
    ((key, message),) = wrong(tmp_path)
    assert key == "train_split"
    assert message.startswith(
        f"{tmp_path}/train: 1 without an extension, 2 .heic in cat, dog cannot"
    )
    assert 'ignore: ["NAME", "*.heic"]' in message
    assert wrong(tmp_path, ignore=["*.heic", "noending"]) == []
    assert counts(tmp_path, ignore=["*.heic", "noending"]) == {"cat": 1, "dog": 1}


def test_what_can_be_read_cannot_be_ignored(tmp_path):
    drawn(tmp_path, *BOTH, "train/cat/2.png", "train/tmp/3.png")
    ((_, message), *_) = wrong(tmp_path, ignore=["2.*"])
    assert "ignore 2.* would leave out 1 pictures that can be read" in message
    assert any(
        "ignore tmp would leave out" in message for _, message in wrong(tmp_path, ignore=["tmp"])
    )


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
    (message,) = images.odd(data(tmp_path), Store(tmp_path / "store"))
    assert message.endswith("3 links to what is read anyway are not followed")


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
    ((_, message),) = wrong(tmp_path)
    assert "cat/gone.png (a link that leads nowhere)" in message


# ---- places ----


def test_a_root_that_does_not_exist_says_what_is_beside_it(tmp_path):
    drawn(tmp_path, *BOTH)
    ((key, message),) = wrong(tmp_path / "imgs")
    assert key == "root"
    assert f"{tmp_path}/imgs does not exist: {tmp_path} has train, val" in message
    with pytest.raises(DataError, match="does not exist"):
        images.classes(data(tmp_path / "imgs"), Store(tmp_path / "store"))


def test_variables_within_a_root_are_read_everywhere(tmp_path, monkeypatch):
    drawn(tmp_path / "base", *BOTH)
    monkeypatch.setenv("PLACE", str(tmp_path))
    settings = data("$PLACE/base")
    store = Store(tmp_path / "store")
    assert images.image_problems(settings, store) == []
    assert (
        images.classes(settings, store) == folder(settings, ("train", "validation"), 0).classes == 2
    )
    monkeypatch.delenv("PLACE")
    image_summaries.forget()
    assert "environment variable is not set" in images.image_problems(settings, store)[0].message


def test_a_file_in_place_of_a_split_is_told(tmp_path):
    drawn(tmp_path, *BOTH[:2], "val")
    ((key, message),) = wrong(tmp_path)
    assert (key, "neither a folder nor a tar" in message) == ("val_split", True)


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
    summary = listing(tmp_path / "train", Rules()).summary
    assert Summary.model_validate(json.loads(json.dumps(summary.model_dump()))) == summary
