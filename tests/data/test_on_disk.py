"""Images in folders and tar files."""

import pytest
import torch
from PIL import Image
from timm.data import create_transform
from torch.testing import assert_close

from study.errors import DataError
from study.tasks.classification.data import load
from tests.data.digits import PILLOW, PLAIN, drawn, of_folder, seen


def test_a_class_folder_is_read(folder):
    images = load(of_folder(folder), workers=0)
    assert (images.train_size, images.val_size, images.classes) == (40, 30, 10)


def test_files_are_evaluated_as_timm_would(folder):
    how = {"crop_pct": 0.9, "interpolation": "bicubic"}
    recipe = PLAIN.model_copy(update=how)
    transform = create_transform(24, **how)
    paths = sorted((folder / "val").rglob("*.png"))
    expected = torch.stack([transform(Image.open(path).convert("RGB")) for path in paths])
    images, targets = seen(of_folder(folder), recipe)
    assert_close(images, expected, atol=1e-5, rtol=1e-5)
    assert targets.tolist() == [int(path.parent.name) for path in paths]


@pytest.mark.parametrize("recipe", [PLAIN, PILLOW], ids=["plain", "pillow"])
def test_a_tar_holds_what_its_folder_holds(folder, tars, recipe):
    recipe = recipe.model_copy(update={"batch_size": 16})
    ours, theirs = drawn(of_folder(folder), recipe), drawn(of_folder(tars), recipe)
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_worker_processes_change_no_pixel(folder):
    recipe = PILLOW.model_copy(update={"batch_size": 16, "reprob": 0.5})
    alone = drawn(of_folder(folder), recipe, workers=0)
    helped = drawn(of_folder(folder), recipe, workers=2)
    assert all(torch.equal(a, b) for a, b in zip(alone, helped, strict=True))


def test_limits_keep_the_classes_mixed_and_are_nested(folder):
    ten, twenty = (load(of_folder(folder, train_limit=n), workers=0).train for n in (10, 20))
    assert set(ten.indices) < set(twenty.indices)
    assert len({ten.picture(i)[1] for i in range(10)}) > 4


def test_a_broken_picture_is_named_and_not_replaced_by_another(folder):
    (folder / "val" / "3" / "zzz.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"zzz\.png cannot be decoded"):
        seen(of_folder(folder))


def test_a_missing_split_says_what_was_looked_for_and_what_is_there(folder):
    (folder / "val").rename(folder / "holdout")
    with pytest.raises(DataError, match=r'no split "validation".*val\.tar.*holdout'):
        load(of_folder(folder))
    assert load(of_folder(folder, val_split="holdout")).val_size == 30


def test_a_missing_class_would_shift_the_others_and_is_refused(folder):
    for path in (folder / "val" / "3").iterdir():
        path.unlink()
    with pytest.raises(DataError, match=r"val: 3 has no picture of its own"):
        load(of_folder(folder))
    (folder / "val" / "3").rmdir()
    with pytest.raises(DataError, match=r"different classes \(3 only in .*train\)"):
        load(of_folder(folder))


def test_a_class_map_settles_the_classes(folder):
    (folder / "map.txt").write_text("4\n7\n")
    images = load(of_folder(folder, class_map="map.txt"), workers=0)
    assert images.classes == 2
    assert {images.val.picture(i)[1] for i in range(images.val_size)} == {0, 1}
