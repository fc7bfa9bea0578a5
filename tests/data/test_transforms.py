"""Augmentations that Pillow draws."""

import pytest
import torch

from study.errors import DataError
from study.tasks.classification.data import load
from study.tasks.classification.data.generators import seeded
from study.tasks.classification.data.transforms import AtLeastOneBit, image_transform
from study.tasks.classification.schema import Recipe
from tests.data.digits import DIGITS, PILLOW, drawn


@pytest.mark.parametrize("interpolation", ["random", "bilinear", "bicubic", "lanczos"])
def test_only_nearest_neighbours_keep_to_the_levels_of_the_digits(interpolation):
    data, recipe = DIGITS.model_copy(update={"train_limit": 64}), Recipe(color_jitter=0)
    counts = [
        len(drawn(data, recipe.model_copy(update={"interpolation": how}))[0][:, 0].unique())
        for how in ("nearest", interpolation)
    ]
    assert counts[0] <= 17 < counts[1]


def test_posterize_of_no_bits_keeps_one():
    assert AtLeastOneBit(lambda level, hparams: (0,))(9.0, {}) == (1,)
    assert AtLeastOneBit(lambda level, hparams: (3,))(2.0, {}) == (3,)


@pytest.mark.parametrize("aa", ["rand-m10-n15-p1-inc1", "v0", "originalr", "augmix-m10-w1-d3"])
def test_every_augmentation_survives_its_full_strength(aa):
    recipe = Recipe(aa=aa)
    transform = image_transform(DIGITS, recipe, training=True)
    with seeded(0):
        for _ in range(60):
            assert transform(load(DIGITS).train.picture(0)[0]).dtype == torch.uint8


def test_one_channel_goes_through_pillow_too():
    images, _ = drawn(DIGITS.model_copy(update={"in_chans": 1, "train_limit": 64}), PILLOW)
    assert images.shape == (64, 1, 32, 32)


def test_an_augmentation_that_timm_does_not_know_is_named():
    with pytest.raises(DataError, match="rnd-m9"):
        drawn(DIGITS, PILLOW.model_copy(update={"aa": "rnd-m9"}))
