"""Crops, flips and erased patches."""

import pytest
import torch
from torch.testing import assert_close
from torchvision.transforms import RandomResizedCrop

from study.tasks.classification.data.crops import CropsAndFlips, crops
from study.tasks.classification.data.generators import generator, seeded
from study.tasks.classification.data.in_memory import cropped
from study.tasks.classification.data.random_erasing import Erasing
from study.tasks.classification.schema import Recipe
from tests.data.digits import PLAIN


def test_crops_have_the_areas_and_ratios_that_torchvision_draws():
    recipe = Recipe(scale=[0.2, 0.8])
    box = crops(4000, recipe, sides=(224, 224), draws=generator(0))
    draw = RandomResizedCrop.get_params
    with seeded(0):
        picture = torch.empty(1, 224, 224)
        theirs = torch.tensor([draw(picture, [0.2, 0.8], [3 / 4, 4 / 3]) for _ in range(4000)])
    ours = torch.stack([box.top, box.left, box.height, box.width], 1)
    levels = torch.tensor([0.05, 0.25, 0.5, 0.75, 0.95])
    assert_close(ours.quantile(levels, 0), theirs.float().quantile(levels, 0), atol=7, rtol=0)


def test_crops_lie_inside_the_image():
    box = crops(2000, Recipe(), sides=(16, 16), draws=generator(1))
    assert (box.top >= 0).all()
    assert (box.left >= 0).all()
    assert (box.top + box.height <= 16).all()
    assert (box.left + box.width <= 16).all()


def test_where_no_crop_fits_the_central_one_is_taken():
    box = crops(3, Recipe(scale=[1, 1], ratio=[2, 2]), sides=(16, 16), draws=generator(0))
    assert [side.unique().tolist() for side in box] == [[4], [0], [8], [16]]


def test_flips_mirror_rows_and_columns():
    pixels = torch.arange(16, dtype=torch.uint8).view(1, 1, 4, 4)
    recipe = PLAIN.model_copy(update={"hflip": 1.0, "vflip": 1.0})
    flipped = cropped(pixels, torch.tensor([0]), CropsAndFlips.of(recipe, (4, 4), (0,)).at([0]))
    assert torch.equal(flipped, pixels.flip(2, 3))


def test_a_half_size_crop_is_doubled_by_nearest_neighbour():
    pixels = torch.arange(16, dtype=torch.uint8).view(1, 1, 4, 4)
    recipe = PLAIN.model_copy(update={"scale": [0.25, 0.25]})
    crop = cropped(pixels, torch.tensor([0]), CropsAndFlips.of(recipe, (4, 4), (0,)).at([0]))
    assert torch.equal(crop, crop[..., ::2, ::2].repeat_interleave(2, 2).repeat_interleave(2, 3))


@pytest.mark.parametrize("remode", ["const", "rand", "pixel"])
def test_erasing_fills_a_part_of_some_images(remode):
    recipe = Recipe(reprob=0.5, remode=remode)
    x = torch.full((400, 3, 32, 32), 7.0)
    Erasing.of(recipe, (32, 32), (0,))(x, range(400))
    area = (x != 7).any(1).float().mean((1, 2))
    assert 0.4 < (area > 0).float().mean() < 0.6
    assert 0.01 < area[area > 0].min() < area.max() < 0.36
    assert area[area > 0].mean() == pytest.approx((0.02 + 1 / 3) / 2, abs=0.02)


def test_several_patches_share_the_area_of_one():
    x = torch.ones(400, 1, 32, 32)
    recipe = Recipe(reprob=1, remode="const", recount=3)
    Erasing.of(recipe, (32, 32), (0,))(x, range(400))
    assert (x == 0).float().mean((1, 2, 3)).max() < 0.4
