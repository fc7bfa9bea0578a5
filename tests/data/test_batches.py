"""Batches to train on and to evaluate."""

import random

import numpy as np
import pytest
import torch
from timm.data import create_transform
from torch.testing import assert_close

from study.tasks.classification.data import load
from study.tasks.classification.data.sampler import cut, order
from tests.data.digits import DIGITS, EPOCH, PILLOW, PLAIN, VARIED, drawn, seen

# evaluation


def test_evaluation_sees_each_image_once_and_in_order():
    _, targets = seen(DIGITS)
    assert torch.equal(targets, load(DIGITS).val.targets)


@pytest.mark.parametrize("interpolation", ["nearest", "bicubic"])
@pytest.mark.parametrize("crop_pct", [0.875, 1.0])
def test_evaluation_crops_as_timm_does(crop_pct, interpolation):
    how = {"crop_pct": crop_pct, "interpolation": interpolation}
    recipe = PLAIN.model_copy(update=how)
    transform = create_transform(32, **how)
    expected = torch.stack([transform(load(DIGITS).val.picture(i)[0]) for i in range(20)])
    assert_close(seen(DIGITS, recipe)[0][:20], expected, atol=1e-5, rtol=1e-5)


# training


def test_without_augmentation_each_image_is_as_it_is():
    images, targets = drawn(DIGITS, PLAIN)
    indices = order(1437, PLAIN, EPOCH)[: len(images)]
    assert torch.equal(targets, load(DIGITS).train.targets[indices])
    assert_close(images[:, 0], (load(DIGITS).train.pixels[indices, 0] / 255 - 0.485) / 0.229)


def test_the_last_incomplete_batch_is_dropped_unless_it_is_the_only_one():
    assert [len(batch) for batch in cut(range(10), 4, training=True)] == [4, 4]
    assert [len(batch) for batch in cut(range(3), 4, training=True)] == [3]
    assert [len(batch) for batch in cut(range(10), 4, training=False)] == [4, 4, 2]


def test_the_number_of_batches_is_known_beforehand():
    batches = load(DIGITS).train_batches(VARIED, seed=0, epoch=0)
    assert len(batches) == len(list(batches)) == 22


@pytest.mark.parametrize("recipe", [VARIED, PILLOW], ids=["held", "pillow"])
def test_an_epoch_depends_on_seed_and_number_alone(recipe):
    data = DIGITS.model_copy(update={"train_limit": 128})
    first = drawn(data, recipe, seed=1, epoch=2)
    torch.manual_seed(99)
    random.seed(99)
    np.random.seed(99)
    second = drawn(data, recipe, seed=1, epoch=2)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    for seed, epoch in ((1, 3), (2, 2)):
        assert not torch.equal(first[0], drawn(data, recipe, seed=seed, epoch=epoch)[0])


@pytest.mark.parametrize("recipe", [VARIED, PILLOW], ids=["held", "pillow"])
def test_reading_leaves_the_global_random_state_alone(recipe):
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()
    drawn(DIGITS.model_copy(update={"train_limit": 64}), recipe)
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == random.getstate()
    assert np.array_equal(before[2], np.random.get_state()[1])


def test_repeated_augmentation_shows_an_image_three_times_each_time_otherwise():
    recipe = PILLOW.model_copy(update={"aug_repeats": 3})
    assert len(set(order(600, recipe, EPOCH))) == 512 // 3 + 1
    data = DIGITS.model_copy(update={"train_limit": 64})
    images, targets = drawn(data, recipe)
    assert targets[0] == targets[1] == targets[2]
    assert not torch.equal(images[0], images[1])


def test_channels_last_is_only_a_layout():
    last = VARIED.model_copy(update={"channels_last": True})
    images = drawn(DIGITS, last)[0]
    batch = next(iter(load(DIGITS).train_batches(last, seed=0, epoch=0)))[0]
    assert batch.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(images, drawn(DIGITS, VARIED)[0])


def test_no_augmentation_at_all_is_just_the_order():
    recipe = VARIED.model_copy(update={"no_aug": True})
    assert torch.equal(drawn(DIGITS, recipe)[0], drawn(DIGITS, PLAIN)[0])
