"""Images that are held in memory: digits, and sets of torchvision."""

import pytest
import torch
from torch.testing import assert_close

from study.errors import DataError
from study.tasks.classification.data import load
from study.tasks.classification.data.dataset import _load
from study.tasks.classification.data.transforms import TRANSFORMS
from study.tasks.classification.schema import Data
from tests.data.digits import DIGITS, PLAIN, digit, drawn, seen

FIRST_TARGETS = [1, 4, 8, 6, 5, 9, 9, 1, 3, 2, 2, 2, 0, 7, 4, 8]
PIXELS = 5_137_274_752  # weighted by place


# digits


def test_digits_are_split_1437_to_360_with_every_class_in_its_share():
    images = load(DIGITS)
    shares = [torch.bincount(half.targets) / len(half) for half in (images.train, images.val)]
    assert (images.train_size, images.val_size, images.classes) == (1437, 360, 10)
    assert_close(*shares, atol=0.003, rtol=0)


def test_the_split_of_the_digits_is_this_one_for_ever():
    val = load(DIGITS).val
    assert val.targets[:16].tolist() == FIRST_TARGETS
    assert (val.pixels.sum((1, 2, 3)) * torch.arange(360)).sum() == PIXELS


def test_digits_are_enlarged_by_nearest_neighbour():
    small, large = (load(Data(name="digits", img_size=s)).val.pixels for s in (8, 24))
    assert torch.equal(small.repeat_interleave(3, 2).repeat_interleave(3, 3), large)


@pytest.mark.parametrize("keys", [{}, {"no_aug": True}, {"crop_pct": 0.9}])
def test_a_transform_of_a_plugin_is_never_skipped(monkeypatch, keys):
    """Ours is where it would change nothing, as at a crop of the whole image."""
    white = torch.full((3, 32, 32), 255, dtype=torch.uint8)
    monkeypatch.setitem(TRANSFORMS, "white", lambda *how: lambda image: white)
    recipe = PLAIN.model_copy(update={"transform": "white", **keys})
    for images, _ in (seen(DIGITS, recipe), drawn(DIGITS, recipe)):
        assert all(len(images[:, channel].unique()) == 1 for channel in range(3))


def test_other_sizes_are_resized_by_pillow():
    assert load(Data(name="digits", img_size=30)).val.pixels.shape == (360, 1, 30, 30)


def test_a_set_is_decoded_once_in_a_process():
    assert load(DIGITS) is load(Data(name="digits", img_size=32))


def test_pixels_are_normalised_with_imagenets_statistics():
    images, _ = seen(DIGITS)
    pixels = load(DIGITS).val.pixels / 255
    assert_close(images[:, 2], (pixels[:, 0] - 0.406) / 0.225)


def test_one_channel_is_normalised_with_the_mean_of_three():
    images, _ = seen(DIGITS.model_copy(update={"in_chans": 1}))
    assert images.shape == (360, 1, 32, 32)
    assert images.min().item() == pytest.approx(-(0.485 + 0.456 + 0.406) / (0.229 + 0.224 + 0.225))


def test_given_statistics_are_used():
    images, _ = seen(DIGITS.model_copy(update={"mean": [0.0], "std": [1.0]}))
    assert (images.min(), images.max()) == (0, 1)


def test_two_statistics_are_refused():
    with pytest.raises(ValueError, match=r"2 values; give 1, or 3 \(one per channel\)"):
        Data(name="digits", mean=[0.0, 0.1])


# torchvision


def test_fashion_mnist_is_held_with_torchvisions_test_set_for_validation(fashion):
    images = load(Data(name="torch/fashion_mnist", root=str(fashion), img_size=28))
    assert (images.train_size, images.val_size, images.classes) == (50, 20, 10)
    assert images.train.pixels.dtype == torch.uint8
    assert images.val.targets.tolist() == [digit(i)[1] for i in range(50, 70)]


def test_a_split_that_timm_would_take_for_the_test_set_is_refused(fashion):
    data = Data(name="torch/fashion_mnist", root=str(fashion), train_split="trian")
    with pytest.raises(DataError, match='mean "train'):
        load(data)


def test_a_set_too_large_to_hold_is_read_picture_by_picture(fashion, monkeypatch):
    data = Data(name="torch/fashion_mnist", root=str(fashion), img_size=28)
    held = seen(data)
    _load.cache_clear()
    monkeypatch.setattr("study.tasks.classification.schema.data.HELD", 0)
    read = seen(data)
    assert all(torch.equal(a, b) for a, b in zip(held, read, strict=True))
