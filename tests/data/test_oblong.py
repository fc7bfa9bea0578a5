"""Images that are not square, in memory, on disk and as arrays."""

import numpy as np
import pytest
import torch
from PIL import Image
from timm.data import create_transform

from study.errors import DataError
from study.tasks.classification.data.crops import CropsAndFlips, crops
from study.tasks.classification.data.dataset import load
from study.tasks.classification.data.generators import generator
from study.tasks.classification.data.in_memory import cropped
from study.tasks.classification.data.random_erasing import Erasing
from study.tasks.classification.data.transforms import image_transform
from study.tasks.classification.schema import Data, Recipe

DIGITS = Data(name="digits", img_size=[16, 24], train_limit=32, val_limit=16)
ALL = {"mixup": 0.8, "cutmix": 1.0, "reprob": 0.5, "batch_size": 8}


@pytest.mark.parametrize("name", ["nearest", "bicubic", "random"])
def test_batches_have_the_size(name):
    recipe = Recipe(interpolation=name, crop_pct=0.8, vflip=0.5, **ALL)
    images = load(DIGITS, workers=0)
    for batches in (images.train_batches(recipe, seed=0, epoch=0), images.val_batches(recipe)):
        assert {x.shape[1:] for x, _ in batches} == {(3, 16, 24)}


def test_digits_keep_every_pixel():
    square = load(Data(name="digits", img_size=8, val_limit=16), workers=0).val.pixels
    oblong = load(DIGITS, workers=0).val.pixels
    assert torch.equal(oblong, square.repeat_interleave(2, 2).repeat_interleave(3, 3))


def test_crops_lie_inside_the_image():
    box = crops(2000, Recipe(), sides=(16, 40), draws=generator(1))
    assert (box.top + box.height).max() == 16
    assert (box.left + box.width).max() == 40
    assert min(box.top.min(), box.left.min()) == 0


@pytest.mark.parametrize(
    ("sides", "ratio", "box"),
    [
        ((16, 40), [1, 1], [0, 12, 16, 16]),
        ((40, 16), [1, 1], [12, 0, 16, 16]),
        ((16, 40), [0.5, 3], [0, 0, 16, 40]),
    ],
)
def test_where_no_crop_fits_the_central_one_is_torchvisions(sides, ratio, box):
    recipe = Recipe(scale=[1, 1], ratio=ratio)
    drawn = torch.stack(list(crops(4, recipe, sides=sides, draws=generator(0))), 1)
    assert box in drawn.long().tolist()


def test_a_gather_is_pillows_nearest_neighbour():
    pixels = torch.randint(256, (1, 1, 16, 40), dtype=torch.uint8)
    views = CropsAndFlips.of(Recipe(interpolation="nearest", vflip=0.5), (16, 40), (0,))
    picture = Image.fromarray(pixels[0, 0].numpy())
    for place in range(16):
        ours = cropped(pixels, torch.tensor([0]), views.at([place]))[0, 0].numpy()
        assert (ours == np.asarray(views.applied(picture, place))).all()


def test_patches_reach_every_part():
    x = torch.ones(400, 1, 16, 40)
    Erasing.of(Recipe(reprob=1, remode="const"), (16, 40), (0,))(x, range(400))
    assert (x == 0).any(0).all()


@pytest.mark.parametrize("crop_pct", [0.875, 1.0])
def test_evaluation_resizes_and_crops_as_timm(crop_pct):
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 70, 3), np.uint8))
    data = Data(name="folder", root="x", img_size=[48, 64])
    recipe = Recipe(crop_pct=crop_pct, interpolation="bicubic")
    theirs = create_transform(
        (3, 48, 64), crop_pct=crop_pct, interpolation="bicubic", use_prefetcher=True
    )(picture)
    ours = image_transform(data, recipe, training=False)(picture)
    assert ours.shape == (3, 48, 64)
    assert (ours.numpy() == np.asarray(theirs)).all()


def saved(root, *shape):
    pixels = np.random.default_rng(0).integers(0, 256, (8, *shape), np.uint8)
    labels = np.arange(8) % 2
    np.savez(root / "a.npz", x_train=pixels, y_train=labels, x_val=pixels, y_val=labels)
    return pixels, str(root / "a.npz")


@pytest.mark.parametrize("size", [[12, 20], [24, 40]])
def test_oblong_arrays_are_held_at_their_proportions(tmp_path, size):
    pixels, root = saved(tmp_path, 12, 20)
    held = load(Data(name="npz", root=root, img_size=size, in_chans=1), workers=0).val.pixels
    assert held.shape == (8, 1, *size)
    assert size != [12, 20] or (held[:, 0].numpy() == pixels).all()


def test_arrays_are_not_distorted_by_a_size_of_other_proportions(tmp_path):
    _, root = saved(tmp_path, 12, 20)
    with pytest.raises(DataError, match=r"12 high and 20 wide.*img_size 224.*\[12, 20\]"):
        load(Data(name="npz", root=root), workers=0)


def test_square_arrays_take_any_size(tmp_path):
    _, root = saved(tmp_path, 12, 12)
    held = load(Data(name="npz", root=root, img_size=[12, 20], in_chans=1), workers=0).val.pixels
    assert held.shape == (8, 1, 12, 20)
