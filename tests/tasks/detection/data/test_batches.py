"""Batches depend on seed, epoch and image alone, and masks follow their image."""

from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import pytest
import torch
from PIL import Image

from study.errors import DataError
from study.tasks.detection.data import load, train_batches, val_batches
from study.tasks.detection.data.order import batches
from study.tasks.detection.data.resizing import ImageLook, boxes_at, image_at, masks_at, target_size
from study.tasks.detection.schema.data import CocoData
from tests.tasks.detection import coco_files


@dataclass(frozen=True)
class Recipe:
    batch_size: int = 8
    sizes: tuple[int, ...] = (96, 112, 128)
    max_size: int = 160
    test_size: int = 128
    flip: float = 0.5
    aspect_groups: bool = True


@pytest.fixture(scope="module")
def digits():
    return load(CocoData(name="digits_coco", train_limit=60))


def taken(digits, count=4, first=0, recipe=None, **part):
    every = train_batches(digits.train, recipe or Recipe(), seed=5, first=first, masks=True, **part)
    return list(islice(every, count))


def same(first, second):
    pairs = list(zip(first, second, strict=True))
    return all(
        torch.equal(x, y) for a, b in pairs for x, y in zip(a.images, b.images, strict=True)
    ) and all(
        torch.equal(s[key], t[key])
        for a, b in pairs
        for s, t in zip(a.targets, b.targets, strict=True)
        for key in s
    )


def test_the_same_seed_gives_the_same_batches(digits):
    assert same(taken(digits), taken(digits))


def test_training_goes_on_at_any_iteration(digits):
    assert same(taken(digits, 12)[9:], taken(digits, 3, first=9))


def test_processes_share_each_batch(digits):
    whole, halves = taken(digits), [taken(digits, rank=r, world=2) for r in range(2)]
    for batch, left, right in zip(whole, *halves, strict=True):
        joined = [*left.images, *right.images]
        assert all(torch.equal(a, b) for a, b in zip(batch.images, joined, strict=True))


@pytest.mark.slow
def test_workers_change_nothing(digits):
    before = torch.get_rng_state()
    assert same(taken(digits), taken(digits, workers=2))
    assert torch.equal(before, torch.get_rng_state())


def test_a_batch_is_wide_or_tall(digits):
    for batch in taken(digits, 10):
        assert len({height >= width for height, width in batch.sizes}) == 1


def test_every_image_comes_once_in_an_epoch():
    sizes = np.array([[10, 20]] * 5 + [[20, 10]] * 7, np.int32)
    every = islice(batches(sizes, 2, seed=1, aspect_groups=True), 60)
    seen = [draw for batch in every for draw in batch if draw.epoch < 8]
    assert sorted(seen) == [(epoch, image) for epoch in range(8) for image in range(12)]


def test_sizes_and_flips_are_drawn_as_the_recipe_says(digits):
    sides = [sorted(image.shape[1:]) for b in taken(digits, 10) for image in b.images]
    # The shorter side is less where the longer one is bounded.
    assert {shorter for shorter, longer in sides if longer < 160} == set(Recipe.sizes)
    assert max(longer for _, longer in sides) == 160
    upright = taken(digits, recipe=replace(Recipe(), flip=0.0))
    assert not same(upright, taken(digits))


def test_evaluated_images_come_once_over_all_processes(digits):
    ids = [
        int(target["image_id"])
        for rank in range(3)
        for batch in val_batches(digits.val, Recipe(), rank=rank, world=3)
        for target in batch.targets
    ]
    assert sorted(ids) == sorted(digits.val.ids.tolist())


def test_the_longer_side_is_bounded():
    assert target_size((480, 640), 800, 1333) == (800, 1067)
    assert target_size((100, 500), 800, 1333) == (267, 1333)


@pytest.mark.parametrize("flip", [False, True])
def test_boxes_enclose_masks_after_resizing(digits, flip):
    for index in range(10):
        objects = digits.train.objects(index, masks=True)
        height, width = digits.train.size(index)
        look = ImageLook(2 * height, 2 * width, flip)
        boxes = boxes_at(objects.boxes, (height, width), look)
        for box, mask in zip(boxes, masks_at(objects.masks, look), strict=True):
            rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
            assert box.tolist() == [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]


def test_masks_are_resized_as_pillow_does(digits):
    masks = digits.train.objects(3, masks=True).masks
    for height, width in ((70, 50), (201, 333)):
        ours = masks_at(masks, ImageLook(height, width, False))
        for mask, resized in zip(masks, ours, strict=True):
            image = Image.fromarray(mask.astype(np.uint8))
            theirs = image.resize((width, height), Image.Resampling.NEAREST)
            # Pillow adds up fractions, so that it may round another way at the edge of a pixel.
            assert (resized == np.asarray(theirs).astype(bool)).mean() > 0.995


def test_a_flip_mirrors_image_and_masks_alike(digits):
    image, masks = digits.train.image(1), digits.train.objects(1, masks=True).masks
    look = ImageLook(*image.shape[:2], True)
    np.testing.assert_array_equal(image_at(image, look), image[:, ::-1])
    np.testing.assert_array_equal(masks_at(masks, look), masks[:, :, ::-1])


def test_crowds_are_not_trained_on(tmp_path):
    tree = coco_files.tree()
    tree["annotations"][0]["iscrowd"] = 1
    data = load(coco_files.write(tmp_path, tree))
    recipe = replace(Recipe(), batch_size=2, aspect_groups=False)
    (batch,) = islice(train_batches(data.train, recipe, seed=1), 1)
    assert sorted(len(target["labels"]) for target in batch.targets) == [1, 1]
    trained, *_ = val_batches(data.train, recipe)
    assert sorted(len(target["labels"]) for target in trained.targets) == [1, 2]


def test_an_image_of_another_size_than_annotated_is_refused(tmp_path):
    tree = coco_files.tree()
    tree["images"][0]["width"] = 41
    data = load(coco_files.write(tmp_path, tree))
    with pytest.raises(DataError, match="is 40 × 30 px, and its annotations say 41 × 30"):
        data.train.image(0)


def test_a_batch_smaller_than_the_processes_is_refused(digits):
    with pytest.raises(DataError, match="a batch of 8 cannot be shared by 9 processes"):
        train_batches(digits.train, Recipe(), seed=0, world=9)
